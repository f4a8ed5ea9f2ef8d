//! The same for YAML: what breaks naive readers of it, as the user sees it, and what is written to do harm.

use std::fmt::Write as _;

use std::fs;
use std::path::Path;

use super::{Answer, Tree, check_as};

/// A document that is ours, with a fault in it: whatever stands around it, the fault is found.
const OURS: &str = "schema: edge-rules/v1\nrules:\n  - path: /*\n    cache: {ttl: 1h}\n";

/// Checks a text as a file of edge rules.
fn check(bytes: impl AsRef<[u8]>) -> Answer {
    let tree = Tree::new();
    check_as("edge", &tree.add("x.yaml", bytes))
}

/// What is reported: line and rule of each finding.
fn found(text: impl AsRef<[u8]>) -> Vec<String> {
    let answer = check(text);
    let of = |line: &str| {
        let at = line.split(':').nth(1).unwrap_or_default();
        let rule = line.rsplit('[').next().unwrap_or_default().trim_end_matches(']');
        format!("{at} {rule}")
    };
    answer.stdout.lines().map(of).collect()
}

/// So many lines, or groups of lines.
fn many(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect::<Vec<_>>().concat()
}

/// A distribution with one property more.
fn distribution(more: &str) -> String {
    format!(
        "Resources:\n  Site:\n    Type: AWS::CloudFront::Distribution\n    Properties:\n      DistributionConfig:\n        {more}\n        Origins: [{{Id: app, DomainName: api.example.com, CustomOriginConfig: {{OriginProtocolPolicy: https-only}}}}]\n        DefaultCacheBehavior:\n          TargetOriginId: app\n          ViewerProtocolPolicy: redirect-to-https\n          AllowedMethods: [GET, HEAD, OPTIONS, PUT, PATCH, POST, DELETE]\n          CachePolicyId: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad\n"
    )
}

#[test]
fn tags_of_templates() {
    let tags = [
        "Comment: !Ref Name",
        "Comment: !GetAtt A.B",
        "Comment: !GetAtt [A, B]",
        "Comment: !If [c, a, b]",
        "Comment: !Sub ['${x}', {x: y}]",
        "Comment: !Split [',', 'a,b']",
        "Comment: !Rain::Module ./x.yaml",
        "Comment: {Fn::If: [c, a, b]}",
        "Comment: {Ref: Name}",
    ];
    for tag in tags {
        let text = distribution(tag);
        assert!(found(&text).contains(&"12 dropped-authorization".to_owned()), "{tag}: {:?}", found(&text));
    }
}

#[test]
fn anchors_merges_and_several_documents() {
    let merged = "schema: edge-rules/v1\ndefaults: &d {cache: {ttl: 1h}}\nrules:\n  - path: /*\n    <<: *d\n";
    assert!(found(merged).iter().any(|line| line == "2 cached-login" || line == "5 cached-login"), "{:?}", found(merged));
    let several = format!("a: b\n---\n{OURS}---\nc: d\n");
    assert_eq!(found(several), ["6 cached-login"]);
    let broken = format!("a: [b\n---\n{OURS}");
    let lines = found(broken);
    assert!(lines.contains(&"6 cached-login".to_owned()) && lines.iter().any(|l| l.ends_with("syntax-error")), "{lines:?}");
}

#[test]
fn keys_that_stand_twice() {
    assert_eq!(found("schema: edge-rules/v1\nrules: []\nrules: []\n"), ["3 syntax-error"]);
}

#[test]
fn templates_wildcards_and_tabs() {
    let template = |text: &str| found(format!("{OURS}{text}"));
    assert_eq!(template("{{- toYaml .Values.more }}\n"), ["5 templated-file"]);
    assert_eq!(template("{% for x in y %}\n"), ["5 templated-file"]);
    let wildcard = distribution("X: *.php");
    assert!(found(&wildcard).contains(&"6 syntax-error".to_owned()), "{:?}", found(&wildcard));
    let tab = format!("{OURS}\n\t- path: /x\n");
    assert!(found(&tab).iter().any(|line| line.ends_with("syntax-error")), "{:?}", found(&tab));
    // A hole in quotes is a value that is not known.
    let hole = "schema: edge-rules/v1\nrules:\n  - path: /*\n    cache: {ttl: \"{{ ttl }}\"}\n";
    assert!(!found(hole).iter().any(|line| line.ends_with("cached-login")), "{:?}", found(hole));
}

