//! The `.htaccess` files below the folders that a server serves.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use foldhash::fast::FixedState;

use super::config::{CERTAIN, Config, DOCUMENT_ROOT, DirectiveId, Htaccess, TOP};
use super::expand::Expansion;
use crate::files::{FileKind, Files, display, or_dot};
use crate::finding::Finding;
use crate::source::Span;
use crate::syntax::apache::Name;

/// The name of such files where no `AccessFileName` gives another.
const ACCESS_FILE_NAME: &str = ".htaccess";

/// How many folders are looked into.
const MAX_FOLDERS: usize = 100_000;

/// How deep they may nest.
const MAX_DEPTH: usize = 128;

/// Folders of products that do not stand for themselves: where the topmost `.htaccess` lies in one, the document root is the
/// folder around it.
const INNER_FOLDERS: &[&str] = &["administrator", "wp-admin", "wp-content", "wp-includes"];

/// A folder that is served.
struct Served {
    /// Where it lies in the tree.
    local: PathBuf,
    /// The names of files that are read in it and below, the one that counts first.
    names: Vec<String>,
}

impl Expansion<'_, '_, '_> {
    /// Adds the files below the folders that the server's configuration names. Folders in which `AllowOverride None` makes
    /// httpd pass over them are no exception: whether a file counts is for the model to say.
    pub(super) fn add_served_trees(&mut self, whole: bool) {
        let mut walk = Walk::new(self.resolver.places.files());
        for (server, served) in self.served(whole) {
            self.add_above(&server, &served, &mut walk);
            walk.below(server, &served);
        }
        self.place_found(walk);
    }

    /// Adds the tree whose topmost file is `main`.
    pub(super) fn add_lone_tree(&mut self, main: &Path) {
        let mut walk = Walk::new(self.resolver.places.files());
        let folder = main.parent().unwrap_or(Path::new(""));
        if main.file_name().is_some_and(|name| name == ACCESS_FILE_NAME) {
            let is_inner = folder.file_name().is_some_and(|name| INNER_FOLDERS.iter().any(|inner| name == *inner));
            let root = folder.parent().filter(|_| is_inner).unwrap_or(folder);
            let served = Served { local: root.to_owned(), names: vec![ACCESS_FILE_NAME.to_owned()] };
            walk.below(DOCUMENT_ROOT.to_owned(), &served);
        } else {
            // `wordpress.htaccess` and the like: a file to be copied somewhere under its real name.
            walk.found.insert(DOCUMENT_ROOT.to_owned(), main.to_owned());
        }
        self.place_found(walk);
    }

    /// The folders that the configuration names, by their paths on the server.
    fn served(&self, whole: bool) -> BTreeMap<String, Served> {
        let names = self.all_access_names();
        let mut served = BTreeMap::new();
        // Mostly a `<Directory>` names a document root again.
        let mut seen: HashSet<String, FixedState> = HashSet::default();
        let mut add = |expansion: &Self, path: &str, id: DirectiveId| {
            if !seen.insert(path.to_owned()) {
                return;
            }
            let candidates = expansion.resolver.places.candidates(path, expansion.config.server_root.as_deref());
            let is_folder = |local: &PathBuf| expansion.resolver.places.files().kind(&or_dot(local)) == Some(FileKind::Folder);
            if let Some(local) = candidates.into_iter().find(is_folder) {
                served
                    .entry(expansion.config.server_path(path))
                    .or_insert_with(|| Served { local, names: expansion.access_names(id, &names) });
            }
        };
        for id in 0..self.config.server_end {
            let directive = self.config.directive(self.sources, id);
            let (argument, end) = match directive.name() {
                Name::DocumentRoot => (directive.arg(0), None),
                Name::Alias | Name::ScriptAlias => (directive.arg(directive.arg_count().saturating_sub(1)), None),
                // What stands before the part that hangs on the request.
                Name::AliasMatch | Name::ScriptAliasMatch => (directive.arg(1), Some('$')),
                Name::VirtualDocumentRoot | Name::VirtualScriptAlias => (directive.arg(0), Some('%')),
                // A part of a configuration may say nothing but what holds in a folder.
                Name::Directory if !whole => (directive.arg(0), Some('*')),
                _ => continue,
            };
            let path = match end.and_then(|end| argument.find(end)) {
                Some(at) => argument.get(..at).and_then(|before| before.rsplit_once('/')).map_or("", |(folder, _)| folder),
                None => &argument,
            };
            let everything = directive.name() == Name::Directory && matches!(path, "/" | "~");
            if !path.is_empty() && !everything && !directive.is_unknown() {
                add(self, path, id);
            }
        }
        served
    }

    /// The `AccessFileName` directives, each with the virtual host it stands in.
    fn all_access_names(&self) -> Vec<(Option<DirectiveId>, DirectiveId)> {
        let server = (0..self.config.server_end).zip(&self.config.placed);
        server.filter(|(_, placed)| placed.name == Name::AccessFileName).map(|(id, _)| (self.host(id), id)).collect()
    }

    /// The virtual host that a directive stands in.
    fn host(&self, id: DirectiveId) -> Option<DirectiveId> {
        let directive = self.config.directive(self.sources, id);
        directive.ancestors().find(|d| d.name() == Name::VirtualHost).map(|d| d.id)
    }

    /// The names that `AccessFileName` gives where a directive stands: what the virtual host says beats what stands outside.
    fn access_names(&self, id: DirectiveId, all: &[(Option<DirectiveId>, DirectiveId)]) -> Vec<String> {
        let last_in = |host: Option<DirectiveId>| all.iter().rev().find(|(of, _)| *of == host);
        let given = last_in(self.host(id)).or_else(|| last_in(None));
        let names = given.map(|(_, id)| self.config.directive(self.sources, *id).args().map(Cow::into_owned).collect());
        names.unwrap_or_else(|| vec![ACCESS_FILE_NAME.to_owned()])
    }

    /// httpd looks into the folders above a document root as well: as far up as the tree goes.
    fn add_above(&self, folder: &str, root: &Served, walk: &mut Walk) {
        let (mut server, mut local) = (folder, root.local.as_path());
        while let (Some((above, name)), Some(local_above)) = (server.rsplit_once('/'), local.parent()) {
            let same = local.file_name().is_some_and(|local| local == name);
            let candidates = self.resolver.places.candidates(above, self.config.server_root.as_deref());
            if above.is_empty() || !same || !candidates.iter().any(|candidate| candidate == local_above) {
                break;
            }
            walk.look_for(&root.names, above, local_above);
            (server, local) = (above, local_above);
        }
    }

    fn place_found(&mut self, walk: Walk) {
        if let Some(folder) = walk.too_much {
            self.config.incomplete = true;
            let shown = display(&folder, &self.loader.base);
            let message = format!("more folders than are looked into for `.htaccess` files: those in `{shown}` are not read");
            self.report(Finding::new("limit-reached", Span::new(self.config.main, 0, 0), message));
        }
        self.in_htaccess = true;
        for (folder, path) in walk.found {
            match self.loader.tree(self.sources, &path) {
                Ok(tree) => {
                    let first = self.config.placed.len() as DirectiveId;
                    self.condition = CERTAIN;
                    // Macros of the server's own files can be used, and variables have their last values (measured). What a
                    // `.htaccess` defines is for itself.
                    let defines = tree.nodes.iter().any(|node| matches!(node.name, Name::Macro | Name::UndefMacro));
                    let macros = defines.then(|| self.macros.clone());
                    self.place_file(&tree, TOP, 0);
                    if let Some(macros) = macros {
                        self.macros = macros;
                    }
                    let end = self.config.placed.len() as DirectiveId;
                    self.config.htaccess.push(Htaccess { file: tree.file, folder, first, end });
                }
                Err(why) => {
                    self.config.incomplete = true;
                    let (rule, reason) = why.rule_and_reason();
                    let message = format!("`{}` {reason}", display(&path, &self.loader.base));
                    self.findings.push(Finding::new(rule, Span::new(self.config.main, 0, 0), message));
                }
            }
        }
    }
}

