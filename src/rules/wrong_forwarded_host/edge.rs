//! The same for CDNs and gateways: CloudFront asks its origin by the origin's name, Envoy and Istio may rewrite the host.

use super::{ID, is_public, TELL_HOST};
use crate::discover::edge::Dialect;
use crate::finding::{Confidence, Severity};
use crate::model::from::edge::EdgeSite;
use crate::model::{HeaderFate, Outcome, PathKind, Site, Traits};
use crate::rules::Cx;
use crate::rules::caches;
use crate::rules::edge_application::{Shown, shown};
use crate::rules::support::{finding, first_known, has_api_name, request_for, routes_with};
use crate::settings::Profile;
use crate::source::Span;

/// Ends of names of services that answer to nothing but their own name.
const OWN_NAME: &[&str] = &[
    ".amazonaws.com.cn", ".appspot.com", ".azurewebsites.net", ".cloudfunctions.net", ".fly.dev", ".herokuapp.com", ".on.aws",
    ".onrender.com", ".run.app", ".vercel.app", ".awsapprunner.com", ".wpengine.com",
];

/// Asks for a page to sign in by the name of the site. One finding for a key.
pub(in crate::rules) fn check(site: &EdgeSite, cx: &mut Cx) {
    let public = site.hosts().iter().any(|host| is_public(host) && !caches::is_asset_host(host));
    let strict = cx.settings.profile >= Profile::Strict;
    if !public && !strict {
        return;
    }
    let mut reported: Vec<Span> = Vec::new();
    for (id, route) in routes_with(site, Traits::UPSTREAM) {
        let Some(known) = first_known(route, cx.paths, &[PathKind::Login, PathKind::Callback]) else { continue };
        let request = request_for(site, known).method("GET").past_gates();
        let outcome = site.resolve(&request);
        // Who writes in our own words that the host is not passed on knows that the origin has another name.
        let neutral = site.dialect() == Dialect::Neutral;
        let plain = site.plain_origin(id).is_some() || neutral;
        if !outcome.always(|o| o.served_by.span == route.span && is_lost(o, &request.host, plain)) {
            continue;
        }
        let posted = site.resolve(&request.clone().method("POST")).possibly(|o| o.handler.kind.is_upstream());
        // Envoy names clusters, and nothing of what is in them.
        let shows = site.dialect() == Dialect::Envoy || shown(site, cx) == Shown::Application;
        if !posted || has_api_name(&request.host) || !shows {
            continue;
        }
        let because = outcome.upstream.as_ref().and_then(|upstream| upstream.host.because.first().copied());
        let Some(primary) = because.filter(|span| !reported.contains(span)) else { continue };
        reported.push(primary);
        let host = outcome.upstream.as_ref().and_then(|u| u.host.value.known()).and_then(|v| v.known());
        let sees = host.map_or("the name of the origin".to_owned(), |host| format!("Host: {host}"));
        let message = format!("{} for {} reaches the application with {sees}", request.describe(), request.host);
        let help = match site.dialect() {
            Dialect::Neutral => "pass the host on: `host: true` under `forward`",
            Dialect::Istio => "leave the host as it is, or let headers.request.set put the name of the site into x-forwarded-host",
            _ if plain => "pass Host on (AllViewer, or Host in the policy), or have a function put it into X-Forwarded-Host",
            _ => "leave the host as it is, or write append_x_forwarded_host: true",
        };
        let mut found = finding(ID, site, id, primary, message, request).confidence(Confidence::Medium).help(help);
        if !public {
            found = found.severity(Severity::Info);
        }
        if outcome.served_by.span != primary {
            found = found.related(outcome.served_by.span, "the request is served here");
        }
        cx.report(found);
    }
}

/// Whether an application of one's own sees another host than the visitor asked for, and no field that tells it. What is asked over
/// TLS by a public name needs that name; what is asked without TLS (`plain`) does not.
fn is_lost(outcome: &Outcome, asked: &str, plain: bool) -> bool {
    let Some(upstream) = outcome.upstream.as_ref().filter(|_| outcome.handler.kind.is_upstream()) else { return false };
    let told = upstream.sent.iter().any(|sent| TELL_HOST.iter().any(|name| name.eq_ignore_ascii_case(&sent.name)));
    let replaced = match upstream.host.value.known() {
        Some(value) => value.known().is_some_and(|host| {
            let own = OWN_NAME.iter().any(|end| host.ends_with(end))
                || host.ends_with(".amazonaws.com") && ![".elb.", "compute"].iter().any(|part| host.contains(part));
            host != asked && !own && (plain || !is_public(host) || host.ends_with(".cluster.local"))
        }),
        // The name of an origin of the same template.
        None => plain && !upstream.host.because.is_empty(),
    };
    replaced && !told && upstream.forwarded_host.value.is(&HeaderFate::Absent)
}
