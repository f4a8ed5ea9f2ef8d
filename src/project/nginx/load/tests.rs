use super::*;
use crate::files::Memory;

struct Tree {
    files: Memory,
    sources: SourceMap,
    settings: Settings,
}

fn tree(files: &[(&str, &str)]) -> Tree {
    let mut memory = Memory::new();
    for (path, text) in files {
        memory.add(path, *text);
    }
    Tree { files: memory, sources: SourceMap::new(), settings: Settings::default() }
}

impl Tree {
    fn load(&mut self, main: &str) -> Loaded {
        load(&self.files, &mut self.sources, Path::new(main), Path::new(""), &self.settings)
    }

    /// All directives as text, indented by depth.
    fn shown(&self, config: &Config) -> String {
        let lines = (0..config.placed.len() as u32).map(|id| {
            let directive = config.directive(&self.sources, id);
            " ".repeat(directive.ancestors().count()) + &directive.text() + "\n"
        });
        lines.collect()
    }
}

fn rules(loaded: &Loaded) -> Vec<&'static str> {
    loaded.findings.iter().map(|f| f.rule).collect()
}

#[test]
fn includes_are_placed_in_the_order_of_the_server() {
    let mut tree = tree(&[
        ("etc/nginx.conf", "http { include conf.d/*.conf; server { include snippets/a.conf; } }"),
        ("etc/conf.d/b.conf", "server { listen 2; }"),
        ("etc/conf.d/a.conf", "server { listen 1; include snippets/a.conf; }"),
        ("etc/snippets/a.conf", "location /a { return 204; }"),
    ]);
    let loaded = tree.load("etc/nginx.conf");
    assert!(loaded.findings.is_empty(), "{:?}", loaded.findings);
    let want = "http\n include conf.d/*.conf\n server\n  listen 1\n  include snippets/a.conf\n  location /a\n   return 204\n server\n  listen 2\n server\n  \
                include snippets/a.conf\n  location /a\n   return 204\n";
    assert_eq!(tree.shown(&loaded.config), want);
    assert!(!loaded.config.incomplete);
    // `a.conf` of the snippets is one file at two places, each with its own chain.
    let locations: Vec<_> = loaded.config.all(&tree.sources, Name::Location).collect();
    let chains: Vec<Vec<&str>> =
        locations.iter().map(|l| l.includes().map(|s| tree.sources.file(s.file).path.as_str()).collect()).collect();
    assert_eq!(chains, [vec!["etc/conf.d/a.conf", "etc/nginx.conf"], vec!["etc/nginx.conf"]]);
    assert_eq!(tree.sources.iter().count(), 4);
    assert!(loaded.config.guessed_context.is_empty());
    for (id, placed) in loaded.config.placed.iter().enumerate() {
        assert!(placed.subtree_end > id as u32);
        assert!(placed.parent == TOP || placed.parent < id as u32);
    }
}

#[test]
fn absolute_paths_of_a_server_are_found_in_the_repository() {
    let mut tree = tree(&[
        (
            "deploy/etc/nginx/nginx.conf",
            "http { include /etc/nginx/conf.d/*.conf; include /etc/ssl/tls.conf; include /srv/app/x.conf; }",
        ),
        ("deploy/etc/nginx/conf.d/a.conf", "gzip on;"),
        ("deploy/etc/ssl/tls.conf", "ssl_protocols TLSv1.3;"),
        ("app/x.conf", "gzip_vary on;"),
    ]);
    tree.settings.include_map = vec![("/srv/app/".into(), "app".into()), ("/srv".into(), "nowhere".into())];
    let loaded = tree.load("deploy/etc/nginx/nginx.conf");
    assert_eq!(rules(&loaded), [""; 0]);
    for text in ["gzip on", "ssl_protocols TLSv1.3", "gzip_vary on"] {
        assert!(tree.shown(&loaded.config).contains(text), "{text}");
    }
}

