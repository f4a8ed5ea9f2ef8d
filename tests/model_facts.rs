//! The facts of `tests/facts/*.md` and the witnesses of the rule pages, asked of the model: `resolve` must say what the real server
//! does (`tests/oracle_facts.rs` and `tests/pages.rs` ask the server itself).
//!
//! What the model has no word for (bodies, request targets at the upstream, edits of Set-Cookie, answers of subrequests) is left to
//! the server, and so are witnesses that say `no-model=REASON`: `rules/README.md` lists the reasons. The model must not have learnt
//! meanwhile what they show.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test binary")]

#[path = "model_facts/check.rs"]
mod check;
mod support;

use std::path::Path;

use libtest_mimic::{Arguments, Trial};
use support::markdown::{self, Example};

fn main() -> std::process::ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(2);
    let mut trials = Vec::new();
    for (name, example) in support::facts().into_iter().chain(page_examples()) {
        if example.witness.is_some() && ["nginx", "apache", "htaccess", "yaml"].contains(&example.language.as_str()) {
            trials.push(Trial::test(name, move || ask(&example).map_err(Into::into)));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn ask(example: &Example) -> Result<(), String> {
    match (support::no_model(example)?, check::example(example)) {
        (Some(reason), Ok(())) => Err(format!("the model says what the witness shows: no-model={reason} is not needed")),
        (Some(_), Err(_)) => Ok(()),
        (None, said) => said,
    }
}

/// The examples of rule pages that have witnesses. What is wrong with a page itself is told by `tests/pages.rs`.
fn page_examples() -> Vec<(String, Example)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut paths: Vec<_> = std::fs::read_dir(folder).expect("rules").flatten().map(|e| e.path()).collect();
    paths.sort();
    let pages = paths.iter().filter(|p| p.extension().is_some_and(|e| e == "md") && p.file_stem().is_some_and(|s| s != "README"));
    pages
        .flat_map(|path| {
            let text = std::fs::read_to_string(path).expect("a readable page");
            let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let blocks = markdown::cut(&text, 1).map(|c| c.blocks).unwrap_or_default();
            let examples = markdown::examples(&blocks, &["bad", "good"]).unwrap_or_default();
            examples.into_iter().map(move |e| (format!("{id}/{}-line-{}", e.role, e.line), e))
        })
        .collect()
}
