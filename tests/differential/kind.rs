//! A server and its language: what the differential test needs of each.

use crate::ask::Ask;
use crate::compare::{Answer, Difference, Verdicts, compare};
use crate::observe::Observed;
use crate::rng::Rng;
use crate::support::conf::Directive;
use crate::support::server::Dialect;

/// Requests to each configuration.
const REQUESTS: usize = 20;

/// A configuration with its requests.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) tree: Vec<Directive>,
    pub(crate) text: String,
    pub(crate) asks: Vec<Ask>,
}

/// A server and its language.
pub(crate) trait Kind {
    /// The server.
    fn dialect(&self) -> Dialect;
    /// How many configurations share one process.
    fn batch(&self) -> usize;
    /// A random configuration.
    fn configuration(&self, seed: u64) -> Vec<Directive>;
    /// Random requests for it.
    fn requests(&self, tree: &[Directive], rng: &mut Rng, count: usize) -> Vec<Ask>;
    /// The text of a configuration.
    fn print(&self, tree: &[Directive]) -> String;
    /// What the real server does, with the names of the configuration. `Err`: it refuses the configuration, and why.
    fn run(&self, cases: &[&Case]) -> Vec<Result<Vec<Observed>, String>>;
    /// What the model says; `None`: no host is there for a request.
    fn answers(&self, text: &str, asks: &[Ask]) -> Vec<Option<Answer>>;
}

/// The case of a seed.
pub(crate) fn case(kind: &dyn Kind, seed: u64) -> Case {
    let mut tree = kind.configuration(seed);
    if let Ok(names) = std::env::var("LINT401_DIFF_WITHOUT") {
        leave_out(&mut tree, &names.split(',').collect::<Vec<_>>());
    }
    let asks = kind.requests(&tree, &mut Rng::new(seed ^ 0xa5a5), REQUESTS);
    Case { text: kind.print(&tree), tree, asks }
}

/// Drops all directives of some names.
pub(crate) fn leave_out(list: &mut Vec<Directive>, names: &[&str]) {
    list.retain(|d| !names.contains(&d.name()));
    for children in list.iter_mut().filter_map(Directive::children_mut) {
        leave_out(children, names);
    }
}

/// Both sides on one case. `Err`: the server refuses it.
pub(crate) fn both(kind: &dyn Kind, case: &Case) -> Result<Vec<Verdicts>, String> {
    let observed = kind.run(&[case]).pop().unwrap_or_else(|| Err("no answer".to_owned()))?;
    Ok(judge(kind, case, &observed))
}

/// The model on what was seen.
pub(crate) fn judge(kind: &dyn Kind, case: &Case, observed: &[Observed]) -> Vec<Verdicts> {
    let asked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| kind.answers(&case.text, &case.asks)));
    let Ok(answers) = asked else {
        let panic = Difference { what: "panic".to_owned(), model: "panics".to_owned(), real: "answers".to_owned() };
        let verdict = || Verdicts { differences: vec![panic.clone()], unknown: Vec::new() };
        return case.asks.iter().map(|_| verdict()).collect();
    };
    let pairs = case.asks.iter().zip(&answers).zip(observed);
    pairs.map(|((ask, answer), seen)| compare(ask, answer.as_ref(), seen)).collect()
}
