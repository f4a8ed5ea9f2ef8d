//! `lint401.toml`: what it changes, which one holds, and what is said about a wrong one.

use std::fs;
use std::path::Path;

use super::folder::Folder;

/// Two findings: a dropped header in each of two files.
const DROPS: &str = "server {\n  listen 80;\n  location /api/ {\n    proxy_set_header Authorization \"\";\n    proxy_pass http://app:3000;\n  }\n}\n";
const MAIN: &str = "events {}\nhttp { include conf.d/*.conf; }\n";

fn deployment(config: &str) -> Folder {
    Folder::with(&[
        ("nginx/nginx.conf", MAIN),
        ("nginx/conf.d/a.conf", DROPS),
        ("nginx/conf.d/b.conf", DROPS),
        (".git/HEAD", ""),
        ("lint401.toml", config),
    ])
}

/// The lines of the concise report about `rule`, severity and path only.
fn found(folder: &Folder, arguments: &[&str], rule: &str) -> Vec<String> {
    let ran = folder.run(&[&["check", "-f", "concise"], arguments].concat());
    let lines = ran.stdout.lines().filter(|l| l.ends_with(&format!("[{rule}]")));
    let short = |l: &str| {
        let mut parts = l.splitn(5, ':');
        format!("{}{}", parts.next().unwrap(), parts.nth(2).unwrap())
    };
    lines.map(short).collect()
}

const ID: &str = "dropped-authorization";

#[test]
fn severities_of_rules() {
    let folder = deployment("[rules]\ndropped-authorization = \"info\"\n");
    assert_eq!(found(&folder, &[], ID), ["nginx/conf.d/a.conf info", "nginx/conf.d/b.conf info"]);
    let folder = deployment("[rules]\ndropped-authorization = { severity = \"off\" }\n");
    assert!(found(&folder, &[], ID).is_empty());
    // The command line has the last word.
    let errors = ["nginx/conf.d/a.conf error", "nginx/conf.d/b.conf error"];
    assert_eq!(found(&folder, &["--severity", "dropped-authorization=error"], ID), errors);
    assert_eq!(found(&folder, &["--isolated"], ID), errors);
    assert_eq!(found(&folder, &["--select", ID], ID), errors);
}

#[test]
fn severities_for_some_files() {
    let folder = deployment(
        "[[per-file]]\nfiles = [\"nginx/conf.d/b.conf\"]\nrules = { dropped-authorization = \"off\" }\n\
         [[per-file]]\nfiles = [\"**/a.conf\"]\nrules = { dropped-authorization = \"warning\" }\n",
    );
    assert_eq!(found(&folder, &[], ID), ["nginx/conf.d/a.conf warning"]);
    let off_but_here = "[rules]\ndropped-authorization = \"off\"\n[[per-file]]\nfiles = [\"nginx/conf.d/a.conf\"]\nrules = { dropped-authorization = \"error\" }\n";
    assert_eq!(found(&deployment(off_but_here), &[], ID), ["nginx/conf.d/a.conf error"]);
}

#[test]
fn what_to_check_and_when_to_fail() {
    let folder = deployment("roots = [\"nginx/conf.d/b*\"]\nfail-on = \"never\"\n");
    assert_eq!(found(&folder, &[], ID), ["nginx/conf.d/b.conf error"]);
    assert_eq!(folder.run(&["check", "-q"]).code, 0);
    assert_eq!(folder.run(&["check", "-q", "--fail-on", "error"]).code, 1);
    // Paths on the command line stand for themselves.
    assert_eq!(found(&folder, &["nginx"], ID).len(), 2);
}

#[test]
fn the_nearest_file_holds_and_extends_only_what_it_names() {
    let folder = deployment("[rules]\ndropped-authorization = \"info\"\n");
    let other = "events {}\nhttp {\n  server {\n    listen 80;\n    location /api/ {\n      proxy_set_header Authorization \"\";\n      proxy_pass http://app:3000;\n    }\n  }\n}\n";
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("other/nginx.conf", other);
    write("other/.lint401.toml", "[rules]\ndropped-authorization = \"warning\"\n");
    let all = ["nginx/conf.d/a.conf info", "nginx/conf.d/b.conf info", "other/nginx.conf warning"];
    assert_eq!(found(&folder, &[], ID), all);
    write("other/.lint401.toml", "extends = \"../lint401.toml\"\nprofile = \"strict\"\n");
    assert_eq!(found(&folder, &["other"], ID), ["other/nginx.conf info"]);
    assert_eq!(found(&folder, &["--config", "lint401.toml", "other"], ID), ["other/nginx.conf info"]);
    assert_eq!(found(&folder, &["--config", "rules.dropped-authorization = \"error\"", "other"], ID), ["other/nginx.conf error"]);
}

