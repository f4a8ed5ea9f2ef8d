//! Which files the argument of an `include` stands for.

use std::path::{Path, PathBuf};

use super::glob::{self, Matches};
use super::shipped;
use crate::files::Files;
use crate::project::glob::is_pattern;
use crate::project::places::{Layout, Places};
use crate::settings::Settings;

/// How nginx lays out its configuration on a server.
const LAYOUT: Layout = Layout {
    mains: &["nginx.conf"],
    inner: None,
    targets: &[
        "/etc/nginx",
        "/usr/local/nginx/conf",
        "/usr/local/openresty/nginx/conf",
        "/usr/local/etc/nginx",
        "/opt/homebrew/etc/nginx",
        "/etc/openresty",
        "/opt/nginx/conf",
    ],
    parts: &[
        "conf.d",
        "sites-available",
        "sites-enabled",
        "snippets",
        "modules-enabled",
        "modules-available",
        "includes",
        "vhosts",
        "vhosts.d",
    ],
};

/// A file that an `include` brings, or why it brings none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A file to read.
    File(PathBuf),
    /// A file that comes with nginx and is not in the tree.
    Shipped(&'static str),
    /// Nothing is there.
    Missing {
        /// The path that was looked for.
        looked_for: PathBuf,
        /// Whether it was not looked for at all, because it lies outside the tree.
        outside: bool,
    },
}

/// Resolves the includes of one configuration.
pub(super) struct Resolver<'a> {
    places: Places<'a>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(files: &'a dyn Files, main: &Path, base: &Path, settings: &'a Settings) -> Self {
        Self { places: Places::new(files, main, base, settings, &LAYOUT) }
    }

    /// The files that an argument stands for, in the order in which the server reads them. Empty for a pattern that matches
    /// nothing.
    pub(super) fn resolve(&self, argument: &str) -> Vec<Target> {
        let files = self.places.files();
        let mut missing = None;
        for path in self.places.candidates(argument, None) {
            if is_pattern(argument) {
                match glob::expand(files, &path) {
                    Matches::Files(found) => return found.into_iter().map(Target::File).collect(),
                    Matches::NoFolder(folder) => missing = missing.or(Some(folder)),
                }
            } else if files.kind(&path).is_some() {
                return vec![Target::File(path)];
            } else {
                missing = missing.or(Some(path));
            }
        }
        if !is_pattern(argument) {
            let template = self.places.candidates(argument, None).iter().find_map(|path| self.places.template_of(path));
            if let Some(template) = template {
                return vec![Target::File(template)];
            }
        }
        let relative = self.places.below_target(argument, None).unwrap_or(argument);
        if shipped::is_known_folder(argument, relative) {
            return Vec::new();
        }
        if let Some(name) = shipped::find(relative) {
            return vec![Target::Shipped(name)];
        }
        let outside = missing.is_none();
        vec![Target::Missing { looked_for: missing.unwrap_or_else(|| PathBuf::from(argument)), outside }]
    }
}
