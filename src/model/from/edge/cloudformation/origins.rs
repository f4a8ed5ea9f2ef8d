//! The origins of a distribution: an application, or files in a bucket.

use super::authorizers::{self, ApiRoute};
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
    /// The routes of the interface that it is, where some of them have an authorizer.
    pub(super) routes: Vec<ApiRoute>,
    /// The fields that requests to it get, each with its value and where that stands.
    pub(super) adds: Vec<(&'a str, Option<&'a str>, Span)>,
}

/// How an id is written: its tag and its text.
type Id<'a> = (Option<&'a str>, Option<&'a str>);

/// The origins of a distribution: most behaviours name the same few.
pub(super) struct Origins<'t, 'a> {
    template: &'t Template<'a>,
    config: Yaml<'a>,
    known: Vec<(Id<'a>, Option<Found<'a>>)>,
}

impl<'t, 'a> Origins<'t, 'a> {
    /// Those of the distribution with these settings.
    pub(super) fn of(template: &'t Template<'a>, config: Yaml<'a>) -> Self {
        Self { template, config, known: Vec::new() }
    }

    /// The origin with an id, as behaviours name it.
    pub(super) fn named(&mut self, id: Yaml<'a>) -> Option<&Found<'a>> {
        let id = written(id);
        let place = self.known.iter().position(|(known, _)| *known == id).unwrap_or_else(|| {
            self.known.push((id, origin(self.template, self.config, id)));
            self.known.len() - 1
        });
        self.known.get(place)?.1.as_ref()
    }
}

/// The node of the origin with an id; a group stands for its first member.
fn node<'a>(template: &Template<'a>, config: Yaml<'a>, id: Id<'a>) -> Option<Yaml<'a>> {
    let lists = |key: &str| config.get(key).map(|list| template.nodes(list)).unwrap_or_default();
    let origins: Vec<Yaml> = lists("Origins").into_iter().flat_map(|(list, _)| list.items()).collect();
    let by_id = |id: Id<'a>| {
        let all = origins.iter().flat_map(|origin| template.nodes(*origin));
        all.map(|(origin, _)| origin).find(|origin| origin.get("Id").is_some_and(|own| written(own) == id))
    };
    by_id(id).or_else(|| {
        let groups = config.at_path(&["OriginGroups", "Items"])?;
        let group = groups.items().find(|group| group.get("Id").is_some_and(|own| written(own) == id))?;
        let member = group.at_path(&["Members", "Items"])?.items().next()?.get("OriginId")?;
        by_id(written(member))
    })
}

/// The origin with an id.
fn origin<'a>(template: &Template<'a>, config: Yaml<'a>, id: Id<'a>) -> Option<Found<'a>> {
    let found = node(template, config, id)?;
    let domain = found.get("DomainName");
    let text = domain.and_then(|domain| template.text(domain));
    let span = found.entry("DomainName").map_or(found.span(), |entry| entry.head());
    let target = text.map(|domain| Value::Known(domain.to_owned()));
    let protocol = found.get("CustomOriginConfig").and_then(|custom| custom.entry("OriginProtocolPolicy"));
    // The default of a parameter is a proposal.
    let plain = protocol.filter(|policy| policy.value.as_str() == Some("http-only")).map(|policy| policy.head());
    let parts = domain.map(|domain| template.names_in(domain)).unwrap_or_default();
    let own_name = domain.is_some_and(|domain| is_api(template, domain, &parts));
    let behind = domain.map_or(Behind::Unknown, |domain| behind(template, found, domain, &parts, own_name));
    let routes = if own_name { authorizers::routes(template, found).unwrap_or_default() } else { Vec::new() };
    Some(Found { origin: Origin { behind, span, target, plain }, domain: text, own_name, routes, adds: added(template, found) })
}

/// Whether a name, made of what goes by these logical names, is that of API Gateway or of a function.
fn is_api(template: &Template, domain: Yaml, parts: &[&str]) -> bool {
    const KINDS: &[&str] = &["AWS::ApiGateway", "AWS::Serverless::Api", "AWS::Serverless::HttpApi", "AWS::Lambda::Url"];
    let mut pending = vec![domain];
    // A value of a template is small; what is not is no value.
    for _ in 0..64 {
        let Some(node) = pending.pop() else { break };
        if node.raw().is_some_and(|text| text.contains(".execute-api.") || text.contains(".lambda-url.") || text == "execute-api")
        {
            return true;
        }
        pending.extend(node.items());
        pending.extend(node.entries().into_iter().map(|entry| entry.value));
    }
    parts.iter().any(|name| KINDS.iter().any(|kind| template.is_of(name, kind)))
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
fn written(node: Yaml<'_>) -> Id<'_> {
    let inner = || node.entries().first().and_then(|entry| entry.value.raw());
    (node.tag(), node.raw().or_else(inner))
}

/// What is behind an origin whose name is made of what goes by these logical names.
fn behind(template: &Template, origin: Yaml, domain: Yaml, parts: &[&str], is_api: bool) -> Behind {
    // Functions have an access control as well as buckets.
    if origin.get("S3OriginConfig").is_some() || origin.get("OriginAccessControlId").is_some() && !is_api {
        return Behind::Files;
    }
    if parts.iter().any(|name| template.is_of(name, "AWS::S3::")) {
        return Behind::Files;
    }
    let store = |text: &str| STORES.iter().any(|store| text.contains(store));
    let alternatives = template.alternatives(domain);
    let texts: Vec<&str> =
        alternatives.iter().filter_map(|a| if let Alternative::Node(node) = a { node.raw() } else { None }).collect();
    // What is filled in later may still show a store.
    let written = domain.raw().filter(|written| !texts.contains(written));
    if texts.iter().any(|text| store(text)) || written.is_some_and(store) {
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
