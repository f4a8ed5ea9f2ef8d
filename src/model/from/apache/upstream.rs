//! What the application gets: header fields over HTTP and AJP, variables over FastCGI, SCGI, uWSGI and CGI.

use super::ending::scheme_of;
use super::handler::Class;
use super::walk::{Field, Walk};
use crate::model::fact::{concat, unknown_value};
use crate::model::{Fact, HandlerKind, HeaderFate, Sent, Upstream, Value};
use crate::source::Span;
use crate::syntax::apache::Name;

/// Fields that a proxy does not hand on.
const HOP_BY_HOP: &[&str] =
    &["connection", "keep-alive", "proxy-connection", "upgrade", "trailer", "te", "transfer-encoding", "expect"];

impl Walk<'_, '_> {
    /// What the application behind the handler gets; `None` if there is none.
    pub(super) fn upstream(&mut self) -> Option<Upstream> {
        let handler = self.served.clone()?;
        if !handler.kind.is_upstream() {
            return None;
        }
        let class = self.classify();
        let url = match &class {
            Class::Proxy { url, .. } => Some(self.member_of(url)),
            _ => None,
        };
        let scheme = url.as_ref().map(|u| scheme_of(u.prefix()));
        let proxies = handler.kind == HandlerKind::Proxy;
        let headers_only = proxies || handler.kind == HandlerKind::Module;
        let authorization = match (&class, handler.kind) {
            _ if headers_only => self.fate("Authorization"),
            _ if scheme.as_deref() == Some("uwsgi") => self.parameter("Authorization"),
            (Class::Fcgid(_), _) => self.fcgid_authorization(),
            _ => self.script_authorization(),
        };
        let mut forwarded_host = if headers_only { self.fate("X-Forwarded-Host") } else { self.parameter("X-Forwarded-Host") };
        let mut host = self.own_host();
        let speaks_http = proxies && scheme.as_deref() != Some("ajp");
        if speaks_http {
            if self.adds_headers() {
                forwarded_host = self.added_forwarded_host();
            }
            if self.flag(Name::ProxyPreserveHost) != Some(true) {
                host = Fact::is(url.as_ref().map_or_else(|| unknown_value("address"), host_of), handler.span);
            } else if let Some(by) = self.last(&[Name::ProxyPreserveHost]).filter(|_| host.because.is_empty()) {
                host.because.push(by.span());
            }
        }
        let fate = |walk: &mut Self, name| if headers_only { walk.fate(name) } else { walk.parameter(name) };
        Some(Upstream {
            authorization,
            cookie: fate(self, "Cookie"),
            forwarded_proto: fate(self, "X-Forwarded-Proto"),
            forwarded_host,
            host,
            sent: self.sent(headers_only, !proxies),
            lost: Vec::new(),
            forwards_client_headers: Fact::is(true, []),
        })
    }

    /// Header fields that the configuration sets or clears, variables that stand for one, and which script runs with which query.
    fn sent(&self, headers_only: bool, is_script: bool) -> Vec<Sent> {
        let mut sent: Vec<Sent> = Vec::new();
        for field in &self.headers {
            let Some(span) = field.by else { continue };
            sent.push(Sent { name: field.name.clone(), written: self.written(span), value: field.value.clone(), span });
        }
        for (name, span) in &self.cleared {
            if self.header(name).is_none() {
                let value = Value::Known(String::new());
                sent.push(Sent { name: name.clone(), written: self.written(*span), value, span: *span });
            }
        }
        if !headers_only {
            for variable in self.r.env.iter() {
                if let (Some(name), Some(span)) = (variable.name.strip_prefix("HTTP_"), variable.by) {
                    let name = header_name(name);
                    let value = variable.value.clone();
                    sent.push(Sent { name, written: self.written(span), value, span });
                }
            }
        }
        if is_script {
            let span = self.served.as_ref().and_then(|handler| handler.span).unwrap_or_else(|| self.place());
            let uri = self.r.uri.strip_suffix(self.r.path_info.as_str()).unwrap_or(&self.r.uri);
            let query = self.r.args.clone().unwrap_or_else(|| Value::Known(String::new()));
            for (name, value) in [("SCRIPT_NAME", Value::Known(uri.to_owned())), ("QUERY_STRING", query)] {
                sent.push(Sent { name: name.to_owned(), written: String::new(), value, span });
            }
        }
        sent
    }

    fn written(&self, span: Span) -> String {
        self.host.shared.sources.text(span).to_owned()
    }

    /// Whether `Connection` names a field: then a proxy drops it.
    fn is_dropped_by_connection(&self, name: &str) -> bool {
        HOP_BY_HOP.iter().any(|h| h.eq_ignore_ascii_case(name))
            || self
                .headers
                .iter()
                .filter(|f| f.name.eq_ignore_ascii_case("connection"))
                .any(|f| f.value.prefix().split(',').any(|token| token.trim().eq_ignore_ascii_case(name)))
    }

