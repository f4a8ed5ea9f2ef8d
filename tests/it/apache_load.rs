//! What the loader places, against what the real httpd reads: random configurations with includes, conditions, variables and
//! macros; `mod_info` prints what is left of them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use lint401::files::Disk;
use lint401::finding::{Confidence, Severity};
use lint401::project::apache::{Config, DirectiveId, load};
use lint401::settings::Settings;
use lint401::source::SourceMap;
use lint401::syntax::apache::Name;

use crate::rng::Rng;
use crate::support::apache::{command, head};
use crate::support::available;
use crate::support::server::{Dialect, folder};

/// How many configurations are made; `LINT401_CASES` asks for more.
const CASES: u64 = 40;

const VARIABLES: &[&str] = &["A", "B", "C_1"];

/// Where generated text stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    /// At the top level or in a virtual host.
    Server { host: bool },
    /// In a section for a folder.
    Folder { files: bool },
    /// Anywhere: no sections, no definitions.
    Any,
}

struct Generator {
    rng: Rng,
    /// Macros so far: their names and how many parameters they have.
    macros: Vec<(String, usize)>,
    lines: usize,
}

impl Generator {
    fn word(&mut self) -> String {
        let variable = *self.rng.one(VARIABLES).unwrap();
        match self.rng.below(9) {
            0 => format!("${{{variable}}}"),
            1 => format!("x${{{variable}}}y"),
            2 => format!("\"q ${{{variable}}}\""),
            3 => "'s t'".to_owned(),
            4 => format!("\\${{{variable}}}"),
            5 => "${open".to_owned(),
            6 => format!("\"a\\\"{variable}\""),
            _ => format!("w{}", self.rng.below(100)),
        }
    }

    fn condition(&mut self) -> (&'static str, String) {
        let not = if self.rng.chance(30) { "!" } else { "" };
        let variable = *self.rng.one(VARIABLES).unwrap();
        match self.rng.below(6) {
            0 => ("IfDefine", format!("{not}{variable}")),
            1 => {
                let modules = [
                    "mod_dir.c",
                    "dir_module",
                    "mod_gone.c",
                    "gone_module",
                    "core.c",
                    "mod_dir",
                    "prefork.c",
                    "event.c",
                    "\"mod_dir.c\"",
                ];
                ("IfModule", format!("{not}{}", self.rng.pick(&modules)))
            }
            2 => (
                "IfVersion",
                self.rng.pick(&[">= 2.4", "< 2.4", "!= 2.4.1", "> 2.4.200", "~ ^2\\.4", "!~ ^2\\.[0-3]"]).to_owned(),
            ),
            3 => ("IfFile", format!("{not}{}", self.rng.pick(&["inc/any0.conf", "inc/gone.conf", "inc", "\"inc/any1.conf\""]))),
            4 => {
                ("IfDirective", format!("{not}{}", self.rng.pick(&["DirectoryIndex", "directoryindex", "<Directory", "MDomain"])))
            }
            _ => ("IfSection", format!("{not}{}", self.rng.pick(&["Directory", "Macro", "MDomainSet"]))),
        }
    }

    fn text(&mut self, level: Level, depth: usize, inside_macro: bool) -> String {
        let mut text = String::new();
        for _ in 0..=self.rng.below(5) {
            self.lines += 1;
            if self.lines > 150 {
                break;
            }
            self.statement(level, depth, inside_macro, &mut text);
        }
        text
    }

