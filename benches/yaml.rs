//! The same for YAML: `cargo bench --bench yaml`.

#[path = "stages/yaml.rs"]
mod stages;

use divan::Bencher;
use divan::counter::BytesCount;

/// Numbers of distributions.
const SIZES: &[usize] = &[400, 4_000];

fn main() {
    divan::main();
}

/// Text to tree.
#[divan::bench(args = SIZES)]
fn parse(bencher: Bencher, distributions: usize) {
    let text = stages::template(distributions);
    bencher.counter(BytesCount::of_str(text.as_str())).bench(|| stages::parse(&text));
}

/// The same for JSON.
#[divan::bench(args = SIZES)]
fn parse_json(bencher: Bencher, distributions: usize) {
    let text = stages::json(distributions);
    bencher.counter(BytesCount::of_str(text.as_str())).bench(|| stages::parse(&text));
}

/// File to documents: parsing, recognition, and nginx that stands in them.
#[divan::bench(args = SIZES)]
fn load(bencher: Bencher, distributions: usize) {
    let text = stages::template(distributions);
    let files = stages::files(&text);
    bencher.counter(BytesCount::of_str(text.as_str())).bench(|| stages::load(&files));
}

/// So many configurations of nginx in one file.
#[divan::bench(args = SIZES)]
fn load_embedded(bencher: Bencher, blocks: usize) {
    let text = stages::config_map(blocks);
    let files = stages::files(&text);
    bencher.counter(BytesCount::of_str(text.as_str())).bench(|| stages::load(&files));
}

/// Documents to sites.
#[divan::bench(args = SIZES)]
fn lower(bencher: Bencher, distributions: usize) {
    let text = stages::template(distributions);
    let loaded = stages::load(&stages::files(&text));
    bencher.counter(BytesCount::of_str(text.as_str())).bench(|| stages::lower(&loaded));
}

/// One request at every site.
#[divan::bench(args = SIZES)]
fn resolve(bencher: Bencher, distributions: usize) {
    let text = stages::template(distributions);
    let loaded = stages::load(&stages::files(&text));
    let sites = stages::lower(&loaded);
    bencher.bench(|| stages::resolve(&sites, "/wp-login.php"));
}

/// All of it, with every rule.
#[divan::bench(args = SIZES)]
fn evaluate(bencher: Bencher, distributions: usize) {
    let text = stages::template(distributions);
    let files = stages::files(&text);
    bencher.counter(BytesCount::of_str(text.as_str())).bench(|| stages::analyze(&files));
}