#[test]
fn what_is_missing_is_said() {
    let mut tree = tree(&[(
        "nginx.conf",
        "http { include a.conf; include sites/*.conf; include /opt/x/y.conf; include empty/*.none; include $x; include {{y}}; include empty; }",
    )]);
    tree.files.add("empty/a.conf", "");
    let loaded = tree.load("nginx.conf");
    let messages: Vec<_> = loaded.findings.iter().map(|f| (f.rule, f.message.as_str(), tree.sources.text(f.primary))).collect();
    assert_eq!(
        messages,
        [
            ("templated-file", "this file is a template: what its holes bring is unknown", "{{y}}"),
            ("unresolved-include", "included file not found: looked for `a.conf`", "include a.conf"),
            ("unresolved-include", "no folder for `include sites/*.conf`: looked for `sites`", "include sites/*.conf"),
            (
                "unresolved-include",
                "include of `/opt/x/y.conf` lies outside the checked tree and is not read",
                "include /opt/x/y.conf"
            ),
            ("unresolved-include", "included file not found: looked for `$x`", "include $x"),
            ("unresolved-include", "included file `empty` is a folder", "include empty"),
        ]
    );
    assert!(loaded.config.incomplete);
}

#[test]
fn files_outside_the_tree_are_read_only_on_the_host() {
    let files = [
        ("/srv/repo/nginx.conf", "include /etc/secret.conf; include ../../x.conf;"),
        ("/etc/secret.conf", "user a;"),
        ("/x.conf", ""),
    ];
    let mut tree = tree(&files);
    let base = Path::new("/srv/repo");
    let loaded = load(&tree.files, &mut tree.sources, Path::new("/srv/repo/nginx.conf"), base, &tree.settings);
    assert_eq!(rules(&loaded), ["unresolved-include"; 2]);
    assert_eq!(tree.sources.iter().count(), 1);
    tree.settings.this_host = true;
    let loaded = load(&tree.files, &mut tree.sources, Path::new("/srv/repo/nginx.conf"), base, &tree.settings);
    assert_eq!(rules(&loaded), [""; 0]);
}

#[test]
fn shipped_files_are_known_and_act() {
    let text = "http { include /etc/nginx/mime.types; include /etc/nginx/modules-enabled/*.conf; \
                server { location / { include proxy_params; include /usr/local/nginx/conf/fastcgi_params; \
                include snippets/fastcgi-php.conf; include /etc/letsencrypt/options-ssl-nginx.conf; } } }";
    let mut tree = tree(&[("nginx.conf", text)]);
    let loaded = tree.load("nginx.conf");
    assert_eq!(rules(&loaded), [""; 0]);
    let headers: Vec<_> = loaded.config.all(&tree.sources, Name::ProxySetHeader).map(|d| d.text()).collect();
    assert_eq!(headers.first().map(String::as_str), Some("proxy_set_header Host $http_host"));
    assert_eq!(headers.len(), 4);
    let params: Vec<_> = loaded.config.all(&tree.sources, Name::FastcgiParam).collect();
    assert!(params.iter().any(|d| d.arg(0) == "SCRIPT_FILENAME") && params.iter().any(|d| d.arg(0) == "QUERY_STRING"));
    assert_eq!(tree.sources.file(params[0].span().file).path, "<nginx>/fastcgi_params");
    assert!(loaded.config.shipped.contains(&params[0].span().file));
}

#[test]
fn a_copy_in_the_tree_beats_the_shipped_file() {
    let mut tree = tree(&[("nginx.conf", "http { include fastcgi_params; }"), ("fastcgi_params", "fastcgi_param A b;")]);
    let loaded = tree.load("nginx.conf");
    assert_eq!(tree.shown(&loaded.config), "http\n include fastcgi_params\n fastcgi_param A b\n");
}

#[test]
fn circles_and_depth_end() {
    let mut circle =
        tree(&[("nginx.conf", "include a.conf;"), ("a.conf", "user x; include b.conf;"), ("b.conf", "include a.conf;")]);
    let loaded = circle.load("nginx.conf");
    assert_eq!(rules(&loaded), ["limit-reached"]);
    assert_eq!(circle.shown(&loaded.config), "include a.conf\nuser x\ninclude b.conf\ninclude a.conf\n");

    let mut deep = Memory::new();
    for i in 0..100 {
        deep.add(format!("{i}.conf"), format!("include {}.conf;", i + 1));
    }
    let mut sources = SourceMap::new();
    let loaded = load(&deep, &mut sources, Path::new("0.conf"), Path::new(""), &Settings::default());
    assert_eq!(rules(&loaded), ["limit-reached"]);
    assert_eq!(loaded.config.placed.len(), MAX_DEPTH + 1);
}

