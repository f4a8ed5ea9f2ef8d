//! Which `<If>` sections are for a request.

use super::chain::Group;
use super::section::SectionId;
use super::walk::Walk;
use super::walked::Kind;
use crate::syntax::apache::Name;

impl Walk<'_, '_> {
    /// Adds the `<If>` sections of the sections so far whose condition holds, then those inside of them (`ap_if_walk`).
    ///
    /// Where that comes to settings that are known, what is inside is forgotten (measured: of an `<If>` in an `<If>` of a `.htaccess`
    /// nothing holds for the index file of the folder).
    pub(super) fn ifs(&mut self) {
        let host = self.host;
        let sections = &host.shared.sections;
        let mut pending: Vec<SectionId> = self.r.layers.iter().flat_map(|l| sections.ifs(l.section)).copied().collect();
        let mut depth = 0;
        while !pending.is_empty() {
            let earlier = self.earlier_walk(Kind::If);
            let mut matched = Vec::new();
            let mut before = false;
            for id in pending {
                let directive = self.directive(sections.get(id).directive);
                if !self.section_in_force(id) || directive.name() != Name::If && before {
                    continue;
                }
                let holds = directive.name() == Name::Else || self.condition(&directive);
                before = holds && directive.name() != Name::Else;
                if holds {
                    matched.push(id);
                }
            }
            for id in &matched {
                self.push(*id, Group::If(depth));
            }
            pending = matched.iter().flat_map(|id| sections.ifs(*id)).copied().collect();
            let takes_over = self.keeps_settings();
            if self.end_walk(Kind::If, &earlier, String::new(), matched, takes_over) {
                break;
            }
            depth = depth.saturating_add(1);
        }
    }
}
