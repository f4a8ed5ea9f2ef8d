//! What the tests from outside share: the real nginx, httpd and Envoy on loopback ports, an upstream that records what it gets, a client that sends
//! exactly what it is told, and the examples and witnesses of Markdown pages (`rules/README.md` describes their grammar).
//!
//! Nothing here uses the library under test: the reader of configurations is an own small one, so that a fault in lint401's parser
//! cannot hide itself by reaching both sides of a comparison.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test binary uses a part of this module")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test stops where its set-up fails")]
#![allow(clippy::format_push_string, clippy::match_same_arms, reason = "plain text and tables")]

pub mod apache;
pub mod apache_conf;
pub mod apache_layout;
pub mod apache_prepare;
pub mod client;
pub mod conf;
pub mod envoy;
pub mod ingress_nginx;
pub mod markdown;
pub mod nginx;
pub mod prepare;
pub mod replay;
pub mod server;
pub mod upstream;
pub mod wire;
pub mod witness;

use server::Dialect;

/// Set to `1` where the servers must be installed: a missing one is then a failure.
pub const REQUIRE_SERVERS: &str = "LINT401_REQUIRE_SERVERS";

/// `Ok(true)`: the real server can be used. `Ok(false)`: it is not there and need not be.
pub fn available(server: Dialect) -> Result<bool, String> {
    if server.installed() {
        return Ok(true);
    }
    if std::env::var(REQUIRE_SERVERS).is_ok_and(|v| v == "1") {
        return Err(format!("{} is not installed, and {REQUIRE_SERVERS}=1 asks for it", server.name()));
    }
    Ok(false)
}

/// The servers that can be used, and a message for each that is not there and must be.
pub fn servers() -> (Vec<Dialect>, Vec<(Dialect, String)>) {
    let (mut there, mut problems) = (Vec::new(), Vec::new());
    for server in Dialect::ALL {
        match available(server) {
            Ok(true) => there.push(server),
            Ok(false) => {}
            Err(error) => problems.push((server, error)),
        }
    }
    (there, problems)
}

/// The facts of `tests/facts/*.md`: name and example.
pub fn facts() -> Vec<(String, markdown::Example)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/facts");
    let mut paths: Vec<_> = std::fs::read_dir(folder).expect("tests/facts").flatten().map(|e| e.path()).collect();
    paths.sort();
    let mut out = Vec::new();
    for path in paths.iter().filter(|p| p.extension().is_some_and(|e| e == "md")) {
        let text = std::fs::read_to_string(path).expect("a readable file");
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let cut = markdown::cut(&text, 1).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        for example in markdown::examples(&cut.blocks, &["fact"]).unwrap_or_else(|e| panic!("{}: {e}", path.display())) {
            let name = example
                .words
                .iter()
                .find_map(|w| w.strip_prefix("name="))
                .map_or_else(|| example.line.to_string(), str::to_owned);
            out.push((format!("{stem}/{name}"), example));
        }
    }
    out
}

/// Why a witness shows what the model has no word for (`rules/README.md`, "What the model cannot say").
const NO_MODEL: [&str; 7] = ["copies", "formats", "interception", "limits", "order", "server", "sizes"];

/// The reason that the witness of an example gives for not being asked of the model.
pub fn no_model(example: &markdown::Example) -> Result<Option<&str>, String> {
    let Some(block) = &example.witness else { return Ok(None) };
    match block.key("no-model") {
        Some(reason) if !NO_MODEL.contains(&reason) => {
            Err(format!("line {}: no-model={reason} is none of {NO_MODEL:?}", block.line))
        }
        reason => Ok(reason),
    }
}
