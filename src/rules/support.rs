//! What several rules need: requests worth following, and words for messages.

use crate::finding::Finding;
use crate::model::from::nginx::Server;
use crate::model::{PathKind, Paths, Request, Route, RouteId, Scheme, Site, Traits, WellKnown};
use crate::project::nginx::{Config, Directive};
use crate::source::{SourceMap, Span};
use crate::syntax::nginx::Name;

/// The routes of a site that have all of `traits`, with their numbers.
pub(super) fn routes_with(site: &dyn Site, traits: Traits) -> impl Iterator<Item = (RouteId, &Route)> {
    site.routes().iter().enumerate().filter(move |(_, r)| r.traits.has(traits)).map(|(i, r)| (i as RouteId, r))
}

/// The request of a client of a well-known path, at a site. What the product keeps as a file is taken to be there.
pub(super) fn request_for(site: &dyn Site, known: &WellKnown) -> Request {
    let mut request = site.request(&known.path).method(&known.method);
    request.assume.file_exists = Some(known.file);
    request
}

/// The well-known paths of these kinds that a route serves, those of no special product first.
pub(super) fn known_paths<'p>(route: &Route, paths: &'p Paths, kinds: &[PathKind]) -> Vec<&'p WellKnown> {
    paths.ranked(&(*route.serves & paths.of_any(kinds)))
}

/// The first of them.
pub(super) fn first_known<'p>(route: &Route, paths: &'p Paths, kinds: &[PathKind]) -> Option<&'p WellKnown> {
    paths.first(&(*route.serves & paths.of_any(kinds)))
}

/// A request that a route serves: a well-known path of the first of `kinds` that it serves, else one made up from its pattern.
pub(super) fn typical_request(site: &dyn Site, id: RouteId, route: &Route, paths: &Paths, kinds: &[PathKind]) -> Option<Request> {
    let by_kind = kinds.iter().find_map(|kind| first_known(route, paths, &[*kind]));
    if let Some(known) = by_kind {
        return Some(request_for(site, known));
    }
    let mut request = site.landmark(id)?;
    let last = request.path.rsplit('/').next().unwrap_or_default();
    if last.contains('.') {
        request.assume.file_exists = Some(true);
    }
    Some(request)
}

/// Whether a path looks like a static asset by its ending.
pub(super) fn is_asset(path: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "css", "js", "mjs", "map", "png", "jpg", "jpeg", "gif", "webp", "avif", "svg", "ico", "woff", "woff2", "ttf", "otf",
        "eot", "mp4", "webm", "mp3", "pdf", "zip", "gz", "txt", "xml",
    ];
    path.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.iter().any(|e| e.eq_ignore_ascii_case(ending)))
}

/// The location that the search finds for a path, also if it is internal.
pub(super) fn location_of(server: &Server, path: &str) -> Option<RouteId> {
    let outcome = server.resolve(&server.request(path));
    let routes = || (0..).zip(server.routes());
    outcome.steps.iter().find_map(|step| {
        let internal = |id| server.effective(id, Name::Internal).is_some_and(|d| d.span() == step.span);
        routes().find(|(id, route)| route.span == step.span || internal(*id)).map(|(id, _)| id)
    })
}

/// The routes that answer an `auth_request` of the server.
pub(super) fn verdict_routes(server: &Server) -> Vec<RouteId> {
    let mut uris: Vec<String> = Vec::new();
    for id in 0..server.routes().len() as RouteId {
        let Some(gate) = server.effective(id, Name::AuthRequest) else { continue };
        let uri = gate.arg(0);
        let path = uri.split('?').next().unwrap_or_default();
        if path.starts_with('/') && !uris.iter().any(|u| u == path) {
            uris.push(path.to_owned());
        }
    }
    uris.iter().filter_map(|uri| location_of(server, uri)).collect()
}

/// A finding about a route: with the place in the configuration and the witness.
pub(super) fn finding(
    rule: &'static str,
    site: &dyn Site,
    route: RouteId,
    primary: crate::source::Span,
    message: String,
    witness: Request,
) -> Finding {
    let mut finding = Finding::new(rule, primary, message).witness(witness);
    finding.context = site.context(route);
    finding
}

