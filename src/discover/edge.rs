//! Which dialect a document is written in, by its keys and never by the name of the file.

use crate::syntax::yaml::Yaml;

/// A dialect of edge rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Neutral,
        Self::CloudFormation,
        Self::Cloudflare,
        Self::PlatformSh,
        Self::IngressNginx,
        Self::Traefik,
        Self::Kong,
        Self::Google,
        Self::Istio,
        Self::Envoy,
        Self::GatewayApi,
        Self::NginxIngress,
        Self::Amplify,
    ];

    /// The name it goes by: on the command line, in `lint401.toml`, in traces.
    pub fn id(self) -> &'static str {
        match self {
            Self::Neutral => "edge-rules",
            Self::CloudFormation => "cloudformation",
            Self::Cloudflare => "cloudflare",
            Self::PlatformSh => "platformsh",
            Self::IngressNginx => "ingress-nginx",
            Self::Traefik => "traefik",
            Self::Kong => "kong",
            Self::Google => "google-cloud",
            Self::Istio => "istio",
            Self::Envoy => "envoy",
            Self::GatewayApi => "gateway-api",
            Self::NginxIngress => "nginx-ingress",
            Self::Amplify => "amplify",
        }
    }

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
    "routers",
    "entryPoints",
    "_format_version",
    "cloud.google.com/",
    "compute.cnrm.cloud.google.com/",
    "cdnPolicy",
    "networking.istio.io/",
    "virtual_hosts",
    "gateway.networking.k8s.io/",
    "k8s.nginx.org/",
    // Addresses of documentation have a slash before the name.
    " nginx.org/",
    "\"nginx.org/",
    "customHeaders",
    "konghq.com/",
    "ingressClassName: kong",
    "security.istio.io/",
    "compute#",
    "defaultService",
    // the ConfigMap of ingress-nginx
    "use-forwarded-headers",
    "proxy-real-ip-cidr",
    "global-auth-url",
    // nginx inside of a ConfigMap
    ".conf: |",
    "-snippet: |",
    "-snippets: |",
];

/// Whether a document is of a dialect.
type Proof = fn(Yaml) -> bool;

