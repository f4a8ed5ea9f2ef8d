//! Random requests for a route configuration.

use super::generate::{DOMAINS, PATHS, VALUES};
use crate::ask::{Ask, neighbour};
use crate::rng::Rng;
use crate::support::conf::Directive;

/// Requests for the paths and hosts that the configuration names, and for others.
pub(crate) fn requests(tree: &[Directive], rng: &mut Rng, count: usize) -> Vec<Ask> {
    let mut paths: Vec<String> = PATHS.iter().map(|path| (*path).to_owned()).collect();
    let mut hosts: Vec<String> = DOMAINS.iter().map(|domain| host(domain)).collect();
    for directive in tree {
        directive.walk(&mut |d| match d.name() {
            // Those that are named are asked for more often.
            "prefix" | "path" | "path_separated_prefix" if d.arg(0).starts_with('/') => {
                paths.extend([d.arg(0), d.arg(0), format!("{}x", d.arg(0)), format!("{}/x", d.arg(0).trim_end_matches('/'))]);
            }
            "domains" => hosts.extend(d.children().iter().flat_map(|item| [host(&item.arg(0)), host(&item.arg(0))])),
            _ => {}
        });
    }
    (0..count).map(|_| ask(rng, &paths, &hosts)).collect()
}

/// A host that a domain is for.
fn host(domain: &str) -> String {
    match domain {
        "*" => "other.invalid".to_owned(),
        domain => domain.replace('*', "b").to_ascii_lowercase(),
    }
}

fn ask(rng: &mut Rng, paths: &[String], hosts: &[String]) -> Ask {
    let path = rng.one(paths).cloned().unwrap_or_default();
    let mut target = if rng.chance(25) { neighbour(&path, rng) } else { path };
    if rng.chance(35) {
        let value = rng.pick(&VALUES);
        target = format!(
            "{target}?{}",
            rng.pick(&[&*format!("q={value}"), &*format!("q={value}&q=v"), "q", "z=1", &*format!("z&q={value}")])
        );
    }
    let mut headers = Vec::new();
    let mut add = |name: &str, value: &str| headers.push((name.to_owned(), value.to_owned()));
    match rng.weighted(&[45, 25, 15, 15]) {
        1 => add("Authorization", "Bearer of-the-client"),
        2 => add("Authorization", "Basic am9lOnNlY3JldA=="),
        3 => add("authorization", "Basic dXNlcjpzZWNyZXQ="),
        _ => {}
    }
    if rng.chance(35) {
        add("Cookie", "session=of-the-client");
    }
    if rng.chance(25) {
        add("X-Forwarded-Proto", rng.pick(&["https", "http"]));
    }
    if rng.chance(15) {
        add("X-Forwarded-Host", "forwarded.test");
    }
    if rng.chance(40) {
        add("X-H", rng.pick(&VALUES));
        if rng.chance(15) {
            add("x-h", rng.pick(&VALUES));
        }
    }
    if rng.chance(20) {
        add("X-O", "o");
    }
    Ask {
        method: rng.pick(&["GET", "GET", "GET", "POST", "PUT"]).to_owned(),
        target,
        port: 80,
        host: rng.one(hosts).cloned(),
        headers,
        reply: (if rng.chance(10) { 401 } else { 200 }, Vec::new()),
        verdict: 200,
    }
}
