//! The same for routes of platform.sh, where each host has routes of its own.

use super::{ID, goes_to_application, target};
use crate::discover::edge::Dialect;
use crate::finding::Confidence;
use crate::model::from::edge::EdgeSite;
use crate::model::{PathKind, Site};
use crate::rules::Cx;
use crate::rules::support::{finding, first_known, request_for};

/// Looks for two hosts, with and without `www.`, that lead to one application.
pub(in crate::rules) fn check(sites: &[EdgeSite], cx: &mut Cx) {
    let routes = sites.iter().filter(|site| site.dialect() == Dialect::PlatformSh);
    for with in routes {
        let Some(apex) = with.hosts().first().and_then(|host| host.strip_prefix("www.")) else { continue };
        let Some(without) = sites.iter().find(|site| site.hosts().iter().any(|host| host == apex)) else { continue };
        let Some((id, known)) = (0..).zip(with.routes()).find_map(|(id, route)| Some((id, first_known(route, cx.paths, &[PathKind::Login])?))) else { continue };
        let request = request_for(with, known).past_gates();
        let (here, there) = (with.resolve(&request), without.resolve(&request));
        if !here.always(goes_to_application) || !there.always(goes_to_application) || target(&here) != target(&there) {
            continue;
        }
        let message = format!("{} is answered with and without www.: who signs in at one is a stranger at the other", request.describe());
        let found = finding(ID, with, id, with.place().span, message, request)
            .help("make one of the two routes a redirect to the other")
            .confidence(Confidence::Medium)
            .related(without.place().span, "the other name is served here");
        cx.report(found);
    }
}
