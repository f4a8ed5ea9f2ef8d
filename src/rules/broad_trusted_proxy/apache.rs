//! The same for Apache: the lists of `mod_remoteip`, and `RemoteIPHeader` without any.

use super::{ID, SHORTEST};
use crate::finding::{Confidence, Finding};
use crate::project::apache::{Config, Directive};
use crate::rules::Cx;
use crate::syntax::apache::Name;
use crate::syntax::apache::subnet::Subnet;

const LISTS: [Name; 4] =
    [Name::RemoteIPInternalProxy, Name::RemoteIPTrustedProxy, Name::RemoteIPInternalProxyList, Name::RemoteIPTrustedProxyList];

/// Looks at every list of trusted proxies, and for one.
pub(in crate::rules) fn check(config: &Config, cx: &mut Cx) {
    let Some(header) = config.all(cx.sources, Name::RemoteIPHeader).next() else { return };
    let mut listed = false;
    for directive in LISTS.iter().flat_map(|name| config.all(cx.sources, *name)) {
        listed = true;
        let internal = directive.name() == Name::RemoteIPInternalProxy;
        if !internal && directive.name() != Name::RemoteIPTrustedProxy || !directive.args().any(|net| is_broad(&net)) {
            continue;
        }
        // A trusted proxy is not believed about private addresses, an internal one is.
        let which = if internal { "the address" } else { "the public address" };
        let message = format!("a request from any client that sends {} counts as coming from {which} it names there", header.arg(0));
        let found = Finding::new(ID, directive.span(), message)
            .help("name only the addresses of your own proxies")
            .related(header.span(), "the address is taken from here")
            // The last address of the list counts, and the next one only if that is trusted too: with such a list, every one is.
            .confidence(Confidence::High);
        report(found, &directive, cx);
    }
    if listed || config.incomplete || header.htaccess().is_some() || header.is_unknown() {
        return;
    }
    let message = format!(
        "without a list of trusted proxies, a request from any client that sends {} counts as coming from the public address it names there",
        header.arg(0)
    );
    let found = Finding::new(ID, header.span(), message)
        .help("name the addresses of your own proxies with RemoteIPInternalProxy or RemoteIPTrustedProxy")
        // Of a part of a configuration, the list may stand elsewhere.
        .confidence(if config.partial { Confidence::Low } else { Confidence::Medium });
    report(found, &header, cx);
}

fn report(mut found: Finding, directive: &Directive, cx: &mut Cx) {
    let mut sections: Vec<String> = directive.ancestors().map(|a| a.text()).collect();
    sections.reverse();
    found.context = sections.join(" > ");
    cx.report(found);
}

/// Whether a network is wider than anybody's own.
fn is_broad(text: &str) -> bool {
    match Subnet::parse(text) {
        Some(Subnet::V4 { mask, .. }) => mask.leading_ones() < u32::from(SHORTEST),
        Some(Subnet::V6 { mask, .. }) => mask.leading_ones() < u32::from(SHORTEST),
        None => false,
    }
}
