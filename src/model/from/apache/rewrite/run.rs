//! Runs a rule set (`apply_rewrite_list`, `apply_rewrite_rule`).

use super::{Current, Guarded, Rule, Surroundings, url};
use crate::model::fact::{concat, unknown_value};
use crate::model::from::apache::groups::{Groups, Search, search};
use crate::model::{Step as Happened, Value};
use crate::source::Span;
use crate::syntax::apache::rewrite::Flags;

/// How long a path may grow: twice the request line (`LimitRequestLine`, 8190).
const LONGEST: usize = 2 * 8190;

/// How a rule set ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// No rule changed the URL.
    Unchanged,
    /// The URL changed; `escape`: unless the last rule that matched has `NE`.
    Changed { escape: bool },
    /// A rule ended the request.
    Status(u16),
    /// There was no budget left.
    Lost,
}

/// What one rule did.
enum Applied {
    NoMatch,
    Substituted,
    Unsubstituted,
    Refused,
}

/// A run of a rule set.
pub(super) struct Run<'e, 'v> {
    pub(super) around: &'e mut Surroundings<'v>,
    /// The folder that the rules are for.
    pub(super) directory: Option<&'e str>,
    /// `RewriteBase`.
    pub(super) base: Option<&'e str>,
    pub(super) current: Current,
    /// What the rule at hand looks at.
    pub(super) uri: Value,
    pub(super) rule_groups: Groups,
    pub(super) condition_groups: Groups,
    /// The status that a redirect asks for.
    pub(super) status: Option<u16>,
    pub(super) steps: Vec<Happened>,
    pub(super) by: Option<Span>,
    /// The last rule that changed the URL.
    pub(super) last_substitution: Option<&'e Rule>,
    pub(super) end: bool,
    pub(super) passed_through: bool,
    /// Whether the last URL named this very server, and its path is taken from the document root.
    pub(super) reduced: bool,
}

impl<'e, 'v> Run<'e, 'v> {
    pub(super) fn new(
        around: &'e mut Surroundings<'v>,
        current: Current,
        directory: Option<&'e str>,
        base: Option<&'e str>,
    ) -> Self {
        Self {
            around,
            directory,
            base,
            uri: current.filename.clone(),
            current,
            rule_groups: Groups::None,
            condition_groups: Groups::None,
            status: None,
            steps: Vec::new(),
            by: None,
            last_substitution: None,
            end: false,
            passed_through: false,
            reduced: false,
        }
    }

