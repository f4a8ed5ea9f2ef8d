//! SARIF in detail: places, messages with links, flows, fixes, fingerprints, rules, what the user has set.

use lint401::finding::{Finding, Severity};
use lint401::report::Format;
use lint401::settings::{Profile, Settings};
use lint401::source::{SourceMap, Span};
use lint401::{Analysis, Reported};
use serde_json::{Value, json};

use crate::report_formats::{analysis, json, text_in};

#[test]
fn it_has_positions_flows_and_fixes() {
    let log = json(Format::Sarif);
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let [first, second, third] = run["results"].as_array().unwrap().as_slice() else { panic!("{run}") };
    let region =
        |line: u32, start: u32, end: u32| json!({"startLine": line, "startColumn": start, "endLine": line, "endColumn": end});
    let place = &first["locations"][0];
    assert_eq!(place["physicalLocation"]["region"], region(3, 18, 51));
    assert_eq!(place["physicalLocation"]["artifactLocation"]["uri"], "conf%20d/s%C3%BCd%2C1.conf");
    assert_eq!(place["logicalLocations"][0]["fullyQualifiedName"], "http > server > location /𝄞é/");
    let message = first["message"]["text"].as_str().unwrap();
    assert!(
        message.contains("or \\[all\\](it):\\\\n") && message.ends_with("([serves the \\[request\\]](1), [brought here](2))"),
        "{message}"
    );
    assert_eq!(first["relatedLocations"][1]["id"], 2);
    assert_eq!(first["relatedLocations"][0]["physicalLocation"]["region"], region(3, 2, 15));
    let steps = first["codeFlows"][0]["threadFlows"][0]["locations"].as_array().unwrap();
    assert_eq!(steps.len(), 3);
    assert_eq!(steps[2]["location"]["physicalLocation"], place["physicalLocation"]);
    assert_eq!(first["webRequest"]["headers"], json!({"Authorization": "***"}));
    let change = &first["fixes"][0]["artifactChanges"][0];
    assert_eq!(change["replacements"], json!([{"deletedRegion": region(3, 18, 52), "insertedContent": {"text": ""}}]));
    assert_eq!((&first["level"], &second["level"], &third["level"]), (&json!("warning"), &json!("error"), &json!("note")));

    assert_eq!(second["locations"][0]["physicalLocation"]["region"], region(4, 2, 28), "one line only");
    assert!(second.get("fixes").is_none(), "a secret cannot be written");
    let prints = |result: &Value| result["partialFingerprints"].clone();
    assert!(prints(second).get("primaryLocationLineHash").is_none(), "no sum over a secret");
    assert_eq!(prints(third)["primaryLocationLineHash"].as_str().unwrap().split(':').count(), 2);
    assert_eq!(prints(third)["lint401/v1"], json(Format::Json)["diagnostics"][2]["fingerprint"]);

    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for (i, rule) in rules.iter().enumerate() {
        let id = rule["id"].as_str().unwrap();
        let text = |field: &str| rule[field]["text"].as_str().unwrap().chars().count();
        assert!(text("shortDescription") > 0 && (1..=1024).contains(&text("fullDescription")), "{id}");
        assert!(rule["help"]["markdown"].as_str().unwrap().contains("## Why is this a problem"), "{id}");
        let tags = rule["properties"]["tags"].as_array().unwrap();
        let security = rule["properties"].get("security-severity").is_some();
        assert!(tags.len() <= 10 && tags.contains(&json!("security")) == security, "{id}: {tags:?}");
        assert!(!run["results"].as_array().unwrap().iter().any(|r| (r["ruleId"] == id) != (r["ruleIndex"] == i)), "{id}");
    }
    assert_eq!(rules.len(), lint401::rules::registry().len());
    assert!(rules.iter().any(|rule| rule["properties"]["security-severity"] == "8.2"));

    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false, "a file could not be read");
    assert!(invocation.get("ruleConfigurationOverrides").is_none());
    assert_eq!(invocation["toolExecutionNotifications"].as_array().unwrap().len(), 2);
    assert_eq!(run["artifacts"].as_array().unwrap().len(), 3);
}

#[test]
fn paths_start_at_the_root_of_the_repository() {
    let shown = |folder: &str, path: &str| {
        let mut sources = SourceMap::new();
        let file = sources.add(path, b"a;".to_vec());
        let finding = Finding::new("syntax-error", Span::new(file, 0, 1), "x");
        let (start, end) = sources.positions(finding.primary);
        let findings = vec![Reported { finding, severity: Severity::Error, start, end }];
        let analysis = Analysis { sources, findings, ..Analysis::default() };
        let log: Value = serde_json::from_str(&text_in(folder, Format::Sarif, &analysis, &Settings::default())).unwrap();
        log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap().to_owned()
    };
    assert_eq!(shown("deploy/", "nginx.conf"), "deploy/nginx.conf");
    assert_eq!(shown("deploy/nginx/", "../../a:b/%.conf"), "a%3Ab/%25.conf");
    assert_eq!(shown("", "../x"), "../x");
    assert_eq!(shown("deploy/", "/etc/nginx/nginx.conf"), "file:///etc/nginx/nginx.conf");
}

#[test]
fn it_says_what_the_user_has_set_otherwise() {
    let mut settings = Settings { profile: Profile::Strict, ignore: vec!["redirect-loop".to_owned()], ..Settings::default() };
    settings.severity.insert("cached-login".to_owned(), Severity::Info);
    let log: Value = serde_json::from_str(&text_in("", Format::Sarif, &analysis(), &settings)).unwrap();
    let overrides = log["runs"][0]["invocations"][0]["ruleConfigurationOverrides"].as_array().unwrap();
    let of = |id: &str| overrides.iter().find(|o| o["descriptor"]["id"] == id).map(|o| o["configuration"].clone());
    assert_eq!(of("redirect-loop"), Some(json!({"enabled": false, "level": "error"})));
    assert_eq!(of("cached-login"), Some(json!({"enabled": true, "level": "note"})));
    assert_eq!(of("small-header-buffers"), Some(json!({"enabled": true, "level": "note"})));
    assert_eq!(of("dropped-authorization"), None);
}

#[test]
fn it_stays_below_the_limit_of_services() {
    let mut many = analysis();
    let remark = many.findings[2].clone();
    many.findings = vec![remark; 25_001];
    many.findings.push(analysis().findings[1].clone());
    let log: Value = serde_json::from_str(&text_in("", Format::Sarif, &many, &Settings::default())).unwrap();
    let run = &log["runs"][0];
    assert_eq!(run["results"].as_array().unwrap().len(), 25_000);
    assert_eq!(run["results"][0]["level"], "error", "the worst stay");
    let said = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert!(said.iter().any(|n| n["message"]["text"].as_str().unwrap().starts_with("2 results")));
}
