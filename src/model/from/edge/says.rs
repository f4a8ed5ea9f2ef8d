//! What entries of the dialects say, in the terms that all of them share.

use super::condition::Condition;
use super::moves::Moves;
use crate::model::{Fact, Gate, Known, Response, Sent, Stores, Value};
use crate::source::Span;
use crate::syntax::yaml::Yaml;

/// What is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behind {
    /// An application.
    Application,
    /// Files: a bucket, a static site.
    Files,
    /// The files do not tell.
    Unknown,
}

/// Where requests go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) behind: Behind,
    /// The key that names it.
    pub(super) span: Span,
    /// Its address, as far as it is known.
    pub(super) target: Option<Value>,
    /// Where it is said that it is asked without TLS.
    pub(super) plain: Option<Span>,
}

/// What is answered without asking the origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Where a redirect leads.
    pub(super) location: Option<Value>,
    pub(super) span: Span,
}

/// How long answers are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Keeps {
    /// Never.
    Never,
    /// As long as the origin says; not at all where it says nothing.
    AsTold,
    /// For so many seconds where the origin says nothing.
    Unless(u64),
    /// For so many seconds at least, whatever the origin says.
    Always(u64),
    /// The files do not tell: why.
    Unknown(String),
}

/// What a cache does with answers, and for whom it keeps them apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Caching {
    pub(super) keeps: Keeps,
    /// The key that decides, others that play a part.
    pub(super) because: Vec<Span>,
    /// What answers are kept by, in words.
    pub(super) key: String,
    /// Whether the Authorization header is a part of what answers are kept by; `None`: the files do not tell.
    pub(super) by_authorization: Option<bool>,
    /// Whether a session cookie is.
    pub(super) by_cookie: bool,
    /// Whether an answer with Set-Cookie is kept with it.
    pub(super) with_set_cookie: bool,
    /// Whether pages are kept at all: some keep only files by their ending, or only data.
    pub(super) pages: bool,
}

/// What becomes of a header field of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Forward {
    /// It arrives.
    Kept,
    /// It does not.
    Dropped,
    /// Something else arrives.
    Replaced(Value),
    /// What arrives is put together, out of other pieces where the client sends it than where it does not; of none: nothing does.
    Made { sent: Vec<FieldPart>, absent: Vec<FieldPart> },
}

/// A piece of a header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FieldPart {
    /// What the client sent.
    Client,
    /// A text.
    Text(String),
    /// `http` or `https`, as the visitor came.
    Scheme,
    /// The host that the visitor asked for.
    Host,
    /// What the files do not tell: why.
    Unknown(String),
}

/// Whether the scheme that X-Forwarded-Proto names counts as that of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientScheme {
    /// It does.
    Counts,
    /// What decides stands elsewhere.
    Unknown,
}

impl Caching {
    /// Nothing is kept, because of this key.
    pub(super) fn never(because: Span) -> Self {
        Self {
            keeps: Keeps::Never,
            because: vec![because],
            key: String::new(),
            by_authorization: Some(false),
            by_cookie: false,
            with_set_cookie: false,
            pages: true,
        }
    }
}

/// A status that is answered with something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ErrorPage {
    /// The status of the origin.
    pub(super) status: u16,
    /// The status that the client gets.
    pub(super) becomes: Option<u16>,
    pub(super) span: Span,
}

/// A limit on requests of one client.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Limit {
    /// Requests in a minute.
    pub(super) per_minute: f64,
    /// How many may come at once.
    pub(super) burst: f64,
    /// The status of what is too much.
    pub(super) status: u16,
    pub(super) span: Span,
}

/// The methods that are let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Allowed {
    /// Empty: the files do not tell.
    pub(super) methods: Vec<String>,
    /// What the others get.
    pub(super) status: u16,
    pub(super) span: Span,
}

/// What requests without TLS get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OverTls {
    /// A redirect to the same address over TLS, or a refusal.
    pub(super) status: u16,
    pub(super) span: Span,
}

/// For how long the answers of a subrequest that lets requests in are kept, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdicts {
    /// The key as written, with variables of nginx.
    pub key: String,
    /// Statuses and times (`200 202 401 5m`).
    pub durations: String,
    /// Where the key is written.
    pub span: Span,
    /// Where the times are; `None`: they are the default.
    pub durations_span: Option<Span>,
}

