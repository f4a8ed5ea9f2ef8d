//! Requests for a configuration: made from its own sections and patterns, and from their neighbours.

use super::HTACCESS;
use super::generate::{DIRECTORIES, DIRECTORY_REGEXES, FILE_NAMES, FILE_REGEXES, FILES, LOCATION_REGEXES, LOCATIONS, has};
use super::rewriting::{FOLDER_PATTERNS, SERVER_PATTERNS};
use crate::ask::{Ask, neighbour};
use crate::rng::Rng;
use crate::support::apache_conf::{self as conf, arg};
use crate::support::client;
use crate::support::conf::Directive;

/// Paths that no section names.
const OTHERS: [&str; 31] = [
    "/",
    "/nowhere",
    "/old",
    "/old/x",
    "/gone",
    "/see",
    "/m/x",
    "/perm",
    "/cgi-bin/app",
    "/api/v1/x",
    "/al/x.php",
    "/am/a/b/x.php",
    "/x.php/info",
    "/run/app",
    "/x.php/",
    "/app.cgi/a/b",
    "/a/b/x.php/..",
    "/..",
    "/a/%2e%2e/x.php",
    "/x.php%3fa=1",
    "/docs.",
    "/a/../../x",
    "/%61dmin/x.php",
    "/page.html%20",
    "/x%5cy",
    "//admin//x.php",
    "/docs/page.html/.",
    "/api/v1/a%2fb",
    "/a;x=1/index.html",
    "/~user/x",
    "/u/7/a%20b?c=%20d",
];

/// What the requests are made of.
struct Material {
    own: Vec<String>,
    hosts: Vec<(String, Vec<u16>)>,
}

/// Some requests for a configuration.
pub(crate) fn requests(tree: &[Directive], rng: &mut Rng, count: usize) -> Vec<Ask> {
    let mut material = Material { own: Vec::new(), hosts: Vec::new() };
    for directive in tree {
        let folder = if directive.name() == HTACCESS {
            let path = directive.words.get(1).map_or("", String::as_str);
            path.trim_start_matches("/srv/www").trim_end_matches(".htaccess").to_owned()
        } else {
            String::new()
        };
        if !folder.is_empty() {
            let inside = FILES.iter().filter(|f| f.starts_with(&folder)).map(|f| (*f).to_owned());
            material.own.extend(inside.chain([folder.clone(), format!("{folder}missing")]));
        }
        directive.walk(&mut |d| gather(d, &folder, &mut material));
    }
    (0..count)
        .map(|_| {
            let path = match rng.weighted(&[60, 25, 15]) {
                0 => rng.one(&material.own).cloned(),
                1 => Some(rng.pick(&FILES).to_owned()),
                _ => Some(rng.pick(&OTHERS).to_owned()),
            };
            ask(&path.unwrap_or_else(|| "/".to_owned()), &material, rng)
        })
        .collect()
}

fn gather(directive: &Directive, folder: &str, material: &mut Material) {
    let last = directive.words.last().map(|w| conf::value(w)).unwrap_or_default();
    let from = |table: &[(&str, &[&str])]| -> Vec<String> {
        let found = table.iter().find(|(key, _)| *key == last).map_or(&[][..], |(_, paths)| paths);
        found.iter().map(|p| (*p).to_owned()).collect()
    };
    match directive.name() {
        "Directory" => {
            material.own.extend(from(&DIRECTORIES));
            material.own.extend(from(&DIRECTORY_REGEXES));
        }
        "DirectoryMatch" => material.own.extend(from(&DIRECTORY_REGEXES)),
        "Files" | "FilesMatch" => {
            material.own.extend(from(&FILE_NAMES));
            material.own.extend(from(&FILE_REGEXES));
        }
        "Location" | "LocationMatch" => {
            material.own.extend(from(&LOCATIONS));
            material.own.extend(from(&LOCATION_REGEXES));
        }
        "RewriteRule" => {
            let pattern = arg(directive, 0);
            let server = SERVER_PATTERNS.iter().find(|(p, _)| *p == pattern).map_or(&[][..], |(_, paths)| paths);
            material.own.extend(server.iter().map(|p| (*p).to_owned()));
            if !folder.is_empty() {
                let below = FOLDER_PATTERNS.iter().find(|(p, _)| *p == pattern).map_or(&[][..], |(_, paths)| paths);
                material.own.extend(below.iter().map(|p| format!("{folder}{p}")));
            }
        }
        "ProxyPassMatch" => material.own.extend(["/api/v1/x", "/u/12", "/docs/page.html", "/a/b/x.php"].map(str::to_owned)),
        "Redirect" | "ProxyPass" | "Alias" | "ScriptAlias" => {
            let prefixes = directive.words.iter().skip(1).filter(|w| w.starts_with('/') && !w.starts_with("/srv/")).take(1);
            material.own.extend(prefixes.flat_map(|p| [p.clone(), format!("{p}/x.php"), format!("{p}x")]));
        }
        "VirtualHost" => {
            let ports = directive.words.iter().filter_map(|w| w.strip_prefix("*:")?.parse().ok()).collect::<Vec<u16>>();
            let mut names = Vec::new();
            for name in directive.children().iter().filter(|c| matches!(c.name(), "ServerName" | "ServerAlias")) {
                let said = arg(name, 0);
                let said = said.strip_prefix("https://").unwrap_or(&said);
                names.push(match said.split(':').next().unwrap_or_default() {
                    "*.a.test" => "x.a.test".to_owned(),
                    "w?w.b.test" => "wxw.b.test".to_owned(),
                    "*.test" => "any.test".to_owned(),
                    plain => plain.to_owned(),
                });
            }
            if !has(directive.children(), "ServerName") {
                names.push("nobody.test".to_owned());
            }
            material.hosts.extend(names.into_iter().map(|name| (name, ports.clone())));
        }
        _ => {}
    }
}

