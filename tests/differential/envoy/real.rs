//! What the real Envoy does with the requests of many configurations in one process.

use serde_json::{Value, json};

use crate::kind::Case;
use crate::observe::{self, Observed};
use crate::support::envoy;
use crate::support::server::{self, Dialect, Server};
use crate::support::upstream::Upstream;
use crate::support::wire::Protocol;

/// The clusters that configurations name.
pub(crate) const CLUSTERS: [&str; 3] = ["a", "b", "c"];

/// The place where configurations are run.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    upstream: Upstream,
    /// Where the upstream listens.
    port: u16,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let upstream = Upstream::new();
        let port = upstream.listen(Protocol::Http);
        Self { folder: server::folder(), upstream, port }
    }

    /// Runs some cases together. Where Envoy refuses one of them, each has a process of its own.
    pub(crate) fn run(&self, cases: &[&Case]) -> Vec<Result<Vec<Observed>, String>> {
        match self.together(cases) {
            Ok(observed) => observed.into_iter().map(Ok).collect(),
            Err(error) if cases.len() == 1 => vec![Err(error)],
            Err(_) => cases.iter().map(|case| self.together(&[*case]).map(|mut one| one.remove(0))).collect(),
        }
    }

    fn together(&self, cases: &[&Case]) -> Result<Vec<Vec<Observed>>, String> {
        let mut listeners = Vec::new();
        let mut ports = Vec::new();
        for (number, case) in cases.iter().enumerate() {
            let port = server::free_port();
            let document: Value = yaml_serde::from_str(&case.text).map_err(|e| e.to_string())?;
            let manager = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
            let manager = document.pointer(manager).ok_or("no connection manager")?.clone();
            listeners.push(envoy::listener(&format!("listener {number}"), port, manager));
            ports.push(port);
        }
        let clusters: Vec<Value> = CLUSTERS.iter().map(|name| envoy::cluster(name, self.port)).collect();
        let bootstrap = json!({"static_resources": {"listeners": listeners, "clusters": clusters}});
        let config = envoy::write(self.folder.path(), &bootstrap, &ports);
        let mut server = Server::start(Dialect::Envoy, self.folder.path(), &config)?;
        let mut out = Vec::new();
        for (case, port) in cases.iter().zip(ports) {
            let mut numbers = Vec::new();
            let mut observed = Vec::new();
            for ask in &case.asks {
                match observe::send(ask, port, &self.upstream, &mut numbers) {
                    Ok(seen) if seen.answer.status != 0 || !server.crashed() => observed.push(seen),
                    Ok(_) => break,
                    Err(error) => return Err(format!("{}: {error}\n{}", ask.lines().join(" | "), server.log())),
                }
            }
            out.push(observed);
        }
        Ok(out)
    }
}