/// What of a document is looked at for itself: a list of objects of Kubernetes is its items, everything else is one.
pub fn parts(document: Yaml<'_>) -> Vec<Yaml<'_>> {
    let is_list = document.get("kind").and_then(Yaml::as_str).is_some_and(|kind| kind == "List");
    match document.get("items").filter(|items| is_list && items.is_sequence()) {
        Some(items) => items.items().collect(),
        None => vec![document],
    }
}

/// The dialect of a document; `None`: it is not ours.
pub fn recognise(document: Yaml) -> Option<Dialect> {
    if let Some((group, kind)) = object(document) {
        return of_object(document, group, kind);
    }
    let known: [(Dialect, Proof); 11] = [
        (Dialect::Neutral, is_neutral),
        (Dialect::CloudFormation, is_cloudformation),
        (Dialect::Cloudflare, is_cloudflare),
        (Dialect::Kong, |document| document.get("_format_version").is_some()),
        (Dialect::Traefik, is_traefik),
        (Dialect::Envoy, is_envoy),
        (Dialect::PlatformSh, is_platformsh),
        (Dialect::Amplify, is_amplify),
        (Dialect::Google, |document| document.get("cdnPolicy").is_some_and(Yaml::is_mapping)),
        (Dialect::Google, is_url_map),
        (Dialect::IngressNginx, |document| !values(document).is_empty()),
    ];
    known.into_iter().find(|(_, is)| is(document)).map(|(dialect, _)| dialect)
}

/// The dialect of a document in a file of which somebody says that it is written in this one. Objects of Kubernetes that it does
/// not have stay what they are.
pub fn recognise_as(document: Yaml, said: Dialect) -> Option<Dialect> {
    match object(document) {
        Some((group, kind)) if !said.has(group, kind) => recognise(document),
        _ => (document.is_mapping() || document.is_sequence()).then_some(said),
    }
}

/// Group and kind of an object of Kubernetes.
fn object(document: Yaml<'_>) -> Option<(&str, &str)> {
    let text = |key: &str| document.get(key).and_then(Yaml::as_str);
    let (version, kind) = (text("apiVersion")?, text("kind")?);
    // The first group has no name.
    Some((version.rsplit_once('/').map_or("", |(group, _)| group), kind))
}

impl Dialect {
    /// Whether objects of this group and kind can be of this dialect.
    fn has(self, group: &str, kind: &str) -> bool {
        match (group, kind) {
            ("networking.k8s.io" | "extensions", "Ingress") => {
                matches!(self, Self::IngressNginx | Self::NginxIngress | Self::Kong | Self::Google)
            }
            ("", "ConfigMap") => self == Self::IngressNginx,
            ("", "Service") => matches!(self, Self::Kong | Self::Google),
            ("configuration.konghq.com", "KongPlugin" | "KongClusterPlugin") => self == Self::Kong,
            ("gateway.networking.k8s.io", "HTTPRoute") => matches!(self, Self::GatewayApi | Self::Kong),
            ("traefik.io" | "traefik.containo.us", "IngressRoute" | "Middleware") => self == Self::Traefik,
            ("networking.istio.io", "VirtualService")
            | ("security.istio.io", "RequestAuthentication" | "AuthorizationPolicy") => self == Self::Istio,
            ("k8s.nginx.org", "VirtualServer" | "VirtualServerRoute" | "Policy") => self == Self::NginxIngress,
            ("cloud.google.com", "BackendConfig")
            | ("compute.cnrm.cloud.google.com", "ComputeBackendService" | "ComputeURLMap") => self == Self::Google,
            _ => self == Self::Cloudflare,
        }
    }
}

/// An object of Kubernetes, by its group and kind.
fn of_object(document: Yaml, group: &str, kind: &str) -> Option<Dialect> {
    let annotated = |prefix: &str| has_annotation(document.get("metadata"), prefix);
    match (group, kind) {
        ("networking.k8s.io" | "extensions", "Ingress") if annotated(INGRESS_NGINX) => Some(Dialect::IngressNginx),
        ("networking.k8s.io" | "extensions", "Ingress") if annotated(NGINX_INGRESS) => Some(Dialect::NginxIngress),
        ("networking.k8s.io" | "extensions", "Ingress") if class(document) == Some("kong") || annotated(KONG) => {
            Some(Dialect::Kong)
        }
        ("networking.k8s.io" | "extensions", "Ingress") => {
            let of_gke =
                class(document).map_or_else(|| GKE_INGRESS.iter().any(|key| annotated(key)), |class| class.starts_with("gce"));
            of_gke.then_some(Dialect::Google)
        }
        ("", "Service") => {
            let of_gke = || BACKEND_CONFIG.iter().any(|key| annotated(key)).then_some(Dialect::Google);
            if annotated(KONG) { Some(Dialect::Kong) } else { of_gke() }
        }
        ("gateway.networking.k8s.io", "HTTPRoute") => Some(if annotated(KONG) { Dialect::Kong } else { Dialect::GatewayApi }),
        ("", "ConfigMap") => is_controller_map(document).then_some(Dialect::IngressNginx),
        _ => {
            let known = Dialect::ALL.iter().find(|dialect| **dialect != Dialect::Cloudflare && dialect.has(group, kind));
            known.copied().or_else(|| is_cloudflare(document).then_some(Dialect::Cloudflare))
        }
    }
}

/// Whether an annotation in `annotations` of a mapping begins like this.
fn has_annotation(holder: Option<Yaml>, prefix: &str) -> bool {
    let annotations = holder.and_then(|holder| holder.get("annotations")).map(Yaml::entries).unwrap_or_default();
    annotations.iter().any(|entry| entry.key.raw().is_some_and(|key| key.starts_with(prefix)))
}

/// The class of an Ingress: which controller it is for.
fn class(ingress: Yaml<'_>) -> Option<&str> {
    let older = || ingress.at_path(&["metadata", "annotations", "kubernetes.io/ingress.class"]);
    ingress.at_path(&["spec", "ingressClassName"]).or_else(older)?.as_str()
}

/// Annotations by which the Ingress of GKE is known where no class is written.
const GKE_INGRESS: &[&str] = &[
    "networking.gke.io/",
    "ingress.gcp.kubernetes.io/",
    "kubernetes.io/ingress.global-static-ip-name",
    "kubernetes.io/ingress.regional-static-ip-name",
];

/// Annotations by which a Service of GKE names its `BackendConfig`.
const BACKEND_CONFIG: &[&str] = &["cloud.google.com/backend-config", "beta.cloud.google.com/backend-config"];

/// How the annotations of ingress-nginx begin.
pub const INGRESS_NGINX: &str = "nginx.ingress.kubernetes.io/";

/// How the annotations of the controller of NGINX (F5) begin.
pub const NGINX_INGRESS: &str = "nginx.org/";

/// How the annotations of Kong begin.
const KONG: &str = "konghq.com/";

/// Keys of the `ConfigMap` of ingress-nginx that change what becomes of credentials.
const CONTROLLER_KEYS: &[&str] =
    &["use-forwarded-headers", "proxy-real-ip-cidr", "global-auth-url", "no-auth-locations", "use-proxy-protocol"];

/// Whether a `ConfigMap` is that of ingress-nginx, by its keys.
fn is_controller_map(document: Yaml) -> bool {
    document.get("data").is_some_and(|data| CONTROLLER_KEYS.iter().any(|key| data.get(key).is_some()))
}

/// How deep in the values of a chart the settings of an ingress are looked for.
const VALUES_DEPTH: usize = 3;

/// The settings of Ingresses for ingress-nginx in the values of a Helm chart: mappings named `ingress` with its annotations, as the
/// chart that `helm create` makes has them.
pub fn values(document: Yaml<'_>) -> Vec<Yaml<'_>> {
    let is_ours = |node: &Yaml| has_annotation(Some(*node), INGRESS_NGINX);
    let mut level = vec![document];
    let mut found = Vec::new();
    for _ in 0..VALUES_DEPTH {
        found.extend(level.iter().filter_map(|node| node.get("ingress")).filter(is_ours));
        level =
            level.iter().flat_map(|node| node.entries()).map(|entry| entry.value).filter(|value| value.is_mapping()).collect();
    }
    found
}

/// An exported url-map of Google.
fn is_url_map(document: Yaml) -> bool {
    document.get("kind").and_then(Yaml::as_str) == Some("compute#urlMap")
        || document.get("defaultService").is_some()
            && ["hostRules", "pathMatchers"].iter().any(|key| document.get(key).is_some_and(Yaml::is_sequence))
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
    let points = document.get("entryPoints").map(Yaml::entries).unwrap_or_default();
    dynamic || labels.flatten().any(label) || points.iter().any(|point| point.value.get("address").is_some())
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
