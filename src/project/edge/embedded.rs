//! nginx inside of YAML: files of a `ConfigMap`, snippets of an Ingress or a `VirtualServer`.
//!
//! The text is parsed where it stands, so that each byte keeps its offset and a finding its place. Only blocks of lines that are
//! kept as they are (`|`) can be read so; in other spellings nginx's text is not that of the file.

use std::path::Path;

use crate::discover::{edge, recognise};
use crate::source::Span;
use crate::syntax::yaml::{Kind, Yaml};

/// The annotations and keys of the two ingress controllers that hold nginx.
const SNIPPETS: &[&str] = &[
    // ingress-nginx
    "configuration-snippet",
    "server-snippet",
    "location-snippet",
    "http-snippet",
    "main-snippet",
    "auth-snippet",
    // that of NGINX
    "server-snippets",
    "location-snippets",
    "http-snippets",
    "main-snippets",
];

/// The blocks of a document that hold nginx.
pub(super) fn blocks(document: Yaml) -> Vec<Span> {
    let kind = document.get("kind").and_then(Yaml::as_str);
    let spec = || document.get("spec").into_iter();
    let routes = || ["routes", "subroutes"].iter().filter_map(move |key| document.at_path(&["spec", key]));
    let places: Vec<Yaml> = match kind {
        Some("ConfigMap") => document.get("data").into_iter().collect(),
        Some("Ingress") => document.at_path(&["metadata", "annotations"]).into_iter().collect(),
        Some("VirtualServer" | "VirtualServerRoute") => spec().chain(routes().flat_map(Yaml::items)).collect(),
        None => edge::values(document).into_iter().filter_map(|values| values.get("annotations")).collect(),
        Some(_) => Vec::new(),
    };
    let files = kind == Some("ConfigMap");
    let holds = places.into_iter().flat_map(Yaml::entries).filter(|entry| {
        let (Some(key), Some(text)) = (entry.key.raw(), entry.value.as_str()) else { return false };
        let name = key.rsplit('/').next().unwrap_or(key);
        let is_file = || files && recognise(Path::new(name), text.as_bytes()).is_nginx();
        entry.value.kind() == Kind::Literal && (SNIPPETS.contains(&name) || is_file())
    });
    holds.map(|entry| entry.value.target_span()).collect()
}
