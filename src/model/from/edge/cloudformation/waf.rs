//! Web ACLs (`AWS::WAFv2::WebACL`) in front of a distribution.
//!
//! From the developer guide of AWS WAF: rules are evaluated by their `Priority`, lowest number first; `Allow` and `Block` end it,
//! `Count` does not; what no rule ends gets the `DefaultAction`. Blocked requests are answered with 403 unless a custom response
//! says otherwise, and so are those beyond the limit of a rate-based rule. Groups of rules of others are not in view.

use super::values::Template;
use crate::model::from::edge::condition::Condition;
use crate::model::from::edge::pattern::Pattern;
use crate::model::from::edge::says::{Answer, Behaviour, Limit};
use crate::source::Span;
use crate::syntax::yaml::{Entry, Yaml};

/// The status of what is blocked (`CustomResponse.ResponseCode`).
const BLOCKED: u16 = 403;

/// Seconds over which a rate-based rule counts (`EvaluationWindowSec`).
const WINDOW: f64 = 300.0;

/// How deep statements in statements are followed.
const MAX_DEPTH: usize = 8;

/// What a list does to requests before any behaviour.
#[derive(Default)]
pub(super) struct Acl {
    /// What it answers by itself.
    pub(super) blocked: Vec<Behaviour>,
    /// Which requests it limits.
    pub(super) limited: Vec<(Condition, Limit)>,
}

/// The list that a distribution names, as far as the template holds it.
pub(super) fn acl<'a>(template: &Template<'a>, config: Yaml<'a>) -> Option<Acl> {
    let name = template.only_resource(config.get("WebACLId")?)?;
    let properties = template.resource(name, "AWS::WAFv2::WebACL")?.get("Properties")?;
    let lists = properties.get("Rules").map(|rules| template.nodes(rules)).unwrap_or_default();
    let mut rules: Vec<Yaml> = lists.into_iter().flat_map(|(list, _)| list.items()).collect();
    let priority = |rule: &Yaml<'a>| rule.get("Priority").and_then(|value| template.number(value)).unwrap_or(u64::MAX);
    rules.sort_by_key(priority);
    let mut acl = Acl::default();
    // What an earlier rule lets through is not looked at any more.
    let mut passed: Vec<Condition> = Vec::new();
    for rule in rules {
        let Some((node, certain)) = template.nodes(rule).first().copied() else { continue };
        let Some(statement) = node.get("Statement") else { continue };
        let title = node.get("Name").and_then(|name| template.text(name)).unwrap_or("without name");
        let head = node.entry("Name").map_or(node.span(), |name| name.head());
        let action = node.get("Action");
        let allows = action.is_some_and(|action| action.get("Allow").is_some());
        let block = action.and_then(|action| action.entry("Block"));
        if let Some((limit, when)) = rate(template, statement, block.as_ref()) {
            if let Some(limit) = limit {
                acl.limited.push((but(when, &passed), limit));
            }
            continue;
        }
        let when = condition(template, statement, 0);
        let open = if certain { Condition::Always } else { Condition::Open(super::CONDITION.to_owned()) };
        if allows {
            passed.push(when.and(open));
        } else if let Some(block) = block.filter(|_| !is_open(&when)) {
            let (status, span) = refusal(template, &block, head);
            let mut blocked = Behaviour::new(head, format!("rule {title} of the web ACL"), but(when.and(open), &passed));
            blocked.says.answer = Some(Answer { status, location: None, span });
            acl.blocked.push(blocked);
        }
    }
    let default = properties.entry("DefaultAction").filter(|action| action.value.get("Block").is_some());
    if let Some((action, block)) = default.and_then(|action| Some((action, action.value.entry("Block")?))) {
        let (status, span) = refusal(template, &block, action.head());
        let name = "the default action of the web ACL";
        let mut blocked = Behaviour::new(action.head(), name, but(Condition::Always, &passed));
        blocked.says.answer = Some(Answer { status, location: None, span });
        acl.blocked.push(blocked);
    }
    Some(acl)
}

/// A condition for what is not let through before.
fn but(when: Condition, passed: &[Condition]) -> Condition {
    passed.iter().fold(when, |when, passed| when.and(Condition::Not(Box::new(passed.clone()))))
}

/// Whether nothing of a condition is in view: it may be for anything or for nothing.
fn is_open(condition: &Condition) -> bool {
    match condition {
        Condition::Open(_) => true,
        Condition::All(all) => all.iter().all(is_open),
        Condition::Any(any) => any.iter().all(is_open),
        Condition::Not(condition) => is_open(condition),
        _ => false,
    }
}

