//! What happened to a request, with the directives that made it so.

use super::fact::{Fact, Known, Value};
use crate::source::Span;

/// A block or directive that plays a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The head of the block, or the directive.
    pub span: Span,
    /// Its text as written, white space folded (`location ~ \.php$`).
    pub text: String,
}

/// One thing that happened on the way, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What, in a few words.
    pub what: String,
    /// The directive.
    pub span: Span,
}

/// Something that the files do not decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// What, in a few words.
    pub what: String,
    /// The directive that needs it.
    pub span: Span,
    /// Whether only the file system decides it (existence of a file).
    pub file_system: bool,
}

/// Kind of an access check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GateKind {
    /// HTTP basic authentication.
    Basic,
    /// A subrequest decides.
    Subrequest,
    /// A JSON web token.
    Jwt,
    /// Client addresses.
    Address,
    /// HTTP digest authentication.
    Digest,
    /// A form of the server itself, with a session behind it.
    Form,
    /// Something about the request: a variable, a method, an expression.
    Condition,
    /// Something that the files do not show (Lua, a module that is not known).
    Opaque,
}

impl GateKind {
    /// Whether it looks for credentials in the Authorization header: without one it refuses.
    pub fn reads_authorization(self) -> bool {
        matches!(self, Self::Basic | Self::Digest | Self::Jwt)
    }

    /// The word used in `trace`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Subrequest => "subrequest",
            Self::Jwt => "jwt",
            Self::Address => "address",
            Self::Digest => "digest",
            Self::Form => "form",
            Self::Condition => "condition",
            Self::Opaque => "unknown",
        }
    }
}

/// How several gates combine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Combine {
    /// Each must let the request pass.
    All,
    /// One is enough.
    Any,
}

/// What a gate says to exactly this request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Lets it pass.
    Passes,
    /// Refuses with this status.
    Refuses(u16),
    /// The files do not tell.
    Unknown,
}

/// An access check in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Its kind.
    pub kind: GateKind,
    /// The realm of the challenge, for basic and JWT.
    pub realm: Option<Value>,
    /// The directive that switches it on.
    pub span: Span,
    /// Where the passwords are (basic), the URI of the subrequest, or the key file (JWT).
    pub source: Option<Fact<String>>,
    /// How it combines with the other gates of its block.
    pub combine: Combine,
    /// What it says to exactly this request.
    pub verdict: Verdict,
}

/// Kind of the thing that makes the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the variants are the words of `trace`")]
pub enum HandlerKind {
    Proxy,
    Fastcgi,
    Uwsgi,
    Scgi,
    Grpc,
    Cgi,
    /// An application inside of the server (`mod_php`).
    Module,
    Static,
    Redirect,
    Return,
    Internal,
    Unknown,
}

impl HandlerKind {
    /// The word used in `trace`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proxy => "proxy",
            Self::Fastcgi => "fastcgi",
            Self::Uwsgi => "uwsgi",
            Self::Scgi => "scgi",
            Self::Grpc => "grpc",
            Self::Cgi => "cgi",
            Self::Static => "static",
            Self::Redirect => "redirect",
            Self::Return => "return",
            Self::Module | Self::Internal => "internal",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it hands the request to an application.
    pub fn is_upstream(self) -> bool {
        matches!(self, Self::Proxy | Self::Fastcgi | Self::Uwsgi | Self::Scgi | Self::Grpc | Self::Cgi | Self::Module)
    }
}

/// What makes the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handler {
    /// Its kind.
    pub kind: HandlerKind,
    /// The directive that names it (`proxy_pass`, `return`, `root`); `None` for the server's default.
    pub span: Option<Span>,
    /// Where the request goes (`http://app/x`, `unix:/run/php.sock`), as far as it is known.
    pub target: Option<Value>,
}

/// What became of one request header on its way to the upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderFate {
    /// The client's value arrives.
    Kept,
    /// The client sent it (or could), the upstream does not get it.
    Dropped,
    /// The upstream gets another value.
    Replaced(Value),
    /// The client did not send it and nothing sets it.
    Absent,
    /// The files do not tell.
    Unknown(String),
}

/// A header field that the configuration sends to the upstream, or clears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Name as written (FastCGI parameters: `HTTP_AUTHORIZATION` is `Authorization`).
    pub name: String,
    /// The value as written, variables unresolved.
    pub written: String,
    /// The value for this request; empty: the header is not sent.
    pub value: Value,
    /// The directive.
    pub span: Span,
}

