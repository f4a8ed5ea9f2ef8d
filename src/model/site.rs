//! A virtual host, distribution or tree that answers requests.

use std::borrow::Cow;

use super::outcome::{Outcome, Place};
use super::paths::SharedSet;
use super::request::{Request, Scheme};
use crate::source::Span;

/// Number of a [`Route`] in [`Site::routes`].
pub type RouteId = u32;

/// What a route has to do with credentials: a cheap first look, so that rules resolve requests only where something can be wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Traits(u32);

impl Traits {
    /// An access check is in force.
    pub const GATE: Traits = Traits(1);
    /// Requests go to an application.
    pub const UPSTREAM: Traits = Traits(1 << 1);
    /// Request headers are set or cleared.
    pub const SETS_HEADERS: Traits = Traits(1 << 2);
    /// Authorization is set or cleared, or client headers are switched off.
    pub const TOUCHES_AUTHORIZATION: Traits = Traits(1 << 3);
    /// A cache is in force.
    pub const CACHE: Traits = Traits(1 << 4);
    /// Response headers are set, added, hidden or edited.
    pub const EDITS_RESPONSE: Traits = Traits(1 << 5);
    /// It redirects, returns or rewrites by itself.
    pub const REWRITES: Traits = Traits(1 << 6);
    /// Error pages replace statuses.
    pub const ERROR_PAGES: Traits = Traits(1 << 7);
    /// Requests are limited in rate or number.
    pub const LIMITS: Traits = Traits(1 << 8);
    /// Addresses are allowed or denied.
    pub const ADDRESSES: Traits = Traits(1 << 9);
    /// Cookie or Set-Cookie is set, cleared or edited.
    pub const COOKIES: Traits = Traits(1 << 10);
    /// Reached only by internal redirects.
    pub const INTERNAL: Traits = Traits(1 << 11);
    /// Header directives of its own stand in for ones of an outer block with another name.
    pub const LOSES_HEADERS: Traits = Traits(1 << 12);
    /// Whatever it hands to an application gets a Host that the configuration sets.
    pub const SETS_HOST: Traits = Traits(1 << 13);

    /// Whether all of `other` holds.
    #[inline]
    pub fn has(self, other: Traits) -> bool {
        self.0 & other.0 == other.0
    }

    /// Adds `other`.
    #[inline]
    pub fn add(&mut self, other: Traits) {
        self.0 |= other.0;
    }
}

/// A location, section or behaviour.
#[derive(Clone, Debug)]
pub struct Route {
    /// The head of the block.
    pub span: Span,
    /// What it has to do with credentials.
    pub traits: Traits,
    /// The well-known paths that reach it by its pattern (rewrites and the like do not count).
    pub serves: SharedSet,
}

/// A virtual host, distribution or tree: what the rules ask.
pub trait Site {
    /// The block that defines it.
    fn place(&self) -> Place;
    /// The names it answers to, as far as they are literal, the first one first; empty: any name.
    fn hosts(&self) -> &[Cow<'_, str>];
    /// Its routes; the first one is what serves requests that no other route takes.
    fn routes(&self) -> &[Route];
    /// Follows a request.
    fn resolve(&self, request: &Request) -> Outcome;
    /// A `GET` that reaches this site: its first host, its scheme and port.
    fn request(&self, path: &str) -> Request;
    /// A `GET` that the route serves, not counting well-known paths; `None` if no such request could be made up.
    fn landmark(&self, route: RouteId) -> Option<Request>;
    /// Where it stands, e.g. `http > server example.com > location /api/`.
    fn context(&self, route: RouteId) -> String;
    /// Whether all of its configuration is in view: no include was left unread, no block is missing around it. Where it is not,
    /// the absence of a directive proves nothing.
    fn is_whole(&self) -> bool;
    /// The hosts that its redirects name, where it answers to any host; an empty one stands for any.
    fn redirected_hosts(&self) -> Vec<&str> {
        Vec::new()
    }
    /// The scheme and the port of requests to it.
    fn own_door(&self) -> (Scheme, u16) {
        let own = self.request("/");
        (own.scheme, own.port)
    }
    /// Whether it takes requests of a scheme at a port.
    fn takes(&self, scheme: Scheme, port: u16) -> bool {
        self.own_door() == (scheme, port)
    }
    /// Whether visitors reach it over TLS as far as the files show.
    fn is_tls(&self) -> bool;
}
