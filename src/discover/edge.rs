//! Which dialect a document is written in, by its keys and never by the name of the file.

use crate::syntax::yaml::Yaml;

/// A dialect of edge rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Our own schema, for CDNs whose configuration is no YAML.
    Neutral,
    /// CloudFront in CloudFormation, SAM or the Serverless Framework.
    CloudFormation,
    /// Rulesets of Cloudflare.
    Cloudflare,
    /// Routes of platform.sh and Upsun.
    PlatformSh,
    /// Ingresses with annotations of ingress-nginx.
    IngressNginx,
    /// Traefik: dynamic files, `IngressRoute`, labels of compose files.
    Traefik,
    /// Declarative files of Kong.
    Kong,
    /// Cloud CDN of Google: `BackendConfig`, Config Connector, exports.
    Google,
    /// `VirtualService` of Istio.
    Istio,
    /// Route configurations of Envoy.
    Envoy,
    /// `HTTPRoute` of the Gateway API.
    GatewayApi,
    /// `VirtualServer` and `Policy` of the NGINX Ingress Controller (F5).
    NginxIngress,
    /// `customHttp.yml` of Amplify.
    Amplify,
}

impl Dialect {
    /// Whether header fields that nobody names are left out by the platform itself.
    pub fn drops_by_default(self) -> bool {
        matches!(self, Self::CloudFormation | Self::IngressNginx)
    }

    /// How Authorization is passed on in this dialect.
    pub fn how_to_pass_on(self) -> &'static str {
        match self {
            Self::CloudFormation => {
                "CloudFront removes Authorization: use an OriginRequestPolicyId that passes all header fields of the viewer \
                 (AllViewerExceptHostHeader), or name Authorization in the cache policy or in ForwardedValues"
            }
            Self::Neutral => "write `forward: {authorization: true}` in the rule for these paths",
            Self::IngressNginx => {
                "with auth-type the controller clears Authorization: give these paths an Ingress of their own, or check the password \
                 with auth-url"
            }
            Self::Kong => "leave out hide_credentials, and Authorization in the list of what is removed",
            Self::NginxIngress => "leave out `pass: false`, or set Authorization to ${http_authorization}",
            _ => "leave out this key: Authorization is passed on by itself",
        }
    }
}

/// Texts of which one stands in every document that is ours: who has none of them is not parsed.
pub const MARKS: &[&str] = &[
    "edge-rules/",
    "AWS::CloudFront::",
    "http_request_",
    "http_response_",
    "http_ratelimit",
    "set_cache_settings",
    "type: upstream",
    "type: \"upstream\"",
    "nginx.ingress.kubernetes.io/",
    "traefik",
    "middlewares",
    "_format_version",
    "cloud.google.com/",
    "compute.cnrm.cloud.google.com/",
    "cdnPolicy",
    "networking.istio.io/",
    "virtual_hosts",
    "gateway.networking.k8s.io/",
    "k8s.nginx.org/",
    "customHeaders",
    // nginx inside of a ConfigMap
    ".conf: |",
    "-snippet: |",
];

/// Whether a document is of a dialect.
type Proof = fn(Yaml) -> bool;

/// The dialect of a document; `None`: it is not ours.
pub fn recognise(document: Yaml) -> Option<Dialect> {
    let text = |key: &str| document.get(key).and_then(Yaml::as_str);
    if let (Some(version), Some(kind)) = (text("apiVersion"), text("kind")) {
        return of_object(document, version, kind);
    }
    let known: [(Dialect, Proof); 9] = [
        (Dialect::Neutral, is_neutral),
        (Dialect::CloudFormation, is_cloudformation),
        (Dialect::Cloudflare, is_cloudflare),
        (Dialect::Kong, |document| document.get("_format_version").is_some()),
        (Dialect::Traefik, is_traefik),
        (Dialect::Envoy, is_envoy),
        (Dialect::PlatformSh, is_platformsh),
        (Dialect::Amplify, is_amplify),
        (Dialect::Google, |document| document.get("cdnPolicy").is_some_and(Yaml::is_mapping)),
    ];
    known.into_iter().find(|(_, is)| is(document)).map(|(dialect, _)| dialect)
}

