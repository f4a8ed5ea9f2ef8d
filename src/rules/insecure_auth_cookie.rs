//! `insecure-auth-cookie`: a session cookie without Secure, or one that browsers refuse for want of it.

mod apache;
pub(super) mod edge;

use super::Cx;
use super::support::finding;
use crate::finding::{Applicability, Confidence, Edit, Finding};
use crate::model::from::nginx::Server;
use crate::model::{RouteId, Site};
use crate::project::nginx::Directive;
use crate::source::Span;
use crate::syntax::nginx::{Name, Quote};

pub(super) use apache::check as check_apache;

/// The id.
pub(super) const ID: &str = "insecure-auth-cookie";

/// Parts of the names of cookies that sign a visitor in.
const AUTH_NAMES: &[&str] = &["sess", "auth", "token", "jwt", "login", "remember", "sso"];

const REFUSED: &str =
    "browsers refuse a cookie that the application sets without Secure: SameSite=None is added, Secure is not";

const DIRECTIVES: &[Name] = &[Name::AddHeader, Name::ProxyCookieFlags, Name::ProxyCookiePath];

/// Looks at the directives that set or rewrite cookies, in force in each block.
pub(super) fn check(server: &Server, cx: &mut Cx) {
    let mut seen: Vec<Span> = Vec::new();
    for name in DIRECTIVES {
        if server.config().all(cx.sources, *name).next().is_none() {
            continue;
        }
        for (id, _) in server.routes().iter().enumerate() {
            let id = id as RouteId;
            for directive in server.effective_all(id, *name) {
                if seen.contains(&directive.span()) || directive.has_hole() {
                    continue;
                }
                if let Some(found) = fault(server, id, &directive) {
                    seen.push(directive.span());
                    cx.report(found);
                }
            }
        }
    }
}

fn fault(server: &Server, id: RouteId, directive: &Directive) -> Option<Finding> {
    let (message, confidence) = match directive.name() {
        Name::AddHeader => set_cookie(server, directive)?,
        Name::ProxyCookieFlags => flags(server, directive)?,
        _ => path_trick(directive)?,
    };
    if directive.name() != Name::AddHeader && confidence != Confidence::High && secured_elsewhere(server, id) {
        return None;
    }
    let witness = server.landmark(id).unwrap_or_else(|| server.request("/"));
    let found = finding(ID, server, id, directive.span(), message, witness).help("add Secure to the cookie").confidence(confidence);
    Some(found.fix(Applicability::Unsafe, "add Secure", vec![secured(directive)]))
}

/// The cookie with Secure.
fn secured(directive: &Directive) -> Edit {
    if directive.name() == Name::ProxyCookieFlags {
        let flags: Vec<_> = directive.args().collect();
        return match flags.iter().position(|flag| flag.eq_ignore_ascii_case("nosecure")) {
            Some(index) => Edit::replace(directive.arg_span(index), "secure"),
            None => Edit::insert(directive.span().file, directive.span().end, " secure"),
        };
    }
    let value = directive.arg_span(1);
    let quoted = directive.arg_words().get(1).is_some_and(|word| word.quote() != Quote::None);
    if quoted {
        return Edit::insert(value.file, value.end - 1, "; Secure");
    }
    // A semicolon needs quotes around it.
    Edit::replace(value, format!("\"{}; Secure\"", directive.arg(1)))
}

/// Whether another line of the block gives cookies Secure.
fn secured_elsewhere(server: &Server, id: RouteId) -> bool {
    let flagged = server.effective_all(id, Name::ProxyCookieFlags).any(|d| d.args().skip(1).any(|f| f.eq_ignore_ascii_case("secure")));
    flagged || server.effective_all(id, Name::ProxyCookiePath).any(|d| d.arg(1).to_ascii_lowercase().contains("secure"))
}

/// `add_header Set-Cookie "name=value; attributes"`.
fn set_cookie(server: &Server, directive: &Directive) -> Option<(String, Confidence)> {
    if !directive.arg(0).eq_ignore_ascii_case("set-cookie") {
        return None;
    }
    literal(&directive.arg(1), server.is_tls())
}

/// A cookie that is set as it stands.
fn literal(cookie: &str, tls: bool) -> Option<(String, Confidence)> {
    let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
    let (name, value) = pair.split_once('=')?;
    let attributes = Attributes::of(attributes)?;
    if !is_auth_cookie(name.trim()) || value.trim().is_empty() || attributes.deletes || attributes.secure {
        return None;
    }
    if attributes.same_site_none {
        return Some((format!("browsers refuse the cookie {name}: SameSite=None without Secure"), Confidence::High));
    }
    tls.then(|| (format!("the browser also sends the cookie {name} over plain HTTP: it is set without Secure"), Confidence::High))
}

/// `proxy_cookie_flags cookie flag …`.
fn flags(server: &Server, directive: &Directive) -> Option<(String, Confidence)> {
    let cookie = directive.arg(0);
    let flags: Vec<String> = directive.args().skip(1).map(|f| f.to_ascii_lowercase()).collect();
    if flags.iter().any(|f| f.contains('$')) || !(cookie.starts_with('~') && !cookie.contains("csrf") || is_auth_cookie(&cookie)) {
        return None;
    }
    let has = |flag: &str| flags.iter().any(|f| f == flag);
    if has("samesite=none") && has("nosecure") {
        return Some(("browsers refuse the application's cookies: SameSite=None without Secure".to_owned(), Confidence::High));
    }
    if has("samesite=none") && !has("secure") {
        return Some((REFUSED.to_owned(), Confidence::Medium));
    }
    let stripped = has("nosecure") && server.is_tls();
    stripped.then(|| ("Secure is taken off the application's cookies: the browser sends them over plain HTTP too".to_owned(), Confidence::High))
}

/// `proxy_cookie_path / "/; SameSite=None"`: attributes behind the path.
fn path_trick(directive: &Directive) -> Option<(String, Confidence)> {
    let replacement = directive.arg(1);
    let (_, attributes) = replacement.split_once(';')?;
    let attributes = Attributes::of(attributes)?;
    (attributes.same_site_none && !attributes.secure).then(|| (REFUSED.to_owned(), Confidence::Medium))
}

#[derive(Default)]
struct Attributes {
    secure: bool,
    same_site_none: bool,
    deletes: bool,
}

impl Attributes {
    /// Reads what follows the first `;`; `None` if a variable could bring more.
    fn of(text: &str) -> Option<Self> {
        let mut found = Self::default();
        for attribute in text.split(';') {
            let attribute = attribute.trim().to_ascii_lowercase();
            let (name, value) = attribute.split_once('=').unwrap_or((&attribute, ""));
            match name.trim() {
                "secure" => found.secure = true,
                "samesite" => found.same_site_none |= value.trim() == "none",
                "max-age" => found.deletes |= value.trim().trim_start_matches('-') == "0" || value.trim().starts_with('-'),
                "expires" => found.deletes |= value.contains("1970"),
                "path" | "domain" => {}
                other if other.contains('$') => return None,
                _ => {}
            }
        }
        Some(found)
    }
}

fn is_auth_cookie(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    if name.contains("csrf") || name.contains("xsrf") {
        return false;
    }
    let word = |word: &str| word == "sid" || !word.starts_with("author") && AUTH_NAMES.iter().any(|part| word.starts_with(part));
    name.contains("sessid") || name.contains("sessionid") || name.split(['_', '-', '.']).any(word)
}
