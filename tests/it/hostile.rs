//! Broken and hostile files: the program answers with diagnostics and an exit code, within its time, and never with a panic.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const SERVER: &str = "events {}\nhttp { server { listen 80;\n";
const END: &str = "\n} }\n";

/// A generous limit: debug builds on a busy machine are slow, a hang is forever.
const LIMIT: Duration = Duration::from_secs(300);

fn wrapped(body: &str) -> Vec<u8> {
    format!("{SERVER}{body}{END}").into_bytes()
}

struct Answer {
    code: i32,
    stdout: String,
    stderr: String,
}

/// Runs `lint401 check PATH -f concise` and checks what holds for every input.
fn check(path: &Path) -> Answer {
    check_as("auto", path)
}

/// The same for a file of a given kind.
fn check_as(kind: &str, path: &Path) -> Answer {
    let child = Command::new(env!("CARGO_BIN_EXE_lint401"))
        .args(["check", "-f", "concise", "--kind", kind])
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = wait(child, path);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let answer = Answer { code: output.status.code().unwrap_or(-1), stdout: text(&output.stdout), stderr: text(&output.stderr) };
    let shown: String = answer.stderr.chars().take(400).collect();
    assert!((0..=3).contains(&answer.code), "{}: exit {:?}: {shown}", path.display(), output.status);
    for sign in ["panicked at", "RUST_BACKTRACE", "stack overflow", "internal-error", "memory allocation of"] {
        assert!(!answer.stdout.contains(sign) && !answer.stderr.contains(sign), "{}: {sign}: {shown}", path.display());
    }
    for line in answer.stdout.lines() {
        assert!(!line.contains(|c: char| c.is_control()), "control characters in a report line: {:?}", line.get(..200));
    }
    answer
}

/// Waits at most [`LIMIT`]; the pipes are read meanwhile, or a long report would block the child.
fn wait(mut child: std::process::Child, path: &Path) -> Output {
    fn drain(pipe: Option<impl std::io::Read + Send + 'static>) -> std::thread::JoinHandle<Vec<u8>> {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(mut pipe) = pipe {
                let _ = pipe.read_to_end(&mut bytes);
            }
            bytes
        })
    }
    let (stdout, stderr) = (drain(child.stdout.take()), drain(child.stderr.take()));
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > LIMIT {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{}: no answer within {LIMIT:?}", path.display());
        }
        sleep(Duration::from_millis(5));
    };
    Output { status, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
}

struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn add(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    fn root(&self) -> &Path {
        self.0.path()
    }
}

/// One file named `nginx.conf`.
fn check_text(bytes: impl AsRef<[u8]>) -> Answer {
    let tree = Tree::new();
    let path = tree.add("nginx.conf", bytes);
    check(&path)
}

/// The fault is reported, as a finding.
fn refused(bytes: impl AsRef<[u8]>) -> Answer {
    let answer = check_text(bytes);
    assert_eq!(answer.code, 1, "stdout: {} stderr: {}", answer.stdout, answer.stderr);
    assert!(answer.stdout.contains("[syntax-error]") || answer.stdout.contains("[limit-reached]"), "{}", answer.stdout);
    answer
}

#[test]
fn unterminated_quotes() {
    for quote in ['"', '\''] {
        refused(wrapped(&format!("auth_basic {quote}Staff;")));
        refused(format!("{quote}"));
        refused(format!("{SERVER}return 200 {quote}{}", "a\\".repeat(9)));
    }
}

#[test]
fn a_hundred_thousand_nested_braces() {
    let n = 100_000;
    refused("a {".repeat(n));
    refused("{".repeat(n));
    refused("}".repeat(n));
    check_text(format!("{}{}", "location / {\n".repeat(n), "}\n".repeat(n)));
    check_text(format!("{SERVER}{}{}{END}", "if ($a) {".repeat(n), "}".repeat(n)));
    check_text(format!("{SERVER}content_by_lua_block {} {};{END}", "{".repeat(n), "}".repeat(n)));
}

#[test]
fn a_line_of_a_hundred_megabytes() {
    let tree = Tree::new();
    let path = tree.root().join("nginx.conf");
    let mut file = fs::File::create(&path).unwrap();
    file.write_all(b"events {} http { server { return 200 ").unwrap();
    let chunk = vec![b'a'; 1 << 20];
    for _ in 0..100 {
        file.write_all(&chunk).unwrap();
    }
    file.write_all(b"; } }").unwrap();
    drop(file);
    assert_eq!(check(&path).code, 1);
}

#[test]
fn many_short_directives_on_one_line() {
    check_text(wrapped(&"add_header X 1;".repeat(100_000)));
    check_text(wrapped(&format!("add_header X{};", " a".repeat(100_000))));
    check_text(format!("{}{SERVER}{END}", "#".repeat(1_000_000)));
}

