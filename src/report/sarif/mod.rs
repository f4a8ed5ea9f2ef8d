//! [SARIF 2.1.0], whole: all rules with their pages, fingerprints, fixes, and the witness as a flow.
//!
//! [SARIF 2.1.0]: https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html

mod driver;
mod line_hash;
mod log;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::io::{self, Write};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rayon::prelude::*;

use self::driver::Rules;
use self::line_hash::LineHash;
use self::log::{
    Artifact, ArtifactChange, ArtifactLocation, AutomationDetails, CodeFlow, Fix, FixProperties, InsertedContent, Invocation,
    Level, Location, Log, LogicalLocation, Message, Notification, PartialFingerprints, PhysicalLocation, Region, Replacement,
    Result, ResultProperties, Run, Suppression, ThreadFlow, ThreadFlowLocation, Tool, WebRequest,
};
use super::{By, Item, Report, can_be_applied, excerpt, human, line};
use crate::analysis::INTERNAL_ERROR;
use crate::finding;
use crate::mask::mask;
use crate::model::Request;
use crate::source::{FileId, Position, SourceFile, Span};

/// The schema, as the editors of the standard ask for it to be named.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// How many results GitHub takes in one run; it refuses a file with more.
const RESULTS: usize = 25_000;
/// What a path may hold in a URI as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Writes the log, also when there is nothing in it.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let builder = Builder::new(report);
    let log = Log { schema: SCHEMA, version: "2.1.0", runs: [builder.run()] };
    let mut out = io::BufWriter::new(out);
    serde_json::to_writer(&mut out, &log)?;
    out.write_all(b"\n")?;
    out.flush()
}

struct Builder<'a> {
    report: &'a Report<'a>,
    rules: Rules,
    /// The addresses of all files, by number.
    uris: Vec<String>,
    /// The hashes of the lines of each file with a finding.
    line_hashes: HashMap<FileId, Vec<LineHash>>,
}

impl<'a> Builder<'a> {
    fn new(report: &'a Report<'a>) -> Self {
        let sources = &report.analysis.sources;
        let all = report.findings.iter().copied().chain(report.suppressed.iter().map(|s| s.reported));
        let files: BTreeSet<FileId> = all.map(|reported| reported.finding.primary.file).collect();
        Self {
            report,
            rules: Rules::new(),
            uris: sources.iter().map(|(_, file)| uri(report, &file.path)).collect(),
            line_hashes: files.into_par_iter().map(|file| (file, line_hash::of_lines(sources.file(file).text()))).collect(),
        }
    }

    fn run(&'a self) -> Run<'a> {
        let report = self.report;
        let mut all = report.items();
        let omitted = all.len().saturating_sub(RESULTS);
        if omitted > 0 {
            all.sort_by_key(|item| (item.suppressed.is_some(), std::cmp::Reverse(item.reported.severity)));
            all.truncate(RESULTS);
        }
        let broken = report.findings.iter().any(|reported| reported.finding.rule == INTERNAL_ERROR);
        Run {
            tool: Tool { driver: self.rules.driver() },
            invocations: [Invocation {
                execution_successful: report.unreadable.is_empty() && !broken,
                rule_configuration_overrides: self.rules.overrides(report.settings),
                tool_execution_notifications: self.notifications(omitted),
            }],
            artifacts: report
                .analysis
                .files
                .iter()
                .map(|file| Artifact { location: self.artifact(&file.path), roles: ["analysisTarget"] })
                .collect(),
            results: all.into_par_iter().map(|item| self.result(item)).collect(),
            automation_details: AutomationDetails { id: "lint401/" },
            column_kind: "unicodeCodePoints",
        }
    }

    fn notifications(&self, omitted: usize) -> Vec<Notification<'a>> {
        let say = |level, text: String, path: Option<Cow<str>>| Notification {
            level,
            message: Message { text: text.into() },
            locations: path.map(|path| whole_file(self.artifact(&path))).into_iter().collect(),
        };
        let unreadable = self.report.unreadable.iter().map(|unreadable| {
            say(Level::Error, format!("not read: {}", unreadable.reason), Some(unreadable.path.to_string_lossy()))
        });
        let skipped = self.report.skipped.iter().map(|skipped| {
            say(Level::Note, format!("not checked: {}", skipped.kind.as_str()), Some(skipped.path.to_string_lossy()))
        });
        let many = (omitted > 0).then(|| {
            let text = format!("{omitted} results of the lowest severity are left out: services take {RESULTS}");
            say(Level::Warning, text, None)
        });
        let stale = self.report.baseline.unwrap_or_default().iter().map(|stale| {
            let (rule, anchor) = (&stale.key.rule, line(&stale.key.anchor));
            // The path is that of the baseline, which need not be one that is checked.
            say(Level::Note, format!("stale in the baseline: {rule} in {} at {anchor}", line(&stale.key.path)), None)
        });
        unreadable.chain(skipped).chain(many).chain(stale).collect()
    }

