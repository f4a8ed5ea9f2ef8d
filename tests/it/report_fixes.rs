//! The fixes that formats for programs carry, applied as a program would apply them: by offsets, lines and columns.

use serde_json::Value;

use super::folder::Folder;

/// Two fixes of one edit, one of two, and characters of two, three and four bytes before them.
const TEXT: &str = "events {}
http {
    server {
        listen 80;
        location /api/ { set $x 'äöü€𝄞'; proxy_set_header Authorization \"\"; proxy_pass http://app; }
        # lint401: ignore[bypassed-auth] -- für später €
        location /x { return 404; }
        location /y { set $x '𝄞'; auth_basic Two Words; auth_basic_user_file /etc/nginx/users; return 204; }
    }
}
";

const FIXED: &str = "events {}
http {
    server {
        listen 80;
        location /api/ { set $x 'äöü€𝄞';  proxy_pass http://app; }
        location /x { return 404; }
        location /y { set $x '𝄞'; auth_basic \"Two Words\"; auth_basic_user_file /etc/nginx/users; return 204; }
    }
}
";

/// A replacement: first byte, one past the last, text.
type Edit = (usize, usize, String);

fn applied(mut edits: Vec<Edit>) -> String {
    let mut text = TEXT.to_owned();
    edits.sort();
    for (start, end, new) in edits.into_iter().rev() {
        text.replace_range(start..end, &new);
    }
    text
}

/// The byte of a line and a column, both from 1, columns counted by `width`.
fn byte(line: &Value, column: &Value, width: impl Fn(char) -> usize) -> usize {
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let before: usize = TEXT.split_inclusive('\n').take(number(line) - 1).map(str::len).sum();
    let mut column = number(column) - 1;
    let mut at = before;
    for c in TEXT[before..].chars() {
        if column == 0 {
            break;
        }
        column -= width(c);
        at += c.len_utf8();
    }
    at
}

fn report(format: &str) -> Value {
    let folder = Folder::with(&[("nginx.conf", TEXT)]);
    serde_json::from_str(&folder.run(&["check", "-f", format]).stdout).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[test]
fn what_the_program_itself_makes_of_it() {
    let folder = Folder::with(&[("nginx.conf", TEXT)]);
    folder.run(&["check", "--fix", "--unsafe-fixes"]);
    let fixed = std::fs::read_to_string(folder.path().join("nginx.conf")).unwrap();
    assert_eq!(fixed, FIXED);
}

#[test]
fn json_has_offsets_and_columns() {
    let report = report("json");
    let edits: Vec<&Value> = list(&report["diagnostics"]).iter().flat_map(|d| list(&d["fix"]["edits"])).collect();
    assert_eq!(edits.len(), 4);
    let text = |edit: &Value| edit["text"].as_str().unwrap().to_owned();
    let offset = |place: &Value| usize::try_from(place["offset"].as_u64().unwrap()).unwrap();
    let column = |place: &Value| byte(&place["line"], &place["column"], |_| 1);
    let by_offset = edits.iter().map(|edit| (offset(&edit["start"]), offset(&edit["end"]), text(edit))).collect();
    let by_column = edits.iter().map(|edit| (column(&edit["start"]), column(&edit["end"]), text(edit))).collect();
    assert_eq!(applied(by_offset), FIXED);
    assert_eq!(applied(by_column), FIXED);
}

#[test]
fn sarif_has_columns_of_code_points() {
    let report = report("sarif");
    let fixes = list(&report["runs"][0]["results"]).iter().flat_map(|result| list(&result["fixes"]));
    let changes = fixes.flat_map(|fix| list(&fix["artifactChanges"]));
    let edits = changes.flat_map(|change| {
        assert_eq!(change["artifactLocation"]["uri"], "nginx.conf");
        list(&change["replacements"])
    });
    let edit = |edit: &Value| {
        let region = &edit["deletedRegion"];
        let start = byte(&region["startLine"], &region["startColumn"], |_| 1);
        let end = byte(&region["endLine"], &region["endColumn"], |_| 1);
        (start, end, edit["insertedContent"]["text"].as_str().unwrap().to_owned())
    };
    assert_eq!(applied(edits.map(edit).collect()), FIXED);
}

#[test]
fn rdjson_has_columns_of_bytes_and_suggests_single_edits() {
    let report = report("rdjson");
    let suggestions: Vec<&Value> = list(&report["diagnostics"]).iter().flat_map(|d| list(&d["suggestions"])).collect();
    assert_eq!(suggestions.len(), 2, "a fix of two edits is none here");
    let edit = |suggestion: &&Value| {
        let range = &suggestion["range"];
        let place = |at: &Value| byte(&at["line"], &at["column"], char::len_utf8);
        (place(&range["start"]), place(&range["end"]), suggestion["text"].as_str().unwrap().to_owned())
    };
    let fixed = applied(suggestions.iter().map(edit).collect());
    assert_eq!(fixed, FIXED.replace("\"Two Words\"", "Two Words"));
}

#[test]
fn a_fix_that_holds_a_secret_is_no_fix_for_programs() {
    let text = "events {}\nhttp { server { location / {\n  proxy_set_header Authorization \"Bearer: k8f03jd92hx\";\n  proxy_pass http://a;\n} } }\n";
    let folder = Folder::with(&[("nginx.conf", text)]);
    for format in ["json", "jsonl", "sarif", "rdjson"] {
        let ran = folder.run(&["check", "--select", "malformed-authorization", "-f", format]);
        assert_eq!(ran.code, 1);
        assert!(!ran.stdout.contains("k8f03jd92hx") && !ran.stdout.contains("\"text\":\"\\\"Bearer"), "{format}: {}", ran.stdout);
    }
    let json: Value =
        serde_json::from_str(&folder.run(&["check", "--select", "malformed-authorization", "-f", "json"]).stdout).unwrap();
    assert!(json["diagnostics"][0]["fix"].is_null());
}
