//! The real nginx against `resolve`: random configurations, random requests, the same questions to both.
//!
//! `LINT401_DIFF_CONFIGS` is the number of configurations (default: a few seconds' worth), `LINT401_DIFF_SEED` the first seed,
//! `LINT401_DIFF_SHOW` how many disagreements are shrunk and printed. Configurations that once showed a fault are kept in
//! `regressions/*.conf`, with their requests in comments, and run first.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test binary")]
#![allow(clippy::print_stdout, clippy::format_push_string, reason = "a test binary")]

mod compare;
mod generate;
mod generate_directives;
mod model;
mod real;
mod regressions;
mod requests;
mod rng;
mod shrink;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

use compare::{Difference, Verdicts};
use requests::Ask;
use support::conf::{self, Directive};

/// Requests to each configuration.
const REQUESTS: usize = 20;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

/// Both sides on one configuration. `Err`: nginx refuses it.
fn both(bench: &real::Bench, text: &str, asks: &[Ask]) -> Result<Vec<Verdicts>, String> {
    let observed = bench.run(text, asks)?;
    let Ok(answers) = std::panic::catch_unwind(|| model::answers(text, asks)) else {
        let panic = Difference { what: "panic".to_owned(), model: "panics".to_owned(), real: "answers".to_owned() };
        let verdict = || Verdicts { differences: vec![panic.clone()], unknown: Vec::new() };
        return Ok(asks.iter().map(|_| verdict()).collect());
    };
    let pairs = asks.iter().zip(&answers).zip(&observed);
    Ok(pairs.map(|((ask, answer), seen)| compare::compare(ask, answer.as_ref(), seen, &|t| bench.restore(t))).collect())
}

#[derive(Default)]
struct Counts {
    refused: usize,
    requests: usize,
    disagreements: BTreeMap<String, usize>,
    with_unknown: usize,
    unknown: BTreeMap<String, usize>,
}

fn main() -> ExitCode {
    // `cargo test NAME` asks every test binary.
    let mut filters = std::env::args().skip(1).filter(|a| !a.starts_with('-')).peekable();
    if std::env::args().any(|a| a == "--list") || (filters.peek().is_some() && !filters.any(|f| "differential".contains(&f))) {
        return ExitCode::SUCCESS;
    }
    match support::available(support::server::Dialect::Nginx) {
        Ok(true) => {}
        Ok(false) => {
            println!("skipped: nginx is not installed");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            println!("{error}");
            return ExitCode::FAILURE;
        }
    }
    let (count, seed) = (number("LINT401_DIFF_CONFIGS", 100), number("LINT401_DIFF_SEED", 1));
    let mut show = number("LINT401_DIFF_SHOW", 5);
    let bench = real::Bench::new();
    let start = Instant::now();
    // A panic of the model is a finding like others; its message would stand between the reports of shrinking.
    std::panic::set_hook(Box::new(|_| {}));
    let mut failed = regressions::run(&bench);
    let mut counts = Counts::default();
    for seed in seed..seed + count {
        let tree = generate::configuration(seed);
        let asks = requests::requests(&tree, &mut rng::Rng::new(seed ^ 0xa5a5), REQUESTS);
        let verdicts = match both(&bench, &conf::print(&tree), &asks) {
            Ok(verdicts) => verdicts,
            Err(error) => {
                println!("seed {seed}: refused: {error}\n{}", conf::print(&tree));
                counts.refused += 1;
                continue;
            }
        };
        counts.requests += verdicts.len();
        if verdicts.len() < asks.len() {
            let line = asks.get(verdicts.len()).map(|a| a.lines().join(" | ")).unwrap_or_default();
            println!("seed {seed}: this request crashes nginx: {line}");
        }
        for (index, verdict) in verdicts.iter().enumerate() {
            counts.with_unknown += usize::from(!verdict.unknown.is_empty());
            for unknown in &verdict.unknown {
                *counts.unknown.entry(unknown.clone()).or_default() += 1;
            }
            let Some(first) = verdict.differences.first() else { continue };
            failed = true;
            let times = counts.disagreements.entry(first.kind()).or_default();
            *times += 1;
            if show > 0 && *times == 1 {
                show -= 1;
                report(&bench, seed, &tree, &asks, index, &first.kind());
            }
        }
    }
    let refused = counts.refused;
    println!("{count} configurations ({refused} refused by nginx), {} requests, {:.1?}", counts.requests, start.elapsed());
    let disagreements: usize = counts.disagreements.values().sum();
    println!("{disagreements} requests disagree: {:?}", counts.disagreements);
    println!("{} requests with something unknown: {:?}", counts.with_unknown, counts.unknown);
    if failed || refused > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Shrinks a disagreement and prints it in the form of a regression file.
fn report(bench: &real::Bench, seed: u64, tree: &[Directive], asks: &[Ask], index: usize, kind: &str) {
    let differences = |tree: &[Directive], asks: &[Ask]| -> Vec<Difference> {
        let verdicts = both(bench, &conf::print(tree), asks).unwrap_or_default();
        verdicts.into_iter().next_back().map(|v| v.differences).unwrap_or_default()
    };
    let same = |found: &[Difference]| found.first().is_some_and(|d| d.kind() == kind);
    // The requests before it matter only where a cache remembers them.
    let mut wanted = vec![asks[index].clone()];
    if !same(&differences(tree, &wanted)) {
        wanted = asks[..=index].to_vec();
    }
    let small = shrink::shrink(tree.to_vec(), 400, |smaller| same(&differences(smaller, &wanted)));
    let small = simplify_request(&mut wanted, &small, |tree, asks| same(&differences(tree, asks)));
    println!("---- seed {seed}, request {index}");
    print!("{}", regressions::print(&small, &wanted));
    for difference in differences(&small, &wanted) {
        println!("# {}: model {}, nginx {}", difference.what, difference.model, difference.real);
    }
}

/// Drops header fields of the last request while the disagreement stays.
fn simplify_request(asks: &mut [Ask], tree: &[Directive], holds: impl Fn(&[Directive], &[Ask]) -> bool) -> Vec<Directive> {
    let Some(last) = asks.len().checked_sub(1) else { return tree.to_vec() };
    for index in (0..asks[last].headers.len()).rev() {
        let dropped = asks[last].headers.remove(index);
        if !holds(tree, asks) {
            asks[last].headers.insert(index, dropped);
        }
    }
    let before = std::mem::replace(&mut asks[last].reply, (200, Vec::new()));
    if !holds(tree, asks) {
        asks[last].reply = before;
    }
    tree.to_vec()
}
