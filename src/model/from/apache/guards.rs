//! The sections that hold a part of a password check, for rules: what each has itself, and a path that it is for.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::authz::{REQUIRES, needs_user, provider_of};
use super::chain::{Group, Layer};
use super::host::Host;
use super::section::{Mask, SectionId};
use crate::model::from::lookup::Lookup;
use crate::model::{Request, RouteId, Site, Traits};
use crate::project::apache::{Directive, Htaccess, TOP};
use crate::source::Span;
use crate::syntax::apache::Name;

/// What a guard is made of.
const PARTS: &[Name] = &[
    Name::AuthType,
    Name::AuthName,
    Name::AuthUserFile,
    Name::AuthGroupFile,
    Name::AuthBasicProvider,
    Name::AuthDigestProvider,
    Name::AuthMerging,
    Name::Require,
    Name::RequireAll,
    Name::RequireAny,
    Name::RequireNone,
    Name::Order,
    Name::Allow,
    Name::Deny,
    Name::Satisfy,
];

const PARTS_MASK: Mask = Mask::of(PARTS);

/// What a section is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Files of a folder: `<Directory>` or a `.htaccess`.
    Folder,
    /// Files by name: `<Files>`.
    Names,
    /// URLs: `<Location>`.
    Urls,
}

/// A section that has directives of a password check.
#[derive(Clone, Debug)]
pub struct Guard<'a> {
    section: SectionId,
    /// The route by which it was found.
    pub route: RouteId,
    /// What it is for.
    pub reach: Reach,
    /// The head of the section; `None` for a `.htaccess`.
    pub block: Option<Directive<'a>>,
    /// The `.htaccess` that it is.
    pub htaccess: Option<&'a Htaccess>,
    /// What it has itself of a check, in the order of the text.
    pub own: Vec<Directive<'a>>,
    first: Option<Directive<'a>>,
    asks: Option<Directive<'a>>,
}

/// How many hosts are remembered.
const REMEMBERED: usize = 16;

/// The guards of a few hosts. Every rule on passwords asks for those of one host before they go on to the next one, and of many
/// thousand hosts not all can be kept.
#[derive(Default)]
pub(super) struct Remembered<'a>([Mutex<Option<OfHost<'a>>>; REMEMBERED]);

/// The section of a host, and its guards.
type OfHost<'a> = (Option<SectionId>, Arc<[Guard<'a>]>);

impl<'a> Remembered<'a> {
    fn of(&self, host: &Host<'a>) -> Arc<[Guard<'a>]> {
        let place = self.0.get(host.section.unwrap_or_default() as usize % REMEMBERED);
        let place = place.map(|place| place.lock().unwrap_or_else(PoisonError::into_inner));
        let Some(mut place) = place else { return Arc::default() };
        if let Some((section, guards)) = &*place
            && *section == host.section
        {
            return Arc::clone(guards);
        }
        let guards = host.find_guards();
        *place = Some((host.section, Arc::clone(&guards)));
        guards
    }
}

impl<'a> Guard<'a> {
    /// Its own directives of a name.
    pub fn all(&self, name: Name) -> impl DoubleEndedIterator<Item = Directive<'a>> {
        self.own.iter().copied().filter(move |d| d.name() == name)
    }

    /// Its own directive of a name that counts: the last one.
    pub fn last(&self, name: Name) -> Option<Directive<'a>> {
        self.all(name).next_back()
    }

    /// The first directive of the check.
    pub fn first(&self) -> Option<Directive<'a>> {
        self.first
    }

    /// The first directive with which it asks for a user.
    pub fn asks(&self) -> Option<Directive<'a>> {
        self.asks
    }

    /// Whether two guards are the same section.
    pub fn is(&self, other: &Guard) -> bool {
        self.section == other.section
    }

    /// Its head, or the beginning of its file.
    pub fn span(&self) -> Option<Span> {
        self.block.map(|b| b.span()).or(self.htaccess.map(|h| Span::new(h.file, 0, 0)))
    }
}

/// Whether a directive is a part of a password check, and not only of an access list.
fn is_check(directive: &Directive) -> bool {
    match directive.name() {
        Name::AuthMerging | Name::Order | Name::Allow | Name::Deny | Name::Satisfy => false,
        name if REQUIRES.contains(&name) => user_requirement(directive).is_some(),
        _ => true,
    }
}

/// The first `Require` in a directive, or in a container, that only a user meets.
pub fn user_requirement<'a>(directive: &Directive<'a>) -> Option<Directive<'a>> {
    match directive.name() {
        Name::Require => needs_user(&provider_of(directive).1).then_some(*directive),
        Name::RequireAll | Name::RequireAny => directive.children().find_map(|child| user_requirement(&child)),
        _ => None,
    }
}

/// The sections of a host with directives of an access list or of a password check.
pub fn access_of<'a>(host: &Host<'a>) -> Vec<Guard<'a>> {
    host.with_access(|traits| traits.has(Traits::GATE) || traits.has(Traits::ADDRESSES))
}

