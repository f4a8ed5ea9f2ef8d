//! The access phase: `AllowMethods`, the directives of 2.2, `SSLRequireSSL`, `Require`, and how they combine.
//!
//! Order and combination are those of `ap_process_request_internal`.

use super::authz::{Answer, Op, is_for_method};
use super::walk::{Stop, Walk};
use crate::model::{Combine, Gate, GateKind, Known, Scheme, Verdict};
use crate::project::apache::{Directive, DirectiveId};
use crate::source::Span;
use crate::syntax::apache::Name;
use crate::syntax::apache::subnet::Subnet;

/// The directives of 2.2 (`mod_access_compat`): a section that has one of them takes none over.
pub(super) const COMPAT: &[Name] = &[Name::Order, Name::Allow, Name::Deny, Name::Satisfy];

impl<'a> Walk<'_, 'a> {
    /// Runs the access phase.
    pub(super) fn access(&mut self) -> Result<(), Stop> {
        if let Some(user) = self.checked().map(|left| left.user.clone()) {
            self.r.user = user;
            return Ok(());
        }
        let compat = self.last_run(COMPAT);
        let any = self.satisfies_any(&compat);
        let combine = if any { Combine::Any } else { Combine::All };
        let checked = match self.allow_methods() {
            Ok(()) => self.compat(&compat, combine).and_then(|()| self.require_ssl()),
            refused => refused,
        };
        let result = match checked {
            Ok(()) if any => return Ok(()),
            Err(stop) if !any => Err(stop),
            _ => self.authorize(combine),
        };
        if let Err(stop) = &result {
            self.refused = true;
            if let (Known::Is(status), Some(by)) = (&stop.status, stop.by) {
                self.step(format!("refused with {status}"), by);
            }
        }
        result
    }

    fn authorize(&mut self, combine: Combine) -> Result<(), Stop> {
        self.user_gate = None;
        let Some(tree) = self.authz_tree() else {
            let auth_type = self.auth_type();
            return match auth_type {
                // Measured: a user is asked for, but nothing says which. Around a lone `.htaccess` there is a server that lets in.
                Some(auth_type) if !self.host.shared.is_tree() => Err(Stop::status(500, Some(auth_type.id))),
                _ => Ok(()),
            };
        };
        let by = tree.first_directive();
        match self.apply(&tree, Op::And, combine) {
            Answer::Granted => {
                self.note_unasked_user();
                Ok(())
            }
            Answer::Denied | Answer::Neutral => Err(Stop::status(403, by)),
            Answer::DeniedNoUser => {
                self.authenticate()?;
                let auth_type = self.auth_type().map(|d| d.id);
                let answer = self.apply(&tree, Op::And, combine);
                if answer == Answer::Granted {
                    return Ok(());
                }
                let no_user = answer == Answer::DeniedNoUser;
                let forbids = !no_user && self.flag(Name::AuthzSendForbiddenOnFailure) == Some(true);
                let status = if forbids { 403 } else { 401 };
                // The user is known, and not one of those who are let in.
                if let Some(span) = auth_type.map(|id| self.directive(id).span()) {
                    self.gates.iter_mut().filter(|g| g.span == span).for_each(|g| g.verdict = Verdict::Refuses(status));
                }
                Err(Stop::status(status, if no_user { auth_type.or(by) } else { by }))
            }
        }
    }

    /// `AuthType`, unless it is `None`.
    pub(super) fn auth_type(&mut self) -> Option<Directive<'a>> {
        self.last(&[Name::AuthType]).filter(|d| !d.arg(0).eq_ignore_ascii_case("none"))
    }

    fn satisfies_any(&self, compat: &[DirectiveId]) -> bool {
        let of = |id: &&DirectiveId| {
            let directive = self.directive(**id);
            directive.name() == Name::Satisfy && is_for_method(&directive, &self.r.method)
        };
        compat.iter().rev().find(of).is_some_and(|id| self.directive(*id).arg(0).eq_ignore_ascii_case("any"))
    }

    /// `Order`, `Allow` and `Deny`.
    fn compat(&mut self, compat: &[DirectiveId], combine: Combine) -> Result<(), Stop> {
        let mine: Vec<Directive<'a>> =
            compat.iter().map(|id| self.directive(*id)).filter(|d| is_for_method(d, &self.r.method)).collect();
        let order = mine.iter().rev().find(|d| d.name() == Name::Order).map(|d| d.arg(0).to_ascii_lowercase());
        let (allowed, allowed_by) = self.any_of(&mine, Name::Allow);
        let (denied, denied_by) = self.any_of(&mine, Name::Deny);
        let passes = match order.as_deref() {
            Some("allow,deny" | "mutual-failure") => allowed && !denied,
            _ => !denied || allowed,
        };
        let Some(first) = mine.iter().find(|d| d.name() != Name::Satisfy) else { return Ok(()) };
        let everyone = |d: &&Directive| d.args().skip(1).any(|a| a.eq_ignore_ascii_case("all"));
        let open = passes && !mine.iter().any(|d| d.name() == Name::Deny) && allowed_by.as_ref().is_some_and(|d| everyone(&d));
        let open = open && combine == Combine::All;
        if !open {
            let verdict = if passes { Verdict::Passes } else { Verdict::Refuses(403) };
            let span = if passes { allowed_by } else { denied_by }.map_or(first.span(), |d| d.span());
            self.push_gate(GateKind::Address, span, combine, verdict);
        }
        if passes { Ok(()) } else { Err(Stop::status(403, Some(denied_by.map_or(first.id, |d| d.id)))) }
    }

    /// Whether one of the `Allow` or `Deny` is for the client, and which.
    fn any_of(&mut self, mine: &[Directive<'a>], name: Name) -> (bool, Option<Directive<'a>>) {
        for directive in mine.iter().filter(|d| d.name() == name) {
            for word in directive.args().skip(1) {
                let word = word.into_owned();
                if self.names_client(directive, &word, name == Name::Allow) {
                    return (true, Some(*directive));
                }
            }
        }
        (false, None)
    }

    fn names_client(&mut self, directive: &Directive<'a>, word: &str, allows: bool) -> bool {
        let lower = word.to_ascii_lowercase();
        if lower == "all" {
            return true;
        }
        // A client who has what every gate asks for comes from where it is let in.
        if self.request.assume.gates_pass {
            return allows;
        }
        if lower.starts_with("env=!") {
            return self.r.env.get(word.get(5..).unwrap_or_default()).is_none();
        }
        if lower.starts_with("env=") {
            return self.r.env.get(word.get(4..).unwrap_or_default()).is_some();
        }
        if let (Some(net), Some(client)) = (Subnet::parse(word).filter(|_| !directive.is_unknown()), self.client) {
            return net.contains(client);
        }
        let question = format!("whether the client is {word}");
        self.decide(&question, false, directive.span(), false)
    }

    /// `AllowMethods` of `mod_allowmethods`.
    fn allow_methods(&mut self) -> Result<(), Stop> {
        let Some(setting) = self.last(&[Name::AllowMethods]) else { return Ok(()) };
        let mut allowed: Option<bool> = None;
        for word in setting.args() {
            let (mode, method) = match word.strip_prefix(['+', '-']) {
                Some(method) => (word.starts_with('+'), method),
                None => (true, word.as_ref()),
            };
            if method.eq_ignore_ascii_case("reset") {
                allowed = None;
                continue;
            }
            let own = method == self.r.method || method == "GET" && self.r.method == "HEAD";
            allowed = if own { Some(mode) } else { Some(allowed.unwrap_or(false)) };
        }
        if allowed == Some(false) { Err(Stop::status(405, Some(setting.id))) } else { Ok(()) }
    }

    /// `SSLRequireSSL`.
    fn require_ssl(&mut self) -> Result<(), Stop> {
        let Some(setting) = self.last(&[Name::SSLRequireSSL]) else { return Ok(()) };
        if self.request.scheme == Scheme::Https {
            return Ok(());
        }
        self.push_gate(GateKind::Condition, setting.span(), Combine::All, Verdict::Refuses(403));
        Err(Stop::status(403, Some(setting.id)))
    }

    pub(super) fn push_gate(&mut self, kind: GateKind, span: Span, combine: Combine, verdict: Verdict) {
        if !self.gates.iter().any(|g| g.span == span) {
            self.gates.push(Gate { kind, realm: None, span, source: None, combine, verdict });
        }
    }
}
