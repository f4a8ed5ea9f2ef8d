//! What the walk tells the modules that ask about the request.

use super::frame::Stands;
use super::vars::{FileTest, Target, Variable, Vars};
use super::walk::{End, Field, Walk};
use crate::model::fact::{concat, unknown_value};
use crate::model::from::lookup::Found;
use crate::model::{Known, Scheme, Value};
use crate::source::Span;
use crate::syntax::apache::Name;
use crate::syntax::apache::header::Table;

impl Vars for Walk<'_, '_> {
    fn variable(&mut self, variable: Variable) -> Value {
        let known = |text: &str| Value::Known(text.to_owned());
        let address = |client: Option<std::net::IpAddr>| {
            client.map_or_else(|| unknown_value("client address"), |a| Value::Known(a.to_string()))
        };
        let on = |is: bool| Value::Known(if is { "on" } else { "off" }.to_owned());
        match variable {
            Variable::AuthType => {
                if self.r.user.is_some() {
                    self.auth_type().map_or_else(|| known(""), |d| known(&d.arg(0)))
                } else {
                    known("")
                }
            }
            Variable::ConnRemoteAddr => known(&self.request.client.to_string()),
            Variable::ContentType => match self.content_type() {
                Some((_, content_type)) => Value::Known(content_type),
                None => unknown_value("type of the file"),
            },
            Variable::ContextDocumentRoot => match &self.r.context {
                Some((_, folder)) => known(folder),
                None => self.document_root_value(),
            },
            Variable::ContextPrefix => self.r.context.as_ref().map_or_else(|| known(""), |(prefix, _)| known(prefix)),
            Variable::DocumentRoot => self.document_root_value(),
            Variable::Handler => self.r.handler.as_ref().map_or_else(|| known(""), |h| h.name.clone()),
            Variable::Http2 => unknown_value("version of the protocol"),
            Variable::Https => on(self.request.scheme == Scheme::Https),
            Variable::Ipv6 => on(self.request.client.is_ipv6()),
            Variable::IsSubreq => known(if self.r.subrequest { "true" } else { "false" }),
            Variable::PathInfo => known(&self.r.path_info),
            Variable::QueryString => self.r.args.clone().unwrap_or_else(|| known("")),
            Variable::RemoteAddr => address(self.client),
            Variable::RemoteHost => unknown_value("name of the client"),
            Variable::RemoteIdent => known(""),
            Variable::RemotePort => unknown_value("port of the client"),
            Variable::RemoteUser => self.r.user.clone().unwrap_or_else(|| known("")),
            Variable::RequestFilename => match &self.r.proxied {
                Some(proxied) => concat([known("proxy:"), proxied.url.clone()]),
                None if self.r.filename.is_empty() && self.r.path_is_file => known(&self.r.uri),
                None => known(&self.r.filename),
            },
            Variable::RequestMethod => known(&self.r.method),
            Variable::RequestScheme => known(self.scheme().as_str()),
            Variable::RequestStatus => match &self.end {
                None => known(&self.r.status.to_string()),
                Some(End::Status(Known::Is(status), _)) => known(&status.to_string()),
                Some(_) => unknown_value("status of the application's answer"),
            },
            Variable::RequestUri => known(&self.r.uri),
            Variable::ServerAddr => match super::vhost::local_address(self.request) {
                Some(address) => known(&address.to_string()),
                None => unknown_value("address of the server"),
            },
            Variable::ServerAdmin => match self.server_setting(&[Name::ServerAdmin]) {
                Some(admin) => known(&admin.arg(0)),
                None => known("[no address given]"),
            },
            Variable::ServerName => self.self_address().0,
            Variable::ServerPort => {
                let scheme = self.scheme();
                let port = self.self_address().1.unwrap_or(scheme.default_port());
                Value::Known(port.to_string())
            }
            Variable::ServerProtocol => known("HTTP/1.1"),
            Variable::ServerSoftware => unknown_value("version of the server"),
            Variable::TheRequest => known(&format!("{} {} HTTP/1.1", self.request.method, self.request.target())),
            Variable::Other(what) => unknown_value(what),
        }
    }

    fn fields(&mut self, table: Table) -> &mut Vec<Field> {
        match table {
            Table::Request => &mut self.headers,
            Table::Success => &mut self.success,
            Table::Always => &mut self.always,
        }
    }

    fn response_header(&mut self, name: &str) -> Option<Value> {
        let field = self.success.iter().chain(&self.always).find(|f| f.name.eq_ignore_ascii_case(name));
        let is_open = self.answers_in.is_some() && (self.reached || super::edits::is_of_file(name));
        field.map(|f| f.value.clone()).or_else(|| is_open.then(|| unknown_value("header of the response")))
    }

    fn env(&mut self, name: &str) -> Option<Value> {
        self.r.env.get(name).map(|v| v.value.clone())
    }

    fn set_env(&mut self, name: &str, value: Option<Value>, by: Span) {
        self.r.env.set(name, value, Some(by));
    }

