//! Requests for a configuration: made from its own patterns, and from their neighbours.

use super::generate::{FILES, REGEXES};
use crate::ask::{Ask, neighbour};
use crate::rng::Rng;
use crate::support::client;
use crate::support::conf::{self, Directive};

/// What the requests are made of.
struct Material {
    paths: Vec<String>,
    hosts: Vec<String>,
    ports: Vec<u16>,
}

/// Some requests for a configuration.
pub(crate) fn requests(config: &[Directive], rng: &mut Rng, count: usize) -> Vec<Ask> {
    let mut material = Material {
        paths: FILES.iter().map(|f| (*f).to_owned()).chain(["/nowhere".to_owned(), "/".to_owned()]).collect(),
        hosts: vec!["other.test".to_owned()],
        ports: Vec::new(),
    };
    let mut own = Vec::new();
    // Which status of the application is replaced is not asked of the model: it follows plain answers.
    let mut intercepts = false;
    for directive in config {
        directive.walk(&mut |d| {
            intercepts |= d.name().ends_with("_intercept_errors");
            gather(d, &mut material, &mut own);
        });
    }
    (0..count)
        .map(|_| {
            let path = if rng.chance(75) { rng.one(&own) } else { rng.one(&material.paths) };
            let path = path.cloned().unwrap_or_else(|| "/".to_owned());
            let mut ask = ask(&path, &material, rng);
            if intercepts && ask.reply.0 >= 300 {
                ask.reply = (200, Vec::new());
            }
            ask
        })
        .collect()
}

fn gather(directive: &Directive, material: &mut Material, own: &mut Vec<String>) {
    match directive.name() {
        "listen" => material.ports.extend(directive.arg(0).rsplit(':').next().and_then(|p| p.parse::<u16>().ok())),
        "server_name" => {
            for word in directive.words.iter().skip(1) {
                let name = conf::value(word);
                let host = match name.as_str() {
                    "*.a.test" => "x.a.test",
                    ".b.test" => "y.b.test",
                    "www.*" => "www.any.test",
                    "*.www.a.test" => "z.www.a.test",
                    regex if regex.contains("c\\.test") => "joe.c.test",
                    regex if regex.contains("^d") => "d1.test",
                    "_" | "" => "nobody.test",
                    plain => plain,
                };
                material.hosts.push(host.to_owned());
            }
        }
        "location" | "rewrite" => {
            let (modifier, pattern) = match directive.words.len() {
                3 if directive.name() == "location" => (directive.arg(0), directive.arg(1)),
                _ if directive.name() == "rewrite" => ("~".to_owned(), directive.arg(0)),
                _ => (String::new(), directive.arg(0)),
            };
            if modifier.starts_with('~') {
                let examples = REGEXES.iter().find(|(r, _)| *r == pattern).map_or(&[][..], |(_, e)| e);
                own.extend(examples.iter().map(|e| (*e).to_owned()));
            } else if pattern.starts_with('/') && pattern != "/_auth" {
                for tail in ["", "", "x", "/q", "x.php"] {
                    own.push(format!("{pattern}{tail}"));
                }
            }
        }
        _ => {}
    }
}

fn ask(path: &str, material: &Material, rng: &mut Rng) -> Ask {
    let mut target = neighbour(path, rng);
    if rng.chance(30) {
        target.push_str(rng.pick(&["?a=1", "?a=xb", "?", "?a=1&b=2", "?q=%20x"]));
    }
    let method = rng
        .pick(&["GET", "GET", "GET", "GET", "GET", "GET", "GET", "GET", "HEAD", "POST", "PUT", "OPTIONS", "DELETE"])
        .to_owned();
    let mut host = rng.one(&material.hosts).cloned();
    if rng.chance(6) {
        host = host.map(|h| format!("sub.{h}"));
    }
    let port = rng.one(&material.ports).copied().unwrap_or(8081);
    // As every client does for a port that is not the scheme's own.
    host = host.map(|h| format!("{}:{port}", h.to_ascii_lowercase()));
    if rng.chance(1) {
        host = None;
    }
    let mut headers = Vec::new();
    if rng.chance(50) {
        let value = match rng.below(8) {
            0..=2 => "Bearer abc.def".to_owned(),
            3 | 4 => format!("Basic {}", client::base64("user:secret")),
            5 => format!("Basic {}", client::base64("user:wrong")),
            6 => format!("basic {}", client::base64("user:secret")),
            _ => "Digest x".to_owned(),
        };
        headers.push(("Authorization".to_owned(), value));
    }
    for (name, value, percent) in [
        ("Cookie", "sid=1", 15),
        ("Cookie", "other=2; sid=x y", 10),
        ("X-Forwarded-Proto", "https", 12),
        ("X-Forwarded-Host", "public.test", 6),
        ("X-Token", "t0k", 12),
        ("X-Forwarded-For", "10.0.0.7", 6),
        ("X-Forwarded-For", "10.0.0.7, 192.168.1.1, 127.0.0.1", 4),
        ("X-Real-IP", "192.168.1.1", 4),
        ("api_key", "k", 5),
    ] {
        if rng.chance(percent) && !headers.iter().any(|(n, _)| n == name) {
            headers.push((name.to_owned(), value.to_owned()));
        }
    }
    let reply = match rng.below(14) {
        0 => (401, vec![("WWW-Authenticate".to_owned(), "Bearer".to_owned())]),
        1 => (404, Vec::new()),
        2 => (200, vec![("Set-Cookie".to_owned(), "s=1".to_owned())]),
        3 => (200, vec![("Cache-Control".to_owned(), "max-age=60".to_owned())]),
        4 => (200, vec![("Cache-Control".to_owned(), "private".to_owned())]),
        _ => (200, Vec::new()),
    };
    let verdict = [200, 200, 200, 401, 403][rng.below(5)];
    Ask { method, target, port, host, headers, reply, verdict }
}
