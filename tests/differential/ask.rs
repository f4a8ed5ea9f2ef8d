//! One request: what is sent, and what the application would answer to it.

use crate::rng::Rng;

/// One request and what the application would answer to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) method: String,
    pub(crate) target: String,
    /// The port as the configuration names it.
    pub(crate) port: u16,
    /// The Host field as sent; `None`: there is none.
    pub(crate) host: Option<String>,
    /// Other header fields.
    pub(crate) headers: Vec<(String, String)>,
    /// Status and header fields of the application's answer.
    pub(crate) reply: (u16, Vec<(String, String)>),
    /// Status of the answer to subrequests for a verdict.
    pub(crate) verdict: u16,
}

impl Ask {
    /// Path without query.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or("")
    }

    /// The request as lint401 takes it.
    pub(crate) fn request(&self) -> lint401::model::Request {
        let host = self.host.as_deref().unwrap_or_default();
        let host = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let mut request = lint401::model::Request::get(&*host, self.path()).method(&self.method);
        request.port = self.port;
        request.host_field = self.host.clone().filter(|h| *h != format!("{host}:{}", self.port));
        request.query = self.target.split_once('?').map(|(_, q)| q.to_owned());
        request.headers.clone_from(&self.headers);
        request.client = std::net::Ipv4Addr::LOCALHOST.into();
        request
    }

    /// The lines by which it is written down.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut out = vec![format!("{} {} at {}", self.method, self.target, self.port)];
        out.extend(self.host.iter().map(|h| format!("Host: {h}")));
        out.extend(self.headers.iter().map(|(n, v)| format!("{n}: {v}")));
        out.push(format!("< {}", self.reply.0));
        out.extend(self.reply.1.iter().map(|(n, v)| format!("< {n}: {v}")));
        out.push(format!("< on /_verdict {}", self.verdict));
        out
    }

    /// Reads what [`Self::lines`] wrote.
    pub(crate) fn parse(lines: &[&str]) -> Option<Self> {
        let mut words = lines.first()?.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let port = words.nth(1)?.parse().ok()?;
        let mut ask = Self { method, target, port, host: None, headers: Vec::new(), reply: (200, Vec::new()), verdict: 200 };
        for line in lines.get(1..)? {
            if let Some(status) = line.strip_prefix("< on /_verdict ") {
                ask.verdict = status.parse().ok()?;
            } else if let Some(reply) = line.strip_prefix("< ") {
                match reply.split_once(": ") {
                    Some((name, value)) => ask.reply.1.push((name.to_owned(), value.to_owned())),
                    None => ask.reply.0 = reply.parse().ok()?,
                }
            } else {
                let (name, value) = line.split_once(':')?;
                let value = value.trim().to_owned();
                if name == "Host" {
                    ask.host = Some(value);
                } else {
                    ask.headers.push((name.to_owned(), value));
                }
            }
        }
        Some(ask)
    }
}

/// The path itself, or one that is nearly the same.
pub(crate) fn neighbour(path: &str, rng: &mut Rng) -> String {
    let insert = |what: &str, rng: &mut Rng| {
        let slashes: Vec<usize> = path.match_indices('/').map(|(i, _)| i).collect();
        let at = rng.one(&slashes).copied().unwrap_or(0);
        format!("{}{what}{}", &path[..at], &path[at..])
    };
    match rng.weighted(&[60, 6, 6, 6, 6, 5, 4, 4, 3]) {
        1 => format!("{path}/"),
        2 => path.trim_end_matches('/').to_owned() + if path.len() == 1 { "/" } else { "" },
        3 => insert("/", rng),
        4 => path.chars().map(|c| if rng.chance(50) { c.to_ascii_uppercase() } else { c }).collect(),
        5 => {
            let letters: Vec<(usize, char)> = path.char_indices().filter(|(_, c)| *c != '/').collect();
            match rng.one(&letters) {
                Some((at, c)) => format!("{}%{:02x}{}", &path[..*at], *c as u32, &path[at + 1..]),
                None => "/%61".to_owned(),
            }
        }
        6 => insert("/.", rng),
        7 => insert(rng.pick(&["/zz/..", "/zz/%2e%2e"]), rng),
        8 => path.replacen('/', "/%2F", 2).replacen("/%2F", "/", 1),
        _ => path.to_owned(),
    }
}
