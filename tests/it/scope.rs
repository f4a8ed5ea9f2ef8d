//! `--staged`, `--changed`, `--since` and `--lines`: the whole project is analysed, and what changed is reported.

use std::fs;

use super::folder::{Folder, Ran};
use super::repository::{Repository, places};

const MAIN: &str = "events {}\nhttp {\n  proxy_set_header Host $host;\n  include conf.d/*.conf;\n}\n";
const NOTHING: [&str; 0] = [];

/// A server whose line 4 is good, or loses what the main file sets.
fn server(name: &str, good: bool) -> String {
    let line = if good { "# nothing" } else { "proxy_set_header X-A 1;" };
    format!("server {{\n  server_name {name};\n  location / {{\n    {line}\n    proxy_pass http://127.0.0.1:9000;\n  }}\n}}\n")
}

/// Two servers with old faults, and one without.
fn deployment() -> Repository {
    Repository::with(&[
        ("nginx.conf", MAIN),
        ("conf.d/a.conf", &server("a.example.com", false)),
        ("conf.d/b.conf", &server("b.example.com", false)),
        ("conf.d/good.conf", &server("good.example.com", true)),
        ("README.md", "text\n"),
    ])
}

#[test]
fn only_what_is_staged_is_reported() {
    let repository = deployment();
    assert_eq!(repository.found(&[]), ["conf.d/a.conf:4", "conf.d/b.conf:4"]);
    repository.stage("conf.d/b.conf", &(server("b.example.com", false) + "# more\n"));
    assert_eq!(repository.found(&["--staged"]), ["conf.d/b.conf:4"]);
    // The line itself did not change.
    assert_eq!(repository.found(&["--staged", "--lines"]), NOTHING);
    repository.stage("conf.d/good.conf", &server("good.example.com", false));
    assert_eq!(repository.found(&["--staged", "--lines"]), ["conf.d/good.conf:4"]);
    repository.commit("all");
    assert_eq!(repository.found(&["--since", "HEAD~1"]), ["conf.d/b.conf:4", "conf.d/good.conf:4"]);
    assert_eq!(repository.found(&["--changed", "--since", "HEAD~1", "--lines"]), ["conf.d/good.conf:4"]);
}

