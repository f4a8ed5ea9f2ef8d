//! What happens to the response on its way to the client.

use super::edits::tables;
use super::vars::{Variable, Vars as _};
use super::walk::{Field, Walk};
use crate::model::fact::{concat, unknown_value};
use crate::model::{GateKind, HandlerKind, Response, Sent, Value, Verdict};
use crate::project::apache::{Directive, DirectiveId};
use crate::source::Span;
use crate::syntax::apache::Name;
use crate::syntax::apache::header::Table;

/// The variables of a script that the model has under another name.
const OF_A_SCRIPT: &[(&str, Variable)] = &[
    ("DOCUMENT_ROOT", Variable::DocumentRoot),
    ("QUERY_STRING", Variable::QueryString),
    ("REMOTE_ADDR", Variable::RemoteAddr),
    ("REQUEST_SCHEME", Variable::RequestScheme),
    ("SERVER_ADDR", Variable::ServerAddr),
    ("SERVER_NAME", Variable::ServerName),
    ("SERVER_PORT", Variable::ServerPort),
    ("SERVER_PROTOCOL", Variable::ServerProtocol),
];

/// Others that are always there: each kind of script makes something else of them, or they hang on the machine.
const NOT_FOLLOWED: &[&str] = &[
    "CONTEXT_DOCUMENT_ROOT",
    "CONTEXT_PREFIX",
    "GATEWAY_INTERFACE",
    "PATH",
    "REMOTE_PORT",
    "REQUEST_METHOD",
    "REQUEST_URI",
    "SCRIPT_FILENAME",
    "SCRIPT_NAME",
    "SERVER_ADMIN",
    "SERVER_SIGNATURE",
    "SERVER_SOFTWARE",
];

impl Walk<'_, '_> {
    /// The edits of the sections that are for the request.
    ///
    /// What a handler answers has fields of both tables. What the server answers without one has those that were for errors before, and
    /// `Header always` makes others beside them: it does not see the former (`ap_send_error_response`).
    pub(super) fn response(&mut self) -> Response {
        let edits = self.all(&[Name::Header]);
        // What is echoed never comes to the edits, but for the early ones.
        if self.local_error && !self.is_echoed {
            self.success.clear();
            let before = std::mem::take(&mut self.always);
            self.edit(&edits, Table::Always, false);
            self.always.extend(before);
        }
        let mut response = Response::default();
        if !self.local_error {
            self.answers_in = self.served.as_ref().map(|handler| fields_of(handler.kind));
            // A proxied answer takes the place of what was there (`ap_proxy_http_process_response`).
            if self.reached && self.served.as_ref().is_some_and(|handler| handler.kind == HandlerKind::Proxy) {
                self.success.clear();
            }
            let expires = self.expires();
            if let Some((value, by)) = &expires {
                let time = Value::Unknown { prefix: String::new(), nonempty: true, why: "time".to_owned() };
                self.success.push(Field { name: "Expires".to_owned(), value: time, by: Some(*by) });
                self.success.push(Field { name: "Cache-Control".to_owned(), value: value.clone(), by: Some(*by) });
            }
            let before = self.r.env.clone();
            self.add_variables_of_a_script();
            for table in [Table::Always, Table::Success] {
                self.edit(&edits, table, false);
            }
            self.r.env = before;
            response.cache_control = cache_control_of(&self.success);
            self.expires_in = expires.clone().map(|(value, _)| value).filter(|_| has_field(&self.success, "Expires"));
            // What is left as `mod_expires` made it is no edit.
            let is_as_made = |field: &Field| expires.as_ref().is_some_and(|(_, by)| field.by == Some(*by));
            self.success.retain(|field| !(field.name == "Cache-Control" && is_as_made(field)));
        }
        response.hidden = std::mem::take(&mut self.hidden);
        response.added = self.always.iter().chain(&self.success).filter_map(|field| self.sent_field(field, &edits)).collect();
        if response.cache_control.is_none() {
            response.cache_control = cache_control_of(&self.always);
        }
        response
    }

