//! The same for Apache: `CacheEnable`, `ExpiresDefault` and `Header set Cache-Control` over pages to sign in.

use super::{Hit, ID, KINDS, each_once, forgotten, lasting, lasts, login_product, report};
use crate::finding::{Confidence, Severity};
use crate::model::from::apache::Host;
use crate::project::apache::ConditionKind;
use crate::model::{HandlerKind, Outcome, PathKind, RouteId, Site, Traits, Value};
use crate::rules::Cx;
use crate::rules::apache_headers::{edits, is_open, read, uses, written};
use crate::rules::caches::{self, Candidate};
use crate::rules::support::finding;
use crate::source::Span;
use crate::syntax::apache::Name;

const HELP: &str = "take these paths out (CacheDisable /login), or limit CacheEnable to what is the same for everybody";

/// How many routes of one host are looked at.
const MAX_ROUTES: usize = 64;

/// Asks for login pages where `mod_cache` may keep them, and what the configuration says about how long they may be kept.
pub(in crate::rules) fn check(host: &Host, cx: &mut Cx) {
    let marks = [Name::ExpiresActive, Name::Header].iter().any(|name| uses(host, *name));
    let stores = uses(host, Name::CacheEnable);
    if !marks && !stores || host.hosts().first().is_some_and(|name| caches::is_asset_host(name)) {
        return;
    }
    if stores {
        cache(host, cx);
    }
    if marks {
        headers(host, cx);
    }
}

fn cache(host: &Host, cx: &mut Cx) {
    let mut excluded: Vec<&str> = Vec::new();
    let mut hits: Vec<Hit> = Vec::new();
    for start in caches::starts(host, caches::caches).into_iter().take(MAX_ROUTES) {
        let candidates = caches::candidates(host, start, cx.paths, KINDS);
        for candidate in candidates.into_iter().chain(caches::scripts(host, start, cx.paths, KINDS)) {
            let outcome = host.resolve(&candidate.request);
            // Where there is a cache and this path is not in it, somebody took it out.
            if outcome.always(|o| o.handler.kind.is_upstream() && o.cache.key.is_none()) {
                excluded.extend(login_product(&candidate));
                continue;
            }
            let Some(stores) = caches::stored(&outcome).filter(|_| !caches::is_foreign(&candidate.request, &outcome)) else {
                continue;
            };
            let Some(primary) = outcome.cache.stores.because.first().copied() else { continue };
            hits.push(Hit { candidate, primary, outcome, stores });
        }
    }
    forgotten(&mut hits, &excluded);
    each_once(hits, |hit| report(host, hit, HELP, cx));
}

fn headers(host: &Host, cx: &mut Cx) {
    let mut reported: Vec<Span> = Vec::new();
    let starts = caches::starts(host, |r| r.traits.has(Traits::UPSTREAM) && r.traits.has(Traits::EDITS_RESPONSE));
    for start in starts.into_iter().take(MAX_ROUTES) {
        if !start.1.traits.has(Traits::EDITS_RESPONSE) {
            continue;
        }
        let kinds = &[PathKind::Login, PathKind::Account];
        let mut candidates = caches::candidates(host, start, cx.paths, kinds);
        candidates.truncate(2);
        candidates.extend(caches::scripts(host, start, cx.paths, kinds));
        for candidate in candidates {
            let outcome = host.resolve(&candidate.request);
            if !outcome.always(|o| o.handler.kind.is_upstream()) || caches::is_foreign(&candidate.request, &outcome) {
                continue;
            }
            let Some(mark) = mark(host, start.0, &outcome) else { continue };
            if reported.contains(&mark.by) || !mark.replaces && mark.expires && sends_expires(host, &candidate, cx, mark.by) {
                continue;
            }
            reported.push(mark.by);
            report_mark(host, candidate, &outcome, &mark, cx);
            break;
        }
    }
}

