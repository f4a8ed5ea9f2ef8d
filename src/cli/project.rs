//! Which `lint401.toml` holds for what.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use globset::GlobMatcher;

use super::Failure;
use super::args::InputArgs;
use super::input::{self, Input};
use crate::analysis::{self, Analysis, Progress};
use crate::baseline::Judge;
use crate::config::{self, Config, ConfigError};
use crate::discover::{Kind, Root, Search, Wishes};
use crate::files::{Disk, Files, normalize};
use crate::settings::Settings;

/// The configurations of one run.
pub(super) struct Configs {
    /// That of the working directory: it says what to check and when to fail.
    pub(super) own: Arc<Config>,
    /// What is checked, and what these configurations are read from.
    pub(super) files: Arc<dyn Files + Send>,
    /// What was named outside of the working directory.
    pub(super) trees: OnceLock<Vec<PathBuf>>,
    lookup: Arc<Lookup>,
}

/// Which baseline holds.
pub(super) enum Choice {
    /// None.
    None,
    /// This one for all.
    File(PathBuf),
    /// For each root that of its configuration.
    Configured,
}

/// What one baseline holds for.
pub(super) struct Part {
    /// The baseline.
    pub(super) baseline: Option<PathBuf>,
    /// What was found, with nothing taken out.
    pub(super) analysis: Analysis,
    /// What can be said about its entries.
    pub(super) judges: Vec<Judge>,
}

/// Roots with the configuration that holds for them.
type Group = (Arc<Config>, Vec<Root>);

/// Finds and reads configurations, each once.
struct Lookup {
    files: Arc<dyn Files + Send>,
    base: PathBuf,
    /// The one file that counts, whatever lies around; `None` inside: none does.
    #[expect(clippy::option_option, reason = "nothing said, no file, a file")]
    single: Option<Option<PathBuf>>,
    /// Single keys that come on top.
    keys: String,
    exclude: Vec<GlobMatcher>,
    /// The file that holds for what lies in a folder.
    paths: Mutex<BTreeMap<PathBuf, Option<PathBuf>>>,
    configs: Mutex<BTreeMap<Option<PathBuf>, Arc<Config>>>,
    /// The first fault that was met while files were looked for.
    fault: Mutex<Option<ConfigError>>,
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Usage { message: error.to_string(), hint: error.hint }
    }
}

impl Configs {
    /// Reads the configuration of the working directory, or the one that the command line names.
    pub(super) fn new(args: &InputArgs) -> Result<Self, Failure> {
        Self::over(args, Arc::new(Disk))
    }

    /// The same, where the files are not those of the disk.
    pub(super) fn over(args: &InputArgs, files: Arc<dyn Files + Send>) -> Result<Self, Failure> {
        let lookup = Arc::new(Lookup::new(args, files.clone())?);
        Ok(Self { own: lookup.of(&lookup.base)?, files, trees: OnceLock::new(), lookup })
    }

    /// How files are looked for.
    pub(super) fn search(&self, args: &InputArgs, kind: Option<Kind>) -> Search {
        let (force_exclude, no_gitignore) = (args.force_exclude, args.no_gitignore);
        Search { kind, wishes: Some(self.lookup.clone()), force_exclude, no_gitignore }
    }

    /// The fault of a configuration that was met while files were looked for.
    pub(super) fn fault(&self) -> Result<(), Failure> {
        lock(&self.lookup.fault).take().map_or(Ok(()), |fault| Err(fault.into()))
    }

    /// Checks the roots, each with the settings that `settings` makes of the configuration that holds for it.
    pub(super) fn analyze(
        &self,
        input: &Input,
        progress: &Progress,
        settings: impl Fn(&Config) -> Result<Settings, Failure>,
    ) -> Result<Analysis, Failure> {
        let parts = self.parts(&*input.files, &input.found.roots, progress, settings, &Choice::None)?;
        Ok(analysis::join(parts.into_iter().map(|part| part.analysis)))
    }