/// What the upstream gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Fate of Authorization.
    pub authorization: Fact<HeaderFate>,
    /// Fate of Cookie.
    pub cookie: Fact<HeaderFate>,
    /// The Host the upstream sees.
    pub host: Fact<Value>,
    /// Fate of X-Forwarded-Proto.
    pub forwarded_proto: Fact<HeaderFate>,
    /// Fate of X-Forwarded-Host.
    pub forwarded_host: Fact<HeaderFate>,
    /// Every header field the configuration sets or clears here.
    pub sent: Vec<Sent>,
    /// Header directives of outer blocks that do not hold here because this block sets its own.
    pub lost: Vec<Sent>,
    /// Whether the client's own header fields are forwarded.
    pub forwards_client_headers: Fact<bool>,
}

/// Whether a response to exactly this request is stored by a cache of this layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stores {
    /// Yes, for a plain 200.
    Yes,
    /// No.
    No,
    /// Only if the response of the origin allows it.
    Origin,
    /// The files do not tell.
    Unknown,
}

impl Stores {
    /// The word used in `trace`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Origin => "origin",
            Self::Unknown => "unknown",
        }
    }
}

/// What the cache of this layer does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "settings that do not depend on each other")]
pub struct Cache {
    /// Whether a 200 to this request is stored, and the directives that decide; the one that switches the cache on first.
    pub stores: Fact<Stores>,
    /// Whether a 401 to this request is stored.
    pub stores_401: Fact<Stores>,
    /// How long a 200 is kept, in seconds.
    pub ttl: Option<u64>,
    /// How many requests are needed before one is stored.
    pub min_uses: u64,
    /// Whether this request may be answered from the store (`false`: bypassed).
    pub answers_from_store: Fact<bool>,
    /// The key as written; `None`: no cache here.
    pub key: Option<Fact<String>>,
    /// Whether the key holds the Authorization header.
    pub key_has_authorization: Option<bool>,
    /// Whether the key holds a cookie.
    pub key_has_cookie: bool,
    /// Whether a response with Set-Cookie is stored, cookie and all.
    pub stores_set_cookie: bool,
    /// Whether such a response is stored without its Set-Cookie.
    pub drops_set_cookie: bool,
    /// Whether a response with `Cache-Control: private` is stored.
    pub stores_private: bool,
    /// Whether a copy is sent before any gate is asked.
    pub answers_before_gates: bool,
    /// Whether the origin's Cache-Control is ignored.
    pub ignores_cache_control: bool,
}

impl Cache {
    /// No cache here.
    pub fn none() -> Self {
        Self {
            stores: Fact::is(Stores::No, []),
            stores_401: Fact::is(Stores::No, []),
            ttl: None,
            min_uses: 1,
            answers_from_store: Fact::is(false, []),
            key: None,
            key_has_authorization: None,
            key_has_cookie: false,
            stores_set_cookie: false,
            drops_set_cookie: false,
            stores_private: false,
            answers_before_gates: false,
            ignores_cache_control: false,
        }
    }
}

/// What the configuration does to the response on its way back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// Header fields that are added or set, in order.
    pub added: Vec<Sent>,
    /// Names of header fields of the upstream that the client does not get, with the directive.
    pub hidden: Vec<(String, Span)>,
    /// `Cache-Control`/`Expires` set by the configuration: the value and the directive.
    pub cache_control: Option<(Value, Span)>,
}

/// What happens to one request at one layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The virtual host.
    pub site: Place,
    /// The block that serves the request.
    pub served_by: Place,
    /// What happened, in order.
    pub steps: Vec<Step>,
    /// The access checks that the request met.
    pub gates: Vec<Gate>,
    /// The status of the response; `Is(None)`: the upstream decides.
    pub status: Known<Option<u16>>,
    /// The Location header of a redirect.
    pub location: Option<Value>,
    /// What makes the response.
    pub handler: Handler,
    /// What the upstream gets, where there is one.
    pub upstream: Option<Upstream>,
    /// What the cache does.
    pub cache: Cache,
    /// What happens to the response.
    pub response: Response,
    /// What the files do not decide.
    pub unknown: Vec<Unknown>,
    /// Where questions were open: the outcome of each way to answer them. Empty if there is only one.
    pub runs: Vec<Outcome>,
}

impl Outcome {
    /// Whether something holds whichever way the open questions are answered.
    pub fn always(&self, holds: impl Fn(&Outcome) -> bool) -> bool {
        if self.runs.is_empty() { holds(self) } else { self.runs.iter().all(holds) }
    }

    /// Whether something holds for at least one way to answer the open questions.
    pub fn possibly(&self, holds: impl Fn(&Outcome) -> bool) -> bool {
        if self.runs.is_empty() { holds(self) } else { self.runs.iter().any(holds) }
    }
}
