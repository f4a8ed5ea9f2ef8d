//! How the program behaves towards other programs: exit codes, streams, variables of the environment, help.

use std::process::Stdio;

use snapbox::{IntoData as _, assert_data_eq, str};

use super::folder::{Folder, Ran};
use super::report_formats::ALL;

const GOOD: &str = "events {}\nhttp {\n  server {\n    listen 80;\n    location / { return 204; }\n  }\n}\n";
const BROKEN: &str = "events {}\nhttp {\n  server {\n    listen 80;\n    location / { return 204 }\n  }\n}\n";
/// A warning: the second block's own `proxy_set_header` discards the others.
const WARNED: &str = "events {}\nhttp {\n  server {\n    listen 80;\n    proxy_set_header Host $host;\n    proxy_set_header X-Real-IP $remote_addr;\n    \
                      location /login {\n      proxy_set_header X-Id $request_id;\n      proxy_pass http://127.0.0.1:3000;\n    }\n  }\n}\n";

fn name(format: lint401::report::Format) -> String {
    clap::ValueEnum::to_possible_value(&format).unwrap().get_name().to_owned()
}

#[test]
fn the_exit_code_is_the_same_in_every_format() {
    let folder =
        Folder::with(&[("clean.conf", GOOD), ("warned.conf", WARNED), ("broken.conf", BROKEN), ("empty/notes.txt", "-")]);
    for (arguments, expected) in [
        (&["clean.conf"][..], 0),
        (&["warned.conf"], 1),
        (&["warned.conf", "--fail-on", "error"], 0),
        (&["warned.conf", "--exit-zero"], 0),
        (&["broken.conf"], 1),
        (&["broken.conf", "--statistics"], 1),
        (&["clean.conf", "gone.conf"], 2),
        (&["clean.conf", "--select", "no-such-rule"], 2),
        (&["empty"], 3),
        (&["empty", "--allow-empty"], 0),
    ] {
        for format in ALL {
            let format = name(*format);
            let ran = folder.run(&[&["check", "-f", &format], arguments].concat());
            assert_eq!(ran.code, expected, "{format} {arguments:?}: {}", ran.stderr);
            let to_file = folder.run(&[&["check", "-qq", "-f", &format], arguments].concat());
            assert_eq!((to_file.code, to_file.stdout.as_str()), (expected, ""), "-qq {format} {arguments:?}");
        }
    }
}

/// A configuration whose report is longer than any pipe holds.
fn long() -> Folder {
    Folder::with(&[("nginx.conf", &format!("events {{}}\nhttp {{\n{}}}\n", ";\n".repeat(20_000)))])
}

#[cfg(unix)]
fn shell(folder: &Folder, script: &str) -> Ran {
    let mut command = folder.command(&[]);
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", script]).current_dir(folder.path()).env("LINT401", env!("CARGO_BIN_EXE_lint401")).stdin(Stdio::null());
    shell.envs(command.env("LC_ALL", "C.UTF-8").get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.output().unwrap().into()
}

#[cfg(unix)]
#[test]
fn a_reader_who_leaves_changes_nothing() {
    let folder = long();
    for format in ALL {
        let format = name(*format);
        let ran = shell(&folder, &format!("set -o pipefail; \"$LINT401\" check -f {format} nginx.conf | head -c 1 > /dev/null"));
        assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{format}: the finding is not lost with its reader");
    }
    let ran = shell(&folder, "set -o pipefail; \"$LINT401\" explain --all | head -n 1");
    assert_eq!((ran.code, ran.stdout.lines().count(), ran.stderr.as_str()), (0, 1, ""));
    let ran = shell(
        &folder,
        "set -o pipefail; \"$LINT401\" check -f concise -f json=report.json nginx.conf | head -n 1; echo ${PIPESTATUS[0]}",
    );
    let whole: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.path().join("report.json")).unwrap()).unwrap();
    assert!(ran.stdout.ends_with("\n1\n") && !whole["diagnostics"].as_array().unwrap().is_empty(), "{}", ran.stdout);
}

