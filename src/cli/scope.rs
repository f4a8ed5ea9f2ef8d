//! `--staged`, `--changed`, `--since` and `--lines`: what of the project is reported.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::ScopeArgs;
use super::{Failure, input, note};
use crate::analysis::{Analysis, Reported};
use crate::discover::Discovery;
use crate::files::{Files, normalize};
use crate::git::{Change, GitError, Repository};
use crate::report::escape;
use crate::scope;

/// What changed, if only that is reported.
pub(super) struct Scope {
    change: Change,
    files: Arc<dyn Files + Send>,
    base: PathBuf,
    staged: bool,
    by_line: bool,
}

impl From<GitError> for Failure {
    fn from(error: GitError) -> Self {
        let message = escape(&error.to_string()).into_owned();
        match error {
            GitError::NoCommit(_) => Self::with_hint(message, "in a shallow clone it has to be fetched first"),
            GitError::Missing => Self::with_hint(message, "--staged, --changed and --since ask it what changed"),
            _ => Self::usage(message),
        }
    }
}

/// Asks git what changed, if that is wanted, and gives the files to check: these, or what is staged of them.
pub(super) fn of(args: &ScopeArgs, files: Arc<dyn Files + Send>) -> Result<(Option<Scope>, Arc<dyn Files + Send>), Failure> {
    let wanted = args.staged || args.changed || args.since.is_some();
    if !wanted {
        if args.lines {
            return Err(Failure::with_hint("--lines says nothing alone", "put it beside --staged or --changed"));
        }
        return Ok((None, files));
    }
    let base = input::base()?;
    let repository = Repository::open(&base)?;
    let (change, files): (_, Arc<dyn Files + Send>) = if args.staged {
        let (change, index) = Change::staged(repository)?;
        (change, Arc::new(index))
    } else {
        (Change::since(repository, args.since.as_deref())?, files)
    };
    Ok((Some(Scope { change, files: files.clone(), base, staged: args.staged, by_line: args.lines }), files))
}

impl Scope {
    /// Whether nothing changed at all.
    pub(super) fn is_empty(&self) -> bool {
        self.change.is_empty()
    }

    /// Whether a file changed; its path is absolute.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.change.has(path)
    }

    /// Whether a finding lies in changed files.
    pub(super) fn counts(&self, analysis: &Analysis, reported: &Reported) -> bool {
        scope::counts(&analysis.sources, &reported.finding, &self.change, &*self.files, &self.base)
    }

    /// Leaves of what was found what lies in changed files, or in touched lines of them.
    pub(super) fn narrow(&self, analysis: &mut Analysis, found: &mut Discovery) -> Result<(), Failure> {
        scope::narrow(analysis, &self.change, self.by_line, &*self.files, &self.base)?;
        found.skipped.retain(|skipped| self.has(&normalize(&self.base.join(&skipped.path))));
        Ok(())
    }

    /// Says that no file that changed is a configuration.
    pub(super) fn nothing(&self) {
        let since = escape(&self.change.since);
        let which = if self.is_empty() { "nothing" } else { "no configuration of nginx or Apache" };
        note(&if self.staged { format!("note: {which} is staged") } else { format!("note: {which} changed since {since}") });
    }
}
