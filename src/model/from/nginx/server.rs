//! Which server answers: `listen` and `server_name`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use foldhash::fast::FixedState;

use super::run::Run;
use super::scope::ScopeId;
use crate::model::from::regexes::{RegexId, Regexes};
use crate::model::{Request, Scheme};
use crate::project::nginx::{Config, Directive, DirectiveId, Placed};
use crate::source::{SourceMap, lower_case};
use crate::syntax::nginx::Name;

/// One `listen`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listen<'a> {
    /// `None`: every address.
    pub(super) address: Option<Cow<'a, str>>,
    /// `None`: a Unix socket, or not known.
    pub(super) port: Option<u16>,
    pub(super) default_server: bool,
    pub(super) tls: bool,
}

/// One `server_name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ServerName<'a> {
    Exact(Cow<'a, str>),
    /// `.example.com`: the name itself and all below it.
    DotName(String),
    /// `*.example.com` (kept as `.example.com`).
    LeadingWildcard(String),
    /// `www.example.*` (kept as `www.example.`).
    TrailingWildcard(String),
    Regex(RegexId),
    /// A variable or a template hole.
    Unknown,
}

/// Names and addresses of all servers.
#[derive(Debug, Default)]
pub(super) struct AllListens<'a> {
    all: Vec<Listen<'a>>,
    names: Vec<ServerName<'a>>,
    literal: Vec<Cow<'a, str>>,
}

/// Which of them are those of one server.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ListensOf {
    all: Run,
    names: Run,
    literal: Run,
}

/// Names and addresses of a server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listens<'s, 'a> {
    pub(super) all: &'s [Listen<'a>],
    pub(super) names: &'s [ServerName<'a>],
    /// Literal names in the order of the text.
    pub(super) literal: &'s [Cow<'a, str>],
}

/// Address and port of a `listen`.
type Socket<'a> = (Option<Cow<'a, str>>, Option<u16>);

/// The servers at each address and port.
#[derive(Debug, Default)]
pub(super) struct Doors<'a>(HashMap<Socket<'a>, Door, FixedState>);

/// The servers at one of them.
#[derive(Clone, Copy, Debug)]
struct Door {
    default: ScopeId,
    /// Whether there is more than one.
    crowded: bool,
}

/// How well a name fits; smaller is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NameMatch {
    Exact,
    /// Longest first.
    Leading(std::cmp::Reverse<usize>),
    Trailing(std::cmp::Reverse<usize>),
    Regex(u32),
}

impl ServerName<'_> {
    /// How well a name that is no regex fits a host.
    fn fits(&self, host: &str) -> Option<NameMatch> {
        let longer = |text: &str| host.len() > text.len();
        match self {
            Self::Exact(text) => (text == host).then_some(NameMatch::Exact),
            Self::DotName(text) if text.strip_prefix('.') == Some(host) => Some(NameMatch::Exact),
            Self::DotName(text) | Self::LeadingWildcard(text) => {
                (longer(text) && host.ends_with(text.as_str())).then_some(NameMatch::Leading(std::cmp::Reverse(text.len())))
            }
            Self::TrailingWildcard(text) => {
                (longer(text) && host.starts_with(text.as_str())).then_some(NameMatch::Trailing(std::cmp::Reverse(text.len())))
            }
            Self::Regex(_) | Self::Unknown => None,
        }
    }
}

/// Names that were given to a server of one address.
#[derive(Default)]
pub(super) struct TakenNames<'s> {
    exact: HashSet<&'s str, FixedState>,
    wildcard: HashSet<&'s str, FixedState>,
}

impl<'s> TakenNames<'s> {
    /// Whether the name is still free; it is not afterwards. `.x` is `x` and `*.x`, and is given up as a whole.
    fn take(&mut self, name: &'s ServerName<'_>) -> bool {
        match name {
            ServerName::Exact(text) => self.exact.insert(text),
            ServerName::DotName(text) => self.exact.insert(text.strip_prefix('.').unwrap_or(text)) && self.wildcard.insert(text),
            ServerName::LeadingWildcard(text) | ServerName::TrailingWildcard(text) => self.wildcard.insert(text),
            ServerName::Regex(_) | ServerName::Unknown => true,
        }
    }
}

