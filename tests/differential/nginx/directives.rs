//! The directives of random configurations.

use super::generate::{Generator, REGEXES, Scope};
use crate::support::conf::{Directive, quote};

fn d<const N: usize>(words: [&str; N]) -> Directive {
    Directive::simple(words)
}

fn has(body: &[Directive], name: &str) -> bool {
    body.iter().any(|d| d.name() == name)
}

impl Generator {
    /// A variable, with its dollar sign.
    pub(crate) fn variable(&mut self) -> String {
        if self.rng.chance(25)
            && let Some(map) = self.rng.one(&self.maps)
        {
            return map.clone();
        }
        if self.rng.chance(10)
            && let Some(group) = self.groups.iter().next()
        {
            return (*group).to_owned();
        }
        self.rng
            .pick(&[
                "$host",
                "$http_host",
                "$uri",
                "$request_uri",
                "$args",
                "$http_authorization",
                "$http_authorization",
                "$cookie_sid",
                "$scheme",
                "$server_name",
                "$server_port",
                "$request_method",
                "$remote_addr",
                "$http_x_forwarded_proto",
                "$arg_a",
                "$1",
                "$s1",
                "$s2",
                "$s3",
                "$document_uri",
                "$query_string",
                "$http_x_token",
                "$is_args",
                "$http_cookie",
            ])
            .to_owned()
    }

    /// A value for header fields and the like.
    fn value(&mut self) -> String {
        match self.rng.weighted(&[45, 25, 15, 15]) {
            0 => self.variable(),
            1 => self.rng.pick(&["one", "https", "http", "example.test", "Bearer fixed", "Basic dXNlcjpzZWNyZXQ="]).to_owned(),
            2 => String::new(),
            _ => format!("v-{}", self.variable()),
        }
    }

    pub(crate) fn map(&mut self) -> Directive {
        if self.rng.chance(10) {
            return self.geo();
        }
        let source = match self.rng.below(8) {
            0 => "$host$uri".to_owned(),
            1 => "$host".to_owned(),
            2 => "$uri".to_owned(),
            3 => "$request_method".to_owned(),
            4 => "$cookie_sid".to_owned(),
            5 => "$arg_a".to_owned(),
            _ => "$http_authorization".to_owned(),
        };
        let name = format!("$m{}", self.maps.len());
        let mut body = Vec::new();
        if source == "$host" && self.rng.chance(50) {
            body.push(d(["hostnames"]));
            for key in ["*.a.test", ".b.test", "www.*", "a.test"] {
                if self.rng.chance(50) {
                    let value = self.map_value();
                    body.push(d([key, &value]));
                }
            }
        }
        let keys: &[&str] = match source.as_str() {
            "$uri" => &["/a", "~^/api", "~*\\.PHP$", "/admin/x.php", "~^/u/(?<digits>\\d+)"],
            "$request_method" => &["GET", "POST", "~^P", "HEAD"],
            "$cookie_sid" => &["1", "~.+", "\"\""],
            "$arg_a" => &["1", "~^(.)b", "\"\""],
            "$host" => &["~^www", "~\\.test$", "\"\"", "B.test"],
            "$host$uri" => &["a.test/", "~^a\\.test/a", "~/api"],
            _ => &["~^Bearer", "\"~^Basic \"", "\"~*^bearer (.+)$\"", "\"\""],
        };
        for key in keys {
            // A host list may not name `b.test` beside `.b.test`.
            let clash = *key == "B.test" && has(&body, ".b.test");
            if !clash && self.rng.chance(55) {
                let value = if key.contains("(.+)") && self.rng.chance(50) { "$1".to_owned() } else { self.map_value() };
                body.push(d([key, &value]));
            }
        }
        if self.rng.chance(60) {
            let value = self.map_value();
            let at = self.rng.below(body.len() + 1);
            let at = if has(&body, "hostnames") { body.len() } else { at };
            body.insert(at, d(["default", &value]));
        }
        self.maps.push(name.clone());
        Directive::block(["map", &source, &name], body)
    }

    fn geo(&mut self) -> Directive {
        let name = format!("$m{}", self.maps.len());
        let mut body = Vec::new();
        if self.rng.chance(70) {
            body.push(d(["default", self.rng.pick(&["0", "off", "else"])]));
        }
        for network in ["127.0.0.1/32", "127.0.0.0/8", "10.0.0.0/8", "0.0.0.0/0"] {
            if self.rng.chance(40) {
                body.push(d([network, self.rng.pick(&["0", "1", "near", "Realm"])]));
            }
        }
        self.maps.push(name.clone());
        Directive::block(["geo", &name], body)
    }

