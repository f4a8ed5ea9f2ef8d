//! The places where the stages meet: each function calls one stage.

use crate::discover::Root;
use crate::files::Files;
use crate::finding::Finding;
use crate::model::{Paths, Request, Site};
use crate::project::nginx::Config;
use crate::settings::Settings;
use crate::source::SourceMap;

/// A site of any dialect.
pub type DynSite<'a> = Box<dyn Site + Send + Sync + 'a>;

/// Reads the main file and what it includes.
pub fn load(files: &dyn Files, sources: &mut SourceMap, root: &Root, _settings: &Settings) -> (Config, Vec<Finding>) {
    let bytes = files.read(&root.main).unwrap_or_default();
    let main = sources.add(crate::files::display(&root.main, &root.base), bytes);
    let config = Config {
        main,
        trees: vec![None],
        placed: Vec::new(),
        chains: Vec::new(),
        by_name: Vec::new(),
        guessed_context: Vec::new(),
    };
    (config, Vec::new())
}

/// Checks directives: names, contexts, numbers of arguments.
pub fn check(_config: &Config, _sources: &SourceMap, _settings: &Settings) -> Vec<Finding> {
    Vec::new()
}

/// The sites of a configuration.
pub fn sites<'a>(_config: &'a Config, _sources: &'a SourceMap, _paths: &'a Paths, _settings: &'a Settings) -> Vec<DynSite<'a>> {
    Vec::new()
}

/// The site that a request reaches.
pub fn choose<'s>(sites: &'s [DynSite<'_>], _request: &Request) -> Option<&'s dyn Site> {
    sites.first().map(|site| -> &dyn Site { &**site })
}
