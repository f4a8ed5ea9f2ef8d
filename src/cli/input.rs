//! From arguments to settings, files and roots.

use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Failure;
use super::args::{CheckArgs, InputArgs};
use super::project::Configs;
use crate::config::Config;
use crate::discover::{self, Dialect, Discovery, Root, RootKind};
use crate::dump;
use crate::files::{self, Disk, Files, Memory, Overlay};
use crate::finding::Severity;
use crate::selection;
use crate::settings::{Settings, release};

/// What standard input is called where nothing else names it.
const STDIN: &str = "<stdin>";

/// Where the texts are from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// All from the disk.
    Disk,
    /// One from standard input, under this name; the others from the disk.
    Text(PathBuf),
    /// All from the output of `nginx -T`.
    Dump,
}

/// Files to read and where to start.
pub(super) struct Input {
    /// The files.
    pub(super) files: Arc<dyn Files + Send>,
    /// What is in them.
    pub(super) found: Discovery,
    /// The paths that were asked for, as they were written.
    pub(super) asked: Vec<PathBuf>,
    /// Where they are from.
    pub(super) origin: Origin,
}

impl Input {
    /// Nothing, because there is no need to look.
    pub(super) fn none(configs: &Configs) -> Self {
        Self { files: configs.files.clone(), found: Discovery::default(), asked: Vec::new(), origin: Origin::Disk }
    }

    /// Whether all that was named is excluded, so that there is nothing to check and nothing wrong with that.
    pub(super) fn is_excluded(&self) -> bool {
        self.found.roots.is_empty() && self.found.skipped.is_empty() && !self.found.excluded.is_empty()
    }
}

/// Settings of the arguments that every command shares, on top of those of a configuration.
pub(super) fn settings(args: &InputArgs, config: &Config) -> Result<Settings, Failure> {
    let mut settings = Settings { this_host: args.host, base: base()?, ..Settings::default() };
    config.apply(&mut settings);
    settings.ignores.enabled = !args.no_ignores;
    settings.ignores.today = today();
    for pair in &args.prefix_map {
        let (from, to) = pair
            .split_once('=')
            .filter(|(from, _)| !from.is_empty())
            .ok_or_else(|| Failure::usage(format!("`{pair}` is no prefix map: write it as FROM=TO")))?;
        settings.include_map.retain(|(other, _)| other != from);
        settings.include_map.push((from.to_owned(), to.to_owned()));
    }
    settings.sort_include_map();
    if let Some(version) = &args.nginx_version {
        settings.nginx_version =
            release(version).ok_or_else(|| Failure::usage(format!("`{version}` is no release of nginx: write it as 1.30.0")))?;
    }
    if let Some(version) = &args.apache_version {
        settings.apache_version = release(version)
            .ok_or_else(|| Failure::usage(format!("`{version}` is no release of Apache httpd: write it as 2.4.62")))?;
    }
    Ok(settings)
}

/// The day, in UTC; `SOURCE_DATE_EPOCH` makes runs repeatable.
fn today() -> jiff::civil::Date {
    let given = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|seconds| seconds.parse().ok());
    let now = given.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()).unwrap_or_else(jiff::Timestamp::now);
    jiff::tz::Offset::UTC.to_datetime(now).date()
}

