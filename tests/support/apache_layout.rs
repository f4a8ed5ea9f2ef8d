//! The files that an Apache example is made of, as its configuration names them: its own, and those that the tests make up. The
//! real httpd gets them in a temporary folder, the model in memory.

use std::collections::BTreeMap;

use super::apache_conf::{self as conf, arg, is};
use super::apache_prepare::path_arguments;
use super::conf::Directive;
use super::markdown::Example;
use super::witness::Witness;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The server's own configuration.
    Server,
    /// A `.htaccess`.
    Htaccess,
    /// Anything else.
    Plain,
    /// A CGI script.
    Script,
    /// Anything else, which the server may not read.
    Unreadable,
}

/// A file.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path as the configuration names it, absolute.
    pub path: String,
    pub text: String,
    pub kind: Kind,
}

/// The files of an example.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    pub server_root: String,
    /// The main file, absolute.
    pub main: String,
    pub files: Vec<File>,
    /// Folders that are there, and empty.
    pub folders: Vec<String>,
    /// Folders that the server writes to.
    pub writable: Vec<String>,
    /// Whether a `ServerName` stands at the top level.
    pub names_server: bool,
    /// Whether it is a tree of `.htaccess` files without a server: then `main` is made up around it.
    pub lone: bool,
    /// Whether the files of the example go to the server as they stand, nothing moved.
    pub verbatim: bool,
    /// Ports that are listened at, in the order of the text, and whether they speak TLS.
    pub ports: Vec<(u16, bool)>,
}

/// The server's root where the example names none.
const SERVER_ROOT: &str = "/etc/apache2";

/// The document root of a tree of `.htaccess` files alone, named as the loader names it.
pub const DOCUMENT_ROOT: &str = "/document-root";

/// The password file that the tests make: the account `user:secret`.
pub const PASSWORDS: &str = "user:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n";

/// The group file that the tests make.
pub const GROUPS: &str = "staff: user\n";

/// The server around a tree of `.htaccess` files: everything may be overridden, PHP runs as CGI.
const AROUND: &str = "DocumentRoot \"/document-root\"\nDirectoryIndex index.php index.html\n\
    <Directory \"/document-root\">\nRequire all granted\nAllowOverride All\nOptions FollowSymLinks ExecCGI\nAddHandler cgi-script .php\n</Directory>\n";

impl Layout {
    /// The files of an example.
    pub fn of(example: &Example, witness: &Witness) -> Self {
        let mut layout = Self { server_root: SERVER_ROOT.to_owned(), lone: example.language == "htaccess", ..Self::default() };
        layout.verbatim = example.words.iter().any(|w| w == "verbatim");
        let trees: Vec<Vec<Directive>> = example
            .files
            .iter()
            .map(|(_, block)| if block.language() == "text" { Vec::new() } else { parse(&block.text) })
            .collect();
        for directive in trees.iter().flatten() {
            layout.names_server |= is(directive, "ServerName");
            if is(directive, "ServerRoot") {
                layout.server_root = arg(directive, 0);
            }
        }
        layout.main = if layout.lone { format!("{SERVER_ROOT}/httpd.conf") } else { layout.absolute(example.main()) };
        if layout.lone {
            layout.files.push(File { path: layout.main.clone(), text: AROUND.to_owned(), kind: Kind::Server });
            layout.folders.push(DOCUMENT_ROOT.to_owned());
        }
        for (path, block) in &example.files {
            let kind = match block.language() {
                "htaccess" => Kind::Htaccess,
                "text" => Kind::Plain,
                _ => Kind::Server,
            };
            layout.add(&layout.of_example(path), block.text.clone(), kind);
        }
        for (paths, kind) in
            [(&witness.create, Kind::Plain), (&witness.scripts, Kind::Script), (&witness.unreadable, Kind::Unreadable)]
        {
            for path in paths {
                let text = if kind == Kind::Unreadable { PASSWORDS } else { path.as_str() };
                layout.add(&layout.of_example(path), text.to_owned(), kind);
            }
        }
        for directive in trees.iter().flatten() {
            directive.walk(&mut |d| layout.complete(d, &witness.missing));
        }
        if !layout.verbatim {
            layout.ports = ports(trees.iter().flatten());
        }
        if layout.ports.is_empty() {
            layout.ports.push((80, false));
        }
        layout
    }

