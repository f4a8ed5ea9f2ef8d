//! `literal-credential`: a token or password in plain text.

pub(super) mod apache;
pub(super) mod edge;
pub(super) mod kong;

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Cx;
use super::support::{request_at, settings};
use crate::finding::{Confidence, Finding};
use crate::mask::is_secret_name;
use crate::project::nginx::{Config, Directive};
use crate::syntax::nginx::Name;

/// The id.
pub(super) const ID: &str = "literal-credential";

/// Words that stand for a credential that is filled in elsewhere, or for none.
const PLACEHOLDERS: &[&str] = &[
    "your",
    "change",
    "replace",
    "placeholder",
    "example",
    "insert",
    "redacted",
    "dummy",
    "todo",
    "fixme",
    "xxx",
    "***",
    "...",
    "<",
    "{{",
    "%(",
    "none",
    "null",
    "false",
    "anonymous",
    "default",
    "disabled",
    "enabled",
];

/// Looks at header fields, parameters, variables, maps and conditions with the name of a secret.
pub(super) fn check(config: &Config, cx: &mut Cx) {
    let sources = cx.sources;
    let mut variables = HashSet::new();
    for setting in settings(config, sources, &is_secret_name) {
        for name in setting.value.split('$').skip(1) {
            let end = name.trim_start_matches('{');
            let end = end.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
            variables.insert(end.to_ascii_lowercase());
        }
        if is_secret(&setting.value) {
            let name = &setting.name;
            report(
                &setting.directive,
                &format!("the value of {name}"),
                ", and nginx sends it with every request served here",
                cx,
            );
        }
    }
    let is_ours = |name: &str| {
        let name = name.trim_start_matches('$').to_ascii_lowercase();
        is_secret_name(&name) || variables.contains(&name)
    };
    for set in config.all(sources, Name::Set).filter(|d| is_ours(&d.arg(0)) && is_secret(&d.arg(1))) {
        report(&set, &format!("the value of {}", set.arg(0)), "", cx);
    }
    for map in config.all(sources, Name::Map) {
        let by_value = is_ours(&map.arg(1));
        let by_key = names_credential(&map.arg(0));
        if !by_value && !by_key {
            continue;
        }
        let entry = map.children().find(|entry| {
            let key = entry.name_text();
            let is_word = matches!(&*key, "default" | "hostnames" | "volatile" | "include") || key.starts_with('~');
            by_value && is_secret(&entry.arg(0)) || by_key && !is_word && is_secret(&key)
        });
        if let Some(entry) = entry {
            report(&entry, "a credential in this map", "", cx);
        }
    }
    for condition in config.all(sources, Name::If) {
        // After a closing quote the `)` is a word of its own.
        let words: Vec<_> = condition.args().filter(|word| word != ")").collect();
        let [variable, operator, value] = words.as_slice() else { continue };
        if !names_credential(variable.trim_start_matches('(')) {
            continue;
        }
        let value = value.strip_suffix(')').unwrap_or(value);
        let literal = match operator.as_ref() {
            "=" | "!=" => Some(value),
            "~" | "!~" | "~*" | "!~*" => {
                let text = value.trim_start_matches('^').trim_end_matches('$');
                (!text.contains(['*', '+', '?', '[', '(', '|', '\\'])).then_some(text)
            }
            _ => None,
        };
        if literal.is_some_and(is_secret) {
            report(&condition, "the credential that is asked for", "", cx);
        }
    }
    for name in [Name::ProxyPass, Name::Rewrite] {
        for directive in config.all(sources, name) {
            let index = usize::from(name == Name::Rewrite);
            if in_query(&directive.arg(index)) {
                report(&directive, "a credential in the query of this URL", ", and it ends up in access logs", cx);
            }
        }
    }
    for env in config.all(sources, Name::Env) {
        if env.arg(0).split_once('=').is_some_and(|(name, value)| is_secret_name(name) && is_secret(value)) {
            report(&env, "the value of this environment variable", "", cx);
        }
    }
}

fn report(directive: &Directive, what: &str, more: &str, cx: &mut Cx) {
    // A file of its own for secrets is where such a line belongs.
    let path = cx.sources.file(directive.span().file).path.to_ascii_lowercase();
    if directive.has_hole() || path.contains("secret") || path.contains("credential") {
        return;
    }
    let confidence = if what.contains("Authorization") { Confidence::High } else { Confidence::Medium };
    let message = format!("{what} is written in plain text: whoever can read this file has it{more}");
    let found = Finding::new(ID, directive.span(), message)
        .help("keep it in a file of its own that only root may read and that is not under version control, and include that file")
        .witness(request_at(directive))
        .confidence(confidence);
    cx.report(found);
}

/// Whether a variable holds a credential of the client.
fn names_credential(variable: &str) -> bool {
    let Some(name) = variable.strip_prefix('$') else { return false };
    let name = name.trim_matches(['{', '}']);
    let field = ["http_", "arg_", "cookie_"].iter().find_map(|p| name.strip_prefix(p));
    field.is_some_and(|field| is_secret_name(field) && !field.contains("csrf") && !field.contains("xsrf"))
}

fn in_query(url: &str) -> bool {
    let Some((_, query)) = url.split_once('?') else { return false };
    query.split('&').any(|pair| pair.split_once('=').is_some_and(|(name, value)| is_secret_name(name) && is_secret(value)))
}

/// Whether a value holds a literal secret: of a scheme and a secret only the secret counts.
fn is_secret(value: &str) -> bool {
    let value = value.trim();
    if value.contains(['$', '{', '%', '@']) && !value.contains(' ') {
        return false;
    }
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("basic") => {
            let decoded = STANDARD.decode(token.trim()).ok().and_then(|d| String::from_utf8(d).ok());
            match decoded.as_deref().and_then(|d| d.split_once(':')) {
                Some((_, password)) => password.len() > 1 && !is_placeholder(password),
                None => is_random(token.trim()),
            }
        }
        Some((_, token)) => is_random(token.trim()),
        None => is_random(value),
    }
}

fn is_random(token: &str) -> bool {
    const SCHEMES: &[&str] = &["bearer", "basic", "negotiate", "token", "apikey", "api_key"];
    let odd = token.len() < 6 || token.contains([' ', '$', '{', '%']);
    let constant = token.bytes().all(|b| b.is_ascii_uppercase() || b == b'_' || b == b'-');
    let path = token.starts_with('/') && token.matches('/').count() > 1;
    let scheme = SCHEMES.iter().any(|s| s.eq_ignore_ascii_case(token));
    !(odd || constant || path || scheme || is_placeholder(token))
}

fn is_placeholder(token: &str) -> bool {
    let lower = token.to_ascii_lowercase();
    PLACEHOLDERS.iter().any(|p| lower.contains(p))
}
