//! Password checks of Apache that requests get around.

use std::net::{IpAddr, Ipv4Addr};

use super::super::Cx;
use super::super::apache_gate::{
    alternatives, asks_nobody, has_user_alternative, is_shown_unasked, limit_of, taken_to_be_there, uses,
};
use super::super::support::finding;
use super::ID;
use super::elsewhere;
use crate::finding::{Confidence, Severity};
use crate::model::from::apache::{Guard, Host, Reach, user_requirement};
use crate::model::{Outcome, Request, Site};
use crate::project::apache::Directive;
use crate::settings::Profile;
use crate::syntax::apache::Name;

/// Looks at each section that has directives of a password check.
pub(in super::super) fn check(host: &Host, cx: &mut Cx) {
    if ![Name::AuthType, Name::AuthUserFile, Name::AuthName].iter().any(|name| uses(host, *name)) {
        return;
    }
    for guard in host.guards().iter() {
        let Some(first) = guard.first() else { continue };
        let _ = ignored(host, guard, &first, cx)
            || limited_methods(host, guard, cx)
            || open_alternative(host, guard, cx)
            || satisfied(host, guard, cx)
            || nothing_required(host, guard, &first, cx)
            || elsewhere::check(host, guard, &first, cx);
    }
}

/// A `.htaccess` that the server does not read.
fn ignored(host: &Host, guard: &Guard, first: &Directive, cx: &mut Cx) -> bool {
    let Some(htaccess) = guard.htaccess.filter(|_| !host.is_tree() && guard.asks().is_some()) else { return false };
    let Some(request) = host.landmark_of(guard).map(taken_to_be_there) else { return false };
    let outcome = host.resolve(&request);
    let unread = |o: &Outcome| o.steps.iter().any(|s| s.span.file == htaccess.file && s.what.contains("not read"));
    if !outcome.always(|o| unread(o) && asks_nobody(o) && !matches!(o.status.known(), Some(Some(400..)))) {
        return false;
    }
    let message = format!("{} needs no password: AllowOverride None, so that this file is not read", request.describe());
    let mut found = finding(ID, host, guard.route, first.span(), message, request)
        .help("let it count: \"AllowOverride AuthConfig\" in the <Directory> of its folder, or move the check there");
    if let Some(none) = host.effective(guard.route, Name::AllowOverride) {
        found = found.related(none.span(), "files of this kind are not read here");
    }
    cx.report(found);
    true
}

/// `<Limit GET POST> Require valid-user </Limit>` asks nobody who sends another method. To leave reading open is a usual wish; to leave
/// open what is neither reading nor listed is not.
fn limited_methods(host: &Host, guard: &Guard, cx: &mut Cx) -> bool {
    /// Methods that programs know, then one that nobody does: an application that only tells `POST` from the rest answers it.
    const METHODS: [&str; 6] = ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "FOO"];
    let limited = guard.own.iter().find_map(|d| user_requirement(d).and_then(|r| limit_of(&r)));
    let Some(limit) = limited.filter(|l| !l.is_unknown()) else { return false };
    // Another one outside, or in a second `<Limit>`, may ask for the rest.
    if guard.own.iter().any(|d| user_requirement(d).is_some_and(|r| limit_of(&r).is_none_or(|l| l.id != limit.id))) {
        return false;
    }
    let named = |method: &str| limit.args().any(|a| a == method);
    let is_except = limit.name() == Name::LimitExcept;
    let asks = |method: &str| named(method) != is_except;
    // Reading is open on purpose, or what a preflight needs.
    let reading_open = !asks("GET");
    let open = if is_except {
        ["POST", "PUT", "DELETE", "PATCH"].into_iter().find(|m| named(m))
    } else {
        METHODS.into_iter().find(|m| !asks(m))
    };
    let Some(open) = open.filter(|_| !reading_open || is_except && named("POST")) else { return false };
    let Some(landmark) = host.landmark_of(guard).map(|r| r.method(open)) else { return false };
    let is_answered = |r: &Request| host.resolve(r).always(|o| asks_nobody(o) && !matches!(o.status.known(), Some(Some(300..))));
    let Some(request) = for_methods(guard, landmark).into_iter().find(is_answered) else { return false };
    let message = if is_except {
        format!("{} needs no password: <LimitExcept> asks for one only with methods that are not in its list", request.describe())
    } else {
        format!("{} needs no password: <Limit> asks for one only with the methods of its list", request.describe())
    };
    let mut found = finding(ID, host, guard.route, limit.span(), message, request)
        .help("take Require out of the section; to leave preflights open, use <LimitExcept OPTIONS>");
    if let Some(asks) = guard.asks() {
        found = found.related(asks.span(), "asked only with these methods");
    }
    cx.report(found);
    true
}

