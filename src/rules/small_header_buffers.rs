//! `small-header-buffers`: request headers with a token do not fit.

use super::Cx;
use super::support::request_at;
use crate::finding::Finding;
use crate::project::nginx::Config;
use crate::syntax::nginx::Name;

/// The id.
pub(super) const ID: &str = "small-header-buffers";

/// The default of nginx.
const ENOUGH: u64 = 8 * 1024;

/// Looks at the size of the buffers where there is an application.
pub(super) fn check(config: &Config, cx: &mut Cx) {
    const PASSES: [Name; 5] = [Name::ProxyPass, Name::FastcgiPass, Name::UwsgiPass, Name::ScgiPass, Name::GrpcPass];
    let sources = cx.sources;
    if PASSES.iter().all(|name| config.all(sources, *name).next().is_none()) {
        return;
    }
    for directive in config.all(sources, Name::LargeClientHeaderBuffers) {
        let written = directive.arg(1);
        let Some(size) = bytes(&written).filter(|size| *size < ENOUGH) else { continue };
        let request = request_at(&directive).header("Authorization", "Bearer long-token");
        let message = format!(
            "{} gets 400 where one header field is longer than {size} bytes, as tokens and session cookies are",
            request.describe()
        );
        let found = Finding::new(ID, directive.span(), message)
            .help("leave the default of 4 buffers of 8k, or write more")
            .witness(request);
        cx.report(found);
    }
}

/// A size of nginx in bytes.
fn bytes(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (digits, unit) = match lower.strip_suffix(['k', 'm']) {
        Some(digits) if lower.ends_with('k') => (digits, 1024),
        Some(digits) => (digits, 1024 * 1024),
        None => (lower.as_str(), 1),
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}