fn ask(path: &str, material: &Material, rng: &mut Rng) -> Ask {
    let mut target = neighbour(path, rng);
    if rng.chance(30) {
        target.push_str(rng.pick(&["?a=1", "?a=xb", "?", "?a=1&b=2", "?q=%20x"]));
    }
    let method = rng
        .pick(&[
            "GET", "GET", "GET", "GET", "GET", "GET", "GET", "GET", "GET", "HEAD", "POST", "POST", "PUT", "OPTIONS", "DELETE",
            "FOO", "TRACE", "PATCH", "PROPFIND",
        ])
        .to_owned();
    let (mut name, ports) = rng.one(&material.hosts).cloned().unwrap_or_else(|| ("a.test".to_owned(), vec![8081]));
    let mut port = rng.one(&ports).copied().unwrap_or(8081);
    if rng.chance(3) {
        port = if port == 8081 { 8082 } else { 8081 };
    }
    if rng.chance(4) {
        name = format!("sub.{name}");
    }
    if rng.chance(3) {
        name.push('.');
    }
    if rng.chance(3) {
        name = name.replace('a', "A");
    }
    let mut host = Some(match rng.weighted(&[70, 27, 3]) {
        0 => format!("{name}:{port}"),
        1 => name,
        _ => format!("{name}:9999"),
    });
    if rng.chance(1) {
        host = None;
    }
    let mut headers = Vec::new();
    if rng.chance(55) {
        let value = match rng.below(8) {
            0..=2 => "Bearer abc.def".to_owned(),
            3 | 4 => format!("Basic {}", client::base64("user:secret")),
            5 => format!("Basic {}", client::base64("user:wrong")),
            6 => format!("basic {}", client::base64("joe:secret")),
            _ => "Digest x".to_owned(),
        };
        headers.push(("Authorization".to_owned(), value));
    }
    for (name, value, percent) in [
        ("Cookie", "sid=1", 15),
        ("Cookie", "other=2; sid=x y", 10),
        ("X-Forwarded-Proto", "https", 12),
        ("X-Forwarded-Host", "public.test", 6),
        ("X-Token", "t0k", 15),
        ("Cache-Control", "no-cache", 3),
        ("X-Client", "10.0.0.7", 6),
        ("X-Client", "10.0.0.7, 192.0.2.3", 3),
        ("User-Agent", "curl/8.0", 10),
    ] {
        if rng.chance(percent) && !headers.iter().any(|(n, _)| n == name) {
            headers.push((name.to_owned(), value.to_owned()));
        }
    }
    let mut reply = match rng.below(14) {
        0 => (401, vec![("WWW-Authenticate".to_owned(), "Bearer".to_owned())]),
        1 => (404, Vec::new()),
        2 => (200, vec![("Set-Cookie".to_owned(), "s=1".to_owned())]),
        3 => (200, vec![("Cache-Control".to_owned(), "max-age=60".to_owned())]),
        4 => (200, vec![("Cache-Control".to_owned(), "private".to_owned())]),
        _ => (200, Vec::new()),
    };
    // Which the model takes the answers of applications for.
    reply.1.push(("Content-Type".to_owned(), "text/html".to_owned()));
    Ask { method, target, port, host, headers, reply, verdict: 200 }
}
