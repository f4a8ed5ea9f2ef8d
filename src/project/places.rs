//! Where the paths that a configuration names lie in the checked tree.

use std::path::{Path, PathBuf};

use crate::files::{FileKind, Files, normalize};
use crate::settings::Settings;

/// The endings of templates that give a file of the name before them.
const TEMPLATES: &[&str] = &["j2", "erb", "template", "tmpl", "tpl", "mustache"];

/// How a server lays out its configuration.
pub(super) struct Layout {
    /// The names of main files.
    pub(super) mains: &'static [&'static str],
    /// The folder in which the main file lies below the folder that relative paths start from, if it is not that folder itself.
    pub(super) inner: Option<&'static str>,
    /// Where the server keeps its configuration. A repository often holds a copy of such a folder.
    pub(super) targets: &'static [&'static str],
    /// Folders that hold parts of a configuration: the main file is looked for above them.
    pub(super) parts: &'static [&'static str],
}

/// Finds the paths of one configuration.
pub(super) struct Places<'a> {
    files: &'a dyn Files,
    settings: &'a Settings,
    layout: &'static Layout,
    base: PathBuf,
    /// Folders that relative paths may mean, the likeliest first.
    roots: Vec<PathBuf>,
    /// What stands for `/` where the tree is a copy of a server's file system.
    system_root: Option<PathBuf>,
}

impl<'a> Places<'a> {
    /// The paths of the configuration that starts at `main`; `base` is the root of the checked tree.
    pub(super) fn new(files: &'a dyn Files, main: &Path, base: &Path, settings: &'a Settings, layout: &'static Layout) -> Self {
        let folder = main.parent().unwrap_or(Path::new("")).to_owned();
        let inside = |path: &Path| !base.as_os_str().is_empty() || path.is_relative();
        let outer = |folder: &Path| {
            let is_inner = layout.inner.is_some_and(|inner| folder.file_name().is_some_and(|name| name == inner));
            is_inner.then(|| folder.parent().map(Path::to_owned)).flatten()
        };
        let mut roots: Vec<PathBuf> = outer(&folder).into_iter().collect();
        roots.push(folder.clone());
        if !main.file_name().is_some_and(|name| layout.mains.iter().any(|main| name == *main)) {
            // A part of a configuration that is checked by itself: its includes are relative to a main file further up.
            let above = folder.ancestors().skip(1).take(8).take_while(|f| f.starts_with(base) && inside(f));
            let is_file = |path: PathBuf| files.kind(&path) == Some(FileKind::File);
            let holds_main = |f: &Path| {
                let inner = layout.inner.map(|inner| f.join(inner));
                [Some(f.to_owned()), inner].into_iter().flatten().any(|f| layout.mains.iter().any(|main| is_file(f.join(main))))
            };
            let main_above = above.clone().find(|f| holds_main(f)).map(Path::to_owned);
            let of_part = || {
                let name = folder.file_name()?.to_str()?;
                layout.parts.contains(&name).then(|| folder.parent().map(Path::to_owned)).flatten()
            };
            if let Some(found) = main_above.or_else(of_part) {
                roots.extend(outer(&found));
                roots.push(found);
            }
        }
        let targets = || layout.targets.iter().map(|target| target.trim_start_matches('/'));
        let system_root = roots.iter().find_map(|root| targets().find_map(|target| strip_suffix(root, target)));
        let system_root = system_root.filter(|root| root.starts_with(base) && root.as_os_str() != "/");
        Self { files, settings, layout, base: base.to_owned(), roots, system_root }
    }

