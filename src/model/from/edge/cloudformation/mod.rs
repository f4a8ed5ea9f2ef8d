//! CloudFront distributions in templates of CloudFormation, SAM and the Serverless Framework.
//!
//! What CloudFront does is from its developer guide: it removes Authorization unless a policy or the legacy settings pass it on
//! ("Add custom headers to origin requests"), it keeps answers for the minimum time whatever they say ("Manage how long content
//! stays in the cache"), removes Cookie and Set-Cookie where cookies are not passed on, and replays Set-Cookie where they are
//! ("Cache content based on cookies"). Behaviours are tried in their order, the first one that fits counts.

mod authorizers;
mod origins;
mod policies;
mod values;
mod waf;

use origins::Origins;
use policies::{CachePolicy, OriginPolicy, Part, cache_policies, origin_policies};
use values::Template;

use super::condition::Condition;
use super::edge_site::{Draft, Order};
use super::pattern::Pattern;
use super::read::set_to;
use super::says::{Allowed, Behaviour, Caching, ErrorPage, Forward, Keeps, OverTls, Says};
use crate::discover::edge::Dialect;
use crate::model::{Fact, Known, Place, Value};
use crate::source::Span;
use crate::syntax::yaml::{Entry, Yaml};

/// Seconds that answers are kept which say nothing, in legacy settings (`DefaultTTL`).
const LEGACY_DEFAULT: u64 = 86_400;

/// The same at most (`MaxTTL`).
const LEGACY_MAX: u64 = 31_536_000;

const CONDITION: &str = "a condition of the template decides it";

pub(super) fn lower(documents: &[Yaml]) -> Vec<Draft> {
    documents.iter().flat_map(|document| template(*document)).collect()
}

fn template(document: Yaml) -> Vec<Draft> {
    let template = Template::new(document);
    let distributions = template.resources.iter().filter_map(|(name, resource)| {
        let kind = resource.entry("Type").filter(|kind| kind.value.as_str() == Some("AWS::CloudFront::Distribution"))?;
        distribution(&template, name, &kind, resource.at_path(&["Properties", "DistributionConfig"])?)
    });
    distributions.collect()
}

fn distribution(template: &Template, name: &str, kind: &Entry, config: Yaml) -> Option<Draft> {
    let (config, _) = *template.nodes(config).first()?;
    let default = config.entry("DefaultCacheBehavior")?;
    let errors = error_pages(template, config);
    let (node, _) = *template.nodes(default.value).first()?;
    let mut whole = Behaviour::new(default.head(), "DefaultCacheBehavior", Condition::Always);
    let mut origins = Origins::of(template, config);
    says(template, &mut origins, node, default.head(), &mut whole.says);
    whole.says.errors.clone_from(&errors);
    let lists = config.get("CacheBehaviors").map(|list| template.nodes(list)).unwrap_or_default();
    let mut behaviours = Vec::new();
    for (list, certain) in lists {
        for item in list.items() {
            for (node, alone) in template.nodes(item) {
                let mut behaviour = behaviour(template, &mut origins, node, certain && alone);
                behaviour.says.errors.clone_from(&errors);
                let found = node.get("TargetOriginId").and_then(|id| origins.named(id));
                behaviours.extend(authorizers::split(found.map_or(&[], |found| &found.routes), behaviour));
            }
        }
    }
    // The last one is the default behaviour itself.
    let found = node.get("TargetOriginId").and_then(|id| origins.named(id));
    let mut of_default = authorizers::split(found.map_or(&[], |found| &found.routes), whole.clone());
    of_default.pop();
    behaviours.extend(of_default);
    if let Some(acl) = waf::acl(template, config) {
        behaviours = behind(acl, &mut whole, behaviours);
    }
    let hosts = config.get("Aliases").map(|aliases| template.texts(aliases).0).unwrap_or_default();
    Some(Draft {
        dialect: Dialect::CloudFormation,
        place: Place { span: kind.head(), text: format!("distribution {name}") },
        hosts: hosts.into_iter().map(str::to_ascii_lowercase).collect(),
        order: Order::Alone,
        default: whole,
        behaviours,
        tls: true,
    })
}