/// A request for the same and one for a script in it: plain files take no other methods than `GET` and `POST`.
fn for_methods(guard: &Guard, landmark: Request) -> Vec<Request> {
    if guard.reach == Reach::Names {
        return vec![taken_to_be_there(landmark)];
    }
    let path = format!("{}/index.php", landmark.path.trim_end_matches('/'));
    let script = Request { path, ..landmark.clone() };
    vec![taken_to_be_there(script), taken_to_be_there(landmark)]
}

/// `Require all granted`, or the address from which every request comes, beside `Require valid-user`: one of several is enough.
fn open_alternative(host: &Host, guard: &Guard, cx: &mut Cx) -> bool {
    let mut beside = Vec::new();
    guard.own.iter().for_each(|d| alternatives(d, &mut beside));
    if beside.len() < 2 || !has_user_alternative(&beside) {
        return false;
    }
    let is_all = |d: &Directive| {
        let words: Vec<String> = d.args().map(|a| a.to_ascii_lowercase()).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        matches!(words.as_slice(), ["all", "granted"])
            || matches!(words.as_slice(), ["ip", nets @ ..] if nets.iter().any(|n| matches!(*n, "0.0.0.0/0" | "::/0")))
    };
    let is_local = |d: &Directive| {
        let kind = d.arg(0);
        kind.eq_ignore_ascii_case("local") || kind.eq_ignore_ascii_case("ip") && d.args().skip(1).any(|a| is_loopback(&a))
    };
    let addresses = |d: &&Directive| d.arg(0).eq_ignore_ascii_case("ip") || d.arg(0).eq_ignore_ascii_case("host");
    let Some(request) = host.landmark_of(guard).map(taken_to_be_there) else { return false };
    let local = Request { client: IpAddr::V4(Ipv4Addr::LOCALHOST), ..request.clone() };
    let (by, request, message) = if let Some(all) = beside.iter().find(|d| is_all(d) && limit_of(d).is_none()) {
        (all, request, "of several Require one is enough, and this one lets everybody in")
    } else if let Some(own) = beside.iter().find(|d| is_local(d)).filter(|_| only_local(host)) {
        (own, local, "this line lets local requests in, and this virtual host gets no others: it listens on this machine only")
    } else if let Some(list) = beside.iter().find(addresses).filter(|_| cx.settings.profile >= Profile::Strict) {
        let Some(asks) = guard.asks() else { return false };
        let message = format!("whoever comes from {} needs no password", list.args().skip(1).collect::<Vec<_>>().join(" "));
        let found = finding(ID, host, guard.route, asks.span(), message, request);
        cx.report(found.severity(Severity::Info).related(list.span(), "exempted here"));
        return true;
    } else {
        return false;
    };
    if !host.resolve(&request).always(asks_nobody) {
        return false;
    }
    let message = format!("{} needs no password: {message}", request.describe());
    let mut found = finding(ID, host, guard.route, by.span(), message, request)
        .help("remove this line; where both must hold, put them into <RequireAll>");
    if let Some(asks) = guard.asks() {
        found = found.related(asks.span(), "the requirement that nobody has to meet");
    }
    cx.report(found);
    true
}

fn is_loopback(text: &str) -> bool {
    matches!(text, "127.0.0.1" | "127.0.0.0/8" | "127.0.0.1/32" | "127" | "::1" | "localhost")
}

/// Whether the virtual host takes requests of this machine only, from a proxy whose visitors it does not tell apart.
fn only_local(host: &Host) -> bool {
    let Some(block) = host.directive() else { return false };
    let local = |address: &str| address.starts_with("127.") || address.starts_with("localhost") || address.starts_with("[::1]");
    block.arg_count() > 0 && block.args().all(|a| local(&a)) && !block.is_unknown() && !uses(host, Name::RemoteIPHeader)
}

