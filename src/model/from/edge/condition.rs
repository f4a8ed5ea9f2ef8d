//! For which requests an entry is.

use ipnet::IpNet;

use super::field::{Field, Part};
use super::pattern::{Pattern, host_matches};
use crate::model::{PathSet, Paths, Request};

/// A condition on a request.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// Every request.
    Always,
    /// The path.
    Path(Pattern),
    /// The host, `*` in it for any characters.
    Host(String),
    /// The method.
    Method(String),
    /// The address of the client is in one of these networks.
    Address(Vec<IpNet>),
    /// A header field, a parameter of the query or another part of the request.
    Field(Box<Field>),
    /// All of them.
    All(Vec<Condition>),
    /// One of them.
    Any(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
    /// Something that the files do not tell: why.
    Open(String),
}

/// A request that a condition is for, as far as it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Example {
    pub(super) path: Option<String>,
    pub(super) host: Option<String>,
    pub(super) method: Option<String>,
    pub(super) query: Option<String>,
    pub(super) headers: Vec<(String, String)>,
}

impl Condition {
    /// One of several paths; none: every path.
    pub(super) fn of_paths(paths: impl IntoIterator<Item = Pattern>) -> Self {
        Self::any(paths.into_iter().map(Self::Path).collect())
    }

    /// One of several hosts; none: every host.
    pub(super) fn of_hosts(hosts: impl IntoIterator<Item = String>) -> Self {
        Self::any(hosts.into_iter().map(Self::Host).collect())
    }

    /// One of several methods; none: every method.
    pub(super) fn of_methods(methods: impl IntoIterator<Item = String>) -> Self {
        Self::any(methods.into_iter().map(Self::Method).collect())
    }

    /// One of several; none: every request.
    pub(super) fn any(mut conditions: Vec<Condition>) -> Self {
        match conditions.len() {
            0 => Self::Always,
            1 => conditions.swap_remove(0),
            _ => Self::Any(conditions),
        }
    }

