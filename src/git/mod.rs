//! What git knows: which files and lines changed, and what its index holds. Asks the program `git`, which writes nothing here.

mod change;
mod index;
mod lines;
mod status;

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub use change::Change;
pub use index::Index;
pub use lines::Lines;

use crate::files::{Disk, Files as _};

/// Why git could not be asked, or what it said.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no such program.
    #[error("git is not installed, or not in PATH")]
    Missing,
    /// It could not be run, or its answer could not be read.
    #[error("git cannot be asked: {0}")]
    Io(#[from] io::Error),
    /// It refused; its own words.
    #[error("git: {0}")]
    Refused(String),
    /// It said something that is not understood.
    #[error("git: its answer to `{0}` is not understood")]
    Answer(&'static str),
    /// The revision that the user named.
    #[error("`{0}` names no commit of this repository")]
    NoCommit(String),
    /// Files with conflicts: the first, and how many there are.
    #[error("{} has merge conflicts{}: what is staged cannot be committed yet", .0.display(), if *.1 > 1 { " (and other files)" } else { "" })]
    Conflicts(PathBuf, usize),
}

/// A repository with files beside it.
#[derive(Clone, Debug)]
pub struct Repository {
    /// The topmost folder of its files.
    top: PathBuf,
    /// `GIT_DIR` is set and says no more than the place does.
    plain: bool,
}

impl Repository {
    /// The repository that a folder lies in.
    pub fn open(folder: &Path) -> Result<Self, GitError> {
        let plain = is_plain(folder);
        let top = run(command(folder, plain).args(["rev-parse", "--show-toplevel"]))?;
        Ok(Self { top: path(line(&top)), plain })
    }

    /// What git answers.
    fn ask<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Result<Vec<u8>, GitError> {
        run(self.command().args(arguments))
    }

    /// What git answers in one line, and `None` where it refuses.
    fn maybe(&self, arguments: &[&str]) -> Result<Option<String>, GitError> {
        match self.ask(arguments) {
            Ok(answer) => Ok(Some(String::from_utf8_lossy(line(&answer)).into_owned()).filter(|answer| !answer.is_empty())),
            Err(GitError::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn command(&self) -> Command {
        command(&self.top, self.plain)
    }
}

/// A call of git that takes no lock, starts no other program of the repository's choice, asks nobody and loads nothing.
fn command(folder: &Path, plain: bool) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["--no-optional-locks", "--literal-pathspecs", "-c", "core.fsmonitor=false"]);
    command.stdin(Stdio::null());
    command.envs([("LC_ALL", "C"), ("GIT_TERMINAL_PROMPT", "0"), ("GIT_NO_LAZY_FETCH", "1"), ("GIT_LFS_SKIP_SMUDGE", "1")]);
    if plain {
        command.env_remove("GIT_DIR");
    }
    command
}

fn run(command: &mut Command) -> Result<Vec<u8>, GitError> {
    let output = command.output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => GitError::Missing,
        _ => GitError::Io(error),
    })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("it failed and did not say why");
    Err(GitError::Refused(first.strip_prefix("fatal: ").unwrap_or(first).to_owned()))
}

/// Whether `GIT_DIR` names the repository that would be found without it. `git commit` sets it for hooks of a linked worktree, and
/// git then takes the working directory for the top, wherever the hook has gone.
fn is_plain(folder: &Path) -> bool {
    let Some(named) = std::env::var_os("GIT_DIR") else { return false };
    if std::env::var_os("GIT_WORK_TREE").is_some() {
        return false;
    }
    let found = run(command(folder, true).args(["rev-parse", "--absolute-git-dir"]));
    found.is_ok_and(|found| Disk.identity(&path(line(&found))) == Disk.identity(&folder.join(named)))
}

/// An answer of one line.
fn line(answer: &[u8]) -> &[u8] {
    answer.strip_suffix(b"\r\n").or_else(|| answer.strip_suffix(b"\n")).unwrap_or(answer)
}

/// A path as git writes it.
fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(text(bytes))
}

#[cfg(unix)]
fn text(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStrExt as _;
    OsStr::from_bytes(bytes).to_owned()
}

#[cfg(not(unix))]
fn text(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}
