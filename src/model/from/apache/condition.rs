//! `<IfModule>` and its like, where the files do not decide them.

use std::collections::HashSet;

use crate::project::apache::config::CERTAIN;
use crate::project::apache::{Condition, ConditionId, ConditionKind, Config};
use crate::source::SourceMap;
use crate::syntax::apache::directives::{self, Name};

/// The modules that are certainly loaded: those the loader knows of, and those without which the server would refuse a directive
/// that stands outside of all conditions.
pub(super) fn loaded(config: &Config) -> HashSet<String, foldhash::fast::FixedState> {
    let mut loaded: HashSet<String, foldhash::fast::FixedState> = HashSet::default();
    if config.conditions.is_empty() {
        return loaded;
    }
    loaded.extend(config.modules.iter().cloned());
    for info in directives::all() {
        let ids = config.by_name.get(info.name as usize).map_or(&[][..], Vec::as_slice);
        let certain = |id: &u32| config.placed.get(*id as usize).is_some_and(|placed| placed.condition == CERTAIN);
        if !loaded.contains(info.module) && info.name != Name::IfModule && ids.iter().any(certain) {
            loaded.insert(info.module.to_owned());
        }
    }
    loaded
}

/// Whether the files load one module, and another one later.
pub(super) fn is_loaded_before(config: &Config, sources: &SourceMap, first: &str, second: &str) -> bool {
    let mut loads = config.all(sources, Name::LoadModule).map(|load| load.arg(0).to_ascii_lowercase());
    let found = loads.find(|name| name == first || name == second);
    found.is_some_and(|name| name == first) && loads.any(|name| name == second)
}

/// What is asked about a condition, as a question for [`crate::model::from::choices::Choices`].
pub(super) fn question(kind: &ConditionKind) -> String {
    match kind {
        ConditionKind::Module(name) => format!("whether the module {name} is loaded"),
        ConditionKind::Define(name) => format!("whether {name} is defined"),
        ConditionKind::Version(text) => format!("whether the version of the server is {text}"),
        ConditionKind::File(path) => format!("whether {path} exists"),
        ConditionKind::Directive(name) => format!("whether the directive {name} is known"),
        ConditionKind::Section(name) => format!("whether the section {name} is known"),
    }
}

/// How the question is answered if nothing tells: the usual server has the modules that its configuration asks for (but runs PHP
/// by itself, behind FastCGI), and is started without `-D`.
pub(super) fn usual(kind: &ConditionKind) -> bool {
    match kind {
        ConditionKind::Module(name) => !name.starts_with("mod_php"),
        ConditionKind::Define(_) => false,
        _ => true,
    }
}

/// Whether a condition and all those around it hold, as `answer` answers their questions.
pub(super) fn holds(config: &Config, condition: ConditionId, answer: &mut dyn FnMut(ConditionId, &Condition) -> bool) -> bool {
    let mut next = condition;
    // A parent stands before its children.
    while let Some(condition) = config.conditions.get(next as usize) {
        if answer(next, condition) == condition.negated {
            return false;
        }
        if condition.parent >= next {
            break;
        }
        next = condition.parent;
    }
    true
}
