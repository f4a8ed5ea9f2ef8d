//! One module per output format: an analysis in, bytes out.

pub mod azure;
pub mod checkstyle;
pub mod concise;
pub mod diff;
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
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use crate::analysis::{Analysis, Reported};
use crate::baseline::Stale;
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
    /// With rule ids as links to their pages, in `full`.
    pub links: bool,
    /// With the includes that bring the file of a finding, in `full`.
    pub includes: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// At most so many findings in `full`.
    pub max_findings: usize,
    /// With the closing lines of `full`.
    pub summary: bool,
    /// Numbers of findings by rule instead of the findings, in the formats for people.
    pub statistics: bool,
}

impl Look {
    /// As in a pipe: all findings, in characters and lines that any reader takes.
    pub const PLAIN: Self = Self {
        color: false,
        unicode: true,
        narrated: false,
        links: false,
        includes: false,
        width: 100,
        max_findings: usize::MAX,
        summary: true,
        statistics: false,
    };
}

/// What is reported.
#[derive(Debug)]
pub struct Report<'a> {
    /// The analysis.
    pub analysis: &'a Analysis,
    /// The findings to show, in order.
    pub findings: Vec<&'a Reported>,
    /// The findings that are accepted; formats for programs show them as such.
    pub suppressed: Vec<Suppressed<'a>>,
    /// What is stale of the baseline; `None`: there is none.
    pub baseline: Option<&'a [Stale]>,
    /// Files that were found and not checked.
    pub skipped: &'a [Skipped],
    /// What could not be read.
    pub unreadable: &'a [Unreadable],
    /// The settings that the analysis ran with.
    pub settings: &'a Settings,
    /// The working directory as seen from the root of its repository: empty, or `deploy/nginx/`.
    pub folder: &'a str,
}

/// What accepts a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A comment beside it.
    Comment,
    /// The baseline.
    Baseline,
}

/// A finding that is accepted.
#[derive(Clone, Copy, Debug)]
pub struct Suppressed<'a> {
    /// The finding.
    pub reported: &'a Reported,
    /// What accepts it.
    pub by: By,
    /// Why.
    pub reason: Option<&'a str>,
}

/// A finding among all, accepted ones too.
#[derive(Clone, Copy)]
struct Item<'a> {
    reported: &'a Reported,
    fingerprint: Fingerprint,
    suppressed: Option<(By, Option<&'a str>)>,
}

impl<'a> Report<'a> {
    /// All that an analysis found, as seen from the root of a repository, and nothing beside it.
    pub fn of(analysis: &'a Analysis, settings: &'a Settings) -> Self {
        Self {
            analysis,
            findings: analysis.findings.iter().collect(),
            suppressed: Vec::new(),
            baseline: None,
            skipped: &[],
            unreadable: &[],
            settings,
            folder: "",
        }
    }

    /// All findings, accepted ones too, in order.
    fn items(&self) -> Vec<Item<'a>> {
        let fingerprints = self.numbered();
        let item = |reported: &'a Reported, suppressed| {
            let alone = || fingerprint::all(&self.analysis.sources, std::iter::once(&reported.finding));
            let known = fingerprints.get(&std::ptr::from_ref(reported)).copied();
            let fingerprint = known.or_else(|| alone().first().copied());
            fingerprint.map(|fingerprint| Item { reported, fingerprint, suppressed })
        };
        let open = self.findings.iter().filter_map(|reported| item(reported, None));
        let accepted = self.suppressed.iter().filter_map(|s| item(s.reported, Some((s.by, s.reason))));
        let mut items: Vec<_> = open.chain(accepted).collect();
        if !self.suppressed.is_empty() {
            items.sort_by_key(|item| self.order(item.reported));
        }
        items
    }

    /// The fingerprints of all that was found, whether it is shown or not: which of several equal findings one is must not hang
    /// on what else is shown.
    fn numbered(&self) -> HashMap<*const Reported, Fingerprint> {
        let Analysis { findings, ignored, baselined, .. } = self.analysis;
        let mut all: Vec<&Reported> = findings.iter().chain(ignored.iter().chain(baselined).map(|(r, _)| r)).collect();
        all.sort_by_key(|reported| self.order(reported));
        let fingerprints = fingerprint::all(&self.analysis.sources, all.iter().map(|reported| &reported.finding));
        all.into_iter().map(std::ptr::from_ref).zip(fingerprints).collect()
    }

    /// By path, line, column and rule.
    fn order(&self, reported: &Reported) -> (&'a str, u32, u32, &'static str) {
        let path = &*self.analysis.sources.file(reported.finding.primary.file).path;
        (path, reported.start.line, reported.start.column, reported.finding.rule)
    }

    /// How many findings are accepted: by comments, by the baseline.
    fn accepted(&self) -> (usize, usize) {
        let by_comment = self.suppressed.iter().filter(|s| s.by == By::Comment).count();
        (by_comment, self.suppressed.len() - by_comment)
    }

    /// What is accepted and what of the baseline is stale, a line each, for people.
    fn remarks(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let how = match self.accepted() {
            (0, 0) => None,
            (comments, 0) => Some((comments, "comments".to_owned())),
            (0, baseline) => Some((baseline, "the baseline".to_owned())),
            (comments, baseline) => Some((comments + baseline, format!("comments ({comments}) and the baseline ({baseline})"))),
        };
        if let Some((count, how)) = how {
            lines.push(format!("{} accepted by {how}.", plural(count, "finding")));
        }
        if let Some(stale) = self.baseline.filter(|stale| !stale.is_empty()) {
            let verb = if stale.len() == 1 { "is" } else { "are" };
            lines.push(format!("{} of the baseline {verb} stale.", plural_of(stale.len(), "entry", "entries")));
        }
        lines
    }

    /// A shown path from the root of the repository, where the working directory lies in one.
    fn in_repository<'t>(&self, path: &'t str) -> Cow<'t, str> {
        if self.folder.is_empty() || path.starts_with('/') {
            return Cow::Borrowed(path.trim_start_matches("./"));
        }
        let mut parts: Vec<&str> = Vec::new();
        for part in self.folder.split('/').chain(path.split('/')) {
            match part {
                "" | "." => {}
                ".." if parts.last().is_some_and(|last| *last != "..") => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        Cow::Owned(parts.join("/"))
    }

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

/// `1 entry`, `2 entries`.
pub fn plural_of(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