/// The status of what a rule refuses, and the key that says so.
fn refusal(template: &Template, block: &Entry, head: Span) -> (u16, Span) {
    let custom = block.value.get("CustomResponse").and_then(|custom| custom.entry("ResponseCode"));
    let status = custom.as_ref().and_then(|code| template.text(code.value)?.trim().parse().ok());
    (status.unwrap_or(BLOCKED), custom.filter(|_| status.is_some()).map_or(head, |code| code.head()))
}

/// What a rate-based statement limits. The limit is there only where the statement names the paths: one for all visitors is against
/// floods and far above what people do.
fn rate(template: &Template, statement: Yaml, block: Option<&Entry>) -> Option<(Option<Limit>, Condition)> {
    let rate = statement.get("RateBasedStatement")?;
    let scope = rate.get("ScopeDownStatement").map(|scope| condition(template, scope, 0));
    let when = scope.unwrap_or(Condition::Always);
    let limit = rate.entry("Limit").filter(|_| when.length() > 0).and_then(|limit| {
        let number = |node: Yaml| template.text(node)?.trim().parse::<f64>().ok();
        let requests = number(limit.value)?;
        let window = rate.get("EvaluationWindowSec").map_or(Some(WINDOW), number)?;
        let (status, _) = refusal(template, block?, limit.head());
        Some(Limit { per_minute: requests * 60.0 / window, burst: requests, status, span: limit.head() })
    });
    Some((limit, when))
}

/// For which requests a statement is.
fn condition(template: &Template, statement: Yaml, depth: usize) -> Condition {
    let open = |why: &str| Condition::Open(why.to_owned());
    let Some(entry) = statement.entries().into_iter().next().filter(|_| depth < MAX_DEPTH) else {
        return open("a statement that is not followed");
    };
    let inner = |key: &str| {
        let list = entry
            .value
            .get(key)
            .into_iter()
            .flat_map(|list| if list.is_sequence() { list.items().collect() } else { vec![list] });
        list.map(|one| condition(template, one, depth + 1)).collect::<Vec<_>>()
    };
    match entry.key.raw().unwrap_or_default() {
        "AndStatement" => inner("Statements").into_iter().fold(Condition::Always, Condition::and),
        "OrStatement" => Condition::any(inner("Statements")),
        "NotStatement" => match inner("Statement").pop() {
            Some(condition) => Condition::Not(Box::new(condition)),
            None => open("a statement that is not followed"),
        },
        "ByteMatchStatement" => byte_match(template, entry.value).unwrap_or_else(|| open("it asks for more than the path")),
        "RegexMatchStatement" => {
            let text = entry.value.get("RegexString").and_then(|text| template.text(text));
            match text.filter(|_| field(entry.value) == Some(Field::Path)) {
                Some(text) => Condition::Path(Pattern::regex(text)),
                None => open("it asks for more than the path"),
            }
        }
        _ => open("what it asks for is not in the file"),
    }
}

/// The part of a request that a statement looks at.
#[derive(PartialEq, Eq)]
enum Field {
    Path,
    Method,
    Host,
}

fn field(statement: Yaml) -> Option<Field> {
    let field = statement.get("FieldToMatch")?;
    let host =
        field.at_path(&["SingleHeader", "Name"]).and_then(Yaml::as_str).is_some_and(|name| name.eq_ignore_ascii_case("host"));
    match () {
        () if field.get("UriPath").is_some() => Some(Field::Path),
        () if field.get("Method").is_some() => Some(Field::Method),
        () if host => Some(Field::Host),
        () => None,
    }
}

fn byte_match(template: &Template, statement: Yaml) -> Option<Condition> {
    let text = template.text(statement.get("SearchString")?)?;
    let how = template.text(statement.get("PositionalConstraint")?)?;
    let known = ["NONE", "LOWERCASE", "URL_DECODE", "URL_DECODE_UNI", "NORMALIZE_PATH"];
    let mut changes = statement.get("TextTransformations").into_iter().flat_map(Yaml::items);
    let plain =
        changes.all(|change| change.get("Type").and_then(|kind| template.text(kind)).is_some_and(|kind| known.contains(&kind)));
    let pattern = |text: &str| match how {
        "EXACTLY" => Some(Pattern::Exact(text.to_owned())),
        "STARTS_WITH" if text == "/" => Some(Pattern::Any),
        "STARTS_WITH" => Some(Pattern::Prefix(text.to_owned())),
        "CONTAINS" => Some(Pattern::Contains(text.to_owned())),
        "ENDS_WITH" if !text.contains(['*', '?']) => Some(Pattern::wildcard(&format!("*{text}"))),
        _ => None,
    };
    match field(statement).filter(|_| plain)? {
        Field::Path => Some(Condition::Path(pattern(text)?)),
        Field::Method if how == "EXACTLY" => Some(Condition::Method(text.to_ascii_uppercase())),
        Field::Host if how == "EXACTLY" => Some(Condition::Host(text.to_ascii_lowercase())),
        _ => None,
    }
}
