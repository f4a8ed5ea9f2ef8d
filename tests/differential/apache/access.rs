//! Who is let in: authentication, `Require`, the access directives of 2.2.

use super::generate::{Generator, d, has};
use crate::support::conf::Directive;

impl Generator {
    /// An authentication block, whole or with a part missing.
    pub(crate) fn authentication(&mut self, body: &mut Vec<Directive>) {
        if has(body, "AuthType") || has(body, "AuthName") || has(body, "AuthUserFile") {
            return;
        }
        if self.rng.chance(92) {
            body.push(d(["AuthType", self.rng.pick(&["Basic", "Basic", "Basic", "Basic", "Basic", "Basic", "basic", "None"])]));
        }
        if self.rng.chance(94) {
            body.push(d(["AuthName", self.rng.pick(&["Area", "\"Two words\"", "Admin", "\"say \\\"friend\\\"\""])]));
        }
        if self.rng.chance(88) {
            let file = self.rng.pick(&[
                "/srv/passwords/users",
                "/srv/passwords/users",
                "/srv/passwords/users",
                "/srv/passwords/users",
                "/srv/passwords/others",
                "/srv/passwords/missing",
                "passwords/users",
            ]);
            body.push(d(["AuthUserFile", file]));
        }
        if self.rng.chance(25) {
            body.push(d([
                "AuthGroupFile",
                self.rng.pick(&["/srv/passwords/groups", "/srv/passwords/groups", "/srv/passwords/none"]),
            ]));
        }
        if self.rng.chance(5) {
            body.push(d(["AuthBasicProvider", "file"]));
        }
        if self.rng.chance(3) {
            body.push(d(["AuthBasicAuthoritative", "Off"]));
        }
        if self.rng.chance(4) {
            body.push(d(["AuthzSendForbiddenOnFailure", "On"]));
        }
        if self.rng.chance(3) {
            body.push(d(["AuthBasicFake", "made", "up"]));
        }
        if self.rng.chance(2) {
            body.push(d(["SSLRequireSSL"]));
        }
        if self.rng.chance(88) {
            self.requirement(body);
        }
    }

    /// `Require`, alone or in containers.
    pub(crate) fn requirement(&mut self, body: &mut Vec<Directive>) {
        if self.rng.chance(22) && !has(body, "AuthMerging") {
            body.push(d(["AuthMerging", self.rng.pick(&["And", "Or", "Off"])]));
        }
        // Without authentication nobody can be a user; that is a fault which hides all others.
        if !has(body, "AuthType") && self.rng.chance(75) {
            let who = self.rng.pick(&[
                "all granted",
                "all granted",
                "all denied",
                "ip 127.0.0.1",
                "env let_in",
                "local",
                "method GET",
                "ssl",
            ]);
            body.push(Directive::simple(["Require"].into_iter().chain(who.split(' '))));
            return;
        }
        if self.rng.weighted(&[75, 25]) == 0 {
            for _ in 0..=self.rng.weighted(&[75, 20, 5]) {
                let require = self.require(false);
                body.push(require);
            }
        } else {
            let container = self.container(0);
            body.push(container);
        }
    }

    fn container(&mut self, depth: usize) -> Directive {
        let all = self.rng.chance(60);
        let mut body = vec![self.require(false)];
        for _ in 0..self.rng.below(3) {
            match self.rng.weighted(&[60, 20, 10]) {
                1 if depth < 2 => {
                    let inner = self.container(depth + 1);
                    body.push(inner);
                }
                2 if all => {
                    let mut inner = vec![self.require(false)];
                    if self.rng.chance(40) {
                        inner.push(self.require(false));
                    }
                    body.push(Directive::block(["RequireNone"], inner));
                }
                _ => {
                    let negative = all && self.rng.chance(30);
                    let require = self.require(negative);
                    body.push(require);
                }
            }
        }
        Directive::block([if all { "RequireAll" } else { "RequireAny" }], body)
    }

    fn require(&mut self, negative: bool) -> Directive {
        let who = self.rng.pick(&[
            "valid-user",
            "valid-user",
            "valid-user",
            "valid-user",
            "user user",
            "user other joe",
            "group staff",
            "group admins",
            "all granted",
            "all denied",
            "ip 127.0.0.1",
            "ip 127.0.0.0/8 10",
            "ip 10.0.0.0/8",
            "local",
            "env let_in",
            "method GET HEAD",
            "method POST OPTIONS",
            "expr",
            "valid-user",
            "forward-dns localhost",
            "host localhost",
            "ssl",
            "ip 10.0.0.7",
        ]);
        // What needs a user cannot be told from a refusal without one where it is negated.
        let who = if negative && who == "valid-user" { "ip 10.0.0.0/8" } else { who };
        let mut words = vec!["Require".to_owned()];
        if negative {
            words.push("not".to_owned());
        }
        words.extend(who.split(' ').map(str::to_owned));
        if who == "expr" {
            words.push(format!("\"{}\"", self.expression()));
        }
        Directive::simple(words)
    }

    /// `Order`, `Allow`, `Deny`, `Satisfy`.
    pub(crate) fn access_of_2_2(&mut self, body: &mut Vec<Directive>) {
        if has(body, "Order") || has(body, "Satisfy") {
            return;
        }
        if self.rng.chance(85) {
            body.push(d(["Order", self.rng.pick(&["allow,deny", "deny,allow", "Deny,Allow"])]));
        }
        for _ in 0..=self.rng.below(2) {
            let who =
                self.rng.pick(&["all", "127.0.0.1", "10.0.0.0/8", "127.", "env=let_in", "127.0.0.1/255.0.0.0", "env=!let_in"]);
            body.push(d([self.rng.pick(&["Allow", "Deny"]), "from", who]));
        }
        if self.rng.chance(35) {
            body.push(d(["Satisfy", self.rng.pick(&["any", "Any", "all"])]));
        }
    }

    /// `<Limit>` or `<LimitExcept>`.
    pub(crate) fn limit(&mut self) -> Directive {
        let (name, methods) = self.rng.pick(&[
            &("Limit", "GET POST"),
            &("Limit", "POST PUT DELETE"),
            &("Limit", "OPTIONS"),
            &("LimitExcept", "GET POST OPTIONS"),
            &("LimitExcept", "OPTIONS"),
            &("LimitExcept", "GET"),
        ]);
        let mut words = vec![*name];
        words.extend(methods.split(' '));
        let mut body = Vec::new();
        if self.rng.chance(70) {
            let require = self.require(false);
            body.push(require);
        } else {
            self.access_of_2_2(&mut body);
            body.retain(|d| d.name() != "Satisfy");
        }
        // What stands beside it in there is for every method.
        match self.rng.below(12) {
            0 => self.error_document(&mut body),
            1 => self.mark(&mut body),
            _ => {}
        }
        Directive::block(words, body)
    }
}