impl<'a> Host<'a> {
    /// The sections with a part of a password check that are for some request of the host.
    pub fn guards(&self) -> Arc<[Guard<'a>]> {
        self.shared.remembered.of(self)
    }

    fn find_guards(&self) -> Arc<[Guard<'a>]> {
        let mut guards = self.with_access(|traits| traits.has(Traits::GATE));
        guards.retain(|guard| guard.first().is_some());
        guards.into()
    }

    fn with_access(&self, wanted: impl Fn(Traits) -> bool) -> Vec<Guard<'a>> {
        let mut found: Vec<Guard> = Vec::new();
        let mut seen: HashSet<SectionId, foldhash::fast::FixedState> = HashSet::default();
        for (id, _) in self.routes().iter().enumerate().filter(|(_, r)| wanted(r.traits)) {
            for layer in self.route_layers.of(id as RouteId) {
                if seen.insert(layer.section) {
                    found.extend(self.guard(id as RouteId, *layer));
                }
            }
        }
        found
    }

    /// Those of one route, in the order in which the server merges them: the last one counts.
    pub fn guards_of(&self, route: RouteId) -> Vec<Guard<'a>> {
        self.route_layers.of(route).iter().filter_map(|layer| self.guard(route, *layer)).filter(|g| g.first().is_some()).collect()
    }

    /// The routes that a guard is for.
    pub fn routes_of(&self, guard: &Guard) -> Vec<RouteId> {
        let ids = 0..self.routes.len() as RouteId;
        ids.filter(|id| self.route_layers.of(*id).iter().any(|l| l.section == guard.section)).collect()
    }

    fn guard(&self, route: RouteId, layer: Layer) -> Option<Guard<'a>> {
        let reach = match layer.group {
            Group::Directory => Reach::Folder,
            Group::Files => Reach::Names,
            Group::Location => Reach::Urls,
            Group::Main | Group::Host | Group::Proxy | Group::If(_) => return None,
        };
        let shared = &self.shared;
        let section = shared.sections.get(layer.section);
        if !section.mask().may_have_any(PARTS_MASK) {
            return None;
        }
        let own = shared.sections.own(layer.section).iter().filter(|(name, id)| PARTS.contains(name) && shared.usually(*id));
        let own: Vec<Directive> = own.map(|(_, id)| shared.directive(*id)).collect();
        let htaccess = || {
            // They were lowered one after the other.
            let index = shared.htaccess.binary_search(&layer.section).ok()?;
            shared.config.htaccess.get(index)
        };
        let is_htaccess = section.directive == TOP;
        let first = own.iter().copied().find(is_check);
        let asks = own.iter().find_map(user_requirement);
        Some(Guard {
            section: layer.section,
            route,
            reach,
            block: (!is_htaccess).then(|| shared.directive(section.directive)),
            htaccess: if is_htaccess { htaccess() } else { None },
            own,
            first,
            asks,
        })
    }

    /// A `GET` for something that the section of a guard is for, whatever other sections say of it.
    pub fn landmark_of(&self, guard: &Guard) -> Option<Request> {
        let layers = self.route_layers.of(guard.route);
        let end = layers.iter().position(|l| l.section == guard.section)?;
        let path = super::example::path_in(self, layers.get(..=end)?)?;
        Some(self.request(&path))
    }

    /// Finds files of the served machine.
    pub fn lookup(&self) -> Option<&Lookup<'a>> {
        self.shared.lookup.as_ref()
    }

    /// Whether it is a tree of `.htaccess` files without its server.
    pub fn is_tree(&self) -> bool {
        self.shared.is_tree()
    }

    /// Whether a directive is in force if all open questions are answered in the usual way.
    pub fn is_usual(&self, directive: &Directive) -> bool {
        self.shared.usually(directive.id)
    }

    /// The `<Location>` and `<LocationMatch>` sections in the virtual host and outside of it, in the order of merging.
    pub fn locations(&self) -> impl Iterator<Item = Directive<'a>> {
        let shared = &self.shared;
        let sections = shared.outer.locations.iter().chain(&self.outer.locations);
        sections.map(|id| shared.directive(shared.sections.get(*id).directive)).filter(|d| shared.usually(d.id))
    }

    /// The directives of these names that stand in the virtual host or outside of it, in no section.
    pub fn server_directives(&self, names: &[Name]) -> Vec<Directive<'a>> {
        let found = self.server_list(names, &mut |id| self.shared.usually(id));
        found.into_iter().map(|id| self.shared.directive(id)).collect()
    }

    /// The folder that the document root is, as the server names it.
    pub fn root(&self) -> Option<String> {
        self.document_root(&mut |id| self.shared.usually(id)).map(std::borrow::Cow::into_owned)
    }

    /// The path of a file that the server opens at run time: relative ones start at `ServerRoot`, which a lone `.htaccess` does not
    /// tell.
    pub fn server_path(&self, file: &Directive<'a>) -> Option<String> {
        self.shared.server_file(file.arg(0)).map(std::borrow::Cow::into_owned)
    }
}
