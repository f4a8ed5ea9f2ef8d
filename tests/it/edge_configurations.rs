//! Configurations of CDNs and gateways as people write them: sound ones, which must be free of warnings and errors, and faulty ones,
//! of which each line that is named must be reported. Both are texts of many documents: a line `### NAME` begins the next one, with
//! the findings behind the name (`rule:line`).

use serde_json::Value;

use crate::folder::Folder;

const SOUND: &str = include_str!("edge_sound.txt");
const FAULTY: &str = include_str!("edge_faulty.txt");

/// One document: its name, the findings that are named, its text.
struct Document<'t> {
    file: String,
    expected: Vec<(&'t str, u64)>,
    text: &'t str,
}

fn documents(all: &str) -> Vec<Document<'_>> {
    let parts = all.split("### ").skip(1);
    let document = |part| {
        let (head, text) = str::split_once(part, '\n').unwrap();
        let mut words = head.split_whitespace();
        let file = format!("{}.yaml", words.next().unwrap());
        let expected = words.map(|word| word.split_once(':').unwrap()).map(|(rule, line)| (rule, line.parse().unwrap()));
        Document { file, expected: expected.collect(), text }
    };
    parts.map(document).collect()
}

/// File, rule, line and severity of everything that is reported.
fn reported(documents: &[Document]) -> Vec<(String, String, u64, String)> {
    let files: Vec<(&str, &str)> = documents.iter().map(|d| (d.file.as_str(), d.text)).collect();
    let folder = Folder::with(&files);
    let ran = folder.run(&["check", "-f", "json"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}", ran.stderr));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of = |d: &Value| (text(&d["path"]), text(&d["rule"]), d["start"]["line"].as_u64().unwrap(), text(&d["severity"]));
    report["diagnostics"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn sound_configurations_are_free_of_warnings() {
    let documents = documents(SOUND);
    assert!(documents.len() > 100, "the documents are gone");
    let loud: Vec<_> = reported(&documents).into_iter().filter(|(.., severity)| severity != "info").collect();
    assert!(loud.is_empty(), "{loud:#?}");
}

#[test]
fn faulty_configurations_are_reported_at_the_line_that_decides() {
    let documents = documents(FAULTY);
    assert!(documents.len() > 70, "the documents are gone");
    let found = reported(&documents);
    let is_found = |file: &str, rule: &str, line: u64| found.iter().any(|(f, r, l, _)| f == file && r == rule && *l == line);
    let named = documents.iter().flat_map(|d| d.expected.iter().map(|(rule, line)| (&d.file, *rule, *line)));
    let missed: Vec<_> = named.filter(|(file, rule, line)| !is_found(file, rule, *line)).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}
