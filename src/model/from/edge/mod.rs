//! Documents of CDNs, gateways and ingresses to sites. One file a dialect: it says for each entry which requests it is for and what
//! it says about them, in the terms of [`says`]; which entry counts is followed by [`follow`], for all dialects alike.

mod cloudformation;
mod edge_site;
mod follow;
mod neutral;
mod pattern;
mod says;

pub use edge_site::EdgeSite;

use crate::discover::edge::Dialect;
use crate::model::{Paths, Request};
use crate::project::edge::Config;
use crate::source::SourceMap;

/// The sites of a file, in the order of the text.
pub fn lower(config: &Config, sources: &SourceMap, paths: &Paths) -> Vec<EdgeSite> {
    let drafts = config.documents(sources).flat_map(|(dialect, document)| match dialect {
        Dialect::Neutral => neutral::lower(document),
        Dialect::CloudFormation => cloudformation::lower(document),
    });
    drafts.map(|draft| EdgeSite::new(draft, paths)).collect()
}

/// The site that a request reaches: one that names its host, else one that names none.
pub fn choose<'s>(sites: &'s [EdgeSite], request: &Request) -> Option<&'s EdgeSite> {
    let named = sites.iter().find(|site| !site.hosts.is_empty() && site.answers_to(&request.host));
    named.or_else(|| sites.iter().find(|site| site.hosts.is_empty())).or_else(|| sites.first())
}
