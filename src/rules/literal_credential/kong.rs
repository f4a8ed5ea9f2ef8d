//! Credentials of consumers of Kong in plain text.

use super::{ID, is_placeholder};
use crate::discover::edge::Dialect;
use crate::finding::Finding;
use crate::project::edge::{Config, Credential, credentials};
use crate::rules::Cx;
use crate::syntax::yaml::Yaml;

/// Looks at what consumers sign in with.
pub(in crate::rules) fn check(config: &Config, cx: &mut Cx) {
    let sources = cx.sources;
    let ours = config.documents(sources).filter(|(dialect, _)| *dialect == Dialect::Kong);
    for credential in ours.flat_map(|(_, document)| credentials(document)).filter(is_literal) {
        let Credential { entry, list, consumer, .. } = credential;
        let of = consumer.map_or("a consumer".to_owned(), |name| format!("the consumer {name}"));
        let message = format!("the {} of {of} ({list}) stands here in plain text", entry.key.raw().unwrap_or("credential"));
        let mut found = Finding::new(ID, entry.key.span(), message)
            .help("have decK take it from the environment (`${{ env \"DECK_NAME\" }}`), or Kong from a vault where the field can refer to one");
        found.context = format!("kong > {of}");
        cx.report(found);
    }
}

/// Whether what stands there is the credential itself: no reference, no place that something fills in, no hash, not unused.
fn is_literal(credential: &Credential) -> bool {
    let Some(text) = credential.entry.value.as_str().map(str::trim) else { return false };
    let refers = text.is_empty() || text.contains("{vault:") || text.starts_with(['$', '{', '%', '@']) || text.contains("${");
    let hashed = match credential.list {
        "basicauth_credentials" => {
            let as_is = credential.node.get("skip_hash").and_then(Yaml::as_bool) == Some(true);
            // What decK reads out of Kong is the SHA-1 of the password with its salt.
            as_is || text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
        }
        // A token that is signed with a private key is verified with `rsa_public_key`.
        "jwt_secrets" => {
            credential.node.get("algorithm").and_then(Yaml::as_str).is_some_and(|algorithm| !algorithm.starts_with("HS"))
        }
        _ => false,
    };
    !(refers || hashed || is_placeholder(text))
}