    fn statement(&mut self, level: Level, depth: usize, inside_macro: bool, text: &mut String) {
        let server = matches!(level, Level::Server { .. });
        match self.rng.below(12) {
            0 if depth < 4 => {
                let (name, arguments) = self.condition();
                let body = self.text(level, depth + 1, inside_macro);
                let _ = write!(text, "<{name} {arguments}>\n{body}</{name}>\n");
            }
            1 if depth < 4 => {
                let (section, argument, inner) = match level {
                    Level::Server { host: false } if self.rng.chance(50) => ("VirtualHost", "*:80", Level::Server { host: true }),
                    Level::Server { .. } => {
                        (self.rng.pick(&["Directory", "Location"]), "\"/${A}\"", Level::Folder { files: false })
                    }
                    Level::Folder { files: false } => ("If", "\"true\"", Level::Folder { files: true }),
                    _ => return,
                };
                let body = self.text(inner, depth + 1, inside_macro);
                let _ = write!(text, "<{section} {argument}>\n{body}</{section}>\n");
            }
            2 | 3 if server => {
                let variable = *self.rng.one(VARIABLES).unwrap();
                let value = if self.rng.chance(80) { self.word() } else { String::new() };
                // A value of several words would be refused.
                let value = if value.contains("${") { format!("\"{}\"", value.trim_matches('"')) } else { value };
                let _ = writeln!(text, "Define {variable} {value}");
            }
            4 if server => {
                let _ = writeln!(text, "UnDefine {}", self.rng.pick(VARIABLES));
            }
            5 | 6 => {
                let any = [
                    "inc/any0.conf",
                    "inc/any1.conf",
                    "inc/any*.conf",
                    "inc/sub",
                    "inc/sub/*",
                    "inc/s*/*.conf",
                    "inc/[!s]*",
                    "inc/s[tu]b/[!.]*",
                    "inc/none*",
                ];
                let optional = ["inc/gone.conf", "gone/*.conf", "inc/none*"];
                if self.rng.chance(25) {
                    let _ = writeln!(text, "IncludeOptional {}", self.rng.pick(&optional));
                } else if server && self.rng.chance(20) {
                    text.push_str("Include inc/server.conf\n");
                } else {
                    let which = if self.rng.chance(97) { any.len() - 1 } else { any.len() };
                    let _ = writeln!(text, "Include {}", self.rng.pick(&any[..which]));
                }
            }
            7 if !inside_macro => {
                let Some((name, parameters)) = self.rng.one(&self.macros.clone()).cloned() else { return };
                let values: Vec<String> = (0..parameters).map(|_| format!("v{}", self.rng.below(10))).collect();
                let _ = writeln!(text, "Use {name} {}", values.join(" "));
            }
            _ => {
                let (one, two) = (self.word(), self.word());
                let end = if self.rng.chance(10) { "\\\n more" } else { "" };
                let parameter = if inside_macro { self.rng.pick(&["", " $a", " x%b", " @c $ab"]) } else { "" };
                let _ = writeln!(text, "DirectoryIndex {one} {two}{parameter}{end}");
            }
        }
    }

    fn macros(&mut self) -> String {
        let mut text = String::new();
        for i in 0..3 {
            let parameters: &[&str] = [&["$a", "%b", "@c"][..], &["$a"], &[]][self.rng.below(3)];
            let mut body = self.text(Level::Any, 2, true);
            if let Some((name, count)) = self.macros.last().cloned().filter(|_| self.rng.chance(60)) {
                let values = ["$a", "%b", "@c"];
                let values: Vec<&str> = (0..count).map(|i| if i < parameters.len() { values[i] } else { "z" }).collect();
                let _ = writeln!(body, "Use {name} {}", values.join(" "));
            }
            let name = format!("M{i}");
            let _ = write!(text, "<Macro {name} {}>\n{body}</Macro>\n", parameters.join(" "));
            self.macros.push((name, parameters.len()));
        }
        text
    }
}

/// The files of one configuration.
fn generate(seed: u64) -> Vec<(String, String)> {
    let mut generator = Generator { rng: Rng::new(seed), macros: Vec::new(), lines: 0 };
    // What is not defined in the files may be defined elsewhere, and is not here.
    let mut main = String::new();
    for name in VARIABLES {
        writeln!(main, "UnDefine {name}").unwrap();
    }
    main += &generator.macros();
    for _ in 0..4 {
        main += &generator.text(Level::Server { host: false }, 0, false);
    }
    // Nothing is included that includes others: random circles would be refused.
    let plain = |generator: &mut Generator| -> String {
        let mut text = String::new();
        for _ in 0..=generator.rng.below(3) {
            let (word, variable) = (generator.word(), *generator.rng.one(VARIABLES).unwrap());
            let _ = write!(text, "DirectoryIndex i {word}\n<IfDefine {variable}>\nDirectoryIndex d\n</IfDefine>\n");
        }
        text
    };
    let mut files = vec![("main.conf".to_owned(), main)];
    for name in ["any0.conf", "any1.conf", "sub/b.conf", "sub/.hidden", "sub/a.conf", "sub/c~", "sub/in/x"] {
        files.push((format!("inc/{name}"), plain(&mut generator)));
    }
    files.push((
        "inc/server.conf".to_owned(),
        format!(
            "Define B in-include\n{}<Location /in>\n{}</Location>\nUnDefine A\n",
            plain(&mut generator),
            plain(&mut generator)
        ),
    ));
    files
}

