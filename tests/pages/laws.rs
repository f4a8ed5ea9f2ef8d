//! What holds for every page, and for all of them together.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::Page;
use crate::support::server::Dialect;
use crate::support::{envoy, ingress_nginx, markdown, witness};

/// The headings of a page in order, and whether each must be there.
const SECTIONS: [(&str, bool); 11] = [
    ("What it does", true),
    ("Why is this a problem", true),
    ("Bad", true),
    ("Good", true),
    ("How to fix", true),
    ("Fix safety", false),
    ("When to ignore it", false),
    ("Known false positives", false),
    ("Options", false),
    ("Related rules", false),
    ("References", false),
];

const CATEGORIES: [&str; 7] = ["auth", "proxy", "cache", "cookie", "redirect", "access", "meta"];

/// The pages: id and file.
pub(crate) fn page_files(folder: &Path) -> Vec<(String, PathBuf)> {
    stems(folder, "md").into_iter().filter(|(id, _)| id != "README").collect()
}

fn stems(folder: &Path, extension: &str) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
    let mut out: Vec<(String, PathBuf)> = entries
        .filter(|p| p.extension().is_some_and(|e| e == extension))
        .map(|p| (p.file_stem().unwrap_or_default().to_string_lossy().into_owned(), p))
        .collect();
    out.sort();
    out
}

/// Pages, modules, the registry and the embedded catalogue name the same rules.
pub(crate) fn catalogue(folder: &Path) -> Result<(), String> {
    let pages: BTreeSet<String> = page_files(folder).into_iter().map(|(id, _)| id).collect();
    let embedded: BTreeSet<String> = lint401::catalogue::pages().map(|(id, _)| id.to_owned()).collect();
    let registry = lint401::rules::registry();
    let registered: BTreeSet<String> = registry.iter().map(|r| r.id.to_owned()).collect();
    // A helper that several rules share is no rule: a module is one if it has an id.
    let modules: BTreeSet<String> = stems(&folder.join("../src/rules"), "rs")
        .into_iter()
        .filter(|(_, path)| std::fs::read_to_string(path).is_ok_and(|text| text.contains("const ID: &str")))
        .map(|(stem, _)| stem.replace('_', "-"))
        .collect();
    let mut problems = Vec::new();
    for (name, set) in [("registry", &registered), ("embedded catalogue", &embedded), ("src/rules/*.rs", &modules)] {
        for id in set.difference(&pages) {
            problems.push(format!("{id} is in the {name} and has no page in rules/"));
        }
        for id in pages.difference(set) {
            problems.push(format!("rules/{id}.md is not in the {name}"));
        }
    }
    if !registry.is_sorted_by_key(|r| r.id) {
        problems.push("the registry is not sorted by id".to_owned());
    }
    let mut names: BTreeSet<String> = pages.clone();
    for page in lint401::catalogue::pages().map(|(_, page)| page) {
        for alias in &page.meta.aliases {
            if !names.insert(alias.clone()) {
                problems.push(format!("the former id {alias} is used twice"));
            }
        }
    }
    done(&problems)
}

/// One page.
pub(crate) fn page(page: &Page) -> Result<(), String> {
    let mut problems = Vec::new();
    front_matter(page, &mut problems);
    headings(page, &mut problems);
    examples(page, &mut problems);
    witnesses(page, &mut problems);
    done(&problems)
}

