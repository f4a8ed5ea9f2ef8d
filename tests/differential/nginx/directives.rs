//! The directives of random configurations.

use super::generate::{Generator, Scope};
use crate::support::conf::{Directive, quote};

pub(super) fn d<const N: usize>(words: [&str; N]) -> Directive {
    Directive::simple(words)
}

pub(super) fn has(body: &[Directive], name: &str) -> bool {
    body.iter().any(|d| d.name() == name)
}

impl Generator {
    /// One directive (or a small group) that lower levels inherit.
    pub(crate) fn inheritable(&mut self, scope: Scope, body: &mut Vec<Directive>) {
        match self.rng.weighted(&[20, 6, 7, 26, 6, 6, 12, 5, 18, 3, 4, 3, 4, 3, 2, 3]) {
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
            14 => {
                let name = self.rng.pick(&["proxy_buffering", "fastcgi_buffering"]);
                if !has(body, name) {
                    body.push(d([name, self.rng.pick(&["off", "off", "on"])]));
                }
            }
            // At the level of `http` every server has fields of its own instead.
            15 if scope != Scope::Http => {
                let value = self.rng.pick(&["no-store", "public", "\"public, max-age=60\"", "private", "\"\""]);
                body.push(d(["add_header", "Cache-Control", value]));
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

    pub(crate) fn error_page(&mut self, scope: Scope, body: &mut Vec<Directive>) {
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
            body.push(d([&name("cache"), self.rng.pick(&[zone, zone, zone, zone, zone, zone, zone, "off", "$arg_zone"])]));
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
}
