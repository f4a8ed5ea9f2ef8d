//! The sections that are for a request, in the order in which they are merged, and what a setting is in the end.
//!
//! The server merges the sections of each kind by themselves first, and the results then (`ap_directory_walk`, `ap_file_walk`,
//! `ap_location_walk`, `ap_if_walk`). For most settings that makes no difference: the last section that has one counts. For
//! `AuthMerging` it does, so a layer knows its group.

use super::section::{SectionId, Sections};
use crate::project::apache::DirectiveId;
use crate::syntax::apache::Name;

/// A section that is for the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Layer {
    pub(super) section: SectionId,
    pub(super) group: Group,
}

/// What is merged by itself before it is merged with the rest, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Group {
    Main,
    Host,
    Directory,
    Files,
    Proxy,
    Location,
    /// How deep in other `<If>` it stands.
    If(u8),
}

/// Whether a directive is in force, its conditions looked at.
pub(super) type InForce<'f> = &'f mut dyn FnMut(DirectiveId) -> bool;

/// The directive of one of these names that counts where the last one does.
pub(super) fn last(sections: &Sections, layers: &[Layer], names: &[Name], in_force: InForce) -> Option<DirectiveId> {
    layers.iter().rev().find_map(|layer| last_in(sections, layer.section, names, in_force))
}

/// The last directive of these names of one section.
pub(super) fn last_in(sections: &Sections, section: SectionId, names: &[Name], in_force: InForce) -> Option<DirectiveId> {
    let has_any = names.iter().any(|name| sections.get(section).may_have(*name));
    if !has_any {
        return None;
    }
    let mut own = sections.own(section).iter().rev();
    own.find(|(name, id)| names.contains(name) && in_force(*id)).map(|(_, id)| *id)
}

/// All directives of these names, in the order of merging.
pub(super) fn all(sections: &Sections, layers: &[Layer], names: &[Name], in_force: InForce) -> Vec<DirectiveId> {
    let mut found = Vec::new();
    for layer in layers {
        all_in(sections, layer.section, names, in_force, &mut found);
    }
    found
}

/// Adds the directives of these names of one section, in the order of the text.
pub(super) fn all_in(sections: &Sections, section: SectionId, names: &[Name], in_force: InForce, found: &mut Vec<DirectiveId>) {
    let has_any = names.iter().any(|name| sections.get(section).may_have(*name));
    if has_any {
        let own = sections.own(section).iter();
        found.extend(own.filter(|(name, id)| names.contains(name) && in_force(*id)).map(|(_, id)| *id));
    }
}

/// The directives of these names of the last section that has one.
pub(super) fn last_run(sections: &Sections, layers: &[Layer], names: &[Name], in_force: InForce) -> Vec<DirectiveId> {
    let mut found = Vec::new();
    for layer in layers.iter().rev() {
        all_in(sections, layer.section, names, in_force, &mut found);
        if !found.is_empty() {
            break;
        }
    }
    found
}
