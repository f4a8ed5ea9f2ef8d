//! Pages that the server makes itself: `server-status` and its like, and the handlers of forms (`mod_auth_form`).

use super::walk::{End, Invoked, Stop, Walk};
use crate::model::{Known, Value};
use crate::project::apache::DirectiveId;
use crate::syntax::apache::Name;

/// Whether a handler of this name makes a page of the server itself.
pub(super) fn is_page(handler: &str) -> bool {
    matches!(
        handler,
        "server-status"
            | "server-info"
            | "balancer-manager"
            | "ldap-status"
            | "form-login-handler"
            | "form-logout-handler"
            | "form-redirect-handler"
    )
}

impl Walk<'_, '_> {
    /// Runs the handler of a page; what a page does not take is left to the files.
    pub(super) fn page(&mut self, by: DirectiveId) -> Invoked {
        let name = self.r.handler.as_ref().and_then(|handler| handler.name.known()).unwrap_or_default().to_owned();
        let reads = matches!(self.r.method.as_str(), "GET" | "HEAD");
        let posts = self.r.method == "POST";
        match name.as_str() {
            "form-login-handler" => self.login(by),
            "form-logout-handler" => self.logout(by),
            // What to go on with comes from a login just before, and from the body.
            "form-redirect-handler" if posts => {
                Invoked::Stop(Stop::unknown("whether the form says what to go on with", Some(by)))
            }
            "form-redirect-handler" => Invoked::Stop(Stop::status(500, Some(by))),
            "balancer-manager" if reads || posts => self.page_made(by),
            _ if reads => self.page_made(by),
            _ => self.static_file(),
        }
    }

    fn page_made(&self, by: DirectiveId) -> Invoked {
        Invoked::Done(End::Status(Known::Is(self.r.status), Some(by)))
    }

    /// A form is sent with POST; its body decides.
    fn login(&mut self, by: DirectiveId) -> Invoked {
        if self.r.method != "POST" {
            return Invoked::Stop(Stop::status(405, Some(by)));
        }
        let span = self.directive(by).span();
        let (next, otherwise) = if self.decide("whether the form has a user and the right password", true, span, false) {
            (Name::AuthFormLoginSuccessLocation, None)
        } else {
            (Name::AuthFormLoginRequiredLocation, Some(401))
        };
        match (self.form_location(next), otherwise) {
            (Some(directive), _) => Invoked::Stop(Stop::status(302, Some(directive))),
            (None, Some(status)) => Invoked::Stop(Stop::status(status, Some(by))),
            (None, None) => self.page_made(by),
        }
    }

    fn logout(&mut self, by: DirectiveId) -> Invoked {
        match self.form_location(Name::AuthFormLogoutLocation) {
            Some(directive) => Invoked::Stop(Stop::status(307, Some(directive))),
            None => self.page_made(by),
        }
    }

    /// Sends the client to what a directive names, if there is one.
    fn form_location(&mut self, name: Name) -> Option<DirectiveId> {
        let directive = self.last(&[name])?;
        let target: Value = self.expand(&directive.arg(0), &directive);
        self.location = Some(target);
        Some(directive.id)
    }
}
