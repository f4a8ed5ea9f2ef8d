//! Whether fixes did what they are for, by the analysis of the edited texts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Why;
use super::choose::Chosen;
use super::text::{Texts, moved};
use crate::analysis::Analysis;

/// Findings by rule, file and first byte: how many there are.
type Places<'a> = BTreeMap<(&'a str, PathBuf, u32), usize>;

/// The fixes that are not kept, ascending, each with the reason; without one it is not known which of several is at fault, and it
/// may be tried again with fewer beside it.
pub(super) fn judge(before: &Analysis, after: &Analysis, chosen: &[Chosen], texts: &Texts) -> Vec<(usize, Option<Why>)> {
    let void = void(before, after, chosen, texts);
    if !void.is_empty() {
        return void.into_iter().map(|index| (index, Some(Why::Void))).collect();
    }
    breaking(before, after, chosen, texts)
}

/// The fixes whose finding is still there: more findings of the rule begin at its place than other ones have moved there.
fn void(before: &Analysis, after: &Analysis, chosen: &[Chosen], texts: &Texts) -> Vec<usize> {
    let mut identities = BTreeMap::new();
    let mut places = |analysis: &Analysis| {
        let mut places = Places::new();
        for reported in &analysis.findings {
            let primary = reported.finding.primary;
            let shown = analysis.sources.file(primary.file).path.clone();
            let file = identities.entry(shown).or_insert_with_key(|shown: &String| texts.identity(shown)).clone();
            *places.entry((reported.finding.rule, file, primary.start)).or_default() += 1;
        }
        places
    };
    let (mut others, there) = (places(before), places(after));
    for chosen in chosen {
        if let Some(count) = others.get_mut(&(chosen.rule, chosen.file.clone(), chosen.start)) {
            *count = count.saturating_sub(1);
        }
    }
    let rules: Vec<&str> = chosen.iter().map(|chosen| chosen.rule).collect();
    let mut expected = Places::new();
    for ((rule, file, start), count) in others.into_iter().filter(|((rule, ..), count)| *count > 0 && rules.contains(rule)) {
        let start = moved(chosen, &file, start);
        *expected.entry((rule, file, start)).or_default() += count;
    }
    let still_there = |chosen_one: &Chosen| {
        let place = (chosen_one.rule, chosen_one.file.clone(), moved(chosen, &chosen_one.file, chosen_one.start));
        there.get(&place) > expected.get(&place)
    };
    chosen.iter().enumerate().filter(|(_, chosen)| still_there(chosen)).map(|(index, _)| index).collect()
}

/// The fixes to give up because the server would refuse more of a file than before.
fn breaking(before: &Analysis, after: &Analysis, chosen: &[Chosen], texts: &Texts) -> Vec<(usize, Option<Why>)> {
    let count = |analysis: &Analysis, path: &str| analysis.refused.get(path).copied().unwrap_or(0);
    let worse: Vec<&String> = after.refused.keys().filter(|path| count(after, path) > count(before, path)).collect();
    if worse.is_empty() {
        return Vec::new();
    }
    let files: Vec<PathBuf> = worse.into_iter().map(|path| texts.identity(path)).collect();
    let edits = |chosen: &Chosen, file: &Path| chosen.edits.iter().any(|edit| edit.file == file);
    let mut suspects: Vec<usize> = (0..chosen.len())
        .filter(|index| chosen.get(*index).is_some_and(|chosen| files.iter().any(|file| edits(chosen, file))))
        .collect();
    // An edit may break a file that it does not touch: the one that is included at its place.
    if suspects.is_empty() {
        suspects = (0..chosen.len()).collect();
    }
    match suspects.as_slice() {
        [one] => vec![(*one, Some(Why::Breaks))],
        several => several.iter().skip(several.len() / 2).map(|index| (*index, None)).collect(),
    }
}
