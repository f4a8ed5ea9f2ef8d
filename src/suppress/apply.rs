//! Findings against comments.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;

use super::comment::{Comment, Until};
use super::{Fault, Ignore};
use crate::finding::{Applicability, Edit, Finding};
use crate::selection;
use crate::settings::IgnorePolicy;
use crate::source::{SourceMap, Span};

/// A finding that a comment accepts: its place in the list, and the reason that the comment gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppressed {
    /// Number in the list of findings.
    pub finding: usize,
    /// Why it is accepted.
    pub reason: Option<String>,
}

/// What a comment came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// The comment.
    pub span: Span,
    /// The rule that it names, as written; empty where that cannot be read.
    pub rule: String,
    /// Until when it holds, as written.
    pub until: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// What it does.
    pub state: State,
}

/// What a comment does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It accepts a finding.
    Used,
    /// There is nothing to accept.
    Unused,
    /// Its day is over, is no day, or lies too far ahead.
    Expired,
    /// Its rule does not run, or does not show all it finds, so nothing can be said.
    NotLookedAt,
    /// It names no rule.
    UnknownRule,
    /// It cannot be read, or stands where no comments are.
    Unreadable,
}

impl State {
    /// The words used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Unused => "not needed",
            Self::Expired => "expired",
            Self::NotLookedAt => "rule does not run",
            Self::UnknownRule => "no such rule",
            Self::Unreadable => "not understood",
        }
    }

    /// Whether somebody has to look at it.
    pub fn is_wrong(self) -> bool {
        !matches!(self, Self::Used | Self::NotLookedAt)
    }
}

/// What came of the comments.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// The findings that are accepted, ascending.
    pub suppressed: Vec<Suppressed>,
    /// What is wrong with comments.
    pub findings: Vec<Finding>,
    /// All comments, one entry a rule.
    pub audit: Vec<Audit>,
}

/// A finding as the comments see it.
pub struct Shown<'a> {
    /// The rule.
    pub rule: &'a str,
    /// The file, as shown.
    pub path: &'a str,
    /// First byte of its primary place.
    pub start: u32,
}

/// Takes out the accepted findings. `judged` says whether a rule was looked at in a file with all its findings, so that a comment
/// without one is not needed.
pub fn apply(
    sources: &SourceMap,
    ignores: &[Ignore],
    shown: &[Shown],
    policy: &IgnorePolicy,
    judged: &dyn Fn(&str, &str) -> bool,
) -> Applied {
    let mut applied = Applied::default();
    if !policy.enabled {
        return applied;
    }
    // A file that several configurations read is there several times: its comments count once.
    let mut once: BTreeMap<(&str, u32), &Ignore> = BTreeMap::new();
    for ignore in ignores {
        once.entry((&sources.file(ignore.span.file).path, ignore.span.start)).or_insert(ignore);
    }
    let mut by_path: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, finding) in shown.iter().enumerate() {
        by_path.entry(finding.path).or_default().push(index);
    }
    let mut taken = BTreeSet::new();
    for ((path, _), ignore) in once {
        let comment = match &ignore.comment {
            Ok(comment) => comment,
            Err(fault) => {
                applied.findings.push(match fault {
                    Fault::Unreadable(offset) => unreadable(ignore.span, *offset),
                    Fault::Misplaced(directive) => misplaced(sources, ignore.span, *directive),
                    Fault::LateKind => late_kind(ignore.span),
                });
                let (span, rule) = (ignore.span, String::new());
                applied.audit.push(Audit { span, rule, until: None, reason: None, state: State::Unreadable });
                continue;
            }
        };
        let until = comment.until.as_ref().map(|until| match until {
            Until::Day(day) => day.to_string(),
            Until::Malformed(text) => text.clone(),
        });
        let audit = |rule: &str, state: State| Audit {
            span: ignore.span,
            rule: rule.to_owned(),
            until: until.clone(),
            reason: comment.reason.clone(),
            state,
        };
        let holds = !expired(sources, ignore, comment, policy, &mut applied.findings);
        if policy.require_reason && comment.reason.is_none() {
            applied.findings.push(without_reason(ignore.span));
        }
        for (id, offset) in &comment.rules {
            let at = part(ignore.span, *offset, id.len());
            let rule = match selection::resolve(id) {
                Ok(rule) => rule,
                Err(near) => {
                    applied.findings.push(unknown(at, id, near));
                    applied.audit.push(audit(id, State::UnknownRule));
                    continue;
                }
            };
            let unignorable = policy.unignorable.iter().any(|r| r == rule);
            let accepted = |index: &&usize| {
                let governed = ignore.governs.as_ref().is_some_and(|range| range.contains(&shown[**index].start));
                shown[**index].rule == rule && governed && holds && !unignorable
            };
            let found: Vec<usize> = by_path.get(path).into_iter().flatten().filter(accepted).copied().collect();
            let state = match (holds, judged(rule, path), found.is_empty()) {
                (false, ..) => State::Expired,
                (true, _, false) => State::Used,
                (true, true, true) => State::Unused,
                (true, false, true) => State::NotLookedAt,
            };
            for finding in found {
                if taken.insert(finding) {
                    applied.suppressed.push(Suppressed { finding, reason: comment.reason.clone() });
                }
            }
            if unignorable {
                applied.findings.push(
                    Finding::new("unused-ignore", at, format!("`{rule}` cannot be ignored: lint401.toml forbids it"))
                        .help("mend what it reports, or take the rule out of `unignorable`"),
                );
            } else if state == State::Unused {
                applied.findings.push(unused(sources, ignore, comment, rule, at));
            }
            applied.audit.push(audit(rule, state));
        }
    }
    applied.suppressed.sort_by_key(|suppressed| suppressed.finding);
    applied
}