/// The first line that is compared.
const MARK: &str = "ServerAdmin mark";

/// What httpd reads, a line for each directive; `Err`: what it refuses.
fn read_by_httpd(folder: &Path, main: &Path) -> Result<Vec<String>, String> {
    let output = command(folder, main).args(["-t", "-D", "DUMP_CONFIG"]).output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("</"));
    Ok(lines.skip_while(|line| *line != MARK).map(str::to_owned).collect())
}

/// The same from what the loader places.
fn placed(config: &Config, sources: &SourceMap) -> Vec<String> {
    let all = (0..config.placed.len() as DirectiveId).map(|id| config.directive(sources, id));
    let read = all.filter(|d| {
        !matches!(
            d.name(),
            Name::Include
                | Name::IncludeOptional
                | Name::Define
                | Name::UnDefine
                | Name::Macro
                | Name::Use
                | Name::IfDefine
                | Name::IfModule
                | Name::IfVersion
                | Name::IfFile
                | Name::IfDirective
                | Name::IfSection
        )
    });
    let line = |d: lint401::project::apache::Directive| {
        let end = if d.is_section() { ">" } else { "" };
        format!("{} {}{end}", d.name().as_str(), d.raw_args()).trim_end().to_owned()
    };
    read.map(line).skip_while(|line| line != MARK).collect()
}

#[test]
fn what_is_placed_is_what_httpd_reads() {
    if !available(Dialect::Apache).unwrap() {
        println!("skipped: httpd is not installed");
        return;
    }
    let cases = std::env::var("LINT401_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(CASES);
    let first = std::env::var("LINT401_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let (mut accepted, mut refused) = (0, 0);
    for seed in first..first + cases {
        let folder = folder();
        let root = folder.path().join("etc");
        for (name, text) in generate(seed) {
            let path = root.join(&name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let text = if name == "main.conf" { format!("{}{MARK}\n{text}", head(folder.path(), &root)) } else { text };
            fs::write(path, text).unwrap();
        }
        let main = root.join("main.conf");
        let real = read_by_httpd(folder.path(), &main);
        let mut sources = SourceMap::new();
        let loaded = load(&Disk, &mut sources, &main, folder.path(), &Settings::default());
        // Whether a path that is not in the tree exists on the server is known where this is the server.
        let settings = Settings { this_host: true, ..Settings::default() };
        let here = load(&Disk, &mut sources, &main, folder.path(), &settings);
        let faults: Vec<_> = loaded.findings.iter().filter(|f| f.severity != Some(Severity::Info)).collect();
        let text = || fs::read_to_string(&main).unwrap().split(MARK).nth(1).unwrap_or_default().to_owned();
        match real {
            Ok(lines) => {
                // A fault under a condition that is not decided is not sure.
                let sure: Vec<_> = faults.iter().filter(|f| f.confidence == Confidence::High).map(|f| &f.message).collect();
                assert!(sure.is_empty(), "seed {seed}: httpd accepts what is reported: {sure:?}\n{}", text());
                assert!(here.config.conditions.is_empty(), "seed {seed}: {:?}", here.config.conditions);
                assert_eq!(placed(&here.config, &sources), lines, "seed {seed}:\n{}", text());
                accepted += 1;
            }
            // The number of arguments is not for the loader to check.
            Err(message) if message.contains(" takes ") || message.contains("Multiple") => {}
            Err(message) => {
                assert!(!faults.is_empty(), "seed {seed}: httpd refuses: {message}\n{}", text());
                refused += 1;
            }
        }
    }
    println!("{accepted} accepted, {refused} refused");
    assert!(accepted > refused);
}
