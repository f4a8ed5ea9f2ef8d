//! A [Code Quality report] for GitLab: the widget of a merge request.
//!
//! [Code Quality report]: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::{Item, Report, docs_url, line};
use crate::finding::Severity;
use crate::fingerprint::Fingerprint;

#[derive(Serialize)]
struct Issue<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    check_name: &'a str,
    description: Cow<'a, str>,
    content: Content,
    categories: [&'static str; 1],
    severity: &'static str,
    fingerprint: Fingerprint,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Content {
    body: String,
}

#[derive(Serialize)]
struct Location<'a> {
    path: Cow<'a, str>,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

/// Writes the report, also when there is nothing in it.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let issues: Vec<Issue> = report
        .items()
        .into_iter()
        .filter(|item| item.suppressed.is_none())
        .map(|Item { reported, fingerprint, .. }| {
            let finding = &reported.finding;
            let (start, end) = report.region(reported);
            let help = finding.help.as_deref().map(|help| format!("{}\n\n", line(help))).unwrap_or_default();
            Issue {
                kind: "issue",
                check_name: finding.rule,
                description: line(&finding.message),
                content: Content { body: format!("{help}{}", docs_url(finding.rule)) },
                categories: ["Bug Risk"],
                severity: match reported.severity {
                    Severity::Error => "critical",
                    Severity::Warning => "major",
                    Severity::Info => "minor",
                },
                fingerprint,
                location: Location {
                    path: report.in_repository(report.path(reported)),
                    lines: Lines { begin: start.line, end: end.line },
                },
            }
        })
        .collect();
    let mut out = io::BufWriter::new(out);
    serde_json::to_writer(&mut out, &issues)?;
    out.write_all(b"\n")?;
    out.flush()
}
