//! What the real nginx does with the requests of one configuration.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::generate::FILES;
use crate::requests::Ask;
use crate::support::client::{self, Answer};
use crate::support::nginx;
use crate::support::server::{self, Dialect, Server};
use crate::support::upstream::{NUMBER, Reply, Upstream};
use crate::support::wire::{Protocol, Seen};

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
}

/// The version of the real nginx.
pub(crate) fn version() -> (u16, u16, u16) {
    static VERSION: std::sync::LazyLock<(u16, u16, u16)> = std::sync::LazyLock::new(|| {
        let output = std::process::Command::new("nginx").arg("-v").output().expect("nginx");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let numbers = said.split('/').nth(1).unwrap_or_default().split_whitespace().next().unwrap_or_default().to_owned();
        let mut numbers = numbers.split('.').map(|n| n.parse().unwrap_or(0));
        let mut next = || numbers.next().unwrap_or(0);
        (next(), next(), next())
    });
    *VERSION
}

/// The place where configurations are run one after another.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    upstream: Upstream,
    /// Addresses of the configuration and those that stand for them.
    addresses: Vec<(String, String)>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = server::folder();
        let root = folder.path();
        let upstream = Upstream::new();
        let mut addresses = Vec::new();
        for (written, protocol) in
            [(9001, Protocol::Http), (9002, Protocol::Fastcgi), (9003, Protocol::Scgi), (9004, Protocol::Uwsgi)]
        {
            addresses.push((format!("127.0.0.1:{written}"), format!("127.0.0.1:{}", upstream.listen(protocol))));
        }
        for written in [8081, 8082] {
            addresses.push((format!("127.0.0.1:{written}"), format!("127.0.0.1:{}", server::free_port())));
        }
        for path in FILES {
            let path = root.join("www").join(&path[1..]);
            let _ = std::fs::create_dir_all(path.parent().unwrap_or(root));
            std::fs::write(&path, path.display().to_string()).expect("a file");
        }
        for path in ["passwords", "tmp"] {
            std::fs::create_dir_all(root.join(path)).expect("a folder");
        }
        std::fs::write(root.join("passwords/users"), "user:{PLAIN}secret\n").expect("a file");
        Self { folder, upstream, addresses }
    }

    fn port(&self, written: u16) -> u16 {
        let name = format!("127.0.0.1:{written}");
        let found = self.addresses.iter().find(|(n, _)| *n == name).and_then(|(_, a)| a.rsplit(':').next()?.parse().ok());
        found.unwrap_or(0)
    }

    /// The text that nginx reads.
    fn real_text(&self, config: &str) -> String {
        let root = self.folder.path().display();
        let mut text = config.replace("/srv/", &format!("{root}/"));
        for (written, address) in &self.addresses {
            text = text.replace(written, address);
        }
        let mut head = String::from("http { access_log off; ");
        for (name, path) in nginx::TEMPORARY_PATHS {
            head.push_str(&format!("{name} {root}/{path}; "));
        }
        nginx::main_directives(self.folder.path()) + &text.replacen("http {", &head, 1)
    }

    /// A text of the real server with the addresses of the configuration.
    pub(crate) fn restore(&self, text: &str) -> String {
        let mut text = text.replace(&self.folder.path().display().to_string(), "/srv");
        for (written, address) in &self.addresses {
            let port = |a: &str| a.rsplit(':').next().unwrap_or_default().to_owned();
            text = text.replace(&port(address), &port(written));
        }
        text
    }

    /// Runs a configuration and sends the requests in order. `Err`: nginx refuses the configuration, and why. If a request crashes
    /// nginx (1.22 has such faults), it and the later ones have no answer.
    pub(crate) fn run(&self, config: &str, asks: &[Ask]) -> Result<Vec<Observed>, String> {
        let root = self.folder.path();
        let path: PathBuf = root.join("nginx.conf");
        let _ = std::fs::remove_dir_all(root.join("cache"));
        for log in ["error.log", "start.log"] {
            let _ = std::fs::remove_file(root.join(log));
        }
        std::fs::create_dir_all(root.join("cache")).map_err(|e| e.to_string())?;
        std::fs::write(&path, self.real_text(config)).map_err(|e| e.to_string())?;
        let mut nginx = Server::start(Dialect::Nginx, root, &path)?;
        let mut numbers = Vec::new();
        let mut out = Vec::new();
        for ask in asks {
            match self.ask(ask, &mut numbers) {
                // nginx closes the connection without an answer on purpose (444), or because the request crashed it.
                Ok(observed) if observed.answer.status != 0 || !nginx.crashed() => out.push(observed),
                Err(error) if !nginx.crashed() => return Err(format!("{}: {error}\n{}", ask.lines().join(" | "), nginx.log())),
                _ => break,
            }
        }
        Ok(out)
    }

    fn ask(&self, ask: &Ask, numbers: &mut Vec<String>) -> Result<Observed, String> {
        let mut headers = Vec::new();
        headers.extend(ask.host.iter().map(|h| ("Host".to_owned(), h.clone())));
        headers.extend(ask.headers.iter().cloned());
        let request = client::Request { method: ask.method.clone(), target: ask.target.clone(), headers };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port(ask.port)));
        self.upstream.set_replies(vec![
            Reply { on: String::new(), status: Some(ask.reply.0), headers: ask.reply.1.clone() },
            Reply { on: "/_verdict".to_owned(), status: Some(ask.verdict), headers: Vec::new() },
        ]);
        self.upstream.take();
        let answer = client::send(address, &request)?;
        let seen = self.upstream.take();
        let number = answer.header(NUMBER).map(str::to_owned);
        let stale = number.as_ref().is_some_and(|n| numbers.contains(n));
        let again = if number.is_some() { Some(client::send(address, &request)?) } else { None };
        let again = again.as_ref().and_then(|a| a.header(NUMBER)).map(str::to_owned);
        let repeat_is_copy = number.is_some() && again == number;
        numbers.extend(number);
        numbers.extend(again);
        let upstream = seen.into_iter().rfind(|s| !s.target.starts_with("/_verdict"));
        Ok(Observed { answer, upstream, stale, repeat_is_copy })
    }
}
