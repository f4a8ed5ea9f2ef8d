//! The formats against their published schemas.
//!
//! The schemas are not ours to copy. That of SARIF comes with the crate `serde-sarif`; the others are read where they lie beside the
//! clone (`../shared/schemas`) or where `LINT401_SCHEMAS` says, and passed over elsewhere. XML is checked by `xmllint`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lint401::report::Format;
use lint401::settings::Settings;
use serde_json::Value;

use crate::report_formats::{analysis, text, text_in};

fn published(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/schemas");
    let folder = std::env::var_os("LINT401_SCHEMAS").map_or_else(beside, PathBuf::from);
    let path = folder.join(name);
    path.is_file().then_some(path)
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn assert_valid(schema: &Value, document: &Value) {
    let validator = jsonschema::options().should_validate_formats(true).build(schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(document).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

/// The schema of SARIF 2.1.0, out of the sources of a crate that is built from it.
fn sarif_schema() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--manifest-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let package = metadata["packages"].as_array().unwrap().iter().find(|p| p["name"] == "serde-sarif").unwrap();
    let mut schema = json(&Path::new(package["manifest_path"].as_str().unwrap()).with_file_name("src").join("schema.json"));
    // Its pattern for the language, which we do not write, is no regular expression of ECMAScript.
    for object in ["run", "toolComponent"] {
        let language = schema.pointer_mut(&format!("/definitions/{object}/properties/language"));
        language.and_then(Value::as_object_mut).unwrap().remove("pattern");
    }
    schema
}

#[test]
fn sarif() {
    let schema = sarif_schema();
    assert_eq!(schema["properties"]["version"]["enum"], serde_json::json!(["2.1.0"]));
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(!validator.is_valid(&serde_json::json!({"version": "2.1.0", "runs": [{"results": []}]})), "a run has a tool");
    let mut settings = Settings { ignore: vec!["redirect-loop".to_owned()], ..Settings::default() };
    for _ in 0..2 {
        let shown = text_in("deploy/", Format::Sarif, &analysis(), &settings);
        assert_valid(&schema, &serde_json::from_str(&shown).unwrap());
        let log: serde_sarif::sarif::Sarif = serde_json::from_str(&shown).unwrap();
        assert_eq!(log.runs[0].results.as_ref().unwrap().len(), 3);
        settings = Settings::default();
    }
    assert_valid(&schema, &serde_json::from_str(&text_in("", Format::Sarif, &lint401::Analysis::default(), &settings)).unwrap());
}

#[test]
fn our_own_json() {
    let schema = json(&Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/report.schema.json"));
    assert_valid(&schema, &serde_json::from_str(&text(Format::Json)).unwrap());
    assert_valid(
        &schema,
        &serde_json::from_str(&text_in("", Format::Json, &lint401::Analysis::default(), &Settings::default())).unwrap(),
    );
}

#[test]
fn code_quality() {
    let Some(path) = published("gitlab-code-quality.schema.json") else { return };
    let schema = json(&path);
    let issues: Value = serde_json::from_str(&text(Format::Gitlab)).unwrap();
    for issue in issues.as_array().unwrap() {
        assert_valid(&schema, issue);
    }
}

#[test]
fn rdjson() {
    if let Some(path) = published("rdjson.schema.json") {
        assert_valid(&json(&path), &serde_json::from_str(&text(Format::Rdjson)).unwrap());
    }
    if let Some(path) = published("rdjsonl.schema.json") {
        let schema = json(&path);
        for line in text(Format::Rdjsonl).lines() {
            assert_valid(&schema, &serde_json::from_str(line).unwrap());
        }
    }
}

/// Whether `xmllint` takes a document; `None`: it is not here.
fn xmllint(document: &str, schema: Option<&Path>) -> Option<Result<(), String>> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, document.as_bytes()).unwrap();
    let mut command = Command::new("xmllint");
    command.args(["--noout", "--nonet"]);
    if let Some(schema) = schema {
        command.arg("--schema").arg(schema);
    }
    match command.arg(file.path()).output() {
        Ok(output) if output.status.success() => Some(Ok(())),
        Ok(output) => Some(Err(String::from_utf8_lossy(&output.stderr).into_owned())),
        Err(_) => {
            assert!(std::env::var_os("LINT401_REQUIRE_SERVERS").is_none(), "xmllint is missing");
            None
        }
    }
}

fn assert_valid_xml(format: Format, schema: &str) {
    let schema = published(schema);
    for document in [text(format), text_in("", format, &lint401::Analysis::default(), &Settings::default())] {
        for schema in [None, schema.as_deref()] {
            let Some(result) = xmllint(&document, schema) else { return };
            assert_eq!(result, Ok(()), "{document}");
        }
    }
}

#[test]
fn junit() {
    assert_valid_xml(Format::Junit, "junit-jenkins.xsd");
}

#[test]
fn checkstyle() {
    assert_valid_xml(Format::Checkstyle, "checkstyle-report-1.0.0.xsd");
}
