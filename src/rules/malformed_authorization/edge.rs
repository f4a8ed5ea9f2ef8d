//! The same for gateways that set the header.

use std::collections::HashSet;

use foldhash::fast::FixedState;

use super::{Fault, ID, fault};
use crate::finding::{Applicability, Edit};
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
        let (Some(Fault { what, confidence, mend }), Some(request)) = (fault(&value), site.landmark(id)) else { continue };
        reported.insert(span);
        let message = format!("{} gets an Authorization that no server accepts: {what}", request.describe());
        let mut found = finding(ID, site, id, span, message, request).confidence(confidence).help("write the scheme, one blank, the credentials");
        if let Some((from, to)) = mend
            && let Some(at) = cx.sources.text(span).find(from.as_str()).filter(|_| !from.is_empty())
        {
            let start = span.start + at as u32;
            let edit = Edit { span: Span::new(span.file, start, start + from.len() as u32), text: to };
            found = found.fix(Applicability::Unsafe, "mend the value", vec![edit]);
        }
        cx.report(found);
    }
}
