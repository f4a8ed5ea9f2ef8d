//! Which files the argument of an `Include` or `IncludeOptional` stands for.

use std::path::{Path, PathBuf};

use super::shipped;
use crate::files::{Entry, FileKind, Files, or_dot};
use crate::project::glob;
use crate::project::places::{Layout, Places};
use crate::settings::Settings;

/// How httpd lays out its configuration on a server.
pub(super) const LAYOUT: Layout = Layout {
    mains: &["apache2.conf", "httpd.conf"],
    inner: Some("conf"),
    targets: &[
        "/etc/apache2",
        "/etc/httpd",
        "/usr/local/apache2",
        "/usr/local/apache",
        "/usr/local/etc/apache24",
        "/opt/homebrew/etc/httpd",
        "/usr/local/etc/httpd",
    ],
    parts: &[
        "conf.d",
        "conf.modules.d",
        "conf-available",
        "conf-enabled",
        "extra",
        "mods-available",
        "mods-enabled",
        "sites-available",
        "sites-enabled",
        "vhosts",
        "vhosts.d",
    ],
};

/// How many files and folders are looked at for one argument.
const MAX_MATCHES: usize = 100_000;

/// How many links to folders are followed for one argument.
const MAX_LINKS: usize = 100;

/// How deep folders that are included whole may nest: `AP_MAX_FNMATCH_DIR_DEPTH` of httpd.
const MAX_FOLDERS: usize = 128;

/// A file that an include brings, or why it brings none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A file to read.
    File(PathBuf),
    /// A file that comes with a package and is not in the tree.
    Shipped(&'static str),
    /// A link in a folder that leads to nothing within reach.
    Dangling(PathBuf),
    /// Nothing is there.
    Missing(PathBuf, Absence),
    /// There is more than is read.
    TooMuch(&'static str),
}

/// Why there is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absence {
    /// There is no such file or folder.
    NoFile,
    /// The folder in which a pattern would be looked for does not exist.
    NoFolder,
    /// Nothing in a folder matches a pattern.
    NoMatch,
    /// It was not looked for, because it lies outside the tree.
    Outside,
    /// It is not in the tree; a package or a tool makes it on the server.
    MadeOnTheServer,
}

/// Finds what the includes of one configuration bring.
pub(super) struct Resolver<'a> {
    /// Where paths of the server lie.
    pub(super) places: Places<'a>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(files: &'a dyn Files, main: &Path, base: &Path, settings: &'a Settings) -> Self {
        Self { places: Places::new(files, main, base, settings, &LAYOUT) }
    }

    /// The files that an argument stands for, in the order in which the server reads them: within each folder by the bytes of
    /// their names, a folder with all that is in it where its own name stands. `server_root` is what relative paths start from,
    /// if the files tell it.
    pub(super) fn resolve(&self, argument: &str, server_root: Option<&str>) -> Vec<Target> {
        let mut search = Search { files: self.places.files(), found: Vec::new(), looked_at: 0, links: 0 };
        let mut missing = None;
        for path in self.places.candidates(argument, server_root) {
            let (folder, rest) = split(&path);
            match rest.as_slice() {
                [] if search.files.kind(&path).is_some() => search.whole(&path, false, &mut Vec::new()),
                [] => {
                    missing = missing.or(Some((path, Absence::NoFile)));
                    continue;
                }
                rest if search.files.kind(&or_dot(&folder)) == Some(FileKind::Folder) => search.below(&folder, rest),
                _ => {
                    missing = missing.or(Some((folder, Absence::NoFolder)));
                    continue;
                }
            }
            return search.found;
        }
        let is_plain = |path: &&PathBuf| split(path).1.is_empty();
        let candidates = self.places.candidates(argument, server_root);
        let template = candidates.iter().filter(is_plain).find_map(|path| self.places.template_of(path));
        if let Some(template) = template {
            return vec![Target::File(template)];
        }
        let below = self.places.below_target(argument, server_root);
        let relative = below.unwrap_or(argument);
        if let Some(name) = shipped::find(relative) {
            return vec![Target::Shipped(name)];
        }
        let (path, why) = missing.unwrap_or_else(|| (PathBuf::from(argument), Absence::Outside));
        let made = shipped::is_made_on_the_server(relative.strip_prefix("conf/").unwrap_or(relative));
        vec![Target::Missing(path, if made { Absence::MadeOnTheServer } else { why })]
    }
}

