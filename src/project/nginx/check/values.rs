//! Values that only some directives have: status codes, flags of `rewrite`, conditions, names of variables, addresses.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::listen::is_port;
use super::{Checker, cut};
use crate::finding::Finding;
use crate::project::nginx::config::Directive;
use crate::project::pcre::refused;
use crate::source::Span;
use crate::syntax::nginx::directives::Contexts;
use crate::syntax::nginx::{Body, Name};

/// The upstreams by name: of `http`, and of `stream`.
#[derive(Default)]
pub(super) struct Upstreams<'a> {
    by_name: HashMap<(bool, String), Directive<'a>, FixedState>,
}

/// Checks the values of a directive whose number of arguments is right.
pub(super) fn check<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, outer: Contexts) {
    let http = outer.intersects(HTTP_CONTEXTS);
    match directive.name() {
        Name::Return if http => returned(checker, directive),
        Name::Rewrite => rewrite(checker, directive),
        Name::ErrorPage => error_page(checker, directive),
        Name::If => condition(checker, directive),
        Name::Map | Name::SplitClients => variable(checker, directive, 1),
        Name::Set | Name::AuthRequestSet | Name::PerlSet | Name::JsSet => variable(checker, directive, 0),
        Name::Geo => variable(checker, directive, directive.arg_count().saturating_sub(1)),
        Name::ServerName if http => server_name(checker, directive),
        Name::AddHeader | Name::AddTrailer if directive.arg_count() == 3 => one_of(checker, directive, 2, &["always"]),
        Name::FastcgiParam | Name::UwsgiParam | Name::ScgiParam if directive.arg_count() == 3 => {
            one_of(checker, directive, 2, &["if_not_empty"]);
        }
        Name::TryFiles => try_files(checker, directive),
        Name::Satisfy => one_of(checker, directive, 0, &["all", "any"]),
        Name::GzipStatic => one_of(checker, directive, 0, &["off", "on", "always"]),
        Name::SslVerifyClient => one_of(checker, directive, 0, &["off", "on", "optional", "optional_no_ca"]),
        Name::IfModifiedSince => one_of(checker, directive, 0, &["off", "exact", "before"]),
        Name::AutoindexFormat => one_of(checker, directive, 0, &["html", "json", "xml", "jsonp"]),
        Name::ProxyCacheValid | Name::FastcgiCacheValid | Name::UwsgiCacheValid | Name::ScgiCacheValid => {
            cache_valid(checker, directive);
        }
        Name::Expires => expires(checker, directive),
        Name::ProxyPass | Name::FastcgiPass | Name::UwsgiPass | Name::ScgiPass | Name::GrpcPass | Name::MemcachedPass => {
            port(checker, directive);
        }
        Name::Server if outer.intersects(Contexts::UPSTREAM.or(Contexts::STREAM_UPSTREAM)) => upstream_server(checker, directive),
        Name::Allow | Name::Deny => address(checker, directive),
        Name::FastcgiSplitPathInfo => checker.regex(directive, 0, &directive.arg(0)),
        Name::Upstream => upstream(checker, directive, outer),
        Name::LimitExcept => methods(checker, directive),
        _ => {}
    }
}

const HTTP_CONTEXTS: Contexts =
    Contexts::SERVER.or(Contexts::SERVER_IF).or(Contexts::LOCATION).or(Contexts::LOCATION_IF).or(Contexts::LIMIT_EXCEPT);

/// Checks an entry of `map` or `geo`. In a `map`, its source may be a regular expression.
pub(super) fn entry<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    let Some(block) = directive.parent().filter(|_| !directive.words().iter().any(|word| word.hole())) else { return };
    let first = directive.name_text();
    let (name, alone): (_, &[&str]) = match block.name() {
        Name::Map => ("map", &["hostnames", "volatile"]),
        Name::Geo => ("geo", &["ranges", "proxy_recursive", "volatile"]),
        _ => return,
    };
    let fits = match directive.arg_count() {
        0 => alone.contains(&first.as_ref()),
        count => count == 1,
    };
    if !fits {
        let finding = Finding::new("syntax-error", directive.span(), format!("invalid number of the {name} parameters"));
        checker.report(finding.help("an entry is one source and one value; a value with spaces needs quotes"));
    } else if name == "map"
        && let Some(pattern) = first.strip_prefix("~*").or_else(|| first.strip_prefix('~'))
        && let Some(fault) = refused(pattern)
    {
        checker.error(directive.name_span(), format!("the regular expression of this \"map\" entry is refused: {fault}"));
    }
}

