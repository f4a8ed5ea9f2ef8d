//! The same for Apache: `cargo bench --bench apache`.

#[path = "stages/apache.rs"]
mod stages;

use divan::Bencher;
use divan::counter::BytesCount;

/// Numbers of virtual hosts.
const SIZES: &[usize] = &[400, 4_000];

fn main() {
    divan::main();
}

/// Text to tree.
#[divan::bench(args = SIZES)]
fn parse(bencher: Bencher, hosts: usize) {
    let text = stages::configuration(hosts);
    bencher.counter(BytesCount::of_str(text.as_str())).bench(|| stages::parse(&text));
}

/// The same with a closing tag missing in every tenth host: recovery must not cost much.
#[divan::bench(args = SIZES)]
fn parse_with_errors(bencher: Bencher, hosts: usize) {
    let text = stages::with_errors(hosts);
    bencher.counter(BytesCount::of_str(text.as_str())).bench(|| stages::parse(&text));
}

/// Text to words: every quote, escape and continued line resolved.
#[divan::bench(args = SIZES)]
fn word_values(bencher: Bencher, hosts: usize) {
    let text = stages::configuration(hosts);
    let tree = stages::parse(&text);
    bencher.counter(BytesCount::of_str(text.as_str())).bench(|| stages::word_values(&tree, &text));
}

/// Main file to configuration: parsing, and every directive placed where it is in force.
#[divan::bench(args = SIZES)]
fn load(bencher: Bencher, hosts: usize) {
    let text = stages::configuration(hosts);
    let files = stages::files(&text);
    bencher.counter(BytesCount::of_str(text.as_str())).bench(|| stages::load(&files));
}

/// What the server would refuse to read.
#[divan::bench(args = SIZES)]
fn check(bencher: Bencher, hosts: usize) {
    let text = stages::configuration(hosts);
    let loaded = stages::load(&stages::files(&text));
    bencher.counter(BytesCount::of_str(text.as_str())).bench(|| stages::check(&loaded));
}
