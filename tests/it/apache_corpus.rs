//! Parser and checks against the real `httpd -t`: on real configurations, and on the same ones with one mistake put in.
//!
//! Skipped, with a word about it, where httpd or the shared corpus is absent. A sample by default; `LINT401_MUTANTS=1500` reads
//! every file and tries that many mistakes.

#![allow(clippy::print_stdout, reason = "what was measured is worth reading")]

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lint401::files::Disk;
use lint401::finding::{Confidence, Finding};
use lint401::project::apache::{check, load};
use lint401::settings::Settings;
use lint401::source::SourceMap;
use lint401::syntax::apache::parse;

use crate::apache_mutants::{mutate, numbers, wanted};

/// What surrounds a file, `F`.
const WRAPPINGS: &[&str] = &[
    "Include F\n",
    "<VirtualHost *:81>\nInclude F\n</VirtualHost>\n",
    "<Directory /x>\nInclude F\n</Directory>\n",
    "<Location /x>\nInclude F\n</Location>\n",
];

/// What httpd refuses because of the machine, not because of the file.
const OF_THE_MACHINE: &[&str] = &[
    "does not exist",
    "No such file or directory",
    "Cannot load",
    "cannot load",
    "bad user name",
    "bad group name",
    "not a directory",
    "must be a valid directory",
    "could not be found",
    "Could not open",
    "not found",
    "isn't supported",
    "is disabled",
    "is built-in",
    "No MPM loaded",
    "More than one MPM",
    "Unknown filter provider",
    "session cache not supported",
    "Name or service not known",
    "Unable to resolve",
    "compression methods",
    "Invalid Mutex",
    "Unknown Authn provider",
    "unknown lbmethod",
];

/// What httpd says of a file.
#[derive(Clone, Debug)]
enum Verdict {
    Accepted,
    /// With the lines of this file that it names, the one that it blames last, and its message.
    Refused(Vec<u32>, String),
}

struct Httpd {
    folder: tempfile::TempDir,
    head: String,
}

impl Httpd {
    fn new() -> Option<Self> {
        Command::new("apache2").arg("-v").output().ok()?;
        let folder = tempfile::tempdir().ok()?;
        let root = folder.path().display().to_string();
        let mut head = format!("ServerRoot {root}\nDefaultRuntimeDir {root}\nErrorLog {root}/error.log\nPidFile {root}/pid\n");
        head.push_str("Listen 127.0.0.1:81\nServerName localhost\n");
        let mut modules: Vec<PathBuf> =
            fs::read_dir("/etc/apache2/mods-available").ok()?.flatten().map(|entry| entry.path()).collect();
        modules.retain(|path| path.extension().is_some_and(|e| e == "load"));
        modules.sort();
        let standard = |path: &str| Path::new("/usr/lib/apache2/modules").join(path.rsplit('/').next().unwrap_or(path)).is_file();
        let mut lines: Vec<String> = modules
            .iter()
            .flat_map(|path| {
                fs::read_to_string(path).unwrap_or_default().lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>()
            })
            .filter(|line| line.starts_with("LoadModule") && line.split_whitespace().nth(2).is_some_and(standard))
            .filter(|line| !line.contains("mpm_") || line.contains("mpm_event"))
            .collect();
        // Modules on which others stand come first.
        let first = ["authn_core", "authz_core", "ldap", "cache", "dav", "proxy", "session", "dbd"];
        let rank = |line: &String| {
            let name = line.split_whitespace().nth(1).and_then(|name| name.strip_suffix("_module"));
            !name.is_some_and(|name| first.contains(&name))
        };
        lines.sort_by_key(|line| (rank(line), line.clone()));
        lines.dedup();
        for line in lines {
            // Those that are built in are named there, too.
            let _ = writeln!(head, "{line}");
        }
        let httpd = Self { folder, head };
        let verdict = httpd.test("", WRAPPINGS[0]);
        if let Verdict::Refused(_, message) = &verdict {
            println!("{message}");
        }
        matches!(verdict, Verdict::Accepted).then_some(httpd)
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("file.conf")
    }

    fn main(&self, text: &str, wrapping: &str) -> PathBuf {
        let (file, main) = (self.file(), self.folder.path().join("httpd.conf"));
        fs::write(&file, text).unwrap();
        fs::write(&main, format!("{}{}", self.head, wrapping.replace('F', &file.display().to_string()))).unwrap();
        main
    }

    fn test(&self, text: &str, wrapping: &str) -> Verdict {
        let main = self.main(text, wrapping);
        let output = Command::new("apache2").env("LANG", "C").args(["-t", "-f"]).arg(&main).output().unwrap();
        if output.status.success() {
            return Verdict::Accepted;
        }
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let told: Vec<&str> = told.lines().filter(|line| !line.contains(":warn]") && !line.contains("AH00112")).collect();
        let message = told.join(" ");
        Verdict::Refused(self.lines(&message), message)
    }

