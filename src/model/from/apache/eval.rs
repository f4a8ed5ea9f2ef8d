//! Where the walk meets `mod_rewrite`, expressions, `SetEnvIf`, `RequestHeader` and `mod_remoteip`.

use super::env::Env;
use super::expr::{self, Truth};
use super::groups::Groups;
use super::walk::Walk;
use crate::model::Value;
use crate::model::fact::unknown_value;
use crate::project::apache::Directive;
use crate::syntax::apache::Name;
use crate::syntax::apache::expr::{Context, Word};

impl<'a> Walk<'_, 'a> {
    /// Whether the expression of an `<If>` or a `Require expr` holds.
    pub(super) fn condition(&mut self, directive: &Directive<'a>) -> bool {
        let host = self.host;
        let truth = match host.shared.exprs.get(&directive.id) {
            Some(expr) if !directive.is_unknown() => expr.holds(self, &[], &host.shared.regexes, &mut Groups::None),
            _ => Truth::Unknown,
        };
        match truth {
            Truth::Is(holds) => holds,
            // The server takes what it cannot evaluate for false.
            Truth::Failed => false,
            Truth::Unknown => {
                let question = format!("whether {} holds", directive.text());
                self.decide(&question, false, directive.span(), false)
            }
        }
    }

    /// A text with variables in it (`AP_EXPR_FLAG_STRING_RESULT`).
    pub(super) fn expand(&mut self, text: &str, by: &Directive<'a>) -> Value {
        if by.is_unknown() {
            return unknown_value("template hole");
        }
        if !text.contains(['%', '$', '\\']) {
            return Value::Known(text.to_owned());
        }
        let Ok(word) = Word::parse(text, context_of(by)) else { return unknown_value("an expression") };
        let host = self.host;
        expr::text(&word, self, &host.shared.regexes).unwrap_or_else(|| unknown_value("an expression"))
    }

    /// What happens before anything is mapped: `RequestHeader … early`, `SetEnvIf` of the server.
    pub(super) fn post_read_request(&mut self) {}

    /// `SetEnvIf` of sections.
    pub(super) fn header_parser(&mut self) {}

    /// `SetEnv`, `PassEnv`, `UnsetEnv`: together they make one list, which is laid over what there is.
    pub(super) fn set_env(&mut self) {
        let mut list = Env::default();
        for id in self.all(&[Name::SetEnv, Name::UnsetEnv, Name::PassEnv]) {
            let directive = self.directive(id);
            let span = Some(directive.span());
            match directive.name() {
                Name::UnsetEnv => directive.args().for_each(|name| list.set(&name, None, None)),
                Name::PassEnv => directive.args().for_each(|name| {
                    list.set(&name, Some(unknown_value("environment of the server")), span);
                }),
                _ if directive.is_unknown() => list.set(&directive.arg(0), Some(unknown_value("template hole")), span),
                _ => list.set(&directive.arg(0), Some(Value::Known(directive.arg(1).into_owned())), span),
            }
        }
        for variable in list.iter() {
            self.r.env.set(&variable.name, Some(variable.value.clone()), variable.by);
        }
    }

    /// `RequestHeader`.
    pub(super) fn request_headers(&mut self) {}
}

/// Where the expressions of a directive stand.
pub(super) fn context_of(directive: &Directive) -> Context {
    if directive.htaccess().is_some() { Context::Htaccess } else { Context::Server }
}
