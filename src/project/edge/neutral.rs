//! The neutral schema (`schema: edge-rules/v1`): its keys are checked, because nobody else reads it and a key with a typing error
//! would say nothing.

use crate::finding::{Applicability, Edit, Finding};
use crate::syntax::yaml::{Entry, Yaml};

const RULE: &str = "syntax-error";

const TOP: &[&str] = &["schema", "cdn", "match", "hosts", "defaults", "rules"];
const DEFAULTS: &[&str] = &["cache", "forward", "auth", "origin"];
const RULES: &[&str] =
    &["path", "host", "methods", "cache", "forward", "auth", "redirect", "rate_limit", "waf", "origin", "response"];
const CACHE: &[&str] = &["ttl", "key", "statuses", "ignore_origin"];
const FORWARD: &[&str] = &["authorization", "cookies", "host"];
const AUTH: &[&str] = &["type", "file", "realm", "strip"];
const REDIRECT: &[&str] = &["to", "code"];
const RATE_LIMIT: &[&str] = &["requests", "per", "status"];
const WAF: &[&str] = &["action"];
const RESPONSE: &[&str] = &["remove"];

/// Finds keys that the schema does not have, and values that it does not know.
pub(super) fn check(document: Yaml) -> Vec<Finding> {
    let mut findings = Vec::new();
    keys(document, TOP, &mut findings);
    if let Some(schema) = document.get("schema").filter(|schema| schema.as_str() != Some("edge-rules/v1")) {
        findings.push(Finding::new(RULE, schema.span(), "this schema is not known: write edge-rules/v1"));
    }
    word(document.get("match"), &["first", "last", "longest-prefix"], &mut findings);
    if let Some(defaults) = document.get("defaults") {
        keys(defaults, DEFAULTS, &mut findings);
        says(defaults, &mut findings);
    }
    match document.get("rules") {
        Some(rules) if rules.is_sequence() => {
            for rule in rules.items() {
                keys(rule, RULES, &mut findings);
                says(rule, &mut findings);
            }
        }
        Some(rules) => findings.push(Finding::new(RULE, rules.span(), "`rules` must be a list")),
        None => findings.push(Finding::new(RULE, document.span(), "there are no `rules`")),
    }
    findings
}

/// What a rule or the defaults say.
fn says(node: Yaml, findings: &mut Vec<Finding>) {
    if let Some(cache) = node.get("cache") {
        if cache.is_mapping() {
            keys(cache, CACHE, findings);
            if let Some(ttl) = cache.get("ttl").filter(|ttl| ttl.as_str().is_some_and(|text| seconds(text).is_none())) {
                findings.push(Finding::new(RULE, ttl.span(), "this is no time: write seconds, or 30s, 10m, 2h, 1d"));
            }
        } else if cache.as_bool() != Some(false) {
            word(Some(cache), &["off", "origin"], findings);
        }
    }
    for (key, known) in [
        ("forward", FORWARD),
        ("auth", AUTH),
        ("redirect", REDIRECT),
        ("rate_limit", RATE_LIMIT),
        ("waf", WAF),
        ("response", RESPONSE),
    ] {
        if let Some(value) = node.get(key).filter(|value| value.is_mapping()) {
            keys(value, known, findings);
        }
    }
    word(node.at_path(&["auth", "type"]), &["basic", "digest", "jwt", "external"], findings);
    word(node.at_path(&["waf", "action"]), &["block", "challenge", "allow"], findings);
    word(node.get("origin"), &["application", "files"], findings);
}

/// A time in seconds: a number, or one with `s`, `m`, `h` or `d`.
pub fn seconds(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let factor = match unit.trim() {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

fn keys(mapping: Yaml, known: &[&str], findings: &mut Vec<Finding>) {
    if !mapping.is_mapping() {
        findings.push(Finding::new(RULE, mapping.span(), "this must be a mapping of keys and values"));
        return;
    }
    for Entry { key, .. } in mapping.entries() {
        let Some(name) = key.raw().filter(|name| !known.contains(name)) else { continue };
        let mut finding = Finding::new(RULE, key.span(), format!("`{name}` is no key of edge-rules/v1 here"));
        finding = match near(name, known) {
            Some(near) => finding.help(format!("did you mean `{near}`?")).fix(
                Applicability::Unsafe,
                format!("write `{near}`"),
                vec![Edit { span: key.span(), text: near.to_owned() }],
            ),
            None => finding.help(format!("it knows {}", known.join(", "))),
        };
        findings.push(finding);
    }
}

fn word(value: Option<Yaml>, known: &[&str], findings: &mut Vec<Finding>) {
    let Some(value) = value else { return };
    let Some(text) = value.as_str().filter(|text| !known.contains(text)) else { return };
    if text.contains("{{") || text.contains("${") {
        return;
    }
    let mut finding = Finding::new(RULE, value.span(), format!("`{text}` is not known here"));
    finding = match near(text, known) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help(format!("it may be {}", known.join(", "))),
    };
    findings.push(finding);
}

fn near<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let scored = known.iter().map(|k| (strsim::osa_distance(k, name), *k)).filter(|(distance, _)| *distance <= 2);
    scored.min().map(|(_, near)| near)
}