#[test]
fn the_text_that_counts_is_that_of_the_index() {
    let repository = deployment();
    // Staged with a fault, mended afterwards.
    repository.stage("conf.d/good.conf", &server("good.example.com", false));
    repository.write("conf.d/good.conf", server("good.example.com", true));
    assert_eq!(repository.found(&["--staged"]), ["conf.d/good.conf:4"]);
    assert_eq!(repository.found(&["--staged", "--lines"]), ["conf.d/good.conf:4"]);
    assert_eq!(repository.found(&["--changed", "--lines"]), NOTHING);
    // Staged as good, broken afterwards; what others lie around does not matter either.
    repository.stage("conf.d/good.conf", &(server("good.example.com", true) + "# staged\n"));
    repository.write("conf.d/good.conf", server("good.example.com", false));
    repository.write("nginx.conf", "broken");
    repository.write("conf.d/untracked.conf", "server { listen 80 }\n");
    let ran = repository.check(&["--staged"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    assert!(repository.check(&["--changed"]).stdout.contains("conf.d/untracked.conf:1"));
    // In the index, and no more on the disk; in a folder that is not there either.
    repository.stage("nginx.conf", &MAIN.replace("conf.d/*", "*/*"));
    repository.stage("more/c.conf", &server("c.example.com", false));
    fs::remove_dir_all(repository.path().join("more")).unwrap();
    assert_eq!(repository.found(&["--staged", "--lines"]), ["more/c.conf:4"]);
    // Only announced: nothing of it would be committed.
    repository.write("conf.d/new.conf", server("new.example.com", false));
    repository.git(&["add", "--intent-to-add", "conf.d/new.conf"]);
    assert_eq!(repository.found(&["--staged", "--lines"]), ["more/c.conf:4"]);
    repository.write("nginx.conf", MAIN);
    assert!(repository.found(&["--changed", "--lines"]).contains(&"conf.d/new.conf:4".to_owned()));
}

#[test]
fn a_part_of_a_file_is_staged() {
    let repository = deployment();
    let text = |first, second| server("one.example.com", first) + &server("two.example.com", second);
    repository.stage("conf.d/two.conf", &text(true, true));
    repository.commit("two servers");
    // What `git add -p` does with the second of two changes.
    repository.stage("conf.d/two.conf", &text(true, false));
    repository.write("conf.d/two.conf", text(false, false));
    assert_eq!(repository.found(&["--staged", "--lines"]), ["conf.d/two.conf:11"]);
    assert_eq!(repository.found(&["--changed", "--lines"]), ["conf.d/two.conf:4", "conf.d/two.conf:11"]);
}

#[test]
fn a_change_that_does_harm_elsewhere_is_reported() {
    let repository = Repository::with(&[
        ("nginx.conf", "events {}\nhttp {\n  include common.inc;\n  include gone.inc;\n  include conf.d/*.conf;\n}\n"),
        ("common.inc", "# nothing yet\n"),
        ("gone.inc", "# nothing\n"),
        ("conf.d/a.conf", &server("a.example.com", false).replace("X-A 1", "Host $host")),
    ]);
    assert_eq!(repository.found(&[]), NOTHING);
    repository.stage("common.inc", "proxy_set_header X-Real-IP $remote_addr;\n");
    assert_eq!(repository.found(&["--staged"]), ["conf.d/a.conf:4"]);
    assert_eq!(repository.found(&["--staged", "--lines"]), ["conf.d/a.conf:4"]);
    repository.commit("all");
    // A file that is gone has no lines; what names it has.
    repository.git(&["rm", "--quiet", "gone.inc"]);
    assert_eq!(repository.found(&["--staged", "--lines"]), ["nginx.conf:4"]);
    assert_eq!(repository.found(&["--changed"]), ["nginx.conf:4"]);
    repository.git(&["reset", "--quiet", "--hard"]);
    repository.git(&["mv", "gone.inc", "moved.inc"]);
    assert_eq!(repository.found(&["--staged"]), ["nginx.conf:4"]);
    // No more in the index, but on the disk.
    repository.git(&["reset", "--quiet", "--hard"]);
    repository.git(&["rm", "--quiet", "--cached", "gone.inc"]);
    assert_eq!(repository.found(&["--staged"]), ["nginx.conf:4"]);
}

#[test]
fn what_needs_no_check_is_no_failure() {
    let repository = deployment();
    let ran = |arguments: &[&str], note: &str| {
        let ran = repository.check(arguments);
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", note), "{arguments:?}");
    };
    ran(&["--staged"], "note: nothing is staged\n");
    ran(&["--staged", "-q"], "");
    ran(&["--changed"], "note: nothing changed since the last commit\n");
    ran(&["--since", "HEAD"], "note: nothing changed since HEAD\n");
    repository.stage("README.md", "other\n");
    ran(&["--staged"], "note: no configuration of nginx or Apache is staged\n");
    ran(&["--changed"], "note: no configuration of nginx or Apache changed since the last commit\n");
    let ran: Ran = repository.lint401(&["check", "--staged", "-f", "json"]).output().unwrap().into();
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.code, &json["summary"]["files"], &json["diagnostics"]), (0, &0.into(), &serde_json::json!([])));
}

#[test]
fn what_changed_on_a_branch() {
    let repository = deployment();
    repository.git(&["checkout", "--quiet", "-b", "topic"]);
    repository.write("conf.d/good.conf", server("good.example.com", false));
    repository.commit("topic");
    // What the other branch did meanwhile is not what this one did.
    repository.git(&["checkout", "--quiet", "main"]);
    repository.write("conf.d/a.conf", server("other.example.com", false));
    repository.commit("main");
    repository.git(&["checkout", "--quiet", "topic"]);
    assert_eq!(repository.found(&["--since", "main"]), ["conf.d/good.conf:4"]);
    let ran = repository.check(&["--changed"]);
    assert_eq!(ran.stderr, "note: nothing changed since the last commit\n");
    repository.git(&["branch", "--quiet", "--set-upstream-to=main"]);
    assert_eq!(repository.found(&["--changed"]), ["conf.d/good.conf:4"]);
    repository.write("conf.d/c.conf", server("c.example.com", false));
    repository.stage("conf.d/b.conf", &(server("b.example.com", false) + "#\n"));
    assert_eq!(repository.found(&["--changed"]), ["conf.d/b.conf:4", "conf.d/c.conf:4", "conf.d/good.conf:4"]);
    assert_eq!(repository.found(&["--changed", "--lines"]), ["conf.d/c.conf:4", "conf.d/good.conf:4"]);
    // Without a common commit the two are compared as they are.
    repository.git(&["checkout", "--quiet", "--orphan", "alone"]);
    repository.commit("alone");
    assert!(repository.found(&["--since", "main"]).contains(&"conf.d/good.conf:4".to_owned()));
}

