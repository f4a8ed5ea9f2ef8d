//! Cache policies and origin-request policies: what answers are kept by, what reaches the origin.
//!
//! Managed ones are known by their ids, as the documentation of CloudFront lists them ("Use managed cache policies", "Use managed
//! origin request policies"); those of the template by what it says of them.

use super::values::{Alternative, Template};
use crate::model::{Response, Value};
use crate::syntax::yaml::Yaml;

/// Some of the client's header fields or cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of them.
    All,
    /// None.
    None,
    /// Some, and among them what is asked for.
    With,
    /// Some, and not what is asked for.
    Without,
}

/// What a cache policy says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CachePolicy {
    /// Seconds that every answer is kept, at least.
    pub(super) min: u64,
    /// Seconds that an answer is kept which says nothing.
    pub(super) default: u64,
    /// Seconds that an answer is kept, at most.
    pub(super) max: u64,
    /// Whether Authorization is a part of the key, and so passed on.
    pub(super) authorization: bool,
    /// Whether Host is.
    pub(super) host: bool,
    /// Whether CloudFront-Forwarded-Proto is.
    pub(super) scheme: bool,
    /// Which cookies are.
    pub(super) cookies: Part,
}

/// What an origin-request policy passes on beyond the key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct OriginPolicy {
    pub(super) authorization: bool,
    pub(super) host: bool,
    /// Whether CloudFront-Forwarded-Proto is added.
    pub(super) scheme: bool,
    pub(super) cookies: Part,
}

/// Id, the three times, Authorization in the key, Host in the key, all cookies in the key.
type ManagedCache = (&'static str, (u64, u64, u64), bool, bool, bool);

const YEAR: u64 = 31_536_000;
const DAY: u64 = 86_400;

const CACHE: &[ManagedCache] = &[
    // CachingOptimized
    ("658327ea-f89d-4fab-a63d-7e88639e58f6", (1, DAY, YEAR), false, false, false),
    // CachingOptimizedForUncompressedObjects
    ("b2884449-e4de-46a7-ac36-70bc7f1ddd6d", (1, DAY, YEAR), false, false, false),
    // CachingDisabled
    ("4135ea2d-6df8-44a3-9df3-4b5a84be39ad", (0, 0, 0), false, false, false),
    // UseOriginCacheControlHeaders
    ("83da9c7e-98b4-4e11-a168-04f0df8e2c65", (0, 0, YEAR), false, true, true),
    // UseOriginCacheControlHeaders-QueryStrings
    ("4cc15a8a-d715-48a4-82b8-cc0b614638fe", (0, 0, YEAR), false, true, true),
    // Elemental-MediaPackage
    ("08627262-05a9-4f76-9ded-b50ca2e3a84f", (0, DAY, YEAR), false, false, false),
    // Amplify
    ("2e54312d-136d-493c-8eb9-b001f22f67d2", (2, 2, 600), true, true, true),
    // Amplify-Default
    ("4d1d2f1d-3a71-49ad-9e08-7ea5d843a556", (0, 0, YEAR), true, true, true),
    // Amplify-DefaultNoCookies
    ("a6bad946-36c3-4c33-aa98-362c74a7fb13", (0, 0, YEAR), true, true, false),
    // Amplify-ImageOptimization
    ("1c6db51a-a33f-469a-8245-dae26771f530", (0, 0, YEAR), true, true, false),
    // Amplify-StaticContent
    ("7e5fad67-ee98-4ad0-b05a-394999eefc1a", (0, 0, YEAR), true, true, false),
];

/// AllViewerAndCloudFrontHeaders-2022-06: the only one that adds CloudFront-Forwarded-Proto.
const WITH_CLOUDFRONT_FIELDS: &str = "33f36d7e-f396-46d9-90e0-52428a34d9dc";

/// Id, Authorization, Host, all cookies.
const ORIGIN: &[(&str, bool, bool, bool)] = &[
    // AllViewer
    ("216adef6-5c7f-47e4-b989-5492eafa07d3", true, true, true),
    // AllViewerAndCloudFrontHeaders-2022-06
    ("33f36d7e-f396-46d9-90e0-52428a34d9dc", true, true, true),
    // AllViewerExceptHostHeader
    ("b689b0a8-53d0-40ab-baf2-68738e2966ac", true, false, true),
    // CORS-CustomOrigin
    ("59781a5b-3903-41f3-afcb-af62929ccde1", false, false, false),
    // CORS-S3Origin
    ("88a5eaf4-2fd4-4709-b370-b4c650ea3fcf", false, false, false),
    // Elemental-MediaTailor-PersonalizedManifests
    ("775133bc-15f2-49f9-abea-afb2e0bf67d2", false, false, false),
    // UserAgentRefererHeaders
    ("acba4595-bd28-49b8-b9fe-13317c0390fa", false, false, false),
    // HostHeaderOnly
    ("bf0718e1-ba1e-49d1-88b1-f726733018ae", false, true, false),
];

/// The cache policy that an id stands for, both branches of a condition; `None` in it: not known.
pub(super) fn cache_policies(template: &Template, id: Yaml) -> Vec<Option<CachePolicy>> {
    each(template, id, |alternative| match alternative {
        Alternative::Node(node) => {
            let id = node.raw()?;
            let (_, (min, default, max), authorization, host, cookies) =
                *CACHE.iter().find(|(known, ..)| known.eq_ignore_ascii_case(id))?;
            let cookies = if cookies { Part::All } else { Part::None };
            Some(CachePolicy { min, default, max, authorization, host, scheme: false, cookies })
        }
        Alternative::Resource(name) => inline_cache(template, template.resource(name, "AWS::CloudFront::CachePolicy")?),
        _ => None,
    })
}

/// The origin-request policies that an id stands for.
pub(super) fn origin_policies(template: &Template, id: Yaml) -> Vec<Option<OriginPolicy>> {
    each(template, id, |alternative| match alternative {
        Alternative::Node(node) => {
            let id = node.raw()?;
            let (id, authorization, host, cookies) = *ORIGIN.iter().find(|(known, ..)| known.eq_ignore_ascii_case(id))?;
            let cookies = if cookies { Part::All } else { Part::None };
            Some(OriginPolicy { authorization, host, scheme: id == WITH_CLOUDFRONT_FIELDS, cookies })
        }
        Alternative::Resource(name) => inline_origin(template, template.resource(name, "AWS::CloudFront::OriginRequestPolicy")?),
        Alternative::Absent => Some(OriginPolicy::NONE),
        Alternative::Unknown => None,
    })
}

fn each<'a, T>(template: &Template<'a>, id: Yaml<'a>, read: impl Fn(Alternative<'a>) -> Option<T>) -> Vec<Option<T>> {
    template.alternatives(id).into_iter().map(read).collect()
}

