//! Every example of `rules/*.md` is a test: lint401 must say what the marks say, and the real server must do what the witness says.
//! The grammar of the pages is described in `rules/README.md`, whose own example is tested here as well.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, clippy::print_stderr, reason = "a test binary")]

#[path = "pages/edge.rs"]
mod edge;
#[path = "pages/laws.rs"]
mod laws;
#[path = "pages/lint.rs"]
mod lint;
mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use lint401::catalogue;
use support::markdown::{Example, Sections};
use support::server::Dialect;
use support::{envoy, ingress_nginx, replay, witness};

/// A page as the tests see it.
pub(crate) struct Page {
    id: String,
    meta: catalogue::FrontMatter,
    sections: Sections,
    examples: Vec<Example>,
    /// Whether it is a rule of this crate (the example in `rules/README.md` is not).
    registered: bool,
}

/// The languages that lint401 reads.
const LANGUAGES: [&str; 4] = ["nginx", "apache", "htaccess", "yaml"];

fn main() -> std::process::ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(2);
    let (servers, missing) = support::servers();
    let mut trials = vec![Trial::test("catalogue", || laws::catalogue(&rules_folder()).map_err(Failed::from))];
    for dialect in Dialect::ALL.into_iter().filter(|d| !servers.contains(d)) {
        match missing.iter().find(|(d, _)| *d == dialect) {
            Some((_, error)) => {
                let error = error.clone();
                trials.push(Trial::test(dialect.name(), move || Err(error.into())));
            }
            None => eprintln!("skipped: {} is not installed, witnesses are not replayed", dialect.name()),
        }
    }
    for (id, text, first_line, registered) in pages() {
        match read(&id, &text, first_line, registered) {
            Ok(page) => add(&Arc::new(page), &servers, &mut trials),
            Err(error) => trials.push(Trial::test(format!("{id}/page"), move || Err(error.into()))),
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn rules_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
}

/// Id, text, number of the first line, registered.
fn pages() -> Vec<(String, String, usize, bool)> {
    let mut out = Vec::new();
    for (id, path) in laws::page_files(&rules_folder()) {
        out.push((id, std::fs::read_to_string(path).expect("a readable page"), 1, true));
    }
    let guide = std::fs::read_to_string(rules_folder().join("README.md")).expect("the guide");
    let cut = support::markdown::cut(&guide, 1).expect("closed blocks");
    let complete = cut.blocks.into_iter().find(|b| b.language() == "markdown").expect("the complete page of the guide");
    out.push(("README".to_owned(), complete.text, complete.line, false));
    out
}

fn read(id: &str, text: &str, first_line: usize, registered: bool) -> Result<Page, String> {
    // The catalogue reads embedded pages, which live as long as the program.
    let page = catalogue::parse(text.to_owned().leak()).map_err(|e| format!("front matter: {e}"))?;
    let before = text.lines().count().saturating_sub(page.body.lines().count());
    let sections = support::markdown::cut(page.body, first_line + before)?;
    let examples = support::markdown::examples(&sections.blocks, &["bad", "good"])?;
    Ok(Page { id: id.to_owned(), meta: page.meta, sections, examples, registered })
}

fn add(page: &Arc<Page>, servers: &[Dialect], trials: &mut Vec<Trial>) {
    let id = page.id.clone();
    let checked = Arc::clone(page);
    trials.push(Trial::test(format!("{id}/page"), move || laws::page(&checked).map_err(Failed::from)));
    for (index, example) in page.examples.iter().enumerate() {
        let name = format!("{id}/{}-line-{}", example.role, example.line);
        // The page in the guide is of a rule that exists, but the guide is not the place to keep in step with it.
        if page.registered && LANGUAGES.contains(&example.language.as_str()) {
            let (shared, role) = (Arc::clone(page), example.role.clone());
            let check = move || {
                if role == "bad" {
                    lint::bad(&shared, &shared.examples[index])
                } else {
                    lint::good(&shared, &shared.examples[index])
                }
            };
            trials.push(Trial::test(format!("{name}/lint"), move || check().map_err(Failed::from)));
            if example.role == "bad" {
                let shared = Arc::clone(page);
                let check = move || lint::fixed(&shared, &shared.examples[index]).map(|_| ());
                trials.push(Trial::test(format!("{name}/fixed"), move || check().map_err(Failed::from)));
            }
        }
        if let Some(rendered) =
            ingress_nginx::rendered(example).filter(|_| servers.contains(&Dialect::Nginx) && example.witness.is_some())
        {
            trials.push(Trial::test(format!("{name}/as-nginx"), move || real(&rendered).map_err(Failed::from)));
        }
        if let Some(example) = envoy::of(example).filter(|_| servers.contains(&Dialect::Envoy)) {
            trials.push(Trial::test(format!("{name}/envoy"), move || real(&example).map_err(Failed::from)));
        }
        if page.registered && example.language == "yaml" && example.role == "bad" {
            let page = Arc::clone(page);
            let check = move || edge::differs(&page, &page.examples[index]).map_err(Failed::from);
            trials.push(Trial::test(format!("{name}/model"), check));
        }
        let dialect = Dialect::of(&example.language).filter(|d| servers.contains(d));
        if let Some(dialect) = dialect.filter(|_| !example.words.iter().any(|w| w == "no-oracle")) {
            if example.role == "bad" && page.registered && page.meta.fix != "none" {
                let page = Arc::clone(page);
                trials.push(Trial::test(format!("{name}/fixed/{}", dialect.name()), move || {
                    accepted_after_fixes(&page, &page.examples[index]).map_err(Failed::from)
                }));
            }
            let page = Arc::clone(page);
            trials.push(Trial::test(format!("{name}/{}", dialect.name()), move || {
                real(&page.examples[index]).map_err(Failed::from)
            }));
        }
    }
}

/// The real server does what the witness says; without a witness it accepts the example.
fn real(example: &Example) -> Result<(), String> {
    let Some(block) = &example.witness else {
        return replay::replay(example, None);
    };
    let parsed = witness::parse(&block.text).map_err(|e| format!("from line {}: {e}", block.line))?;
    replay::replay(example, Some(&parsed)).map_err(|e| format!("from line {}: {e}", block.line))
}

/// The real server accepts what the fixes make of an example.
fn accepted_after_fixes(page: &Page, example: &Example) -> Result<(), String> {
    match lint::after_fixes(page, example)? {
        Some(mended) => replay::replay(&mended, None),
        None => Ok(()),
    }
}
