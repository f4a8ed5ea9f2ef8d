//! `lint401 baseline`, and what `check` does with a baseline.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::args::{BaselineArgs, BaselineCommand};
use super::project::{Choice, Configs, Part};
use super::{CLEAN, FINDINGS, Failure, NOTHING, input, note, output};
use crate::analysis::{self, Analysis, INTERNAL_ERROR, Progress};
use crate::baseline::{self, Applied, Baseline, Stale};
use crate::config::Config;
use crate::discover;
use crate::files::{Disk, Files, normalize};
use crate::report::{escape, plural, plural_of};

/// The name of the file where nobody chooses one.
const NAME: &str = ".lint401-baseline.json";

pub(super) fn run(command: &BaselineCommand) -> Result<u8, Failure> {
    match command {
        BaselineCommand::Create { args, force } => create(args, *force),
        BaselineCommand::Prune(args) => prune(args),
        BaselineCommand::Show(args) => show(args),
    }
}

/// Takes out of the analyses what their baselines tolerate, and joins them. Gives what of the baselines is stale in files that are
/// `wanted`, if there are any baselines.
pub(super) fn accept(
    parts: Vec<Part>,
    files: &dyn Files,
    wanted: impl Fn(&Path) -> bool,
) -> Result<(Analysis, Option<Vec<Stale>>), Failure> {
    let base = input::base()?;
    let mut all: Option<Vec<Stale>> = None;
    let mut analyses = Vec::with_capacity(parts.len());
    for mut part in parts {
        if let Some(path) = part.baseline.take() {
            let applied = apply(&mut part, &read(files, &path, &base)?, files, &path, &base);
            let folder = path.parent().unwrap_or(Path::new(""));
            let stale = applied.stale.into_iter().filter(|stale| wanted(&normalize(&folder.join(&stale.key.path))));
            all.get_or_insert_default().extend(stale);
        }
        analyses.push(part.analysis);
    }
    Ok((analysis::join(analyses), all))
}

fn apply(part: &mut Part, baseline: &Baseline, files: &dyn Files, path: &Path, base: &Path) -> Applied {
    let folder = path.parent().unwrap_or(Path::new(""));
    baseline::apply(&mut part.analysis, baseline, &part.judges, files, (folder, base))
}

pub(super) fn read(files: &dyn Files, path: &Path, base: &Path) -> Result<Baseline, Failure> {
    let name = shown(path, base);
    let bytes = files.read(path).map_err(|error| {
        let message = format!("the baseline {name} cannot be read: {}", discover::reason(&error));
        match error.kind() {
            std::io::ErrorKind::NotFound => Failure::with_hint(message, "`lint401 baseline create` writes it"),
            _ => Failure::usage(message),
        }
    })?;
    let text = String::from_utf8(bytes).map_err(|_| Failure::usage(format!("the baseline {name} is not UTF-8")))?;
    Baseline::parse(&text).map_err(|error| match error {
        baseline::BaselineError::Malformed { .. } => Failure::usage(format!("{name}:{error}")),
        baseline::BaselineError::Version(_) => Failure::usage(format!("{name}: {error}")),
    })
}

fn shown(path: &Path, base: &Path) -> String {
    input::name(&discover::shown(path, base))
}

/// Analyses without any baseline, one for each that is in use.
fn analyze(args: &BaselineArgs, configs: &Configs, choice: &Choice) -> Result<Option<Vec<Part>>, Failure> {
    let input = input::find(&args.paths, &args.input, configs)?;
    if let Some(unreadable) = input.found.unreadable.first() {
        return Err(Failure::usage(format!("{}: {}", input::name(&unreadable.path), unreadable.reason)));
    }
    let settings = |config: &Config| input::settings(&args.input, config);
    let (files, roots) = (&*input.files, &input.found.roots);
    let parts = input::on_threads(args.input.jobs, || configs.parts(files, roots, &Progress::default(), settings, choice))??;
    if let Some(bug) = parts.iter().flat_map(|part| &part.analysis.findings).find(|r| r.finding.rule == INTERNAL_ERROR) {
        return Err(Failure::usage(format!("{}; nothing is written", escape(&bug.finding.message))));
    }
    if parts.iter().all(|part| part.analysis.files.is_empty()) {
        note("error: nothing was checked: no configuration was found");
        return Ok(None);
    }
    Ok(Some(parts))
}

