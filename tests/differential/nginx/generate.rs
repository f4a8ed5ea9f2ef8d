//! Random configurations that the real nginx accepts.
//!
//! Addresses are fixed names that the run replaces: servers listen on 127.0.0.1:8081 and :8082, applications on 127.0.0.1:9001
//! (HTTP), :9002 (FastCGI), :9003 (SCGI) and :9004 (uwsgi); documents lie in `/srv/www`, password files in `/srv/passwords`.

use std::collections::BTreeSet;

use crate::rng::Rng;
use crate::support::conf::{Directive, quote};

/// Files below `/srv/www`; their text is their path.
pub(crate) const FILES: [&str; 12] = [
    "/index.html",
    "/a/index.html",
    "/a/b/file.txt",
    "/x.php",
    "/admin/index.php",
    "/admin/x.php",
    "/static/app.css",
    "/404.html",
    "/50x.html",
    "/page.html",
    "/docs/index.html",
    "/api",
];

/// Prefixes of locations, and beginnings of nested ones.
const PREFIXES: [&str; 20] = [
    "/",
    "/a",
    "/a/",
    "/a/b",
    "/a/b/",
    "/api",
    "/api/",
    "/api/v1/",
    "/admin",
    "/admin/",
    "/wp-admin",
    "/wp-login.php",
    "/static/",
    "/docs/",
    "/old",
    "/Admin",
    "/x.php",
    "/u/",
    "/.well-known/acme-challenge/",
    "/index.html",
];

/// Regexes of locations and rewrites, each with paths that it matches.
pub(crate) const REGEXES: [(&str, &[&str]); 16] = [
    (r"\.php$", &["/x.php", "/admin/x.php", "/a/y.php"]),
    (r"^/api/", &["/api/", "/api/v1/x"]),
    (r"^/a/(.*)$", &["/a/", "/a/b/file.txt", "/a/q"]),
    (r"/b", &["/a/b", "/b"]),
    (r"^/(admin|api)", &["/admin", "/api/x", "/administrator"]),
    (r"\.(css|js)$", &["/static/app.css", "/a/z.js"]),
    (r"^/u/(\d+)", &["/u/12", "/u/7/x"]),
    (r"^/u/(?<who>[^/]+)/?$", &["/u/joe", "/u/joe/"]),
    (r"^/old(/.*)?$", &["/old", "/old/x/y"]),
    (r"^", &["/", "/anything"]),
    (r"^/$", &["/"]),
    (r"/\.", &["/.git/config", "/a/.env"]),
    (r"^/a/b/([^/]+)/([^/]+)$", &["/a/b/c/d"]),
    (r"(?i)login", &["/Login", "/wp-login.php"]),
    (r"^/docs/?", &["/docs", "/docs/", "/docsx"]),
    (r"^/(?!api)(.+)$", &["/q", "/admin/x"]),
];

const NAMES: [&str; 12] = [
    "a.test",
    "www.a.test",
    "*.a.test",
    ".b.test",
    "b.test",
    "www.*",
    r"~^(?<sub>\w+)\.c\.test$",
    r"~^d\d?\.test$",
    "_",
    "\"\"",
    "A.test",
    "*.www.a.test",
];

/// Where directives stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Http,
    Server,
    Location,
    /// A location matched by a regex, or a named one: `proxy_pass` takes no URI there.
    LocationNoUri,
    If,
}

pub(crate) struct Generator {
    pub(crate) rng: Rng,
    blocks: u32,
    pub(crate) maps: Vec<String>,
    pub(crate) named: Vec<String>,
    /// Variables made by named groups.
    pub(crate) groups: BTreeSet<&'static str>,
    pub(crate) auth_location: bool,
}

fn d<const N: usize>(words: [&str; N]) -> Directive {
    Directive::simple(words)
}

