//! Comments that accept findings: what they reach, what is said about them, what the reports make of them.

use super::folder::Folder;

const ID: &str = "dropped-authorization";

/// A server with two locations that drop the header; comments go where the braces are.
fn server(above: &str, behind: &str, block: &str, top: &str) -> Folder {
    let text = format!(
        "{top}server {{\n  listen 80;\n  location /api/ {{\n    {above}\n    proxy_set_header Authorization \"\"; {behind}\n    proxy_pass http://app:3000;\n  }}\n  {block}\n  location /oauth/ {{\n    proxy_set_header Authorization \"\";\n    proxy_pass http://app:3000;\n  }}\n}}\n"
    );
    Folder::with(&[("site.conf", &text)])
}

/// The lines and rules of the concise report.
fn found(folder: &Folder, arguments: &[&str]) -> Vec<(u32, String)> {
    let rules = "dropped-authorization,unused-ignore,unknown-rule-in-ignore,ignore-without-reason,expired-ignore,trailing-ignore-in-apache";
    let ran = folder.run(&[&["check", "-f", "concise", "--select", rules, "site.conf"], arguments].concat());
    let line = |l: &str| {
        let rule = l.rsplit_once('[').unwrap().1.trim_end_matches(']').to_owned();
        (l.split(':').nth(1).unwrap().parse().unwrap(), rule)
    };
    ran.stdout.lines().map(line).collect()
}

fn dropped(line: u32) -> (u32, String) {
    (line, ID.to_owned())
}

#[test]
fn how_far_comments_reach() {
    assert_eq!(found(&server("", "", "", ""), &[]), [dropped(5), dropped(10)]);
    assert_eq!(found(&server("# lint401: ignore[dropped-authorization] -- x", "", "", ""), &[]), [dropped(10)]);
    assert_eq!(found(&server("", "# lint401: ignore[dropped-authorization] -- x", "", ""), &[]), [dropped(10)]);
    assert_eq!(found(&server("", "", "# lint401: ignore-block[dropped-authorization] -- x", ""), &[]), [dropped(5)]);
    let file = "# lint401: ignore-file[dropped-authorization] -- x\n";
    assert!(found(&server("", "", "", file), &[]).is_empty());
    assert_eq!(found(&server("", "", "", file), &["--no-ignores"]), [dropped(6), dropped(11)]);
    // Of a block `ignore` reaches only the head, and `ignore-file` stands at the top.
    let head = found(&server("", "", "# lint401: ignore[dropped-authorization] -- x", ""), &[]);
    assert_eq!(head, [dropped(5), (8, "unused-ignore".into()), dropped(10)]);
    let late = found(&server("# lint401: ignore-file[dropped-authorization] -- x", "", "", ""), &[]);
    assert_eq!(late, [(4, "unused-ignore".into()), dropped(5), dropped(10)]);
}

#[test]
fn the_last_day_still_counts() {
    let until = |day: &str| server(&format!("# lint401: ignore[dropped-authorization] until={day} -- x"), "", "", "");
    let on = |folder: &Folder, seconds: &str| {
        let mut command =
            folder.command(&["check", "-f", "concise", "--select", "dropped-authorization,expired-ignore", "site.conf"]);
        let output = command.env("SOURCE_DATE_EPOCH", seconds).output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().count()
    };
    // 2027-03-31 in UTC, its last and the next second.
    assert_eq!(on(&until("2027-03-31"), "1806537599"), 1);
    assert_eq!(on(&until("2027-03-31"), "1806537600"), 3);
    assert_eq!(on(&until("31.03.2027"), "1806537599"), 3);
}

#[test]
fn settings_for_comments() {
    let folder = server("# lint401: ignore[dropped-authorization]", "", "", "");
    let without = (4, "ignore-without-reason".to_owned());
    assert_eq!(found(&folder, &[]), [without, dropped(10)]);
    assert_eq!(found(&folder, &["--config", "ignores.require-reason = false"]), [dropped(10)]);
    let forbidden = ["--config", "ignores = { require-reason = false, unignorable = [\"dropped-authorization\"] }"];
    assert_eq!(found(&folder, &forbidden), [(4, "unused-ignore".into()), dropped(5), dropped(10)]);
}

#[test]
fn the_list_and_the_counts() {
    let folder = server(
        "# lint401: ignore[dropped-authorization] until=9999-01-31 -- not for\tthe app",
        "# lint401: ignore[redirect-loop] -- y",
        "",
        "",
    );
    let ran = folder.run(&["ignores", "site.conf"]);
    assert_eq!(ran.code, 1, "one is not needed");
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("site.conf:4: dropped-authorization (used until 9999-01-31): not for"), "{}", lines[0]);
    assert_eq!(lines[1], "site.conf:5: redirect-loop (not needed): y");
    let json: serde_json::Value = serde_json::from_str(&folder.run(&["check", "-f", "json", "site.conf"]).stdout).unwrap();
    assert_eq!(json["summary"]["ignored"], 1);
}

