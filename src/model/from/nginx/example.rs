//! A path that a location serves: made up from its pattern, and checked by searching for it.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::location::{Found, Locations, Pattern, pattern};
use super::nginx_site::Shared;
use super::regexes::Regexes;
use super::scope::{ScopeId, ScopeKind};

/// A path for which the search finds `scope`; `None` if none could be made up.
pub(super) fn path_for(shared: &Shared, locations: &Locations, server: ScopeId, scope: ScopeId) -> Option<String> {
    let leads_here = |path: &String| {
        let mut matches = |regex| shared.regexes.is_match(regex, path);
        let found = locations.find(server, path, &mut matches);
        let found = match found {
            Found::Server => server,
            Found::Location(found) => found,
            Found::SlashRedirect(_) | Found::Unknown(_) => return false,
        };
        found == scope
    };
    let block = shared.scopes.get(scope);
    if block.kind == ScopeKind::Location {
        // The prefix by itself, which mostly does, is tried before others are made up.
        let directive = shared.directive(block.directive);
        if let Pattern::Prefix { text, .. } = pattern(&directive, &mut Regexes::default())
            && leads_here(&text)
        {
            return Some(text);
        }
    }
    candidates(shared, scope).into_iter().find(leads_here)
}

/// Paths that the pattern of a block probably matches.
pub(super) fn candidates(shared: &Shared, scope: ScopeId) -> Vec<String> {
    let block = shared.scopes.get(scope);
    if block.kind != ScopeKind::Location {
        return vec!["/".to_owned(), "/index".to_owned(), "/some/page".to_owned()];
    }
    let directive = shared.directive(block.directive);
    let mut scratch = Regexes::default();
    match pattern(&directive, &mut scratch) {
        Pattern::Exact(text) => vec![text],
        Pattern::Prefix { text, .. } => {
            let ends = ["", "x", "/x", "x/y", "some/page"];
            ends.iter().map(|end| format!("{text}{end}")).collect()
        }
        Pattern::Regex(id) => {
            let (text, ignore_case) = scratch.text(id);
            let example = example(text, ignore_case).unwrap_or_default();
            let mut starts: Vec<String> = vec![String::new(), "/".to_owned(), "/x".to_owned(), "/x/".to_owned()];
            // A regex inside a prefix location also needs the prefix.
            for outer in
                shared.scopes.outward(block.parent).map(|s| shared.scopes.get(s)).filter(|s| s.kind == ScopeKind::Location)
            {
                if let Pattern::Prefix { text, .. } = pattern(&shared.directive(outer.directive), &mut Regexes::default()) {
                    let slash = if text.ends_with('/') { "" } else { "/" };
                    starts.extend([text.clone(), format!("{text}{slash}x"), format!("{text}{slash}")]);
                }
            }
            let ends = ["", "x", "/x"];
            let with_start = starts.iter().flat_map(|s| ends.iter().map(move |e| (s, e)));
            with_start.map(|(s, e)| format!("{s}{example}{e}")).filter(|p| p.starts_with('/')).collect()
        }
        Pattern::Named(_) | Pattern::Unknown => Vec::new(),
    }
}

/// A text that probably matches a regex: of each alternative the first, of each repetition the least, but `.*` as one letter.
pub(super) fn example(text: &str, ignore_case: bool) -> Option<String> {
    let hir = regex_syntax::ParserBuilder::new().case_insensitive(ignore_case).build().parse(text).ok()?;
    let mut out = String::new();
    write(&hir, &mut out);
    Some(out)
}

fn write(hir: &Hir, out: &mut String) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(Class::Unicode(class)) => {
            let holds = |c: char| class.ranges().iter().any(|r| r.start() <= c && c <= r.end());
            let nice = "xa1-_/.".chars().find(|c| holds(*c));
            out.extend(nice.or_else(|| class.ranges().first().map(regex_syntax::hir::ClassUnicodeRange::start)));
        }
        HirKind::Class(Class::Bytes(class)) => {
            let holds = |c: u8| class.ranges().iter().any(|r| r.start() <= c && c <= r.end());
            let nice = b"xa1-_/.".iter().copied().find(|c| holds(*c));
            out.extend(nice.or_else(|| class.ranges().first().map(regex_syntax::hir::ClassBytesRange::start)).map(char::from));
        }
        HirKind::Repetition(repetition) => {
            let times = repetition.min.max(u32::from(repetition.max != Some(1))).min(64);
            for _ in 0..times {
                write(&repetition.sub, out);
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, out),
        HirKind::Concat(parts) => parts.iter().for_each(|p| write(p, out)),
        HirKind::Alternation(parts) => {
            if let Some(first) = parts.first() {
                write(first, out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::example;

    #[test]
    fn examples_match_their_regex() {
        for text in [r"\.php$", r"^/(a|b)/[0-9]{3}", r"\.(css|js)$", "^/api/v[12]/.*$", r"^/.+\.php(/|$)"] {
            let found = example(text, false).unwrap();
            assert!(super::super::regexes::compile(text, false).unwrap().is_match(&found).unwrap(), "{text}: {found}");
        }
    }
}
