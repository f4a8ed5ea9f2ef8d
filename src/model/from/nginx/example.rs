//! A path that a location serves: made up from its pattern, and checked by searching for it.

use super::location::{Found, Pattern, pattern};
use super::scope::{ScopeId, ScopeKind};
use super::shared::Shared;
use crate::model::from::example::example;

/// A path for which the search finds `scope`; `None` if none could be made up.
pub(super) fn path_for(shared: &Shared, server: ScopeId, scope: ScopeId) -> Option<String> {
    let leads_here = |path: &String| {
        let mut matches = |regex| shared.regexes.is_match(regex, path);
        let found = shared.locations.find(&shared.scopes, server, path, &mut matches);
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
        if let Pattern::Prefix { text, .. } = pattern(&directive) {
            let text = text.into_owned();
            if leads_here(&text) {
                return Some(text);
            }
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
    match pattern(&directive) {
        Pattern::Exact(text) => vec![text.into_owned()],
        Pattern::Prefix { text, .. } => {
            let ends = ["", "x", "/x", "x/y", "some/page"];
            ends.iter().map(|end| format!("{text}{end}")).collect()
        }
        Pattern::Regex { text, ignore_case } => {
            let example = example(&text, ignore_case).unwrap_or_default();
            let mut starts: Vec<String> = vec![String::new(), "/".to_owned(), "/x".to_owned(), "/x/".to_owned()];
            // A regex inside a prefix location also needs the prefix.
            for outer in
                shared.scopes.outward(block.parent).map(|s| shared.scopes.get(s)).filter(|s| s.kind == ScopeKind::Location)
            {
                if let Pattern::Prefix { text, .. } = pattern(&shared.directive(outer.directive)) {
                    let slash = if text.ends_with('/') { "" } else { "/" };
                    starts.extend([text.to_string(), format!("{text}{slash}x"), format!("{text}{slash}")]);
                }
            }
            let ends = ["", "x", "/x"];
            let with_start = starts.iter().flat_map(|s| ends.iter().map(move |e| (s, e)));
            with_start.map(|(s, e)| format!("{s}{example}{e}")).filter(|p| p.starts_with('/')).collect()
        }
        Pattern::Named(_) | Pattern::Unknown => Vec::new(),
    }
}
