//! Scripts for shells, and manual pages.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::folder::Folder;

/// Gives a text to a program; `None`: it is not installed.
fn given_to(program: &str, arguments: &[&str], text: &str) -> Option<(bool, String)> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).env("LC_ALL", "C.UTF-8");
    let mut child = command.spawn().ok()?;
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Some((output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()))
}

#[test]
fn every_shell_has_a_script_that_knows_the_options() {
    let folder = Folder::with(&[]);
    for shell in ["bash", "elvish", "fish", "nushell", "powershell", "zsh"] {
        let ran = folder.run(&["completions", shell]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{shell}");
        for word in ["unsafe-fixes", "strict-baseline", "completions"] {
            assert!(ran.stdout.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(folder.run(&["completions", "cmd"]).code, 2);
}

#[test]
fn bash_completes() {
    let script = Folder::with(&[]).run(&["completions", "bash"]).stdout;
    let Some((ok, said)) = given_to("bash", &["-n"], &script) else { return };
    assert!(ok, "{said}");
    let ask = format!(
        "{script}\nCOMP_WORDS=(lint401 check --unsafe); COMP_CWORD=2; _lint401 lint401 --unsafe check; echo \"${{COMPREPLY[@]}}\""
    );
    let (ok, said) = given_to("bash", &["--norc"], &ask).unwrap();
    assert!(ok && said.trim() == "--unsafe-fixes", "{said}");
}

#[test]
fn manual_pages() {
    let folder = Folder::with(&[]);
    for (command, title, words) in [
        (&[][..], ".TH lint401 1", &["lint401\\-check(1)", "Finds surprise 401s"][..]),
        (&["check"], ".TH lint401-check 1", &["\\-\\-unsafe\\-fixes", "Exit codes:", "LINT401_FAIL_ON=error"]),
        (&["config", "show"], ".TH lint401-config-show 1", &["Show the settings in force"]),
    ] {
        let ran = folder.run(&[&["man"], command].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        assert!(ran.stdout.contains(title), "{}", ran.stdout);
        for word in words {
            assert!(ran.stdout.contains(word), "{word}: {}", ran.stdout);
        }
        if let Some((ok, said)) = given_to("man", &["--warnings", "-l", "-"], &ran.stdout) {
            assert!(ok && !said.contains("warning:"), "{said}");
        }
        if let Some((ok, said)) = given_to("mandoc", &["-T", "lint", "-W", "error"], &ran.stdout) {
            assert!(ok, "{said}");
        }
    }
    let ran = folder.run(&["man", "chek"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (2, "error: there is no command `chek`\n  see `lint401 --help`\n"));
}