    /// The value of a header field as the client sent it; several of one name are one to the server.
    fn sent_by_client(&self, name: &str) -> Option<String> {
        let values: Vec<&str> =
            self.request.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    fn fate_of(&self, field: Option<&Field>, name: &str) -> Fact<HeaderFate> {
        let client = self.sent_by_client(name);
        let client = client.as_deref();
        let absent = if client.is_some() { HeaderFate::Dropped } else { HeaderFate::Absent };
        let Some(field) = field else {
            let cleared = self.cleared.iter().rev().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, span)| *span);
            return Fact::is(absent, cleared);
        };
        let fate = match &field.value {
            Value::Known(text) if Some(text.as_str()) == client => HeaderFate::Kept,
            Value::Known(_) | Value::Unknown { nonempty: true, .. } => HeaderFate::Replaced(field.value.clone()),
            Value::Unknown { why, .. } => HeaderFate::Unknown(why.clone()),
        };
        Fact::is(fate, field.by)
    }

    /// What becomes of a header field on its way to an application that sees header fields.
    fn fate(&self, name: &str) -> Fact<HeaderFate> {
        let field = self.header(name).filter(|_| !self.is_dropped_by_connection(name));
        self.fate_of(field, name)
    }

    /// What becomes of a header field as a variable `HTTP_…`: a variable of that name counts where there is no field.
    fn parameter(&self, name: &str) -> Fact<HeaderFate> {
        if self.header(name).is_some() {
            return self.fate_of(self.header(name), name);
        }
        let variable = format!("HTTP_{}", name.to_ascii_uppercase().replace('-', "_"));
        match self.r.env.handed_on(&variable) {
            Some(set) => Fact::is(HeaderFate::Replaced(set.value.clone()), set.by),
            None => self.fate_of(None, name),
        }
    }

    /// Authorization on its way to a script: only `CGIPassAuth` hands it on, or a variable that stands for it.
    fn script_authorization(&mut self) -> Fact<HeaderFate> {
        let pass = self.last(&[Name::CGIPassAuth]);
        if let Some(pass) = pass.filter(|d| d.arg(0).eq_ignore_ascii_case("on"))
            && self.header("authorization").is_some()
        {
            let mut fact = self.fate_of(self.header("authorization"), "Authorization");
            fact.because.push(pass.span());
            return fact;
        }
        let client = self.sent_by_client("authorization");
        let client = client.as_deref();
        if let Some(variable) = self.r.env.handed_on("HTTP_AUTHORIZATION") {
            let fate = match &variable.value {
                Value::Known(text) if Some(text.as_str()) == client => HeaderFate::Kept,
                Value::Known(text) if text.is_empty() && client.is_none() => HeaderFate::Absent,
                Value::Known(text) if text.is_empty() => HeaderFate::Dropped,
                Value::Known(_) | Value::Unknown { nonempty: true, .. } => HeaderFate::Replaced(variable.value.clone()),
                Value::Unknown { why, .. } => HeaderFate::Unknown(why.clone()),
            };
            return Fact::is(fate, variable.by);
        }
        let fate = if client.is_some() { HeaderFate::Dropped } else { HeaderFate::Absent };
        let cleared = self.cleared.iter().rev().find(|(n, _)| n.eq_ignore_ascii_case("authorization")).map(|(_, s)| *s);
        let off = pass.map(|d| d.span());
        Fact::is(fate, cleared.into_iter().chain(off).chain(self.served.as_ref().and_then(|h| h.span)))
    }

    /// `mod_fcgid` hands on what `FcgidPassHeader` names.
    fn fcgid_authorization(&mut self) -> Fact<HeaderFate> {
        let passes = self.server_list(&[Name::Unknown]).into_iter().find(|id| {
            let directive = self.directive(*id);
            directive.name_text().eq_ignore_ascii_case("FcgidPassHeader")
                && directive.arg(0).eq_ignore_ascii_case("authorization")
        });
        match passes {
            Some(id) => {
                let mut fact = self.fate_of(self.header("authorization"), "Authorization");
                fact.because.push(self.directive(id).span());
                fact
            }
            None => self.script_authorization(),
        }
    }

    /// The Host header field as it stands now.
    fn own_host(&self) -> Fact<Value> {
        match self.header("host") {
            Some(field) => Fact::is(field.value.clone(), field.by),
            None => Fact::is(Value::Known(String::new()), []),
        }
    }

    fn adds_headers(&mut self) -> bool {
        self.flag(Name::ProxyAddHeaders) != Some(false)
    }

    /// `X-Forwarded-Host` as the proxy makes it: behind what is there already.
    fn added_forwarded_host(&self) -> Fact<HeaderFate> {
        let host = self.own_host();
        let crate::model::Known::Is(host) = host.value else { return self.fate("X-Forwarded-Host") };
        let before = self.header("x-forwarded-host");
        let value = match before {
            Some(field) => concat([field.value.clone(), Value::Known(", ".to_owned()), host]),
            None => host,
        };
        Fact::is(HeaderFate::Replaced(value), before.and_then(|f| f.by))
    }
}

/// The Host that a proxy sends for a URL: the port only where the URL names one other than 80.
fn host_of(url: &Value) -> Value {
    let text = url.prefix();
    let text = text.split_once('|').map_or(text, |(_, url)| url);
    let Some((_, rest)) = text.split_once("://") else { return unknown_value("address") };
    let end = rest.find(['/', '?']);
    if end.is_none() && url.known().is_none() {
        return unknown_value("address");
    }
    let authority = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    Value::Known(authority.strip_suffix(":80").unwrap_or(authority).to_ascii_lowercase())
}

/// The header field that a variable stands for: `X_REAL_IP` is `X-Real-Ip`.
fn header_name(variable: &str) -> String {
    let words = variable.split('_').map(|word| {
        let (first, tail) = word.split_at_checked(1).unwrap_or((word, ""));
        format!("{}{}", first.to_ascii_uppercase(), tail.to_ascii_lowercase())
    });
    words.collect::<Vec<_>>().join("-")
}
