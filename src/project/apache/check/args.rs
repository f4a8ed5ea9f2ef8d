//! How many arguments a directive takes, and `On` or `Off`.

use super::{Checker, FileState};
use crate::finding::{Applicability, Edit, Finding};
use crate::project::apache::config::Directive;
use crate::source::Span;
use crate::syntax::apache::directives::{Args, Info};
use crate::syntax::apache::{Name, Quote};

/// Checks the number of arguments; says whether it is right.
pub(super) fn check<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, info: &Info, file: FileState) -> bool {
    let count = directive.arg_count();
    let is_empty = |index: usize| directive.arg(index).is_empty();
    match info.args {
        Args::Count(counts) => {
            let (least, most) = info.args.range().into_inner();
            if count > most {
                too_many(checker, directive, info, most, &describe(counts))
            } else if count < least && !file.templated || (0..least.min(count)).any(is_empty) {
                too_few(checker, directive, info, &describe(counts))
            } else {
                true
            }
        }
        Args::Flag => {
            let value = directive.arg(0);
            let fits = value.eq_ignore_ascii_case("on") || value.eq_ignore_ascii_case("off");
            if !(fits || count == 0 && file.templated) {
                checker.error(directive, directive.arg_span(0), format!("\"{}\" must be \"On\" or \"Off\"", info.text));
            }
            fits
        }
        Args::Each if count == 0 && !file.templated || count > 0 && is_empty(0) => {
            too_few(checker, directive, info, "at least one argument")
        }
        Args::EachOfFirst if count < 2 && !file.templated || count > 0 && is_empty(0) => {
            too_few(checker, directive, info, "at least two arguments")
        }
        _ => true,
    }
}

fn describe(counts: u8) -> String {
    let counts: Vec<String> = (1..=3).filter(|n| counts & (1 << n) != 0).map(|n: u8| n.to_string()).collect();
    match counts.split_last() {
        Some((last, [])) if last == "1" => "one argument".to_owned(),
        Some((last, [])) => format!("{last} arguments"),
        Some((last, first)) => format!("{} or {last} arguments", first.join(", ")),
        None => "no arguments".to_owned(),
    }
}

fn too_few<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, info: &Info, wanted: &str) -> bool {
    let count = directive.arg_count();
    let found = match (0..count).find(|index| directive.arg(*index).is_empty()) {
        Some(_) => "an empty one".to_owned(),
        None => count.to_string(),
    };
    checker.error(directive, directive.span(), format!("\"{}\" takes {wanted}, found {found}", info.text));
    false
}

fn too_many<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, info: &Info, most: usize, wanted: &str) -> bool {
    let count = directive.arg_count();
    let message = format!("\"{}\" takes {wanted}, found {count}", info.text);
    let last = directive.arg_span(count.saturating_sub(1));
    let span = directive.arg_span(most).to(last);
    let mut finding = Finding::new("syntax-error", span, message);
    let comment = (0..count).find(|index| directive.arg(*index).starts_with('#'));
    if comment.is_some_and(|at| at <= most) {
        finding = finding.help("a comment stands on a line of its own");
    } else if let Some(first) = most.checked_sub(1).filter(|_| takes_text(directive.name())) {
        finding = finding.help("a value with spaces needs quotes");
        let value = directive.arg_span(first).to(last);
        let bare = directive.words().iter().skip(first + 1).all(|word| word.quote == Quote::None && !word.escaped);
        if bare && !checker.sources.text(value).contains(['"', '\n']) {
            let edits = vec![
                Edit { span: Span::new(value.file, value.start, value.start), text: "\"".into() },
                Edit { span: Span::new(value.file, value.end, value.end), text: "\"".into() },
            ];
            finding = finding.fix(Applicability::Unsafe, "put the value in quotes", edits);
        }
    }
    checker.fault(directive, finding);
    false
}

/// Whether the last argument is free text or a path, which people forget to quote.
fn takes_text(name: Name) -> bool {
    matches!(
        name,
        Name::AuthName
            | Name::ErrorDocument
            | Name::SetEnv
            | Name::ExpiresByType
            | Name::ExpiresDefault
            | Name::AuthUserFile
            | Name::AuthGroupFile
            | Name::DocumentRoot
            | Name::Alias
            | Name::ScriptAlias
            | Name::ServerAdmin
            | Name::CustomLog
            | Name::LogFormat
            | Name::ErrorLog
            | Name::SetHandler
    )
}
