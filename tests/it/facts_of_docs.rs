//! What the project's own documents claim about it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use lint401::model::{PathKind, Paths};

const DOCUMENTS: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "editors/README.md",
    "integrations/README.md",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn links_lead_somewhere() {
    for document in DOCUMENTS {
        let text = read(document);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.starts_with("https://") || link.starts_with('#') {
                continue;
            }
            let target = link.split('#').next().unwrap_or_default();
            let folder = Path::new(document).parent().unwrap();
            assert!(root().join(folder).join(target).exists(), "{document} links to {link}");
        }
    }
}

#[test]
fn the_places_that_the_documents_name_exist() {
    for document in DOCUMENTS {
        for quoted in read(document).split('`').skip(1).step_by(2) {
            let is_place = ["src/", "tests/", "rules/", "fixtures/", "benches/", "fuzz/", "editors/", "integrations/", ".ci/"]
                .iter()
                .any(|p| quoted.starts_with(p));
            if is_place && !quoted.contains(['<', '*', '{', ' ']) {
                assert!(root().join(quoted).exists(), "{document} names {quoted}");
            }
        }
    }
}

/// The table of places: path below `src/`, and what it may import.
fn layers() -> Vec<(String, Vec<String>)> {
    let text = read("ARCHITECTURE.md");
    let rows = text.lines().filter_map(|l| {
        let mut cells = l.strip_prefix("| `src/")?.split(" | ");
        let path = cells.next()?.strip_suffix('`')?.to_owned();
        let known = cells.nth(1).unwrap_or_default().trim_end_matches('|').split(',').map(|w| w.trim().to_owned());
        Some((path, known.collect()))
    });
    rows.collect()
}

/// The modules of the crate that a file imports, its tests left out.
fn imports(text: &str) -> BTreeSet<String> {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let code = text.lines().filter(|l| !l.trim_start().starts_with("//")).flat_map(|l| l.split("crate::").skip(1));
    code.map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default().to_owned()).collect()
}

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_tests = path.file_stem().is_some_and(|stem| stem == "tests");
        if path.is_dir() && !is_tests {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") && !is_tests {
            found.push(path.strip_prefix(root().join("src")).unwrap().to_str().unwrap().to_owned());
        }
    }
}

#[test]
fn modules_import_what_the_table_of_places_allows() {
    let layers = layers();
    let module = |path: &str| path.split(['/', '.']).next().unwrap_or_default().to_owned();
    // What a module may import, what it imports may import, and so on.
    let allowed = |row: usize| -> BTreeSet<String> {
        // A module may have several rows, one for each of its folders: all of them count.
        let mut rows = BTreeSet::from([row]);
        let mut todo = vec![row];
        while let Some(row) = todo.pop() {
            for word in &layers[row].1 {
                let above = |other: usize| word == "all" || word == "all of the above" && other < row;
                for (other, (path, _)) in layers.iter().enumerate() {
                    let is_meant = module(path) == *word && !path.contains("from/");
                    if (is_meant || above(other)) && rows.insert(other) {
                        todo.push(other);
                    }
                }
            }
        }
        rows.iter().map(|row| module(&layers[*row].0)).collect()
    };
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    files.sort();
    let mut problems = Vec::new();
    for file in files.iter().filter(|f| !["main.rs", "lib.rs"].contains(&f.as_str())) {
        // The most exact row counts; the file that only lists the modules of a folder belongs to none.
        let rows = layers.iter().enumerate().filter(|(_, (path, _))| file.starts_with(path.as_str()));
        let Some((row, _)) = rows.max_by_key(|(_, (path, _))| path.len()) else {
            if !file.ends_with("/mod.rs") {
                problems.push(format!("ARCHITECTURE.md does not say what src/{file} is for"));
            }
            continue;
        };
        let allowed = allowed(row);
        let imports = imports(&read(&format!("src/{file}")));
        problems
            .extend(imports.difference(&allowed).map(|m| format!("src/{file} imports {m}, which ARCHITECTURE.md does not name")));
    }
    assert!(layers.len() > 15, "the table of places: {layers:?}");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_dependency_table_is_the_manifest() {
    let manifest: toml::Table = toml::from_str(&read("Cargo.toml")).unwrap();
    let lock: toml::Table = toml::from_str(&read("Cargo.lock")).unwrap();
    let locked: BTreeMap<&str, &str> = lock["package"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["name"].as_str().unwrap(), p["version"].as_str().unwrap()))
        .collect();
    let mut expected = BTreeSet::new();
    for section in ["dependencies", "build-dependencies", "dev-dependencies"] {
        for name in manifest[section].as_table().unwrap().keys() {
            let version = locked[name.as_str()].split('+').next().unwrap();
            expected.insert((name.clone(), version.to_owned()));
        }
    }
    let text = read("ARCHITECTURE.md");
    let (_, section) = text.split_once("## Dependencies").unwrap();
    let written: BTreeSet<_> = section
        .lines()
        .filter_map(|l| {
            let mut cells = l.split('|').map(str::trim);
            let name = cells.nth(1)?.strip_prefix('`')?.strip_suffix('`')?;
            Some((name.to_owned(), cells.next()?.to_owned()))
        })
        .collect();
    assert_eq!(written, expected);
}

#[test]
fn the_changelog_knows_this_version() {
    assert!(read("CHANGELOG.md").contains(&format!("## [{}]", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn both_licences_are_here() {
    assert!(read("LICENSE-MIT").starts_with("MIT License"));
    assert!(read("LICENSE-APACHE").contains("Version 2.0, January 2004"));
}

#[test]
fn well_known_paths_are_well_formed() {
    let text = read("rules/paths.yaml");
    let written: Vec<_> = text.lines().filter_map(|l| l.trim().strip_prefix("- {path: ")?.split([',', '}']).next()).collect();
    let once: BTreeSet<_> = written.iter().collect();
    assert_eq!(written.len(), once.len(), "each path stands once");
    assert!(written.len() <= 500, "{} paths", written.len());
    let paths = Paths::shipped();
    assert_eq!(paths.list.len(), written.len(), "every path is read");
    for known in &paths.list {
        let path = &known.path;
        assert!(path.starts_with('/') && !path.contains(['?', '#', ' ', '*']), "{path}");
        assert!(!known.kinds.is_empty() && known.kinds.len() <= 3, "{path}");
        assert!(known.method.chars().all(|c| c.is_ascii_uppercase()), "{path}");
        assert!(!known.file || !path.ends_with('/'), "{path} is a folder");
        let open = [PathKind::Asset, PathKind::Health, PathKind::Acme, PathKind::Discovery];
        let closed = [PathKind::Account, PathKind::Admin];
        let both = open.iter().any(|k| known.kinds.contains(k)) && closed.iter().any(|k| known.kinds.contains(k));
        assert!(!both, "{path} cannot be open to all and private");
    }
}
