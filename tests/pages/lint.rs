//! lint401 on the examples of pages.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::path::{Path, PathBuf};

use lint401::discover::{Dialect, RootKind};
use lint401::files::{Files, Memory};
use lint401::finding::{Applicability, Severity};
use lint401::fix::{self, Wanted};
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

pub(crate) fn settings(example: &Example) -> Result<Settings, String> {
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
    // A day on which comments are judged that have one.
    settings.ignores.today = jiff::civil::date(2026, 1, 1);
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
    lint401::analyze(&memory(files), &[root(language, files)], settings)
}

pub(crate) fn memory(files: &[(String, String)]) -> Memory {
    let mut memory = Memory::new();
    for (path, text) in files {
        memory.add(path, text.as_str());
    }
    memory
}

pub(crate) fn root(language: &str, files: &[(String, String)]) -> Root {
    let (main, text) = files.first().expect("an example has a file");
    let root = |kind, dialect| Root { main: PathBuf::from(main), base: PathBuf::new(), kind, dialect };
    match language {
        "apache" => return root(RootKind::Main, Dialect::Apache),
        "htaccess" => return root(RootKind::Main, Dialect::Htaccess),
        "yaml" => return root(RootKind::Main, Dialect::Edge(None)),
        _ => {}
    }
    let whole = crate::support::conf::parse(text).map_or_else(
        |_| text.lines().any(|l| l.starts_with("http") || l.starts_with("events")),
        |tree| Context::guess(&tree) == Context::Main,
    );
    root(if whole { RootKind::Main } else { RootKind::Snippet }, Dialect::Nginx)
}

/// The files of an example. What it names by an absolute path (a `.htaccess` below a document root) lies below the checked folder.
pub(crate) fn texts(example: &Example) -> Vec<(String, String)> {
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

/// All fixes of this page's rule for a bad example, applied as `check --fix --unsafe-fixes` does. `None`: there is nothing to fix.
///
/// What they lead to stands in its `fixed` blocks, if it has some. In any case each fix makes its finding go away and brings no other
/// one, no file has more that its server would refuse, and a second run changes nothing.
pub(crate) fn fixed(page: &Page, example: &Example) -> Result<Option<Vec<(String, String)>>, String> {
    let plain = settings(example)?;
    let select = Settings { select: vec![page.meta.id.clone()], ..plain.clone() };
    let before: Vec<(String, String)> =
        texts(example).into_iter().map(|(path, text)| (path, markdown::unmarked(&text))).collect();
    let fixes = analyze(&example.language, &before, &select).findings.into_iter().filter_map(|r| r.finding.fix);
    let odd = fixes.map(|fix| fix.applicability).find(|applicability| match page.meta.fix.as_str() {
        "safe" => *applicability != Applicability::Safe,
        "unsafe" => *applicability != Applicability::Unsafe,
        other => other != "mixed",
    });
    if let Some(odd) = odd {
        return Err(format!("there is a fix that is {odd:?}, and the page says {}", page.meta.fix));
    }
    let (after, count) = fix(&example.language, &before, &select)?;
    if count == 0 {
        return if example.fixed.is_empty() { Ok(None) } else { Err("nothing was fixed".to_owned()) };
    }
    let mut problems = Vec::new();
    for (path, block) in &example.fixed {
        let text =
            after.iter().find(|(p, _)| p == local(path)).map(|(_, t)| t.as_str()).ok_or_else(|| format!("no file {path}"))?;
        let trimmed = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        if trimmed(text) != trimmed(&block.text) {
            problems.push(format!("{path} is not what line {} says after the fix:\n{text}", block.line));
        }
    }
    let rest = all(&example.language, &after, &select);
    if !example.fixed.is_empty() {
        problems.extend(rest.iter().map(|(_, (mark, message))| format!("still reported: {}", shown(mark, message))));
    }
    if rest.len() + count > all(&example.language, &before, &select).len() {
        problems.push(format!("{count} fixed, and still there: {rest:?}"));
    }
    // Of all rules of the default profile, how often each is reported.
    let counts = |files: &[(String, String)]| {
        let mut counts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (_, ((_, _, _, rule), message)) in all(&example.language, files, &plain) {
            counts.entry(rule).or_default().push(message);
        }
        counts
    };
    let old = counts(&before);
    for (rule, messages) in counts(&after) {
        if messages.len() > old.get(&rule).map_or(0, Vec::len) {
            problems.push(format!("the fix brings a finding of {rule}: {messages:?}"));
        }
    }
    let (again, more) = fix(&example.language, &after, &select)?;
    if more > 0 || again != after {
        problems.push(format!("a second run fixes {more} more: {again:?}"));
    }
    if problems.is_empty() { Ok(Some(after)) } else { Err(problems.join("\n")) }
}

/// The files with all fixes applied, and how many findings were fixed.
fn fix(language: &str, files: &[(String, String)], settings: &Settings) -> Result<(Vec<(String, String)>, usize), String> {
    let memory = memory(files);
    let root = root(language, files);
    let analyze = |files: &dyn Files| (lint401::analyze(files, std::slice::from_ref(&root), settings), ());
    let wanted = Wanted { unsafe_too: true, finding: &|_, _| true, file: &|_| true };
    let run = fix::run::<(), Infallible>(&memory, Path::new(""), analyze(&memory), &wanted, &mut |files| Ok(analyze(files)));
    let Ok(fixed) = run;
    if let Some(dropped) = fixed.dropped.first() {
        return Err(format!("a fix was left out: {dropped:?}"));
    }
    let text = |(path, text): &(String, String)| {
        let changed = fixed.files.iter().find(|file| file.path == Path::new(path));
        let text = changed.map_or(text.clone(), |file| String::from_utf8_lossy(&file.after).into_owned());
        (path.clone(), text)
    };
    Ok((files.iter().map(text).collect(), fixed.findings.values().sum()))
}

/// The example after all its fixes, for the real server; `None`: there are none, or more is wrong with it.
pub(crate) fn after_fixes(page: &Page, example: &Example) -> Result<Option<Example>, String> {
    let Some(after) = fixed(page, example)? else { return Ok(None) };
    let select = Settings { select: vec![page.meta.id.clone()], ..settings(example)? };
    let refused = example.witness.as_ref().is_some_and(|witness| witness.text.contains("=> refused"));
    if refused && !all(&example.language, &after, &select).is_empty() {
        return Ok(None);
    }
    let mut mended = example.clone();
    for ((_, block), (_, text)) in mended.files.iter_mut().zip(after) {
        block.text = text;
    }
    Ok(Some(mended))
}

fn done(problems: &[String]) -> Result<(), String> {
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}
