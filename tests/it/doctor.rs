//! `lint401 doctor`.

use serde_json::{Value, json};

use super::folder::{Folder, Ran};

const GOOD: &str = "events {}\nhttp {\n  include conf.d/*.conf;\n}\n";

fn folder() -> Folder {
    Folder::with(&[
        ("lint401.toml", "profile = \"strict\"\nfail-on = \"error\"\nroots = [\"nginx.conf\", \"public\", \"cdn\"]\n"),
        ("nginx.conf", GOOD),
        ("conf.d/a.conf", "server { listen 80; }\n"),
        ("public/.htaccess", "Require all granted\n"),
    ])
}

fn json_of(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stdout))
}

#[test]
fn what_lint401_sees() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("cdn")).unwrap();
    let ran: Ran = folder
        .command(&["doctor", "-f", "json"])
        .env("HOME", folder.path())
        .env("LINT401_TOKEN", "hunter2")
        .output()
        .unwrap()
        .into();
    let document = json_of(&ran);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{document}");
    assert_eq!((&document["schema_version"], &document["lint401"]), (&json!(1), &json!(env!("CARGO_PKG_VERSION"))));
    assert_eq!(document["platform"]["system"], std::env::consts::OS);
    assert_eq!(document["folder"], "~");
    let configuration = &document["configuration"];
    assert_eq!(configuration["paths"], json!(["~/lint401.toml"]));
    assert_eq!((&configuration["profile"], &configuration["fail_on"]), (&json!("strict"), &json!("error")));
    let roots = json!([{"path": "nginx.conf", "kind": "nginx"}, {"path": "public/.htaccess", "kind": "htaccess"}]);
    assert_eq!(document["files"]["roots"], roots);
    assert_eq!(document["files"]["checked"], json!({"nginx": 2, "htaccess": 1}));
    assert_eq!(document["terminal"]["color"], false);
    assert_eq!(document["terminal"]["color_because"], "standard output is no terminal");
    assert_eq!(document["variables"], json!(["LINT401_TOKEN"]), "names, not values");
    assert!(!ran.stdout.contains("hunter2") && !ran.stdout.contains(folder.path().to_str().unwrap()), "{}", ran.stdout);
}

#[test]
fn faults_are_told_and_the_rest_too() {
    let folder = folder();
    let ran = folder.run(&["doctor", "gone.conf"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stdout.contains("fault          gone.conf: there is no such file or folder\n"), "{}", ran.stdout);
    std::fs::write(folder.path().join("lint401.toml"), "profil = \"strict\"\n").unwrap();
    let ran = folder.run(&["doctor"]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stdout.starts_with(&format!("lint401        {}\n", env!("CARGO_PKG_VERSION"))), "{}", ran.stdout);
    assert!(ran.stdout.contains("\nfault          ") && ran.stdout.contains("profil"), "{}", ran.stdout);
    let empty = Folder::with(&[]).run(&["doctor"]);
    assert_eq!(empty.code, 0, "an empty folder is nothing wrong: {}", empty.stdout);
    assert!(
        empty.stdout.contains("\nsettings from  none\n") && empty.stdout.contains("\nroots          0\n"),
        "{}",
        empty.stdout
    );
}

/// Servers that only say who they are stand in for the real ones.
#[cfg(unix)]
#[test]
fn servers_on_the_path() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::with(&[
        ("bin/nginx", "#!/bin/sh\necho 'nginx version: nginx/1.29.9' >&2\n"),
        ("bin/httpd", "#!/bin/sh\necho 'Server version: Apache/2.4.99 (Unix)'\necho \"$@\" >> asked\n"),
        ("bin/openresty", "no program\n"),
        ("nginx.conf", GOOD),
    ]);
    for name in ["nginx", "httpd"] {
        std::fs::set_permissions(folder.path().join("bin").join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = folder.path().join("bin");
    let ran: Ran = folder.command(&["doctor", "-f", "json"]).env("PATH", &path).output().unwrap().into();
    let document = json_of(&ran);
    let found: Vec<_> =
        document["servers"].as_array().unwrap().iter().map(|s| (s["name"].as_str().unwrap(), s["version"].as_str())).collect();
    assert_eq!(found, [("nginx", Some("1.29.9")), ("httpd", Some("2.4.99"))]);
    let asked = std::fs::read_to_string(folder.path().join("asked")).unwrap();
    assert_eq!(asked, "-v\n", "asked for its version and nothing else");
    let ran: Ran = folder.command(&["doctor"]).env("PATH", "bin").output().unwrap().into();
    assert!(
        ran.stdout.contains("\nservers        none on PATH\n"),
        "a folder that is not absolute may be anybody's: {}",
        ran.stdout
    );
}