fn done(problems: &[String]) -> Result<(), String> {
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

fn front_matter(page: &Page, problems: &mut Vec<String>) {
    let meta = &page.meta;
    let mut must = |holds: bool, what: &str| {
        if !holds {
            problems.push(what.to_owned());
        }
    };
    must(!page.registered || meta.id == page.id, "id is the name of the file");
    must(meta.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "id is kebab-case");
    must(meta.summary.chars().count() <= 80, "summary has at most 80 characters");
    must(!meta.summary.ends_with('.') && !meta.summary.contains('\n'), "summary is one line without a full stop");
    must(CATEGORIES.contains(&meta.category.as_str()), "category is one of those in src/catalogue.rs");
    must(["none", "safe", "unsafe", "mixed"].contains(&meta.fix.as_str()), "fix is none, safe, unsafe or mixed");
    must(!meta.formats.is_empty(), "formats is not empty");
    must(meta.formats.iter().all(|f| ["nginx", "apache", "cdn"].contains(&f.as_str())), "formats are nginx, apache, cdn");
    must(meta.references.iter().all(|r| r.starts_with("https://")), "references are https addresses");
    must(meta.security_severity.is_none_or(|s| (0.0..=10.0).contains(&s)), "security-severity lies between 0 and 10");
    must(meta.tags.len() <= 10, "at most 10 tags");
    must(meta.no_oracle.as_ref().is_none_or(|why| why.len() >= 10), "no-oracle says why");
}

fn headings(page: &Page, problems: &mut Vec<String>) {
    let headings = &page.sections.headings;
    let mut at = 0;
    for heading in headings {
        match SECTIONS.iter().position(|(name, _)| name == heading) {
            None => problems.push(format!("`## {heading}` is not a heading of a rule page")),
            Some(found) if found < at => problems.push(format!("`## {heading}` stands too late or twice")),
            Some(found) => at = found + 1,
        }
    }
    for (name, required) in SECTIONS {
        let there = headings.iter().any(|h| h == name);
        let needed = required || (name == "Fix safety" && page.meta.fix != "none");
        if needed && !there {
            problems.push(format!("`## {name}` is missing"));
        }
    }
    if page.meta.fix == "none" && headings.iter().any(|h| h == "Fix safety") {
        problems.push("`## Fix safety` on a page whose fix is none".to_owned());
    }
}

fn examples(page: &Page, problems: &mut Vec<String>) {
    let languages: [(&str, &[&str]); 3] = [("nginx", &["nginx"]), ("apache", &["apache", "htaccess"]), ("cdn", &["yaml"])];
    for (format, languages) in languages {
        let declared = page.meta.formats.iter().any(|f| f == format);
        for role in ["bad", "good"] {
            let there = page.examples.iter().any(|e| e.role == role && languages.contains(&e.language.as_str()));
            // No configuration makes the tool itself fail: a known one is a bug to be mended.
            if declared && !there && page.meta.id != "internal-error" {
                problems.push(format!("{format} is declared and has no {role} example"));
            }
        }
        if !declared && page.examples.iter().any(|e| languages.contains(&e.language.as_str())) {
            problems.push(format!("there are {format} examples, but formats do not declare {format}"));
        }
    }
    for example in &page.examples {
        let place = format!("line {}", example.line);
        let wanted = if example.role == "bad" { "Bad" } else { "Good" };
        let sections = example.files.iter().map(|(_, b)| b).chain(&example.witness).chain(example.fixed.iter().map(|(_, b)| b));
        let fits = |section: &str| section == wanted || section == "How to fix" || section == "Fix safety";
        if let Some(block) = sections.into_iter().find(|b| !fits(&b.section)) {
            problems.push(format!("line {}: a {} example under `## {}`", block.line, example.role, block.section));
        }
        for word in &example.words {
            let known = ["main=", "context="].iter().any(|k| word.starts_with(k)) || word == "no-oracle" || word == "verbatim";
            if !known {
                problems.push(format!("{place}: {word} is neither key nor flag"));
            }
        }
        let marks: Vec<markdown::Mark> = example.files.iter().flat_map(|(path, b)| markdown::marks(path, &b.text)).collect();
        if example.role == "bad" && marks.is_empty() {
            problems.push(format!("{place}: a bad example without a mark"));
        }
        if example.role == "good" && !marks.is_empty() {
            problems.push(format!("{place}: a good example with a mark"));
        }
        for (_, line, severity, rule) in &marks {
            if *rule != page.meta.id {
                problems.push(format!("{place}, its line {line}: only marks of {} belong here, not {rule}", page.meta.id));
            }
            if !["error", "warning", "info"].contains(&severity.as_str()) {
                problems.push(format!("{place}, its line {line}: no such severity: {severity}"));
            }
        }
    }
    let fixes = page.examples.iter().any(|e| !e.fixed.is_empty());
    match (page.meta.fix.as_str(), fixes) {
        ("none", true) => problems.push("a fixed block on a page whose fix is none".to_owned()),
        ("none", false) | (_, true) => {}
        (_, false) => problems.push("the page declares a fix and has no fixed block".to_owned()),
    }
}

/// The real server that reads an example.
fn server(example: &markdown::Example) -> Option<Dialect> {
    Dialect::of(&example.language).or_else(|| envoy::of(example).map(|_| Dialect::Envoy))
}

fn witnesses(page: &Page, problems: &mut Vec<String>) {
    for example in &page.examples {
        let Some(block) = &example.witness else { continue };
        if server(example).is_none() && ingress_nginx::rendered(example).is_none() {
            problems.push(format!("line {}: no server is there to witness {} examples", block.line, example.language));
        }
        if let Err(error) = witness::parse(&block.text) {
            problems.push(format!("from line {}: {error}", block.line));
        }
    }
    if page.meta.no_oracle.is_some() {
        if page.examples.iter().any(|e| e.witness.is_some()) {
            problems.push("no-oracle on a page with witnesses".to_owned());
        }
        return;
    }
    for dialect in Dialect::ALL {
        let examples: Vec<_> = page.examples.iter().filter(|e| server(e) == Some(dialect)).collect();
        for example in examples.iter().filter(|e| e.role == "bad" && e.witness.is_none()) {
            if !example.words.iter().any(|w| w == "no-oracle") {
                problems.push(format!("line {}: a bad {} example without a witness", example.line, dialect.name()));
            }
        }
        if !examples.is_empty() && !examples.iter().any(|e| e.role == "good" && e.witness.is_some()) {
            problems.push(format!("no good {} example has a witness", dialect.name()));
        }
    }
}