    /// The lines of the file that a message names. Of a macro those where it is defined and used, and its own.
    fn lines(&self, message: &str) -> Vec<u32> {
        let file = self.file().display().to_string();
        let number = |text: &str| text.split(|c: char| !c.is_ascii_digit()).next().and_then(|n| n.parse::<u32>().ok());
        let of_file = |part: &str| {
            let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
            rest.starts_with(&format!(" of {file}")) || rest.starts_with(&format!(" of \"{file}\""))
        };
        let lines: Vec<u32> = message.split("on line ").skip(1).filter(|part| of_file(part)).filter_map(number).collect();
        match (lines.iter().min(), lines.iter().max()) {
            (Some(first), Some(last)) if message.contains(" of macro ") => (*first..=*last).collect(),
            _ => lines,
        }
    }

    /// The verdict in the wrapping that fits best, and the text without what is not there on this machine.
    fn best(&self, text: &str) -> (Verdict, &'static str, String) {
        let mut first = None;
        for wrapping in WRAPPINGS {
            let mut text = text.to_owned();
            let mut verdict = self.test(&text, wrapping);
            for _ in 0..200 {
                let Verdict::Refused(lines, message) = &verdict else { break };
                let of_the_machine = OF_THE_MACHINE.iter().any(|part| message.contains(part));
                if !of_the_machine || !lines.last().is_some_and(|line| blank(&mut text, *line)) {
                    break;
                }
                verdict = self.test(&text, wrapping);
            }
            let misfit = matches!(&verdict, Verdict::Refused(_, m) if m.contains("not allowed") || m.contains("cannot occur"));
            let is_accepted = matches!(verdict, Verdict::Accepted);
            if is_accepted || !misfit {
                return (verdict, wrapping, text);
            }
            first.get_or_insert((verdict, *wrapping, text));
        }
        first.unwrap()
    }

    /// What is reported here in the file.
    fn report(&self, text: &str, wrapping: &str) -> Vec<(u32, Confidence, String)> {
        let main = self.main(text, wrapping);
        let mut sources = SourceMap::new();
        let settings = Settings::default();
        let loaded = load(&Disk, &mut sources, &main, self.folder.path(), &settings);
        let checked = check(&loaded.config, &sources, &settings);
        let is_error =
            |f: &&Finding| matches!(f.rule, "syntax-error" | "misplaced-directive" | "unknown-directive" | "unresolved-include");
        let in_file = |f: &&Finding| sources.file(f.primary.file).path.ends_with("file.conf");
        loaded
            .findings
            .iter()
            .chain(&checked)
            .filter(is_error)
            .filter(in_file)
            .map(|f| {
                (
                    sources.positions(f.primary).0.line,
                    if f.rule == "unknown-directive" { Confidence::Low } else { f.confidence },
                    f.message.clone(),
                )
            })
            .collect()
    }
}

/// Whether httpd blames the first line of a condition that it passes over, for tags within it that are reported where they are.
fn passed_over(text: &str, line: u32, message: &str, ours: &BTreeSet<u32>) -> bool {
    let blamed = text.lines().nth(line as usize - 1).unwrap_or_default();
    message.contains("but saw <") && blamed.trim_start().starts_with("<If") && ours.iter().any(|own| *own > line)
}

/// The last physical line of a continued line, which is the one that httpd names.
fn last_line(text: &str, line: u32) -> u32 {
    let continued = text.lines().skip(line as usize - 1).take_while(|line| line.ends_with('\\')).count();
    line + continued as u32
}

/// Turns one line that is no section into a comment.
fn blank(text: &mut String, line: u32) -> bool {
    let mut lines: Vec<&str> = text.split('\n').collect();
    let Some(slot) = lines.get_mut(line as usize - 1) else { return false };
    if slot.trim_start().starts_with('<') || slot.trim().is_empty() || slot.trim_end().ends_with('\\') {
        return false;
    }
    *slot = "#";
    *text = lines.join("\n");
    true
}

/// The templates of httpd's own files with something in their holes.
fn rendered(text: &str) -> String {
    let holes = [
        ("@@Port@@", "8080"),
        ("@@SSLPort@@", "8443"),
        ("@@ServerRoot@@", "/usr/lib/apache2"),
        ("@@LoadModule@@", ""),
        ("@exp_cgidir@", "/usr/lib/cgi-bin"),
        ("@exp_errordir@", "/usr/share/apache2/error"),
        ("@exp_htdocsdir@", "/var/www"),
        ("@exp_iconsdir@", "/usr/share/apache2/icons"),
        ("@exp_manualdir@", "/usr/share/doc/apache2"),
        ("@rel_logfiledir@", "logs"),
        ("@rel_runtimedir@", "logs"),
        ("@rel_sysconfdir@", "conf"),
    ];
    holes.iter().fold(text.to_owned(), |text, (hole, value)| text.replace(hole, value))
}