#[test]
fn errors_without_end() {
    let answer = refused(wrapped(&";".repeat(20_000)));
    assert!(answer.stdout.lines().count() <= 20_001, "at most one line an error");
}

#[test]
fn include_cycles() {
    let tree = Tree::new();
    let main = tree.add("nginx.conf", "include nginx.conf;\nevents {}\nhttp { include a.conf; }\n");
    tree.add("a.conf", "include b.conf;\n");
    tree.add("b.conf", "include a.conf;\ninclude *.conf;\n");
    let answer = check(&main);
    assert_eq!(answer.code, 1, "a cycle is reported: {}", answer.stdout);
    check(tree.root());
}

#[test]
fn an_include_bomb() {
    // Twenty files, each bringing the next one twice: 2^20 copies of the last one.
    let tree = Tree::new();
    let main = tree.add("nginx.conf", "events {}\nhttp { include bomb/0.conf; }\n");
    for i in 0..20 {
        let next = i + 1;
        tree.add(&format!("bomb/{i}.conf"), format!("include bomb/{next}.conf;\ninclude bomb/{next}.conf;\n"));
    }
    tree.add("bomb/20.conf", "server { location /a { return 204; } }\n");
    let answer = check(&main);
    assert!(answer.stdout.contains("[limit-reached]"), "the limit is reported: {}", answer.stdout);
}

#[test]
fn an_include_bomb_of_globs() {
    // Eight files that each bring all the others: 8! chains.
    let tree = Tree::new();
    let main = tree.add("nginx.conf", "events {}\nhttp { include glob/*.conf; }\n");
    for i in 0..8 {
        tree.add(&format!("glob/{i}.conf"), "include glob/*.conf;\nadd_header X 1;\n");
    }
    check(&main);
}

#[test]
fn deep_includes() {
    let tree = Tree::new();
    let main = tree.add("nginx.conf", "events {}\nhttp { include deep/0.conf; }\n");
    for i in 0..2_000 {
        tree.add(&format!("deep/{i}.conf"), format!("include deep/{}.conf;\n", i + 1));
    }
    tree.add("deep/2000.conf", "server { listen 80; }\n");
    check(&main);
}

#[test]
fn bytes_that_are_not_text() {
    refused(b"events {}\nhttp { server { \0\0\0 } }\n");
    check_text(b"events {}\nhttp { server { return 200 \"a\0b\"; } }\n");
    check_text(b"# caf\xe9\nevents {}\nhttp { server { return 200 \"caf\xe9\"; } }\n");
    check_text(wrapped("return 200 \"\u{202e}\u{7}\u{1b}[31m\";"));
    check_text((0..=255_u8).cycle().take(70_000).collect::<Vec<_>>());
    check_text([b'\xff'; 10_000]);
    refused("events {\u{85}");
}

#[test]
fn utf16_is_no_configuration() {
    let utf16: Vec<u8> = "events {}\nhttp {}\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    check_text([&[0xff, 0xfe][..], &utf16].concat());
}

#[test]
fn byte_order_mark() {
    refused([b"\xef\xbb\xbf", wrapped("return 204;").as_slice()].concat());
}

#[test]
fn crlf() {
    let good = String::from_utf8(wrapped("location / { return 204; }")).unwrap().replace('\n', "\r\n");
    let answer = check_text(good);
    assert_eq!(answer.code, 0, "{}", answer.stdout);
    let broken = "events {}\r\nhttp {\r\n  server {\r\n    ;\r\n  }\r\n}\r\n";
    let answer = refused(broken);
    assert!(answer.stdout.contains("nginx.conf:4:5:"), "lines count as with LF: {}", answer.stdout);
}

#[test]
fn a_lone_carriage_return_is_white_space() {
    assert_eq!(check_text("events {}\rhttp { server { listen 80;\rreturn 204; } }\r").code, 0);
}

#[test]
fn tokens_at_the_limit_of_the_server() {
    let with = |n: usize| wrapped(&format!("location / {{ return 200 {}; }}", "a".repeat(n)));
    assert_eq!(check_text(with(4_000)).code, 0);
    refused(with(4_097));
}

#[test]
fn folders_named_like_files() {
    let tree = Tree::new();
    let main = tree.add("nginx.conf", "events {}\nhttp { include conf.d/*.conf; include only.conf; }\n");
    fs::create_dir_all(tree.root().join("conf.d/x.conf")).unwrap();
    fs::create_dir_all(tree.root().join("only.conf")).unwrap();
    let answer = check(&main);
    assert_eq!(answer.code, 1, "an include of a folder is no green run: {}", answer.stdout);
    check(tree.root());
}

#[test]
fn empty_things() {
    let tree = Tree::new();
    assert_eq!(check(tree.root()).code, 3, "nothing was checked");
    assert_eq!(check(&tree.root().join("absent.conf")).code, 2);
    check(&tree.add("empty.conf", ""));
    check(&tree.add("newline.conf", "\n"));
    check(&tree.add("hash.conf", "#"));
}

