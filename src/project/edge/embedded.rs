//! nginx inside of YAML: files of a `ConfigMap`, snippets of an Ingress.
//!
//! The text is parsed where it stands, so that each byte keeps its offset and a finding its place. Only blocks of lines that are
//! kept as they are (`|`) can be read so; in other spellings nginx's text is not that of the file.

use std::path::Path;

use crate::discover::recognise;
use crate::source::Span;
use crate::syntax::yaml::{Kind, Yaml};

/// The annotations and keys of ingress-nginx that hold nginx.
const SNIPPETS: &[&str] =
    &["configuration-snippet", "server-snippet", "location-snippet", "http-snippet", "main-snippet", "auth-snippet"];

/// The blocks of a document that hold nginx.
pub(super) fn blocks(document: Yaml) -> Vec<Span> {
    let text = |key: &str| document.get(key).and_then(Yaml::as_str);
    let place = match text("kind") {
        Some("ConfigMap") => document.get("data"),
        Some("Ingress") => document.at_path(&["metadata", "annotations"]),
        _ => None,
    };
    let entries = place.map(Yaml::entries).unwrap_or_default();
    let holds = entries.iter().filter(|entry| {
        let (Some(key), Some(text)) = (entry.key.raw(), entry.value.as_str()) else { return false };
        let name = key.rsplit('/').next().unwrap_or(key);
        let is_snippet = SNIPPETS.contains(&name);
        entry.value.kind() == Kind::Literal && (is_snippet || recognise(Path::new(name), text.as_bytes()).is_nginx())
    });
    holds.map(|entry| entry.value.target_span()).collect()
}