fn try_files<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    let last = directive.arg_count().saturating_sub(1);
    let value = directive.arg(last);
    let Some(code) = value.strip_prefix('=') else { return };
    if code.is_empty() || !code.bytes().all(|b| b.is_ascii_digit()) {
        let finding =
            Finding::new("syntax-error", directive.arg_span(last), format!("invalid code \"{value}\" of \"try_files\""));
        checker.report(finding.help("\"=404\" answers with a status; a path has no \"=\""));
    }
}

fn returned<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    let value = directive.arg(0);
    let number = value.bytes().all(|b| b.is_ascii_digit()) && !value.is_empty();
    let url = ["http://", "https://", "$scheme"].iter().any(|prefix| value.starts_with(prefix));
    let fits = if number { value.parse::<u32>().is_ok_and(|code| code <= 999) } else { url && directive.arg_count() == 1 };
    if !fits {
        let finding = Finding::new("syntax-error", directive.arg_span(0), format!("invalid return code \"{value}\""));
        checker.report(
            finding.help("write a status code, or one address that begins with \"http://\", \"https://\" or \"$scheme\""),
        );
    }
}

fn rewrite<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    checker.regex(directive, 0, &directive.arg(0));
    if directive.arg_count() == 3 {
        one_of(checker, directive, 2, &["last", "break", "redirect", "permanent"]);
    }
}

fn one_of<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, index: usize, allowed: &[&str]) {
    let value = directive.arg(index);
    if !allowed.contains(&value.as_ref()) {
        let message = format!("invalid parameter \"{value}\" of \"{}\"", directive.name_text());
        let quoted: Vec<String> = allowed.iter().map(|word| format!("\"{word}\"")).collect();
        let quoted: Vec<&str> = quoted.iter().map(String::as_str).collect();
        let help = format!("it may be {}", super::list(&quoted).replace(" and ", " or "));
        checker.report(Finding::new("syntax-error", directive.arg_span(index), message).help(help));
    }
}

fn error_page<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    let count = directive.arg_count();
    for index in 0..count.saturating_sub(1) {
        let value = directive.arg(index);
        // `=code` directly before the page changes the status.
        if let Some(code) = value.strip_prefix('=').filter(|_| index + 2 == count && index > 0) {
            if !code.bytes().all(|b| b.is_ascii_digit()) {
                checker.error(directive.arg_span(index), format!("invalid value \"{value}\" of \"error_page\""));
            }
            continue;
        }
        let code = value.parse::<u32>().ok().filter(|_| value.bytes().all(|b| b.is_ascii_digit()));
        let message = match code {
            None => format!("invalid value \"{value}\" of \"error_page\""),
            Some(499) => "\"error_page\" cannot answer 499: the client is gone".into(),
            Some(300..=599) => continue,
            Some(_) => format!("\"error_page\" takes codes from 300 to 599, not {value}"),
        };
        checker.error(directive.arg_span(index), message);
    }
}

