//! Moves a configuration, as a user wrote it, into a temporary folder and onto loopback ports.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::conf::{self, Body, Directive};
use super::nginx;
use super::server;
use super::upstream::Upstream;
use super::wire::Protocol;

/// Where a lone snippet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    Main,
    Http,
    Server,
    Location,
}

impl Context {
    /// By its name.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "main" => Self::Main,
            "http" => Self::Http,
            "server" => Self::Server,
            "location" => Self::Location,
            _ => return None,
        })
    }

    /// What the directives at the top of a file say.
    pub fn guess(top: &[Directive]) -> Self {
        let has = |test: &dyn Fn(&str) -> bool| top.iter().any(|d| test(d.name()));
        if has(&|n| matches!(n, "http" | "events" | "stream" | "mail")) {
            Self::Main
        } else if has(&|n| {
            matches!(n, "server" | "map" | "upstream" | "geo" | "split_clients" | "log_format")
                || n.ends_with("_zone")
                || n.ends_with("_cache_path")
        }) {
            Self::Http
        } else {
            Self::Server
        }
    }
}

/// A `listen` of the example and where it is now.
#[derive(Clone, Debug)]
pub struct Listener {
    /// The address as written (`80`, `[::]:443`).
    pub written: String,
    /// The port as written.
    pub port: u16,
    /// The loopback port.
    pub loopback: u16,
    /// Whether it speaks TLS.
    pub tls: bool,
}

/// A prepared example.
pub struct Prepared {
    /// The folder everything is in; removed with it.
    pub folder: tempfile::TempDir,
    /// The main file.
    pub config: PathBuf,
    /// The listeners, in the order of the text.
    pub listeners: Vec<Listener>,
    /// Upstream ports and the authorities they stand for.
    pub authorities: BTreeMap<u16, String>,
}

impl Prepared {
    /// A path of the example (`/var/www/x`, or relative to the main file) in the temporary folder.
    pub fn place(&self, path: &str) -> PathBuf {
        place(self.folder.path(), self.config.parent().unwrap_or(self.folder.path()), path)
    }

    /// A text with the addresses of the test replaced by those of the example.
    pub fn restore(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (port, authority) in &self.authorities {
            text = text.replace(&format!("127.0.0.1:{port}"), authority);
        }
        for listener in &self.listeners {
            let default = if listener.tls { 443 } else { 80 };
            let shown = if listener.port == default { String::new() } else { format!(":{}", listener.port) };
            text = text.replace(&format!(":{}", listener.loopback), &shown);
        }
        text.replace(&self.folder.path().display().to_string(), "")
    }
}

/// What to make of an example.
#[derive(Default)]
pub struct Plan<'a> {
    /// Path and text of each file, the main file first.
    pub files: Vec<(&'a str, &'a str)>,
    /// Where the main file stands; `None`: guess.
    pub context: Option<Context>,
    /// Files to create, as the configuration names them.
    pub create: Vec<&'a str>,
    /// Password files not to create.
    pub missing: Vec<&'a str>,
}

const ETC: &str = "etc/nginx";

fn place(folder: &Path, config_folder: &Path, path: &str) -> PathBuf {
    match path.strip_prefix('/') {
        Some(rest) => folder.join(rest),
        None => config_folder.join(path),
    }
}