    fn result(&'a self, Item { reported, fingerprint, suppressed }: Item<'a>) -> Result<'a> {
        let finding = &reported.finding;
        // Covered once for all places where they stand.
        let message = line(&finding.message);
        let related: Vec<_> = finding.related.iter().map(|label| (label.span, line(&label.message))).collect();
        let region = || region(self.report.region(reported));
        let context = Some(&finding.context).filter(|context| !context.is_empty());
        let primary = Location {
            logical_locations: context.map(|context| [LogicalLocation { fully_qualified_name: line(context) }]),
            ..self.location(finding.primary.file, region(), None)
        };
        let flow = |request| CodeFlow {
            message: Message { text: format!("witness: {}", human::witness(request)).into() },
            thread_flows: [ThreadFlow {
                // The way of the witness: what leads to the directive that decides, then that.
                locations: related
                    .iter()
                    .map(|(span, text)| self.place(*span, text.clone()))
                    .chain([self.location(finding.primary.file, region(), Some(message.clone()))])
                    .map(|location| ThreadFlowLocation { location })
                    .collect(),
            }],
        };
        Result {
            rule_id: finding.rule,
            rule_index: self.rules.index(finding.rule),
            level: reported.severity.into(),
            message: linked(&message, &related),
            locations: [primary],
            code_flows: finding.witness.as_ref().map(|request| [flow(request)]),
            partial_fingerprints: PartialFingerprints {
                line_hash: self.line_hash(finding.primary.file, reported.start),
                structure: fingerprint,
            },
            fixes: finding.fix.as_ref().filter(|fix| can_be_applied(fix)).map(|fix| [self.fix(fix)]),
            suppressions: suppressed.map(suppression).into_iter().collect(),
            baseline_state: self.report.baseline.map(|_| match suppressed {
                Some((By::Baseline, _)) => "unchanged",
                _ => "new",
            }),
            web_request: finding.witness.as_deref().map(web_request),
            properties: ResultProperties { confidence: finding.confidence, help: finding.help.as_deref().map(line) },
            related_locations: related
                .into_iter()
                .enumerate()
                // The number that the message links to.
                .map(|(i, (span, text))| Location { id: Some(i + 1), ..self.place(span, text) })
                .collect(),
        }
    }

    fn fix(&'a self, fix: &'a finding::Fix) -> Fix<'a> {
        let mut files: Vec<FileId> = fix.edits.iter().map(|edit| edit.span.file).collect();
        files.sort_unstable();
        files.dedup();
        let replacement = |edit: &'a finding::Edit| Replacement {
            deleted_region: region(self.report.analysis.sources.positions(edit.span)),
            inserted_content: InsertedContent { text: &edit.text },
        };
        let change = |file| ArtifactChange {
            artifact_location: self.artifact_of(file),
            replacements: fix.edits.iter().filter(|edit| edit.span.file == file).map(replacement).collect(),
        };
        Fix {
            description: Message { text: Cow::Borrowed(&fix.title) },
            artifact_changes: files.into_iter().map(change).collect(),
            properties: FixProperties { applicability: fix.applicability },
        }
    }

    fn place(&'a self, span: Span, message: Cow<'a, str>) -> Location<'a> {
        self.location(span.file, region(self.report.analysis.sources.positions(span)), Some(message))
    }

    fn location(&'a self, file: FileId, region: Region, message: Option<Cow<'a, str>>) -> Location<'a> {
        Location {
            id: None,
            physical_location: PhysicalLocation { artifact_location: self.artifact_of(file), region: Some(region) },
            logical_locations: None,
            message: message.map(|text| Message { text }),
        }
    }

    fn artifact_of(&'a self, file: FileId) -> ArtifactLocation<'a> {
        ArtifactLocation { uri: Cow::Borrowed(self.uris.get(file.0 as usize).map_or("", String::as_str)) }
    }

    fn artifact(&self, path: &str) -> ArtifactLocation<'a> {
        ArtifactLocation { uri: uri(self.report, path).into() }
    }

    /// The hash that GitHub would compute, unless a secret is part of what it is computed from: it could be guessed from the hash.
    fn line_hash(&self, file: FileId, start: Position) -> Option<String> {
        let source = self.report.analysis.sources.file(file);
        if !source.invalid_utf8().is_empty() || hashes_a_secret(source, start.line) {
            return None;
        }
        let hash = self.line_hashes.get(&file)?.get(start.line.saturating_sub(1) as usize)?;
        Some(hash.to_string())
    }
}