    /// Both.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Always, other) => other,
            (this, Self::Always) => this,
            (Self::All(mut all), other) => {
                all.push(other);
                Self::All(all)
            }
            (this, other) => Self::All(vec![this, other]),
        }
    }

    /// Whether it holds; `Err`: why the files do not tell.
    pub(super) fn holds(&self, request: &Request) -> Result<bool, &str> {
        match self {
            Self::Always => Ok(true),
            Self::Path(pattern) => pattern.matches(&request.path).ok_or_else(|| pattern.why()),
            Self::Host(host) => Ok(host_matches(host, &request.host)),
            Self::Method(method) => Ok(method.eq_ignore_ascii_case(&request.method)),
            Self::Address(networks) => Ok(networks.iter().any(|network| network.contains(&request.client))),
            Self::Field(field) => field.holds(request),
            Self::Open(why) => Err(why),
            Self::Not(condition) => condition.holds(request).map(|holds| !holds),
            Self::All(conditions) => decided(conditions, request, false),
            Self::Any(conditions) => decided(conditions, request, true),
        }
    }

    /// The well-known paths that it may be for by their text, whatever host and method.
    pub(super) fn well_known(&self, paths: &Paths) -> PathSet {
        match self {
            Self::Path(pattern) => pattern.well_known(paths),
            Self::Open(_) => PathSet::default(),
            Self::Not(condition) if condition.is_of_paths() => paths.everything & !condition.well_known(paths),
            Self::Always | Self::Host(_) | Self::Method(_) | Self::Address(_) | Self::Field(_) | Self::Not(_) => paths.everything,
            Self::All(all) => all.iter().fold(paths.everything, |set, c| set & c.well_known(paths)),
            Self::Any(any) => any.iter().fold(PathSet::default(), |set, c| set | c.well_known(paths)),
        }
    }

    /// Whether it asks for nothing but the path, and the files tell it.
    pub(super) fn is_of_paths(&self) -> bool {
        match self {
            Self::Always => true,
            Self::Path(pattern) => !matches!(pattern, Pattern::Unknown(_)),
            Self::Host(_) | Self::Method(_) | Self::Address(_) | Self::Field(_) | Self::Open(_) => false,
            Self::Not(condition) => condition.is_of_paths(),
            Self::All(conditions) | Self::Any(conditions) => conditions.iter().all(Self::is_of_paths),
        }
    }

    /// A request that it is for.
    pub(super) fn example(&self) -> Example {
        match self {
            Self::Always | Self::Not(_) | Self::Address(_) | Self::Open(_) => Example::default(),
            Self::Path(pattern) => Example { path: pattern.example(), ..Example::default() },
            Self::Host(host) => Example { host: Some(host.clone()).filter(|h| !h.contains('*')), ..Example::default() },
            Self::Method(method) => Example { method: Some(method.clone()), ..Example::default() },
            Self::Field(field) => example_of(field),
            Self::Any(any) => any.first().map(Self::example).unwrap_or_default(),
            Self::All(all) => all.iter().map(Self::example).fold(Example::default(), |a, b| Example {
                path: a.path.or(b.path),
                host: a.host.or(b.host),
                method: a.method.or(b.method),
                query: match (a.query, b.query) {
                    (Some(a), Some(b)) => Some(format!("{a}&{b}")),
                    (a, b) => a.or(b),
                },
                headers: a.headers.into_iter().chain(b.headers).collect(),
            }),
        }
    }

    /// The hosts that it names.
    pub(super) fn hosts(&self) -> Vec<&str> {
        match self {
            Self::Host(host) => vec![host],
            Self::All(conditions) | Self::Any(conditions) => conditions.iter().flat_map(Self::hosts).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether the address of the client plays a part.
    pub(super) fn asks_for_address(&self) -> bool {
        match self {
            Self::Address(_) => true,
            Self::Not(condition) => condition.asks_for_address(),
            Self::All(conditions) | Self::Any(conditions) => conditions.iter().any(Self::asks_for_address),
            _ => false,
        }
    }

    /// The paths that it speaks of, also those that it is not for.
    pub(super) fn paths(&self) -> Vec<&str> {
        match self {
            Self::Path(pattern) => pattern.text().into_iter().collect(),
            Self::Not(condition) => condition.paths(),
            Self::All(conditions) | Self::Any(conditions) => conditions.iter().flat_map(Self::paths).collect(),
            _ => Vec::new(),
        }
    }

    /// How many characters of the path it names: of two, the one with more is the more special one.
    pub(super) fn length(&self) -> usize {
        match self {
            Self::Path(pattern) => pattern.length(),
            Self::All(conditions) | Self::Any(conditions) => conditions.iter().map(Self::length).max().unwrap_or(0),
            _ => 0,
        }
    }
}

/// A request that meets a condition on one part of it.
fn example_of(field: &Field) -> Example {
    let Some(value) = field.example() else { return Example::default() };
    match &field.part {
        Part::Header(name) => Example { headers: vec![(name.clone(), value)], ..Example::default() },
        Part::Parameter(name) => Example { query: Some(format!("{name}={value}")), ..Example::default() },
        Part::Method => Example { method: Some(value), ..Example::default() },
        Part::Host => Example { host: Some(value), ..Example::default() },
        Part::Target => Example { path: Some(value), ..Example::default() },
        Part::Scheme => Example::default(),
    }
}

/// Several conditions: the first that is `enough` decides; one that is open leaves it open only where no other decides.
fn decided<'c>(conditions: &'c [Condition], request: &Request, enough: bool) -> Result<bool, &'c str> {
    let mut open = None;
    for condition in conditions {
        match condition.holds(request) {
            Ok(holds) if holds == enough => return Ok(enough),
            Ok(_) => {}
            Err(why) => open = Some(why),
        }
    }
    open.map_or(Ok(!enough), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Condition {
        Condition::Path(Pattern::wildcard(text))
    }

    #[test]
    fn what_is_open_counts_only_where_nothing_else_decides() {
        let open = || Condition::Open("why".to_owned());
        let request = Request::get("example.com", "/a/x");
        assert_eq!(path("/a/*").and(open()).holds(&request), Err("why"));
        assert_eq!(path("/b/*").and(open()).holds(&request), Ok(false));
        assert_eq!(Condition::Any(vec![open(), path("/a/*")]).holds(&request), Ok(true));
        assert_eq!(Condition::Not(Box::new(open())).holds(&request), Err("why"));
    }

    #[test]
    fn an_example_is_one() {
        let condition = Condition::of_hosts(["a.example".to_owned()])
            .and(Condition::of_paths([Pattern::wildcard("/x/*.css"), Pattern::wildcard("/y")]))
            .and(Condition::of_methods(["PUT".to_owned()]));
        let Example { path, host, method, .. } = condition.example();
        let request = Request::get(host.unwrap(), path.unwrap()).method(&method.unwrap());
        assert_eq!(condition.holds(&request), Ok(true));
    }
}
