//! The claims of findings in YAML, asked of the model: the request that a finding names meets the fault in the bad example, and does
//! not in a good one of the same dialect.

use std::path::Path;

use lint401::connect::{self, Sites};
use lint401::model::from::Lookup;
use lint401::model::{GateKind, HandlerKind, HeaderFate, Known, Outcome, Paths, Request, Site as _, Stores};
use lint401::source::SourceMap;

use crate::Page;
use crate::lint;
use crate::support::markdown::Example;

/// Whether an outcome shows the fault of a rule.
type Shows = fn(&Outcome) -> bool;

/// What the findings of each rule say of an outcome. What is not here is beyond one request: verdicts that are kept, rates, several
/// hosts, who may send a field.
const CLAIMS: &[(&str, Shows)] = &[
    ("dropped-authorization", |o| authorization(o).is_some_and(|fate| *fate == HeaderFate::Dropped)),
    ("stripped-cookies", |o| {
        let dropped = o.upstream.as_ref().is_some_and(|u| u.cookie.value.is(&HeaderFate::Dropped));
        dropped || o.response.hidden.iter().any(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
    }),
    ("cached-login", is_shared),
    ("cached-private-response", is_shared),
    ("cached-session-cookie", |o| is_stored(o) && o.cache.stores_set_cookie),
    ("cached-unauthorized", |o| o.cache.stores_401.value.is(&Stores::Yes)),
    ("blocked-login-endpoint", |o| o.handler.kind == HandlerKind::Return && matches!(o.status, Known::Is(Some(401 | 403 | 444)))),
    ("broad-basic-auth", |o| o.gates.iter().any(|gate| matches!(gate.kind, GateKind::Basic | GateKind::Digest))),
    ("duplicate-auth", |o| o.gates.iter().filter(|gate| gate.kind.reads_authorization()).count() > 1),
    ("credential-collision", |o| o.gates.iter().any(|gate| gate.kind == GateKind::Basic)),
    ("literal-credential", is_replaced),
    ("malformed-authorization", is_replaced),
    ("lossy-redirect", |o| o.location.is_some() && matches!(o.status, Known::Is(Some(301..=303)))),
];

/// Rules whose good examples do the same for other requests: what an entry is for decides, and the model is asked about the bad ones.
const BY_PURPOSE: &[&str] = &["lossy-redirect"];

fn authorization(outcome: &Outcome) -> Option<&HeaderFate> {
    outcome.upstream.as_ref()?.authorization.value.known()
}

fn is_replaced(outcome: &Outcome) -> bool {
    authorization(outcome).is_some_and(|fate| matches!(fate, HeaderFate::Replaced(_)))
}

/// Kept without being told to, and whoever asks next gets it.
fn is_shared(outcome: &Outcome) -> bool {
    outcome.cache.stores.value.is(&Stores::Yes)
        && outcome.cache.key_has_authorization != Some(true)
        && !outcome.cache.key_has_cookie
}

fn is_stored(outcome: &Outcome) -> bool {
    outcome.cache.stores.value.known().is_some_and(|stores| *stores != Stores::No)
}

/// What happens to a request in an example.
struct Answered {
    outcome: Outcome,
    /// In which language that is said.
    language: &'static str,
    /// Whether a cache that is there keeps pages, or only files or data.
    keeps_pages: bool,
}

fn outcome(example: &Example, request: &Request) -> Result<Option<Answered>, String> {
    let settings = lint::settings(example)?;
    let texts = lint::texts(example);
    let (files, root) = (lint::memory(&texts), lint::root(&example.language, &texts));
    let mut sources = SourceMap::new();
    let (config, _) = connect::load(&files, &mut sources, &root, &settings);
    let lookup = || Lookup::new(&files, Path::new(""), &settings);
    let own = connect::sites(&config, &sources, Paths::shipped(), lookup());
    let inside = connect::embedded(&config, &sources, Paths::shipped(), lookup);
    let chosen = own.choose(request).or_else(|| inside.iter().find_map(|(_, sites)| sites.choose(request)));
    let Some((site, language)) = chosen else { return Ok(None) };
    let outcome = site.resolve(request);
    let keeps_pages = match &own {
        Sites::Edge(sites) => sites.iter().filter(|known| known.place() == site.place()).any(|known| {
            let mut routes = (0u32..).zip(known.routes()).filter(|(_, route)| route.span == outcome.served_by.span);
            routes.any(|(id, _)| known.keeps_pages(id))
        }),
        _ => true,
    };
    Ok(Some(Answered { outcome, language, keeps_pages }))
}

/// Asks the bad example, and the good ones of its dialect, for the request of each finding.
pub(crate) fn differs(page: &Page, bad: &Example) -> Result<(), String> {
    let Some((_, shows)) = CLAIMS.iter().find(|(id, _)| *id == page.meta.id) else { return Ok(()) };
    let mut settings = lint::settings(bad)?;
    settings.select = vec![page.meta.id.clone()];
    let texts = lint::texts(bad);
    let analysis = lint401::analyze(&lint::memory(&texts), &[lint::root(&bad.language, &texts)], &settings);
    let mut problems = Vec::new();
    let mut asked = 0;
    for reported in &analysis.findings {
        let Some(request) = reported.finding.witness.as_deref() else { continue };
        asked += 1;
        let what = format!("{} {}", request.method, request.target());
        let Some(Answered { outcome: here, language, keeps_pages }) = outcome(bad, request)? else {
            problems.push(format!("{what}: nothing answers it"));
            continue;
        };
        // The verdicts of `auth-url` are kept beside the answers; the real nginx is asked about these.
        if page.meta.id == "cached-unauthorized" && language == "ingress-nginx" {
            continue;
        }
        if !here.always(shows) {
            problems.push(format!("{what}: the model does not show the fault: {here:?}"));
        }
        let mut same = 0;
        let mut mended = 0;
        for good in page.examples.iter().filter(|e| e.role == "good" && e.language == bad.language) {
            let Some(there) = outcome(good, request)?.filter(|there| there.language == language) else { continue };
            same += 1;
            mended += usize::from(!there.outcome.always(shows) || keeps_pages && !there.keeps_pages);
        }
        if same > 0 && mended == 0 && !BY_PURPOSE.contains(&page.meta.id.as_str()) {
            problems.push(format!("{what}: no good example in {language} differs"));
        }
    }
    // Credentials of consumers stand in files without a site: nobody can be asked there.
    let has_site = outcome(bad, &Request::get("", "/"))?.is_some();
    if asked == 0 && has_site && !analysis.findings.is_empty() {
        problems.push("no finding names its request".to_owned());
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}