/// Behaviours behind a web ACL: what it blocks comes first, what it limits stands apart.
fn behind(acl: waf::Acl, whole: &mut Behaviour, behaviours: Vec<Behaviour>) -> Vec<Behaviour> {
    let mut all = acl.blocked;
    // Where only some requests of the default behaviour are limited, they need an entry of their own.
    let rest = Behaviour { when: Condition::Always, ..whole.clone() };
    for behaviour in behaviours.into_iter().chain([rest]) {
        for (when, limit) in &acl.limited {
            let mut limited = behaviour.clone();
            limited.when = limited.when.and(when.clone());
            limited.says.limit = Some(limit.clone());
            all.push(limited);
        }
        all.push(behaviour);
    }
    // The last one is the default behaviour itself.
    all.pop();
    all
}

fn behaviour<'a>(template: &Template<'a>, origins: &mut Origins<'_, 'a>, node: Yaml<'a>, certain: bool) -> Behaviour {
    let pattern = node.entry("PathPattern");
    let text = pattern.as_ref().and_then(|pattern| template.text(pattern.value));
    let head = pattern.as_ref().map_or(node.span(), Entry::head);
    let paths = match text {
        Some(text) => Pattern::wildcard(text),
        None => Pattern::Unknown("its path is not known".to_owned()),
    };
    let open = if certain { Condition::Always } else { Condition::Open(CONDITION.to_owned()) };
    let name = format!("behaviour {}", text.unwrap_or("of a path that is not known"));
    let mut behaviour = Behaviour::new(head, name, Condition::Path(paths).and(open));
    says(template, origins, node, head, &mut behaviour.says);
    behaviour
}

fn error_pages(template: &Template, config: Yaml) -> Vec<ErrorPage> {
    let pages =
        config.get("CustomErrorResponses").into_iter().flat_map(|list| template.nodes(list)).flat_map(|(list, _)| list.items());
    let page = |node: Yaml| {
        let number = |key: &str| node.get(key).and_then(|value| template.text(value)?.trim().parse().ok());
        let key = node.entry("ErrorCode")?;
        Some(ErrorPage { status: number("ErrorCode")?, becomes: number("ResponseCode"), span: key.head() })
    };
    pages.filter_map(page).collect()
}

/// What one behaviour says.
fn says<'a>(template: &Template<'a>, origins: &mut Origins<'_, 'a>, node: Yaml<'a>, head: Span, says: &mut Says) {
    let origin = node.get("TargetOriginId").and_then(|id| origins.named(id));
    let domain = origin.and_then(|found| found.domain).map(str::to_owned);
    let adds = origin.map(|found| found.adds.clone()).unwrap_or_default();
    let own_name = origin.is_some_and(|found| found.own_name);
    says.origin = origin.map(|found| found.origin.clone());
    says.interface = own_name;
    match (node.entry("CachePolicyId"), node.entry("ForwardedValues")) {
        // Where both are written, the policy counts.
        (Some(policy), _) => policy_says(template, node, &policy, domain, says),
        (None, Some(forwarded)) => legacy_says(template, node, &forwarded, domain, says),
        (None, None) => {
            let open = || Some(Fact::unknown("neither a cache policy nor ForwardedValues is written", [head]));
            (says.authorization, says.cookie) = (open(), open());
        }
    }
    for (name, value, place) in adds {
        let fact = value.map_or_else(|| Fact::unknown("the value is filled in later", [place]), |value| set_to(value, place));
        says.request_field(name, fact);
    }
    if let Some(function) = functions(template, node) {
        // Code at the edge may pass on, add or keep what the settings do not.
        let facts = [&mut says.authorization, &mut says.cookie, &mut says.host, &mut says.forwarded_proto];
        for fact in facts.into_iter().flatten() {
            if !fact.value.is(&Forward::Kept) {
                fact.value = Known::Unknown("code at the edge may change it".to_owned());
                fact.because.push(function);
            }
        }
        says.response.hidden.clear();
    }
    let host = says.host.as_ref().filter(|host| own_name && host.value.is(&Forward::Kept));
    says.strange_host = host.map(|host| host.because.first().copied().unwrap_or(head));
    if let Some(policy) = node.entry("ResponseHeadersPolicyId") {
        policies::response(template, policy.value, &mut says.response);
    }
    says.allowed = Some(allowed(template, node, head));
    says.over_tls = node.entry("ViewerProtocolPolicy").and_then(|policy| {
        let status = match template.text(policy.value)? {
            "redirect-to-https" => 301,
            "https-only" => 403,
            _ => return None,
        };
        Some(OverTls { status, span: policy.head() })
    });
}

/// The methods that are let through: without a list only those that read.
fn allowed(template: &Template, node: Yaml, head: Span) -> Allowed {
    let written = node.entry("AllowedMethods");
    let (methods, whole) = written.as_ref().map_or((vec!["GET", "HEAD"], true), |list| template.texts(list.value));
    let methods = if whole { methods.into_iter().map(str::to_owned).collect() } else { Vec::new() };
    Allowed { methods, status: 403, span: written.map_or(head, |list| list.head()) }
}

