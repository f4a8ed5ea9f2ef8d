//! Which location serves a URI: the search of `ngx_http_core_find_location`.

use std::borrow::Cow;

use super::scope::{ScopeId, Scopes};
use crate::model::from::regexes::{RegexId, Regexes};
use crate::project::nginx::{Config, Directive};
use crate::source::SourceMap;

/// How a location is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pattern<'a> {
    /// `= /x`
    Exact(Cow<'a, str>),
    /// `/x`, or `^~ /x` (no regex is asked if this prefix is the longest).
    Prefix { text: Cow<'a, str>, no_regex: bool },
    /// `~ x`, `~* x`
    Regex { text: Cow<'a, str>, ignore_case: bool },
    /// `@name`
    Named(Cow<'a, str>),
    /// A template hole: anything.
    Unknown,
}

/// The locations directly inside one block, arranged for the search.
#[derive(Clone, Debug, Default)]
pub(super) struct Level<'a> {
    pub(super) exact: Vec<Exact<'a>>,
    /// Longest first.
    pub(super) prefixes: Vec<Prefix<'a>>,
    /// In the order of the text.
    pub(super) regexes: Vec<(RegexId, ScopeId)>,
    pub(super) unknown: Vec<ScopeId>,
}

/// An exact location.
#[derive(Clone, Debug)]
pub(super) struct Exact<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) scope: ScopeId,
    /// Whether a request for the text without its last `/` is redirected to it.
    pub(super) redirects_to_slash: bool,
}

/// A prefix location.
#[derive(Clone, Debug)]
pub(super) struct Prefix<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) no_regex: bool,
    pub(super) scope: ScopeId,
    /// Whether a request for the prefix without its last `/` is redirected to it.
    pub(super) redirects_to_slash: bool,
}

/// The locations of one server.
#[derive(Clone, Debug, Default)]
pub(super) struct Locations<'a> {
    /// The levels by the block they stand in, sorted by it.
    levels: Vec<(ScopeId, Level<'a>)>,
    named: Vec<(Cow<'a, str>, ScopeId)>,
}

impl Level<'_> {
    /// The location whose text is `uri/` and whose handler redirects there.
    fn slash_redirect(&self, uri: &str) -> Option<ScopeId> {
        let fits = |redirects: bool, text: &str| redirects && text.strip_suffix('/') == Some(uri);
        let exact = self.exact.iter().find(|e| fits(true, &e.text));
        let prefix = self.prefixes.iter().find(|p| fits(p.redirects_to_slash, &p.text));
        match (exact, prefix) {
            // Of an exact and a prefix location with one text the exact one counts, whichever has the handler.
            (Some(exact), prefix) if exact.redirects_to_slash || prefix.is_some() => Some(exact.scope),
            (_, prefix) => prefix.map(|p| p.scope),
        }
    }
}

/// What the search found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The server itself: no location matches.
    Server,
    Location(ScopeId),
    /// The prefix location wants the request repeated with `/` at the end.
    SlashRedirect(ScopeId),
    /// A location with a template hole in its pattern may or may not match.
    Unknown(ScopeId),
}

/// The pattern of a `location` directive.
pub(super) fn pattern<'a>(directive: &Directive<'a>) -> Pattern<'a> {
    if directive.has_hole() {
        return Pattern::Unknown;
    }
    let first = directive.arg(0);
    if directive.arg_count() > 1 {
        let text = directive.arg(1);
        return match first.as_ref() {
            "=" => Pattern::Exact(text),
            "^~" => Pattern::Prefix { text, no_regex: true },
            "~" => Pattern::Regex { text, ignore_case: false },
            "~*" => Pattern::Regex { text, ignore_case: true },
            _ => Pattern::Unknown,
        };
    }
    // The modifier may be glued to the text.
    let after = |modifier: &str| match &first {
        Cow::Borrowed(first) => first.strip_prefix(modifier).map(Cow::Borrowed),
        Cow::Owned(first) => first.strip_prefix(modifier).map(|rest| Cow::Owned(rest.to_owned())),
    };
    if let Some(text) = after("=") {
        Pattern::Exact(text)
    } else if let Some(text) = after("^~") {
        Pattern::Prefix { text, no_regex: true }
    } else if let Some(text) = after("~*") {
        Pattern::Regex { text, ignore_case: true }
    } else if let Some(text) = after("~") {
        Pattern::Regex { text, ignore_case: false }
    } else if first.starts_with('@') {
        Pattern::Named(first)
    } else {
        Pattern::Prefix { text: first, no_regex: false }
    }
}