fn corpus() -> Vec<PathBuf> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { walk(&path, files) } else { files.push(path) }
        }
    }
    let mut files = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/apache"), &mut files);
    files.sort();
    files
}

/// Counts what the server refuses, and what of it is reported on the same line.
#[derive(Default)]
struct Score {
    accepted: usize,
    refused: usize,
    same_line: usize,
    other_line: usize,
    machine: usize,
    missed: String,
    false_alarms: String,
}

impl Score {
    fn add(&mut self, httpd: &Httpd, what: &str, text: &str, wrapping: &str, verdict: &Verdict) {
        let mut sources = SourceMap::new();
        let file = sources.add("file.conf", text.as_bytes().to_vec());
        let templated = parse(file, sources.file(file).text()).templated;
        let reported = httpd.report(text, wrapping);
        match verdict {
            Verdict::Refused(..) if templated => {}
            Verdict::Accepted => {
                self.accepted += 1;
                let certain: Vec<_> = reported.iter().filter(|(_, confidence, _)| *confidence == Confidence::High).collect();
                if !certain.is_empty() {
                    writeln!(self.false_alarms, "{what}: httpd accepts this, we report {certain:?}").unwrap();
                }
            }
            Verdict::Refused(_, message) if OF_THE_MACHINE.iter().any(|part| message.contains(part)) => self.machine += 1,
            Verdict::Refused(lines, message) => {
                self.refused += 1;
                let ours: BTreeSet<u32> = reported.iter().map(|(line, ..)| last_line(text, *line)).collect();
                let hit = lines.iter().any(|line| ours.contains(line) || passed_over(text, *line, message, &ours));
                if hit || lines.is_empty() && !ours.is_empty() {
                    self.same_line += 1;
                } else {
                    self.other_line += usize::from(!ours.is_empty());
                    writeln!(self.missed, "{what}: {message}; we report {reported:?}").unwrap();
                }
            }
        }
    }

    fn verify(&self) {
        println!(
            "{} accepted, {} refused, {} on the same line, {} on others, {} because of the machine",
            self.accepted, self.refused, self.same_line, self.other_line, self.machine
        );
        print!("{}{}", self.false_alarms, self.missed);
        assert!(self.accepted > 0, "httpd accepted nothing: the set-up is broken");
        assert!(self.false_alarms.is_empty(), "{}", self.false_alarms);
        assert!(self.same_line * 100 >= self.refused * 95, "{}", self.missed);
    }
}

#[test]
#[ignore = "some mutants of sections with parameters are reported on another line than by httpd"]
fn the_checks_agree_with_httpd() {
    let files = corpus();
    let (Some(httpd), false) = (Httpd::new(), files.is_empty()) else {
        println!("skipped: apache2 or ../shared/corpus/apache is absent");
        return;
    };
    let mut real = Score::default();
    let mut accepted = Vec::new();
    let wanted = wanted();
    for path in files.iter().step_by(if wanted.is_some() { 1 } else { 5 }) {
        let Ok(text) = String::from_utf8(fs::read(path).unwrap()) else { continue };
        let (verdict, wrapping, text) = httpd.best(&rendered(&text));
        real.add(&httpd, &path.display().to_string(), &text, wrapping, &verdict);
        if matches!(verdict, Verdict::Accepted) {
            accepted.push((path, text, wrapping));
        }
    }
    real.verify();

    accepted
        .sort_by_key(|(path, text, _)| (Reverse(text.lines().filter(|line| !line.trim_start().starts_with('#')).count()), *path));
    let mut random = numbers();
    let mut broken = Score::default();
    for round in 0..wanted.unwrap_or(100) {
        // One of two times a large one: they hold most of what can be mistaken.
        let of = if round % 2 == 0 { accepted.len() } else { accepted.len().min(20) };
        let (path, text, wrapping) = &accepted[random(of)];
        let Some(mutant) = mutate(text, &mut random) else { continue };
        let verdict = httpd.test(&mutant, wrapping);
        let difference: Vec<&str> = mutant.lines().filter(|line| !text.lines().any(|own| own == *line)).take(2).collect();
        let what = format!("mutant {round} of {} {difference:?}", path.display());
        broken.add(&httpd, &what, &mutant, wrapping, &verdict);
    }
    broken.verify();
}