/// Adds the choice of rules.
pub(super) fn rules(mut settings: Settings, args: &CheckArgs) -> Result<Settings, Failure> {
    let known = |ids: &[String]| ids.iter().map(|id| rule(id.trim()).map(str::to_owned)).collect::<Result<Vec<_>, _>>();
    settings.select = known(&args.select)?;
    for id in &settings.select {
        // What is asked for by name runs, whatever the configuration says.
        settings.ignore.retain(|ignored| ignored != id);
    }
    settings.ignore.extend(known(&args.ignore)?);
    settings.profile = args.profile.unwrap_or(settings.profile);
    settings.preview = !args.no_preview && (args.preview || settings.preview);
    settings.min_confidence = args.min_confidence;
    for pair in &args.severity {
        let (id, level) =
            pair.split_once('=').ok_or_else(|| Failure::usage(format!("`{pair}` is no severity: write it as RULE=LEVEL")))?;
        let id = rule(id.trim())?;
        for entry in &mut settings.per_file {
            entry.rules.remove(id);
        }
        settings.ignore.retain(|ignored| ignored != id);
        match level.trim() {
            "error" => settings.severity.insert(id.to_owned(), Severity::Error),
            "warning" => settings.severity.insert(id.to_owned(), Severity::Warning),
            "info" => settings.severity.insert(id.to_owned(), Severity::Info),
            "off" => {
                settings.ignore.push(id.to_owned());
                None
            }
            other => {
                return Err(Failure::with_hint(
                    format!("unknown severity `{other}`"),
                    "severities are error, warning, info and off",
                ));
            }
        };
    }
    Ok(settings)
}

/// The id of a rule that must exist.
pub(super) fn rule(id: &str) -> Result<&'static str, Failure> {
    selection::resolve(id).map_err(|near| {
        let hint = near.map_or_else(|| "`lint401 rules` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
        Failure::with_hint(format!("unknown rule `{id}`"), hint)
    })
}

/// The working directory.
pub(super) fn base() -> Result<PathBuf, Failure> {
    std::env::current_dir().map_err(|e| Failure::usage(format!("the working directory cannot be read: {e}")))
}

/// Reads standard input if it is asked for, and finds the files.
pub(super) fn find(paths: &[PathBuf], args: &InputArgs, configs: &Configs) -> Result<Input, Failure> {
    let input = look(paths, args, configs)?;
    let base = base()?;
    let outside = |path: &PathBuf| path.is_absolute() || path.starts_with("..");
    configs.trees.get_or_init(|| input.asked.iter().map(|path| discover::shown(path, &base)).filter(outside).collect());
    configs.fault()?;
    Ok(input)
}

fn look(paths: &[PathBuf], args: &InputArgs, configs: &Configs) -> Result<Input, Failure> {
    let base = base()?;
    let patterns = if args.root.is_empty() { configs.own.roots.as_ref() } else { Some(&args.root) };
    let roots = LazyCell::new(|| patterns.map(|patterns| discover::expand(&*configs.files, patterns, &base)));
    // Otherwise the roots themselves are what is checked.
    let are_named = !paths.is_empty() || args.files_from.is_some();
    let listed;
    let paths = match &args.files_from {
        Some(from) => {
            listed = paths.iter().cloned().chain(list(from)?).collect::<Vec<_>>();
            &listed[..]
        }
        None if paths.is_empty() => {
            listed = roots.clone().unwrap_or_else(|| vec![PathBuf::from(".")]);
            &listed[..]
        }
        None => paths,
    };
    let search = configs.search(args, args.kind.0);
    let with_context = |files: &dyn Files, found: &mut Discovery| {
        let named: BTreeSet<PathBuf> = paths.iter().map(|path| discover::shown(path, &base)).collect();
        if are_named
            && found.roots.iter().any(|root| root.kind == RootKind::Snippet || named.contains(&root.main))
            && let Some(roots) = &*roots
        {
            let mut context = discover::discover(files, roots, &base, &search);
            if !args.root.is_empty() {
                found.unreadable.append(&mut context.unreadable);
            }
            add_context(found, context, &named);
        }
    };
    if !paths.iter().any(|p| p.as_os_str() == "-") {
        if args.stdin_filename.is_some() {
            return Err(Failure::with_hint("--stdin-filename needs standard input", "give `-` as the path"));
        }
        let mut found = discover::discover(&*configs.files, paths, &base, &search);
        with_context(&*configs.files, &mut found);
        return Ok(Input { files: configs.files.clone(), found, asked: paths.to_vec(), origin: Origin::Disk });
    }
    if paths.len() > 1 {
        return Err(Failure::usage("`-` cannot be combined with other paths"));
    }
    let mut text = Vec::new();
    std::io::stdin().read_to_end(&mut text).map_err(|e| Failure::usage(format!("standard input cannot be read: {e}")))?;
    if args.stdin_filename.is_none()
        && let Some(dump) = dump::split(&text)
    {
        let root = Root { main: dump.main, base, kind: RootKind::Main, dialect: Dialect::Nginx };
        let found = Discovery { looked_at: dump.files.paths().count(), roots: vec![root], ..Discovery::default() };
        return Ok(Input { files: Arc::new(dump.files), found, asked: vec![PathBuf::from(STDIN)], origin: Origin::Dump });
    }
    let name = args.stdin_filename.clone().unwrap_or_else(|| PathBuf::from(STDIN));
    let name = discover::shown(&name, &base);
    let mut top = Memory::new();
    // Found by the name it is shown with, loaded by its whole path.
    top.add(base.join(&name), text.clone());
    top.add(&name, text);
    let files = Overlay { top, base: &Disk };
    let mut found = discover::discover(&files, std::slice::from_ref(&name), &base, &search);
    with_context(&files, &mut found);
    Ok(Input { files: Arc::new(files), found, origin: Origin::Text(name.clone()), asked: vec![name] })
}

