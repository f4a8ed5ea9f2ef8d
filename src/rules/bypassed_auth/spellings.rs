//! Other spellings of a protected path that a regex location takes: another case, or more path behind the script.

use std::cell::LazyCell;

use super::super::Cx;
use super::super::basic_gate::{is_open, pattern_of};
use super::super::support::finding;
use super::{ID, is_gated, is_sibling};
use crate::finding::{Confidence, Severity};
use crate::model::from::nginx::Server;
use crate::model::{HandlerKind, Outcome, RouteId, Site, Traits};
use crate::project::nginx::Directive;
use crate::settings::Profile;
use crate::syntax::nginx::Name;

/// Asks for the protected path in other spellings.
pub(super) fn check(server: &Server, route: RouteId, gate: &Directive, winners: &[RouteId], cx: &mut Cx) -> bool {
    let hands_over = |r: RouteId| server.routes().get(r as usize).is_some_and(|r| r.traits.has(Traits::UPSTREAM));
    let Some(block) = server.route_block(route) else { return false };
    if pattern_of(&block).is_none_or(|(modifier, _)| modifier == "~*") {
        return false;
    }
    let landmark = LazyCell::new(|| server.landmark(route).map(|l| l.path));
    for other in winners.iter().filter(|r| **r != route && hands_over(**r)) {
        let Some(winner) = server.route_block(*other) else { continue };
        let Some((by, _)) = pattern_of(&winner).filter(|(by, _)| by.starts_with('~')) else { continue };
        if !is_sibling(&block, &winner) || is_gated(server, *other) {
            continue;
        }
        let Some(path) = landmark.as_deref() else { return false };
        let script = path.strip_suffix(".php").is_some() && server.effective(*other, Name::FastcgiPass).is_some();
        let split = server.effective(*other, Name::FastcgiSplitPathInfo).is_some();
        let how = if split { Spelling::PathInfo } else { Spelling::FixedPathInfo };
        if script && report(server, route, gate, &winner, &format!("{path}/x"), how, cx) {
            return true;
        }
        let upper = other_case(path);
        if by == "~*" && upper != path && report(server, route, gate, &winner, &upper, Spelling::Case, cx) {
            return true;
        }
    }
    false
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// `/wp-login.php/x`: the script runs all the same, with `/x` in `PATH_INFO`.
    PathInfo,
    /// The same where nginx does not take the path apart: PHP does, as `cgi.fix_pathinfo` is on unless somebody switches it off.
    FixedPathInfo,
    /// `/WP-LOGIN.php`: the same thing where the application or the file system does not tell case.
    Case,
}

/// The path in capitals, but for its ending.
fn other_case(path: &str) -> String {
    match path.rsplit_once('.') {
        Some((stem, ending)) => format!("{}.{ending}", stem.to_ascii_uppercase()),
        None => path.to_ascii_uppercase(),
    }
}

fn report(server: &Server, route: RouteId, gate: &Directive, winner: &Directive, path: &str, how: Spelling, cx: &mut Cx) -> bool {
    let mut request = server.request(path);
    if how == Spelling::FixedPathInfo {
        request.assume.file_exists = Some(false);
    }
    let outcome = server.resolve(&request);
    // Not as the front controller that takes what is not there.
    let moved = |o: &Outcome| o.steps.iter().any(|s| s.what.starts_with("try_files falls back"));
    let reaches = |o: &Outcome| is_open(o) && !moved(o) && o.served_by.span == winner.span() && o.handler.kind.is_upstream() && !answered(o);
    if !outcome.possibly(reaches) || !outcome.always(is_open) {
        return false;
    }
    let own = [Name::ProxyPass, Name::FastcgiPass].into_iter().find_map(|name| server.effective(route, name));
    let same =
        own.is_none_or(|own| outcome.handler.span.is_some_and(|s| cx.sources.text(s).starts_with(own.name_text().as_ref())));
    // On most servers files differ by case: the script is then not found.
    let files = outcome.possibly(|o| reaches(o) && o.handler.kind == HandlerKind::Fastcgi);
    if !same || how == Spelling::Case && files && cx.settings.profile < Profile::Strict {
        return false;
    }
    let why = match how {
        Spelling::PathInfo | Spelling::FixedPathInfo => "the script before the last / runs",
        Spelling::Case => "it matters where the application does not tell case",
    };
    let message = format!("{} is served by {} without the password: {why}", request.describe(), winner.text());
    let mut found = finding(ID, server, route, gate.span(), message, request)
        .confidence(if how == Spelling::Case { Confidence::Low } else { Confidence::Medium })
        .related(winner.span(), "this regular expression takes it")
        .help(match how {
            Spelling::PathInfo | Spelling::FixedPathInfo => "protect the prefix (location ^~ /wp-login.php) instead of the exact path",
            Spelling::Case => "protect the path in any case: location ~* before the other regular expression",
        });
    if how == Spelling::Case {
        found = found.severity(if files { Severity::Info } else { Severity::Warning });
    }
    cx.report(found);
    true
}

/// Whether nginx answers by itself.
fn answered(outcome: &Outcome) -> bool {
    matches!(outcome.status.known(), Some(Some(_)))
}
