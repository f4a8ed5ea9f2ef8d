//! The YAML of CDNs and gateways: the documents that come with the descriptions of the dialects, traces, detection, the schema of the
//! neutral rules.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::folder::Folder;

fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    path.exists().then_some(path)
}

/// Rule and line of what is reported in a file.
fn reported(file: &Path) -> Vec<(String, u32)> {
    let text = std::fs::read_to_string(file).unwrap();
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    let folder = Folder::with(&[(name.as_str(), text.as_str())]);
    let ran = folder.run(&["check", "-f", "json", "--allow-empty", &name]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{name}: {e}: {}", ran.stderr));
    let of = |d: &Value| (d["rule"].as_str().unwrap().to_owned(), d["start"]["line"].as_u64().unwrap() as u32);
    report["diagnostics"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn faulty_documents_are_reported_at_the_deciding_key_and_mended_ones_are_silent() {
    let Some(folder) = shared("reference/edge-fixtures") else {
        println!("skipped: ../shared is absent");
        return;
    };
    let expected: &[(&str, &[(&str, u32)])] = &[
        ("amplify-customHttp.faulty.yml", &[("cached-login", 4)]),
        ("cfn-cached-login.faulty.yaml", &[("cached-login", 16), ("stripped-cookies", 16)]),
        ("cfn-dropped-auth-legacy.faulty.yaml", &[("dropped-authorization", 17)]),
        ("cfn-mask-403.faulty.yaml", &[("swallowed-challenge", 16)]),
        ("cfn-orp-authorization.faulty.yaml", &[("syntax-error", 10)]),
        ("cloudflare-ruleset.faulty.yaml", &[("cached-login", 10), ("cached-unauthorized", 13)]),
        ("configmap-nginx.faulty.yaml", &[("dropped-authorization", 10)]),
        ("envoy.faulty.yaml", &[("dropped-authorization", 10)]),
        ("gcp-kcc.faulty.yaml", &[("cached-login", 8), ("cached-private-response", 8)]),
        ("gke-backendconfig.faulty.yaml", &[("cached-login", 7), ("syntax-error", 10)]),
        ("ingress-nginx.faulty.yaml", &[("dropped-authorization", 6), ("cached-unauthorized", 9), ("cached-auth-verdict", 9)]),
        ("istio.faulty.yaml", &[("dropped-authorization", 15)]),
        ("kong.faulty.yaml", &[("dropped-authorization", 12), ("cached-unauthorized", 10)]),
        ("platformsh-routes.faulty.yaml", &[("cached-login", 7), ("split-login-host", 8)]),
        ("traefik.faulty.yaml", &[("dropped-authorization", 7)]),
    ];
    let mut missed = Vec::new();
    for (name, findings) in expected {
        let found = reported(&folder.join(name));
        for (rule, line) in *findings {
            if !found.contains(&((*rule).to_owned(), *line)) {
                missed.push(format!("{name}:{line} has no {rule}: {found:?}"));
            }
        }
    }
    let mut mended: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    mended.retain(|path| path.to_string_lossy().contains(".fixed."));
    assert!(mended.len() > 5, "the mended documents are gone");
    missed.extend(
        mended.iter().flat_map(|path| reported(path).into_iter().map(move |found| format!("{}: {found:?}", path.display()))),
    );
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn a_request_is_followed_through_the_behaviours_of_a_distribution() {
    let template = "Resources:\n  Site:\n    Type: AWS::CloudFront::Distribution\n    Properties:\n      DistributionConfig:\n        Aliases: [www.example.com]\n        Origins:\n          - {Id: app, DomainName: app.example.com, CustomOriginConfig: {OriginProtocolPolicy: https-only}}\n        CacheBehaviors:\n          - PathPattern: /static/*\n            TargetOriginId: app\n            ViewerProtocolPolicy: allow-all\n            CachePolicyId: 658327ea-f89d-4fab-a63d-7e88639e58f6\n        DefaultCacheBehavior:\n          TargetOriginId: app\n          ViewerProtocolPolicy: redirect-to-https\n          AllowedMethods: [GET, HEAD, OPTIONS, PUT, PATCH, POST, DELETE]\n          CachePolicyId: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad\n          OriginRequestPolicyId: 216adef6-5c7f-47e4-b989-5492eafa07d3\n";
    let folder = Folder::with(&[("cdn.yaml", template)]);
    let layer = |url: &str| {
        let ran = folder.run(&["trace", "-f", "json", "--header", "Authorization: Bearer x", url, "cdn.yaml"]);
        let trace: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}", ran.stderr));
        trace["layers"][0].clone()
    };
    let page = layer("https://www.example.com/login");
    assert_eq!((page["kind"].as_str(), page["handler"].as_str()), (Some("cloudformation"), Some("proxy")), "{page}");
    assert_eq!(page["served_by"]["line"].as_u64(), Some(14), "{page}");
    assert_eq!(page["upstream"]["authorization"].as_str(), Some("kept"), "{page}");
    assert_eq!(page["cache"]["stores"].as_str(), Some("no"), "{page}");
    let file = layer("https://www.example.com/static/x.css");
    assert_eq!(file["served_by"]["line"].as_u64(), Some(10), "{file}");
    assert_eq!(file["upstream"]["authorization"].as_str(), Some("dropped"), "{file}");
    assert_eq!(file["cache"]["stores"].as_str(), Some("yes"), "{file}");
    let plain = layer("http://www.example.com/login");
    assert_eq!(
        (plain["status"].as_u64(), plain["location"].as_str()),
        (Some(301), Some("https://www.example.com/login")),
        "{plain}"
    );
}

#[test]
fn documents_are_known_by_their_keys_and_not_by_the_name_of_the_file() {
    let folder = Folder::with(&[
        (
            "a.yaml",
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  annotations:\n    nginx.ingress.kubernetes.io/auth-type: basic\nspec: {}\n",
        ),
        ("kong.yaml", "services:\n  - name: x\n"),
        ("ingress.yaml", "# nothing of nginx here\na: b\n"),
        ("c.json", "{\"Resources\": {\"D\": {\"Type\": \"AWS::CloudFront::Distribution\"}}}"),
    ]);
    let ran = folder.run(&["files"]);
    let files: Vec<&str> = ran.stdout.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(files, ["a.yaml", "c.json"]);
}

#[test]
fn a_template_that_is_no_yaml_is_one_note() {
    let folder = Folder::with(&[(
        "ingress.yaml",
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  annotations:\n    {{- toYaml .Values.annotations | nindent 4 }}\n    nginx.ingress.kubernetes.io/auth-type: basic\n",
    )]);
    let ran = folder.run(&["check", "-f", "concise"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with("ingress.yaml:5:5: info: this file is a template"), "{}", ran.stdout);
    assert_eq!(ran.stdout.lines().count(), 1);
}

#[test]
fn comments_accept_findings_in_yaml() {
    let rules = "schema: edge-rules/v1\nrules:\n  - path: /*\n    # lint401: ignore[cached-login] -- there is no login\n    cache: {ttl: 1h}\n";
    let folder = Folder::with(&[("edge.yaml", rules)]);
    let ran = folder.run(&["check", "-f", "concise", "--select", "cached-login,unused-ignore"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
}

#[test]
fn the_schema_of_the_neutral_rules_and_the_check_know_the_same_keys() {
    let schema: Value = serde_json::from_str(include_str!("../../schema/edge-rules.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let accepted = [
        r#"{"schema": "edge-rules/v1", "cdn": "x", "match": "last", "hosts": ["a.example"], "defaults": {"cache": "origin"}, "rules": []}"#,
        r#"{"schema": "edge-rules/v1", "rules": [{"path": ["/a", "/b/*"], "host": "a", "methods": ["GET"], "cache": {"ttl": "10m", "key": ["Authorization"], "statuses": [200], "ignore_origin": true}}]}"#,
        r#"{"schema": "edge-rules/v1", "rules": [{"path": "/", "auth": {"type": "basic", "file": "f", "realm": "r", "strip": true}, "forward": {"authorization": true, "cookies": ["a"], "host": false}}]}"#,
        r#"{"schema": "edge-rules/v1", "rules": [{"path": "/", "redirect": {"to": "https://a/", "code": 308}, "rate_limit": {"requests": 10, "per": "1m", "status": 429}, "waf": {"action": "block"}, "origin": "files", "response": {"remove": ["Server"]}}]}"#,
    ];
    let refused = [
        r#"{"schema": "edge-rules/v1", "rule": [], "rules": []}"#,
        r#"{"schema": "edge-rules/v1", "rules": [{"pth": "/"}]}"#,
        r#"{"schema": "edge-rules/v1", "rules": [{"path": "/", "cache": {"ttl": "soon"}}]}"#,
        r#"{"schema": "edge-rules/v1", "rules": [{"path": "/", "cache": "of"}]}"#,
        r#"{"schema": "edge-rules/v1", "rules": [{"path": "/", "auth": {"type": "basci"}}]}"#,
        r#"{"schema": "edge-rules/v1", "match": "any", "rules": []}"#,
        r#"{"schema": "edge-rules/v2", "rules": []}"#,
        r#"{"schema": "edge-rules/v1"}"#,
    ];
    for (documents, good) in [(&accepted[..], true), (&refused[..], false)] {
        for document in documents {
            let value: Value = serde_json::from_str(document).unwrap();
            assert_eq!(validator.is_valid(&value), good, "the schema on {document}");
            let folder = Folder::with(&[("edge.yaml", document)]);
            let ran = folder.run(&["check", "-f", "concise", "--select", "syntax-error"]);
            assert_eq!(ran.code == 0, good, "the check on {document}: {}", ran.stdout);
        }
    }
}
