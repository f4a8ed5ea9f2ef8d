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

    /// What the configuration says of keeping the answer: `expires` writes the field first, each `add_header` adds one, and clients
    /// read them as one list. The place is that of the part that gives a time, else of the first.
    fn cache_control(&mut self, response: &Response) -> Option<(Value, crate::source::Span)> {
        let added = response.added.iter().filter(|s| s.name.eq_ignore_ascii_case("cache-control"));
        // A field whose value is empty is not added.
        let added = added.filter(|s| s.value.known().is_none_or(|v| !v.is_empty())).map(|s| (s.value.clone(), s.span));
        let parts: Vec<(Value, crate::source::Span)> = self.expires().into_iter().chain(added).collect();
        let gives_time = |value: &Value| value.known().is_some_and(|v| v.to_ascii_lowercase().contains("max-age="));
        let decides = parts.iter().find(|(value, _)| gives_time(value)).or(parts.first())?.1;
        let texts: Option<Vec<&str>> = parts.iter().map(|(value, _)| value.known()).collect();
        let value = match texts {
            Some(texts) => Value::Known(texts.join(", ")),
            None => parts.iter().find(|(value, _)| value.known().is_none())?.0.clone(),
        };
        Some((value, decides))
    }

    /// The Cache-Control that `expires` writes.
    fn expires(&mut self) -> Option<(Value, crate::source::Span)> {
        let expires = self.single(Single::Expires)?;
        let text = expires.arg(expires.arg_count().saturating_sub(1));
        let value = if text.contains('$') { self.value(&text) } else { Value::Known(text.into_owned()) };
        let value = match value {
            Value::Known(time) => max_age(&time)?,
            unknown @ Value::Unknown { .. } => unknown,
        };
        Some((value, expires.span()))
    }
}

/// What `expires` makes of its argument (`ngx_http_parse_expires`); nothing of what is no time.
fn max_age(time: &str) -> Option<Value> {
    let text = match time {
        "" | "off" => return None,
        "epoch" => "no-cache".to_owned(),
        "max" => "max-age=315360000".to_owned(),
        _ if time.starts_with('-') => "no-cache".to_owned(),
        // Until that time of the day comes again.
        _ if time.starts_with('@') => {
            let why = "the time of the day decides".to_owned();
            return Some(Value::Unknown { prefix: "max-age=".to_owned(), nonempty: true, why });
        }
        _ => format!("max-age={}", super::cache::seconds(time.trim_start_matches('+'))?),
    };
    Some(Value::Known(text))
}