/// One walk over all folders.
struct Walk<'a> {
    files: &'a dyn Files,
    /// The files by the folder that they govern, as the server names it.
    found: BTreeMap<String, PathBuf>,
    folders: usize,
    /// Where it stopped.
    too_much: Option<PathBuf>,
}

/// A folder to look into.
struct Folder {
    local: PathBuf,
    server: String,
    depth: usize,
    /// Whether a link led to it or to a folder around it.
    linked: bool,
}

impl<'a> Walk<'a> {
    fn new(files: &'a dyn Files) -> Self {
        Self { files, found: BTreeMap::new(), folders: 0, too_much: None }
    }

    /// Takes the file of one folder.
    fn look_for(&mut self, names: &[String], server: &str, local: &Path) {
        let paths = names.iter().map(|name| local.join(name));
        if let Some(path) = paths.into_iter().find(|path| self.files.kind(path) == Some(FileKind::File)) {
            self.found.insert(server.to_owned(), path);
        }
    }

    /// Takes the files of a folder and all below it.
    fn below(&mut self, folder: String, root: &Served) {
        let mut open = vec![Folder { local: root.local.clone(), server: folder, depth: 0, linked: false }];
        while let Some(folder) = open.pop() {
            self.folders += 1;
            if self.folders > MAX_FOLDERS || folder.depth > MAX_DEPTH {
                self.too_much.get_or_insert(folder.local);
                if self.folders > MAX_FOLDERS {
                    return;
                }
                continue;
            }
            let Ok(entries) = self.files.entries(&or_dot(&folder.local)) else { continue };
            let file = |name: &String| {
                let at = entries.binary_search_by(|entry| entry.name.cmp(name)).ok()?;
                entries.get(at).filter(|entry| entry.kind == Some(FileKind::File))
            };
            if let Some(entry) = root.names.iter().find_map(file) {
                self.found.insert(folder.server.clone(), folder.local.join(&entry.name));
            }
            for entry in entries.iter().filter(|entry| entry.kind == Some(FileKind::Folder)) {
                // A link below a link may lead in circles.
                if matches!(entry.name.as_str(), ".git" | ".hg" | ".svn") || entry.link && folder.linked {
                    continue;
                }
                let server = format!("{}/{}", folder.server.trim_end_matches('/'), entry.name);
                let linked = folder.linked || entry.link;
                open.push(Folder { local: folder.local.join(&entry.name), server, depth: folder.depth + 1, linked });
            }
        }
    }
}

impl Config {
    /// A path of the configuration as the server sees it: relative to `ServerRoot`, without `.`, `..` and a slash at the end.
    /// Where the files do not tell `ServerRoot`, a relative path stays one.
    pub fn server_path(&self, path: &str) -> String {
        let whole = match &self.server_root {
            Some(root) if !path.starts_with('/') => format!("{}/{path}", root.trim_end_matches('/')),
            _ => path.to_owned(),
        };
        crate::files::normalize(Path::new(&whole)).to_string_lossy().into_owned()
    }
}
