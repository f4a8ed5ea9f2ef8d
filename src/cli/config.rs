//! `lint401 config`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::args::{ConfigCommand, InputArgs};
use super::project::Configs;
use super::{CLEAN, Failure, input, output};
use crate::analysis::{self, Progress};
use crate::config::{self, Config, NAMES, TAKES_ASSETS};
use crate::files::{Disk, FileKind, Files, normalize};
use crate::finding::Severity;
use crate::settings::Settings;

/// What `init` writes: every table once, as comments.
const TEMPLATE: &str = include_str!("config_template.toml");

pub(super) fn run(command: &ConfigCommand) -> Result<u8, Failure> {
    match command {
        ConfigCommand::Init { from_findings } => init(*from_findings),
        ConfigCommand::Show { path } => show(path.as_deref()),
        ConfigCommand::Validate { path } => validate(path.as_deref()),
        ConfigCommand::Schema => {
            let text = serde_json::to_string_pretty(&config::schema()).map_err(std::io::Error::from)?;
            output::print(&format!("{text}\n"))?;
            Ok(CLEAN)
        }
    }
}

/// The configuration that a path means: itself, or the one that holds for it.
pub(super) fn wanted(path: Option<&Path>) -> Result<Option<PathBuf>, Failure> {
    let base = input::base()?;
    let path = normalize(&base.join(path.unwrap_or(Path::new(""))));
    Ok(match Disk.kind(&path) {
        Some(FileKind::Folder) => config::find(&Disk, &path),
        Some(FileKind::File) if path.extension().is_some_and(|e| e == "toml") => Some(path),
        Some(FileKind::File) => config::find(&Disk, path.parent().unwrap_or(Path::new(""))),
        None => return Err(Failure::usage(format!("{}: there is no such file or folder", input::name(&path)))),
    })
}

fn validate(path: Option<&Path>) -> Result<u8, Failure> {
    let Some(path) = wanted(path)? else {
        return Err(Failure::with_hint("there is no lint401.toml here or above", "`lint401 config init` writes one"));
    };
    config::read(&Disk, &path)?;
    output::print(&format!("{} is valid\n", input::name(&path)))?;
    Ok(CLEAN)
}

fn show(path: Option<&Path>) -> Result<u8, Failure> {
    let config = match wanted(path)? {
        Some(path) => config::read(&Disk, &path)?,
        None => Config::default(),
    };
    let mut settings = Settings::default();
    config.apply(&mut settings);
    let mut text = String::new();
    for path in &config.paths {
        let _ = writeln!(text, "# from {}", input::name(path));
    }
    if config.paths.is_empty() {
        text.push_str("# no lint401.toml here or above: the defaults\n");
    }
    text.push_str(&table(&config, &settings).to_string());
    output::print(&text)?;
    Ok(CLEAN)
}

/// The settings in force in the words of the file; paths and patterns as they were joined to its folder.
fn table(config: &Config, settings: &Settings) -> Table {
    let list = |texts: &[String]| Value::Array(texts.iter().cloned().map(Value::String).collect());
    let mut table = Table::new();
    let mut put = |key: &str, value: Value| drop(table.insert(key.to_owned(), value));
    put("profile", settings.profile.as_str().into());
    put("preview", settings.preview.into());
    put("fail-on", config.fail_on.unwrap_or_default().as_str().into());
    if let Some(roots) = &config.roots {
        put("roots", list(roots));
    }
    let globs = |globs: &[globset::GlobMatcher]| list(&globs.iter().map(|g| g.glob().glob().to_owned()).collect::<Vec<_>>());
    if let Some(exclude) = &config.exclude {
        put("exclude", globs(exclude));
    }
    if let Some(baseline) = &config.baseline {
        put("baseline", baseline.to_string_lossy().into_owned().into());
    }
    let kinds = config.kinds.iter().map(|(glob, entry)| {
        let mut table = Table::from_iter([("kind".to_owned(), Value::from(entry.kind.as_str()))]);
        if let Some(around) = entry.context {
            table.insert("context".to_owned(), around.as_str().into());
        }
        if entry.template.is_some() {
            table.insert("template".to_owned(), "envsubst".into());
        }
        (glob.glob().glob().to_owned(), Value::Table(table))
    });
    put("files", Value::Table(kinds.collect()));
    let map: Table = settings.include_map.iter().map(|(from, to)| (from.clone(), Value::from(to.clone()))).collect();
    put("include-map", map.into());
    let mut rules = severities(&config.rules);
    if let Some(assets) = &config.assets {
        let severity = rules.remove(TAKES_ASSETS).map(|severity| ("severity".to_owned(), severity));
        let table = severity.into_iter().chain([("assets".to_owned(), list(assets))]).collect::<Table>();
        rules.insert(TAKES_ASSETS.to_owned(), table.into());
    }
    put("rules", rules.into());
    let entries = config.per_file.iter().map(|entry| {
        Value::Table(Table::from_iter([
            ("files".to_owned(), globs(&entry.files)),
            ("rules".to_owned(), severities(&entry.rules).into()),
        ]))
    });
    put("per-file", Value::Array(entries.collect()));
    let shown = |(major, minor, patch): (u16, u16, u16)| format!("{major}.{minor}.{patch}");
    let mut facts = Table::from_iter([
        ("login-paths".to_owned(), list(&settings.login_paths)),
        ("trusted-proxies".to_owned(), list(&settings.trusted_proxies)),
        ("required-headers".to_owned(), list(&settings.required_headers)),
        ("nginx-version".to_owned(), shown(settings.nginx_version).into()),
        ("apache-version".to_owned(), shown(settings.apache_version).into()),
    ]);
    if let Some(host) = &settings.canonical_host {
        facts.insert("canonical-host".to_owned(), host.clone().into());
    }
    put("settings", facts.into());
    table
}

fn severities(rules: &BTreeMap<String, Option<Severity>>) -> Table {
    rules.iter().map(|(rule, severity)| (rule.clone(), severity.map_or("off", Severity::as_str).into())).collect()
}

fn init(from_findings: bool) -> Result<u8, Failure> {
    let base = input::base()?;
    if let Some(there) = NAMES.iter().map(|name| base.join(name)).find(|path| Disk.kind(path).is_some()) {
        return Err(Failure::usage(format!("{} is there already", input::name(&there))));
    }
    let mut text = TEMPLATE.to_owned();
    if from_findings {
        text.push_str(&found_now()?);
    }
    let path = base.join(NAMES[0]);
    std::fs::write(&path, text).map_err(|e| Failure::usage(format!("{} cannot be written: {e}", NAMES[0])))?;
    output::print(&format!("wrote {}\n", NAMES[0]))?;
    Ok(CLEAN)
}

/// Entries that turn every rule with findings into an info.
fn found_now() -> Result<String, Failure> {
    let args = InputArgs::default();
    let configs = Configs::new(&args)?;
    let input = input::find(&[], &args, &configs)?;
    let settings = input::settings(&args, &configs.own)?;
    let analysis = analysis::analyze(&*input.files, &input.found.roots, &settings, &Progress::default());
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for reported in analysis.findings.iter().filter(|r| r.severity > Severity::Info) {
        *counts.entry(reported.finding.rule).or_default() += 1;
    }
    let mut text = String::from(
        "\n# Found when this file was written, and only told until it is mended: take the lines out one by one.\n[rules]\n",
    );
    for (rule, count) in counts {
        let _ = writeln!(text, "{rule} = \"info\" # {}", crate::report::plural(count, "finding"));
    }
    Ok(text)
}
