//! Expectations of a witness, asked of `resolve`.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use lint401::connect;
use lint401::discover::{self, Root, RootKind};
use lint401::files::Memory;
use lint401::model::from::Lookup;
use lint401::model::from::{apache, nginx};
use lint401::model::{Fact, GateKind, HeaderFate, Known, Outcome, Paths, Request, Scheme, Site, Stores, Value, Verdict};
use lint401::settings::Settings;
use lint401::source::SourceMap;

use crate::support::apache as apache_server;
use crate::support::apache_conf;
use crate::support::apache_layout::{Kind, Layout};
use crate::support::conf;
use crate::support::markdown::Example;
use crate::support::replay::compare;
use crate::support::witness::{self, Exchange, Expect, Is, Witness};

const ETC: &str = "/etc/nginx";

/// All exchanges of an example.
pub(crate) fn example(example: &Example) -> Result<(), String> {
    let block = example.witness.as_ref().ok_or("no witness")?;
    let witness = witness::parse(&block.text)?;
    if witness.refused.is_some() {
        return Ok(());
    }
    match example.language.as_str() {
        "nginx" => of_nginx(example, &witness, block.line),
        "apache" | "htaccess" => of_apache(example, &witness, block.line),
        "yaml" => of_edge(example, &witness, block.line),
        _ => Ok(()),
    }
}

fn of_nginx(example: &Example, witness: &Witness, line: usize) -> Result<(), String> {
    let files = tree(example, witness);
    // The witnesses were measured with this version.
    let settings = Settings { this_host: true, nginx_version: (1, 22, 1), ..Settings::default() };
    let mut sources = SourceMap::new();
    let main = Path::new(ETC).join(example.main());
    let loaded = lint401::project::nginx::load(&files, &mut sources, &main, Path::new(ETC), &settings);
    let folder = main.parent().unwrap_or(Path::new(ETC));
    let lookup = Lookup::new(&files, folder, &settings);
    let servers = nginx::lower(&loaded.config, &sources, Paths::shipped(), Some(lookup));
    ask(witness, line, first_listener(example), |request| Some(nginx::choose(&servers, request)?.resolve(request)))
}

/// The YAML itself, or nginx that stands in it.
fn of_edge(example: &Example, witness: &Witness, line: usize) -> Result<(), String> {
    let mut files = Memory::new();
    for (path, block) in &example.files {
        files.add(path, block.text.as_str());
    }
    let settings = Settings { this_host: true, nginx_version: (1, 22, 1), ..Settings::default() };
    let root =
        Root { main: example.main().into(), base: "".into(), kind: RootKind::Main, dialect: discover::Dialect::Edge(None) };
    let mut sources = SourceMap::new();
    let (config, _) = connect::load(&files, &mut sources, &root, &settings);
    let lookup = || Lookup::new(&files, Path::new(""), &settings);
    let own = connect::sites(&config, &sources, Paths::shipped(), lookup());
    let inside = connect::embedded(&config, &sources, Paths::shipped(), lookup);
    let resolve = |request: &Request| {
        let chosen = own.choose(request).or_else(|| inside.iter().find_map(|(_, sites)| sites.choose(request)));
        let (site, _) = chosen?;
        let outcome = site.resolve(request);
        // Who is asked elsewhere lets everyone in: the services of the tests do.
        Some(if outcome.status.known().is_none() { site.resolve(&request.clone().past_gates()) } else { outcome })
    };
    ask(witness, line, (false, 80), resolve)
}