#[test]
fn include_map_is_relative_to_the_file() {
    let folder = Folder::with(&[
        ("deploy/nginx.conf", "events {}\nhttp { include /etc/nginx/sites/*.conf; }\n"),
        ("deploy/sites/a.conf", DROPS),
        ("deploy/lint401.toml", "[include-map]\n\"/etc/nginx/\" = \".\"\n"),
        (".git/HEAD", ""),
    ]);
    assert_eq!(found(&folder, &["deploy/nginx.conf"], ID), ["deploy/sites/a.conf error"]);
}

#[track_caller]
fn refused(config: &str, message: &str) {
    let folder = deployment(config);
    let ran = folder.run(&["check"]);
    let path = folder.path().canonicalize().unwrap_or_else(|_| folder.path().to_owned());
    let said = ran.stderr.replace(&format!("{}/", path.display()), "").replace(&format!("{}/", folder.path().display()), "");
    assert_eq!((ran.code, said.trim_end()), (2, message), "{config}");
}

#[test]
fn a_wrong_file_is_told_with_its_place() {
    refused("profil = \"strict\"\n", "error: lint401.toml:1:1: unknown key `profil`\n  did you mean `profile`?");
    refused(
        "\n[settings]\nloginpaths = []\n",
        "error: lint401.toml:3:1: unknown key `loginpaths`\n  did you mean `login-paths`?",
    );
    refused("profile = \"strikt\"\n", "error: lint401.toml:1:11: unknown value `strikt`\n  did you mean `strict`?");
    refused(
        "[rules]\ndroped-authorization = \"off\"\n",
        "error: lint401.toml:2:1: unknown rule `droped-authorization`\n  did you mean `dropped-authorization`?",
    );
    refused("[settings]\nlogin-paths = [\"/a\", \"login\"]\n", "error: lint401.toml:2:22: a login path starts with `/`");
    refused(
        "[settings]\ntrusted-proxies = [\"10.0.0.0/40\"]\n",
        "error: lint401.toml:2:20: this is no network\n  write it as `10.0.0.0/8`",
    );
    refused(
        "required-version = \">=9\"\n",
        &format!("error: lint401.toml:1:20: this is lint401 {}, and the file wants >=9", env!("CARGO_PKG_VERSION")),
    );
    refused("extends = \"lint401.toml\"\n", "error: lint401.toml:1:1: `extends` goes round in a circle");
    refused("extends = \"gone.toml\"\n", "error: gone.toml:1:1: it cannot be read: there is no such file or folder");
    refused(
        "[[per-file]]\nfiles = [\"a[\"]\nrules = {}\n",
        "error: lint401.toml:2:10: this pattern is wrong: unclosed character class; missing ']'",
    );
}

#[test]
fn init_writes_a_valid_file_once() {
    let folder = Folder::with(&[("nginx.conf", MAIN), ("conf.d/a.conf", DROPS), (".git/HEAD", "")]);
    assert_eq!(folder.run(&["check", "-q"]).code, 1);
    let ran = folder.run(&["config", "init", "--from-findings"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "wrote lint401.toml\n"), "{}", ran.stderr);
    assert_eq!(folder.run(&["check", "-q"]).code, 0, "what was found is only told now");
    assert_eq!(folder.run(&["config", "validate"]).code, 0);
    assert_eq!(folder.run(&["config", "init"]).code, 2, "it is not written over");
    let shown = folder.run(&["config", "show", "conf.d"]);
    assert!(shown.stdout.contains("dropped-authorization = \"info\""), "{}", shown.stdout);
}

#[test]
fn every_key_of_the_template_is_known() {
    let template = include_str!("../../src/cli/config_template.toml");
    let keys = template.lines().filter_map(|line| line.strip_prefix("# "));
    let keys = keys.filter(|line| {
        line.starts_with('[') || line.starts_with('"') || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '))
    });
    // Top-level keys come before the tables, as TOML wants it.
    let folder = deployment(&keys.collect::<Vec<_>>().join("\n"));
    let ran = folder.run(&["config", "validate"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
}

#[test]
fn the_published_schema_is_that_of_the_program() {
    let folder = Folder::with(&[]);
    let schema = folder.run(&["config", "schema"]).stdout;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/lint401.schema.json");
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &schema).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), schema, "UPDATE=1 writes it");
}
