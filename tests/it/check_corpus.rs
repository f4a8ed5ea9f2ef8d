//! The checks against the real nginx, on real configurations: what it accepts must be free of errors here, and what it refuses
//! must be reported on the same line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use lint401::files::Disk;
use lint401::project::nginx::{check, load};
use lint401::settings::Settings;
use lint401::source::SourceMap;
use lint401::syntax::nginx::Name;
use rayon::prelude::*;

/// What nginx says of a file.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Accepted,
    Refused {
        line: u32,
        message: String,
    },
    /// It stops at something that is not there on this machine.
    Unknown(String),
}

/// Blocks around a snippet.
const WRAPPINGS: &[(&[Name], &str, &str)] = &[
    (&[], "", ""),
    (&[Name::Http], "events {} http {", "}"),
    (&[Name::Http, Name::Server], "events {} http { server {", "} }"),
    (&[Name::Http, Name::Server, Name::Location], "events {} http { server { location / {", "} } }"),
    (&[Name::Http, Name::Upstream], "events {} http { upstream u {", "} }"),
    (&[Name::Stream], "events {} stream {", "}"),
    (&[Name::Stream, Name::Server], "events {} stream { server {", "} }"),
    (&[Name::Mail], "events {} mail {", "}"),
];

/// What nginx refuses because of the machine, not because of the file.
const OF_THE_MACHINE: &[&str] = &[
    "host not found",
    "no host in upstream",
    "unknown directive",
    "failed (",
    "cannot load certificate",
    "dlopen",
    "getpwnam",
    "getgrnam",
    "no resolver defined",
    "module",
    "ssl parameter requires",
    "not supported",
    "no \"ssl_certificate\"",
    "invalid event type",
    "is not supported",
];

/// Refusals that need more than the file: variables and zones of other modules, certificates, sizes of tables.
const OUT_OF_REACH: &[&str] =
    &["variable", "zone", "log format", "ssl_certificate", "could not build", "no \"events\"", "no port", "conflicts with"];

fn nginx() -> Option<PathBuf> {
    let candidates = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"];
    candidates.iter().map(PathBuf::from).find(|path| path.exists())
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
    found.sort();
}