/// A part of a comment.
fn part(comment: Span, offset: usize, length: usize) -> Span {
    let start = (comment.start + offset as u32).min(comment.end);
    Span::new(comment.file, start, (start + length as u32).min(comment.end))
}

fn unreadable(comment: Span, offset: usize) -> Finding {
    let at = part(comment, offset, usize::MAX >> 33);
    let at = if at.start == at.end { comment } else { at };
    Finding::new("unknown-rule-in-ignore", at, "this comment for lint401 is not understood, and accepts nothing")
        .help("write it as `# lint401: ignore[rule] until=2027-03-31 -- why`; `ignore-block` and `ignore-file` reach further")
}

fn late_kind(comment: Span) -> Finding {
    let message = "this comment says what the file is, and counts only before everything else in it";
    Finding::new("unknown-rule-in-ignore", comment, message).help("move it to the first line")
}

fn unknown(at: Span, id: &str, near: Option<&str>) -> Finding {
    let found = Finding::new("unknown-rule-in-ignore", at, format!("there is no rule `{id}`, and nothing is accepted here"));
    match near {
        // Unsafe: from then on something is accepted.
        Some(near) => found.help(format!("did you mean `{near}`?")).fix(
            Applicability::Unsafe,
            format!("write `{near}`"),
            vec![Edit::replace(at, near)],
        ),
        None => found.help("`lint401 rules` lists the rules"),
    }
}

/// A comment behind a directive of Apache; mended by putting it above.
fn misplaced(sources: &SourceMap, comment: Span, directive: Span) -> Finding {
    let text = sources.text(comment);
    let (start, is_argument) = (comment.start, comment.start < directive.end);
    let message = if is_argument {
        "httpd has no comments behind a directive: it takes these words for arguments, and nothing is accepted"
    } else {
        "httpd has no comments behind a directive, and nothing is accepted here"
    };
    let line = text.lines().next().unwrap_or_default().trim_end_matches(['\\', ' ', '\t']);
    let at = Span::new(comment.file, start, start + line.len() as u32);
    let found = Finding::new("trailing-ignore-in-apache", at, message).help("put it on a line of its own above the directive");
    let is_sound = !text.contains('\n') && matches!(super::comment::read(text), Some(Ok(_)));
    if !is_sound {
        return found;
    }
    let edits = vec![Edit::insert_before(sources, directive, &[text]), Edit::remove(sources, comment)];
    found.fix(Applicability::Safe, "put the comment above the directive", edits)
}

