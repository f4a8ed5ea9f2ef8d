//! `malformed-authorization`: a fixed Authorization value that no server accepts.

pub(super) mod apache;
pub(super) mod edge;

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::Cx;
use super::support::{request_at, settings};
use crate::finding::{Applicability, Confidence, Edit, Finding};
use crate::project::nginx::{Config, Directive};
use crate::source::Span;
use crate::syntax::nginx::Name;

/// The id.
pub(super) const ID: &str = "malformed-authorization";

const SCHEMES: &[&str] = &["bearer", "basic", "token", "digest", "negotiate", "apikey", "jwt"];

/// Spellings of the name that clients and servers do not know.
const MISSPELT: &[&str] =
    &["authorisation", "autorization", "authorizaton", "authorizatoin", "autherization", "authorzation", "authoriztion"];

/// What is wrong with a value.
struct Fault {
    what: &'static str,
    confidence: Confidence,
    /// Text to replace in the value, and what by.
    mend: Option<(String, String)>,
}

/// Looks at every directive that sets Authorization, and at the variables it takes the whole value from.
pub(super) fn check(config: &Config, cx: &mut Cx) {
    let sources = cx.sources;
    let mut variables = HashSet::new();
    for setting in settings(config, sources, &|name| name.eq_ignore_ascii_case("authorization") || is_misspelt(name)) {
        let directive = setting.directive;
        if is_misspelt(&setting.name) {
            let message = format!("the upstream gets no Authorization from this line: it sets a header called {}", setting.name);
            let span = directive.arg_span(0);
            let name = cx.sources.text(span).replacen(&setting.name, same_case("Authorization", &setting.name), 1);
            let edit = Edit { span, text: name };
            let found = Finding::new(ID, directive.span(), message)
                .help("the name is spelt Authorization, with z")
                .witness(request_at(&directive))
                .fix(Applicability::Unsafe, "spell the name Authorization", vec![edit]);
            cx.report(found);
            continue;
        }
        if matches!(directive.name(), Name::ProxySetHeader | Name::GrpcSetHeader) && directive.arg_count() > 2 {
            report_lost_quotes(&directive, cx);
            continue;
        }
        if let Some(name) = setting.value.strip_prefix('$') {
            variables.insert(name.trim_matches(['{', '}']).to_ascii_lowercase());
        }
        report(&directive, &setting.value, setting.at, cx);
    }
    if variables.is_empty() {
        return;
    }
    for set in config.all(sources, Name::Set).filter(|d| is_one_of(&variables, &d.arg(0))) {
        report(&set, &set.arg(1), set.arg_span(1), cx);
    }
    for map in config.all(sources, Name::Map).filter(|d| is_one_of(&variables, &d.arg(1))) {
        for entry in map.children().filter(|e| e.arg_count() == 1) {
            report(&entry, &entry.arg(0), entry.arg_span(0), cx);
        }
    }
}

fn is_misspelt(name: &str) -> bool {
    MISSPELT.iter().any(|m| m.eq_ignore_ascii_case(name))
}

fn is_one_of(variables: &HashSet<String>, name: &str) -> bool {
    variables.contains(&name.trim_start_matches('$').to_ascii_lowercase())
}