/// `if (…)`: a variable, a comparison, a match or a test of a file.
fn condition<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    let mut words: Vec<String> = directive.args().map(std::borrow::Cow::into_owned).collect();
    let whole = directive.arg_span(0).to(directive.arg_span(directive.arg_count().saturating_sub(1)));
    let opened =
        words.first_mut().is_some_and(|word| word.strip_prefix('(').map(str::to_owned).map(|rest| *word = rest).is_some());
    if !opened {
        checker.report(
            Finding::new("syntax-error", whole, "invalid condition: it must begin with \"(\"").help("write: if ($x = y) { … }"),
        );
        return;
    }
    let closed =
        words.last_mut().is_some_and(|word| word.strip_suffix(')').map(str::to_owned).map(|rest| *word = rest).is_some());
    if !closed {
        checker.error(whole, "invalid condition: it must end with \")\"");
        return;
    }
    // A parenthesis that stands alone is no part of the condition.
    let count = directive.arg_count();
    let first = usize::from(words.first().is_some_and(String::is_empty) && count > 1);
    let last =
        words.len() - usize::from(words.last().is_some_and(String::is_empty) && directive.arg(count - 1) == ")" && count > 1);
    let parts = words.get(first..last).unwrap_or_default();
    let subject = parts.first().map(String::as_str).unwrap_or_default();
    if subject.len() > 1 && subject.starts_with('$') {
        match parts.get(1..).unwrap_or_default() {
            [] => {}
            [operator, value] => match operator.as_str() {
                "=" | "!=" => {}
                "~" | "~*" | "!~" | "!~*" => checker.regex(directive, first + 2, value),
                _ => checker.error(directive.arg_span(first + 1), format!("unexpected \"{operator}\" in condition")),
            },
            _ => checker.report(
                Finding::new("syntax-error", whole, "invalid condition: a variable, an operator and one value")
                    .help("a value with spaces needs quotes; \"&&\" and \"||\" do not exist"),
            ),
        }
    } else if matches!(subject, "-f" | "-d" | "-e" | "-x" | "!-f" | "!-d" | "!-e" | "!-x") {
        if parts.len() != 2 {
            checker.error(whole, format!("invalid condition: one path after \"{subject}\""));
        }
    } else {
        let finding =
            Finding::new("syntax-error", whole, "invalid condition: it begins with neither a variable nor a test of a file");
        checker.report(finding);
    }
}

/// An argument that names a variable.
fn variable<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, index: usize) {
    let value = directive.arg(index);
    if !value.starts_with('$') || value.len() < 2 {
        let finding = Finding::new("syntax-error", directive.arg_span(index), format!("invalid variable name \"{value}\""));
        checker.report(finding.help("the name of a variable begins with \"$\""));
    }
}

fn server_name<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    for (index, name) in directive.args().enumerate() {
        if let Some(pattern) = name.strip_prefix('~') {
            if pattern.is_empty() {
                checker.error(directive.arg_span(index), "empty regular expression in \"server_name\"");
            } else {
                checker.regex(directive, index, pattern);
            }
        } else if !is_server_name(&name) {
            checker.listens.note_name(directive, index);
        }
    }
}

/// Whether the server can put a name into its tables: one `*`, and that as the first or the last label.
fn is_server_name(name: &str) -> bool {
    let stars = name.bytes().filter(|b| *b == b'*').count();
    if stars > 1 || name.as_bytes().windows(2).any(|pair| pair == b"..") {
        return false;
    }
    let special =
        (name.len() > 1 && name.starts_with('.')) || (name.len() > 2 && (name.starts_with("*.") || name.ends_with(".*")));
    stars == 0 || special
}

fn address<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    let value = directive.arg(0);
    let fits =
        value == "all" || value == "unix:" || value.parse::<ipnet::IpNet>().is_ok() || value.parse::<std::net::IpAddr>().is_ok();
    // `10.0.0.0/255.0.0.0` is understood as well.
    let mask = || {
        let (ip, mask) = value.split_once('/')?;
        ip.parse::<std::net::Ipv4Addr>().ok().zip(mask.parse::<std::net::Ipv4Addr>().ok())
    };
    if !fits && mask().is_none() {
        let finding = Finding::new(
            "syntax-error",
            directive.arg_span(0),
            format!("invalid parameter \"{value}\" of \"{}\"", directive.name_text()),
        );
        checker.report(
            finding.help("write an address, a network such as 10.0.0.0/8, \"unix:\" or \"all\"; names are not looked up"),
        );
    }
}

fn upstream<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, outer: Contexts) {
    let key = (outer == Contexts::STREAM, directive.arg(0).to_ascii_lowercase());
    if let Some(first) = checker.upstreams.by_name.get(&key) {
        let mut finding = Finding::new("syntax-error", directive.span(), format!("duplicate upstream \"{}\"", directive.arg(0)));
        if first.span() != directive.span() {
            finding = finding.related(first.span(), "here for the first time");
        }
        checker.report(finding);
    } else {
        checker.upstreams.by_name.insert(key, directive);
    }
    // Unknown directives and includes that are missing may bring servers.
    let brings = |name: Name| {
        name == Name::Server
            || name == Name::Unknown
            || name.info().is_some_and(|info| info.module.is_some())
            || name == Name::Resolver
    };
    if checker.config.incomplete || directive.children().any(|child| brings(child.name())) || directive.body() == Body::None {
        return;
    }
    // The server notices it at the end of the block.
    let block = directive.full_span();
    let close = Span::new(block.file, block.end.saturating_sub(1).max(block.start), block.end);
    let finding = Finding::new("syntax-error", close, format!("no servers are inside upstream \"{}\"", directive.arg(0)));
    checker.report(finding.related(directive.span(), "the upstream"));
}

