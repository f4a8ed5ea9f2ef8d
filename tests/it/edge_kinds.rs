//! What somebody says that a file is: `--kind`, `[files]` of `lint401.toml`, a comment of the file.

use serde_json::Value;

use crate::folder::Folder;

/// An Ingress that no annotation of ingress-nginx shows to be its own, with a path that it serves.
const INGRESS: &str = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: shop}\nspec:\n  ingressClassName: nginx\n  rules:\n    - host: shop.example\n      http:\n        paths:\n          - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}\n";

/// What `lint401 files` says of each file.
fn files(folder: &Folder, arguments: &[&str]) -> Vec<String> {
    let ran = folder.run(&[&["files"], arguments].concat());
    ran.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn a_kind_on_the_command_line_selects_the_dialect() {
    let folder = Folder::with(&[("a.yaml", INGRESS)]);
    assert_eq!(files(&folder, &[]), Vec::<String>::new());
    assert_eq!(files(&folder, &["--kind", "edge", "a.yaml"]), ["a.yaml edge, no document of a known dialect, main file"]);
    assert_eq!(files(&folder, &["--kind", "ingress-nginx", "a.yaml"]), ["a.yaml edge (ingress-nginx), main file"]);
    let ran = folder.run(&["trace", "-f", "json", "--kind", "ingress-nginx", "http://shop.example/x", "a.yaml"]);
    let trace: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}", ran.stderr));
    let layer = &trace["layers"][0];
    assert_eq!((layer["kind"].as_str(), layer["served_by"]["line"].as_u64()), (Some("ingress-nginx"), Some(10)), "{layer}");
    // Objects that the dialect does not have stay what they are.
    assert_eq!(files(&folder, &["--kind", "traefik", "a.yaml"]), ["a.yaml edge, no document of a known dialect, main file"]);
}

#[test]
fn a_wrong_kind_is_refused_with_the_one_that_is_meant() {
    let folder = Folder::with(&[("a.yaml", INGRESS), ("b.yaml", "# lint401: kind=ingress-ngnix\na: b\n")]);
    let ran = folder.run(&["check", "--kind", "ingress-ngnix", "a.yaml"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("ingress-ngnix") && ran.stderr.contains("'ingress-nginx'"), "{}", ran.stderr);
    let ran = folder.run(&["check", "b.yaml"]);
    assert_eq!(ran.code, 2);
    let told = "b.yaml: its comment in line 1 says that it is of the kind `ingress-ngnix`, which is unknown: did you mean `ingress-nginx`?";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
    let toml = Folder::with(&[("a.yaml", INGRESS), ("lint401.toml", "[files]\n\"*.yaml\" = { kind = \"cloudfromation\" }\n")]);
    let ran = toml.run(&["check"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("lint401.toml:2:") && ran.stderr.contains("did you mean `cloudformation`?"), "{}", ran.stderr);
}

#[test]
fn the_settings_of_a_repository_select_the_dialect() {
    let folder = Folder::with(&[
        ("lint401.toml", "[files]\n\"charts/**\" = { kind = \"ingress-nginx\" }\n\"old/*.yaml\" = { kind = \"ignore\" }\n"),
        ("charts/web/ingress.yaml", INGRESS),
        ("old/kong.yaml", "_format_version: '3.0'\nservices: []\n"),
        ("new/kong.yaml", "_format_version: '3.0'\nservices: []\n"),
    ]);
    assert_eq!(
        files(&folder, &[]),
        ["charts/web/ingress.yaml edge (ingress-nginx), main file", "new/kong.yaml edge (kong), main file"]
    );
    let shown = folder.run(&["config", "show"]).stdout;
    assert!(shown.contains("kind = \"ingress-nginx\"") && shown.contains("kind = \"ignore\""), "{shown}");
}

#[test]
fn a_comment_at_the_beginning_of_a_file_selects_the_dialect() {
    let commented = |kind: &str, text: &str| format!("# our front door\n# lint401: kind={kind}\n{text}");
    let folder = Folder::with(&[
        ("a.yaml", &commented("ingress-nginx", INGRESS)),
        ("b.yaml", &commented("ignore", "_format_version: '3.0'\nservices: []\n")),
        ("c.conf", &commented("nginx", "add_header X-A b;\n")),
        ("late.yaml", "_format_version: '3.0'\n# lint401: kind=traefik\nservices: []\n"),
    ]);
    assert_eq!(
        files(&folder, &[]),
        ["a.yaml edge (ingress-nginx), main file", "c.conf nginx snippet, checked alone", "late.yaml edge (kong), main file",]
    );
    // The command line says it last.
    assert_eq!(files(&folder, &["--kind", "edge", "a.yaml"]), ["a.yaml edge, no document of a known dialect, main file"]);
    let ran = folder.run(&["check", "-f", "concise", "a.yaml", "c.conf"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "the comment is no ignore comment: {}", ran.stderr);
    let ran = folder.run(&["check", "-f", "concise", "late.yaml"]);
    assert!(ran.stdout.starts_with("late.yaml:2:1: warning: this comment says what the file is"), "{}", ran.stdout);
}

#[test]
fn lists_of_objects_are_their_items() {
    let text = "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: networking.k8s.io/v1\n    kind: Ingress\n    metadata:\n      name: api\n      annotations:\n        nginx.ingress.kubernetes.io/auth-type: basic\n    spec:\n      rules:\n        - host: api.example.com\n          http:\n            paths:\n              - {path: /api, pathType: Prefix, backend: {service: {name: api}}}\n";
    let folder = Folder::with(&[("list.yaml", text)]);
    assert_eq!(files(&folder, &[]), ["list.yaml edge (ingress-nginx), main file"]);
    let ran = folder.run(&["check", "-f", "concise", "--select", "dropped-authorization"]);
    assert!(ran.stdout.starts_with("list.yaml:9:9: "), "{}", ran.stdout);
}

#[test]
fn nginx_inside_of_a_config_map_can_be_traced() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: proxy}\ndata:\n  nginx.conf: |\n    events {}\n    http {\n      server {\n        listen 80;\n        server_name api.example.com;\n        location /api/ {\n          proxy_set_header Authorization \"\";\n          proxy_pass http://127.0.0.1:9000;\n        }\n      }\n    }\n";
    let folder = Folder::with(&[("map.yaml", text)]);
    assert_eq!(files(&folder, &[]), ["map.yaml edge (nginx), main file"]);
    let ran =
        folder.run(&["trace", "-f", "json", "--header", "Authorization: Bearer x", "http://api.example.com/api/x", "map.yaml"]);
    let trace: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}", ran.stderr));
    let layer = &trace["layers"][0];
    assert_eq!((layer["kind"].as_str(), layer["handler"].as_str()), (Some("nginx"), Some("proxy")), "{layer}");
    assert_eq!((layer["served_by"]["line"].as_u64(), layer["site"]["line"].as_u64()), (Some(11), Some(8)), "{layer}");
    assert_eq!(layer["upstream"]["authorization"].as_str(), Some("dropped"), "{layer}");
}
