//! The same for Apache: `mod_cache` keeps a 401 that is given a time, and `Header set Cache-Control` gives it to every answer.

use super::{ID, KINDS};
use crate::finding::{Applicability, Confidence, Edit};
use crate::model::from::apache::Host;
use crate::rules::Cx;
use crate::rules::apache_cache::{self, Cached};
use crate::rules::apache_headers::{is_open, written};
use crate::rules::caches;
use crate::rules::support::finding;
use crate::model::{Request, Site};
use crate::source::Span;

/// At the end of a `Header` line: for good answers only.
const GOOD_ONLY: &str = " \"expr=%{REQUEST_STATUS} == 200\"";

/// Asks where a 401 of an application gets a time, and somebody who is signed in gets the copy.
pub(in crate::rules) fn check(host: &Host, cx: &mut Cx) {
    let mut reported: Vec<Span> = Vec::new();
    for Cached { candidate, outcome, enable, edits } in apache_cache::cached(host, cx, KINDS) {
        let Some(written) = written(&edits, "cache-control").filter(|w| apache_cache::lasts(&w.value)) else { continue };
        let directive = edits.iter().map(|e| e.directive).find(|d| d.span() == written.by);
        if reported.contains(&written.by) || directive.is_none_or(|d| is_open(host, &d)) {
            continue;
        }
        let bearer = candidate.request.clone().header("Authorization", "Bearer token-of-the-client");
        let refused = |request: &Request| {
            let outcome = host.resolve(request);
            caches::from_store(&outcome) && caches::credentials_arrive(&outcome)
        };
        let witness = if refused(&bearer) { bearer } else { apache_cache::signed_in(&candidate.request) };
        if !refused(&witness) {
            continue;
        }
        reported.push(written.by);
        let message = format!("{} gets the 401 that is kept of a client without good credentials: this line gives it a time", witness.describe());
        let replaces = written.replaces(&outcome);
        let mut found = finding(ID, host, candidate.route, written.by, message, witness)
            .help("give the time to good answers only: Header set Cache-Control … \"expr=%{REQUEST_STATUS} == 200\"")
            .related(enable, "the cache is switched on here")
            .confidence(if replaces { Confidence::High } else { Confidence::Medium })
            .fix(Applicability::Unsafe, "give the time to answers of status 200 only", vec![Edit::insert(written.by.file, written.by.end, GOOD_ONLY)]);
        if outcome.served_by.span != enable {
            found = found.related(outcome.served_by.span, "the request is served here");
        }
        cx.report(found);
    }
}
