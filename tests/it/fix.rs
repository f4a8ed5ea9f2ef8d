//! `check --fix`, `--unsafe-fixes` and `--diff`: what is written, what is not, and what is said.

use std::fs;
use std::path::Path;
use std::process::Command;

use snapbox::{IntoData as _, assert_data_eq, str};

use super::folder::{Folder, Ran};

/// A comment that accepts nothing (its fix is safe), and a header that is cleared (its fix is unsafe).
const BOTH: &str = "events {}
http {
    server {
        listen 80;
        # lint401: ignore[bypassed-auth] -- no longer so
        location /api/ {
            proxy_set_header Authorization \"\";
            proxy_pass http://app;
        }
    }
}
";
const COMMENT: &str = "        # lint401: ignore[bypassed-auth] -- no longer so\n";
const HEADER: &str = "            proxy_set_header Authorization \"\";\n";

fn read(folder: &Folder, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).unwrap()
}

/// The text of the file, or of standard output, after fixes of which `without` is taken out.
fn without(parts: &[&str]) -> String {
    parts.iter().fold(BOTH.to_owned(), |text, part| text.replace(part, ""))
}

#[test]
fn safe_fixes_are_applied_and_what_is_left_is_reported() {
    let folder = Folder::with(&[("nginx.conf", BOTH)]);
    let ran = folder.run(&["check", "--fix", "-f", "concise"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "1 fixed (1 file), 1 more with --unsafe-fixes\n"));
    assert_data_eq!(
        ran.stdout,
        str![[r"
nginx.conf:6:13: error: GET /api/ with Authorization reaches the application without its Authorization header: this line drops it [dropped-authorization]

"]]
        .raw()
    );
    assert_eq!(read(&folder, "nginx.conf"), without(&[COMMENT]));
    // A second run changes nothing.
    let before = fs::metadata(folder.path().join("nginx.conf")).unwrap().modified().unwrap();
    let ran = folder.run(&["check", "--fix", "-f", "concise"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "0 fixed, 1 more with --unsafe-fixes\n"));
    assert_eq!(fs::metadata(folder.path().join("nginx.conf")).unwrap().modified().unwrap(), before);
}

#[test]
fn unsafe_fixes_are_applied_on_request() {
    let folder = Folder::with(&[("nginx.conf", BOTH)]);
    let ran = folder.run(&["check", "--unsafe-fixes", "-f", "concise"]);
    assert_eq!((ran.code, read(&folder, "nginx.conf").as_str()), (1, BOTH));
    assert!(ran.stderr.contains("mends nothing by itself"), "{}", ran.stderr);
    let ran = folder.run(&["check", "--fix", "--unsafe-fixes"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "No findings in 1 file.\n"));
    assert_eq!(ran.stderr, "2 fixed (1 file)\n");
    assert_eq!(read(&folder, "nginx.conf"), without(&[COMMENT, HEADER]));
}

#[test]
fn full_output_shows_the_fix() {
    let folder = Folder::with(&[("nginx.conf", BOTH)]);
    let ran = folder.run(&["check", "--select", "unused-ignore,bypassed-auth"]);
    assert_data_eq!(
        ran.stdout,
        str![[r"
warning[unused-ignore]

  ⚠ `bypassed-auth` reports nothing here: the comment is not needed
   ╭─[nginx.conf:5:27]
 4 │         listen 80;
 5 │         # lint401: ignore[bypassed-auth] -- no longer so
   ·                           ─────────────
 6 │         location /api/ {
   ╰────
  help: take it out
  docs: https://github.com/lint401/lint401/blob/main/rules/unused-ignore.md
  fix: take the comment out
    5 -         # lint401: ignore[bypassed-auth] -- no longer so

Found 1 warning in 1 file.
1 fixable with --fix.

"]]
        .raw()
    );
    let ran = folder.run(&["check"]);
    assert!(ran.stdout.contains("  fix (unsafe): remove the line\n    7 -             proxy_set_header Authorization \"\";\n"));
    assert!(ran.stdout.ends_with("1 fixable with --fix, 1 more with --unsafe-fixes.\n"), "{}", ran.stdout);
}

#[test]
fn a_diff_writes_nothing_and_can_be_applied() {
    let folder = Folder::with(&[("a b/nginx.conf", BOTH)]);
    let ran = folder.run(&["check", "--diff", "--unsafe-fixes"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "2 would be fixed (1 file)\n"));
    assert_eq!(read(&folder, "a b/nginx.conf"), BOTH);
    assert_data_eq!(
        ran.stdout.as_str(),
        str![[r#"
--- a b/nginx.conf	
+++ a b/nginx.conf	
@@ -2,9 +2,7 @@
 http {
     server {
         listen 80;
-        # lint401: ignore[bypassed-auth] -- no longer so
         location /api/ {
-            proxy_set_header Authorization "";
             proxy_pass http://app;
         }
     }

"#]]
        .raw()
    );
    if !apply(&folder, &ran.stdout) {
        return;
    }
    assert_eq!(read(&folder, "a b/nginx.conf"), without(&[COMMENT, HEADER]));
    let ran = folder.run(&["check", "--diff", "--unsafe-fixes"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", "0 would be fixed\n"));
}

/// Applies a diff, where git is there to do it.
fn apply(folder: &Folder, diff: &str) -> bool {
    fs::write(folder.path().join("it.diff"), diff).unwrap();
    let mut git = Command::new("git");
    git.args(["apply", "-p0", "--unidiff-zero", "it.diff"]).current_dir(folder.path()).env("GIT_CEILING_DIRECTORIES", "/");
    let Ok(ran) = git.output() else { return false };
    assert!(ran.status.success(), "{}\n{diff}", String::from_utf8_lossy(&ran.stderr));
    true
}

#[test]
fn secrets_do_not_come_out_in_a_diff() {
    // A secret beside the change is not part of the diff, one in it is starred.
    let text = "events {}
http {
    server {
        listen 80;
        proxy_set_header X-Api-Key k8f03jd92hx;
        # lint401: ignore[bypassed-auth] -- no longer so
        location /api/ { proxy_pass http://app; }
    }
}
";
    let folder = Folder::with(&[("nginx.conf", text)]);
    let ran = folder.run(&["check", "--diff"]);
    assert_eq!(ran.code, 1);
    assert!(!ran.stdout.contains("k8f03jd92hx") && ran.stdout.contains("-        # lint401"), "{}", ran.stdout);
    assert_eq!(ran.stderr, "1 would be fixed (1 file)\n");
    if apply(&folder, &ran.stdout) {
        assert_eq!(read(&folder, "nginx.conf"), text.replace(COMMENT, ""));
    }

    let folder = Folder::with(&[(
        "nginx.conf",
        "events {}\nhttp { server { location / {\n  proxy_set_header Authorization \"Bearer: k8f03jd92hx\";\n  proxy_pass http://a;\n} } }\n",
    )]);
    let ran = folder.run(&["check", "--diff", "--unsafe-fixes"]);
    assert_eq!(ran.code, 1);
    assert!(!ran.stdout.contains("k8f03jd92hx") && ran.stdout.contains("Bearer ***"), "{}", ran.stdout);
    assert!(ran.stderr.starts_with("note: secrets are starred in the diff of nginx.conf"), "{}", ran.stderr);
    let full = folder.run(&["check"]).stdout;
    assert!(!full.contains("k8f03jd92hx") && full.contains("fix (unsafe)"), "{full}");
    assert_eq!(folder.run(&["check", "--fix", "--unsafe-fixes", "--select", "malformed-authorization"]).code, 0);
    assert!(read(&folder, "nginx.conf").contains("\"Bearer k8f03jd92hx\""));
}

#[test]
fn a_report_beside_a_diff_is_that_of_the_files() {
    let folder = Folder::with(&[("nginx.conf", BOTH)]);
    let ran = folder.run(&["check", "--diff", "-f", "concise=out.txt"]);
    assert!(ran.stdout.starts_with("--- nginx.conf\n"));
    assert_eq!(read(&folder, "out.txt").lines().count(), 2);
}

#[test]
fn colours_of_a_diff() {
    let folder = Folder::with(&[("nginx.conf", BOTH)]);
    let ran = folder.run(&["check", "--diff", "--color", "always"]);
    assert!(ran.stdout.contains("\u{1b}[31m-        # lint401: ignore"), "{}", ran.stdout);
    assert!(!folder.run(&["check", "--diff"]).stdout.contains('\u{1b}'));
}

#[test]
fn standard_input_comes_back_mended() {
    let folder = Folder::with(&[("nginx.conf", "events {}\nhttp { include site.conf; }\n"), ("site.conf", "# nothing yet\n")]);
    let ran = folder.run_with(&["check", "--fix", "-", "-f", "concise"], BOTH);
    assert_eq!((ran.code, ran.stdout), (1, without(&[COMMENT])));
    assert!(ran.stderr.contains("<stdin>:6:13: error: ") && ran.stderr.ends_with("1 more with --unsafe-fixes\n"));

    let site = "server {\n    # lint401: ignore[bypassed-auth] -- gone\n    location / { return 204; }\n}\n";
    let ran = folder.run_with(&["check", "--fix", "-", "--stdin-filename", "site.conf", "-q"], site);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "server {\n    location / { return 204; }\n}\n"));
    assert_eq!(read(&folder, "site.conf"), "# nothing yet\n", "the file itself is left to the editor");
    let ran = folder.run_with(&["check", "--fix", "-", "-q"], "server { listen 80; }\n");
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "server { listen 80; }\n"), "what needs no fix comes back too");
    let ran = folder.run_with(&["check", "--diff", "-", "--stdin-filename", "site.conf"], site);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.starts_with("--- site.conf\n"));
}

#[test]
fn a_dump_is_shown_mended_and_not_written() {
    let dump = format!("# configuration file /etc/nginx/nginx.conf:\n{BOTH}\n");
    let folder = Folder::with(&[]);
    let ran = folder.run_with(&["check", "--fix", "-"], &dump);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.starts_with("error: nothing can be written into the output of `nginx -T`\n"), "{}", ran.stderr);
    let ran = folder.run_with(&["check", "--diff", "-"], &dump);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.starts_with("--- /etc/nginx/nginx.conf\n"), "{}", ran.stdout);
}

#[test]
fn what_is_not_reported_is_not_fixed() {
    let unused = ["check", "--fix", "-q"];
    for more in
        [&["--ignore", "unused-ignore"][..], &["--min-severity", "error"], &["--exclude", "nginx.conf"], &["--no-ignores"]]
    {
        let folder = Folder::with(&[("nginx.conf", BOTH)]);
        folder.run(&[&unused, more].concat());
        assert_eq!(read(&folder, "nginx.conf"), BOTH, "{more:?}");
    }
    let folder = Folder::with(&[("nginx.conf", BOTH)]);
    assert_eq!(folder.run(&["baseline", "create"]).code, 0);
    let ran = folder.run(&["check", "--fix", "--unsafe-fixes", "--baseline", ".lint401-baseline.json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, "0 fixed\n"));
    assert_eq!(read(&folder, "nginx.conf"), BOTH, "the baseline tolerates both");

    let accepted = BOTH.replace(
        "            proxy_set",
        "            # lint401: ignore[dropped-authorization] -- so be it\n            proxy_set",
    );
    let folder = Folder::with(&[("nginx.conf", &accepted)]);
    folder.run(&["check", "--fix", "--unsafe-fixes"]);
    assert_eq!(read(&folder, "nginx.conf"), accepted.replace(COMMENT, ""));
}

#[test]
fn an_included_file_is_fixed_once() {
    let folder = Folder::with(&[
        (
            "nginx.conf",
            "events {}\nhttp {\n  server {\n    listen 80;\n    location /api/ { include proxy.conf; }\n    location /wp-json/ { include proxy.conf; }\n  }\n}\n",
        ),
        ("proxy.conf", "proxy_set_header Authorization \"\";\nproxy_pass http://app;\n"),
        ("other/nginx.conf", "events {}\nhttp { server { location /api/ { include ../proxy.conf; } } }\n"),
    ]);
    let ran = folder.run(&["check", "--fix", "--unsafe-fixes"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, "1 fixed (1 file)\n"));
    assert_eq!(read(&folder, "proxy.conf"), "proxy_pass http://app;\n");
}

#[test]
fn a_file_that_is_only_included_from_elsewhere_is_not_written() {
    let elsewhere = Folder::with(&[("proxy.conf", "proxy_set_header Authorization \"\";\n")]);
    let shared = elsewhere.path().join("proxy.conf");
    let main = format!(
        "events {{}}\nhttp {{ server {{ location /api/ {{ include {}; proxy_pass http://app; }} }} }}\n",
        shared.display()
    );
    let folder = Folder::with(&[("nginx.conf", &main)]);
    let ran = folder.run(&["check", "--host", "--fix", "--unsafe-fixes", "-f", "concise"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("[dropped-authorization]"), "{}", ran.stdout);
    assert!(ran.stderr.contains("1 fix for files that are only included from elsewhere: these are never written"));
    assert_eq!(read(&elsewhere, "proxy.conf"), "proxy_set_header Authorization \"\";\n");
    // What is named is meant, wherever it lies.
    let named = elsewhere.path().join("nginx.conf");
    fs::write(&named, BOTH).unwrap();
    folder.run(&["check", "--fix", named.to_str().unwrap()]);
    assert_eq!(fs::read_to_string(&named).unwrap(), without(&[COMMENT]));
}

#[cfg(unix)]
#[test]
fn rights_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = Folder::with(&[("sites-available/a.conf", &BOTH.replace("events {}\n", ""))]);
    let file = folder.path().join("sites-available/a.conf");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    fs::create_dir(folder.path().join("sites-enabled")).unwrap();
    let link = folder.path().join("sites-enabled/a.conf");
    symlink("../sites-available/a.conf", &link).unwrap();
    fs::write(folder.path().join("nginx.conf"), "events {}\ninclude sites-enabled/*;\n").unwrap();
    let ran = folder.run(&["check", "--fix", "-q"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert_eq!(fs::read_link(&link).unwrap(), Path::new("../sites-available/a.conf"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o640);
    assert!(!read(&folder, "sites-available/a.conf").contains("lint401"));
    let names: Vec<_> = fs::read_dir(folder.path().join("sites-available")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["a.conf"], "nothing is left beside it");

    // A link that leads out of the tree belongs to somebody else.
    let elsewhere = Folder::with(&[("b.conf", &BOTH.replace("events {}\n", ""))]);
    symlink(elsewhere.path().join("b.conf"), folder.path().join("sites-enabled/b.conf")).unwrap();
    let ran = folder.run(&["check", "--fix"]);
    assert!(ran.stderr.contains("only included from elsewhere"), "{}", ran.stderr);
    assert!(read(&elsewhere, "b.conf").contains("# lint401"));
}

#[cfg(unix)]
#[test]
fn one_file_that_cannot_be_written_does_not_keep_the_others_back() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::with(&[("a/nginx.conf", BOTH), ("b/nginx.conf", BOTH), ("c/nginx.conf", BOTH)]);
    fs::set_permissions(folder.path().join("b/nginx.conf"), fs::Permissions::from_mode(0o444)).unwrap();
    let ran: Ran = folder.run(&["check", "--fix", "-f", "concise"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.starts_with("error: b/nginx.conf is not mended: it is read-only\n"), "{}", ran.stderr);
    assert!(ran.stderr.ends_with(" (2 files), 3 more with --unsafe-fixes\n"), "{}", ran.stderr);
    assert_eq!(read(&folder, "a/nginx.conf"), without(&[COMMENT]));
    assert_eq!(read(&folder, "b/nginx.conf"), BOTH);
    assert_eq!(read(&folder, "c/nginx.conf"), without(&[COMMENT]));
    assert!(ran.stdout.contains("b/nginx.conf:5:27: warning: "), "what is on the disk is reported: {}", ran.stdout);
}

#[test]
fn what_is_no_utf_8_and_how_lines_end_stays() {
    let bytes = [b"\xef\xbb\xbf# \xe9\xff\r\n", BOTH.replace('\n', "\r\n").as_bytes()].concat();
    let folder = Folder::with(&[]);
    fs::write(folder.path().join("nginx.conf"), &bytes).unwrap();
    folder.run(&["check", "--fix", "-q"]);
    let expected = [b"\xef\xbb\xbf# \xe9\xff\r\n", without(&[COMMENT]).replace('\n', "\r\n").as_bytes()].concat();
    assert_eq!(fs::read(folder.path().join("nginx.conf")).unwrap(), expected);
}

#[test]
fn findings_that_are_left_are_accepted_with_a_reason() {
    let text = "events {}
http {
    proxy_cache_path /c keys_zone=c:1m;
    server {
        listen 80;
        # lint401: ignore[bypassed-auth] -- no longer so
        location /api/ { proxy_set_header Authorization \"\"; proxy_pass http://app; }
        location /wp-json/ {
            proxy_set_header
                Authorization \"\";
            proxy_pass http://app;
        }
    }
}
";
    let folder = Folder::with(&[("nginx.conf", text)]);
    let ran = folder.run(&["check", "--diff", "--add-ignore", "the old app"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "2 would be accepted by comments (1 file)\n"));
    assert_eq!(read(&folder, "nginx.conf"), text);
    let ran = folder.run(&["check", "--fix", "--add-ignore=the old app, until May", "-f", "concise"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    assert_eq!(ran.stderr, "1 fixed, 2 accepted by comments (1 file)\n");
    assert_data_eq!(
        read(&folder, "nginx.conf"),
        str![[r#"
events {}
http {
    proxy_cache_path /c keys_zone=c:1m;
    server {
        listen 80;
        location /api/ {
        # lint401: ignore[dropped-authorization] -- the old app, until May
        proxy_set_header Authorization ""; proxy_pass http://app; }
        location /wp-json/ {
            # lint401: ignore[dropped-authorization] -- the old app, until May
            proxy_set_header
                Authorization "";
            proxy_pass http://app;
        }
    }
}

"#]]
        .raw()
    );
    let ran = folder.run(&["check", "--add-ignore=again", "-f", "concise"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, "0 accepted by comments\n"));
}

#[test]
fn comments_for_apache_and_yaml() {
    let htaccess = "# first\r\nRewriteEngine On\r\n  RewriteRule ^(.*)$ index.php [L]\r\n";
    let yaml = "schema: edge-rules/v1\ncdn: example\nrules:\n  - path: /*\n    cache: {ttl: 10m}\n    forward: {authorization: true, cookies: all}\n";
    let folder = Folder::with(&[("site/.htaccess", htaccess), ("cdn/edge.yaml", yaml)]);
    let before = folder.run(&["check", "-f", "concise"]);
    assert_eq!(before.code, 1, "{}", before.stderr);
    let ran = folder.run(&["check", "--add-ignore=so be it", "-f", "concise"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}{}", before.stdout, ran.stderr);
    assert!(
        read(&folder, "site/.htaccess").contains("\r\n  # lint401: ignore[dropped-authorization] -- so be it\r\n  RewriteRule")
    );
    assert!(read(&folder, "cdn/edge.yaml").contains("    # lint401: ignore[cached-login] -- so be it\n    cache: "));
    let ignores = folder.run(&["ignores"]);
    assert_eq!(ignores.code, 0, "{}", ignores.stdout);
}

#[test]
fn what_cannot_be_accepted_stays() {
    let folder =
        Folder::with(&[("nginx.conf", BOTH), ("lint401.toml", "[ignores]\nunignorable = [\"dropped-authorization\"]\n")]);
    let ran = folder.run(&["check", "--add-ignore=so be it", "-f", "concise"]);
    assert_eq!((ran.code, ran.stdout.lines().count()), (1, 2));
    assert_eq!(read(&folder, "nginx.conf"), BOTH, "neither the rule that must not be accepted nor a comment is");
    for reason in ["", " ", "a\nb", "a\\"] {
        let ran = folder.run(&["check", &format!("--add-ignore={reason}")]);
        assert_eq!(ran.code, 2, "{reason:?}");
    }
}
