//! The README does what it says: its commands run, the output it shows is what they print, its rule table is the registry.
//!
//! `UPDATE=1 cargo test --test it readme` rewrites the shown output and the table.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

const BEGIN: &str = "<!-- rules:begin -->\n";
const END: &str = "<!-- rules:end -->\n";

/// Commands that are shown and not run: they install, or they run these tests.
const NOT_RUN: &[&str] = &["cargo test", "cargo install --path .", ".ci/run"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn readme() -> PathBuf {
    root().join("README.md")
}

/// Compares the README with what `edit` makes of it, or makes it so. One test at a time: each rewrites the whole file.
fn keep(edit: impl Fn(&str) -> String) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let text = fs::read_to_string(readme()).unwrap();
    let expected = edit(&text);
    if text == expected {
        return;
    }
    if std::env::var_os("UPDATE").is_some() {
        fs::write(readme(), expected).unwrap();
        return;
    }
    let differs = text.lines().zip(expected.lines()).find(|(a, b)| a != b);
    panic!("README.md is out of date (`UPDATE=1 cargo test --test it readme` rewrites it); first difference: {differs:?}");
}

/// The arguments after the program; quotes as in a shell, nothing else.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(q), _) if c == q => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Runs a shown command. `None`: it is one of [`NOT_RUN`].
fn run(command: &str) -> Option<String> {
    if NOT_RUN.contains(&command) {
        return None;
    }
    let (line, status) = match command.split_once("; echo $?") {
        Some((line, "")) => (line, true),
        _ => (command, false),
    };
    let arguments = line
        .strip_prefix("cargo run --release -- ")
        .or_else(|| line.strip_prefix("lint401 "))
        .unwrap_or_else(|| panic!("README.md shows a command that no test runs: {command}"));
    let output = Command::new(env!("CARGO_BIN_EXE_lint401")).args(words(arguments)).current_dir(root()).output().unwrap();
    let code = output.status.code().unwrap_or(-1);
    assert!(matches!(code, 0 | 1), "{command}: exit {code}: {}", String::from_utf8_lossy(&output.stderr));
    let mut shown = String::from_utf8(output.stdout).unwrap();
    if status {
        writeln!(shown, "{code}").unwrap();
    }
    Some(shown)
}

/// The README with the output of each `$ ` line of a `console` block replaced by what the command prints, and with the number
/// of commands that ran. Each line of a `sh` block is run too; its output is not shown.
fn with_output(text: &str) -> (String, usize) {
    let mut out = String::new();
    let mut block: Option<&str> = None;
    let mut keep_lines = true;
    let mut ran = 0;
    for line in text.lines() {
        match (block, line.strip_prefix("```")) {
            (None, Some(info)) => block = Some(info),
            (Some(_), Some(_)) => {
                block = None;
                keep_lines = true;
            }
            (Some("console"), None) => {
                if let Some(command) = line.strip_prefix("$ ") {
                    let printed = run(command);
                    keep_lines = printed.is_none();
                    ran += usize::from(printed.is_some());
                    writeln!(out, "{line}\n{}", printed.unwrap_or_default().trim_end()).unwrap();
                    if out.ends_with("\n\n") {
                        out.pop();
                    }
                    continue;
                }
                if !keep_lines {
                    continue;
                }
            }
            (Some("sh"), None) => {
                let command = line.split(" #").next().unwrap_or_default().trim_end();
                ran += usize::from(run(command).is_some());
            }
            _ => {}
        }
        writeln!(out, "{line}").unwrap();
    }
    (out, ran)
}

#[test]
fn the_commands_run_and_print_what_is_shown() {
    keep(|text| {
        let (expected, ran) = with_output(text);
        assert!(ran >= 3, "the README shows its main commands");
        expected
    });
}

#[test]
fn the_first_command_is_the_main_job_and_the_second_the_tests() {
    let text = fs::read_to_string(readme()).unwrap();
    let mut commands = Vec::new();
    let mut block = None;
    for line in text.lines() {
        match line.strip_prefix("```") {
            Some(info) => block = block.is_none().then_some(info),
            None if block == Some("sh") => commands.push(line.split(" #").next().unwrap_or_default().trim_end()),
            None if block == Some("console") => commands.extend(line.strip_prefix("$ ")),
            None => {}
        }
    }
    assert_eq!(commands.get(..2), Some(&["cargo run --release -- check fixtures/sites/wordpress", "cargo test"][..]));
}

#[test]
fn the_rule_table_is_the_registry() {
    let mut table = String::from("| rule | severity | fix | reports |\n|---|---|---|---|\n");
    for rule in lint401::rules::registry() {
        let meta = &rule.page().meta;
        let profile = match meta.profile {
            lint401::settings::Profile::Default => "",
            lint401::settings::Profile::Strict => " (strict)",
            lint401::settings::Profile::Audit => " (audit)",
        };
        let severity = meta.severity.as_str();
        let fix = if meta.fix == "none" { "" } else { &meta.fix };
        writeln!(table, "| [`{0}`](rules/{0}.md) | {severity}{profile} | {fix} | {1} |", rule.id, meta.summary).unwrap();
    }
    keep(|text| {
        let (before, rest) = text.split_once(BEGIN).unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        format!("{before}{BEGIN}{table}{END}{after}")
    });
}

/// What the README says of us beside other tools is what a test shows: the last cell of each row names it.
#[test]
fn what_is_compared_is_tested() {
    let text = fs::read_to_string(readme()).unwrap();
    let (_, rest) = text.split_once("<!-- compared:begin -->\n").unwrap();
    let (table, _) = rest.split_once("<!-- compared:end -->").unwrap();
    let rows: Vec<Vec<&str>> =
        table.lines().skip(2).map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect()).collect();
    assert!(rows.len() >= 10, "{table}");
    for cells in rows {
        let [name, ours, .., tests] = cells.as_slice() else { panic!("{cells:?}") };
        assert_eq!(cells.len(), 8, "{name}");
        if *ours == "not yet" {
            assert_eq!(*tests, "", "{name}: what is not there is not tested");
            continue;
        }
        for test in tests.split(", ").map(|test| test.trim_matches('`')) {
            let path: Vec<&str> = test.split("::").collect();
            let [modules @ .., function] = path.as_slice() else { panic!("{name}: {test}") };
            let file = root().join("tests/it").join(modules.join("/")).with_extension("rs");
            let source = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{name}: {}: {error}", file.display()));
            let stands = source.split("#[test]\n").skip(1).any(|after| after.starts_with(&format!("fn {function}()")));
            assert!(stands, "{name}: there is no test {test}");
        }
    }
}
