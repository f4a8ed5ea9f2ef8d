//! Findings that are known and tolerated for now: by rule, file, place in the configuration and text, never by line.
//!
//! Lines that move or are indented anew bring nothing back. A second finding of the same rule on the same text in the same place
//! does: an entry counts how many it tolerates.

mod apply;
mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use apply::{Applied, Judge, Stale, apply};
pub use text::BaselineError;

use crate::analysis::Reported;
use crate::files;
use crate::finding::Finding;
use crate::fingerprint::{self, Fingerprint};
use crate::mask::{mask, prose};
use crate::source::SourceMap;

/// What an entry is known by. In the order in which entries stand in the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The file, from the folder of the baseline.
    pub path: String,
    /// Where in the configuration: `http/server[example.com]/location[/api/]/proxy_pass`.
    pub anchor: String,
    /// The rule.
    pub rule: String,
    /// The text of the primary place, hashed.
    pub text_hash: Fingerprint,
}

/// How much an entry tolerates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tolerated {
    /// How many findings.
    pub count: u32,
    /// Why, if somebody wrote it down.
    pub reason: Option<String>,
}

/// A baseline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// The entries, in the order of the file.
    pub entries: BTreeMap<Key, Tolerated>,
}

impl Baseline {
    /// A baseline that tolerates these findings; `folder` is the folder of its file, `base` the one that shown paths start from.
    pub fn of<'f>(sources: &SourceMap, findings: impl Iterator<Item = &'f Reported>, folder: &Path, base: &Path) -> Self {
        let mut baseline = Self::default();
        for reported in findings {
            baseline.entries.entry(key(sources, &reported.finding, folder, base)).or_default().count += 1;
        }
        baseline
    }

    /// How many findings it tolerates.
    pub fn len(&self) -> usize {
        self.entries.values().map(|tolerated| tolerated.count as usize).sum()
    }

    /// Whether it tolerates nothing.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes over the reasons that another baseline gives for the same entries.
    pub fn keep_reasons(&mut self, old: &Self) {
        for (key, tolerated) in &mut self.entries {
            if let Some(old) = old.entries.get(key) {
                tolerated.reason.clone_from(&old.reason);
            }
        }
    }

    /// Takes out what is stale.
    pub fn prune(&mut self, stale: &[Stale]) {
        for Stale { key, count, .. } in stale {
            if let Some(tolerated) = self.entries.get_mut(key) {
                tolerated.count = tolerated.count.saturating_sub(*count);
            }
        }
        self.entries.retain(|_, tolerated| tolerated.count > 0);
    }
}

/// What a finding is known by in a baseline.
fn key(sources: &SourceMap, finding: &Finding, folder: &Path, base: &Path) -> Key {
    let shown = Path::new(&sources.file(finding.primary.file).path);
    let path = files::normalize(&base.join(shown));
    // A file of the served machine, from a dump, keeps its path.
    let elsewhere = shown.is_absolute() && !path.starts_with(folder);
    Key {
        path: if elsewhere { files::display(&path, Path::new("")) } else { files::relative(&path, folder) },
        anchor: anchor(&finding.context, sources.text(finding.primary)),
        rule: finding.rule.to_owned(),
        text_hash: fingerprint::of_text(sources.text(finding.primary)),
    }
}

/// A place in the configuration as a path: its blocks, and the directive.
fn anchor(context: &str, text: &str) -> String {
    let context = prose(context);
    let blocks = context.split(" > ").filter(|block| !block.is_empty()).map(|block| match block.split_once(' ') {
        Some((name, argument)) => format!("{name}[{argument}]"),
        None => block.to_owned(),
    });
    let text = mask(text);
    let directive = text.split_whitespace().next().map(|word| word.trim_end_matches([';', '>'])).map(str::to_owned);
    blocks.chain(directive).collect::<Vec<_>>().join("/")
}

/// The file of an entry, as paths are shown.
fn shown(key: &Key, folder: &Path, base: &Path) -> PathBuf {
    crate::discover::shown(&folder.join(&key.path), base)
}