/// The folder before the first component that is a pattern, and the components from there on; none for a path without patterns.
fn split(path: &Path) -> (PathBuf, Vec<String>) {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    let first = parts.iter().position(|part| is_pattern(part)).unwrap_or(parts.len());
    let (folder, rest) = parts.split_at(first);
    (folder.iter().collect(), rest.to_vec())
}

/// Whether httpd takes a component for a pattern (`apr_fnmatch_test`): a set must be closed, and a backslash hides what follows.
fn is_pattern(part: &str) -> bool {
    let mut chars = part.chars();
    let mut in_set = false;
    while let Some(c) = chars.next() {
        match c {
            '*' | '?' => return true,
            '\\' if chars.next().is_none() => return false,
            '[' => in_set = true,
            ']' if in_set => return true,
            _ => {}
        }
    }
    false
}

struct Search<'a> {
    files: &'a dyn Files,
    found: Vec<Target>,
    looked_at: usize,
    links: usize,
}

impl Search<'_> {
    /// What the components of a pattern match below a folder.
    fn below(&mut self, folder: &Path, rest: &[String]) {
        let Some((part, rest)) = rest.split_first() else { return self.whole(folder, false, &mut Vec::new()) };
        if !is_pattern(part) {
            let path = folder.join(part);
            return if rest.is_empty() { self.whole(&path, false, &mut Vec::new()) } else { self.below(&path, rest) };
        }
        let Ok(entries) = self.files.entries(&or_dot(folder)) else {
            return self.found.push(Target::Missing(folder.to_owned(), Absence::NoFolder));
        };
        let pattern: Vec<char> = part.chars().collect();
        // Within the path only folders count, and no links to them (measured).
        let is_step = |entry: &&Entry| rest.is_empty() || entry.kind == Some(FileKind::Folder) && !entry.link;
        let mut matched = false;
        for entry in entries.iter().filter(|entry| glob::matches(&pattern, &entry.name)).filter(is_step) {
            matched = true;
            if self.is_full() {
                return;
            }
            let path = folder.join(&entry.name);
            match entry.kind {
                _ if !rest.is_empty() => self.below(&path, rest),
                Some(_) => self.whole(&path, false, &mut Vec::new()),
                None => self.found.push(Target::Dangling(path)),
            }
        }
        if !matched {
            self.found.push(Target::Missing(folder.join(part), Absence::NoMatch));
        }
    }

    /// A file, or all that is in a folder: hidden files, backups and all. `linked`: whether a link leads to it. `around` are the
    /// folders that are being taken whole.
    fn whole(&mut self, path: &Path, linked: bool, around: &mut Vec<PathBuf>) {
        if self.is_full() {
            return;
        }
        match self.files.kind(path) {
            Some(FileKind::File) => self.found.push(Target::File(path.to_owned())),
            Some(FileKind::Folder) => {
                if around.len() >= MAX_FOLDERS || linked && self.leads_back(path, around) {
                    return self
                        .found
                        .push(Target::TooMuch("folders that nest too deep, hold themselves or are linked too often"));
                }
                around.push(path.to_owned());
                for entry in self.files.entries(&or_dot(path)).unwrap_or_default() {
                    let path = path.join(entry.name);
                    match entry.kind {
                        Some(_) => self.whole(&path, entry.link, around),
                        None => self.found.push(Target::Dangling(path)),
                    }
                }
                around.pop();
            }
            None => self.found.push(Target::Missing(path.to_owned(), Absence::NoFile)),
        }
    }

    /// Whether a link leads to a folder around it, or is one of too many.
    fn leads_back(&mut self, path: &Path, around: &[PathBuf]) -> bool {
        self.links += 1;
        let identity = self.files.identity(path);
        self.links > MAX_LINKS || around.iter().any(|outer| self.files.identity(outer) == identity)
    }

    /// Whether no more is looked at; says so once.
    fn is_full(&mut self) -> bool {
        const MANY: Target = Target::TooMuch("more than 100000 files and folders");
        self.looked_at += 1;
        let full = self.looked_at > MAX_MATCHES;
        if full && self.found.last() != Some(&MANY) {
            self.found.push(MANY);
        }
        full
    }
}
