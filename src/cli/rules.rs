//! `lint401 rules`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::args::InputArgs;
use super::{CLEAN, Failure, input, output};
use crate::catalogue::{self, FrontMatter};
use crate::config::{self, Config};
use crate::discover;
use crate::files::{Disk, normalize};
use crate::finding::{Finding, Severity};
use crate::report::docs_url;
use crate::selection::Selection;
use crate::source::{FileId, Span};

#[derive(Debug, Args)]
pub(super) struct RulesArgs {
    /// As JSON
    #[arg(long, env = "LINT401_RULES_JSON", hide_env = true)]
    pub(super) json: bool,
    /// Only the rules that run for a file, with the severity that they have there
    #[arg(long, value_name = "FILE", env = "LINT401_RULES_ENABLED_FOR", hide_env = true)]
    pub(super) enabled_for: Option<PathBuf>,
}

/// What is known about a rule, for programs.
pub(super) fn as_json(meta: &FrontMatter) -> serde_json::Value {
    json!({
        "id": meta.id, "summary": meta.summary, "category": meta.category, "severity": meta.severity,
        "confidence": meta.confidence, "profile": meta.profile.as_str(), "security_severity": meta.security_severity,
        "formats": meta.formats, "fix": meta.fix, "status": meta.status, "since": meta.since, "aliases": meta.aliases,
        "options": meta.options, "tags": meta.tags, "references": meta.references, "url": docs_url(&meta.id),
    })
}

/// The severity that each rule has for a file by the settings that hold for it; rules that do not run there are left out.
fn enabled(path: &Path) -> Result<BTreeMap<&'static str, Severity>, Failure> {
    let base = input::base()?;
    let file = normalize(&base.join(path));
    let config = match super::config::wanted(Some(path))? {
        Some(found) => config::read(&Disk, &found)?,
        None => Config::default(),
    };
    if config.excludes(&file) {
        return Ok(BTreeMap::new());
    }
    let settings = input::settings(&InputArgs::default(), &config)?;
    let selection = Selection::new(&settings);
    let shown = discover::shown(&file, &base).to_string_lossy().into_owned();
    let severity = |id: &'static str| {
        let anywhere = Finding::new(id, Span::new(FileId(0), 0, 0), "");
        (selection.runs(id) && selection.shows(id)).then(|| selection.severity(&anywhere, &shown)).flatten()
    };
    Ok(crate::selection::rule_ids().into_iter().filter_map(|id| Some((id, severity(id)?))).collect())
}

pub(super) fn run(args: &RulesArgs) -> Result<u8, Failure> {
    let mut pages: Vec<FrontMatter> = catalogue::pages().map(|(_, page)| page.meta.clone()).collect();
    if let Some(path) = &args.enabled_for {
        let enabled = enabled(path)?;
        pages.retain_mut(|meta| {
            let severity = enabled.get(meta.id.as_str());
            meta.severity = *severity.unwrap_or(&meta.severity);
            severity.is_some()
        });
    }
    if args.json {
        let rules: Vec<_> = pages.iter().map(as_json).collect();
        let text = serde_json::to_string_pretty(&json!({"schema_version": 1, "rules": rules})).map_err(std::io::Error::from)?;
        output::print(&format!("{text}\n"))?;
        return Ok(CLEAN);
    }
    let width = pages.iter().map(|meta| meta.id.len()).max().unwrap_or(0).max(4);
    let mut text = String::new();
    let mut row = |cells: [&str; 9]| {
        let [id, severity, confidence, profile, status, formats, fix, since, summary] = cells;
        let _ = writeln!(
            text,
            "{id:<width$}  {severity:<8}  {confidence:<10}  {profile:<7}  {status:<10}  {formats:<18}  {fix:<6}  {since:<6}  {summary}"
        );
    };
    row(["RULE", "SEVERITY", "CONFIDENCE", "PROFILE", "STATUS", "FORMATS", "FIX", "SINCE", "SUMMARY"]);
    for meta in &pages {
        let formats = meta.formats.join(", ");
        let (severity, confidence, status) = (meta.severity.as_str(), meta.confidence.as_str(), meta.status.as_str());
        row([&meta.id, severity, confidence, meta.profile.as_str(), status, &formats, &meta.fix, &meta.since, &meta.summary]);
    }
    output::print(&text)?;
    Ok(CLEAN)
}
