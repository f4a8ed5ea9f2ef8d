//! What SARIF says of the tool: all its rules, and which of them the user has set otherwise.

use std::collections::BTreeMap;

use super::log::{Configuration, Descriptor, Driver, Help, Level, Override, Rule, RuleProperties, Text};
use crate::catalogue::{self, Page};
use crate::finding::Severity;
use crate::report::docs_url;
use crate::selection::Selection;
use crate::settings::{Profile, Settings};

/// Longest description that GitHub takes, in characters.
const DESCRIPTION: usize = 1024;
/// Most tags that GitHub shows.
const TAGS: usize = 10;

/// The rules and where each of them stands among them.
pub(super) struct Rules {
    list: Vec<(&'static str, &'static Page)>,
    index: BTreeMap<&'static str, usize>,
}

impl Rules {
    /// All rules, by id.
    pub(super) fn new() -> Self {
        let list: Vec<_> = catalogue::pages().collect();
        let index = list.iter().enumerate().map(|(i, (id, _))| (*id, i)).collect();
        Self { list, index }
    }

    /// The number of a rule.
    pub(super) fn index(&self, rule: &str) -> Option<usize> {
        self.index.get(rule).copied()
    }

    /// The tool.
    pub(super) fn driver(&self) -> Driver {
        Driver {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            semantic_version: env!("CARGO_PKG_VERSION"),
            information_uri: env!("CARGO_PKG_REPOSITORY"),
            rules: self.list.iter().map(|(id, page)| rule(id, page)).collect(),
        }
    }

    /// What the user's choice of rules and severities changes.
    pub(super) fn overrides(&self, settings: &Settings) -> Vec<Override> {
        let selection = Selection::new(settings);
        let all = self.list.iter().enumerate().map(|(index, (id, page))| {
            let level = settings.severity.get(*id).copied().unwrap_or(page.meta.severity).into();
            let configuration = Configuration { enabled: selection.runs(id) && selection.shows(id), level };
            let changed = configuration != default(page);
            changed.then_some(Override { descriptor: Descriptor { id, index }, configuration })
        });
        all.flatten().collect()
    }
}

fn default(page: &Page) -> Configuration {
    Configuration { enabled: page.meta.profile == Profile::Default, level: Level::from(page.meta.severity) }
}

fn rule(id: &'static str, page: &'static Page) -> Rule {
    let meta = &page.meta;
    let security = meta.security_severity.map(|_| "security");
    let mut tags: Vec<&str> = security.into_iter().chain([&*meta.category]).collect();
    for tag in meta.tags.iter().map(String::as_str) {
        if tags.len() < TAGS && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    let does = cut(&section(page.body, "What it does"), DESCRIPTION);
    Rule {
        id,
        name: id,
        deprecated_ids: &meta.aliases,
        short_description: Text { text: meta.summary.clone() },
        help: Help { text: format!("{}\n\n{does}\n\n{}", meta.summary, docs_url(id)), markdown: page.markdown() },
        full_description: Text { text: does },
        help_uri: docs_url(id),
        default_configuration: default(page),
        properties: RuleProperties {
            tags,
            precision: meta.confidence,
            problem_severity: match meta.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Info => "recommendation",
            },
            security_severity: meta.security_severity.map(|score| format!("{score:.1}")),
        },
    }
}

/// The text of a section of a page, its lines joined, its paragraphs and the items of its lists kept.
fn section(body: &str, heading: &str) -> String {
    let lines = body.lines().skip_while(|line| line.strip_prefix("## ") != Some(heading)).skip(1);
    let mut text = String::new();
    for line in lines.take_while(|line| !line.starts_with("## ")) {
        match (line.trim(), text.ends_with('\n')) {
            ("", true) => {}
            ("", false) if text.is_empty() => {}
            ("", false) => text.push_str("\n\n"),
            (line, ended) => {
                if !ended && !text.is_empty() {
                    text.push(if line.starts_with("- ") { '\n' } else { ' ' });
                }
                text.push_str(line);
            }
        }
    }
    text.trim_end().to_owned()
}

/// At most so many characters, cut after a word.
fn cut(text: &str, characters: usize) -> String {
    if text.char_indices().nth(characters).is_none() {
        return text.to_owned();
    }
    let end = text.char_indices().nth(characters - 1).map_or(text.len(), |(i, _)| i);
    let head = text.get(..end).unwrap_or_default();
    format!("{}…", head.rsplit_once(char::is_whitespace).map_or(head, |(words, _)| words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_become_paragraphs() {
        let body = "## What it does\n\nOne\ntwo.\n\n- Three\n  and\n- four.\n\n## Why\n\nNo.\n";
        assert_eq!(section(body, "What it does"), "One two.\n\n- Three and\n- four.");
        assert_eq!(section(body, "Gone"), "");
    }

    #[test]
    fn long_texts_are_cut_after_a_word() {
        assert_eq!(cut("ä b", 3), "ä b");
        assert_eq!(cut("ääää bbbb cccc", 10), "ääää…");
        assert!(cut(&"wörd ".repeat(400), DESCRIPTION).chars().count() <= DESCRIPTION);
    }
}
