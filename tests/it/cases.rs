//! Real reports of surprise 401s, each reduced to a faulty and, where there is one, a mended configuration. They lie beside the
//! clone in `../shared/cases`: `case.toml` names the findings that `bad/` must have; `good/` must be free of warnings and errors.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lint401::discover::{Kind, recognise};

#[derive(serde::Deserialize)]
struct Case {
    title: String,
    expect: Vec<Expect>,
}

/// A finding that must be there.
#[derive(serde::Deserialize)]
struct Expect {
    rule: String,
    /// The file, as seen from the folder of the case.
    file: String,
    line: u32,
}

/// The cases whose faults are all in files that are checked; `None`: there are no cases here.
fn cases() -> Option<Vec<(PathBuf, Case)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/cases");
    let mut folders: Vec<_> = fs::read_dir(folder).ok()?.map(|e| e.unwrap().path()).collect();
    folders.sort();
    let cases = folders.into_iter().map(|folder| {
        let text = fs::read_to_string(folder.join("case.toml")).unwrap();
        let case: Case = toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        (folder, case)
    });
    Some(cases.filter(|(folder, case)| case.expect.iter().all(|e| is_checked(folder, &e.file))).collect())
}

fn is_checked(folder: &Path, file: &str) -> bool {
    let text = fs::read(folder.join(file)).unwrap_or_else(|e| panic!("{}/{file}: {e}", folder.display()));
    let kind = recognise(Path::new(file), &text);
    kind.is_nginx() || matches!(kind, Kind::ApacheMain | Kind::ApachePart | Kind::Htaccess | Kind::Edge(_))
}

/// Exit code and report lines of `lint401 check PART -f concise` in the folder of a case, and what it says besides.
fn check(folder: &Path, part: &str) -> (Option<i32>, Vec<String>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lint401"));
    let output = command.args(["check", part, "-f", "concise"]).current_dir(folder).output().unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), report.lines().map(str::to_owned).collect(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_faults_of_the_cases_are_found() {
    let Some(cases) = cases() else {
        println!("skipped: ../shared is absent");
        return;
    };
    assert!(!cases.is_empty(), "no case can be checked");
    let mut missed = Vec::new();
    for (folder, case) in &cases {
        let (code, report, said) = check(folder, "bad");
        for Expect { rule, file, line } in &case.expect {
            let found = report.iter().any(|r| r.starts_with(&format!("{file}:{line}:")) && r.ends_with(&format!("[{rule}]")));
            if !found || code == Some(2) {
                let report = report.join("\n");
                missed.push(format!("{} ({}): no {rule} at {file}:{line}:\n{report}{said}", folder.display(), case.title));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn the_mended_cases_are_silent() {
    let Some(cases) = cases() else {
        println!("skipped: ../shared is absent");
        return;
    };
    let mended: Vec<_> = cases.iter().filter(|(folder, _)| folder.join("good").exists()).collect();
    assert!(!mended.is_empty(), "no case is mended");
    let mut loud = Vec::new();
    for (folder, case) in mended {
        let (code, report, said) = check(folder, "good");
        let graver = |line: &&String| line.contains(": warning: ") || line.contains(": error: ");
        // 0 is the word for "checked": a folder in which nothing was understood is no success.
        if code != Some(0) || report.iter().any(|r| graver(&r)) {
            loud.push(format!("{} ({}): exit {code:?}:\n{}{said}", folder.display(), case.title, report.join("\n")));
        }
    }
    assert!(loud.is_empty(), "{}", loud.join("\n"));
}
