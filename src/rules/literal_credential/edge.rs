//! The same for gateways that set the header.

use std::collections::HashSet;

use foldhash::fast::FixedState;

use super::{ID, is_secret};
use crate::model::Site;
use crate::model::from::edge::EdgeSite;
use crate::rules::Cx;
use crate::rules::support::finding;
use crate::source::Span;

/// Looks at the values that routes set.
pub(in crate::rules) fn check(site: &EdgeSite, cx: &mut Cx) {
    let mut reported: HashSet<Span, FixedState> = HashSet::default();
    for id in 0..site.routes().len() as u32 {
        let Some((value, span)) = site.sets_authorization(id).filter(|(_, span)| !reported.contains(span)) else { continue };
        let Some(request) = site.landmark(id).filter(|_| is_secret(&value)) else { continue };
        reported.insert(span);
        let message = "the value of Authorization is a credential in plain text, sent with every request served here";
        let found = finding(ID, site, id, span, message.to_owned(), request).help("take it from a secret that the platform keeps");
        cx.report(found);
    }
}