/// httpd as the tests start it: the main file of the example is included by one that names the server's root and its ports.
fn of_apache(example: &Example, witness: &Witness, line: usize) -> Result<(), String> {
    let layout = Layout::of(example, witness);
    let mut files = Memory::new();
    for file in layout.files.iter().filter(|f| f.kind != Kind::Unreadable) {
        files.add(&file.path, file.text.as_str());
    }
    for folder in layout.folders.iter().chain(&layout.writable) {
        files.add(Path::new(&layout.absolute(folder)).join(".keep"), "");
    }
    let name = if layout.main.ends_with("/apache2.conf") { "httpd.conf" } else { "apache2.conf" };
    let main = &Path::new(&layout.server_root).join(name);
    let first = first_port(&layout);
    let ports = if first.is_some() { "" } else { "Listen 80\n" };
    let name = if layout.names_server { "" } else { "ServerName localhost\n" };
    let load = |module: &&str| format!("LoadModule {module}_module modules/mod_{module}.so\n");
    let modules: String = apache_server::LOADED.iter().map(load).collect();
    files.add(main, format!("ServerRoot \"{}\"\n{ports}{name}{modules}Include \"{}\"\n", layout.server_root, layout.main));
    let settings = Settings { this_host: true, ..Settings::default() };
    let mut sources = SourceMap::new();
    let loaded = lint401::project::apache::load(&files, &mut sources, main, Path::new("/"), &settings);
    let lookup = Lookup::new(&files, Path::new(&layout.server_root), &settings);
    let hosts = apache::lower(&loaded.config, &sources, Paths::shipped(), Some(lookup));
    let first = first.unwrap_or((false, 80));
    ask(witness, line, first, |request| Some(apache::choose(&hosts, request)?.resolve(request)))
}

/// The first port that the example names, and whether it speaks TLS.
fn first_port(layout: &Layout) -> Option<(bool, u16)> {
    let servers = layout.files.iter().filter(|f| f.kind == Kind::Server);
    let trees: Vec<_> = servers.filter_map(|f| conf::parse(&f.text).ok()).collect();
    let mut first = None;
    for directive in trees.iter().flatten() {
        directive.walk(&mut |d| {
            if first.is_none() && (apache_conf::is(d, "Listen") || apache_conf::is(d, "VirtualHost")) {
                let port = apache_conf::arg(d, 0).rsplit(':').next().and_then(|p| p.parse().ok());
                let engine = d.children().iter().any(|c| apache_conf::is(c, "SSLEngine"));
                first = port.map(|port| (engine || port == 443, port));
            }
        });
    }
    first
}

fn ask(witness: &Witness, line: usize, first: (bool, u16), resolve: impl Fn(&Request) -> Option<Outcome>) -> Result<(), String> {
    let mut stored: Vec<(Exchange, Outcome)> = Vec::new();
    let mut problems = Vec::new();
    for exchange in &witness.exchanges {
        let request = request(exchange, first);
        let outcome = resolve(&request).ok_or("no server")?;
        // What a subrequest answers, and what comes of it, is the application's to say.
        let subrequest = exchange.replies.iter().any(|r| !r.on.is_empty());
        if !subrequest {
            for expect in &exchange.expect {
                if let Err(problem) = check(expect, exchange, &outcome, &stored) {
                    problems.push(format!("line {}: {} {}: {problem}", exchange.line, exchange.method, exchange.target));
                }
            }
        }
        stored.push((exchange.clone(), outcome));
    }
    if problems.is_empty() { Ok(()) } else { Err(format!("from line {line}:\n{}", problems.join("\n"))) }
}

/// The files of the example and those that the harness makes.
fn tree(example: &Example, witness: &Witness) -> Memory {
    let mut files = Memory::new();
    for (path, block) in &example.files {
        for directive in conf::parse(&block.text).unwrap_or_default() {
            directive.walk(&mut |d| {
                let path = d.arg(0);
                if d.name() == "auth_basic_user_file" && !path.contains('$') && !witness.missing.contains(&path) {
                    files.add(Path::new(ETC).join(&path), "user:{PLAIN}secret\n");
                }
            });
        }
        files.add(Path::new(ETC).join(path), block.text.as_str());
    }
    // Files of the example come after those that the harness makes up.
    for (path, block) in &example.files {
        files.add(Path::new(ETC).join(path), block.text.as_str());
    }
    for path in &witness.create {
        files.add(Path::new(ETC).join(path), path.as_str());
    }
    files
}

fn first_listener(example: &Example) -> (bool, u16) {
    let mut first = None;
    for (_, block) in &example.files {
        for directive in conf::parse(&block.text).unwrap_or_default() {
            directive.walk(&mut |d| {
                if d.name() == "listen" && first.is_none() {
                    let port = d.arg(0).rsplit(':').next().and_then(|p| p.parse().ok()).unwrap_or(80);
                    first = Some((d.words.iter().any(|w| w == "ssl"), port));
                }
            });
        }
    }
    first.unwrap_or((false, 80))
}

