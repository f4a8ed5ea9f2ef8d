//! Which entries of a site can be for a request, without asking each one: by the paths and hosts that they name in full.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::condition::Condition;
use super::pattern::Pattern;
use super::says::Behaviour;
use crate::model::Request;

/// Up to how many entries are asked one by one: for so few an index costs more than it saves.
const FEW: usize = 4;

/// What a request must have so that a condition can hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    /// This path.
    Path(String),
    /// A path that begins so.
    Begins(String),
    /// This host, in lower case.
    Host(String),
}

/// How often each key is asked for.
type Counts = HashMap<Key, usize, FixedState>;

/// Numbers of entries by what they ask for.
type Numbers = HashMap<String, Vec<u32>, FixedState>;

/// The entries of a site by what they ask for.
#[derive(Debug, Default)]
pub(super) struct Index {
    by_path: Numbers,
    by_beginning: Numbers,
    /// How long the beginnings are, in bytes, each length once.
    lengths: Vec<usize>,
    by_host: Numbers,
    /// Those that may be for any request.
    others: Vec<u32>,
}

impl Index {
    pub(super) fn new(behaviours: &[Behaviour]) -> Self {
        if behaviours.len() <= FEW {
            return Self { others: (0..behaviours.len() as u32).collect(), ..Self::default() };
        }
        let mut counts = Counts::default();
        for behaviour in behaviours {
            count(&behaviour.when, &mut counts);
        }
        let mut index = Self::default();
        for (number, behaviour) in (0..).zip(behaviours) {
            let Some(keys) = keys(&behaviour.when, &counts) else {
                index.others.push(number);
                continue;
            };
            for key in keys {
                let (numbers, text) = match key {
                    Key::Path(text) => (&mut index.by_path, text),
                    Key::Begins(text) => (&mut index.by_beginning, text),
                    Key::Host(text) => (&mut index.by_host, text),
                };
                numbers.entry(text).or_default().push(number);
            }
        }
        index.lengths = index.by_beginning.keys().map(String::len).collect();
        index.lengths.sort_unstable();
        index.lengths.dedup();
        index
    }

    /// The numbers of the entries that can be for a request, in their order: what is left out is certainly not for it.
    pub(super) fn candidates(&self, request: &Request) -> Vec<u32> {
        let path = request.path.as_str();
        let beginnings = self.lengths.iter().map_while(|length| (*length <= path.len()).then(|| path.get(..*length)));
        let beginnings = beginnings.flatten().filter_map(|beginning| self.by_beginning.get(beginning));
        let host = (!self.by_host.is_empty()).then(|| self.by_host.get(&request.host.to_ascii_lowercase())).flatten();
        let named = self.by_path.get(path).into_iter().chain(host).chain(beginnings).flatten();
        let mut numbers: Vec<u32> = self.others.iter().chain(named).copied().collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }
}

/// Counts the keys that a condition speaks of.
fn count(condition: &Condition, counts: &mut Counts) {
    match condition {
        Condition::All(conditions) | Condition::Any(conditions) => conditions.iter().for_each(|one| count(one, counts)),
        _ => {
            if let Some(key) = key(condition) {
                *counts.entry(key).or_default() += 1;
            }
        }
    }
}

/// The keys of which a request must have one so that a condition can hold, those that few ask for; `None`: there are none.
fn keys(condition: &Condition, counts: &Counts) -> Option<Vec<Key>> {
    match condition {
        Condition::Any(conditions) => {
            let each: Option<Vec<Vec<Key>>> = conditions.iter().map(|one| keys(one, counts)).collect();
            each.map(|each| each.into_iter().flatten().collect())
        }
        Condition::All(conditions) => {
            let asked = |keys: &Vec<Key>| keys.iter().filter_map(|key| counts.get(key)).sum::<usize>();
            conditions.iter().filter_map(|one| keys(one, counts)).min_by_key(asked)
        }
        _ => key(condition).map(|key| vec![key]),
    }
}

/// What one comparison asks for.
fn key(condition: &Condition) -> Option<Key> {
    match condition {
        Condition::Path(Pattern::Exact(path)) => Some(Key::Path(path.clone())),
        Condition::Path(Pattern::Prefix(beginning) | Pattern::Below(beginning)) => Some(Key::Begins(beginning.clone())),
        Condition::Path(Pattern::Wildcard(pattern)) => {
            let beginning = pattern.split(['*', '?']).next().filter(|beginning| !beginning.is_empty())?;
            Some(Key::Begins(beginning.to_owned()))
        }
        Condition::Host(host) if !host.contains(['*', '?']) => Some(Key::Host(host.to_ascii_lowercase())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::{FileId, Span};

    fn condition() -> impl Strategy<Value = Condition> {
        let text = || "/[ab]{0,2}(/[ab])?".prop_map(String::from);
        let leaf = prop_oneof![
            Just(Condition::Always),
            Just(Condition::Open("why".to_owned())),
            text().prop_map(|path| Condition::Path(Pattern::Exact(path))),
            text().prop_map(|path| Condition::Path(Pattern::Prefix(path))),
            text().prop_map(|path| Condition::Path(Pattern::below(&path))),
            text().prop_map(|path| Condition::Path(Pattern::wildcard(&format!("{path}*b")))),
            text().prop_map(|path| Condition::Path(Pattern::Contains(path))),
            "[Aa*].example".prop_map(Condition::Host),
            Just(Condition::Method("PUT".to_owned())),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..3).prop_map(Condition::All),
                prop::collection::vec(inner.clone(), 1..3).prop_map(Condition::Any),
                inner.prop_map(|condition| Condition::Not(Box::new(condition))),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_left_out_is_not_for_the_request(
            conditions in prop::collection::vec(condition(), 0..12),
            path in "/[ab]{0,3}(/[ab])?",
            host in "[abA].example",
        ) {
            let head = Span { file: FileId(0), start: 0, end: 0 };
            let behaviours: Vec<Behaviour> = conditions.into_iter().map(|when| Behaviour::new(head, "one", when)).collect();
            let request = Request::get(host, path);
            let candidates = Index::new(&behaviours).candidates(&request);
            prop_assert!(candidates.is_sorted());
            for (number, behaviour) in (0..).zip(&behaviours) {
                prop_assert!(candidates.contains(&number) || behaviour.when.holds(&request) == Ok(false), "{:?}", behaviour.when);
            }
        }
    }

    #[test]
    fn of_many_entries_few_are_asked() {
        let head = Span { file: FileId(0), start: 0, end: 0 };
        let entry = |number: usize| {
            let path = Condition::Path(Pattern::Exact(format!("/p/{number}")));
            Behaviour::new(head, "one", Condition::Host("a.example".to_owned()).and(path))
        };
        let behaviours: Vec<Behaviour> = (0..100).map(entry).collect();
        let index = Index::new(&behaviours);
        assert_eq!(index.candidates(&Request::get("a.example", "/p/7")), [7]);
        assert!(index.candidates(&Request::get("a.example", "/")).is_empty());
    }
}