    /// A path of the example or its witness: from the document root where there are only `.htaccess` files.
    fn of_example(&self, path: &str) -> String {
        if self.lone && !path.starts_with('/') { format!("{DOCUMENT_ROOT}/{path}") } else { self.absolute(path) }
    }

    /// A path of the configuration.
    pub fn absolute(&self, path: &str) -> String {
        if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", self.server_root) }
    }

    fn add(&mut self, path: &str, text: String, kind: Kind) {
        let path = self.absolute(path);
        if !self.files.iter().any(|f| f.path == path) {
            self.files.push(File { path, text, kind });
        }
    }

    /// Makes what a directive needs and the example leaves out.
    fn complete(&mut self, directive: &Directive, missing: &[String]) {
        for index in path_arguments(directive) {
            let path = arg(directive, index);
            if path.contains(['$', '%', '|', '(']) || missing.contains(&path) {
                continue;
            }
            match directive.name().to_ascii_lowercase().as_str() {
                "authuserfile" => self.add(&path, PASSWORDS.to_owned(), Kind::Plain),
                "authgroupfile" => self.add(&path, GROUPS.to_owned(), Kind::Plain),
                "include" if path.contains(['*', '?', '[']) => {
                    // The folder in which a pattern looks must be there.
                    let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
                    if !folder.contains(['*', '?', '[']) {
                        self.folders.push(folder.to_owned());
                    }
                }
                "include" => {
                    let below = format!("{}/", self.absolute(&path).trim_end_matches('/'));
                    if !self.files.iter().any(|f| f.path.starts_with(&below)) {
                        self.add(&path, String::new(), Kind::Server);
                    }
                }
                "cacheroot" => self.writable.push(path),
                "documentroot" | "directory" => self.folders.push(path),
                "alias" | "scriptalias" => {
                    let last = path.rsplit('/').next().unwrap_or_default();
                    let file = self.absolute(path.trim_end_matches('/'));
                    if !last.contains('.') && !self.files.iter().any(|f| f.path == file) {
                        self.folders.push(path);
                    }
                }
                _ => {}
            }
        }
    }
}

/// The ports of `Listen` and `<VirtualHost>`. One speaks TLS if a host says so; 443 does by itself.
fn ports<'a>(directives: impl Iterator<Item = &'a Directive>) -> Vec<(u16, bool)> {
    let mut ports: Vec<(u16, bool)> = Vec::new();
    let mut tls: BTreeMap<u16, bool> = BTreeMap::new();
    for directive in directives {
        directive.walk(&mut |d| {
            let addresses = if is(d, "Listen") { 1 } else { usize::MAX };
            if is(d, "Listen") || is(d, "VirtualHost") {
                for port in d.words.iter().skip(1).take(addresses).filter_map(|w| port_of(&conf::value(w))) {
                    if !ports.iter().any(|(p, _)| *p == port) {
                        ports.push((port, port == 443));
                    }
                    if let Some(engine) = d.children().iter().find(|c| is(c, "SSLEngine")) {
                        *tls.entry(port).or_default() |= !arg(engine, 0).eq_ignore_ascii_case("off");
                    }
                    if is(d, "Listen") && arg(d, 1).eq_ignore_ascii_case("https") {
                        tls.insert(port, true);
                    }
                }
            }
        });
    }
    ports.into_iter().map(|(port, by_number)| (port, tls.get(&port).copied().unwrap_or(by_number))).collect()
}

/// The port of `80`, `*:80`, `10.0.0.1:80`, `[::]:80`; `None` if none is named.
pub(super) fn port_of(address: &str) -> Option<u16> {
    address.rsplit(':').next()?.parse().ok()
}

fn parse(text: &str) -> Vec<Directive> {
    conf::parse(text).unwrap_or_default()
}
