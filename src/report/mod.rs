//! One module per output format: an analysis in, bytes out.

pub mod concise;
pub mod excerpt;
pub mod human;
pub mod json;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::analysis::{Analysis, Reported};
use crate::discover::{Skipped, Unreadable};
use crate::finding::Severity;
use crate::mask;

/// An output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Source excerpts with labels, for people.
    Full,
    /// One line for each finding: `path:line:col: severity: message [rule]`.
    Concise,
    /// Everything, for programs.
    Json,
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
    /// Numbers of findings by rule instead of the findings.
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
}

/// Writes a report.
pub fn write(format: Format, report: &Report, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Json => json::write(report, out),
        _ if look.statistics => statistics(report, out),
        Format::Full => human::write(report, look, out),
        Format::Concise => concise::write(report, out),
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

/// Whether a character must not reach a terminal as it is.
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `1 error`, `2 errors`.
pub fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