fn request(exchange: &Exchange, first: (bool, u16)) -> Request {
    let (tls, port) = exchange.listener.unwrap_or(first);
    let host = exchange.headers.iter().rfind(|(n, _)| n.eq_ignore_ascii_case("host")).map_or("localhost", |(_, v)| v.as_str());
    let (path, query) = match exchange.target.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (exchange.target.as_str(), None),
    };
    let mut request =
        Request::get(host.split(':').next().unwrap_or_default().to_ascii_lowercase(), path).method(&exchange.method);
    request.scheme = if tls { Scheme::Https } else { Scheme::Http };
    request.port = port;
    request.query = query;
    request.headers = exchange.headers.iter().filter(|(n, _)| !n.eq_ignore_ascii_case("host")).cloned().collect();
    request.client = IpAddr::V4(Ipv4Addr::LOCALHOST);
    request
}

/// Status of the application's answer.
fn replied_status(exchange: &Exchange) -> u16 {
    exchange.replies.iter().filter(|r| r.on.is_empty()).filter_map(|r| r.status).next_back().unwrap_or(200)
}

/// A header field of the application's answer.
fn replied<'a>(exchange: &'a Exchange, name: &str) -> Option<&'a str> {
    let mut fields = exchange.replies.iter().filter(|r| r.on.is_empty()).flat_map(|r| &r.headers);
    fields.find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
}

