//! Credentials in plain text in a configuration of Apache.

use super::{ID, in_query, is_placeholder, is_secret};
use crate::finding::{Confidence, Finding};
use crate::mask::is_secret_name;
use crate::project::apache::{Config, Directive};
use crate::rules::Cx;
use crate::rules::apache_settings::{request_at, settings};
use crate::syntax::apache::expr::Context;
use crate::syntax::apache::rewrite::{Condition, Pattern};
use crate::syntax::apache::{Name, expr};

/// Directives of modules from elsewhere whose value is a secret.
const FOREIGN: &[&str] = &["OIDCClientSecret", "OIDCCryptoPassphrase", "CASCookieEntropy"];

/// Looks at fields, variables, conditions and directives with the name of a secret.
pub(in crate::rules) fn check(config: &Config, cx: &mut Cx) {
    let sources = cx.sources;
    for setting in settings(config, sources, &is_secret_name) {
        if is_secret(&setting.value) {
            let sent = if setting.is_field { ", and httpd sends it with every request served here" } else { "" };
            report(&setting.directive, &format!("the value of {}", setting.name), sent, cx);
        }
    }
    own_directives(config, cx);
    for directive in config.all(sources, Name::RewriteCond) {
        if !directive.is_unknown() && compares_with_secret(&directive) {
            report(&directive, "the credential that is asked for", "", cx);
        }
    }
    for name in [Name::SetEnvIf, Name::SetEnvIfNoCase] {
        for directive in config.all(sources, name).filter(|d| is_field_of_credential(&d.arg(0))) {
            if literal_of(&directive.arg(1)).is_some_and(|text| is_secret(&text)) {
                report(&directive, "the credential that is asked for", "", cx);
            }
        }
    }
    for name in [Name::If, Name::ElseIf, Name::Require] {
        for directive in config.all(sources, name).filter(|d| !d.is_unknown()) {
            if expression_has_secret(&directive.raw_args()) {
                report(&directive, "the credential that is asked for", "", cx);
            }
        }
    }
    for (name, index) in [(Name::ProxyPass, 1), (Name::RewriteRule, 1), (Name::Redirect, 2)] {
        for directive in config.all(sources, name) {
            let at = if name == Name::RewriteRule { index } else { directive.arg_count().min(index + 1).saturating_sub(1) };
            if in_query(&directive.arg(at)) {
                report(&directive, "a credential in the query of this URL", ", and it ends up in access logs", cx);
            }
        }
    }
}

/// Directives whose argument is a password: what they are for leaves nothing to guess.
fn own_directives(config: &Config, cx: &mut Cx) {
    let sources = cx.sources;
    for (name, index) in [(Name::AuthLDAPBindPassword, 0), (Name::SessionCryptoPassphrase, 0), (Name::AuthBasicFake, 1)] {
        for directive in config.all(sources, name).filter(|d| is_literal(&d.arg(index))) {
            report(&directive, &format!("the password of {}", directive.name_text()), "", cx);
        }
    }
    for directive in config.all(sources, Name::Unknown) {
        let name = directive.name_text();
        if FOREIGN.iter().any(|f| f.eq_ignore_ascii_case(&name)) && is_literal(&directive.arg(0)) {
            report(&directive, &format!("the value of {name}"), "", cx);
        }
    }
    for name in [Name::ProxyPass, Name::BalancerMember, Name::ProxySet] {
        for directive in config.all(sources, name) {
            if directive.args().any(|a| a.strip_prefix("secret=").is_some_and(is_literal)) {
                report(&directive, "the secret of the application behind it", "", cx);
            }
        }
    }
}

/// Whether a password stands there itself: not a variable, not a program that tells it, not a word in its place.
fn is_literal(value: &str) -> bool {
    value.len() > 1 && !value.contains(['$', '%', '{']) && !value.starts_with("exec:") && !is_placeholder(value)
}

/// Whether a field of the client holds a credential.
fn is_field_of_credential(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    is_secret_name(name) && !lower.contains("csrf") && !lower.contains("xsrf")
}

fn compares_with_secret(directive: &Directive) -> bool {
    let context = if directive.htaccess().is_some() { Context::Htaccess } else { Context::Server };
    let Ok(condition) = Condition::parse(&directive.raw_args(), context) else { return false };
    let field = condition.input.trim().strip_prefix("%{HTTP:").and_then(|rest| rest.strip_suffix('}'));
    if !field.is_some_and(is_field_of_credential) {
        return false;
    }
    match &condition.pattern {
        Pattern::Regex(expr::Regex { text, .. }) => literal_of(text).is_some_and(|text| is_secret(&text)),
        Pattern::Text(_, text) => is_secret(text),
        _ => false,
    }
}

/// The text that a pattern stands for, if it is one text from end to end.
fn literal_of(pattern: &str) -> Option<String> {
    let text = pattern.strip_prefix('^')?.strip_suffix('$')?;
    (!text.contains(['*', '+', '?', '[', '(', '|', '\\'])).then(|| text.to_owned())
}

/// Whether an expression compares a field of a credential with a text.
fn expression_has_secret(text: &str) -> bool {
    text.match_indices("%{HTTP:").any(|(at, mark)| {
        let rest = text.get(at + mark.len()..).unwrap_or_default();
        let Some((name, behind)) = rest.split_once('}') else { return false };
        let compared = behind.trim_start().trim_start_matches(['=', '!']).trim_start();
        let Some(quote) = compared.chars().next().filter(|c| matches!(c, '\'' | '"')) else { return false };
        let value = compared.get(1..).and_then(|inside| inside.split(quote).next()).unwrap_or_default();
        is_field_of_credential(name) && behind.trim_start().starts_with(['=', '!']) && is_secret(value)
    })
}

fn report(directive: &Directive, what: &str, more: &str, cx: &mut Cx) {
    // A file of its own for secrets is where such a line belongs.
    let path = cx.sources.file(directive.span().file).path.to_ascii_lowercase();
    if directive.is_unknown() || path.contains("secret") || path.contains("credential") {
        return;
    }
    let confidence = if what.to_ascii_lowercase().contains("authorization") { Confidence::High } else { Confidence::Medium };
    let message = format!("{what} is written in plain text: whoever can read this file has it{more}");
    let help = "keep it in a file of its own that only root may read and that is not under version control, and include that file";
    let found = Finding::new(ID, directive.span(), message).help(help).witness(request_at(directive)).confidence(confidence);
    cx.report(found);
}
