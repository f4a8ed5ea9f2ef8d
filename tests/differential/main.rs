//! The real servers against `resolve`: random configurations, random requests, the same questions to both.
//!
//! `LINT401_DIFF_KIND` chooses a server (`nginx`, `apache`, `envoy`; default: all), `LINT401_DIFF_CONFIGS` is the number of configurations
//! (default: a few seconds' worth), `LINT401_DIFF_SEED` the first seed, `LINT401_DIFF_SHOW` how many disagreements are shrunk and
//! printed; `LINT401_DIFF_WITHOUT=NAME,…` leaves directives of some names out. `LINT401_DIFF_OUTCOMES=1` counts what the real
//! server did instead of asking the model; `LINT401_DIFF_FILE=PATH` shows what it did with the requests of one file, in the form of
//! those in `regressions/`. There configurations that once showed a fault are kept, with their requests in comments, and run first.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test binary")]
#![allow(clippy::print_stdout, clippy::format_push_string, reason = "a test binary")]

mod apache;
mod ask;
mod compare;
mod envoy;
mod kind;
mod nginx;
mod observe;
mod regressions;
mod rng;
mod shrink;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

use compare::Difference;
use kind::{Case, Kind, both, case, judge};
use observe::Observed;
use support::server::Dialect;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

#[derive(Default)]
struct Counts {
    refused: usize,
    requests: usize,
    disagreements: BTreeMap<String, usize>,
    crashes: usize,
    foreseen_crashes: usize,
    with_unknown: usize,
    unknown: BTreeMap<String, usize>,
    outcomes: BTreeMap<String, usize>,
}

