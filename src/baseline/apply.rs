//! A baseline against an analysis: what it takes out, and what of it is stale.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{Baseline, Key, key, shown};
use crate::analysis::{Analysis, INTERNAL_ERROR, Reported};
use crate::files::Files;
use crate::selection::Selection;
use crate::settings::Settings;

/// What of an entry has no finding any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    /// The entry.
    pub key: Key,
    /// How many findings are missing.
    pub count: u32,
    /// Whether all of them are.
    pub whole: bool,
}

/// What came of a baseline.
#[derive(Debug, Default)]
pub struct Applied {
    /// What of it is stale, in the order of the file.
    pub stale: Vec<Stale>,
    /// The entries of which nothing can be said: their file was not looked at, or their rule did not run.
    pub open: BTreeSet<Key>,
}

/// What can be said about entries: files that were checked, and the settings with which.
#[derive(Debug)]
pub struct Judge {
    /// The files, as shown.
    pub files: BTreeSet<String>,
    /// The settings.
    pub settings: Settings,
}

impl Judge {
    /// For an analysis.
    pub fn of(analysis: &Analysis, settings: Settings) -> Self {
        Self { files: analysis.files.iter().map(|file| file.path.clone()).collect(), settings }
    }

    /// Whether all findings of a rule were shown, so that one that is not there is gone.
    fn saw(&self, rule: &str, path: &str) -> bool {
        Selection::new(&self.settings).shows_all(rule, path)
    }
}

/// Takes out of an analysis what a baseline tolerates. `folder` is the folder of its file, `base` the one that shown paths start
/// from.
pub fn apply(
    analysis: &mut Analysis,
    baseline: &Baseline,
    judges: &[Judge],
    files: &dyn Files,
    (folder, base): (&Path, &Path),
) -> Applied {
    let mut left: BTreeMap<&Key, u32> = baseline.entries.iter().map(|(key, tolerated)| (key, tolerated.count)).collect();
    for reported in std::mem::take(&mut analysis.findings) {
        match take(analysis, &reported, &mut left, folder, base) {
            Some(key) => {
                let reason = baseline.entries.get(&key).and_then(|tolerated| tolerated.reason.clone());
                analysis.baselined.push((reported, reason));
            }
            None => analysis.findings.push(reported),
        }
    }
    let mut applied = Applied::default();
    for (key, count) in left.into_iter().filter(|(_, count)| *count > 0) {
        let path = shown(key, folder, base);
        let name = path.to_string_lossy();
        let gone = || files.kind(&base.join(&path)).is_none();
        let known = judges.iter().any(|judge| (judge.files.contains(&*name) || gone()) && judge.saw(&key.rule, &name));
        if known || crate::selection::resolve(&key.rule).is_err() {
            let whole = baseline.entries.get(key).is_some_and(|tolerated| tolerated.count == count);
            applied.stale.push(Stale { key: key.clone(), count, whole });
        } else {
            applied.open.insert(key.clone());
        }
    }
    applied
}

/// The entry that tolerates a finding, one less from now on.
fn take(analysis: &Analysis, reported: &Reported, left: &mut BTreeMap<&Key, u32>, folder: &Path, base: &Path) -> Option<Key> {
    // A fault of our own is never tolerated: what it hid is not known.
    if left.is_empty() || reported.finding.rule == INTERNAL_ERROR {
        return None;
    }
    let key = key(&analysis.sources, &reported.finding, folder, base);
    let count = left.get_mut(&key).filter(|count| **count > 0)?;
    *count -= 1;
    Some(key)
}
