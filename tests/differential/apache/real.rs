//! What the real httpd does with the requests of many configurations in one process.

use super::generate::{FILES, SCRIPT};
use super::parts;
use crate::kind::Case;
use crate::observe::{self, Observed};
use crate::support::apache;
use crate::support::apache_conf;
use crate::support::conf::Directive;
use crate::support::server::{self, Dialect, Server, set_mode};
use crate::support::upstream::Upstream;
use crate::support::wire::{CGI_SCRIPT, Protocol};

/// How many configurations share one process.
pub(crate) const SLOTS: usize = 50;

/// Account, password, file.
pub(crate) const PASSWORDS: [(&str, &str); 3] = [
    ("users", "user:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n"),
    ("others", "joe:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n"),
    ("groups", "staff: user joe\nadmins: joe\n"),
];

/// The host that takes what no other does, and what all have in common.
pub(crate) const DEFAULT_HOST: &str = "CacheRoot /srv/cache\nCacheHeader On\n\
    <VirtualHost *:8081 *:8082>\nServerName default.invalid\nRedirect 404 /\n</VirtualHost>\n";

/// A map of paths.
pub(crate) const MAP: &str = "/srv/maps/known";
pub(crate) const MAP_TEXT: &str = "/old /x.php\n/a/index.html /docs/page.html\n/q https://o.test/q\n";

