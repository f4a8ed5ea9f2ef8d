//! Who may pass: `Require` and its containers, and the access directives of 2.2.

use super::Checker;
use super::scope::Scope;
use super::sections::context;
use crate::finding::Finding;
use crate::project::apache::config::{CERTAIN, Directive};
use crate::syntax::apache::Name;
use crate::syntax::apache::subnet::Subnet;

pub(super) fn check<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, scope: Scope) {
    match directive.name() {
        Name::Require => require(checker, directive, scope),
        Name::RequireAll | Name::RequireAny | Name::RequireNone => container(checker, directive),
        Name::Allow | Name::Deny => allow(checker, directive),
        Name::AuthBasicProvider | Name::AuthDigestProvider | Name::AuthFormProvider => providers(checker, directive),
        _ => {}
    }
}

/// The providers that httpd's own modules bring, without those whose names begin with `ldap-` and `dbd-`.
const PROVIDERS: &[&str] = &[
    "all",
    "valid-user",
    "user",
    "group",
    "ip",
    "host",
    "forward-dns",
    "local",
    "method",
    "env",
    "expr",
    "file-owner",
    "file-group",
    "dbm-group",
    "dbm-file-group",
    "unix-group",
];

fn require<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, scope: Scope) {
    let negated = directive.arg(0).eq_ignore_ascii_case("not");
    let first = usize::from(negated);
    let provider = directive.arg(first).to_ascii_lowercase();
    let values = || (first + 1..directive.arg_count()).map(|index| (index, directive.arg(index)));
    if provider.is_empty() {
        checker.error(directive, directive.span(), "\"Require\" does not say whom or what");
        return;
    }
    if negated && in_any(directive) {
        let finding =
            Finding::new("incomplete-auth", directive.span(), "\"Require not\" decides nothing where one of several is enough");
        checker.fault(directive, finding.help("put it into \"<RequireAll>\" together with a \"Require\" that lets in"));
        return;
    }
    match provider.as_str() {
        "all" => {
            let value = directive.arg(first + 1);
            let fits = value.eq_ignore_ascii_case("granted") || value.eq_ignore_ascii_case("denied");
            if !fits || directive.arg_count() > first + 2 {
                let comment = values().any(|(_, value)| value.starts_with('#'));
                let finding = Finding::new(
                    "syntax-error",
                    directive.span(),
                    "\"Require all\" takes \"granted\" or \"denied\" and nothing else",
                );
                let finding = if comment { finding.help("a comment stands on a line of its own") } else { finding };
                checker.fault(directive, finding);
            }
        }
        "ip" => {
            if directive.arg_count() == first + 1 {
                checker.error(directive, directive.span(), "\"Require ip\" names no address");
            }
            for (index, value) in values() {
                if Subnet::parse(&value).is_none() {
                    checker.error(directive, directive.arg_span(index), format!("\"{value}\" is no address or network"));
                    return;
                }
            }
        }
        "method" => {
            for (index, value) in values() {
                if !is_method(&value) {
                    checker.error(directive, directive.arg_span(index), format!("\"{value}\" is no method that httpd knows"));
                    return;
                }
            }
        }
        "expr" => {
            // The rest of the line is the expression, in quotes or not.
            let raw = directive.raw_args();
            let rest = after_words(&raw, first + 1);
            checker.expression(directive, first + 1, unquoted(rest), context(scope));
        }
        _ => misspelt(checker, directive, first, &provider),
    }
}

/// A provider of another module may have any name; one that is nearly a known one is misspelt.
fn misspelt<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, index: usize, provider: &str) {
    let known = |name: &str| PROVIDERS.contains(&name) || name.starts_with("ldap-") || name.starts_with("dbd-");
    if known(provider) {
        return;
    }
    if !provider.contains(|c: char| c.is_ascii_alphanumeric()) {
        checker.error(directive, directive.arg_span(index), format!("\"Require\" does not know \"{provider}\""));
        return;
    }
    if provider.len() < 5 {
        return;
    }
    let near = PROVIDERS.iter().find(|known| strsim::osa_distance(known, provider) <= 2 && known.len() > 4);
    if let Some(near) = near {
        let message = format!("\"Require\" does not know \"{provider}\"");
        checker.error_with_help(directive, directive.arg_span(index), message, format!("did you mean \"{near}\"?"));
    }
}

/// Whether a negative condition has no effect here: one of several is enough, or none may hold.
fn in_any(directive: Directive<'_>) -> bool {
    directive.parent().is_none_or(|section| section.name() != Name::RequireAll)
}

