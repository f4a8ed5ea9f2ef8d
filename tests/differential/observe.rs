//! What a real server did with a request.

use std::net::{Ipv4Addr, SocketAddr};

use crate::ask::Ask;
use crate::support::client::{self, Answer};
use crate::support::upstream::{NUMBER, Reply, Upstream};
use crate::support::wire::Seen;

/// What was seen.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    pub(crate) answer: Answer,
    /// What reached the application as the request itself (not the verdicts).
    pub(crate) upstream: Option<Seen>,
    /// The answer is a copy of one that an earlier request got.
    pub(crate) stale: bool,
    /// The same request again was answered with a copy of this answer.
    pub(crate) repeat_is_copy: bool,
    /// A fault of the server's own code made the answer.
    pub(crate) server_fault: bool,
}

/// Sends a request to a loopback port. `numbers` are those of the answers that were seen before.
pub(crate) fn send(ask: &Ask, port: u16, upstream: &Upstream, numbers: &mut Vec<String>) -> Result<Observed, String> {
    let mut headers = Vec::new();
    headers.extend(ask.host.iter().map(|h| ("Host".to_owned(), h.clone())));
    headers.extend(ask.headers.iter().cloned());
    let request = client::Request { method: ask.method.clone(), target: ask.target.clone(), headers };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    upstream.set_replies(vec![
        Reply { on: String::new(), status: Some(ask.reply.0), headers: ask.reply.1.clone() },
        Reply { on: "/_verdict".to_owned(), status: Some(ask.verdict), headers: Vec::new() },
    ]);
    upstream.take();
    let answer = client::send(address, &request)?;
    let seen = upstream.take();
    let number = answer.header(NUMBER).map(str::to_owned);
    let stale = number.as_ref().is_some_and(|n| numbers.contains(n));
    let again = if number.is_some() { Some(client::send(address, &request)?) } else { None };
    let again = again.as_ref().and_then(|a| a.header(NUMBER)).map(str::to_owned);
    let repeat_is_copy = number.is_some() && again == number;
    numbers.extend(number);
    numbers.extend(again);
    let upstream = seen.into_iter().rfind(|s| !s.target.starts_with("/_verdict"));
    Ok(Observed { answer, upstream, stale, repeat_is_copy, server_fault: false })
}

impl Observed {
    /// Gives texts of the server the names of the configuration.
    pub(crate) fn restore(&mut self, restore: impl Fn(&str) -> String) {
        for (name, value) in &mut self.answer.headers {
            if name != NUMBER {
                *value = restore(value);
            }
        }
        if let Some(seen) = &mut self.upstream {
            seen.target = restore(&seen.target);
            for (_, value) in &mut seen.fields {
                *value = restore(value);
            }
        }
    }
}