    /// The same, by the baseline that holds for each.
    pub(super) fn parts(
        &self,
        files: &dyn Files,
        roots: &[Root],
        progress: &Progress,
        settings: impl Fn(&Config) -> Result<Settings, Failure>,
        choice: &Choice,
    ) -> Result<Vec<Part>, Failure> {
        let mut parts: BTreeMap<Option<PathBuf>, (Vec<Analysis>, Vec<Judge>)> = BTreeMap::new();
        for (config, roots) in self.group(roots)? {
            let settings = self.with_trees(settings(&config)?);
            let analysis = analysis::analyze(files, &roots, &settings, progress);
            let baseline = match choice {
                Choice::None => None,
                Choice::File(path) => Some(path.clone()),
                Choice::Configured => config.baseline.clone(),
            };
            let (found, judges) = parts.entry(baseline).or_default();
            judges.push(Judge::of(&analysis, settings));
            found.push(analysis);
        }
        let part = |(baseline, (found, judges))| Part { baseline, analysis: analysis::join(found), judges };
        Ok(parts.into_iter().map(part).collect())
    }

    /// Settings with what was named outside of the working directory.
    pub(super) fn with_trees(&self, settings: Settings) -> Settings {
        Settings { trees: self.trees.get().cloned().unwrap_or_default(), ..settings }
    }

    /// The roots by the configuration that holds for each: that of its folder or the nearest one above.
    fn group(&self, roots: &[Root]) -> Result<Vec<Group>, Failure> {
        let mut groups: BTreeMap<Option<PathBuf>, Vec<Root>> = BTreeMap::new();
        for root in roots {
            let main = root.base.join(&root.main);
            groups.entry(self.lookup.path(main.parent().unwrap_or(Path::new("")))).or_default().push(root.clone());
        }
        if groups.is_empty() {
            return Ok(vec![(self.own.clone(), Vec::new())]);
        }
        groups.into_iter().map(|(path, roots)| Ok((self.lookup.read(path)?, roots))).collect()
    }
}

impl Lookup {
    fn new(args: &InputArgs, files: Arc<dyn Files + Send>) -> Result<Self, Failure> {
        let base = input::base()?;
        let (keys, named): (Vec<&String>, Vec<&String>) = args.config.iter().partition(|text| text.contains('='));
        let single = match named.as_slice() {
            [] => args.isolated.then_some(None),
            [file] => Some(Some(normalize(&base.join(file)))),
            _ => return Err(Failure::usage("--config names several files")),
        };
        let keys = keys.into_iter().map(String::as_str).collect::<Vec<_>>().join("\n");
        let glob = |text: &String| {
            config::pattern(text, &base)
                .map_err(|error| Failure::usage(format!("the pattern `{text}` of --exclude is wrong: {}", error.kind())))
        };
        let exclude = args.exclude.iter().map(glob).collect::<Result<_, _>>()?;
        let (paths, configs, fault) = (Mutex::default(), Mutex::default(), Mutex::default());
        Ok(Self { files, base, single, keys, exclude, paths, configs, fault })
    }

    /// The configuration for what lies in a folder.
    fn of(&self, folder: &Path) -> Result<Arc<Config>, ConfigError> {
        self.read(self.path(folder))
    }

    /// The file of the configuration for what lies in a folder: what `config::find` finds, each folder looked at once.
    fn path(&self, folder: &Path) -> Option<PathBuf> {
        if let Some(single) = &self.single {
            return single.clone();
        }
        if let Some(known) = lock(&self.paths).get(folder) {
            return known.clone();
        }
        let found = config::find_in(&*self.files, folder).or_else(|| self.path(config::above(&*self.files, folder)?));
        lock(&self.paths).insert(folder.to_owned(), found.clone());
        found
    }

    fn read(&self, path: Option<PathBuf>) -> Result<Arc<Config>, ConfigError> {
        if let Some(known) = lock(&self.configs).get(&path) {
            return Ok(known.clone());
        }
        let mut config = config::read_with(&*self.files, path.as_deref(), &self.base, &self.keys)?;
        if !self.exclude.is_empty() {
            config.exclude.get_or_insert_default().extend(self.exclude.iter().cloned());
        }
        let config = Arc::new(config);
        lock(&self.configs).insert(path, config.clone());
        Ok(config)
    }

    /// What the configuration for a file says, if it can be read.
    fn ask<T: Default>(&self, path: &Path, ask: impl FnOnce(&Config) -> T) -> T {
        match self.of(path.parent().unwrap_or(path)) {
            Ok(config) => ask(&config),
            Err(error) => {
                lock(&self.fault).get_or_insert(error);
                T::default()
            }
        }
    }
}

impl Wishes for Lookup {
    fn excludes(&self, path: &Path) -> bool {
        self.ask(path, |config| config.excludes(path))
    }

    fn kind(&self, path: &Path) -> Option<Kind> {
        self.ask(path, |config| config.kind(path))
    }
}

/// What is behind a lock: a panic of another thread leaves it whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
