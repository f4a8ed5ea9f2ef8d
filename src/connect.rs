//! The places where the stages meet: each function calls one stage.

use crate::discover::Root;
use crate::files::Files;
use crate::finding::Finding;
use crate::model::from::nginx::{self, Lookup, Server};
use crate::model::{Paths, Request, Site};
use crate::project::nginx::Config;
use crate::settings::Settings;
use crate::source::SourceMap;

/// Reads the main file and what it includes.
pub fn load(files: &dyn Files, sources: &mut SourceMap, root: &Root, settings: &Settings) -> (Config, Vec<Finding>) {
    let loaded = crate::project::nginx::load(files, sources, &root.main, &root.base, settings);
    (loaded.config, loaded.findings)
}

/// Checks directives: names, contexts, numbers of arguments.
pub fn check(config: &Config, sources: &SourceMap, settings: &Settings) -> Vec<Finding> {
    crate::project::nginx::check(config, sources, settings)
}

/// The sites of a configuration.
pub fn sites<'a>(config: &'a Config, sources: &'a SourceMap, paths: &Paths, lookup: Lookup<'a>) -> Vec<Server<'a>> {
    nginx::lower(config, sources, paths, Some(lookup))
}

/// The site that a request reaches.
pub fn choose<'s>(sites: &'s [Server<'_>], request: &Request) -> Option<&'s dyn Site> {
    nginx::choose(sites, request).map(|site| -> &dyn Site { site })
}