fn container<'a>(checker: &mut Checker<'a>, section: Directive<'a>) {
    let is_authz = |name: Name| matches!(name, Name::Require | Name::RequireAll | Name::RequireAny | Name::RequireNone);
    let name = section.name();
    let shown = format!("\"{}>\"", name.as_str());
    if name == Name::RequireNone && in_any(section) {
        let finding =
            Finding::new("syntax-error", section.span(), format!("{shown} decides nothing where one of several is enough"));
        checker.fault(section, finding.help("put it into \"<RequireAll>\" together with a \"Require\" that lets in"));
        return;
    }
    let inner: Vec<Directive<'a>> = section.children().filter(|child| is_authz(child.name())).collect();
    if inner.is_empty() {
        // What is under a condition of its own may be there or not, and an include may have been left out.
        if section.children().all(|child| child.name().info().is_some()) && !checker.config.incomplete {
            checker.error(section, section.span(), format!("{shown} holds no \"Require\""));
        }
        return;
    }
    let negative = |child: &Directive<'a>| match child.name() {
        Name::Require => child.arg(0).eq_ignore_ascii_case("not"),
        name => name == Name::RequireNone,
    };
    // The server looks at the outermost ones only.
    let outermost = section.parent().is_none_or(|outer| !is_authz(outer.name()));
    let certain = inner.iter().all(|child| child.condition() == CERTAIN || child.condition() == section.condition());
    if name == Name::RequireAll && outermost && certain && inner.iter().all(negative) {
        let finding = Finding::new("syntax-error", section.span(), format!("{shown} holds only negative conditions"));
        checker.fault(section, finding.help("add a \"Require\" that lets in, such as \"Require all granted\""));
    }
}

fn allow<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    let name = directive.name().as_str();
    if !directive.arg(0).eq_ignore_ascii_case("from") {
        checker.error(directive, directive.span(), format!("\"{name}\" is followed by \"from\""));
        return;
    }
    for (index, value) in directive.args().enumerate().skip(1) {
        if value.starts_with('#') {
            checker.error(directive, directive.arg_span(index), format!("a comment after the arguments of \"{name}\""));
            return;
        }
        let is_variable = value.starts_with("env=") || value.starts_with("env=!");
        let (address, mask) = value.split_once('/').map_or((value.as_ref(), None), |(address, mask)| (address, Some(mask)));
        let numeric = address.bytes().all(|b| b.is_ascii_digit() || b == b'.') && address.bytes().any(|b| b.is_ascii_digit());
        let numeric = numeric || address.contains("::");
        if !is_variable && (numeric || mask.is_some()) && Subnet::parse(&value).is_none() {
            checker.error(directive, directive.arg_span(index), format!("\"{value}\" is no address or network"));
            return;
        }
    }
}

/// `AuthBasicProvider`: names of providers, which other modules bring, too.
fn providers<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    let bad = (0..directive.arg_count()).find(|index| !directive.arg(*index).contains(|c: char| c.is_ascii_alphanumeric()));
    if let Some(index) = bad.filter(|index| !directive.arg(*index).is_empty()) {
        let message = format!("\"{}\" does not know \"{}\"", directive.name().as_str(), directive.arg(index));
        checker.error(directive, directive.arg_span(index), message);
    }
}

/// The methods that httpd knows without `RegisterHttpMethod`.
pub(super) fn is_method(name: &str) -> bool {
    const METHODS: &[&str] = &[
        "GET",
        "HEAD",
        "PUT",
        "POST",
        "DELETE",
        "CONNECT",
        "OPTIONS",
        "TRACE",
        "PATCH",
        "PROPFIND",
        "PROPPATCH",
        "MKCOL",
        "COPY",
        "MOVE",
        "LOCK",
        "UNLOCK",
        "VERSION-CONTROL",
        "CHECKOUT",
        "UNCHECKOUT",
        "CHECKIN",
        "UPDATE",
        "LABEL",
        "REPORT",
        "MKWORKSPACE",
        "MKACTIVITY",
        "BASELINE-CONTROL",
        "MERGE",
        "BREW",
        "WHEN",
    ];
    METHODS.contains(&name)
}

/// What follows the first words of a text.
fn after_words(raw: &str, words: usize) -> &str {
    let mut rest = raw.trim_start();
    for _ in 0..words {
        rest = rest.split_once(|c: char| c.is_ascii_whitespace()).map_or("", |(_, rest)| rest.trim_start());
    }
    rest.trim_end()
}

/// A text without double quotes around it; with one of them only it is left as it is.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}
