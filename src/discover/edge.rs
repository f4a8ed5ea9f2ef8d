//! Which dialect a document is written in, by its keys and never by the name of the file.

use crate::syntax::yaml::Yaml;

/// A dialect of edge rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Our own schema, for CDNs whose configuration is no YAML.
    Neutral,
    /// CloudFront in CloudFormation, SAM or the Serverless Framework.
    CloudFormation,
}

impl Dialect {
    /// Whether header fields that nobody names are left out by the platform itself.
    pub fn drops_by_default(self) -> bool {
        match self {
            Self::CloudFormation => true,
            Self::Neutral => false,
        }
    }

    /// How Authorization is passed on in this dialect.
    pub fn how_to_pass_on(self) -> &'static str {
        match self {
            Self::CloudFormation => {
                "CloudFront removes Authorization: use an OriginRequestPolicyId that passes all header fields of the viewer \
                 (AllViewerExceptHostHeader), or name Authorization in the cache policy or in ForwardedValues"
            }
            Self::Neutral => "write `forward: {authorization: true}` in the rule for these paths",
        }
    }
}

/// Texts of which one stands in every document that is ours: who has none of them is not parsed.
pub const MARKS: &[&str] = &["edge-rules/", "AWS::CloudFront::"];

/// Texts of dialects that are not read yet: such files are listed, so that nobody takes them for checked.
pub const LATER: &[&str] = &[
    "AWS::Serverless::Api",
    "AWS::ApiGateway",
    "kind: Ingress",
    "kind: IngressRoute",
    "kind: Middleware",
    "kind: HTTPRoute",
    "kind: VirtualService",
    "kind: EnvoyFilter",
    "_format_version:",
    "traefik.http",
    "forwardAuth:",
    "entryPoints:",
    "static_resources:",
    "apiVersion: configuration.konghq.com",
    "cache_behaviors:",
    "cacheMode:",
    "defaultCacheBehavior:",
    "type: upstream",
];

/// The dialect of a document; `None`: it is not ours.
pub fn recognise(document: Yaml) -> Option<Dialect> {
    let known = [(Dialect::Neutral, is_neutral as fn(Yaml) -> bool), (Dialect::CloudFormation, is_cloudformation)];
    known.into_iter().find(|(_, is)| is(document)).map(|(dialect, _)| dialect)
}

fn is_neutral(document: Yaml) -> bool {
    document.get("schema").and_then(Yaml::as_str).is_some_and(|schema| schema.starts_with("edge-rules/"))
}

fn is_cloudformation(document: Yaml) -> bool {
    let is_ours =
        |resource: Yaml| resource.get("Type").and_then(Yaml::as_str).is_some_and(|t| t.starts_with("AWS::CloudFront::"));
    resources(document).iter().any(|(_, resource)| is_ours(*resource))
}

/// The resources of a template with their logical names: of CloudFormation and SAM, or below `resources` of the Serverless
/// Framework, which takes a list of parts as well.
pub fn resources(document: Yaml<'_>) -> Vec<(&str, Yaml<'_>)> {
    let serverless = document
        .get("resources")
        .into_iter()
        .flat_map(|part| if part.is_sequence() { part.items().collect() } else { vec![part] });
    let parts = std::iter::once(document).chain(serverless).filter_map(|part| part.get("Resources"));
    parts.flat_map(Yaml::entries).filter_map(|entry| Some((entry.key.raw()?, entry.value))).collect()
}
