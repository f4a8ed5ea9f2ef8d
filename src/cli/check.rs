//! `lint401 check`

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::CheckArgs;
use super::baseline;
use super::fix;
use super::input::{self, Input, Origin};
use super::output;
use super::progress;
use super::project::{Choice, Configs};
use super::scope::{self, Scope};
use super::watch;
use super::{CLEAN, FAILED, FINDINGS, Failure, NOTHING, note};
use crate::analysis::{Analysis, INTERNAL_ERROR, Progress, Reported};
use crate::baseline::Stale;
use crate::config::Config;
use crate::discover::{Kind, Skipped, Unreadable};
use crate::files::{Disk, Files, normalize};
use crate::report::{self, By, Format, Look, Report, Suppressed, plural};

pub(super) fn run(args: &CheckArgs) -> Result<u8, Failure> {
    if args.watch { watch::run(args) } else { once(args, Arc::new(Disk)) }
}

/// One check of these files.
pub(super) fn once(args: &CheckArgs, files: Arc<dyn Files + Send>) -> Result<u8, Failure> {
    let formats = super::args::formats(&args.formats)?;
    let (scope, files) = scope::of(&args.scope, files)?;
    let configs = Configs::over(&args.input, files)?;
    let settings_of = |config: &Config| input::rules(input::settings(&args.input, config)?, args);
    // Wrong arguments are told before anything is read.
    let settings = settings_of(&configs.own)?;
    let progress = Progress::default();
    let wanted = !args.no_progress && args.quiet == 0;
    let choice = match &args.baseline {
        _ if args.no_baseline => Choice::None,
        Some(path) => Choice::File(normalize(&input::base()?.join(path))),
        None => Choice::Configured,
    };
    let shown = |reported: &Reported| reported.severity >= args.min_severity;
    let (input, mended, (analysis, stale)) = input::on_threads(args.input.jobs, || {
        progress::watch(wanted, &progress, || {
            if !args.fix.is_wanted() && scope.as_ref().is_some_and(Scope::is_empty) {
                return Ok((Input::none(&configs), None, Default::default()));
            }
            let mut input = input::find(&args.paths, &args.input, &configs)?;
            let wanted = |path: &Path| scope.as_ref().is_none_or(|scope| scope.has(path));
            let roots = input.found.roots.clone();
            let mut look = |files: &dyn Files| {
                baseline::accept(configs.parts(files, &roots, &progress, settings_of, &choice)?, &*configs.files, wanted)
            };
            let mut found = look(&*input.files)?;
            let mut mended = None;
            if args.fix.is_wanted() {
                let mendable = |analysis: &Analysis, reported: &Reported| {
                    shown(reported) && scope.as_ref().is_none_or(|scope| scope.counts(analysis, reported))
                };
                let (fixed, left) = fix::run(&args.fix, &input, &configs, found, &mendable, &mut look)?;
                (mended, found) = (Some(fixed), left);
            }
            if let Some(scope) = &scope {
                scope.narrow(&mut found.0, &mut input.found)?;
            }
            Ok::<_, Failure>((input, mended, found))
        })
    })??;

    let findings: Vec<_> = analysis.findings.iter().filter(|r| shown(r)).collect();
    let suppressed = suppressed(&analysis, shown);
    let folder = input::folder_in_repository();
    let report = Report {
        analysis: &analysis,
        findings,
        suppressed,
        baseline: stale.as_deref(),
        skipped: &input.found.skipped,
        unreadable: &input.found.unreadable,
        settings: &settings,
        folder: &folder,
    };
    let checked = !analysis.files.is_empty();
    // Where the mended text or a diff is printed, nothing else is.
    let (mut formats, mut to) = (formats, To::Stdout);
    match &mended {
        Some(mended) if args.fix.diff => {
            mended.diff(output::color(args.color))?;
            formats.retain(|(_, file)| file.is_some());
        }
        Some(mended) if input.origin != Origin::Disk => {
            mended.print(&input)?;
            to = To::Stderr;
        }
        _ => {}
    }
    if args.quiet < 2 {
        print(args, &formats, to, &report, checked)?;
    }
    tell(args, scope.as_ref(), &input, &analysis, stale.as_deref().unwrap_or_default());
    if let Some(mended) = &mended {
        mended.tell(&args.fix, args.quiet > 0);
    } else if args.fix.unsafe_fixes && args.quiet == 0 {
        note("note: --unsafe-fixes mends nothing by itself: add --fix or --diff");
    }

    let stale = args.strict_baseline && stale.is_some_and(|stale| !stale.is_empty());
    let gate = args.fail_on.or(configs.own.fail_on).unwrap_or_default().gate();
    let unwritten = mended.as_ref().is_some_and(|mended| !mended.problems.is_empty());
    let failed =
        unwritten || !input.found.unreadable.is_empty() || analysis.findings.iter().any(|r| r.finding.rule == INTERNAL_ERROR);
    let code = if failed {
        FAILED
    } else if !checked {
        // A commit without configurations is nothing to complain about.
        if args.allow_empty || scope.is_some() || input.is_excluded() { CLEAN } else { NOTHING }
    } else if args.exit_zero {
        CLEAN
    } else if let Some(mended) = mended.filter(|_| args.fix.diff) {
        if mended.files.is_empty() { CLEAN } else { FINDINGS }
    } else if stale || gate.is_some_and(|gate| analysis.findings.iter().any(|r| r.severity >= gate)) {
        FINDINGS
    } else {
        CLEAN
    };
    if !args.watch {
        // The process ends here, and its memory goes back as a whole.
        std::mem::forget(analysis);
    }
    Ok(code)
}