#[test]
fn spellings_of_one_text() {
    for text in [
        format!("\u{feff}{OURS}"),
        OURS.replace('\n', "\r\n"),
        OURS.replace("schema: edge-rules/v1", "\"schema\": 'edge-rules/v1'"),
    ] {
        assert_eq!(found(&text), ["4 cached-login"], "{text:?}");
    }
    assert_eq!(
        found("{\"schema\": \"edge-rules/v1\", \"rules\": [{\"path\": \"/*\", \"cache\": {\"ttl\": \"1h\"}}]}"),
        ["1 cached-login"]
    );
    let routes =
        "https://{default}/:\n  type: upstream\n  upstream: app:http\n  cache: {enabled: yes, default_ttl: 600, cookies: []}\n";
    assert!(found(routes).iter().any(|line| line == "4 cached-login"), "{:?}", found(routes));
    // The words of YAML 1.1 mean what its readers make of them.
    assert_eq!(found(routes.replace("enabled: yes", "enabled: off")), Vec::<String>::new());
}

#[test]
fn alias_bombs() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    let mut merges = "m0: &m0 {k: v}\n".to_owned();
    for level in 1..12 {
        let last = level - 1;
        writeln!(laughs, "a{level}: &a{level} [{}]", vec![format!("*a{last}"); 9].join(", ")).unwrap();
        writeln!(merges, "m{level}: &m{level} {{<<: [{}], k{level}: v}}", vec![format!("*m{last}"); 9].join(", ")).unwrap();
    }
    for bomb in [laughs, merges] {
        let lines = found(format!("{OURS}{bomb}"));
        assert!(lines.iter().any(|line| line.ends_with("limit-reached")), "{lines:?}");
    }
    assert_eq!(check(format!("{OURS}x: &x\n  y: *x\n")).code, 1);
    let many = many(50_000, |i| format!("k{i}: *a\n"));
    check(format!("{OURS}a: &a {{b: c}}\n{many}"));
}

#[test]
fn depth() {
    for (open, count) in [("[", 100_000), ("{a: ", 100_000), ("- ", 100_000), ("? ", 100_000), ("!!x ", 20_000), ("&a ", 20_000)]
    {
        let answer = check(format!("{OURS}more: {}", open.repeat(count)));
        assert_eq!(answer.code, 1, "{open}: {}", answer.stdout);
    }
    let mut steps = OURS.to_owned();
    for depth in 0..3_000 {
        writeln!(steps, "{}k:", " ".repeat(depth)).unwrap();
    }
    assert!(found(&steps).iter().any(|line| line.ends_with("limit-reached")), "{:?}", found(&steps));
}

#[test]
fn large_things() {
    let megabytes = "x".repeat(20 << 20);
    for text in [
        format!("{OURS}cdn: {megabytes}\n"),
        format!("{OURS}cdn: \"{megabytes}\"\n"),
        format!("{OURS}cdn: '{megabytes}\n"),
        format!("{OURS}cdn: |\n  {megabytes}\n"),
        format!("{OURS}# {megabytes}\n"),
        format!("{OURS}{megabytes}: x\n"),
        format!("{OURS}cdn: &{megabytes} x\n"),
        format!("{OURS}cdn: !{megabytes} x\n"),
    ] {
        check(text);
    }
    let keys = many(200_000, |i| format!("  k{i}: v\n"));
    check(format!("{OURS}more:\n{keys}"));
    let items = "  - path: /a\n".repeat(20_000);
    check(format!("schema: edge-rules/v1\nrules:\n{items}"));
}

#[test]
fn thousands_of_documents() {
    let ours = format!("---\n{OURS}").repeat(5_000);
    assert_eq!(found(ours).iter().filter(|line| line.ends_with("cached-login")).count(), 5_000);
    check("---\n".repeat(200_000));
    let broken = "---\na: [\n".repeat(20_000);
    assert_eq!(check(broken).code, 1);
}