#[test]
fn includes_that_double_end_at_the_limit() {
    let mut files = Memory::new();
    for i in 0..40 {
        files.add(format!("{i}.conf"), format!("include {0}.conf; include {0}.conf;", i + 1));
    }
    files.add("40.conf", "user x;");
    let (mut sources, settings) = (SourceMap::new(), Settings::default());
    let mut reader = Loader::new(&files, Path::new(""), &settings);
    reader.max_placed = 1000;
    let loaded = reader.load(&mut sources, Path::new("0.conf"));
    assert_eq!(loaded.config.placed.len(), 1000);
    assert!(loaded.config.incomplete);
    assert_eq!(rules(&loaded), ["limit-reached"]);
}

#[test]
fn a_file_included_often_is_parsed_once_and_reported_once() {
    let main = format!("http {{ {} }}", "server { include bad.conf; } ".repeat(1000));
    let mut tree = tree(&[("nginx.conf", &main), ("bad.conf", "include none.conf; gzip on }")]);
    let loaded = tree.load("nginx.conf");
    assert_eq!(tree.sources.iter().count(), 2);
    assert_eq!(loaded.config.all(&tree.sources, Name::Server).count(), 1000);
    assert_eq!(rules(&loaded).iter().filter(|r| **r == "unresolved-include").count(), 1);
    assert!(rules(&loaded).iter().filter(|r| **r == "syntax-error").count() >= 1);
    assert!(loaded.findings.len() < 6, "{:?}", rules(&loaded));
}

#[test]
fn words_of_a_file_included_in_a_map_are_data() {
    let mut tree = tree(&[
        ("nginx.conf", "http { map $uri $x { include list; default 0; } types { include t; } }"),
        ("list", "root 1;"),
        ("t", "text/html htm;"),
    ]);
    let loaded = tree.load("nginx.conf");
    assert_eq!(loaded.config.all(&tree.sources, Name::Root).count(), 0);
    assert_eq!(loaded.config.all(&tree.sources, Name::Entry).count(), 3);
}

#[test]
fn a_lone_snippet_gets_the_context_it_fits() {
    let cases: &[(&str, &[Name])] = &[
        ("location / { return 204; }", &[Name::Http, Name::Server]),
        ("proxy_set_header Host $host; proxy_http_version 1.1;", &[Name::Http, Name::Server, Name::Location]),
        ("server { listen 80; location / { proxy_pass http://x; } }", &[Name::Http]),
        ("upstream db { server 10.0.0.1:5432; } server { listen 5432; proxy_pass db; proxy_timeout 3s; }", &[Name::Stream]),
        ("map $a $b { default 1; } server { listen 80; }", &[Name::Http]),
        ("listen 80; server_name a;", &[Name::Http, Name::Server]),
        ("server 10.0.0.1; keepalive 4;", &[Name::Http, Name::Upstream]),
        ("server { protocol imap; listen 143; }", &[Name::Mail]),
        ("load_module x.so;", &[]),
        ("events {} http {}", &[]),
        ("some_module_directive on;", &[]),
    ];
    for (text, want) in cases {
        let mut tree = tree(&[("x.conf", text)]);
        assert_eq!(tree.load("x.conf").config.guessed_context, *want, "{text}");
    }
}

#[test]
fn a_snippet_finds_the_files_of_the_main_file_above_it() {
    let mut tree = tree(&[
        ("etc/nginx.conf", "http { include sites-enabled/*; }"),
        ("etc/sites-enabled/a", "server { include snippets/x.conf; include /etc/nginx/snippets/x.conf; }"),
        ("etc/snippets/x.conf", "gzip on;"),
    ]);
    let loaded = tree.load("etc/sites-enabled/a");
    assert_eq!(rules(&loaded), [""; 0]);
    assert_eq!(loaded.config.all(&tree.sources, Name::Gzip).count(), 2);
}

#[test]
fn text_at_hand_replaces_the_file() {
    let mut tree = tree(&[("nginx.conf", "user old;")]);
    let mut reader = Loader::new(&tree.files, Path::new(""), &tree.settings);
    let loaded = reader.load_text(&mut tree.sources, Path::new("nginx.conf"), b"user new;".to_vec());
    assert_eq!(tree.shown(&loaded.config), "user new\n");
}

#[test]
fn a_missing_main_file_is_a_finding() {
    let loaded = tree(&[]).load("nginx.conf");
    assert_eq!(rules(&loaded), ["unresolved-include"]);
    assert!(loaded.config.placed.is_empty() && loaded.config.incomplete);
}
