//! Directives of the rewrite module.

use super::directives::d;
use super::generate::{Generator, REGEXES, Scope};
use crate::support::conf::{Directive, quote};

impl Generator {
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