fn same_case(word: &'static str, like: &str) -> &'static str {
    if like.bytes().any(|b| b.is_ascii_lowercase()) { word } else { "AUTHORIZATION" }
}

fn report(directive: &Directive, value: &str, at: Span, cx: &mut Cx) {
    if directive.has_hole() {
        return;
    }
    let Some(fault) = fault(value) else { return };
    let message = format!("every request arrives with an Authorization that is not understood: {}", fault.what);
    let mut found = Finding::new(ID, directive.span(), message)
        .help("the form is a scheme, one space, the credentials: `Bearer TOKEN`, or `Basic` and the base64 of user:password")
        .witness(request_at(directive))
        .confidence(fault.confidence);
    if let Some((from, to)) = fault.mend {
        let text = cx.sources.text(at);
        if text.contains(&from) {
            let edit = Edit { span: at, text: text.replacen(&from, &to, 1) };
            found = found.fix(Applicability::Unsafe, "write scheme, one space, credentials", vec![edit]);
        }
    }
    cx.report(found);
}

fn report_lost_quotes(directive: &Directive, cx: &mut Cx) {
    let scheme = directive.arg(1).to_ascii_lowercase();
    if !SCHEMES.contains(&scheme.trim_end_matches(':')) {
        return;
    }
    let message = "nginx does not start: scheme and credentials without quotes are two arguments, and the header takes one value";
    // The repair comes with the `syntax-error` that stands there as well.
    let found = Finding::new(ID, directive.span(), message).help("put the value in quotes: \"Bearer …\"");
    cx.report(found);
}

fn fault(value: &str) -> Option<Fault> {
    let value = value.trim();
    if value.is_empty() || value.contains('<') || value.contains("{{") {
        return None;
    }
    let (scheme, rest) = value.split_once([' ', '\t']).unwrap_or((value, ""));
    let sure = |what| Some(Fault { what, confidence: Confidence::High, mend: None });
    if let Some((name, after)) = scheme.split_once(':') {
        let known = SCHEMES.iter().any(|s| s.eq_ignore_ascii_case(name));
        if name.eq_ignore_ascii_case("authorization") {
            let written = if after.is_empty() { format!("{scheme} ") } else { format!("{name}:") };
            let mend = Some((written, String::new()));
            return Some(Fault { what: "the value repeats the name of the header", confidence: Confidence::High, mend });
        }
        if known {
            let to = if after.is_empty() { name.to_owned() } else { format!("{name} ") };
            let mend = Some((format!("{name}:"), to));
            return Some(Fault { what: "a colon follows the scheme", confidence: Confidence::High, mend });
        }
        let plain = rest.is_empty() && !name.contains('$') && !name.is_empty() && !after.contains('$') && !after.is_empty();
        return if plain { sure("user and password without scheme and base64") } else { None };
    }
    if scheme.contains('$') {
        return None;
    }
    let known = SCHEMES.iter().any(|s| s.eq_ignore_ascii_case(scheme));
    let token = rest.trim_start();
    if token.is_empty() {
        return bare(scheme, known);
    }
    if known && rest.len() != token.len() {
        let mend = Some((format!("{scheme} {rest}"), format!("{scheme} {token}")));
        let what = "more than one space follows the scheme, which most applications take as part of the credentials";
        return Some(Fault { what, confidence: Confidence::Medium, mend });
    }
    if token.contains('$') {
        return None;
    }
    if scheme.eq_ignore_ascii_case("basic") {
        return match decoded(token) {
            None => sure("the value of Basic is not base64"),
            Some(text) if !text.contains(':') => sure("the value of Basic is not the base64 of user:password"),
            Some(_) => None,
        };
    }
    if scheme.eq_ignore_ascii_case("bearer") && token.contains([' ', '\t', '"', '\'']) {
        return sure("a bearer token has no spaces and no quotes");
    }
    None
}

/// A single word.
fn bare(word: &str, known: bool) -> Option<Fault> {
    if known {
        return Some(Fault { what: "a scheme without credentials", confidence: Confidence::High, mend: None });
    }
    let mended = |scheme: &str| Some((word.to_owned(), format!("{scheme} {word}")));
    if word.starts_with("eyJ") && word.matches('.').count() == 2 {
        return Some(Fault { what: "a token without the scheme Bearer", confidence: Confidence::Medium, mend: mended("Bearer") });
    }
    if word.len() >= 8 && decoded(word).is_some_and(|t| t.contains(':') && t.bytes().all(|b| (0x20..0x7f).contains(&b))) {
        return Some(Fault { what: "credentials without the scheme Basic", confidence: Confidence::High, mend: mended("Basic") });
    }
    let random = word.len() >= 16 && word.bytes().any(|b| b.is_ascii_digit()) && word.bytes().any(|b| b.is_ascii_alphabetic());
    random.then_some(Fault { what: "credentials without a scheme", confidence: Confidence::Low, mend: None })
}

fn decoded(text: &str) -> Option<String> {
    let text = text.trim_end_matches('=');
    let bytes = STANDARD_NO_PAD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text)).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
