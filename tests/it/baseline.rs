//! Findings that a baseline tolerates: what keeps them accepted, what brings them back, what every report says of them.

use std::fs;

use serde_json::Value;
use snapbox::{IntoData as _, assert_data_eq, str};

use super::folder::Folder;

const DROPS: &str = "    proxy_set_header Authorization \"\";\n";

/// A server whose locations drop the header; `more` stands in the first one, `top` above all.
fn site(top: &str, more: &str, second: &str) -> String {
    format!(
        "{top}server {{\n  listen 80;\n  server_name www.example.com;\n  location /api/ {{\n{more}{DROPS}    proxy_pass http://app:3000;\n  }}\n\
         {second}}}\n"
    )
}

const SECOND: &str = "  location /oauth/ {\n    proxy_set_header Authorization \"\";\n    proxy_pass http://app:3000;\n  }\n";

fn folder() -> Folder {
    let folder = Folder::with(&[
        (".git/HEAD", ""),
        ("lint401.toml", "baseline = \".lint401-baseline.json\"\n"),
        ("nginx.conf", "events {}\nhttp { include conf.d/*.conf; }\n"),
        ("conf.d/a.conf", &site("", "", "")),
    ]);
    let ran = folder.run(&["baseline", "create"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    folder
}

fn write(folder: &Folder, name: &str, text: &str) {
    fs::write(folder.path().join(name), text).unwrap();
}

/// The places of `dropped-authorization`.
fn found(folder: &Folder, arguments: &[&str]) -> Vec<String> {
    let ran = folder.run(&[&["check", "-f", "concise"], arguments].concat());
    let lines = ran.stdout.lines().filter(|line| line.ends_with("[dropped-authorization]"));
    lines.map(|line| line.splitn(3, ':').take(2).collect::<Vec<_>>().join(":")).collect()
}

#[test]
fn the_file_is_one_to_read_and_merge() {
    let folder = folder();
    let text = fs::read_to_string(folder.path().join(".lint401-baseline.json")).unwrap();
    assert_data_eq!(
        text,
        str![[r#"
{
  "version": 1,
  "entries": [
    {"rule":"wrong-forwarded-host","path":"conf.d/a.conf","anchor":"http/server[www.example.com]/location[/api/]/proxy_pass","text_hash":"579d0d91d03c7fbb","count":1},
    {"rule":"dropped-authorization","path":"conf.d/a.conf","anchor":"http/server[www.example.com]/location[/api/]/proxy_set_header","text_hash":"e1e9cfb689d54c05","count":1}
  ]
}

"#]]
        .raw()
    );
}

#[test]
fn lines_that_move_bring_nothing_back() {
    let folder = folder();
    assert_eq!(folder.run(&["check", "-q"]).code, 0);
    assert_eq!(found(&folder, &["--no-baseline"]), ["conf.d/a.conf:5"]);
    let moved = site("# new\n\nserver { listen 81; }\n", "    # more\n    proxy_set_header   X-Real-IP $remote_addr;\n", "");
    write(&folder, "conf.d/a.conf", &moved.replace("    proxy_set_header A", "\tproxy_set_header\t\t\tA"));
    assert_eq!(found(&folder, &[]), [""; 0]);
    // From elsewhere the entries mean the same files.
    let mut command = folder.command(&["check", "-f", "concise", ".."]);
    let output = command.current_dir(folder.path().join("conf.d")).output().unwrap();
    assert!(!String::from_utf8(output.stdout).unwrap().contains("dropped-authorization"));
    // With CRLF too.
    write(&folder, "conf.d/a.conf", &moved.replace('\n', "\r\n"));
    assert_eq!(found(&folder, &[]), [""; 0]);
}

#[test]
fn a_new_fault_comes_through() {
    let folder = folder();
    write(&folder, "conf.d/a.conf", &site("", "", SECOND));
    assert_eq!(found(&folder, &[]), ["conf.d/a.conf:9"]);
    assert_eq!(folder.run(&["check", "-q", "--fail-on", "error"]).code, 1);
    // Another one of the same kind in the same place: the entry tolerates one.
    write(&folder, "conf.d/a.conf", &(site("", "", "") + &site("", "", "").replace("listen 80", "listen 81")));
    assert_eq!(found(&folder, &["--no-baseline"]).len(), 2);
    assert_eq!(found(&folder, &[]).len(), 1);
    // The same text in another file.
    write(&folder, "conf.d/b.conf", &site("", "", "").replace("www.", "api."));
    assert_eq!(found(&folder, &["conf.d/b.conf"]), ["conf.d/b.conf:5"]);
}

#[test]
fn stale_entries_are_told_and_taken_out() {
    let folder = folder();
    write(&folder, "conf.d/b.conf", &site("", "", "").replace("www.", "api."));
    assert_eq!(folder.run(&["baseline", "create"]).code, 2, "it is not written over");
    let ran = folder.run(&["baseline", "create", "--force"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "wrote .lint401-baseline.json: 4 findings in 4 entries\n"));
    let mended = site("", "", "").replace(DROPS, "");
    write(&folder, "conf.d/a.conf", &mended);
    let ran = folder.run(&["check", "-f", "concise"]);
    assert_eq!(ran.code, 0);
    assert!(
        ran.stderr.contains("of the baseline met no finding; `lint401 baseline prune` takes such entries out"),
        "{}",
        ran.stderr
    );
    let ran = folder.run(&["check", "-q", "--strict-baseline"]);
    assert_eq!(ran.code, 1);
    let told = "error: stale in the baseline: dropped-authorization in conf.d/a.conf at http/server[www.example.com]/location[/api/]/proxy_set_header\n";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
    // Of a file that is not looked at, and of a rule that does not run, nothing can be said.
    assert_eq!(folder.run(&["check", "-q", "--strict-baseline", "conf.d/b.conf"]).code, 0);
    assert_eq!(folder.run(&["check", "-q", "--strict-baseline", "--select", "redirect-loop"]).code, 0);
    let shown = folder.run(&["baseline", "show"]);
    assert_eq!(shown.code, 1);
    assert!(shown.stdout.contains("proxy_set_header (stale)\n") && shown.stdout.contains("(used)\n"), "{}", shown.stdout);
    let ran = folder.run(&["baseline", "prune"]);
    assert!(ran.stdout.starts_with(".lint401-baseline.json: took out "), "{}", ran.stdout);
    assert_eq!(folder.run(&["check", "-q", "--strict-baseline"]).code, 0);
    assert_eq!(folder.run(&["baseline", "prune"]).stdout, ".lint401-baseline.json: nothing is stale\n");
    // A file that is gone takes its entries along.
    fs::remove_file(folder.path().join("conf.d/b.conf")).unwrap();
    assert_eq!(folder.run(&["check", "-q", "--strict-baseline"]).code, 1);
}

#[test]
fn reasons_are_kept_and_shown() {
    let folder = folder();
    let path = folder.path().join(".lint401-baseline.json");
    let text = fs::read_to_string(&path).unwrap().replacen("\"count\":1}", "\"count\":1,\"reason\":\"the old app\"}", 1);
    fs::write(&path, &text).unwrap();
    assert_eq!(folder.run(&["baseline", "create", "--force"]).code, 0);
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert!(folder.run(&["baseline", "show"]).stdout.contains("(used): the old app\n"));
}

#[test]
fn every_report_tells_accepted_from_open() {
    let folder = folder();
    let comment = "    # lint401: ignore[wrong-forwarded-host] -- only here\n    proxy_pass";
    write(&folder, "conf.d/a.conf", &site("", "", SECOND).replacen("    proxy_pass", comment, 1));
    let run = |format: &str| folder.run(&["check", "-f", format]).stdout;
    let json: Value = serde_json::from_str(&run("json")).unwrap();
    let found = json["diagnostics"].as_array().unwrap();
    let of = |line: u64, rule: &str| found.iter().find(|d| d["rule"] == rule && d["start"]["line"] == line).unwrap();
    let dropped = "dropped-authorization";
    assert_eq!(of(5, dropped)["suppressed"], serde_json::json!({"kind": "baseline", "reason": null}));
    assert!(of(10, dropped)["suppressed"].is_null());
    assert_eq!(
        of(7, "wrong-forwarded-host")["suppressed"],
        serde_json::json!({"kind": "ignore", "reason": "only here"}),
        "a comment comes before the baseline"
    );
    assert_eq!((&json["summary"]["ignored"], &json["summary"]["baselined"]), (&1.into(), &1.into()));
    assert_eq!(json["stale_baseline"][0]["rule"], "wrong-forwarded-host");
    let sarif: Value = serde_json::from_str(&run("sarif")).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let states: Vec<_> = results
        .iter()
        .filter(|r| r["ruleId"] == dropped)
        .map(|r| (r["baselineState"].as_str().unwrap(), r["suppressions"][0]["kind"].as_str()))
        .collect();
    assert_eq!(states, [("unchanged", Some("external")), ("new", None)]);
    let justified = results.iter().find(|r| r["suppressions"][0]["kind"] == "inSource").unwrap();
    assert_eq!(justified["suppressions"][0]["justification"], "only here");
    let junit = run("junit");
    assert!(junit.contains("<skipped message=\"accepted by the baseline\"/>"), "{junit}");
    assert!(junit.contains("<skipped message=\"accepted by a comment: only here\"/>"), "{junit}");
    assert!(
        run("full").contains("2 findings accepted by comments (1) and the baseline (1).\n1 entry of the baseline is stale.\n")
    );
    assert!(run("markdown").contains("\n2 findings accepted by comments (1) and the baseline (1).\n"));
    for format in ["concise", "grouped", "github", "gitlab", "checkstyle", "rdjson", "azure"] {
        let report = run(format);
        assert!(report.contains("/oauth/") && !report.contains("/api/"), "{format} lists what is accepted: {report}");
    }
}

#[test]
fn a_baseline_that_cannot_be_used() {
    let folder = folder();
    let message = |arguments: &[&str]| {
        let ran = folder.run(arguments);
        assert_eq!(ran.code, 2);
        ran.stderr
    };
    let gone = message(&["check", "--baseline", "gone.json"]);
    let hint =
        "error: the baseline gone.json cannot be read: there is no such file or folder\n  `lint401 baseline create` writes it\n";
    assert_eq!(gone, hint);
    write(&folder, "bad.json", "{\n  \"version\": 1,\n  \"entries\": [{}]\n}\n");
    assert!(message(&["check", "--baseline", "bad.json"]).starts_with("error: bad.json:3:1"));
    write(&folder, "new.json", "{\"version\": 7}");
    assert!(message(&["check", "--baseline", "new.json"]).contains("version 7"));
    message(&["check", "--baseline", "bad.json", "--no-baseline"]);
    message(&["baseline", "create", "--baseline", "no/such/folder.json"]);
    message(&["baseline", "create", "gone.conf", "--force"]);
    assert!(message(&["baseline", "show", "--isolated"]).starts_with("error: no baseline is in use\n"));
    assert_eq!(Folder::with(&[]).run(&["baseline", "create"]).code, 3);
}

#[test]
fn each_part_of_a_repository_may_have_its_own() {
    let folder = folder();
    fs::create_dir(folder.path().join("other")).unwrap();
    write(&folder, "other/lint401.toml", "baseline = \"known.json\"\n");
    write(&folder, "other/site.conf", &site("", "", ""));
    assert_eq!(folder.run(&["check"]).code, 2, "its baseline is not there yet");
    let mut command = folder.command(&["baseline", "create"]);
    assert!(command.current_dir(folder.path().join("other")).status().unwrap().success());
    assert_eq!(found(&folder, &[]), [""; 0]);
    let text = fs::read_to_string(folder.path().join("other/known.json")).unwrap();
    assert!(text.contains("\"path\":\"site.conf\"") && !text.contains("a.conf"), "{text}");
    // One that is named holds for all.
    assert_eq!(found(&folder, &["--baseline", ".lint401-baseline.json"]), ["other/site.conf:5"]);
}

#[test]
#[cfg(unix)]
fn it_is_written_as_any_file_is() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    let path = folder.path().join(".lint401-baseline.json");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    write(&folder, "ordinary", "");
    assert_eq!(mode(&path), mode(&folder.path().join("ordinary")));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    fs::rename(&path, folder.path().join("real.json")).unwrap();
    std::os::unix::fs::symlink("real.json", &path).unwrap();
    assert_eq!(folder.run(&["baseline", "create", "--force"]).code, 0);
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    assert_eq!(mode(&folder.path().join("real.json")), 0o640);
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().starts_with(".lint401-baseline-")), "{names:?}");
}

#[test]
fn secrets_are_not_in_it() {
    let text = "server {\n  listen 80;\n  location /api/ {\n    proxy_set_header X-Api-Key hunter2;\n    proxy_pass http://app:3000;\n  }\n}\n";
    let folder = Folder::with(&[("site.conf", text)]);
    assert_eq!(folder.run(&["baseline", "create", "--config", "profile = \"audit\""]).code, 0);
    let text = fs::read_to_string(folder.path().join(".lint401-baseline.json")).unwrap();
    assert!(text.contains("literal-credential") && !text.contains("hunter2"), "{text}");
}
