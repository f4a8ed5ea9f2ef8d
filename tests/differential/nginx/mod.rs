//! The real nginx against the model.

mod directives;
mod generate;
mod model;
mod real;
mod requests;
mod rewriting;
mod values;

use crate::ask::Ask;
use crate::compare::Answer;
use crate::kind::{Case, Kind};
use crate::observe::Observed;
use crate::rng::Rng;
use crate::support::conf::{self, Directive};
use crate::support::server::Dialect;

/// nginx: one process for each configuration.
pub(crate) struct Nginx {
    bench: real::Bench,
}

impl Nginx {
    pub(crate) fn new() -> Self {
        Self { bench: real::Bench::new() }
    }
}

impl Kind for Nginx {
    fn dialect(&self) -> Dialect {
        Dialect::Nginx
    }

    fn batch(&self) -> usize {
        1
    }

    fn configuration(&self, seed: u64) -> Vec<Directive> {
        generate::configuration(seed)
    }

    fn requests(&self, tree: &[Directive], rng: &mut Rng, count: usize) -> Vec<Ask> {
        requests::requests(tree, rng, count)
    }

    fn print(&self, tree: &[Directive]) -> String {
        conf::print(tree)
    }

    fn run(&self, cases: &[&Case]) -> Vec<Result<Vec<Observed>, String>> {
        cases.iter().map(|case| self.bench.run(&case.text, &case.asks)).collect()
    }

    fn answers(&self, text: &str, asks: &[Ask]) -> Vec<Option<Answer>> {
        model::answers(text, asks)
    }
}
