use super::is_time;
use crate::files::Memory;
use crate::finding::{Finding, Severity};
use crate::project::nginx::load;
use crate::settings::Settings;
use crate::source::SourceMap;
use std::path::Path;

fn run_with(files: &[(&str, &str)], settings: &Settings) -> (SourceMap, Vec<Finding>) {
    let mut memory = Memory::new();
    for (path, text) in files {
        memory.add(path, *text);
    }
    let mut sources = SourceMap::new();
    let main = files.first().map_or("nginx.conf", |(path, _)| path);
    let loaded = load(&memory, &mut sources, Path::new(main), Path::new(""), settings);
    let findings = super::check(&loaded.config, &sources, settings);
    (sources, findings)
}

/// Rule, message and marked text of each finding.
fn run(text: &str) -> Vec<(&'static str, String, String)> {
    let (sources, findings) = run_with(&[("nginx.conf", text)], &Settings::default());
    findings.into_iter().map(|f| (f.rule, f.message, sources.text(f.primary).to_owned())).collect()
}

fn server(body: &str) -> String {
    format!("events {{}}\nhttp {{\nserver {{\nlisten 80;\n{body}\n}}\n}}\n")
}

#[track_caller]
fn one(text: &str, rule: &str, message: &str, marked: &str) {
    let found = run(text);
    assert_eq!(found, [(rule, message.to_owned(), marked.to_owned())].map(|(r, m, t)| (leak(r), m, t)), "{text}");
}

fn leak(rule: &str) -> &'static str {
    ["syntax-error", "misplaced-directive", "unknown-directive"].into_iter().find(|known| *known == rule).unwrap()
}

#[track_caller]
fn silent(text: &str) {
    assert_eq!(run(text), [], "{text}");
}

#[test]
fn a_directive_outside_its_contexts_is_misplaced() {
    one(
        &server("location / { if ($uri) { auth_basic x; } }"),
        "misplaced-directive",
        "\"auth_basic\" is not allowed in \"if\" in \"location\"",
        "auth_basic x",
    );
    one(
        "proxy_pass http://a;\nhttp {}",
        "misplaced-directive",
        "\"proxy_pass\" is not allowed at the top level",
        "proxy_pass http://a",
    );
    silent(&server("location / { if ($uri) { add_header A b; } }"));
    let (_, findings) = run_with(&[("nginx.conf", &server("map $a $b { default 1; }"))], &Settings::default());
    assert_eq!(findings[0].help.as_deref(), Some("it is allowed in \"http\" and \"stream\""));
    assert_eq!(findings[0].related.len(), 1);
}

#[test]
fn a_lone_snippet_is_judged_in_the_context_it_fits() {
    silent("location / { proxy_pass http://a; }");
    silent("proxy_set_header Host $host;\nproxy_http_version 1.1;");
    silent("server { listen 80; }\nmap $a $b { default 1; }");
    silent("server { listen 5432; proxy_pass db:5432; proxy_timeout 1s; }");
    silent("server 10.0.0.1:80;\nkeepalive 4;");
    one(
        "listen 80;\nserver_name a;\nworker_processes 4;",
        "misplaced-directive",
        "\"worker_processes\" is not allowed beside the other directives of this file, which belong in \"server\"",
        "worker_processes 4",
    );
}

#[test]
fn locations_must_fit_into_each_other() {
    let cases = [
        ("location /a/ { location /b/ {} }", "location \"/b/\" is outside location \"/a/\"", "location /b/"),
        ("location = /a { location /a/b {} }", "location \"/a/b\" cannot be inside the exact location \"/a\"", "location /a/b"),
        ("location @a { location /b {} }", "location \"/b\" cannot be inside the named location \"@a\"", "location /b"),
        ("location / { location @b {} }", "named location \"@b\" can be on the server level only", "location @b"),
        ("location ~ \\.php$ { location /a {} }", "location \"/a\" is outside location \"\\.php$\"", "location /a"),
    ];
    for (body, message, marked) in cases {
        one(&server(body), "misplaced-directive", message, marked);
    }
    silent(&server("location /a/ { location ~ x {} location = /a/b {} location ^~ /a/c {} }"));
}

#[test]
fn a_proxied_address_with_a_path_needs_a_prefix_location() {
    for (head, place) in [
        ("location ~ x", "a location given by a regular expression"),
        ("location @x", "a named location"),
        ("location / { if ($uri)", "\"if\""),
        ("location / { limit_except GET", "\"limit_except\""),
    ] {
        let end = if head.contains("/ {") { "}" } else { "" };
        let message = format!("\"proxy_pass\" cannot have a URI part in {place}");
        one(
            &server(&format!("{head} {{ proxy_pass http://a/; }} {end}")),
            "misplaced-directive",
            &message,
            "proxy_pass http://a/",
        );
        silent(&server(&format!("{head} {{ proxy_pass http://a; }} {end}")));
        silent(&server(&format!("{head} {{ proxy_pass http://a$uri; }} {end}")));
    }
    silent(&server("location = /a { proxy_pass http://a/b; }"));
    silent(&server("location ~ x { proxy_pass http://unix:/run/a.sock; }"));
}

