//! Which fixes are applied together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::text::{Edit, Texts, line_break};
use super::{Dropped, Refused, Wanted, Why};
use crate::analysis::{Analysis, Reported};
use crate::finding::{Applicability, Fix};

/// A fix that is tried.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    pub(super) rule: &'static str,
    /// The file of its finding, by the path that all its names have in common, and as shown.
    pub(super) file: PathBuf,
    pub(super) shown: String,
    /// Where its finding begins.
    pub(super) start: u32,
    pub(super) edits: Vec<Edit>,
    /// For how many findings it is counted: none where the same one is found in a file of another name.
    pub(super) findings: usize,
}

/// Chooses fixes that do not get in each other's way: the safe ones first, then in the order of the findings. Others wait for the
/// texts that come of these. Gives also the fixes that cannot be applied because their files changed.
pub(super) fn choose(
    analysis: &Analysis,
    texts: &mut Texts,
    wanted: &Wanted,
    refused: &[Refused],
) -> (Vec<Chosen>, Vec<Dropped>) {
    let covered: BTreeSet<&str> = analysis.files.iter().map(|file| file.path.as_str()).collect();
    let mut fixable: Vec<(&Reported, &Fix)> = analysis
        .findings
        .iter()
        .filter_map(|reported| Some((reported, reported.finding.fix.as_deref()?)))
        .filter(|(reported, fix)| {
            (wanted.unsafe_too || fix.applicability == Applicability::Safe) && (wanted.finding)(analysis, reported)
        })
        .collect();
    fixable.sort_by_key(|(_, fix)| fix.applicability == Applicability::Unsafe);

    let mut chosen: Vec<Chosen> = Vec::new();
    let mut dropped = Vec::new();
    let mut taken = Taken::default();
    let mut seen = BTreeSet::new();
    for (reported, fix) in fixable {
        let (rule, primary) = (reported.finding.rule, reported.finding.primary);
        let shown = &analysis.sources.file(primary.file).path;
        let file = texts.identity(shown);
        if refused.iter().any(|r| r.rule == rule && r.start == primary.start && r.file == file) {
            continue;
        }
        let paths: BTreeMap<_, _> =
            fix.edits.iter().map(|edit| (edit.span.file, &analysis.sources.file(edit.span.file).path)).collect();
        if paths.values().any(|path| !covered.contains(path.as_str()) || !(wanted.file)(Path::new(path))) {
            continue;
        }
        let place = |edit: &crate::finding::Edit, texts: &mut Texts| {
            let file = texts.take(&analysis.sources, edit.span.file)?;
            let source = analysis.sources.file(edit.span.file).text();
            let text = edit.text.replace('\n', line_break(source, edit.span.start));
            Some(Edit { file, start: edit.span.start, end: edit.span.end, text })
        };
        let edits: Option<Vec<Edit>> = fix.edits.iter().map(|edit| place(edit, texts)).collect();
        let Some(edits) = edits else {
            dropped.push(Dropped { path: shown.clone(), rule, why: Why::Changed });
            continue;
        };
        if !edits.is_empty() && taken.add(&edits) {
            let findings = usize::from(seen.insert((rule, file.clone(), primary.start)));
            chosen.push(Chosen { rule, file, shown: shown.clone(), start: primary.start, edits, findings });
        }
    }
    (chosen, dropped)
}

/// The edits that are taken, by file and start.
#[derive(Default)]
struct Taken(BTreeSet<Edit>);

impl Taken {
    /// Takes edits if they can stand beside those that are there. The same edit twice is one.
    fn add(&mut self, edits: &[Edit]) -> bool {
        let new: Vec<&Edit> = edits.iter().filter(|edit| !self.0.contains(*edit)).collect();
        if new.iter().any(|edit| self.touches(edit)) {
            return false;
        }
        self.0.extend(new.into_iter().cloned());
        true
    }

    /// Whether an edit overlaps a taken one. What only touches does too where one of them inserts: which comes first is not said.
    fn touches(&self, edit: &Edit) -> bool {
        let at = |start: u32| Edit { file: edit.file.clone(), start, end: 0, text: String::new() };
        let before = self.0.range(..at(edit.start)).next_back().filter(|other| other.file == edit.file);
        let after = self.0.range(at(edit.start)..).next().filter(|other| other.file == edit.file);
        let in_the_way = |first: &Edit, second: &Edit| {
            let inserts = first.start == first.end || second.start == second.end;
            second.start < first.end || second.start == first.end && inserts
        };
        before.is_some_and(|before| in_the_way(before, edit))
            || after.is_some_and(|after| after.start == edit.start || in_the_way(edit, after))
    }
}
