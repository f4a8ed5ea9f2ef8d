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
    let rules = "dropped-authorization,unused-ignore,unknown-rule-in-ignore,ignore-without-reason,expired-ignore";
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