impl<'a> Doors<'a> {
    /// Adds a server.
    pub(super) fn open(&mut self, server: ScopeId, listens: Listens<'_, 'a>) {
        for listen in listens.all {
            let door = self.0.entry((listen.address.clone(), listen.port));
            let door = door.and_modify(|door| door.crowded = true).or_insert(Door { default: server, crowded: false });
            if listen.default_server {
                door.default = server;
            }
        }
    }

    /// The default server of an address and port.
    pub(super) fn default_server(&self, listen: &Listen<'a>) -> Option<ScopeId> {
        self.at(listen).map(|door| door.default)
    }

    /// Whether more than one server is there.
    pub(super) fn is_crowded(&self, listen: &Listen<'a>) -> bool {
        self.at(listen).is_some_and(|door| door.crowded)
    }

    fn at(&self, listen: &Listen<'a>) -> Option<&Door> {
        self.0.get(&(listen.address.clone(), listen.port))
    }
}

impl<'a> AllListens<'a> {
    /// Reads a `server` block.
    pub(super) fn add(
        &mut self,
        config: &'a Config,
        sources: &'a SourceMap,
        server: DirectiveId,
        regexes: &mut Regexes,
    ) -> ListensOf {
        let before = (self.all.len(), self.names.len(), self.literal.len());
        let mut old_ssl = false;
        let wanted = |placed: &Placed| matches!(placed.name, Name::Listen | Name::ServerName | Name::Ssl);
        for (id, _) in config.placed_children(server).filter(|(_, placed)| wanted(placed)) {
            let child = config.directive(sources, id);
            match child.name() {
                Name::Listen => self.all.push(listen(&child)),
                Name::ServerName => self.add_names(&child, regexes),
                Name::Ssl => old_ssl = child.arg(0) == "on",
                _ => {}
            }
        }
        if self.names.len() == before.1 {
            self.names.push(ServerName::Exact(Cow::default()));
        }
        if self.all.len() == before.0 {
            self.all.push(Listen { address: None, port: Some(80), default_server: false, tls: false });
        }
        if old_ssl {
            self.all.iter_mut().skip(before.0).for_each(|l| l.tls = true);
        }
        ListensOf {
            all: Run::since(before.0, &self.all),
            names: Run::since(before.1, &self.names),
            literal: Run::since(before.2, &self.literal),
        }
    }

    /// Those of one server.
    #[inline]
    pub(super) fn of(&self, own: ListensOf) -> Listens<'_, 'a> {
        Listens { all: own.all.of(&self.all), names: own.names.of(&self.names), literal: own.literal.of(&self.literal) }
    }

    fn add_names(&mut self, directive: &Directive<'a>, regexes: &mut Regexes) {
        for (word, value) in directive.arg_words().iter().zip(directive.args()) {
            let lower = lower_case(value.clone());
            let name = if word.hole() || value.contains('$') && !value.starts_with('~') {
                ServerName::Unknown
            } else if let Some(regex) = value.strip_prefix('~') {
                ServerName::Regex(regexes.intern(regex, true))
            } else if let Some(rest) = lower.strip_prefix('.') {
                self.literal.push(Cow::Owned(rest.to_owned()));
                ServerName::DotName(lower.into_owned())
            } else if let Some(rest) = lower.strip_prefix('*') {
                ServerName::LeadingWildcard(rest.to_owned())
            } else if let Some(rest) = lower.strip_suffix('*') {
                ServerName::TrailingWildcard(rest.to_owned())
            } else {
                if !lower.is_empty() && lower != "_" && !is_address(&lower) {
                    self.literal.push(lower.clone());
                }
                ServerName::Exact(lower)
            };
            self.names.push(name);
        }
    }
}

impl<'s, 'a> Listens<'s, 'a> {
    /// How well the server's names fit a host; `order` is its place among all servers. Names that servers before it have already
    /// (`taken`) are ignored, as nginx ignores them with a warning.
    pub(super) fn matches(self, host: &str, order: u32, regexes: &Regexes, taken: &mut TakenNames<'s>) -> Option<NameMatch> {
        let fit = |name: &ServerName| match name {
            ServerName::Regex(id) => (regexes.is_match(*id, host) == Some(true)).then_some(NameMatch::Regex(order)),
            plain => plain.fits(host),
        };
        self.names.iter().filter(|name| taken.take(name)).filter_map(fit).min()
    }

