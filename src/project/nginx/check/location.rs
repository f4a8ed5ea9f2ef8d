//! Locations: their names, what may stand in what, and what a location of some kind may not hold.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use foldhash::fast::FixedState;

use super::{Checker, Frame};
use crate::finding::Finding;
use crate::project::nginx::config::{Directive, DirectiveId};
use crate::syntax::nginx::Name;

/// The locations met in a block so far, with whether they are exact.
pub(super) type Siblings<'a> = HashMap<(bool, Cow<'a, str>), DirectiveId, FixedState>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Exact,
    Prefix,
    Regex,
    Named,
}

/// Kind and name of a location, by its one or two arguments. `None` for an unknown modifier.
fn parse(directive: Directive<'_>) -> Option<(Kind, Cow<'_, str>)> {
    let first = directive.arg(0);
    if directive.arg_count() == 2 {
        let kind = match first.as_ref() {
            "=" => Kind::Exact,
            "^~" => Kind::Prefix,
            "~" | "~*" => Kind::Regex,
            _ => return None,
        };
        return Some((kind, directive.arg(1)));
    }
    // The modifier may be glued to the name.
    let glued = |kind: Kind, length: usize| {
        let rest = match &first {
            Cow::Borrowed(text) => Cow::Borrowed(text.get(length..).unwrap_or_default()),
            Cow::Owned(text) => Cow::Owned(text.get(length..).unwrap_or_default().to_owned()),
        };
        Some((kind, rest))
    };
    match first.as_bytes() {
        [b'=', ..] => glued(Kind::Exact, 1),
        [b'^', b'~', ..] => glued(Kind::Prefix, 2),
        [b'~', b'*', ..] => glued(Kind::Regex, 2),
        [b'~', ..] => glued(Kind::Regex, 1),
        [b'@', ..] => Some((Kind::Named, first)),
        _ => Some((Kind::Prefix, first)),
    }
}

pub(super) fn alias<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    let named = directive.parent().filter(|p| p.name() == Name::Location).and_then(parse);
    if named.is_some_and(|(kind, _)| kind == Kind::Named) {
        misplaced(checker, directive, "\"alias\" cannot be used inside a named location");
    }
}

fn misplaced<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, message: impl Into<String>) {
    let mut finding = Finding::new("misplaced-directive", directive.span(), message);
    if let Some(parent) = directive.parent() {
        finding = finding.related(parent.span(), "it stands in this block");
    }
    checker.report(finding);
}

pub(super) fn check<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, frame: &mut Frame<'a>) {
    let Some((kind, name)) = parse(directive) else {
        let message = format!("invalid location modifier \"{}\"", directive.arg(0));
        let help = "the modifiers are \"=\", \"^~\", \"~\" and \"~*\"";
        checker.report(Finding::new("syntax-error", directive.arg_span(0), message).help(help));
        return;
    };
    if kind == Kind::Regex {
        checker.regex(directive, directive.arg_count() - 1, &name);
    }
    // What a location cannot hold.
    let outer = directive.parent().filter(|p| p.name() == Name::Location && !p.has_hole());
    if let Some((outer_kind, outer_name)) = outer.and_then(parse) {
        let message = match outer_kind {
            Kind::Exact => Some(format!("location \"{name}\" cannot be inside the exact location \"{outer_name}\"")),
            Kind::Named => Some(format!("location \"{name}\" cannot be inside the named location \"{outer_name}\"")),
            _ if kind == Kind::Named => Some(format!("named location \"{name}\" can be on the server level only")),
            // The server compares with the text of a regular expression as well.
            _ if kind != Kind::Regex && !name.starts_with(outer_name.as_ref()) => {
                Some(format!("location \"{name}\" is outside location \"{outer_name}\""))
            }
            _ => None,
        };
        if let Some(message) = message {
            misplaced(checker, directive, message);
            return;
        }
    }
    if matches!(kind, Kind::Exact | Kind::Prefix) {
        match frame.locations.entry((kind == Kind::Exact, name)) {
            Entry::Vacant(place) => {
                place.insert(directive.id);
            }
            Entry::Occupied(first) => {
                let message = format!("duplicate location \"{}\"", first.key().1);
                let first = checker.config.directive(checker.sources, *first.get()).span();
                let mut finding =
                    Finding::new("syntax-error", directive.span(), message).help("nginx refuses the second one: merge them");
                if first != directive.span() {
                    finding = finding.related(first, "here for the first time");
                }
                checker.report(finding);
            }
        }
    }
}

pub(super) fn proxy_pass<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    if directive.arg_words().first().is_some_and(|word| word.dollar()) {
        return;
    }
    let url = directive.arg(0);
    let after = |scheme: &str| {
        let (start, rest) = url.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    };
    let Some(rest) = after("http://").or_else(|| after("https://")) else {
        let finding = Finding::new("syntax-error", directive.arg_span(0), format!("invalid URL prefix in \"{url}\""));
        checker.report(finding.help("the address begins with \"http://\" or \"https://\""));
        return;
    };
    let rest = rest.strip_prefix("unix:").map_or(rest, |path| path.split_once(':').map_or("", |(_, uri)| uri));
    if !rest.bytes().any(|b| matches!(b, b'/' | b'?')) {
        return;
    }
    let Some(block) = directive.parent() else { return };
    let place = match block.name() {
        Name::If => "\"if\"",
        Name::LimitExcept => "\"limit_except\"",
        Name::Location if !block.has_hole() => match parse(block) {
            Some((Kind::Regex, _)) => "a location given by a regular expression",
            Some((Kind::Named, _)) => "a named location",
            _ => return,
        },
        _ => return,
    };
    let finding =
        Finding::new("misplaced-directive", directive.span(), format!("\"proxy_pass\" cannot have a URI part in {place}"))
            .related(block.span(), "it stands in this block")
            .help("the server cannot tell which part of the request to replace: remove the path after the host, the \"/\" too");
    checker.report(finding);
}