/// An object of Kubernetes, by the group of its version and its kind.
fn of_object(document: Yaml, version: &str, kind: &str) -> Option<Dialect> {
    let group = version.split('/').next().unwrap_or_default();
    match (group, kind) {
        ("networking.k8s.io" | "extensions", "Ingress") => {
            let annotations = document.at_path(&["metadata", "annotations"])?;
            let is_ours = |entry: &crate::syntax::yaml::Entry| {
                entry.key.raw().is_some_and(|key| key.starts_with("nginx.ingress.kubernetes.io/"))
            };
            annotations.entries().iter().any(is_ours).then_some(Dialect::IngressNginx)
        }
        ("traefik.io" | "traefik.containo.us", "IngressRoute" | "Middleware") => Some(Dialect::Traefik),
        ("networking.istio.io", "VirtualService") => Some(Dialect::Istio),
        ("gateway.networking.k8s.io", "HTTPRoute") => Some(Dialect::GatewayApi),
        ("k8s.nginx.org", "VirtualServer" | "VirtualServerRoute" | "Policy") => Some(Dialect::NginxIngress),
        ("cloud.google.com", "BackendConfig") | ("compute.cnrm.cloud.google.com", "ComputeBackendService") => {
            Some(Dialect::Google)
        }
        _ => is_cloudflare(document).then_some(Dialect::Cloudflare),
    }
}

fn is_neutral(document: Yaml) -> bool {
    document.get("schema").and_then(Yaml::as_str).is_some_and(|schema| schema.starts_with("edge-rules/"))
}

fn is_cloudformation(document: Yaml) -> bool {
    let is_ours =
        |resource: Yaml| resource.get("Type").and_then(Yaml::as_str).is_some_and(|t| t.starts_with("AWS::CloudFront::"));
    resources(document).iter().any(|(_, resource)| is_ours(*resource))
}

fn is_cloudflare(document: Yaml) -> bool {
    let is_ruleset = |node: Yaml| {
        let phase = node.get("phase").and_then(Yaml::as_str);
        phase.is_some_and(|phase| phase.starts_with("http_")) && node.get("rules").is_some_and(Yaml::is_sequence)
    };
    let lists = ["rulesets", "result"].iter().filter_map(|key| document.get(key)).flat_map(Yaml::items);
    [Some(document), document.get("spec"), document.get("result")].into_iter().flatten().chain(lists).any(is_ruleset)
}

fn is_traefik(document: Yaml) -> bool {
    let dynamic = document
        .get("http")
        .is_some_and(|http| ["routers", "middlewares"].iter().any(|key| http.get(key).is_some_and(Yaml::is_mapping)));
    let label = |labels: Yaml| {
        labels.entries().iter().any(|entry| entry.key.raw().is_some_and(|key| key.starts_with("traefik.")))
            || labels.items().any(|item| item.as_str().is_some_and(|text| text.starts_with("traefik.")))
    };
    let services = document.get("services").map(Yaml::entries).unwrap_or_default();
    let labels = services.iter().flat_map(|service| [service.value.get("labels"), service.value.at_path(&["deploy", "labels"])]);
    dynamic || labels.flatten().any(label)
}

fn is_envoy(document: Yaml) -> bool {
    document.get("static_resources").is_some()
        || document.get("virtual_hosts").is_some_and(Yaml::is_sequence)
        || document.get("@type").and_then(Yaml::as_str).is_some_and(|kind| kind.contains("envoy.config.route"))
}

fn is_platformsh(document: Yaml) -> bool {
    let routes = document.get("routes").filter(|routes| routes.is_mapping()).unwrap_or(document);
    let entries = routes.entries();
    let is_route = |entry: &crate::syntax::yaml::Entry| {
        let address = entry.key.raw().is_some_and(|key| key.starts_with("https://") || key.starts_with("http://"));
        let kind = entry.value.get("type").and_then(Yaml::as_str);
        address && matches!(kind, Some("upstream" | "redirect"))
    };
    entries.iter().any(is_route)
}

fn is_amplify(document: Yaml) -> bool {
    let entries = document.get("customHeaders").into_iter().flat_map(Yaml::items);
    entries.into_iter().any(|entry| entry.get("pattern").is_some() && entry.get("headers").is_some_and(Yaml::is_sequence))
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
