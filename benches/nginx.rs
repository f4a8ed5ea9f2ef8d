//! How fast the stages are on a generated configuration. `cargo bench`, or `cargo bench -- parse` for one stage.
//!
//! Each stage runs on what the stage before made of the same input, at two sizes: the time per byte must not grow with the size.

mod stages;

use std::sync::LazyLock;

use clap::ValueEnum as _;
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use lint401::Analysis;
use lint401::report::Format;

/// Numbers of servers.
const SIZES: &[usize] = &[400, 4_000];

fn main() {
    divan::main();
}

/// Text to tokens.
#[divan::bench(args = SIZES)]
fn lex(bencher: Bencher, servers: usize) {
    let text = stages::configuration(servers);
    bencher.counter(BytesCount::of_str(text.as_str())).bench(|| stages::lex(&text));
}

/// Text to words: every quote and escape resolved.
#[divan::bench(args = SIZES)]
fn word_values(bencher: Bencher, servers: usize) {
    let text = stages::configuration(servers);
    let tree = stages::parse(&text);
    bencher.counter(BytesCount::of_str(text.as_str())).bench(|| stages::word_values(&tree, &text));
}

/// Text to tree: lexing and parsing, which are one pass. What it takes beyond `lex` is the parsing.
#[divan::bench(args = SIZES)]
fn parse(bencher: Bencher, servers: usize) {
    let text = stages::configuration(servers);
    bencher.counter(BytesCount::of_str(text.as_str())).bench(|| stages::parse(&text));
}

/// The same with an error in every tenth server: recovery must not cost much.
#[divan::bench(args = SIZES)]
fn parse_with_errors(bencher: Bencher, servers: usize) {
    let text = stages::with_errors(servers);
    bencher.counter(BytesCount::of_str(text.as_str())).bench(|| stages::parse(&text));
}

/// Bytes to a source with its line index.
#[divan::bench(args = SIZES)]
fn read_source(bencher: Bencher, servers: usize) {
    let text = stages::configuration(servers);
    bencher
        .counter(BytesCount::of_str(text.as_str()))
        .with_inputs(|| text.clone().into_bytes())
        .bench_values(stages::read_source);
}

/// Main file to configuration: parsing, and every directive placed where it is in force.
#[divan::bench(args = SIZES)]
fn load(bencher: Bencher, servers: usize) {
    let text = stages::configuration(servers);
    let files = stages::files(&text);
    bencher.counter(BytesCount::of_str(text.as_str())).bench(|| stages::load(&files));
}

/// Configuration to sites.
#[divan::bench(args = SIZES)]
fn lower(bencher: Bencher, servers: usize) {
    let text = stages::configuration(servers);
    let loaded = stages::load(&stages::files(&text));
    bencher.counter(BytesCount::of_str(text.as_str())).bench(|| stages::lower(&loaded).len());
}

/// One request at every site.
#[divan::bench(args = SIZES)]
fn resolve(bencher: Bencher, servers: usize) {
    let loaded = stages::load(&stages::files(&stages::configuration(servers)));
    let sites = stages::lower(&loaded);
    bencher.counter(ItemsCount::new(sites.len())).bench(|| stages::resolve(&sites, "/oauth/token"));
}

/// Everything that `check` does but reporting.
#[divan::bench(args = SIZES)]
fn analyze(bencher: Bencher, servers: usize) {
    let text = stages::configuration(servers);
    let files = stages::files(&text);
    bencher.counter(BytesCount::of_str(text.as_str())).bench(|| stages::analyze(&files));
}

/// Ten thousand findings of one file of ten megabytes in every format.
///
/// Measured in November 2026, two cores that were busy otherwise: `full` takes 350 ms of processor time and `sarif` 190 ms, both
/// shared between the threads; everything else takes less than `sarif`.
#[divan::bench(args = Format::value_variants().iter().copied())]
fn report(bencher: Bencher, format: Format) {
    static FINDINGS: LazyLock<Analysis> = LazyLock::new(|| stages::findings(10_000));
    let analysis = &*FINDINGS;
    bencher.counter(ItemsCount::new(analysis.findings.len())).bench(|| stages::report(format, analysis));
}

/// The list of well-known paths, arranged once a run.
#[divan::bench]
fn well_known_paths() -> usize {
    stages::well_known_paths()
}