/// A cookie that the edge sets by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// What stands in Set-Cookie.
    pub text: String,
    /// Whether it only binds a visitor to one of several servers.
    pub binds: bool,
    /// The key that decides.
    pub span: Span,
}

impl Cookie {
    /// A cookie that settings describe, as Set-Cookie has it; its value is made up.
    pub(super) fn described(name: &str, secure: bool, attributes: &[(&str, Option<&str>)], span: Span) -> Self {
        let given = attributes.iter().filter_map(|(key, value)| Some(format!("; {key}={}", (*value)?)));
        let mut text = format!("{name}=x{}", given.collect::<String>());
        if secure {
            text.push_str("; Secure");
        }
        Self { text, binds: false, span }
    }

    /// The same for a cookie that binds a visitor to a server.
    pub(super) fn binding(self) -> Self {
        Self { binds: true, ..self }
    }
}

/// A path or domain of the application's cookies that becomes another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rescoped {
    /// Whether it is the domain, else the path.
    pub domain: bool,
    /// As the application writes it.
    pub from: String,
    /// As the visitor gets it.
    pub to: String,
    /// The key that decides.
    pub span: Span,
}

/// What one entry says; what is `None` it leaves to those around it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Says {
    pub(super) origin: Option<Origin>,
    pub(super) answer: Option<Answer>,
    /// Looked at before the answer.
    pub(super) moves: Option<Moves>,
    pub(super) caching: Option<Caching>,
    /// Whether a 401 of the origin is kept.
    pub(super) keeps_401: Option<Fact<Stores>>,
    pub(super) authorization: Option<Fact<Forward>>,
    pub(super) cookie: Option<Fact<Forward>>,
    pub(super) host: Option<Fact<Forward>>,
    pub(super) forwarded_proto: Option<Fact<Forward>>,
    pub(super) forwarded_host: Option<Fact<Forward>>,
    pub(super) sent: Vec<Sent>,
    pub(super) gates: Vec<Gate>,
    pub(super) response: Response,
    pub(super) errors: Vec<ErrorPage>,
    pub(super) limit: Option<Limit>,
    pub(super) allowed: Option<Allowed>,
    pub(super) over_tls: Option<OverTls>,
    pub(super) verdicts: Option<Verdicts>,
    pub(super) cookies: Vec<Cookie>,
    pub(super) rescoped: Vec<Rescoped>,
    /// Where forwarded addresses or schemes are taken from everyone.
    pub(super) trusts_everyone: Option<Span>,
    /// Where a check believes forwarded fields, whoever is let through with them before it.
    pub(super) believes_forwarded: Option<Span>,
    /// The key because of which a token that was verified is not passed on.
    pub(super) takes_token: Option<Span>,
    /// The key because of which an origin that answers to nothing but its own name gets that of the visitor.
    pub(super) strange_host: Option<Span>,
    /// What an interface behind the edge asks for before the application is asked.
    pub(super) authorizer: Option<Gate>,
    /// Whether the scheme that the client names counts; `None`: it does not.
    pub(super) client_scheme: Option<ClientScheme>,
    /// Whether the origin is an interface of programs (API Gateway, the address of a function), whatever its name.
    pub(super) interface: bool,
    /// Whether something takes part that is not in view: what another file defines may do anything.
    pub(super) unread: bool,
}

impl Says {
    /// What becomes of a field of the request.
    pub(super) fn request_field(&mut self, name: &str, fate: Fact<Forward>) {
        if let (Known::Is(Forward::Replaced(value)), Some(span)) = (&fate.value, fate.because.first()) {
            let written = value.known().unwrap_or_default().to_owned();
            self.sent.push(Sent { name: name.to_owned(), written, value: value.clone(), span: *span });
        }
        if let (Known::Is(Forward::Made { absent, .. }), Some(span)) = (&fate.value, fate.because.first()) {
            let texts = absent.iter().map(|piece| match piece {
                FieldPart::Text(text) => Some(text.as_str()),
                _ => None,
            });
            let value = match texts.collect::<Option<Vec<_>>>() {
                Some(texts) => Value::Known(texts.join(",")),
                None => Value::Unknown { prefix: String::new(), nonempty: false, why: "it hangs on the request".to_owned() },
            };
            if !absent.is_empty() {
                let written = value.known().unwrap_or_default().to_owned();
                self.sent.push(Sent { name: name.to_owned(), written, value, span: *span });
            }
        }
        let field = match name.to_ascii_lowercase().as_str() {
            "authorization" => &mut self.authorization,
            "cookie" => &mut self.cookie,
            "host" => &mut self.host,
            "x-forwarded-proto" => &mut self.forwarded_proto,
            "x-forwarded-host" => &mut self.forwarded_host,
            _ => return,
        };
        *field = Some(fate);
    }

