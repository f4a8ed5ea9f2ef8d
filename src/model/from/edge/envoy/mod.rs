//! Envoy: a route configuration has virtual hosts, which have routes; the first route that fits counts. What is said here was
//! measured with Envoy 1.40 (`tests/facts/envoy-*.md`, `tests/differential/envoy/`).

mod action;
mod edits;
mod filters;
mod matching;

use filters::{Filter, Overrides};

use super::condition::Condition;
use super::edge_site::{Draft, EdgeSite, Order};
use super::field::{Field, Part, Wanted};
use super::moves::{Moved, Moves, NewPath};
use super::read::texts;
use super::says::{Behaviour, Behind, ClientScheme, FieldPart, Origin, Says};
use crate::discover::edge::Dialect;
use crate::model::{Place, Request, Scheme, Site as _};
use crate::syntax::yaml::{Entry, Yaml};

/// How many nodes of a document are looked at in search of route configurations.
const MAX_NODES: usize = 20_000;

/// How many clusters of one route are told apart.
const MAX_CLUSTERS: usize = 8;

/// What stands around a route configuration.
#[derive(Clone, Copy, Default)]
struct Around<'y> {
    /// The settings of the connection manager.
    manager: Option<Yaml<'y>>,
    tls: bool,
}

/// A route configuration, and what holds for all that it says.
struct Configuration<'y> {
    node: Yaml<'y>,
    tls: bool,
    filters: Vec<Filter<'y>>,
    /// Whether the scheme that the client names counts.
    client_scheme: Option<ClientScheme>,
    /// X-Forwarded-Proto before it is edited: where the client sends it, and where it does not.
    proto: (Vec<FieldPart>, Vec<FieldPart>),
}

pub(super) fn lower(documents: &[Yaml]) -> Vec<Draft> {
    documents.iter().flat_map(|document| configurations(*document)).flat_map(|found| found.virtual_hosts()).collect()
}

/// The virtual host that a request reaches: one that names its host, else the one with the longest `*` at the beginning, then at the
/// end; last `*` alone.
pub(super) fn choose<'s>(sites: &[&'s EdgeSite], request: &Request) -> Option<&'s EdgeSite> {
    let rank = |site: &EdgeSite| {
        let names = site.hosts.iter().filter_map(|name| rank(name, &request.host));
        let best = names.max().or_else(|| site.hosts.is_empty().then_some((0, 0)))?;
        let same_scheme = site.is_tls() == (request.scheme == Scheme::Https);
        Some((best, same_scheme))
    };
    // Of two alike the first one: listeners of one file that cannot be told apart.
    let ranked = sites.iter().rev().filter_map(|site| Some((rank(site)?, *site)));
    ranked.max_by_key(|(rank, _)| *rank).map(|(_, site)| site)
}

/// How well a domain fits a host; `None`: it does not. A `*` stands for at least one character.
fn rank(domain: &str, host: &str) -> Option<(u8, usize)> {
    let longer = host.len() >= domain.len();
    match (domain.strip_prefix('*'), domain.strip_suffix('*')) {
        (Some(""), _) => Some((0, 0)),
        (Some(end), _) => (longer && host.ends_with(end)).then_some((2, end.len())),
        (_, Some(start)) => (longer && host.starts_with(start)).then_some((1, start.len())),
        _ => (domain == host).then_some((3, 0)),
    }
}

