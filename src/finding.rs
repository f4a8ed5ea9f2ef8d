//! What a rule reports.

use std::borrow::Cow;

use crate::model::Request;
use crate::source::Span;

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
