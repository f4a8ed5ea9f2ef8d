//! What lint401 says about the requests of one configuration.

use std::path::Path;

use lint401::files::Memory;
use lint401::model::from::Lookup;
use lint401::model::from::apache::{choose, lower};
use lint401::model::{Outcome, Paths, Site};
use lint401::settings::Settings;
use lint401::source::SourceMap;

use super::generate::{FILES, SCRIPT};
use super::parts;
use super::real::{DEFAULT_HOST, MAP, MAP_TEXT, PASSWORDS};
use crate::ask::Ask;
use crate::compare::Answer;
use crate::support::apache;

/// Fields of the answer that the applications do not send, or not always.
const FIELDS: &[&str] = &["X-Extra", "X-Other", "Set-Cookie"];

/// What the server has besides the configuration: the same that the real one gets.
fn head() -> String {
    let mut text = "ServerRoot /srv\nServerName localhost\nListen 8081\nListen 8082\n".to_owned();
    for name in apache::LOADED {
        text.push_str(&format!("LoadModule {name}_module modules/mod_{name}.so\n"));
    }
    text + DEFAULT_HOST
}

/// Asks the model about all requests.
pub(crate) fn answers(config: &str, asks: &[Ask]) -> Vec<Option<Answer>> {
    let (server, htaccess) = parts(config);
    let mut files = Memory::new();
    files.add("/srv/apache.conf", head() + &server);
    for (path, text) in htaccess {
        files.add(path, text);
    }
    for (name, text) in PASSWORDS {
        files.add(format!("/srv/passwords/{name}"), text);
    }
    for path in FILES {
        files.add(format!("/srv/www{path}"), path);
    }
    files.add(SCRIPT, "");
    files.add(MAP, MAP_TEXT);
    // What is not there is known not to be there.
    let settings = Settings { this_host: true, ..Settings::default() };
    let folder = Path::new("/srv");
    let mut sources = SourceMap::new();
    let loaded = lint401::project::apache::load(&files, &mut sources, Path::new("/srv/apache.conf"), folder, &settings);
    let lookup = Lookup::new(&files, folder, &settings);
    let hosts = lower(&loaded.config, &sources, Paths::shipped(), Some(lookup));
    asks.iter()
        .map(|ask| {
            let request = ask.request();
            let outcome = choose(&hosts, &request)?.resolve(&request);
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