    /// The files that it finds paths in.
    pub(super) fn files(&self) -> &'a dyn Files {
        self.files
    }

    /// Where a path may lie, the likeliest first; only what may be read. `own` is the folder that relative paths start from, if
    /// the configuration itself names it.
    pub(super) fn candidates(&self, path: &str, own: Option<&str>) -> Vec<PathBuf> {
        let mut candidates = Vec::new();
        if path.starts_with('/') {
            self.add_absolute(path, own, &mut candidates);
        } else {
            if let Some(own) = own {
                self.add_absolute(&format!("{}/{path}", own.trim_end_matches('/')), Some(own), &mut candidates);
            }
            self.add_relative(path, &mut candidates);
            // Last where the user says that the server's own folder lies: a part that is checked alone may lie anywhere.
            let targets = if self.settings.include_map.is_empty() { &[] } else { self.layout.targets };
            for target in targets {
                self.add_mapped(&format!("{target}/{path}"), &mut candidates);
            }
        }
        candidates.iter().map(|path| normalize(path)).filter(|path| self.may_read(path)).collect()
    }

    fn add_relative(&self, path: &str, candidates: &mut Vec<PathBuf>) {
        candidates.extend(self.roots.iter().map(|root| root.join(path)));
        // The tree may hold no more than the inner folder.
        let inner = self.layout.inner.and_then(|inner| path.strip_prefix(inner)?.strip_prefix('/'));
        candidates.extend(inner.into_iter().flat_map(|rest| self.roots.iter().map(move |root| root.join(rest))));
    }

    fn add_absolute(&self, path: &str, own: Option<&str>, candidates: &mut Vec<PathBuf>) {
        self.add_mapped(path, candidates);
        if let Some(rest) = self.below_target(path, own) {
            self.add_relative(rest, candidates);
        }
        candidates.extend(self.system_root.iter().map(|root| root.join(path.trim_start_matches('/'))));
        candidates.push(PathBuf::from(path));
    }

    /// Where `include-map` says that an absolute path lies.
    fn add_mapped(&self, path: &str, candidates: &mut Vec<PathBuf>) {
        let mapped = self.settings.include_map.iter().filter_map(|(from, to)| {
            let rest = path.strip_prefix(from.as_str())?;
            let whole = from.ends_with('/') || rest.is_empty() || rest.starts_with('/');
            whole.then(|| (from.len(), self.base.join(to).join(rest.trim_start_matches('/'))))
        });
        let mut mapped: Vec<_> = mapped.collect();
        mapped.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
        candidates.extend(mapped.into_iter().map(|(_, path)| path));
    }

    /// The template that a file which is not there is rendered from: `ssl.conf.j2` of `ssl.conf`.
    pub(super) fn template_of(&self, path: &Path) -> Option<PathBuf> {
        let name = path.file_name()?.to_str()?;
        let beside = TEMPLATES.iter().map(|end| path.with_file_name(format!("{name}.{end}")));
        beside.into_iter().find(|path| self.files.kind(path) == Some(FileKind::File))
    }

    /// The part of an absolute path below a folder in which the server keeps its configuration.
    pub(super) fn below_target<'p>(&self, path: &'p str, own: Option<&str>) -> Option<&'p str> {
        let own = own.map(|own| own.trim_end_matches('/')).filter(|own| !own.is_empty());
        let mut targets = own.into_iter().chain(self.layout.targets.iter().copied());
        targets.find_map(|target| path.strip_prefix(target)?.strip_prefix('/'))
    }

    /// Files outside the tree are read only on the machine that the configuration is for.
    fn may_read(&self, path: &Path) -> bool {
        let below = |folder: &Path| {
            let same_kind = !folder.as_os_str().is_empty() || path.is_relative();
            same_kind && path.strip_prefix(folder).is_ok_and(|rest| !rest.starts_with(".."))
        };
        let named = || self.settings.trees.iter().any(|tree| path.starts_with(tree));
        self.settings.this_host || below(&self.base) || self.roots.iter().any(|root| below(root)) || named()
    }
}

/// The path without its last components, if these are `suffix`.
fn strip_suffix(path: &Path, suffix: &str) -> Option<PathBuf> {
    path.ends_with(suffix).then(|| path.ancestors().nth(Path::new(suffix).components().count()).map(Path::to_owned)).flatten()
}
