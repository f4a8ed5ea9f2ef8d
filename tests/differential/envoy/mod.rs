//! The real Envoy against the model.

mod generate;
mod model;
mod real;
mod requests;

use crate::ask::Ask;
use crate::compare::Answer;
use crate::kind::{Case, Kind};
use crate::observe::Observed;
use crate::rng::Rng;
use crate::support::conf::{Body, Directive};
use crate::support::server::Dialect;

/// Envoy: many configurations in one process, each with a listener of its own.
pub(crate) struct Envoy {
    bench: real::Bench,
}

impl Envoy {
    pub(crate) fn new() -> Self {
        Self { bench: real::Bench::new() }
    }
}

impl Kind for Envoy {
    fn dialect(&self) -> Dialect {
        Dialect::Envoy
    }

    fn batch(&self) -> usize {
        50
    }

    fn configuration(&self, seed: u64) -> Vec<Directive> {
        generate::configuration(seed)
    }

    fn requests(&self, tree: &[Directive], rng: &mut Rng, count: usize) -> Vec<Ask> {
        requests::requests(tree, rng, count)
    }

    fn print(&self, tree: &[Directive]) -> String {
        print(tree)
    }

    fn run(&self, cases: &[&Case]) -> Vec<Result<Vec<Observed>, String>> {
        self.bench.run(cases)
    }

    fn answers(&self, text: &str, asks: &[Ask]) -> Vec<Option<Answer>> {
        model::answers(text, asks)
    }
}

/// What stands around the settings of the connection manager.
const AROUND: &str = "static_resources:\n  listeners:\n    - filter_chains:\n        - filters:\n            - typed_config:\n";

/// How deep the settings stand in it.
const DEPTH: usize = 8;

/// A tree as YAML: entries are directives with a key and a value or a block, items of lists are those whose name is `-`.
fn print(tree: &[Directive]) -> String {
    let mut out = AROUND.to_owned();
    print_into(tree, DEPTH, &mut out);
    out
}

fn print_into(list: &[Directive], depth: usize, out: &mut String) {
    for directive in list {
        let indent = "  ".repeat(depth);
        let (name, value) = (directive.name(), directive.words.get(1));
        let colon = if name == "-" { "" } else { ":" };
        match (&directive.body, value) {
            (Some(Body::Block(children)), _) if !children.is_empty() => {
                out.push_str(&format!("{indent}{name}{colon}\n"));
                print_into(children, depth + 1, out);
            }
            // What is left of a block from which all was taken: nothing where a list stood.
            (Some(_), _) if matches!(name, "match" | "route" | "redirect" | "direct_response") => {
                out.push_str(&format!("{indent}{name}: {{}}\n"));
            }
            (Some(_), _) | (None, None) => {}
            (None, Some(value)) => out.push_str(&format!("{indent}{name}{colon} {value}\n")),
        }
    }
}

/// An entry with a text.
fn text(key: &str, value: &str) -> Directive {
    Directive::simple([key.to_owned(), format!("{value:?}")])
}

/// An entry with a number or a word.
fn word(key: &str, value: &str) -> Directive {
    Directive::simple([key, value])
}

/// An entry with entries, or items.
fn block(key: &str, children: Vec<Directive>) -> Directive {
    Directive::block([key], children)
}

/// An entry with a list of texts.
fn texts(key: &str, values: &[&str]) -> Directive {
    block(key, values.iter().map(|value| text("-", value)).collect())
}
