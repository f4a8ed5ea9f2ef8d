//! Questions that the files do not answer are tried both ways; what all ways agree on is known.

use std::collections::HashMap;

use crate::model::{Fact, Known, Outcome};

/// How many ways are tried for one request. More open questions than that leave the later ones at their default.
const MAX_RUNS: usize = 16;

/// How many rewrite steps are taken for one request, all ways together. A configuration with more of them in one server than the
/// most laborious site is not followed further.
pub(super) const MAX_STEPS: u32 = 20_000;

/// The answers of one run.
#[derive(Debug, Default)]
pub(super) struct Choices {
    forced: Vec<bool>,
    /// The first [`MAX_RUNS`] questions: later ones are never answered the other way.
    asked: Vec<(String, bool)>,
    later: HashMap<String, bool, foldhash::fast::FixedState>,
    /// Rewrite steps left.
    pub(super) steps_left: u32,
}

impl Choices {
    /// The answers of a request that another one makes: nothing answered yet, the same budget.
    pub(super) fn of_subrequest(&self) -> Self {
        Self { steps_left: self.steps_left, ..Self::default() }
    }

    /// The answer to a question; the same question gets the same answer.
    pub(super) fn answer(&mut self, question: &str, default: bool) -> bool {
        if let Some((_, answer)) = self.asked.iter().find(|(q, _)| q == question) {
            return *answer;
        }
        if self.asked.len() >= MAX_RUNS {
            return *self.later.entry(question.to_owned()).or_insert(default);
        }
        let answer = self.forced.get(self.asked.len()).copied().unwrap_or(default);
        self.asked.push((question.to_owned(), answer));
        answer
    }

    fn answers(&self) -> Vec<bool> {
        self.asked.iter().map(|(_, a)| *a).collect()
    }
}

/// Runs `follow` once for each way to answer the questions it asks, the defaults first, and merges the outcomes.
pub(super) fn explore(mut follow: impl FnMut(&mut Choices) -> Outcome) -> Outcome {
    let mut todo: Vec<Vec<bool>> = vec![Vec::new()];
    let mut outcomes = Vec::new();
    let mut steps_left = MAX_STEPS;
    while let Some(forced) = todo.pop() {
        if outcomes.len() == MAX_RUNS || steps_left == 0 {
            break;
        }
        let depth = forced.len();
        let mut choices = Choices { forced, asked: Vec::new(), later: HashMap::default(), steps_left };
        outcomes.push(follow(&mut choices));
        steps_left = choices.steps_left;
        let answers = choices.answers();
        // Every question first asked in this run is answered the other way in a later one.
        for i in (depth..answers.len()).rev() {
            let mut other = answers[..=i].to_vec();
            other[i] = !other[i];
            todo.push(other);
        }
    }
    merge(outcomes)
}

fn merge(mut outcomes: Vec<Outcome>) -> Outcome {
    if outcomes.len() == 1 {
        return outcomes.swap_remove(0);
    }
    let mut first = outcomes[0].clone();
    let agree = |f: &dyn Fn(&Outcome, &Outcome) -> bool| outcomes.iter().all(|o| f(&outcomes[0], o));
    if !agree(&|a, b| a.status == b.status) {
        first.status = Known::Unknown("depends on what the files do not tell".to_owned());
    }
    if !agree(&|a, b| a.location == b.location) {
        first.location = None;
    }
    if !agree(&|a, b| a.handler.kind == b.handler.kind) {
        first.handler.kind = crate::model::HandlerKind::Unknown;
    }
    if let Some(mut upstream) = first.upstream.take() {
        let others: Vec<_> = outcomes.iter().skip(1).filter_map(|o| o.upstream.as_ref()).collect();
        for other in others {
            merge_fact(&mut upstream.authorization, &other.authorization);
            merge_fact(&mut upstream.cookie, &other.cookie);
            merge_fact(&mut upstream.host, &other.host);
            merge_fact(&mut upstream.forwarded_proto, &other.forwarded_proto);
            merge_fact(&mut upstream.forwarded_host, &other.forwarded_host);
        }
        first.upstream = Some(upstream);
    }
    for other in &outcomes[1..] {
        merge_fact(&mut first.cache.stores, &other.cache.stores);
        merge_fact(&mut first.cache.stores_401, &other.cache.stores_401);
        merge_fact(&mut first.cache.answers_from_store, &other.cache.answers_from_store);
        for unknown in &other.unknown {
            if !first.unknown.contains(unknown) {
                first.unknown.push(unknown.clone());
            }
        }
    }
    first.runs = outcomes;
    first
}

fn merge_fact<T: PartialEq>(fact: &mut Fact<T>, other: &Fact<T>) {
    if fact.value != other.value {
        fact.value = Known::Unknown("depends on what the files do not tell".to_owned());
    }
}
