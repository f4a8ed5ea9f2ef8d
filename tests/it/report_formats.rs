//! What each format says of the same hand-made findings: positions in text with tabs, CRLF and characters of every width, escapes,
//! secrets.

use std::path::PathBuf;

use lint401::discover::{Dialect, Kind, Skipped, Unreadable};
use lint401::finding::{Applicability, Confidence, Edit, Finding, Severity};
use lint401::model::Request;
use lint401::report::{Format, Look, Report, write};
use lint401::settings::Settings;
use lint401::source::{FileId, SourceMap, Span};
use lint401::{Analysis, Covered, Reported};
use serde_json::{Value, json};
use snapbox::{IntoData as _, assert_data_eq, str};

pub(crate) const ALL: &[Format] = &[
    Format::Full,
    Format::Concise,
    Format::Grouped,
    Format::Json,
    Format::Jsonl,
    Format::Sarif,
    Format::Github,
    Format::Gitlab,
    Format::Junit,
    Format::Checkstyle,
    Format::Rdjson,
    Format::Rdjsonl,
    Format::Azure,
    Format::Markdown,
];

/// The third line has a tab (one column, one byte), a character outside the basic plane (one code point, four bytes) and an accent
/// (two bytes) before the directive.
const SITE: &str = "server {\r\n\t# Ümläut\r\n\tlocation /𝄞é/ { proxy_set_header Authorization \"\"; }\r\n\tproxy_set_header X-Api-Key\r\n\t\ts3kr1t-wort;\r\n}\r\n";
const MAIN: &str = "http {\n  include \"conf d/*.conf\";\n}\n";
const PATH: &str = "conf d/süd,1.conf";

fn span(sources: &SourceMap, file: FileId, part: &str) -> Span {
    let start = sources.file(file).text().find(part).unwrap();
    Span::new(file, start as u32, (start + part.len()) as u32)
}

fn covered(path: &str) -> Covered {
    let (root, languages) = ("nginx.conf".to_owned(), Vec::new());
    Covered { path: path.to_owned(), root, via: None, alone: false, dialect: Dialect::Nginx, languages }
}

pub(crate) fn analysis() -> Analysis {
    let mut sources = SourceMap::new();
    let site = sources.add(PATH, SITE.as_bytes().to_vec());
    let main = sources.add("nginx.conf", MAIN.as_bytes().to_vec());
    let line = span(&sources, site, "proxy_set_header Authorization \"\"");
    let mut dropped =
        Finding::new("dropped-authorization", line, "GET /𝄞é/ loses 100%, or [all](it):\n<\"Authorization\"> & a]b;c|d")
            .help("remove the line; `location @app` needs none")
            .related(span(&sources, site, "location /𝄞é/"), "serves the [request]")
            .related(span(&sources, main, "include \"conf d/*.conf\""), "brought here")
            .witness(Request::get("example.com", "/𝄞é/?token=hunter2").header("Authorization", "Basic hunter2"))
            .fix(
                Applicability::Unsafe,
                "remove the line",
                vec![Edit { span: Span { end: line.end + 1, ..line }, text: String::new() }],
            );
    "http > server > location /𝄞é/".clone_into(&mut dropped.context);
    let secret = Finding::new(
        "literal-credential",
        span(&sources, site, "proxy_set_header X-Api-Key\r\n\t\ts3kr1t-wort;"),
        "a key in plain text",
    )
    .confidence(Confidence::Medium)
    .fix(Applicability::Safe, "set it", vec![Edit { span: line, text: "proxy_set_header X-Api-Key s3kr1t-wort".to_owned() }]);
    let remark = Finding::new("templated-file", span(&sources, main, "http"), "holes\u{202e}\u{1b}[31m\u{ffff}");
    let reported = |finding: Finding, severity| {
        let (start, end) = sources.positions(finding.primary);
        Reported { finding, severity, start, end }
    };
    let findings =
        vec![reported(dropped, Severity::Warning), reported(secret, Severity::Error), reported(remark, Severity::Info)];
    let files = vec![covered("clean.conf"), covered(PATH), covered("nginx.conf")];
    Analysis { sources, findings, files, hidden_by_profile: vec![Span::new(FileId(0), 0, 1); 2], ..Analysis::default() }
}