    /// The last regex among the names.
    pub(super) fn last_regex(self) -> Option<RegexId> {
        self.names.iter().rev().find_map(|name| if let ServerName::Regex(id) = name { Some(*id) } else { None })
    }

    /// The regexes that are asked for a host: none if a plain name fits.
    pub(super) fn regexes_for(self, host: &str) -> Vec<RegexId> {
        if self.names.iter().any(|name| name.fits(host).is_some()) {
            return Vec::new();
        }
        let regexes = self.names.iter().filter_map(|name| if let ServerName::Regex(id) = name { Some(*id) } else { None });
        regexes.collect()
    }

    /// Whether any of its listens is a TLS one.
    pub(super) fn is_tls(self) -> bool {
        self.all.iter().any(|l| l.tls)
    }

    /// The `listen` that takes a request to this address and port.
    pub(super) fn listen_for(self, request: &Request) -> Option<&'s Listen<'a>> {
        let asked = address_of(&request.host).map(Cow::Owned);
        self.all
            .iter()
            .filter(|l| l.port == Some(request.port))
            .filter(|l| l.address.is_none() || asked.is_none() || l.address == asked)
            .min_by_key(|l| l.address != asked)
    }

    /// A request that reaches this server: scheme, host and port of its best listen.
    pub(super) fn request(self, path: &str) -> Request {
        let best = self.all.iter().filter(|l| l.port.is_some()).max_by_key(|l| l.tls).or(self.all.first());
        let tls = best.is_some_and(|l| l.tls);
        let scheme = if tls { Scheme::Https } else { Scheme::Http };
        let address = best.and_then(|l| l.address.as_deref()).map(str::to_owned);
        let host = self.literal.first().cloned().map(Cow::into_owned).or(address).unwrap_or_else(|| "localhost".to_owned());
        let port = best.and_then(|l| l.port).unwrap_or(scheme.default_port());
        Request { scheme, port, ..Request::get(host, path) }
    }
}

/// Whether a name is an address. Hardly any is, and most end as none does.
fn is_address(name: &str) -> bool {
    name.ends_with(|last: char| last.is_ascii_hexdigit() || last == ':') && name.parse::<IpAddr>().is_ok()
}

/// The local address a host name certainly means.
fn address_of(host: &str) -> Option<String> {
    if host == "localhost" {
        return Some(Ipv4Addr::LOCALHOST.to_string());
    }
    host.trim_matches(['[', ']']).parse::<IpAddr>().ok().map(|a| a.to_string())
}

fn listen<'a>(directive: &Directive<'a>) -> Listen<'a> {
    let first = directive.arg(0);
    let (address, port) = match &first {
        Cow::Borrowed(text) => address_and_port(text),
        Cow::Owned(text) => {
            let (address, port) = address_and_port(text);
            (address.map(|address| Cow::Owned(address.into_owned())), port)
        }
    };
    let has = |wanted: [&str; 2]| directive.args().skip(1).any(|flag| wanted.contains(&flag.as_ref()));
    Listen {
        address,
        port: if directive.has_hole() || first.contains('$') { None } else { port },
        default_server: has(["default_server", "default"]),
        tls: has(["ssl", "quic"]),
    }
}

fn address_and_port(text: &str) -> (Option<Cow<'_, str>>, Option<u16>) {
    if text.starts_with("unix:") {
        return (Some(Cow::Borrowed(text)), None);
    }
    if let Ok(port) = text.parse() {
        return (None, Some(port));
    }
    let (address, port) = match text.strip_prefix('[').and_then(|t| t.split_once(']')) {
        Some((inner, rest)) => (inner, rest.strip_prefix(':').map_or(Some(80), |p| p.parse().ok())),
        None => match text.split_once(':') {
            Some((address, port)) => (address, port.parse().ok()),
            None => (text, Some(80)),
        },
    };
    let address = match address {
        "*" | "0.0.0.0" | "::" => None,
        "localhost" => Some(Cow::Borrowed("127.0.0.1")),
        // An address of version 4 has one spelling only.
        other if !other.contains(':') => Some(Cow::Borrowed(other)),
        other => Some(other.parse::<Ipv6Addr>().map_or(Cow::Borrowed(other), |a| Cow::Owned(a.to_string()))),
    };
    (address, port)
}
