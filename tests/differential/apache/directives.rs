//! The directives of random sections.

use super::generate::{Generator, Scope, d, has};
use crate::support::conf::Directive;

impl Generator {
    /// An expression that is true or false.
    pub(crate) fn expression(&mut self) -> String {
        let one = |g: &mut Self| {
            g.rng
                .pick(&[
                    "%{REQUEST_URI} =~ m#^/a#",
                    "-n %{HTTP:Authorization}",
                    "%{HTTP:X-Token} == 't0k'",
                    "%{REQUEST_METHOD} == 'POST'",
                    "-z req('Authorization')",
                    "%{QUERY_STRING} =~ /a=1/",
                    "%{HTTP_HOST} =~ /^a\\.test/",
                    "-f %{REQUEST_FILENAME}",
                    "%{REMOTE_ADDR} -ipmatch '127.0.0.0/8'",
                    "-R '10.0.0.0/8'",
                    "reqenv('let_in') == '1'",
                    "true",
                    "false",
                    "%{HTTP_COOKIE} =~ /sid=(\\d)/",
                    "%{REQUEST_METHOD} in { 'GET', 'HEAD' }",
                    "%{THE_REQUEST} -strmatch '*b*'",
                    "%{HTTP:X-Forwarded-Proto} != 'https'",
                    "tolower(%{HTTP:X-Token}) == 't0k'",
                    "%{HTTPS} == 'on'",
                    "%{REQUEST_STATUS} == ''",
                    "-T reqenv('let_in')",
                    "%{REMOTE_USER} == 'user'",
                    "%{REQUEST_URI} -fnmatch '/a/*'",
                    "%{REQUEST_URI} -strcmatch '*.PHP'",
                    "-d %{REQUEST_FILENAME}",
                    "-e '%{DOCUMENT_ROOT}%{REQUEST_URI}'",
                    "%{HTTP:X-Client} in { '10.0.0.7', 'x' }",
                    "%{SERVER_PORT} -gt 80",
                    "toupper(%{REQUEST_METHOD}) == 'GET'",
                    "%{HTTP_USER_AGENT} =~ /^CURL/i",
                    "%{QUERY_STRING} -eq 0",
                    "base64(%{HTTP:X-Token}) == 'dDBr'",
                    "unescape('%41') == 'A' && md5('a') == '0cc175b9c0f1b6a831c399e269772661'",
                    "%{HANDLER} == 'cgi-script'",
                    "%{PATH_INFO} == ''",
                    "%{REMOTE_ADDR} == '10.0.0.7'",
                    "-n env('TOKEN')",
                    "%{HTTP:Cookie} =~ /(sid)=(.)/ && $2 == '1'",
                    "%{HTTP_HOST} -strmatch '*.test' || %{REQUEST_METHOD} =~ /^P/",
                ])
                .to_owned()
        };
        let first = one(self);
        match self.rng.weighted(&[70, 10, 10, 10]) {
            1 => format!("{first} && {}", one(self)),
            2 => format!("{first} || {}", one(self)),
            3 => format!("!({first})"),
            _ => first,
        }
    }

    /// One directive (or a small group) that inner sections inherit.
    pub(crate) fn inheritable(&mut self, scope: Scope, body: &mut Vec<Directive>) {
        let server = scope == Scope::Server;
        match self.rng.weighted(&[18, 10, 7, 5, 12, 10, 6, 7, 10, 5, 10, 5, 3, 4]) {
            0 if !server => self.authentication(body),
            1 if !server => self.requirement(body),
            2 if !server => self.access_of_2_2(body),
            3 => self.response_header(body),
            4 => self.request_header(body),
            5 => self.environment(body),
            6 if !server && !has(body, "CGIPassAuth") => {
                body.push(d(["CGIPassAuth", self.rng.pick(&["On", "On", "On", "Off"])]));
            }
            7 => self.error_document(body),
            8 => self.handler(scope, body),
            9 => self.redirect(scope, body),
            10 if matches!(scope, Scope::Server | Scope::Directory | Scope::Htaccess) => self.rewriting(scope, body),
            11 if !server && scope != Scope::If => {
                let limit = self.limit();
                if !limit.children().is_empty() {
                    body.push(limit);
                }
            }
            12 => self.module_condition(scope, body),
            13 => self.freshness(scope, body),
            _ => {}
        }
    }

    fn module_condition(&mut self, scope: Scope, body: &mut Vec<Directive>) {
        let mut inner = Vec::new();
        self.response_header(&mut inner);
        if scope != Scope::Server {
            self.requirement(&mut inner);
        }
        let module = self.rng.pick(&["mod_headers.c", "!mod_headers.c", "mod_none.c", "!mod_none.c", "rewrite_module"]);
        body.push(Directive::block(["IfModule", module], inner));
    }

