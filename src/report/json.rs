//! Everything about an analysis as one JSON document.

use std::collections::HashMap;
use std::io::{self, Write};

use serde::Serialize;

use super::{Report, docs_url};
use crate::analysis::Reported;
use crate::finding::{Applicability, Severity};
use crate::mask::{mask, prose};
use crate::source::{Position, Span};

/// The version of the document's form: new fields do not change it.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    tool: Tool,
    summary: Summary,
    diagnostics: Vec<Diagnostic<'a>>,
    errors: Vec<JobError>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Summary {
    files: usize,
    not_checked: usize,
    errors: usize,
    warnings: usize,
    infos: usize,
    ignored: usize,
    baselined: usize,
    hidden_by_profile: usize,
}

#[derive(Serialize)]
struct Diagnostic<'a> {
    rule: &'a str,
    severity: &'static str,
    confidence: &'static str,
    message: String,
    help: Option<String>,
    url: String,
    path: &'a str,
    start: Place,
    end: Place,
    context: String,
    witness: Option<Witness>,
    related: Vec<Related<'a>>,
    fix: Option<Fix<'a>>,
    fingerprint: String,
    suppressed: Option<()>,
}

#[derive(Clone, Copy, Serialize)]
struct Place {
    line: u32,
    column: u32,
    offset: u32,
}

impl From<Position> for Place {
    fn from(p: Position) -> Self {
        Self { line: p.line, column: p.column, offset: p.offset }
    }
}

#[derive(Serialize)]
struct Witness {
    method: String,
    scheme: &'static str,
    host: String,
    port: u16,
    target: String,
    headers: Vec<String>,
}

#[derive(Serialize)]
struct Related<'a> {
    message: String,
    path: &'a str,
    start: Place,
    end: Place,
}

#[derive(Serialize)]
struct Fix<'a> {
    applicability: Applicability,
    title: &'a str,
    edits: Vec<Edit<'a>>,
}

#[derive(Serialize)]
struct Edit<'a> {
    path: &'a str,
    start: Place,
    end: Place,
    text: String,
}

#[derive(Serialize)]
struct JobError {
    path: String,
    message: String,
}

/// Writes the document, also when there is nothing to report.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut seen = HashMap::new();
    let document = Document {
        schema_version: SCHEMA_VERSION,
        tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        summary: Summary {
            files: report.analysis.files.len(),
            not_checked: report.skipped.len(),
            errors: report.count(Severity::Error),
            warnings: report.count(Severity::Warning),
            infos: report.count(Severity::Info),
            ignored: 0,
            baselined: 0,
            hidden_by_profile: report.analysis.hidden_by_profile,
        },
        diagnostics: report.findings.iter().map(|reported| diagnostic(report, reported, &mut seen)).collect(),
        errors: report
            .unreadable
            .iter()
            .map(|e| JobError { path: e.path.to_string_lossy().into_owned(), message: e.reason.clone() })
            .collect(),
    };
    let mut out = io::BufWriter::new(out);
    serde_json::to_writer(&mut out, &document)?;
    out.write_all(b"\n")?;
    out.flush()
}

fn diagnostic<'a>(report: &Report<'a>, reported: &'a Reported, seen: &mut HashMap<u64, u32>) -> Diagnostic<'a> {
    let sources = &report.analysis.sources;
    let finding = &reported.finding;
    let place = |span: Span| {
        let (start, end) = sources.positions(span);
        (sources.file(span.file).path.as_str(), Place::from(start), Place::from(end))
    };
    let path = &sources.file(finding.primary.file).path;
    let hash = fingerprint(&[finding.rule, path, &finding.context, sources.text(finding.primary).trim()]);
    let repeat = seen.entry(hash).and_modify(|n| *n += 1).or_insert(0);
    Diagnostic {
        rule: finding.rule,
        severity: reported.severity.as_str(),
        confidence: finding.confidence.as_str(),
        message: prose(&finding.message).into_owned(),
        help: finding.help.as_deref().map(|help| prose(help).into_owned()),
        url: docs_url(finding.rule),
        path,
        start: reported.start.into(),
        end: reported.end.into(),
        context: prose(&finding.context).into_owned(),
        witness: finding.witness.as_ref().map(|request| Witness {
            method: request.method.clone(),
            scheme: request.scheme.as_str(),
            host: request.host.clone(),
            port: request.port,
            target: mask(&request.target()).into_owned(),
            headers: request.headers.iter().map(|(name, _)| name.clone()).collect(),
        }),
        related: finding
            .related
            .iter()
            .map(|label| {
                let (path, start, end) = place(label.span);
                Related { message: prose(&label.message).into_owned(), path, start, end }
            })
            .collect(),
        fix: finding.fix.as_ref().map(|fix| Fix {
            applicability: fix.applicability,
            title: &fix.title,
            edits: fix
                .edits
                .iter()
                .map(|edit| {
                    let (path, start, end) = place(edit.span);
                    Edit { path, start, end, text: mask(&edit.text).into_owned() }
                })
                .collect(),
        }),
        // The second finding of one text in one context is another finding.
        fingerprint: format!("{:016x}", hash.wrapping_add(u64::from(*repeat))),
        suppressed: None,
    }
}

/// FNV-1a over the parts, each ended by a zero: the same in every release and on every machine.
fn fingerprint(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