/// The association of code that runs before the origin is asked.
fn functions<'a>(template: &Template<'a>, node: Yaml<'a>) -> Option<Span> {
    ["LambdaFunctionAssociations", "FunctionAssociations"].iter().find_map(|key| {
        let list = node.entry(key)?;
        let before = |item: Yaml<'a>| item_event(template, item).is_none_or(|event| event.ends_with("-request"));
        (!list.value.is_sequence() || list.value.items().any(before)).then(|| list.head())
    })
}

/// When a piece of code runs, if the template tells.
fn item_event<'a>(template: &Template<'a>, item: Yaml<'a>) -> Option<&'a str> {
    template.text(item.get("EventType")?)
}

fn policy_says(template: &Template, node: Yaml, policy: &Entry, domain: Option<String>, says: &mut Says) {
    let place = policy.head();
    let request = node.entry("OriginRequestPolicyId");
    let origin = request.as_ref().map_or(vec![Some(OriginPolicy::NONE)], |entry| origin_policies(template, entry.value));
    let cache = cache_policies(template, policy.value);
    // Each combination of the branches that are known: what all of them agree on holds.
    let known: Vec<(CachePolicy, Option<OriginPolicy>)> =
        cache.iter().flatten().flat_map(|cache| origin.iter().map(|origin| (*cache, *origin))).collect();
    let both = |key: fn(&CachePolicy) -> Option<bool>, beyond: fn(&OriginPolicy) -> Option<bool>| {
        let mut answers = known.iter().map(|(cache, origin)| match (key(cache), origin.as_ref().map(beyond)) {
            (Some(true), _) => Some(true),
            (_, Some(passed)) => passed,
            _ => None,
        });
        let first = answers.next().flatten()?;
        answers.all(|answer| answer == Some(first)).then_some(first)
    };
    let because: Vec<Span> = std::iter::once(place).chain(request.as_ref().map(Entry::head)).collect();
    let fact = |passed: Option<bool>, otherwise: Forward| match passed {
        Some(true) => Fact::is(Forward::Kept, because.clone()),
        Some(false) => Fact::is(otherwise, because.clone()),
        None => Fact::unknown("a policy that the template does not hold", because.clone()),
    };
    says.authorization = Some(fact(both(|c| Some(c.authorization), |o| Some(o.authorization)), Forward::Dropped));
    let cookie = both(|c| passed(c.cookies), |o| passed(o.cookies));
    let listed = known.iter().any(|(c, o)| c.cookies == Part::With || o.is_some_and(|o| o.cookies == Part::With));
    says.cookie = Some(if listed && cookie != Some(true) {
        Fact::unknown("only some cookies are passed on", because.clone())
    } else {
        fact(cookie, Forward::Dropped)
    });
    says.host = Some(fact(both(|c| Some(c.host), |o| Some(o.host)), of_origin(domain)));
    if cookie == Some(false) && !listed {
        says.response.hidden.push(("Set-Cookie".to_owned(), place));
    }
    let policies: Vec<CachePolicy> = cache.iter().copied().flatten().collect();
    let keeps: Vec<Keeps> = policies.iter().map(|policy| keeps(policy.min, policy.default, policy.max)).collect();
    let keeps = match keeps.split_first() {
        Some((first, rest)) if rest.iter().all(|other| other == first) => first.clone(),
        Some(_) => Keeps::Unknown(CONDITION.to_owned()),
        None => Keeps::Unknown("a policy that the template does not hold".to_owned()),
    };
    let all = |holds: fn(&CachePolicy) -> bool| !policies.is_empty() && policies.iter().all(holds);
    scheme(both(|c| Some(c.scheme), |o| Some(o.scheme)), &because, says);
    says.caching = Some(Caching {
        keeps,
        because: vec![place],
        key: "what the cache policy names".to_owned(),
        by_authorization: (!policies.is_empty()).then(|| all(|policy| policy.authorization)),
        by_cookie: policies.is_empty() || policies.iter().any(|policy| policy.cookies != Part::None),
        with_set_cookie: cookie == Some(true),
        pages: true,
    });
}

