//! Where the walk meets expressions.

use super::expr::{self, Truth};
use super::groups::Groups;
use super::walk::Walk;
use crate::model::Value;
use crate::model::fact::unknown_value;
use crate::project::apache::Directive;
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
}

/// Where the expressions of a directive stand.
pub(super) fn context_of(directive: &Directive) -> Context {
    if directive.htaccess().is_some() { Context::Htaccess } else { Context::Server }
}