    /// Fields of the request that do not arrive, because of this key.
    pub(super) fn without(&mut self, names: Yaml, by: Span) {
        for name in names.items().filter_map(Yaml::as_str) {
            self.request_field(name, Fact::is(Forward::Dropped, [by]));
        }
    }

    /// A field of the answer that the edge sets.
    pub(super) fn response_field(&mut self, name: &str, value: &str, by: Span) {
        if name.eq_ignore_ascii_case("set-cookie") && !value.is_empty() {
            self.cookies.push(Cookie { text: value.to_owned(), binds: false, span: by });
        }
    }

    /// Fields of the answer that the client does not get, because of this key.
    pub(super) fn hides(&mut self, names: Yaml, by: Span) {
        self.response.hidden.extend(names.items().filter_map(Yaml::as_str).map(|name| (name.to_owned(), by)));
    }

    /// What holds where this entry applies and `later` does, too.
    pub(super) fn and(mut self, later: &Says) -> Says {
        fn over<T: Clone>(of: &mut Option<T>, later: Option<&T>) {
            if let Some(later) = later {
                *of = Some(later.clone());
            }
        }
        over(&mut self.origin, later.origin.as_ref());
        over(&mut self.answer, later.answer.as_ref());
        over(&mut self.moves, later.moves.as_ref());
        over(&mut self.caching, later.caching.as_ref());
        over(&mut self.keeps_401, later.keeps_401.as_ref());
        over(&mut self.authorization, later.authorization.as_ref());
        over(&mut self.cookie, later.cookie.as_ref());
        over(&mut self.host, later.host.as_ref());
        over(&mut self.forwarded_proto, later.forwarded_proto.as_ref());
        over(&mut self.forwarded_host, later.forwarded_host.as_ref());
        over(&mut self.limit, later.limit.as_ref());
        over(&mut self.allowed, later.allowed.as_ref());
        over(&mut self.over_tls, later.over_tls.as_ref());
        over(&mut self.verdicts, later.verdicts.as_ref());
        over(&mut self.trusts_everyone, later.trusts_everyone.as_ref());
        over(&mut self.believes_forwarded, later.believes_forwarded.as_ref());
        over(&mut self.takes_token, later.takes_token.as_ref());
        over(&mut self.strange_host, later.strange_host.as_ref());
        over(&mut self.authorizer, later.authorizer.as_ref());
        over(&mut self.client_scheme, later.client_scheme.as_ref());
        self.unread |= later.unread;
        self.interface |= later.interface;
        self.sent.extend_from_slice(&later.sent);
        self.gates.extend_from_slice(&later.gates);
        self.cookies.extend_from_slice(&later.cookies);
        self.rescoped.extend_from_slice(&later.rescoped);
        self.response.added.extend_from_slice(&later.response.added);
        self.response.hidden.extend_from_slice(&later.response.hidden);
        over(&mut self.response.cache_control, later.response.cache_control.as_ref());
        self.errors.extend_from_slice(&later.errors);
        self
    }
}

/// One entry: for which requests, and what it says.
#[derive(Clone, Debug)]
pub(super) struct Behaviour {
    /// Its head: the key or item that it is known by.
    pub(super) head: Span,
    /// What it is called (`behaviour wp-content/*`).
    pub(super) name: String,
    /// For which requests it is.
    pub(super) when: Condition,
    /// In a place of its own: it is large, and entries are moved about.
    pub(super) says: Box<Says>,
}

impl Behaviour {
    /// An entry for some requests that says nothing yet.
    pub(super) fn new(head: Span, name: impl Into<String>, when: Condition) -> Self {
        Self { head, name: name.into(), when, says: Box::default() }
    }

    /// What requests get that no entry takes: 404.
    pub(super) fn not_found(head: Span, name: impl Into<String>) -> Self {
        let mut behaviour = Self::new(head, name, Condition::Always);
        behaviour.says.answer = Some(Answer { status: 404, location: None, span: head });
        behaviour
    }
}