/// A request header field (or parameter) that a directive sets.
pub(super) struct Setting<'a> {
    /// The directive.
    pub directive: Directive<'a>,
    /// The name of the header field or parameter; `HTTP_AUTHORIZATION` is `AUTHORIZATION`.
    pub name: String,
    /// The value as written.
    pub value: String,
    /// Where the value stands.
    pub at: Span,
}

/// The directives that set request header fields or parameters whose name `wanted` accepts, outside of files that come with nginx.
pub(super) fn settings<'a>(config: &'a Config, sources: &'a SourceMap, wanted: &dyn Fn(&str) -> bool) -> Vec<Setting<'a>> {
    let own = |d: &Directive| !config.shipped.contains(&d.span().file);
    let field = |d: &Directive| {
        let written = d.arg(0);
        written.strip_prefix("HTTP_").map(str::to_owned).unwrap_or(written.into_owned())
    };
    let setters = config.setters_of(sources, |d| wanted(&field(&d))).filter(own);
    let setting = |d: Directive<'a>| Setting { directive: d, name: field(&d), value: d.arg(1).into_owned(), at: d.arg_span(1) };
    let mut found: Vec<Setting> = setters.map(setting).collect();
    for directive in config.all(sources, Name::MoreSetInputHeaders) {
        for (index, arg) in directive.args().enumerate() {
            let Some((name, value)) = arg.split_once(':') else { continue };
            if wanted(name.trim()) && own(&directive) {
                let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
                found.push(Setting { directive, name, value, at: directive.arg_span(index) });
            }
        }
    }
    found
}

/// A request that reaches the block of a directive, as far as its `server_name`, `listen` and location tell.
pub(super) fn request_at(directive: &Directive) -> Request {
    let mut request = Request::get("", "/");
    for block in directive.ancestors() {
        if block.name() == Name::Location && request.path == "/" && block.arg(0).starts_with('/') {
            request.path = block.arg(0).into_owned();
        }
        if block.name() != Name::Server {
            continue;
        }
        for child in block.children() {
            if child.name() == Name::ServerName && request.host.is_empty() {
                let host = child.arg(0);
                if !host.contains(['*', '~', '$', '_']) {
                    request.host = host.to_ascii_lowercase();
                }
            }
            if child.name() == Name::Listen && child.args().any(|a| a == "ssl") {
                request.scheme = Scheme::Https;
                request.port = 443;
            }
        }
    }
    request
}

/// Whether a location's text names paths of programs rather than pages: an API, tokens, GraphQL.
pub(super) fn is_for_programs(text: &str) -> bool {
    const WORDS: &[&str] =
        &["/api", "wp-json", "token", "oauth", "graphql", "jsonapi", "jwt", "/rest", "/v1", "/rpc", "(api", "|api"];
    has_one(text, WORDS)
}

/// Whether an address or a path is called after an interface of programs: one of its parts is `api`, `auth`, `gateway` or the like.
pub(super) fn has_api_name(text: &str) -> bool {
    const NAMES: &[&str] = &["api", "apis", "oauth", "oauth2", "token", "gateway", "gw", "graphql", "rest", "rpc", "lambda"];
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| NAMES.iter().any(|name| part.eq_ignore_ascii_case(name)))
}

/// The directive in force at a route that lets scripts of other origins send Authorization.
pub(super) fn allows_authorization<'a>(server: &Server<'a>, route: RouteId) -> Option<Directive<'a>> {
    let mut headers = server.effective_all(route, Name::AddHeader);
    headers.find(|h| {
        h.arg(0).eq_ignore_ascii_case("Access-Control-Allow-Headers") && h.arg(1).to_ascii_lowercase().contains("authorization")
    })
}

/// Whether a text of a configuration (a location, a path) names signing in, tokens or accounts.
pub(super) fn names_login(text: &str) -> bool {
    const WORDS: &[&str] =
        &["login", "logon", "signin", "sign-in", "sign_in", "auth", "token", "session", "account", "password", "wp-admin"];
    has_one(text, WORDS) && !has_one(text, &["authors"])
}

