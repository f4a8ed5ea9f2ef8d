//! Real files of CDNs and gateways where they lie beside the clone: what `lint401 files` says of each, against what their lines say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// The dialects whose documents a text has, by its lines alone.
fn by_lines(text: &str) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    // A comment, and a text that only looks like a document, are none.
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let has = |part: &str| lines.iter().any(|line| line.contains(part));
    let top = |line: &str| lines.iter().any(|l| l.trim_end() == line);
    if lines.iter().any(|line| line.trim_start().starts_with("Type:") && line.contains("AWS::CloudFront::")) {
        found.insert("cloudformation");
    }
    if lines.iter().any(|line| line.contains("https://") || line.contains("http://")) && has("type: upstream") {
        found.insert("platformsh");
    }
    if top("kind: Ingress") && lines.iter().any(|line| line.trim_start().starts_with("nginx.ingress.kubernetes.io/")) {
        found.insert("ingress-nginx");
    }
    if top("kind: HTTPRoute") {
        found.insert("gateway-api");
    }
    let label = |line: &&&str| {
        let label = line.trim_start().trim_start_matches("- ").trim_start_matches(['"', '\'']);
        label.starts_with("traefik.")
    };
    let composed = top("services:") && lines.iter().any(|line| line.trim() == "labels:") && lines.iter().any(|line| label(&line));
    let object = ["kind: IngressRoute", "kind: Middleware"].iter().any(|kind| top(kind)) && has("apiVersion: traefik.io/");
    if composed || object {
        found.insert("traefik");
    }
    found
}

#[test]
fn every_file_is_of_the_dialect_that_its_lines_show() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/edge");
    if !folder.exists() {
        println!("skipped: ../shared is absent");
        return;
    }
    let ran =
        Command::new(env!("CARGO_BIN_EXE_lint401")).args(["files", "--isolated", "."]).current_dir(&folder).output().unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    let mut table: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in said.lines() {
        // A path may have blanks in it: what is said of it comes last.
        let Some((path, kind)) = line.rsplit_once("  ").map(|(path, kind)| (path.trim_end(), kind.trim())) else { continue };
        let inner = kind.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(inner, _)| inner);
        let languages = inner.split(", ").filter(|name| !name.is_empty() && *name != "nginx").map(str::to_owned);
        table.insert(path.trim_start_matches("./").to_owned(), languages.collect());
    }
    let mut wrong = Vec::new();
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut files = 0;
    let walk = ignore::WalkBuilder::new(&folder).standard_filters(false).build();
    for entry in walk.flatten().filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file())) {
        files += 1;
        let path = entry.path().strip_prefix(&folder).unwrap().to_string_lossy().into_owned();
        let text = String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap()).into_owned();
        let shown = by_lines(&text);
        for dialect in &shown {
            *counts.entry(dialect).or_default() += 1;
        }
        let wanted: BTreeSet<String> = shown.into_iter().map(str::to_owned).collect();
        let found = table.get(&path).cloned().unwrap_or_default();
        if found != wanted {
            wrong.push(format!("{path}: found {found:?}, its lines show {wanted:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{files} files: {counts:?}");
    assert!(files > 100 && counts.len() >= 5, "{files} files: {counts:?}");
}