fn without_reason(comment: Span) -> Finding {
    Finding::new("ignore-without-reason", comment, "this comment accepts a finding and does not say why")
        .help("add ` -- ` and the reason at its end")
}

/// Whether a comment holds no longer; says so.
fn expired(sources: &SourceMap, ignore: &Ignore, comment: &Comment, policy: &IgnorePolicy, findings: &mut Vec<Finding>) -> bool {
    let day = match &comment.until {
        None => return false,
        Some(Until::Malformed(text)) => {
            let message = format!("`until={text}` is no day, so this comment accepts nothing");
            findings.push(Finding::new("expired-ignore", ignore.span, message).help("write the day as `until=2027-03-31`"));
            return true;
        }
        Some(Until::Day(day)) => *day,
    };
    if day < policy.today {
        let message = format!("this comment held until {day}, and accepts nothing any more");
        let help = "mend what it accepted, or give it a new day";
        let found = Finding::new("expired-ignore", ignore.span, message).help(help);
        // Unsafe: the reason goes with it.
        findings.push(found.fix(Applicability::Unsafe, "take the comment out", vec![Edit::remove(sources, ignore.span)]));
        return true;
    }
    let last =
        policy.max_age_days.and_then(|days| policy.today.checked_add(i64::from(days).days()).ok().map(|last| (days, last)));
    if let Some((days, last)) = last.filter(|(_, last)| day > *last) {
        let message = format!("this comment would hold until {day}, and lint401.toml allows {days} days");
        let mut found = Finding::new("expired-ignore", ignore.span, message).help(format!("give it a day up to {last}"));
        if let Some(written) = until_of(sources, ignore.span) {
            // Unsafe: from then on it accepts something.
            let edit = Edit::replace(written, last.to_string());
            found = found.fix(Applicability::Unsafe, "give it the last day that is allowed", vec![edit]);
        }
        findings.push(found);
        return true;
    }
    false
}

/// Where the day of a comment stands.
fn until_of(sources: &SourceMap, comment: Span) -> Option<Span> {
    const KEY: &str = "until=";
    let text = sources.text(comment);
    let start = text.find(']').and_then(|list| Some(list + text.get(list..)?.find(KEY)?))? + KEY.len();
    let day = text.get(start..)?.split([' ', '\t']).next()?;
    Some(part(comment, start, day.len()))
}

/// An id in the list of a comment, with the comma that goes with it: the one before it, or of the first one the one behind.
fn in_list(sources: &SourceMap, comment: Span, id: Span) -> Span {
    let text = sources.file(comment.file).text();
    let part = |from: u32, to: u32| text.get(from as usize..to as usize).unwrap_or_default();
    let before = part(comment.start, id.start).trim_end_matches([' ', '\t']);
    if let Some(before) = before.strip_suffix(',') {
        return Span::new(id.file, comment.start + before.len() as u32, id.end);
    }
    let after = part(id.end, comment.end);
    let rest = after.trim_start_matches([' ', '\t', ',']);
    Span::new(id.file, id.start, id.end + (after.len() - rest.len()) as u32)
}

/// A comment that accepts nothing; mended by taking it out.
fn unused(sources: &SourceMap, ignore: &Ignore, comment: &Comment, rule: &str, at: Span) -> Finding {
    let message = match &ignore.governs {
        Some(_) => format!("`{rule}` reports nothing here: the comment is not needed"),
        None => format!("`ignore` of `{rule}` governs nothing here"),
    };
    let finding = Finding::new("unused-ignore", at, message);
    if ignore.governs.is_none() {
        return finding.help("`ignore-file` stands above the first directive, the others directly above a directive");
    }
    let finding = finding.help("take it out");
    if comment.rules.len() > 1 {
        let edit = Edit { span: in_list(sources, ignore.span, at), text: String::new() };
        return finding.fix(Applicability::Safe, "take the rule out of the comment", vec![edit]);
    }
    finding.fix(Applicability::Safe, "take the comment out", vec![Edit::remove(sources, ignore.span)])
}
