//! Variables, values and the tables that make them.

use super::directives::{d, has};
use super::generate::Generator;
use crate::support::conf::Directive;

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
    pub(crate) fn value(&mut self) -> String {
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
}