#[test]
fn numbers_of_arguments_are_known() {
    one(&server("root;"), "syntax-error", "\"root\" takes 1 argument, found 0", "root");
    one(&server("root /a\n  bcd e;"), "syntax-error", "\"root\" takes 1 argument, found 3", "bcd e");
    one(
        &server("internal_x;location / { internal y; }").replace("internal_x;", ""),
        "syntax-error",
        "\"internal\" takes no arguments, found 1",
        "y",
    );
    silent(&server("add_header A b always;"));
}

#[test]
fn lost_quotes_are_seen() {
    let (_, findings) =
        run_with(&[("nginx.conf", &server("location / { proxy_set_header Authorization Bearer x; }"))], &Settings::default());
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].message, "\"proxy_set_header\" takes 2 arguments, found 3");
    assert_eq!(findings[0].help.as_deref(), Some("a value with spaces needs quotes around it"));
    let edits = &findings[0].fix.as_ref().unwrap().edits;
    let mut text = server("location / { proxy_set_header Authorization Bearer x; }");
    for edit in edits.iter().rev() {
        text.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.text);
    }
    assert!(text.contains("proxy_set_header Authorization \"Bearer x\";"), "{text}");
}

#[test]
fn flags_numbers_sizes_and_times_are_read_as_the_server_reads_them() {
    one(&server("gzip yes;"), "syntax-error", "\"gzip\" must be \"on\" or \"off\"", "yes");
    silent(&server("gzip ON;"));
    one(
        &server("client_max_body_size 10x;"),
        "syntax-error",
        "invalid value of \"client_max_body_size\": it must be a size such as 8k, 10m or 1g",
        "10x",
    );
    silent(&server("client_max_body_size 1G; proxy_read_timeout 1m30s; proxy_buffer_size 8K; send_timeout 500ms; server_names_hash_bucket_size 64;").replace("server_names_hash_bucket_size 64;", ""));
    one(
        &server("proxy_read_timeout 5x;"),
        "syntax-error",
        "invalid value of \"proxy_read_timeout\": it must be a time such as 500ms, 30s or 1h",
        "5x",
    );
    for (text, milliseconds, fits) in [
        ("1d 12h", false, true),
        ("1h30", true, true),
        ("30s 1h", true, false),
        ("1y", false, true),
        ("1y", true, false),
        ("5ms", false, false),
        ("", false, false),
        ("s", true, true),
    ] {
        // A unit without a number is refused only where no digit stands at all.
        assert_eq!(is_time(text, milliseconds), fits && text != "s", "{text}");
    }
}

#[test]
fn duplicates_are_found_in_one_block_only() {
    one(
        &server("auth_basic a; auth_basic b;"),
        "syntax-error",
        "\"auth_basic\" stands a second time in this block",
        "auth_basic b",
    );
    silent(&server("auth_basic a; location / { auth_basic b; }"));
    silent(&server(
        "add_header A b; add_header A b; error_page 404 /a; error_page 500 /b; proxy_set_header A b; proxy_set_header A b;",
    ));
    one(
        &server("location /a { alias /b; root /c; }"),
        "syntax-error",
        "\"root\" and \"alias\" exclude each other in one block",
        "root /c",
    );
    one(&server("listen 0.0.0.0:80;"), "syntax-error", "this server listens on 0.0.0.0:80 twice", "listen 0.0.0.0:80");
    one(&server("location /a {} location /a {}"), "syntax-error", "duplicate location \"/a\"", "location /a");
    one(&server("location /a {} location ^~ /a {}"), "syntax-error", "duplicate location \"/a\"", "location ^~ /a");
    silent(&server("location /a {} location = /a {} location ~ /a {} location ~ /a {} location @a {} location @a {}"));
    one(
        "events {} http { upstream a { server b; } upstream A { server b; } }",
        "syntax-error",
        "duplicate upstream \"A\"",
        "upstream A",
    );
}

