//! Blocks with their effective settings: inheritance ends here.
//!
//! nginx merges each block with the one around it, from the outside in: a setting that the block has itself counts, else that of
//! the block around it. Lists (`proxy_set_header`, `add_header`, `allow` …) are taken whole or not at all.

use super::run::Run;
use super::slots::{
    HANDLER, INTERNAL, List, PerProtocol, PerProtocolList, Protocol, Single, Slot, SlotSet, TRY_FILES, list_of, list_slot,
    single_of, slot,
};
use crate::project::nginx::config::{MAX_NESTING, TOP};
use crate::project::nginx::{Config, DirectiveId, Placed};
use crate::source::SourceMap;
use crate::syntax::nginx::Name;

/// Number of a [`Scope`] in [`Scopes::all`].
pub(super) type ScopeId = u32;

/// Stands for "no directive", "no scope".
pub(super) const NONE: u32 = u32::MAX;

/// The slot of `add_header`.
const ADDED: u8 = list_slot(List::AddHeader);

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
    /// Slots with a directive, own or inherited.
    present: SlotSet,
    /// What the block has itself, in [`Scopes::slots`] and [`Scopes::lists`].
    own: Run,
    /// Whether it has no `add_header` and inherits none either.
    drops_added: bool,
    /// In [`Scopes::scripts`].
    script: Run,
    /// Locations directly inside, in the order of the text, in [`Scopes::inner`].
    pub(super) locations: Run,
    /// `limit_except` inside, or [`NONE`].
    pub(super) limit_except: ScopeId,
}

/// All blocks of a configuration.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    pub(super) all: Vec<Scope>,
    /// The slots of the directives that blocks have themselves: block by block, in each those of one slot together.
    slots: Vec<u8>,
    /// These directives.
    lists: Vec<DirectiveId>,
    scripts: Vec<ScriptStep>,
    inner: Vec<ScopeId>,
    /// While blocks are lowered: the blocks inside those that are open, innermost last.
    todo: Vec<DirectiveId>,
    /// While a block is lowered: what it has itself.
    found: Vec<(u8, DirectiveId)>,
}

/// The effective settings of a block. A setting is looked up from the block outwards, which a bit for each slot makes cheap:
/// most blocks have few settings of their own, and most slots are empty everywhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settled<'s> {
    scopes: &'s Scopes,
    scope: &'s Scope,
}

impl<'s> Settled<'s> {
    #[inline]
    fn slot(self, slot: u8) -> Run {
        self.find(slot).map_or(Run::default(), |(_, run)| run)
    }

    /// The nearest block that has a slot itself, and what it has there.
    #[inline]
    fn find(self, slot: u8) -> Option<(&'s Scope, Run)> {
        if self.scope.present & (1 << slot) == 0 {
            return None;
        }
        let mut scope = self.scope;
        loop {
            let own = scope.own.of(&self.scopes.slots);
            if let Some(first) = own.iter().position(|own| *own == slot) {
                let last = own.iter().rposition(|own| *own == slot).unwrap_or(first);
                return Some((scope, scope.own.part(first, last - first + 1)));
            }
            if scope.drops_added && slot == ADDED {
                return None;
            }
            scope = self.scopes.all.get(scope.parent as usize)?;
        }
    }

    #[inline]
    fn last(self, slot: u8) -> Option<DirectiveId> {
        self.scopes.run(self.slot(slot)).last().copied()
    }

    /// The directive that decides a setting.
    #[inline]
    pub(super) fn single(self, slot: Single) -> Option<DirectiveId> {
        self.last(slot as u8)
    }

    /// The directive that decides a setting of a protocol.
    #[inline]
    pub(super) fn of(self, protocol: Protocol, setting: PerProtocol) -> Option<DirectiveId> {
        self.last(single_of(protocol, setting))
    }

