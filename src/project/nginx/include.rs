//! Which files the argument of an `include` stands for.

use std::path::{Path, PathBuf};

use super::glob::{self, Matches};
use super::shipped;
use crate::files::{FileKind, Files, normalize};
use crate::settings::Settings;

/// Where nginx keeps its configuration on a server. A repository often holds a copy of such a folder.
const TARGET_FOLDERS: &[&str] = &[
    "/etc/nginx",
    "/usr/local/nginx/conf",
    "/usr/local/openresty/nginx/conf",
    "/usr/local/etc/nginx",
    "/opt/homebrew/etc/nginx",
    "/etc/openresty",
    "/opt/nginx/conf",
];

/// Folders that hold parts of a configuration: the main file is looked for above them.
const PART_FOLDERS: &[&str] = &[
    "conf.d",
    "sites-available",
    "sites-enabled",
    "snippets",
    "modules-enabled",
    "modules-available",
    "includes",
    "vhosts",
    "vhosts.d",
];

/// A file that an `include` brings, or why it brings none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A file to read.
    File(PathBuf),
    /// A file that comes with nginx and is not in the tree.
    Shipped(&'static str),
    /// Nothing is there.
    Missing {
        /// The path that was looked for.
        looked_for: PathBuf,
        /// Whether it was not looked for at all, because it lies outside the tree.
        outside: bool,
    },
}

/// Resolves the includes of one configuration.
pub(super) struct Resolver<'a> {
    files: &'a dyn Files,
    settings: &'a Settings,
    base: PathBuf,
    /// Folders that relative paths may mean, the likeliest first.
    roots: Vec<PathBuf>,
    /// What stands for `/` where the tree is a copy of a server's file system.
    system_root: Option<PathBuf>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(files: &'a dyn Files, main: &Path, base: &Path, settings: &'a Settings) -> Self {
        let folder = main.parent().unwrap_or(Path::new("")).to_owned();
        let mut roots = vec![folder.clone()];
        let inside = |path: &Path| !base.as_os_str().is_empty() || path.is_relative();
        if main.file_name().is_none_or(|name| name != "nginx.conf") {
            // A part of a configuration that is checked by itself: its includes are relative to a main file further up.
            let above = folder.ancestors().skip(1).take(8).take_while(|f| f.starts_with(base) && inside(f));
            let main_above = above.clone().find(|f| files.kind(&f.join("nginx.conf")) == Some(FileKind::File));
            let of_part = || {
                let name = folder.file_name()?.to_str()?;
                PART_FOLDERS.contains(&name).then(|| folder.parent().map(Path::to_owned)).flatten()
            };
            roots.extend(main_above.map(Path::to_owned).or_else(of_part));
        }
        let system_root = roots
            .iter()
            .find_map(|root| TARGET_FOLDERS.iter().find_map(|target| strip_suffix(root, target.trim_start_matches('/'))));
        let system_root = system_root.filter(|root| root.starts_with(base) && root.as_os_str() != "/");
        Self { files, settings, base: base.to_owned(), roots, system_root }
    }

    /// The files that an argument stands for, in the order in which the server reads them. Empty for a pattern that matches
    /// nothing.
    pub(super) fn resolve(&self, argument: &str) -> Vec<Target> {
        let candidates = self.candidates(argument);
        let mut missing = None;
        for path in &candidates {
            let path = normalize(path);
            if !self.may_read(&path) {
                continue;
            }
            if glob::is_pattern(argument) {
                match glob::expand(self.files, &path) {
                    Matches::Files(found) => return found.into_iter().map(Target::File).collect(),
                    Matches::NoFolder(folder) => missing = missing.or(Some(folder)),
                }
            } else if self.files.kind(&path).is_some() {
                return vec![Target::File(path)];
            } else {
                missing = missing.or(Some(path));
            }
        }
        let relative = relative_to_target(argument).unwrap_or(argument);
        if shipped::is_known_folder(argument, relative) {
            return Vec::new();
        }
        if let Some(name) = shipped::find(relative) {
            return vec![Target::Shipped(name)];
        }
        let outside = missing.is_none();
        vec![Target::Missing { looked_for: missing.unwrap_or_else(|| PathBuf::from(argument)), outside }]
    }

    /// Where the argument may lie, the likeliest first.
    fn candidates(&self, argument: &str) -> Vec<PathBuf> {
        if !argument.starts_with('/') {
            return self.roots.iter().map(|root| root.join(argument)).collect();
        }
        let mapped = self.settings.include_map.iter().filter_map(|(from, to)| {
            let rest = argument.strip_prefix(from.as_str())?;
            let whole = from.ends_with('/') || rest.is_empty() || rest.starts_with('/');
            whole.then(|| (from.len(), self.base.join(to).join(rest.trim_start_matches('/'))))
        });
        let mut mapped: Vec<_> = mapped.collect();
        mapped.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
        let mut candidates: Vec<PathBuf> = mapped.into_iter().map(|(_, path)| path).collect();
        let below_root = relative_to_target(argument).map(|rest| self.roots.iter().map(move |root| root.join(rest)));
        candidates.extend(below_root.into_iter().flatten());
        candidates.extend(self.system_root.iter().map(|root| root.join(argument.trim_start_matches('/'))));
        candidates.push(PathBuf::from(argument));
        candidates
    }

    /// Files outside the tree are read only on the machine that the configuration is for.
    fn may_read(&self, path: &Path) -> bool {
        let below = |folder: &Path| {
            let same_kind = !folder.as_os_str().is_empty() || path.is_relative();
            same_kind && path.strip_prefix(folder).is_ok_and(|rest| !rest.starts_with(".."))
        };
        self.settings.this_host || below(&self.base) || self.roots.iter().any(|root| below(root))
    }
}

/// The part of an absolute path below a folder in which nginx keeps its configuration.
fn relative_to_target(argument: &str) -> Option<&str> {
    TARGET_FOLDERS.iter().find_map(|target| argument.strip_prefix(target)?.strip_prefix('/'))
}

/// The path without its last components, if these are `suffix`.
fn strip_suffix(path: &Path, suffix: &str) -> Option<PathBuf> {
    path.ends_with(suffix).then(|| path.ancestors().nth(Path::new(suffix).components().count()).map(Path::to_owned)).flatten()
}
