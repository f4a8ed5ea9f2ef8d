//! Turns `rules/paths.yaml` into Rust: reading it at each start would cost more than checking a small configuration does.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Product {
    product: String,
    paths: Vec<Entry>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    path: String,
    kinds: Vec<String>,
    #[serde(default)]
    file: bool,
    #[serde(default = "get")]
    method: String,
}

fn get() -> String {
    "GET".to_owned()
}

fn main() -> Result<(), Box<dyn Error>> {
    // The text is part of this script, so that it runs again when the text changes.
    println!("cargo::rerun-if-changed=build.rs");
    let products: Vec<Product> = yaml_serde::from_str(include_str!("rules/paths.yaml"))?;
    let mut entries: Vec<(&Entry, &str)> = Vec::new();
    for Product { product, paths } in &products {
        entries.extend(paths.iter().map(|entry| (entry, product.as_str())));
    }
    entries.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
    let mut out = String::from("&[\n");
    for (Entry { path, kinds, file, method }, product) in entries {
        let kinds = kinds.iter().map(|kind| format!("PathKind::{}", variant(kind))).collect::<Vec<_>>().join(", ");
        writeln!(
            out,
            "Written {{ path: {path:?}, product: {product:?}, kinds: &[{kinds}], file: {file}, method: {method:?} }},"
        )?;
    }
    out.push_str("]\n");
    let folder = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    std::fs::write(Path::new(&folder).join("paths.rs"), out)?;
    Ok(())
}

/// The variant of `PathKind` that a kind means: `public-ajax` is `PublicAjax`. The compiler refuses one that does not exist.
fn variant(kind: &str) -> String {
    let capitalised = |part: &str| part.get(..1).unwrap_or_default().to_ascii_uppercase() + part.get(1..).unwrap_or_default();
    kind.split('-').map(capitalised).collect()
}