/// `Satisfy any` beside `Allow from all`, or beside no list at all: either is enough, and one of them everybody has.
fn satisfied(host: &Host, guard: &Guard, cx: &mut Cx) -> bool {
    let any = guard.last(Name::Satisfy).filter(|d| d.arg(0).eq_ignore_ascii_case("any") && limit_of(d).is_none());
    let (Some(any), Some(asks)) = (any, guard.asks()) else { return false };
    // A section that asks for nobody by itself is an exemption on purpose.
    if guard.last(Name::AuthType).is_none() && guard.last(Name::AuthUserFile).is_none() {
        return false;
    }
    let everyone = |d: &Directive| d.args().skip(1).any(|a| a.eq_ignore_ascii_case("all"));
    let loopback = |d: &Directive| d.args().skip(1).any(|a| is_loopback(&a));
    let Some(request) = host.landmark_of(guard).map(taken_to_be_there) else { return false };
    let local = Request { client: IpAddr::V4(Ipv4Addr::LOCALHOST), ..request.clone() };
    let (by, request, message) = if let Some(all) = guard.all(Name::Allow).find(everyone) {
        (all, request, "with Satisfy any this line lets everybody in")
    } else if let Some(own) = guard.all(Name::Allow).find(loopback).filter(|_| only_local(host)) {
        (own, local, "with Satisfy any this line lets local requests in, and this virtual host gets no others")
    } else if guard.last(Name::Deny).is_none() && guard.last(Name::Allow).is_none() {
        (any, request, "with Satisfy any the list of addresses is enough, and there is none")
    } else {
        return false;
    };
    if !host.resolve(&request).always(asks_nobody) {
        return false;
    }
    let message = format!("{} needs no password: {message}", request.describe());
    let found = finding(ID, host, guard.route, by.span(), message, request)
        .related(asks.span(), "the requirement that nobody has to meet")
        .help("remove Satisfy any, or name the addresses that need no password: Deny from all, Allow from 192.0.2.0/28");
    cx.report(found);
    true
}

/// `AuthType`, `AuthName`, `AuthUserFile`, and no `Require` that would ask for a user.
fn nothing_required(host: &Host, guard: &Guard, first: &Directive, cx: &mut Cx) -> bool {
    if guard.last(Name::AuthType).is_none_or(|d| d.arg(0).eq_ignore_ascii_case("none")) {
        return false;
    }
    // There `mod_auth_form` checks what a login form sends, or ends a session: visitors without one must get in.
    let form = host.effective(guard.route, Name::SetHandler).map(|d| d.arg(0).to_ascii_lowercase());
    if form.is_some_and(|handler| matches!(handler.as_str(), "form-login-handler" | "form-logout-handler")) {
        return false;
    }
    let whole = guard.last(Name::AuthUserFile).is_some() || guard.last(Name::AuthName).is_some();
    let any = |d: &Directive| matches!(d.name(), Name::Require | Name::RequireAll | Name::RequireAny | Name::RequireNone);
    if !whole || host.config().incomplete || guard.own.iter().any(any) {
        return false;
    }
    // What stands around it, inside of it or in another section for the same paths may ask.
    let around = guard.block.map_or_else(Vec::new, |b| b.children().collect::<Vec<_>>());
    if around.iter().any(|c| c.is_section() && has_requirement(c)) {
        return false;
    }
    let asked = |route| {
        let guards = host.guards_of(route);
        guards.iter().any(|g| g.asks().is_some())
    };
    if host.routes_of(guard).into_iter().any(asked) || may_ask_inside(host, guard) {
        return false;
    }
    let Some(request) = host.landmark_of(guard).map(taken_to_be_there) else { return false };
    // Measured: without any Require, here or around, a request with AuthType gets 500. A lone virtual host has one around it.
    let partial = host.config().partial;
    let open = |o: &Outcome| is_shown_unasked(o) || partial && o.status.is(&Some(500));
    if !host.resolve(&request).always(open) {
        return false;
    }
    let message = format!("{} needs no password: there is no Require that asks for a user", request.describe());
    let mut found = finding(ID, host, guard.route, first.span(), message, request).help("add \"Require valid-user\"");
    if host.is_tree() || partial {
        found = found.confidence(Confidence::Medium);
    }
    cx.report(found);
    true
}

fn has_requirement(section: &Directive) -> bool {
    section.children().any(|c| user_requirement(&c).is_some() || c.is_section() && has_requirement(&c))
}

/// Whether a section further in the same folder, which no well-known path shows, may ask for a user: its `.htaccess` files, `<If>`.
fn may_ask_inside(host: &Host, guard: &Guard) -> bool {
    let config = host.config();
    let Some(htaccess) = guard.htaccess else { return false };
    let inside = config.htaccess.iter().filter(|h| h.folder.starts_with(htaccess.folder.as_str()) && h.folder != htaccess.folder);
    let mut requires = inside.flat_map(|h| (h.first..h.end).map(|id| host.directive_of(id)));
    let own = (htaccess.first..htaccess.end).map(|id| host.directive_of(id));
    requires.any(|d| user_requirement(&d).is_some()) || own.into_iter().any(|d| user_requirement(&d).is_some())
}
