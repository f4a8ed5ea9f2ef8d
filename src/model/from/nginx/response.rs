//! What happens to the response on its way to the client.

use super::slots::{List, PerProtocolList, Single};
use super::walk::{Walk, unknown_value};
use crate::model::{Response, Sent, Value};
use crate::syntax::nginx::Name;

impl Walk<'_, '_> {
    /// The edits of the block that serves the request.
    pub(super) fn response(&mut self) -> Response {
        let mut response = Response::default();
        for id in self.list(List::AddHeader).to_vec() {
            let directive = self.directive(id);
            let written = directive.arg(1).into_owned();
            let value = if directive.has_hole() { unknown_value("template hole") } else { self.value(&written) };
            response.added.push(Sent { name: directive.arg(0).into_owned(), written, value, span: directive.span() });
        }
        if let Some(protocol) = self.handler_name().and_then(super::upstream::protocol_of) {
            for id in self.server.shared.scopes.run(self.settled().run_of(protocol, PerProtocolList::HideHeader)) {
                let directive = self.directive(*id);
                response.hidden.extend(directive.args().map(|name| (name.into_owned(), directive.span())));
            }
        }
        for id in self.list(List::MoreSetHeaders).to_vec() {
            let directive = self.directive(id);
            // `-s` and `-t` restrict it to some statuses or types.
            let restricted = directive.args().any(|a| a == "-s" || a == "-t");
            if directive.name() == Name::MoreClearHeaders && !restricted {
                let names = directive.args().filter(|a| !a.starts_with('-'));
                response.hidden.extend(names.map(|name| (name.into_owned(), directive.span())));
            }
        }
        response.cache_control = self.cache_control(&response);
        response
    }

    fn cache_control(&mut self, response: &Response) -> Option<(Value, crate::source::Span)> {
        if let Some(added) = response.added.iter().find(|s| s.name.eq_ignore_ascii_case("cache-control")) {
            return Some((added.value.clone(), added.span));
        }
        let expires = self.single(Single::Expires)?;
        let text = expires.arg(expires.arg_count().saturating_sub(1));
        let value = match text.as_ref() {
            "off" => return None,
            "epoch" => Value::Known("no-cache".to_owned()),
            "max" => Value::Known("max-age=315360000".to_owned()),
            time if time.starts_with('-') => Value::Known("no-cache".to_owned()),
            time if time.contains('$') => match self.value(time) {
                Value::Known(time) if time == "off" => return None,
                Value::Known(time) if time == "epoch" || time.starts_with('-') => Value::Known("no-cache".to_owned()),
                Value::Known(time) if time == "max" => Value::Known("max-age=315360000".to_owned()),
                Value::Known(time) => Value::Known(format!("max-age={}", super::cache::seconds(&time)?)),
                unknown @ Value::Unknown { .. } => unknown,
            },
            time => Value::Known(format!("max-age={}", super::cache::seconds(time.trim_start_matches(['+', '@']))?)),
        };
        Some((value, expires.span()))
    }
}