/// Certificates are not part of a repository: all become one that exists.
fn with_certificates(text: &str, certificate: &str, key: &str) -> String {
    let line = |line: &str| {
        let word = line.split_whitespace().next().unwrap_or_default();
        let whole = line.trim_end().ends_with(';') && !line.contains(['{', '}']) && line.matches(';').count() == 1;
        match word {
            "ssl_certificate" | "ssl_client_certificate" | "ssl_trusted_certificate" if whole => format!("{word} {certificate};"),
            "ssl_certificate_key" if whole => format!("{word} {key};"),
            "ssl_dhparam"
            | "ssl_crl"
            | "ssl_password_file"
            | "ssl_stapling_file"
            | "ssl_session_ticket_key"
            | "user"
            | "pid"
            | "load_module"
            | "access_log"
            | "error_log"
                if whole =>
            {
                String::new()
            }
            _ => line.to_owned(),
        }
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

struct Oracle {
    nginx: PathBuf,
    modules: String,
}

impl Oracle {
    /// Asks nginx about a file in a wrapping. `file` may be changed: what does not exist on this machine is blanked out.
    fn ask(&self, file: &Path, before: &str, after: &str) -> Verdict {
        let name = file.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let wrapper = file.with_file_name(format!(".wrapper-of-{name}"));
        let temporary = file.with_file_name(format!(".prefix-of-{name}"));
        let has_events = read(file).contains("events");
        let events = if before.is_empty() && !has_events { "events {}" } else { "" };
        let text = format!(
            "{}\npid {}.pid;\n{before}\ninclude \"{}\";\n{after}\n{events}\n",
            self.modules,
            temporary.display(),
            file.display()
        );
        if std::fs::write(&wrapper, text).is_err() {
            return Verdict::Unknown("cannot write".into());
        }
        for _ in 0..40 {
            let output = Command::new(&self.nginx).args(["-t", "-e", "stderr", "-c"]).arg(&wrapper).output();
            let Ok(output) = output else { return Verdict::Unknown("cannot run nginx".into()) };
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            let Some(error) = text.lines().find_map(|l| l.split_once("[emerg] ").map(|(_, m)| m.to_owned())) else {
                return Verdict::Accepted;
            };
            let error = error.trim_start_matches(|c: char| c.is_ascii_digit() || "#: ".contains(c)).to_owned();
            let place = error.rsplit_once(" in ").and_then(|(_, place)| place.rsplit_once(':'));
            let place = place.and_then(|(path, line)| Some((path.to_owned(), line.trim().parse::<u32>().ok()?)));
            let of_the_machine = OF_THE_MACHINE.iter().any(|part| error.contains(part)) && !error.contains("pcre");
            match place {
                Some((path, line)) if Path::new(&path) == file => {
                    if !of_the_machine {
                        return Verdict::Refused { line, message: error };
                    }
                    if !blank(file, line) {
                        return Verdict::Unknown(error);
                    }
                }
                Some(_) | None => return Verdict::Unknown(error),
            }
        }
        Verdict::Unknown("too many repairs".into())
    }
}

fn read(file: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(file).unwrap_or_default()).into_owned()
}

/// Removes a line that is one whole directive.
fn blank(file: &Path, line: u32) -> bool {
    let text = read(file);
    let mut lines: Vec<&str> = text.split('\n').collect();
    let Some(slot) = lines.get_mut(line as usize - 1) else { return false };
    let whole = slot.trim_end().ends_with(';') && !slot.contains(['{', '}']) && slot.split_whitespace().count() > 1;
    if !whole {
        return false;
    }
    *slot = "";
    std::fs::write(file, lines.join("\n")).is_ok()
}

/// The errors reported here, by line of the file itself.
fn errors(file: &Path) -> (Vec<(u32, String)>, Vec<Name>, bool) {
    let mut sources = SourceMap::new();
    let settings = Settings { nginx_version: (1, 22, 1), this_host: true, ..Settings::default() };
    let loaded = load(&Disk, &mut sources, file, file.parent().unwrap_or(Path::new("")), &settings);
    let checked = check(&loaded.config, &sources, &settings);
    let findings = loaded.findings.iter().chain(&checked);
    let errors = findings.filter(|f| matches!(f.rule, "syntax-error" | "misplaced-directive"));
    let mut lines: Vec<_> = errors
        .filter(|f| f.primary.file == loaded.config.main)
        .map(|f| (sources.positions(f.primary).0.line, f.message.clone()))
        .collect();
    lines.sort();
    let templated = loaded.config.trees.iter().flatten().any(|tree| tree.templated);
    (lines, loaded.config.guessed_context, templated)
}

#[test]
fn the_checks_agree_with_nginx_on_the_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/nginx");
    let (Some(nginx), true) = (nginx(), corpus.is_dir()) else {
        println!("skipped: needs nginx and ../shared/corpus/nginx");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("cert.pem");
    let key = folder.path().join("key.pem");
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output();
    if !made.is_ok_and(|output| output.status.success()) {
        println!("skipped: needs openssl for a certificate");
        return;
    }
    let mut modules = Vec::new();
    files_below(Path::new("/etc/nginx/modules-enabled"), &mut modules);
    let modules = modules.iter().map(|path| format!("include {};", path.display())).collect::<Vec<_>>().join("\n");
    let oracle = Oracle { nginx, modules };

    let mut originals = Vec::new();
    files_below(&corpus, &mut originals);
    let mut files = Vec::new();
    for original in &originals {
        let copy = folder.path().join("corpus").join(original.strip_prefix(&corpus).unwrap());
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        let text = with_certificates(&read(original), certificate.to_str().unwrap(), key.to_str().unwrap());
        std::fs::write(&copy, text).unwrap();
        files.push(copy);
    }

    let tally: Mutex<BTreeMap<&str, Vec<String>>> = Mutex::default();
    let note = |class: &'static str, text: String| tally.lock().unwrap().entry(class).or_default().push(text);
    files.par_iter().for_each(|file| {
        let shown = file.strip_prefix(folder.path()).unwrap().display().to_string();
        let (_, guess, templated) = errors(file);
        if templated {
            note("a template", shown);
            return;
        }
        let mut wrappings: Vec<_> = WRAPPINGS.iter().collect();
        wrappings.sort_by_key(|(blocks, ..)| *blocks != guess.as_slice());
        let mut first = None;
        for (_, before, after) in wrappings {
            let verdict = oracle.ask(file, before, after);
            let accepted = verdict == Verdict::Accepted;
            let misfit = matches!(&verdict, Verdict::Refused { message, .. } if message.contains("not allowed here"));
            if first.is_none() || accepted {
                first = Some(verdict);
            }
            if accepted || !misfit {
                break;
            }
        }
        let (reported, guess, _) = errors(file);
        match first {
            Some(Verdict::Accepted) if reported.is_empty() => note("accepted, silent", shown),
            Some(Verdict::Accepted) => note("accepted, but reported", format!("{shown} {guess:?} {reported:?}")),
            Some(Verdict::Refused { line, message }) => {
                if reported.iter().any(|(at, _)| *at == line) {
                    note("refused, same line", shown);
                } else if OUT_OF_REACH.iter().any(|part| message.contains(part)) {
                    note("refused, out of reach", format!("{shown}: {message} | {reported:?}"));
                } else {
                    note("refused, missed", format!("{shown}: {message} | {guess:?} {reported:?}"));
                }
            }
            Some(Verdict::Unknown(why)) => note("unknown", format!("{shown}: {why} | {reported:?}")),
            None => {}
        }
    });
    let tally = tally.into_inner().unwrap();
    for (class, texts) in &tally {
        println!("{class}: {}", texts.len());
    }
    let of = |class: &str| tally.get(class).map_or(&[][..], Vec::as_slice);
    if let Ok(path) = std::env::var("CORPUS_REPORT") {
        std::fs::write(path, format!("{tally:#?}")).unwrap();
    }
    assert!(of("accepted, silent").len() > 100, "nginx accepts most of the corpus");
    assert!(of("accepted, but reported").is_empty(), "false alarms: {:#?}", of("accepted, but reported"));
    let (hit, missed) = (of("refused, same line").len(), of("refused, missed").len());
    assert!(hit * 100 >= (hit + missed) * 95, "{hit} hit, {missed} missed: {:#?}", of("refused, missed"));
}
