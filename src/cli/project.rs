//! Which `lint401.toml` holds for what.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Failure;
use super::args::InputArgs;
use super::input::{self, Input};
use crate::analysis::{self, Analysis, Progress};
use crate::config::{self, Config, ConfigError};
use crate::discover::Root;
use crate::files::{Disk, normalize};
use crate::settings::Settings;

/// The configurations of one run.
pub(super) struct Configs<'a> {
    args: &'a InputArgs,
    /// That of the working directory: it says what to check and when to fail.
    pub(super) own: Config,
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Usage { message: error.to_string(), hint: error.hint }
    }
}

impl<'a> Configs<'a> {
    /// Reads the configuration of the working directory, or the one that the command line names.
    pub(super) fn new(args: &'a InputArgs) -> Result<Self, Failure> {
        let own = Self::of(args, &input::base()?)?;
        Ok(Self { args, own })
    }

    /// The configuration for what lies in a folder.
    pub(super) fn of(args: &InputArgs, folder: &Path) -> Result<Config, Failure> {
        let base = input::base()?;
        let (keys, files): (Vec<&String>, Vec<&String>) = args.config.iter().partition(|text| text.contains('='));
        let path = match files.as_slice() {
            [] if args.isolated => None,
            [] => config::find(&Disk, folder),
            [file] => Some(normalize(&base.join(file))),
            _ => return Err(Failure::usage("--config names several files")),
        };
        let text = keys.into_iter().map(String::as_str).collect::<Vec<_>>().join("\n");
        Ok(config::read_with(&Disk, path.as_deref(), &base, &text)?)
    }

    /// Checks the roots, each with the settings that `settings` makes of the configuration that holds for it.
    pub(super) fn analyze(
        &self,
        input: &Input,
        progress: &Progress,
        settings: impl Fn(&Config) -> Result<Settings, Failure>,
    ) -> Result<Analysis, Failure> {
        let mut analyses = Vec::new();
        for (config, roots) in self.group(&input.found.roots)? {
            analyses.push(analysis::analyze(&*input.files, &roots, &settings(&config)?, progress));
        }
        Ok(analysis::join(analyses))
    }

    /// The roots by the configuration that holds for each: that of its folder or the nearest one above.
    fn group(&self, roots: &[Root]) -> Result<Vec<(Config, Vec<Root>)>, Failure> {
        if roots.is_empty() || self.args.isolated || self.args.config.iter().any(|text| !text.contains('=')) {
            return Ok(vec![(self.own.clone(), roots.to_vec())]);
        }
        let mut groups: BTreeMap<Option<PathBuf>, (PathBuf, Vec<Root>)> = BTreeMap::new();
        let mut known: BTreeMap<PathBuf, Option<PathBuf>> = BTreeMap::new();
        for root in roots {
            let main = root.base.join(&root.main);
            let folder = main.parent().unwrap_or(Path::new("")).to_owned();
            let path = known.entry(folder.clone()).or_insert_with(|| config::find(&Disk, &folder)).clone();
            groups.entry(path).or_insert_with(|| (folder, Vec::new())).1.push(root.clone());
        }
        groups.into_values().map(|(folder, roots)| Ok((Self::of(self.args, &folder)?, roots))).collect()
    }
}
