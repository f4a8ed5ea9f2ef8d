//! The action for GitHub: its steps are run in order, with the variables and files that the runner gives them.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{repository, stand_in, yaml};
use crate::folder::Folder;
use crate::tool;

/// What a job of the action left behind.
struct Job {
    code: i32,
    log: String,
    summary: String,
    outputs: BTreeMap<String, String>,
    /// What was handed to code scanning.
    uploaded: Option<Value>,
}

/// The values that expressions can ask for.
struct Context<'a> {
    action: &'a Value,
    inputs: BTreeMap<&'a str, &'a str>,
    steps: BTreeMap<String, BTreeMap<String, String>>,
}

impl Context<'_> {
    fn value(&self, name: &str) -> String {
        match *name.split('.').collect::<Vec<_>>().as_slice() {
            ["inputs", input] => {
                let declared = &self.action["inputs"][input];
                assert!(declared.is_object(), "the action has no input {input}");
                let given = self.inputs.get(input).copied();
                given.unwrap_or_else(|| declared["default"].as_str().unwrap()).to_owned()
            }
            ["steps", step, "outputs", output] => {
                self.steps.get(step).and_then(|outputs| outputs.get(output)).cloned().unwrap_or_default()
            }
            ["github", "action_path"] => env!("CARGO_MANIFEST_DIR").to_owned(),
            _ => panic!("an expression that the test does not know: {name}"),
        }
    }

    /// A text with its expressions replaced.
    fn text(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{") {
            let (expression, after) = after.split_once("}}").unwrap();
            out.push_str(before);
            out.push_str(&self.value(expression.trim()));
            rest = after;
        }
        out + rest
    }

    /// A condition of comparisons that all must hold.
    fn holds(&self, condition: &str) -> bool {
        condition.split(" && ").all(|part| {
            let (name, equal, text) = match (part.split_once(" == "), part.split_once(" != ")) {
                (Some((name, text)), _) => (name, true, text),
                (_, Some((name, text))) => (name, false, text),
                _ => panic!("a condition that the test does not know: {part}"),
            };
            (self.value(name) == text.trim_matches('\'')) == equal
        })
    }
}

/// `NAME=value` lines.
fn pairs(text: &str) -> BTreeMap<String, String> {
    text.lines().map(|line| line.split_once('=').unwrap_or_else(|| panic!("{line}"))).map(|(a, b)| (a.into(), b.into())).collect()
}

fn run(folder: &Folder, path: &std::ffi::OsStr, inputs: &[(&str, &str)]) -> Job {
    let action = yaml("action.yml");
    let mut context = Context { action: &action, inputs: inputs.iter().copied().collect(), steps: BTreeMap::new() };
    let temp = folder.path().join("temp");
    let (mut path, summary) = (path.to_owned(), temp.join("summary"));
    let mut job = Job { code: 0, log: String::new(), summary: String::new(), outputs: BTreeMap::new(), uploaded: None };
    for step in action["runs"]["steps"].as_array().unwrap() {
        if job.code != 0 || step["if"].as_str().is_some_and(|condition| !context.holds(condition)) {
            continue;
        }
        if let Some(uses) = step["uses"].as_str() {
            assert_eq!(uses.split('@').next(), Some("github/codeql-action/upload-sarif"));
            let file = context.text(step["with"]["sarif_file"].as_str().unwrap());
            job.uploaded = Some(serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap());
            continue;
        }
        let script = temp.join("step.sh");
        let text = step["run"].as_str().unwrap();
        assert!(!text.contains("${{"), "values come through variables, so that none of them is run as a program: {text}");
        fs::write(&script, text).unwrap();
        let files = ["output", "path"].map(|name| temp.join(name));
        for file in &files {
            fs::write(file, "").unwrap();
        }
        assert_eq!(step["shell"], "bash");
        let mut bash = Command::new("bash");
        bash.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(&script).stdin(Stdio::null());
        bash.env_clear()
            .env("PATH", &path)
            .env("HOME", &temp)
            .env("LC_ALL", "C.UTF-8")
            .env("CI", "true")
            .env("GITHUB_ACTIONS", "true");
        bash.env("RUNNER_TEMP", &temp)
            .env("GITHUB_STEP_SUMMARY", &summary)
            .env("GITHUB_OUTPUT", &files[0])
            .env("GITHUB_PATH", &files[1]);
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            bash.env(name, context.text(value.as_str().unwrap()));
        }
        let working = step["working-directory"].as_str().map_or_else(|| ".".to_owned(), |text| context.text(text));
        let output = bash.current_dir(folder.path().join(working)).output().unwrap();
        job.log += &String::from_utf8(output.stdout).unwrap();
        job.log += &String::from_utf8(output.stderr).unwrap();
        job.code = output.status.code().unwrap();
        if let Some(id) = step["id"].as_str() {
            context.steps.insert(id.to_owned(), pairs(&fs::read_to_string(&files[0]).unwrap()));
        }
        let more = fs::read_to_string(&files[1]).unwrap();
        for folder in more.lines() {
            path = std::env::join_paths([folder.into()].into_iter().chain(std::env::split_paths(&path))).unwrap();
        }
    }
    job.summary = fs::read_to_string(&summary).unwrap_or_default();
    for (name, output) in action["outputs"].as_object().unwrap() {
        job.outputs.insert(name.clone(), context.text(output["value"].as_str().unwrap()));
    }
    job
}

