//! The real httpd against the model.

mod access;
mod directives;
mod generate;
mod mapping;
mod model;
mod real;
mod requests;
mod rewriting;

use crate::ask::Ask;
use crate::compare::Answer;
use crate::kind::{Case, Kind};
use crate::observe::Observed;
use crate::rng::Rng;
use crate::support::apache_conf as conf;
use crate::support::conf::Directive;
use crate::support::server::Dialect;

/// httpd: many hosts in one process, each with names and a document root of its own.
pub(crate) struct Apache {
    bench: real::Bench,
}

impl Apache {
    pub(crate) fn new() -> Self {
        Self { bench: real::Bench::new() }
    }
}

impl Kind for Apache {
    fn dialect(&self) -> Dialect {
        Dialect::Apache
    }

    fn batch(&self) -> usize {
        real::SLOTS
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

/// The block that stands for a `.htaccess` in a tree; its argument is the path of the file.
const HTACCESS: &str = "HTACCESS";

/// What stands before a `.htaccess` in the text of a case: `#= PATH`.
const FILE: &str = "#= ";

/// The server's own part, and behind it each `.htaccess`.
fn print(tree: &[Directive]) -> String {
    let (files, server): (Vec<Directive>, Vec<Directive>) = tree.iter().cloned().partition(|d| d.name() == HTACCESS);
    let mut text = conf::print(&server);
    for file in files {
        let path = file.words.get(1).map_or("", String::as_str);
        text.push_str(&format!("{FILE}{path}\n{}", conf::print(file.children())));
    }
    text
}

/// The parts of the text of a case: the server's, and path and text of each `.htaccess`.
fn parts(text: &str) -> (String, Vec<(String, String)>) {
    let mut server = String::new();
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix(FILE), files.last_mut()) {
            (Some(path), _) => files.push((path.to_owned(), String::new())),
            (None, Some((_, text))) => *text += &format!("{line}\n"),
            (None, None) => server += &format!("{line}\n"),
        }
    }
    (server, files)
}