    fn map_value(&mut self) -> String {
        let value = self.rng.pick(&["0", "1", "\"\"", "off", "Realm", "$http_x_token", "$host", "/mapped", "x-$request_method"]);
        value.to_owned()
    }

    /// One directive (or a small group) that lower levels inherit.
    pub(crate) fn inheritable(&mut self, scope: Scope, body: &mut Vec<Directive>) {
        match self.rng.weighted(&[20, 6, 7, 26, 6, 6, 12, 5, 18, 3, 4, 3, 4, 3]) {
            0 => self.basic(body),
            1 if !has(body, "satisfy") => {
                body.push(d(["satisfy", self.rng.pick(&["any", "all"])]));
            }
            2 => {
                for _ in 0..=self.rng.below(2) {
                    let allow = self.rng.pick(&["allow", "deny"]);
                    let who = self.rng.pick(&["127.0.0.1", "all", "10.0.0.0/8", "127.0.0.0/8", "192.168.1.1"]);
                    body.push(d([allow, who]));
                }
            }
            3 => self.upstream_headers(body),
            4 => {
                let name =
                    self.rng.pick(&["proxy_pass_request_headers", "proxy_pass_request_headers", "fastcgi_pass_request_headers"]);
                if !has(body, name) {
                    body.push(d([name, self.rng.pick(&["off", "on"])]));
                }
            }
            5 => {
                let name =
                    self.rng.pick(&["HTTP_AUTHORIZATION", "REMOTE_USER", "HTTP_HOST", "HTTP_X_FORWARDED_PROTO", "SCRIPT_NAME"]);
                let value = quote(&self.value());
                if self.rng.chance(12) {
                    body.push(d(["fastcgi_param", name, &value, "if_not_empty"]));
                } else {
                    body.push(d(["fastcgi_param", name, &value]));
                }
            }
            6 => self.error_page(scope, body),
            7 if scope != Scope::Http && self.auth_location && !has(body, "auth_request") => {
                body.push(d(["auth_request", self.rng.pick(&["/_auth", "/_auth", "off"])]));
            }
            8 => self.cache(body),
            9 if !has(body, "index") => {
                body.push(match self.rng.below(3) {
                    0 => d(["index", "index.php", "index.html"]),
                    1 => d(["index", "missing.html", "/page.html"]),
                    _ => d(["index", "index.html"]),
                });
            }
            10 if !has(body, "expires") => {
                body.push(d(["expires", self.rng.pick(&["1h", "-1", "max", "off", "epoch"])]));
            }
            12 => self.real_ip(body),
            13 => {
                let (prefix, name) =
                    self.rng.pick(&[&("scgi", "HTTP_AUTHORIZATION"), &("uwsgi", "HTTP_AUTHORIZATION"), &("uwsgi", "HTTP_HOST")]);
                let value = quote(&self.value());
                body.push(d([&format!("{prefix}_param"), name, &value]));
            }
            11 if !has(body, "proxy_intercept_errors") => body.push(d(["proxy_intercept_errors", "on"])),
            _ => {}
        }
    }

    /// Addresses of clients behind a proxy.
    fn real_ip(&mut self, body: &mut Vec<Directive>) {
        if has(body, "set_real_ip_from") {
            return;
        }
        body.push(d(["set_real_ip_from", self.rng.pick(&["127.0.0.1", "127.0.0.0/8", "10.0.0.0/8", "0.0.0.0/0"])]));
        if self.rng.chance(80) {
            body.push(d(["real_ip_header", self.rng.pick(&["X-Forwarded-For", "X-Real-IP", "X-Client"])]));
        }
        if self.rng.chance(40) {
            body.push(d(["real_ip_recursive", "on"]));
        }
    }

    fn basic(&mut self, body: &mut Vec<Directive>) {
        if has(body, "auth_basic") || has(body, "auth_basic_user_file") {
            return;
        }
        if self.rng.chance(90) {
            let realm = match self.rng.below(12) {
                0..=3 => "off".to_owned(),
                4..=8 => self.rng.pick(&["Area", "Admin", "\"Two words\""]).to_owned(),
                9 => "Off".to_owned(),
                10 => "\"\"".to_owned(),
                _ => quote(&self.variable()),
            };
            body.push(d(["auth_basic", &realm]));
        }
        if self.rng.chance(85) {
            let file = self.rng.pick(&[
                "/srv/passwords/users",
                "/srv/passwords/users",
                "/srv/passwords/users",
                "/srv/passwords/missing",
            ]);
            body.push(d(["auth_basic_user_file", file]));
        }
    }

