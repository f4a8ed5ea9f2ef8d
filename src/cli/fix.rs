//! What `check` mends: which files may be changed, the diff, the writing, and what is said about it.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use super::args::FixArgs;
use super::input::{self, Input, Origin};
use super::project::Configs;
use super::{Failure, note, output};
use crate::analysis::{Analysis, Reported};
use crate::discover::{self, RootKind};
use crate::files::{Disk, Files};
use crate::finding::Applicability;
use crate::fix::{self, Analyze, Changed, Dropped, Wanted};
use crate::report::{self, escape, plural};
use crate::suppress::Reason;

/// What was mended.
pub(super) struct Mended {
    /// The files that are different now, or would be.
    pub(super) files: Vec<Changed>,
    /// How many findings are fixed, or would be.
    fixed: usize,
    /// How many findings comments accept now, or would; `None`: that is not asked for.
    accepted: Option<usize>,
    dropped: Vec<Dropped>,
    /// Fixes that are left because they may change what was meant.
    unsafe_left: usize,
    /// Fixes that are left because they would change files out of reach.
    out_of_reach: usize,
    /// Why files could not be written.
    pub(super) problems: Vec<String>,
}

/// The files that may be changed.
struct Reach {
    base: PathBuf,
    origin: Origin,
    /// The folders below which files may be changed, and files that are named, links followed.
    places: Vec<PathBuf>,
}

impl FixArgs {
    /// Whether anything is to be mended, or shown mended.
    pub(super) fn is_wanted(&self) -> bool {
        self.fix || self.diff || self.add_ignore.is_some()
    }

    /// The reason of --add-ignore.
    fn reason(&self) -> Result<Option<Reason>, Failure> {
        let Some(text) = &self.add_ignore else { return Ok(None) };
        let wrong = || Failure::usage("the reason of --add-ignore must be one line of text, without `\\` at its end");
        Reason::new(text).map(Some).ok_or_else(wrong)
    }
}

impl Reach {
    /// What lies below the working directory, beside a configuration that was named or found, or below the folder of the settings.
    /// What is only included from elsewhere, or through a link that leads elsewhere, belongs to somebody else.
    fn of(input: &Input, settings: Option<&Path>) -> Result<Self, Failure> {
        let base = input::base()?;
        let mut places = vec![Disk.identity(&base)];
        places.extend(settings.and_then(Path::parent).map(|folder| Disk.identity(folder)));
        for root in input.found.roots.iter().filter(|root| root.kind != RootKind::Context) {
            let main = root.base.join(&root.main);
            places.extend(main.parent().map(|folder| Disk.identity(folder)));
            places.push(Disk.identity(&main));
        }
        places.sort();
        places.dedup();
        Ok(Self { base, origin: input.origin.clone(), places })
    }

    fn holds(&self, shown: &Path) -> bool {
        match &self.origin {
            Origin::Disk => {
                let path = Disk.identity(&self.base.join(shown));
                self.places.iter().any(|place| path.starts_with(place))
            }
            Origin::Text(name) => name == shown,
            Origin::Dump => true,
        }
    }
}

