//! Replays a witness against the real server.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};

use super::apache_layout::Layout;
use super::apache_prepare;
use super::client::{self, Answer};
use super::envoy;
use super::markdown::Example;
use super::prepare::{Context, Plan, Prepared, prepare};
use super::server::{self, Dialect, Server};
use super::upstream::{NUMBER, Upstream};
use super::wire::Seen;
use super::witness::{Exchange, Expect, Is, Witness};

/// Starts the example and checks all that its witness says. Without a witness: the server must accept it.
pub fn replay(example: &Example, witness: Option<&Witness>) -> Result<(), String> {
    let dialect = Dialect::of(&example.language).ok_or_else(|| format!("no server reads {}", example.language))?;
    let upstream = Upstream::new();
    let nothing = Witness::default();
    let witness = witness.unwrap_or(&nothing);
    let prepared = match dialect {
        Dialect::Apache => apache_prepare::prepare(&Layout::of(example, witness), &upstream)?,
        Dialect::Envoy => envoy::prepare(example, &upstream)?,
        Dialect::Nginx => {
            let plan = plan(example, witness)?;
            match prepare(&plan, &upstream) {
                Err(_) if witness.refused.is_some() => as_it_stands(&plan)?,
                prepared => prepared?,
            }
        }
    };
    if witness.exchanges.is_empty() {
        let said = dialect.test(prepared.folder.path(), &prepared.config).map_err(|said| prepared.restore(&said));
        return match (said, &witness.refused) {
            (Ok(_), Some(_)) => Err(format!("{} accepts the example", dialect.name())),
            (Ok(_), None) => Ok(()),
            (Err(said), Some(part)) if said.contains(part) => Ok(()),
            (Err(said), Some(_)) => Err(format!("{} refuses it for another reason:\n{said}", dialect.name())),
            (Err(said), None) => Err(format!("{} refuses the example:\n{said}", dialect.name())),
        };
    }
    let server = Server::start(dialect, prepared.folder.path(), &prepared.config).map_err(|e| prepared.restore(&e))?;
    let mut numbers = BTreeSet::new();
    let mut problems = Vec::new();
    for exchange in &witness.exchanges {
        let logged = server.log().len();
        let (answer, seen) = send(exchange, &prepared, &upstream)?;
        for expect in &exchange.expect {
            let problem = match expect {
                Expect::Log(part) => in_log(&server, logged, part),
                _ => check(expect, exchange, &answer, &seen, &numbers, &prepared),
            };
            if let Err(problem) = problem {
                problems.push(format!("line {}: {} {}: {problem}", exchange.line, exchange.method, exchange.target));
            }
        }
        numbers.extend(answer.header(NUMBER).map(str::to_owned));
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

fn files(example: &Example) -> Vec<(&str, &str)> {
    example.files.iter().map(|(path, block)| (path.as_str(), block.text.as_str())).collect()
}

fn plan<'a>(example: &'a Example, witness: &'a Witness) -> Result<Plan<'a>, String> {
    let context = match example.words.iter().find_map(|w| w.strip_prefix("context=")) {
        Some(name) => Some(Context::parse(name).ok_or_else(|| format!("no such context: {name}"))?),
        None => None,
    };
    Ok(Plan {
        files: files(example),
        context,
        create: witness.create.iter().map(String::as_str).collect(),
        missing: witness.missing.iter().map(String::as_str).collect(),
    })
}

/// What the reader of the tests cannot read is given to nginx as it stands, with the blocks around it that it seems to need.
fn as_it_stands(plan: &Plan) -> Result<Prepared, String> {
    let folder = server::folder();
    let config = folder.path().join("nginx.conf");
    let text = plan.files.first().map_or("", |f| f.1);
    let text = if text.contains("http {") || text.contains("events {") {
        text.to_owned()
    } else if text.contains("server {") {
        format!("events {{}}\nhttp {{\n{text}\n}}\n")
    } else {
        format!("events {{}}\nhttp {{\nserver {{\n{text}\n}}\n}}\n")
    };
    std::fs::write(&config, text).map_err(|e| e.to_string())?;
    Ok(Prepared { folder, config, listeners: Vec::new(), authorities: BTreeMap::new() })
}

/// Whether a text came into the error log behind its first `before` bytes.
fn in_log(server: &Server, before: usize, part: &str) -> Result<(), String> {
    let log = server.log();
    let new = log.get(before..).unwrap_or_default();
    if new.contains(part) { Ok(()) } else { Err(format!("no {part:?} in the log: {new}")) }
}

/// Sends one request (all its times) and returns the last answer, with what reached the upstream for that last one.
pub fn send(exchange: &Exchange, prepared: &Prepared, upstream: &Upstream) -> Result<(Answer, Vec<Seen>), String> {
    let listener = match exchange.listener {
        None => prepared.listeners.first(),
        Some((tls, port)) => prepared.listeners.iter().find(|l| l.tls == tls && l.port == port),
    };
    let listener = listener.ok_or_else(|| format!("line {}: no server listens there", exchange.line))?;
    let mut request =
        client::Request { method: exchange.method.clone(), target: exchange.target.clone(), headers: exchange.headers.clone() };
    // A second Host line, written on purpose, replaces the one of the URL.
    if request.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case("host")).count() > 1 {
        request.headers.remove(0);
    }
    if exchange.header("host").is_none() {
        request.headers.insert(0, ("Host".to_owned(), "localhost".to_owned()));
    }
    request.headers.retain(|(n, v)| !(n.eq_ignore_ascii_case("host") && v == "none"));
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, listener.loopback));
    upstream.set_replies(exchange.replies.clone());
    let mut answer = Answer::default();
    let mut seen = Vec::new();
    for _ in 0..exchange.times {
        upstream.take();
        answer = if listener.tls {
            let host = exchange.header("host").unwrap_or("localhost");
            client::send_tls(address, host.split(':').next().unwrap_or("localhost"), &request)?
        } else {
            client::send(address, &request)?
        };
        seen = upstream.take();
    }
    Ok((answer, seen))
}

