//! What a configuration does to one request, told for people and for programs.

use std::borrow::Cow;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::mask;
use crate::model::{Fact, Gate, GateKind, HeaderFate, Known, Outcome, Place, Request, Scheme, Stores, Value, Verdict};
use crate::report::line;
use crate::source::{SourceMap, Span};

/// The version of the JSON form.
const SCHEMA_VERSION: u32 = 1;

/// Why a request could not be made up.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RequestError {
    /// Not `http://…` or `https://…`.
    #[error("`{0}` is no URL: it must start with http:// or https://")]
    Scheme(String),
    /// The port is no number from 1 to 65535.
    #[error("`{0}` is no port")]
    Port(String),
    /// A header without `:`, or with characters that no header may have.
    #[error("`{0}` is no header: write it as 'Name: value'")]
    Header(String),
    /// An empty host or one with characters that no host has.
    #[error("`{0}` is no host")]
    Host(String),
    /// A method with characters that no method has.
    #[error("`{0}` is no method")]
    Method(String),
    /// A blank or control character in the URL.
    #[error("the URL has a blank or control character: write it as %XX")]
    Target,
}

/// Makes a request from a URL. The path stays as it is written: not decoded, not normalised.
pub fn request(url: &str, method: &str, headers: &[String], client: Option<IpAddr>) -> Result<Request, RequestError> {
    let scheme_of = |prefix: &str| url.get(..prefix.len()).filter(|p| p.eq_ignore_ascii_case(prefix)).map(|_| prefix.len());
    let (scheme, rest) = match (scheme_of("http://"), scheme_of("https://")) {
        (Some(n), _) => (Scheme::Http, url.get(n..)),
        (_, Some(n)) => (Scheme::Https, url.get(n..)),
        _ => return Err(RequestError::Scheme(url.to_owned())),
    };
    let rest = rest.unwrap_or_default().split('#').next().unwrap_or_default();
    if rest.chars().any(|c| c.is_control() || c == ' ') {
        return Err(RequestError::Target);
    }
    let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = split_port(authority);
    let port = match port {
        None | Some("") => scheme.default_port(),
        Some(text) => text.parse().ok().filter(|p| *p > 0).ok_or_else(|| RequestError::Port(text.to_owned()))?,
    };
    if host.is_empty() || host.contains(['\\', '%', '"', '<', '>', '^', '`', '{', '|', '}']) {
        return Err(RequestError::Host(host.to_owned()));
    }
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (target, None),
    };
    let is_token =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
    if !is_token(method) {
        return Err(RequestError::Method(method.to_owned()));
    }
    let mut request = Request::get(host.to_ascii_lowercase(), if path.is_empty() { "/" } else { path }).method(method);
    (request.scheme, request.port, request.query) = (scheme, port, query);
    for header in headers {
        let (name, value) = header.split_once(':').ok_or_else(|| RequestError::Header(header.clone()))?;
        let (name, value) = (name.trim_end(), value.trim());
        if !is_token(name) || value.chars().any(char::is_control) {
            return Err(RequestError::Header(header.clone()));
        }
        if name.eq_ignore_ascii_case("host") {
            split_port(value).0.to_ascii_lowercase().clone_into(&mut request.host);
            request.host_field = Some(value.to_owned());
        } else {
            request.headers.push((name.to_owned(), value.to_owned()));
        }
    }
    // Whoever asks a loopback address is on the same machine.
    let loopback = host.eq_ignore_ascii_case("localhost")
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if let Some(client) = client {
        request.client = client;
    } else if loopback {
        request.client = if host.starts_with('[') { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
    }
    Ok(request)
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        // The colons of an IPv6 address stand in brackets.
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

/// What one layer does.
#[derive(Debug)]
pub struct Layer {
    /// `nginx`, `apache`, or the name of a dialect of edge rules.
    pub kind: &'static str,
    /// What happened.
    pub outcome: Outcome,
}

/// A request and what each layer does to it.
pub struct Trace<'a> {
    /// The URL as given.
    pub url: &'a str,
    /// The request.
    pub request: &'a Request,
    /// The layers, the outermost first.
    pub layers: &'a [Layer],
    /// The texts that the layers point into.
    pub sources: &'a SourceMap,
}

// The JSON form, in the order of its description.

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    request: RequestJson<'a>,
    layers: Vec<LayerJson<'a>>,
}

#[derive(Serialize)]
struct RequestJson<'a> {
    method: &'a str,
    url: Cow<'a, str>,
    headers: Map<String, Json>,
}

#[derive(Serialize)]
struct LayerJson<'a> {
    kind: &'a str,
    site: PlaceJson<'a>,
    served_by: PlaceJson<'a>,
    gates: Vec<GateJson<'a>>,
    status: Json,
    location: Option<String>,
    handler: &'a str,
    upstream: Option<UpstreamJson>,
    cache: CacheJson,
    steps: Vec<ToldJson<'a>>,
    unknown: Vec<ToldJson<'a>>,
}

