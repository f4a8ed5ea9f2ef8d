//! What ingress-nginx makes of an Ingress, as its template has it (`rootfs/etc/nginx/template/nginx.tmpl` and `buildLocation` and its
//! like in `internal/ingress/controller/template`), so that the real nginx can be asked; and nginx that stands inside of a `ConfigMap`.
//!
//! Three things are put otherwise, and do not matter here: the controller's Lua hashes the key of the cache of verdicts and finds the
//! addresses of a service, and the cache lies elsewhere.

use std::fmt::Write as _;

use yaml_serde::Value;

use super::markdown::{Block, Example};

const PREFIX: &str = "nginx.ingress.kubernetes.io/";

/// What the controller keeps verdicts for where `auth-cache-duration` is not written.
const DURATIONS: &str = "200 202 401 5m";

/// An example in YAML as the nginx that comes of it; `None`: none does.
pub fn rendered(example: &Example) -> Option<Example> {
    if example.language != "yaml" {
        return None;
    }
    let (_, block) = example.files.first()?;
    let document: Value = yaml_serde::from_str(&block.text).ok()?;
    let text = match document.get("kind")?.as_str()? {
        "Ingress" => ingress(&document)?,
        "ConfigMap" => inside(&document)?,
        _ => return None,
    };
    let info = vec!["nginx".to_owned(), example.role.clone()];
    let block = Block { info, text, ..block.clone() };
    Some(Example {
        language: "nginx".to_owned(),
        files: vec![("nginx.conf".to_owned(), block)],
        witness: example.witness.clone(),
        ..example.clone()
    })
}

/// The first configuration of a `ConfigMap`.
fn inside(document: &Value) -> Option<String> {
    let data = document.get("data")?.as_mapping()?;
    let mut files = data
        .iter()
        .filter(|(name, _)| name.as_str().is_some_and(|name| name.rsplit_once('.').is_some_and(|(_, end)| end == "conf")));
    files.next()?.1.as_str().map(str::to_owned)
}

/// The annotation of this name.
fn annotation<'d>(document: &'d Value, name: &str) -> Option<&'d str> {
    document.get("metadata")?.get("annotations")?.get(format!("{PREFIX}{name}").as_str())?.as_str()
}

fn ingress(document: &Value) -> Option<String> {
    document
        .get("metadata")?
        .get("annotations")?
        .as_mapping()?
        .iter()
        .find(|(key, _)| key.as_str().is_some_and(|key| key.starts_with(PREFIX)))?;
    let mut out = String::new();
    if annotation(document, "auth-cache-key").is_some() {
        out.push_str("proxy_cache_path /var/cache/nginx/auth levels=1:2 keys_zone=auth_cache:10m max_size=128m inactive=30m;\n");
    }
    for rule in document.get("spec")?.get("rules")?.as_sequence()? {
        let host = rule.get("host").and_then(Value::as_str).unwrap_or("_");
        writeln!(out, "server {{\n  listen 80;\n  server_name {host};").ok()?;
        for (number, path) in rule.get("http")?.get("paths")?.as_sequence()?.iter().enumerate() {
            let text = path.get("path").and_then(Value::as_str).unwrap_or("/");
            let service = path.get("backend")?.get("service")?.get("name")?.as_str()?;
            let verdicts = format!("/_external-auth-{number}");
            auth_location(document, host, &verdicts, &mut out)?;
            // A prefix matches whole elements of the path: two locations.
            let exact = path.get("pathType").and_then(Value::as_str) == Some("Exact");
            let folder = text.trim_end_matches('/');
            let locations = match (exact, folder) {
                (true, _) => vec![format!("= {text}")],
                (_, "") => vec!["/".to_owned()],
                (_, folder) => vec![format!("{folder}/"), format!("= {folder}")],
            };
            for location in locations {
                writeln!(out, "  location {location} {{").ok()?;
                access(document, &verdicts, &mut out)?;
                writeln!(out, "    proxy_set_header Host $http_host;\n    proxy_pass http://{service};\n  }}").ok()?;
            }
        }
        out.push_str("}\n");
    }
    Some(out)
}

/// The location of the subrequest that `auth-url` makes.
fn auth_location(document: &Value, host: &str, location: &str, out: &mut String) -> Option<()> {
    let Some(url) = annotation(document, "auth-url") else { return Some(()) };
    writeln!(out, "  location = {location} {{\n    internal;").ok()?;
    if let Some(key) = annotation(document, "auth-cache-key") {
        writeln!(out, "    set $tmp_cache_key '{host}{location}{key}';\n    proxy_cache auth_cache;").ok()?;
        for durations in annotation(document, "auth-cache-duration").unwrap_or(DURATIONS).split(',') {
            writeln!(out, "    proxy_cache_valid {};", durations.trim()).ok()?;
        }
        writeln!(out, "    proxy_cache_key \"$tmp_cache_key\";").ok()?;
    }
    out.push_str(
        "    proxy_intercept_errors off;\n    proxy_pass_request_body off;\n    proxy_set_header Content-Length \"\";\n",
    );
    out.push_str("    proxy_set_header X-Original-URL $scheme://$http_host$request_uri;\n    proxy_pass_request_headers on;\n");
    writeln!(out, "    proxy_pass {url};\n  }}").ok()
}

/// Who is let in.
fn access(document: &Value, verdicts: &str, out: &mut String) -> Option<()> {
    for (name, word) in [("denylist-source-range", "deny"), ("whitelist-source-range", "allow")] {
        let Some(networks) = annotation(document, name) else { continue };
        for network in networks.split(',') {
            writeln!(out, "    {word} {};", network.trim()).ok()?;
        }
        if word == "allow" {
            out.push_str("    deny all;\n");
        }
    }
    if annotation(document, "auth-url").is_some() {
        writeln!(out, "    auth_request {verdicts};\n    auth_request_set $auth_cookie $upstream_http_set_cookie;").ok()?;
        out.push_str("    add_header Set-Cookie $auth_cookie;\n");
    }
    if annotation(document, "auth-type") == Some("basic") {
        let realm = annotation(document, "auth-realm").unwrap_or("Authentication Required");
        writeln!(out, "    auth_basic \"{realm}\";\n    auth_basic_user_file /etc/ingress-controller/auth/users.passwd;").ok()?;
        out.push_str("    proxy_set_header Authorization \"\";\n");
    }
    if let Some(satisfy) = annotation(document, "satisfy") {
        writeln!(out, "    satisfy {satisfy};").ok()?;
    }
    Some(())
}
