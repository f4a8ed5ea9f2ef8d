//! URLs in substitutions: schemes, hosts, escapes.

use super::super::uri;
use super::super::vars::{Variable, Vars};
use crate::model::Value;
use crate::model::fact::{concat, unknown_value};

/// The schemes that make a substitution a URL, and whether a query makes sense in them (`is_absolute_uri`).
const SCHEMES: &[(&str, bool)] = &[
    ("ajp://", true),
    ("balancer://", true),
    ("ftp://", false),
    ("fcgi://", true),
    ("gopher://", false),
    ("http://", true),
    ("https://", true),
    ("h2://", true),
    ("h2c://", true),
    ("ldap://", false),
    ("mailto:", true),
    ("news:", false),
    ("nntp://", false),
    ("scgi://", true),
    ("ws://", true),
    ("wss://", true),
    ("unix://", true),
    ("unix:", true),
];

/// The length of the scheme of an absolute URL, and whether a query makes sense in it.
pub(super) fn scheme(text: &str) -> Option<(usize, bool)> {
    if text.len() <= 5 {
        return None;
    }
    let fits = |scheme: &str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    SCHEMES.iter().find(|(scheme, _)| fits(scheme)).map(|(scheme, query)| (scheme.len(), *query))
}

/// Puts scheme and host of this server before a path (`fully_qualify_uri`).
pub(super) fn qualified(vars: &mut dyn Vars, path: Value) -> Value {
    if scheme(path.prefix()).is_some() {
        return path;
    }
    let scheme = vars.variable(Variable::RequestScheme);
    let port = vars.variable(Variable::ServerPort);
    let port = match (scheme.known(), port.known()) {
        (Some("http"), Some("80")) | (Some("https"), Some("443")) => Value::Known(String::new()),
        (_, Some(port)) => Value::Known(format!(":{port}")),
        _ => unknown_value("port of the server"),
    };
    let slash = if path.prefix().starts_with('/') { "" } else { "/" };
    let host = vars.variable(Variable::ServerName);
    let text = |text: &str| Value::Known(text.to_owned());
    concat([scheme, text("://"), host, port, text(slash), path])
}

/// The local path of a URL that names this very server (`reduce_uri`).
pub(super) fn reduced(vars: &mut dyn Vars, url: &Value) -> Option<Value> {
    let scheme = vars.variable(Variable::RequestScheme);
    let scheme = scheme.known()?;
    let prefix = url.prefix();
    if !prefix.get(..scheme.len())?.eq_ignore_ascii_case(scheme) {
        return None;
    }
    let rest = prefix.get(scheme.len()..)?.strip_prefix("://")?;
    let host_end = match rest.find(['/', ':']) {
        Some(end) => end,
        // What follows may belong to the host.
        None if url.known().is_none() => return None,
        None => rest.len(),
    };
    let (host, tail) = rest.split_at(host_end);
    let (port, path) = match tail.strip_prefix(':') {
        Some(port) => {
            let end = port.find('/').unwrap_or(port.len());
            (port.get(..end)?.parse().unwrap_or(0), port.get(end..)?)
        }
        None => (if scheme == "https" { 443 } else { 80 }, tail),
    };
    if !vars.serves_host(host, port)? {
        return None;
    }
    let path = if path.is_empty() && url.known().is_some() { "/" } else { path };
    Some(match url {
        Value::Known(_) => Value::Known(path.to_owned()),
        Value::Unknown { why, .. } => Value::Unknown { prefix: path.to_owned(), nonempty: true, why: why.clone() },
    })
}

/// Escapes a text for a URL (`ap_escape_uri`).
pub(super) fn escaped(text: &Value) -> Value {
    match text {
        Value::Known(text) => Value::Known(uri::escape(text)),
        Value::Unknown { prefix, nonempty, why } => {
            Value::Unknown { prefix: uri::escape(prefix), nonempty: *nonempty, why: why.clone() }
        }
    }
}

/// Escapes an absolute URL behind its host (`escape_absolute_uri`).
pub(super) fn escaped_absolute(url: &Value, scheme: usize) -> Value {
    let text = url.prefix();
    let mut keep = scheme;
    if text.get(..scheme).is_some_and(|s| s.ends_with('/')) {
        let rest = text.get(scheme..).unwrap_or_default();
        match rest.find('/') {
            Some(slash) => keep = scheme + slash + 1,
            None => return url.clone(),
        }
    }
    let (host, path) = text.split_at(keep.min(text.len()));
    // The parts of an LDAP URL are escaped each.
    let path = if text.get(..4).is_some_and(|s| s.eq_ignore_ascii_case("ldap")) {
        path.splitn(5, '?').map(uri::escape).collect::<Vec<_>>().join("?")
    } else {
        uri::escape(path)
    };
    match url {
        Value::Known(_) => Value::Known(format!("{host}{path}")),
        Value::Unknown { nonempty, why, .. } => {
            Value::Unknown { prefix: format!("{host}{path}"), nonempty: *nonempty, why: why.clone() }
        }
    }
}
