//! Documents of CDNs, gateways and ingresses to sites. One file a dialect: it says for each entry which requests it is for
//! ([`condition`]) and what it says about them, in the terms of [`says`]; which entry counts is followed by [`follow`], for all
//! dialects alike.

mod amplify;
mod cloudflare;
mod cloudformation;
mod condition;
mod edge_site;
mod envoy;
mod field;
mod follow;
mod gateway_api;
mod google;
mod index;
mod ingress_nginx;
mod istio;
mod kong;
mod logic;
mod moves;
mod neutral;
mod nginx_ingress;
mod pattern;
mod platformsh;
mod read;
mod says;
mod traefik;

pub use edge_site::EdgeSite;
pub use says::{Cookie, Rescoped};

use crate::discover::edge::Dialect;
use crate::model::{Paths, Request};
use crate::project::edge::Config;
use crate::source::SourceMap;
use crate::syntax::yaml::Yaml;

/// The sites of a file, by dialect, in the order of the text.
pub fn lower(config: &Config, sources: &SourceMap, paths: &Paths) -> Vec<EdgeSite> {
    let documents: Vec<(Dialect, Yaml)> = config.documents(sources).collect();
    let drafts = config.dialects().into_iter().flat_map(|dialect| {
        // Documents of one file speak of each other: a route names a middleware.
        let own: Vec<Yaml> = documents.iter().filter(|(of, _)| *of == dialect).map(|(_, document)| *document).collect();
        match dialect {
            Dialect::Neutral => neutral::lower(&own),
            Dialect::CloudFormation => cloudformation::lower(&own),
            Dialect::Cloudflare => cloudflare::lower(&own),
            Dialect::PlatformSh => platformsh::lower(&own),
            Dialect::IngressNginx => ingress_nginx::lower(&own),
            Dialect::Traefik => traefik::lower(&own),
            Dialect::Kong => kong::lower(&own),
            Dialect::Google => google::lower(&own),
            Dialect::Istio => istio::lower(&own),
            Dialect::Envoy => envoy::lower(&own),
            Dialect::GatewayApi => gateway_api::lower(&own),
            Dialect::NginxIngress => nginx_ingress::lower(&own),
            Dialect::Amplify => amplify::lower(&own),
        }
    });
    drafts.map(|draft| EdgeSite::new(draft, paths)).collect()
}

/// The site that a request reaches: one that names its host, else one that names none. A virtual host of Envoy takes only its own.
pub fn choose<'s>(sites: &'s [EdgeSite], request: &Request) -> Option<&'s EdgeSite> {
    let (hosts, sites): (Vec<_>, Vec<_>) = sites.iter().partition(|site| site.dialect() == Dialect::Envoy);
    if let Some(host) = envoy::choose(&hosts, request) {
        return Some(host);
    }
    let named = sites.iter().copied().find(|site| !site.hosts.is_empty() && site.answers_to(&request.host));
    named.or_else(|| sites.iter().copied().find(|site| site.hosts.is_empty())).or_else(|| sites.first().copied())
}
