//! Comments that accept findings, as fixes: so they are tried, left out and written as fixes are.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::{Analysis, Reported};
use crate::connect;
use crate::discover::Dialect;
use crate::finding::{Applicability, Edit, Fix};
use crate::source::{FileId, SourceFile, Span};
use crate::suppress::{self, Reason};

/// Puts a comment above the directive of each finding that is wanted in place of whatever fix it has, and takes the fixes of
/// all others away. Findings of one directive share a comment.
pub fn by_comments(analysis: &mut Analysis, reason: &Reason, wanted: &dyn Fn(&Analysis, &Reported) -> bool) {
    let dialects: BTreeMap<&str, Dialect> = analysis.files.iter().map(|file| (file.path.as_str(), file.dialect)).collect();
    let mut heads: BTreeMap<FileId, Vec<Span>> = BTreeMap::new();
    let mut rules: BTreeMap<Span, BTreeSet<&str>> = BTreeMap::new();
    let mut places: Vec<Option<Span>> = Vec::with_capacity(analysis.findings.len());
    for reported in &analysis.findings {
        let (rule, primary) = (reported.finding.rule, reported.finding.primary);
        let source = analysis.sources.file(primary.file);
        let place = (|| {
            if !suppress::can_accept(rule) || !wanted(analysis, reported) {
                return None;
            }
            let dialect = *dialects.get(source.path.as_str())?;
            let heads = heads.entry(primary.file).or_insert_with(|| connect::heads(dialect, primary.file, source.text()));
            // Of several that hold it the one that begins last is the innermost.
            heads
                .iter()
                .filter(|head| head.start <= primary.start && primary.start < head.end)
                .max_by_key(|head| head.start)
                .copied()
        })();
        if let Some(head) = place {
            rules.entry(head).or_default().insert(rule);
        }
        places.push(place);
    }
    let mut comments: BTreeMap<Span, Edit> = BTreeMap::new();
    for (head, rules) in rules {
        let source = analysis.sources.file(head.file);
        let dialect = dialects.get(source.path.as_str()).copied();
        let comment = suppress::comment(rules, reason);
        if let Some(edit) = dialect.and_then(|dialect| above(dialect, source, head, &comment)) {
            comments.insert(head, edit);
        }
    }
    for (reported, place) in analysis.findings.iter_mut().zip(places) {
        let edit = place.and_then(|head| comments.get(&head)).cloned();
        let title = "accept it with a comment".to_owned();
        reported.finding.fix = edit.map(|edit| Box::new(Fix { applicability: Applicability::Safe, title, edits: vec![edit] }));
    }
}

/// A comment on a line of its own above a directive, if there is a place for it.
fn above(dialect: Dialect, source: &SourceFile, head: Span, comment: &str) -> Option<Edit> {
    let before = source.text().get(..head.start as usize)?;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    // A mark of byte order is no part of the line.
    let start = start + if start == 0 && before.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let line = before.get(start..)?;
    let rest = line.trim_start_matches([' ', '\t']);
    let indent = line.get(..line.len() - rest.len())?;
    let item = matches!(dialect, Dialect::Edge(_)) && rest.chars().all(|c| matches!(c, '-' | ' ' | '\t'));
    if rest.is_empty() || item {
        return Some(Edit::insert(head.file, start as u32, format!("{indent}{comment}\n")));
    }
    // nginx takes a line break for a blank.
    let blanks = before.len() - before.trim_end_matches([' ', '\t']).len();
    let gap = Span::new(head.file, head.start - blanks as u32, head.start);
    (dialect == Dialect::Nginx).then(|| Edit::replace(gap, format!("\n{indent}{comment}\n{indent}")))
}
