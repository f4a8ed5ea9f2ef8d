//! Rewriting.

use super::generate::{Generator, Scope, d, has};
use crate::support::conf::Directive;

/// Patterns of rules of a server, each with paths that they match.
pub(crate) const SERVER_PATTERNS: [(&str, &[&str]); 10] = [
    ("^/old(/.*)?$", &["/old", "/old/x"]),
    ("^/a/(.*)$", &["/a/", "/a/b/file.txt"]),
    ("\\.php$", &["/x.php", "/missing.php"]),
    ("^/(.+)$", &["/page.html", "/q/r"]),
    ("^", &["/", "/anything"]),
    ("^/$", &["/"]),
    ("^/u/(\\d+)/?(.*)$", &["/u/12", "/u/7/x"]),
    ("^/docs/?", &["/docs", "/docs/page.html"]),
    ("!^/a", &["/page.html"]),
    ("^/(?<seg>[^/]+)/b", &["/a/b/x.php"]),
];

/// Patterns of rules of a folder, each with paths below it.
pub(crate) const FOLDER_PATTERNS: [(&str, &[&str]); 10] = [
    ("^old(/.*)?$", &["old", "old/x"]),
    ("^(.*)$", &["page.html", "x.php", ""]),
    ("\\.php$", &["x.php", "missing.php"]),
    ("^$", &[""]),
    ("^b/(.*)$", &["b/file.txt", "b/q"]),
    ("^index\\.php$", &["index.php"]),
    (".", &["page.html", "q/r"]),
    ("!^a", &["page.html"]),
    ("^u/(\\d+)$", &["u/12"]),
    ("^([^/]+)/$", &["a/", "docs/"]),
];

impl Generator {
    /// `RewriteEngine` and what it runs.
    pub(crate) fn rewriting(&mut self, scope: Scope, body: &mut Vec<Directive>) {
        if has(body, "RewriteEngine") {
            return;
        }
        body.push(d(["RewriteEngine", if self.rng.chance(95) { "On" } else { "Off" }]));
        if scope != Scope::Server && self.rng.chance(25) {
            body.push(d(["RewriteBase", self.rng.pick(&["/", "/", "/a/", "/a", "/admin/"])]));
        }
        if self.rng.chance(12) {
            let options = self.rng.pick(&[
                "Inherit",
                "InheritBefore",
                "InheritDown",
                "InheritDownBefore",
                "IgnoreInherit",
                "MergeBase",
                "AllowAnyURI",
                "IgnoreContextInfo",
                "LegacyPrefixDocRoot",
            ]);
            body.push(d(["RewriteOptions", options]));
        }
        if scope != Scope::Server && self.rng.chance(20) {
            // What WordPress and its like write.
            if self.rng.chance(50) {
                body.push(d(["RewriteRule", ".*", "-", "[E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]"]));
            }
            body.push(d(["RewriteRule", "^index\\.php$", "-", "[L]"]));
            body.push(d(["RewriteCond", "%{REQUEST_FILENAME}", "!-f"]));
            body.push(d(["RewriteCond", "%{REQUEST_FILENAME}", "!-d"]));
            body.push(d(["RewriteRule", ".", "/index.php", "[L]"]));
            return;
        }
        for _ in 0..=self.rng.weighted(&[50, 30, 15, 5]) {
            for _ in 0..self.rng.weighted(&[55, 30, 15]) {
                let condition = self.condition();
                body.push(condition);
            }
            let rule = self.rule(scope);
            body.push(rule);
        }
    }

    fn condition(&mut self) -> Directive {
        let line = self.rng.pick(&[
            "%{REQUEST_FILENAME} !-f",
            "%{REQUEST_FILENAME} -f",
            "%{REQUEST_FILENAME} !-d",
            "%{REQUEST_FILENAME} -d",
            "%{HTTPS} off",
            "%{HTTPS} !=on",
            "%{HTTP_HOST} ^A\\.test [NC]",
            "%{HTTP_HOST} !^www\\.",
            "%{HTTP_HOST} =b.test",
            "%{HTTP:Authorization} ^(.+)$",
            "%{HTTP:Authorization} ^$",
            "%{HTTP:Authorization} .",
            "%{REQUEST_URI} !^/admin",
            "%{REQUEST_URI} \\.(php|html)$",
            "%{QUERY_STRING} a=(\\w)",
            "%{QUERY_STRING} ^$",
            "%{REQUEST_METHOD} !^(GET|HEAD)$",
            "%{REQUEST_METHOD} =POST",
            "%{HTTP:X-Forwarded-Proto} !https",
            "%{ENV:REDIRECT_STATUS} ^$",
            "%{ENV:let_in} =1",
            "%{THE_REQUEST} \\s/+a",
            "%{HTTP_COOKIE} sid=(\\w+)",
            "%{REMOTE_ADDR} ^127",
            "%{DOCUMENT_ROOT}%{REQUEST_URI} -f",
            "%{DOCUMENT_ROOT}/page.html -f",
            "%{REQUEST_URI} >/b",
            "%{SERVER_PORT} !=443",
            "%{SERVER_NAME} ^a",
            "%{SCRIPT_FILENAME} \\.php$",
            "%{PATH_INFO} ^/",
            "%{IS_SUBREQ} =true",
            "%{CONTEXT_PREFIX} ^$",
            "%{CONTEXT_DOCUMENT_ROOT} www$",
            "%{REQUEST_SCHEME} =http",
            "%{LA-U:REQUEST_FILENAME} -f",
            "%{REMOTE_USER} =user",
            "%{REQUEST_FILENAME} -s",
            "%{REQUEST_FILENAME}.html -f",
            "%{REQUEST_URI} <=/docs",
            "%{QUERY_STRING} -eq1",
            "%{REQUEST_URI} -U",
            "%{LA-U:REMOTE_USER} ^user",
            "%{LA-U:ENV:let_in} =1",
            "%{LA-U:HANDLER} ^(cgi|proxy)",
            "%{HTTP:X-Token} ^t0k$ [NV]",
            "%{REQUEST_URI} ^/(A|docs) [NC]",
            "%{ENV:TOKEN} (.+)",
            "%{HTTP:Cookie} !^$",
            "/docs/page.html -U",
            "${lc:%{HTTP_HOST}} ^a\\.test",
            "${known:%{REQUEST_URI}|none} !none",
            "expr",
            "$1 ^b",
            "%1 ^x",
        ]);
        let mut words = vec!["RewriteCond".to_owned()];
        if line == "expr" {
            words.push("expr".to_owned());
            words.push(format!("\"{}\"", self.expression()));
        } else {
            words.extend(line.split(' ').map(str::to_owned));
        }
        if self.rng.chance(12) && words.len() == 3 {
            words.push("[OR]".to_owned());
        }
        Directive::simple(words)
    }

