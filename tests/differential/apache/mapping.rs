//! From the path to what answers: aliases, applications, redirects, handlers, error documents.

use super::generate::{Generator, Scope, d, has};
use crate::support::conf::Directive;

fn words(text: &str) -> Directive {
    Directive::simple(text.split(' '))
}

impl Generator {
    /// A directive of a virtual host that maps paths.
    pub(crate) fn mapping(&mut self, body: &mut Vec<Directive>) {
        match self.rng.weighted(&[14, 14, 34, 14, 8]) {
            0 => {
                let line = self.rng.pick(&[
                    "Alias /al /srv/www/admin",
                    "Alias /al/ /srv/www/a/",
                    "Alias /docs /srv/www/a",
                    "AliasMatch ^/am/(.*)$ /srv/www/$1",
                    "AliasMatch ^/x(.*)\\.php$ /srv/www/admin/x$1.php",
                    "Alias /page.html /srv/www/docs/page.html",
                ]);
                body.push(words(line));
            }
            1 if !has(body, "ScriptAlias") => {
                body.push(words(self.rng.pick(&[
                    "ScriptAlias /cgi-bin/ /srv/cgi/",
                    "ScriptAlias /cgi-bin /srv/cgi",
                    "ScriptAliasMatch ^/run/(.*)$ /srv/cgi/$1",
                ])));
            }
            2 => {
                for _ in 0..=self.rng.below(2) {
                    let line = self.rng.pick(&[
                        "ProxyPass /api http://127.0.0.1:9001",
                        "ProxyPass /api/ http://127.0.0.1:9001/",
                        "ProxyPass /api/ http://127.0.0.1:9001/up/",
                        "ProxyPass / http://127.0.0.1:9001/",
                        "ProxyPass /api/open !",
                        "ProxyPass /static !",
                        "ProxyPass /admin/x.php fcgi://127.0.0.1:9002/srv/www/admin/x.php",
                        "ProxyPass /a/b/ scgi://127.0.0.1:9003/",
                        "ProxyPass /docs/ uwsgi://127.0.0.1:9004/",
                        "ProxyPassMatch ^/(.*\\.php)$ fcgi://127.0.0.1:9002/srv/www/$1",
                        "ProxyPassMatch ^/api/v(\\d)/(.*)$ http://127.0.0.1:9001/v$1/$2",
                        "ProxyPassMatch ^/u/ http://127.0.0.1:9001",
                        "ProxyPassMatch ^/(a|docs)/(.*)$ http://127.0.0.1:9001/$2?from=$1",
                        "ProxyPassMatch ^/admin !",
                        "ProxyPassMatch \\.css$ !",
                        "ProxyPass /u/12 http://127.0.0.1:9001/twelve nocanon",
                    ]);
                    body.push(words(line));
                }
            }
            3 => self.redirect(Scope::Server, body),
            4 => body.push(words("FallbackResource /index.php")),
            _ => {}
        }
    }

    /// `mod_cache` and `mod_expires` for a host.
    pub(crate) fn cache(&mut self, body: &mut Vec<Directive>) {
        body.push(d(["CacheEnable", "disk", self.rng.pick(&["/", "/", "/", "/api", "/docs", "/a/b"])]));
        for (line, percent) in [
            ("CacheQuickHandler off", 45),
            ("CacheIgnoreNoLastMod On", 35),
            ("CacheStorePrivate On", 15),
            ("CacheStoreNoStore On", 8),
            ("CacheStoreExpired On", 6),
            ("CacheMaxExpire 300", 6),
            ("CacheIgnoreCacheControl On", 6),
            ("CacheIgnoreHeaders Set-Cookie", 20),
            ("CacheIgnoreQueryString On", 15),
            ("CacheDisable /static", 10),
            ("CacheDisable /api/open", 10),
            ("CacheDefaultExpire 600", 10),
            ("CacheMinExpire 30", 6),
            ("ExpiresActive On", 20),
            ("ExpiresDefault A60", 20),
        ] {
            if self.rng.chance(percent) {
                body.push(words(line));
            }
        }
    }

