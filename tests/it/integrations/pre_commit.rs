//! The hook for pre-commit, by pre-commit itself, and the hook for git alone.
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{copy, stand_in, yaml};
use crate::folder::{Folder, Ran};
use crate::tool;

/// A program in a repository, as its user would run it, but for the user's settings.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> Ran {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).env("PATH", tool::path()).env("LC_ALL", "C.UTF-8");
    for (name, _) in std::env::vars_os() {
        if ["GIT_", "LINT401_", "PRE_COMMIT"].iter().any(|start| name.to_string_lossy().starts_with(start)) {
            command.env_remove(name);
        }
    }
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").env("NO_COLOR", "1");
    for (name, value) in [("NAME", "A"), ("EMAIL", "a@example.com")] {
        command.env(format!("GIT_AUTHOR_{name}"), value).env(format!("GIT_COMMITTER_{name}"), value);
    }
    command.output().unwrap().into()
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let ran = run(folder, "git", arguments);
    assert_eq!(ran.code, 0, "git {arguments:?}: {}", ran.stderr);
    ran.stdout.trim().to_owned()
}

/// A repository with these files, all of them staged.
fn staged(files: &[(&str, &str)]) -> Folder {
    let folder = Folder::with(files);
    git(folder.path(), &["init", "--quiet"]);
    git(folder.path(), &["add", "--all"]);
    folder
}

fn fixture(folder: &Folder, name: &str, to: &str) {
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sites").join(name), &folder.path().join(to));
    git(folder.path(), &["add", "--all"]);
}

#[test]
fn pre_commit_runs_the_hook() {
    if !tool::is_here("pre-commit") || !tool::is_here("git") {
        return;
    }
    let ours = staged(&[(".pre-commit-hooks.yaml", &tool::read(".pre-commit-hooks.yaml"))]);
    git(ours.path(), &["commit", "--quiet", "--message", "Hooks"]);
    let revision = git(ours.path(), &["rev-parse", "HEAD"]);
    // The shown settings, but for where the hooks are from.
    let shown = tool::read("integrations/pre-commit-config.yaml");
    let settings = shown
        .replace(env!("CARGO_PKG_REPOSITORY"), ours.path().to_str().unwrap())
        .replace("rev: v0.1.0", &format!("rev: {revision}"));
    assert_ne!(shown, settings);
    let home = tempfile::tempdir().unwrap();
    let pre_commit = |folder: &Folder| {
        let arguments = [format!("PRE_COMMIT_HOME={}", home.path().display())];
        run(folder.path(), "env", &[arguments[0].as_str(), "pre-commit", "run"])
    };

    let project =
        staged(&[(".pre-commit-config.yaml", &settings), ("notes/readme.md", "# Notes\n"), ("nginx/readme.md", "# nginx\n")]);
    let ran = pre_commit(&project);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("Passed"), "what lies beside configurations is none: {}", ran.stdout);
    git(project.path(), &["rm", "--quiet", "--cached", "nginx/readme.md"]);
    assert!(pre_commit(&project).stdout.contains("(no files to check)Skipped"));

    fixture(&project, "wordpress", "deploy/nginx");
    let ran = pre_commit(&project);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("error[dropped-authorization]") && ran.stdout.contains("- exit code: 1"), "{}", ran.stdout);

    fs::write(project.path().join("lint401.toml"), "exclude = [\"deploy/nginx\"]\n").unwrap();
    git(project.path(), &["add", "--all"]);
    let ran = pre_commit(&project);
    assert_eq!(ran.code, 0, "what is excluded is passed over though it is named: {}", ran.stdout);

    let project = staged(&[(".pre-commit-config.yaml", &settings)]);
    fixture(&project, "wordpress-fixed", "deploy/nginx");
    let ran = pre_commit(&project);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("Passed"), "{}", ran.stdout);
}

#[test]
fn the_hooks_are_as_they_are_described() {
    let hooks = yaml(".pre-commit-hooks.yaml");
    let hooks = hooks.as_array().unwrap();
    let ids: Vec<_> = hooks.iter().map(|hook| (hook["id"].as_str().unwrap(), hook["language"].as_str().unwrap())).collect();
    assert_eq!(ids, [("lint401-system", "system"), ("lint401-src", "rust")]);
    for hook in hooks {
        assert_eq!((&hook["require_serial"], &hook["types"]), (&Value::Bool(true), &serde_json::json!(["file"])));
        assert_eq!(hook["entry"], "lint401 check --force-exclude");
        let files = fancy_regex::Regex::new(hook["files"].as_str().unwrap()).unwrap();
        for (path, expected) in [
            ("nginx.conf", true),
            ("deploy/nginx-edge.conf", true),
            ("public/.htaccess", true),
            ("sites-enabled/shop", true),
            ("apache/conf.d/a.conf", true),
            ("www.vhost", true),
            ("cdn/distribution.yaml", true),
            ("src/main.rs", false),
            ("app.conf", false),
            ("my.htaccess.txt", false),
        ] {
            assert_eq!(files.is_match(path).unwrap(), expected, "{path}");
        }
    }
}

#[test]
fn the_hook_for_git_alone() {
    if !tool::is_here("git") {
        return;
    }
    let hook = "integrations/git-hooks/pre-commit";
    let project = staged(&[("notes.md", "# Notes\n")]);
    stand_in(&project.path().join(".git/hooks/pre-commit"), &tool::read(hook));
    let commit = || run(project.path(), "git", &["commit", "--quiet", "--message", "x"]);
    assert_eq!(commit().code, 0, "nothing to check is nothing wrong");

    fixture(&project, "wordpress-fixed", "deploy");
    assert_eq!(commit().code, 0);
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sites/wordpress"), &project.path().join("deploy"));
    git(project.path(), &["add", "deploy/snippets"]);
    let ran = commit();
    assert_ne!(ran.code, 0, "{}", ran.stdout);
    let shown = ran.stdout + &ran.stderr;
    assert!(
        shown.contains("error[cached-login]") && !shown.contains("[bypassed-auth]"),
        "what is staged, and nothing else: {shown}"
    );
}