/// Mends what is wanted, in memory or on the disk, and gives what is left to report. `look` analyses edited files; `shown` says
/// which findings count.
pub(super) fn run<T>(
    args: &FixArgs,
    input: &Input,
    configs: &Configs,
    found: (Analysis, T),
    shown: &dyn Fn(&Analysis, &Reported) -> bool,
    look: &mut Analyze<T, Failure>,
) -> Result<(Mended, (Analysis, T)), Failure> {
    if !args.diff && input.origin == Origin::Dump {
        let hint = "--diff shows what could be mended; --fix works on the files themselves";
        return Err(Failure::with_hint("nothing can be written into the output of `nginx -T`", hint));
    }
    let reason = args.reason()?;
    let reach = Reach::of(input, configs.own.paths.first().map(PathBuf::as_path))?;
    let never = configs.own.unignorable.as_deref().unwrap_or_default();
    let acceptable = |analysis: &Analysis, reported: &Reported| {
        shown(analysis, reported) && !never.iter().any(|rule| rule == reported.finding.rule)
    };
    let mut steps = Steps { found, files: Vec::new(), dropped: Vec::new() };
    let wanted = Wanted { unsafe_too: args.unsafe_fixes, finding: shown, file: &|path| reach.holds(path) };
    let mut fixed = BTreeMap::new();
    if args.fix || reason.is_none() {
        (steps, fixed) = steps.run(&*input.files, &reach.base, &wanted, look)?;
    }
    let mut accepted = BTreeMap::new();
    if let Some(reason) = &reason {
        fix::by_comments(&mut steps.found.0, reason, &acceptable);
        (steps, accepted) = steps.run(&*input.files, &reach.base, &wanted, &mut |files| {
            let (mut analysis, beside) = look(files)?;
            fix::by_comments(&mut analysis, reason, &acceptable);
            Ok((analysis, beside))
        })?;
        // With the fixes that the findings have of their own.
        steps.found = look(&fix::over(&*input.files, &steps.files))?;
    }
    let Steps { mut found, files, dropped } = steps;
    let (unsafe_left, out_of_reach) = left(&found.0, &reach, args, shown);
    let writes = !args.diff && input.origin == Origin::Disk;
    let failed = if writes { write(&files) } else { BTreeMap::new() };
    // What is on the disk is reported: with a diff that is what was there before.
    if !failed.is_empty() || args.diff {
        found = look(&*input.files)?;
    }
    let count = |findings: &BTreeMap<PathBuf, usize>| {
        findings.iter().filter(|(path, _)| !failed.contains_key(*path)).map(|(_, count)| count).sum()
    };
    let mended = Mended {
        fixed: count(&fixed),
        accepted: reason.map(|_| count(&accepted)),
        files: files.into_iter().filter(|file| !failed.contains_key(&file.path)).collect(),
        dropped,
        unsafe_left,
        out_of_reach,
        problems: failed.into_values().collect(),
    };
    Ok((mended, found))
}

/// What some steps of mending came to.
struct Steps<T> {
    found: (Analysis, T),
    files: Vec<Changed>,
    dropped: Vec<Dropped>,
}

impl<T> Steps<T> {
    /// One step more; gives also how many findings it takes away, by file.
    fn run(
        self,
        files: &dyn Files,
        base: &Path,
        wanted: &Wanted,
        look: &mut Analyze<T, Failure>,
    ) -> Result<(Self, BTreeMap<PathBuf, usize>), Failure> {
        let edited = fix::over(files, &self.files);
        let step = fix::run(&edited, base, self.found, wanted, look)?;
        let mut files: BTreeMap<PathBuf, Changed> =
            self.files.into_iter().map(|changed| (changed.path.clone(), changed)).collect();
        for mut changed in step.files {
            if let Some(earlier) = files.remove(&changed.path) {
                changed.before = earlier.before;
            }
            files.insert(changed.path.clone(), changed);
        }
        let dropped = self.dropped.into_iter().chain(step.dropped).collect();
        let found = (step.analysis, step.beside);
        Ok((Self { found, files: files.into_values().collect(), dropped }, step.findings))
    }
}

/// How many fixes wait for --unsafe-fixes, and how many would change files out of reach.
fn left(analysis: &Analysis, reach: &Reach, args: &FixArgs, shown: &dyn Fn(&Analysis, &Reported) -> bool) -> (usize, usize) {
    let (mut unsafe_left, mut out_of_reach) = (0, 0);
    for reported in analysis.findings.iter().filter(|reported| shown(analysis, reported)) {
        let Some(fix) = &reported.finding.fix else { continue };
        let mut paths = fix.edits.iter().map(|edit| Path::new(&analysis.sources.file(edit.span.file).path));
        if !paths.all(|path| reach.holds(path)) {
            out_of_reach += 1;
        } else if fix.applicability == Applicability::Unsafe && !args.unsafe_fixes {
            unsafe_left += 1;
        }
    }
    (unsafe_left, out_of_reach)
}

