//! A configuration to its servers.

use std::collections::HashSet;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::nginx_site::Server;
use super::routes::Routes;
use super::run::Run;
use super::scope::{NONE, ScopeId, ScopeKind, Scopes};
use super::server::ListensOf;
use super::shared::Shared;
use crate::model::from::lookup::Lookup;
use crate::model::{Paths, SharedSets};
use crate::project::nginx::config::TOP;
use crate::project::nginx::{Config, DirectiveId};
use crate::source::{SourceMap, Span};
use crate::syntax::nginx::Name;

/// How many servers are lowered together, one step after the other: its code stays in the cache, and so do they.
const FEW: usize = 8;

/// What a server has of the lists in [`Shared`].
#[derive(Clone, Copy)]
pub(super) struct Lowered {
    pub(super) scope: ScopeId,
    pub(super) listens: ListensOf,
    pub(super) routes: Run,
}

/// Lowers the http servers of a configuration.
pub fn lower<'a>(config: &'a Config, sources: &'a SourceMap, paths: &Paths, lookup: Option<Lookup<'a>>) -> Vec<Server<'a>> {
    let mut shared = Shared::new(config, sources, lookup);
    let blocks = server_blocks(config, sources, &mut shared.scopes);
    let mut routes = Routes::with_room_for(config);
    let mut sets = SharedSets::default();
    let mut found = Vec::with_capacity(blocks.len());
    for few in blocks.chunks(FEW) {
        let before = found.len();
        for (block, http) in few {
            let scope = shared.scopes.lower(config, sources, ScopeKind::Server, *block, *http);
            found.push(Lowered { scope, listens: ListensOf::default(), routes: Run::default() });
        }
        let few = found.get_mut(before..).unwrap_or_default();
        shared.locations.arrange(&shared.scopes, config, sources, &mut shared.regexes);
        for server in &mut *few {
            let block = shared.scopes.get(server.scope).directive;
            server.listens = shared.listens.add(config, sources, block, &mut shared.regexes);
            shared.doors.open(server.scope, shared.listens.of(server.listens));
        }
        for server in few {
            server.routes = routes.add(&shared, server.scope, paths, &mut sets);
        }
    }
    shared.routes = routes;
    let shared = Arc::new(shared);
    (0..).zip(found).map(|(order, lowered)| Server::new(Arc::clone(&shared), order, lowered)).collect()
}

/// The `server` blocks, each with the scope of the `http` around it; [`TOP`] for the one that stands around a lone snippet.
fn server_blocks(config: &Config, sources: &SourceMap, scopes: &mut Scopes) -> Vec<(DirectiveId, ScopeId)> {
    let mut found = Vec::with_capacity(config.count(Name::Server));
    for (http, scope) in http_blocks(config, sources, scopes) {
        if config.guessed_context.contains(&Name::Server) && http == TOP {
            found.push((TOP, scope));
            continue;
        }
        // A `server` that is included a second time with the same text never gets a request: the first one has its names.
        let mut known = HashSet::<Span, FixedState>::default();
        let includes = config.chains.len() > 1;
        let servers = config.children(sources, http).filter(|d| d.name() == Name::Server);
        let servers = servers.filter(|server| !includes || known.insert(server.full_span()));
        found.extend(servers.map(|server| (server.id, scope)));
    }
    found
}

/// The `http` blocks with their scopes; [`TOP`] for the one that stands around a lone snippet.
fn http_blocks(config: &Config, sources: &SourceMap, scopes: &mut Scopes) -> Vec<(DirectiveId, ScopeId)> {
    if config.guessed_context.contains(&Name::Stream) || config.guessed_context.contains(&Name::Mail) {
        return Vec::new();
    }
    if config.guessed_context.contains(&Name::Http) {
        let kind = ScopeKind::Http;
        let inside_server = config.guessed_context.contains(&Name::Server);
        let scope = if inside_server { scopes.push_empty(kind, NONE) } else { scopes.lower(config, sources, kind, TOP, NONE) };
        return vec![(TOP, scope)];
    }
    let blocks: Vec<DirectiveId> = config.children(sources, TOP).filter(|d| d.name() == Name::Http).map(|d| d.id).collect();
    blocks.into_iter().map(|id| (id, scopes.lower(config, sources, ScopeKind::Http, id, NONE))).collect()
}
