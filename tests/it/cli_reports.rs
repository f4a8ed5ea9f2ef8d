//! The reports of hand-made findings: other files, witnesses, tabs, counts.

use lint401::finding::{Finding, Severity};
use lint401::model::Request;
use lint401::report::{Format, Look, Report, write};
use lint401::settings::Settings;
use lint401::source::{SourceMap, Span};
use lint401::{Analysis, Reported};
use snapbox::{IntoData as _, assert_data_eq, str};

/// The span of `part` in the text.
fn span(sources: &SourceMap, file: lint401::source::FileId, part: &str) -> Span {
    let start = sources.file(file).text().find(part).unwrap();
    Span::new(file, start as u32, (start + part.len()) as u32)
}

fn analysis() -> Analysis {
    let mut sources = SourceMap::new();
    let site = sources
        .add("conf.d/site.conf", b"server {\n\tlocation /api/ {\n\t\tproxy_set_header Authorization \"\";\n\t}\n}\n".to_vec());
    let app = sources.add("nginx.conf", b"http {\n  proxy_set_header Host $host;\n  include conf.d/*.conf;\n}\n".to_vec());
    let primary = span(&sources, site, "proxy_set_header Authorization \"\"");
    let mut finding = Finding::new("dropped-authorization", primary, "GET /api/ loses its\nAuthorization header")
        .help("remove the line")
        .related(span(&sources, site, "location /api/"), "serves the request")
        .related(span(&sources, app, "include conf.d/*.conf"), "brought here")
        .witness(Request::get("example.com", "/api/").header("Authorization", "Basic hunter2"));
    "http > server > location /api/".clone_into(&mut finding.context);
    let (start, end) = sources.positions(primary);
    let reported = |finding: &Finding, severity| Reported { finding: finding.clone(), severity, start, end };
    let findings = vec![reported(&finding, Severity::Error), reported(&finding, Severity::Info)];
    Analysis { sources, findings, ..Analysis::default() }
}

fn text(format: Format, look: &Look, analysis: &Analysis) -> String {
    let settings = Settings::default();
    let report = Report::of(analysis, &settings);
    let mut out = Vec::new();
    write(format, &report, look, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn other_files_follow_the_finding() {
    let shown = text(Format::Full, &Look { max_findings: 1, ..Look::PLAIN }, &analysis());
    assert_data_eq!(
        shown,
        str![[r#"
error[dropped-authorization]

  × GET /api/ loses its\nAuthorization header
   ╭─[conf.d/site.conf:3:3]
 1 │ server {
 2 │     location /api/ {
   ·     ───────┬──────
   ·            ╰── serves the request
 3 │         proxy_set_header Authorization "";
   ·         ─────────────────────────────────
 4 │     }
   ╰────
  ☞ see also
   ╭─[nginx.conf:3:3]
 2 │   proxy_set_header Host $host;
 3 │   include conf.d/*.conf;
   ·   ──────────┬──────────
   ·             ╰── brought here
 4 │ }
   ╰────
  help: remove the line
  in: http > server > location /api/
  witness: GET http://example.com/api/ with Authorization
  docs: https://github.com/lint401/lint401/blob/main/rules/dropped-authorization.md

+1 more (--max-diagnostics)
Found 1 error, 1 info in 0 files.

"#]]
        .raw()
    );
}

#[test]
fn one_line_stays_one_line() {
    let shown = text(Format::Concise, &Look::PLAIN, &analysis());
    assert_eq!(
        shown.lines().next().unwrap(),
        "conf.d/site.conf:3:3: error: GET /api/ loses its\\nAuthorization header [dropped-authorization]"
    );
    assert_eq!(shown.lines().count(), 2);
}

#[test]
fn counts_by_rule() {
    let shown = text(Format::Concise, &Look { statistics: true, ..Look::PLAIN }, &analysis());
    assert_eq!(shown, "1  info     dropped-authorization\n1  error    dropped-authorization\n");
}

#[test]
fn json_holds_all_of_it() {
    let shown = text(Format::Json, &Look::PLAIN, &analysis());
    assert!(!shown.contains("hunter2"));
    let json: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let [first, second] = json["diagnostics"].as_array().unwrap().as_slice() else { panic!("{shown}") };
    assert_eq!(first["context"], "http > server > location /api/");
    assert_eq!(first["related"][1]["path"], "nginx.conf");
    assert_eq!(first["related"][1]["start"], serde_json::json!({"line": 3, "column": 3, "offset": 40}));
    assert_eq!(first["witness"]["target"], "/api/");
    assert_eq!(first["witness"]["headers"], serde_json::json!(["Authorization"]));
    assert_ne!(first["fingerprint"], second["fingerprint"]);
}
