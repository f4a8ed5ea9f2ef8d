//! What the rules on Apache share about `Header` and `RequestHeader`: the edits in force in a route, read as the server reads them.

use crate::finding;
use crate::model::from::apache::Host;
use crate::model::{HandlerKind, Outcome, RouteId, Site, Traits};
use crate::project::apache::Directive;
use crate::project::apache::config::CERTAIN;
use crate::source::{SourceMap, Span};
use crate::syntax::apache::expr::Context;
use crate::syntax::apache::header::{Action, Format, HeaderEdit, Part, Table, When};
use crate::syntax::apache::{Name, Quote};

/// An edit and the directive that makes it.
pub(super) struct Edit<'a> {
    /// The directive.
    pub(super) directive: Directive<'a>,
    /// What it says.
    pub(super) edit: HeaderEdit,
}

impl Edit<'_> {
    /// Whether it edits this field.
    pub(super) fn is_of(&self, name: &str) -> bool {
        self.edit.name.eq_ignore_ascii_case(name)
    }

    /// Whether it is made whatever the request; `<IfModule>` of its own module aside.
    pub(super) fn is_certain(&self) -> bool {
        self.edit.when == When::Always
    }

    /// Which argument says what is done: `always` and `onsuccess` stand before it.
    fn action_at(&self) -> usize {
        let first = self.directive.arg(0);
        usize::from(first.eq_ignore_ascii_case("always") || first.eq_ignore_ascii_case("onsuccess"))
    }

    /// A repair that puts a text at the end of what it writes; `None` where the quotes around it are not plain.
    pub(super) fn with_value_end(&self, text: &str) -> Option<finding::Edit> {
        let value = if matches!(self.edit.action, Action::Edit { .. }) { 3 } else { 2 };
        let index = self.action_at() + value;
        let word = self.directive.words().get(index + 1)?;
        let span = self.directive.arg_span(index);
        match word.quote {
            Quote::None if !word.escaped && !word.hole => {
                Some(finding::Edit::replace(span, format!("\"{}{text}\"", self.directive.arg(index))))
            }
            Quote::None => None,
            _ => word.closed.then(|| finding::Edit::insert(span.file, span.end - 1, text)),
        }
    }

    /// A repair that writes the same edit for the fields of the other table as well; `None` where it goes over several lines.
    pub(super) fn for_both_tables(&self, sources: &SourceMap) -> Option<finding::Edit> {
        let span = self.directive.span();
        let action = self.directive.arg_span(self.action_at());
        let rest = sources.text(Span::new(span.file, action.start, span.end));
        let always = if self.edit.table == Table::Always { "" } else { "always " };
        let line = format!("{} {always}{rest}", self.directive.name_text());
        (!rest.contains('\n')).then(|| finding::Edit::insert_before(sources, span, &[&line]))
    }

    /// The value that it writes, if the files tell all of it.
    pub(super) fn value(&self) -> Option<String> {
        match &self.edit.action {
            Action::Add(format)
            | Action::Append(format)
            | Action::Merge(format)
            | Action::Set(format)
            | Action::SetIfEmpty(format) => text(format),
            _ => None,
        }
    }
}

/// A value that is the same for every request.
pub(super) fn text(format: &Format) -> Option<String> {
    let Format::Parts(parts) = format else { return None };
    let literal = |part: &Part| match part {
        Part::Text(text) => Some(text.clone()),
        _ => None,
    };
    parts.iter().map(literal).collect()
}

/// Reads a `Header` or `RequestHeader`; `None` if the server refuses it or something in it is not known.
pub(super) fn read(directive: Directive<'_>) -> Option<Edit<'_>> {
    if directive.is_unknown() {
        return None;
    }
    let context = if directive.htaccess().is_some() { Context::Htaccess } else { Context::Server };
    let args: Vec<_> = directive.args().collect();
    let args: Vec<&str> = args.iter().map(AsRef::as_ref).collect();
    let edit = HeaderEdit::parse(directive.name() == Name::RequestHeader, &args, context).ok()?;
    Some(Edit { directive, edit })
}

/// The edits of response fields (`Header`) or request fields (`RequestHeader`) in force in a route, in their order.
pub(super) fn edits<'a>(host: &Host<'a>, route: RouteId, name: Name) -> Vec<Edit<'a>> {
    let wanted = if name == Name::RequestHeader { Traits::SETS_HEADERS } else { Traits::EDITS_RESPONSE };
    if !host.routes().get(route as usize).is_some_and(|r| r.traits.has(wanted)) {
        return Vec::new();
    }
    host.effective_all(route, name).into_iter().filter_map(read).collect()
}

/// Whether the configuration has a directive of that name at all: the cheapest screen.
pub(super) fn uses(host: &Host, name: Name) -> bool {
    host.config().by_name.get(name as usize).is_some_and(|ids| !ids.is_empty())
}

/// What `Header` makes of a field of a successful answer.
pub(super) struct Written {
    /// The value.
    pub(super) value: String,
    /// The directive.
    pub(super) by: Span,
    /// The fields it is among, if it is `set` there whatever they are.
    set_in: Option<Table>,
}

impl Written {
    /// Whether it takes the place of what the application says. Scripts' own fields stand among those of `Header always`
    /// (`ap_scan_script_header_err_core`), those of a proxied server and of `mod_php` among the others; in the wrong table there are
    /// two fields in the end.
    pub(super) fn replaces(&self, outcome: &Outcome) -> bool {
        outcome.always(|o| match o.handler.kind {
            HandlerKind::Proxy | HandlerKind::Module => self.set_in == Some(Table::Success),
            HandlerKind::Cgi | HandlerKind::Fastcgi => self.set_in == Some(Table::Always),
            _ => false,
        })
    }
}

/// The value that the edits of a route certainly give a field of the response; `None` if it is left to the application, or depends on
/// the request.
pub(super) fn written(edits: &[Edit], name: &str) -> Option<Written> {
    let mut found: Option<Written> = None;
    for edit in edits.iter().filter(|e| e.is_of(name)) {
        match (&edit.edit.action, edit.is_certain()) {
            (Action::Set(_) | Action::SetIfEmpty(_), true) => {
                let set_in = matches!(edit.edit.action, Action::Set(_)).then_some(edit.edit.table);
                found = edit.value().map(|value| Written { value, by: edit.directive.span(), set_in });
            }
            (Action::Echo(_) | Action::Note(_), _) => {}
            _ => found = None,
        }
    }
    found
}

/// Whether a condition around a directive asks for more than a module that is usually there.
pub(super) fn is_open(host: &Host, directive: &Directive) -> bool {
    let mut condition = directive.condition();
    while condition != CERTAIN {
        let Some(found) = host.config().conditions.get(condition as usize) else { return true };
        if found.negated || !matches!(found.kind, crate::project::apache::ConditionKind::Module(_)) {
            return true;
        }
        condition = found.parent;
    }
    false
}