#[test]
fn before_the_first_commit() {
    let repository = Repository::with(&[]);
    repository.git(&["update-ref", "-d", "HEAD"]);
    repository.stage("nginx.conf", MAIN);
    repository.stage("conf.d/a.conf", &server("a.example.com", false));
    for arguments in [&["--staged"][..], &["--staged", "--lines"], &["--changed"], &["--changed", "--lines"]] {
        assert_eq!(repository.found(arguments), ["conf.d/a.conf:4"], "{arguments:?}");
    }
}

#[test]
fn why_git_cannot_tell() {
    let repository = deployment();
    let fails = |ran: Ran, message: &str| {
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
        assert!(ran.stderr.starts_with(message), "{}", ran.stderr);
    };
    for revision in ["nowhere", "-x", "--output=x", "", "HEAD:README.md"] {
        let message = format!("error: `{revision}` names no commit of this repository\n  in a shallow clone");
        fails(repository.check(&[&format!("--since={revision}")]), &message);
    }
    assert!(!repository.path().join("x").exists());
    fails(repository.check(&["--lines"]), "error: --lines says nothing alone");
    fails(repository.check(&["--staged", "--changed"]), "error: the argument '--staged' cannot be used with");
    fails(repository.check(&["--staged", "--fix"]), "error: the argument '--staged' cannot be used with");
    fails(repository.check(&["--changed", "--lines", "--fix"]), "error: the argument '--lines' cannot be used with");
    let ran = repository.lint401(&["check", "--staged"]).env("PATH", "/nonexistent").output().unwrap();
    fails(ran.into(), "error: git is not installed, or not in PATH\n");
    let ran = repository.lint401(&["check", "--staged"]).current_dir(repository.path().join(".git")).output().unwrap();
    fails(ran.into(), "error: git: this operation must be run in a work tree\n");

    let elsewhere = Folder::with(&[("nginx.conf", MAIN)]);
    let ran = repository.lint401(&["check", "--changed"]).current_dir(elsewhere.path()).output().unwrap();
    fails(ran.into(), "error: git: not a git repository");

    repository.git(&["checkout", "--quiet", "-b", "other"]);
    repository.write("conf.d/a.conf", "# other\n");
    repository.commit("other");
    repository.git(&["checkout", "--quiet", "main"]);
    repository.write("conf.d/a.conf", "# main\n");
    repository.commit("main");
    assert_ne!(repository.git_in("", &["merge", "other"]).code, 0);
    fails(repository.check(&["--staged"]), "error: conf.d/a.conf has merge conflicts: what is staged cannot be committed yet\n");
    assert!(repository.found(&["--changed"]).contains(&"conf.d/a.conf:6".to_owned()));
}

#[test]
#[cfg(unix)]
fn names_of_every_kind() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let repository = deployment();
    let names: [&[u8]; 4] = [b"conf.d/s p.conf", b"conf.d/\"q\"\\.conf", b"conf.d/\xc3\xbc.conf", b"conf.d/n\nl.conf"];
    for (number, name) in names.iter().enumerate() {
        repository.write(OsStr::from_bytes(name), server(&format!("s{number}.example.com"), false));
    }
    let expected = ["conf.d/\"q\"\\.conf:4", "conf.d/n\\nl.conf:4", "conf.d/s p.conf:4", "conf.d/ü.conf:4"];
    assert_eq!(repository.found(&["--changed", "--lines"]), expected);
    repository.git(&["add", "."]);
    assert_eq!(repository.found(&["--staged", "--lines"]), expected);
    for name in names {
        fs::remove_file(repository.path().join(OsStr::from_bytes(name))).unwrap();
    }
    assert_eq!(repository.found(&["--staged", "--lines"]), expected);
    // A name that is no UTF-8, as the snippet that is checked alone.
    let repository = Repository::with(&[]);
    repository.write(OsStr::from_bytes(b"nginx/\xff.conf"), "server { ; }\n");
    repository.git(&["add", "."]);
    let ran = repository.check(&["--staged", "--lines"]);
    assert_eq!((ran.code, ran.stdout.lines().count()), (1, 1), "{}{}", ran.stdout, ran.stderr);
}