    pub(crate) fn redirect(&mut self, scope: Scope, body: &mut Vec<Directive>) {
        if matches!(scope, Scope::Location | Scope::Files | Scope::Proxy | Scope::If) {
            let line = self.rng.pick(&[
                "Redirect http://o.test/n",
                "Redirect permanent http://o.test/n",
                "Redirect 410",
                "Redirect 404",
            ]);
            body.push(words(line));
            return;
        }
        let line = self.rng.pick(&[
            "Redirect /old http://o.test/new",
            "Redirect permanent /a http://o.test/b",
            "Redirect 301 /docs/ http://o.test/d/",
            "Redirect 410 /gone",
            "Redirect 404 /static",
            "Redirect 303 /see /page.html",
            "Redirect /old/x /page.html?x=1",
            "RedirectMatch 302 ^/m/(.*)$ http://o.test/$1",
            "RedirectMatch 301 \\.php$ http://o.test/php",
            "RedirectMatch 403 /\\.git",
            "RedirectPermanent /perm http://o.test/p",
        ]);
        body.push(words(line));
    }

    /// Directives that choose a handler.
    pub(crate) fn handler(&mut self, scope: Scope, body: &mut Vec<Directive>) {
        let line = match scope {
            Scope::Files | Scope::Location | Scope::Proxy | Scope::If => self.rng.pick(&[
                "SetHandler proxy:fcgi://127.0.0.1:9002",
                "SetHandler proxy:fcgi://127.0.0.1:9002",
                "SetHandler cgi-script",
                "SetHandler proxy:http://127.0.0.1:9001",
                "SetHandler None",
                "ProxyPass http://127.0.0.1:9001/loc",
                "Alias /srv/www/admin",
                "Alias /srv/www/page.html",
                "ProxyPass !",
                "ProxyPassMatch http://127.0.0.1:9001/m",
                "ProxyPassMatch http://127.0.0.1:9001/$1",
                "ProxyPass fcgi://127.0.0.1:9002/srv/www/",
                "ScriptAlias /srv/cgi/app",
                "ProxyPreserveHost On",
                "ProxyAddHeaders Off",
            ]),
            _ => self.rng.pick(&[
                "AddHandler cgi-script .php .cgi",
                "AddHandler cgi-script .php",
                "AddHandler cgi-script .cgi",
                "AddHandler proxy:fcgi://127.0.0.1:9002 .php",
                "AddHandler php-script .php",
                "RemoveHandler .php",
                "SetHandler None",
                "DirectoryIndex index.php index.html",
                "DirectoryIndex index.cgi",
                "DirectoryIndex disabled",
                "DirectoryIndex missing.html /page.html",
                "DirectorySlash Off",
                "DirectoryIndexRedirect on",
                "DirectoryIndexRedirect seeother",
                "DirectoryCheckHandler On",
                "DirectoryIndex index.html index.php /x.php",
                "RedirectRelative On",
                "ForceType text/plain",
                "AddType text/x-own .php",
                "RemoveHandler .cgi .php",
                "FallbackResource /index.php",
                "FallbackResource /page.html",
                "FallbackResource disabled",
                "AcceptPathInfo Off",
                "Options +ExecCGI",
                "Options -ExecCGI",
                "Options None",
                "Options +Indexes",
                "Options +MultiViews",
                "Options -FollowSymLinks",
                "Options SymLinksIfOwnerMatch",
                "Options +SymLinksIfOwnerMatch -FollowSymLinks",
                "Options -FollowSymLinks +ExecCGI",
            ]),
        };
        let directive = words(line);
        // A path for an application stands in a location only.
        if matches!(directive.name(), "ProxyPass" | "ProxyPassMatch" | "Alias" | "ScriptAlias") && scope != Scope::Location {
            return;
        }
        if line.starts_with("AddHandler php-script") {
            body.push(words(self.rng.pick(&["Action php-script /cgi-bin/app", "Action php-script /app.cgi virtual"])));
        }
        if line.starts_with("AddType") && self.rng.chance(40) {
            body.push(words("Action text/x-own /app.cgi"));
        }
        if directive.name() == "Options" && scope == Scope::Server {
            return;
        }
        if !has(body, directive.name()) {
            body.push(directive);
        }
    }

    pub(crate) fn error_document(&mut self, body: &mut Vec<Directive>) {
        let status = self.rng.pick(&["401", "403", "404", "404", "500", "405", "410", "400"]);
        let target = self.rng.pick(&[
            "/page.html",
            "/missing.html",
            "/x.php",
            "/cgi-bin/app",
            "/api/error",
            "http://o.test/e",
            "\"only a text\"",
            "default",
            "/page.html?from=%{REQUEST_URI}",
            "/x.php/info?q=1",
            "/admin/ajax.php",
            "https://o.test/%{HTTP_HOST}",
            "\"%{REQUEST_METHOD} refused\"",
            "/admin/index.php",
        ]);
        body.push(d(["ErrorDocument", status, target]));
    }
}
