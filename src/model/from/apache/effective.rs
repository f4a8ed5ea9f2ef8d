//! What rules ask of a virtual host besides what happens to a request: which directives count, and where they stand.

use super::chain::{self, Layer};
use super::frame::Stands;
use super::host::Host;
use super::section::{Kind, SectionId};
use super::walk::Walk;
use crate::model::from::choices::Choices;
use crate::model::{Request, RouteId};
use crate::project::apache::{Directive, DirectiveId, Htaccess, TOP};
use crate::source::Span;
use crate::syntax::apache::Name;

/// A section that is for a route or a request.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    /// Its directive (`<Directory /var/www>`); `None` for the server's own settings and for a `.htaccess`.
    pub directive: Option<Directive<'a>>,
    /// The `.htaccess` that it is.
    pub htaccess: Option<&'a Htaccess>,
    /// Its head; the beginning of the file where it has no directive.
    pub span: Span,
    section: SectionId,
}

/// What one section says about authentication.
#[derive(Clone, Debug)]
pub struct AuthBlock<'a> {
    /// The section.
    pub scope: Scope<'a>,
    /// `AuthType`; of several the last, as for the rest.
    pub auth_type: Option<Directive<'a>>,
    /// `AuthName`.
    pub auth_name: Option<Directive<'a>>,
    /// `AuthUserFile`.
    pub user_file: Option<Directive<'a>>,
    /// `Require`, `<RequireAll>` and their like, in the order of the text.
    pub requires: Vec<Directive<'a>>,
    /// `Order`, `Allow`, `Deny` and `Satisfy`, in the order of the text.
    pub compat: Vec<Directive<'a>>,
}

impl<'a> Host<'a> {
    /// The directive of that name that counts for a route, where the last one does.
    pub fn effective(&self, route: RouteId, name: Name) -> Option<Directive<'a>> {
        self.last_of(self.route_layers.of(route), name)
    }

    /// The directives of that name in all sections that are for a route, in the order of merging.
    pub fn effective_all(&self, route: RouteId, name: Name) -> Vec<Directive<'a>> {
        self.all_of(self.route_layers.of(route), &[name])
    }

    /// The directive of that name that counts for a request once all its sections are found.
    pub fn effective_at(&self, request: &Request, name: Name) -> Option<Directive<'a>> {
        self.last_of(&self.layers_at(request), name)
    }

    /// The directives of that name in all sections that are for a request, in the order of merging.
    pub fn effective_all_at(&self, request: &Request, name: Name) -> Vec<Directive<'a>> {
        self.all_of(&self.layers_at(request), &[name])
    }

    /// The sections that are for a route, in the order of merging.
    pub fn scopes(&self, route: RouteId) -> Vec<Scope<'a>> {
        self.route_layers.of(route).iter().map(|layer| self.scope(layer.section)).collect()
    }

    /// The sections that are for a request, in the order of merging.
    pub fn scopes_at(&self, request: &Request) -> Vec<Scope<'a>> {
        self.layers_at(request).iter().map(|layer| self.scope(layer.section)).collect()
    }

    /// The innermost section of a route; `None` for the server's own settings and for a `.htaccess`.
    pub fn route_block(&self, route: RouteId) -> Option<Directive<'a>> {
        let inner = self.route_layers.of(route).last()?;
        self.scope(inner.section).directive
    }

    /// What the sections that are for a route say about authentication, in the order of merging; those that say nothing are left out.
    pub fn auth_blocks(&self, route: RouteId) -> Vec<AuthBlock<'a>> {
        self.auth_blocks_of(self.route_layers.of(route))
    }

    /// The same for a request.
    pub fn auth_blocks_at(&self, request: &Request) -> Vec<AuthBlock<'a>> {
        self.auth_blocks_of(&self.layers_at(request))
    }

    /// Whether a `.htaccess` counts for files of its folder: `AllowOverride None` keeps it from being read.
    pub fn reads(&self, htaccess: &Htaccess) -> bool {
        let Some(at) = self.shared.config.htaccess.iter().position(|h| std::ptr::eq(h, htaccess)) else { return false };
        let Some(section) = self.shared.htaccess.get(at).copied() else { return false };
        let request = self.names.request("/");
        let mut choices = Choices::default();
        let mut walk = Walk::new(self, &request, &mut choices);
        walk.r.layers = walk.server_layers();
        walk.r.filename = format!("{}/", htaccess.folder);
        walk.r.stands = Stands::Folder;
        // What it says may be refused: then it was read.
        walk.directory_walk().is_err() || walk.r.layers.iter().any(|layer| layer.section == section)
    }

    /// The `.htaccess` files of the configuration.
    pub fn htaccess(&self) -> &'a [Htaccess] {
        &self.shared.config.htaccess
    }

    fn last_of(&self, layers: &[Layer], name: Name) -> Option<Directive<'a>> {
        let found = chain::last(&self.shared.sections, layers, &[name], &mut |id| self.shared.usually(id));
        found.map(|id| self.shared.directive(id))
    }

    fn all_of(&self, layers: &[Layer], names: &[Name]) -> Vec<Directive<'a>> {
        let found = chain::all(&self.shared.sections, layers, names, &mut |id| self.shared.usually(id));
        found.into_iter().map(|id| self.shared.directive(id)).collect()
    }

    fn layers_at(&self, request: &Request) -> Vec<Layer> {
        let mut choices = Choices::default();
        let mut walk = Walk::new(self, request, &mut choices);
        walk.run();
        std::mem::take(&mut walk.r.layers)
    }

    fn scope(&self, section: SectionId) -> Scope<'a> {
        let shared = &self.shared;
        let directive = shared.sections.get(section).directive;
        let at = if shared.sections.get(section).kind == Kind::Htaccess {
            shared.htaccess.iter().position(|s| *s == section)
        } else {
            None
        };
        Scope {
            directive: (directive != TOP).then(|| shared.directive(directive)),
            htaccess: at.and_then(|i| shared.config.htaccess.get(i)),
            span: shared.section_span(section),
            section,
        }
    }

    fn auth_blocks_of(&self, layers: &[Layer]) -> Vec<AuthBlock<'a>> {
        let sections = &self.shared.sections;
        let blocks = layers.iter().map(|layer| {
            let mut usually = |id: DirectiveId| self.shared.usually(id);
            let mut last =
                |name: Name| chain::last_in(sections, layer.section, &[name], &mut usually).map(|id| self.shared.directive(id));
            let (auth_type, auth_name, user_file) = (last(Name::AuthType), last(Name::AuthName), last(Name::AuthUserFile));
            let alone = std::slice::from_ref(layer);
            AuthBlock {
                scope: self.scope(layer.section),
                auth_type,
                auth_name,
                user_file,
                requires: self.all_of(alone, super::authz::REQUIRES),
                compat: self.all_of(alone, super::access::COMPAT),
            }
        });
        blocks.filter(|b| !b.is_empty()).collect()
    }
}

impl AuthBlock<'_> {
    fn is_empty(&self) -> bool {
        self.auth_type.is_none()
            && self.auth_name.is_none()
            && self.user_file.is_none()
            && self.requires.is_empty()
            && self.compat.is_empty()
    }
}

impl<'a> Scope<'a> {
    /// The directives of a name that stand in it itself, in the order of the text.
    pub fn own(&self, host: &Host<'a>, name: Name) -> Vec<Directive<'a>> {
        let mut found = Vec::new();
        let shared = &host.shared;
        chain::all_in(&shared.sections, self.section, &[name], &mut |id| shared.usually(id), &mut found);
        found.into_iter().map(|id| shared.directive(id)).collect()
    }
}
