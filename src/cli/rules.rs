//! `lint401 rules`

use std::fmt::Write as _;

use serde_json::json;

use super::args::RulesArgs;
use super::{CLEAN, Failure, output};
use crate::catalogue::{self, FrontMatter};
use crate::report::docs_url;

/// What is known about a rule, for programs.
pub(super) fn as_json(meta: &FrontMatter) -> serde_json::Value {
    json!({
        "id": meta.id, "summary": meta.summary, "category": meta.category, "severity": meta.severity,
        "confidence": meta.confidence, "profile": meta.profile.as_str(), "security_severity": meta.security_severity,
        "formats": meta.formats, "fix": meta.fix, "status": meta.status, "since": meta.since, "aliases": meta.aliases,
        "options": meta.options, "tags": meta.tags, "references": meta.references, "url": docs_url(&meta.id),
    })
}

pub(super) fn run(args: &RulesArgs) -> Result<u8, Failure> {
    let pages: Vec<&FrontMatter> = catalogue::pages().map(|(_, page)| &page.meta).collect();
    if args.json {
        let rules: Vec<_> = pages.iter().map(|meta| as_json(meta)).collect();
        let text = serde_json::to_string_pretty(&json!({"schema_version": 1, "rules": rules})).map_err(std::io::Error::from)?;
        output::print(&format!("{text}\n"))?;
        return Ok(CLEAN);
    }
    let width = pages.iter().map(|meta| meta.id.len()).max().unwrap_or(0).max(4);
    let mut text = String::new();
    let mut row = |cells: [&str; 7]| {
        let [id, severity, confidence, profile, formats, fix, summary] = cells;
        let _ = writeln!(text, "{id:<width$}  {severity:<8}  {confidence:<10}  {profile:<7}  {formats:<17}  {fix:<6}  {summary}");
    };
    row(["RULE", "SEVERITY", "CONFIDENCE", "PROFILE", "FORMATS", "FIX", "SUMMARY"]);
    for meta in pages {
        let formats = meta.formats.join(", ");
        let (severity, confidence) = (meta.severity.as_str(), meta.confidence.as_str());
        row([&meta.id, severity, confidence, meta.profile.as_str(), &formats, &meta.fix, &meta.summary]);
    }
    output::print(&text)?;
    Ok(CLEAN)
}