/// What an origin learns of the scheme: CloudFront takes X-Forwarded-Proto away, and adds CloudFront-Forwarded-Proto where it is
/// listed. An origin that is asked over TLS needs neither.
fn scheme(told: Option<bool>, because: &[Span], says: &mut Says) {
    let Some(plain) = says.origin.as_ref().and_then(|origin| origin.plain) else { return };
    says.forwarded_proto = Some(match told {
        Some(false) => Fact::is(Forward::Dropped, std::iter::once(plain).chain(because.iter().copied())),
        _ => Fact::unknown("CloudFront-Forwarded-Proto tells it", [plain]),
    });
}

/// Whether session cookies are passed on; a list of some does not tell.
fn passed(cookies: Part) -> Option<bool> {
    match cookies {
        Part::All => Some(true),
        Part::None | Part::Without => Some(false),
        Part::With => None,
    }
}

/// The Host that an origin gets where the client's is not passed on: its own name.
fn of_origin(domain: Option<String>) -> Forward {
    match domain {
        Some(domain) => Forward::Replaced(Value::Known(domain)),
        None => Forward::Dropped,
    }
}

/// How long answers are kept, by the three times.
fn keeps(min: u64, default: u64, max: u64) -> Keeps {
    if min > 0 {
        Keeps::Always(min)
    } else if default > 0 {
        Keeps::Unless(default)
    } else if max > 0 {
        Keeps::AsTold
    } else {
        Keeps::Never
    }
}

fn legacy_says(template: &Template, node: Yaml, forwarded: &Entry, domain: Option<String>, says: &mut Says) {
    let place = forwarded.head();
    let Some(values) = template.only(forwarded.value) else {
        let open = || Some(Fact::unknown(CONDITION, [place]));
        (says.authorization, says.cookie, says.host) = (open(), open(), open());
        return;
    };
    let listed = values.entry("Headers");
    let (headers, whole) = listed.as_ref().map_or((Vec::new(), true), |list| template.texts(list.value));
    let all = headers.contains(&"*");
    let because: Vec<Span> = std::iter::once(place).chain(listed.as_ref().map(Entry::head)).collect();
    let passes = |name: &str| all || headers.iter().any(|header| header.eq_ignore_ascii_case(name));
    let fact = |name: &str, otherwise: Forward| match passes(name) {
        true => Fact::is(Forward::Kept, because.clone()),
        false if whole => Fact::is(otherwise, because.clone()),
        false => Fact::unknown("a list that the template does not hold", because.clone()),
    };
    says.authorization = Some(fact("Authorization", Forward::Dropped));
    says.host = Some(fact("Host", of_origin(domain)));
    let listed_scheme = headers.iter().any(|header| header.eq_ignore_ascii_case("CloudFront-Forwarded-Proto"));
    scheme((whole || listed_scheme).then_some(listed_scheme), &because, says);
    let mode = values.at_path(&["Cookies", "Forward"]);
    let mode = mode.map_or(Some("none"), |mode| template.text(mode));
    let cookies = values.entry("Cookies").map_or(place, |entry| entry.head());
    says.cookie = Some(match mode {
        Some("all") => Fact::is(Forward::Kept, [cookies]),
        Some("none") => Fact::is(Forward::Dropped, [cookies]),
        _ => Fact::unknown("only some cookies are passed on", [cookies]),
    });
    if mode == Some("none") {
        says.response.hidden.push(("Set-Cookie".to_owned(), cookies));
    }
    let time = |key: &str, unsaid: u64| node.get(key).map_or(Some(unsaid), |value| template.number(value));
    let times = (time("MinTTL", 0), time("DefaultTTL", LEGACY_DEFAULT), time("MaxTTL", LEGACY_MAX));
    let keeps = match times {
        // "If you configure CloudFront to forward all headers … it doesn't cache".
        _ if all => Keeps::Never,
        (Some(min), _, _) if min > 0 => Keeps::Always(min),
        (Some(min), Some(default), Some(max)) => keeps(min, default.max(min), max),
        _ => Keeps::Unknown("a time that the template does not hold".to_owned()),
    };
    let because = match keeps {
        Keeps::Always(_) => node.entry("MinTTL"),
        Keeps::Unless(_) => node.entry("DefaultTTL"),
        Keeps::AsTold => node.entry("MaxTTL"),
        _ => None,
    };
    says.caching = Some(Caching {
        keeps,
        because: vec![because.map_or(place, |entry| entry.head())],
        key: "host of the origin, path and what ForwardedValues names".to_owned(),
        by_authorization: if whole { Some(passes("Authorization")) } else { None },
        by_cookie: mode != Some("none"),
        with_set_cookie: mode != Some("none"),
        pages: true,
    });
}
