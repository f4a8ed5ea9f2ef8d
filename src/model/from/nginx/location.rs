//! Which location serves a URI: the search of `ngx_http_core_find_location`.

use std::borrow::Cow;
use std::cmp::Reverse;

use super::scope::{ScopeId, Scopes};
use crate::model::from::regexes::{RegexId, Regexes};
use crate::project::nginx::{Config, Directive};
use crate::source::SourceMap;
use crate::syntax::nginx::Name;

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

/// One location, as the search sees it.
#[derive(Clone, Debug)]
pub(super) struct Location<'a> {
    pub(super) scope: ScopeId,
    pub(super) kind: Kind,
    /// Its pattern; empty for an unknown one.
    pub(super) text: Cow<'a, str>,
    /// Whether a request for the text without its last `/` is redirected to it.
    redirects_to_slash: bool,
}

/// Kinds of locations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Exact,
    Prefix { no_regex: bool },
    Regex(RegexId),
    Unknown,
    Named,
}

/// The locations of all servers, those directly inside one block where [`Scopes::inner`] has them. In each block first come the exact
/// ones, then the prefixes, longest first, then the regexes in the order of the text, then the others.
#[derive(Clone, Debug, Default)]
pub(super) struct Locations<'a> {
    all: Vec<Location<'a>>,
}

/// The locations directly inside one block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level<'l, 'a> {
    pub(super) exact: &'l [Location<'a>],
    /// Longest first.
    pub(super) prefixes: &'l [Location<'a>],
    /// In the order of the text.
    pub(super) regexes: &'l [Location<'a>],
    unknown: &'l [Location<'a>],
    named: &'l [Location<'a>],
}

impl Location<'_> {
    fn order(&self) -> (u8, Reverse<usize>) {
        let length = if matches!(self.kind, Kind::Prefix { .. }) { self.text.len() } else { 0 };
        (self.kind.order(), Reverse(length))
    }

    /// Whether a request for `uri` is redirected here, as far as the text says.
    fn ends_in_slash_after(&self, uri: &str) -> bool {
        self.text.strip_suffix('/') == Some(uri)
    }
}

impl Kind {
    fn order(self) -> u8 {
        match self {
            Self::Exact => 0,
            Self::Prefix { .. } => 1,
            Self::Regex(_) => 2,
            Self::Unknown => 3,
            Self::Named => 4,
        }
    }
}

impl Level<'_, '_> {
    /// The location whose text is `uri/` and whose handler redirects there.
    fn slash_redirect(&self, uri: &str) -> Option<ScopeId> {
        let exact = self.exact.iter().find(|e| e.ends_in_slash_after(uri));
        let prefix = self.prefixes.iter().find(|p| p.redirects_to_slash && p.ends_in_slash_after(uri));
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
    /// None yet; there is room for all of a configuration.
    pub(super) fn with_room_for(config: &Config) -> Self {
        Self { all: Vec::with_capacity(config.count(Name::Location)) }
    }

    /// Arranges the locations of the blocks that were lowered since the last time.
    pub(super) fn arrange(&mut self, scopes: &Scopes, config: &'a Config, sources: &'a SourceMap, regexes: &mut Regexes) {
        let before = self.all.len();
        for scope in scopes.inner().get(before..).unwrap_or_default() {
            let directive = config.directive(sources, scopes.get(*scope).directive);
            let (kind, text) = match pattern(&directive) {
                Pattern::Exact(text) => (Kind::Exact, text),
                Pattern::Prefix { text, no_regex } => (Kind::Prefix { no_regex }, text),
                Pattern::Regex { text, ignore_case } => (Kind::Regex(regexes.intern(&text, ignore_case)), text),
                Pattern::Named(name) => (Kind::Named, name),
                Pattern::Unknown => (Kind::Unknown, Cow::default()),
            };
            let redirects_to_slash = matches!(kind, Kind::Exact | Kind::Prefix { .. })
                && text.ends_with('/')
                && redirecting_handler(scopes, *scope, config);
            self.all.push(Location { scope: *scope, kind, text, redirects_to_slash });
        }
        let block = |location: &Location| scopes.get(location.scope).parent;
        for level in self.all.get_mut(before..).unwrap_or_default().chunk_by_mut(|a, b| block(a) == block(b)) {
            // Stable: locations of one kind keep the order of the text.
            level.sort_by_key(Location::order);
        }
    }

    /// The locations directly inside a block.
    pub(super) fn level(&self, scopes: &Scopes, block: ScopeId) -> Level<'_, 'a> {
        let mut rest = scopes.get(block).locations.of(&self.all);
        let mut next = |kind: Kind| {
            let count = rest.partition_point(|location| location.kind.order() <= kind.order());
            let (these, others) = rest.split_at_checked(count).unwrap_or_default();
            rest = others;
            these
        };
        Level {
            exact: next(Kind::Exact),
            prefixes: next(Kind::Prefix { no_regex: false }),
            regexes: next(Kind::Regex(RegexId::default())),
            unknown: next(Kind::Unknown),
            named: rest,
        }
    }

    /// The named location of a server, `@` included; nginx takes one nowhere else.
    pub(super) fn named(&self, scopes: &Scopes, server: ScopeId, name: &str) -> Option<ScopeId> {
        self.level(scopes, server).named.iter().find(|location| location.text == name).map(|location| location.scope)
    }

    /// Finds the location for a normalised URI. `matches` runs a regex and keeps its captures.
    pub(super) fn find(
        &self,
        scopes: &Scopes,
        server: ScopeId,
        uri: &str,
        matches: &mut dyn FnMut(RegexId) -> Option<bool>,
    ) -> Found {
        match self.find_in(scopes, server, uri, matches) {
            Search::Done(found) | Search::Fallback(found) => found,
            Search::Nothing => Found::Server,
        }
    }

    fn find_in(&self, scopes: &Scopes, block: ScopeId, uri: &str, matches: &mut dyn FnMut(RegexId) -> Option<bool>) -> Search {
        let level = self.level(scopes, block);
        if let Some(unknown) = level.unknown.first() {
            return Search::Done(Found::Unknown(unknown.scope));
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
            no_regex = p.kind == Kind::Prefix { no_regex: true };
            fallback = match self.find_in(scopes, p.scope, uri, matches) {
                done @ Search::Done(_) => return done,
                Search::Nothing => Search::Fallback(Found::Location(p.scope)),
                inner @ Search::Fallback(_) => inner,
            };
        }
        if no_regex {
            return fallback;
        }
        for location in level.regexes {
            let Kind::Regex(regex) = location.kind else { continue };
            match matches(regex) {
                Some(false) => {}
                None => return Search::Done(Found::Unknown(location.scope)),
                Some(true) => {
                    return match self.find_in(scopes, location.scope, uri, matches) {
                        Search::Nothing => Search::Done(Found::Location(location.scope)),
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
fn redirecting_handler(scopes: &Scopes, scope: ScopeId, config: &Config) -> bool {
    scopes.settled(scope).handler().is_some_and(|handler| {
        matches!(
            config.name(handler),
            Name::ProxyPass | Name::FastcgiPass | Name::UwsgiPass | Name::ScgiPass | Name::GrpcPass | Name::MemcachedPass
        )
    })
}
