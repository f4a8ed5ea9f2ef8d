//! lint401 on the examples of pages.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lint401::discover::{Dialect, RootKind};
use lint401::files::Memory;
use lint401::finding::{Edit, Severity};
use lint401::settings::{Profile, Settings};
use lint401::{Analysis, Root};

use crate::Page;
use crate::support::markdown::{self, Example, Mark};
use crate::support::prepare::Context;

/// The keys of a settings block.
#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct Keys {
    profile: Option<Profile>,
    nginx_version: Option<String>,
    login_paths: Vec<String>,
    required_headers: Vec<String>,
    trusted_proxies: Vec<String>,
    canonical_host: Option<String>,
    include_map: std::collections::BTreeMap<String, String>,
}

fn settings(example: &Example) -> Result<Settings, String> {
    let text = example.settings.as_ref().map_or("", |b| b.text.as_str());
    let keys: Keys = toml::from_str(text).map_err(|e| format!("settings: {e}"))?;
    let mut settings = Settings {
        login_paths: keys.login_paths,
        required_headers: keys.required_headers,
        trusted_proxies: keys.trusted_proxies,
        canonical_host: keys.canonical_host,
        include_map: keys.include_map.into_iter().collect(),
        ..Settings::default()
    };
    settings.include_map.extend(mapped(example));
    settings.include_map.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
    settings.profile = keys.profile.unwrap_or_default();
    if let Some(version) = keys.nginx_version {
        let numbers: Vec<u16> = version.split('.').filter_map(|n| n.parse().ok()).collect();
        let [major, minor, patch] = numbers[..] else { return Err(format!("{version} is not a version like 1.22.1")) };
        settings.nginx_version = (major, minor, patch);
    }
    Ok(settings)
}

fn analyze(language: &str, files: &[(String, String)], settings: &Settings) -> Analysis {
    let mut memory = Memory::new();
    for (path, text) in files {
        memory.add(path, text.as_str());
    }
    let (main, text) = files.first().expect("an example has a file");
    let other = match language {
        "apache" => Some(Dialect::Apache),
        "htaccess" => Some(Dialect::Htaccess),
        "yaml" => Some(Dialect::Edge),
        _ => None,
    };
    if let Some(dialect) = other {
        let root = Root { main: PathBuf::from(main), base: PathBuf::new(), kind: RootKind::Main, dialect };
        return lint401::analyze(&memory, &[root], settings);
    }
    let whole = crate::support::conf::parse(text).map_or_else(
        |_| text.lines().any(|l| l.starts_with("http") || l.starts_with("events")),
        |tree| Context::guess(&tree) == Context::Main,
    );
    let kind = if whole { RootKind::Main } else { RootKind::Snippet };
    lint401::analyze(
        &memory,
        &[Root { main: PathBuf::from(main), base: PathBuf::new(), kind, dialect: Dialect::Nginx }],
        settings,
    )
}

/// The files of an example. What it names by an absolute path (a `.htaccess` below a document root) lies below the checked folder.
fn texts(example: &Example) -> Vec<(String, String)> {
    example.files.iter().map(|(path, block)| (local(path).to_owned(), block.text.clone())).collect()
}

fn local(path: &str) -> &str {
    path.trim_start_matches('/')
}

/// Where the files with absolute paths are found: `/var/www` lies in `var/www`.
fn mapped(example: &Example) -> impl Iterator<Item = (String, String)> {
    let absolute = example.files.iter().filter_map(|(path, _)| path.strip_prefix('/'));
    let folders: BTreeSet<String> = absolute
        .filter_map(|path| path.rsplit_once('/'))
        .map(|(folder, _)| folder.split('/').take(2).collect::<Vec<_>>().join("/"))
        .collect();
    folders.into_iter().map(|folder| (format!("/{folder}"), folder))
}

/// What was found, in the form of marks, with messages.
fn found(analysis: &Analysis) -> Vec<(Mark, String)> {
    let findings = analysis.findings.iter().map(|reported| {
        let finding = &reported.finding;
        let path = analysis.sources.file(finding.primary.file).path.clone();
        let mark = (path, reported.start.line as usize, reported.severity.as_str().to_owned(), finding.rule.to_owned());
        (mark, finding.message.clone())
    });
    findings.collect()
}