pub(crate) fn text_in(folder: &str, format: Format, analysis: &Analysis, settings: &Settings) -> String {
    let look = Look::PLAIN;
    let skipped = [Skipped { path: PathBuf::from("nginx.conf"), kind: Kind::Unknown }];
    let unreadable = [Unreadable { path: PathBuf::from("a<b.conf"), reason: "no permission".to_owned() }];
    let report = Report { skipped: &skipped, unreadable: &unreadable, folder, ..Report::of(analysis, settings) };
    let mut out = Vec::new();
    write(format, &report, &look, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub(crate) fn text(format: Format) -> String {
    text_in("", format, &analysis(), &Settings::default())
}

pub(crate) fn json(format: Format) -> Value {
    serde_json::from_str(&text(format)).unwrap()
}

#[test]
fn no_format_shows_a_secret_or_steers_a_terminal() {
    for format in ALL {
        let shown = text(*format);
        // `json` is for programs and gives the text as it is.
        let direction = if matches!(format, Format::Json | Format::Jsonl) { "\u{1b}" } else { "\u{202e}" };
        for bad in ["hunter2", "s3kr1t-wort", "\u{1b}", direction] {
            assert!(!shown.contains(bad), "{format:?} shows {bad:?}");
        }
        assert!(shown.ends_with('\n') && !shown.ends_with("\n\n\n"), "{format:?}");
        assert_eq!(shown, text(*format), "{format:?} is the same twice");
    }
}

#[test]
fn every_format_is_there_without_findings() {
    let clean = Analysis { files: vec![covered("clean.conf")], ..Analysis::default() };
    for format in ALL {
        let shown = text_in("", *format, &clean, &Settings::default());
        let empty = matches!(format, Format::Concise | Format::Jsonl | Format::Rdjsonl | Format::Azure | Format::Github);
        assert_eq!(shown.is_empty(), empty, "{format:?}: {shown}");
    }
    assert_eq!(text_in("", Format::Gitlab, &clean, &Settings::default()), "[]\n");
}

#[test]
fn grouped() {
    assert_data_eq!(
        text(Format::Grouped),
        str![[r#"
conf d/süd,1.conf
  3:18  warning  GET /𝄞é/ loses 100%, or [all](it):\n<"Authorization"> & a]b;c|d [dropped-authorization]
  4:2   error    a key in plain text [literal-credential]

nginx.conf
  1:1  info     holes\u{202e}\u{1b}[31m￿ [templated-file]

Found 1 error, 1 warning, 1 info in 3 files.
1 fixable with --fix, 1 more with --unsafe-fixes.
2 findings more with a stricter --profile.

"#]]
        .raw()
    );
}

#[test]
fn one_line_of_json_for_each_finding() {
    let whole = json(Format::Json);
    let lines: Vec<Value> = text(Format::Jsonl).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(whole["diagnostics"], Value::from(lines));
}

#[test]
fn commands_for_github() {
    assert_data_eq!(
        text(Format::Github),
        str![[r#"
::error file=conf d/süd%2C1.conf,line=4,col=2,endLine=4,endColumn=28,title=literal-credential::a key in plain text%0Ahttps://github.com/lint401/lint401/blob/main/rules/literal-credential.md
::warning file=conf d/süd%2C1.conf,line=3,col=18,endLine=3,endColumn=51,title=dropped-authorization::GET /𝄞é/ loses 100%25, or [all](it):\n<"Authorization"> & a]b;c|d%0A%0Ahelp: remove the line; `location @app` needs none%0Ahttps://github.com/lint401/lint401/blob/main/rules/dropped-authorization.md
::notice file=nginx.conf,line=1,col=1,endLine=1,endColumn=5,title=templated-file::holes\u{202e}\u{1b}[31m￿%0Ahttps://github.com/lint401/lint401/blob/main/rules/templated-file.md

"#]]
        .raw()
    );
}

#[test]
fn github_is_told_what_it_leaves_out() {
    let mut many = analysis();
    many.findings = vec![many.findings[0].clone(); 13];
    let shown = text_in("", Format::Github, &many, &Settings::default());
    assert_eq!(shown.lines().count(), 14);
    assert_eq!(shown.lines().last().unwrap(), "3 findings without an annotation: a step shows 10 of each level");
}

#[test]
fn commands_for_azure() {
    assert_data_eq!(
        text(Format::Azure),
        str![[r#"
##vso[task.logissue type=warning;sourcepath=conf d/süd,1.conf;linenumber=3;columnnumber=18;code=dropped-authorization;]GET /𝄞é/ loses 100%AZP25, or [all](it):\n<"Authorization"> & a]b;c|d
##vso[task.logissue type=error;sourcepath=conf d/süd,1.conf;linenumber=4;columnnumber=2;code=literal-credential;]a key in plain text
##vso[task.logissue type=warning;sourcepath=nginx.conf;linenumber=1;columnnumber=1;code=templated-file;]holes\u{202e}\u{1b}[31m￿

"#]]
        .raw()
    );
}

#[test]
fn code_quality_for_gitlab() {
    let issues = json(Format::Gitlab);
    assert_eq!(issues[0]["location"], json!({"path": PATH, "lines": {"begin": 3, "end": 3}}));
    let severities: Vec<_> = issues.as_array().unwrap().iter().map(|issue| issue["severity"].as_str().unwrap()).collect();
    assert_eq!(severities, ["major", "critical", "minor"]);
    assert_eq!(issues[1]["location"]["lines"], json!({"begin": 4, "end": 4}), "one line only");
    let prints: std::collections::BTreeSet<_> = issues.as_array().unwrap().iter().map(|i| i["fingerprint"].to_string()).collect();
    assert_eq!(prints.len(), 3);
}

#[test]
fn tests_of_junit() {
    assert_data_eq!(
        text(Format::Junit),
        str![[r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="lint401" tests="5" failures="2" errors="1">
  <testsuite name="a&lt;b.conf" tests="1" failures="0" errors="1" skipped="0">
    <testcase name="read" classname="a&lt;b.conf">
      <error type="unreadable" message="no permission"/>
    </testcase>
  </testsuite>
  <testsuite name="clean.conf" tests="1" failures="0" errors="0" skipped="0">
    <testcase name="no findings" classname="clean.conf"/>
  </testsuite>
  <testsuite name="conf d/süd,1.conf" tests="2" failures="2" errors="0" skipped="0">
    <testcase name="dropped-authorization:3:18" classname="conf d/süd,1.conf">
      <failure type="warning" message="GET /𝄞é/ loses 100%, or [all](it):\n&lt;&quot;Authorization&quot;&gt; &amp; a]b;c|d">conf d/süd,1.conf:3:18: warning: GET /𝄞é/ loses 100%, or [all](it):\n&lt;&quot;Authorization&quot;&gt; &amp; a]b;c|d
in: http &gt; server &gt; location /𝄞é/
help: remove the line; `location @app` needs none
witness: GET http://example.com/𝄞é/?token=*** with Authorization
docs: https://github.com/lint401/lint401/blob/main/rules/dropped-authorization.md</failure>
    </testcase>
    <testcase name="literal-credential:4:2" classname="conf d/süd,1.conf">
      <failure type="error" message="a key in plain text">conf d/süd,1.conf:4:2: error: a key in plain text
docs: https://github.com/lint401/lint401/blob/main/rules/literal-credential.md</failure>
    </testcase>
  </testsuite>
  <testsuite name="nginx.conf" tests="1" failures="0" errors="0" skipped="0">
    <testcase name="templated-file:1:1" classname="nginx.conf">
      <system-out>nginx.conf:1:1: info: holes\u{202e}\u{1b}[31m�
docs: https://github.com/lint401/lint401/blob/main/rules/templated-file.md</system-out>
    </testcase>
  </testsuite>
</testsuites>

"#]]
        .raw()
    );
}

#[test]
fn errors_of_checkstyle() {
    assert_data_eq!(
        text(Format::Checkstyle),
        str![[r#"
<?xml version="1.0" encoding="UTF-8"?>
<checkstyle version="4.3">
  <file name="conf d/süd,1.conf">
    <error line="3" column="18" severity="warning" message="GET /𝄞é/ loses 100%, or [all](it):\n&lt;&quot;Authorization&quot;&gt; &amp; a]b;c|d" source="lint401.dropped-authorization"/>
    <error line="4" column="2" severity="error" message="a key in plain text" source="lint401.literal-credential"/>
  </file>
  <file name="nginx.conf">
    <error line="1" column="1" severity="info" message="holes\u{202e}\u{1b}[31m�" source="lint401.templated-file"/>
  </file>
  <file name="a&lt;b.conf">
    <exception>no permission</exception>
  </file>
</checkstyle>

"#]]
        .raw()
    );
}

#[test]
fn rdjson_counts_bytes() {
    let document = json(Format::Rdjson);
    let first = &document["diagnostics"][0];
    let place = |line: u32, column: u32| json!({"line": line, "column": column});
    assert_eq!(first["location"], json!({"path": PATH, "range": {"start": place(3, 22), "end": place(3, 55)}}));
    assert_eq!(first["suggestions"], json!([{"range": {"start": place(3, 22), "end": place(3, 56)}, "text": ""}]));
    assert_eq!(first["related_locations"][0]["location"]["range"], json!({"start": place(3, 2), "end": place(3, 19)}));
    assert_eq!(first["related_locations"][1]["location"]["path"], "nginx.conf");
    assert_eq!((&first["severity"], &first["code"]["value"]), (&json!("WARNING"), &json!("dropped-authorization")));
    let second = &document["diagnostics"][1];
    assert!(second.get("suggestions").is_none(), "a secret cannot be suggested");
    assert_eq!(second["location"]["range"], json!({"start": place(4, 2), "end": place(4, 28)}), "one line only");
    let lines: Vec<Value> = text(Format::Rdjsonl).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(document["diagnostics"], Value::from(lines));
}

#[test]
fn markdown() {
    assert_data_eq!(
        text(Format::Markdown),
        str![[r#"
## lint401

**Not read:** `a<b.conf`: no permission

Found 1 error, 1 warning, 1 info in 3 files.

| severity | place | what | rule |
|---|---|---|---|
| error | `conf d/süd,1.conf:4:2` | a key in plain text | [literal-credential](https://github.com/lint401/lint401/blob/main/rules/literal-credential.md) |
| warning | `conf d/süd,1.conf:3:18` | GET /𝄞é/ loses 100%, or \[all\](it):\\n&lt;"Authorization"&gt; &amp; a\]b;c\|d<br>remove the line; `location @app` needs none | [dropped-authorization](https://github.com/lint401/lint401/blob/main/rules/dropped-authorization.md) |
| info | `nginx.conf:1:1` | holes\\u{202e}\\u{1b}\[31m￿ | [templated-file](https://github.com/lint401/lint401/blob/main/rules/templated-file.md) |

"#]]
        .raw()
    );
    let mut many = analysis();
    many.findings = vec![many.findings[0].clone(); 1_000];
    let shown = text_in("", Format::Markdown, &many, &Settings::default());
    assert!(shown.len() < 65_536 && shown.lines().last().unwrap().ends_with(" more."), "a comment holds it");
}
