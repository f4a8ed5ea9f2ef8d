//! The origins of a distribution: an application, or files in a bucket.

use super::values::{Alternative, Template};
use crate::model::Value;
use crate::model::from::edge::says::{Behind, Origin};
use crate::source::Span;
use crate::syntax::yaml::Yaml;

/// Parts of names of services that keep files.
const STORES: &[&str] =
    &[".s3.", ".s3-", "s3-website", "mediastore", "mediapackage", "storage.googleapis.com", "blob.core.windows.net"];

/// Ends of names of services that host sites of files, and functions beside them: what is there is not certain.
const HOSTS_OF_SITES: &[&str] =
    &[".github.io", ".gitlab.io", ".netlify.app", ".pages.dev", ".surge.sh", ".web.app", ".firebaseapp.com", ".readthedocs.io"];

/// An origin of a distribution.
pub(super) struct Found<'a> {
    pub(super) origin: Origin,
    /// Its name, if the template tells.
    pub(super) domain: Option<&'a str>,
    /// Whether it answers to nothing but its own name: an interface of API Gateway, the address of a function ("Use managed origin
    /// request policies, `AllViewerExceptHostHeader`").
    pub(super) own_name: bool,
    /// The fields that requests to it get, each with its value and where that stands.
    pub(super) adds: Vec<(&'a str, Option<&'a str>, Span)>,
}

/// The origin with an id, as behaviours name it; a group stands for its first member.
pub(super) fn origin<'a>(template: &Template<'a>, config: Yaml<'a>, id: Yaml<'a>) -> Option<Found<'a>> {
    let lists = |key: &str| config.get(key).map(|list| template.nodes(list)).unwrap_or_default();
    let origins: Vec<Yaml> = lists("Origins").into_iter().flat_map(|(list, _)| list.items()).collect();
    let same = |node: Yaml<'a>| written(node) == written(id);
    let by_id = |same: &dyn Fn(Yaml<'a>) -> bool| {
        let all = origins.iter().flat_map(|origin| template.nodes(*origin));
        all.map(|(origin, _)| origin).find(|origin| origin.get("Id").is_some_and(same))
    };
    let found = by_id(&same).or_else(|| {
        let groups = config.at_path(&["OriginGroups", "Items"])?;
        let group = groups.items().find(|group| group.get("Id").is_some_and(same))?;
        let member = group.at_path(&["Members", "Items"])?.items().next()?.get("OriginId")?;
        by_id(&|node| written(node) == written(member))
    })?;
    let domain = found.get("DomainName");
    let text = domain.and_then(|domain| template.text(domain));
    let span = found.entry("DomainName").map_or(found.span(), |entry| entry.head());
    let target = text.map(|domain| Value::Known(domain.to_owned()));
    let protocol = found.get("CustomOriginConfig").and_then(|custom| custom.entry("OriginProtocolPolicy"));
    // The default of a parameter is a proposal.
    let plain = protocol.filter(|policy| policy.value.as_str() == Some("http-only")).map(|policy| policy.head());
    let origin = Origin { behind: behind(template, found), span, target, plain };
    Some(Found {
        origin,
        domain: text,
        own_name: domain.is_some_and(|domain| is_api(template, domain)),
        adds: added(template, found),
    })
}

/// Whether a name is that of API Gateway or of a function.
fn is_api(template: &Template, domain: Yaml) -> bool {
    const KINDS: &[&str] = &["AWS::ApiGateway", "AWS::Serverless::Api", "AWS::Serverless::HttpApi", "AWS::Lambda::Url"];
    let mut pending = vec![domain];
    // A value of a template is small; what is not is no value.
    for _ in 0..64 {
        let Some(node) = pending.pop() else { break };
        if node.raw().is_some_and(|text| text.contains(".execute-api.") || text.contains(".lambda-url.")) {
            return true;
        }
        pending.extend(node.items());
        pending.extend(node.entries().into_iter().map(|entry| entry.value));
    }
    template.names_in(domain).iter().any(|name| KINDS.iter().any(|kind| template.is_of(name, kind)))
}

/// The fields that CloudFront adds to each request to an origin (`OriginCustomHeaders`).
fn added<'a>(template: &Template<'a>, origin: Yaml<'a>) -> Vec<(&'a str, Option<&'a str>, Span)> {
    let headers = origin.get("OriginCustomHeaders").into_iter().flat_map(Yaml::items);
    let header = |header: Yaml<'a>| {
        let name = template.text(header.get("HeaderName")?)?;
        let value = header.entry("HeaderValue")?;
        Some((name, template.text(value.value), value.head()))
    };
    headers.filter_map(header).collect()
}

/// How a value is written, with its tag: ids are compared as they stand, so that `!Ref Name` finds its like.
fn written(node: Yaml<'_>) -> (Option<&str>, Option<&str>) {
    let inner = node.entries().first().map(|entry| entry.value);
    (node.tag(), node.raw().or_else(|| inner.and_then(Yaml::raw)))
}

fn behind(template: &Template, origin: Yaml) -> Behind {
    let Some(domain) = origin.get("DomainName") else { return Behind::Unknown };
    // Functions have an access control as well as buckets.
    if origin.get("S3OriginConfig").is_some() || origin.get("OriginAccessControlId").is_some() && !is_api(template, domain) {
        return Behind::Files;
    }
    if template.names_in(domain).iter().any(|name| template.is_of(name, "AWS::S3::")) {
        return Behind::Files;
    }
    let store = |text: &str| STORES.iter().any(|store| text.contains(store));
    let alternatives = template.alternatives(domain);
    let texts: Vec<&str> =
        alternatives.iter().filter_map(|a| if let Alternative::Node(node) = a { node.raw() } else { None }).collect();
    if texts.iter().any(|text| store(text)) || domain.raw().is_some_and(store) {
        return Behind::Files;
    }
    if texts.iter().any(|text| HOSTS_OF_SITES.iter().any(|end| text.ends_with(end))) {
        return Behind::Unknown;
    }
    let named = domain.raw().or_else(|| domain.entries().first().and_then(|entry| entry.value.raw())).unwrap_or_default();
    let named = named.to_ascii_lowercase();
    // A parameter that is called after a bucket, or a value of another stack: what it is for is not certain.
    if texts.is_empty() && ["bucket", "s3", "website", "static", "asset", "media"].iter().any(|word| named.contains(word)) {
        return Behind::Unknown;
    }
    if origin.get("CustomOriginConfig").is_some() || !texts.is_empty() { Behind::Application } else { Behind::Unknown }
}
