//! Witness blocks: requests and what must be seen (grammar: `rules/README.md`).

use super::client;
use super::envoy;
use super::upstream::Reply;

/// A witness.
#[derive(Clone, Debug, Default)]
pub struct Witness {
    /// Files to create.
    pub create: Vec<String>,
    /// CGI scripts to create: they hand what they get to the application.
    pub scripts: Vec<String>,
    /// Password files that are there and that the server may not read.
    pub unreadable: Vec<String>,
    /// Password files and includes that must be missing.
    pub missing: Vec<String>,
    /// The requests in order.
    pub exchanges: Vec<Exchange>,
    /// The server refuses the configuration, with this text in its message.
    pub refused: Option<String>,
}

/// One request and what must be seen.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// Line within the block.
    pub line: usize,
    pub method: String,
    /// Scheme and port of the URL, if it was one.
    pub listener: Option<(bool, u16)>,
    pub target: String,
    pub headers: Vec<(String, String)>,
    /// How often it is sent.
    pub times: usize,
    pub replies: Vec<Reply>,
    pub expect: Vec<Expect>,
}

impl Exchange {
    /// The value of a header field it sends.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

/// How a text must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Is {
    Absent,
    Present,
    Kept,
    /// There, and nothing in it.
    Empty,
    Contains(String),
    Equal(String),
}

impl Is {
    fn parse(text: &str) -> Self {
        match text {
            "absent" => Self::Absent,
            "present" => Self::Present,
            "kept" => Self::Kept,
            "empty" => Self::Empty,
            _ => match text.strip_prefix('~') {
                Some(part) => Self::Contains(part.trim().to_owned()),
                None => Self::Equal(text.to_owned()),
            },
        }
    }
}

/// What must be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    Status(u16),
    Header(String, Is),
    Upstream {
        /// Which upstream requests count: those whose target starts with it.
        on: String,
        field: String,
        is: Is,
    },
    Asked {
        on: String,
        asked: bool,
    },
    Cached(bool),
    Body(String),
    /// A text in the error log since the request was sent.
    Log(String),
}

/// An expectation with its text.
impl std::fmt::Display for Expect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

/// Reads a witness block.
pub fn parse(text: &str) -> Result<Witness, String> {
    let mut out = Witness::default();
    let mut open: Option<Exchange> = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        let fail = |what: &str| format!("line {} of the witness: {what}: {line}", number + 1);
        if line.starts_with('#') {
            continue;
        }
        if line.is_empty() {
            out.exchanges.extend(open.take());
        } else if let Some(rest) = line.strip_prefix("+ ") {
            match rest.split_once(' ') {
                Some(("file", path)) => out.create.push(path.trim().to_owned()),
                Some(("missing", path)) => out.missing.push(path.trim().to_owned()),
                Some(("script", path)) => out.scripts.push(path.trim().to_owned()),
                Some(("unreadable", path)) => out.unreadable.push(path.trim().to_owned()),
                _ => return Err(fail("`+` knows `file`, `missing`, `script` and `unreadable`")),
            }
        } else if let Some(rest) = line.strip_prefix("=> ") {
            match &mut open {
                Some(exchange) => exchange.expect.push(parse_expect(rest.trim()).map_err(|e| fail(&e))?),
                None => match rest.strip_prefix("refused") {
                    Some(part) => out.refused = Some(part.trim().trim_start_matches('~').to_owned()),
                    None => return Err(fail("an expectation needs a request before it")),
                },
            }
        } else if let Some(exchange) = &mut open {
            if let Some(rest) = line.strip_prefix("< ") {
                parse_reply(rest, &mut exchange.replies).map_err(|e| fail(&e))?;
            } else {
                let (name, value) = line.split_once(':').ok_or_else(|| fail("neither header field nor expectation"))?;
                exchange.headers.push((name.to_owned(), expand(value.trim())));
            }
        } else {
            open = Some(parse_request(line, number + 1).map_err(|e| fail(&e))?);
        }
    }
    out.exchanges.extend(open);
    match out.exchanges.iter().find(|e| e.expect.is_empty()) {
        Some(exchange) => Err(format!("line {} of the witness: the request expects nothing", exchange.line)),
        None if out.exchanges.is_empty() && out.refused.is_none() => Err("the witness is empty".to_owned()),
        None => Ok(out),
    }
}