#[test]
fn names_that_are_hard_to_show() {
    let tree = Tree::new();
    for name in ["a b.conf", "ä.conf", "-f.conf", "a:1:2: error: x.conf", "[x]*?.conf"] {
        check(&tree.add(name, wrapped("location / { return 204; }")));
    }
    check(tree.root());
}

#[test]
fn expensive_patterns() {
    // Catastrophic for a backtracking engine: the work is capped.
    check_text(wrapped("location ~ ^/(a+)+$ { return 204; }\nlocation ~ ^/(?:(?=a)a|a)*b$ { return 204; }"));
    check_text(wrapped("location ~ ^/(?:a?){60}a{60}$ { return 204; }").as_slice());
    check_text(wrapped("location ~ \"^/(?:[a-z]{1000}){1000}$\" { return 204; }"));
    check_text(wrapped(&format!("location ~ {}a{} {{ return 204; }}", "(".repeat(1_500), ")".repeat(1_500))));
}

#[test]
fn loops_inside_the_configuration() {
    check_text(wrapped("location /a { rewrite ^ /b last; }\nlocation /b { rewrite ^ /a last; }"));
    check_text(wrapped(
        "error_page 404 /x;\nlocation / { try_files $uri @a; }\nlocation @a { error_page 404 = @a; return 404; }",
    ));
    check_text(b"events {}\nhttp { map $a $b { default $c; } map $b $c { default $b; } server { return 200 $c; } }\n");
    check_text(wrapped("set $a $b; set $b $a; return 200 $a$b;"));
    check_text(b"events {}\nhttp { upstream a { server a; } server { location / { proxy_pass http://a; } } }\n");
}

#[test]
fn values_that_grow() {
    let mut doubled = String::new();
    for i in 0..40 {
        writeln!(doubled, "set $v{} $v{i}$v{i};", i + 1).unwrap();
    }
    check_text(wrapped(&format!("set $v0 aaaaaaaa;\n{doubled}proxy_set_header X $v40; return 200 $v40;")));
}

#[cfg(unix)]
mod apache;
mod yaml;
#[cfg(unix)]
mod unix {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn symlink_loops() {
        let tree = Tree::new();
        let main = tree.add("nginx.conf", "events {}\nhttp { include loop/*.conf; include self.conf; }\n");
        fs::create_dir(tree.root().join("loop")).unwrap();
        symlink(tree.root(), tree.root().join("loop/again")).unwrap();
        symlink("self.conf", tree.root().join("self.conf")).unwrap();
        symlink("../nginx.conf", tree.root().join("loop/main.conf")).unwrap();
        check(&main);
        check(tree.root());
    }

    #[test]
    fn unreadable_files() {
        let tree = Tree::new();
        let main = tree.add("nginx.conf", "events {}\nhttp { include secret.conf; }\n");
        let secret = tree.add("secret.conf", "server { listen 80; }\n");
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
        // The owner of everything reads it all the same: then there is nothing to see here.
        if fs::File::open(&secret).is_ok() {
            return;
        }
        let answer = check(&main);
        assert!(answer.stdout.contains("[unresolved-include]"), "{}", answer.stdout);
        assert_eq!(check(&secret).code, 2);
    }

    #[test]
    fn names_that_are_not_utf8() {
        let tree = Tree::new();
        let path = tree.root().join(std::ffi::OsStr::from_bytes(b"caf\xe9.conf"));
        if fs::write(&path, wrapped("location / { return 204; }")).is_ok() {
            check(&path);
            check(tree.root());
        }
    }

    #[test]
    fn pipes_are_no_configuration() {
        let tree = Tree::new();
        let fifo = tree.root().join("pipe.conf");
        if Command::new("mkfifo").arg(&fifo).status().is_ok_and(|s| s.success()) {
            let main = tree.add("nginx.conf", "events {}\nhttp { include pipe.conf; }\n");
            let answer = check(&main);
            assert!(answer.stdout.contains("[unresolved-include]"), "{}", answer.stdout);
            check(tree.root());
            assert_eq!(check(&fifo).code, 2);
        }
    }

    #[test]
    fn files_beyond_the_width_of_an_offset() {
        // Five gigabytes on paper, a few blocks on disk.
        let tree = Tree::new();
        let path = tree.add("nginx.conf", wrapped("return 204;"));
        fs::File::options().write(true).open(&path).unwrap().set_len(5 << 30).unwrap();
        assert_eq!(check(&path).code, 2);
        let main = tree.add("main/nginx.conf", "events {}\nhttp { include ../nginx.conf; }\n");
        assert!(check(&main).stdout.contains("[unresolved-include]"));
    }
}
