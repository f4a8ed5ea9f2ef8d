//! How a project with old faults takes lint401 up, on real configurations: a baseline makes the check green, lines that move bring
//! nothing back, and a new fault comes alone.
//!
//! Skipped, with a word about it, where the shared corpus is absent.

#![allow(clippy::print_stdout, reason = "what was passed over is worth reading")]

use std::fs;
use std::path::{Path, PathBuf};

use super::folder::Ran;
use super::repository::{Repository, places};

/// A project of the corpus in a repository of its own.
fn adopt(project: &str) -> Option<Repository> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus").join(project);
    if !source.is_dir() {
        println!("passed over: no corpus in {}", source.display());
        return None;
    }
    let repository = Repository::with(&[]);
    for path in files(&source) {
        repository.write(path.strip_prefix(&source).unwrap(), fs::read(&path).unwrap());
    }
    repository.commit("as it is");
    Some(repository)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// The files that are checked.
fn checked(repository: &Repository) -> Vec<String> {
    let ran: Ran = repository.lint401(&["check", "--fail-on", "never", "-f", "json"]).output().unwrap().into();
    let listed: Ran = repository.lint401(&["files"]).output().unwrap().into();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let names = listed.stdout.lines().filter(|line| !line.contains("not yet checked") && !line.contains("not understood"));
    names.map(|line| line.split("  ").next().unwrap().to_owned()).collect()
}

fn found(repository: &Repository, arguments: &[&str]) -> Vec<String> {
    let ran = repository.check(&[&["-q"], arguments].concat());
    assert!(ran.code <= 1, "{}", ran.stderr);
    places(&ran.stdout)
}

/// Everything moves: blank lines and comments on top, and in between where no directive and no text goes on.
fn move_lines(text: &str) -> String {
    let mut moved = String::from("# moved\n\n\n");
    for line in text.split_inclusive('\n') {
        if line.trim().is_empty() {
            moved.push_str("\n# a paragraph\n");
        }
        moved.push_str(line);
    }
    moved
}

/// `fault` is a line with a fault for the end of any file.
fn take_up(project: &str, fault: &str) {
    let Some(repository) = adopt(project) else { return };
    let before = repository.check(&["-q"]).stdout;
    // One whose end means what it says.
    let sound = |line: &&str| !line.ends_with("[syntax-error]");
    let name = before.lines().find(sound).and_then(|line| line.split(':').next()).expect("a project with faults");
    repository.write("lint401.toml", "baseline = \".lint401-baseline.json\"\n");
    let created: Ran = repository.lint401(&["baseline", "create"]).output().unwrap().into();
    assert_eq!(created.code, 0, "{}", created.stderr);
    repository.commit("a baseline");
    let green = |what: &str| {
        let ran = repository.check(&["--strict-baseline", "-q"]);
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""), "{what}");
    };
    green("the baseline tolerates all that is there");

    let files = checked(&repository);
    for name in &files {
        let text = fs::read(repository.path().join(name)).unwrap();
        if let Ok(text) = String::from_utf8(text) {
            repository.write(name, move_lines(&text));
        }
    }
    green("lines that move bring nothing back");
    repository.git(&["add", "--all"]);
    assert_eq!(found(&repository, &["--staged"]), [""; 0]);
    repository.commit("moved");

    // A new fault in a file that has others, and one that is not staged.
    let text = fs::read_to_string(repository.path().join(name)).unwrap();
    let other = files.iter().find(|file| *file != name && !before.contains(file.as_str())).unwrap();
    let other_text = fs::read_to_string(repository.path().join(other)).unwrap();
    repository.write(other, format!("{other_text}\n{fault}"));
    repository.stage(name, &format!("{text}\n{fault}"));
    let line = format!("{name}:{}", text.lines().count() + 2);
    assert_eq!(found(&repository, &["--staged"]), [line.as_str()]);
    assert_eq!(found(&repository, &["--staged", "--lines"]), [line.as_str()]);
    assert_eq!(found(&repository, &["--changed"]).len(), 2);
    repository.git(&["checkout", "--quiet", "--", other]);
    assert_eq!(found(&repository, &[]), [line]);
}

#[test]
fn an_nginx_project_of_snippets() {
    take_up("nginx/h5bp+server-configs-nginx", ";\n");
}

#[test]
fn an_nginx_project_of_templates() {
    take_up("nginx/roots+trellis", ";\n");
}

#[test]
fn an_apache_project() {
    take_up("apache/apache+httpd", "</Nothing>\n");
}

#[test]
fn blocks_that_change_places_bring_nothing_back() {
    let repository = Repository::with(&[]);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sites/wordpress");
    for path in files(&source) {
        repository.write(path.strip_prefix(&source).unwrap(), fs::read(&path).unwrap());
    }
    repository.write("lint401.toml", "baseline = \".lint401-baseline.json\"\n");
    let created: Ran = repository.lint401(&["baseline", "create"]).output().unwrap().into();
    assert_eq!(created.code, 0, "{}", created.stderr);
    repository.commit("a baseline");
    // The two locations do not decide about each other.
    let name = "conf.d/api.example.com.conf";
    let text = fs::read_to_string(repository.path().join(name)).unwrap();
    let blocks: Vec<&str> = text.split_inclusive("\n    }\n").collect();
    let [first, second, rest @ ..] = &blocks[..] else { panic!("{name} has two locations") };
    let head = first.find("    location").unwrap();
    let swapped = [&first[..head], second.trim_start_matches('\n'), &first[head..], &rest.concat()].concat();
    assert!(swapped != text && swapped.len() + 1 >= text.len());
    repository.stage(name, &swapped);
    let ran = repository.check(&["--strict-baseline", "-q"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    assert_eq!(found(&repository, &["--staged"]), [""; 0]);
}
