use std::path::Path;

use crate::files::Memory;
use crate::finding::Finding;
use crate::project::apache::{load, load_htaccess};
use crate::settings::Settings;
use crate::source::SourceMap;

fn run_with(files: &[(&str, &str)]) -> (SourceMap, Vec<Finding>) {
    let mut memory = Memory::new();
    for (path, text) in files {
        memory.add(path, *text);
    }
    let mut sources = SourceMap::new();
    let settings = Settings::default();
    let main = Path::new(files.first().map_or("httpd.conf", |(path, _)| path));
    let is_htaccess = main.file_name().is_some_and(|name| name == ".htaccess");
    let load = if is_htaccess { load_htaccess } else { load };
    let loaded = load(&memory, &mut sources, main, Path::new(""), &settings);
    let mut findings = loaded.findings;
    findings.extend(super::check(&loaded.config, &sources, &settings));
    (sources, findings)
}

/// Rule, message and marked text of each finding.
fn run(path: &str, text: &str) -> Vec<(&'static str, String, String)> {
    let (sources, findings) = run_with(&[(path, text)]);
    findings.into_iter().map(|f| (f.rule, f.message, sources.text(f.primary).to_owned())).collect()
}

/// A whole configuration with these lines at its end.
fn server(text: &str) -> String {
    format!("ServerRoot /etc/httpd\nListen 80\n{text}\n")
}

#[track_caller]
fn one(text: &str, rule: &'static str, message: &str, marked: &str) {
    assert_eq!(run("httpd.conf", &server(text)), [(rule, message.to_owned(), marked.to_owned())], "{text}");
}

#[track_caller]
fn silent(text: &str) {
    assert_eq!(run("httpd.conf", &server(text)), [], "{text}");
}

#[test]
fn places() {
    one(
        "AuthType Basic",
        "misplaced-directive",
        "\"AuthType\" is not allowed outside of sections such as \"<Directory>\"",
        "AuthType Basic",
    );
    one(
        "<VirtualHost *:80>\nRequire all granted\n</VirtualHost>",
        "misplaced-directive",
        "\"Require\" is not allowed in \"<VirtualHost>\"",
        "Require all granted",
    );
    one(
        "<VirtualHost *:80>\nListen 81\n</VirtualHost>",
        "misplaced-directive",
        "\"Listen\" is not allowed in \"<VirtualHost>\"",
        "Listen 81",
    );
    silent("<Directory /x>\nAuthType Basic\n<Files y>\nRequire all granted\n</Files>\n</Directory>");
}