/// Writes the files, each in one step. One that cannot be written does not keep the others back; gives why it cannot.
fn write(files: &[Changed]) -> BTreeMap<PathBuf, String> {
    let why = |file: &Changed| {
        let error = write_one(file).err()?;
        Some((file.path.clone(), format!("{} is not mended: {error}", escape(&file.shown))))
    };
    files.iter().filter_map(why).collect()
}

fn write_one(file: &Changed) -> Result<(), String> {
    let reason = |error: std::io::Error| discover::reason(&error);
    if *Disk.read(&file.path).map_err(reason)? != *file.before {
        return Err("it changed while it was checked; run again".to_owned());
    }
    if std::fs::metadata(&file.path).map_err(reason)?.permissions().readonly() {
        return Err("it is read-only".to_owned());
    }
    output::replace(&file.path, &file.after).map_err(reason)
}

impl Mended {
    /// Prints what would be written.
    pub(super) fn diff(&self, color: bool) -> Result<(), Failure> {
        let style = report::diff::Style { color, terminal: std::io::stdout().is_terminal() };
        let mut out = output::stdout();
        let mut covered = Vec::new();
        for file in &self.files {
            if report::diff::unified(&file.shown, &file.before, &file.after, style, &mut out)? {
                covered.push(escape(&file.shown));
            }
        }
        out.flush()?;
        if !covered.is_empty() {
            let files = covered.join(", ");
            note(&format!("note: secrets are starred in the diff of {files}, so it cannot be applied; --fix can"));
        }
        Ok(())
    }

    /// Prints the text that standard input brought, mended.
    pub(super) fn print(&self, input: &Input) -> Result<(), Failure> {
        let Origin::Text(name) = &input.origin else { return Ok(()) };
        match self.files.first() {
            Some(changed) => output::print_bytes(&changed.after)?,
            None => output::print_bytes(&input.files.read(&input::base()?.join(name))?)?,
        }
        Ok(())
    }

    /// Says what could not be written, how much was mended, what was left out and why.
    pub(super) fn tell(&self, args: &FixArgs, quiet: bool) {
        for problem in &self.problems {
            note(&format!("error: {problem}"));
        }
        if quiet {
            return;
        }
        for Dropped { path, rule, why } in &self.dropped {
            note(&format!("note: a fix of {rule} in {} is left out: {}", escape(path), why.as_str()));
        }
        if self.out_of_reach > 0 {
            let fixes = report::plural_of(self.out_of_reach, "fix", "fixes");
            note(&format!("note: {fixes} for files that are only included from elsewhere: these are never written"));
        }
        let unsafe_left = match self.unsafe_left {
            0 => String::new(),
            left => format!(", {left} more with --unsafe-fixes"),
        };
        let files = match self.files.len() {
            0 => String::new(),
            files => format!(" ({})", plural(files, "file")),
        };
        let would = if args.diff { "would be " } else { "" };
        let accepted = self.accepted.map(|count| format!("{count} {would}accepted by comments"));
        let fixed = (args.fix || accepted.is_none()).then(|| format!("{} {would}fixed", self.fixed));
        let done: Vec<String> = fixed.into_iter().chain(accepted).collect();
        note(&format!("{}{files}{unsafe_left}", done.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_since_it_was_read_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nginx.conf");
        let file = |before: &str| Changed {
            path: path.clone(),
            shown: "nginx.conf".to_owned(),
            names: std::collections::BTreeSet::new(),
            before: before.as_bytes().into(),
            after: b"mended".as_slice().into(),
        };
        std::fs::write(&path, "as it is now").unwrap();
        let failed = write(&[file("as it was read")]);
        assert_eq!(
            failed.into_values().collect::<Vec<_>>(),
            ["nginx.conf is not mended: it changed while it was checked; run again"]
        );
        assert_eq!(Disk.read(&path).unwrap(), b"as it is now");
        assert!(write(&[file("as it is now")]).is_empty());
        assert_eq!(Disk.read(&path).unwrap(), b"mended");
    }
}