/// The place where configurations are run.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    upstream: Upstream,
    /// Addresses of applications, and those that stand for them.
    applications: Vec<(String, String)>,
    /// Ports of the server, and those that stand for them.
    ports: [(u16, u16); 2],
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = server::folder();
        let root = folder.path();
        let upstream = Upstream::new();
        let mut applications = Vec::new();
        for (written, protocol) in
            [(9001, Protocol::Http), (9002, Protocol::Fastcgi), (9003, Protocol::Scgi), (9004, Protocol::Uwsgi)]
        {
            applications.push((format!("127.0.0.1:{written}"), format!("127.0.0.1:{}", upstream.listen(protocol))));
        }
        let script = CGI_SCRIPT.replace("PORT", &upstream.listen(Protocol::Cgi).to_string());
        let write = |path: &std::path::Path, text: &str, mode: u32| {
            std::fs::create_dir_all(path.parent().unwrap_or(root)).expect("a folder");
            std::fs::write(path, text).expect("a file");
            set_mode(path, mode);
        };
        for slot in 0..SLOTS {
            for path in FILES {
                let target = root.join(format!("u{slot}/www{path}"));
                // Every file can be run, whatever a configuration takes for a script.
                write(&target, &script, 0o755);
            }
        }
        write(&root.join(SCRIPT.trim_start_matches("/srv/")), &script, 0o755);
        write(&root.join(MAP.trim_start_matches("/srv/")), MAP_TEXT, 0o644);
        for (name, text) in PASSWORDS {
            write(&root.join("passwords").join(name), text, 0o644);
        }
        let ports = [(8081, server::free_port()), (8082, server::free_port())];
        Self { folder, upstream, applications, ports }
    }

    /// A text of a configuration as the server reads it in a slot.
    fn real_text(&self, text: &str, slot: usize) -> String {
        let root = self.folder.path().display();
        let mut text = text.replace("/srv/www", &format!("{root}/u{slot}/www")).replace("/srv/", &format!("{root}/"));
        for (written, address) in &self.applications {
            text = text.replace(written, address);
        }
        for (written, port) in self.ports {
            text = with_port(&text, written, port);
        }
        text.replace(".test", &format!(".u{slot}.test"))
    }

    /// A text of the server with the names of the configuration.
    fn restore(&self, text: &str, slot: usize) -> String {
        let root = self.folder.path().display().to_string();
        let mut text = text.replace(&format!("{root}/u{slot}/www"), "/srv/www").replace(&root, "/srv");
        for (written, address) in &self.applications {
            text = text.replace(address, written);
        }
        for (written, port) in self.ports {
            text = with_port(&text, port, written);
        }
        text.replace(&format!(".u{slot}.test"), ".test")
    }

    /// Writes the configuration of some cases, each in its slot, and their `.htaccess` files.
    fn write(&self, cases: &[(usize, &Case)]) -> std::path::PathBuf {
        let root = self.folder.path();
        let mut text = apache::head(root, root);
        text.push_str("ServerName localhost\n");
        for (_, port) in self.ports {
            text.push_str(&format!("Listen 127.0.0.1:{port}\n"));
        }
        text.push_str(&self.real_text(DEFAULT_HOST, 0));
        for (slot, case) in cases {
            let (server, files) = parts(&case.text);
            text.push_str(&self.real_text(&server, *slot));
            for folder in ["", "/a", "/a/b", "/admin", "/docs", "/static", "/in"] {
                let _ = std::fs::remove_file(root.join(format!("u{slot}/www{folder}/.htaccess")));
            }
            for (path, text) in files {
                let target = self.real_text(&path, *slot);
                std::fs::write(&target, self.real_text(&text, *slot)).unwrap_or_else(|e| panic!("{target}: {e}"));
            }
        }
        let config = root.join("apache.conf");
        std::fs::write(&config, text).expect("a file");
        config
    }

    /// Runs some cases. Those that set something for all hosts have the server for themselves.
    pub(crate) fn run(&self, cases: &[&Case]) -> Vec<Result<Vec<Observed>, String>> {
        let mut out: Vec<Result<Vec<Observed>, String>> = cases.iter().map(|_| Err("not run".to_owned())).collect();
        let numbered = || cases.iter().copied().enumerate();
        let (alone, together): (Vec<_>, Vec<_>) = numbered().partition(|(_, case)| sets_for_all(&parts(&case.text).0));
        let mut groups: Vec<Vec<(usize, &Case)>> = alone.into_iter().map(|one| vec![one]).collect();
        groups.push(together);
        for mut group in groups {
            if group.len() > 1 && Dialect::Apache.test(self.folder.path(), &self.write(&group)).is_err() {
                // One that is refused must not stop the others.
                group.retain(|one| {
                    let said = Dialect::Apache.test(self.folder.path(), &self.write(&[*one]));
                    match said {
                        Ok(_) => true,
                        Err(error) => {
                            out[one.0] = Err(error);
                            false
                        }
                    }
                });
            }
            let mut from = 0;
            while from < group.len() {
                let run = self.run_together(&group[from..], &mut out);
                from += run.max(1);
            }
        }
        out
    }

    /// Runs cases in one process; how many were run until a request crashed it.
    fn run_together(&self, cases: &[(usize, &Case)], out: &mut [Result<Vec<Observed>, String>]) -> usize {
        let root = self.folder.path();
        let _ = std::fs::remove_file(root.join("error.log"));
        let _ = std::fs::remove_dir_all(root.join("cache"));
        let _ = std::fs::create_dir(root.join("cache"));
        set_mode(&root.join("cache"), 0o777);
        let mut server = match Server::start(Dialect::Apache, root, &self.write(cases)) {
            Ok(server) => server,
            Err(error) => {
                for (index, _) in cases {
                    out[*index] = Err(error.clone());
                }
                return cases.len();
            }
        };
        for (done, (slot, case)) in cases.iter().enumerate() {
            let mut numbers = Vec::new();
            let mut has_copies = false;
            let mut observed = Vec::new();
            for ask in &case.asks {
                let port = self.ports.iter().find(|(written, _)| *written == ask.port).map_or(0, |(_, port)| *port);
                let _ = std::fs::File::options().write(true).truncate(true).open(root.join("error.log"));
                let mut sent = ask.clone();
                // Whether a URL names the server itself hangs on the port that the client sends.
                sent.host = ask.host.as_ref().map(|host| self.real_text(host, *slot));
                match observe::send(&sent, port, &self.upstream, &mut numbers) {
                    Ok(mut seen) if seen.answer.status != 0 => {
                        seen.stale |= seen.answer.header("X-Cache").is_some_and(|v| v.starts_with("HIT"));
                        seen.restore(|text| self.restore(text, *slot));
                        // httpd 2.4.71 sends what stands in memory that it gave back: a redirect in a section, met by the subrequest of
                        // `FallbackResource`. Where it notices, it answers 500.
                        let log = server.log();
                        seen.server_fault = seen.answer.status == 500 && log.contains("AH02430");
                        // The quick handler answers the subrequest for an index file that it has a fresh copy of, and then the folder
                        // has none: what an earlier request left in the store decides, and for how long.
                        let is_quick = case.text.contains("CacheEnable") && !case.text.contains("CacheQuickHandler off");
                        seen.server_fault |= is_quick && seen.answer.status == 403 && log.contains("AH01276") && has_copies;
                        has_copies |= seen.answer.header("X-Cache").is_some();
                        observed.push(seen);
                    }
                    Err(error) if !server.crashed() => {
                        out[*slot] = Err(format!("{}: {error}\n{}", ask.lines().join(" | "), server.log()));
                        return done + 1;
                    }
                    _ if server.crashed() => {
                        out[*slot] = Ok(observed);
                        return done + 1;
                    }
                    Ok(seen) => observed.push(seen),
                    Err(_) => {}
                }
            }
            out[*slot] = Ok(observed);
        }
        cases.len()
    }
}

/// A text with another port wherever it stands behind a colon.
fn with_port(text: &str, old: u16, new: u16) -> String {
    let old = format!(":{old}");
    let mut parts = text.split(&old);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        if part.starts_with(|c: char| c.is_ascii_digit()) {
            out.push_str(&old);
        } else {
            out.push_str(&format!(":{new}"));
        }
        out.push_str(part);
    }
    out
}

/// Whether a configuration says something that holds for other hosts than its own.
fn sets_for_all(text: &str) -> bool {
    let own = |d: &Directive| match d.name() {
        "VirtualHost" => true,
        "Directory" => apache_conf::arg(d, 0).starts_with("/srv/www"),
        _ => false,
    };
    apache_conf::parse(text).unwrap_or_default().iter().any(|d| !own(d))
}
