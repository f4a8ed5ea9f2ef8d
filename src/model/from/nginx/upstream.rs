//! What the upstream gets: request headers of `proxy_*`, `grpc_*`, and their like for FastCGI, uWSGI and SCGI parameters.

use super::nginx_site::Server;
use super::run::Run;
use super::slots::{List, PerProtocol, PerProtocolList, Protocol};
use super::walk::{Walk, unknown_value};
use crate::model::{Fact, HandlerKind, HeaderFate, Sent, Upstream, Value};
use crate::project::nginx::DirectiveId;
use crate::source::Span;
use crate::syntax::nginx::Name;

/// The protocol of a `*_pass` directive.
pub(super) fn protocol_of(name: Name) -> Option<Protocol> {
    match name {
        Name::ProxyPass => Some(Protocol::Proxy),
        Name::FastcgiPass => Some(Protocol::Fastcgi),
        Name::UwsgiPass => Some(Protocol::Uwsgi),
        Name::ScgiPass => Some(Protocol::Scgi),
        Name::GrpcPass => Some(Protocol::Grpc),
        _ => None,
    }
}

/// The handler kind of a protocol.
pub(super) fn kind_of(protocol: Protocol) -> HandlerKind {
    match protocol {
        Protocol::Proxy => HandlerKind::Proxy,
        Protocol::Fastcgi => HandlerKind::Fastcgi,
        Protocol::Uwsgi => HandlerKind::Uwsgi,
        Protocol::Scgi => HandlerKind::Scgi,
        Protocol::Grpc => HandlerKind::Grpc,
    }
}

/// Whether request headers travel as parameters (`HTTP_AUTHORIZATION`).
fn uses_parameters(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::Fastcgi | Protocol::Uwsgi | Protocol::Scgi)
}

/// The header field that a parameter stands for: `HTTP_X_REAL_IP` is `X-Real-Ip`. Other parameters keep their name.
fn header_of_parameter(name: &str) -> String {
    let Some(rest) = name.strip_prefix("HTTP_") else { return name.to_owned() };
    let words = rest.split('_').map(|word| {
        let (first, tail) = word.split_at_checked(1).unwrap_or((word, ""));
        format!("{}{}", first.to_ascii_uppercase(), tail.to_ascii_lowercase())
    });
    words.collect::<Vec<_>>().join("-")
}

/// A change of the client's own header fields (`more_set_input_headers`).
#[derive(Clone, Debug)]
pub(super) struct InputEdit {
    /// `X-*` stands for all that begin so; only `more_clear_input_headers` takes it.
    name: String,
    /// Empty: removed.
    value: Value,
    span: Span,
}

impl Walk<'_, '_> {
    /// What the upstream behind the current handler gets; `None` if there is none.
    pub(super) fn upstream(&mut self) -> Option<Upstream> {
        let protocol = protocol_of(self.handler_name()?)?;
        let run = self.settled().run_of(protocol, PerProtocolList::Headers);
        let sent = self.sent(protocol, run);
        let lost = self.lost(protocol, &sent);
        let forwards = self.settled().of(protocol, PerProtocol::PassRequestHeaders).map(|id| self.directive(id));
        let forwards_client_headers = match forwards {
            Some(d) => Fact::is(d.arg(0) != "off", [d.span()]),
            None => Fact::is(true, []),
        };
        let host = self.upstream_host(protocol, &sent, &forwards_client_headers);
        let fate = |walk: &Self, name| walk.fate(name, &sent, &forwards_client_headers);
        Some(Upstream {
            authorization: fate(self, "Authorization"),
            cookie: fate(self, "Cookie"),
            forwarded_proto: fate(self, "X-Forwarded-Proto"),
            forwarded_host: fate(self, "X-Forwarded-Host"),
            host,
            lost,
            forwards_client_headers,
            sent,
        })
    }

    fn sent(&mut self, protocol: Protocol, run: Run) -> Vec<Sent> {
        let ids: Vec<DirectiveId> = self.server.shared.scopes.run(run).to_vec();
        ids.into_iter().map(|id| self.one_sent(protocol, id)).collect()
    }

    fn one_sent(&mut self, protocol: Protocol, id: DirectiveId) -> Sent {
        let directive = self.directive(id);
        let name = directive.arg(0).into_owned();
        let name = if uses_parameters(protocol) { header_of_parameter(&name) } else { name };
        let written = directive.arg(1).into_owned();
        let value = if directive.has_hole() { unknown_value("template hole") } else { self.value(&written) };
        Sent { name, written, value, span: directive.span() }
    }

    /// Headers of the nearest outer block with a set of its own, which the current set replaces.
    fn lost(&mut self, protocol: Protocol, sent: &[Sent]) -> Vec<Sent> {
        let replaced = self.settled().replaced(protocol, PerProtocolList::Headers);
        let outer = self.sent(protocol, replaced);
        outer.into_iter().filter(|o| !sent.iter().any(|s| s.name.eq_ignore_ascii_case(&o.name))).collect()
    }

