//! What the rules on basic authentication share: the gate in force in a block of nginx.

use std::borrow::Cow;

use super::support::routes_with;
use crate::model::from::nginx::Server;
use crate::model::{Combine, Gate, GateKind, Outcome, Request, RouteId, Site, Traits, Verdict};
use crate::project::nginx::config::TOP;
use crate::project::nginx::{Directive, DirectiveId};
use crate::syntax::nginx::{Body, Name};

/// A basic-auth gate in force in the block of a route: both of its directives, wherever they are written.
#[derive(Clone, Copy)]
pub struct BasicGate<'a> {
    /// The route.
    pub(super) route: RouteId,
    /// `auth_basic`.
    pub(super) realm: Directive<'a>,
    /// `auth_basic_user_file`.
    pub(super) file: Directive<'a>,
}

/// Whether an `auth_basic` switches the gate off.
pub(super) fn is_off(realm: &Directive) -> bool {
    realm.arg(0) == "off"
}

/// The gate in force in the block of a route.
pub(super) fn gate_of<'a>(server: &Server<'a>, route: RouteId) -> Option<BasicGate<'a>> {
    server.routes().get(route as usize).filter(|r| r.traits.has(Traits::GATE))?;
    let realm = server.effective(route, Name::AuthBasic).filter(|r| !is_off(r))?;
    Some(BasicGate { route, realm, file: server.effective(route, Name::AuthBasicUserFile)? })
}

/// The gates of a server, in the order of its routes.
pub fn gates<'a>(server: &Server<'a>) -> Vec<BasicGate<'a>> {
    routes_with(server, Traits::GATE).filter_map(|(route, _)| gate_of(server, route)).collect()
}

/// Of the gates that share one of their directives, the first one each.
pub(super) fn first_with_each<'g, 'a>(
    gates: &'g [BasicGate<'a>],
    shared: fn(&BasicGate<'a>) -> DirectiveId,
) -> impl Iterator<Item = &'g BasicGate<'a>> {
    let is_first = move |gate: &&BasicGate<'a>| {
        let mut before = gates.iter().take_while(|before| before.route != gate.route);
        !before.any(|before| shared(before) == shared(gate))
    };
    gates.iter().filter(is_first)
}

/// Whether a directive is written in the block of a route itself.
pub(super) fn is_own(server: &Server, route: RouteId, directive: &Directive) -> bool {
    directive.parent().map_or(TOP, |p| p.id) == server.route_directive(route)
}

/// Whether the configuration has a directive of that name at all: the cheapest screen.
pub(super) fn uses(server: &Server, name: Name) -> bool {
    server.config().by_name.get(name as usize).is_some_and(|ids| !ids.is_empty())
}

/// The numbers of all routes of a server.
pub(super) fn route_ids(server: &Server) -> std::ops::Range<RouteId> {
    0..server.routes().len() as RouteId
}

/// Directives of one half of a gate that nowhere meet the other half, with the first route where each is in force: no `other` in
/// their block, around it, or inside it. Nothing where a part of the configuration is not in view.
pub(super) fn lone_half<'a>(server: &Server<'a>, half: Name, other: Name) -> Vec<(RouteId, Directive<'a>)> {
    let config = server.config();
    let mut lone: Vec<(RouteId, Directive)> = Vec::new();
    if !uses(server, half) || config.incomplete || config.guessed_context.contains(&Name::Server) {
        return lone;
    }
    // A check that is switched on, or off, makes a route one with a gate.
    let screen = if half == Name::AuthBasic { Traits::GATE } else { Traits::default() };
    for (route, _) in routes_with(server, screen) {
        let Some(found) = server.effective(route, half) else { continue };
        if server.effective(route, other).is_some() || found.has_hole() || lone.iter().any(|(_, d)| d.id == found.id) {
            continue;
        }
        // A server whose locations take every path serves nothing itself.
        if server.landmark(route).is_none() {
            continue;
        }
        let others = config.by_name.get(other as usize).map_or(&[][..], Vec::as_slice);
        let inside = match found.parent() {
            Some(block) => {
                let end = config.placed.get(block.id as usize).map_or(0, |b| b.subtree_end);
                others.get(others.partition_point(|id| *id < block.id)).is_some_and(|id| *id < end)
            }
            // Outside of all blocks: what else there is shows only where the whole configuration is in view.
            None => !others.is_empty() || !config.guessed_context.is_empty(),
        };
        if !inside {
            lone.push((route, found));
        }
    }
    lone
}

/// The gate that answers 401 to the request, if basic authentication does; with `satisfy any`, none that may pass it stands beside.
pub(super) fn refused_by(outcome: &Outcome) -> Option<&Gate> {
    let may_pass = |g: &Gate| g.combine == Combine::Any && matches!(g.verdict, Verdict::Passes | Verdict::Unknown);
    let passed = outcome.gates.iter().any(may_pass);
    let refusing = |g: &&Gate| g.kind == GateKind::Basic && matches!(g.verdict, Verdict::Refuses(401));
    outcome.gates.iter().find(refusing).filter(|_| !passed)
}

/// Whether the request is answered without any check that could refuse somebody.
pub(super) fn is_open(outcome: &Outcome) -> bool {
    outcome.gates.is_empty()
}

/// A request for a path as a browser sends it; a path that names a file or a folder is taken to be there.
pub(super) fn request_of(server: &Server, path: &str) -> Request {
    let mut request = server.request(path);
    let last = path.rsplit('/').next().unwrap_or_default();
    if last.is_empty() || last.contains('.') {
        request.assume.file_exists = Some(true);
    }
    request
}

/// Whether a block is a location whose pattern the files tell.
pub(super) fn has_pattern(block: &Directive) -> bool {
    block.name() == Name::Location && block.body() != Body::None && !block.has_hole()
}

/// The modifier (`=`, `^~`, `~`, `~*`, or nothing) and the pattern of a location.
pub(super) fn pattern_of<'a>(block: &Directive<'a>) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
    if !has_pattern(block) {
        return None;
    }
    let first = block.arg(0);
    if block.arg_count() > 1 {
        return Some((first, block.arg(1)));
    }
    let modifier = ["=", "^~", "~*", "~"].into_iter().find(|m| first.starts_with(m)).unwrap_or_default();
    let pattern = match first {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(modifier.len()..).unwrap_or_default()),
        Cow::Owned(text) => Cow::Owned(text.get(modifier.len()..).unwrap_or_default().to_owned()),
    };
    Some((Cow::Borrowed(modifier), pattern))
}
