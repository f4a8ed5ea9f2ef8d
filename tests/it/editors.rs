//! The files of `editors/`, by driving the editors that they are for.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::folder::Folder;
use super::tool;

/// A finding as an editor should know it.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    file: String,
    line: u64,
    column: u64,
    severity: String,
    message: String,
}

/// Errors, warnings and an info, in folders with spaces, behind tabs.
fn folder() -> Folder {
    Folder::with(&[
        ("lint401.toml", "[[per-file]]\nfiles = [\"other/**\"]\nrules = { syntax-error = \"info\" }\n"),
        ("nginx.conf", "events {}\nhttp {\n\tserver {\n\t\tlisten 80;\n\t\t;\n\t}\n\tinclude \"conf d/*.conf\";\n}\n"),
        (
            "conf d/a.conf",
            "server {\n  listen 81;\n  proxy_set_header Host $host;\n  proxy_set_header X-Real-IP $remote_addr;\n  location /login {\n    \
             proxy_set_header X-Id $request_id;\n    proxy_pass http://127.0.0.1:3000;\n  }\n}\n",
        ),
        ("other/nginx.conf", "events {}\nhttp {\n  ;\n}\n"),
    ])
}

/// The findings as `json` tells them.
fn expected(folder: &Folder) -> Vec<Place> {
    let report: Value = serde_json::from_str(&folder.run(&["check", "-f", "json"]).stdout).unwrap();
    let place = |finding: &Value| Place {
        file: finding["path"].as_str().unwrap().to_owned(),
        line: finding["start"]["line"].as_u64().unwrap(),
        column: finding["start"]["column"].as_u64().unwrap(),
        severity: finding["severity"].as_str().unwrap().to_owned(),
        message: format!("{} [{}]", finding["message"].as_str().unwrap(), finding["rule"].as_str().unwrap()),
    };
    let places: Vec<Place> = report["diagnostics"].as_array().unwrap().iter().map(place).collect();
    for severity in ["error", "warning", "info"] {
        assert!(places.iter().any(|place| place.severity == severity), "{severity}: {places:?}");
    }
    places
}

/// Runs a Vim without any settings of its user; the commands write `out.json`.
fn vim(folder: &Folder, commands: &[&str]) -> Value {
    let mut vim = Command::new("vim");
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("editors/vim");
    vim.args(["-u", "NONE", "-i", "NONE", "-n", "-N", "-es", "--cmd"]).arg(format!("set runtimepath^={}", runtime.display()));
    for command in commands {
        vim.args(["-c", command]);
    }
    vim.args(["-c", "qall!"]).current_dir(folder.path()).env("PATH", tool::path()).stdin(Stdio::null());
    let output = vim.output().unwrap();
    let written = fs::read_to_string(folder.path().join("out.json"));
    serde_json::from_str(&written.unwrap_or_else(|error| panic!("{error}: {output:?}"))).unwrap()
}

const WRITE_LIST: &str = "call writefile([json_encode(map(getqflist(), {_, e -> {'file': bufname(e.bufnr), 'line': e.lnum, \
                          'column': e.col, 'type': e.type, 'text': e.text, 'valid': e.valid}}))], 'out.json')";

fn places_of_vim(list: &Value) -> Vec<Place> {
    let place = |entry: &Value| Place {
        file: entry["file"].as_str().unwrap().to_owned(),
        line: entry["line"].as_u64().unwrap(),
        column: entry["column"].as_u64().unwrap(),
        severity: match entry["type"].as_str().unwrap() {
            "e" => "error",
            "w" => "warning",
            "i" => "info",
            other => panic!("type {other}"),
        }
        .to_owned(),
        message: entry["text"].as_str().unwrap().to_owned(),
    };
    list.as_array().unwrap().iter().map(place).collect()
}

#[test]
fn vim_lists_the_findings() {
    if !tool::is_here("vim") {
        return;
    }
    let folder = folder();
    let list = vim(&folder, &["compiler lint401", "silent make!", WRITE_LIST]);
    assert_eq!(places_of_vim(&list), expected(&folder));
    // What is no finding stays in the list as text.
    let list = vim(&folder, &["compiler lint401", "silent make! gone.conf", WRITE_LIST]);
    assert_eq!(list[0]["valid"], 0);
    assert_eq!(list[0]["text"], "error: gone.conf: there is no such file or folder");
    let list = vim(&folder, &["edit conf\\ d/a.conf", "compiler lint401", "silent make! %:S", WRITE_LIST]);
    assert_eq!(places_of_vim(&list).len(), 1, "one file, in the configuration that includes it: {list}");
}

/// The blocks of a language in `editors/README.md`.
fn blocks(language: &str) -> Vec<String> {
    let text = tool::read("editors/README.md");
    let blocks = text.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n'));
    blocks.map(str::to_owned).collect()
}

#[test]
fn efm_by_its_command_and_its_formats() {
    let [settings] = blocks("yaml").try_into().unwrap();
    let settings: Value = yaml_serde::from_str(&settings).unwrap();
    let tool = &settings["tools"]["lint401"];
    assert_eq!((&tool["lint-stdin"], &tool["lint-ignore-exit-code"]), (&json!(true), &json!(true)));
    assert_eq!(settings["languages"]["nginx"][0], *tool);
    let folder = folder();
    // The program puts the name in and hands the text over.
    let command = tool["lint-command"].as_str().unwrap().replace("${INPUT}", "nginx.conf");
    let text = fs::File::open(folder.path().join("nginx.conf")).unwrap();
    let mut shell = Command::new("sh");
    let output = shell.args(["-c", &command]).current_dir(folder.path()).env("PATH", tool::path()).stdin(text).output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(1), &b""[..]));
    let printed = String::from_utf8(output.stdout).unwrap();
    if !tool::is_here("vim") {
        return;
    }
    fs::write(folder.path().join("lines"), &printed).unwrap();
    let formats: Vec<&str> = tool["lint-formats"].as_array().unwrap().iter().map(|format| format.as_str().unwrap()).collect();
    let list = vim(&folder, &[&format!("let &errorformat = '{}'", formats.join(",")), "cgetfile lines", WRITE_LIST]);
    let expected = expected(&folder).into_iter().filter(|place| !place.file.starts_with("other")).collect::<Vec<_>>();
    assert_eq!(places_of_vim(&list), expected);
}

