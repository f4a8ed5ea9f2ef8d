//! Random virtual hosts and `.htaccess` trees that the real httpd accepts.
//!
//! Names are fixed ones that the run replaces: hosts end in `.test` and listen on ports 8081 and 8082, applications are at
//! 127.0.0.1:9001 (HTTP), :9002 (FastCGI), :9003 (SCGI) and :9004 (uwsgi); documents lie in `/srv/www`, scripts in `/srv/cgi`,
//! password files in `/srv/passwords`.

use super::HTACCESS;
use crate::kind::leave_out;
use crate::rng::Rng;
use crate::support::conf::Directive;

/// Files below `/srv/www`.
pub(crate) const FILES: [&str; 17] = [
    "/index.html",
    "/index.php",
    "/a/index.html",
    "/a/b/file.txt",
    "/a/b/x.php",
    "/x.php",
    "/app.cgi",
    "/admin/index.php",
    "/admin/x.php",
    "/admin/ajax.php",
    "/static/app.css",
    "/404.html",
    "/page.html",
    "/docs/index.html",
    "/docs/page.html",
    "/in/index.cgi",
    "/api",
];

/// The script in `/srv/cgi`.
pub(crate) const SCRIPT: &str = "/srv/cgi/app";

/// Arguments of sections, each with paths that they cover.
pub(crate) const DIRECTORIES: [(&str, &[&str]); 10] = [
    ("/srv/www", &["/", "/page.html", "/x.php"]),
    ("/srv/www/a", &["/a/", "/a/index.html", "/a/b/file.txt"]),
    ("/srv/www/a/", &["/a/b/x.php", "/a"]),
    ("/srv/www/a/b", &["/a/b/file.txt", "/a/b/x.php", "/a/b/missing"]),
    ("/srv/www/admin", &["/admin/", "/admin/x.php", "/admin/ajax.php"]),
    ("/srv/www/docs", &["/docs/", "/docs/page.html", "/docs"]),
    ("/srv/www/static", &["/static/app.css"]),
    ("/srv/www/*", &["/a/index.html", "/admin/x.php", "/docs/page.html"]),
    ("/srv/www/a*", &["/a/b/file.txt", "/admin/x.php"]),
    ("/srv/cgi", &["/cgi-bin/app"]),
];

pub(crate) const DIRECTORY_REGEXES: [(&str, &[&str]); 6] = [
    ("^/srv/www/a", &["/a/index.html", "/admin/x.php"]),
    ("/admin", &["/admin/x.php", "/admin/"]),
    ("/(a|docs)/", &["/a/b/file.txt", "/docs/page.html"]),
    ("/b$", &["/a/b", "/a/b/file.txt"]),
    ("^/srv/www/(?<dir>[^/]+)/", &["/a/index.html", "/static/app.css"]),
    ("\\.php$", &["/x.php", "/admin/x.php"]),
];

pub(crate) const FILE_NAMES: [(&str, &[&str]); 6] = [
    ("x.php", &["/x.php", "/admin/x.php", "/a/b/x.php"]),
    ("*.php", &["/x.php", "/index.php", "/admin/ajax.php"]),
    ("index.html", &["/index.html", "/a/", "/docs/index.html"]),
    ("*", &["/page.html", "/static/app.css"]),
    ("file.txt", &["/a/b/file.txt"]),
    ("?.php", &["/x.php"]),
];

pub(crate) const FILE_REGEXES: [(&str, &[&str]); 4] = [
    ("\\.php$", &["/x.php", "/admin/x.php", "/missing.php"]),
    ("^(x|index)\\.", &["/x.php", "/index.html", "/a/"]),
    ("\\.(css|html)$", &["/static/app.css", "/page.html"]),
    ("^(?<name>a.*)$", &["/app.cgi", "/static/app.css", "/a"]),
];

