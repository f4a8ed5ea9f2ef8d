//! The same for ingresses: `auth-cache-key` without the credential that was checked.

use super::ID;
use crate::model::Site;
use crate::model::Traits;
use crate::model::from::edge::EdgeSite;
use crate::rules::Cx;
use crate::rules::support::{finding, routes_with};
use crate::source::Span;

/// Looks at the keys by which verdicts are kept.
pub(in crate::rules) fn check(site: &EdgeSite, cx: &mut Cx) {
    let mut reported: Vec<Span> = Vec::new();
    for (id, _) in routes_with(site, Traits::GATE) {
        let Some(verdicts) = site.verdicts(id).filter(|verdicts| !reported.contains(&verdicts.span)) else { continue };
        let key = verdicts.key.to_ascii_lowercase();
        let by_token = key.contains("http_authorization");
        let by_cookie = key.contains("cookie");
        let refusals = verdicts.durations.split([' ', ',']).any(|word| word == "401" || word == "any");
        if by_token || by_cookie && !refusals {
            continue;
        }
        let Some(request) = site.landmark(id) else { continue };
        let request = request.header("Authorization", "Bearer token-of-the-client");
        reported.push(verdicts.span);
        let message = if by_cookie {
            format!("{} gets the verdict on another client without that cookie, a refusal among them: the key holds no Authorization", request.describe())
        } else {
            format!("{} gets the verdict on another client: the key holds no credential", request.describe())
        };
        let found = finding(ID, site, id, verdicts.span, message, request)
            .help("put every credential that the check looks at into the key: $http_authorization and the session cookie");
        cx.report(found);
    }
}