    fn rule(&mut self, scope: Scope) -> Directive {
        let server = scope == Scope::Server;
        let pattern = if server {
            SERVER_PATTERNS[self.rng.below(SERVER_PATTERNS.len())].0
        } else {
            FOLDER_PATTERNS[self.rng.below(FOLDER_PATTERNS.len())].0
        };
        let mut flags: Vec<&str> = Vec::new();
        let to = match self.rng.weighted(&[20, 40, 20, 8, 12]) {
            0 => {
                flags.push(self.rng.pick(&[
                    "E=HTTP_AUTHORIZATION:%{HTTP:Authorization}",
                    "E=HTTP_AUTHORIZATION:%{HTTP:Authorization}",
                    "E=let_in:1",
                    "E=TOKEN:$1",
                    "E=!let_in",
                    "F",
                    "G",
                    "R=404",
                    "L",
                    "END",
                    "S=1",
                    "C",
                    "R=401",
                    "H=cgi-script",
                    "T=text/plain",
                    "CO=seen:1:.test",
                    "S=2",
                    "E=HTTP_AUTHORIZATION:Bearer\\ made",
                    "E=HTTP_AUTHORIZATION:%1",
                    "E=TOKEN:%{QUERY_STRING},E=let_in:2",
                    "E=no-cache:1",
                    "H=default-handler",
                    "H=proxy:fcgi://127.0.0.1:9002",
                    "T=text/html",
                    "CO=kept:%1:.test:10:/a:secure:httponly",
                    "R=403",
                    "R=410",
                    "E=HTTP_X_TOKEN:made",
                    "N=2",
                ]));
                "-"
            }
            1 if server => self.rng.pick(&[
                "/index.html",
                "/index.php",
                "/r/$1",
                "/$1",
                "/page.html?from=$1",
                "/x.php/$1",
                "/a/b/file.txt",
                "/srv/www/page.html",
                "/admin/x.php?q=%1",
                "%{REQUEST_URI}/",
                "/api/$1",
                "/cgi-bin/app",
                "${known:/$1|/page.html}",
                "/${lc:$1}",
                "/page.html?%{QUERY_STRING}",
                "/a/../page.html",
                "http://a.test/$1",
                "http://a.test:8081/docs/$1",
            ]),
            1 => self.rng.pick(&[
                "index.php",
                "/index.php",
                "/x.php",
                "page.html",
                "/r/$1",
                "b/file.txt",
                "$1.html",
                "/page.html?from=$1",
                "x.php?q=%1",
                "/api/$1",
                "/cgi-bin/app",
                "http://a.test:8081/docs/$1",
                "/page.html?x=1&%{QUERY_STRING}",
                "../page.html",
            ]),
            2 => {
                flags.push(self.rng.pick(&["R", "R=301", "R=302", "R=307", "R=303"]));
                self.rng.pick(&[
                    "http://o.test/$1",
                    "https://%{HTTP_HOST}%{REQUEST_URI}",
                    "/page.html",
                    "/r/$1?b=2",
                    "https://o.test/%1",
                    "page.html",
                ])
            }
            3 => {
                flags.push("P");
                self.rng.pick(&[
                    "http://127.0.0.1:9001/$1",
                    "http://127.0.0.1:9001/p",
                    "fcgi://127.0.0.1:9002/srv/www/x.php",
                    "http://127.0.0.1:9001%{REQUEST_URI}",
                ])
            }
            // An address is a redirect also without the flag.
            _ => self.rng.pick(&["http://o.test/$1", "https://o.test%{REQUEST_URI}", "http://o.test/?q=$0"]),
        };
        for (flag, percent) in [
            ("L", 40),
            ("QSA", 12),
            ("QSD", 5),
            ("NC", 8),
            ("NE", 5),
            ("PT", 8),
            ("END", 6),
            ("B", 3),
            ("DPI", 2),
            ("NS", 4),
            ("BNP", 2),
            ("QSL", 2),
            ("N=3", 2),
            ("BCTLS", 2),
            ("UNC", 2),
            ("UnsafeAllow3F", 3),
            ("UnsafePrefixStat", 3),
        ] {
            // What a folder's rule escapes is the path of the test's own folder, too.
            if self.rng.chance(percent) && !flags.contains(&flag) && (server || flag != "B") {
                flags.push(flag);
            }
        }
        let mut words = vec!["RewriteRule".to_owned(), pattern.to_owned(), to.to_owned()];
        if !flags.is_empty() {
            words.push(format!("[{}]", flags.join(",")));
        }
        Directive::simple(words)
    }
}
