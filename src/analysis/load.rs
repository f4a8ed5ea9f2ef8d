//! From roots to configurations with their directives, each file where it belongs.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::check::internal_error;
use crate::connect::{self, Config};
use crate::discover::{Dialect, Root, RootKind};
use crate::files::Files;
use crate::finding::Finding;
use crate::model::from::Lookup;
use crate::settings::Settings;
use crate::source::{FileId, SourceMap, Span};

/// How far an analysis is, for whoever watches.
#[derive(Debug, Default)]
pub struct Progress {
    /// Pieces of work done.
    pub done: AtomicUsize,
    /// Pieces of work known so far.
    pub total: AtomicUsize,
}

impl Progress {
    pub(super) fn add(&self, pieces: usize) {
        self.total.fetch_add(pieces, Ordering::Relaxed);
    }

    pub(super) fn step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

/// A configuration that was loaded, with its own texts.
pub struct Project<'r> {
    /// Where it started.
    pub root: &'r Root,
    /// Its texts.
    pub sources: SourceMap,
    /// Its directives.
    pub config: Config,
    /// What loading and checking found.
    pub findings: Vec<Finding>,
    /// The files that took part, by identity; none where it is the only project.
    files: BTreeMap<PathBuf, FileId>,
    /// Findings count only in these files; `None`: in all.
    pub(super) only: Option<BTreeSet<FileId>>,
}

/// Loads the roots and decides which of them stand for themselves: a snippet that another root includes does not, nor does a
/// `.htaccess` in a folder that a server's configuration names.
pub fn load<'r>(files: &dyn Files, roots: &'r [Root], settings: &Settings, progress: &Progress) -> Vec<Project<'r>> {
    // Whose a file is, is a question only where there are several.
    if let [root] = roots {
        progress.add(2);
        let project = load_root(files, root, settings);
        progress.step();
        return vec![project];
    }
    let (trees, servers): (Vec<&Root>, Vec<&Root>) = roots.iter().partition(|root| root.dialect == Dialect::Htaccess);
    let parts = roots.iter().filter(|root| root.kind == RootKind::Snippet).map(|root| files.identity(&root.main)).collect();
    // A main file that is only reported in itself is loaded once, as its own context.
    let contexts: BTreeSet<&Path> =
        roots.iter().filter(|root| root.kind == RootKind::Context).map(|root| root.main.as_path()).collect();
    let servers: Vec<&Root> =
        servers.into_iter().filter(|root| root.kind != RootKind::Snippet || !contexts.contains(root.main.as_path())).collect();
    let mut owned = BTreeSet::new();
    let mut projects = load_some(files, &servers, settings, progress, &parts, &mut owned);
    let alone: Vec<&Root> = trees.into_iter().filter(|root| !owned.contains(&files.identity(&root.main))).collect();
    projects.extend(load_some(files, &alone, settings, progress, &parts, &mut owned));
    projects.sort_by(|a, b| a.root.main.cmp(&b.root.main));
    projects
}

/// Loads roots, and keeps those whose files no other one has; `parts` are the main files of all snippets, `owned` the files that
/// are taken.
fn load_some<'r>(
    files: &dyn Files,
    roots: &[&'r Root],
    settings: &Settings,
    progress: &Progress,
    parts: &BTreeSet<PathBuf>,
    owned: &mut BTreeSet<PathBuf>,
) -> Vec<Project<'r>> {
    progress.add(roots.len() * 2);
    let mut projects: Vec<Project> = roots
        .par_iter()
        .map(|root| {
            let mut project = load_root(files, root, settings);
            let identities = project.sources.iter().map(|(id, file)| (files.identity(&root.base.join(&file.path)), id));
            project.files = identities.collect();
            progress.step();
            project
        })
        .collect();
    // Main files first; of the snippets those that bring the most files.
    projects.sort_by(|a, b| {
        (a.root.kind, std::cmp::Reverse(a.files.len()), &a.root.main).cmp(&(
            b.root.kind,
            std::cmp::Reverse(b.files.len()),
            &b.root.main,
        ))
    });
    projects.retain_mut(|project| {
        let main = files.identity(&project.root.main);
        match project.root.kind {
            RootKind::Context => {
                let wanted = project.files.iter().filter(|(path, _)| parts.contains(*path) && !owned.contains(*path));
                let wanted: BTreeSet<FileId> = wanted.map(|(_, id)| *id).collect();
                if wanted.is_empty() {
                    return false;
                }
                owned.extend(project.files.iter().filter(|(_, id)| wanted.contains(id)).map(|(path, _)| path.clone()));
                project.only = Some(wanted);
                return true;
            }
            RootKind::Snippet if owned.contains(&main) => return false,
            RootKind::Main | RootKind::Snippet => {}
        }
        owned.extend(project.files.keys().cloned());
        true
    });
    projects
}

fn load_root<'r>(files: &dyn Files, root: &'r Root, settings: &Settings) -> Project<'r> {
    let loading = catch_unwind(AssertUnwindSafe(|| {
        let mut sources = SourceMap::new();
        let (config, mut findings) = connect::load(files, &mut sources, root, settings);
        findings.extend(connect::check(&config, &sources, settings));
        (sources, config, findings)
    }));
    let (sources, config, findings) = loading.unwrap_or_else(|panic| {
        let mut sources = SourceMap::new();
        let config = connect::unread(&mut sources, root);
        let findings = vec![internal_error("reading", Span::new(config.main(), 0, 0), panic.as_ref())];
        (sources, config, findings)
    });
    Project { root, sources, config, findings, files: BTreeMap::new(), only: None }
}

impl Project<'_> {
    /// The files that the configuration names, as far as they are in reach.
    pub fn lookup<'a>(&'a self, files: &'a dyn Files, settings: &'a Settings) -> Lookup<'a> {
        Lookup::new(files, self.root.main.parent().unwrap_or(Path::new("")), settings)
    }
}
