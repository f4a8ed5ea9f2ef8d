//! Random route configurations that the real Envoy accepts.

use super::real::CLUSTERS;
use super::{block, text, texts, word};
use crate::rng::Rng;
use crate::support::conf::Directive;

/// Domains besides `*`.
pub(crate) const DOMAINS: [&str; 9] =
    ["a.test", "*.a.test", "b.a.test", "*.test", "a.*", "www.b.test", "*-x.test", "B.test", "www.*"];

/// Paths, also beginnings of others.
pub(crate) const PATHS: [&str; 12] =
    ["/", "/a", "/a/", "/a/b", "/api", "/api/", "/api/v1/x", "/login", "/Admin", "/admin", "/static/app.css", "/x.php"];

/// Regular expressions for whole paths.
const REGEXES: [&str; 7] = ["/a.*", ".*\\.php", "/api/v[0-9]+/.*", "/(admin|login)", "/[^/]*", "(?i)/ADMIN", ".*/x"];

/// Values of the field and the parameter that routes ask for.
pub(crate) const VALUES: [&str; 6] = ["v", "V", "vw", "w", "12", "avb"];

/// The filter that asks for a password.
const PASSWORD: &str = "envoy.filters.http.basic_auth";

/// The settings of a connection manager.
pub(crate) fn configuration(seed: u64) -> Vec<Directive> {
    let mut rng = Rng::new(seed);
    let mut out = Vec::new();
    if rng.chance(25) {
        out.push(word("use_remote_address", "true"));
        if rng.chance(30) {
            out.push(word("xff_num_trusted_hops", "1"));
        }
    }
    let password = rng.chance(10);
    if password {
        let kind = "type.googleapis.com/envoy.extensions.filters.http.basic_auth.v3.BasicAuth";
        let users = block("users", vec![text("inline_string", "user:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=")]);
        let config = block("typed_config", vec![text("\"@type\"", kind), users]);
        out.push(block("http_filters", vec![block("-", vec![text("name", PASSWORD), config])]));
    }
    let mut configuration = Vec::new();
    if rng.chance(30) {
        configuration.push(word("most_specific_header_mutations_wins", "true"));
    }
    edits(&mut rng, 30, &mut configuration);
    let mut domains: Vec<&str> = DOMAINS.to_vec();
    let mut number = 0;
    let count = 1 + rng.below(3);
    let rest = rng.below(count);
    let hosts = (0..count)
        .map(|index| {
            let mut own: Vec<&str> = (0..=rng.below(2)).map(|_| domains.remove(rng.below(domains.len()))).collect();
            if index == rest {
                own.push("*");
            }
            block("-", virtual_host(&mut rng, index, &own, password, &mut number))
        })
        .collect();
    configuration.push(block("virtual_hosts", hosts));
    out.push(block("route_config", configuration));
    out
}

fn virtual_host(rng: &mut Rng, index: usize, domains: &[&str], password: bool, number: &mut usize) -> Vec<Directive> {
    let mut out = vec![text("name", &format!("host {index}")), texts("domains", domains)];
    edits(rng, 35, &mut out);
    if rng.chance(8) {
        out.push(word("require_tls", "ALL"));
    }
    if password && rng.chance(30) {
        out.push(off());
    }
    let routes = (0..=rng.below(5))
        .map(|_| {
            *number += 1;
            block("-", route(rng, password, *number))
        })
        .collect();
    out.push(block("routes", routes));
    out
}

/// The password is not asked for here.
fn off() -> Directive {
    let kind = text("\"@type\"", "type.googleapis.com/envoy.config.route.v3.FilterConfig");
    block("typed_per_filter_config", vec![block(PASSWORD, vec![kind, word("disabled", "true")])])
}

