//! The places where the stages meet: each function calls one stage.

use std::path::Path;

use crate::discover::Root;
use crate::files::{Files, Memory};
use crate::finding::Finding;
use crate::model::from::Lookup;
use crate::model::from::nginx::{self, Server};
use crate::model::{Paths, Request, Site};
use crate::project::nginx::{self as project, Config};
use crate::settings::Settings;
use crate::source::SourceMap;

/// Reads the main file and what it includes.
pub fn load(files: &dyn Files, sources: &mut SourceMap, root: &Root, settings: &Settings) -> (Config, Vec<Finding>) {
    // Below the base the files go by their whole paths, so that includes of absolute paths find them; what is shown is relative
    // all the same. A root outside of the base goes by the path that it was named with.
    let below = root.main.is_relative() && !root.main.starts_with("..");
    let loaded = if below {
        project::load(files, sources, &root.base.join(&root.main), &root.base, settings)
    } else {
        project::load(files, sources, &root.main, Path::new(""), settings)
    };
    (loaded.config, loaded.findings)
}

/// The configuration of a root that could not be read.
pub fn unread(sources: &mut SourceMap, root: &Root) -> Config {
    project::load(&Memory::new(), sources, &root.main, Path::new(""), &Settings::default()).config
}

/// Checks directives: names, contexts, numbers of arguments.
pub fn check(config: &Config, sources: &SourceMap, settings: &Settings) -> Vec<Finding> {
    project::check(config, sources, settings)
}

/// The sites of a configuration.
pub fn sites<'a>(config: &'a Config, sources: &'a SourceMap, paths: &Paths, lookup: Lookup<'a>) -> Vec<Server<'a>> {
    nginx::lower(config, sources, paths, Some(lookup))
}

/// The site that a request reaches.
pub fn choose<'s>(sites: &'s [Server<'_>], request: &Request) -> Option<&'s dyn Site> {
    nginx::choose(sites, request).map(|site| -> &dyn Site { site })
}
