//! What lint401 says about the requests of one configuration.

use std::path::Path;

use lint401::connect;
use lint401::discover::{self, Root, RootKind};
use lint401::files::Memory;
use lint401::model::from::Lookup;
use lint401::model::{Outcome, Paths};
use lint401::settings::Settings;
use lint401::source::SourceMap;

use crate::ask::Ask;
use crate::compare::Answer;

/// Fields of the answer that the application does not send.
const FIELDS: &[&str] = &["X-Extra"];

/// Asks the model about all requests.
pub(crate) fn answers(config: &str, asks: &[Ask]) -> Vec<Option<Answer>> {
    let mut files = Memory::new();
    files.add("envoy.yaml", config);
    let settings = Settings::default();
    let main = "envoy.yaml".into();
    let root = Root { main, base: "".into(), kind: RootKind::Main, dialect: discover::Dialect::Edge(None) };
    let mut sources = SourceMap::new();
    let (config, _) = connect::load(&files, &mut sources, &root, &settings);
    let sites = connect::sites(&config, &sources, Paths::shipped(), Lookup::new(&files, Path::new(""), &settings));
    asks.iter()
        .map(|ask| {
            let request = ask.request();
            let (site, _) = sites.choose(&request)?;
            let outcome = site.resolve(&request);
            let marks = if outcome.runs.is_empty() { vec![mark(&outcome)] } else { outcome.runs.iter().map(mark).collect() };
            Some(Answer { outcome, served: marks, fields: FIELDS, cache_control: false, stored_verdicts: false })
        })
        .collect()
}

/// The mark that the answer carries.
fn mark(outcome: &Outcome) -> Option<String> {
    let mark = outcome.response.added.iter().rfind(|header| header.name == "X-Served")?;
    mark.value.known().map(str::to_owned)
}
