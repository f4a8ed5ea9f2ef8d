//! Findings for people: source excerpts with labels, what to do, and the request that shows the fault.

use std::collections::{HashMap, HashSet};
use std::fmt::{self, Write as _};
use std::io::{self, Write};

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NarratableReportHandler, SourceCode};
use rayon::prelude::*;

use super::excerpt::{Excerpt, Mark};
use super::{Look, Report, diff, docs_url, escape, line, plural};
use crate::analysis::{Analysis, Reported};
use crate::finding::{Applicability, Fix, Severity};
use crate::model::Request;
use crate::source::{FileId, SourceMap};

/// Width of a tab in excerpts.
const TAB: usize = 4;
/// How many findings are drawn before they are written, so that memory stays bounded.
const BATCH: usize = 512;
/// How many lines of a fix are shown.
const FIX_LINES: usize = 12;

/// Writes the findings and a summary.
pub fn write(report: &Report, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    let drawing = Drawing::new(look);
    let includes = if look.includes { Includes::of(report.analysis) } else { Includes::default() };
    let shown = report.findings.get(..look.max_findings).unwrap_or(&report.findings);
    for batch in shown.chunks(BATCH) {
        let texts: Vec<String> =
            batch.par_iter().map(|reported| drawing.finding(&report.analysis.sources, reported, &includes)).collect();
        for text in texts {
            out.write_all(text.as_bytes())?;
        }
    }
    if shown.len() < report.findings.len() {
        writeln!(out, "+{} more (--max-diagnostics)", report.findings.len() - shown.len())?;
    }
    if look.summary { summary(report, out) } else { Ok(()) }
}

pub(super) fn summary(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let files = plural(report.analysis.files.len(), "file");
    let counts = [Severity::Error, Severity::Warning, Severity::Info].map(|s| (report.count(s), s));
    let counts: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, s)| count(*n, *s)).collect();
    if counts.is_empty() {
        writeln!(out, "No findings in {files}.")?;
    } else {
        writeln!(out, "Found {} in {files}.", counts.join(", "))?;
    }
    let fixable = |wanted| {
        report.findings.iter().filter_map(|r| r.finding.fix.as_deref()).filter(|fix| fix.applicability == wanted).count()
    };
    match (fixable(Applicability::Safe), fixable(Applicability::Unsafe)) {
        (0, 0) => {}
        (safe, 0) => writeln!(out, "{safe} fixable with --fix.")?,
        (0, risky) => writeln!(out, "{risky} fixable with --fix --unsafe-fixes.")?,
        (safe, risky) => writeln!(out, "{safe} fixable with --fix, {risky} more with --unsafe-fixes.")?,
    }
    for remark in report.remarks() {
        writeln!(out, "{remark}")?;
    }
    match report.analysis.hidden_by_profile.len() {
        0 => Ok(()),
        n => writeln!(out, "{} more with a stricter --profile.", plural(n, "finding")),
    }
}

pub(super) fn count(count: usize, severity: Severity) -> String {
    if severity == Severity::Info { format!("{count} info") } else { plural(count, severity.as_str()) }
}

