//! What CloudFront refuses when a template is deployed.

use crate::discover::edge::resources;
use crate::finding::Finding;
use crate::syntax::yaml::Yaml;

/// Statuses that a custom error response may be for (`CustomErrorResponse`, `ErrorCode`).
const ERROR_CODES: &[u16] = &[400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504];

/// Finds header fields that a policy may not name, and statuses that no error response may be for.
pub(super) fn check(document: Yaml) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (_, resource) in resources(document) {
        let Some(properties) = resource.get("Properties") else { continue };
        match resource.get("Type").and_then(Yaml::as_str) {
            Some("AWS::CloudFront::OriginRequestPolicy") => findings.extend(named_authorization(properties)),
            Some("AWS::CloudFront::Distribution") => findings.extend(error_codes(properties)),
            _ => {}
        }
    }
    findings
}

/// "You cannot forward the Authorization header individually in an origin request policy": the call is answered with 400.
fn named_authorization(properties: Yaml) -> Option<Finding> {
    let headers = properties.at_path(&["OriginRequestPolicyConfig", "HeadersConfig"])?;
    if headers.get("HeaderBehavior").and_then(Yaml::as_str) != Some("whitelist") {
        return None;
    }
    let named = headers.get("Headers")?.items().find(|h| h.as_str().is_some_and(|h| h.eq_ignore_ascii_case("authorization")))?;
    let message = "CloudFront refuses an origin request policy that names Authorization";
    let help = "name it in a cache policy, or pass on all header fields of the viewer (HeaderBehavior: allViewer)";
    Some(Finding::new("syntax-error", named.span(), message).help(help))
}

fn error_codes(properties: Yaml) -> Vec<Finding> {
    let pages = properties.at_path(&["DistributionConfig", "CustomErrorResponses"]).into_iter().flat_map(Yaml::items);
    let refused = pages.filter_map(|page| {
        let code = page.get("ErrorCode")?;
        let number: u16 = code.as_str()?.trim().parse().ok().filter(|number| !ERROR_CODES.contains(number))?;
        let message = format!("CloudFront has no error response for status {number}");
        let list = ERROR_CODES.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
        Some(Finding::new("syntax-error", code.span(), message).help(format!("it may be {list}")))
    });
    refused.collect()
}
