//! The command line: exit codes, formats, standard input, dumps, what is said when nothing can be done.

use std::fs;
use std::process::Stdio;

use snapbox::{IntoData as _, assert_data_eq, str};

use super::folder::{Folder, Ran};

const GOOD: &str = "events {}\nhttp {\n  server {\n    listen 80;\n    location / { return 204; }\n  }\n}\n";
const BAD: &str = "events {}\nhttp {\n  server {\n    listen 80;\n    location / { return 204 }\n  }\n}\n";

#[test]
fn a_clean_configuration_is_quiet() {
    let folder = Folder::with(&[("nginx.conf", GOOD)]);
    let ran = folder.run(&["check"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "No findings in 1 file.\n", ""));
    let ran = folder.run(&["check", "-f", "concise"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
}

#[test]
fn a_finding_in_full() {
    let folder = Folder::with(&[("nginx.conf", BAD)]);
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, 1);
    assert_data_eq!(
        ran.stdout,
        str![[r#"
error[syntax-error]

  × unexpected "}": "return 204" is not ended
   ╭─[nginx.conf:5:29]
 4 │     listen 80;
 5 │     location / { return 204 }
   ·                             ─
 6 │   }
   ╰────
  help: put ";" after "return 204"
  docs: https://github.com/lint401/lint401/blob/main/rules/syntax-error.md
  fix (unsafe): end the directive
    5 -     location / { return 204 }
    5 +     location / { return 204; }

Found 1 error in 1 file.
1 fixable with --fix --unsafe-fixes.

"#]]
        .raw()
    );
    let mut ascii = folder.command(&["check", "-q"]);
    let ran = Ran::from(ascii.env("LC_ALL", "C").output().unwrap());
    assert!(ran.stdout.is_ascii(), "{}", ran.stdout);
    assert!(!ran.stdout.contains("Found"), "-q leaves only the findings");
}

#[test]
fn a_finding_in_one_line() {
    let folder = Folder::with(&[("a b/nginx.conf", BAD)]);
    let ran = folder.run(&["check", "-f", "concise", "./a b/../a b"]);
    assert_eq!(ran.code, 1);
    assert_data_eq!(
        ran.stdout,
        str![[r#"
a b/nginx.conf:5:29: error: unexpected "}": "return 204" is not ended [syntax-error]

"#]]
        .raw()
    );
}

#[test]
fn findings_as_json() {
    let folder = Folder::with(&[("nginx.conf", BAD)]);
    let ran = folder.run(&["check", "-f", "json"]);
    assert_eq!(ran.code, 1);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["schema_version"], 1);
    assert_eq!(json["tool"]["name"], "lint401");
    assert_eq!(json["summary"]["files"], 1);
    assert_eq!(json["summary"]["errors"], 1);
    let first = &json["diagnostics"][0];
    assert_eq!(
        (&first["rule"], &first["severity"], &first["path"]),
        (&"syntax-error".into(), &"error".into(), &"nginx.conf".into())
    );
    let offset = BAD.find(" }\n").unwrap() + 1;
    assert_eq!(first["start"], serde_json::json!({"line": 5, "column": 29, "offset": offset}));
    assert_eq!(first["end"], serde_json::json!({"line": 5, "column": 30, "offset": offset + 1}));
    assert_eq!(first["fingerprint"].as_str().unwrap().len(), 16);
    assert!(first["suppressed"].is_null());

    let clean = Folder::with(&[("nginx.conf", GOOD)]).run(&["check", "-f", "json"]);
    let json: serde_json::Value = serde_json::from_str(&clean.stdout).unwrap();
    assert_eq!((clean.code, &json["diagnostics"], &json["errors"]), (0, &serde_json::json!([]), &serde_json::json!([])));
}

#[test]
fn several_formats_at_once() {
    let folder = Folder::with(&[("nginx.conf", BAD)]);
    let ran = folder.run(&["check", "-f", "concise", "-f", "json=out.json", "-f", "full=out.txt"]);
    assert_eq!((ran.code, ran.stdout.lines().count()), (1, 1));
    let json: serde_json::Value = serde_json::from_str(&fs::read_to_string(folder.path().join("out.json")).unwrap()).unwrap();
    assert_eq!(json["diagnostics"].as_array().unwrap().len(), 1);
    assert!(fs::read_to_string(folder.path().join("out.txt")).unwrap().starts_with("error[syntax-error]"));
    assert_eq!(folder.run(&["check", "-f", "json=no/such/folder.json"]).code, 2);
    for formats in [&["full", "sarif"][..], &["github=a", "sarif=a"]] {
        let arguments = formats.iter().flat_map(|format| ["-f", format]);
        let ran = folder.run(&["check"].into_iter().chain(arguments).collect::<Vec<_>>());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{formats:?}");
        assert!(ran.stderr.starts_with("error: two reports for "), "{}", ran.stderr);
    }
}

#[test]
fn the_exit_code_and_every_format() {
    let folder = Folder::with(&[("nginx.conf", BAD)]);
    let ran = folder.run(&["check", "-f", "xml"]);
    let (_, known) = ran.stderr.trim_end().split_once("formats are ").unwrap();
    let known: Vec<_> = known.split(", ").collect();
    assert_eq!(known.len(), 14);
    let readme = include_str!("../../README.md");
    let help = folder.run(&["check", "--help"]).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for format in &known {
        let ran = folder.run(&["check", "-f", format]);
        assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{format}");
        assert!(ran.stdout.contains("syntax-error"), "{format}");
        assert!(readme.contains(&format!("`{format}`")), "the README does not name {format}");
    }
    assert!(help.contains(&known.join(", ")), "{help}");
}

#[test]
fn sarif_names_files_from_the_root_of_the_repository() {
    let folder = Folder::with(&[(".git/HEAD", ""), ("deploy/nginx.conf", BAD)]);
    let mut command = folder.command(&["check", "-f", "sarif"]);
    let ran: Ran = command.current_dir(folder.path().join("deploy")).output().unwrap().into();
    let log: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "deploy/nginx.conf");
}

#[test]
fn annotations_name_files_from_the_root_of_the_repository() {
    let folder = Folder::with(&[(".git/HEAD", ""), ("deploy/in/nginx.conf", BAD), ("deploy/b.conf", BAD)]);
    let run = |format: &str| {
        let mut command = folder.command(&["check", "-f", format, ".", "../b.conf"]);
        Ran::from(command.current_dir(folder.path().join("deploy/in")).output().unwrap()).stdout
    };
    let github = run("github");
    assert!(github.contains(" file=deploy/in/nginx.conf,") && github.contains(" file=deploy/b.conf,"), "{github}");
    let gitlab: serde_json::Value = serde_json::from_str(&run("gitlab")).unwrap();
    let paths: Vec<_> = gitlab.as_array().unwrap().iter().map(|issue| issue["location"]["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["deploy/b.conf", "deploy/in/nginx.conf"]);
    assert!(run("concise").contains("\nnginx.conf:5:29: "), "what people read starts from where they are");
}

#[test]
fn the_gate() {
    let folder = Folder::with(&[("nginx.conf", BAD)]);
    for (arguments, code) in [
        (&["check", "--fail-on", "error"][..], 1),
        (&["check", "--fail-on", "never"], 0),
        (&["check", "--exit-zero"], 0),
        (&["check", "nginx.conf", "gone.conf"], 2),
        (&["check", "--no-such-flag"], 2),
        (&["check", "-f", "xml"], 2),
        (&["check", "--nginx-version", "new"], 2),
        (&["check", "--prefix-map", "x"], 2),
        (&["check", "-qq"], 1),
    ] {
        assert_eq!(folder.run(arguments).code, code, "{arguments:?}");
    }
    assert_eq!(folder.run(&["check", "-qq"]).stdout, "");
    let from_environment = folder.command(&["check"]).env("LINT401_FAIL_ON", "never").output().unwrap();
    assert_eq!(from_environment.status.code(), Some(0));
    let cli_wins = folder.command(&["check", "--fail-on", "error"]).env("LINT401_FAIL_ON", "never").output().unwrap();
    assert_eq!(cli_wins.status.code(), Some(1));
}

#[test]
fn a_path_that_is_not_there() {
    let ran = Folder::with(&[("nginx.conf", GOOD)]).run(&["check", "nginx.conf", "gone.conf"]);
    assert_eq!(ran.code, 2);
    assert_eq!(ran.stderr, "error: gone.conf: there is no such file or folder\n");
}

#[test]
fn nothing_to_check() {
    let folder =
        Folder::with(&[("app.conf", "[Service]\nUser=www\n"), ("ingress.yaml", "kind: Ingress\n"), ("notes.txt", "server {}\n")]);
    let ran = folder.run(&["check"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""));
    assert!(
        ran.stderr
            .starts_with("error: nothing was checked: no configuration of nginx, Apache or a CDN in . (2 files looked at)\n"),
        "{}",
        ran.stderr
    );
    assert_eq!(folder.run(&["check", "--allow-empty"]).code, 0);
    assert_eq!(folder.run(&["check", "app.conf"]).code, 3, "another program's file is not read as nginx");
    assert_eq!(folder.run(&["check", "notes.txt"]).code, 0, "a file that is named is");
}

#[test]
fn what_is_not_checked_is_said() {
    let folder = Folder::with(&[("nginx.conf", GOOD), ("other/nginx.conf", "something else\n"), (".git/nginx.conf", BAD)]);
    let ran = folder.run(&["check", "-f", "concise"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    assert_eq!(ran.stderr, "note: 1 file is not checked: 1 unknown; `lint401 files` lists them\n");
    assert_eq!(folder.run(&["check", "-q"]).stderr, "");
}

#[test]
fn files_and_the_includes_that_bring_them() {
    let main = "events {}\nhttp {\n  include conf.d/*.conf;\n}\n";
    let folder = Folder::with(&[
        ("nginx/nginx.conf", main),
        ("nginx/conf.d/a.conf", "server {\n  include snippets/auth.conf;\n}\n"),
        ("nginx/snippets/auth.conf", "auth_basic Staff;\nauth_basic_user_file x;\n"),
        ("nginx/snippets/lone.conf", "location /x { return 204; }\n"),
        ("cdn/rules.yaml", "schema: edge-rules/v1\nrules: []\n"),
        ("values.yaml", "a: b\n"),
    ]);
    let ran = folder.run(&["files"]);
    assert_eq!(ran.code, 0);
    assert_data_eq!(
        ran.stdout,
        str![[r"
cdn/rules.yaml            edge (edge-rules), main file
nginx/conf.d/a.conf       nginx, included at nginx/nginx.conf:3
nginx/nginx.conf          nginx, main file
nginx/snippets/auth.conf  nginx, included at nginx/conf.d/a.conf:2
nginx/snippets/lone.conf  nginx snippet, checked alone

"]]
        .raw()
    );
}

#[test]
fn files_of_apache_and_what_they_serve() {
    let site = "<VirtualHost *:80>\nServerName a.example\nDocumentRoot public\nInclude snippets/auth.conf\n</VirtualHost>\n";
    let files = [
        ("apache/httpd.conf", "ServerRoot /etc/httpd\nListen 80\nInclude conf.d/*.conf\nInclude conf.d/empty.load\n"),
        ("apache/conf.d/a.conf", site),
        ("apache/conf.d/empty.load", ""),
        ("apache/snippets/auth.conf", "<Location /x>\nRequire all denied\n</Location>\n"),
        ("apache/snippets/lone.conf", "RewriteEngine On\n"),
        ("apache/public/.htaccess", "Require all granted\n"),
        ("apache/public/in/ner/.htaccess", "Require all granted\n"),
        ("other/.htaccess", "Require all granted\n"),
        ("other/deep/er/.htaccess", "Require all granted\n"),
        ("other/wordpress.htaccess", "RewriteEngine On\n"),
    ];
    let ran = Folder::with(&files).run(&["files"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_data_eq!(
        ran.stdout,
        str![[r"
apache/conf.d/a.conf            apache, included at apache/httpd.conf:3
apache/conf.d/empty.load        apache, included in apache/httpd.conf
apache/httpd.conf               apache, main file
apache/public/.htaccess         htaccess, in what apache/httpd.conf serves
apache/public/in/ner/.htaccess  htaccess, in what apache/httpd.conf serves
apache/snippets/auth.conf       apache, included at apache/conf.d/a.conf:4
apache/snippets/lone.conf       apache snippet, checked alone
other/.htaccess                 htaccess, the topmost one
other/deep/er/.htaccess         htaccess, in what other/.htaccess serves
other/wordpress.htaccess        htaccess, the topmost one

"]]
        .raw()
    );
}

#[test]
fn errors_of_apache_are_found_where_httpd_would_meet_them() {
    let folder = Folder::with(&[
        ("site.conf", "<VirtualHost *:80>\nDocumentRoot public\n<Directory>\n</VirtualHost>\n"),
        ("public/.htaccess", "<Files x>\n"),
        ("public/in/.htaccess", "Require all granted\n"),
        ("odd", "<IfModule mod_x.c>\n"),
    ]);
    let ran = folder.run(&["check", "-f", "concise"]);
    assert_eq!(ran.code, 1);
    let lines: Vec<&str> = ran.stdout.lines().filter(|l| l.ends_with("[syntax-error]")).collect();
    assert!(
        lines.iter().any(|l| l.starts_with("site.conf:")) && lines.iter().any(|l| l.starts_with("public/.htaccess:1:")),
        "{lines:?}"
    );
    // A `.htaccess` that is named is looked at below the outer ones, and reported alone.
    let ran = folder.run(&["files", "public/in/.htaccess"]);
    assert_eq!(ran.stdout, "public/in/.htaccess  htaccess, in what public/.htaccess serves\n");
    let ran = folder.run(&["check", "-f", "concise", "public/in/.htaccess"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    for (kind, code) in [("apache", 1), ("htaccess", 1)] {
        assert_eq!(folder.run(&["check", "--kind", kind, "odd"]).code, code, "{kind}");
    }
}

#[test]
fn trace_through_apache() {
    let site = "ServerRoot /srv\n<VirtualHost *:80>\nServerName a.example\nDocumentRoot public\n<Directory /srv/public>\nAllowOverride All\n</Directory>\nProxyPass /api http://app:3000\n<Location /api/staff>\n\
                AuthType Basic\nAuthName Staff\nAuthUserFile /x\nRequire valid-user\n</Location>\n</VirtualHost>\n";
    let folder = Folder::with(&[
        ("site.conf", site),
        ("public/.htaccess", "Require all denied\n"),
        ("lone/.htaccess", "Redirect /a /b\n"),
    ]);
    let trace = |url: &str, path: &str| -> serde_json::Value {
        let ran = folder.run(&["trace", "-f", "json", url, path]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        document["layers"][0].clone()
    };
    let layer = trace("http://a.example/api/staff/x", "site.conf");
    assert_eq!((layer["kind"].as_str(), layer["handler"].as_str()), (Some("apache"), Some("proxy")));
    assert_eq!(layer["site"]["line"], 2);
    assert_eq!((layer["served_by"]["line"].as_u64(), layer["gates"][0]["kind"].as_str()), (Some(8), Some("basic")));
    assert_eq!(layer["status"], 401);
    let layer = trace("http://a.example/index.html", "site.conf");
    assert_eq!((layer["status"].as_u64(), layer["gates"][0]["path"].as_str()), (Some(403), Some("public/.htaccess")));
    let layer = trace("http://a.example/a", "lone/.htaccess");
    assert_eq!((layer["status"].as_u64(), layer["location"].as_str()), (Some(302), Some("http://a.example/b")));
    assert_eq!(layer["site"]["path"], "lone/.htaccess");
}

#[test]
fn the_release_of_apache_decides_conditions() {
    let folder = Folder::with(&[("site.conf", "<IfVersion >= 2.4.60>\nInclude gone.conf\n</IfVersion>\nServerName a\n")]);
    let run = |version: &str| folder.run(&["check", "-f", "concise", "--apache-version", version, "site.conf"]);
    assert!(run("2.4.62").stdout.contains("[unresolved-include]"));
    assert_eq!(run("2.4.10").stdout, "");
    assert_eq!(run("x").code, 2);
}

#[test]
fn a_folder_above_the_working_folder() {
    let folder = Folder::with(&[
        ("deploy/nginx.conf", "events {}\nhttp {\n  include conf.d/*.conf;\n  include ../../outside.conf;\n}\n"),
        ("deploy/conf.d/a.conf", "server { listen 80;\n  ;\n}\n"),
        ("here/notes.md", ""),
    ]);
    let mut command = folder.command(&["check", "-f", "concise", "../deploy/nginx.conf"]);
    let ran = Ran::from(command.current_dir(folder.path().join("here")).output().unwrap());
    assert!(ran.stdout.starts_with("../deploy/conf.d/a.conf:2:3: error: unexpected \";\" [syntax-error]\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("../deploy/nginx.conf:4:3: "), "{}", ran.stdout);
}

#[test]
fn a_named_part_is_checked_in_its_configuration() {
    let folder = Folder::with(&[
        ("nginx.conf", "events {}\nhttp {\n  include conf.d/*.conf;\n  ;\n}\n"),
        ("conf.d/a.conf", "server { listen 80;\n  ;\n}\n"),
        ("conf.d/b.conf", "server { listen 81;\n  ;\n}\n"),
    ]);
    let ran = folder.run(&["check", "-f", "concise", "conf.d/a.conf"]);
    assert_eq!(ran.code, 1);
    assert_eq!(ran.stdout, "conf.d/a.conf:2:3: error: unexpected \";\" [syntax-error]\n");
}

#[test]
fn standard_input() {
    let folder =
        Folder::with(&[("nginx.conf", "events {}\nhttp { include conf.d/a.conf; }\n"), ("conf.d/a.conf", "server {}\n")]);
    let ran = folder.run_with(&["check", "-", "-f", "concise"], BAD);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.starts_with("<stdin>:5:29: error: "), "{}", ran.stdout);
    assert_eq!(folder.run_with(&["check", "-"], GOOD).code, 0);
    // The text stands in for the file in its configuration.
    let ran = folder.run_with(&["check", "-", "--stdin-filename", "conf.d/a.conf", "-f", "concise"], "server {\n;}\n");
    assert_eq!((ran.code, ran.stdout.as_str()), (1, "conf.d/a.conf:2:1: error: unexpected \";\" [syntax-error]\n"));
    assert_eq!(folder.run_with(&["check", "-", "nginx.conf"], GOOD).code, 2);
    assert_eq!(folder.run(&["check", "--stdin-filename", "x.conf"]).code, 2);
}

#[test]
fn a_dump_names_the_real_files() {
    let dump = "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n\
        nginx: configuration file /etc/nginx/nginx.conf test is successful\n\
        # configuration file /etc/nginx/nginx.conf:\nevents {}\nhttp {\n  include conf.d/*.conf;\n}\n\n\
        # configuration file /etc/nginx/conf.d/a.conf:\n# a comment\nserver {\n  ;\n}\n\n";
    let folder = Folder::with(&[]);
    let ran = folder.run_with(&["check", "-", "-f", "concise"], dump);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, "/etc/nginx/conf.d/a.conf:3:3: error: unexpected \";\" [syntax-error]\n"));
    let ran = folder.run_with(&["files", "-"], dump);
    assert_eq!(
        ran.stdout,
        "/etc/nginx/conf.d/a.conf  nginx, included at /etc/nginx/nginx.conf:3\n/etc/nginx/nginx.conf     nginx, main file\n"
    );
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let files: Vec<(String, String)> = (0..40)
        .map(|i| (format!("conf.d/{i:02}.conf"), format!("server {{ listen {};\n ;\n location / {{ ; }} }}\n", 8000 + i)))
        .collect();
    let mut files: Vec<(&str, &str)> = files.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    files.push(("nginx.conf", "events {}\nhttp { include conf.d/*.conf; }\n"));
    files.push(("other/nginx.conf", "events {}\nhttp { include ../conf.d/*.conf; }\n"));
    let folder = Folder::with(&files);
    let one = folder.run(&["check", "-j", "1", "-f", "json"]);
    let many = folder.run(&["check", "-j", "7", "-f", "json"]);
    assert_eq!((one.code, many.code), (1, 1));
    assert_eq!(one.stdout, many.stdout);
    let json: serde_json::Value = serde_json::from_str(&one.stdout).unwrap();
    assert_eq!(json["diagnostics"].as_array().unwrap().len(), 80, "a place that two roots reach is one finding");
}

#[test]
fn a_reader_who_leaves_early() {
    let folder = Folder::with(&[("nginx.conf", &format!("events {{}}\nhttp {{\n{}}}\n", ";\n".repeat(20_000)))]);
    let mut command = folder.command(&["check"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.code().is_some(), "ended by a signal");
}

#[test]
fn secrets_are_in_no_output() {
    let text = "events {}\nhttp {\n  server {\n    proxy_set_header X-Api-Key hunter2; ; # http://bob:hunter2@host/\n  }\n}\n";
    let folder = Folder::with(&[("nginx.conf", text)]);
    for format in ["full", "concise", "json"] {
        let ran = folder.run(&["check", "-f", format]);
        assert_eq!(ran.code, 1);
        assert!(!ran.stdout.contains("hunter2"), "{}", ran.stdout);
    }
    assert!(folder.run(&["check"]).stdout.contains("X-Api-Key *******;"));
}

#[test]
fn colours_only_where_they_are_wanted() {
    let folder = Folder::with(&[("nginx.conf", BAD)]);
    let colored = |arguments: &[&str], name: &str, value: &str| {
        let output = folder.command(arguments).env(name, value).output().unwrap();
        output.stdout.contains(&0x1b)
    };
    assert!(!colored(&["check"], "X", ""));
    assert!(colored(&["check", "--color", "always"], "NO_COLOR", "1"));
    assert!(colored(&["check"], "FORCE_COLOR", "1"));
    assert!(!colored(&["check", "--color", "never"], "FORCE_COLOR", "1"));
}

#[test]
fn rules_that_do_not_exist() {
    let folder = Folder::with(&[("nginx.conf", GOOD)]);
    for arguments in [
        &["check", "--select", "no-such-rule-at-all"][..],
        &["check", "--ignore", "no-such-rule-at-all"],
        &["check", "--severity", "no-such-rule-at-all=error"],
        &["explain", "no-such-rule-at-all"],
    ] {
        let ran = folder.run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert!(ran.stderr.starts_with("error: unknown rule `no-such-rule-at-all`\n"), "{}", ran.stderr);
    }
}

#[test]
fn trace_tells_what_happens() {
    let folder = Folder::with(&[("nginx.conf", GOOD)]);
    let ran =
        folder.run(&["trace", "http://localhost/x?token=hunter2", "nginx.conf", "-f", "json", "-H", "Authorization: Basic abc"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["schema_version"], 1);
    assert_eq!(
        json["request"],
        serde_json::json!({
            "method": "GET", "url": "http://localhost/x?token=***", "headers": {"authorization": "***"}
        })
    );
    let layer = &json["layers"][0];
    assert_eq!(layer["kind"], "nginx");
    assert_eq!(layer["site"], serde_json::json!({"path": "nginx.conf", "line": 3, "text": "server"}));
    assert_eq!(layer["served_by"], serde_json::json!({"path": "nginx.conf", "line": 5, "text": "location /"}));
    assert_eq!((&layer["status"], &layer["handler"]), (&serde_json::json!(204), &serde_json::json!("return")));
    assert_eq!(layer["gates"], serde_json::json!([]));
    assert!(layer["upstream"].is_null());

    assert!(folder.run(&["trace", "http://localhost/"]).stdout.contains("status         204"));
    assert_eq!(folder.run(&["trace", "localhost/x"]).code, 2);
    assert_eq!(folder.run(&["trace", "http://localhost/", "gone.conf"]).code, 2);
    assert_eq!(Folder::with(&[]).run(&["trace", "http://localhost/"]).code, 2);
}

#[test]
fn help_for_newcomers() {
    let folder = Folder::with(&[]);
    let ran = folder.run(&["--help"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_data_eq!(
        ran.stdout,
        str![[r"
Finds surprise 401s in nginx, Apache and CDN configurations before you deploy them

Usage: lint401 <COMMAND>

Commands:
  check        Check configurations and report faults
  explain      Explain a rule: what it finds, why it matters, how to fix it
  rules        List the rules
  files        List the files that would be read, as which kind, via which include
  ignores      List the comments that accept findings: rule, reason, until when, whether needed
  baseline     Write down the findings of today, so that only new ones are reported
  config       Show, check or write lint401.toml
  trace        Show what a configuration does to one request, step by step
  completions  Print a script that completes the command line in a shell
  man          Print the manual page, in the format of `man`
  doctor       Show what lint401 sees: settings, files, terminal, servers; for bug reports

Options:
  -h, --help     Print help
  -V, --version  Print version

"]]
        .raw()
    );
    let ran = folder.run(&["check", "--help"]);
    for word in ["Exit codes:", "--fail-on <LEVEL>", "nginx -T 2>&1 | lint401 check -"] {
        assert!(ran.stdout.contains(word), "{word}");
    }
    assert_eq!(folder.run(&[]).code, 2);
}