fn route(rng: &mut Rng, password: bool, number: usize) -> Vec<Directive> {
    let (asked, is_prefix) = asked(rng);
    let mut out = vec![asked];
    let mark = block(
        "-",
        vec![
            block("header", vec![text("key", "X-Served"), text("value", &format!("r{number}"))]),
            word("append_action", "OVERWRITE_IF_EXISTS_OR_ADD"),
        ],
    );
    let mut own = Vec::new();
    edits(rng, 40, &mut own);
    match own.iter_mut().find(|entry| entry.name() == "response_headers_to_add").and_then(Directive::children_mut) {
        Some(list) => list.push(mark),
        None => own.push(block("response_headers_to_add", vec![mark])),
    }
    out.extend(own);
    if password && rng.chance(20) {
        out.push(off());
    }
    out.push(match rng.weighted(&[70, 18, 12]) {
        0 => block("route", forward(rng, is_prefix)),
        1 => block("redirect", redirect(rng)),
        _ => block("direct_response", vec![word("status", rng.pick(&["200", "204", "401", "403", "404", "503"]))]),
    });
    out
}

/// A `match`, and whether it is one of a beginning.
fn asked(rng: &mut Rng) -> (Directive, bool) {
    let path = rng.pick(&PATHS);
    let kind = rng.weighted(&[50, 20, 12, 18]);
    let mut entries = match kind {
        0 => vec![text("prefix", path)],
        1 => vec![text("path", path)],
        2 => vec![text("path_separated_prefix", if path.len() > 1 { path.trim_end_matches('/') } else { "/a" })],
        _ => vec![block("safe_regex", vec![text("regex", rng.pick(&REGEXES))])],
    };
    if kind < 3 && rng.chance(15) {
        entries.push(word("case_sensitive", "false"));
    }
    if rng.chance(20) {
        entries.push(block("headers", vec![block("-", header(rng))]));
    }
    if rng.chance(12) {
        let wanted = if rng.chance(30) { word("present_match", "true") } else { block("string_match", matcher(rng)) };
        entries.push(block("query_parameters", vec![block("-", vec![text("name", "q"), wanted])]));
    }
    if rng.chance(4) {
        let numerator = word("numerator", rng.pick(&["0", "100"]));
        entries.push(block("runtime_fraction", vec![block("default_value", vec![numerator])]));
    }
    (block("match", entries), kind == 0)
}

fn header(rng: &mut Rng) -> Vec<Directive> {
    let (name, own) = match rng.weighted(&[60, 15, 15, 10]) {
        0 => ("x-h", None),
        1 => (":method", Some("POST")),
        2 => ("x-forwarded-proto", Some("https")),
        _ => (":authority", Some("b.a.test")),
    };
    let mut out = vec![text("name", name)];
    match (own, rng.weighted(&[15, 10, 60, 15])) {
        (Some(value), _) => out.push(block("string_match", vec![text("exact", value)])),
        (None, 0) => {}
        (None, 1) => out.push(word("present_match", rng.pick(&["true", "false"]))),
        (None, 2) => out.push(block("string_match", matcher(rng))),
        (None, _) => out.push(block("range_match", vec![word("start", "10"), word("end", "20")])),
    }
    if rng.chance(25) {
        out.push(word("invert_match", "true"));
    }
    if rng.chance(15) {
        out.push(word("treat_missing_header_as_empty", "true"));
    }
    out
}

fn matcher(rng: &mut Rng) -> Vec<Directive> {
    let value = rng.pick(&VALUES);
    let mut out = vec![match rng.below(5) {
        0 => block("safe_regex", vec![text("regex", rng.pick(&["v+", "[a-z]*", "V|w"]))]),
        number => text(["exact", "prefix", "suffix", "contains"][number - 1], value),
    }];
    if out[0].name() != "safe_regex" && rng.chance(25) {
        out.push(word("ignore_case", "true"));
    }
    out
}