    /// Takes all rules.
    pub(super) fn rules(&mut self, rules: &'e [Guarded<'e>]) -> Ended {
        let mut ended = Ended::Unchanged;
        let mut round = 1;
        let mut index = 0;
        while let Some(guarded) = rules.get(index) {
            index += 1;
            let flags = &guarded.rule.syntax.flags;
            if self.around.subrequest && (flags.no_subrequest || flags.redirect) {
                continue;
            }
            if !self.around.vars.spend() {
                self.around.vars.note_unknown("what follows so many rewrite rules", guarded.rule.span);
                return Ended::Lost;
            }
            let applied = self.apply(guarded);
            if matches!(applied, Applied::NoMatch) {
                // The rest of a chain is for nothing.
                let mut chained = flags.chain;
                while chained && index < rules.len() {
                    chained = rules.get(index).is_some_and(|next| next.rule.syntax.flags.chain);
                    index += 1;
                }
                continue;
            }
            self.by = Some(guarded.rule.span);
            if !flags.no_substitution {
                self.last_substitution = Some(guarded.rule);
            }
            if self.current.filename.prefix().len() > LONGEST {
                return Ended::Status(500);
            }
            if matches!(applied, Applied::Refused) {
                return Ended::Status(403);
            }
            if flags.is_status {
                return Ended::Status(flags.status);
            }
            if matches!(applied, Applied::Substituted) {
                ended = Ended::Changed { escape: !flags.no_escape };
            }
            if flags.pass_through {
                self.passed_through = true;
                return Ended::Changed { escape: true };
            }
            if flags.end {
                self.end = true;
                break;
            }
            if flags.proxy || flags.last {
                break;
            }
            if flags.next {
                round += 1;
                if round >= flags.max_rounds {
                    return Ended::Status(500);
                }
                index = 0;
                continue;
            }
            index = index.saturating_add(usize::try_from(flags.skip).unwrap_or(0));
        }
        ended
    }

    fn apply(&mut self, guarded: &Guarded<'_>) -> Applied {
        let rule = &guarded.rule.syntax;
        let is_proxied = self.current.proxied && self.current.filename.prefix().starts_with("proxy:");
        self.uri = self.current.filename.clone();
        if let Some(directory) = self.directory {
            if self.current.path_info.is_empty() != Some(true) {
                self.uri = concat([self.uri.clone(), self.current.path_info.clone()]);
            }
            if !is_proxied {
                self.uri = stripped(&self.uri, directory);
            }
        }
        let (matched, groups) = match search(self.around.regexes, guarded.rule.regex, &self.uri) {
            Search::Match(groups) => (true, groups),
            Search::NoMatch => (false, Groups::None),
            Search::Unknown => {
                let question = format!("whether RewriteRule {} matches", rule.pattern.text);
                (self.around.vars.decide(&question, false, guarded.rule.span, false), Groups::Unknown)
            }
        };
        if matched == rule.negated {
            return Applied::NoMatch;
        }
        self.condition_groups = Groups::None;
        self.rule_groups = if rule.negated { Groups::None } else { groups };
        if !self.conditions(guarded) {
            return Applied::NoMatch;
        }
        self.substitute(guarded, is_proxied)
    }

    /// Whether all conditions hold; of those joined by `OR` one is enough.
    fn conditions(&mut self, guarded: &Guarded<'_>) -> bool {
        let mut conditions = guarded.conditions.iter();
        while let Some(condition) = conditions.next() {
            let or_next = condition.syntax.or_next;
            if self.holds(condition) {
                if or_next {
                    // The rest of the alternatives is not asked.
                    conditions.by_ref().find(|next| !next.syntax.or_next);
                }
            } else if !or_next {
                return false;
            }
        }
        true
    }

    fn substitute(&mut self, guarded: &Guarded<'_>, is_proxied: bool) -> Applied {
        let (rule, span) = (&guarded.rule.syntax, guarded.rule.span);
        let flags = &rule.flags;
        let mut new = None;
        if !flags.no_substitution {
            let expanded = self.expand(&rule.substitution, Some(flags));
            if !flags.unsafe_allow_3f && expanded.has_unsafe_question(flags.query_from_last) {
                self.step("a ? that a variable puts into the path is refused".to_owned(), span);
                return Applied::Refused;
            }
            new = Some(expanded);
        }
        self.set_variables(flags, span);
        self.add_cookies(flags, span);
        let Some(mut expanded) = new else {
            self.force_type(flags, span);
            if flags.is_status {
                self.step(format!("RewriteRule ends with {}", flags.status), span);
            }
            return Applied::Unsubstituted;
        };
        let mut prefix_added = false;
        let text = expanded.value();
        let is_local = !text.prefix().starts_with('/') && url::scheme(text.prefix()).is_none();
        let is_open = text.prefix().is_empty() && text.known().is_none();
        if !is_proxied && is_local && !is_open {
            if let Some(directory) = self.directory {
                expanded.prepend(directory);
                prefix_added = true;
            } else if !flags.proxy && !flags.redirect {
                expanded.prepend("/");
                prefix_added = true;
            }
        }
        if self.directory.is_some() && flags.discard_path_info {
            self.current.path_info = Value::Known(String::new());
        }
        self.split_query(&expanded, flags);
        if flags.proxy {
            let qualified = url::qualified(self.around.vars, self.current.filename.clone());
            self.current.filename = concat([Value::Known("proxy:".to_owned()), qualified]);
            self.step(format!("RewriteRule passes to {}", shown(&self.current.filename, "proxy:")), span);
            return Applied::Substituted;
        }
        if flags.redirect {
            self.current.filename = url::qualified(self.around.vars, self.current.filename.clone());
            self.status = Some(flags.status);
            self.step(format!("RewriteRule redirects to {}", shown(&self.current.filename, "")), span);
            return Applied::Substituted;
        }
        if let Some(path) = url::reduced(self.around.vars, &self.current.filename) {
            self.current.filename = path;
            self.reduced = true;
        }
        if url::scheme(self.current.filename.prefix()).is_some() {
            self.status = Some(flags.status);
            self.step(format!("RewriteRule redirects to {}", shown(&self.current.filename, "")), span);
            return Applied::Substituted;
        }
        if !flags.unc && !prefix_added && !rule.substitution.starts_with("//") {
            self.current.filename = merged_slashes(&self.current.filename);
        }
        self.force_type(flags, span);
        self.step(format!("rewritten to {}", shown(&self.current.filename, "")), span);
        Applied::Substituted
    }

    /// Takes path and query from what a substitution made (`splitout_queryargs`).
    fn split_query(&mut self, expanded: &super::expand::Expanded, flags: &Flags) {
        let text = expanded.value();
        if flags.no_query {
            self.current.filename = text;
            self.current.args = None;
            return;
        }
        let scheme = url::scheme(text.prefix());
        if scheme.is_some_and(|(_, has_query)| !has_query) {
            self.current.filename = text;
            self.current.args = None;
            return;
        }
        if flags.discard_query {
            self.current.args = None;
        }
        let skip = scheme.map_or(0, |(length, _)| length);
        let (path, query) = expanded.split_query(skip, flags.query_from_last);
        self.current.filename = path;
        let Some(query) = query else { return };
        let mut args = Some(query.clone());
        if flags.append_query {
            let old = self.current.args.take();
            args = if query.is_empty() == Some(true) {
                old
            } else {
                let old = old.unwrap_or_else(|| Value::Known(String::new()));
                Some(concat([query, Value::Known("&".to_owned()), old]))
            };
        }
        self.current.args = match args {
            Some(Value::Known(mut text)) => {
                let had_any = !text.is_empty();
                if text.ends_with('&') {
                    text.pop();
                }
                had_any.then_some(Value::Known(text))
            }
            other => other,
        };
    }

    /// `E=`.
    fn set_variables(&mut self, flags: &Flags, span: Span) {
        for text in &flags.env {
            let value = self.value(text, None);
            let known = value.prefix();
            if let Some(name) = known.strip_prefix('!') {
                match &value {
                    Value::Known(_) => self.around.vars.set_env(name, None, span),
                    Value::Unknown { .. } => self.around.vars.note_unknown("which variable RewriteRule removes", span),
                }
                continue;
            }
            let (name, rest) = match (known.split_once(':'), value.known()) {
                (Some((name, rest)), _) => (name, rest),
                (None, Some(name)) => (name, ""),
                (None, None) => {
                    self.around.vars.note_unknown("which variable RewriteRule sets", span);
                    continue;
                }
            };
            let set = match &value {
                Value::Known(_) => Value::Known(rest.to_owned()),
                Value::Unknown { nonempty, why, .. } => {
                    // What is certainly there may be the name.
                    let nonempty = !rest.is_empty() || *nonempty && known.is_empty();
                    Value::Unknown { prefix: rest.to_owned(), nonempty, why: why.clone() }
                }
            };
            let what = format!("RewriteRule sets {name}");
            self.around.vars.set_env(name, Some(set), span);
            self.step(what, span);
        }
    }

    /// `T=` and `H=`.
    fn force_type(&mut self, flags: &Flags, span: Span) {
        let lower = |value: Value| match value {
            Value::Known(text) => Value::Known(text.to_ascii_lowercase()),
            Value::Unknown { prefix, nonempty, why } => Value::Unknown { prefix: prefix.to_ascii_lowercase(), nonempty, why },
        };
        if let Some(text) = &flags.mime_type {
            let value = self.value(text, Some(flags));
            if value.is_empty() != Some(true) {
                self.current.mime_type = Some((lower(value), span));
            }
        }
        if let Some(text) = &flags.handler {
            let value = self.value(text, Some(flags));
            if value.is_empty() != Some(true) {
                self.current.handler = Some((lower(value), span));
            }
        }
    }

    /// `CO=`.
    fn add_cookies(&mut self, flags: &Flags, span: Span) {
        for text in &flags.cookies {
            let value = self.value(text, None);
            let cookie = match value.known() {
                Some(text) => super::cookie::field(text),
                None => Some(unknown_value("cookie of a RewriteRule")),
            };
            if let Some(cookie) = cookie {
                self.around.vars.add_cookie(cookie, span);
            }
        }
    }

    pub(super) fn step(&mut self, what: String, span: Span) {
        self.steps.push(Happened { what, span });
    }
}

/// A value in a step, without `prefix`.
fn shown<'v>(value: &'v Value, prefix: &str) -> &'v str {
    let text = value.prefix();
    text.strip_prefix(prefix).unwrap_or(text)
}

/// A path without the folder before it.
fn stripped(path: &Value, directory: &str) -> Value {
    match path {
        Value::Known(text) => Value::Known(text.strip_prefix(directory).unwrap_or(text).to_owned()),
        Value::Unknown { prefix, nonempty, why } => match prefix.strip_prefix(directory) {
            Some(rest) => Value::Unknown { prefix: rest.to_owned(), nonempty: false, why: why.clone() },
            None => Value::Unknown { prefix: prefix.clone(), nonempty: *nonempty, why: why.clone() },
        },
    }
}

/// Several slashes at the start become one.
fn merged_slashes(path: &Value) -> Value {
    let text = path.prefix();
    if !text.starts_with("//") {
        return path.clone();
    }
    let merged = format!("/{}", text.trim_start_matches('/'));
    match path {
        Value::Known(_) => Value::Known(merged),
        Value::Unknown { why, .. } => Value::Unknown { prefix: merged, nonempty: true, why: why.clone() },
    }
}
