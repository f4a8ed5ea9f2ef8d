//! lint401 works out what nginx, Apache and CDN configurations do to a visitor's credentials.
//!
//! Data flows one way: `files`/`discover` → `syntax` → `project` → `model::from` → `rules` → `report`. See `ARCHITECTURE.md`.
//!
//! [`analyze`] is the one door for the command line, editors and tests.

pub mod analysis;
pub mod baseline;
pub mod catalogue;
pub mod cli;
pub mod config;
pub mod connect;
pub mod discover;
pub mod dump;
pub mod files;
pub mod finding;
pub mod fingerprint;
pub mod fix;
pub mod git;
pub mod mask;
pub mod model;
pub mod project;
pub mod recorder;
pub mod report;
pub mod rules;
pub mod scope;
pub mod selection;
pub mod settings;
pub mod source;
pub mod suppress;
pub mod syntax;
pub mod trace;

pub use analysis::{Analysis, Covered, INTERNAL_ERROR, Progress, Reported};
pub use discover::Root;

/// Checks the configurations that start at `roots`.
pub fn analyze(files: &dyn files::Files, roots: &[Root], settings: &settings::Settings) -> Analysis {
    analysis::analyze(files, roots, settings, &Progress::default())
}

/// The same, telling how far it is.
pub fn analyze_watched(files: &dyn files::Files, roots: &[Root], settings: &settings::Settings, progress: &Progress) -> Analysis {
    analysis::analyze(files, roots, settings, progress)
}