#[test]
#[cfg(unix)]
fn links_count_as_what_they_lead_to() {
    let repository = Repository::with(&[
        ("nginx.conf", &MAIN.replace("conf.d", "sites-enabled")),
        ("sites-available/a.conf", &server("a.example.com", true)),
    ]);
    fs::create_dir(repository.path().join("sites-enabled")).unwrap();
    std::os::unix::fs::symlink("../sites-available/a.conf", repository.path().join("sites-enabled/a.conf")).unwrap();
    repository.commit("link");
    repository.stage("sites-available/a.conf", &server("a.example.com", false));
    assert_eq!(repository.found(&["--staged", "--lines"]), ["sites-enabled/a.conf:4"]);
    repository.write("sites-available/a.conf", "");
    assert_eq!(repository.found(&["--staged"]), ["sites-enabled/a.conf:4"]);
    repository.git(&["reset", "--quiet", "--hard"]);
    // A link that only the index has.
    repository.stage("sites-available/b.conf", &server("b.example.com", false));
    std::os::unix::fs::symlink("../sites-available/b.conf", repository.path().join("sites-enabled/b.conf")).unwrap();
    repository.git(&["add", "."]);
    repository.remove("sites-enabled/b.conf");
    assert_eq!(repository.found(&["--staged", "--lines"]), ["sites-enabled/b.conf:4"]);
}

/// Commits with a hook, and gives what the hook printed.
#[cfg(unix)]
fn commit_with_hook(repository: &Repository, folder: &str, hook: &str, arguments: &[&str]) -> Vec<String> {
    use std::os::unix::fs::PermissionsExt as _;

    let path = repository.path().join(".git/hooks/pre-commit");
    repository.write(&path, format!("#!/bin/sh\nexec 2>&1\n{}\n", hook.replace("lint401", env!("CARGO_BIN_EXE_lint401"))));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let ran = repository.git_in(folder, &[&["commit", "--quiet", "-m", "x"], arguments].concat());
    assert_eq!(ran.code, 1, "the hook refuses: {}{}", ran.stdout, ran.stderr);
    places(&(ran.stdout + &ran.stderr))
}

#[test]
#[cfg(unix)]
fn in_a_hook_of_git() {
    const HOOK: &str = "exec lint401 check --staged -f concise";
    let repository = deployment();
    repository.write("conf.d/good.conf", server("good.example.com", false));
    repository.write("conf.d/b.conf", server("b.example.com", false) + "# more\n");
    repository.git(&["add", "conf.d/b.conf"]);
    let commit = |folder: &str, hook: &str, arguments: &[&str]| commit_with_hook(&repository, folder, hook, arguments);
    assert_eq!(commit("", HOOK, &[]), ["conf.d/b.conf:4"]);
    // These commit from an index of their own, which the variables name.
    assert_eq!(commit("", HOOK, &["--all"]), ["conf.d/b.conf:4", "conf.d/good.conf:4"]);
    assert_eq!(commit("conf.d", HOOK, &["good.conf"]), ["conf.d/good.conf:4"]);
    assert_eq!(commit("", "cd conf.d && lint401 check --staged -f concise ..", &[]), ["../conf.d/b.conf:4"]);
    // In a linked worktree git names the repository too, and would take any folder for its top.
    repository.git(&["worktree", "add", "--quiet", "linked"]);
    repository.write("linked/conf.d/good.conf", server("good.example.com", false));
    for hook in [HOOK, "cd conf.d && lint401 check --staged -f concise .."] {
        let found = commit("linked", hook, &["--all"]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].ends_with("conf.d/good.conf:4"), "{found:?}");
    }
}

