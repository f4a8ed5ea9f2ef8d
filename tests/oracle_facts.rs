//! The measured facts of `tests/facts/*.md`, each replayed against the real server.
//!
//! The blocks have the grammar of rule pages (`rules/README.md`) with the one role `fact`; each has a witness. The same facts are
//! tests of the model: see `tests/model_facts.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, clippy::print_stderr, reason = "a test binary")]

mod support;

use libtest_mimic::{Arguments, Trial};
use support::server::Dialect;
use support::{envoy, replay, witness};

fn main() -> std::process::ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(2);
    let (there, missing) = support::servers();
    let mut trials = trials(&there);
    for dialect in Dialect::ALL.into_iter().filter(|d| !there.contains(d)) {
        match missing.iter().find(|(d, _)| *d == dialect) {
            Some((_, error)) => {
                let error = error.clone();
                trials.push(Trial::test(dialect.name(), move || Err(error.into())));
            }
            None => eprintln!("skipped: {} is not installed", dialect.name()),
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trials(servers: &[Dialect]) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (name, example) in support::facts() {
        let example = envoy::of(&example).unwrap_or(example);
        // A language that no server reads is told by the replay.
        if Dialect::of(&example.language).is_some_and(|d| !servers.contains(&d)) {
            continue;
        }
        trials.push(Trial::test(name, move || {
            let block = example.witness.as_ref().ok_or("a fact needs a witness")?;
            let witness = witness::parse(&block.text).map_err(|e| format!("from line {}: {e}", block.line))?;
            replay::replay(&example, Some(&witness)).map_err(|e| format!("from line {}: {e}", block.line).into())
        }));
    }
    trials
}