fn forward(rng: &mut Rng, is_prefix: bool) -> Vec<Directive> {
    let mut out = Vec::new();
    if rng.chance(15) {
        let several = rng.chance(35);
        let cluster = |rng: &mut Rng, weight: &str| {
            let mut entries = vec![text("name", rng.pick(&CLUSTERS)), word("weight", weight)];
            edits(rng, 60, &mut entries);
            if rng.chance(20) {
                entries.push(text("host_rewrite_literal", "drawn.internal"));
            }
            block("-", entries)
        };
        let clusters = vec![cluster(rng, "1"), cluster(rng, if several { "1" } else { "0" })];
        out.push(block("weighted_clusters", vec![block("clusters", clusters)]));
    } else {
        out.push(text("cluster", rng.pick(&CLUSTERS)));
    }
    if rng.chance(15) && is_prefix {
        out.push(text("prefix_rewrite", rng.pick(&["/", "/r", "/r/"])));
    }
    match rng.weighted(&[78, 19, 3]) {
        1 => out.push(text("host_rewrite_literal", "app.internal")),
        2 => out.push(word("auto_host_rewrite", "true")),
        _ => {}
    }
    if rng.chance(30) {
        out.push(word("append_x_forwarded_host", "true"));
    }
    out
}

fn redirect(rng: &mut Rng) -> Vec<Directive> {
    let mut out = Vec::new();
    match rng.weighted(&[40, 35, 15, 10]) {
        1 => out.push(word("https_redirect", "true")),
        2 => out.push(text("scheme_redirect", "https")),
        3 => out.push(text("scheme_redirect", "http")),
        _ => {}
    }
    match rng.weighted(&[35, 25, 10, 15, 15]) {
        1 => out.push(text("path_redirect", rng.pick(&["/n", "/n/m"]))),
        2 => out.push(text("path_redirect", "/n?z=1")),
        3 => out.push(text("prefix_rewrite", rng.pick(&["/n", "/n/", "/"]))),
        4 => {
            let pattern = block("pattern", vec![text("regex", "/([a-z]+)/([^/]*)")]);
            out.push(block("regex_rewrite", vec![pattern, text("substitution", "/\\2/\\1")]));
        }
        _ => {}
    }
    if rng.chance(40) {
        out.push(text("host_redirect", "new.test"));
    }
    if rng.chance(12) {
        out.push(word("port_redirect", rng.pick(&["8443", "443", "80"])));
    }
    if rng.chance(15) {
        out.push(word("strip_query", "true"));
    }
    if rng.chance(40) {
        out.push(word("response_code", rng.pick(&["FOUND", "SEE_OTHER", "TEMPORARY_REDIRECT", "PERMANENT_REDIRECT"])));
    }
    out
}

/// Edits of header fields, with some percent for requests and fewer for responses.
fn edits(rng: &mut Rng, percent: usize, out: &mut Vec<Directive>) {
    const NAMES: [&str; 6] = ["Authorization", "authorization", "Cookie", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Other"];
    if rng.chance(percent) {
        let added = (0..=rng.below(2)).map(|_| {
            let name = *rng.one(&NAMES).expect("a name");
            added(rng, name)
        });
        out.push(block("request_headers_to_add", added.collect()));
    }
    if rng.chance(percent / 2) {
        let names: Vec<&str> = (0..=rng.below(2)).map(|_| *rng.one(&NAMES).expect("a name")).collect();
        out.push(texts("request_headers_to_remove", &names));
    }
    if rng.chance(percent / 2) {
        out.push(block("response_headers_to_add", vec![added(rng, "X-Extra")]));
    }
    if rng.chance(percent / 5) {
        out.push(texts("response_headers_to_remove", &["x-extra"]));
    }
}

fn added(rng: &mut Rng, name: &str) -> Directive {
    let value = match rng.weighted(&[42, 42, 8, 6, 2]) {
        0 => "Basic dTpw",
        1 => "https",
        2 => "",
        3 => "a%%b",
        _ => "%REQ(X-O)%",
    };
    let mut out = vec![block("header", vec![text("key", name), text("value", value)])];
    // Two lines of Cookie are what comes of adding to one; what is compared is one.
    let weights = if name == "Cookie" { [0, 0, 30, 70] } else { [35, 15, 15, 35] };
    let action =
        ["APPEND_IF_EXISTS_OR_ADD", "ADD_IF_ABSENT", "OVERWRITE_IF_EXISTS", "OVERWRITE_IF_EXISTS_OR_ADD"][rng.weighted(&weights)];
    out.push(word("append_action", action));
    if rng.chance(10) {
        out.push(word("keep_empty_value", "true"));
    }
    block("-", out)
}
