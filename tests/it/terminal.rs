//! What comes out on a terminal, which `script` of util-linux stands in for.
#![cfg(target_os = "linux")]

use super::folder::Folder;
use super::tool;

const BROKEN: &str = "events {}\nhttp {\n  server {\n    listen 80;\n    location / { return 204 }\n  }\n}\n";

/// What a terminal of so many columns gets, and the exit code.
fn on_terminal(folder: &Folder, columns: u16, term: &str, arguments: &str) -> (String, Option<i32>) {
    let line = format!("stty columns {columns} rows 40; '{}' {arguments}", env!("CARGO_BIN_EXE_lint401"));
    let mut command = folder.command(&[]);
    let mut script = std::process::Command::new("script");
    script.args(["--quiet", "--return", "--command", &line, "/dev/null"]).current_dir(folder.path());
    for (name, _) in command.env("LC_ALL", "C.UTF-8").get_envs() {
        script.env_remove(name);
    }
    let output = script.env("LC_ALL", "C.UTF-8").env("TERM", term).stdin(std::process::Stdio::null()).output().unwrap();
    (String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n"), output.status.code())
}

#[test]
fn colours_and_width() {
    if !tool::is_here("script") {
        return;
    }
    let folder = Folder::with(&[("broken.conf", BROKEN)]);
    let (text, code) = on_terminal(&folder, 80, "xterm", "check");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("\u{1b}["), "colours on a terminal: {text:?}");
    assert!(!text.contains("checking"), "what takes no time has no progress");
    for arguments in ["check --color never", "check -f concise"] {
        assert!(!on_terminal(&folder, 80, "xterm", arguments).0.contains('\u{1b}'), "{arguments}");
    }
    assert!(!on_terminal(&folder, 80, "dumb", "check").0.contains('\u{1b}'), "TERM=dumb");
}

#[test]
fn narrow_and_wide() {
    if !tool::is_here("script") {
        return;
    }
    let folder = Folder::with(&[(
        "nginx.conf",
        "events {}\nhttp {\n  server {\n    listen 80;\n    proxy_set_header Host $host;\n    proxy_set_header X-Real-IP $remote_addr;\n    location /login {\n      proxy_set_header X-Id $request_id;\n      proxy_pass http://127.0.0.1:3000;\n    }\n  }\n}\n",
    )]);
    let longest = |columns: u16| {
        let (text, code) = on_terminal(&folder, columns, "dumb", "check");
        assert_eq!(code, Some(1), "{text}");
        for word in ["lost-proxy-headers", "proxy_set_header", "Found 1 warning"] {
            assert!(text.contains(word), "{columns} columns: {text}");
        }
        // The lines of prose; what is quoted is never folded, so that it can be found and copied.
        let prose = text.lines().skip_while(|line| !line.contains('⚠')).take_while(|line| !line.contains('╭'));
        prose.map(|line| line.chars().count()).max().unwrap()
    };
    let (narrow, usual, wide) = (longest(20), longest(80), longest(300));
    assert!(narrow <= 40, "{narrow}");
    assert!(narrow < usual && usual <= 80, "{narrow} {usual}");
    assert!(usual < wide, "{usual} {wide}: no fold where there is room");
    let (help, _) = on_terminal(&folder, 20, "dumb", "check --help");
    assert!(help.contains("--fail-on"), "{help}");
}

/// A configuration of so many servers, each with locations that take their time.
fn large(servers: usize) -> String {
    let locations = ["/", "/api/", "~ ^/(app|wp)-[a-z]+/", "~* \\.(png|css)$"].map(|location| {
        format!("    location {location} {{ auth_basic x; auth_basic_user_file /etc/p; proxy_pass http://a; }}\n")
    });
    let server = |n| format!("  server {{\n    listen 80;\n    server_name s{n}.example.com;\n{}  }}\n", locations.concat());
    format!("events {{}}\nhttp {{\n{}}}\n", (0..servers).map(server).collect::<String>())
}

#[test]
fn progress_of_long_work() {
    if !tool::is_here("script") {
        return;
    }
    // How much is long work depends on the machine: more, until it takes long enough to be told.
    let quiet = "-f json=report.json --exit-zero";
    let mut servers = 500;
    let (folder, text) = loop {
        let folder = Folder::with(&[("nginx.conf", &large(servers))]);
        let start = std::time::Instant::now();
        let (text, code) = on_terminal(&folder, 80, "xterm", &format!("check {quiet}"));
        assert_eq!(code, Some(0), "{text}");
        if text.contains("checking") {
            break (folder, text);
        }
        assert!(start.elapsed().as_secs() < 20, "{servers} servers, and no word on the terminal: {text}");
        servers *= 2;
    };
    let told: Vec<usize> =
        text.split("checking … ").skip(1).map(|rest| rest.split(' ').next().unwrap().parse().unwrap()).collect();
    assert!(told.is_sorted() && told.iter().all(|percent| *percent <= 100), "{told:?}");
    let last = text.rfind("checking").unwrap();
    assert!(text[last..].contains("\r\u{1b}[K"), "the line is taken back: {text:?}");
    // Not where it is not wanted, and not where nobody watches.
    for (term, arguments) in [("xterm", "--no-progress"), ("dumb", "")] {
        let (text, _) = on_terminal(&folder, 80, term, &format!("check {quiet} {arguments}"));
        assert!(!text.contains("checking"), "{term} {arguments}: {text:?}");
    }
    let ran = folder.run(&["check", "-f", "json=report.json", "--exit-zero"]);
    assert!(!ran.stderr.contains("checking") && ran.stdout.is_empty(), "{}{}", ran.stdout, ran.stderr);
}