    /// The directives that a slot holds.
    #[inline]
    pub(super) fn of_slot(self, slot: Slot) -> &'s [DirectiveId] {
        match slot {
            Slot::Single(slot) | Slot::List(slot) => self.scopes.run(self.slot(slot)),
            Slot::None | Slot::Script | Slot::Block => &[],
        }
    }

    /// Whether there is a directive for any of these slots. A list that `add_header_inherit` has emptied counts as one.
    #[inline]
    pub(super) fn has_any(self, slots: SlotSet) -> bool {
        self.scope.present & slots != 0
    }

    /// What makes the response.
    #[inline]
    pub(super) fn handler(self) -> Option<DirectiveId> {
        self.last(HANDLER)
    }

    /// `try_files`.
    pub(super) fn try_files(self) -> Option<DirectiveId> {
        self.last(TRY_FILES)
    }

    /// `internal`.
    pub(super) fn internal(self) -> Option<DirectiveId> {
        self.last(INTERNAL)
    }

    /// The run of a list.
    #[inline]
    pub(super) fn run(self, list: List) -> Run {
        self.slot(list_slot(list))
    }

    /// The run of a protocol's list.
    #[inline]
    pub(super) fn run_of(self, protocol: Protocol, list: PerProtocolList) -> Run {
        self.slot(list_of(protocol, list))
    }

    /// What would be in force in place of a protocol's list if the block that has it did not have it.
    #[inline]
    pub(super) fn replaced(self, protocol: Protocol, list: PerProtocolList) -> Run {
        let slot = list_of(protocol, list);
        let outer = self.find(slot).and_then(|(owner, _)| self.scopes.all.get(owner.parent as usize));
        outer.map_or(Run::default(), |scope| Settled { scope, ..self }.slot(slot))
    }
}

impl Scopes {
    /// No blocks yet; there is room for all of a configuration.
    pub(super) fn with_room_for(config: &Config) -> Self {
        let blocks = [Name::Http, Name::Server, Name::Location, Name::If, Name::LimitExcept];
        let count = blocks.iter().map(|name| config.count(*name)).sum();
        Self { all: Vec::with_capacity(count), ..Self::default() }
    }

    /// The block of a number.
    #[inline]
    pub(super) fn get(&self, id: ScopeId) -> &Scope {
        &self.all[id as usize]
    }

