//! A git repository in a folder of its own.

use std::fs;
use std::ops::Deref;
use std::path::Path;
use std::process::Command;

use super::folder::{Folder, Ran};

/// A folder under git, with nothing of the settings of whoever runs the tests.
pub(super) struct Repository(Folder);

impl Deref for Repository {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.0
    }
}

/// Variables with which git is the same everywhere.
fn settle(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_") {
            command.env_remove(name);
        }
    }
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("HOME", "/nonexistent");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "a").env(format!("GIT_{who}_EMAIL"), "a@example.com");
    }
    command
}

impl Repository {
    /// A repository in which these files are committed.
    pub(super) fn with(files: &[(&str, &str)]) -> Self {
        let repository = Self(Folder::with(files));
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.commit("all");
        repository
    }

    /// A folder in a repository, as one of its own.
    pub(super) fn git_in(&self, folder: &str, arguments: &[&str]) -> Ran {
        let mut command = Command::new("git");
        settle(command.args(arguments).current_dir(self.path().join(folder))).output().expect("git is installed").into()
    }

    pub(super) fn git(&self, arguments: &[&str]) -> String {
        let ran = self.git_in("", arguments);
        assert_eq!(ran.code, 0, "git {arguments:?}: {}", ran.stderr);
        ran.stdout
    }

    pub(super) fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--no-verify", "-m", message]);
    }

    pub(super) fn write(&self, name: impl AsRef<Path>, text: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(super) fn stage(&self, name: &str, text: &str) {
        self.write(name, text);
        self.git(&["add", "--", name]);
    }

    pub(super) fn remove(&self, name: &str) {
        fs::remove_file(self.path().join(name)).unwrap();
    }

    /// A run of the program that finds git as the tests do.
    pub(super) fn lint401(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        settle(&mut command);
        command
    }

    /// `lint401 check`, one line a finding.
    pub(super) fn check(&self, arguments: &[&str]) -> Ran {
        self.lint401(&[&["check", "-f", "concise"], arguments].concat()).output().unwrap().into()
    }

    /// The places of the findings: `path:line`.
    pub(super) fn found(&self, arguments: &[&str]) -> Vec<String> {
        let ran = self.check(arguments);
        assert!(ran.code == i32::from(!ran.stdout.is_empty()) && ran.stderr.is_empty(), "{arguments:?}: {}", ran.stderr);
        places(&ran.stdout)
    }
}

/// `path:line` of each finding in one line.
pub(super) fn places(concise: &str) -> Vec<String> {
    concise.lines().map(|line| line.splitn(3, ':').take(2).collect::<Vec<_>>().join(":")).collect()
}