/// The paths that a file or standard input lists, one a line.
fn list(from: &Path) -> Result<Vec<PathBuf>, Failure> {
    let bytes = if from.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        Disk.read(from)
    };
    let bytes = bytes.map_err(|e| Failure::usage(format!("{}: {}", name(from), discover::reason(&e))))?;
    let text = String::from_utf8(bytes).map_err(|_| Failure::usage(format!("{} is not UTF-8", name(from))))?;
    Ok(text.lines().filter(|line| !line.is_empty()).map(PathBuf::from).collect())
}

/// What is named is looked at in the configurations that `--root` or `roots` of lint401.toml names, wherever those lie: the whole
/// project is analysed, and what is named is reported on.
fn add_context(found: &mut Discovery, roots: Discovery, named: &BTreeSet<PathBuf>) {
    for mut root in roots.roots.into_iter().filter(|root| root.kind == RootKind::Main) {
        match found.roots.iter_mut().find(|known| known.main == root.main) {
            // The main file itself is named: its own lines are meant, as with any other file.
            Some(known) if known.kind == RootKind::Main && named.contains(&root.main) => known.kind = RootKind::Snippet,
            Some(_) => continue,
            None => {}
        }
        root.kind = RootKind::Context;
        found.roots.push(root);
    }
    found.roots.sort_by(|a, b| a.main.cmp(&b.main));
}

/// The working directory as seen from the root of its repository: empty, or `deploy/nginx/`.
pub(super) fn folder_in_repository() -> String {
    let Ok(here) = std::env::current_dir() else { return String::new() };
    // In a worktree or a submodule `.git` is a file.
    let root = here.ancestors().find(|folder| Disk.kind(&folder.join(".git")).is_some());
    match root.map(|root| files::display(&here, root)) {
        Some(below) if !below.is_empty() => below + "/",
        _ => String::new(),
    }
}

/// Runs a piece of work on the number of threads that is asked for.
pub(super) fn on_threads<T: Send>(jobs: Option<usize>, work: impl FnOnce() -> T + Send) -> Result<T, Failure> {
    let Some(jobs) = jobs else { return Ok(work()) };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs)
        // One thread is this one: a second would only bring a heap of its own.
        .use_current_thread()
        .build()
        .map_err(|e| Failure::usage(format!("{jobs} threads cannot be started: {e}")))?;
    Ok(pool.install(work))
}

/// A path for messages.
pub(super) fn name(path: &Path) -> String {
    if path.as_os_str().is_empty() { ".".to_owned() } else { crate::report::escape(&path.to_string_lossy()).into_owned() }
}