    /// Takes the changes that headers-more makes at the end of each run of the rewrite phase. They stay with the request when it goes on
    /// elsewhere, and the access phase sees them.
    pub(super) fn edit_input_headers(&mut self) {
        for id in self.list(List::MoreSetInputHeaders) {
            let directive = self.directive(*id);
            let clears = directive.name() == Name::MoreClearInputHeaders;
            let mut skip = false;
            let only_present = directive.args().any(|a| a == "-r");
            for arg in directive.args() {
                if std::mem::take(&mut skip) || arg.starts_with('-') {
                    skip = arg == "-s" || arg == "-t";
                    continue;
                }
                let (name, value) = arg.split_once(':').unwrap_or((&arg, ""));
                let name = name.trim().to_owned();
                if only_present && !self.has_header(&name) {
                    continue;
                }
                let value = if clears { Value::Known(String::new()) } else { self.value(value.trim_start()) };
                self.edits.push(InputEdit { name, value, span: directive.span() });
            }
        }
    }

    fn has_header(&self, name: &str) -> bool {
        match self.edit_of(name) {
            Some(edit) => edit.value.is_empty() != Some(true),
            None => self.request.header_value(name).is_some(),
        }
    }

    /// The last change of a header; `None`: it is left alone.
    fn edit_of(&self, name: &str) -> Option<&InputEdit> {
        self.edits.iter().rev().find(|edit| match edit.name.strip_suffix('*') {
            Some(start) => name.get(..start.len()).is_some_and(|n| n.eq_ignore_ascii_case(start)),
            None => edit.name.eq_ignore_ascii_case(name),
        })
    }

    /// What headers-more has made of a header; `None`: it is left alone.
    pub(super) fn edited(&self, name: &str) -> Option<Value> {
        self.edit_of(name).map(|edit| edit.value.clone())
    }

    fn fate(&self, name: &str, sent: &[Sent], forwards: &Fact<bool>) -> Fact<HeaderFate> {
        let client = self.request.header_value(name);
        let own: Vec<&Sent> = sent.iter().filter(|s| s.name.eq_ignore_ascii_case(name)).collect();
        let edited = self.edit_of(name);
        let absent = if client.is_some() { HeaderFate::Dropped } else { HeaderFate::Absent };
        let by_value = |value: &Value| match value {
            Value::Known(text) if text.is_empty() => absent.clone(),
            Value::Known(text) if Some(text.as_str()) == client => HeaderFate::Kept,
            Value::Known(_) | Value::Unknown { nonempty: true, .. } => HeaderFate::Replaced(value.clone()),
            Value::Unknown { why, .. } => HeaderFate::Unknown(why.clone()),
        };
        if !own.is_empty() {
            // Of several only those with a value are sent.
            let deciding = own.iter().find(|s| s.value.is_empty() != Some(true)).or(own.first());
            let fate = deciding.map_or(absent.clone(), |s| by_value(&s.value));
            return Fact::is(fate, deciding.map(|s| s.span));
        }
        if forwards.value.is(&false) {
            return Fact::is(absent, forwards.because.iter().copied());
        }
        match edited {
            Some(edit) => Fact::is(by_value(&edit.value), [edit.span]),
            None if client.is_some() => Fact::is(HeaderFate::Kept, []),
            None => Fact::is(HeaderFate::Absent, []),
        }
    }

    fn upstream_host(&mut self, protocol: Protocol, sent: &[Sent], forwards: &Fact<bool>) -> Fact<Value> {
        // Of several only those with a value are sent.
        let mut own = sent.iter().filter(|s| s.name.eq_ignore_ascii_case("host"));
        let first = own.clone().next();
        if let Some(host) = own.find(|s| s.value.is_empty() != Some(true)).or(first) {
            return Fact::is(host.value.clone(), [host.span]);
        }
        if !uses_parameters(protocol) {
            return Fact::is(self.proxy_variable("proxy_host"), self.handler.map(|h| self.directive(h).span()));
        }
        if let Some(edit) = self.edit_of("host") {
            return Fact::is(edit.value.clone(), [edit.span]);
        }
        if forwards.value.is(&false) {
            return Fact::is(Value::Known(String::new()), forwards.because.iter().copied());
        }
        Fact::is(Value::Known(Server::host_header(self.request)), [])
    }

    /// `$proxy_host` or `$proxy_port` of the current handler.
    pub(super) fn proxy_variable(&mut self, name: &str) -> Value {
        // Only the proxy module sets it.
        let proxies = self.handler_name().and_then(protocol_of).is_some_and(|protocol| !uses_parameters(protocol));
        let Some(handler) = self.handler.filter(|_| proxies) else { return Value::Known(String::new()) };
        let target = self.directive(handler).arg(0).into_owned();
        let target = match self.value(&target) {
            Value::Known(target) => target,
            unknown @ Value::Unknown { .. } => {
                return unknown_value(match &unknown {
                    Value::Unknown { why, .. } => why,
                    Value::Known(_) => "",
                });
            }
        };
        let (scheme, rest) = target.split_once("://").unwrap_or(("http", &target));
        let default = if matches!(scheme, "https" | "grpcs") { "443" } else { "80" };
        if rest.starts_with("unix:") {
            return Value::Known(if name == "proxy_host" { "localhost".to_owned() } else { String::new() });
        }
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let port = authority.rsplit_once(':').map_or(default, |(_, p)| p);
        if name == "proxy_port" {
            return Value::Known(port.to_owned());
        }
        Value::Known(authority.strip_suffix(&format!(":{default}")).unwrap_or(authority).to_owned())
    }
}