#[test]
fn the_list_tells_what_is_wrong() {
    let folder = Folder::with(&[
        (
            "site.conf",
            "# lint401: ignore-file[small-header-buffers] -- a strict rule\nserver {\n  listen 80;\n  # lint401: ignore[no-such-rule] -- a\n  return 204;\n}\n",
        ),
        ("public/.htaccess", "Require user joe # lint401: ignore[bypassed-auth] -- b\n"),
    ]);
    let ran = folder.run(&["ignores"]);
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "public/.htaccess:1: ? (not understood): no reason given",
            "site.conf:1: small-header-buffers (rule does not run): a strict rule",
            "site.conf:4: no-such-rule (no such rule): a",
        ]
    );
    assert_eq!(ran.code, 1);
    // What only says nothing because its rule does not run is no fault.
    assert_eq!(
        Folder::with(&[("site.conf", "# lint401: ignore-file[small-header-buffers] -- a\nserver { listen 80; }\n")])
            .run(&["ignores"])
            .code,
        0
    );
}

/// What is wrong with comments is mended, in as far as that is certain; a second run changes nothing.
#[test]
fn comments_are_mended() {
    let mended = |name: &str, text: &str, arguments: &[&str]| {
        let folder = Folder::with(&[(name, text)]);
        let run = || {
            let mut command = folder.command(&[&["check", "-q", "--fix", "--fail-on", "never", name], arguments].concat());
            let output = command.env("SOURCE_DATE_EPOCH", "1806537600").output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
            std::fs::read_to_string(folder.path().join(name)).unwrap()
        };
        let once = run();
        assert_eq!(run(), once, "a second run changes nothing");
        once
    };
    let server = |comment: &str| {
        format!(
            "server {{\n  listen 80;\n  location /api/ {{\n{comment}    proxy_set_header Authorization \"\";\n    proxy_pass http://app:3000;\n  }}\n}}\n"
        )
    };
    let select = ["--select", "unknown-rule-in-ignore,expired-ignore,trailing-ignore-in-apache"];
    let unsafe_too = [&select[..], &["--unsafe-fixes"]].concat();
    let old = server("    # lint401: ignore[dropped-authorization] until=2027-03-31 -- x\n");
    assert_eq!(mended("site.conf", &old, &select), old, "a safe fix it is not");
    assert_eq!(mended("site.conf", &old, &unsafe_too), server(""));
    let far = |day: &str| server(&format!("    # lint401: ignore[dropped-authorization] until={day} -- x\n"));
    let limited = [&unsafe_too[..], &["--config", "ignores.max-age-days = 30"]].concat();
    assert_eq!(mended("site.conf", &far("2028-01-01"), &limited), far("2027-05-01"));
    assert_eq!(mended("site.conf", &far("someday"), &limited), far("someday"), "nobody knows which day");
    let typo = server("    # lint401: ignore[redirect-loop, droped-authorization] -- x\n");
    assert_eq!(mended("site.conf", &typo, &unsafe_too), typo.replace("droped", "dropped"));
    // Of a refused directive and of one that is not, with line breaks of either kind.
    for end in ["\n", "\r\n"] {
        let text =
            format!("AuthType Basic{end}  RequestHeader unset Authorization  # lint401: ignore[dropped-authorization] -- x{end}");
        let expected = format!(
            "AuthType Basic{end}  # lint401: ignore[dropped-authorization] -- x{end}  RequestHeader unset Authorization{end}"
        );
        assert_eq!(mended("public/.htaccess", &text, &select), expected);
    }
}

/// An entry of YAML that has its line for itself is no block: a comment above or behind it is meant for all of it.
#[test]
fn entries_of_one_line() {
    let rules = |above: &str, value: &str, behind: &str| {
        let text = format!("schema: edge-rules/v1\nrules:\n  - path: /api/*\n{above}    forward: {value}{behind}\n");
        let ran = Folder::with(&[("edge.yaml", &text)]).run(&["check", "-f", "concise", "edge.yaml"]);
        ran.stdout.lines().map(|line| line.rsplit_once('[').unwrap().1.trim_end_matches(']').to_owned()).collect::<Vec<_>>()
    };
    let flow = "{authorization: false, cookies: all}";
    let comment = "# lint401: ignore[dropped-authorization] -- x";
    assert_eq!(rules("", flow, ""), [ID]);
    assert!(rules(&format!("    {comment}\n"), flow, "").is_empty());
    assert!(rules("", flow, &format!(" {comment}")).is_empty());
    let block = "\n      cookies: all\n      authorization: false";
    assert_eq!(rules(&format!("    {comment}\n"), block, ""), ["unused-ignore", ID], "of a block the head");
    assert!(rules("", block, &format!(" {comment}")).is_empty());
}
