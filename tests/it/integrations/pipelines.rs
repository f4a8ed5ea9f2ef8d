//! GitLab, Azure Pipelines, Jenkins, reviewdog: the lines of the snippets, run by a shell.
#![cfg(unix)]

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{INSTALL, repository, stand_in, yaml};
use crate::folder::{Folder, Ran};
use crate::tool;

/// Runs lines as a runner does: in one shell, up to the first that fails.
fn run(folder: &Folder, lines: &[&str]) -> Ran {
    let script = format!("set -eo pipefail\n{}\n", lines.join("\n"));
    let mut bash = Command::new("bash");
    bash.args(["-c", &script]).current_dir(folder.path()).env("PATH", tool::path()).env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
    bash.env("CI_PROJECT_DIR", folder.path()).env("CARGO_HOME", folder.path().join(".cargo"));
    bash.output().unwrap().into()
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

fn file(folder: &Folder, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Each snippet with the faulty and with the mended deployment.
fn both(check: impl Fn(&Folder, i32)) {
    check(&repository("wordpress"), 1);
    check(&repository("wordpress-fixed"), 0);
}

#[test]
fn gitlab() {
    let pipeline = yaml("integrations/gitlab-ci.yml");
    let job = &pipeline["lint401"];
    let lines = [texts(&job["before_script"]), texts(&job["script"])].concat();
    assert!(lines.iter().any(|line| line.ends_with(INSTALL)));
    both(|folder, code| {
        let ran = run(folder, &lines);
        assert_eq!(ran.code, code, "{}", ran.stderr);
        let reports = &job["artifacts"]["reports"];
        let issues: Value = serde_json::from_str(&file(folder, reports["codequality"].as_str().unwrap())).unwrap();
        assert_eq!(issues.as_array().unwrap().is_empty(), code == 0);
        assert!(
            issues.as_array().unwrap().iter().all(|issue| issue["location"]["path"].as_str().unwrap().starts_with("deploy/"))
        );
        assert_eq!(file(folder, reports["junit"].as_str().unwrap()).contains("<failure"), code == 1);
    });
}

#[test]
fn azure() {
    let pipeline = yaml("integrations/azure-pipelines.yml");
    let steps = pipeline["steps"].as_array().unwrap();
    let scripts: Vec<_> = steps.iter().filter_map(|step| step["script"].as_str()).collect();
    let [INSTALL, check] = scripts.as_slice() else { panic!("{scripts:?}") };
    let published = steps.iter().find_map(|step| step["inputs"]["testResultsFiles"].as_str()).unwrap();
    both(|folder, code| {
        let ran = run(folder, &[check]);
        assert_eq!(ran.code, code, "{}", ran.stderr);
        assert_eq!(ran.stdout.contains("##vso[task.logissue type=error;sourcepath=deploy/"), code == 1, "{}", ran.stdout);
        assert!(file(folder, published).contains("<testsuite"));
    });
}

#[test]
fn jenkins() {
    let pipeline = tool::read("integrations/Jenkinsfile");
    let lines: Vec<_> = pipeline.lines().filter_map(|line| line.trim().strip_prefix("sh '")?.strip_suffix('\'')).collect();
    let [install, _] = lines.as_slice() else { panic!("{lines:?}") };
    assert!(install.ends_with(INSTALL));
    let after = |word: &str| pipeline.split(word).nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
    both(|folder, code| {
        assert_eq!(run(folder, &lines).code, code);
        assert_eq!(file(folder, after("testResults: '")).contains("<failure"), code == 1);
        let sarif: Value = serde_json::from_str(&file(folder, after("sarif(pattern: '"))).unwrap();
        assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().is_empty(), code == 0);
        assert_eq!(file(folder, after("checkStyle(pattern: '")).contains("<error "), code == 1);
    });
}

/// A program that keeps what it is given stands in for reviewdog, which needs a pull request.
#[test]
fn reviewdog() {
    let workflow = yaml("integrations/reviewdog.yml");
    let steps = workflow["jobs"]["lint401"]["steps"].as_array().unwrap();
    let lines: Vec<_> = steps.iter().filter_map(|step| step["run"].as_str()).collect();
    let [INSTALL, check] = lines.as_slice() else { panic!("{lines:?}") };
    both(|folder, code| {
        stand_in(&folder.path().join("bin/reviewdog"), "#!/bin/sh\necho \"$@\" > arguments\ncat > report.json\n");
        let ran = run(folder, &["PATH=\"$PWD/bin:$PATH\"", check]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "reviewdog decides");
        let arguments = file(folder, "arguments");
        assert!(arguments.starts_with("-f=rdjson "), "{arguments}");
        let report: Value = serde_json::from_str(&file(folder, "report.json")).unwrap();
        assert_eq!(report["source"]["name"], "lint401");
        assert_eq!(report["diagnostics"].as_array().unwrap().is_empty(), code == 0);
    });
}
