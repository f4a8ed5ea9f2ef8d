//! The input, and one function a stage: the only place of the benches that calls the library.

use std::fmt::Write as _;

use lint401::model::Paths;
use lint401::source::{FileId, SourceMap};
use lint401::syntax::nginx;
use lint401::syntax::nginx::Tree;

/// A server in the manner of real ones; names, ports and paths differ, so that nothing can be gained from equal texts.
fn server(out: &mut String, i: usize, fault: &str) {
    let login = ["/wp-login.php", "/login", "/users/sign_in", "/oauth/token", "/admin/login/"][i % 5];
    let (port, area, life) = (9_000 + i % 700, i % 97, 1 + i % 30);
    let written = write!(
        out,
        r#"    server {{
        listen 127.0.0.1:{};
        server_name site{i}.example.com www.site{i}.example.com;
        root /srv/site{i}/public;{fault}
        # Application {i}
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-Proto $scheme;

        location / {{
            proxy_pass http://127.0.0.1:{port};
        }}
        location ^~ /area{area}/ {{
            auth_basic "Area {area}";
            auth_basic_user_file htpasswd/{area};
            proxy_pass http://127.0.0.1:{port};
        }}
        location = {login} {{
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-Proto "$scheme";
            proxy_set_header X-Site 'site\'{i}';
            proxy_pass http://127.0.0.1:{port};
        }}
        location ~* \.(?:css|js|png|v{area})$ {{
            expires {life}d;
        }}
    }}
"#,
        8_000 + i % 400,
    );
    debug_assert!(written.is_ok(), "writing to a string does not fail");
}

fn main_file(servers: usize, fault: impl Fn(usize) -> &'static str) -> String {
    let mut text = String::from("events {}\nhttp {\n");
    for i in 0..servers {
        server(&mut text, i, fault(i));
    }
    text.push_str("}\n");
    text
}

/// A main file with so many servers.
pub(crate) fn configuration(servers: usize) -> String {
    main_file(servers, |_| "")
}

/// The same with errors.
pub(crate) fn with_errors(servers: usize) -> String {
    main_file(servers, |i| if i % 10 == 0 { "\n        ;" } else { "" })
}

/// Text to tree.
pub(crate) fn parse(text: &str) -> Tree {
    nginx::parse(FileId(0), text)
}

/// The length of all values of a tree.
pub(crate) fn word_values(tree: &Tree, text: &str) -> usize {
    tree.words.iter().map(|w| w.value(text).len()).sum()
}

/// Bytes to a source; asks for one position, so that lines are counted.
pub(crate) fn read_source(bytes: Vec<u8>) -> SourceMap {
    let mut sources = SourceMap::new();
    let file = sources.add("nginx.conf", bytes);
    divan::black_box(sources.file(file).position(u32::MAX));
    sources
}

/// How many well-known paths there are.
pub(crate) fn well_known_paths() -> usize {
    Paths::parse(include_str!("../../rules/paths.yaml")).map_or(0, |paths| paths.list.len())
}
