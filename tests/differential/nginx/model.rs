//! What lint401 says about the requests of one configuration.

use std::collections::BTreeMap;
use std::path::Path;

use lint401::files::Memory;
use lint401::model::from::Lookup;
use lint401::model::from::nginx::{choose, lower};
use lint401::model::{Outcome, Paths, Site};
use lint401::settings::Settings;
use lint401::source::SourceMap;

use super::generate::FILES;
use crate::ask::Ask;
use crate::compare::Answer;
use crate::support::conf::{self, Directive};

/// Asks the model about all requests.
pub(crate) fn answers(config: &str, asks: &[Ask]) -> Vec<Option<Answer>> {
    let mut files = Memory::new();
    files.add("/srv/nginx.conf", config);
    files.add("/srv/passwords/users", "user:{PLAIN}secret\n");
    for path in FILES {
        files.add(format!("/srv/www{path}"), path);
    }
    // The version of the real server matters where versions differ; that of Debian 12 is the oldest in wide use.
    let settings = Settings { nginx_version: super::real::version(), ..Settings::default() };
    let folder = Path::new("/srv");
    let mut sources = SourceMap::new();
    let loaded = lint401::project::nginx::load(&files, &mut sources, Path::new("/srv/nginx.conf"), folder, &settings);
    let lookup = Lookup::new(&files, folder, &settings);
    let servers = lower(&loaded.config, &sources, Paths::shipped(), Some(lookup));
    let names = names(config);
    let stored_verdicts = config.contains("auth_request ") && config.contains("_cache ");
    asks.iter()
        .map(|ask| {
            let request = ask.request();
            let outcome = choose(&servers, &request)?.resolve(&request);
            let name = |outcome: &Outcome| {
                let (start, _) = sources.positions(outcome.served_by.span);
                names.get(&(start.line as usize)).cloned()
            };
            let served = if outcome.runs.is_empty() { vec![name(&outcome)] } else { outcome.runs.iter().map(name).collect() };
            Some(Answer { outcome, served, fields: &[], cache_control: true, stored_verdicts })
        })
        .collect()
}

/// The line of each server and location block and the name it gives itself in `X-Served`.
fn names(config: &str) -> BTreeMap<usize, String> {
    let mut names = BTreeMap::new();
    for directive in conf::parse(config).unwrap_or_default() {
        directive.walk(&mut |d: &Directive| {
            let mark = d.children().iter().find(|c| c.name() == "add_header" && c.arg(0) == "X-Served");
            if let (Some(mark), "server" | "location") = (mark, d.name()) {
                names.insert(d.line, mark.arg(1));
            }
        });
    }
    names
}
