//! What an interface of API Gateway behind a distribution asks for: authorizers of its routes, where the template holds both.
//!
//! From the developer guides of API Gateway and SAM: an authorizer takes the token from its identity source, `Authorization` unless it
//! names another one; where that is missing, API Gateway answers 401 and asks nobody ("Use API Gateway Lambda authorizers", "Control
//! access to HTTP APIs with JWT authorizers"). The default authorizer of SAM is for every event that names no other one; `NONE` is
//! for none (`ApiFunctionAuth`, `HttpApiFunctionAuth`). An interface that an `OpenAPI` document describes is not followed.

use super::values::Template;
use crate::model::from::edge::condition::Condition;
use crate::model::from::edge::pattern::Pattern;
use crate::model::from::edge::read::gate;
use crate::model::from::edge::says::Behaviour;
use crate::model::{Gate, GateKind};
use crate::source::Span;
use crate::syntax::yaml::{Entry, Yaml};

/// How many routes of an interface are looked at.
const MAX_ROUTES: usize = 200;

/// How many parts a path of resources may have.
const MAX_DEPTH: usize = 32;

/// The two kinds of interfaces.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rest,
    Http,
}

/// One route of an interface.
pub(super) struct ApiRoute {
    /// What visitors write before its path.
    prefix: String,
    /// As it is written: `/users/{id}`, `/{proxy+}`.
    path: String,
    /// `None`: any.
    method: Option<String>,
    /// What asks for Authorization there.
    asks: Option<Gate>,
}

/// An interface of the template.
struct Api<'t, 'a> {
    template: &'t Template<'a>,
    name: &'a str,
    kind: Kind,
    properties: Option<Yaml<'a>>,
}

/// A behaviour, split by the routes of the interface behind it; the behaviour itself is the last.
pub(super) fn split(routes: &[ApiRoute], behaviour: Behaviour) -> Vec<Behaviour> {
    let each = routes.iter().map(|route| {
        let methods = Condition::of_methods(route.method.clone());
        let name = format!("{} ({} {})", behaviour.name, route.method.as_deref().unwrap_or("ANY"), route.path);
        let mut part = Behaviour { name, ..behaviour.clone() };
        // The path of the route is the more special one: an example is made of it.
        part.when = Condition::Path(pattern(&format!("{}{}", route.prefix, route.path))).and(methods).and(behaviour.when.clone());
        part.says.authorizer.clone_from(&route.asks);
        part
    });
    let mut parts: Vec<Behaviour> = each.collect();
    parts.push(behaviour);
    parts
}

/// The routes of the interface that an origin is, the more special ones first; `None`: not all of them are in view, or none of them has
/// an authorizer.
pub(super) fn routes<'a>(template: &Template<'a>, origin: Yaml<'a>) -> Option<Vec<ApiRoute>> {
    let api = Api::behind(template, origin.get("DomainName")?)?;
    let prefix = api.prefix(origin.get("OriginPath"))?;
    let mut routes = api.routes()?;
    if routes.len() > MAX_ROUTES || routes.iter().all(|route| route.asks.is_none()) {
        return None;
    }
    for route in &mut routes {
        route.prefix.clone_from(&prefix);
    }
    let rank = |route: &ApiRoute| (route.path.contains("+}"), route.path.contains('{'), std::cmp::Reverse(route.path.len()));
    routes.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.method.is_none().cmp(&b.method.is_none())));
    Some(routes)
}

impl<'t, 'a> Api<'t, 'a> {
    /// The interface that a name of an origin stands for.
    fn behind(template: &'t Template<'a>, domain: Yaml<'a>) -> Option<Self> {
        let kind = |name: &str| {
            let is = |kind: &str| template.is_of(name, kind);
            if is("AWS::Serverless::HttpApi") || is("AWS::ApiGatewayV2::Api") {
                return Some(Kind::Http);
            }
            (is("AWS::Serverless::Api") || is("AWS::ApiGateway::RestApi")).then_some(Kind::Rest)
        };
        let names = template.names_in(domain);
        let mut known = names.iter().filter_map(|name| Some((*name, kind(name)?)));
        let (name, kind) = known.next()?;
        if known.any(|(other, _)| other != name) {
            return None;
        }
        let properties = template.resources.iter().find(|(known, _)| *known == name)?.1.get("Properties");
        Some(Self { template, name, kind, properties })
    }