/// Every variable that is used must be set or captured somewhere.
fn define_variables(http: &mut [Directive]) {
    let text = crate::support::conf::print(http);
    for (number, name) in ["$s1", "$s2", "$s3"].iter().enumerate() {
        let set = format!("set {name} ");
        if text.contains(name) && !text.contains(&set) {
            let server = http.iter_mut().rfind(|d| d.name() == "server");
            if let Some(body) = server.and_then(Directive::children_mut) {
                let at = if number == 2 { 0 } else { body.len() };
                body.insert(at, d(["set", name, "made"]));
            }
        }
    }
}

/// A configuration: its `events` and `http` blocks.
pub(crate) fn configuration(seed: u64) -> Vec<Directive> {
    let mut generator = Generator {
        rng: Rng::new(seed),
        blocks: 0,
        maps: Vec::new(),
        named: Vec::new(),
        groups: BTreeSet::new(),
        auth_location: false,
    };
    generator.configuration()
}

impl Generator {
    fn configuration(&mut self) -> Vec<Directive> {
        let mut http = Vec::new();
        for _ in 0..self.rng.below(4) {
            let map = self.map();
            http.push(map);
        }
        http.push(d(["proxy_cache_path", "/srv/cache/p", "keys_zone=p:128k"]));
        http.push(d(["fastcgi_cache_path", "/srv/cache/f", "keys_zone=f:128k"]));
        if self.rng.chance(40) {
            for _ in 0..=self.rng.below(2) {
                self.inheritable(Scope::Http, &mut http);
            }
        }
        let servers = 1 + self.rng.weighted(&[50, 25, 15, 10]);
        let mut used = BTreeSet::new();
        let mut defaults = BTreeSet::new();
        for _ in 0..servers {
            let server = self.server(&mut used, &mut defaults);
            http.push(server);
        }
        define_variables(&mut http);
        vec![Directive::block(["events"], Vec::new()), Directive::block(["http"], http)]
    }

    fn server(&mut self, used: &mut BTreeSet<(usize, String)>, defaults: &mut BTreeSet<usize>) -> Directive {
        let mut body = Vec::new();
        let ports: &[usize] = [&[8081][..], &[8081], &[8082], &[8081, 8082]][self.rng.below(4)];
        for port in ports {
            let address = format!("127.0.0.1:{port}");
            if self.rng.chance(15) && defaults.insert(*port) {
                body.push(d(["listen", &address, "default_server"]));
            } else {
                body.push(d(["listen", &address]));
            }
        }
        let mut names = vec!["server_name".to_owned()];
        for _ in 0..self.rng.below(4) {
            let name = self.rng.pick(&NAMES);
            if name.contains("sub") {
                self.groups.insert("$sub");
            }
            // Two servers with one name on one address: a warning, the first wins. Once in a while that is wanted.
            let fresh = ports.iter().all(|p| !used.contains(&(*p, name.to_owned())));
            let clash = [".b.test", "b.test"].contains(&name) && names.iter().any(|n| n.ends_with("b.test"));
            if !clash && !names.contains(&name.to_owned()) && (fresh || self.rng.chance(10)) {
                used.extend(ports.iter().map(|p| (*p, name.to_owned())));
                names.push(name.to_owned());
            }
        }
        if names.len() > 1 {
            body.push(Directive::simple(names));
        }
        for (name, value, percent) in [
            ("merge_slashes", "off", 8),
            ("underscores_in_headers", "on", 10),
            ("absolute_redirect", "off", 15),
            ("port_in_redirect", "off", 8),
            ("server_name_in_redirect", "on", 8),
            ("recursive_error_pages", "on", 10),
            ("ignore_invalid_headers", "off", 4),
        ] {
            if self.rng.chance(percent) {
                body.push(d([name, value]));
            }
        }
        if self.rng.chance(70) {
            body.push(d(["root", "/srv/www"]));
        }
        self.mark(&mut body);
        self.named = (0..self.rng.below(3)).map(|i| format!("@n{i}")).collect();
        self.auth_location = self.rng.chance(20);
        for _ in 0..self.rng.below(3) {
            self.inheritable(Scope::Server, &mut body);
        }
        if self.rng.chance(25) {
            for _ in 0..=self.rng.below(2) {
                self.rewriting(Scope::Server, &mut body);
            }
        }
        let mut taken = BTreeSet::new();
        for _ in 0..=self.rng.below(6) {
            if let Some(location) = self.location("", false, 0, &mut taken) {
                body.push(location);
            }
        }
        for name in self.named.clone() {
            let location = self.location_body(Scope::LocationNoUri, 3, true);
            body.push(Directive::block(["location".to_owned(), name], location));
        }
        if self.auth_location {
            body.push(self.auth_subrequest());
        }
        Directive::block(["server"], body)
    }

