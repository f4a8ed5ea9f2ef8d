//! Moves an Apache configuration, as a user wrote it, into a temporary folder and onto loopback ports.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::apache;
use super::apache_conf::{self as conf, arg, is};
use super::apache_layout::{File, Kind, Layout, port_of};
use super::conf::{Body, Directive};
use super::prepare::{Listener, Prepared, certificate, write};
use super::server::{self, set_mode};
use super::upstream::Upstream;
use super::wire::{CGI_SCRIPT, Protocol};

/// Prepares an example for the real httpd. What the reader of the tests cannot read is given to httpd as it stands.
pub fn prepare(layout: &Layout, upstream: &Upstream) -> Result<Prepared, String> {
    let folder = server::folder();
    let mut mover = Mover::new(folder.path(), upstream);
    let is_read = |file: &File| match file.kind {
        Kind::Server | Kind::Htaccess => !layout.verbatim || layout.lone && file.path == layout.main,
        _ => false,
    };
    let parsed: Vec<Option<Vec<Directive>>> =
        layout.files.iter().map(|f| is_read(f).then(|| conf::parse(&f.text).ok()).flatten()).collect();
    for tree in parsed.iter().flatten() {
        mover.learn(tree);
    }
    mover.listeners = layout
        .ports
        .iter()
        .map(|(port, tls)| Listener { written: port.to_string(), port: *port, loopback: server::free_port(), tls: *tls })
        .collect();
    let place = |path: &str| folder.path().join(layout.absolute(path).trim_start_matches('/'));
    for (file, tree) in layout.files.iter().zip(&parsed) {
        let target = place(&file.path);
        let text = match (file.kind, tree) {
            (Kind::Script, _) => CGI_SCRIPT.replace("PORT", &mover.port_for(Protocol::Cgi, "script").to_string()),
            (_, Some(tree)) => conf::print(&mover.list(tree)?),
            (_, None) => file.text.clone(),
        };
        write(&target, &text)?;
        match file.kind {
            Kind::Script => set_mode(&target, 0o755),
            Kind::Unreadable => set_mode(&target, 0),
            _ => {}
        }
    }
    for path in &layout.folders {
        let _ = std::fs::create_dir_all(place(path));
    }
    for path in &layout.writable {
        let _ = std::fs::create_dir_all(place(path));
        set_mode(&place(path), 0o777);
    }
    let server_root = place(&layout.server_root);
    let _ = std::fs::create_dir_all(&server_root);
    let config = folder.path().join("test.conf");
    let mut text = apache::head(folder.path(), &server_root);
    if !layout.names_server {
        text.push_str("ServerName localhost\n");
    }
    for listener in &mover.listeners {
        let protocol = if listener.tls { "https" } else { "http" };
        text.push_str(&format!("Listen 127.0.0.1:{} {protocol}\n", listener.loopback));
    }
    if mover.listeners.iter().any(|l| l.tls) {
        let (certificate, key) = certificate().ok_or("openssl is not installed")?;
        text.push_str(&format!(
            "SSLCertificateFile \"{}\"\nSSLCertificateKeyFile \"{}\"\n",
            certificate.display(),
            key.display()
        ));
    }
    text.push_str(&format!("Include \"{}\"\n", place(&layout.main).display()));
    write(&config, &text)?;
    let Mover { listeners, authorities, .. } = mover;
    Ok(Prepared { folder, config, listeners, authorities })
}

struct Mover<'a> {
    folder: PathBuf,
    upstream: &'a Upstream,
    listeners: Vec<Listener>,
    authorities: BTreeMap<u16, String>,
    by_authority: BTreeMap<(Protocol, String), u16>,
    sockets: BTreeSet<String>,
    /// Names that `Define` gives to a path: they stand where a path does.
    path_names: BTreeSet<String>,
}

fn protocol_of(scheme: &str) -> Option<Protocol> {
    Some(match scheme {
        "http" | "https" | "ws" | "wss" => Protocol::Http,
        "fcgi" => Protocol::Fastcgi,
        "scgi" => Protocol::Scgi,
        "uwsgi" => Protocol::Uwsgi,
        _ => return None,
    })
}

/// Whether a text that need not be a path starts like one of the file system.
fn like_a_path(text: &str) -> bool {
    ["/var/", "/srv/", "/etc/", "/usr/", "/run/"].iter().any(|top| text.starts_with(top))
}