fn check(
    expect: &Expect,
    exchange: &Exchange,
    answer: &Answer,
    seen: &[Seen],
    numbers: &BTreeSet<String>,
    prepared: &Prepared,
) -> Result<(), String> {
    let last = |on: &str| seen.iter().rfind(|s| s.target.starts_with(on));
    match expect {
        Expect::Status(status) if answer.status == *status => Ok(()),
        Expect::Status(status) => Err(format!("status {}, not {status}", answer.status)),
        Expect::Header(name, is) => {
            let value = answer.header(name).map(|v| prepared.restore(v));
            compare(&format!("header {name}"), value.as_deref(), None, is)
        }
        Expect::Body(part) => {
            let body = prepared.restore(&answer.body);
            if body.contains(part) { Ok(()) } else { Err(format!("no {part:?} in the body: {body}")) }
        }
        // The log is not part of the answer.
        Expect::Log(_) => Ok(()),
        Expect::Asked { on, asked } => match (last(on).is_some(), asked) {
            (true, false) => Err("the upstream was asked".to_owned()),
            (false, true) => Err(format!("the upstream was not asked (status {})", answer.status)),
            _ => Ok(()),
        },
        Expect::Cached(cached) => {
            let number = answer.header(NUMBER);
            let copy = number.is_some_and(|n| numbers.contains(n));
            if copy == *cached {
                Ok(())
            } else {
                Err(format!("answer number {number:?}: {}", if copy { "cached" } else { "not cached" }))
            }
        }
        Expect::Upstream { on, field, is } => {
            let seen = last(on).ok_or_else(|| format!("the upstream was not asked (status {})", answer.status))?;
            let value = match field.as_str() {
                "target" => Some(seen.target.clone()),
                "method" => Some(seen.method.clone()),
                // A parameter that is there but empty is as good as none to an application; nginx sends no empty header.
                name => seen.field(name).filter(|v| *is == Is::Empty || !v.is_empty()).map(|v| prepared.restore(v)),
            };
            compare(&format!("upstream {field}"), value.as_deref(), exchange.header(field), is)
        }
    }
}

/// Whether a field is what a witness says of it; `sent` is the client's value.
pub(crate) fn compare(what: &str, value: Option<&str>, sent: Option<&str>, is: &Is) -> Result<(), String> {
    let holds = match is {
        Is::Absent => value.is_none(),
        Is::Present => value.is_some(),
        Is::Empty => value == Some(""),
        Is::Kept => value.is_some() && value == sent,
        Is::Contains(part) => value.is_some_and(|v| v.contains(part)),
        Is::Equal(text) => value == Some(text),
    };
    if holds { Ok(()) } else { Err(format!("{what} is {value:?}, not {is:?}")) }
}