    /// How long an answer may be kept, and whether at all.
    fn freshness(&mut self, scope: Scope, body: &mut Vec<Directive>) {
        match self.rng.below(4) {
            0 if !has(body, "ExpiresActive") => {
                body.push(d(["ExpiresActive", self.rng.pick(&["On", "On", "On", "Off"])]));
                if self.rng.chance(60) {
                    body.push(d(["ExpiresDefault", self.rng.pick(&["A60", "\"access plus 1 hour\"", "A0"])]));
                }
                if self.rng.chance(40) {
                    let kind = self.rng.pick(&["text/html", "text/css", "application/json"]);
                    body.push(d(["ExpiresByType", kind, self.rng.pick(&["A120", "\"now plus 5 minutes\""])]));
                }
            }
            1 if scope == Scope::Location => {
                body.push(d(*self.rng.pick(&[&["CacheEnable", "disk"], &["CacheDisable", "on"]])));
            }
            _ => {
                let words = self.rng.pick(&[
                    "max-age=60",
                    "\"public, max-age=60\"",
                    "private",
                    "\"private, max-age=60\"",
                    "no-store",
                    "no-cache",
                    "\"s-maxage=60\"",
                    "\"max-age=0, must-revalidate\"",
                ]);
                match self.rng.pick(&["", "always", "early"]) {
                    "always" => body.push(d(["Header", "always", "set", "Cache-Control", words])),
                    "early" if scope == Scope::Server => body.push(d(["Header", "set", "Cache-Control", words, "early"])),
                    _ => body.push(d(["Header", "set", "Cache-Control", words])),
                }
            }
        }
    }