impl<'a> Locations<'a> {
    /// Arranges the locations of a server.
    pub(super) fn of_server(
        server: ScopeId,
        scopes: &Scopes,
        config: &'a Config,
        sources: &'a SourceMap,
        regexes: &mut Regexes,
    ) -> Self {
        let mut locations = Self::default();
        let mut todo = vec![server];
        while let Some(block) = todo.pop() {
            let inner = &scopes.get(block).locations;
            if inner.is_empty() {
                continue;
            }
            let mut level = Level::default();
            for scope in inner {
                todo.push(*scope);
                let directive = config.directive(sources, scopes.get(*scope).directive);
                let redirects = |text: &str| text.ends_with('/') && redirecting_handler(scopes, *scope, config, sources);
                match pattern(&directive) {
                    Pattern::Exact(text) => {
                        let redirects_to_slash = redirects(&text);
                        level.exact.push(Exact { text, scope: *scope, redirects_to_slash });
                    }
                    Pattern::Prefix { text, no_regex } => {
                        let redirects_to_slash = redirects(&text);
                        level.prefixes.push(Prefix { text, no_regex, scope: *scope, redirects_to_slash });
                    }
                    Pattern::Regex { text, ignore_case } => level.regexes.push((regexes.intern(&text, ignore_case), *scope)),
                    Pattern::Named(name) => locations.named.push((name, *scope)),
                    Pattern::Unknown => level.unknown.push(*scope),
                }
            }
            level.prefixes.sort_by_key(|p| std::cmp::Reverse(p.text.len()));
            locations.levels.push((block, level));
        }
        locations.levels.sort_unstable_by_key(|(block, _)| *block);
        locations
    }

    /// The level of a block.
    pub(super) fn level(&self, block: ScopeId) -> Option<&Level<'a>> {
        let index = self.levels.binary_search_by_key(&block, |(block, _)| *block).ok()?;
        self.levels.get(index).map(|(_, level)| level)
    }

    /// The named location of that name, `@` included.
    pub(super) fn named(&self, name: &str) -> Option<ScopeId> {
        self.named.iter().find(|(n, _)| n == name).map(|(_, s)| *s)
    }

    /// Finds the location for a normalised URI. `matches` runs a regex and keeps its captures.
    pub(super) fn find(&self, server: ScopeId, uri: &str, matches: &mut dyn FnMut(RegexId) -> Option<bool>) -> Found {
        match self.find_in(server, uri, matches) {
            Search::Done(found) | Search::Fallback(found) => found,
            Search::Nothing => Found::Server,
        }
    }

    fn find_in(&self, block: ScopeId, uri: &str, matches: &mut dyn FnMut(RegexId) -> Option<bool>) -> Search {
        let Some(level) = self.level(block) else { return Search::Nothing };
        if let Some(scope) = level.unknown.first() {
            return Search::Done(Found::Unknown(*scope));
        }
        if let Some(exact) = level.exact.iter().find(|e| e.text == uri) {
            return Search::Done(Found::Location(exact.scope));
        }
        let slashed = level.slash_redirect(uri);
        let prefix = level.prefixes.iter().find(|p| uri.starts_with(p.text.as_ref()));
        if let Some(scope) = slashed
            && prefix.is_none_or(|p| p.text != uri)
        {
            return Search::Done(Found::SlashRedirect(scope));
        }
        let mut fallback = Search::Nothing;
        let mut no_regex = false;
        if let Some(p) = prefix {
            no_regex = p.no_regex;
            fallback = match self.find_in(p.scope, uri, matches) {
                done @ Search::Done(_) => return done,
                Search::Nothing => Search::Fallback(Found::Location(p.scope)),
                inner @ Search::Fallback(_) => inner,
            };
        }
        if no_regex {
            return fallback;
        }
        for (regex, scope) in &level.regexes {
            match matches(*regex) {
                Some(false) => {}
                None => return Search::Done(Found::Unknown(*scope)),
                Some(true) => {
                    return match self.find_in(*scope, uri, matches) {
                        Search::Nothing => Search::Done(Found::Location(*scope)),
                        Search::Done(found) | Search::Fallback(found) => Search::Done(found),
                    };
                }
            }
        }
        fallback
    }
}

/// Result of the search in one block: a `Fallback` is given up for a regex of the blocks around it.
enum Search {
    Done(Found),
    Fallback(Found),
    Nothing,
}

/// Whether the block's handler makes nginx redirect `/x` to `/x/` (`auto_redirect`): the `*_pass` directives do.
fn redirecting_handler(scopes: &Scopes, scope: ScopeId, config: &Config, sources: &SourceMap) -> bool {
    use crate::syntax::nginx::Name;
    scopes.settled(scope).handler().is_some_and(|handler| {
        let name = config.directive(sources, handler).name();
        matches!(
            name,
            Name::ProxyPass | Name::FastcgiPass | Name::UwsgiPass | Name::ScgiPass | Name::GrpcPass | Name::MemcachedPass
        )
    })
}
