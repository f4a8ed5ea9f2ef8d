//! Redirects to addresses that are made of the request's.

use std::borrow::Cow;

use fancy_regex::Regex;

use crate::model::from::regexes;
use crate::model::{Request, Scheme};
use crate::source::Span;

/// A redirect to an address that is made of the request's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moves {
    pub(super) status: u16,
    pub(super) to: Moved,
    pub(super) span: Span,
}

/// What of an address is another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// Each part that is given.
    Parts { scheme: Option<Scheme>, host: Option<String>, port: Option<u16>, path: NewPath, query: bool },
    /// Put together from pieces; the query is added where it is kept.
    Made { pieces: Vec<Piece>, keeps_query: bool },
    /// In the whole address; nothing happens where nothing matches.
    Matching(Substitution),
}

/// The path of the address that a request is sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NewPath {
    /// That of the request.
    Same,
    /// This one; a query in it stands in place of the request's.
    Whole(String),
    /// This text in place of the first characters.
    Begins { with: String, instead_of: usize },
    /// That of the request with other texts in it.
    Matching(Substitution),
    /// What it is cannot be told.
    Unknown,
}

/// Another text in place of whatever a regular expression matches.
#[derive(Clone, Debug)]
pub(super) struct Substitution {
    regex: Box<Regex>,
    replacement: String,
}

impl Substitution {
    /// `None`: the expression cannot be followed. `$1` in the replacement is the first group.
    pub(super) fn new(regex: &str, replacement: String) -> Option<Self> {
        Some(Self { regex: Box::new(regexes::compile_unicode(regex)?), replacement })
    }

    fn of<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        self.regex.try_replacen(text, 0, self.replacement.as_str()).ok()
    }
}

impl PartialEq for Substitution {
    fn eq(&self, other: &Self) -> bool {
        (self.regex.as_str(), &self.replacement) == (other.regex.as_str(), &other.replacement)
    }
}

impl Eq for Substitution {}

impl NewPath {
    /// The path, or the target, that comes of a path.
    fn of(&self, path: &str) -> Option<String> {
        let path = match self {
            Self::Same => path.to_owned(),
            Self::Whole(text) => text.clone(),
            Self::Begins { with, instead_of } => format!("{with}{}", path.get(*instead_of..).unwrap_or_default()),
            Self::Matching(substitution) => substitution.of(path)?.into_owned(),
            Self::Unknown => return None,
        };
        Some(if path.starts_with('/') { path } else { format!("/{path}") })
    }
}

/// A piece of an address that a request is sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    /// The host of the request.
    Host,
    /// Its path.
    Path,
    /// Its path with the query.
    Target,
    /// Its query, without `?`.
    Query,
    /// Its scheme.
    Scheme,
}

impl Piece {
    fn of(&self, request: &Request) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Host => request.host.clone(),
            Self::Path => request.path.clone(),
            Self::Target => request.target(),
            Self::Query => request.query.clone().unwrap_or_default(),
            Self::Scheme => request.scheme.as_str().to_owned(),
        }
    }
}

impl Moves {
    /// Where a request is sent; `None`: it is not.
    pub(super) fn location(&self, request: &Request) -> Option<String> {
        let address = |scheme: Scheme, host: &str, target: &str| format!("{}://{host}{target}", scheme.as_str());
        match &self.to {
            Moved::Parts { scheme, host, port, path, query } => {
                let scheme = scheme.unwrap_or(request.scheme);
                let host = match (host, port) {
                    // Also where it is that of the scheme.
                    (host, Some(port)) => format!("{}:{port}", host.as_ref().unwrap_or(&request.host)),
                    (Some(host), None) => host.clone(),
                    (None, None) => request.authority(),
                };
                let mut target = path.of(&request.path)?;
                if let Some(asked) = request.query.as_ref().filter(|_| *query && !target.contains('?')) {
                    target = format!("{target}?{asked}");
                }
                Some(address(scheme, &host, &target))
            }
            Moved::Made { pieces, keeps_query } => {
                let made: String = pieces.iter().map(|piece| piece.of(request)).collect();
                let query = request.query.as_ref().filter(|_| *keeps_query);
                Some(query.map_or_else(|| made.clone(), |query| format!("{made}?{query}")))
            }
            Moved::Matching(substitution) => {
                let from = address(request.scheme, &request.host, &request.target());
                let to = substitution.of(&from)?;
                (to != from).then(|| to.into_owned())
            }
        }
    }
}
