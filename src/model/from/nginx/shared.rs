//! What all servers of one nginx share.

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;

use super::location::Locations;
use super::routes::Routes;
use super::scope::Scopes;
use super::server::{AllListens, Doors};
use super::value;
use crate::model::from::lookup::Lookup;
use crate::model::from::regexes::Regexes;
use crate::project::nginx::config::TOP;
use crate::project::nginx::{Config, Directive, DirectiveId};
use crate::source::{SourceMap, Span, lower_case};
use crate::syntax::nginx::Name;

/// What all servers of one nginx share. There may be very many servers, so what each has is kept in few lists for all of them.
pub(super) struct Shared<'a> {
    pub(super) config: &'a Config,
    pub(super) sources: &'a SourceMap,
    pub(super) lookup: Option<Lookup<'a>>,
    pub(super) scopes: Scopes,
    pub(super) locations: Locations<'a>,
    pub(super) listens: AllListens<'a>,
    pub(super) doors: Doors<'a>,
    pub(super) routes: Routes,
    pub(super) regexes: Regexes,
    /// `map`, `geo`, `split_clients` by variable, in lower case without `$`; of two the last counts.
    pub(super) maps: HashMap<String, DirectiveId, FixedState>,
    /// Variables that some `set` defines: empty until it runs.
    pub(super) set_variables: HashSet<String, FixedState>,
    set_values: HashMap<String, Vec<DirectiveId>, FixedState>,
}

impl<'a> Shared<'a> {
    /// Before any server is lowered.
    pub(super) fn new(config: &'a Config, sources: &'a SourceMap, lookup: Option<Lookup<'a>>) -> Self {
        let mut shared = Self {
            config,
            sources,
            lookup,
            scopes: Scopes::with_room_for(config),
            locations: Locations::with_room_for(config),
            listens: AllListens::default(),
            doors: Doors::default(),
            routes: Routes::default(),
            regexes: Regexes::default(),
            maps: HashMap::default(),
            set_variables: HashSet::default(),
            set_values: HashMap::default(),
        };
        shared.intern_regexes();
        shared
    }

    /// A directive of the configuration.
    pub(super) fn directive(&self, id: DirectiveId) -> Directive<'a> {
        self.config.directive(self.sources, id)
    }

    /// Its head; `None` for what only stands around a lone snippet.
    pub(super) fn span(&self, id: DirectiveId) -> Option<Span> {
        (id != TOP).then(|| self.directive(id).span())
    }

    /// The texts that a variable is made of: the source of its `map`, the values of its `set`.
    pub(super) fn definitions(&self, name: &str) -> impl Iterator<Item = String> {
        let map = self.maps.get(name).map(|id| self.directive(*id).arg(0).into_owned());
        let sets = self.set_values.get(name).map_or(&[][..], Vec::as_slice);
        map.into_iter().chain(sets.iter().map(|id| self.directive(*id).arg(1).into_owned()))
    }

    /// Whether a text depends on a variable that `wanted` accepts, also through `map` and `set`.
    pub(super) fn mentions(&self, text: &str, depth: u8, wanted: &dyn Fn(&str) -> bool) -> bool {
        value::variables(text).any(|name| {
            let name = lower_case(name);
            wanted(&name) || depth < 4 && self.definitions(&name).any(|definition| self.mentions(&definition, depth + 1, wanted))
        })
    }

    fn intern_regexes(&mut self) {
        let (config, sources) = (self.config, self.sources);
        for rewrite in config.all(sources, Name::Rewrite) {
            self.regexes.intern(&rewrite.arg(0), false);
        }
        for split in config.all(sources, Name::FastcgiSplitPathInfo) {
            self.regexes.intern(&split.arg(0), false);
        }
        for condition in config.all(sources, Name::If) {
            let words: Vec<_> = condition.args().collect();
            for (i, word) in words.iter().enumerate().filter(|(_, w)| matches!(w.as_ref(), "~" | "~*" | "!~" | "!~*")) {
                let Some(text) = words.get(i + 1) else { continue };
                let text = if i + 2 == words.len() { text.strip_suffix(')').unwrap_or(text) } else { text };
                self.regexes.intern(text, word.ends_with('*'));
            }
        }
        for map in config.all(sources, Name::Map) {
            self.maps.insert(variable_name(&map.arg(map.arg_count().saturating_sub(1))), map.id);
            for entry in map.children() {
                if let Some(pattern) = entry.name_text().strip_prefix('~') {
                    let (pattern, ignore_case) = pattern.strip_prefix('*').map_or((pattern, false), |p| (p, true));
                    self.regexes.intern(pattern, ignore_case);
                }
            }
        }
        for name in [Name::Geo, Name::SplitClients] {
            for table in config.all(sources, name) {
                self.maps.insert(variable_name(&table.arg(table.arg_count().saturating_sub(1))), table.id);
            }
        }
        for set in config.all(sources, Name::Set) {
            let name = variable_name(&set.arg(0));
            self.set_variables.insert(name.clone());
            self.set_values.entry(name).or_default().push(set.id);
        }
    }
}

fn variable_name(text: &str) -> String {
    text.strip_prefix('$').unwrap_or(text).to_ascii_lowercase()
}