    fn auth_subrequest(&mut self) -> Directive {
        let mut body = vec![d(["internal"]), d(["proxy_pass", "http://127.0.0.1:9001/_verdict"])];
        if self.rng.chance(30) {
            body.push(d(["proxy_pass_request_body", "off"]));
        }
        self.mark(&mut body);
        Directive::block(["location", "=", "/_auth"], body)
    }

    /// The header field by which a block names itself.
    fn mark(&mut self, body: &mut Vec<Directive>) {
        self.blocks += 1;
        body.push(d(["add_header", "X-Served", &format!("b{}", self.blocks), "always"]));
    }

    fn location(&mut self, parent: &str, parent_is_regex: bool, depth: usize, taken: &mut BTreeSet<String>) -> Option<Directive> {
        let kind = self.rng.weighted(if parent_is_regex { &[0, 0, 0, 70, 30] } else { &[38, 14, 13, 25, 10] });
        let (modifier, pattern) = match kind {
            3 | 4 => {
                let (regex, _) = REGEXES[self.rng.below(REGEXES.len())];
                if regex.contains("<who>") {
                    self.groups.insert("$who");
                }
                (["~", "~*"][kind - 3], regex.to_owned())
            }
            _ => {
                let fitting: Vec<&str> = PREFIXES.iter().copied().filter(|p| p.starts_with(parent)).collect();
                let mut prefix = if !parent.is_empty() && (fitting.is_empty() || self.rng.chance(40)) {
                    let tail = self.rng.pick(&["x", "/x", "/", "b/", ".php"]);
                    format!("{parent}{tail}").replace("//", "/")
                } else {
                    (*self.rng.one(&fitting)?).to_owned()
                };
                if !prefix.starts_with(parent) {
                    prefix = format!("{parent}x");
                }
                (["", "=", "^~"][kind], prefix)
            }
        };
        let key = match kind {
            1 => format!("= {pattern}"),
            3 | 4 => format!("{modifier} {pattern}"),
            _ => pattern.clone(),
        };
        if !taken.insert(key) {
            return None;
        }
        let regex = kind >= 3;
        let scope = if regex { Scope::LocationNoUri } else { Scope::Location };
        let mut body = self.location_body(scope, depth, false);
        if kind != 1 && depth < 2 && self.rng.chance(25) {
            let mut taken = BTreeSet::new();
            for _ in 0..=self.rng.below(2) {
                let under = if regex { "" } else { pattern.as_str() };
                body.extend(self.location(under, regex, depth + 1, &mut taken));
            }
        }
        let mut words = vec!["location".to_owned()];
        if !modifier.is_empty() {
            words.push(modifier.to_owned());
        }
        words.push(quote(&pattern));
        Some(Directive::block(words, body))
    }

    fn location_body(&mut self, scope: Scope, depth: usize, named: bool) -> Vec<Directive> {
        let mut body = Vec::new();
        self.mark(&mut body);
        if !named && self.rng.chance(5) {
            body.push(d(["internal"]));
        }
        for _ in 0..self.rng.below(4) {
            self.inheritable(scope, &mut body);
        }
        if self.rng.chance(30) {
            for _ in 0..=self.rng.below(2) {
                self.rewriting(scope, &mut body);
            }
        }
        self.handler(scope, named || depth > 2, &mut body);
        if self.rng.chance(8) {
            let block = self.limit_except();
            body.push(block);
        }
        body
    }
}