fn shown((path, line, severity, rule): &Mark, message: &str) -> String {
    format!("{path}:{line}: {severity}: {message} [{rule}]")
}

/// A bad example gives exactly the marked findings of its rule.
pub(crate) fn bad(page: &Page, example: &Example) -> Result<(), String> {
    let mut settings = settings(example)?;
    settings.select = vec![page.meta.id.clone()];
    let analysis = analyze(&example.language, &texts(example), &settings);
    let mut wanted: Vec<Mark> = example.files.iter().flat_map(|(path, b)| markdown::marks(local(path), &b.text)).collect();
    let mut problems = Vec::new();
    for (mark, message) in found(&analysis) {
        match wanted.iter().position(|w| *w == mark) {
            Some(index) => {
                wanted.remove(index);
            }
            None => problems.push(format!("not marked: {}", shown(&mark, &message))),
        }
    }
    problems.extend(wanted.iter().map(|mark| format!("not reported: {}", shown(mark, "…"))));
    done(&problems)
}

/// A good example gives no finding of its rule, and no warning or error of any rule.
pub(crate) fn good(page: &Page, example: &Example) -> Result<(), String> {
    let mut settings = settings(example)?;
    let mut problems = BTreeSet::new();
    for (reported, (mark, message)) in all(&example.language, &texts(example), &settings) {
        if reported >= Severity::Warning {
            problems.insert(shown(&mark, &message));
        }
    }
    settings.select = vec![page.meta.id.clone()];
    problems.extend(all(&example.language, &texts(example), &settings).iter().map(|(_, (mark, message))| shown(mark, message)));
    done(&problems.into_iter().collect::<Vec<_>>())
}

fn all(language: &str, files: &[(String, String)], settings: &Settings) -> Vec<(Severity, (Mark, String))> {
    let analysis = analyze(language, files, settings);
    let severities: Vec<Severity> = analysis.findings.iter().map(|r| r.severity).collect();
    severities.into_iter().zip(found(&analysis)).collect()
}

/// The fixes of a bad example lead to what stands in its `fixed` blocks, and that is silent.
pub(crate) fn fixed(page: &Page, example: &Example) -> Result<(), String> {
    let mut settings = settings(example)?;
    settings.select = vec![page.meta.id.clone()];
    let mut files: Vec<(String, String)> =
        texts(example).into_iter().map(|(path, text)| (path, markdown::unmarked(&text))).collect();
    let analysis = analyze(&example.language, &files, &settings);
    let edits: Vec<&Edit> = analysis.findings.iter().filter_map(|r| r.finding.fix.as_ref()).flat_map(|f| &f.edits).collect();
    if edits.is_empty() {
        return Err("no finding has a fix".to_owned());
    }
    for (path, text) in &mut files {
        let of_file = edits.iter().filter(|e| Path::new(&analysis.sources.file(e.span.file).path) == Path::new(path));
        let mut of_file: Vec<&&Edit> = of_file.collect();
        of_file.sort_by_key(|e| std::cmp::Reverse((e.span.start, e.span.end)));
        of_file.dedup_by(|a, b| a == b);
        for edit in of_file {
            text.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.text);
        }
    }
    let mut problems = Vec::new();
    for (path, block) in &example.fixed {
        let text =
            files.iter().find(|(p, _)| p == local(path)).map(|(_, t)| t.as_str()).ok_or_else(|| format!("no file {path}"))?;
        let trimmed = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        if trimmed(text) != trimmed(&block.text) {
            problems.push(format!("{path} is not what line {} says after the fix:\n{text}", block.line));
        }
    }
    let left = all(&example.language, &files, &settings);
    problems.extend(left.iter().map(|(_, (mark, message))| format!("still reported: {}", shown(mark, message))));
    done(&problems)
}

fn done(problems: &[String]) -> Result<(), String> {
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}