fn check(expect: &Expect, exchange: &Exchange, outcome: &Outcome, before: &[(Exchange, Outcome)]) -> Result<(), String> {
    let reaches = matches!(outcome.status, Known::Is(None));
    match expect {
        Expect::Status(status) => match &outcome.status {
            // A copy has the status of the answer that was stored.
            Known::Is(_) if copy(exchange, outcome, before) => Ok(()),
            Known::Is(said) => same("status", &said.unwrap_or(replied_status(exchange)), status),
            // Where an application's verdict decides, one of the ways must be the one that was seen.
            Known::Unknown(_)
                if outcome.possibly(|o| matches!(o.status, Known::Is(s) if s.unwrap_or(replied_status(exchange)) == *status)) =>
            {
                Ok(())
            }
            Known::Unknown(why) => Err(format!("status: unknown: {why}")),
        },
        Expect::Asked { on, asked } if on.is_empty() => {
            let asks = reaches && !copy(exchange, outcome, before);
            same("asks the upstream", &asks, asked)
        }
        Expect::Cached(cached) => same("cached", &copy(exchange, outcome, before), cached),
        Expect::Upstream { on, field, is } if on.is_empty() => upstream(field, is, exchange, outcome),
        Expect::Header(name, is) => {
            // Where the application's answer decides, one of the ways must be the one that was seen.
            let first = header(name, is, exchange, outcome);
            if outcome.runs.iter().any(|run| header(name, is, exchange, run).is_ok()) { Ok(()) } else { first }
        }
        Expect::Asked { .. } | Expect::Upstream { .. } | Expect::Body(_) | Expect::Log(_) => Ok(()),
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, said: &T, wanted: &T) -> Result<(), String> {
    if said == wanted { Ok(()) } else { Err(format!("{what}: {said:?}, not {wanted:?}")) }
}

/// Whether the exchange is answered with a copy of the answer to an earlier one.
fn copy(exchange: &Exchange, outcome: &Outcome, before: &[(Exchange, Outcome)]) -> bool {
    (outcome.cache.answers_before_gates || matches!(outcome.status, Known::Is(None)))
        && outcome.cache.answers_from_store.value == Known::Is(true)
        && before.iter().any(|(earlier, then)| {
            let key = then.cache.key.as_ref().and_then(|k| k.value.known().cloned()).unwrap_or_default();
            let with_target = key.contains("uri");
            let with_credential = then.cache.key_has_authorization == Some(true);
            let same_key = (!with_target || earlier.target == exchange.target)
                && (!with_credential || earlier.header("authorization") == exchange.header("authorization"));
            same_key && matches!(then.status, Known::Is(None)) && is_stored(earlier, then)
        })
}

fn is_stored(exchange: &Exchange, outcome: &Outcome) -> bool {
    let (status, header) = (replied_status(exchange), |name| replied(exchange, name));
    let cache = &outcome.cache;
    let stores = match if status == 401 { &cache.stores_401.value } else { &cache.stores.value } {
        Known::Is(stores) => *stores,
        Known::Unknown(_) => Stores::Unknown,
    };
    let refuses = header("cache-control")
        .is_some_and(|v| v.contains("private") && !cache.stores_private || v.contains("no-") && !cache.ignores_cache_control);
    let cookie = header("set-cookie").is_some() && !cache.stores_set_cookie && !cache.drops_set_cookie;
    let allows = header("cache-control").is_some_and(|v| v.contains("max-age")) && !cache.ignores_cache_control
        // `mod_cache` makes up a time where it is told when something was changed.
        || cache.answers_before_gates && header("last-modified").is_some();
    !refuses && !cookie && (stores == Stores::Yes || stores == Stores::Origin && allows)
}

fn upstream(field: &str, is: &Is, exchange: &Exchange, outcome: &Outcome) -> Result<(), String> {
    let upstream = outcome.upstream.as_ref().ok_or("no upstream")?;
    let sent = exchange.header(field);
    let fate = |fact: &Fact<HeaderFate>| match &fact.value {
        Known::Is(HeaderFate::Kept) => Ok(sent.map(str::to_owned)),
        Known::Is(HeaderFate::Dropped | HeaderFate::Absent) => Ok(None),
        Known::Is(HeaderFate::Replaced(Value::Known(value))) => {
            Ok(Some(value.clone()).filter(|v| !v.is_empty() || *is == Is::Empty))
        }
        Known::Is(HeaderFate::Replaced(Value::Unknown { prefix, .. })) if matches!(is, Is::Contains(_)) => {
            Ok(Some(prefix.clone()))
        }
        other => Err(format!("{field}: {other:?}")),
    };
    let value = match field.to_ascii_lowercase().as_str() {
        "target" | "method" => return Ok(()),
        "authorization" => fate(&upstream.authorization)?,
        "cookie" => fate(&upstream.cookie)?,
        "x-forwarded-proto" => fate(&upstream.forwarded_proto)?,
        "x-forwarded-host" => fate(&upstream.forwarded_host)?,
        "host" => match &upstream.host.value {
            Known::Is(Value::Known(host)) => Some(host.clone()).filter(|v| !v.is_empty()),
            other => return Err(format!("Host: {other:?}")),
        },
        name => match upstream.sent.iter().find(|s| s.name.eq_ignore_ascii_case(name)) {
            Some(header) => header.value.known().map(str::to_owned).filter(|v| !v.is_empty()),
            // Whether the server takes a name with an underscore at all is no fate of one header.
            None if name.contains('_') => return Ok(()),
            // What httpd adds by itself, whatever the configuration says.
            None if ["x-forwarded-for", "x-forwarded-server", "https"].contains(&name) => return Ok(()),
            None if upstream.forwards_client_headers.value == Known::Is(true) => sent.map(str::to_owned),
            None => None,
        },
    };
    compare(&format!("upstream {field}"), value.as_deref(), sent, is)
}

fn header(name: &str, is: &Is, exchange: &Exchange, outcome: &Outcome) -> Result<(), String> {
    let reaches = matches!(outcome.status, Known::Is(None));
    let hidden = outcome.response.hidden.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    let from_upstream = replied(exchange, name).filter(|_| reaches && !hidden);
    let value = match name.to_ascii_lowercase().as_str() {
        // How cookies are edited is not a part of the model, and Cache-Control depends on the status of the answer.
        // Neither are the methods that a plain file takes.
        "set-cookie" | "cache-control" | "allow" => return Ok(()),
        "location" => outcome.location.as_ref().and_then(Value::known).map(str::to_owned),
        "www-authenticate" => {
            let refusing = outcome.gates.iter().find(|g| g.kind == GateKind::Basic && g.verdict == Verdict::Refuses(401));
            let realm = refusing.filter(|_| !hidden).and_then(|g| g.realm.as_ref()?.known());
            let added = outcome.response.added.iter().find(|s| s.name.eq_ignore_ascii_case(name));
            let added = added.and_then(|s| s.value.known()).or(from_upstream);
            realm.map(|r| format!("Basic realm=\"{r}\"")).or_else(|| added.map(str::to_owned))
        }
        _ => {
            let added = outcome.response.added.iter().find(|s| s.name.eq_ignore_ascii_case(name));
            if *is == Is::Present && added.is_some() {
                return Ok(());
            }
            added.and_then(|s| s.value.known()).or(from_upstream).map(str::to_owned)
        }
    };
    compare(&format!("header {name}"), value.as_deref(), None, is)
}