fn create(args: &BaselineArgs, force: bool) -> Result<u8, Failure> {
    let base = input::base()?;
    let configs = Configs::new(&args.input)?;
    let named = args.baseline.as_ref().map(|path| crate::files::normalize(&base.join(path)));
    let choice = named.clone().map_or(Choice::Configured, Choice::File);
    let beside = || configs.own.paths.first().and_then(|path| path.parent()).unwrap_or(&base).join(NAME);
    let target = named.or_else(|| configs.own.baseline.clone()).unwrap_or_else(beside);
    let name = shown(&target, &base);
    let there = Disk.kind(&target).is_some();
    if there && !force {
        let hint = "`lint401 baseline prune` takes out what is mended; --force writes it anew with all that is found now";
        return Err(Failure::with_hint(format!("{name} is there already"), hint));
    }
    let Some(parts) = analyze(args, &configs, &choice)? else { return Ok(NOTHING) };
    // What has another baseline stays with it.
    let parts = parts.into_iter().filter(|part| part.baseline.as_ref().is_none_or(|path| *path == target));
    let analysis = analysis::join(parts.map(|part| part.analysis));
    let folder = target.parent().unwrap_or(&base);
    let mut baseline = Baseline::of(&analysis.sources, analysis.findings.iter(), folder, &base);
    if there && let Ok(old) = read(&Disk, &target, &base) {
        baseline.keep_reasons(&old);
    }
    write(&target, &baseline, &name)?;
    let entries = plural_of(baseline.entries.len(), "entry", "entries");
    output::print(&format!("wrote {name}: {} in {entries}\n", plural(baseline.len(), "finding")))?;
    if args.baseline.is_none() && configs.own.baseline.is_none() {
        note(&format!("note: put `baseline = \"{NAME}\"` into lint401.toml, or say `lint401 check --baseline {name}`"));
    }
    Ok(CLEAN)
}

/// The baselines in use, each with the analysis that it holds for.
fn used(args: &BaselineArgs, base: &Path) -> Result<Option<Vec<(PathBuf, Part)>>, Failure> {
    let configs = Configs::new(&args.input)?;
    let named = args.baseline.as_ref().map(|path| crate::files::normalize(&base.join(path)));
    let Some(parts) = analyze(args, &configs, &named.map_or(Choice::Configured, Choice::File))? else { return Ok(None) };
    let used: Vec<_> = parts.into_iter().filter_map(|part| Some((part.baseline.clone()?, part))).collect();
    if used.is_empty() {
        let hint = "name one with --baseline, or with `baseline` in lint401.toml; `lint401 baseline create` writes one";
        return Err(Failure::with_hint("no baseline is in use", hint));
    }
    Ok(Some(used))
}

fn prune(args: &BaselineArgs) -> Result<u8, Failure> {
    let base = input::base()?;
    let Some(used) = used(args, &base)? else { return Ok(NOTHING) };
    for (path, mut part) in used {
        let mut baseline = read(&Disk, &path, &base)?;
        let stale = apply(&mut part, &baseline, &Disk, &path, &base).stale;
        let name = shown(&path, &base);
        if stale.is_empty() {
            output::print(&format!("{name}: nothing is stale\n"))?;
            continue;
        }
        let before = baseline.len();
        baseline.prune(&stale);
        write(&path, &baseline, &name)?;
        let gone = plural(before - baseline.len(), "finding");
        output::print(&format!("{name}: took out {gone}, {} left\n", plural(baseline.len(), "finding")))?;
    }
    Ok(CLEAN)
}

fn show(args: &BaselineArgs) -> Result<u8, Failure> {
    let base = input::base()?;
    let Some(used) = used(args, &base)? else { return Ok(NOTHING) };
    let mut out = output::stdout();
    let mut current = true;
    for (path, mut part) in used {
        let baseline = read(&Disk, &path, &base)?;
        let Applied { stale, open } = apply(&mut part, &baseline, &Disk, &path, &base);
        current &= stale.is_empty();
        for (key, tolerated) in &baseline.entries {
            let state = match stale.iter().find(|stale| stale.key == *key) {
                Some(stale) if stale.whole => "stale".to_owned(),
                Some(stale) => format!("{} of {} stale", stale.count, tolerated.count),
                None if open.contains(key) => "not looked at".to_owned(),
                None if tolerated.count == 1 => "used".to_owned(),
                None => format!("used {} times", tolerated.count),
            };
            let reason = tolerated.reason.as_deref().map(|reason| format!(": {}", escape(reason))).unwrap_or_default();
            let (path, anchor) = (escape(&key.path), escape(&key.anchor));
            writeln!(out, "{path}: {} at {anchor} ({state}){reason}", escape(&key.rule))?;
        }
    }
    out.flush()?;
    Ok(if current { CLEAN } else { FINDINGS })
}

fn write(path: &Path, baseline: &Baseline, name: &str) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| Failure::usage(format!("{name} cannot be written: {}", discover::reason(&error)));
    let text = baseline.to_text().map_err(|error| cannot(error.into()))?;
    output::replace(path, text.as_bytes()).map_err(cannot)
}
