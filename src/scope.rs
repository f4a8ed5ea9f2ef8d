//! Findings in what changed: the whole project is analysed, and only a part of it reported.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::analysis::{Analysis, INTERNAL_ERROR};
use crate::files::{Files, normalize};
use crate::finding::Finding;
use crate::git::{Change, GitError, Lines};
use crate::source::{FileId, SourceMap, Span};

/// Leaves of an analysis what lies in changed files, or in touched lines of them. A finding counts by its primary place and by
/// those that play a part in it: a change in a snippet may make a fault that shows elsewhere. It counts too if its directive names
/// a file that is gone. `base` is the folder that shown paths start from.
pub fn narrow(analysis: &mut Analysis, change: &Change, by_line: bool, files: &dyn Files, base: &Path) -> Result<(), GitError> {
    let changed = Changed::new(&analysis.sources, change, files, base);
    let lines = if by_line { Some(change.lines(&changed.with_places(analysis))?) } else { None };
    let sources = std::mem::take(&mut analysis.sources);
    let is_touched = |place: Span| changed.touches(&sources, lines.as_ref(), place);
    let is_in = |finding: &Finding| {
        // What a fault of our own hides is not known.
        finding.rule == INTERNAL_ERROR || places(finding).any(is_touched) || change.names_gone(sources.text(finding.primary))
    };
    analysis.findings.retain(|reported| is_in(&reported.finding));
    analysis.ignored.retain(|(reported, _)| is_in(&reported.finding));
    analysis.baselined.retain(|(reported, _)| is_in(&reported.finding));
    analysis.hidden_by_profile.retain(|place| is_touched(*place));
    // Where a finding is reported has been looked at, whether it changed or not.
    let reported = analysis.findings.iter().map(|reported| &reported.finding.primary.file);
    let paths: BTreeSet<&str> = changed.0.keys().chain(reported).map(|file| sources.file(*file).path.as_str()).collect();
    for files in [&mut analysis.files, &mut analysis.excluded] {
        files.retain(|file| paths.contains(file.path.as_str()));
    }
    analysis.sources = sources;
    Ok(())
}

/// Whether a single finding counts, by its files alone.
pub fn counts(sources: &SourceMap, finding: &Finding, change: &Change, files: &dyn Files, base: &Path) -> bool {
    places(finding).any(|place| changed_path(&sources.file(place.file).path, change, files, base).is_some())
        || change.names_gone(sources.text(finding.primary))
}

/// The primary place and those that play a part.
fn places(finding: &Finding) -> impl Iterator<Item = Span> {
    std::iter::once(finding.primary).chain(finding.related.iter().map(|label| label.span))
}

/// The changed files of an analysis, with their names in the repository.
struct Changed(BTreeMap<FileId, PathBuf>);

impl Changed {
    fn new(sources: &SourceMap, change: &Change, files: &dyn Files, base: &Path) -> Self {
        let path = |path: &str| changed_path(path, change, files, base);
        Self(sources.iter().filter_map(|(id, file)| Some((id, path(&file.path)?))).collect())
    }

    /// Those of them in which there is something to report.
    fn with_places(&self, analysis: &Analysis) -> BTreeSet<PathBuf> {
        let accepted = analysis.ignored.iter().chain(&analysis.baselined).map(|(reported, _)| reported);
        let found = analysis.findings.iter().chain(accepted).flat_map(|reported| places(&reported.finding));
        let all = found.chain(analysis.hidden_by_profile.iter().copied());
        all.filter_map(|place| self.0.get(&place.file).cloned()).collect()
    }

    fn touches(&self, sources: &SourceMap, lines: Option<&Lines>, place: Span) -> bool {
        let Some(file) = self.0.get(&place.file) else { return false };
        let Some(lines) = lines else { return true };
        let (start, end) = sources.positions(place);
        // An end before the first column belongs to the line above.
        let last = if end.column == 1 { end.line - 1 } else { end.line };
        lines.touch(file, &(start.line..=last.max(start.line)))
    }
}

/// The path in the repository of a file, if it changed.
fn changed_path(shown: &str, change: &Change, files: &dyn Files, base: &Path) -> Option<PathBuf> {
    let path = normalize(&base.join(shown));
    // What is changed may be the link, or what it leads to.
    change.path(&files.identity(&path)).or_else(|| change.path(&path))
}