/// What the configuration says about how long an answer may be kept.
struct Mark {
    value: String,
    by: Span,
    /// Whether the application has no say in it.
    replaces: bool,
    /// Whether `mod_expires` says it.
    expires: bool,
}

fn mark(host: &Host, route: RouteId, outcome: &Outcome) -> Option<Mark> {
    let all = edits(host, route, Name::Header);
    if let Some(written) = written(&all, "cache-control") {
        let directive = all.iter().find(|e| e.directive.span() == written.by)?.directive;
        let open = is_open(host, &directive) || refused_elsewhere(host, written.by);
        let replaces = written.replaces(outcome);
        let value = Some(written.value).filter(|v| lasting(v) && !open)?;
        return Some(Mark { value, by: written.by, replaces, expires: false });
    }
    // What else edits the field, or makes answers unfit to be kept, counts after `mod_expires`.
    if all.iter().any(|e| e.is_of("cache-control") || e.is_of("expires")) || refused_elsewhere(host, Span::new(host.config().main, 0, 0)) {
        return None;
    }
    // The first run is the usual one: modules that the files ask for are there.
    let usual = outcome.runs.first().unwrap_or(outcome);
    let (value, by) = usual.response.cache_control.clone()?;
    let names = [Name::ExpiresByType, Name::ExpiresDefault].into_iter();
    let mut expires = names.flat_map(|name| host.effective_all(route, name)).filter(|d| d.span() == by);
    let condition = expires.next().and_then(|d| host.config().conditions.get(d.condition() as usize));
    let asks_for_module = condition.is_some_and(|c| matches!(c.kind, ConditionKind::Module(_)));
    let same = |o: &Outcome| match &o.response.cache_control {
        Some((value, span)) => *span == by && lasts(value),
        None => asks_for_module,
    };
    if !lasts(&value) || !outcome.always(same) {
        return None;
    }
    let Value::Known(value) = value else { return None };
    Some(Mark { value, by, replaces: false, expires: true })
}

/// Whether another line forbids to keep answers: the author has thought of it, and which pages it is for is not certain.
fn refused_elsewhere(host: &Host, by: Span) -> bool {
    let headers = host.config().by_name.get(Name::Header as usize).into_iter().flatten();
    let refuses = |text: &str| ["no-store", "no-cache", "private"].iter().any(|word| text.contains(word));
    headers.filter_map(|id| read(host.directive_of(*id))).any(|e| {
        e.directive.span() != by
            && e.directive.span().file == by.file
            && e.is_of("cache-control")
            && e.value().is_none_or(|value| refuses(&value.to_ascii_lowercase()))
    })
}

/// Whether the application of a path is known to send `Expires` with pages of visitors: then `mod_expires` adds nothing
/// (`modules/metadata/mod_expires.c`). WordPress does, and so does PHP with each session unless it is told otherwise.
fn sends_expires(host: &Host, candidate: &Candidate, cx: &Cx, by: Span) -> bool {
    let wordpress = |file| cx.sources.file(file).text().to_ascii_lowercase().contains("wordpress");
    candidate.known.is_some_and(|k| k.product == "wordpress") || wordpress(by.file) || wordpress(host.config().main)
}

fn report_mark(host: &Host, candidate: Candidate, outcome: &Outcome, mark: &Mark, cx: &mut Cx) {
    let request = candidate.request.describe();
    let message = format!("the answer to {request} gets Cache-Control: {}, so that browsers and proxies keep it", mark.value);
    let php = outcome.possibly(|o| o.handler.kind != HandlerKind::Proxy);
    let mut found = finding(ID, host, candidate.route, mark.by, message, candidate.request)
        .help("set it only for files that are the same for everybody: in <FilesMatch> for their endings, or with ExpiresByType")
        .confidence(if php && mark.expires { Confidence::Low } else { Confidence::Medium });
    if outcome.served_by.span != mark.by {
        found = found.related(outcome.served_by.span, "the request is served here");
    }
    if !mark.replaces {
        found = found.severity(Severity::Warning);
    }
    cx.report(found);
}
