//! [SARIF 2.1.0], whole: all rules with their pages, fingerprints, fixes, and the witness as a flow.
//!
//! [SARIF 2.1.0]: https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html

mod driver;
mod line_hash;
mod log;

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Write};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use self::driver::Rules;
use self::log::{
    Artifact, ArtifactChange, ArtifactLocation, AutomationDetails, CodeFlow, Fix, FixProperties, InsertedContent, Invocation,
    Level, Location, Log, LogicalLocation, Message, Notification, PartialFingerprints, PhysicalLocation, Region, Replacement,
    Result, ResultProperties, Run, ThreadFlow, ThreadFlowLocation, Tool, WebRequest,
};
use super::{Report, can_be_applied, excerpt, human, line};
use crate::analysis::{INTERNAL_ERROR, Reported};
use crate::finding::{self, Finding};
use crate::fingerprint::Fingerprint;
use crate::mask::mask;
use crate::model::Request;
use crate::source::{FileId, Position, SourceFile};

/// The schema, as the editors of the standard ask for it to be named.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// How many results GitHub takes in one run; it refuses a file with more.
const RESULTS: usize = 25_000;
/// What a path may hold in a URI as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Writes the log, also when there is nothing in it.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut builder = Builder { report, rules: Rules::new(), uris: HashMap::new(), line_hashes: HashMap::new() };
    let log = Log { schema: SCHEMA, version: "2.1.0", runs: [builder.run()] };
    let mut out = io::BufWriter::new(out);
    serde_json::to_writer(&mut out, &log)?;
    out.write_all(b"\n")?;
    out.flush()
}

struct Builder<'a> {
    report: &'a Report<'a>,
    rules: Rules,
    uris: HashMap<FileId, String>,
    /// The hashes of the lines of each file that was asked for.
    line_hashes: HashMap<FileId, Vec<String>>,
}

