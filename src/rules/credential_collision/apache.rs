//! A password of Apache in front of an application that reads Authorization itself.

use super::{ID, KINDS, bearer, is_open_application, is_refused};
use crate::finding::{Confidence, Finding};
use crate::model::from::apache::Host;
use crate::model::{HandlerKind, HeaderFate, Outcome, Request, RouteId, Site, Traits, WellKnown};
use crate::project::apache::Directive;
use crate::rules::Cx;
use crate::rules::apache_gate::has_rules_of_wordpress;
use crate::rules::support::{finding, is_for_programs, known_paths, request_for, routes_with};
use crate::source::Span;
use crate::syntax::apache::Name;

/// How many well-known paths are asked whether they are let past a gate.
const MAX_ASKED: usize = 12;

/// What a gate is made of.
const GATE: [Name; 8] = [
    Name::AuthType,
    Name::AuthName,
    Name::AuthUserFile,
    Name::AuthGroupFile,
    Name::AuthBasicProvider,
    Name::AuthBasicAuthoritative,
    Name::Require,
    Name::RequireAll,
];

/// Sends a bearer token through each password check of a host.
pub(in crate::rules) fn check(host: &Host, cx: &mut Cx) {
    let mut gates: Vec<(Directive, Vec<RouteId>)> = Vec::new();
    for (id, _) in routes_with(host, Traits::GATE) {
        let Some(gate) = host.effective(id, Name::AuthType).filter(|d| d.arg(0).eq_ignore_ascii_case("basic")) else { continue };
        match gates.iter_mut().find(|(known, _)| known.id == gate.id) {
            Some((_, routes)) => routes.push(id),
            None => gates.push((gate, vec![id])),
        }
    }
    for (gate, routes) in gates {
        let found = routes.iter().take(6).find_map(|id| collision(host, *id, &gate, cx));
        if let Some(found) = found {
            cx.report(found);
        }
    }
}

fn collision(host: &Host, id: RouteId, gate: &Directive, cx: &Cx) -> Option<Finding> {
    let route = host.routes().get(id as usize)?;
    let sign = sign(host, id);
    let for_programs = is_for_programs(&place_of(gate));
    // That scripts are run by their name does not show an API.
    let mut known = known_paths(route, cx.paths, KINDS);
    known.retain(|k| !k.path.contains(".php"));
    let landmark = || host.landmark(id).filter(|l| !l.path.contains(".php"));
    let request = match known.first() {
        Some(first) => request_for(host, preferred(host, id, &known).unwrap_or(first)),
        None if sign.is_some() || for_programs => below(landmark()?),
        None => return None,
    };
    let request = bearer(request);
    let outcome = host.resolve(&request);
    if !outcome.always(|o| is_refused(o) && o.gates.iter().any(|g| g.span == gate.span())) {
        return None;
    }
    let confidence = match (sign, for_programs) {
        (Some(_), _) => Confidence::High,
        (None, true) => Confidence::Medium,
        (None, false) if is_wide(host, gate) && !is_exempted(host, &known, cx) => Confidence::Low,
        _ => return None,
    };
    let mut behind = request.clone().past_gates();
    behind.assume.file_exists = request.assume.file_exists.or(Some(false));
    let past = host.resolve(&behind);
    let runs = if past.runs.is_empty() { std::slice::from_ref(&past) } else { past.runs.as_slice() };
    let reads = |o: &&Outcome| keeps(o) && !(o.handler.kind == HandlerKind::Module && is_other_module(o, cx));
    let reached = runs.iter().find(reads)?;
    if sign.is_none() && (is_told_the_user(reached, cx) || is_open(reached, &host.context(id))) {
        return None;
    }
    let primary = first_of(host, gate, cx);
    let message = format!(
        "{}: Bearer gets 401 from this password check before the application sees its token: one header cannot carry both",
        request.describe()
    );
    let help = "let requests with a token past the gate (`SetEnvIf Authorization \"^Bearer \" token` and `Require env token` beside \
                `Require valid-user`), or lock by address, cookie or path";
    let mut found = finding(ID, host, id, primary, message, request).confidence(confidence).help(help);
    if let Some(sign) = sign {
        found = found.related(sign, "credentials of another kind are expected here");
    }
    if let Some(handler) = reached.handler.span {
        found = found.related(handler, "the application is here");
    }
    Some(found)
}