    fn add_cookie(&mut self, value: Value, by: Span) {
        let name = |value: &Value| value.prefix().split('=').next().unwrap_or_default().to_owned();
        if value.known().is_none() || !self.cookies.iter().any(|other| name(&other.value) == name(&value)) {
            let cookie = Field { name: "Set-Cookie".to_owned(), value, by: Some(by) };
            self.cookies.push(cookie.clone());
            self.always.push(cookie);
        }
    }

    fn note(&mut self, name: &str) -> Option<Value> {
        self.r.notes.get(name).map(|v| v.value.clone())
    }

    fn set_note(&mut self, name: &str, value: Option<Value>) {
        self.r.notes.set(name, value, None);
    }

    fn process_env(&mut self, name: &str) -> Option<Value> {
        // What a service has without being told so.
        let usual = name.starts_with("APACHE_") || matches!(name, "PATH" | "LANG" | "HOME" | "USER" | "PWD" | "TZ" | "HOSTNAME");
        usual.then(|| unknown_value("environment of the server"))
    }

    fn ssl(&mut self, name: &str) -> Option<Value> {
        if self.request.scheme == Scheme::Http {
            return None;
        }
        match name {
            "HTTPS" => Some(Value::Known("on".to_owned())),
            _ => Some(unknown_value("the TLS connection")),
        }
    }

    fn file(&mut self, test: FileTest, path: &str) -> Option<bool> {
        // What stands for a file: `proxy:http://…`, `redirect:/…`.
        let stands = if path.starts_with('/') { self.stands_at(path)? } else { Stands::Nothing };
        match test {
            FileTest::Exists => Some(stands != Stands::Nothing),
            FileTest::File | FileTest::NonEmpty => Some(stands == Stands::File),
            FileTest::Folder => Some(stands == Stands::Folder),
            FileTest::Link | FileTest::Executable => (stands == Stands::Nothing).then_some(false),
        }
    }

    fn read_file(&mut self, path: &str) -> Option<String> {
        match self.read(path) {
            Found::There(text) => Some(text),
            Found::Missing | Found::Unknown => None,
        }
    }

    fn may_look_ahead(&self) -> bool {
        self.may_look()
    }

    fn subrequest(&mut self, target: Target<'_>) -> Option<u16> {
        self.status_of(target)
    }

    fn look_ahead(&mut self, target: Target<'_>, variable: &str) -> Value {
        self.variable_of(target, variable)
    }

    fn serves_host(&mut self, host: &str, port: u16) -> Option<bool> {
        let names = &self.host.names;
        let asked = host.trim_matches(['[', ']']).parse().ok();
        let by_address = |a: &super::vhost::Address| a.port.is_none_or(|p| p == port) && a.ip.is_some() && a.ip == asked;
        if names.addresses.iter().any(by_address) {
            return Some(true);
        }
        // A `ServerName` without a port takes back the one of `<VirtualHost>`: then no URL names this host.
        let address = names.addresses.iter().find_map(|a| a.port).filter(|_| self.host.server_name.is_none());
        let own_port = address.or(names.named_port).unwrap_or(0);
        let host = host.to_ascii_lowercase();
        Some(port == own_port && (names.fits(&host) || self.host.server_name.as_deref() == Some(host.as_str())))
    }

    fn spend(&mut self) -> bool {
        let left = &mut self.choices.steps_left;
        *left = left.saturating_sub(1);
        *left > 0
    }

    fn decide(&mut self, question: &str, default: bool, by: Span, file_system: bool) -> bool {
        // Another directive of the same words may ask something else.
        let key = if file_system { question.to_owned() } else { format!("{question} ({by:?})") };
        self.note_unknown(question, by, file_system);
        self.choices.answer(&key, default)
    }

    fn note_unknown(&mut self, what: &str, by: Span) {
        Walk::note_unknown(self, what, by, false);
    }
}

impl Walk<'_, '_> {
    fn document_root_value(&mut self) -> Value {
        match self.document_root() {
            Some(root) => Value::Known(root),
            None => unknown_value("document root"),
        }
    }

    /// What stands at a path that a condition asks about; the file of the request itself is looked for as its mapping does.
    fn stands_at(&mut self, path: &str) -> Option<Stands> {
        let current = format!("{}{}", self.r.filename, self.r.path_info);
        if !self.r.layers.is_empty() && !self.r.filename.is_empty() && path == current {
            return Some(if self.r.stands == Stands::File && !self.r.path_info.is_empty() {
                Stands::Nothing
            } else {
                self.r.stands
            });
        }
        if let Some(known) = self.known_kind(path) {
            return Some(known);
        }
        let root = self.document_root()?;
        let own = path.strip_prefix(root.trim_end_matches('/')) == Some(self.r.uri.as_str());
        own.then(|| match self.find_file(path) {
            (stands, end) if end >= path.trim_end_matches('/').len() => stands,
            _ => Stands::Nothing,
        })
    }
}
