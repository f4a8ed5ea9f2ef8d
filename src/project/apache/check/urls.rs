//! Where requests go: redirects, aliases, proxies, error documents, the cache.

use super::Checker;
use super::scope::{Around, Scope};
use crate::finding::Finding;
use crate::project::apache::config::Directive;
use crate::syntax::apache::Name;

pub(super) fn check<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, scope: Scope) {
    match directive.name() {
        Name::Redirect | Name::RedirectMatch => redirect(checker, directive, scope),
        Name::RedirectPermanent | Name::RedirectTemp => target(checker, directive, 1, scope),
        Name::Alias | Name::ScriptAlias => alias(checker, directive, scope),
        Name::ProxyPass | Name::ProxyPassMatch => proxy_pass(checker, directive, scope),
        Name::ErrorDocument => error_document(checker, directive),
        Name::CacheEnable if directive.arg_count() == 1 && scope.is_server() && !scope.unknown => {
            checker.error(directive, directive.span(), "\"CacheEnable\" has no URL");
        }
        _ => {}
    }
}

const STATUS_WORDS: &[(&str, u16)] = &[("permanent", 301), ("temp", 302), ("seeother", 303), ("gone", 410)];

/// The number of a status, given as a word or as digits.
fn status(text: &str) -> Option<u16> {
    let word = STATUS_WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, status)| *status);
    let digits = || text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    word.or_else(digits)
}

fn redirect<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, scope: Scope) {
    let count = directive.arg_count();
    let first = directive.arg(0);
    let code = status(&first);
    let name = directive.name().as_str();
    if count == 3 && code.is_none() {
        let finding = Finding::new("syntax-error", directive.arg_span(0), format!("\"{first}\" is no status for \"{name}\""));
        checker.fault(directive, finding.help("a status is a number, \"permanent\", \"temp\", \"seeother\" or \"gone\""));
        return;
    }
    let is_redirect = code.is_some_and(|code| (300..400).contains(&code));
    if count == 3 && !is_redirect {
        let message = format!("\"{name}\" has a URL, and {first} is no status of a redirect");
        checker.error(directive, directive.arg_span(2), message);
        return;
    }
    // In a section for paths the path may be left out.
    if count < 3 && (scope.is_server() || directive.name() == Name::RedirectMatch) && !scope.unknown {
        let missing = match (count, code) {
            (_, Some(_)) => is_redirect,
            (1, None) => true,
            _ => false,
        };
        if missing {
            checker.error(directive, directive.span(), format!("\"{name}\" has no URL to redirect to"));
            return;
        }
    }
    if count > 1 && !(count == 2 && code.is_some()) && directive.name() == Name::Redirect {
        target(checker, directive, count - 1, scope);
    }
}

/// A redirect leads to a URL or to a path.
fn target<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, index: usize, scope: Scope) {
    let url = directive.arg(index);
    if scope.is_server() && !is_url(&url) && !url.starts_with('/') {
        let message = format!("\"{url}\" is neither a URL nor a path that begins with \"/\"");
        checker.error(directive, directive.arg_span(index), message);
    }
}

/// Whether a text begins with a scheme (`ap_is_url`).
fn is_url(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    })
}

/// Whether a text has a scheme and a host.
fn is_url_with_host(text: &str) -> bool {
    is_url(text) && text.split_once("://").is_some_and(|(_, rest)| !rest.is_empty())
}

fn alias<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, scope: Scope) {
    let name = directive.name().as_str();
    if scope.unknown {
        return;
    }
    if directive.arg_count() == 1 && scope.is_server() {
        checker.error(directive, directive.span(), format!("\"{name}\" takes a path and a folder outside of \"<Location>\""));
    } else if directive.arg_count() == 2 && !scope.is_server() {
        checker.error(directive, directive.span(), format!("\"{name}\" takes only a folder in \"<Location>\""));
    }
}

fn proxy_pass<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, scope: Scope) {
    if scope.unknown {
        return;
    }
    let name = directive.name().as_str();
    let in_section = !scope.is_server();
    let args: Vec<_> = directive.args().collect();
    let is_parameter = |arg: &str| arg.eq_ignore_ascii_case("nocanon") || arg.eq_ignore_ascii_case("interpolate");
    let plain = args.iter().position(|arg| arg.contains('=') && !is_url(arg) || is_parameter(arg)).unwrap_or(args.len());
    let wanted = if in_section { 1 } else { 2 };
    if plain < wanted {
        let what = if in_section { "a URL" } else { "a path and a URL" };
        checker.error(directive, directive.span(), format!("\"{name}\" takes {what}"));
        return;
    }
    let Some(url) = args.get(wanted - 1) else { return };
    let opaque = url.contains('$') || url.contains('%') || url.starts_with("unix:") || scope.around.has(Around::PROXY);
    if url != "!" && !opaque && !is_url_with_host(url) {
        checker.error(directive, directive.arg_span(wanted - 1), format!("the URL of \"{name}\" is not absolute"));
        return;
    }
    if plain > wanted {
        let message = if in_section && args.first().is_some_and(|arg| arg.starts_with('/')) {
            format!("\"{name}\" takes no path in \"<Location>\"")
        } else {
            format!("\"{name}\" takes parameters of the form key=value after its URL")
        };
        checker.error(directive, directive.arg_span(wanted), message);
    }
}

fn error_document<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    let code = directive.arg(0);
    // Statuses that httpd has a text for.
    let known = status(&code).is_some_and(|code| {
        matches!(code, 100..=103 | 200..=208 | 226 | 300..=305 | 307 | 308 | 400..=417 | 421..=424 | 426 | 428 | 429 | 431 | 451
            | 500..=508 | 510 | 511)
    });
    if !known || !code.bytes().all(|b| b.is_ascii_digit()) {
        checker.error(directive, directive.arg_span(0), format!("\"{code}\" is no status that httpd knows"));
    }
}