    /// The effective settings of a block.
    #[inline]
    pub(super) fn settled(&self, id: ScopeId) -> Settled<'_> {
        Settled { scopes: self, scope: self.get(id) }
    }

    /// The directives of a run.
    #[inline]
    pub(super) fn run(&self, run: Run) -> &[DirectiveId] {
        run.of(&self.lists)
    }

    /// The rewrite steps of a block.
    #[inline]
    pub(super) fn script(&self, id: ScopeId) -> &[ScriptStep] {
        self.get(id).script.of(&self.scripts)
    }

    /// The locations directly inside a block, in the order of the text.
    #[inline]
    pub(super) fn locations(&self, id: ScopeId) -> &[ScopeId] {
        self.get(id).locations.of(&self.inner)
    }

    /// The locations of all blocks, those directly inside one block together.
    pub(super) fn inner(&self) -> &[ScopeId] {
        &self.inner
    }

    /// The blocks around `id`, itself first.
    pub(super) fn outward(&self, id: ScopeId) -> impl Iterator<Item = ScopeId> {
        std::iter::successors(Some(id), |s| self.all.get(*s as usize).map(|s| s.parent).filter(|p| *p != NONE))
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
        self.lower_at(config, sources, kind, directive, parent, 0)
    }

    fn lower_at(
        &mut self,
        config: &Config,
        sources: &SourceMap,
        kind: ScopeKind,
        directive: DirectiveId,
        parent: ScopeId,
        depth: usize,
    ) -> ScopeId {
        let id = self.push(kind, directive, parent);
        let first = self.todo.len();
        let mut script = Vec::new();
        let mut added_inherit = None;
        for (child, Placed { name, .. }) in config.placed_children(directive) {
            match slot(*name) {
                Slot::None if *name == Name::AddHeaderInherit => added_inherit = Some(config.directive(sources, child).arg(0)),
                Slot::None => {}
                Slot::Single(slot) | Slot::List(slot) => self.found.push((slot, child)),
                Slot::Script if *name == Name::If => script.push(ScriptStep::If(child, NONE)),
                Slot::Script => script.push(ScriptStep::Plain(child)),
                Slot::Block => self.todo.push(child),
            }
        }
        self.settle(id, added_inherit.as_deref());
        if depth < MAX_NESTING {
            self.lower_inner(config, sources, id, depth, &mut script, first);
        } else {
            script.retain(|step| matches!(step, ScriptStep::Plain(_)));
        }
        self.todo.truncate(first);
        self.all[id as usize].script = append(&mut self.scripts, &script);
        id
    }

    /// Lowers the blocks inside a block: those of its script, and those in `todo` from `first` on.
    fn lower_inner(
        &mut self,
        config: &Config,
        sources: &SourceMap,
        id: ScopeId,
        depth: usize,
        script: &mut [ScriptStep],
        first: usize,
    ) {
        let kind = self.get(id).kind;
        for step in script {
            if let ScriptStep::If(directive, scope) = step {
                let inner = if matches!(kind, ScopeKind::Server | ScopeKind::ServerIf) {
                    ScopeKind::ServerIf
                } else {
                    ScopeKind::LocationIf
                };
                *scope = self.lower_at(config, sources, inner, *directive, id, depth + 1);
            }
        }
        // The number of each block takes the place of its directive.
        let mut locations = first;
        for index in first..self.todo.len() {
            let Some(block) = self.todo.get(index).copied() else { break };
            let kind = match config.name(block) {
                Name::Location => ScopeKind::Location,
                _ => ScopeKind::LimitExcept,
            };
            let inner = self.lower_at(config, sources, kind, block, id, depth + 1);
            if kind == ScopeKind::LimitExcept {
                self.all[id as usize].limit_except = inner;
            } else if let Some(place) = self.todo.get_mut(locations) {
                *place = inner;
                locations += 1;
            }
        }
        self.all[id as usize].locations = append(&mut self.inner, self.todo.get(first..locations).unwrap_or_default());
    }

    /// Files what was found in a block.
    fn settle(&mut self, id: ScopeId, added_inherit: Option<&str>) {
        let mut own = std::mem::take(&mut self.found);
        if added_inherit == Some("merge") {
            let inherited = self.run(self.settled(id).slot(ADDED)).iter().map(|d| (ADDED, *d)).collect::<Vec<_>>();
            own.splice(0..0, inherited);
        }
        // Stable, so that directives of one list keep their order.
        own.sort_by_key(|(slot, _)| *slot);
        let start = self.lists.len();
        let mut slots = own.iter().fold(0, |set: SlotSet, (slot, _)| set | 1 << slot);
        let drops_added = added_inherit == Some("off") && slots & (1 << ADDED) == 0;
        if drops_added {
            slots |= 1 << ADDED;
        }
        self.slots.extend(own.iter().map(|(slot, _)| *slot));
        self.lists.extend(own.iter().map(|(_, directive)| *directive));
        let scope = &mut self.all[id as usize];
        scope.own = Run::since(start, &self.lists);
        scope.drops_added = drops_added;
        scope.present |= slots;
        own.clear();
        self.found = own;
    }

    /// A block without settings of its own, [`TOP`] as its directive: what stands around a lone snippet.
    pub(super) fn push_empty(&mut self, kind: ScopeKind, parent: ScopeId) -> ScopeId {
        self.push(kind, TOP, parent)
    }

    fn push(&mut self, kind: ScopeKind, directive: DirectiveId, parent: ScopeId) -> ScopeId {
        let inherited = self.all.get(parent as usize).map_or(0, |s| s.present);
        let mut barred: SlotSet = 1 << TRY_FILES;
        if kind == ScopeKind::Location {
            barred |= 1 << HANDLER;
        }
        self.all.push(Scope {
            kind,
            directive,
            parent,
            present: inherited & !barred,
            own: Run::default(),
            drops_added: false,
            script: Run::default(),
            locations: Run::default(),
            limit_except: NONE,
        });
        self.all.len() as ScopeId - 1
    }
}

/// Appends a block's entries to a list.
fn append<T: Copy>(list: &mut Vec<T>, entries: &[T]) -> Run {
    let start = list.len();
    list.extend_from_slice(entries);
    Run::since(start, list)
}