    fn upstream_headers(&mut self, body: &mut Vec<Directive>) {
        for _ in 0..=self.rng.below(3) {
            let name = self.rng.pick(&[
                "Authorization",
                "Authorization",
                "authorization",
                "Host",
                "X-Forwarded-Proto",
                "X-Forwarded-Host",
                "Cookie",
                "X-Real-IP",
                "X-Token",
                "Connection",
            ]);
            let value = match name {
                "Host" => self
                    .rng
                    .pick(&["$host", "$http_host", "$proxy_host", "$server_name", "fixed.test", "$host:$server_port"])
                    .to_owned(),
                "X-Forwarded-Proto" if self.rng.chance(60) => {
                    self.rng.pick(&["$scheme", "https", "$http_x_forwarded_proto"]).to_owned()
                }
                "Authorization" | "authorization" if self.rng.chance(60) => {
                    self.rng.pick(&["", "$http_authorization"]).to_owned()
                }
                _ => self.value(),
            };
            // Two values for Host make an application's server refuse the request; two for others are only odd.
            if name == "Host" && body.iter().any(|d| d.name() == "proxy_set_header" && d.arg(0) == "Host") {
                continue;
            }
            body.push(d(["proxy_set_header", name, &quote(&value)]));
        }
    }

    fn error_page(&mut self, scope: Scope, body: &mut Vec<Directive>) {
        let codes = self.rng.pick(&["404", "401", "403", "401 403", "404 405", "500 502 503 504"]);
        let mut words: Vec<String> = vec!["error_page".to_owned()];
        words.extend(codes.split(' ').map(str::to_owned));
        if self.rng.chance(40) {
            words.push(self.rng.pick(&["=", "=200", "=404", "=403", "=301", "=401"]).to_owned());
        }
        let named = self.rng.one(&self.named).cloned().filter(|_| scope != Scope::Http && self.rng.chance(35));
        words.push(named.unwrap_or_else(|| {
            self.rng
                .pick(&[
                    "/404.html",
                    "/50x.html",
                    "/page.html",
                    "/a/missing",
                    "/api/error",
                    "http://o.test/e",
                    "https://o.test$request_uri",
                    "/e$uri",
                    "/e?q=$arg_a",
                ])
                .to_owned()
        }));
        body.push(Directive::simple(words));
    }

    fn cache(&mut self, body: &mut Vec<Directive>) {
        let (prefix, zone) = self.rng.pick(&[&("proxy", "p"), &("proxy", "p"), &("fastcgi", "f")]);
        let name = |tail: &str| format!("{prefix}_{tail}");
        if body.iter().any(|d| d.name().starts_with(&name("cache")) || d.name() == name("ignore_headers")) {
            return;
        }
        if self.rng.chance(85) {
            body.push(d([&name("cache"), if self.rng.chance(12) { "off" } else { zone }]));
        }
        if self.rng.chance(70) {
            let valid = self.rng.pick(&["5m", "200 5m", "5m", "any 5m", "401 5m", "200 401 1m", "404 1m", "200 0"]);
            let mut words = vec![name("cache_valid")];
            words.extend(valid.split(' ').map(str::to_owned));
            body.push(Directive::simple(words));
        }
        for (tail, percent) in [("cache_bypass", 25), ("no_cache", 25)] {
            if self.rng.chance(percent) {
                let first = self.variable();
                let mut words = vec![name(tail), first];
                if self.rng.chance(20) {
                    words.push(self.variable());
                }
                body.push(Directive::simple(words));
            }
        }
        if self.rng.chance(if *prefix == "fastcgi" { 90 } else { 40 }) {
            let key = self.rng.pick(&[
                "$host$request_uri",
                "$request_uri",
                "$uri$is_args$args",
                "$request_uri$http_authorization",
                "$scheme$host$uri$cookie_sid",
            ]);
            body.push(d([&name("cache_key"), key]));
        }
        if self.rng.chance(12) {
            body.push(d([&name("cache_methods"), "GET", "HEAD", "POST"]));
        }
        if self.rng.chance(12) {
            body.push(d([&name("ignore_headers"), self.rng.pick(&["Set-Cookie", "Cache-Control"])]));
        }
        if self.rng.chance(5) {
            body.push(d([&name("cache_min_uses"), "2"]));
        }
    }