/// Whether a secret is part of what the hash of a line is made of.
fn hashes_a_secret(file: &SourceFile, line: u32) -> bool {
    let start = file.line_start(line);
    let text = file.text().get(start as usize..).unwrap_or_default();
    let mut counted = text.char_indices().filter(|(_, c)| !c.is_whitespace());
    let end = start + counted.nth(line_hash::UNITS).map_or(text.len(), |(i, _)| i) as u32;
    let found = excerpt::secrets(file, line..=file.position(end).line, start..end);
    found.iter().any(|secret| secret.start < end && start < secret.end)
}

fn suppression((by, reason): (By, Option<&str>)) -> Suppression<'_> {
    Suppression {
        kind: match by {
            By::Comment => "inSource",
            By::Baseline => "external",
        },
        status: "accepted",
        justification: reason.map(line),
    }
}

/// A path as a URI reference: from the root of the repository where it lies in one.
fn uri(report: &Report, path: &str) -> String {
    let whole = if path.starts_with('/') { "file://" } else { "" };
    format!("{whole}{}", utf8_percent_encode(&report.in_repository(path), PATH))
}

fn region((start, end): (Position, Position)) -> Region {
    Region { start_line: start.line, start_column: start.column, end_line: end.line, end_column: end.column }
}

fn whole_file(artifact_location: ArtifactLocation) -> Location {
    Location {
        id: None,
        physical_location: PhysicalLocation { artifact_location, region: None },
        logical_locations: None,
        message: None,
    }
}

/// What happens, with a link to each of the other places.
///
/// Braces are not doubled, as a message with placeholders would need it: there are no arguments, and services show the text as it is.
fn linked<'a>(text: &Cow<'a, str>, related: &[(Span, Cow<str>)]) -> Message<'a> {
    // Brackets are markup only where a link is.
    let text = if text.contains("](") { Cow::Owned(bracketed(text)) } else { text.clone() };
    if related.is_empty() {
        return Message { text };
    }
    let links = related.iter().enumerate().map(|(i, (_, label))| format!("[{}]({})", bracketed(label), i + 1));
    let links: Vec<String> = links.collect();
    Message { text: format!("{text} ({})", links.join(", ")).into() }
}

/// The text with brackets escaped, as in the text of a link.
fn bracketed(text: &str) -> String {
    super::replaced(text, &[('\\', "\\\\"), ('[', "\\["), (']', "\\]")]).into_owned()
}

fn web_request(request: &Request) -> WebRequest<'_> {
    let names = request.headers.iter().map(|(name, _)| name.as_str());
    WebRequest {
        protocol: "HTTP",
        method: &request.method,
        target: Cow::Owned(mask(&request.target()).into_owned()),
        headers: names.map(|name| (name, "***")).collect(),
    }
}
