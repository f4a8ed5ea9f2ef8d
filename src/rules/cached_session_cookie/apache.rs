//! The same for Apache: `mod_cache` stores `Set-Cookie` with an answer unless `CacheIgnoreHeaders` names it.

use super::{ID, KINDS};
use crate::finding::{Confidence, Severity};
use crate::model::from::apache::Host;
use crate::model::Stores;
use crate::rules::Cx;
use crate::rules::apache_cache::{self, Cached};
use crate::rules::apache_headers::written;
use crate::rules::caches;
use crate::rules::support::finding;
use crate::source::Span;

/// Asks for pages of applications where cookies get into the store.
pub(in crate::rules) fn check(host: &Host, cx: &mut Cx) {
    let mut reported: Vec<Span> = Vec::new();
    for Cached { candidate, outcome, enable, edits } in apache_cache::cached(host, cx, KINDS) {
        let replays = outcome.always(|o| o.cache.stores_set_cookie);
        if reported.contains(&enable) || !replays || apache_cache::drops_cookies(&edits) {
            continue;
        }
        reported.push(enable);
        let request = candidate.request.describe();
        let message = format!("a cookie set by the answer to {request} is stored with it and set again for every visitor");
        let mut found = finding(ID, host, candidate.route, enable, message, candidate.request)
            .help("add CacheIgnoreHeaders Set-Cookie")
            .related(outcome.served_by.span, "the request is served here");
        let given = written(&edits, "cache-control").filter(|w| apache_cache::lasts(&w.value));
        if let Some(given) = &given {
            found = found.related(given.by, "every answer gets a time here");
        }
        if caches::stored(&outcome) != Some(Stores::Yes) && given.is_none() {
            found = found.severity(Severity::Warning).confidence(Confidence::Medium);
        }
        cx.report(found);
    }
}
