//! The input in YAML, and one function a stage: the only place of these benches that calls the library.

use std::fmt::Write as _;
use std::path::Path;

use lint401::discover::{Dialect, Root, RootKind};
use lint401::files::Memory;
use lint401::model::from::edge::{self as lowering, EdgeSite};
use lint401::model::{Paths, Site as _};
use lint401::project::edge::{self as project, Config};
use lint401::settings::Settings;
use lint401::source::{FileId, SourceMap};
use lint401::syntax::yaml::{self, Tree};

const MAIN: &str = "cdn.yaml";

/// Policies that distributions of all kinds use.
const POLICIES: [&str; 3] =
    ["658327ea-f89d-4fab-a63d-7e88639e58f6", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "83da9c7e-98b4-4e11-a168-04f0df8e2c65"];

/// A template with so many distributions; names, paths and policies differ, so that nothing can be gained from equal texts.
pub(crate) fn template(distributions: usize) -> String {
    let mut text =
        String::from("AWSTemplateFormatVersion: '2010-09-09'\nParameters:\n  Stage: {Type: String, Default: live}\nResources:\n");
    for i in 0..distributions {
        let (policy, days) = (POLICIES[i % POLICIES.len()], 1 + i % 30);
        let written = write!(
            text,
            r#"  Site{i}:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Comment: !Sub "site {i} of ${{Stage}}"
        Aliases: [www.site{i}.example.com]
        Origins:
          - Id: app{i}
            DomainName: app{i}.example.com
            CustomOriginConfig: {{OriginProtocolPolicy: https-only}}
          - Id: files{i}
            DomainName: files{i}.s3.amazonaws.com
            S3OriginConfig: {{OriginAccessIdentity: ""}}
        CacheBehaviors:
          - PathPattern: /assets{}/*
            TargetOriginId: files{i}
            ViewerProtocolPolicy: redirect-to-https
            CachePolicyId: {}
          - PathPattern: /api/*
            TargetOriginId: app{i}
            ViewerProtocolPolicy: https-only
            AllowedMethods: [GET, HEAD, OPTIONS, PUT, PATCH, POST, DELETE]
            ForwardedValues: {{QueryString: true, Headers: [Authorization, Host], Cookies: {{Forward: all}}}}
            MinTTL: 0
            DefaultTTL: 0
            MaxTTL: {}
        DefaultCacheBehavior: # the site itself
          TargetOriginId: app{i}
          ViewerProtocolPolicy: redirect-to-https
          CachePolicyId: {policy}
          OriginRequestPolicyId: 216adef6-5c7f-47e4-b989-5492eafa07d3
"#,
            i % 97,
            POLICIES[0],
            days * 86_400,
        );
        debug_assert!(written.is_ok(), "writing to a string does not fail");
    }
    text
}

/// The same as JSON in one line a distribution.
pub(crate) fn json(distributions: usize) -> String {
    let distribution = |i: usize| {
        format!(
            r#""Site{i}": {{"Type": "AWS::CloudFront::Distribution", "Properties": {{"DistributionConfig": {{"Enabled": true, "Aliases": ["www.site{i}.example.com"], "Origins": [{{"Id": "app", "DomainName": "app{i}.example.com", "CustomOriginConfig": {{"OriginProtocolPolicy": "https-only"}}}}], "DefaultCacheBehavior": {{"TargetOriginId": "app", "ViewerProtocolPolicy": "allow-all", "CachePolicyId": "{}"}}}}}}}}"#,
            POLICIES[i % POLICIES.len()]
        )
    };
    let all: Vec<String> = (0..distributions).map(distribution).collect();
    format!("{{\"Resources\": {{\n{}\n}}}}\n", all.join(",\n"))
}

/// A `ConfigMap` with so many configurations of nginx.
pub(crate) fn config_map(blocks: usize) -> String {
    let mut text = String::from("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sites}\ndata:\n");
    for i in 0..blocks {
        let written = write!(
            text,
            "  site{i}.conf: |\n    server {{\n      listen 80;\n      server_name site{i}.example.com;\n      location /area{i}/ {{\n        proxy_pass http://127.0.0.1:{};\n      }}\n    }}\n",
            9_000 + i % 700
        );
        debug_assert!(written.is_ok(), "writing to a string does not fail");
    }
    text
}

/// Text to tree.
pub(crate) fn parse(text: &str) -> Tree {
    yaml::parse(FileId(0), text)
}

/// The file alone.
pub(crate) fn files(text: &str) -> Memory {
    let mut files = Memory::new();
    files.add(MAIN, text);
    files
}

/// Documents with their texts.
pub(crate) struct Loaded {
    config: Config,
    sources: SourceMap,
}

/// File to documents.
pub(crate) fn load(files: &Memory) -> Loaded {
    let mut sources = SourceMap::new();
    let config = project::load(files, &mut sources, Path::new(MAIN), Path::new(""), None, &Settings::default()).config;
    Loaded { config, sources }
}

/// Documents to sites.
pub(crate) fn lower(loaded: &Loaded) -> Vec<EdgeSite> {
    lowering::lower(&loaded.config, &loaded.sources, Paths::shipped())
}

/// One path at every site; how many hand it on.
pub(crate) fn resolve(sites: &[EdgeSite], path: &str) -> usize {
    sites.iter().filter(|site| site.resolve(&site.request(path)).upstream.is_some()).count()
}

/// How many findings there are.
pub(crate) fn analyze(files: &Memory) -> usize {
    let root = Root { main: MAIN.into(), base: "".into(), kind: RootKind::Main, dialect: Dialect::Edge(None) };
    lint401::analyze(files, &[root], &Settings::default()).findings.len()
}
