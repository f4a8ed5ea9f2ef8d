//! `<Macro>`, `Use` and `UndefMacro`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::config::{Bindings, DirectiveId};
use super::expand::{Expansion, MAX_LINE, Origin};
use crate::finding::Severity;
use crate::syntax::apache::NodeId;

/// How many parameters a macro may have.
const MAX_PARAMETERS: usize = 100;

/// A macro.
#[derive(Clone)]
pub(super) struct Macro {
    /// Where its text stands, and what an outer macro has put into it.
    pub(super) origin: Origin,
    /// Its node in that text.
    pub(super) node: NodeId,
    /// Its parameters as they are written: `$x`, `%x`, `@x`.
    pub(super) parameters: Vec<String>,
}

/// The macros that are defined, by name in lower case.
pub(super) type Macros = HashMap<String, Arc<Macro>, FixedState>;

/// Puts the values of parameters into a line, of one macro after the other, the outermost first.
pub(super) fn bind<'t>(line: Cow<'t, str>, bindings: &[Bindings]) -> Cow<'t, str> {
    bindings.iter().fold(line, |line, bindings| match bind_one(&line, bindings) {
        Some(bound) => Cow::Owned(bound),
        None => line,
    })
}

/// Puts in the values of one macro's parameters. Where several names begin at one place, the longest counts; a name with `@` is
/// put in with quotes around it. What was put in is not looked at again.
fn bind_one(line: &str, bindings: &Bindings) -> Option<String> {
    let mut bound = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty() && bound.len() <= MAX_LINE) {
        let fitting = bindings.iter().filter(|(name, _)| rest.starts_with(name.as_str()));
        let Some((name, value)) = fitting.max_by_key(|(name, _)| name.len()) else {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        };
        bound.push_str(line.get(copied..at).unwrap_or_default());
        if name.starts_with('@') {
            bound.push('"');
            bound.push_str(&value.replace('\\', "\\\\").replace('"', "\\\""));
            bound.push('"');
        } else {
            bound.push_str(value);
        }
        at += name.len();
        copied = at;
    }
    if copied == 0 {
        return None;
    }
    bound.push_str(line.get(copied..).unwrap_or_default());
    Some(bound)
}

impl Expansion<'_, '_, '_> {
    /// `<Macro name $parameters…>`: its text is placed where it is used.
    pub(super) fn define_macro(&mut self, origin: &Origin, node: NodeId, id: DirectiveId) {
        let directive = self.config.directive(self.sources, id);
        let args: Vec<String> = directive.args().map(Cow::into_owned).collect();
        let mut args = args.into_iter();
        let Some(name) = args.next().filter(|name| !name.is_empty()) else {
            return self.refuse(id, "this macro has no name".to_owned());
        };
        // `/IgnoreEmptyArgs` and `/IgnoreBadNesting` only silence warnings.
        let parameters: Vec<String> = args.skip_while(|arg| arg.starts_with('/')).collect();
        if parameters.iter().any(String::is_empty) {
            return self.refuse(id, format!("a parameter of macro `{name}` has no name"));
        }
        if parameters.len() > MAX_PARAMETERS {
            let message = format!("more than {MAX_PARAMETERS} parameters: this macro is not read");
            let finding = self.finding("limit-reached", id, message);
            self.config.incomplete = true;
            return self.report(finding);
        }
        if let Some(twice) = parameters.iter().enumerate().find(|(i, name)| parameters.iter().take(*i).any(|n| n == *name)) {
            let message = format!("macro `{name}` has two parameters called `{}`", twice.1);
            return self.refuse(id, message);
        }
        let defined = Macro { origin: origin.clone(), node, parameters };
        self.macros.insert(name.to_ascii_lowercase(), Arc::new(defined));
    }

    /// `Use name values…`
    pub(super) fn use_macro(&mut self, origin: &Origin, id: DirectiveId, parent: DirectiveId) {
        let directive = self.config.directive(self.sources, id);
        let span = directive.span();
        let mut values = directive.args().map(Cow::into_owned);
        let name = values.next().unwrap_or_default().to_ascii_lowercase();
        let values: Vec<String> = values.collect();
        if directive.is_unknown() {
            self.config.incomplete = true;
            return;
        }
        if name.is_empty() {
            return self.refuse(id, "`Use` names no macro".to_owned());
        }
        let Some(defined) = self.macros.get(&name).map(Arc::clone) else {
            self.report_undefined(id, &name);
            return;
        };
        if self.open_macros.contains(&name) {
            self.refuse(id, format!("macro `{name}` uses itself"));
            return;
        }
        let (want, have) = (defined.parameters.len(), values.len());
        if want != have {
            self.refuse(id, format!("macro `{name}` has {want} parameters and gets {have} values"));
            return;
        }
        if self.is_too_deep(span) {
            return;
        }
        let chain = self.step(id, origin.chain);
        let mut bindings = Vec::clone(&defined.origin.bindings);
        bindings.push(defined.parameters.iter().cloned().zip(values).collect());
        let inner = Origin { bindings: Arc::new(bindings), chain, ..defined.origin.clone() };
        let end = inner.tree.nodes.get(defined.node as usize).map_or(0, |node| node.subtree_end);
        self.open_macros.push(name);
        self.place(&inner, defined.node + 1..end, parent, true, None);
        self.open_macros.pop();
    }

    /// `UndefMacro name`
    pub(super) fn undefine_macro(&mut self, id: DirectiveId) {
        let name = self.arg(id, 0).to_ascii_lowercase();
        if self.macros.remove(&name).is_none() && !name.is_empty() && !self.is_unknown(id) {
            self.report_undefined(id, &name);
        }
    }

    /// httpd does not read on: "Syntax error on line …".
    fn refuse(&mut self, id: DirectiveId, message: String) {
        self.config.incomplete = true;
        let finding = self.finding("syntax-error", id, message);
        self.report(finding);
    }

    fn report_undefined(&mut self, id: DirectiveId, name: &str) {
        // Where a part of the configuration is not in view, the macro may be defined in it.
        let elsewhere = self.config.incomplete || self.in_htaccess || !self.is_main;
        self.config.incomplete = true;
        if elsewhere {
            let message = format!("macro `{name}` is not defined in what was read: what it brings is unknown");
            let finding = self.finding("unresolved-include", id, message).severity(Severity::Info);
            self.report(finding);
        } else {
            self.refuse(id, format!("macro `{name}` is not defined before it is used"));
        }
    }
}