/// `Basic {user:secret}` with its base64, `Bearer {token}` with the token of the tests.
fn expand(value: &str) -> String {
    if value == "Bearer {token}" {
        return format!("Bearer {}", envoy::TOKEN);
    }
    match value.strip_prefix("Basic {").and_then(|v| v.strip_suffix('}')) {
        Some(plain) => format!("Basic {}", client::base64(plain)),
        None => value.to_owned(),
    }
}

fn parse_request(line: &str, number: usize) -> Result<Exchange, String> {
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Err("not a request".to_owned()) };
    if !method.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err("not a method".to_owned());
    }
    let times = match words.next() {
        None => 1,
        Some(word) => word.strip_prefix('x').and_then(|n| n.parse().ok()).ok_or("after the target only xN may stand")?,
    };
    let mut exchange = Exchange { line: number, method: method.to_owned(), times, ..Exchange::default() };
    match target.split_once("://") {
        Some((scheme @ ("http" | "https"), rest)) => {
            let tls = scheme == "https";
            let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
            let port = match authority.rsplit_once(':') {
                Some((_, port)) => port.parse().map_err(|_| "not a port")?,
                None if tls => 443,
                None => 80,
            };
            exchange.listener = Some((tls, port));
            path.clone_into(&mut exchange.target);
            exchange.headers.push(("Host".to_owned(), authority.to_owned()));
        }
        _ => target.clone_into(&mut exchange.target),
    }
    Ok(exchange)
}

fn parse_reply(rest: &str, replies: &mut Vec<Reply>) -> Result<(), String> {
    let (on, rest) = split_on(rest);
    let mut reply = Reply { on, ..Reply::default() };
    match (rest.parse(), rest.split_once(':')) {
        (Ok(status), _) => reply.status = Some(status),
        (_, Some((name, value))) => reply.headers.push((name.to_owned(), value.trim().to_owned())),
        _ => return Err("neither status nor header field".to_owned()),
    }
    replies.push(reply);
    Ok(())
}

fn split_on(rest: &str) -> (String, &str) {
    match rest.strip_prefix("on ").and_then(|r| r.split_once(' ')) {
        Some((on, rest)) => (on.trim_end_matches(':').to_owned(), rest.trim()),
        None => (String::new(), rest),
    }
}

fn parse_expect(text: &str) -> Result<Expect, String> {
    if let Ok(status) = text.parse() {
        return Ok(Expect::Status(status));
    }
    match text {
        "cached" => return Ok(Expect::Cached(true)),
        "not cached" => return Ok(Expect::Cached(false)),
        _ => {}
    }
    if let Some(part) = text.strip_prefix("body ~") {
        return Ok(Expect::Body(part.trim().to_owned()));
    }
    if let Some(part) = text.strip_prefix("log ~") {
        return Ok(Expect::Log(part.trim().to_owned()));
    }
    if let Some(rest) = text.strip_prefix("header ") {
        let (name, value) = rest.split_once(':').ok_or("a header field needs a value")?;
        return Ok(Expect::Header(name.trim().to_owned(), Is::parse(value.trim())));
    }
    let Some(rest) = text.strip_prefix("upstream") else { return Err("unknown expectation".to_owned()) };
    let rest = rest.trim_start();
    let (on, rest) = match rest.strip_prefix("on ").and_then(|r| r.split_once(':').map(|(on, tail)| (on, tail, r))) {
        Some((on, tail, _)) if !on.contains(' ') => (on.to_owned(), tail.trim()),
        Some((_, _, whole)) => {
            let (on, tail) = whole.split_once(' ').unwrap_or((whole, ""));
            (on.to_owned(), tail.trim())
        }
        None => (String::new(), rest.trim_start_matches(':').trim()),
    };
    match rest {
        "asked" => return Ok(Expect::Asked { on, asked: true }),
        "not asked" => return Ok(Expect::Asked { on, asked: false }),
        _ => {}
    }
    let (field, value) = rest.split_once(':').ok_or("`upstream FIELD: VALUE`")?;
    Ok(Expect::Upstream { on, field: field.trim().to_owned(), is: Is::parse(value.trim()) })
}
