//! Which `<If>` sections are for a request.

use super::chain::Group;
use super::frame::IfWalk;
use super::section::SectionId;
use super::walk::Walk;
use crate::syntax::apache::Name;

impl Walk<'_, '_> {
    /// Adds the `<If>` sections of the sections so far whose condition holds, then those inside of them.
    ///
    /// The server keeps what each run came to for the requests that follow from this one: the runs of those are matched to them one
    /// by one. One that comes to the same takes the result over, and what is inside of it is forgotten (`ap_if_walk`, measured: of
    /// an `<If>` in an `<If>` of a `.htaccess` nothing holds for the index file of the folder).
    pub(super) fn ifs(&mut self) {
        let host = self.host;
        let sections = &host.shared.sections;
        let mut pending: Vec<SectionId> = self.r.layers.iter().flat_map(|l| sections.ifs(l.section)).copied().collect();
        let mut depth = 0;
        self.r.fresh_settings = false;
        while !pending.is_empty() {
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
            let walks = &self.r.if_walks;
            let earlier = self.r.earlier_if_walks.get(walks.len()).map(|known| (known, false));
            let known = earlier.or_else(|| walks.last().map(|known| (known, known.fresh)));
            let same = known.filter(|(known, _)| known.before == self.r.layers && known.matched == matched);
            let is_same = same.is_some();
            let fresh = same.map_or(!matched.is_empty(), |(_, fresh)| fresh);
            self.r.fresh_settings |= fresh;
            self.r.if_walks.push(IfWalk { before: self.r.layers.clone(), matched: matched.clone(), fresh });
            for id in &matched {
                self.push(*id, Group::If(depth));
            }
            if is_same {
                break;
            }
            pending = matched.iter().flat_map(|id| sections.ifs(*id)).copied().collect();
            depth = depth.saturating_add(1);
        }
    }
}