    pub(crate) fn limit_except(&mut self) -> Directive {
        let methods = self.rng.pick(&["GET", "POST", "GET POST", "PUT"]);
        let mut words = vec!["limit_except".to_owned()];
        words.extend(methods.split(' ').map(str::to_owned));
        let mut body = Vec::new();
        if self.rng.chance(60) {
            self.basic(&mut body);
        }
        if body.is_empty() || self.rng.chance(20) {
            body.push(d([self.rng.pick(&["deny", "allow"]), self.rng.pick(&["all", "127.0.0.1"])]));
        }
        Directive::block(words, body)
    }

    /// What makes the response of a location.
    pub(crate) fn handler(&mut self, scope: Scope, leaf: bool, body: &mut Vec<Directive>) {
        match self.rng.weighted(&[46, 16, 10, 13, 9, 3, 3]) {
            0 => self.proxy_pass(scope, body),
            1 => {
                body.push(d(["fastcgi_pass", "127.0.0.1:9002"]));
                if self.rng.chance(60) {
                    body.push(d(["fastcgi_param", "REQUEST_METHOD", "$request_method"]));
                    body.push(d(["fastcgi_param", "REQUEST_URI", "$request_uri"]));
                }
            }
            2 => {
                let directive = self.return_directive();
                body.push(directive);
            }
            3 => {
                if scope == Scope::LocationNoUri && !leaf && self.rng.chance(10) {
                    body.push(d(["alias", "/srv/www/a/$1"]));
                } else if scope == Scope::Location && self.rng.chance(20) {
                    body.push(d(["alias", self.rng.pick(&["/srv/www/a/", "/srv/www/docs/", "/srv/www/page.html"])]));
                } else if self.rng.chance(50) {
                    body.push(d(["root", "/srv/www"]));
                }
                if self.rng.chance(15) {
                    self.try_files(body);
                }
            }
            4 => {
                self.try_files(body);
                if !leaf && self.rng.chance(40) {
                    self.proxy_pass(scope, body);
                }
            }
            5 => {
                body.push(d(["scgi_pass", "127.0.0.1:9003"]));
                body.push(d(["scgi_param", "REQUEST_URI", "$request_uri"]));
            }
            _ => {
                body.push(d(["uwsgi_pass", "127.0.0.1:9004"]));
                body.push(d(["uwsgi_param", "REQUEST_URI", "$request_uri"]));
            }
        }
    }

    fn proxy_pass(&mut self, scope: Scope, body: &mut Vec<Directive>) {
        let uri = match scope {
            Scope::Location => self.rng.pick(&["", "", "", "/", "/up", "/up/", "/$uri", "$request_uri"]),
            _ => self.rng.pick(&["", "", "", "", "$request_uri", "/v$uri"]),
        };
        body.push(d(["proxy_pass", &format!("http://127.0.0.1:9001{uri}")]));
    }

    fn try_files(&mut self, body: &mut Vec<Directive>) {
        let mut words = vec!["try_files".to_owned()];
        for _ in 0..=self.rng.below(2) {
            words.push(self.rng.pick(&["$uri", "$uri/", "$uri.html", "/page.html", "/missing.html", "/docs/"]).to_owned());
        }
        let named = self.rng.one(&self.named).cloned().filter(|_| self.rng.chance(40));
        words.push(named.unwrap_or_else(|| {
            let last = ["=404", "=403", "/index.html", "/index.php?$args", "/x.php", "/api/fallback", "/gone/$uri"];
            self.rng.pick(&last).to_owned()
        }));
        body.push(Directive::simple(words));
    }

    pub(crate) fn return_directive(&mut self) -> Directive {
        match self.rng.below(14) {
            0 => d(["return", "403"]),
            1 => d(["return", "401"]),
            2 => d(["return", "404"]),
            3 => d(["return", "204"]),
            4 => d(["return", "301", "/moved"]),
            5 => d(["return", "302", "http://o.test$request_uri"]),
            6 => d(["return", "307", "$scheme://$host/new$uri"]),
            7 => d(["return", "308", "https://$host$request_uri"]),
            8 => d(["return", "http://o.test/"]),
            9 => d(["return", "444"]),
            10 => d(["return", "200", &quote(&format!("text {}", self.variable()))]),
            11 => d(["return", "301", &quote(&format!("/r/{}", self.variable()))]),
            12 => d(["return", "401", "no"]),
            _ => d(["return", "200", "\"\""]),
        }
    }

