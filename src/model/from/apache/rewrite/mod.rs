//! `mod_rewrite`: what a rule set makes of a URL, in the server's own files and in a folder.
//!
//! Rules and conditions are read once (`Step`); `program` gives each rule the conditions before it, [`Config`] merges the
//! sections that are for a request. [`in_server`] and [`in_folder`] then run the rules as the two hooks of the module do.

mod condition;
mod config;
mod cookie;
mod expand;
mod folder;
mod run;
mod server;
mod url;

pub(super) use config::Config;
pub(super) use expand::variable;
#[allow(unused_imports, reason = "not yet called by the walk")]
pub(super) use folder::{Folder, in_folder};
#[allow(unused_imports, reason = "not yet called by the walk")]
pub(super) use server::in_server;

use super::expr::Expr;
use super::vars::Vars;
use crate::model::from::regexes::{RegexId, Regexes};
use crate::model::{Step as Happened, Value};
use crate::source::Span;
use crate::syntax::apache::expr::Context;
use crate::syntax::apache::rewrite::{self as syntax, Map, Pattern, RewriteError};

/// A `RewriteRule` with its number of a regular expression.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    syntax: syntax::Rule,
    regex: RegexId,
    span: Span,
}

/// A `RewriteCond` with what it needs to be tried.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    syntax: syntax::Condition,
    regex: Option<RegexId>,
    expr: Option<Expr>,
    span: Span,
}

/// A directive of a rule set.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Rule(Box<Rule>),
    Condition(Box<Condition>),
}

impl Step {
    /// Reads the raw arguments of a `RewriteRule`.
    pub(super) fn rule(raw: &str, span: Span, regexes: &mut Regexes) -> Result<Self, RewriteError> {
        let rule = syntax::Rule::parse(raw)?;
        let regex = regexes.intern(&rule.pattern.text, rule.pattern.ignore_case);
        Ok(Self::Rule(Box::new(Rule { syntax: rule, regex, span })))
    }

    /// Reads the raw arguments of a `RewriteCond`.
    pub(super) fn condition(raw: &str, context: Context, span: Span, regexes: &mut Regexes) -> Result<Self, RewriteError> {
        let condition = syntax::Condition::parse(raw, context)?;
        let (regex, expr) = match &condition.pattern {
            Pattern::Regex(regex) => (Some(regexes.intern(&regex.text, regex.ignore_case)), None),
            Pattern::Expr(expr) => (None, Some(Expr::lower(expr, regexes))),
            _ => (None, None),
        };
        Ok(Self::Condition(Box::new(Condition { syntax: condition, regex, expr, span })))
    }
}

/// A rule with its conditions.
#[derive(Clone, Debug)]
pub(super) struct Guarded<'r> {
    rule: &'r Rule,
    conditions: Vec<&'r Condition>,
}

/// Gives each rule of one section the conditions before it; those behind the last rule are for nothing.
pub(super) fn program<'r>(steps: impl IntoIterator<Item = &'r Step>) -> Vec<Guarded<'r>> {
    let mut conditions = Vec::new();
    let mut program = Vec::new();
    for step in steps {
        match step {
            Step::Condition(condition) => conditions.push(&**condition),
            Step::Rule(rule) => program.push(Guarded { rule, conditions: std::mem::take(&mut conditions) }),
        }
    }
    program
}

/// What surrounds a run.
pub(super) struct Surroundings<'e> {
    pub(super) vars: &'e mut dyn Vars,
    pub(super) regexes: &'e Regexes,
    /// `RewriteMap` of the virtual host, by name.
    pub(super) maps: &'e [(String, Map)],
    /// Whether this is a subrequest.
    pub(super) subrequest: bool,
}

/// What the rules change (`r->filename`, `r->path_info`, `r->args`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Current {
    /// The file; before the URL is mapped the URL path.
    pub(super) filename: Value,
    /// What follows the file.
    pub(super) path_info: Value,
    /// The query; `None`: there is no `?`.
    pub(super) args: Option<Value>,
    /// Whether a proxy has it already, and `filename` is `proxy:…`.
    pub(super) proxied: bool,
    /// `H=` of an earlier run for the same request, and the rule.
    pub(super) handler: Option<(Value, Span)>,
    /// `T=` of an earlier run for the same request, and the rule.
    pub(super) mime_type: Option<(Value, Span)>,
}

/// How a run ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// No rule changed anything.
    Unchanged,
    /// The request ends with a status.
    Status(u16),
    /// The server does not take what the rules made: the request ends with a status.
    Refused(u16),
    /// A redirect that the client sees.
    Redirect { status: u16, location: Value },
    /// The request goes to another server; `escape`: unless `NE` was given, the URL is escaped (`proxy-nocanon`).
    Proxy { url: Value, escape: bool },
    /// In the server's own files, `PT`: the URL is mapped as if it were the requested one, which it becomes.
    PassThrough { uri: Value },
    /// In the server's own files: this is the file. The requested URL stays what it was.
    File { path: Value },
    /// In the server's own files: the path below the document root. The requested URL stays what it was.
    BelowRoot { path: Value },
    /// In a folder: the request starts anew with this URL (and the query in [`Ran::args`]).
    Internal { uri: Value },
    /// There were too many steps to follow.
    Lost,
}

/// What a run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ran {
    pub(super) action: Action,
    /// The last rule that matched.
    pub(super) by: Option<Span>,
    pub(super) steps: Vec<Happened>,
    /// The query afterwards.
    pub(super) args: Option<Value>,
    /// What follows the file afterwards.
    pub(super) path_info: Value,
    /// `H=`, and the rule.
    pub(super) handler: Option<(Value, Span)>,
    /// `T=`, and the rule.
    pub(super) mime_type: Option<(Value, Span)>,
    /// `END`: no rule runs any more for this request, nor for what it is redirected to internally.
    pub(super) end: bool,
    /// The status that a redirect left behind which a later rule took back: the response has it.
    pub(super) status: Option<u16>,
}

#[cfg(test)]
mod tests;