#[test]
fn bytes_that_are_no_yaml() {
    let mut bytes = OURS.as_bytes().to_vec();
    bytes.extend(b"cdn: \"a\0b\"\n");
    check(&bytes);
    check([OURS.as_bytes(), b"cdn: \xff\xfe\xc3\x28\n"].concat());
    check(OURS.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    check(vec![0; 65_536]);
    check("\u{feff}\u{feff}---\u{2028}a: \u{85}b\n");
    check("%YAML 9.9\n%TAG ! tag:x,2000:\n---\n!!x a\n...\n%\n");
    check("a: \u{202e}b\n");
}

/// nginx inside of YAML is as hostile as nginx alone.
#[test]
fn broken_nginx_inside() {
    let map = |body: &str| {
        format!("kind: ConfigMap\napiVersion: v1\ndata:\n  nginx.conf: |\n    events {{}}\n    http {{\n    {body}\n")
    };
    let answer = check(map(&"server { ".repeat(20_000)));
    assert_eq!(answer.code, 1);
    let answer = check(map("server { listen 80; set $a \"x;"));
    assert!(answer.stdout.contains("syntax-error"), "{}", answer.stdout);
    let blocks = many(3_000, |i| format!("  f{i}.conf: |\n    server {{ listen 80; server_name s{i}.example; }}\n"));
    let answer = check(format!("kind: ConfigMap\napiVersion: v1\ndata:\n{blocks}"));
    assert!(answer.stdout.contains("[limit-reached]"), "{}", answer.stdout);
}

/// What stands in the places of values in which nobody would write it.
const ODD: &[&str] = &[
    "[]",
    "{}",
    "~",
    "''",
    "[[[1]]]",
    "{a: {b: c}}",
    "!Ref X",
    "!If [c, [], {}]",
    "-1",
    "18446744073709551616",
    "1e400",
    "\"\\0\"",
    "{{ x }}",
    "<<",
    "{<<: {a: b}}",
    "|",
];

/// Every example in YAML of the rule pages, its lines taken out, doubled, moved in and given odd values: nothing fails inside.
#[test]
fn examples_with_odd_values() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut pages: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    let mut texts: Vec<String> = Vec::new();
    for page in pages {
        let text = fs::read_to_string(page).unwrap();
        let blocks = text.split("\n```yaml ").skip(1).filter_map(|block| block.split_once('\n')?.1.split_once("\n```"));
        texts.extend(blocks.map(|(block, _)| format!("{block}\n")));
    }
    assert!(texts.len() > 50, "{} examples", texts.len());
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    let mut failed = Vec::new();
    for text in &texts {
        for _ in 0..12 {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            for _ in 0..=next(3) {
                let at = next(lines.len());
                match next(4) {
                    0 => drop(lines.remove(at)),
                    1 => lines.insert(at, lines[at].clone()),
                    2 => lines[at].insert(0, ' '),
                    _ => {
                        if let Some((key, _)) = lines[at].clone().split_once(": ") {
                            lines[at] = format!("{key}: {}", ODD[next(ODD.len())]);
                        }
                    }
                }
                if lines.is_empty() {
                    break;
                }
            }
            let changed = lines.join("\n");
            if let Some(fault) = internal_error(&changed) {
                failed.push(format!("{fault}\n{changed}"));
            }
        }
    }
    assert!(failed.is_empty(), "{} failed, the first one: {}", failed.len(), failed[0]);
}

/// What went wrong inside while a text was checked.
fn internal_error(text: &str) -> Option<String> {
    use lint401::discover::{Dialect, Root, RootKind};
    let mut files = lint401::files::Memory::new();
    files.add("x.yaml", text);
    let root = Root { main: "x.yaml".into(), base: "".into(), kind: RootKind::Main, dialect: Dialect::Edge(None) };
    let analysis = lint401::analyze(&files, &[root], &lint401::settings::Settings::default());
    let internal = analysis.findings.iter().find(|reported| reported.finding.rule == lint401::INTERNAL_ERROR);
    internal.map(|reported| reported.finding.message.clone())
}