pub(crate) const LOCATIONS: [(&str, &[&str]); 13] = [
    ("/", &["/", "/page.html", "/missing"]),
    ("/a", &["/a", "/a/b/file.txt", "/ab"]),
    ("/a/", &["/a/", "/a/index.html", "/a"]),
    ("/admin", &["/admin/x.php", "/admin", "/administrator"]),
    ("/admin/x.php", &["/admin/x.php"]),
    ("/api", &["/api", "/api/v1/x"]),
    ("/api/", &["/api/", "/api/open/x"]),
    ("/cgi-bin", &["/cgi-bin/app"]),
    ("/al", &["/al/x.php", "/al/"]),
    ("/docs/", &["/docs/", "/docs/page.html"]),
    ("/missing", &["/missing", "/missing/x"]),
    ("/a/*", &["/a/index.html", "/a/b/file.txt"]),
    ("/*.php", &["/x.php", "/admin/x.php"]),
];

pub(crate) const LOCATION_REGEXES: [(&str, &[&str]); 6] = [
    ("^/a/", &["/a/index.html", "/a/b/x.php"]),
    ("\\.php$", &["/x.php", "/admin/x.php", "/missing.php"]),
    ("^/(admin|api)", &["/admin/x.php", "/api/v1/x"]),
    ("/b", &["/a/b/file.txt", "/b"]),
    ("^/u/(?<who>[^/]+)", &["/u/joe", "/u/joe/x"]),
    ("(?i)/DOCS", &["/docs/page.html", "/Docs/"]),
];

/// Folders that may have a `.htaccess`.
const FOLDERS: [&str; 6] = ["", "/a", "/a/b", "/admin", "/docs", "/static"];

/// Where directives stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The main server or a virtual host.
    Server,
    Directory,
    Files,
    Location,
    /// `<Proxy>`.
    Proxy,
    If,
    Htaccess,
}

/// Sections for what goes to an application.
const PROXIES: [(&str, &str); 6] = [
    ("Proxy", "*"),
    ("Proxy", "http://127.0.0.1:9001/"),
    ("Proxy", "http://127.0.0.1:9001/up*"),
    ("Proxy", "fcgi://127.0.0.1:9002"),
    ("ProxyMatch", "^http:"),
    ("ProxyMatch", "\\.php$"),
];

pub(crate) struct Generator {
    pub(crate) rng: Rng,
    marks: u32,
    /// Whether the configuration has the server for itself.
    solo: bool,
}

/// A directive.
pub(crate) fn d<const N: usize>(words: [&str; N]) -> Directive {
    Directive::simple(words)
}

/// Whether a directive of that name is there.
pub(crate) fn has(body: &[Directive], name: &str) -> bool {
    body.iter().any(|d| d.name() == name)
}

/// A configuration: sections of the main server, virtual hosts, `.htaccess` files.
pub(crate) fn configuration(seed: u64) -> Vec<Directive> {
    let mut generator = Generator { rng: Rng::new(seed), marks: 0, solo: is_solo(seed) };
    let mut tree = generator.configuration();
    if has_redirect(&tree) {
        leave_out(&mut tree, &["FallbackResource"]);
    }
    tree
}

/// Whether something redirects. httpd 2.4.71 answers with what stands in memory that it gave back where the subrequest of
/// `FallbackResource` meets such a redirect.
fn has_redirect(list: &[Directive]) -> bool {
    list.iter().any(|d| d.name().starts_with("Redirect") || has_redirect(d.children()))
}

/// Whether the configuration of a seed sets something for all hosts of the server.
fn is_solo(seed: u64) -> bool {
    seed.is_multiple_of(10)
}

