//! What Cloud CDN refuses when a backend is applied.

use crate::finding::Finding;
use crate::syntax::yaml::Yaml;

/// Statuses that a negative caching policy may be for (reference of `negativeCachingPolicy[].code`, all resources together).
const CODES: &[u16] = &[300, 301, 302, 307, 308, 404, 405, 410, 421, 451, 501];

/// Finds statuses that no policy may be for.
pub(super) fn check(document: Yaml) -> Vec<Finding> {
    let spec = document.get("spec").unwrap_or(document);
    let policy = spec.get("cdn").or_else(|| spec.get("cdnPolicy"));
    let codes = policy.and_then(|policy| policy.get("negativeCachingPolicy")).into_iter().flat_map(Yaml::items);
    let refused = codes.filter_map(|item| {
        let code = item.get("code")?;
        let number: u16 = code.as_str()?.trim().parse().ok().filter(|number| !CODES.contains(number))?;
        let list = CODES.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
        let message = format!("Cloud CDN refuses to keep answers of status {number} apart");
        Some(Finding::new("syntax-error", code.span(), message).help(format!("it may be {list}")))
    });
    refused.collect()
}
