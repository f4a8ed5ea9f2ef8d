//! Directives with a grammar of their own: regular expressions, rewrites, conditions on the request, edits of header fields.

use super::Checker;
use super::scope::Scope;
use super::sections::context;
use crate::project::apache::config::Directive;
use crate::project::pcre;
use crate::syntax::apache::Name;
use crate::syntax::apache::header::{Action, HeaderEdit, When as HeaderWhen};
use crate::syntax::apache::rewrite::{Condition, Options, Pattern, Rule};
use crate::syntax::apache::setenvif::{ArgError, Pattern as Fits, SetEnvIf, When as SetWhen};

impl<'a> Checker<'a> {
    /// Reports a regular expression that PCRE refuses.
    pub(super) fn regex(&mut self, directive: Directive<'a>, index: usize, pattern: &str) {
        if let Some(fault) = pcre::refused(pattern) {
            let message = format!("the regular expression of \"{}\" is refused: {fault}", directive.name().as_str());
            self.error(directive, directive.arg_span(index), message);
        }
    }
}

pub(super) fn check<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, scope: Scope) {
    match directive.name() {
        Name::RewriteRule => rule(checker, directive),
        Name::RewriteCond => condition(checker, directive, scope),
        Name::RewriteOptions => options(checker, directive),
        Name::RewriteBase => base(checker, directive, scope),
        Name::SetEnvIf | Name::SetEnvIfNoCase | Name::SetEnvIfExpr | Name::BrowserMatch | Name::BrowserMatchNoCase => {
            set_env_if(checker, directive, scope);
        }
        Name::Header | Name::RequestHeader => header(checker, directive, scope),
        Name::AliasMatch | Name::ScriptAliasMatch => checker.regex(directive, 0, &directive.arg(0)),
        Name::RedirectMatch => {
            let index = usize::from(directive.arg_count() == 3 || is_status_alone(directive));
            checker.regex(directive, index, &directive.arg(index));
        }
        Name::ProxyPassMatch if directive.arg_count() > 1 => checker.regex(directive, 0, &directive.arg(0)),
        Name::Substitute => substitute(checker, directive),
        _ => {}
    }
}

/// `RedirectMatch 404 ^/a`
fn is_status_alone(directive: Directive<'_>) -> bool {
    let first = directive.arg(0);
    first.eq_ignore_ascii_case("gone") || !first.is_empty() && first.bytes().all(|b| b.is_ascii_digit())
}

fn rule<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    match Rule::parse(&directive.raw_args()) {
        Ok(rule) => checker.regex(directive, 0, &rule.pattern.text),
        Err(error) => checker.error(directive, directive.span(), error.message),
    }
}

fn condition<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, scope: Scope) {
    match Condition::parse(&directive.raw_args(), context(scope)) {
        Ok(condition) => match condition.pattern {
            Pattern::Regex(regex) => checker.regex(directive, 1, &regex.text),
            Pattern::Expr(condition) => checker.regexes(directive, 1, &condition),
            _ => {}
        },
        Err(error) => checker.error(directive, directive.span(), error.message),
    }
}

fn options<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    let args: Vec<_> = directive.args().collect();
    if let Err(index) = Options::default().add(args.iter().map(AsRef::as_ref)) {
        let message = format!("\"RewriteOptions\" does not know \"{}\"", directive.arg(index));
        checker.error(directive, directive.arg_span(index), message);
    }
}

fn base<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, scope: Scope) {
    if !scope.unknown && scope.is_server() {
        let message = "\"RewriteBase\" is for \"<Directory>\" and .htaccess only";
        checker.error(directive, directive.span(), message);
    } else if !directive.arg(0).starts_with('/') {
        checker.error(directive, directive.arg_span(0), "the argument of \"RewriteBase\" does not begin with \"/\"");
    }
}

fn set_env_if<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, scope: Scope) {
    let args: Vec<_> = directive.args().collect();
    let args: Vec<&str> = args.iter().map(AsRef::as_ref).collect();
    match SetEnvIf::parse(directive.name(), &args, context(scope)) {
        Ok(SetEnvIf { when: SetWhen::Fits(_, Fits::Regex(regex)), .. }) => {
            let index = usize::from(matches!(directive.name(), Name::SetEnvIf | Name::SetEnvIfNoCase));
            checker.regex(directive, index, &regex.text);
        }
        Ok(SetEnvIf { when: SetWhen::Holds(condition), .. }) => checker.regexes(directive, 0, &condition),
        Ok(_) => {}
        Err(error) => argument(checker, directive, &error),
    }
}

fn header<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, scope: Scope) {
    let args: Vec<_> = directive.args().collect();
    let args: Vec<&str> = args.iter().map(AsRef::as_ref).collect();
    match HeaderEdit::parse(directive.name() == Name::RequestHeader, &args, context(scope)) {
        Ok(edit) => {
            if let Action::Edit { regex, .. } | Action::Echo(regex) = &edit.action {
                let index = args.iter().position(|arg| *arg == regex.text).unwrap_or_default();
                checker.regex(directive, index, &regex.text);
            }
            if let HeaderWhen::Expr(condition) = &edit.when {
                checker.regexes(directive, args.len().saturating_sub(1), condition);
            }
        }
        Err(error) => argument(checker, directive, &error),
    }
}

fn argument<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, error: &ArgError) {
    let message = format!("{}: {}", directive.name().as_str(), error.message);
    checker.error(directive, directive.arg_span(error.index), message);
}

/// `s/…/…/flags`
fn substitute<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    let text = directive.arg(0);
    let delimiter = text.strip_prefix(['s', 'S']).and_then(|rest| rest.chars().next());
    let Some(delimiter) = delimiter else {
        checker.error(directive, directive.arg_span(0), "\"Substitute\" takes s/pattern/text/");
        return;
    };
    let parts = text.get(1 + delimiter.len_utf8()..).unwrap_or_default();
    let Some((pattern, rest)) = parts.split_once(delimiter) else { return };
    let Some((_, flags)) = rest.split_once(delimiter) else { return };
    if !flags.contains('n') && !pattern.contains('\\') {
        checker.regex(directive, 0, pattern);
    }
}