impl Generator {
    fn configuration(&mut self) -> Vec<Directive> {
        let mut tree = Vec::new();
        if self.solo {
            for _ in 0..=self.rng.below(3) {
                self.inheritable(Scope::Server, &mut tree);
            }
            for _ in 0..self.rng.below(2) {
                let section = self.section(Scope::Server, 0);
                tree.push(section);
            }
        }
        let allowed = match self.rng.below(20) {
            0 | 6 => Some("None"),
            1 => Some("FileInfo"),
            2 => Some("AuthConfig"),
            3 => Some("AuthConfig FileInfo Limit Options Indexes"),
            4 => None,
            5 => Some(self.rng.pick(&["All Nonfatal=Override", "AuthConfig Nonfatal=Override", "FileInfo Nonfatal=All"])),
            7 => Some("FileInfo AuthConfig Options=ExecCGI,Indexes"),
            _ => Some("All"),
        };
        let mut base = Vec::new();
        if let Some(allowed) = allowed {
            let mut words = vec!["AllowOverride"];
            words.extend(allowed.split(' '));
            base.push(Directive::simple(words));
        }
        if allowed == Some("None") && self.rng.chance(60) {
            let list = self.rng.pick(&["Require Header", "RewriteEngine RewriteRule RewriteCond", "Redirect"]);
            base.push(Directive::simple(["AllowOverrideList"].into_iter().chain(list.split(' '))));
        }
        if self.rng.chance(70) {
            let options = self.rng.pick(&["+ExecCGI", "+ExecCGI", "FollowSymLinks ExecCGI", "All", "+Indexes", "None"]);
            let mut words = vec!["Options"];
            words.extend(options.split(' '));
            base.push(Directive::simple(words));
        }
        if self.rng.chance(40) {
            base.push(d(["AddHandler", "cgi-script", ".php", ".cgi"]));
        }
        match self.rng.weighted(&[40, 35, 25]) {
            0 => base.push(d(["Require", "all", "granted"])),
            1 => {}
            _ => self.authentication(&mut base),
        }
        let scope = Scope::Directory;
        for _ in 0..self.rng.below(3) {
            self.inheritable(scope, &mut base);
        }
        tree.push(Directive::block(["Directory", "/srv/www"], base));
        if self.rng.chance(30) {
            let (path, _) = DIRECTORIES[1 + self.rng.below(6)];
            let body = self.body(Scope::Directory, 1);
            tree.push(Directive::block(["Directory", path], body));
        }
        let hosts = 1 + self.rng.weighted(&[75, 25]);
        for index in 0..hosts {
            let host = self.host(index);
            tree.push(host);
        }
        let files = self.rng.weighted(&[25, 35, 25, 15]);
        let mut taken = Vec::new();
        for _ in 0..files {
            let folder = self.rng.pick(&FOLDERS).to_owned();
            if taken.contains(&folder) {
                continue;
            }
            let body = self.body(Scope::Htaccess, 0);
            tree.push(Directive::block([HTACCESS.to_owned(), format!("/srv/www{folder}/.htaccess")], body));
            taken.push(folder);
        }
        tree
    }

    fn host(&mut self, index: usize) -> Directive {
        let mut body = Vec::new();
        let names: &[&[&str]] = if index == 0 {
            &[&["a.test"], &["a.test", "www.a.test"], &["a.test", "*.a.test"]]
        } else {
            &[&["b.test"], &["b.test", "w?w.b.test"], &["b.test", "x.b.test", "www.a.test"], &["b.test", "*.test"]]
        };
        let names = names[self.rng.below(names.len())];
        let own = match self.rng.below(16) {
            0 => format!("{}:8081", names[0]),
            1 => format!("https://{}", names[0]),
            _ => names[0].to_owned(),
        };
        body.push(Directive::simple(["ServerName".to_owned(), own]));
        for alias in &names[1..] {
            body.push(d(["ServerAlias", alias]));
        }
        body.push(d(["DocumentRoot", "/srv/www"]));
        for (name, value, percent) in [
            ("AllowEncodedSlashes", "On", 4),
            ("AllowEncodedSlashes", "NoDecode", 4),
            ("UseCanonicalName", "On", 6),
            ("ProxyPreserveHost", "On", 20),
            ("ProxyAddHeaders", "Off", 6),
            ("RewriteEngine", "Off", 2),
            ("MergeSlashes", "Off", 3),
            ("UseCanonicalPhysicalPort", "On", 4),
            ("AliasPreservePath", "On", 3),
        ] {
            if self.rng.chance(percent) && !has(&body, name) {
                body.push(d([name, value]));
            }
        }
        if self.rng.chance(14) {
            self.cache(&mut body);
        }
        if self.rng.chance(30) {
            body.push(d(["RewriteMap", "lc", "int:tolower"]));
            body.push(d(["RewriteMap", "known", "txt:/srv/maps/known"]));
        }
        if self.rng.chance(8) {
            body.push(d(["RemoteIPHeader", "X-Client"]));
            body.push(d([self.rng.pick(&["RemoteIPInternalProxy", "RemoteIPTrustedProxy"]), "127.0.0.1"]));
        }
        for _ in 0..self.rng.below(4) {
            self.mapping(&mut body);
        }
        for _ in 0..self.rng.below(4) {
            self.inheritable(Scope::Server, &mut body);
        }
        for _ in 0..=self.rng.below(4) {
            let section = self.section(Scope::Server, 0);
            body.push(section);
        }
        if self.rng.chance(15) {
            let (name, argument) = PROXIES[self.rng.below(PROXIES.len())];
            let inner = self.body(Scope::Proxy, 1);
            body.push(Directive::block([name, argument], inner));
        }
        let addresses: &[&str] = [&["*:8081"][..], &["*:8081"], &["*:8082"], &["*:8081", "*:8082"]][self.rng.below(4)];
        let words: Vec<&str> = ["VirtualHost"].iter().chain(addresses).copied().collect();
        Directive::block(words, body)
    }

