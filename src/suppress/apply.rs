//! Findings against comments.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::ToSpan as _;

use super::Ignore;
use super::comment::{Comment, Until};
use crate::finding::{Applicability, Edit, Finding};
use crate::selection;
use crate::source::{SourceMap, Span};

/// How comments are treated.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Whether they count at all.
    pub enabled: bool,
    /// Whether each needs a reason.
    pub require_reason: bool,
    /// How many days ahead `until` may lie.
    pub max_age_days: Option<u32>,
    /// Rules that cannot be ignored.
    pub unignorable: Vec<String>,
    /// The day on which `until` is looked at.
    pub today: Date,
}

impl Default for Policy {
    fn default() -> Self {
        Self { enabled: true, require_reason: true, max_age_days: None, unignorable: Vec::new(), today: Date::MIN }
    }
}

/// A finding that a comment accepts: its place in the list, and the reason that the comment gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppressed {
    /// Number in the list of findings.
    pub finding: usize,
    /// Why it is accepted.
    pub reason: Option<String>,
}

/// What a comment came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// The comment.
    pub span: Span,
    /// The rule that it names.
    pub rule: String,
    /// Until when it holds, as written.
    pub until: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Whether it accepted a finding; `None`: it is expired or wrong, or the rule did not run.
    pub used: Option<bool>,
}

/// What came of the comments.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// The findings that are accepted, ascending.
    pub suppressed: Vec<Suppressed>,
    /// What is wrong with comments.
    pub findings: Vec<Finding>,
    /// All comments, one entry a rule.
    pub audit: Vec<Audit>,
}
