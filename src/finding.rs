//! What a rule reports.

use std::borrow::Cow;

use crate::model::Request;
use crate::source::{FileId, SourceMap, Span};

/// How bad a finding is. Ordered: `Info < Warning < Error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize, clap::ValueEnum)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Likely a fault for some visitors.
    Warning,
    /// A fault.
    Error,
}

impl Severity {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// How sure a finding is. Ordered: `Low < Medium < High`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize, clap::ValueEnum)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Depends on something the files do not tell.
    Low,
    /// True unless the deployment is unusual.
    Medium,
    /// What the server does with the witness request.
    High,
}

impl Confidence {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A place with a few words about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What stands there, in a few words without a full stop.
    pub message: Cow<'static, str>,
}

/// Whether a fix may be applied without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Applicability {
    /// Keeps the meaning that the author certainly wanted.
    Safe,
    /// May change what was wanted; applied only on request.
    Unsafe,
}

/// One replacement of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The bytes to replace; an empty span inserts.
    pub span: Span,
    /// The new text.
    pub text: String,
}

impl Edit {
    /// Takes a directive or comment out, and with it the lines on which nothing else stands.
    pub fn remove(sources: &SourceMap, span: Span) -> Self {
        let text = sources.file(span.file).text();
        let before = text.get(..span.start as usize).unwrap_or_default();
        let blanks = before.len() - before.trim_end_matches([' ', '\t']).len();
        let starts_line = before.len() == blanks || before.get(..before.len() - blanks).is_some_and(|b| b.ends_with('\n'));
        let after = text.get(span.end as usize..).unwrap_or_default();
        let rest = after.trim_start_matches([' ', '\t']);
        let line_break = if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
        let ends_line = line_break > 0 || rest.is_empty();
        let end = if ends_line { after.len() - rest.len() + if starts_line { line_break } else { 0 } } else { 0 };
        let start = span.start - if ends_line { blanks as u32 } else { 0 };
        Self { span: Span::new(span.file, start, span.end + end as u32), text: String::new() }
    }

    /// Replaces a text.
    pub fn replace(span: Span, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }

    /// Puts a text before a byte.
    pub fn insert(file: FileId, at: u32, text: impl Into<String>) -> Self {
        Self { span: Span::new(file, at, at), text: text.into() }
    }

    /// Puts directives before another one: each on a line of its own with the same indentation, or beside it where that one does
    /// not begin its line.
    pub fn insert_before(sources: &SourceMap, span: Span, directives: &[&str]) -> Self {
        let text = sources.file(span.file).text();
        let before = text.get(..span.start as usize).unwrap_or_default();
        let line = before.rfind('\n').map_or(before, |at| before.get(at + 1..).unwrap_or_default());
        let own_line = line.chars().all(|c| matches!(c, ' ' | '\t'));
        let text = directives.iter().flat_map(|directive| {
            let end = if own_line { ["\n", line] } else { [" ", ""] };
            [*directive, end[0], end[1]]
        });
        let text = text.collect();
        Self { span: Span::new(span.file, span.start, span.start), text }
    }
}

/// A mechanical repair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// Whether it may be applied without asking.
    pub applicability: Applicability,
    /// What it does, as an imperative ("remove the line").
    pub title: String,
    /// The edits, none overlapping.
    pub edits: Vec<Edit>,
}

/// One reported fault, with exactly one primary place. There may be many thousands, so what is large or rare stands apart.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The id of the rule.
    pub rule: &'static str,
    /// `None`: the severity of the rule's page.
    pub severity: Option<Severity>,
    /// How sure it is.
    pub confidence: Confidence,
    /// One line: what happens to which request. No full stop at the end.
    pub message: String,
    /// What to do about it.
    pub help: Option<Cow<'static, str>>,
    /// The directive or key that decides; one line of source.
    pub primary: Span,
    /// Other places, in the order they are worth reading.
    pub related: Vec<Label>,
    /// The request that shows the fault.
    pub witness: Option<Box<Request>>,
    /// Where in the configuration, e.g. `http > server example.com > location /api/`.
    pub context: String,
    /// A repair, where one is certain.
    pub fix: Option<Box<Fix>>,
}

impl Finding {
    /// A finding of high confidence with the severity of its rule.
    pub fn new(rule: &'static str, primary: Span, message: impl Into<String>) -> Self {
        Self {
            rule,
            severity: None,
            confidence: Confidence::High,
            message: message.into(),
            help: None,
            primary,
            related: Vec::new(),
            witness: None,
            context: String::new(),
            fix: None,
        }
    }

    /// Overrides the severity of the rule's page.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// Sets the confidence.
    #[must_use]
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// Sets what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<Cow<'static, str>>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a related place.
    #[must_use]
    pub fn related(mut self, span: Span, message: impl Into<Cow<'static, str>>) -> Self {
        self.related.push(Label { span, message: message.into() });
        self
    }

    /// Sets the request that shows the fault.
    #[must_use]
    pub fn witness(mut self, request: Request) -> Self {
        self.witness = Some(Box::new(request));
        self
    }

    /// Sets the repair.
    #[must_use]
    pub fn fix(mut self, applicability: Applicability, title: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.fix = Some(Box::new(Fix { applicability, title: title.into(), edits }));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text after an edit at the first `x;`.
    fn edited(text: &str, edit: impl Fn(&SourceMap, Span) -> Edit) -> String {
        let mut sources = SourceMap::new();
        let file = sources.add("a", text.as_bytes().to_vec());
        let at = text.find("x;").unwrap() as u32;
        let Edit { span, text: new } = edit(&sources, Span::new(file, at, at + 2));
        let mut text = text.to_owned();
        text.replace_range(span.start as usize..span.end as usize, &new);
        text
    }

    #[test]
    fn what_is_taken_out_leaves_no_empty_line() {
        for (before, after) in [
            ("a;\n  x;\nb;\n", "a;\nb;\n"),
            ("a;\r\n\tx; \r\nb;", "a;\r\nb;"),
            ("x;", ""),
            ("a;\n  x;", "a;\n"),
            ("a; x;\n", "a;\n"),
            ("l { x; }\n", "l {  }\n"),
            ("x; a;\n", " a;\n"),
            ("a;\n  x; # why\n", "a;\n   # why\n"),
        ] {
            assert_eq!(edited(before, Edit::remove), after, "{before:?}");
        }
    }

    #[test]
    fn directives_go_before_another() {
        let before = |text| edited(text, |sources, span| Edit::insert_before(sources, span, &["y;", "z;"]));
        assert_eq!(before("a;\n  x;\n"), "a;\n  y;\n  z;\n  x;\n");
        assert_eq!(before("l { x; }"), "l { y; z; x; }");
        assert_eq!(before("x;"), "y;\nz;\nx;");
    }
}