#[derive(Serialize)]
struct PlaceJson<'a> {
    path: &'a str,
    line: u32,
    text: Cow<'a, str>,
}

#[derive(Serialize)]
struct ToldJson<'a> {
    what: Cow<'a, str>,
    path: &'a str,
    line: u32,
}

#[derive(Serialize)]
struct GateJson<'a> {
    kind: &'a str,
    realm: Option<String>,
    path: &'a str,
    line: u32,
    satisfied_by: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct UpstreamJson {
    authorization: String,
    cookie: String,
    host: String,
    x_forwarded_proto: String,
    x_forwarded_host: String,
}

#[derive(Serialize)]
struct CacheJson {
    stores: &'static str,
    ttl: Option<u64>,
    key_has_authorization: Option<bool>,
    stores_401: &'static str,
}

impl Trace<'_> {
    /// Writes the trace as JSON.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let headers = self.request.headers.iter().map(|(name, _)| (name.to_ascii_lowercase(), Json::from("***"))).collect();
        let document = Document {
            schema_version: SCHEMA_VERSION,
            request: RequestJson { method: &self.request.method, url: mask::mask(self.url), headers },
            layers: self.layers.iter().map(|layer| self.layer(layer)).collect(),
        };
        serde_json::to_writer_pretty(&mut *out, &document)?;
        out.write_all(b"\n")
    }

    fn at(&self, span: Span) -> (&str, u32) {
        (&self.sources.file(span.file).path, self.sources.positions(span).0.line)
    }

    fn place<'p>(&'p self, place: &'p Place) -> PlaceJson<'p> {
        let (path, line) = self.at(place.span);
        PlaceJson { path, line, text: mask::mask(&place.text) }
    }

    fn told<'p>(&'p self, what: &'p str, span: Span) -> ToldJson<'p> {
        let (path, line) = self.at(span);
        ToldJson { what: mask::prose(what), path, line }
    }

    fn layer<'p>(&'p self, layer: &'p Layer) -> LayerJson<'p> {
        let outcome = &layer.outcome;
        LayerJson {
            kind: layer.kind,
            site: self.place(&outcome.site),
            served_by: self.place(&outcome.served_by),
            gates: outcome.gates.iter().map(|gate| self.gate(gate)).collect(),
            status: match outcome.status {
                Known::Is(status) => Json::from(status),
                Known::Unknown(_) => Json::from("unknown"),
            },
            location: outcome.location.as_ref().map(|l| shown("location", l)),
            handler: outcome.handler.kind.as_str(),
            upstream: outcome.upstream.as_ref().map(|upstream| UpstreamJson {
                authorization: fate("authorization", &upstream.authorization),
                cookie: fate("cookie", &upstream.cookie),
                host: match &upstream.host.value {
                    Known::Is(host) => shown("host", host),
                    Known::Unknown(_) => "unknown".to_owned(),
                },
                x_forwarded_proto: fate("x-forwarded-proto", &upstream.forwarded_proto),
                x_forwarded_host: fate("x-forwarded-host", &upstream.forwarded_host),
            }),
            cache: CacheJson {
                stores: stores(&outcome.cache.stores),
                ttl: outcome.cache.ttl,
                key_has_authorization: outcome.cache.key_has_authorization,
                stores_401: stores(&outcome.cache.stores_401),
            },
            steps: outcome.steps.iter().map(|s| self.told(&s.what, s.span)).collect(),
            unknown: outcome.unknown.iter().map(|u| self.told(&u.what, u.span)).collect(),
        }
    }

    fn gate(&self, gate: &Gate) -> GateJson<'_> {
        let (path, line) = self.at(gate.span);
        GateJson {
            kind: gate.kind.as_str(),
            realm: gate.realm.as_ref().map(|realm| shown("realm", realm)),
            path,
            line,
            satisfied_by: satisfied_by(gate.kind),
        }
    }

    /// Writes the trace for people.
    pub fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{} {}", self.request.method, line(self.url))?;
        for layer in self.layers {
            self.layer_text(layer, out)?;
        }
        Ok(())
    }

    fn layer_text(&self, layer: &Layer, out: &mut dyn Write) -> io::Result<()> {
        let outcome = &layer.outcome;
        let mut row = |name: &str, value: &str, span: Option<Span>| match span {
            Some(span) => {
                let (path, number) = self.at(span);
                writeln!(out, "  {name:<14} {}  ({}:{number})", line(value), line(path))
            }
            None => writeln!(out, "  {name:<14} {}", line(value)),
        };
        row("site", &mask::mask(&outcome.site.text), Some(outcome.site.span))?;
        for (i, step) in outcome.steps.iter().enumerate() {
            row(if i == 0 { "steps" } else { "" }, &step.what, Some(step.span))?;
        }
        row("served by", &mask::mask(&outcome.served_by.text), Some(outcome.served_by.span))?;
        if outcome.gates.is_empty() {
            row("gates", "none", None)?;
        }
        for (i, gate) in outcome.gates.iter().enumerate() {
            let realm = gate.realm.as_ref().map(|r| format!(" {:?}", shown("realm", r))).unwrap_or_default();
            let verdict = match gate.verdict {
                Verdict::Passes => "lets this request pass".to_owned(),
                Verdict::Refuses(status) => format!("refuses this request with {status}"),
                Verdict::Unknown => "the files do not tell whether this request passes".to_owned(),
            };
            row(if i == 0 { "gates" } else { "" }, &format!("{}{realm}: {verdict}", gate.kind.as_str()), Some(gate.span))?;
        }
        let status = match &outcome.status {
            Known::Is(Some(status)) => status.to_string(),
            Known::Is(None) => "the upstream decides".to_owned(),
            Known::Unknown(why) => format!("unknown: {why}"),
        };
        row("status", &status, None)?;
        if let Some(location) = &outcome.location {
            row("location", &shown("location", location), None)?;
        }
        let target = outcome.handler.target.as_ref().map(|t| format!(" {}", shown("target", t))).unwrap_or_default();
        row("handler", &format!("{}{target}", outcome.handler.kind.as_str()), outcome.handler.span)?;
        if let Some(upstream) = &outcome.upstream {
            for (name, fact) in [
                ("authorization", &upstream.authorization),
                ("cookie", &upstream.cookie),
                ("x-forwarded-proto", &upstream.forwarded_proto),
                ("x-forwarded-host", &upstream.forwarded_host),
            ] {
                row("upstream gets", &format!("{name}: {}", fate(name, fact)), fact.because.first().copied())?;
            }
            let host = match &upstream.host.value {
                Known::Is(host) => shown("host", host),
                Known::Unknown(why) => format!("unknown: {why}"),
            };
            row("upstream gets", &format!("host: {host}"), upstream.host.because.first().copied())?;
        }
        let ttl = outcome.cache.ttl.map(|ttl| format!(" for {ttl} s")).unwrap_or_default();
        let stored = &outcome.cache.stores;
        row(
            "stored",
            &format!("{}{ttl}; a 401: {}", stores(stored), stores(&outcome.cache.stores_401)),
            stored.because.first().copied(),
        )?;
        for (i, unknown) in outcome.unknown.iter().enumerate() {
            row(if i == 0 { "unknown" } else { "" }, &unknown.what, Some(unknown.span))?;
        }
        Ok(())
    }
}

