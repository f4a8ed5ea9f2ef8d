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
fn what_pages_load_is_said_for_the_rule_that_asks() {
    const RULE: &str = "broad-basic-auth";
    let site = "events {}\nhttp {\n  server {\n    listen 80;\n    location / { proxy_pass http://app:3000; }\n    location /theme/ {\n      auth_basic \"x\";\n      auth_basic_user_file /etc/htpasswd;\n      proxy_pass http://app:3000;\n    }\n  }\n}\n";
    let with = |config: &str| Folder::with(&[("nginx/nginx.conf", site), (".git/HEAD", ""), ("lint401.toml", config)]);
    assert!(found(&with(""), &[], RULE).is_empty(), "a folder that somebody closed");
    let named = with("[rules]\nbroad-basic-auth = { severity = \"info\", assets = [\"/theme/\", \"*.css\"] }\n");
    assert_eq!(found(&named, &[], RULE), ["nginx/nginx.conf info"]);
    let shown = named.run(&["config", "show"]).stdout;
    assert!(shown.contains("assets = [\"/theme/\", \"*.css\"]") && shown.contains("severity = \"info\""), "{shown}");
    assert_eq!(found(&with("[rules]\nbroad-basic-auth = { assets = [\"/theme/\"] }\n"), &[], RULE), ["nginx/nginx.conf warning"]);
    refused(
        "[rules]\nbypassed-auth = { severity = \"info\", assets = [] }\n",
        "error: lint401.toml:2:1: `assets` is an option of `broad-basic-auth`",
    );
    refused(
        "[[per-file]]\nfiles = []\nrules = { broad-basic-auth = { assets = [] } }\n",
        "error: lint401.toml:3:11: `assets` is the same for all files: it belongs into `[rules]`",
    );
    refused(
        "[rules]\nbypassed-auth = {}\n",
        "error: lint401.toml:2:1: a severity is expected\n  write it as { severity = \"error\" }",
    );
}

#[test]
fn login_paths_may_be_all_that_lies_below_a_folder() {
    let site = "events {}\nhttp {\n  proxy_cache_path /c keys_zone=c:1m;\n  server {\n    listen 80;\n    location / { proxy_pass http://app:3000; }\n    location /members/ {\n      proxy_pass http://app:3000;\n      proxy_cache c;\n      proxy_cache_valid 200 1h;\n    }\n  }\n}\n";
    let with = |config: &str| Folder::with(&[("nginx/nginx.conf", site), (".git/HEAD", ""), ("lint401.toml", config)]);
    for paths in ["/members/**", "/members/*", "/members/"] {
        let folder = with(&format!("[settings]\nlogin-paths = [\"{paths}\"]\n"));
        let said = folder.run(&["check", "-f", "concise"]).stdout;
        assert!(said.contains(" /members/ ") && said.contains("[cached-login]"), "{paths}: {said}");
    }
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

#[test]
fn what_files_are_a_part_of() {
    let part = "proxy_set_header Host $host;\nproxy_pass http://app:3000;\n";
    let folder = Folder::with(&[("ops/app.part", part)]);
    let with = |entry: &str| {
        fs::write(folder.path().join("lint401.toml"), format!("[files]\n\"ops/*.part\" = {entry}\n")).unwrap();
        let ran = folder.run(&["check", "-f", "concise", "--select", "misplaced-directive"]);
        ran.stdout.lines().map(|line| line.split(": ").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(with("{ kind = \"nginx\" }").is_empty(), "guessed");
    assert!(with("{ kind = \"nginx\", context = \"http/server/location\" }").is_empty());
    assert_eq!(with("{ kind = \"nginx\", context = \"http/server\" }"), ["ops/app.part:2:1"]);
    assert_eq!(with("{ kind = \"nginx\", context = \"main\" }"), ["ops/app.part:1:1", "ops/app.part:2:1"]);
    let shown = folder.run(&["config", "show"]).stdout;
    assert!(shown.contains("context = \"main\""), "{shown}");
    refused(
        "[files]\n\"a\" = { kind = \"apache\", context = \"http\" }\n",
        "error: lint401.toml:2:1: `context` and `template` are for files of the kind \"nginx\"",
    );
    refused(
        "[files]\n\"a\" = { kind = \"nginx\", context = \"location\" }\n",
        "error: lint401.toml:2:35: unknown value `location`\n  there are main, http, http/upstream, http/server, http/server/location, stream, stream/server, mail, mail/server",
    );
}

#[test]
fn what_renders_files() {
    let text = "events {}\nhttp {\n  server {\n    listen 80;\n    location / { proxy_pass http://$BACKEND; proxy_set_header Host $host; }\n    location /a { proxy_pass http://${BACKEND}/; proxy_set_header Host $host; }\n  }\n}\n";
    let rules = |folder: &Folder| {
        let ran = folder.run(&["check", "-f", "concise", "--select", "templated-file"]);
        ran.stdout.lines().map(|line| line.rsplit_once('[').unwrap().1.to_owned()).collect::<Vec<_>>()
    };
    let folder = Folder::with(&[("nginx.conf", text)]);
    assert_eq!(rules(&folder), ["syntax-error]", "syntax-error]"], "nginx itself does not start");
    fs::write(folder.path().join("lint401.toml"), "[files]\n\"*.conf\" = { kind = \"nginx\", template = \"envsubst\" }\n")
        .unwrap();
    assert_eq!(rules(&folder), ["templated-file]"]);
    // As nginx's own image has it.
    assert_eq!(rules(&Folder::with(&[("templates/nginx.conf.template", text)])), ["templated-file]"]);
    assert!(rules(&Folder::with(&[("nginx.conf.template", &text.replace("BACKEND", "host"))])).is_empty(), "nothing to put in");
}

#[test]
fn parts_of_roles_find_one_another() {
    let include = "server {\n  listen 80;\n  include h5bp/ssl.conf;\n  location / { return 204; }\n}\n";
    let folder = Folder::with(&[
        ("roles/site/templates/site.conf", include),
        ("roles/nginx/templates/h5bp/ssl.conf.j2", "ssl_certificate {{ certificate }};\n"),
    ]);
    let missing = |folder: &Folder| folder.run(&["check", "-f", "concise", "--select", "unresolved-include"]).stdout;
    assert!(missing(&folder).starts_with("roles/site/templates/site.conf:3:3: warning: included file not found"));
    fs::write(folder.path().join("lint401.toml"), "[include-map]\n\"/etc/nginx/\" = \"roles/nginx/templates/\"\n").unwrap();
    assert_eq!(missing(&folder), "");
    let files = folder.run(&["files"]).stdout;
    assert!(
        files.contains("roles/nginx/templates/h5bp/ssl.conf.j2  nginx, included at roles/site/templates/site.conf:3"),
        "{files}"
    );
}