/// The findings that are accepted, as far as they are `wanted`.
fn suppressed(analysis: &Analysis, wanted: impl Fn(&Reported) -> bool) -> Vec<Suppressed<'_>> {
    let by_comment = analysis.ignored.iter().map(|accepted| (By::Comment, accepted));
    let all = by_comment.chain(analysis.baselined.iter().map(|accepted| (By::Baseline, accepted)));
    all.filter(|(_, (reported, _))| wanted(reported))
        .map(|(by, (reported, reason))| Suppressed { reported, by, reason: reason.as_deref() })
        .collect()
}

/// Where a report goes that names no file.
#[derive(Clone, Copy)]
enum To {
    Stdout,
    Stderr,
}

fn write(format: Format, report: &Report, look: &Look, mut out: impl Write) -> std::io::Result<()> {
    report::write(format, report, look, &mut out)?;
    out.flush()
}

/// Writes the reports.
fn print(args: &CheckArgs, formats: &[(Format, Option<PathBuf>)], to: To, report: &Report, checked: bool) -> Result<(), Failure> {
    let max_findings = if args.max_diagnostics == 0 { usize::MAX } else { args.max_diagnostics };
    let look = Look {
        color: output::color(args.color),
        unicode: output::unicode(),
        narrated: output::narrated(),
        links: output::links(args.links),
        includes: args.show_includes,
        width: output::width(),
        max_findings,
        summary: args.quiet == 0 && checked,
        statistics: args.statistics,
    };
    for (format, file) in formats {
        if let Some(file) = file {
            to_file(*format, file, report, &Look { color: false, links: false, unicode: true, width: 100, ..look })?;
        } else {
            match to {
                To::Stdout => write(*format, report, &look, output::stdout())?,
                To::Stderr => write(*format, report, &Look { color: false, ..look }, std::io::BufWriter::new(std::io::stderr()))?,
            }
        }
    }
    Ok(())
}

fn to_file(format: Format, file: &Path, report: &Report, look: &Look) -> Result<(), Failure> {
    let cannot = |e: std::io::Error| Failure::usage(format!("{} cannot be written: {e}", input::name(file)));
    let mut out = std::io::BufWriter::new(std::fs::File::create(file).map_err(cannot)?);
    report::write(format, report, look, &mut out).and_then(|()| out.flush()).map_err(cannot)
}

/// Says on standard error what the report does not: what could not be read, what is not checked, that nothing was.
fn tell(args: &CheckArgs, scope: Option<&Scope>, input: &Input, analysis: &Analysis, stale: &[Stale]) {
    for Unreadable { path, reason } in &input.found.unreadable {
        note(&format!("error: {}: {reason}", input::name(path)));
    }
    if args.strict_baseline {
        for stale in stale {
            let (path, anchor) = (report::escape(&stale.key.path), report::escape(&stale.key.anchor));
            note(&format!("error: stale in the baseline: {} in {path} at {anchor}", stale.key.rule));
        }
    }
    if args.quiet > 0 {
        return;
    }
    if !args.strict_baseline && !stale.is_empty() {
        let entries = report::plural_of(stale.len(), "entry", "entries");
        note(&format!("note: {entries} of the baseline met no finding; `lint401 baseline prune` takes such entries out"));
    }
    if analysis.files.is_empty() {
        match scope {
            Some(scope) if input.found.unreadable.is_empty() => scope.nothing(),
            Some(_) => {}
            None => nothing(args, input),
        }
    } else if let Some(text) = not_checked(&input.found.skipped) {
        note(&format!("note: {text}; `lint401 files` lists them"));
    }
    if args.verbose > 0 {
        for file in &analysis.files {
            let via = file.via.as_ref().map(|(path, line)| format!(" (included at {path}:{line})")).unwrap_or_default();
            note(&format!("read {}{via}", report::escape(&file.path)));
        }
    }
}

fn nothing(args: &CheckArgs, input: &Input) {
    if !input.found.unreadable.is_empty() && input.found.skipped.is_empty() {
        return;
    }
    if input.is_excluded() {
        let excluded = input.found.excluded.len();
        return note(&format!("note: {} {} excluded", plural(excluded, "file"), if excluded == 1 { "is" } else { "are" }));
    }
    let asked: Vec<String> = input.asked.iter().map(|p| input::name(p)).collect();
    let level = if args.allow_empty { "note" } else { "error" };
    note(&format!(
        "{level}: nothing was checked: no configuration of nginx, Apache or a CDN in {} ({} looked at)",
        asked.join(", "),
        plural(input.found.looked_at, "file")
    ));
    if let Some(text) = not_checked(&input.found.skipped) {
        note(&format!("  {text}"));
    }
    note(
        "  looked for nginx.conf, httpd.conf, apache2.conf, .htaccess, *.conf, *.vhost, templates of these, and files in folders",
    );
    note(
        "  named nginx, conf.d, sites-*, snippets, whose content is nginx or Apache; name a file and say --kind where that is not",
    );
    note("  recognised");
}

/// `3 files are not checked yet: 2 apache, 1 edge`
fn not_checked(skipped: &[Skipped]) -> Option<String> {
    if skipped.is_empty() {
        return None;
    }
    let kinds = [Kind::Foreign, Kind::Unknown];
    let counts = kinds.iter().map(|kind| (skipped.iter().filter(|s| s.kind == *kind).count(), kind));
    let counts: Vec<String> = counts.filter(|(n, _)| *n > 0).map(|(n, kind)| format!("{n} {}", kind.as_str())).collect();
    let verb = if skipped.len() == 1 { "is" } else { "are" };
    Some(format!("{} {verb} not checked: {}", plural(skipped.len(), "file"), counts.join(", ")))
}
