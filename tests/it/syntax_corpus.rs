//! The parser against the real `nginx -t`: on real configurations, and on the same ones with one mistake put in.
//!
//! Skipped, with a word about it, where nginx or the shared corpus is absent. A sample by default; `LINT401_MUTANTS=1500`
//! reads every file and tries that many mistakes.

#![allow(clippy::print_stdout, reason = "what was measured is worth reading")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lint401::source::SourceMap;
use lint401::syntax::nginx::parse;

const MODULES: &str = "/usr/lib/nginx/modules";

/// Where the file may belong.
const WRAPPINGS: [&str; 8] = [
    "include F;\n",
    "events {}\ninclude F;\n",
    "events {}\nhttp { include F;\n}\n",
    "events {}\nhttp { server { include F;\n}}\n",
    "events {}\nhttp { server { location /zz { include F;\n}}}\n",
    "events {}\nhttp { upstream u { include F;\n}}\n",
    "events {}\nhttp { map $a $b { include F;\n}}\n",
    "events {}\nstream { include F;\n}\n",
];
const MAP_BODY: usize = 6;

/// What the server says of a file.
#[derive(Clone, Debug)]
enum Verdict {
    Accepted,
    /// With the line, if the server blames this file, and its message.
    Refused(Option<u32>, String),
}

struct Nginx {
    folder: tempfile::TempDir,
    modules: String,
}

impl Nginx {
    fn new() -> Option<Self> {
        Command::new("nginx").arg("-v").output().ok()?;
        let folder = tempfile::tempdir().ok()?;
        for shipped in ["mime.types", "fastcgi_params", "fastcgi.conf", "uwsgi_params", "scgi_params", "proxy_params"] {
            let _ = fs::copy(Path::new("/etc/nginx").join(shipped), folder.path().join(shipped));
        }
        let mut names: Vec<String> = fs::read_dir(MODULES)
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| Path::new(name).extension().is_some_and(|e| e == "so") && !name.contains("perl"))
            .collect();
        // Modules on which others stand come first.
        let rank = |name: &String| match name.as_str() {
            "ndk_http_module.so" => 0,
            "ngx_stream_module.so" | "ngx_mail_module.so" => 1,
            _ => 2,
        };
        names.sort_by_key(|name| (rank(name), name.clone()));
        let mut modules = format!("pid {}/pid;\n", folder.path().display());
        for name in names {
            writeln!(modules, "load_module {MODULES}/{name};").unwrap();
        }
        Some(Self { folder, modules })
    }

    fn test(&self, text: &[u8], wrapping: usize) -> Verdict {
        let (file, main) = (self.folder.path().join("file"), self.folder.path().join("main.conf"));
        fs::write(&file, text).unwrap();
        let wrapped = WRAPPINGS[wrapping].replace('F', &file.display().to_string());
        fs::write(&main, format!("{}{wrapped}", self.modules)).unwrap();
        let output = Command::new("nginx").args(["-t", "-q", "-g", "error_log stderr;", "-c"]).arg(&main).output().unwrap();
        if output.status.success() {
            return Verdict::Accepted;
        }
        let told = String::from_utf8_lossy(&output.stderr);
        let Some((_, message)) = told.lines().find_map(|line| line.split_once("[emerg] ")) else {
            return Verdict::Refused(None, told.into_owned());
        };
        let message = message.split_once(": ").filter(|(id, _)| id.contains('#')).map_or(message, |(_, rest)| rest);
        let place = format!(" in {}:", file.display());
        let line = message.rsplit_once(&place).and_then(|(_, line)| line.trim().parse().ok());
        Verdict::Refused(line, message.to_owned())
    }

    /// The best that the server says of a file in any wrapping, and in which.
    fn best(&self, text: &[u8]) -> (Verdict, usize) {
        let mut best = (Verdict::Refused(None, String::new()), 0);
        for wrapping in 0..WRAPPINGS.len() {
            if wrapping == MAP_BODY && text.contains(&b'{') {
                continue;
            }
            let verdict = self.test(text, wrapping);
            match (&verdict, &best.0) {
                (Verdict::Accepted, _) => return (verdict, wrapping),
                (Verdict::Refused(line, _), Verdict::Refused(far, _)) if line > far => best = (verdict, wrapping),
                _ => {}
            }
        }
        best
    }
}