fn methods<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    const METHODS: &[&str] = &[
        "GET",
        "HEAD",
        "POST",
        "PUT",
        "DELETE",
        "MKCOL",
        "COPY",
        "MOVE",
        "OPTIONS",
        "PROPFIND",
        "PROPPATCH",
        "LOCK",
        "UNLOCK",
        "PATCH",
        "CONNECT",
    ];
    for (index, method) in directive.args().enumerate() {
        if !METHODS.iter().any(|known| known.eq_ignore_ascii_case(&method)) {
            checker.error(directive.arg_span(index), format!("invalid method \"{method}\""));
        }
    }
}

/// Codes or `any`, and a time.
fn cache_valid<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    let last = directive.arg_count().saturating_sub(1);
    let time = directive.arg(last);
    if !super::is_time(&time, false) {
        let finding = Finding::new("syntax-error", directive.arg_span(last), format!("invalid time value \"{time}\""));
        checker.report(finding.help("the last argument is a time such as 10m or 1h"));
    }
    for index in 0..last {
        let code = directive.arg(index);
        let fits = code.bytes().all(|b| b.is_ascii_digit()) && code.parse::<u32>().is_ok_and(|code| (100..=599).contains(&code));
        if code != "any" && !fits {
            checker.error(directive.arg_span(index), format!("invalid status \"{code}\" of \"{}\"", directive.name_text()));
        }
    }
}

fn expires<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    let last = directive.arg_count().saturating_sub(1);
    let value = directive.arg(last);
    if last == 1 && directive.arg(0) != "modified" {
        checker.error(directive.arg_span(0), format!("invalid value \"{}\" of \"expires\"", directive.arg(0)));
        return;
    }
    let word = last == 0 && matches!(value.as_ref(), "epoch" | "max" | "off");
    let time = value.strip_prefix(['-', '+', '@']).unwrap_or(&value);
    if !word && !value.contains('$') && !super::is_time(time, false) {
        let finding = Finding::new("syntax-error", directive.arg_span(last), format!("invalid value \"{value}\" of \"expires\""));
        checker.report(finding.help("write a time such as 30d, or \"epoch\", \"max\" or \"off\""));
    }
}

/// The port of an address to pass requests to.
fn port<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    if directive.arg_words().first().is_some_and(|word| word.dollar()) {
        return;
    }
    let value = directive.arg(0);
    let after_scheme = cut(&value, b':').and_then(|(_, rest)| rest.strip_prefix("//"));
    let authority = after_scheme.unwrap_or(&value);
    if authority.starts_with("unix:") {
        return;
    }
    let is_path = |byte| matches!(byte, b'/' | b'?');
    let port = if authority.starts_with('[') {
        cut(before(authority, is_path), b']').and_then(|(_, tail)| tail.strip_prefix(':'))
    } else {
        let host = before(authority, |byte| byte == b':' || is_path(byte));
        let tail = authority.get(host.len()..).and_then(|tail| tail.strip_prefix(':'));
        tail.map(|tail| before(tail, is_path))
    };
    let Some(port) = port else { return };
    if !is_port(port) {
        checker.error(directive.arg_span(0), format!("invalid port \"{port}\" in \"{}\"", directive.name_text()));
    }
}

/// The text before the first byte that ends it, which is ASCII.
fn before(text: &str, ends: impl Fn(u8) -> bool) -> &str {
    let end = text.bytes().position(ends);
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

fn upstream_server<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    port(checker, directive);
    for (index, arg) in directive.args().enumerate().skip(1) {
        if !arg.contains('=') && !matches!(arg.as_ref(), "backup" | "down" | "resolve" | "drain") {
            checker.error(directive.arg_span(index), format!("invalid parameter \"{arg}\" of \"server\""));
        }
    }
}
