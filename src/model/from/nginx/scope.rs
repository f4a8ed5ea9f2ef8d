//! Blocks with their effective settings: inheritance ends here.
//!
//! nginx merges each block with the one around it, from the outside in: a setting that the block has itself counts, else that of
//! the block around it. Lists (`proxy_set_header`, `add_header`, `allow` …) are taken whole or not at all.

use super::slots::{LISTS, List, PerProtocol, PerProtocolList, Protocol, SINGLES, Single, Slot, list_of, single_of, slot};
use crate::project::nginx::config::TOP;
use crate::project::nginx::{Config, Directive, DirectiveId};
use crate::source::SourceMap;
use crate::syntax::nginx::Name;

/// Number of a [`Scope`] in [`Scopes::all`].
pub(super) type ScopeId = u32;

/// Stands for "no directive", "no scope".
pub(super) const NONE: u32 = u32::MAX;

/// A run of directives in [`Scopes::lists`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    start: u32,
    len: u32,
}

/// The effective settings of a block: for each slot the directive or directives that decide.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settled {
    singles: [DirectiveId; SINGLES],
    lists: [Run; LISTS],
    /// What makes the response (`proxy_pass` …); not inherited by nested locations.
    handler: DirectiveId,
    /// `try_files`; not inherited.
    try_files: DirectiveId,
    /// `internal`; not inherited.
    internal: DirectiveId,
}

/// Kind of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScopeKind {
    Http,
    Server,
    /// `if` in a server: its settings never apply, its rewrite steps do.
    ServerIf,
    Location,
    LocationIf,
    LimitExcept,
}

/// One step of the rewrite phase.
#[derive(Clone, Copy, Debug)]
pub(super) enum ScriptStep {
    /// `set`, `rewrite`, `return`, `break` …
    Plain(DirectiveId),
    /// `if`, with the scope of its block.
    If(DirectiveId, ScopeId),
}

/// A block.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    pub(super) kind: ScopeKind,
    /// The block's directive, or [`TOP`] for one that stands around a lone snippet.
    pub(super) directive: DirectiveId,
    /// The block around it, or [`NONE`].
    pub(super) parent: ScopeId,
    pub(super) settled: Settled,
    pub(super) script: Vec<ScriptStep>,
    /// Locations directly inside, in the order of the text.
    pub(super) locations: Vec<ScopeId>,
    /// `limit_except` inside, or [`NONE`].
    pub(super) limit_except: ScopeId,
}

/// All blocks of a configuration.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    pub(super) all: Vec<Scope>,
    lists: Vec<DirectiveId>,
}

impl Settled {
    fn empty() -> Self {
        Self { singles: [NONE; SINGLES], lists: [Run::default(); LISTS], handler: NONE, try_files: NONE, internal: NONE }
    }

    /// The directive that decides a setting.
    pub(super) fn single(&self, slot: Single) -> Option<DirectiveId> {
        some(self.singles[slot as usize])
    }

    /// The directive that decides a setting of a protocol.
    pub(super) fn of(&self, protocol: Protocol, setting: PerProtocol) -> Option<DirectiveId> {
        some(self.singles[single_of(protocol, setting)])
    }

    /// The directives that a slot holds.
    pub(super) fn of_slot(&self, slot: Slot, scopes: &Scopes) -> Vec<DirectiveId> {
        let one = |id: DirectiveId| some(id).into_iter().collect();
        match slot {
            Slot::Single(slot) => one(self.singles[slot as usize]),
            Slot::List(slot) => scopes.run(self.lists[slot as usize]).to_vec(),
            Slot::Handler => one(self.handler),
            Slot::TryFiles => one(self.try_files),
            Slot::Internal => one(self.internal),
            Slot::None | Slot::Script | Slot::Block => Vec::new(),
        }
    }

    /// What makes the response.
    pub(super) fn handler(&self) -> Option<DirectiveId> {
        some(self.handler)
    }

    /// `try_files`.
    pub(super) fn try_files(&self) -> Option<DirectiveId> {
        some(self.try_files)
    }

    /// `internal`.
    pub(super) fn internal(&self) -> Option<DirectiveId> {
        some(self.internal)
    }

    /// The run of a list.
    pub(super) fn run(&self, list: List) -> Run {
        self.lists[list as usize]
    }

    /// The run of a protocol's list.
    pub(super) fn run_of(&self, protocol: Protocol, list: PerProtocolList) -> Run {
        self.lists[list_of(protocol, list)]
    }
}

fn some(id: DirectiveId) -> Option<DirectiveId> {
    (id != NONE).then_some(id)
}

impl Run {
    /// Whether it holds no directive.
    pub(super) fn is_empty(self) -> bool {
        self.len == 0
    }
}

impl Scopes {
    /// The block of a number.
    pub(super) fn get(&self, id: ScopeId) -> &Scope {
        &self.all[id as usize]
    }

    /// The directives of a run.
    pub(super) fn run(&self, run: Run) -> &[DirectiveId] {
        self.lists.get(run.start as usize..(run.start + run.len) as usize).unwrap_or_default()
    }