    /// Directives of the rewrite module.
    pub(crate) fn rewriting(&mut self, scope: Scope, body: &mut Vec<Directive>) {
        match self.rng.weighted(&[30, 35, 30, 5]) {
            0 => {
                let name = self.rng.pick(&["$s1", "$s2", "$s3"]);
                let value = quote(&self.value());
                body.push(d(["set", name, &value]));
            }
            1 => {
                let directive = self.rewrite();
                body.push(directive);
            }
            2 => {
                let block = self.if_block(scope);
                body.push(block);
            }
            _ => body.push(d(["break"])),
        }
    }

    fn rewrite(&mut self) -> Directive {
        let (regex, _) = REGEXES[self.rng.below(REGEXES.len())];
        if regex.contains("<who>") {
            self.groups.insert("$who");
        }
        let to = self.rng.pick(&[
            "/api/x",
            "/a/b/file.txt",
            "/index.html",
            "/r/$1",
            "/$1",
            "/a/q?b=2",
            "/admin/x.php?",
            "http://o.test/$1",
            "https://$host$request_uri?",
            "/u/7",
            "$uri/",
            "/page.html?from=$uri",
        ]);
        match self.rng.pick(&["", "last", "last", "break", "break", "redirect", "permanent"]) {
            "" => d(["rewrite", &quote(regex), to]),
            flag => d(["rewrite", &quote(regex), to, flag]),
        }
    }

    fn if_block(&mut self, scope: Scope) -> Directive {
        // Captures have no name that a condition could test.
        let variable = Some(self.variable()).filter(|v| v != "$1").unwrap_or_else(|| "$uri".to_owned());
        let condition: Vec<String> = match self.rng.below(12) {
            0..=2 => vec![format!("({variable})")],
            3 => vec![
                format!("({variable}"),
                "=".to_owned(),
                self.rng.pick(&["1)", "\"\")", "a.test)", "GET)", "off)"]).to_owned(),
            ],
            4 => vec![format!("({variable}"), "!=".to_owned(), self.rng.pick(&["1)", "\"\")", "a.test)", "GET)"]).to_owned()],
            5 | 6 => vec![
                format!("({variable}"),
                self.rng.pick(&["~", "~*"]).to_owned(),
                self.rng.pick(&["^/a(.*))", "Bearer)", "^(.+)$)", "\"^basic \")", "(P|p)O)"]).to_owned(),
            ],
            7 => vec![
                format!("({variable}"),
                self.rng.pick(&["!~", "!~*"]).to_owned(),
                self.rng.pick(&["^/a)", "Bearer)", "^.)"]).to_owned(),
            ],
            8 => vec!["($http_authorization".to_owned(), "=".to_owned(), "\"\")".to_owned()],
            9 => vec!["($request_method".to_owned(), "=".to_owned(), self.rng.pick(&["POST)", "OPTIONS)"]).to_owned()],
            10 => vec![format!("({}", self.rng.pick(&["-f", "!-f", "-d", "!-d", "-e", "!-e"])), "$document_root$uri)".to_owned()],
            _ => vec!["($http_authorization".to_owned(), "~".to_owned(), "Bearer)".to_owned()],
        };
        let mut body = Vec::new();
        match self.rng.weighted(&[40, 20, 20, 20]) {
            0 => body.push(self.return_directive()),
            1 => body.push(self.rewrite()),
            2 => {
                let value = quote(&self.value());
                body.push(d(["set", self.rng.pick(&["$s1", "$s2", "$s3"]), &value]));
            }
            _ if scope == Scope::Server => body.push(d(["return", "418"])),
            _ => match self.rng.below(4) {
                0 => body.push(d(["proxy_pass", "http://127.0.0.1:9001"])),
                1 => self.error_page(Scope::If, &mut body),
                2 => body.push(d(["expires", "2h"])),
                _ => body.push(d(["break"])),
            },
        }
        let mut words = vec!["if".to_owned()];
        words.extend(condition);
        Directive::block(words, body)
    }
}
