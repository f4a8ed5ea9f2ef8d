//! The same for Apache: `CacheStorePrivate`, and answers to credentials that a line of the configuration calls public.

use super::{ID, PERSONAL};
use crate::finding::Confidence;
use crate::model::from::apache::Host;
use crate::model::{GateKind, Site};
use crate::project::apache::Directive;
use crate::rules::Cx;
use crate::rules::apache_cache::{self, Cached};
use crate::rules::apache_headers::{Written, is_open, written};
use crate::rules::caches;
use crate::rules::support::finding;
use crate::source::Span;
use crate::syntax::apache::Name;

/// Asks for personal pages where what keeps them out of the store is switched off.
pub(in crate::rules) fn check(host: &Host, cx: &mut Cx) {
    let mut reported: Vec<Span> = Vec::new();
    let quick = apache_cache::is_quick(host);
    for cached in apache_cache::cached(host, cx, PERSONAL) {
        if reported.contains(&cached.enable) {
            continue;
        }
        let private = host.effective(cached.candidate.route, Name::CacheStorePrivate).filter(|d| d.arg(0).eq_ignore_ascii_case("on"));
        let marked = written(&cached.edits, "cache-control");
        // Where the configuration itself gives all answers a time, what the application calls private does not count any more.
        if let Some(private) = private.filter(|d| !is_open(host, d) && marked.is_none()) {
            reported.push(cached.enable);
            ignores_private(host, cached, &private, cx);
        } else if let Some(marked) = marked.filter(|w| !quick && is_public(&w.value)) {
            shared(host, cached, &marked, &mut reported, cx);
        }
    }
}

/// Whether a `Cache-Control` lets answers to credentials be stored (RFC 9111, 3.5).
fn is_public(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    apache_cache::lasts(&value) && ["public", "s-maxage"].iter().any(|word| value.contains(word))
}

fn ignores_private(host: &Host, cached: Cached, private: &Directive, cx: &mut Cx) {
    let Cached { candidate, outcome, enable, .. } = cached;
    let witness = apache_cache::signed_in(&candidate.request);
    let message = format!(
        "the answer to {} is stored and given to everybody, although the application marks it private",
        witness.describe()
    );
    let found = finding(ID, host, candidate.route, enable, message, witness)
        .help("take CacheStorePrivate out: private is how an application says that an answer is for one visitor")
        .related(private.span(), "private is ignored here")
        .related(outcome.served_by.span, "the request is served here");
    cx.report(found);
}

/// Answers to credentials are stored behind the check of the password, and given to whoever else passes it.
fn shared(host: &Host, cached: Cached, marked: &Written, reported: &mut Vec<Span>, cx: &mut Cx) {
    let Cached { candidate, enable, .. } = cached;
    let with = candidate.request.clone().header("Authorization", "Basic dXNlcjpzZWNyZXQ=");
    let outcome = host.resolve(&with);
    let checked = outcome.always(|o| o.gates.iter().any(|g| g.kind == GateKind::Basic));
    if !caches::from_store(&outcome) || !(checked || candidate.known.is_some()) || !caches::credentials_arrive(&outcome) {
        return;
    }
    reported.push(enable);
    let message = format!("the answer to {} is stored and given to everybody: the key does not hold the credentials", with.describe());
    let found = finding(ID, host, candidate.route, enable, message, with)
        .help("take these paths out of the cache, or do not call their answers public")
        .related(marked.by, "answers are called public here")
        .related(outcome.served_by.span, "the request is served here")
        .confidence(Confidence::Medium);
    cx.report(found);
}