    fn value(&mut self) -> &'static str {
        self.rng.pick(&[
            "fixed",
            "\"Bearer fixed\"",
            "https",
            "\"\"",
            "\"%{let_in}e\"",
            "\"Bearer %{TOKEN}e\"",
            "\"expr=%{HTTP_HOST}\"",
            "\"expr=%{REQUEST_METHOD}-x\"",
            "\"expr=%{req:X-Token}|%{HTTP:Cookie}\"",
            "\"expr=%{REQUEST_URI}\"",
            "\"two words\"",
            "\"a, b\"",
            "\"%{REMOTE_USER}e\"",
            "\"100%% %{HTTP_AUTHORIZATION}e\"",
        ])
    }

    fn response_header(&mut self, body: &mut Vec<Directive>) {
        if self.rng.chance(50) {
            self.mark(body);
            return;
        }
        for _ in 0..=self.rng.below(3) {
            let table = self.rng.pick(&["", "", "always", "always", "onsuccess"]);
            let action =
                self.rng.pick(&["set", "set", "append", "add", "unset", "merge", "setifempty", "edit", "edit*", "note", "echo"]);
            let mut words: Vec<&str> = vec!["Header"];
            if !table.is_empty() {
                words.push(table);
            }
            words.push(action);
            words.push(match action {
                // An answer of the application has one of its own.
                "edit" | "edit*" | "note" => self.rng.pick(&["X-Extra", "X-Other", "X-Other", "Set-Cookie"]),
                "echo" => "^X-Tok",
                _ => self.rng.pick(&["X-Extra", "X-Extra", "X-Other", "Cache-Control", "Set-Cookie"]),
            });
            match action {
                "unset" | "echo" => {}
                "note" => words.push("let_in"),
                // `edit*` with a pattern for an empty text never ends, and takes the process with it.
                "edit*" => {
                    let longest = &["fix|two|https?", "\"%{let_in}e$0\""];
                    words.extend(self.rng.pick(&[&["^(.+)$", "\"$1; more\""], &["i", "o"], longest]));
                }
                "edit" => words.extend(self.rng.pick(&[
                    &["^(.*)$", "\"$1; more\""][..],
                    &["\"^a, b$\"", "b"],
                    &["\"(?i)BEARER (.*)\"", "$1"],
                    &["i", "o"],
                    &["fix(ed)?", "\"%{let_in}e$1\""],
                    &["^two", "$0"],
                ])),
                _ => words.push(self.value()),
            }
            if self.rng.chance(20) {
                words.push(self.rng.pick(&[
                    "env=let_in",
                    "env=!let_in",
                    "env=TOKEN",
                    "\"expr=-n %{HTTP:X-Token}\"",
                    "\"expr=%{REQUEST_STATUS} == 404\"",
                    "\"expr=-z resp('X-Extra')\"",
                    "early",
                ]));
            }
            body.push(Directive::simple(words));
        }
    }

    fn request_header(&mut self, body: &mut Vec<Directive>) {
        for _ in 0..=self.rng.below(2) {
            let name = self.rng.pick(&[
                "Authorization",
                "Authorization",
                "authorization",
                "Cookie",
                "X-Forwarded-Proto",
                "X-Forwarded-Proto",
                "X-Forwarded-Host",
                "X-Token",
                "Host",
            ]);
            let action =
                self.rng.pick(&["set", "set", "set", "unset", "unset", "append", "add", "setifempty", "merge", "edit", "edit*"]);
            // Two values for Host make a request that is no request. Which of several others counts is up to the application.
            if name == "Host" && action != "set" || action == "add" && name != "X-Token" {
                continue;
            }
            let mut words: Vec<&str> = vec!["RequestHeader", action, name];
            match action {
                "unset" => {}
                "edit*" => words.extend(self.rng.pick(&[&["=", "-"][..], &["sid=\\d;?", "\"\""], &["[Bh]", "\"%{let_in}e$0\""]])),
                "edit" => words.extend(self.rng.pick(&[
                    &["^Bearer\\s+(.*)$", "\"Token $1\""][..],
                    &["=", "-"],
                    &["^(B|h)", "$1$1"],
                    &["https", "http"],
                    &["^.*$", "\"\""],
                    &["sid=\\d;?", "\"\""],
                    &["(.)", "\"%{let_in}e\""],
                ])),
                _ if name == "Host" => words.push("fixed.test"),
                _ => words.push(self.value()),
            }
            if self.rng.chance(15) {
                words.push(self.rng.pick(&[
                    "env=let_in",
                    "env=!let_in",
                    "env=HTTP_AUTHORIZATION",
                    "\"expr=%{REQUEST_METHOD} == 'POST'\"",
                    "\"expr=-z %{REMOTE_USER}\"",
                    "early",
                ]));
            }
            body.push(Directive::simple(words));
        }
    }

    fn environment(&mut self, body: &mut Vec<Directive>) {
        let words = self.rng.pick(&[
            &["SetEnvIf", "Authorization", "(.*)", "HTTP_AUTHORIZATION=$1"][..],
            &["SetEnvIf", "Authorization", "\"^Bearer (.+)$\"", "HTTP_AUTHORIZATION=$0"],
            &["SetEnvIfNoCase", "^Authorization$", "\"(.+)\"", "HTTP_AUTHORIZATION=$1"],
            &["SetEnvIfNoCase", "Authorization", "^(bearer.*)$", "HTTP_AUTHORIZATION=$1", "let_in=1"],
            &["SetEnvIf", "X-Token", "^t0k$", "let_in=1"],
            &["SetEnvIf", "Request_URI", "^/a", "let_in"],
            &["SetEnvIf", "Request_Method", "POST", "let_in=2"],
            &["SetEnvIfNoCase", "Cookie", "sid=(\\d)", "TOKEN=$1"],
            &["SetEnvIf", "Remote_Addr", "^127", "let_in=1", "!TOKEN"],
            &["SetEnvIf", "Host", "^a", "TOKEN=host"],
            &["SetEnvIf", "let_in", "1", "TOKEN=chained"],
            &["SetEnvIf", "X-Token", "t0k", "!HTTP_AUTHORIZATION"],
            &["SetEnv", "HTTP_AUTHORIZATION", "fixed"],
            &["SetEnv", "let_in", "1"],
            &["UnsetEnv", "HTTP_AUTHORIZATION"],
            &["UnsetEnv", "let_in"],
            &["SetEnvIfExpr", "\"-n req('X-Token')\"", "let_in=1"],
            &["SetEnvIfExpr", "\"%{HTTP:Authorization} =~ /^(.*)$/\"", "HTTP_AUTHORIZATION=$1"],
            &["RequestHeader", "unset", "Authorization"],
            &["SetEnvIf", "^X-For.*", "https", "let_in"],
            &["SetEnvIf", "\"^(Cookie|X-Token)$\"", "\"(.+)\"", "TOKEN=$1"],
            &["SetEnvIfNoCase", "^x-.*", "^T0(.)", "TOKEN=$1", "let_in=$0"],
            &["SetEnvIf", "Request_Protocol", "\"^HTTP/1\\.1$\"", "let_in=p"],
            &["SetEnvIf", "Server_Addr", "^127", "TOKEN=here"],
            &["BrowserMatch", "^curl", "let_in", "!TOKEN"],
            &["BrowserMatchNoCase", "CURL/(\\d)", "TOKEN=v$1"],
            &["SetEnvIf", "Authorization", "^$", "let_in=none"],
            &["SetEnvIf", "TOKEN", ".", "HTTP_AUTHORIZATION=chained"],
            &["SetEnvIfExpr", "\"%{REQUEST_URI} =~ m#^/(a|docs)/#\"", "TOKEN=$1", "!let_in"],
            &["SetEnv", "no-cache", "1"],
            &["SetEnvIf", "Request_URI", "\\.php$", "no-cache"],
            &["SetEnvIf", "Authorization", "\"^Basic \"", "!HTTP_AUTHORIZATION", "let_in=basic"],
            &["SetEnv", "TOKEN"],
            &["SetEnv", "proxy-nokeepalive", "1"],
        ]);
        body.push(Directive::simple(words.iter().copied()));
    }
}
