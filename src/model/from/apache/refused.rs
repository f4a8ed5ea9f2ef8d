//! Directives that the server does not take: for the number of their arguments, and those of `mod_rewrite`, `mod_setenvif`, `mod_headers`
//! and conditions for what they say.

use super::eval::context_of;
use super::host::required_expression;
use crate::project::apache::Directive;
use crate::project::pcre;
use crate::syntax::apache::Name;
use crate::syntax::apache::directives::Args;
use crate::syntax::apache::expr::{Condition, Regex};
use crate::syntax::apache::header::{Action, HeaderEdit, When as HeaderWhen};
use crate::syntax::apache::rewrite::{self, Options, Pattern, Rule};
use crate::syntax::apache::setenvif::{Attribute, Pattern as Fits, SetEnvIf, When};

/// Whether the server refuses what a directive says. A hole may be anything.
pub(super) fn is_refused(directive: &Directive<'_>) -> bool {
    !(directive.is_unknown() || has_its_arguments(directive) && is_taken(directive).unwrap_or(false))
}

/// Whether a directive has as many arguments as it takes, and `On` or `Off` where it takes that.
fn has_its_arguments(directive: &Directive<'_>) -> bool {
    let Some(info) = directive.name().info().filter(|info| !info.text.starts_with('<')) else { return true };
    match info.args {
        Args::Flag => ["on", "off"].iter().any(|word| directive.arg(0).eq_ignore_ascii_case(word)),
        args => args.range().contains(&directive.arg_count()),
    }
}

/// Whether it is taken; `None`: its arguments cannot be read.
fn is_taken(directive: &Directive<'_>) -> Option<bool> {
    let context = context_of(directive);
    let args: Vec<_> = directive.args().collect();
    let args: Vec<&str> = args.iter().map(AsRef::as_ref).collect();
    let name = directive.name();
    Some(match name {
        Name::RewriteRule => compiles(&Rule::parse(&directive.raw_args()).ok()?.pattern),
        Name::RewriteCond => match rewrite::Condition::parse(&directive.raw_args(), context).ok()?.pattern {
            Pattern::Regex(regex) => compiles(&regex),
            Pattern::Expr(condition) => condition.regexes.iter().all(compiles),
            _ => true,
        },
        Name::RewriteOptions => Options::default().add(args.iter().copied()).is_ok(),
        Name::Error => false,
        Name::RewriteBase => directive.arg(0).starts_with('/'),
        Name::Header | Name::RequestHeader => {
            let edit = HeaderEdit::parse(name == Name::RequestHeader, &args, context).ok()?;
            let when = match &edit.when {
                HeaderWhen::Expr(condition) => condition.regexes.iter().all(compiles),
                _ => true,
            };
            let action = match &edit.action {
                Action::Edit { regex, .. } | Action::Echo(regex) => compiles(regex),
                _ => true,
            };
            when && action
        }
        Name::SetEnvIf | Name::SetEnvIfNoCase | Name::SetEnvIfExpr | Name::BrowserMatch | Name::BrowserMatchNoCase => {
            match SetEnvIf::parse(name, &args, context).ok()?.when {
                When::Holds(condition) => condition.regexes.iter().all(compiles),
                When::Fits(Attribute::Matching(name), _) if !compiles(&name) => false,
                When::Fits(_, Fits::Regex(regex)) => compiles(&regex),
                When::Fits(..) => true,
            }
        }
        Name::If | Name::ElseIf => Condition::parse(&directive.arg(0), context).ok()?.regexes.iter().all(compiles),
        Name::Require => match required_expression(directive) {
            Some(text) => Condition::parse(&text, context).ok()?.regexes.iter().all(compiles),
            None => takes_all(directive),
        },
        _ => true,
    })
}

/// Whether a `Require all` says `granted` or `denied` and nothing else.
fn takes_all(directive: &Directive<'_>) -> bool {
    let first = usize::from(directive.arg(0).eq_ignore_ascii_case("not"));
    let value = directive.arg(first + 1);
    let fits = value.eq_ignore_ascii_case("granted") || value.eq_ignore_ascii_case("denied");
    !directive.arg(first).eq_ignore_ascii_case("all") || fits && directive.arg_count() == first + 2
}

fn compiles(regex: &Regex) -> bool {
    pcre::refused(&regex.text).is_none()
}