/// Whether a message is about the grammar and not about what directives mean.
fn is_syntax(message: &str) -> bool {
    ["unexpected ", "too long "].iter().any(|start| message.starts_with(start))
        || message.contains("is not terminated by \";\"")
        || message.contains("has no opening \"{\"")
        || message.starts_with("Lua code block")
}

/// The lines on which we report errors, and whether the file is a template.
fn report(text: &[u8]) -> (Vec<u32>, bool) {
    let mut map = SourceMap::new();
    let id = map.add("file", text.to_vec());
    let tree = parse(id, map.file(id).text());
    (tree.errors.iter().map(|e| map.positions(e.span).0.line).collect(), tree.templated)
}

fn corpus() -> Vec<PathBuf> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { walk(&path, files) } else { files.push(path) }
        }
    }
    let mut files = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/nginx"), &mut files);
    files.sort();
    files
}

/// Counts what the server refuses for its syntax, and what of it we report on the same line.
#[derive(Default)]
struct Score {
    accepted: usize,
    refused: usize,
    same_line: usize,
    missed: String,
}

impl Score {
    fn add(&mut self, what: &str, text: &[u8], verdict: &Verdict) {
        let (lines, templated) = report(text);
        match verdict {
            Verdict::Accepted => {
                self.accepted += 1;
                assert!(lines.is_empty(), "{what}: nginx accepts this, we report lines {lines:?}");
            }
            Verdict::Refused(Some(line), message) if is_syntax(message) && !templated => {
                self.refused += 1;
                if lines.contains(line) {
                    self.same_line += 1;
                } else {
                    writeln!(self.missed, "{what}: {message}; we report lines {lines:?}").unwrap();
                }
            }
            Verdict::Refused(..) => {}
        }
    }

    fn verify(&self) {
        println!("{} accepted, {} refused for syntax, {} on the same line", self.accepted, self.refused, self.same_line);
        print!("{}", self.missed);
        assert!(self.accepted > 0, "nginx accepted nothing: the set-up is broken");
        assert!(self.same_line * 100 >= self.refused * 95, "{}", self.missed);
    }
}

/// One mistake at a random place of the text.
fn mutate(text: &str, random: &mut impl FnMut(usize) -> usize) -> Option<String> {
    let marks: &[char] = [&[';'][..], &['{'], &['}'], &['"', '\''], &[' ']][random(5)];
    // Not within comments.
    let mut places = Vec::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let code = line.split_once('#').map_or(line, |(code, _)| code);
        places.extend(code.char_indices().filter(|(_, c)| marks.contains(c)).map(|(i, _)| offset + i));
        offset += line.len();
    }
    let at = *places.get(random(places.len().max(1)))?;
    let (before, after) = (&text[..at], &text[at + 1..]);
    let mark = &text[at..=at];
    let insert = ["\n}", "\n{", ";", "\"", "'", "x", "{2}"][random(7)];
    Some(match (marks[0], random(3)) {
        (' ', _) => format!("{before} {insert}{after}"),
        (_, 0) => format!("{before}{mark}{insert}{after}"),
        _ => format!("{before}{after}"),
    })
}

#[test]
fn the_parser_agrees_with_nginx() {
    let files = corpus();
    let (Some(nginx), false) = (Nginx::new(), files.is_empty()) else {
        println!("skipped: nginx or ../shared/corpus/nginx is absent");
        return;
    };
    let mut real = Score::default();
    let mut accepted = Vec::new();
    let wanted: Option<usize> = std::env::var("LINT401_MUTANTS").ok().and_then(|n| n.parse().ok());
    for path in files.iter().step_by(if wanted.is_some() { 1 } else { 5 }) {
        let text = fs::read(path).unwrap();
        let (verdict, wrapping) = nginx.best(&text);
        real.add(&path.display().to_string(), &text, &verdict);
        if let (Verdict::Accepted, Ok(text)) = (verdict, String::from_utf8(text)) {
            accepted.push((path, text, wrapping));
        }
    }
    real.verify();

    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut broken = Score::default();
    for round in 0..wanted.unwrap_or(150) {
        let (path, text, wrapping) = &accepted[random(accepted.len())];
        let Some(mutant) = mutate(text, &mut random) else { continue };
        let verdict = nginx.test(mutant.as_bytes(), *wrapping);
        broken.add(&format!("mutant {round} of {}\n{mutant}\n", path.display()), mutant.as_bytes(), &verdict);
    }
    broken.verify();
}
