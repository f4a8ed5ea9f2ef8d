//! A request, as far as configurations look at it.

use std::net::{IpAddr, Ipv4Addr};

/// Scheme of the connection the server sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain.
    Http,
    /// TLS.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that needs no mention in a URL.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// What to take for granted where neither the request nor the files decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Assume {
    /// The client has what every gate asks for (right password, good token, allowed address): gates let it pass.
    pub gates_pass: bool,
    /// Whether the path of the request is a file below the document root. `None`: ask the files, else unknown.
    pub file_exists: Option<bool>,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// `GET`, `POST` …
    pub method: String,
    /// Scheme of the connection.
    pub scheme: Scheme,
    /// Host without port, in lower case; empty: no `Host` header.
    pub host: String,
    /// Port of the server.
    pub port: u16,
    /// Path as sent: not decoded, not normalised, starts with `/`, no query.
    pub path: String,
    /// What follows `?`, if there is a `?`.
    pub query: Option<String>,
    /// The Host field as sent, where it is not made of `host` and `port`.
    pub host_field: Option<String>,
    /// Header fields other than Host, in the order sent.
    pub headers: Vec<(String, String)>,
    /// Address of the client.
    pub client: IpAddr,
    /// What to take for granted.
    pub assume: Assume,
}

impl Request {
    /// `GET` of a path at a host over plain HTTP from a public address of the documentation range.
    pub fn get(host: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            method: "GET".to_owned(),
            scheme: Scheme::Http,
            host: host.into(),
            host_field: None,
            port: 80,
            path: path.into(),
            query: None,
            headers: Vec::new(),
            client: IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9)),
            assume: Assume::default(),
        }
    }

    /// The same with another method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.method);
        self
    }

    /// The same with one more header field.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same for a client who passes every gate.
    #[must_use]
    pub fn past_gates(mut self) -> Self {
        self.assume.gates_pass = true;
        self
    }

    /// The first header field of that name (ASCII case does not count).
    pub fn header_value(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// Host, with the port where it is not that of the scheme.
    pub fn authority(&self) -> String {
        if self.port == self.scheme.default_port() { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// Path and query as in the request line.
    pub fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// The request in a few words for messages: `GET /wp-admin/`, with the names of its header fields.
    pub fn describe(&self) -> String {
        let mut text = String::with_capacity(64);
        text.extend([self.method.as_str(), " ", self.path.as_str()]);
        if let Some(query) = &self.query {
            text.extend(["?", query.as_str()]);
        }
        for (name, _) in &self.headers {
            text.push_str(" with ");
            text.push_str(name);
        }
        text
    }
}