/// Prepares an example for the real nginx.
pub fn prepare(plan: &Plan, upstream: &Upstream) -> Result<Prepared, String> {
    let folder = server::folder();
    let main = plan.files.first().map_or("nginx.conf", |f| f.0);
    let config = folder.path().join(ETC).join(main);
    let config_folder = config.parent().unwrap_or(folder.path()).to_owned();
    for path in ["tmp", "var/log/nginx", "var/cache/nginx", "run"] {
        std::fs::create_dir_all(folder.path().join(path)).map_err(|e| e.to_string())?;
    }
    let mut parsed = Vec::new();
    for (path, text) in &plan.files {
        let whole = *path == main
            || Path::new(path).extension().is_some_and(|e| e == "conf")
            || text.contains(';') && !path.contains(".ht");
        let tree = if whole { Some(conf::parse(text).map_err(|e| format!("{path}: {e}"))?) } else { None };
        parsed.push(((*path).to_owned(), *text, tree));
    }
    copy_shipped(&config_folder, &parsed)?;

    let mut tool = Mover::new(&folder, upstream);
    for (_, _, tree) in &parsed {
        tree.iter().flatten().for_each(|d| d.walk(&mut |d| tool.learn(d)));
    }
    tool.add_default_listeners(&parsed);
    let top = Directive { words: Vec::new(), body: None, line: 0 };
    for (path, text, tree) in &parsed {
        let target = if *path == main { config.clone() } else { config_folder.join(path) };
        let text = match tree {
            None => (*text).to_owned(),
            Some(tree) => {
                let context = if *path == main { plan.context.unwrap_or_else(|| Context::guess(tree)) } else { Context::Http };
                let mut moved = tool.block(tree, &top)?;
                if *path == main {
                    moved = tool.whole(moved, context)?;
                }
                let head = if *path == main { nginx::main_directives(folder.path()) } else { String::new() };
                head + &conf::print(&moved)
            }
        };
        write(&target, &text)?;
    }
    for path in &tool.includes {
        // An include that the example leaves out is there, and empty.
        let target = place(folder.path(), &config_folder, path);
        if !plan.missing.contains(&path.as_str()) && !target.exists() {
            write(&target, "")?;
        }
    }
    let made: Vec<String> = parsed.iter().map(|(path, ..)| (*path).clone()).collect();
    for path in &tool.password_files {
        let target = place(folder.path(), &config_folder, path);
        if !plan.missing.contains(&path.as_str()) && !made.contains(path) && !target.exists() {
            write(&target, "user:{PLAIN}secret\n")?;
        }
    }
    for path in &tool.roots {
        let _ = std::fs::create_dir_all(place(folder.path(), &config_folder, path));
    }
    for path in &plan.create {
        write(&place(folder.path(), &config_folder, path), path)?;
    }
    let Mover { listeners, authorities, .. } = tool;
    if listeners.is_empty() {
        return Err("no server listens".to_owned());
    }
    Ok(Prepared { folder, config, listeners, authorities })
}

pub(super) fn write(path: &Path, text: &str) -> Result<(), String> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(|e| format!("{}: {e}", parent.display()))?;
    }
    std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}

/// The files that nginx ships and configurations include.
fn copy_shipped(config_folder: &Path, parsed: &[(String, &str, Option<Vec<Directive>>)]) -> Result<(), String> {
    const NAMES: [&str; 8] = [
        "mime.types",
        "fastcgi_params",
        "fastcgi.conf",
        "uwsgi_params",
        "scgi_params",
        "proxy_params",
        "snippets/fastcgi-php.conf",
        "fastcgi.params",
    ];
    for name in NAMES {
        if let Ok(text) = std::fs::read_to_string(Path::new("/etc/nginx").join(name))
            && !parsed.iter().any(|(path, ..)| path == name)
        {
            write(&config_folder.join(name), &text)?;
        }
    }
    Ok(())
}

/// A self-signed certificate and its key, made once; `None` without openssl.
pub fn certificate() -> Option<&'static (PathBuf, PathBuf)> {
    static MADE: OnceLock<Option<(PathBuf, PathBuf)>> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("certificate-{}", std::process::id()));
        std::fs::create_dir_all(&folder).ok()?;
        let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"])
            .args(["-subj", "/CN=localhost", "-keyout"])
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .ok()?;
        made.success().then_some((certificate, key))
    })
    .as_ref()
}

struct Mover<'a> {
    folder: PathBuf,
    upstream: &'a Upstream,
    listeners: Vec<Listener>,
    authorities: BTreeMap<u16, String>,
    by_authority: BTreeMap<(Protocol, String), u16>,
    /// Names of `upstream` blocks, with the protocol of the directives that use them.
    blocks: BTreeMap<String, Protocol>,
    declared: BTreeSet<String>,
    /// Variables that hold the address of an upstream.
    address_variables: BTreeMap<String, Protocol>,
    password_files: Vec<String>,
    roots: Vec<String>,
    includes: Vec<String>,
}

