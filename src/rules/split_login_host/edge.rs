//! The same for CDNs, gateways and routes of platform.sh.

use super::{ID, Names, Pair, goes_to_application, target};
use crate::discover::edge::Dialect;
use crate::finding::Confidence;
use crate::model::from::edge::EdgeSite;
use crate::model::{PathKind, Request, Site};
use crate::rules::Cx;
use crate::rules::support::{finding, first_known, names_login, request_for};

/// Looks for two hosts, with and without `www.`, that lead to one application.
pub(in crate::rules) fn check(sites: &[EdgeSite], cx: &mut Cx) {
    let names = Names::of(sites);
    for Pair { with, www, without, apex } in names.pairs(sites) {
        // Where nothing names a login, the application may redirect by itself, or have none. On platform.sh the redirect is a route.
        let redirects_here = with.dialect() == Dialect::PlatformSh;
        let names_it = |site: &EdgeSite| site.named_paths().iter().any(|path| names_login(path));
        if !redirects_here && !names_it(with) && !names_it(without) {
            continue;
        }
        let kinds = &[PathKind::Login];
        let login = (0..).zip(with.routes()).find_map(|(id, route)| Some((id, first_known(route, cx.paths, kinds)?)));
        let Some((id, known)) = login else { continue };
        let at = |host: &str| Request { host: host.to_owned(), ..request_for(with, known).past_gates() };
        let (here, there) = (with.resolve(&at(www)), without.resolve(&at(apex)));
        if !here.always(goes_to_application) || !there.always(goes_to_application) || target(&here) != target(&there) {
            continue;
        }
        // Each host has a place of its own, or stands in the rule of the entry that serves it.
        let own_place = matches!(with.dialect(), Dialect::PlatformSh | Dialect::IngressNginx);
        let primary = if own_place { with.place().span } else { here.served_by.span };
        let request = at(www);
        let message = format!("{} is answered with and without www.: who signs in at one is a stranger at the other", request.describe());
        let mut found = finding(ID, with, id, primary, message, request)
            .help("make one of the two names a redirect to the other")
            .confidence(Confidence::Medium);
        if !std::ptr::eq(with, without) {
            found = found.related(without.place().span, "the other name is served here");
        }
        cx.report(found);
    }
}