/// The include that brings each file, by path: path and line.
#[derive(Default)]
struct Includes<'a>(HashMap<&'a str, (&'a str, u32)>);

impl<'a> Includes<'a> {
    fn of(analysis: &'a Analysis) -> Self {
        let files = analysis.files.iter().chain(&analysis.excluded);
        let vias = files.filter_map(|file| file.via.as_ref().map(|(path, line)| (file.path.as_str(), (path.as_str(), *line))));
        Self(vias.collect())
    }

    /// The includes that bring a file, from the main file on: `nginx.conf:12 > conf.d/a.conf:3`.
    fn chain(&self, path: &str) -> String {
        let mut chain: Vec<String> = Vec::new();
        let mut seen = HashSet::from([path]);
        let mut file = path;
        while let Some((above, line)) = self.0.get(file) {
            chain.push(format!("{}:{line}", escape(above)));
            if !seen.insert(above) {
                break;
            }
            file = above;
        }
        chain.reverse();
        chain.join(" > ")
    }
}

struct Drawing {
    handler: Handler,
    links: bool,
}

enum Handler {
    Graphical(Box<GraphicalReportHandler>),
    Narrated(NarratableReportHandler),
}

impl Drawing {
    fn new(look: &Look) -> Self {
        if look.narrated {
            return Self { handler: Handler::Narrated(NarratableReportHandler::new()), links: false };
        }
        let theme = match (look.unicode, look.color) {
            (true, true) => GraphicalTheme::unicode(),
            (true, false) => GraphicalTheme::unicode_nocolor(),
            (false, true) => GraphicalTheme::ascii(),
            (false, false) => GraphicalTheme::none(),
        };
        let handler = GraphicalReportHandler::new_themed(theme)
            .tab_width(TAB)
            .with_links(false)
            .with_width(look.width.max(40))
            .without_syntax_highlighting();
        Self { handler: Handler::Graphical(Box::new(handler)), links: look.links }
    }

    /// `error[rule]`, the rule as a link where they are shown.
    fn code(&self, reported: &Reported) -> String {
        let rule = reported.finding.rule;
        let rule =
            if self.links { format!("\u{1b}]8;;{}\u{1b}\\{rule}\u{1b}]8;;\u{1b}\\", docs_url(rule)) } else { rule.to_owned() };
        format!("{}[{rule}]", reported.severity.as_str())
    }

    fn draw(&self, text: &mut String, diagnostic: &Shown) {
        // Writing to a string does not fail, and the excerpt holds every label.
        let _ = match &self.handler {
            Handler::Graphical(handler) => handler.render_report(text, diagnostic),
            Handler::Narrated(handler) => handler.render_report(text, diagnostic),
        };
    }

    fn finding(&self, sources: &SourceMap, reported: &Reported, includes: &Includes) -> String {
        let finding = &reported.finding;
        let mut text = String::with_capacity(1024);
        let mut parts: Vec<(FileId, Vec<Mark>)> = Vec::new();
        let primary = Mark { span: finding.primary, text: None, primary: true };
        let related = finding.related.iter().map(|label| Mark { span: label.span, text: Some(&label.message), primary: false });
        for mark in std::iter::once(primary).chain(related) {
            let file = mark.span.file;
            match parts.iter_mut().find(|(f, _)| *f == file) {
                // Two marks on one place would be drawn over each other.
                Some((_, marks)) => match marks.iter_mut().find(|m| m.span == mark.span) {
                    Some(same) => same.text = same.text.or(mark.text),
                    None => marks.push(mark),
                },
                None => parts.push((file, vec![mark])),
            }
        }
        let last = parts.len() - 1;
        for (i, (file, marks)) in parts.iter().enumerate() {
            let (source, labels) = Excerpt::new(sources.file(*file), marks);
            let first = i == 0;
            self.draw(
                &mut text,
                &Shown {
                    code: first.then(|| self.code(reported)),
                    severity: if first { reported.severity } else { Severity::Info },
                    message: if first { line(&finding.message).into_owned() } else { "see also".to_owned() },
                    source,
                    labels,
                    help: finding.help.as_deref().filter(|_| i == last).map(|help| line(help).into_owned()),
                },
            );
        }
        let mut say = |name: &str, value: &str| {
            if !value.is_empty() {
                text.push_str("  ");
                text.push_str(name);
                text.push_str(": ");
                text.push_str(value);
                text.push('\n');
            }
        };
        say("included", &includes.chain(&sources.file(finding.primary.file).path));
        say("in", &line(&finding.context));
        if let Some(request) = &finding.witness {
            say("witness", &witness(request));
        }
        say("docs", &docs_url(finding.rule));
        if let Some(fix) = &finding.fix {
            repair(&mut text, sources, finding.primary.file, fix);
        }
        text.push('\n');
        text
    }
}

/// What the fix of a finding does, as the lines that it changes.
fn repair(text: &mut String, sources: &SourceMap, file: FileId, fix: &Fix) {
    let unsafe_fix = if fix.applicability == Applicability::Unsafe { " (unsafe)" } else { "" };
    let _ = writeln!(text, "  fix{unsafe_fix}: {}", line(&fix.title));
    for part in diff::of_fix(sources, fix) {
        if part.file != file {
            let _ = writeln!(text, "    {}", escape(&sources.file(part.file).path));
        }
        let width = part.lines.iter().map(|(_, number, _)| number.to_string().len()).max().unwrap_or(0);
        for (mark, number, line) in part.lines.iter().take(FIX_LINES) {
            let _ = writeln!(text, "    {number:>width$} {mark} {line}");
        }
        if part.lines.len() > FIX_LINES {
            let _ = writeln!(text, "    {:>width$} … {} more", "", plural(part.lines.len() - FIX_LINES, "line"));
        }
    }
}

/// `GET http://example.com/x with Authorization`
pub(super) fn witness(request: &Request) -> String {
    let mut text = format!("{} {}", request.method, request.scheme.as_str());
    text.push_str("://");
    text.push_str(if request.host.is_empty() { "_" } else { &request.host });
    if request.port != request.scheme.default_port() {
        text.push(':');
        text.push_str(&request.port.to_string());
    }
    text.push_str(&request.target());
    for (i, (name, _)) in request.headers.iter().enumerate() {
        text.push_str(if i == 0 { " with " } else { ", " });
        text.push_str(name);
    }
    line(&text).into_owned()
}

/// One drawing: the finding itself, or what it refers to in another file.
#[derive(Debug)]
struct Shown {
    code: Option<String>,
    severity: Severity,
    message: String,
    source: Excerpt,
    labels: Vec<LabeledSpan>,
    help: Option<String>,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.as_ref().map(|code| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Info => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}
