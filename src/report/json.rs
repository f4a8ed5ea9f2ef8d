//! Everything about an analysis as one JSON document.

use std::io::{self, Write};

use serde::Serialize;

use super::{By, Item, Report, can_be_applied, docs_url};
use crate::baseline::Stale;
use crate::finding::{Applicability, Confidence, Severity};
use crate::fingerprint::Fingerprint;
use crate::mask::{mask, prose};
use crate::source::{Position, Span};

/// The version of the document's form: new fields do not change it.
const SCHEMA_VERSION: u32 = 1;

/// What `lint401 check -f json` prints.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Document<'a> {
    /// The version of the form. New fields do not change it; a field that goes or changes its meaning does.
    schema_version: u32,
    tool: Tool,
    summary: Summary,
    /// The findings, those that are accepted too (`suppressed`), by path, line, column and rule.
    diagnostics: Vec<Diagnostic<'a>>,
    /// Entries of the baseline that no finding meets any more.
    stale_baseline: Vec<StaleEntry<'a>>,
    /// What could not be read; then the exit code is 2.
    errors: Vec<JobError>,
}

/// What wrote it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Tool {
    name: &'static str,
    version: &'static str,
}

/// Numbers.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Summary {
    /// Files that were checked.
    files: usize,
    /// Files that were found and are of a kind that is not checked.
    not_checked: usize,
    errors: usize,
    warnings: usize,
    infos: usize,
    /// Findings that a comment accepts.
    ignored: usize,
    /// Findings that the baseline holds.
    baselined: usize,
    /// Findings that only a stricter profile reports.
    hidden_by_profile: usize,
}

/// A finding; also one line of `-f jsonl`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Diagnostic<'a> {
    /// Id of the rule.
    rule: &'a str,
    /// How bad it is.
    severity: Severity,
    /// How sure it is.
    confidence: Confidence,
    /// What happens to which request, in one line.
    message: String,
    /// What to do about it.
    help: Option<String>,
    /// The page of the rule.
    url: String,
    /// The file, relative to the working directory where it lies below it.
    path: &'a str,
    start: Place,
    /// One past the last character.
    end: Place,
    /// Where in the configuration: `http > server example.com > location /api/`.
    context: String,
    witness: Option<Witness>,
    related: Vec<Related<'a>>,
    /// A repair; none where its text would hold a secret.
    fix: Option<Fix<'a>>,
    /// Sixteen hexadecimal digits that stay the same when lines move.
    #[cfg_attr(test, schemars(with = "String", regex(pattern = "^[0-9a-f]{16}$")))]
    fingerprint: Fingerprint,
    /// How the finding is accepted; `null`: it is not.
    suppressed: Option<Suppressed>,
}

/// How a finding is accepted.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Suppressed {
    kind: SuppressionKind,
    /// Why, as the comment or the baseline says.
    reason: Option<String>,
}

/// What accepts a finding.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum SuppressionKind {
    /// A comment in the file.
    Ignore,
    /// The baseline.
    Baseline,
}

/// What of an entry of the baseline no finding meets any more.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct StaleEntry<'a> {
    rule: &'a str,
    /// The file, relative to the folder of the baseline.
    path: &'a str,
    /// Where in the configuration.
    anchor: &'a str,
    /// How many findings are missing.
    count: u32,
}

/// A place in a file.
#[derive(Clone, Copy, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Place {
    /// From 1.
    line: u32,
    /// From 1, in Unicode code points; a tab is one.
    column: u32,
    /// From 0, in bytes.
    offset: u32,
}

impl From<Position> for Place {
    fn from(p: Position) -> Self {
        Self { line: p.line, column: p.column, offset: p.offset }
    }
}

/// The request that shows the fault. Values of header fields are left out.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Witness {
    method: String,
    scheme: &'static str,
    host: String,
    port: u16,
    target: String,
    headers: Vec<String>,
}

/// Another place that plays a part.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Related<'a> {
    message: String,
    path: &'a str,
    start: Place,
    end: Place,
}

/// A mechanical repair.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Fix<'a> {
    applicability: Applicability,
    title: &'a str,
    edits: Vec<Edit<'a>>,
}

/// A replacement of text; where start and end are the same, an insertion.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Edit<'a> {
    path: &'a str,
    start: Place,
    end: Place,
    text: &'a str,
}

/// Something that could not be read.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct JobError {
    path: String,
    message: String,
}

/// Writes the document, also when there is nothing to report.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let (ignored, baselined) = report.accepted();
    let document = Document {
        schema_version: SCHEMA_VERSION,
        tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        summary: Summary {
            files: report.analysis.files.len(),
            not_checked: report.skipped.len(),
            errors: report.count(Severity::Error),
            warnings: report.count(Severity::Warning),
            infos: report.count(Severity::Info),
            ignored,
            baselined,
            hidden_by_profile: report.analysis.hidden_by_profile.len(),
        },
        diagnostics: diagnostics(report).collect(),
        stale_baseline: report.baseline.unwrap_or_default().iter().map(stale).collect(),
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

/// Writes the findings alone, each as one line of JSON.
pub fn write_lines(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    for diagnostic in diagnostics(report) {
        serde_json::to_writer(&mut out, &diagnostic)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

fn diagnostics<'a>(report: &'a Report<'a>) -> impl Iterator<Item = Diagnostic<'a>> {
    report.items().into_iter().map(|item| diagnostic(report, item))
}

fn stale(stale: &Stale) -> StaleEntry<'_> {
    StaleEntry { rule: &stale.key.rule, path: &stale.key.path, anchor: &stale.key.anchor, count: stale.count }
}

fn diagnostic<'a>(report: &'a Report<'a>, Item { reported, fingerprint, suppressed }: Item<'a>) -> Diagnostic<'a> {
    let sources = &report.analysis.sources;
    let finding = &reported.finding;
    let place = |span: Span| {
        let (start, end) = sources.positions(span);
        (sources.file(span.file).path.as_str(), Place::from(start), Place::from(end))
    };
    Diagnostic {
        rule: finding.rule,
        severity: reported.severity,
        confidence: finding.confidence,
        message: prose(&finding.message).into_owned(),
        help: finding.help.as_deref().map(|help| prose(help).into_owned()),
        url: docs_url(finding.rule),
        path: report.path(reported),
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
        fix: finding.fix.as_ref().filter(|fix| can_be_applied(fix)).map(|fix| Fix {
            applicability: fix.applicability,
            title: &fix.title,
            edits: fix
                .edits
                .iter()
                .map(|edit| {
                    let (path, start, end) = place(edit.span);
                    Edit { path, start, end, text: &edit.text }
                })
                .collect(),
        }),
        fingerprint,
        suppressed: suppressed.map(|(by, reason)| Suppressed {
            kind: match by {
                By::Comment => SuppressionKind::Ignore,
                By::Baseline => SuppressionKind::Baseline,
            },
            reason: reason.map(|reason| prose(reason).into_owned()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{Disk, Files as _};

    /// `UPDATE=1 cargo test --lib report::json` writes it anew.
    #[test]
    fn the_published_schema_is_that_of_the_types() {
        const ID: &str = "https://raw.githubusercontent.com/lint401/lint401/main/schema/report.schema.json";
        let mut schema =
            schemars::generate::SchemaSettings::draft07().for_serialize().into_generator().into_root_schema_for::<Document>();
        schema.insert("$id".to_owned(), ID.into());
        schema.insert("title".to_owned(), "Report of lint401".into());
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/report.schema.json");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        let written = Disk.read(path.as_ref()).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), text, "UPDATE=1 writes schema/report.schema.json anew");
    }
}
