//! What the phases share: the settings in force, steps and open questions, captures, addresses of redirects.

use super::scope::{Scope, ScopeId, ScopeKind, Settled};
use super::slots::Single;
use super::walk::{Walk, concat, unknown_value};
use crate::model::from::regexes::RegexId;
use crate::model::{Step, Unknown, Value};
use crate::project::nginx::{Directive, DirectiveId};
use crate::source::Span;
use crate::syntax::nginx::Name;

/// How many unknown things are compared one by one.
const FEW: usize = 8;

impl<'w, 'a> Walk<'w, 'a> {
    pub(super) fn directive(&self, id: DirectiveId) -> Directive<'a> {
        self.server.shared.directive(id)
    }

    pub(super) fn scope_of(&self, id: ScopeId) -> &'w Scope {
        self.server.shared.scopes.get(id)
    }

    pub(super) fn settled(&self) -> Settled<'w> {
        self.server.shared.scopes.settled(self.scope)
    }

    /// The directives of a list that are in force here.
    pub(super) fn list(&self, list: super::slots::List) -> &'w [DirectiveId] {
        self.server.shared.scopes.run(self.settled().run(list))
    }

    /// The location or server that the current block belongs to.
    pub(super) fn serving_scope(&self) -> ScopeId {
        let mut id = self.scope;
        while matches!(self.scope_of(id).kind, ScopeKind::LocationIf | ScopeKind::LimitExcept | ScopeKind::ServerIf) {
            id = self.scope_of(id).parent;
        }
        id
    }

    pub(super) fn single(&self, slot: Single) -> Option<Directive<'a>> {
        self.settled().single(slot).map(|id| self.directive(id))
    }

    pub(super) fn is_on(&self, slot: Single) -> bool {
        self.single(slot).is_some_and(|d| d.arg(0) == "on")
    }

    pub(super) fn is_off(&self, slot: Single) -> bool {
        self.single(slot).is_some_and(|d| d.arg(0) == "off")
    }

    pub(super) fn step(&mut self, what: impl Into<String>, by: DirectiveId) {
        if let Some(span) = self.server.shared.span(by) {
            self.steps.push(Step { what: what.into(), span });
        }
    }

    pub(super) fn note_unknown(&mut self, what: &str, span: Span, file_system: bool) {
        // The few that most requests meet are compared one by one.
        let known = self.unknown.iter().take(FEW).any(|u| u.span == span && u.what == what);
        if !known && (self.unknown.len() < FEW || self.noted.insert((what.to_owned(), span))) {
            self.unknown.push(Unknown { what: what.to_owned(), span, file_system });
        }
    }

    /// Asks what the files do not tell.
    pub(super) fn decide(&mut self, question: &str, default: bool, by: DirectiveId, file_system: bool) -> bool {
        if let Some(span) = self.server.shared.span(by) {
            self.note_unknown(question, span, file_system);
        }
        self.choices.answer(question, default)
    }

    /// Runs a regex and keeps its captures; `None`: unknown.
    pub(super) fn regex_captures(&mut self, regex: RegexId, text: &str) -> Option<bool> {
        let regexes = &self.server.shared.regexes;
        let Some(captures) = regexes.captures(regex, text)? else { return Some(false) };
        let groups = regexes.group_count(regex);
        self.captures = if groups == 0 { Vec::new() } else { captures.iter().map(|m| m.map(str::to_owned)).collect() };
        for (index, name) in regexes.group_names(regex) {
            let value = captures.get(index).unwrap_or_default().to_owned();
            self.variables.insert(name.to_owned(), Value::Known(value));
        }
        Some(true)
    }

    /// A path with the current arguments behind it.
    pub(super) fn with_args(&self, path: &str) -> Value {
        match &self.args {
            Value::Known(args) if args.is_empty() => Value::Known(path.to_owned()),
            Value::Known(args) => Value::Known(format!("{path}?{args}")),
            Value::Unknown { .. } => Value::Unknown { prefix: path.to_owned(), nonempty: true, why: "arguments".to_owned() },
        }
    }

    /// A Location as the client sees it: a path gets scheme, host and port, unless `absolute_redirect` is off.
    pub(super) fn absolute(&mut self, target: Value) -> Value {
        if !target.prefix().starts_with('/') || self.is_off(Single::AbsoluteRedirect) {
            return target;
        }
        let host = if self.is_on(Single::ServerNameInRedirect) {
            self.variable("server_name")
        } else if self.request.host.is_empty() {
            let address = self.server.local_address(self.request);
            address.map_or_else(|| unknown_value("address of the server"), |a| Value::Known(a.to_owned()))
        } else {
            self.variable("host")
        };
        let scheme = self.request.scheme;
        let with_port = self.request.port != scheme.default_port() && !self.is_off(Single::PortInRedirect);
        let port = if with_port { format!(":{}", self.request.port) } else { String::new() };
        concat([Value::Known(format!("{}://", scheme.as_str())), host, Value::Known(port), target])
    }

    /// Which directive the current handler is.
    pub(super) fn handler_name(&self) -> Option<Name> {
        self.handler.map(|h| self.directive(h).name())
    }
}
