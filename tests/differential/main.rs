//! The real nginx against `resolve`: random configurations, random requests, the same questions to both.
//!
//! `LINT401_DIFF_CONFIGS` is the number of configurations (default: a few seconds' worth), `LINT401_DIFF_SEED` the first seed.
//! Configurations that once showed a fault are kept in `regressions/*.conf`, with their requests in comments.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, clippy::print_stderr, reason = "a test binary")]
#![allow(clippy::print_stdout, clippy::format_push_string, reason = "a test binary")]

mod generate;
mod generate_directives;
mod real;
mod requests;
mod rng;
#[path = "../support/mod.rs"]
mod support;

use std::time::Instant;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

fn main() {
    let (count, seed) = (number("LINT401_DIFF_CONFIGS", 100), number("LINT401_DIFF_SEED", 1));
    let bench = real::Bench::new();
    let start = Instant::now();
    let (mut accepted, mut answers) = (0, 0);
    let mut statuses = std::collections::BTreeMap::new();
    for seed in seed..seed + count {
        let tree = generate::configuration(seed);
        let asks = requests::requests(&tree, &mut rng::Rng::new(seed ^ 0xa5a5), 20);
        let text = support::conf::print(&tree);
        match bench.run(&text, &asks) {
            Ok(observed) => {
                accepted += 1;
                answers += observed.len();
                for o in observed {
                    *statuses.entry((o.answer.status, o.upstream.is_some(), o.repeat_is_copy)).or_insert(0) += 1;
                }
            }
            Err(error) => println!("seed {seed}: {error}"),
        }
    }
    println!("{accepted} of {count} accepted, {answers} answers, {:?}", start.elapsed());
    println!("{statuses:?}");
}