#[cfg(unix)]
#[test]
fn streams_that_are_closed() {
    let folder = Folder::with(&[("broken.conf", BROKEN), ("clean.conf", GOOD)]);
    for (script, code) in [
        ("\"$LINT401\" check broken.conf >&-", 1),
        ("\"$LINT401\" check broken.conf 2>&-", 1),
        ("\"$LINT401\" check broken.conf >&- 2>&- <&-", 1),
        ("\"$LINT401\" check clean.conf >&- 2>&- <&-", 0),
        ("\"$LINT401\" check gone.conf 2>&-", 2),
        ("\"$LINT401\" --help >&-", 0),
    ] {
        let ran = shell(&folder, script);
        assert_eq!((ran.code, ran.stderr.as_str()), (code, ""), "{script}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full() {
    let folder = Folder::with(&[("clean.conf", GOOD)]);
    for arguments in [
        "check clean.conf",
        "check -f json clean.conf",
        "explain --all",
        "rules",
        "files clean.conf",
        "config schema",
        "doctor",
        "--help",
        "check -h",
        "--version",
    ] {
        let ran = shell(&folder, &format!("\"$LINT401\" {arguments} > /dev/full"));
        assert_eq!(ran.code, 2, "{arguments}");
        assert_eq!(ran.stderr, "error: the output cannot be written: No space left on device (os error 28)\n", "{arguments}");
    }
    let ran = folder.run(&["check", "-f", "json=/dev/full", "clean.conf"]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (2, "error: /dev/full cannot be written: No space left on device (os error 28)\n")
    );
    assert_eq!(shell(&folder, "\"$LINT401\" check gone.conf 2> /dev/full").code, 2);
}

#[test]
fn nobody_sees_our_stack() {
    let folder = Folder::with(&[("lint401.toml", "no-such-key = 1\n"), ("broken.conf", BROKEN)]);
    for arguments in
        [&["check"][..], &["check", "--isolated"], &["check", "gone"], &["nonsense"], &["check", "-j", "99999999999999999999"]]
    {
        let ran: Ran =
            folder.command(arguments).env("RUST_BACKTRACE", "full").env("RUST_LIB_BACKTRACE", "1").output().unwrap().into();
        assert!(matches!(ran.code, 1 | 2), "{arguments:?}");
        for word in ["backtrace", "panicked", "src/", ".rs:"] {
            assert!(!ran.stderr.contains(word), "{}", ran.stderr);
        }
    }
}

#[test]
fn what_is_said_beside_the_report() {
    let folder = Folder::with(&[("nginx.conf", GOOD), ("ingress.yaml", "apiVersion: v1\nkind: List\n"), ("gone/.keep", "")]);
    let ran = folder.run(&["check", "-v", "nginx.conf"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, "read nginx.conf\n"));
    assert_eq!(folder.run(&["check", "-q", "nginx.conf"]).stdout, "", "a clean report has nothing but its summary");
    for quiet in ["-q", "-qq"] {
        let ran = folder.run(&["check", quiet, "nginx.conf", "gone.conf"]);
        assert_eq!(
            (ran.code, ran.stderr.as_str()),
            (2, "error: gone.conf: there is no such file or folder\n"),
            "failures are told"
        );
    }
    let quiet = folder.command(&["check", "nginx.conf"]).env("LINT401_QUIET", "1").output().unwrap();
    assert_eq!((quiet.status.code(), quiet.stdout.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn colours_by_the_environment() {
    let folder = Folder::with(&[("broken.conf", BROKEN)]);
    let colored = |variables: &[(&str, &str)]| {
        let output = folder.command(&["check"]).envs(variables.iter().copied()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        output.stdout.contains(&0x1b)
    };
    assert!(!colored(&[]) && !colored(&[("CLICOLOR", "1")]) && !colored(&[("FORCE_COLOR", "0")]));
    assert!(colored(&[("FORCE_COLOR", "1")]) && colored(&[("CLICOLOR_FORCE", "1")]) && colored(&[("LINT401_COLOR", "always")]));
    assert!(!colored(&[("NO_COLOR", "1"), ("FORCE_COLOR", "1")]) && !colored(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]));
    for format in ALL.iter().map(|format| name(*format)).filter(|format| !["full", "grouped"].contains(&format.as_str())) {
        let output = folder.command(&["check", "-f", &format, "--color", "always", "--links", "always"]).output().unwrap();
        assert!(!output.stdout.contains(&0x1b), "{format} is for programs");
    }
}

#[test]
fn rule_ids_as_links() {
    let folder = Folder::with(&[("broken.conf", BROKEN)]);
    let linked =
        "[\u{1b}]8;;https://github.com/lint401/lint401/blob/main/rules/syntax-error.md\u{1b}\\syntax-error\u{1b}]8;;\u{1b}\\]";
    let ran = folder.run(&["check", "--links", "always"]);
    assert!(ran.stdout.starts_with(&format!("error{linked}\n")), "{:?}", ran.stdout);
    assert!(!folder.run(&["check"]).stdout.contains('\u{1b}'), "not in a pipe");
    let auto: Ran = folder.command(&["check"]).env("FORCE_HYPERLINK", "1").env("TERM", "xterm").output().unwrap().into();
    assert!(auto.stdout.contains(linked));
    let never: Ran = folder.command(&["check", "--links", "never"]).env("FORCE_HYPERLINK", "1").output().unwrap().into();
    assert!(!never.stdout.contains('\u{1b}'));
}

#[test]
fn the_includes_that_bring_a_finding() {
    let folder = Folder::with(&[
        ("nginx.conf", "events {}\nhttp {\n  include conf.d/*.conf;\n}\n"),
        ("conf.d/a.conf", "server {\n  listen 80;\n  include snippets/x.conf;\n}\n"),
        ("snippets/x.conf", "add_header X-A b;\n;\n"),
    ]);
    let ran = folder.run(&["check", "--show-includes"]);
    assert!(ran.stdout.contains("\n  included: nginx.conf:3 > conf.d/a.conf:3\n"), "{}", ran.stdout);
    assert!(!folder.run(&["check"]).stdout.contains("included:"));
    assert!(!folder.run(&["check", "--show-includes", "--no-show-includes"]).stdout.contains("included:"));
}

#[test]
fn a_part_in_the_configuration_that_is_named() {
    let folder = Folder::with(&[
        ("far/nginx.conf", "events {}\nhttp {\n  include /srv/parts/*.conf;\n}\n"),
        ("parts/a.conf", "location /login {\n  return 204;\n}\n"),
    ]);
    let arguments = ["check", "-f", "concise", "--prefix-map", "/srv/parts=parts", "parts/a.conf"];
    let ran = folder.run(&[&arguments[..], &["--root", "far/nginx.conf"]].concat());
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(
        ran.stdout.starts_with("parts/a.conf:1:1: error: ") && ran.stdout.ends_with("[misplaced-directive]\n"),
        "{}",
        ran.stdout
    );
    assert_eq!(folder.run(&arguments).code, 0, "alone it might stand in a server");
    let ran = folder.run(&[&arguments[..], &["--root", "gone.conf"]].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (2, "error: gone.conf: there is no such file or folder\n"));
}

#[test]
fn every_flag_can_be_taken_back() {
    let folder = Folder::with(&[("broken.conf", BROKEN), ("empty/notes.txt", "-")]);
    for (arguments, code) in [
        (&["check", "--exit-zero"][..], 0),
        (&["check", "--exit-zero", "--no-exit-zero"], 1),
        (&["check", "--no-exit-zero", "--exit-zero"], 0),
        (&["check", "empty", "--allow-empty", "--no-allow-empty"], 3),
        (&["check", "--no-gitignore", "--gitignore"], 1),
    ] {
        assert_eq!(folder.run(arguments).code, code, "{arguments:?}");
    }
    let with_variable =
        |arguments: &[&str]| folder.command(arguments).env("LINT401_EXIT_ZERO", "true").output().unwrap().status.code();
    assert_eq!(with_variable(&["check"]), Some(0));
    assert_eq!(with_variable(&["check", "--no-exit-zero"]), Some(1), "the command line wins over the environment");
    for (value, code) in [("1", 0), ("yes", 0), ("0", 1), ("false", 1), ("perhaps", 2)] {
        let output = folder.command(&["check"]).env("LINT401_EXIT_ZERO", value).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{value}");
    }
}

#[test]
fn a_help_to_read_at_a_glance() {
    let folder = Folder::with(&[]);
    let short = folder.run(&["check", "-h"]).stdout;
    let long = folder.run(&["check", "--help"]).stdout;
    assert!(short.lines().count() <= 40, "{short}");
    for word in ["--format", "--severity", "--fail-on", "Examples:", "Exit codes:", "`lint401 check --help` shows all options."] {
        assert!(short.contains(word), "{word}: {short}");
    }
    for word in
        ["Output:", "Rules:", "Gate:", "Input:", "--min-confidence", "--show-includes", "--links", "--root", "LINT401_FAIL_ON"]
    {
        assert!(long.contains(word), "{word}: {long}");
        assert!(!word.starts_with("--") || !short.contains(word), "{word} is not for newcomers");
    }
    for text in [&short, &long] {
        assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
    }
}

#[test]
fn words_that_are_nearly_right() {
    let folder = Folder::with(&[("nginx.conf", GOOD)]);
    for (arguments, hint) in [
        (&["chek"][..], "a similar subcommand exists: 'check'"),
        (&["check", "--formt", "json"], "a similar argument exists: '--format'"),
        (&["check", "--select", "droped-authorization"], "did you mean `dropped-authorization`?"),
        (&["check", "--fail-on", "eror"], "a similar value exists: 'error'"),
    ] {
        let ran = folder.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.stderr.contains(hint), "{arguments:?}: {}", ran.stderr);
    }
    let version = folder.run(&["--version"]);
    assert_eq!((version.code, version.stdout), (0, format!("lint401 {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn prose_for_those_who_listen() {
    let folder = Folder::with(&[("broken.conf", BROKEN)]);
    let ran: Ran =
        folder.command(&["check", "--color", "always", "--links", "always"]).env("NO_GRAPHICS", "1").output().unwrap().into();
    assert_data_eq!(
        ran.stdout,
        str![[r#"
unexpected "}": "return 204" is not ended
    Diagnostic severity: error
Begin snippet for broken.conf starting at line 4, column 1

snippet line 4:     listen 80;
snippet line 5:     location / { return 204 }
    label at line 5, column 29
snippet line 6:   }
diagnostic help: put ";" after "return 204"
diagnostic code: error[syntax-error]
  docs: https://github.com/lint401/lint401/blob/main/rules/syntax-error.md
  fix (unsafe): end the directive
    5 -     location / { return 204 }
    5 +     location / { return 204; }

Found 1 error in 1 file.
1 fixable with --fix --unsafe-fixes.

"#]]
        .raw()
    );
}

#[test]
fn the_rules_that_run_for_a_file() {
    let folder = Folder::with(&[
        (
            "lint401.toml",
            "profile = \"default\"\n[rules]\nbroad-basic-auth = \"off\"\n[[per-file]]\nfiles = [\"staging/**\"]\nrules = { bypassed-auth = \"info\" }\n",
        ),
        ("staging/nginx.conf", GOOD),
    ]);
    let ran = folder.run(&["rules", "--json", "--enabled-for", "staging/nginx.conf"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let rules = document["rules"].as_array().unwrap();
    let severity = |id: &str| rules.iter().find(|rule| rule["id"] == id).map(|rule| rule["severity"].as_str().unwrap());
    assert_eq!(severity("bypassed-auth"), Some("info"));
    assert_eq!(severity("broad-basic-auth"), None);
    assert_eq!(severity("small-header-buffers"), None, "a rule of the strict profile");
    assert_eq!(severity("syntax-error"), Some("error"));
    assert_eq!(folder.run(&["rules", "--enabled-for", "gone.conf"]).code, 2);
}

#[test]
fn every_kind_of_configuration() {
    let stack = "Resources:\n  Cdn:\n    Type: AWS::CloudFront::Distribution\n    Properties:\n      DistributionConfig:\n        Enabled: true\n        \
                 Origins:\n          - Id: app\n            DomainName: app.example.com\n        DefaultCacheBehavior:\n          TargetOriginId: app\n          \
                 ViewerProtocolPolicy: redirect-to-https\n          CachePolicyId: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad\n";
    let folder = Folder::with(&[
        ("nginx/nginx.conf", GOOD),
        ("apache/httpd.conf", "ServerRoot /etc/httpd\nListen 80\nDocumentRoot /srv/www\n"),
        ("public/.htaccess", "Require all granted\n"),
        ("cdn/stack.yaml", stack),
    ]);
    let ran = folder.run(&["doctor", "-f", "json"]);
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let checked = serde_json::json!({"apache": 1, "edge": 1, "htaccess": 1, "nginx": 1});
    assert_eq!((ran.code, &document["files"]["checked"]), (0, &checked), "{document}");
}

#[test]
fn every_fault_and_the_rest() {
    let text = "events {}\nhttp {\n  server {\n    listen 80;\n    ;\n    ;\n    location / { return 204 }\n    location /login {\n      \
                proxy_pass http://127.0.0.1:3000;\n      proxy_set_header Authorization \"\";\n    }\n  }\n}\n";
    let ran = Folder::with(&[("nginx.conf", text)]).run(&["check", "-f", "concise"]);
    let rules: Vec<_> = ran.stdout.lines().map(|line| line.rsplit_once('[').unwrap().1.trim_end_matches(']')).collect();
    assert_eq!(rules.iter().filter(|rule| **rule == "syntax-error").count(), 3, "{}", ran.stdout);
    assert!(rules.contains(&"dropped-authorization"), "{}", ran.stdout);
}

/// Neither the certificate nor the host is here, and `nginx -t` would not get past them.
#[test]
fn away_from_the_server() {
    let text = "events {}\nhttp {\n  server {\n    listen 443 ssl;\n    ssl_certificate /etc/ssl/no-such.pem;\n    ssl_certificate_key /etc/ssl/no-such.key;\n    \
                location / { proxy_pass http://no-such-host.invalid; }\n  }\n}\n";
    let ran = Folder::with(&[("nginx.conf", text)]).run(&["check", "-f", "concise"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
}

/// The command line counts before the variable, and that before the file.
#[test]
fn variables_of_every_command() {
    let folder = Folder::with(&[("nginx.conf", GOOD), ("lint401.toml", "profile = \"audit\"\npreview = true\n")]);
    let with = |variable: (&str, &str), arguments: &[&str]| -> Ran {
        folder.command(arguments).env(variable.0, variable.1).output().unwrap().into()
    };
    let is_json = |ran: Ran| ran.code == 0 && serde_json::from_str::<serde_json::Value>(&ran.stdout).is_ok();
    for (variable, arguments) in [
        (("LINT401_TRACE_FORMAT", "json"), &["trace", "http://localhost/"][..]),
        (("LINT401_EXPLAIN_FORMAT", "json"), &["explain", "bypassed-auth"]),
        (("LINT401_RULES_JSON", "true"), &["rules"]),
        (("LINT401_DOCTOR_FORMAT", "json"), &["doctor"]),
    ] {
        assert!(is_json(with(variable, arguments)), "{variable:?}");
        // The formats of reports are other ones, and do not get in the way.
        assert_eq!(with(("LINT401_FORMAT", "sarif"), arguments).code, 0, "{arguments:?}");
    }
    assert!(!is_json(with(("LINT401_TRACE_FORMAT", "json"), &["trace", "-f", "text", "http://localhost/"])));
    assert!(!is_json(with(("LINT401_RULES_JSON", "true"), &["rules", "--no-json"])));
    let all = |ran: Ran| ran.stdout.contains("bypassed-auth: ") && ran.stdout.contains("redirect-loop: ");
    assert!(all(with(("LINT401_EXPLAIN_ALL", "true"), &["explain"])));
    assert!(!all(with(("LINT401_EXPLAIN_ALL", "true"), &["explain", "bypassed-auth"])), "the one that is named");
    assert_eq!(folder.run(&["explain", "--all", "bypassed-auth"]).code, 2);
    let shown = folder.run(&["config", "show"]).stdout;
    assert!(shown.contains("preview = true") && shown.contains("profile = \"audit\""), "{shown}");
    for (arguments, variable) in
        [(&["check", "--no-preview"][..], "true"), (&["check", "--preview"], "false"), (&["check"], "true")]
    {
        assert_eq!(with(("LINT401_PREVIEW", variable), arguments).code, 0, "{arguments:?}");
    }
}
