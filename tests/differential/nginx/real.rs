//! What the real nginx does with the requests of one configuration.

use std::path::PathBuf;

use super::generate::FILES;
use crate::ask::Ask;
use crate::observe::{self, Observed};
use crate::support::nginx;
use crate::support::server::{self, Dialect, Server};
use crate::support::upstream::Upstream;
use crate::support::wire::Protocol;

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
    fn restore(&self, text: &str) -> String {
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
            match observe::send(ask, self.port(ask.port), &self.upstream, &mut numbers) {
                // nginx closes the connection without an answer on purpose (444), or because the request crashed it.
                Ok(mut observed) if observed.answer.status != 0 || !nginx.crashed() => {
                    observed.restore(|text| self.restore(text));
                    out.push(observed);
                }
                Err(error) if !nginx.crashed() => return Err(format!("{}: {error}\n{}", ask.lines().join(" | "), nginx.log())),
                _ => break,
            }
        }
        Ok(out)
    }
}