    /// The blocks around `id`, itself first.
    pub(super) fn outward(&self, id: ScopeId) -> impl Iterator<Item = &Scope> {
        std::iter::successors(self.all.get(id as usize), |s| self.all.get(s.parent as usize))
    }

    /// Lowers a block and all blocks inside it; `directive` is [`TOP`] for what stands around a lone snippet.
    pub(super) fn lower(
        &mut self,
        config: &Config,
        sources: &SourceMap,
        kind: ScopeKind,
        directive: DirectiveId,
        parent: ScopeId,
    ) -> ScopeId {
        let id = self.all.len() as ScopeId;
        let outer = self.all.get(parent as usize).map(|s| s.settled);
        let mut settled = outer.unwrap_or_else(Settled::empty);
        if matches!(kind, ScopeKind::Location) {
            settled.handler = NONE;
        }
        if !matches!(kind, ScopeKind::LimitExcept) {
            settled.internal = NONE;
        }
        settled.try_files = NONE;
        self.all.push(Scope { kind, directive, parent, settled, script: Vec::new(), locations: Vec::new(), limit_except: NONE });
        let mut own = OwnLists::default();
        let mut blocks = Vec::new();
        let mut script = Vec::new();
        let mut merge_added = None;
        for child in config.children(sources, directive) {
            match slot(child.name()) {
                Slot::None if child.name() == Name::AddHeaderInherit => merge_added = Some(child.arg(0).into_owned()),
                Slot::None => {}
                Slot::Single(slot) => settled.singles[slot as usize] = child.id,
                Slot::List(slot) => own.push(slot, child.id),
                Slot::Handler => settled.handler = child.id,
                Slot::TryFiles => settled.try_files = child.id,
                Slot::Internal => settled.internal = child.id,
                Slot::Script if child.name() == Name::If => {
                    script.push(ScriptStep::If(child.id, NONE));
                }
                Slot::Script => script.push(ScriptStep::Plain(child.id)),
                Slot::Block => blocks.push(child),
            }
        }
        self.settle_lists(&mut settled, own, merge_added.as_deref());
        self.all[id as usize].settled = settled;
        self.lower_inner(config, sources, id, kind, &mut script, &blocks);
        self.all[id as usize].script = script;
        id
    }

    fn lower_inner(
        &mut self,
        config: &Config,
        sources: &SourceMap,
        id: ScopeId,
        kind: ScopeKind,
        script: &mut [ScriptStep],
        blocks: &[Directive],
    ) {
        for step in script {
            if let ScriptStep::If(directive, scope) = step {
                let inner = if matches!(kind, ScopeKind::Server | ScopeKind::ServerIf) {
                    ScopeKind::ServerIf
                } else {
                    ScopeKind::LocationIf
                };
                *scope = self.lower(config, sources, inner, *directive, id);
            }
        }
        for block in blocks {
            if block.name() == Name::Location {
                let inner = self.lower(config, sources, ScopeKind::Location, block.id, id);
                self.all[id as usize].locations.push(inner);
            } else {
                self.all[id as usize].limit_except = self.lower(config, sources, ScopeKind::LimitExcept, block.id, id);
            }
        }
    }

    fn settle_lists(&mut self, settled: &mut Settled, mut own: OwnLists, inherit_added: Option<&str>) {
        let added = List::AddHeader as u8;
        match inherit_added {
            Some("off") if !own.has(added) => settled.lists[added as usize] = Run::default(),
            Some("merge") => {
                let inherited = self.run(settled.lists[added as usize]).to_vec();
                own.prepend(added, inherited);
            }
            _ => {}
        }
        // Stable, so that directives of one list keep their order.
        own.0.sort_by_key(|(slot, _)| *slot);
        for chunk in own.0.chunk_by(|a, b| a.0 == b.0) {
            let start = self.lists.len() as u32;
            self.lists.extend(chunk.iter().map(|(_, id)| *id));
            settled.lists[chunk[0].0 as usize] = Run { start, len: chunk.len() as u32 };
        }
    }

    /// The root scope that stands for everything outside of `http`: no settings.
    pub(super) fn push_empty(&mut self, kind: ScopeKind, parent: ScopeId) -> ScopeId {
        let settled = self.all.get(parent as usize).map_or_else(Settled::empty, |s| s.settled);
        self.all.push(Scope {
            kind,
            directive: TOP,
            parent,
            settled,
            script: Vec::new(),
            locations: Vec::new(),
            limit_except: NONE,
        });
        self.all.len() as ScopeId - 1
    }
}

/// The directives of a block that belong to lists, with their slots.
#[derive(Default)]
struct OwnLists(Vec<(u8, DirectiveId)>);

impl OwnLists {
    fn push(&mut self, slot: u8, id: DirectiveId) {
        self.0.push((slot, id));
    }

    fn has(&self, slot: u8) -> bool {
        self.0.iter().any(|(s, _)| *s == slot)
    }

    fn prepend(&mut self, slot: u8, ids: Vec<DirectiveId>) {
        self.0.splice(0..0, ids.into_iter().map(|id| (slot, id)));
    }
}