fn protocol_of(directive: &str) -> Option<Protocol> {
    Some(match directive {
        "proxy_pass" => Protocol::Http,
        "fastcgi_pass" => Protocol::Fastcgi,
        "scgi_pass" => Protocol::Scgi,
        "uwsgi_pass" => Protocol::Uwsgi,
        _ => return None,
    })
}

/// Scheme (with `://`), authority, rest of an address.
fn split_address(address: &str) -> (&str, &str, &str) {
    let (scheme, rest) = match address.find("://") {
        Some(at) => address.split_at(at + 3),
        None => ("", address),
    };
    if let Some(path) = rest.strip_prefix("unix:") {
        let end = path.find(':').map_or(rest.len(), |i| i + 5);
        return (scheme, &rest[..end], &rest[(end + 1).min(rest.len())..]);
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    (scheme, &rest[..end], &rest[end..])
}

impl<'a> Mover<'a> {
    fn new(folder: &tempfile::TempDir, upstream: &'a Upstream) -> Self {
        Self {
            folder: folder.path().to_owned(),
            upstream,
            listeners: Vec::new(),
            authorities: BTreeMap::new(),
            by_authority: BTreeMap::new(),
            blocks: BTreeMap::new(),
            declared: BTreeSet::new(),
            includes: Vec::new(),
            address_variables: BTreeMap::new(),
            password_files: Vec::new(),
            roots: Vec::new(),
        }
    }

    fn learn(&mut self, directive: &Directive) {
        let first = directive.arg(0);
        match directive.name() {
            "listen" => self.learn_listen(directive),
            "upstream" => {
                self.declared.insert(first);
            }
            "auth_basic_user_file" if !first.contains('$') => self.password_files.push(first),
            "root" | "alias" if !first.contains('$') => self.roots.push(first),
            name => {
                if let Some(protocol) = protocol_of(name) {
                    let (_, authority, _) = split_address(&first);
                    if let Some(variable) = authority.strip_prefix('$') {
                        self.address_variables.insert(variable.trim_matches(['{', '}']).to_owned(), protocol);
                    }
                    self.blocks.insert(authority.to_owned(), protocol);
                }
            }
        }
    }

    fn learn_listen(&mut self, directive: &Directive) {
        let written = directive.arg(0);
        if written.starts_with("unix:") || directive.words.iter().any(|w| w == "quic") {
            return;
        }
        let tls = directive.words.iter().any(|w| w == "ssl");
        let port = written.rsplit(':').next().and_then(|p| p.parse().ok()).unwrap_or(80);
        match self.listeners.iter_mut().find(|l| same_address(&l.written, &written)) {
            Some(listener) => listener.tls |= tls,
            None => self.listeners.push(Listener { written, port, loopback: server::free_port(), tls }),
        }
    }

    /// A server without `listen` listens on port 80.
    fn add_default_listeners(&mut self, parsed: &[(String, &str, Option<Vec<Directive>>)]) {
        let mut needed = self.listeners.is_empty();
        for directive in parsed.iter().filter_map(|(_, _, t)| t.as_ref()).flatten() {
            directive.walk(&mut |d| {
                needed |= d.name() == "server"
                    && d.body.is_some()
                    && !d.children().iter().any(|c| matches!(c.name(), "listen" | "include"));
            });
        }
        if needed {
            self.learn_listen(&Directive::simple(["listen", "80"]));
        }
    }

    fn loopback(&self, written: &str) -> Option<u16> {
        self.listeners.iter().find(|l| same_address(&l.written, written)).map(|l| l.loopback)
    }

    fn port_for(&mut self, protocol: Protocol, authority: &str) -> u16 {
        let key = (protocol, authority.to_owned());
        if let Some(port) = self.by_authority.get(&key) {
            return *port;
        }
        let port = self.upstream.listen(protocol);
        self.by_authority.insert(key, port);
        // The Host that nginx sends to a socket is `localhost`.
        let shown = if authority.starts_with("unix:") { "localhost" } else { authority };
        self.authorities.insert(port, shown.to_owned());
        port
    }

    fn address(&mut self, protocol: Protocol, address: &str) -> String {
        let (scheme, authority, rest) = split_address(address);
        let scheme = if scheme == "https://" { "http://" } else { scheme };
        let variable = authority.strip_prefix('$').is_some_and(|v| !v.contains(['.', ':', '$']));
        if authority.is_empty() || variable || self.declared.contains(authority) {
            return format!("{scheme}{authority}{rest}");
        }
        let port = self.port_for(protocol, authority);
        format!("{scheme}127.0.0.1:{port}{rest}")
    }

    fn path(&self, path: &str) -> String {
        match path.strip_prefix('/') {
            Some(rest) => self.folder.join(rest).display().to_string(),
            None => path.to_owned(),
        }
    }

    fn block(&mut self, list: &[Directive], parent: &Directive) -> Result<Vec<Directive>, String> {
        let mut out = Vec::new();
        for directive in list {
            if let Some(moved) = self.directive(directive, parent)? {
                out.push(moved);
            }
        }
        let listens = |d: &Directive| matches!(d.name(), "listen" | "include");
        if parent.name() == "server" && parent.body.is_some() && !list.iter().any(listens) {
            out.extend(self.default_listen());
        }
        Ok(out)
    }

    fn default_listen(&self) -> Option<Directive> {
        let port = self.loopback("80").or_else(|| self.listeners.first().map(|l| l.loopback))?;
        Some(Directive::simple(["listen".to_owned(), format!("127.0.0.1:{port}")]))
    }

    /// The directive as the test needs it; `None`: it has no place there.
    fn directive(&mut self, directive: &Directive, parent: &Directive) -> Result<Option<Directive>, String> {
        let mut moved = directive.clone();
        let first = directive.arg(0);
        let set_first = |moved: &mut Directive, value: String| {
            if let Some(word) = moved.words.get_mut(1) {
                *word = conf::quote(&value);
            }
        };
        match (parent.name(), directive.name()) {
            ("map", _) => {
                let variable = parent.arg(1);
                if let Some(protocol) = self.address_variables.get(variable.trim_start_matches('$')).copied() {
                    let address = self.address(protocol, &first);
                    set_first(&mut moved, address);
                }
                return Ok(Some(moved));
            }
            ("geo" | "types" | "split_clients" | "charset_map", _) => return Ok(Some(moved)),
            ("upstream", "server") => {
                let protocol = self.blocks.get(&parent.arg(0)).copied().unwrap_or(Protocol::Http);
                let address = self.address(protocol, &first);
                set_first(&mut moved, address);
                moved.words.retain(|w| w != "resolve" && !w.starts_with("service="));
                return Ok(Some(moved));
            }
            (
                "",
                "user"
                | "pid"
                | "daemon"
                | "master_process"
                | "worker_processes"
                | "lock_file"
                | "error_log"
                | "worker_rlimit_nofile"
                | "worker_cpu_affinity"
                | "stream"
                | "mail",
            ) => return Ok(None),
            (_, "http2" | "http3" | "ssl_dhparam" | "ssl_password_file" | "ssl_session_ticket_key") => return Ok(None),
            (_, name) if name.starts_with("ssl_stapling") || name.starts_with("quic_") => return Ok(None),
            (_, "listen") => {
                let Some(port) = self.loopback(&first).filter(|_| !directive.words.iter().any(|w| w == "quic")) else {
                    return Ok(None);
                };
                let kept = directive
                    .words
                    .iter()
                    .skip(2)
                    .filter(|w| matches!(w.as_str(), "default_server" | "default" | "ssl" | "http2" | "proxy_protocol"));
                let words = ["listen".to_owned(), format!("127.0.0.1:{port}")];
                moved.words = words.into_iter().chain(kept.cloned()).collect();
            }
            (_, "load_module") => {
                let name = first.rsplit('/').next().unwrap_or_default().to_owned();
                set_first(&mut moved, format!("/usr/lib/nginx/modules/{name}"));
            }
            (_, "set") if self.address_variables.contains_key(first.trim_start_matches('$')) => {
                let protocol = self.address_variables.get(first.trim_start_matches('$')).copied().unwrap_or(Protocol::Http);
                let address = self.address(protocol, &directive.arg(1));
                if let Some(word) = moved.words.get_mut(2) {
                    *word = conf::quote(&address);
                }
            }
            (_, "ssl_certificate" | "ssl_trusted_certificate" | "ssl_client_certificate" | "ssl_certificate_key") => {
                let (certificate, key) = certificate().ok_or("openssl is not installed")?;
                let file = if directive.name() == "ssl_certificate_key" { key } else { certificate };
                set_first(&mut moved, file.display().to_string());
            }
            (_, "access_log" | "error_log") if matches!(first.as_str(), "off" | "stderr") || first.starts_with("syslog:") => {}
            (_, "include") => {
                set_first(&mut moved, self.path(&first));
                if !first.contains(['*', '?', '[', '$']) {
                    self.includes.push(first);
                }
            }
            (_, name) => {
                if let Some(protocol) = protocol_of(name) {
                    let address = self.address(protocol, &first);
                    set_first(&mut moved, address);
                } else if is_path(name) {
                    set_first(&mut moved, self.path(&first));
                }
            }
        }
        if let Some(Body::Block(list)) = &directive.body {
            moved.body = Some(Body::Block(self.block(list, directive)?));
        }
        Ok(Some(moved))
    }

    /// Puts the blocks around a snippet that it needs, and the directives that keep the server in its folder.
    fn whole(&self, mut list: Vec<Directive>, context: Context) -> Result<Vec<Directive>, String> {
        if context == Context::Location {
            list = vec![Directive::block(["location", "/"], list)];
        }
        if matches!(context, Context::Location | Context::Server) {
            if !list.iter().any(|d| d.name() == "listen") {
                list.extend(self.default_listen());
            }
            list = vec![Directive::block(["server"], list)];
        }
        if context != Context::Main {
            list = vec![Directive::block(["http"], list)];
        }
        if !list.iter().any(|d| d.name() == "events") {
            list.push(Directive::block(["events"], Vec::new()));
        }
        for http in list.iter_mut().filter(|d| d.name() == "http") {
            let Some(children) = http.children_mut() else { continue };
            let has = |name: &str| children.iter().any(|d| d.name() == name);
            let mut head = Vec::new();
            for (name, path) in nginx::TEMPORARY_PATHS.iter().filter(|(name, _)| !has(name)) {
                head.push(Directive::simple([(*name).to_owned(), self.folder.join(path).display().to_string()]));
            }
            if !has("access_log") {
                head.push(Directive::simple(["access_log", "off"]));
            }
            if self.listeners.iter().any(|l| l.tls) && !has("ssl_certificate") {
                let (certificate, key) = certificate().ok_or("openssl is not installed")?;
                head.push(Directive::simple(["ssl_certificate".to_owned(), certificate.display().to_string()]));
                head.push(Directive::simple(["ssl_certificate_key".to_owned(), key.display().to_string()]));
            }
            children.splice(0..0, head);
        }
        Ok(list)
    }
}

/// Whether the first argument of a directive is a path.
fn is_path(name: &str) -> bool {
    matches!(name, "root" | "alias" | "auth_basic_user_file" | "access_log" | "error_log" | "ssl_crl")
        || name.ends_with("_cache_path")
        || name.ends_with("_temp_path")
}

/// Whether two `listen` arguments name one address.
fn same_address(a: &str, b: &str) -> bool {
    fn canonical(address: &str) -> String {
        let address = address.trim_start_matches("*:").trim_start_matches("0.0.0.0:");
        let bare = !address.contains(':') && (address.contains('.') || address.parse::<u16>().is_err());
        if bare { format!("{address}:80") } else { address.to_owned() }
    }
    canonical(a) == canonical(b)
}