/// The mappings with `virtual_hosts`, wherever they stand.
fn configurations(document: Yaml<'_>) -> Vec<Configuration<'_>> {
    let mut found = Vec::new();
    let mut pending = vec![(document, Around::default())];
    for _ in 0..MAX_NODES {
        let Some((node, around)) = pending.pop() else { break };
        if node.get("virtual_hosts").is_some() {
            found.push((node, around));
            continue;
        }
        let tls = around.tls || node.get("filters").is_some() && speaks_tls(node);
        let manager = if node.get("route_config").is_some() { Some(node) } else { around.manager };
        let around = Around { manager, tls };
        pending.extend(node.items().map(|item| (item, around)));
        pending.extend(node.entries().into_iter().map(|entry| (entry.value, around)));
    }
    found.sort_by_key(|(node, _)| node.span());
    found.into_iter().map(|(node, around)| Configuration::new(node, around)).collect()
}

/// Whether a filter chain speaks TLS.
fn speaks_tls(chain: Yaml) -> bool {
    let text = |keys: &[&str]| chain.at_path(keys).and_then(Yaml::as_str).unwrap_or_default();
    let kind = text(&["transport_socket", "typed_config", "@type"]);
    chain.get("tls_context").is_some()
        || text(&["transport_socket", "name"]).ends_with("transport_sockets.tls")
        || kind.ends_with("DownstreamTlsContext")
}

impl<'y> Configuration<'y> {
    fn new(node: Yaml<'y>, around: Around<'y>) -> Self {
        let said = |key: &str| around.manager.and_then(|manager| manager.get(key));
        let number = |key: &str| said(key).and_then(Yaml::as_number).unwrap_or(0.0);
        let own_address = said("use_remote_address").and_then(Yaml::as_bool) == Some(true);
        let elsewhere = ["original_ip_detection_extensions", "scheme_header_transformation", "early_header_mutation_extensions"];
        // The address of the peer counts: then fields of the client do not, unless so many proxies stand before.
        let client_scheme = match around.manager {
            None => Some(ClientScheme::Unknown),
            Some(_) if elsewhere.iter().any(|key| said(key).is_some()) => Some(ClientScheme::Unknown),
            Some(_) => (!own_address || number("xff_num_trusted_hops") > 0.0).then_some(ClientScheme::Counts),
        };
        let sent = match client_scheme {
            None => FieldPart::Scheme,
            Some(ClientScheme::Counts) => FieldPart::Client,
            Some(ClientScheme::Unknown) => FieldPart::Unknown("whether it is believed stands elsewhere".to_owned()),
        };
        let filters = around.manager.and_then(|manager| manager.get("http_filters")).map(filters::read).unwrap_or_default();
        Self { node, tls: around.tls, filters, client_scheme, proto: (vec![sent], vec![FieldPart::Scheme]) }
    }

    fn virtual_hosts(&self) -> Vec<Draft> {
        self.node.get("virtual_hosts").into_iter().flat_map(Yaml::items).map(|host| self.virtual_host(host)).collect()
    }

    fn virtual_host(&self, host: Yaml) -> Draft {
        let span = host.entry("name").map_or(host.span(), |name| name.head());
        let mut behaviours: Vec<Behaviour> = self.over_tls(host).into_iter().collect();
        for route in host.get("routes").into_iter().flat_map(Yaml::items) {
            behaviours.extend(self.route(host, route));
        }
        let mut default = if host.get("matcher").is_some() {
            let mut open = Behaviour::new(span, "a tree of matchers", Condition::Always);
            open.says.origin = Some(Origin { behind: Behind::Unknown, span, target: None, plain: None });
            open.says.unread = true;
            open
        } else {
            Behaviour::not_found(span, "no route")
        };
        // Filters come first, also where nothing is found; what the virtual host says of them counts for its routes.
        filters::gates(&self.filters, &mut default.says);
        default.says.client_scheme = self.client_scheme;
        let name = host.get("name").and_then(Yaml::as_str).unwrap_or("without name");
        Draft {
            dialect: Dialect::Envoy,
            place: Place { span, text: format!("virtual host {name}") },
            hosts: hosts(host),
            order: Order::Alone,
            default,
            behaviours,
            tls: self.tls,
        }
    }

    /// The redirect that `require_tls` makes, before all routes.
    fn over_tls(&self, host: Yaml) -> Option<Behaviour> {
        let required = host.entry("require_tls")?;
        let kind = required.value.as_str().filter(|kind| !matches!(*kind, "NONE" | "0"))?;
        let plain = Condition::Field(Box::new(Field::new(Part::Scheme, Wanted::Exact("http".to_owned()))));
        let when = match kind {
            "ALL" | "2" => plain,
            _ => plain.and(Condition::Open("whether the request comes from within".to_owned())),
        };
        let mut behaviour = Behaviour::new(required.head(), "require_tls", when);
        let to = Moved::Parts { scheme: Some(Scheme::Https), host: None, port: None, path: NewPath::Same, query: true };
        behaviour.says.moves = Some(Moves { status: 301, to, span: required.head() });
        filters::gates(&self.filters, &mut behaviour.says);
        Some(behaviour)
    }

    /// What is said of a filter in the places that are nearer than it, the nearest first.
    fn overrides<'o>(&self, host: Yaml<'o>, nearer: &[Yaml<'o>]) -> Overrides<'o>
    where
        'y: 'o,
    {
        Overrides::new(nearer.iter().copied().chain([host, self.node]))
    }

    /// A route, once for each cluster that may take it, and for each rule of filters that take some of its paths.
    fn route(&self, host: Yaml, route: Yaml) -> Vec<Behaviour> {
        let asked = route.get("match");
        let when = matching::condition(asked);
        let head = route.entry("match").map_or(route.span(), |entry| entry.head());
        let text = |key: &str| asked.and_then(|asked| asked.get(key)).and_then(Yaml::as_str);
        let name = text("prefix").or_else(|| text("path")).map_or_else(|| "route".to_owned(), |path| format!("route {path}"));
        let clusters = action::weighted(route);
        let last = clusters.len().saturating_sub(1);
        let mut out = Vec::new();
        for (number, cluster) in clusters.into_iter().enumerate() {
            let nearer: Vec<Yaml> = cluster.into_iter().chain([route]).collect();
            let says = Says { client_scheme: self.client_scheme, ..self.says(host, route, cluster) };
            let drawn = Condition::Open("which of the weighted clusters takes it".to_owned());
            let when = if number < last { when.clone().and(drawn) } else { when.clone() };
            let behaviour = Behaviour { says: Box::new(says), ..Behaviour::new(head, name.clone(), when) };
            out.extend(self.overrides(host, &nearer).split(&self.filters, behaviour));
        }
        out
    }

    /// What a route says without its filters. The cluster that is drawn edits first, then the route and what is around it, unless
    /// `most_specific_header_mutations_wins` turns these round.
    fn says(&self, host: Yaml, route: Yaml, cluster: Option<Yaml>) -> Says {
        let inner_wins = self.node.get("most_specific_header_mutations_wins").and_then(Yaml::as_bool) == Some(true);
        let levels = if inner_wins { [self.node, host, route] } else { [route, host, self.node] };
        let levels: Vec<Yaml> = cluster.into_iter().chain(levels).collect();
        let mut says = edits::edited(&levels, &self.proto);
        action::read(route, cluster, &mut says);
        says
    }
}

/// The names of a virtual host, without ports; none: it takes what no other does.
fn hosts(host: Yaml) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for domain in texts(host.get("domains")) {
        let domain = domain.to_ascii_lowercase();
        let name = match domain.rsplit_once(':') {
            Some((name, port)) if port == "*" || port.bytes().all(|b| b.is_ascii_digit()) => name.to_owned(),
            _ => domain,
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    // The one that stands for all comes last, and alone it is no name.
    names.sort_by_key(|name| name == "*");
    if names.first().is_some_and(|name| name == "*") { Vec::new() } else { names }
}

/// The place of an entry in a list: its first key.
fn place(node: Yaml) -> crate::source::Span {
    node.entry("name").or_else(|| node.entries().into_iter().next()).map_or(node.span(), |entry: Entry| entry.head())
}