fn main() -> ExitCode {
    // `cargo test NAME` asks every test binary.
    let mut filters = std::env::args().skip(1).filter(|a| !a.starts_with('-')).peekable();
    if std::env::args().any(|a| a == "--list") || (filters.peek().is_some() && !filters.any(|f| "differential".contains(&f))) {
        return ExitCode::SUCCESS;
    }
    let chosen = std::env::var("LINT401_DIFF_KIND").unwrap_or_default();
    // A panic of the model is a finding like others; its message would stand between the reports of shrinking.
    std::panic::set_hook(Box::new(|_| {}));
    let mut failed = false;
    for dialect in Dialect::ALL.into_iter().filter(|d| chosen.is_empty() || d.name() == chosen) {
        match support::available(dialect) {
            Ok(true) => {
                let kind: Box<dyn Kind> = match dialect {
                    Dialect::Nginx => Box::new(nginx::Nginx::new()),
                    Dialect::Apache => Box::new(apache::Apache::new()),
                    Dialect::Envoy => Box::new(envoy::Envoy::new()),
                };
                failed |= run(kind.as_ref());
            }
            Ok(false) => println!("skipped: {} is not installed", dialect.name()),
            Err(error) => {
                println!("{error}");
                failed = true;
            }
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Regressions and random configurations of one server; whether something failed.
fn run(kind: &dyn Kind) -> bool {
    let (count, seed) = (number("LINT401_DIFF_CONFIGS", 100), number("LINT401_DIFF_SEED", 1));
    let only_outcomes = number("LINT401_DIFF_OUTCOMES", 0) == 1;
    if let Some(path) = std::env::var_os("LINT401_DIFF_FILE") {
        return regressions::show(kind, path.as_ref());
    }
    let mut show = number("LINT401_DIFF_SHOW", 5);
    let server = kind.dialect().name();
    let start = Instant::now();
    let mut failed = !only_outcomes && regressions::run(kind);
    let mut counts = Counts::default();
    let seeds: Vec<u64> = (seed..seed + count).collect();
    for batch in seeds.chunks(kind.batch()) {
        let cases: Vec<Case> = batch.iter().map(|seed| case(kind, *seed)).collect();
        let observed = kind.run(&cases.iter().collect::<Vec<_>>());
        for ((seed, case), observed) in batch.iter().zip(&cases).zip(observed) {
            match observed {
                Err(error) => {
                    println!("seed {seed}: refused: {error}");
                    counts.refused += 1;
                }
                Ok(observed) if only_outcomes => counts.outcomes(&observed),
                Ok(observed) => {
                    failed |= counts.judge(kind, *seed, case, &observed, &mut show);
                }
            }
        }
    }
    let refused = counts.refused;
    println!("{server}: {count} configurations ({refused} refused), {} requests, {:.1?}", counts.requests, start.elapsed());
    if only_outcomes {
        println!("{:#?}", counts.outcomes);
        return refused > 0;
    }
    let disagreements: usize = counts.disagreements.values().sum();
    println!("{disagreements} requests disagree: {:?}", counts.disagreements);
    println!("{} requests with something unknown: {:?}", counts.with_unknown, counts.unknown);
    println!("{} requests crash the server, {} of them where the model cannot tell", counts.crashes, counts.foreseen_crashes);
    failed || refused > 0
}

impl Counts {
    fn judge(&mut self, kind: &dyn Kind, seed: u64, case: &Case, observed: &[Observed], show: &mut u64) -> bool {
        let verdicts = judge(kind, case, observed);
        self.requests += verdicts.len();
        if verdicts.len() < case.asks.len() {
            let line = case.asks.get(verdicts.len()).map(|a| a.lines().join(" | ")).unwrap_or_default();
            // Where httpd reads memory that it never wrote, or that it gave back, the model says so (`%1` behind a condition whose
            // expression matched nothing, a redirect that `FallbackResource` meets). It may end at once, or at a later request.
            let answers = kind.answers(&case.text, &case.asks);
            let mut until = answers.iter().take(verdicts.len() + 1).flatten();
            let is_foreseen = until.any(|a| a.outcome.unknown.iter().any(|u| u.what.contains("memory of the server")));
            self.crashes += 1;
            self.foreseen_crashes += usize::from(is_foreseen);
            if !is_foreseen {
                println!("seed {seed}: this request crashes the server: {line}");
                if *show > 0 && self.crashes - self.foreseen_crashes == 1 {
                    *show -= 1;
                    report_crash(kind, case, verdicts.len());
                }
            }
        }
        let mut failed = false;
        for (index, verdict) in verdicts.iter().enumerate() {
            self.with_unknown += usize::from(!verdict.unknown.is_empty());
            for unknown in &verdict.unknown {
                *self.unknown.entry(unknown.clone()).or_default() += 1;
            }
            let Some(first) = verdict.differences.first() else { continue };
            failed = true;
            let times = self.disagreements.entry(first.kind()).or_default();
            *times += 1;
            if *show > 0 && *times == 1 {
                *show -= 1;
                report(kind, seed, case, index, first);
            } else {
                println!("seed {seed}, request {index}: {}", first.kind());
            }
        }
        failed
    }

    /// What the server did, in a few words.
    fn outcomes(&mut self, observed: &[Observed]) {
        for seen in observed {
            self.requests += 1;
            let mut words = vec![seen.answer.status.to_string()];
            if let Some(upstream) = &seen.upstream {
                let authorization = if upstream.field("Authorization").is_some() { " with Authorization" } else { "" };
                words.push(format!("{:?}{authorization}", upstream.protocol));
            }
            if seen.answer.header("Location").is_some() {
                words.push("Location".to_owned());
            }
            if seen.answer.header("WWW-Authenticate").is_some() {
                words.push("challenge".to_owned());
            }
            if seen.repeat_is_copy {
                words.push("kept".to_owned());
            }
            *self.outcomes.entry(words.join(", ")).or_default() += 1;
        }
    }
}

/// Shrinks a case whose request number `index` crashes the server, and prints it.
fn report_crash(server: &dyn Kind, case: &Case, index: usize) {
    let crashes = |case: &Case| {
        let observed = server.run(&[case]).pop();
        observed.is_some_and(|observed| observed.is_ok_and(|observed| observed.len() < case.asks.len()))
    };
    let mut small = Case { asks: vec![case.asks[index].clone()], ..case.clone() };
    if !crashes(&small) {
        small.asks = case.asks[..=index].to_vec();
    }
    let asks = small.asks.clone();
    let holds = |tree: &[_]| crashes(&Case { tree: tree.to_vec(), text: server.print(tree), asks: asks.clone() });
    small.tree = shrink::shrink(small.tree, 400, holds);
    small.text = server.print(&small.tree);
    print!("{}", regressions::print(&small));
}

/// Shrinks a disagreement and prints it in the form of a regression file.
fn report(server: &dyn Kind, seed: u64, case: &Case, index: usize, first: &Difference) {
    let kind = first.kind();
    let differences = |case: &Case| -> Vec<Difference> {
        let verdicts = both(server, case).unwrap_or_default();
        verdicts.into_iter().next_back().map(|v| v.differences).unwrap_or_default()
    };
    let same = |case: &Case| differences(case).first().is_some_and(|d| d.kind() == kind);
    // The requests before it matter only where a cache remembers them.
    let mut small = Case { asks: vec![case.asks[index].clone()], ..case.clone() };
    if !same(&small) {
        small.asks = case.asks[..=index].to_vec();
    }
    let asks = small.asks.clone();
    small.tree =
        shrink::shrink(small.tree, 400, |tree| same(&Case { tree: tree.to_vec(), text: server.print(tree), asks: asks.clone() }));
    small.text = server.print(&small.tree);
    simplify_request(&mut small, same);
    println!("---- seed {seed}, request {index}; first seen: {first:?}");
    print!("{}", regressions::print(&small));
    for difference in differences(&small) {
        println!("# {}: model {}, {} {}", difference.what, difference.model, server.dialect().name(), difference.real);
    }
}

/// Drops header fields of the last request while the disagreement stays.
fn simplify_request(case: &mut Case, holds: impl Fn(&Case) -> bool) {
    let Some(last) = case.asks.len().checked_sub(1) else { return };
    for index in (0..case.asks[last].headers.len()).rev() {
        let dropped = case.asks[last].headers.remove(index);
        if !holds(case) {
            case.asks[last].headers.insert(index, dropped);
        }
    }
    let before = std::mem::replace(&mut case.asks[last].reply, (200, Vec::new()));
    if !holds(case) {
        case.asks[last].reply = before;
    }
}