#[test]
fn one_address_has_one_default_server_and_one_set_of_options() {
    let two = |a: &str, b: &str| format!("events {{}} http {{ server {{ listen {a}; }} server {{ listen {b}; }} }}");
    one(
        &two("80 default_server", "*:80 default_server"),
        "syntax-error",
        "a second default server for *:80",
        "listen *:80 default_server",
    );
    one(
        &two("80 backlog=9", "80 reuseport"),
        "syntax-error",
        "socket options for 80 are given a second time",
        "listen 80 reuseport",
    );
    silent(&two("80 default_server", "443 default_server"));
    silent(&two("443 ssl reuseport", "443 quic reuseport"));
    one(&server("listen 81 ssll;"), "syntax-error", "invalid parameter \"ssll\" of \"listen\"", "ssll");
    one(&server("listen 99999;"), "syntax-error", "invalid port in \"99999\" of \"listen\"", "99999");
}

#[test]
fn values_are_checked() {
    for (body, message, marked) in [
        ("return 1000;", "invalid return code \"1000\"", "1000"),
        ("return hello;", "invalid return code \"hello\"", "hello"),
        ("rewrite ^ /x lst;", "invalid parameter \"lst\" of \"rewrite\"", "lst"),
        ("error_page 200 /x;", "\"error_page\" takes codes from 300 to 599, not 200", "200"),
        ("error_page 404 =x /x;", "invalid value \"=x\" of \"error_page\"", "=x"),
        ("set x 1;", "invalid variable name \"x\"", "x"),
        ("add_header A b allways;", "invalid parameter \"allways\" of \"add_header\"", "allways"),
        ("location / { fastcgi_param A b c; }", "invalid parameter \"c\" of \"fastcgi_param\"", "c"),
        ("try_files $uri =/index.php;", "invalid code \"=/index.php\" of \"try_files\"", "=/index.php"),
        ("satisfy both;", "invalid parameter \"both\" of \"satisfy\"", "both"),
        ("deny example.com;", "invalid parameter \"example.com\" of \"deny\"", "example.com"),
        ("proxy_cache_valid 200 5x;", "invalid time value \"5x\"", "5x"),
        ("expires soon;", "invalid value \"soon\" of \"expires\"", "soon"),
        ("location ^ /a {}", "invalid location modifier \"^\"", "^"),
        ("location / { proxy_pass a:80; }", "invalid URL prefix in \"a:80\"", "a:80"),
        ("location / { fastcgi_pass a:PORT; }", "invalid port \"PORT\" in \"fastcgi_pass\"", "a:PORT"),
        ("location / { limit_except FETCH { deny all; } }", "invalid method \"FETCH\"", "FETCH"),
        ("location ~ ^/(a {}", "the regular expression of \"location\" is refused: missing closing parenthesis", "^/(a"),
        ("if ($a == b) {}", "unexpected \"==\" in condition", "=="),
        ("if (-f $a $b) {}", "invalid condition: one path after \"-f\"", "(-f $a $b)"),
        ("if ($a = b && $c = d) {}", "invalid condition: a variable, an operator and one value", "($a = b && $c = d)"),
        ("if (a) {}", "invalid condition: it begins with neither a variable nor a test of a file", "(a)"),
        ("if($a) {}", "unknown directive \"if($a)\"", "if($a)"),
    ] {
        let text = server(body).replace("listen 80;", "listen 80; set $a 1; set $b 1; set $c 1;");
        one(&text, "syntax-error", message, marked);
    }
    silent(&server(
        "return 444; if ( $uri ~ ^/a(b)$ ) { return 301 https://a$1; } if ($args) { return https://x; } if (!-e $request_filename) { break; }
         error_page 404 = /x; error_page 401 403 =302 /y; error_page 500 =200 @z; server_name .a.com *.b.com c.* ~^x(?<q>a)$ _ \"\";
         allow 10.0.0.0/8; allow ::1; allow unix:; deny all; expires -1; expires_x;
         location /d/ { set $root $q; expires modified +24h; proxy_pass http://[::1]:80; } location @z { fastcgi_pass unix:/run/x; }"
            .replace("expires_x;", "")
            .as_str(),
    ));
}

#[test]
fn a_bad_server_name_matters_where_an_address_has_several_servers() {
    let two = |port: u32| {
        format!("events {{}} http {{ server {{ listen 80; server_name a*b; }} server {{ listen {port}; server_name c; }} }}")
    };
    one(&two(80), "syntax-error", "invalid server name or wildcard \"a*b\"", "a*b");
    silent(&two(81));
}

#[test]
fn entries_are_one_source_and_one_value() {
    let map =
        |entry: &str| format!("events {{}} http {{ map $uri $x {{ {entry}; default 1; }} geo $y {{ ranges; default 0; }} }}");
    one(&map("a b c"), "syntax-error", "invalid number of the map parameters", "a b c");
    one(&map("a"), "syntax-error", "invalid number of the map parameters", "a");
    one(
        &map("~(a 1"),
        "syntax-error",
        "the regular expression of this \"map\" entry is refused: missing closing parenthesis",
        "~(a",
    );
    silent(&map("hostnames; ~*^/a$ 1; volatile"));
    one(
        "events {} http { upstream a { server b $c weight=2; } }",
        "syntax-error",
        "invalid parameter \"$c\" of \"server\"",
        "$c",
    );
}

#[test]
fn names_are_unknown_only_in_a_whole_configuration() {
    one(&server("return 200 $none_such;"), "syntax-error", "unknown variable \"$none_such\"", "$none_such");
    silent("server { return 200 $none_such; }");
    silent(&server("return 200 $none_such; some_module on;").replace("some_module on;", "set_by_lua $x 'return 1';"));
    silent(&server("set $a $http_x$arg_y$cookie_z; return 200 $A$1${uri}x;"));
    one(&server("if ($none_such ~ a$) { return 404; }"), "syntax-error", "unknown variable \"$none_such\"", "($none_such");
    one(
        &server("location / { fastcgi_pass php; }"),
        "syntax-error",
        "no port in \"php\", and no upstream has that name",
        "fastcgi_pass php",
    );
    silent("events {} http { upstream PHP { server a:9000; } server { location / { fastcgi_pass php; } } }");
    one(&server("location / { proxy_cache z; }"), "syntax-error", "cache zone \"z\" is unknown", "proxy_cache z");
    silent("events {} http { proxy_cache_path /x levels=1:2 keys_zone=z:1m; server { proxy_cache z; fastcgi_cache off; } }");
    one(&server("limit_req zone=z;"), "syntax-error", "zone \"z\" of \"limit_req\" is unknown", "limit_req zone=z");
    silent("events {} http { limit_req_zone $uri zone=z:1m rate=1r/s; limit_req zone=z burst=5; }");
    one(&server("access_log /x main;"), "syntax-error", "unknown log format \"main\"", "access_log /x main");
    silent(&server("access_log /x combined; access_log /y buffer=8k; access_log off; access_log syslog:server=a;"));
    // Includes that are missing may define anything.
    silent("events {} http { include none.conf; server { return 200 $none_such; proxy_cache z; access_log /x main; } }");
}

#[test]
fn an_upstream_needs_servers() {
    one("events {} http { upstream a { keepalive 4; } }", "syntax-error", "no servers are inside upstream \"a\"", "}");
    silent("events {} http { upstream a { include servers/*.conf; } }");
    silent("events {} http { upstream a { server b; } }");
}

#[test]
fn unknown_names_are_information_with_a_guess() {
    let (_, findings) =
        run_with(&[("nginx.conf", &server("location / { proxy_paas http://a; some_module on; }"))], &Settings::default());
    let told: Vec<_> = findings.iter().map(|f| (f.rule, f.severity, f.help.as_deref())).collect();
    assert_eq!(
        told,
        [
            ("unknown-directive", Some(Severity::Info), Some("did you mean \"proxy_pass\"?")),
            ("unknown-directive", Some(Severity::Info), Some("it may belong to a third-party module")),
        ]
    );
    silent(&server("nchan_publisher; more_set_headers \"A: b\"; brotli on; auth_jwt x;"));
}

#[test]
fn releases_decide_what_is_known() {
    let old = Settings { nginx_version: (1, 24, 0), ..Settings::default() };
    let text = server("http2 on; ssl on;");
    let (_, findings) = run_with(&[("nginx.conf", &text)], &old);
    let messages: Vec<_> = findings.iter().map(|f| f.message.as_str()).collect();
    assert_eq!(messages, ["\"http2\" came with nginx 1.25.1, after the configured 1.24.0"]);
    let (_, findings) = run_with(&[("nginx.conf", &text)], &Settings::default());
    let messages: Vec<_> = findings.iter().map(|f| f.message.as_str()).collect();
    assert_eq!(messages, ["\"ssl\" is gone since nginx 1.25.1: the configured 1.30.0 refuses it"]);
}

#[test]
fn templates_are_judged_only_for_what_no_rendering_can_mend() {
    silent(
        "server { listen {{ port }}; location / { {{ x }} } auth_basic a; {% if b %} auth_basic b; {% endif %} location {{ a }} {} root; }",
    );
    let found = run("server { server_name {{ x }}; location / { proxy_set_header Authorization Bearer x; } }");
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn a_fault_of_a_file_included_often_is_told_once() {
    let main = format!("events {{}} http {{ {} }}", "server { include a.conf; } ".repeat(50));
    let (_, findings) =
        run_with(&[("nginx.conf", &main), ("a.conf", "gzip yes;\nlocation / { root a b; }")], &Settings::default());
    assert_eq!(findings.len(), 2);
}

#[test]
fn shipped_files_are_not_judged() {
    let text = "events {} http { server { location / { include fastcgi_params; include snippets/fastcgi-php.conf; } } }";
    silent(text);
}
