//! Where the walk meets `mod_rewrite`, expressions, `SetEnvIf`, `RequestHeader` and `mod_remoteip`.

use super::walk::{Stop, Walk};
use crate::model::Value;
use crate::model::fact::unknown_value;
use crate::project::apache::Directive;
use crate::syntax::apache::Name;

impl<'a> Walk<'_, 'a> {
    /// Whether the expression of an `<If>` or a `Require expr` holds.
    pub(super) fn condition(&mut self, directive: &Directive<'a>) -> bool {
        let question = format!("whether {} holds", directive.text());
        self.decide(&question, false, directive.span(), false)
    }

    /// A text with variables in it (`AP_EXPR_FLAG_STRING_RESULT`).
    pub(super) fn expand(&mut self, text: &str, _by: &Directive<'a>) -> Value {
        if text.contains("%{") { unknown_value("expression") } else { Value::Known(text.to_owned()) }
    }

    /// `mod_rewrite` of the server; whether it mapped the request.
    pub(super) fn server_rewrite(&mut self) -> Result<bool, Stop> {
        Ok(false)
    }

    /// `mod_rewrite` of a section or a `.htaccess`.
    pub(super) fn directory_rewrite(&mut self) -> Result<(), Stop> {
        Ok(())
    }

    /// What happens before anything is mapped: `RequestHeader … early`, `SetEnvIf` of the server.
    pub(super) fn post_read_request(&mut self) {}

    /// `SetEnvIf` of sections.
    pub(super) fn header_parser(&mut self) {}

    /// `SetEnv`, `PassEnv`, `UnsetEnv`.
    pub(super) fn set_env(&mut self) {
        for id in self.all(&[Name::SetEnv, Name::UnsetEnv]) {
            let directive = self.directive(id);
            for (index, name) in directive.args().enumerate() {
                if directive.name() == Name::UnsetEnv {
                    self.r.env.set(&name, None, None);
                } else if index == 0 {
                    let value = if directive.is_unknown() {
                        unknown_value("template hole")
                    } else {
                        Value::Known(directive.arg(1).into_owned())
                    };
                    self.r.env.set(&name, Some(value), Some(directive.span()));
                }
            }
        }
    }

    /// `RequestHeader`.
    pub(super) fn request_headers(&mut self) {}

    /// The address of the client, after `mod_remoteip`.
    pub(super) fn remote_address(&mut self) {}
}