/// The arguments of a directive that are paths.
pub(super) fn path_arguments(directive: &Directive) -> Vec<usize> {
    let last = directive.words.len().saturating_sub(2);
    match directive.name().to_ascii_lowercase().as_str() {
        "directory" | "directorymatch" if arg(directive, 0) == "~" => vec![1],
        "documentroot"
        | "serverroot"
        | "authuserfile"
        | "authgroupfile"
        | "authdbmuserfile"
        | "authdbmgroupfile"
        | "include"
        | "includeoptional"
        | "cacheroot"
        | "directory"
        | "iffile"
        | "davlockdb"
        | "virtualdocumentroot"
        | "virtualscriptalias"
        | "directorymatch" => vec![0],
        "alias" | "aliasmatch" | "scriptalias" | "scriptaliasmatch" => vec![last],
        _ => Vec::new(),
    }
}

impl<'a> Mover<'a> {
    fn new(folder: &Path, upstream: &'a Upstream) -> Self {
        Self {
            folder: folder.to_owned(),
            upstream,
            listeners: Vec::new(),
            authorities: BTreeMap::new(),
            by_authority: BTreeMap::new(),
            sockets: BTreeSet::new(),
            path_names: BTreeSet::new(),
        }
    }

    fn learn(&mut self, tree: &[Directive]) {
        for directive in tree {
            directive.walk(&mut |d| {
                for index in path_arguments(d) {
                    let path = arg(d, index);
                    if let Some((name, _)) = path.strip_prefix("${").and_then(|p| p.split_once('}')) {
                        self.path_names.insert(name.to_owned());
                    }
                }
            });
        }
    }

    /// The address of a virtual host.
    fn host(&self, written: &str) -> String {
        let port = port_of(written).and_then(|p| self.listeners.iter().find(|l| l.port == p)).map(|l| l.loopback);
        let name = match port_of(written) {
            Some(_) if !written.contains(':') => "*",
            Some(_) => written.rsplit_once(':').map_or("*", |(name, _)| name),
            None => written,
        };
        let name = if matches!(name, "*" | "_default_") { name } else { "127.0.0.1" };
        port.map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"))
    }

    fn port_for(&mut self, protocol: Protocol, authority: &str) -> u16 {
        let key = (protocol, authority.to_owned());
        if let Some(port) = self.by_authority.get(&key) {
            return *port;
        }
        let port = self.upstream.listen(protocol);
        self.by_authority.insert(key, port);
        self.authorities.insert(port, authority.to_owned());
        port
    }