impl OriginPolicy {
    /// No policy: nothing but the key reaches the origin.
    pub(super) const NONE: Self = Self { authorization: false, host: false, scheme: false, cookies: Part::None };
}

/// What a response headers policy of the template does to answers: it removes fields, and sets some of its own. Managed ones touch
/// nothing that has to do with credentials.
pub(super) fn response<'a>(template: &Template<'a>, id: Yaml<'a>, response: &mut Response) {
    let Some(resource) =
        template.only_resource(id).and_then(|name| template.resource(name, "AWS::CloudFront::ResponseHeadersPolicy"))
    else {
        return;
    };
    let Some(config) = resource.at_path(&["Properties", "ResponseHeadersPolicyConfig"]) else { return };
    let items = |key: &str| config.at_path(&[key, "Items"]).into_iter().flat_map(Yaml::items);
    for item in items("RemoveHeadersConfig") {
        let Some(header) = item.entry("Header") else { continue };
        response.hidden.extend(template.text(header.value).map(|name| (name.to_owned(), header.head())));
    }
    for item in items("CustomHeadersConfig") {
        let text = |key: &str| item.get(key).and_then(|value| template.text(value));
        let overrides = item.get("Override").and_then(Yaml::as_bool) == Some(true);
        let (Some("cache-control"), Some(value)) = (text("Header").map(str::to_ascii_lowercase).as_deref(), item.entry("Value"))
        else {
            continue;
        };
        if let Some(written) = text("Value").filter(|_| overrides) {
            response.cache_control = Some((Value::Known(written.to_owned()), value.head()));
        }
    }
}

fn inline_cache(template: &Template, resource: Yaml) -> Option<CachePolicy> {
    let config = resource.at_path(&["Properties", "CachePolicyConfig"])?;
    let time = |key: &str| config.get(key).and_then(|node| template.number(node));
    let parameters = config.get("ParametersInCacheKeyAndForwardedToOrigin")?;
    let names = |name: &str| headers(template, parameters, name).map(|some| matches!(some, Part::All | Part::With));
    Some(CachePolicy {
        min: time("MinTTL")?,
        default: time("DefaultTTL")?,
        max: time("MaxTTL")?,
        authorization: names("authorization")?,
        host: names("host")?,
        scheme: names_scheme(template, parameters)?,
        cookies: cookies(template, parameters)?,
    })
}

fn inline_origin(template: &Template, resource: Yaml) -> Option<OriginPolicy> {
    let config = resource.at_path(&["Properties", "OriginRequestPolicyConfig"])?;
    let names = |name: &str| headers(template, config, name).map(|some| matches!(some, Part::All | Part::With));
    Some(OriginPolicy {
        authorization: names("authorization")?,
        host: names("host")?,
        scheme: names_scheme(template, config)?,
        cookies: cookies(template, config)?,
    })
}

/// Whether a header field is among those of a `HeadersConfig`.
fn headers(template: &Template, config: Yaml, name: &str) -> Option<Part> {
    let headers = config.get("HeadersConfig")?;
    let (list, whole) = headers.get("Headers").map_or((Vec::new(), true), |list| template.texts(list));
    let listed = list.iter().any(|header| header.eq_ignore_ascii_case(name));
    match template.text(headers.get("HeaderBehavior")?)? {
        "none" => Some(Part::None),
        "whitelist" | "allExcept" if !whole && !listed => None,
        "whitelist" => Some(if listed { Part::With } else { Part::Without }),
        "allViewer" | "allViewerAndWhitelistCloudFront" => Some(Part::All),
        "allExcept" => Some(if listed { Part::Without } else { Part::With }),
        _ => None,
    }
}

/// Whether CloudFront-Forwarded-Proto is among the header fields of a `HeadersConfig`: it is no field of the viewer, so only a list
/// of names brings it.
fn names_scheme(template: &Template, config: Yaml) -> Option<bool> {
    let mode = template.text(config.at_path(&["HeadersConfig", "HeaderBehavior"])?)?;
    let (list, whole) = config.at_path(&["HeadersConfig", "Headers"]).map_or((Vec::new(), true), |list| template.texts(list));
    let listed = list.iter().any(|header| header.eq_ignore_ascii_case("CloudFront-Forwarded-Proto"));
    match mode {
        "whitelist" | "allViewerAndWhitelistCloudFront" => (listed || whole).then_some(listed),
        _ => Some(false),
    }
}

fn cookies(template: &Template, config: Yaml) -> Option<Part> {
    match template.text(config.at_path(&["CookiesConfig", "CookieBehavior"])?)? {
        "none" => Some(Part::None),
        "all" => Some(Part::All),
        "whitelist" | "allExcept" => Some(Part::With),
        _ => None,
    }
}