    fn property(&self, key: &str) -> Option<Yaml<'a>> {
        self.properties?.get(key)
    }

    /// What stands before the path of a route where visitors ask: the stage, unless the origin puts it there.
    fn prefix(&self, origin_path: Option<Yaml<'a>>) -> Option<String> {
        let written = origin_path.and_then(Yaml::raw).filter(|path| !path.is_empty());
        if let Some(path) = written {
            // One part is the stage.
            let one = path.matches('/').count() == 1 && path.starts_with('/');
            let is_stage = self.kind == Kind::Rest || self.property("StageName").and_then(Yaml::raw) == path.strip_prefix('/');
            return (one && is_stage).then(String::new);
        }
        if origin_path.is_some_and(|path| path.raw().is_none()) {
            // `Fn::Sub` and the like: the stage in most cases, and not certain.
            return (self.kind == Kind::Rest).then(String::new);
        }
        let stage = self.property("StageName").and_then(|stage| self.template.text(stage));
        match (self.kind, stage) {
            (Kind::Http, None | Some("$default")) => Some(String::new()),
            (_, Some(stage)) => Some(format!("/{stage}")),
            (Kind::Rest, None) => None,
        }
    }

    /// All routes; `None`: not all of them are in view.
    fn routes(&self) -> Option<Vec<ApiRoute>> {
        if ["DefinitionBody", "DefinitionUri", "Body", "BodyS3Location", "Target"].iter().any(|key| self.property(key).is_some())
        {
            return None;
        }
        let mut routes = Vec::new();
        for (_, resource) in &self.template.resources {
            let Some(properties) = resource.get("Properties") else { continue };
            let before = routes.len();
            match resource.get("Type").and_then(Yaml::as_str) {
                Some("AWS::ApiGateway::Method") if self.is(properties.get("RestApiId")) => routes.push(self.method(properties)?),
                Some("AWS::ApiGatewayV2::Route") if self.is(properties.get("ApiId")) => routes.push(self.route(properties)?),
                Some("AWS::Serverless::Function" | "AWS::Serverless::StateMachine") => {
                    for event in properties.get("Events").map(Yaml::entries).unwrap_or_default() {
                        let Some(of) = event.value.get("Properties") else { continue };
                        if self.is(of.get("RestApiId").or_else(|| of.get("ApiId"))) {
                            routes.push(self.event(of)?);
                        }
                    }
                }
                _ => {}
            }
            // Whether it is there at all is decided elsewhere.
            if routes.len() > before && resource.get("Condition").is_some() {
                return None;
            }
        }
        Some(routes)
    }

    fn is(&self, node: Option<Yaml<'a>>) -> bool {
        node.is_some_and(|node| self.template.only_resource(node) == Some(self.name))
    }

    /// `AWS::ApiGateway::Method`
    fn method(&self, properties: Yaml<'a>) -> Option<ApiRoute> {
        let path = self.path_of(properties.get("ResourceId")?, 0)?;
        let kind = properties.get("AuthorizationType").and_then(|kind| self.template.text(kind));
        let asks = self.authorizer_of(kind, properties, "AWS::ApiGateway::Authorizer")?;
        Some(ApiRoute { prefix: String::new(), path, method: method(self.template.text(properties.get("HttpMethod")?)?), asks })
    }

    /// The path of a resource of a REST interface.
    fn path_of(&self, resource: Yaml<'a>, depth: usize) -> Option<String> {
        if let Some(raw) = resource.raw().filter(|raw| raw.ends_with(".RootResourceId")) {
            return (raw.split('.').next() == Some(self.name)).then(|| "/".to_owned());
        }
        let name = self.template.only_resource(resource).filter(|_| depth < MAX_DEPTH)?;
        if name == self.name {
            return Some("/".to_owned());
        }
        let properties = self.template.resource(name, "AWS::ApiGateway::Resource")?.get("Properties")?;
        let parent = self.path_of(properties.get("ParentId")?, depth + 1)?;
        let part = self.template.text(properties.get("PathPart")?)?;
        Some(format!("{}/{part}", parent.trim_end_matches('/')))
    }

    /// `AWS::ApiGatewayV2::Route`
    fn route(&self, properties: Yaml<'a>) -> Option<ApiRoute> {
        let key = self.template.text(properties.get("RouteKey")?)?;
        let (verb, path) = if key == "$default" { ("ANY", "/{proxy+}") } else { key.split_once(' ')? };
        let kind = properties.get("AuthorizationType").and_then(|kind| self.template.text(kind));
        let asks = self.authorizer_of(kind, properties, "AWS::ApiGatewayV2::Authorizer")?;
        Some(ApiRoute { prefix: String::new(), path: path.to_owned(), method: method(verb), asks })
    }

    /// What a route with `AuthorizationType` and `AuthorizerId` asks for; outer `None`: the template does not tell.
    #[expect(clippy::option_option, reason = "not known and nothing are two answers")]
    fn authorizer_of(&self, kind: Option<&str>, properties: Yaml<'a>, of: &str) -> Option<Option<Gate>> {
        if !matches!(kind, Some("CUSTOM" | "COGNITO_USER_POOLS" | "JWT")) {
            return Some(None);
        }
        let name = self.template.only_resource(properties.get("AuthorizerId")?)?;
        let resource = self.template.resource(name, of)?;
        let authorizer = resource.get("Properties")?;
        let source = authorizer.get("IdentitySource");
        let texts = source.map(|source| self.template.texts(source));
        let reads = match &texts {
            Some((texts, true)) => texts.iter().flat_map(|text| text.split(',')).any(reads_authorization),
            Some((_, false)) => return None,
            None => false,
        };
        let verifies = matches!(kind, Some("COGNITO_USER_POOLS" | "JWT"));
        Some(reads.then(|| asked(verifies, resource.entry("Type").map_or(resource.span(), |kind| kind.head()))))
    }

    /// An event of SAM.
    fn event(&self, properties: Yaml<'a>) -> Option<ApiRoute> {
        let path = properties.get("Path").map_or(Some("/{proxy+}"), |path| self.template.text(path))?;
        let verb = properties.get("Method").map_or(Some("any"), |verb| self.template.text(verb))?;
        let own = properties.at_path(&["Auth", "Authorizer"]).map(|name| self.template.text(name));
        let asks = match own {
            Some(Some("NONE")) => None,
            Some(Some(name)) => self.named(name)?,
            Some(None) => return None,
            None => match self.auth("DefaultAuthorizer") {
                Some(default) => self.named(self.template.text(default.value)?)?,
                None => None,
            },
        };
        Some(ApiRoute { prefix: String::new(), path: path.to_owned(), method: method(verb), asks })
    }

    /// A key of `Auth`, of the interface itself or of all of them.
    fn auth(&self, key: &str) -> Option<Entry<'a>> {
        let section = if self.kind == Kind::Http { "HttpApi" } else { "Api" };
        let own = self.property("Auth").and_then(|auth| auth.entry(key));
        own.or_else(|| self.template.globals?.at_path(&[section, "Auth"])?.entry(key))
    }

    /// What an authorizer of this name asks for; outer `None`: the template does not tell.
    #[expect(clippy::option_option, reason = "not known and nothing are two answers")]
    fn named(&self, name: &str) -> Option<Option<Gate>> {
        if name == "AWS_IAM" {
            return Some(None);
        }
        let entry = self.auth("Authorizers")?.value.entry(name)?;
        let node = entry.value;
        let verifies = ["UserPoolArn", "JwtConfiguration"].iter().any(|key| node.get(key).is_some());
        let identity = node.get("Identity");
        let fields = |key: &str| identity.and_then(|identity| identity.get(key)).map(|list| self.template.texts(list));
        let named = |text: &str| text.eq_ignore_ascii_case("authorization");
        let reads = if let Some(source) = node.get("IdentitySource") {
            reads_authorization(self.template.text(source)?)
        } else if let Some((texts, whole)) = fields("Headers").or_else(|| fields("Header")) {
            if !whole {
                return None;
            }
            texts.into_iter().any(named)
        } else {
            // A function that gets the whole request looks at what it names; everything else of a REST interface takes Authorization.
            if self.kind == Kind::Http {
                return None;
            }
            node.get("FunctionPayloadType").and_then(Yaml::as_str) != Some("REQUEST")
        };
        Some(reads.then(|| asked(verifies, entry.head())))
    }
}

/// Whether an identity source is the field Authorization: `method.request.header.Authorization`, `$request.header.Authorization`.
fn reads_authorization(source: &str) -> bool {
    source.trim().to_ascii_lowercase().ends_with("request.header.authorization")
}

/// A check that verifies a token itself, or has a function do it.
fn asked(verifies: bool, span: Span) -> Gate {
    gate(if verifies { GateKind::Jwt } else { GateKind::Subrequest }, span)
}

fn method(verb: &str) -> Option<String> {
    let any = verb.eq_ignore_ascii_case("any") || verb == "*";
    (!any).then(|| verb.to_ascii_uppercase())
}

/// A path of API Gateway: `{id}` is one part, `{proxy+}` all that follow.
fn pattern(path: &str) -> Pattern {
    if !path.contains('{') {
        return Pattern::Exact(path.to_owned());
    }
    let part = |part: &str| match part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(name) if name.ends_with('+') => ".+".to_owned(),
        Some(_) => "[^/]+".to_owned(),
        None => regex_syntax::escape(part),
    };
    Pattern::full_regex(&path.split('/').map(part).collect::<Vec<_>>().join("/"))
}