    /// An address of an application, wherever one may stand: `http://app/x`, `proxy:fcgi://…`, `unix:/run/x.sock|fcgi://localhost`.
    fn address(&mut self, written: &str) -> Result<String, String> {
        if let Some(rest) = written.strip_prefix("proxy:") {
            return Ok(format!("proxy:{}", self.address(rest)?));
        }
        if let Some((socket, url)) = written.strip_prefix("unix:").and_then(|rest| rest.split_once('|')) {
            let protocol = url.split_once("://").and_then(|(scheme, _)| protocol_of(scheme)).unwrap_or(Protocol::Http);
            let moved = self.path(socket);
            if self.sockets.insert(moved.clone()) {
                self.upstream.listen_unix(protocol, Path::new(&moved)).map_err(|e| format!("{moved}: {e}"))?;
            }
            return Ok(format!("unix:{moved}|{url}"));
        }
        let Some((scheme, rest)) = written.split_once("://") else { return Ok(written.to_owned()) };
        let Some(protocol) = protocol_of(scheme) else { return Ok(written.to_owned()) };
        let end = rest.find(['/', '?', '$', '%']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        if authority.is_empty() {
            return Ok(written.to_owned());
        }
        let scheme = match scheme {
            "https" => "http",
            "wss" => "ws",
            plain => plain,
        };
        Ok(format!("{scheme}://127.0.0.1:{}{rest}", self.port_for(protocol, authority)))
    }

    fn path(&self, path: &str) -> String {
        let root = self.folder.display().to_string();
        match (path.strip_prefix('/'), path.strip_prefix("^/")) {
            (Some(rest), _) => format!("{root}/{rest}"),
            (_, Some(rest)) => format!("^{}/{rest}", root.replace('.', "\\.")),
            _ => path.to_owned(),
        }
    }

    fn list(&mut self, list: &[Directive]) -> Result<Vec<Directive>, String> {
        let mut out = Vec::new();
        for directive in list {
            out.extend(self.directive(directive)?);
        }
        Ok(out)
    }

    /// The directive as the test needs it; `None`: it has no place there.
    fn directive(&mut self, directive: &Directive) -> Result<Option<Directive>, String> {
        let mut moved = directive.clone();
        let set = |moved: &mut Directive, index: usize, value: &str| {
            if let Some(word) = moved.words.get_mut(index + 1) {
                *word = conf::quote(value);
            }
        };
        let name = directive.name().to_ascii_lowercase();
        match name.as_str() {
            "listen"
            | "user"
            | "group"
            | "errorlog"
            | "customlog"
            | "transferlog"
            | "pidfile"
            | "mutex"
            | "typesconfig"
            | "scoreboardfile"
            | "defaultruntimedir"
            | "mimemagicfile"
            | "acceptfilter"
            | "suexecusergroup"
            | "chrootdir"
            | "protocols"
            | "sslusestapling"
            | "sslstaplingcache"
            | "sslopensslconfcmd"
            | "sslcertificatechainfile"
            | "sslcacertificatefile" => return Ok(None),
            "loadmodule" if apache::loads(&arg(directive, 0)) || arg(directive, 0).starts_with("mpm_") => return Ok(None),
            "loadmodule" => {
                let file = arg(directive, 0).strip_suffix("_module").and_then(apache::module);
                set(&mut moved, 1, &file.unwrap_or_else(|| arg(directive, 1)));
            }
            "sslcertificatefile" | "sslcertificatekeyfile" => {
                let (certificate, key) = certificate().ok_or("openssl is not installed")?;
                let file = if name == "sslcertificatefile" { certificate } else { key };
                set(&mut moved, 0, &file.display().to_string());
            }
            "virtualhost" => {
                for (index, word) in directive.words.iter().enumerate().skip(1) {
                    set(&mut moved, index - 1, &self.host(&conf::value(word)));
                }
            }
            "define" if self.path_names.contains(&arg(directive, 0)) => set(&mut moved, 1, &self.path(&arg(directive, 1))),
            "rewriterule" | "rewritecond" | "use" | "rewritemap" | "define" => {
                let proxied = flags(directive).iter().any(|f| f.eq_ignore_ascii_case("P") || f.eq_ignore_ascii_case("proxy"));
                for (index, word) in directive.words.iter().enumerate().skip(1) {
                    let written = conf::value(word);
                    let (kind, path) = match written.split_once(':') {
                        Some((kind @ ("txt" | "rnd" | "prg" | "dbm"), path)) if name == "rewritemap" => (kind, path),
                        _ => ("", written.as_str()),
                    };
                    if like_a_path(path) {
                        let colon = if kind.is_empty() { "" } else { ":" };
                        set(&mut moved, index - 1, &format!("{kind}{colon}{}", self.path(path)));
                    } else if proxied && index == 2 {
                        set(&mut moved, 1, &self.address(&written)?);
                    }
                }
            }
            "proxypass" | "proxypassmatch" | "proxypassreverse" | "sethandler" | "addhandler" | "balancermember" | "proxy" => {
                for (index, word) in directive.words.iter().enumerate().skip(1) {
                    let written = conf::value(word);
                    let address = self.address(&written)?;
                    if address != written {
                        set(&mut moved, index - 1, &address);
                    }
                }
            }
            _ => {
                // A regex that is not anchored matches in the moved path as well.
                let regex = name == "directorymatch" || arg(directive, 0) == "~";
                for index in path_arguments(directive) {
                    let written = arg(directive, index);
                    if !regex || written.starts_with('^') {
                        set(&mut moved, index, &self.path(&written));
                    }
                }
            }
        }
        if let Some(Body::Block(list)) = &directive.body {
            moved.body = Some(Body::Block(self.list(list)?));
        }
        Ok(Some(moved))
    }
}

/// The flags of a `RewriteRule`.
fn flags(directive: &Directive) -> Vec<String> {
    let flags = if is(directive, "RewriteRule") { arg(directive, 2) } else { String::new() };
    let inner = flags.trim_start_matches('[').trim_end_matches(']');
    inner.split(',').map(|f| f.trim().to_owned()).collect()
}
