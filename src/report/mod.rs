//! One module per output format: an analysis in, bytes out.

pub mod azure;
pub mod checkstyle;
pub mod concise;
pub mod excerpt;
pub mod github;
pub mod gitlab;
pub mod grouped;
pub mod human;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod rdjson;
pub mod sarif;
mod xml;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::analysis::{Analysis, Reported};
use crate::discover::{Skipped, Unreadable};
use crate::finding::{Fix, Severity};
use crate::fingerprint::{self, Fingerprint};
use crate::mask;
use crate::settings::Settings;
use crate::source::Position;

/// An output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Source excerpts with labels, for people.
    Full,
    /// One line for each finding: `path:line:col: severity: message [rule]`.
    Concise,
    /// The same under the name of each file.
    Grouped,
    /// Everything, for programs.
    Json,
    /// The findings as in `json`, one a line.
    Jsonl,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Workflow commands that become annotations on GitHub.
    Github,
    /// A Code Quality report for GitLab.
    Gitlab,
    /// JUnit XML, a test for each finding and each clean file.
    Junit,
    /// Checkstyle XML.
    Checkstyle,
    /// Reviewdog's diagnostic format.
    Rdjson,
    /// The same, one finding a line.
    Rdjsonl,
    /// Logging commands of Azure Pipelines.
    Azure,
    /// A table for step summaries and comments.
    Markdown,
}

/// How the output looks.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent choice")]
pub struct Look {
    /// With ANSI colours.
    pub color: bool,
    /// With box characters beyond ASCII.
    pub unicode: bool,
    /// As prose for screen readers, without drawings.
    pub narrated: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// At most so many findings in `full`.
    pub max_findings: usize,
    /// With the closing lines of `full`.
    pub summary: bool,
    /// Numbers of findings by rule instead of the findings, in the formats for people.
    pub statistics: bool,
}

/// What is reported.
#[derive(Debug)]
pub struct Report<'a> {
    /// The analysis.
    pub analysis: &'a Analysis,
    /// The findings to show, in order.
    pub findings: Vec<&'a Reported>,
    /// Files that were found and not checked.
    pub skipped: &'a [Skipped],
    /// What could not be read.
    pub unreadable: &'a [Unreadable],
    /// The settings that the analysis ran with.
    pub settings: &'a Settings,
    /// The working directory as seen from the root of its repository: empty, or `deploy/nginx/`.
    pub folder: &'a str,
}

impl Report<'_> {
    /// How many findings of a severity are shown.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|r| r.severity == severity).count()
    }

    /// The path of a finding, as shown.
    pub fn path(&self, reported: &Reported) -> &str {
        &self.analysis.sources.file(reported.finding.primary.file).path
    }

    /// Start and end of a finding, the end in the line of the start: services that show findings in a change show one only if
    /// all its lines are part of the change.
    fn region(&self, reported: &Reported) -> (Position, Position) {
        let file = self.analysis.sources.file(reported.finding.primary.file);
        (reported.start, file.end_in_line(reported.start, reported.end))
    }

    /// The fingerprints of the findings, in their order.
    fn fingerprints(&self) -> Vec<Fingerprint> {
        fingerprint::all(&self.analysis.sources, self.findings.iter().map(|reported| &reported.finding))
    }

    /// The findings of each file: they come sorted by path.
    fn by_file(&self) -> Vec<(&str, Vec<&Reported>)> {
        let mut files: Vec<(&str, Vec<&Reported>)> = Vec::new();
        for reported in &self.findings {
            let path = self.path(reported);
            match files.last_mut() {
                Some((last, findings)) if *last == path => findings.push(reported),
                _ => files.push((path, vec![reported])),
            }
        }
        files
    }

    /// The findings, the worst first.
    fn by_severity(&self) -> Vec<&Reported> {
        let mut findings = self.findings.clone();
        findings.sort_by_key(|reported| std::cmp::Reverse(reported.severity));
        findings
    }
}

/// Whether a fix may be handed to programs that apply it: its text holds no secret, which would be written as stars.
fn can_be_applied(fix: &Fix) -> bool {
    fix.edits.iter().all(|edit| mask::secrets(&edit.text).is_empty())
}

/// Writes a report.
pub fn write(format: Format, report: &Report, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Full | Format::Concise | Format::Grouped if look.statistics => statistics(report, out),
        Format::Full => human::write(report, look, out),
        Format::Concise => concise::write(report, out),
        Format::Grouped => grouped::write(report, look, out),
        Format::Json => json::write(report, out),
        Format::Jsonl => json::write_lines(report, out),
        Format::Sarif => sarif::write(report, out),
        Format::Github => github::write(report, out),
        Format::Gitlab => gitlab::write(report, out),
        Format::Junit => junit::write(report, out),
        Format::Checkstyle => checkstyle::write(report, out),
        Format::Rdjson => rdjson::write(report, out),
        Format::Rdjsonl => rdjson::write_lines(report, out),
        Format::Azure => azure::write(report, out),
        Format::Markdown => markdown::write(report, out),
    }
}

fn statistics(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut counts: BTreeMap<(&str, Severity), usize> = BTreeMap::new();
    for reported in &report.findings {
        *counts.entry((reported.finding.rule, reported.severity)).or_default() += 1;
    }
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let width = rows.first().map_or(0, |(_, count)| count.to_string().len());
    for ((rule, severity), count) in rows {
        writeln!(out, "{count:>width$}  {:<7}  {rule}", severity.as_str())?;
    }
    Ok(())
}

/// Where the page of a rule is.
pub fn docs_url(rule: &str) -> String {
    format!("{}/blob/main/rules/{rule}.md", env!("CARGO_PKG_REPOSITORY"))
}

/// A text as it may stand in one line of an output: secrets masked, control and direction characters escaped.
pub fn line(text: &str) -> Cow<'_, str> {
    match mask::prose(text) {
        Cow::Borrowed(text) => escape(text),
        Cow::Owned(text) => Cow::Owned(escape(&text).into_owned()),
    }
}

/// The text with characters escaped that end lines, steer terminals or turn the direction of writing.
pub fn escape(text: &str) -> Cow<'_, str> {
    // Nearly every text is plain: looked through without an early end, which takes many bytes at a time.
    let plain = text.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~'));
    if plain || !text.chars().any(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_unprintable(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// The text with each of some characters replaced.
fn replaced<'t>(text: &'t str, by: &[(char, &str)]) -> Cow<'t, str> {
    let find = |c: char| by.iter().find(|(from, _)| *from == c);
    if !text.chars().any(|c| find(c).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match find(c) {
            Some((_, to)) => out.push_str(to),
            None => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Whether a character must not reach a terminal as it is.
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `1 error`, `2 errors`.
pub fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