#[test]
fn the_pattern_for_ale() {
    if !tool::is_here("vim") {
        return;
    }
    let blocks = blocks("vim");
    let pattern = blocks.iter().find_map(|block| block.split_once("let l:pattern = ")?.1.lines().next()).unwrap();
    let folder = folder();
    fs::write(folder.path().join("lines"), folder.run(&["check", "-f", "concise"]).stdout).unwrap();
    let write =
        format!("call writefile([json_encode(map(readfile('lines'), {{_, line -> matchlist(line, {pattern})}}))], 'out.json')");
    let matches = vim(&folder, &[&write]);
    let place = |groups: &Value| {
        let group = |index: usize| groups[index].as_str().unwrap_or_else(|| panic!("{groups}"));
        Place {
            file: group(1).to_owned(),
            line: group(2).parse().unwrap(),
            column: group(3).parse().unwrap(),
            severity: group(4).to_owned(),
            message: format!("{} [{}]", group(5), group(6)),
        }
    };
    assert_eq!(matches.as_array().unwrap().iter().map(place).collect::<Vec<_>>(), expected(&folder));
}

#[test]
fn emacs_lists_and_underlines_the_findings() {
    if !tool::is_here("emacs") {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = folder();
    let mut emacs = Command::new("emacs");
    emacs.args(["--batch", "-Q", "-L"]).arg(root.join("editors/emacs")).arg("-l").arg(root.join("tests/it/editors/drive.el"));
    emacs.current_dir(folder.path()).env("PATH", tool::path()).env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
    emacs.env("LINT401_FILE", "conf d/a.conf").env("LINT401_TEXT", ";\n");
    let output = emacs.output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = printed.lines().collect();
    let [compiled, underlined] = lines.as_slice() else { panic!("{printed}{}", String::from_utf8_lossy(&output.stderr)) };

    let compiled: Value = serde_json::from_str(compiled).unwrap();
    let as_emacs = |place: &Place| {
        let kind = ["info", "warning", "error"].iter().position(|severity| *severity == place.severity).unwrap();
        json!({"file": place.file, "line": place.line, "column": place.column, "type": kind})
    };
    let expected: Vec<Value> = expected(&folder).iter().map(as_emacs).collect();
    assert_eq!(compiled, json!(expected));

    // The unsaved text has one fault more, and the fault of nginx.conf is not underlined here.
    let underlined: Value = serde_json::from_str(underlined).unwrap();
    let shown: Vec<_> =
        underlined.as_array().unwrap().iter().map(|one| (one["line"].as_u64().unwrap(), one["type"].as_str().unwrap())).collect();
    assert_eq!(shown, [(6, "warning"), (10, "error")], "{underlined}");
}

#[test]
fn emacs_compiles_the_package_without_a_warning() {
    if !tool::is_here("emacs") {
        return;
    }
    let folder = Folder::with(&[("lint401.el", &tool::read("editors/emacs/lint401.el"))]);
    let mut emacs = Command::new("emacs");
    emacs.args(["--batch", "-Q", "--eval", "(setq byte-compile-error-on-warn t)", "-f", "batch-byte-compile", "lint401.el"]);
    let output = emacs.current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What a problem matcher reads out of the lines of `concise`.
fn matched(pattern: &Value, lines: &str) -> Vec<Place> {
    let regex = fancy_regex::Regex::new(pattern["regexp"].as_str().unwrap()).unwrap();
    let place = |line: &str| {
        let groups = regex.captures(line).unwrap().unwrap_or_else(|| panic!("{line}"));
        let group = |name: &str| {
            let number = usize::try_from(pattern[name].as_u64().unwrap()).unwrap();
            groups.get(number).unwrap().as_str().to_owned()
        };
        Place {
            file: group("file"),
            line: group("line").parse().unwrap(),
            column: group("column").parse().unwrap(),
            severity: group("severity"),
            message: format!("{} [{}]", group("message"), group("code")),
        }
    };
    lines.lines().map(place).collect()
}

#[test]
fn problem_matchers_of_github_and_vs_code() {
    let folder = folder();
    let github: Value = serde_json::from_str(&tool::read("editors/problem-matcher.json")).unwrap();
    let github = &github["problemMatcher"][0]["pattern"][0];
    let concise = folder.run(&["check", "-f", "concise"]).stdout;
    assert_eq!(matched(github, &concise), expected(&folder));

    let tasks: Value = serde_json::from_str(&tool::read("editors/vscode/tasks.json")).unwrap();
    let task = &tasks["tasks"][0];
    assert_eq!(&task["problemMatcher"]["pattern"][0], github, "one pattern for both");
    let mut shell = Command::new("sh");
    shell.args(["-c", task["command"].as_str().unwrap()]).current_dir(folder.path()).env("PATH", tool::path());
    let output = shell.stdin(Stdio::null()).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), concise, "the task prints what the matcher reads");
}