    /// The variables that are made for a script, and stay (`ap_add_common_vars`, `ap_add_cgi_vars`): the request header, the user, what the
    /// server knows. Of a variable that `SetEnv` sets over another one the former is left.
    fn add_variables_of_a_script(&mut self) {
        let kind = self.served.as_ref().map(|handler| handler.kind);
        let is_script = matches!(kind, Some(HandlerKind::Cgi | HandlerKind::Fastcgi | HandlerKind::Scgi | HandlerKind::Uwsgi));
        if !self.reached || !is_script {
            return;
        }
        let passes = self.flag(Name::CGIPassAuth) == Some(true);
        for field in self.headers.clone() {
            let is = |name: &str| field.name.eq_ignore_ascii_case(name);
            // `uwsgi_send_headers` sets it in any case.
            // `Proxy` would stand for a setting of many programs.
            if ["content-type", "content-length", "proxy"].iter().any(|name| is(name)) {
                continue;
            }
            let is_handed_on = passes || kind == Some(HandlerKind::Uwsgi) && is("authorization");
            if is_handed_on || !is("authorization") && !is("proxy-authorization") {
                let name = format!("HTTP_{}", field.name.to_ascii_uppercase().replace('-', "_"));
                self.r.env.set(&name, Some(field.value), field.by);
            }
        }
        for (name, variable) in OF_A_SCRIPT {
            let value = self.variable(*variable);
            self.r.env.set(name, Some(value), None);
        }
        for name in NOT_FOLLOWED {
            self.r.env.set(name, Some(unknown_value("variable of a script")), None);
        }
        if let Some(user) = self.r.user.clone() {
            self.r.env.set("REMOTE_USER", Some(user), None);
        }
        self.r.env.compress();
    }

    /// A field that the configuration made.
    fn sent_field(&self, field: &Field, edits: &[DirectiveId]) -> Option<Sent> {
        let span = field.by?;
        let by = edits.iter().map(|id| self.directive(*id)).find(|directive| directive.span() == span);
        let written = by.map_or_else(|| field.value.prefix().to_owned(), |directive| written(&directive));
        Some(Sent { name: field.name.clone(), written, value: field.value.clone(), span })
    }

    /// Puts the challenge of the server's own 401 among the fields for errors, where the sections of an error document may edit it.
    pub(super) fn add_challenge(&mut self) {
        let asks = self.gates.iter().rfind(|gate| gate.kind == GateKind::Basic && gate.verdict == Verdict::Refuses(401));
        let Some(realm) = asks.and_then(|gate| gate.realm.as_ref()) else { return };
        let value = match realm {
            Value::Known(realm) => Value::Known(format!("Basic realm=\"{}\"", realm.replace('"', "\\\""))),
            Value::Unknown { why, .. } => {
                Value::Unknown { prefix: "Basic realm=\"".to_owned(), nonempty: true, why: why.clone() }
            }
        };
        self.always.retain(|field| !field.name.eq_ignore_ascii_case("www-authenticate"));
        self.always.push(Field { name: "WWW-Authenticate".to_owned(), value, by: None });
    }
}

fn has_field(fields: &[Field], name: &str) -> bool {
    fields.iter().any(|field| field.name.eq_ignore_ascii_case(name))
}

/// What the `Cache-Control` fields of a table say together, and the directive of the last one.
pub(super) fn cache_control_of(fields: &[Field]) -> Option<(Value, Span)> {
    let own = fields.iter().filter(|field| field.name.eq_ignore_ascii_case("cache-control"));
    let said = own.filter_map(|field| Some((field.value.clone(), field.by?)));
    said.reduce(|(before, _), (value, by)| (concat([before, Value::Known(", ".to_owned()), value]), by))
}

/// The table that the fields of an answer are in: those of scripts are among those for errors.
fn fields_of(kind: HandlerKind) -> Table {
    match kind {
        HandlerKind::Cgi | HandlerKind::Fastcgi | HandlerKind::Scgi => Table::Always,
        _ => Table::Success,
    }
}

/// The value of a `Header` as written.
fn written(directive: &Directive<'_>) -> String {
    let tables = tables(directive);
    let is_edit = directive.arg(tables).to_ascii_lowercase().starts_with("edit");
    directive.arg(2 + tables + usize::from(is_edit)).into_owned()
}