/// Whether a text has one of these words in it, ASCII case aside. The words are written in lower case.
fn has_one(text: &str, words: &[&str]) -> bool {
    // Few bytes of a text begin a word: a bit for each possible beginning tells which.
    let bit = |byte: u8| 1_u32 << (byte.to_ascii_lowercase() % 32);
    let beginnings = words.iter().filter_map(|word| word.bytes().next()).fold(0, |bits, byte| bits | bit(byte));
    let bytes = text.as_bytes();
    bytes.iter().enumerate().filter(|(_, byte)| beginnings & bit(**byte) != 0).any(|(at, byte)| {
        let first = byte.to_ascii_lowercase();
        words.iter().any(|word| {
            word.as_bytes().first() == Some(&first)
                && bytes.get(at..at + word.len()).is_some_and(|part| part.eq_ignore_ascii_case(word.as_bytes()))
        })
    })
}

/// Whether an nginx server is one of WordPress: its locations or its document root name it.
pub(super) fn runs_wordpress(server: &Server) -> bool {
    let names_it = |root: Directive| {
        let root = root.arg(0);
        has_one(&root, &["wordpress"]) || root.split('/').any(|part| part.eq_ignore_ascii_case("wp"))
    };
    let located = || {
        let blocks = (0..server.routes().len()).filter_map(|id| server.route_block(id as RouteId));
        blocks.filter(|b| b.name() == Name::Location).any(|b| b.args().any(|a| a.as_bytes().windows(3).any(|w| w == b"wp-")))
    };
    server.effective(0, Name::Root).is_some_and(names_it) || located()
}

/// A request that a route serves, also one that is only reached by `try_files … @name`.
pub(super) fn reaching(site: &dyn Site, id: RouteId, route: &Route, paths: &Paths, kinds: &[PathKind]) -> Option<Request> {
    if !route.traits.has(Traits::INTERNAL) {
        return typical_request(site, id, route, paths, kinds);
    }
    let mut request = site.request("/login");
    request.assume.file_exists = Some(false);
    Some(request)
}

/// Whether the handler is a proxy to an application of one's own: by address, socket, group or local name and without TLS, not a
/// service of somebody else that goes by its own public name.
pub(super) fn own_application(outcome: &crate::model::Outcome) -> bool {
    let Some(target) = outcome.handler.target.as_ref().and_then(|t| t.known()) else { return false };
    let Some(rest) = target.strip_prefix("http://") else { return false };
    if rest.starts_with("unix:") {
        return true;
    }
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_matches(['[', ']']);
    let local = [".local", ".internal", ".lan", ".localdomain"];
    host.parse::<std::net::IpAddr>().is_ok() || !host.contains('.') || local.iter().any(|l| host.ends_with(l))
}

/// Whether header directives that the files do not show may be in force in a route's block: an include that could not be read, or a
/// template hole in place of a name.
pub(super) fn may_set_more(server: &crate::model::from::nginx::Server, sources: &crate::source::SourceMap, id: RouteId) -> bool {
    use crate::syntax::nginx::Name;
    let own = server.effective_all(id, Name::ProxySetHeader);
    if own.into_iter().any(|d| d.arg_words().first().is_some_and(|w| w.hole())) {
        return true;
    }
    let config = server.config();
    let Some(block) = server.route_block(id).filter(|_| config.incomplete) else { return false };
    // Once a block has a line of its own, what stands around it does not count.
    let set_in = server.effective(id, Name::ProxySetHeader).and_then(|d| d.parent()).map(|p| p.id);
    let around = block.ancestors().take_while(|a| set_in.is_none_or(|s| a.id >= s)).filter(|_| set_in != Some(block.id));
    std::iter::once(block).chain(around).any(|b| has_unread_include(config, sources, &b))
}

/// Whether a route's block or one around it, up to the server, has an include that was not read: there may be an exemption in it.
pub(super) fn may_be_exempted(server: &Server, sources: &SourceMap, id: RouteId) -> bool {
    let config = server.config();
    if !config.incomplete {
        return false;
    }
    let Some(block) = server.route_block(id) else { return false };
    let around = block.ancestors().take_while(|a| matches!(a.name(), Name::Server | Name::Location));
    std::iter::once(block).chain(around).any(|b| has_unread_include(config, sources, &b))
}

/// Whether an include directly in a block brought nothing.
fn has_unread_include(config: &Config, sources: &SourceMap, block: &Directive) -> bool {
    block.children().filter(|c| c.name() == Name::Include).any(|include| {
        let brought = (include.id + 1 < config.placed.len() as u32).then(|| config.directive(sources, include.id + 1));
        !brought.is_some_and(|d| d.includes().any(|i| i == include.span()))
    })
}
