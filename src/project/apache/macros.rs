//! `<Macro>`, `Use` and `UndefMacro`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::config::{Bindings, DirectiveId};
use super::expand::{Expansion, Origin};
use crate::finding::Severity;
use crate::syntax::apache::NodeId;

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
    let mut rest = line;
    loop {
        let found = bindings.iter().filter_map(|(name, value)| Some((rest.find(name.as_str())?, name, value)));
        let Some((start, name, value)) = found.min_by_key(|(start, name, _)| (*start, std::cmp::Reverse(name.len()))) else {
            break;
        };
        bound.push_str(rest.get(..start).unwrap_or_default());
        if name.starts_with('@') {
            bound.push('"');
            bound.push_str(&value.replace('\\', "\\\\").replace('"', "\\\""));
            bound.push('"');
        } else {
            bound.push_str(value);
        }
        rest = rest.get(start + name.len()..).unwrap_or_default();
    }
    if rest.len() == line.len() {
        return None;
    }
    bound.push_str(rest);
    Some(bound)
}

impl Expansion<'_, '_, '_> {
    /// `<Macro name $parameters…>`: its text is placed where it is used.
    pub(super) fn define_macro(&mut self, origin: &Origin, node: NodeId, id: DirectiveId) {
        let directive = self.config.directive(self.sources, id);
        let mut args = directive.args().map(Cow::into_owned);
        let Some(name) = args.next() else { return };
        // `/IgnoreEmptyArgs` and `/IgnoreBadNesting` only silence warnings.
        let parameters = args.filter(|arg| !arg.is_empty() && !arg.starts_with('/')).collect();
        let defined = Macro { origin: origin.clone(), node, parameters };
        self.macros.insert(name.to_ascii_lowercase(), Arc::new(defined));
    }

    /// `Use name values…`
    pub(super) fn use_macro(&mut self, origin: &Origin, id: DirectiveId, parent: DirectiveId) {
        let directive = self.config.directive(self.sources, id);
        let span = directive.span();
        let mut values = directive.args().map(Cow::into_owned);
        let Some(name) = values.next().map(|name| name.to_ascii_lowercase()) else { return };
        let values: Vec<String> = values.collect();
        if directive.is_unknown() {
            self.config.incomplete = true;
            return;
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
