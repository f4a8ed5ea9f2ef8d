//! Fixing with an analysis that is easy to see through: each word that stands in a table is a finding.

use std::convert::Infallible;
use std::path::Path;

use super::*;
use crate::analysis::Covered;
use crate::discover::Dialect;
use crate::files::Memory;
use crate::finding::{Applicability, Edit, Finding, Severity};
use crate::source::{SourceMap, Span};

/// A word, whether its fix is safe, and what the fix makes of it.
type Word = (&'static str, Applicability, &'static str);

fn analyze(files: &dyn Files, words: &[Word]) -> Analysis {
    let mut analysis = Analysis::default();
    let covered = |path: &str| Covered {
        path: path.into(),
        root: path.into(),
        via: None,
        alone: false,
        dialect: Dialect::Nginx,
        languages: Vec::new(),
    };
    for name in ["x.conf", "y.conf"] {
        let Ok(bytes) = files.read(Path::new(name)) else { continue };
        let mut sources = SourceMap::new();
        let file = sources.add(name, bytes);
        let mut found = Analysis { files: vec![covered(name)], ..Analysis::default() };
        let text = sources.file(file).text().to_owned();
        let mut at = 0;
        for word in text.split_inclusive([' ', '\n']) {
            let bare = word.trim_end();
            let span = Span::new(file, at, at + bare.len() as u32);
            if bare == "broken" {
                *found.refused.entry(name.into()).or_default() += 1;
            }
            if let Some((rule, applicability, new)) = words.iter().find(|(word, ..)| *word == bare) {
                let edits = vec![Edit { span, text: (*new).to_owned() }];
                let finding = Finding::new(rule, span, bare).fix(*applicability, "replace it", edits);
                let (start, end) = sources.positions(span);
                found.findings.push(Reported { finding, severity: Severity::Error, start, end });
            }
            at += word.len() as u32;
        }
        found.sources = sources;
        analysis = crate::analysis::join([analysis, found]);
    }
    analysis
}

struct Came {
    text: String,
    findings: usize,
    dropped: Vec<Why>,
    analyses: usize,
}

fn fix(text: &str, unsafe_too: bool, words: &[Word]) -> Came {
    let mut files = Memory::new();
    files.add("x.conf", text);
    let wanted = Wanted { unsafe_too, finding: &|_, _| true, file: &|_| true };
    let mut analyses = 0;
    let fixed = run::<(), Infallible>(&files, Path::new(""), (analyze(&files, words), ()), &wanted, &mut |files| {
        analyses += 1;
        Ok((analyze(files, words), ()))
    });
    let Ok(fixed) = fixed;
    let text = fixed.files.first().map_or(text.to_owned(), |file| String::from_utf8(file.after.to_vec()).unwrap());
    let dropped = fixed.dropped.iter().map(|dropped| dropped.why).collect();
    Came { text, findings: fixed.findings.values().sum(), dropped, analyses }
}

use Applicability::{Safe, Unsafe};

#[test]
fn all_at_once_and_only_what_is_wanted() {
    let words = [("a", Safe, "good"), ("b", Unsafe, "")];
    let came = fix("a b a\nb a\n", false, &words);
    assert_eq!((came.text.as_str(), came.findings, came.analyses), ("good b good\nb good\n", 3, 1));
    let came = fix("a b a\nb a\n", true, &words);
    assert_eq!((came.text.as_str(), came.findings, came.analyses), ("good  good\n good\n", 5, 1));
}

#[test]
fn one_fix_leads_to_the_next() {
    let came = fix("a a", false, &[("a", Safe, "b"), ("b", Safe, "c"), ("c", Safe, "")]);
    assert_eq!((came.text.as_str(), came.findings, came.analyses), (" ", 6, 3));
}

#[test]
fn what_does_not_help_is_left_out_and_the_rest_stays() {
    let came = fix("a void a void", true, &[("a", Safe, "good"), ("void", Unsafe, "void more")]);
    assert_eq!((came.text.as_str(), came.findings), ("good void good void", 2));
    assert_eq!(came.dropped, [Why::Void]);
}

#[test]
fn what_breaks_the_file_is_left_out_and_the_rest_stays() {
    let came = fix("a a bad a a a", true, &[("a", Safe, "good"), ("bad", Safe, "broken")]);
    assert_eq!((came.text.as_str(), came.findings), ("good good bad good good good", 5));
    assert_eq!(came.dropped, [Why::Breaks]);
    // Faults that were there before are none of the fix.
    let came = fix("broken a", false, &[("a", Safe, "good")]);
    assert_eq!(came.text, "broken good");
}

#[test]
fn fixes_that_undo_each_other_are_left_out_and_a_second_run_changes_nothing() {
    for words in [&[("a", Safe, "b"), ("b", Safe, "a")][..], &[("a", Safe, "b"), ("b", Safe, "c"), ("c", Safe, "a")]] {
        for text in ["a", "a a", "a b", "good a", "bad a", "bad bad b a"] {
            let words: Vec<Word> = words.iter().copied().chain([("bad", Safe, "good")]).collect();
            let once = fix(text, false, &words);
            assert!(once.dropped.contains(&Why::Circle), "{text}");
            assert!(!once.text.contains("bad"));
            let twice = fix(&once.text, false, &words);
            assert_eq!((twice.text, twice.findings), (once.text, 0), "{text}");
        }
    }
}

#[test]
fn what_never_ends_is_ended() {
    let came = fix("a", false, &[("a", Safe, "more b"), ("b", Safe, "more a")]);
    assert_eq!((came.analyses, came.findings), (ANALYSES, ANALYSES));
}

#[test]
fn bytes_and_line_breaks_stay() {
    let mut files = Memory::new();
    files.add("x.conf", b"\xef\xbb\xbf\xe9 a\r\nb\xff".to_vec());
    let words = [("a", Safe, "good\nmore")];
    let wanted = Wanted { unsafe_too: false, finding: &|_, _| true, file: &|_| true };
    let run = run::<(), Infallible>(&files, Path::new(""), (analyze(&files, &words), ()), &wanted, &mut |files| {
        Ok((analyze(files, &words), ()))
    });
    let Ok(fixed) = run;
    assert_eq!(&*fixed.files[0].after, b"\xef\xbb\xbf\xe9 good\r\nmore\r\nb\xff");
}

#[test]
fn a_file_that_changed_meanwhile_stays() {
    let mut files = Memory::new();
    files.add("x.conf", "a");
    files.add("y.conf", "a");
    let words = [("a", Safe, "good")];
    let found = analyze(&files, &words);
    files.add("x.conf", "something else");
    let wanted = Wanted { unsafe_too: false, finding: &|_, _| true, file: &|_| true };
    let run = run::<(), Infallible>(&files, Path::new(""), (found, ()), &wanted, &mut |files| Ok((analyze(files, &words), ())));
    let Ok(fixed) = run;
    let dropped: Vec<_> = fixed.dropped.iter().map(|dropped| (dropped.path.as_str(), dropped.why)).collect();
    assert_eq!(dropped, [("x.conf", Why::Changed)]);
    let changed: Vec<_> = fixed.files.iter().map(|file| (file.shown.as_str(), &*file.after)).collect();
    assert_eq!(changed, [("y.conf", &b"good"[..])]);
}
