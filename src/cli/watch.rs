//! `lint401 check --watch`: checks again whenever something changes that the last check has looked at.
//!
//! What was looked at is asked for its age a few times a second. That misses nothing, wherever the files lie (mounts of containers and
//! networks send no events), and needs nothing of the system.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::args::CheckArgs;
use super::{Failure, check, choices, finish, input, note, output};
use crate::discover;
use crate::files::{Disk, FileKind, Files as _, Stamp, normalize};
use crate::recorder::{Asked, Recorder};
use crate::report::plural;

/// How long to wait before looking again.
const INTERVAL: Duration = Duration::from_millis(150);

/// Changes that come within this time of one another are one: editors write a file in several steps.
const QUIET: Duration = Duration::from_millis(60);

/// How coarse the times of files may be.
const TICK: Duration = Duration::from_millis(20);

/// Checks until it is ended from outside. Whatever goes wrong in a check is told, and the next change tries again.
pub(super) fn run(args: &CheckArgs) -> Result<u8, Failure> {
    let takes_stdin = args.paths.iter().chain(&args.input.files_from).any(|path| path.as_os_str() == "-");
    if takes_stdin {
        return Err(Failure::usage("--watch cannot wait for standard input to change"));
    }
    let base = input::base()?;
    // What is written here must not start the next check.
    let written: BTreeSet<PathBuf> =
        choices::formats(&args.formats)?.into_iter().filter_map(|(_, file)| Some(normalize(&base.join(file?)))).collect();
    let mut before = BTreeMap::new();
    loop {
        if std::io::stdout().is_terminal() {
            output::print("\x1b[2J\x1b[3J\x1b[H")?;
        }
        let started = SystemTime::now();
        let recorder = Arc::new(Recorder::over(Arc::new(Disk)));
        let result = check::once(args, recorder.clone());
        if matches!(&result, Err(Failure::Output(_))) {
            return result;
        }
        finish(result);
        let watched = Watched::new(&recorder.asked(), &base, args.input.no_gitignore, &written);
        let now = watched.look();
        if args.quiet == 0 {
            note(&format!("watching {}; Ctrl-C ends", plural(files(&now), "file")));
        }
        before = if is_overtaken(&before, &now, started) { now } else { watched.wait(&now) };
    }
}

/// What was seen at each place.
type Seen = BTreeMap<PathBuf, Looks>;

/// What stands at a place, as far as it matters.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Looks {
    /// A file or a folder with its age, or nothing.
    Stamp(Option<Stamp>),
    /// The names in a folder.
    Names(Vec<String>),
}

/// How many files are among what was seen.
fn files(seen: &Seen) -> usize {
    let is_file = |looks: &Looks| matches!(looks, Looks::Stamp(Some(stamp)) if stamp.kind == FileKind::File);
    seen.values().filter(|looks| is_file(looks)).count()
}

/// Whether something has changed since a check began: it looks otherwise than before, or was not looked at before and is as young.
fn is_overtaken(before: &Seen, now: &Seen, started: SystemTime) -> bool {
    let since = started.checked_sub(TICK).unwrap_or(started);
    now.iter().any(|(path, looks)| match (before.get(path), looks) {
        (Some(before), looks) => before != looks,
        (None, Looks::Stamp(Some(stamp))) => stamp.modified.is_some_and(|time| time >= since),
        (None, _) => false,
    })
}

/// The places that matter.
struct Watched<'w> {
    paths: BTreeSet<PathBuf>,
    /// Folders of which every entry matters.
    open: BTreeSet<PathBuf>,
    written: &'w BTreeSet<PathBuf>,
}

impl<'w> Watched<'w> {
    fn new(asked: &Asked, base: &Path, no_gitignore: bool, written: &'w BTreeSet<PathBuf>) -> Self {
        let whole = |path: &PathBuf| normalize(&base.join(path));
        let walked = asked.walked.iter().flat_map(|folder| discover::folders(&whole(folder), base, no_gitignore));
        let open = asked.listed.iter().map(whole).chain(walked).collect();
        let paths = asked.paths.iter().map(whole).filter(|path| !written.contains(path)).collect();
        Self { paths, open, written }
    }

    fn look(&self) -> Seen {
        let stamps = self.paths.difference(&self.open).map(|path| (path.clone(), Looks::Stamp(Disk::stamp(path))));
        let names = self.open.iter().map(|folder| {
            let mut names = Disk.list(folder).unwrap_or_default();
            names.retain(|name| !self.written.contains(&folder.join(name)));
            (folder.clone(), Looks::Names(names))
        });
        stamps.chain(names).collect()
    }

    /// Waits until something looks otherwise, and until no more changes come. What is there then.
    fn wait(&self, seen: &Seen) -> Seen {
        let mut now = self.look();
        while now == *seen {
            std::thread::sleep(INTERVAL);
            now = self.look();
        }
        loop {
            std::thread::sleep(QUIET);
            let next = self.look();
            if next == now {
                return now;
            }
            now = next;
        }
    }
}