fn satisfied_by(kind: GateKind) -> &'static str {
    match kind {
        GateKind::Basic | GateKind::Digest | GateKind::Form => "credentials",
        GateKind::Condition => "condition",
        GateKind::Jwt => "token",
        GateKind::Subrequest => "subrequest",
        GateKind::Address => "address",
        GateKind::Opaque => "unknown",
    }
}

fn stores(fact: &Fact<Stores>) -> &'static str {
    fact.value.known().map_or("unknown", |stores| stores.as_str())
}

/// The value of a header or the like, secrets masked; what is known of it followed by `…`.
fn shown(name: &str, value: &Value) -> String {
    match value {
        Value::Known(text) => mask::value(name, text).into_owned(),
        Value::Unknown { prefix, .. } if prefix.is_empty() => "unknown".to_owned(),
        Value::Unknown { prefix, .. } => format!("{}…", mask::value(name, prefix)),
    }
}

fn fate(name: &str, fact: &Fact<HeaderFate>) -> String {
    match &fact.value {
        Known::Is(HeaderFate::Kept) => "kept".to_owned(),
        Known::Is(HeaderFate::Dropped) => "dropped".to_owned(),
        Known::Is(HeaderFate::Replaced(value)) => format!("replaced:{}", shown(name, value)),
        Known::Is(HeaderFate::Absent) => "absent".to_owned(),
        Known::Is(HeaderFate::Unknown(_)) | Known::Unknown(_) => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_becomes_a_request() {
        let request = request("HTTPS://u:p@Shop.Example:8443/a/%2e%2e//b?x=1#f", "POST", &["X-A:  b".to_owned()], None).unwrap();
        assert_eq!((request.scheme, request.port, request.host.as_str()), (Scheme::Https, 8443, "shop.example"));
        assert_eq!((request.path.as_str(), request.query.as_deref()), ("/a/%2e%2e//b", Some("x=1")));
        assert_eq!(request.headers, [("X-A".to_owned(), "b".to_owned())]);
    }

    #[test]
    fn short_and_strange_urls() {
        let get = |url| request(url, "GET", &[], None);
        assert_eq!(get("http://a").unwrap().target(), "/");
        assert_eq!(get("http://a?x").unwrap().target(), "/?x");
        assert_eq!(get("http://[::1]:81/").map(|r| (r.host, r.port)), Ok(("[::1]".to_owned(), 81)));
        assert_eq!(get("ftp://a/"), Err(RequestError::Scheme("ftp://a/".to_owned())));
        assert_eq!(get("http://a:0/"), Err(RequestError::Port("0".to_owned())));
        assert_eq!(get("http:///x"), Err(RequestError::Host(String::new())));
        assert_eq!(get("http://a/b c"), Err(RequestError::Target));
        assert!(get("é").is_err());
    }
}
