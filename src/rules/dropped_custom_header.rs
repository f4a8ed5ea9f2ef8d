//! `dropped-custom-header`: nginx ignores header fields with an underscore, and required ones that a layer removes.

use std::collections::HashSet;

use super::Cx;
use super::support::{finding, request_at, routes_with, typical_request};
use crate::finding::{Confidence, Finding};
use crate::model::{Outcome, PathKind, Site, Traits};
use crate::project::nginx::config::TOP;
use crate::project::nginx::{Config, Directive, DirectiveId};
use crate::syntax::nginx::Name;

/// The id.
pub(super) const ID: &str = "dropped-custom-header";

/// Names that clients write with an underscore.
const UNDERSCORED: &[&str] = &[
    "api_key",
    "api_token",
    "api_secret",
    "access_token",
    "auth_token",
    "id_token",
    "refresh_token",
    "user_token",
    "session_token",
    "client_id",
    "client_secret",
    "app_key",
    "app_secret",
    "app_id",
    "secret_key",
    "access_key",
];

/// Names that clients write with `-`, although applications name them with `_`.
const HYPHENED: &[&str] = &["user_", "x_", "accept_", "content_", "cf_", "sec_", "if_", "upgrade_", "cache_", "true_", "fastly_"];

/// Looks at forwarded, allowed and tested header fields whose name has an underscore.
pub(super) fn check(config: &Config, cx: &mut Cx) {
    let sources = cx.sources;
    let passing = Passing::of(config, cx);
    let underscored = |d: Directive| matches!(d.name(), Name::ProxySetHeader | Name::GrpcSetHeader) && d.arg(0).contains('_');
    for header in config.setters_of(sources, underscored) {
        let value = header.arg(1);
        let Some(variable) = value.strip_prefix("$http_") else { continue };
        if header.arg(0).eq_ignore_ascii_case(variable) && !is_hyphened(variable) {
            report(&header, variable, "this line passes on", Confidence::Medium, &passing, cx);
        }
    }
    for header in config.all(sources, Name::AddHeader) {
        if !header.arg(0).eq_ignore_ascii_case("Access-Control-Allow-Headers") {
            continue;
        }
        let names = header.arg(1).into_owned();
        let name = names
            .split(',')
            .map(str::trim)
            .find(|n| n.contains('_') && n.bytes().all(|b| b == b'_' || b == b'-' || b.is_ascii_alphanumeric()));
        if let Some(name) = name {
            report(&header, name, "this line allows", Confidence::High, &passing, cx);
        }
    }
    for name in [Name::If, Name::Map] {
        for directive in config.all(sources, name) {
            let first = directive.arg(0);
            let Some(variable) = first.trim_start_matches('(').strip_prefix("$http_") else { continue };
            let variable = variable.trim_end_matches(')').to_ascii_lowercase();
            if UNDERSCORED.contains(&variable.as_str()) {
                report(&directive, &variable, "this line tests", Confidence::Low, &passing, cx);
            }
        }
    }
}

fn is_hyphened(variable: &str) -> bool {
    let lower = variable.to_ascii_lowercase();
    HYPHENED.iter().any(|p| lower.starts_with(p)) && !UNDERSCORED.contains(&lower.as_str())
}

/// The blocks in which such header fields are not ignored.
struct Passing {
    blocks: HashSet<DirectiveId>,
    /// Some server below `http` lets them pass.
    below: bool,
}

impl Passing {
    fn of(config: &Config, cx: &Cx) -> Self {
        let mut found = Self { blocks: HashSet::new(), below: false };
        for (name, value) in [(Name::UnderscoresInHeaders, "on"), (Name::IgnoreInvalidHeaders, "off")] {
            for directive in config.all(cx.sources, name).filter(|d| d.arg(0) == value) {
                let parent = directive.parent();
                found.below |= parent.is_some_and(|p| p.name() == Name::Server);
                found.blocks.insert(parent.map_or(TOP, |p| p.id));
            }
        }
        found
    }

    fn covers(&self, directive: &Directive) -> bool {
        let in_server = directive.ancestors().any(|a| a.name() == Name::Server);
        self.blocks.contains(&TOP) || directive.ancestors().any(|a| self.blocks.contains(&a.id)) || !in_server && self.below
    }
}

fn report(directive: &Directive, name: &str, what: &str, confidence: Confidence, passing: &Passing, cx: &mut Cx) {
    if passing.covers(directive) || directive.has_hole() {
        return;
    }
    let request = request_at(directive).header(name, "x");
    let message =
        format!("{}: nginx ignores the header field {name}, which {what}: its name has an underscore", request.describe());
    let found = Finding::new(ID, directive.span(), message)
        .help("write underscores_in_headers on in the server, or let clients use a name with -")
        .confidence(confidence)
        .witness(request);
    cx.report(found);
}

/// Looks for required header fields that the application does not get.
pub(super) fn required(site: &dyn Site, cx: &mut Cx) {
    let settings = cx.settings;
    for name in settings.required_headers.iter().filter(|n| !n.eq_ignore_ascii_case("authorization")) {
        for (id, route) in routes_with(site, Traits::UPSTREAM) {
            let kinds = [PathKind::Api, PathKind::Token, PathKind::Login];
            let Some(request) = typical_request(site, id, route, cx.paths, &kinds) else { continue };
            let request = request.header(name, "x").past_gates();
            let outcome = site.resolve(&request);
            let line = |o: &Outcome| {
                let upstream = o.upstream.as_ref()?;
                let own: Vec<_> = upstream.sent.iter().filter(|s| s.name.eq_ignore_ascii_case(name)).collect();
                if own.is_empty() {
                    let off = upstream.forwards_client_headers.value.is(&false);
                    return upstream.forwards_client_headers.because.first().copied().filter(|_| off);
                }
                own.iter().all(|s| s.value.is_empty() == Some(true)).then(|| own.first().map(|s| s.span)).flatten()
            };
            if !outcome.always(|o| line(o).is_some()) {
                continue;
            }
            let Some(primary) = line(&outcome) else { continue };
            let message = format!("{} reaches the application without it: this line drops it", request.describe());
            cx.report(
                finding(ID, site, id, primary, message, request)
                    .help("the settings say that the application needs this header field"),
            );
        }
    }
}