impl<'a> Builder<'a> {
    fn run(&mut self) -> Run<'a> {
        let report = self.report;
        let mut all: Vec<_> = report.findings.iter().copied().zip(report.fingerprints()).collect();
        let omitted = all.len().saturating_sub(RESULTS);
        if omitted > 0 {
            all.sort_by_key(|(reported, _)| std::cmp::Reverse(reported.severity));
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
            results: all.into_iter().map(|(reported, fingerprint)| self.result(reported, fingerprint)).collect(),
            automation_details: AutomationDetails { id: "lint401/" },
            column_kind: "unicodeCodePoints",
        }
    }

    fn notifications(&self, omitted: usize) -> Vec<Notification<'a>> {
        let say = |level, text: Cow<'a, str>, path: Option<Cow<'a, str>>| Notification {
            level,
            message: Message { text },
            locations: path.map(|path| whole_file(self.artifact(&path))).into_iter().collect(),
        };
        let unreadable = self.report.unreadable.iter().map(|unreadable| {
            say(Level::Error, format!("not read: {}", unreadable.reason).into(), Some(unreadable.path.to_string_lossy()))
        });
        let skipped = self.report.skipped.iter().map(|skipped| {
            say(Level::Note, format!("not checked: {}", skipped.kind.as_str()).into(), Some(skipped.path.to_string_lossy()))
        });
        let many = (omitted > 0).then(|| {
            let text = format!("{omitted} results of the lowest severity are left out: services take {RESULTS}");
            say(Level::Warning, text.into(), None)
        });
        unreadable.chain(skipped).chain(many).collect()
    }

    fn result(&mut self, reported: &'a Reported, fingerprint: Fingerprint) -> Result<'a> {
        let finding = &reported.finding;
        let (file, region) = (finding.primary.file, region(self.report.region(reported)));
        let mut primary = self.location(file, region, None);
        if !finding.context.is_empty() {
            primary.logical_locations = Some([LogicalLocation { fully_qualified_name: line(&finding.context) }]);
        }
        let related = finding.related.iter().enumerate().map(|(i, label)| Location {
            // The number that the message links to.
            id: Some(i + 1),
            ..self.label(label)
        });
        let related_locations = related.collect();
        Result {
            rule_id: finding.rule,
            rule_index: self.rules.index(finding.rule),
            level: reported.severity.into(),
            message: message(finding),
            locations: [primary],
            related_locations,
            code_flows: finding.witness.as_ref().map(|request| [self.flow(reported, request)]),
            partial_fingerprints: PartialFingerprints { line_hash: self.line_hash(file, reported.start), structure: fingerprint },
            fixes: finding.fix.as_ref().filter(|fix| can_be_applied(fix)).map(|fix| [self.fix(fix)]),
            web_request: finding.witness.as_deref().map(web_request),
            properties: ResultProperties { confidence: finding.confidence, help: finding.help.as_deref().map(line) },
        }
    }

    /// The way of the witness: what leads to the directive that decides, then that.
    fn flow(&mut self, reported: &'a Reported, request: &'a Request) -> CodeFlow<'a> {
        let finding = &reported.finding;
        let mut locations: Vec<_> =
            finding.related.iter().map(|label| ThreadFlowLocation { location: self.label(label) }).collect();
        let decides = Some(line(&finding.message));
        let primary = self.location(finding.primary.file, region(self.report.region(reported)), decides);
        locations.push(ThreadFlowLocation { location: primary });
        CodeFlow {
            message: Message { text: format!("witness: {}", human::witness(request)).into() },
            thread_flows: [ThreadFlow { locations }],
        }
    }

    fn fix(&mut self, fix: &'a finding::Fix) -> Fix<'a> {
        let mut artifact_changes: Vec<ArtifactChange> = Vec::new();
        let mut files: Vec<FileId> = Vec::new();
        for edit in &fix.edits {
            let replacement = Replacement {
                deleted_region: region(self.report.analysis.sources.positions(edit.span)),
                inserted_content: InsertedContent { text: &edit.text },
            };
            let same = files.iter().position(|file| *file == edit.span.file).and_then(|i| artifact_changes.get_mut(i));
            if let Some(change) = same {
                change.replacements.push(replacement);
            } else {
                files.push(edit.span.file);
                let artifact_location = self.artifact_of(edit.span.file);
                artifact_changes.push(ArtifactChange { artifact_location, replacements: vec![replacement] });
            }
        }
        Fix {
            description: Message { text: Cow::Borrowed(&fix.title) },
            artifact_changes,
            properties: FixProperties { applicability: fix.applicability },
        }
    }

    fn label(&mut self, label: &'a finding::Label) -> Location<'a> {
        let at = region(self.report.analysis.sources.positions(label.span));
        self.location(label.span.file, at, Some(line(&label.message)))
    }

    fn location(&mut self, file: FileId, region: Region, message: Option<Cow<'a, str>>) -> Location<'a> {
        Location {
            id: None,
            physical_location: PhysicalLocation { artifact_location: self.artifact_of(file), region: Some(region) },
            logical_locations: None,
            message: message.map(|text| Message { text }),
        }
    }

    fn artifact_of(&mut self, file: FileId) -> ArtifactLocation<'a> {
        let report = self.report;
        let uri = self.uris.entry(file).or_insert_with(|| uri(report.folder, &report.analysis.sources.file(file).path));
        ArtifactLocation { uri: Cow::Owned(uri.clone()) }
    }

    fn artifact(&self, path: &str) -> ArtifactLocation<'a> {
        ArtifactLocation { uri: uri(self.report.folder, path).into() }
    }

    /// The hash that GitHub would compute, unless a secret is part of what it is computed from: it could be guessed from the hash.
    fn line_hash(&mut self, file: FileId, start: Position) -> Option<String> {
        let source = self.report.analysis.sources.file(file);
        if !source.invalid_utf8().is_empty() || hashes_a_secret(source, start.line) {
            return None;
        }
        let hashes = self.line_hashes.entry(file).or_insert_with(|| line_hash::of_lines(source.text()));
        hashes.get(start.line.saturating_sub(1) as usize).cloned()
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

/// A path as a URI reference: from the root of the repository where it lies in one.
fn uri(folder: &str, path: &str) -> String {
    if path.starts_with('/') {
        return format!("file://{}", utf8_percent_encode(path, PATH));
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    utf8_percent_encode(&parts.join("/"), PATH).to_string()
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
fn message(finding: &Finding) -> Message<'_> {
    let text = line(&finding.message);
    // Brackets are markup only where a link is.
    let text = if text.contains("](") { Cow::Owned(bracketed(&text)) } else { text };
    if finding.related.is_empty() {
        return Message { text };
    }
    let links = finding.related.iter().enumerate().map(|(i, label)| format!("[{}]({})", bracketed(&line(&label.message)), i + 1));
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
