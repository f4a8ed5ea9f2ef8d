//! What changed: in the index, or since a commit.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::status::{Entry, Mode, status};
use super::{GitError, Index, Lines, Repository, path};

/// How many paths one call of git is given.
const PATHS_A_CALL: usize = 500;

/// Files that changed. Paths are absolute.
#[derive(Debug)]
pub struct Change {
    repository: Repository,
    /// The changed files, and folders of which all counts as changed: submodules, and what git does not know yet.
    paths: BTreeSet<PathBuf>,
    /// Those of them that git has no older text of.
    whole: BTreeSet<PathBuf>,
    /// The names of files that are gone.
    gone: BTreeSet<OsString>,
    /// What `git diff` compares; `None`: there is nothing to compare with.
    compared: Option<Vec<String>>,
    /// What it was compared with, in words.
    pub since: String,
}

impl Change {
    /// What is staged, and the files as they would be committed.
    pub fn staged(repository: Repository) -> Result<(Self, Index), GitError> {
        let entries = status(&repository)?;
        let mut conflicts = entries.iter().filter_map(|entry| match entry {
            Entry::Conflict(path) => Some(path),
            _ => None,
        });
        if let Some(first) = conflicts.next() {
            return Err(GitError::Conflicts(first.clone(), 1 + conflicts.count()));
        }
        let mut change = Self::new(repository, Some(vec!["--cached".to_owned()]), "HEAD".to_owned());
        for entry in &entries {
            if let Entry::Known { staged, mode, path, .. } = entry
                && *staged != b'.'
            {
                change.add(path, *mode == Mode::Nothing);
            }
        }
        let index = Index::new(&change.repository, entries);
        Ok((change, index))
    }

    /// What changed in the work tree since a commit: where the branch left `revision`; with none, where it left its upstream, or
    /// the last commit.
    pub fn since(repository: Repository, revision: Option<&str>) -> Result<Self, GitError> {
        let head = repository.maybe(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])?;
        let (other, name) = match revision {
            Some(revision) => (Some(commit(&repository, revision)?), revision),
            None => (repository.maybe(&["rev-parse", "--verify", "--quiet", "@{upstream}^{commit}"])?, "the upstream branch"),
        };
        let (base, since) = match (other, head) {
            (Some(other), Some(head)) => match repository.maybe(&["merge-base", &head, &other])? {
                Some(base) => (Some(base), name.to_owned()),
                // In a shallow clone there may be none.
                None => (Some(other), name.to_owned()),
            },
            (Some(other), None) => (Some(other), name.to_owned()),
            (None, head) => (head, "the last commit".to_owned()),
        };
        let mut change = Self::new(repository, base.clone().map(|base| vec![base]), since);
        if let Some(base) = &base {
            change.add_committed(base)?;
        }
        for entry in status(&change.repository)? {
            match entry {
                Entry::Known { later, mode, path, .. } => {
                    // What is only announced (`git add --intent-to-add`) has no older text.
                    if mode == Mode::Nothing && later == b'A' {
                        change.whole.insert(change.repository.top.join(&path));
                    }
                    change.add(&path, later == b'D' || mode == Mode::Nothing && later == b'.');
                }
                Entry::Conflict(path) => change.add(&path, false),
                Entry::Untracked(path) => {
                    change.whole.insert(change.repository.top.join(&path));
                    change.add(&path, false);
                }
            }
        }
        Ok(change)
    }

    fn new(repository: Repository, compared: Option<Vec<String>>, since: String) -> Self {
        Self { repository, paths: BTreeSet::new(), whole: BTreeSet::new(), gone: BTreeSet::new(), compared, since }
    }

    /// What differs between a commit and the index.
    fn add_committed(&mut self, base: &str) -> Result<(), GitError> {
        let arguments = ["diff-index", "--cached", "--name-status", "-z", "--no-renames", "--ignore-submodules=dirty", base];
        let answer = self.repository.ask(arguments)?;
        let mut fields = answer.split(|byte| *byte == 0).filter(|field| !field.is_empty());
        while let Some(status) = fields.next() {
            let name = fields.next().ok_or(GitError::Answer("git diff-index"))?;
            self.add(&path(name), status == b"D");
        }
        Ok(())
    }

    fn add(&mut self, path: &Path, gone: bool) {
        if gone {
            self.gone.extend(path.file_name().map(OsStr::to_owned));
        }
        self.paths.insert(self.repository.top.join(path));
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// Whether a file is a changed one.
    pub fn has(&self, file: &Path) -> bool {
        file.ancestors().any(|path| self.paths.contains(path))
    }

    /// The path of a changed file; `file` may be the name that is shown, in which bytes that are no text are replaced.
    pub fn path(&self, file: &Path) -> Option<PathBuf> {
        if self.has(file) {
            return Some(file.to_owned());
        }
        let shown = file.to_str().filter(|shown| shown.contains(char::REPLACEMENT_CHARACTER))?;
        self.paths.iter().find(|path| path.to_string_lossy() == shown).cloned()
    }

    /// Whether a directive names a file that is gone.
    pub fn names_gone(&self, directive: &str) -> bool {
        let mut words = directive.split(|c: char| c.is_whitespace() || "/\\\"';<>".contains(c)).map(OsStr::new);
        !self.gone.is_empty() && words.any(|word| self.gone.contains(word))
    }

    /// The touched lines of some of the changed files.
    pub fn lines(&self, files: &BTreeSet<PathBuf>) -> Result<Lines, GitError> {
        let mut lines = Lines::default();
        let is_whole = |file: &PathBuf| file.ancestors().any(|path| self.whole.contains(path));
        let (whole, parts): (Vec<_>, Vec<_>) = files.iter().partition(|file| self.compared.is_none() || is_whole(file));
        for paths in parts.chunks(PATHS_A_CALL) {
            lines.extend(Lines::of_patch(&self.patch(paths)?, &self.repository.top));
        }
        // Git says nothing about the lines of files in submodules.
        let submodules = parts.iter().filter(|file| !self.paths.contains(**file));
        whole.into_iter().chain(submodules.copied()).for_each(|file| lines.add_whole(file.clone()));
        Ok(lines)
    }

    /// The changes of files without lines around them, whatever the settings of the user make of patches.
    fn patch(&self, files: &[&PathBuf]) -> Result<Vec<u8>, GitError> {
        const DIFF: [&str; 15] = [
            "-c",
            "core.quotePath=true",
            "-c",
            "diff.autoRefreshIndex=false",
            "diff",
            "--unified=0",
            "--inter-hunk-context=0",
            "--text",
            "--no-color",
            "--no-ext-diff",
            "--no-textconv",
            "--no-renames",
            "--src-prefix=a/",
            "--dst-prefix=b/",
            "--no-relative",
        ];
        let compared = self.compared.iter().flatten().map(OsStr::new);
        let fixed = DIFF.iter().map(OsStr::new).chain(compared).chain([OsStr::new("--")]);
        self.repository.ask(fixed.chain(files.iter().map(|file| file.as_os_str())))
    }
}

/// The commit that a revision names.
fn commit(repository: &Repository, revision: &str) -> Result<String, GitError> {
    let unknown = || GitError::NoCommit(revision.to_owned());
    // No name of a commit starts like an option.
    if revision.is_empty() || revision.starts_with('-') {
        return Err(unknown());
    }
    repository.maybe(&["rev-parse", "--verify", "--quiet", &format!("{revision}^{{commit}}")])?.ok_or_else(unknown)
}
