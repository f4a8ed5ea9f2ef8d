//! What the user says about files before they are looked at.

use std::path::Path;
use std::sync::Arc;

use super::Kind;

/// What is passed over and what files are, whatever their path and content say. Paths are absolute.
pub trait Wishes: Send + Sync {
    /// Whether a file or folder is passed over.
    fn excludes(&self, path: &Path) -> bool;
    /// What a file is; [`Kind::Foreign`]: nothing to check.
    fn kind(&self, path: &Path) -> Option<Kind>;
}

/// How files are looked for.
#[derive(Clone, Default)]
pub struct Search {
    /// What the files are that are named; it overrules recognition and `wishes`.
    pub kind: Option<Kind>,
    /// What the user says about files.
    pub wishes: Option<Arc<dyn Wishes>>,
    /// Whether files that are named are passed over too where `wishes` excludes them or they are no configuration: a program has
    /// named them.
    pub force_exclude: bool,
    /// Whether walks also look at what `.gitignore` and the like leave out.
    pub no_gitignore: bool,
}

impl Search {
    /// Whether a path is passed over.
    pub(super) fn excludes(&self, path: &Path) -> bool {
        self.wishes.as_ref().is_some_and(|wishes| wishes.excludes(path))
    }

    /// What the user says a file is.
    pub(super) fn said(&self, path: &Path) -> Option<Kind> {
        self.wishes.as_ref().and_then(|wishes| wishes.kind(path))
    }
}