#[test]
fn faults_fail_the_job_and_are_shown() {
    let folder = repository("wordpress");
    let job = run(&folder, &tool::path(), &[("paths", "deploy\n"), ("upload-sarif", "true")]);
    assert_eq!((job.code, job.outputs["exit-code"].as_str()), (1, "1"), "{}", job.log);
    assert!(job.log.contains("::error file=deploy/conf.d/api.example.com.conf,line=20,"), "{}", job.log);
    assert!(job.summary.contains("dropped-authorization"), "{}", job.summary);
    let results = job.uploaded.unwrap()["runs"][0]["results"].as_array().unwrap().len();
    assert_eq!(results, job.log.lines().filter(|line| line.starts_with("::error ") || line.starts_with("::warning ")).count());
}

#[test]
fn a_clean_deployment_passes() {
    let folder = repository("wordpress-fixed");
    let job = run(&folder, &tool::path(), &[("working-directory", "deploy"), ("upload-sarif", "true")]);
    assert_eq!((job.code, job.outputs["exit-code"].as_str()), (0, "0"), "{}", job.log);
    assert!(!job.log.contains("::"), "{}", job.log);
    assert_eq!(job.uploaded.unwrap()["runs"][0]["results"], serde_json::json!([]), "what is mended is closed there");
}

#[test]
fn arguments_and_failures() {
    let folder = repository("wordpress");
    let lenient = run(&folder, &tool::path(), &[("paths", "deploy"), ("args", "--fail-on\nnever\n"), ("summary", "false")]);
    assert_eq!((lenient.code, lenient.summary.as_str()), (0, ""), "{}", lenient.log);
    assert!(lenient.log.contains("::error ") && lenient.uploaded.is_none());
    let gone = run(&folder, &tool::path(), &[("paths", "gone")]);
    assert_eq!((gone.code, gone.outputs["exit-code"].as_str()), (2, "2"), "{}", gone.log);
    let nothing = run(&folder, &tool::path(), &[("paths", "temp")]);
    assert_eq!((nothing.code, nothing.outputs["exit-code"].as_str()), (3, "3"), "never green on nothing: {}", nothing.log);
    let odd = run(&folder, &tool::path(), &[("paths", "$(touch temp/made)\n--exit-zero")]);
    assert!(odd.code == 2 && !folder.path().join("temp/made").exists(), "a path is a path: {}", odd.log);
}

/// Where the program is not there yet, cargo builds it. Here something stands in for cargo, as a build takes minutes.
#[test]
fn the_program_is_built_where_it_is_missing() {
    let folder = repository("wordpress-fixed");
    let cargo = format!(
        "#!/bin/sh\necho \"$@\" > \"$HOME/called\"\nwhile [ \"$1\" != --root ]; do shift; done\nmkdir -p \"$2/bin\"\nln -s '{}' \"$2/bin/lint401\"\n",
        env!("CARGO_BIN_EXE_lint401")
    );
    stand_in(&folder.path().join("bin/cargo"), &cargo);
    let path = std::env::join_paths([folder.path().join("bin"), "/usr/bin".into(), "/bin".into()]).unwrap();
    let job = run(&folder, &path, &[("paths", "deploy")]);
    assert_eq!((job.code, job.outputs["exit-code"].as_str()), (0, "0"), "{}", job.log);
    let called = fs::read_to_string(folder.path().join("temp/called")).unwrap();
    assert!(called.starts_with(&format!("install --locked --quiet --path {} --root ", env!("CARGO_MANIFEST_DIR"))), "{called}");
}

#[test]
fn the_shown_workflow_fits_the_action() {
    let (workflow, action) = (yaml("integrations/github-workflow.yml"), yaml("action.yml"));
    let steps = workflow["jobs"]["lint401"]["steps"].as_array().unwrap();
    let ours = steps.iter().find(|step| step["uses"].as_str().is_some_and(|uses| uses.starts_with("lint401/lint401@"))).unwrap();
    for input in ours["with"].as_object().unwrap().keys() {
        assert!(action["inputs"][input].is_object(), "{input}");
    }
    assert_eq!(workflow["permissions"]["security-events"], "write", "the upload needs it");
    let folder = repository("wordpress");
    let inputs: Vec<_> =
        ours["with"].as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
    let job = run(&folder, &tool::path(), &inputs);
    assert!(job.code == 1 && job.uploaded.is_some(), "{}", job.log);
}
