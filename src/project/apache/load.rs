//! Reads the main file and what it includes, and the `.htaccess` files below the folders it serves.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::config::{Config, TOP};
use super::expand::Expansion;
use super::include::LAYOUT;
use crate::files::{Files, display, normalize};
use crate::finding::Finding;
use crate::project::reading::{self, Unreadable};
use crate::settings::Settings;
use crate::source::{SourceMap, Span};
use crate::syntax::apache::{Name, Tree, parse};

/// How deep includes and macros may nest: `AP_MAX_INCLUDE_DEPTH` of httpd.
pub(super) const MAX_DEPTH: usize = 128;

/// How many directives one configuration may have, each place of inclusion counted.
const MAX_PLACED: usize = 2_000_000;

/// How many of them may come from files that were included before, or from macros. Thousands of virtual hosts that share their
/// snippets stay far below.
pub(super) const MAX_REPEATED: usize = 1_000_000;

/// A configuration and what was wrong while it was read.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Syntax errors, includes that cannot be read, limits; in reading order.
    pub findings: Vec<Finding>,
}

/// Loads one configuration of a server, or a part of one. `base` is the root of the checked tree: paths are shown relative to it,
/// and files outside it are read only where the settings say that this machine is the one the configuration runs on.
pub fn load(files: &dyn Files, sources: &mut SourceMap, main: &Path, base: &Path, settings: &Settings) -> Loaded {
    Loader::new(files, base, settings).load(sources, main)
}

/// Loads a tree of `.htaccess` files that no configuration of a server names: `main` is its topmost file.
pub fn load_htaccess(files: &dyn Files, sources: &mut SourceMap, main: &Path, base: &Path, settings: &Settings) -> Loaded {
    Loader::new(files, base, settings).load_htaccess(sources, main)
}

/// Loads one configuration. A file that is included at several places is read and parsed once, and its syntax errors are
/// reported once.
pub struct Loader<'a> {
    pub(super) files: &'a dyn Files,
    pub(super) base: PathBuf,
    pub(super) settings: &'a Settings,
    cache: HashMap<PathBuf, Result<Arc<Tree>, Unreadable>, FixedState>,
    pub(super) reported: HashSet<(Span, &'static str), FixedState>,
    pub(super) max_placed: usize,
}

impl<'a> Loader<'a> {
    /// A loader that has read nothing yet.
    pub fn new(files: &'a dyn Files, base: &Path, settings: &'a Settings) -> Self {
        Self {
            files,
            base: normalize(base),
            settings,
            cache: HashMap::default(),
            reported: HashSet::default(),
            max_placed: MAX_PLACED,
        }
    }

    /// Loads the configuration that starts at a file.
    pub fn load(&mut self, sources: &mut SourceMap, main: &Path) -> Loaded {
        let main = normalize(main);
        let (tree, unreadable) = self.main_tree(sources, &main);
        let environment = self.files.read(&main.with_file_name("envvars")).ok();
        let mut expansion = Expansion::new(self, sources, &main, &tree);
        if let Some(script) = environment {
            expansion.defines.read_environment(&String::from_utf8_lossy(&script));
        }
        expansion.place_file(&tree, TOP, 0);
        let named = main.file_name().is_some_and(|name| LAYOUT.mains.iter().any(|main| name == *main));
        let whole = expansion.is_main || named && expansion.has_any(&[Name::Listen, Name::LoadModule]);
        expansion.config.server_end = expansion.config.placed.len() as u32;
        expansion.add_served_trees(whole);
        let (config, findings) = expansion.finish(!whole);
        finished(config, findings, &tree, unreadable)
    }

    /// Loads the tree of `.htaccess` files whose topmost is `main`.
    pub fn load_htaccess(&mut self, sources: &mut SourceMap, main: &Path) -> Loaded {
        let main = normalize(main);
        let (tree, unreadable) = self.main_tree(sources, &main);
        let mut expansion = Expansion::new(self, sources, &main, &tree);
        if unreadable.is_none() {
            expansion.add_lone_tree(&main);
        }
        let (config, findings) = expansion.finish(true);
        finished(config, findings, &tree, unreadable)
    }

    fn main_tree(&mut self, sources: &mut SourceMap, main: &Path) -> (Arc<Tree>, Option<Unreadable>) {
        match self.tree(sources, main) {
            Ok(tree) => (tree, None),
            Err(why) => {
                let file = sources.add(display(main, &self.base), Vec::new());
                (Arc::new(Tree::new(file)), Some(why))
            }
        }
    }

    /// The tree of a file, read and parsed at the first call.
    pub(super) fn tree(&mut self, sources: &mut SourceMap, path: &Path) -> Result<Arc<Tree>, Unreadable> {
        if let Some(known) = self.cache.get(path) {
            return known.clone();
        }
        let read = reading::read(self.files, path);
        let parsed = read.map(|bytes| {
            let file = sources.add(display(path, &self.base), bytes);
            Arc::new(parse(file, sources.file(file).text()))
        });
        self.cache.insert(path.to_owned(), parsed.clone());
        parsed
    }

    /// The tree of a file that comes with a package.
    pub(super) fn shipped_tree(&mut self, sources: &mut SourceMap, name: &str, text: &str) -> Arc<Tree> {
        let path = PathBuf::from(format!("<apache>/{}", name.trim_start_matches('/')));
        if let Some(Ok(known)) = self.cache.get(&path) {
            return Arc::clone(known);
        }
        let file = sources.add(path.to_string_lossy(), text.as_bytes().to_vec());
        let tree = Arc::new(parse(file, text));
        self.cache.insert(path, Ok(Arc::clone(&tree)));
        tree
    }
}

fn finished(mut config: Config, mut findings: Vec<Finding>, main: &Tree, unreadable: Option<Unreadable>) -> Loaded {
    if let Some(why) = unreadable {
        let (rule, reason) = why.rule_and_reason();
        config.incomplete = true;
        findings.push(Finding::new(rule, Span::new(main.file, 0, 0), format!("this file {reason}")));
    }
    Loaded { config, findings }
}

#[cfg(test)]
mod tests;