    /// The header field by which a block names itself.
    pub(crate) fn mark(&mut self, body: &mut Vec<Directive>) {
        self.marks += 1;
        let name = format!("s{}", self.marks);
        let mut words = vec!["Header", "always", "set", "X-Served", &name];
        if self.rng.chance(6) {
            words = vec!["Header", "always", "unset", "X-Served"];
        }
        if self.rng.chance(12) {
            words.push(self.rng.pick(&["env=let_in", "env=!let_in", "\"expr=-n %{HTTP:X-Token}\"", "env=REDIRECT_STATUS"]));
        }
        body.push(Directive::simple(words));
    }

    /// A section; `scope` is where it stands.
    pub(crate) fn section(&mut self, scope: Scope, depth: usize) -> Directive {
        let kinds: &[usize] = match scope {
            Scope::Server => &[26, 8, 8, 8, 26, 10, 6],
            Scope::Directory | Scope::Htaccess => &[0, 0, 40, 30, 0, 0, 20],
            // Only `<If>`.
            _ => &[0, 0, 0, 0, 0, 0, 100],
        };
        let kind = self.rng.weighted(kinds);
        let (name, table, inner): (&str, &[(&str, &[&str])], Scope) = match kind {
            0 => ("Directory", &DIRECTORIES, Scope::Directory),
            1 => ("DirectoryMatch", &DIRECTORY_REGEXES, Scope::Directory),
            2 => ("Files", &FILE_NAMES, Scope::Files),
            3 => ("FilesMatch", &FILE_REGEXES, Scope::Files),
            4 => ("Location", &LOCATIONS, Scope::Location),
            5 => ("LocationMatch", &LOCATION_REGEXES, Scope::Location),
            _ => {
                let condition = format!("\"{}\"", self.expression());
                let body = self.body(Scope::If, depth + 1);
                return Directive::block(["If".to_owned(), condition], body);
            }
        };
        let (argument, _) = table[self.rng.below(table.len())];
        let body = self.body(inner, depth + 1);
        if !name.ends_with("Match") || self.rng.chance(80) {
            return Directive::block([name.to_owned(), crate::support::apache_conf::quote(argument)], body);
        }
        let name = name.trim_end_matches("Match");
        Directive::block([name.to_owned(), "~".to_owned(), crate::support::apache_conf::quote(argument)], body)
    }

    /// What stands in a section or a `.htaccess`.
    fn body(&mut self, scope: Scope, depth: usize) -> Vec<Directive> {
        let mut body = Vec::new();
        if self.rng.chance(60) {
            self.mark(&mut body);
        }
        for _ in 0..=self.rng.below(3) {
            self.inheritable(scope, &mut body);
        }
        if depth < 3 && self.rng.chance(22) {
            let section = self.section(scope, depth);
            body.push(section);
            if has(&body, "If") && self.rng.chance(40) {
                self.else_branch(scope, depth, &mut body);
            }
        }
        body
    }

    fn else_branch(&mut self, scope: Scope, depth: usize, body: &mut Vec<Directive>) {
        if body.last().is_none_or(|d| d.name() != "If") {
            return;
        }
        if self.rng.chance(40) {
            let condition = format!("\"{}\"", self.expression());
            let inner = self.body(Scope::If, depth + 1);
            body.push(Directive::block(["ElseIf".to_owned(), condition], inner));
        }
        if scope != Scope::Server || self.rng.chance(60) {
            let inner = self.body(Scope::If, depth + 1);
            body.push(Directive::block(["Else"], inner));
        }
    }
}
