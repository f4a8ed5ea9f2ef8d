//! [Reviewdog's diagnostic format], as one document or one finding a line. Its columns count bytes of UTF-8 and its ends are
//! exclusive.
//!
//! [Reviewdog's diagnostic format]: https://github.com/reviewdog/reviewdog/tree/master/proto/rdf

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::{Report, can_be_applied, docs_url, line};
use crate::analysis::Reported;
use crate::finding::{Edit, Fix, Severity};
use crate::source::{FileId, Position, Span};

#[derive(Serialize)]
struct Document<'a> {
    source: Source,
    diagnostics: Vec<Diagnostic<'a>>,
}

#[derive(Clone, Copy, Serialize)]
struct Source {
    name: &'static str,
    url: &'static str,
}

const SOURCE: Source = Source { name: env!("CARGO_PKG_NAME"), url: env!("CARGO_PKG_REPOSITORY") };

#[derive(Serialize)]
struct Diagnostic<'a> {
    message: String,
    location: Location<'a>,
    severity: &'static str,
    source: Source,
    code: Code<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggestions: Vec<Suggestion<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Related<'a>>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    range: Range,
}

#[derive(Serialize)]
struct Range {
    start: Place,
    end: Place,
}

#[derive(Serialize)]
struct Place {
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct Code<'a> {
    value: &'a str,
    url: String,
}

#[derive(Serialize)]
struct Suggestion<'a> {
    range: Range,
    text: &'a str,
}

#[derive(Serialize)]
struct Related<'a> {
    message: Cow<'a, str>,
    location: Location<'a>,
}

/// Writes one document, also when there is nothing in it.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let document =
        Document { source: SOURCE, diagnostics: report.findings.iter().map(|reported| diagnostic(report, reported)).collect() };
    let mut out = io::BufWriter::new(out);
    serde_json::to_writer(&mut out, &document)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Writes each finding as one line of JSON.
pub fn write_lines(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    for reported in &report.findings {
        serde_json::to_writer(&mut out, &diagnostic(report, reported))?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

fn diagnostic<'a>(report: &'a Report<'a>, reported: &'a Reported) -> Diagnostic<'a> {
    let sources = &report.analysis.sources;
    let finding = &reported.finding;
    let range = |file: FileId, (start, end): (Position, Position)| {
        let place = |at: Position| Place { line: at.line, column: sources.file(file).byte_column(at) };
        Range { start: place(start), end: place(end) }
    };
    let span = |span: Span| range(span.file, sources.positions(span));
    let message = line(&finding.message);
    Diagnostic {
        message: match &finding.help {
            Some(help) => format!("{message}\n\nhelp: {}", line(help)),
            None => message.into_owned(),
        },
        location: Location { path: report.path(reported), range: range(finding.primary.file, report.region(reported)) },
        severity: match reported.severity {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
            Severity::Info => "INFO",
        },
        source: SOURCE,
        code: Code { value: finding.rule, url: docs_url(finding.rule) },
        suggestions: suggested(finding.fix.as_deref(), finding.primary.file)
            .map(|edit| Suggestion { range: span(edit.span), text: &edit.text })
            .collect(),
        related_locations: finding
            .related
            .iter()
            .map(|label| Related {
                message: line(&label.message),
                location: Location { path: &sources.file(label.span.file).path, range: span(label.span) },
            })
            .collect(),
    }
}

/// The edit to suggest. A suggestion is applied by itself and in the file of the finding, so a fix of several edits is none.
fn suggested(fix: Option<&Fix>, file: FileId) -> impl Iterator<Item = &Edit> {
    let one = fix.filter(|fix| can_be_applied(fix)).and_then(|fix| match fix.edits.as_slice() {
        [edit] if edit.span.file == file => Some(edit),
        _ => None,
    });
    one.into_iter()
}