/// Of the paths that programs ask for, one of the product that seems to run here.
fn preferred<'k>(host: &Host, id: RouteId, known: &[&'k WellKnown]) -> Option<&'k WellKnown> {
    let product = if has_rules_of_wordpress(host, id) { "wordpress" } else { "generic" };
    known.iter().find(|k| k.product == product).copied()
}

/// A path inside of a folder: the folder itself may be a page.
fn below(mut request: Request) -> Request {
    if request.path.ends_with('/') && request.path != "/" {
        request.path.push_str("users");
        request.assume.file_exists = Some(false);
    }
    request
}

/// What shows that credentials other than the password arrive here.
fn sign(host: &Host, id: RouteId) -> Option<Span> {
    let cors = host.effective_all(id, Name::Header).into_iter().find(|header| {
        let text = header.raw_args().to_ascii_lowercase();
        text.contains("access-control-allow-headers") && text.contains("authorization")
    });
    let bearer = || {
        let setters = [Name::SetEnvIf, Name::SetEnvIfNoCase, Name::RewriteCond, Name::RequestHeader];
        setters.into_iter().flat_map(|name| host.effective_all(id, name)).find(|d| {
            let text = d.raw_args().to_ascii_lowercase();
            text.contains("authorization") && text.contains("bearer")
        })
    };
    cors.or_else(bearer).map(|d| d.span())
}

/// The head of the section around a gate, or the folder of its `.htaccess`.
fn place_of(gate: &Directive) -> String {
    match (gate.parent(), gate.htaccess()) {
        (Some(section), _) => section.text(),
        (None, Some(htaccess)) => htaccess.folder.clone(),
        (None, None) => String::new(),
    }
}

/// Whether a gate covers the site, not a part of it.
fn is_wide(host: &Host, gate: &Directive) -> bool {
    let covers = |path: &str| {
        let mut request = host.request(path);
        request.assume.file_exists = Some(path.ends_with('/'));
        host.resolve(&request).always(|o| o.gates.iter().any(|g| g.span == gate.span()))
    };
    covers("/") && covers("/some/page")
}

/// Whether the site lets programs past its gates already.
fn is_exempted(host: &Host, gated: &[&WellKnown], cx: &Cx) -> bool {
    let open = host.routes().iter().filter(|route| !route.traits.has(Traits::GATE));
    let open = open.flat_map(|route| known_paths(route, cx.paths, KINDS)).filter(|k| !k.path.contains(".php"));
    let asked = open.take(MAX_ASKED).chain(gated.iter().copied().take(MAX_ASKED));
    asked.map(|known| host.resolve(&bearer(request_for(host, known)))).any(|o| o.possibly(|o| o.upstream.is_some() && !is_refused(o)))
}

fn keeps(outcome: &Outcome) -> bool {
    outcome.upstream.as_ref().is_some_and(|u| matches!(u.authorization.value.known(), Some(HeaderFate::Kept)))
}

/// Whether it is an application inside of the server that is not PHP: `mod_wsgi` and its like have a switch of their own.
fn is_other_module(outcome: &Outcome, cx: &Cx) -> bool {
    outcome.handler.span.is_some_and(|span| !cx.sources.text(span).contains("php"))
}

/// Whether the application learns the user from the gate.
fn is_told_the_user(outcome: &Outcome, cx: &Cx) -> bool {
    let mut sent = outcome.upstream.iter().flat_map(|u| &u.sent);
    sent.any(|s| cx.sources.text(s.span).contains("REMOTE_USER"))
}

fn is_open(outcome: &Outcome, context: &str) -> bool {
    let target = outcome.handler.target.as_ref().map_or("", |t| t.prefix());
    is_open_application(target) || is_open_application(context)
}

/// The first directive of a gate: where it begins in its section.
fn first_of(host: &Host, gate: &Directive, cx: &Cx) -> Span {
    let siblings = match gate.parent() {
        Some(section) => section.children().collect::<Vec<_>>(),
        None => gate.htaccess().map(|h| host.config().top_of(cx.sources, h).collect()).unwrap_or_default(),
    };
    let own = siblings.iter().filter(|d| GATE.contains(&d.name())).map(Directive::span);
    own.filter(|span| span.file == gate.span().file).min_by_key(|span| span.start).unwrap_or_else(|| gate.span())
}
