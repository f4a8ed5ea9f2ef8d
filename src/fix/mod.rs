//! Applies fixes: chooses those that go together, edits the texts in memory and asks the analysis again, until nothing is left
//! that can be fixed.
//!
//! Nothing is written here. A fix is kept only if the analysis of the edited texts says that its finding is gone and that the
//! server would refuse no more of the file than before.

mod accept;
mod choose;
mod judge;
mod text;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

pub use self::accept::by_comments;
use self::choose::Chosen;
use self::text::Texts;
pub use self::text::{Changed, over};
use crate::analysis::{Analysis, Reported};
use crate::files::Files;

/// How often the edited texts are analysed at most. Fixes that do not get in each other's way need one analysis.
const ANALYSES: usize = 64;

/// Which fixes are wanted.
pub struct Wanted<'a> {
    /// Those that may change what was meant as well.
    pub unsafe_too: bool,
    /// Whether a finding is one of those that are shown.
    pub finding: &'a dyn Fn(&Analysis, &Reported) -> bool,
    /// Whether a file may be changed: its path.
    pub file: &'a dyn Fn(&Path) -> bool,
}

/// Why a fix that was wanted is not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The finding would still be there.
    Void,
    /// The server would refuse more of the file than before.
    Breaks,
    /// The file changed while it was looked at.
    Changed,
    /// Fixes undo each other.
    Circle,
}

impl Why {
    /// What follows "this fix is left out: ".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Void => "the finding would still be there",
            Self::Breaks => "the server would no longer understand the file",
            Self::Changed => "the file changed while it was read",
            Self::Circle => "it undoes another one",
        }
    }
}

/// A fix that was wanted and is not applied.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dropped {
    /// The file of the finding, as shown.
    pub path: String,
    /// The rule.
    pub rule: &'static str,
    /// Why.
    pub why: Why,
}

/// What came of it.
pub struct Fixed<T> {
    /// The analysis of the texts with all fixes.
    pub analysis: Analysis,
    /// What the last analysis gave beside it.
    pub beside: T,
    /// The files that are different now, by path.
    pub files: Vec<Changed>,
    /// How many findings were fixed, by the path of their file.
    pub findings: BTreeMap<PathBuf, usize>,
    /// The fixes that are not applied, by path.
    pub dropped: Vec<Dropped>,
}

/// Analyses edited files. What it gives beside the analysis comes back with the last one.
pub type Analyze<'a, T, E> = dyn FnMut(&dyn Files) -> Result<(Analysis, T), E> + 'a;

/// A fix that was tried and is not tried again: the rule, the file, and where its finding begins in the text of now.
struct Refused {
    rule: &'static str,
    file: PathBuf,
    start: u32,
}

/// The texts as a round of fixes found them.
struct State {
    /// A number that two states have in common only if they are the same.
    hash: u64,
    /// How many findings were fixed so far, by file.
    findings: BTreeMap<PathBuf, usize>,
    /// The fixes of the round.
    chosen: Vec<Chosen>,
}

/// Applies fixes to what `found` says about `files`; `analyze` says what is to be said about edited files. `base` is the folder
/// that shown paths are relative to.
pub fn run<T, E>(
    files: &dyn Files,
    base: &Path,
    found: (Analysis, T),
    wanted: &Wanted,
    analyze: &mut Analyze<T, E>,
) -> Result<Fixed<T>, E> {
    let (mut analysis, mut beside) = found;
    let mut texts = Texts::new(files, base);
    let mut refused: Vec<Refused> = Vec::new();
    let mut dropped = Vec::new();
    let mut states: Vec<State> = Vec::new();
    let mut findings: BTreeMap<PathBuf, usize> = BTreeMap::new();
    let mut count = 0;
    'rounds: loop {
        let (mut chosen, unread) = choose::choose(&analysis, &mut texts, wanted, &refused);
        dropped.extend(unread);
        if chosen.is_empty() {
            break;
        }
        while !chosen.is_empty() {
            if count == ANALYSES {
                break 'rounds;
            }
            count += 1;
            let edited = texts.with(&chosen);
            let (after, after_beside) = analyze(&edited.overlay())?;
            let bad = judge::judge(&analysis, &after, &chosen, &texts);
            if bad.is_empty() {
                for refused in &mut refused {
                    refused.start = text::moved(&chosen, &refused.file, refused.start);
                }
                states.push(State { hash: hash(&texts), findings: findings.clone(), chosen });
                let now = hash(&edited);
                if let Some(at) = states.iter().position(|state| state.hash == now) {
                    // Back where it was before: what led away from there led in a circle.
                    if let Some(state) = states.drain(at..).next() {
                        findings = state.findings;
                        for Chosen { rule, file, start, shown, .. } in state.chosen {
                            dropped.push(Dropped { path: shown, rule, why: Why::Circle });
                            refused.push(Refused { rule, file, start });
                        }
                    }
                } else {
                    for fix in states.iter().next_back().into_iter().flat_map(|state| &state.chosen) {
                        *findings.entry(fix.file.clone()).or_default() += fix.findings;
                    }
                }
                texts = edited;
                (analysis, beside) = (after, after_beside);
                continue 'rounds;
            }
            // Without a reason a fix only waits: which of several is at fault shows when fewer are tried.
            for (index, why) in bad.into_iter().rev() {
                let Chosen { rule, file, start, shown, .. } = chosen.remove(index);
                if let Some(why) = why {
                    dropped.push(Dropped { path: shown, rule, why });
                    refused.push(Refused { rule, file, start });
                }
            }
        }
    }
    dropped.sort();
    dropped.dedup();
    Ok(Fixed { analysis, beside, files: texts.changed(), findings, dropped })
}

fn hash(texts: &Texts) -> u64 {
    let mut hasher = DefaultHasher::new();
    for changed in texts.changed() {
        (changed.path, changed.after).hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests;
