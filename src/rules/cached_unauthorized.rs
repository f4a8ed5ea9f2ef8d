//! `cached-unauthorized`: a 401 is kept and given to clients with good credentials.

mod apache;
pub(super) mod edge;

use std::cell::LazyCell;

use super::Cx;
use super::caches::{self, Candidate};
use super::support::finding;
use crate::finding::{Applicability, Confidence, Edit, Finding};
use crate::model::from::nginx::Server;
use crate::model::{Outcome, PathKind, Site, Stores};
use crate::source::{SourceMap, Span};

pub(super) use apache::check as check_apache;

/// The id.
pub(super) const ID: &str = "cached-unauthorized";

const KINDS: &[PathKind] = &[PathKind::Api, PathKind::Account, PathKind::Admin, PathKind::Login, PathKind::Token];

/// How many paths of a location are tried.
const MOST: usize = 6;

/// Asks where a cache of this server keeps a 401.
pub(super) fn check(server: &Server, cx: &mut Cx) {
    let site: &dyn Site = server;
    let starts = caches::starts(site, caches::caches);
    if starts.is_empty() {
        return;
    }
    let session = LazyCell::new(|| caches::session(server, cx.sources));
    let asset_host = site.hosts().first().is_some_and(|host| caches::is_asset_host(host));
    let mut reported: Vec<Span> = Vec::new();
    for start in starts {
        let mut candidates = caches::candidates(site, start, cx.paths, KINDS);
        candidates.truncate(MOST);
        candidates.extend(caches::made_up(site, start));
        for candidate in candidates {
            let anonymous = site.resolve(&candidate.request);
            if anonymous.always(|o| o.cache.stores_401.value.is(&Stores::Origin)) {
                break;
            }
            let Some(valid) = anonymous.cache.stores_401.because.get(1).copied() else { continue };
            if reported.contains(&valid) || caches::keyed(&anonymous.cache) || !keeps_401(&anonymous) {
                continue;
            }
            let named = cx.sources.text(valid).split_whitespace().any(|word| word == "401");
            let foreign = caches::is_foreign(&candidate.request, &anonymous);
            if !named && (asset_host || foreign || candidate.known.is_none() && caches::looks_static(&candidate.request.path)) {
                continue;
            }
            let bearer = candidate.request.clone().header("Authorization", "Bearer token-of-the-client");
            let signed_in = candidate.request.clone().header("Cookie", &session);
            let refused = |request| {
                let outcome = site.resolve(request);
                caches::from_store(&outcome) && caches::credentials_arrive(&outcome)
            };
            let witness = if refused(&bearer) {
                bearer
            } else if named && refused(&signed_in) {
                candidate.request.clone().header("Cookie", "session=of-the-client")
            } else {
                continue;
            };
            reported.push(valid);
            report(site, &candidate, &anonymous, valid, witness, named, cx);
        }
    }
}

fn keeps_401(outcome: &Outcome) -> bool {
    outcome.always(|o| o.handler.kind.is_upstream() && o.cache.stores_401.value.is(&Stores::Yes))
}

/// The status goes from the list, or a line before it takes the status out.
fn without_401(found: Finding, valid: Span, named: bool, sources: &SourceMap) -> Finding {
    let text = sources.text(valid);
    let Some((directive, values)) = text.split_once(char::is_whitespace) else { return found };
    if !named {
        let edit = Edit::insert_before(sources, valid, &[&format!("{directive} 401 403 0;")]);
        return found.fix(Applicability::Unsafe, "keep no 401 and 403", vec![edit]);
    }
    // The last word is the time.
    if values.split_whitespace().rev().skip(1).all(|status| status == "401") {
        let ended = Span::new(valid.file, valid.start, valid.end + u32::from(sources.file(valid.file).text().get(valid.end as usize..).is_some_and(|rest| rest.starts_with(';'))));
        return found.fix(Applicability::Unsafe, "remove the line", vec![Edit::remove(sources, ended)]);
    }
    let is_status = |at: &usize| {
        let around = (text.as_bytes().get(at.wrapping_sub(1)), text.as_bytes().get(at + 3));
        matches!(around, (Some(before), Some(after)) if before.is_ascii_whitespace() && after.is_ascii_whitespace())
    };
    let Some(at) = text.match_indices("401").map(|(at, _)| at).find(is_status) else { return found };
    let blanks = text.get(..at).map_or(0, |before| before.len() - before.trim_end().len());
    let start = valid.start + (at - blanks) as u32;
    let span = Span::new(valid.file, start, valid.start + (at + 3) as u32);
    found.fix(Applicability::Unsafe, "take 401 out of the list", vec![Edit::replace(span, "")])
}

fn report(
    site: &dyn Site,
    candidate: &Candidate,
    outcome: &Outcome,
    valid: Span,
    witness: crate::model::Request,
    named: bool,
    cx: &mut Cx,
) {
    let message = format!("{} gets the 401 that this line keeps of a client without good credentials", witness.describe());
    let help = if named {
        "take 401 out of the list"
    } else {
        "name the statuses to keep instead of any, or put a line with 401 403 0 before it"
    };
    let mut found = finding(ID, site, candidate.route, valid, message, witness).help(help);
    if let Some(cache) = outcome.cache.stores_401.because.first() {
        found = found.related(*cache, "the cache is switched on here");
    }
    found = found.related(outcome.served_by.span, "the request is served here");
    found = without_401(found, valid, named, cx.sources);
    cx.report(found.confidence(if named { Confidence::High } else { Confidence::Medium }));
}
