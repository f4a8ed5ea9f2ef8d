//! `lint401 explain`

use std::fmt::Write as _;

use serde_json::json;

use super::args::{ExplainArgs, PageFormat};
use super::{CLEAN, Failure, input, output, rules};
use crate::catalogue::{self, Page};
use crate::report::docs_url;

/// The variable of `--all`: it says what is shown where no rule is named.
const ALL: &str = "LINT401_EXPLAIN_ALL";

pub(super) fn run(args: &ExplainArgs) -> Result<u8, Failure> {
    let one = args.rule.as_ref();
    if one.is_some() && args.all && std::env::var_os(ALL).is_none() {
        return Err(Failure::with_hint("`--all` beside a rule", "give one of them"));
    }
    let pages: Vec<&Page> = match one {
        Some(id) => {
            let id = input::rule(id)?;
            let page = catalogue::get(id).ok_or_else(|| Failure::usage(format!("rule `{id}` has no page")))?;
            vec![page]
        }
        None => catalogue::pages().map(|(_, page)| page).collect(),
    };
    let text = match args.format {
        PageFormat::Json => {
            let documents: Vec<_> = pages.iter().map(|page| document(page)).collect();
            let document = match (one, documents.as_slice()) {
                (Some(_), [one]) => one.clone(),
                _ => json!(documents),
            };
            format!("{}\n", serde_json::to_string_pretty(&document).map_err(std::io::Error::from)?)
        }
        PageFormat::Markdown => join(&pages, Page::markdown),
        PageFormat::Text => join(&pages, as_text),
    };
    output::print(&text)?;
    Ok(CLEAN)
}

fn join(pages: &[&Page], show: impl Fn(&Page) -> String) -> String {
    pages.iter().map(|page| show(page)).collect::<Vec<_>>().join("\n")
}

fn document(page: &Page) -> serde_json::Value {
    let mut document = rules::as_json(&page.meta);
    if let Some(fields) = document.as_object_mut() {
        fields.insert("markdown".to_owned(), json!(page.body.trim()));
    }
    document
}

/// The page for a terminal: headings in capitals, code blocks indented.
fn as_text(page: &Page) -> String {
    let (meta, [source, issues]) = (&page.meta, page.links());
    let mut text = format!("{}: {}\n{}\n", meta.id, meta.summary, page.facts());
    let _ = writeln!(text, "docs:   {}\nsource: {source}\nissues: {issues}", docs_url(&meta.id));
    let mut in_code = false;
    for line in page.body.trim().lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
            continue;
        }
        let _ = match line.trim_start_matches('#') {
            heading if !in_code && heading.len() < line.len() => writeln!(text, "\n{}", heading.trim().to_uppercase()),
            _ if in_code => writeln!(text, "    {line}"),
            _ => writeln!(text, "{}", line.replace("**", "")),
        };
    }
    let mut folded = String::with_capacity(text.len());
    for line in text.lines() {
        if !(line.is_empty() && folded.ends_with("\n\n")) {
            folded.push_str(line.trim_end());
            folded.push('\n');
        }
    }
    folded
}
