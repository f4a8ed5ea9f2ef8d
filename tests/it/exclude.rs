//! What is passed over and what files are: `exclude` and `[files]` of lint401.toml, and the flags that go with them.

use snapbox::{IntoData as _, assert_data_eq, str};

use super::folder::Folder;

const SERVER: &str = "server { listen 80;\n  ;\n}\n";
const MAIN: &str = "events {}\nhttp { include sites/*.conf; }\n";

fn files(folder: &Folder, arguments: &[&str]) -> String {
    let ran = folder.run(&[&["files"], arguments].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{arguments:?}");
    ran.stdout
}

/// The files with findings.
fn found(folder: &Folder, arguments: &[&str]) -> Vec<String> {
    let ran = folder.run(&[&["check", "-f", "concise"], arguments].concat());
    let mut paths: Vec<_> = ran.stdout.lines().map(|line| line.split(':').next().unwrap().to_owned()).collect();
    paths.dedup();
    paths
}

fn deployment(config: &str) -> Folder {
    Folder::with(&[
        ("lint401.toml", config),
        (".git/HEAD", ""),
        ("nginx.conf", MAIN),
        ("sites/a.conf", SERVER),
        ("sites/old.conf", SERVER),
        ("vendor/deep/b.conf", SERVER),
        ("c.conf", SERVER),
    ])
}

#[test]
fn what_is_excluded_is_passed_over() {
    let all = ["c.conf", "sites/a.conf", "sites/old.conf", "vendor/deep/b.conf"];
    assert_eq!(found(&deployment(""), &[]), all);
    let folder = deployment("exclude = [\"vendor/\", \"sites/old.conf\"]\n");
    assert_eq!(found(&folder, &[]), ["c.conf", "sites/a.conf"]);
    // What another file includes is read all the same: the server would read it too.
    assert_data_eq!(
        files(&folder, &[]),
        str![[r"
c.conf          nginx snippet, checked alone
nginx.conf      nginx, main file
sites/a.conf    nginx, included at nginx.conf:2
sites/old.conf  nginx, included at nginx.conf:2; excluded: nothing is reported in it

"]]
        .raw()
    );
    assert_eq!(found(&folder, &["--isolated"]), all);
    assert_eq!(found(&folder, &["--exclude", "c.*,sites"]), [""; 0]);
    assert_eq!(folder.run(&["check", "--exclude", "a[", "-q"]).code, 2);
    // A pattern stands for whole paths, from the folder of its file.
    assert_eq!(found(&deployment("exclude = [\"b.conf\"]\n"), &[]), all);
}

#[test]
fn what_is_named_is_checked_unless_that_is_forced() {
    let folder = deployment("exclude = [\"vendor/**\", \"sites/old.conf\"]\n");
    assert_eq!(found(&folder, &["sites/old.conf"]), ["sites/old.conf"]);
    assert_eq!(found(&folder, &["vendor"]), ["vendor/deep/b.conf"]);
    assert_eq!(found(&folder, &["--force-exclude", "sites/old.conf", "sites/a.conf"]), ["sites/a.conf"]);
    assert_eq!(files(&folder, &["--force-exclude", "sites/old.conf"]), "sites/old.conf  excluded\n");
    // A hook that hands over nothing else has nothing to complain about.
    let ran = folder.run(&["check", "--force-exclude", "sites/old.conf", "-f", "concise"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", "note: 1 file is excluded\n"));
}

#[test]
fn the_nearest_file_decides_what_is_passed_over() {
    let folder = deployment("exclude = [\"c.conf\"]\n");
    let write = |text: &str| std::fs::write(folder.path().join("vendor/lint401.toml"), text).unwrap();
    write("exclude = [\"deep\"]\n");
    assert_eq!(found(&folder, &[]), ["sites/a.conf", "sites/old.conf"]);
    // From above the nearest file says nothing, and what it extends does.
    write("extends = \"../lint401.toml\"\n");
    assert_eq!(found(&folder, &[]), ["sites/a.conf", "sites/old.conf", "vendor/deep/b.conf"]);
    std::fs::write(folder.path().join("shared.toml"), "exclude = [\"vendor/deep/*.conf\"]\n").unwrap();
    write("extends = \"../shared.toml\"\n");
    assert_eq!(found(&folder, &[]), ["sites/a.conf", "sites/old.conf"]);
    write("exclud = []\n");
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("vendor/lint401.toml:1:1: unknown key `exclud`"), "{}", ran.stderr);
}

#[test]
fn kinds_of_files() {
    let config = "[files]\n\"ops/skip.tmpl\" = { kind = \"ignore\" }\n\"ops/*.tmpl\" = { kind = \"nginx\" }\n\"b/rules.txt\" = { kind = \"htaccess\" }\n\
                  \"c/site\" = { kind = \"apache\" }\n\"c/cdn.txt\" = { kind = \"edge\" }\n\"nginx/x.conf\" = { kind = \"ignore\" }\n";
    let folder = Folder::with(&[
        ("lint401.toml", config),
        (".git/HEAD", ""),
        ("ops/skip.tmpl", SERVER),
        ("ops/a.tmpl", "thing on;\n"),
        ("b/rules.txt", "Require all granted\n"),
        ("c/site", "Thing on\n"),
        ("c/cdn.txt", "a: b\n"),
        ("nginx/x.conf", SERVER),
    ]);
    assert_data_eq!(
        files(&folder, &[]),
        str![[r"
b/rules.txt  htaccess, the topmost one
c/cdn.txt    edge, no document of a known dialect, main file
c/site       apache snippet, checked alone
ops/a.tmpl   nginx snippet, checked alone

"]]
        .raw()
    );
    // The command line has the last word, about what is named.
    let ran = folder.run(&["files", "--kind", "nginx", "nginx/x.conf"]);
    assert_eq!(ran.stdout, "nginx/x.conf  nginx snippet, checked alone\n");
    assert_eq!(folder.run(&["check", "nginx/x.conf"]).code, 3);
    std::fs::write(folder.path().join("ops/lint401.toml"), "").unwrap();
    assert!(!files(&folder, &[]).contains("ops/a.tmpl"), "the nearest file says nothing of it");
}

#[test]
fn files_that_git_ignores() {
    let folder = deployment("");
    std::fs::write(folder.path().join(".gitignore"), "vendor/\nc.conf\n").unwrap();
    assert_eq!(found(&folder, &[]), ["sites/a.conf", "sites/old.conf"]);
    assert_eq!(found(&folder, &["--no-gitignore"]).len(), 4);
    assert_eq!(found(&folder, &["c.conf"]), ["c.conf"]);
}

#[test]
fn paths_from_a_list() {
    let folder = deployment("");
    std::fs::write(folder.path().join("list"), "c.conf\n\nsites/a.conf\r\n").unwrap();
    assert_eq!(found(&folder, &["--files-from", "list"]), ["c.conf", "sites/a.conf"]);
    assert_eq!(found(&folder, &["--files-from", "list", "vendor"]), ["c.conf", "sites/a.conf", "vendor/deep/b.conf"]);
    let ran = folder.run_with(&["check", "-q", "-f", "concise", "--files-from", "-"], "c.conf\n");
    assert_eq!(ran.stdout.lines().count(), 1);
    // An empty list is not the whole folder.
    assert_eq!(folder.run_with(&["check", "-q", "--files-from", "-"], "").code, 3);
    assert_eq!(folder.run_with(&["check", "-q", "--allow-empty", "--files-from", "-"], "").code, 0);
    assert_eq!(folder.run(&["check", "--files-from", "gone"]).code, 2);
}

#[test]
fn a_named_part_is_checked_in_the_roots_wherever_they_lie() {
    // `auth_basic` has its file in the main configuration, which only `roots` finds from here.
    let folder = Folder::with(&[
        ("lint401.toml", "roots = [\"main/web.conf\"]\n"),
        (".git/HEAD", ""),
        ("main/web.conf", "events {}\nhttp {\n  auth_basic_user_file /etc/x;\n  include ../parts/*.conf;\n  ;\n}\n"),
        ("parts/a.conf", "server {\n  listen 80;\n  auth_basic Staff;\n  ;\n}\n"),
    ]);
    let ran = folder.run(&["check", "-f", "concise", "parts/a.conf"]);
    assert_eq!(ran.stdout, "parts/a.conf:4:3: error: unexpected \";\" [syntax-error]\n");
    assert_eq!(files(&folder, &["parts/a.conf"]), "parts/a.conf  nginx, included at main/web.conf:4\n");
}

#[test]
fn what_a_hook_names_and_is_no_configuration() {
    let folder = Folder::with(&[
        ("nginx/.htpasswd", "editor:$apr1$x$y\n"),
        ("nginx/Dockerfile", "FROM nginx\nCOPY nginx.conf /etc/nginx/\n"),
        ("nginx/readme.md", "# nginx\n"),
        ("nginx/odd.conf", "what is this\n"),
        ("nginx/nginx.conf", "events {}\n"),
    ]);
    let names = ["nginx/.htpasswd", "nginx/Dockerfile", "nginx/readme.md"];
    let ran = folder.run(&[&["check", "--force-exclude"], &names[..]].concat());
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", "note: 3 files are excluded\n"));
    let ran = folder.run(&[&["files", "--force-exclude", "nginx/nginx.conf"], &names[..]].concat());
    assert!(ran.stdout.contains("nginx/.htpasswd   excluded\n"), "{}", ran.stdout);
    let ran = folder.run(&["check", "--force-exclude", "nginx/odd.conf"]);
    assert_eq!(ran.code, 1, "what is called a configuration is read, however odd: {}", ran.stdout);
    assert_eq!(folder.run(&["check", "nginx/.htpasswd"]).code, 1, "who names a file means it");
}

#[test]
fn with_roots_a_named_file_is_what_to_report_on() {
    const LOSES: &str = "server {\n  server_name a.example.com;\n  location / {\n    proxy_set_header X-A 1;\n    proxy_pass http://127.0.0.1:9000;\n  }\n}\n";
    let folder = Folder::with(&[
        ("lint401.toml", "roots = [\"main/web.conf\"]\nexclude = [\"vendor\"]\n"),
        (".git/HEAD", ""),
        (
            "main/web.conf",
            "events {}\nhttp {\n  include ../snippets/headers.inc;\n  include ../sites/*.conf;\n  include ../vendor/*.conf;\n  ;\n}\n",
        ),
        ("snippets/headers.inc", "proxy_set_header Host $host;\n"),
        ("snippets/other.inc", "# nothing\n"),
        ("sites/a.conf", LOSES),
        ("sites/b.conf", &format!("# lint401: ignore-file[lost-proxy-headers] -- known\n{}", LOSES.replace("a.ex", "b.ex"))),
        ("vendor/c.conf", &LOSES.replace("a.ex", "c.ex")),
    ]);
    let places = |arguments: &[&str]| {
        let ran = folder.run(&[&["check", "-f", "concise"], arguments].concat());
        super::repository::places(&ran.stdout)
    };
    assert_eq!(places(&[]), ["main/web.conf:6", "sites/a.conf:4"]);
    assert_eq!(places(&["sites/a.conf"]), ["sites/a.conf:4"]);
    assert_eq!(places(&["sites/b.conf"]), [""; 0]);
    assert_eq!(places(&["main/web.conf"]), ["main/web.conf:6"]);
    assert_eq!(places(&["main/web.conf", "sites/a.conf"]), ["main/web.conf:6", "sites/a.conf:4"]);
    // What a snippet does harm to lies elsewhere; what is accepted or excluded there stays so.
    assert_eq!(places(&["snippets/headers.inc"]), ["sites/a.conf:4"]);
    // Without roots a main file stands for its configuration.
    assert_eq!(places(&["--isolated", "main/web.conf"]), ["main/web.conf:6", "sites/a.conf:4", "vendor/c.conf:4"]);
    assert_eq!(files(&folder, &["main/web.conf"]), "main/web.conf  nginx, main file\n");
}