#[test]
fn text_that_git_stores_in_another_form() {
    let repository = deployment();
    repository.write(".gitattributes", "*.conf text eol=crlf\nbig.conf filter=lfs -text\nturned.conf filter=turn -text\n");
    repository.write("conf.d/good.conf", server("good.example.com", true).replace('\n', "\r\n"));
    repository.commit("attributes");
    repository.write("conf.d/good.conf", server("good.example.com", false).replace('\n', "\r\n"));
    repository.git(&["add", "."]);
    repository.remove("conf.d/good.conf");
    assert_eq!(repository.found(&["--staged", "--lines"]), ["conf.d/good.conf:4"]);
    // A pointer of Git LFS is no configuration, and nothing is loaded.
    repository.stage("conf.d/big.conf", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n");
    repository.remove("conf.d/big.conf");
    let ran = repository.check(&["--staged", "conf.d/big.conf"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    assert_eq!(ran.stderr, "error: conf.d/big.conf: its text is kept by Git LFS and is not on this machine\n");
    // What is stored as no text is turned back.
    repository.git(&["reset", "--quiet", "--hard"]);
    repository.git(&["config", "filter.turn.clean", "tr ' ' '\\000'"]);
    repository.git(&["config", "filter.turn.smudge", "tr '\\000' ' '"]);
    repository.stage("conf.d/turned.conf", &server("turned.example.com", false));
    repository.remove("conf.d/turned.conf");
    assert_eq!(repository.found(&["--staged"]), ["conf.d/turned.conf:4"]);
}

#[test]
fn nothing_is_written() {
    let repository = deployment();
    repository.stage("conf.d/b.conf", &(server("b.example.com", false) + "# more\n"));
    // Written anew with the same text: git would note the new time if it might.
    repository.write("conf.d/a.conf", server("a.example.com", false));
    let index = || {
        let path = repository.path().join(".git/index");
        (fs::metadata(&path).unwrap().modified().unwrap(), fs::read(&path).unwrap())
    };
    let before = index();
    assert_eq!(repository.found(&["--staged", "--lines"]), NOTHING);
    assert_eq!(repository.found(&["--changed"]), ["conf.d/b.conf:4"]);
    assert!(before == index());
}

#[test]
fn settings_and_baseline_are_those_that_are_staged() {
    let repository = deployment();
    repository.stage("lint401.toml", "baseline = \"known.json\"\n");
    let ran: Ran = repository.lint401(&["baseline", "create"]).output().unwrap().into();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    repository.stage("conf.d/b.conf", &(server("b.example.com", false) + "# more\n"));
    repository.git(&["add", "."]);
    repository.write("lint401.toml", "broken");
    repository.remove("known.json");
    assert_eq!(repository.found(&["--staged"]), NOTHING);
    repository.git(&["reset", "--quiet", "--hard"]);
    // Stale entries count where their files changed.
    repository.write("lint401.toml", "baseline = \"known.json\"\n");
    assert_eq!(Ran::from(repository.lint401(&["baseline", "create"]).output().unwrap()).code, 0);
    repository.commit("baseline");
    repository.stage("conf.d/a.conf", &server("a.example.com", true));
    let ran = repository.check(&["--staged", "--strict-baseline"]);
    assert_eq!((ran.code, ran.stderr.lines().count()), (1, 1), "{}", ran.stderr);
    assert!(ran.stderr.contains("lost-proxy-headers in conf.d/a.conf"), "{}", ran.stderr);
    repository.git(&["commit", "--quiet", "-m", "mended"]);
    repository.stage("conf.d/b.conf", &(server("b.example.com", false) + "# more\n"));
    assert_eq!(repository.found(&["--staged", "--strict-baseline"]), NOTHING);
}

#[test]
fn submodules_count_as_a_whole() {
    let inner = Repository::with(&[("nginx/a.conf", "server { ; }\n")]);
    let repository = deployment();
    let source = inner.path().to_str().unwrap();
    repository.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", source, "shared"]);
    assert_eq!(repository.found(&["--staged", "--lines"]), ["shared/nginx/a.conf:1"]);
    repository.commit("submodule");
    assert_eq!(repository.check(&["--staged"]).stderr, "note: nothing is staged\n");
    // In a submodule its own index counts.
    let mut command = repository.lint401(&["check", "--staged", "-f", "concise"]);
    let ran: Ran = command.current_dir(repository.path().join("shared")).output().unwrap().into();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, "note: nothing is staged\n"));
}

#[test]
fn only_what_changed_is_mended() {
    const UNUSED: &str = "# lint401: ignore[syntax-error] -- no more\n";
    let repository = deployment();
    let good = |name: &str| UNUSED.to_owned() + &server(name, true);
    repository.write("conf.d/a.conf", good("a.example.com"));
    repository.commit("a comment that is not needed");
    repository.write("conf.d/good.conf", good("good.example.com"));
    let before = repository.check(&["--changed"]);
    assert!(before.stdout.starts_with("conf.d/good.conf:1:") && before.stdout.lines().count() == 1, "{}", before.stdout);
    let mended = repository.check(&["--changed", "--fix"]);
    assert_eq!((mended.code, mended.stdout.as_str()), (0, ""), "{}", mended.stderr);
    let read = |name: &str| fs::read_to_string(repository.path().join(name)).unwrap();
    assert_eq!(read("conf.d/good.conf"), server("good.example.com", true));
    assert_eq!(read("conf.d/a.conf"), good("a.example.com"));
}
