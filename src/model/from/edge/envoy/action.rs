//! What a route does: `route`, `redirect`, `direct_response`.

use super::{MAX_CLUSTERS, matching};
use crate::model::from::edge::moves::{Moved, Moves, NewPath, Substitution};
use crate::model::from::edge::read::{application, scheme, set_to, status};
use crate::model::from::edge::says::{Answer, Behind, FieldPart, Forward, Origin, Says};
use crate::model::{Fact, Scheme};
use crate::source::Span;
use crate::syntax::yaml::Yaml;

/// The clusters of which one is drawn for each request; one `None` where it is always the same, or all are treated alike.
pub(super) fn weighted(route: Yaml<'_>) -> Vec<Option<Yaml<'_>>> {
    let list = route.at_path(&["route", "weighted_clusters", "clusters"]);
    let weight = |cluster: &Yaml| cluster.get("weight").and_then(Yaml::as_number).unwrap_or(1.0) > 0.0;
    let clusters: Vec<Yaml> = list.into_iter().flat_map(Yaml::items).filter(weight).take(MAX_CLUSTERS).collect();
    let edits = |cluster: &Yaml| cluster.entries().iter().any(|entry| !matches!(entry.key.raw(), Some("name" | "weight")));
    match clusters.as_slice() {
        [one] => vec![Some(*one)],
        several if several.iter().any(edits) => several.iter().copied().map(Some).collect(),
        _ => vec![None],
    }
}

/// Adds what a route does; `cluster` is the one of several that is drawn.
pub(super) fn read(route: Yaml, cluster: Option<Yaml>, says: &mut Says) {
    let head = route.entry("match").map_or(route.span(), |entry| entry.head());
    let action = route.get("route");
    rewritten_host(action, cluster, says);
    let named = |node: Option<Yaml>, key: &str| node.and_then(|node| node.get(key)).and_then(Yaml::as_str).map(str::to_owned);
    let target = named(cluster, "name").or_else(|| named(action, "cluster"));
    says.origin = Some(application(target.as_deref(), route.entry("route").map_or(head, |entry| entry.head())));
    if let Some(entry) = route.entry("redirect") {
        says.moves = Some(Moves { status: code(entry.value), to: redirect(route, entry.value), span: entry.head() });
    } else if let Some(direct) = route.entry("direct_response") {
        let code = direct.value.get("status").and_then(status).unwrap_or(200);
        says.answer = Some(Answer { status: code, location: None, span: direct.head() });
    } else if action.is_none() {
        // `filter_action`, `non_forwarding_action`: a filter answers.
        says.origin = Some(Origin { behind: Behind::Unknown, span: head, target: None, plain: None });
    }
}

/// Host, and X-Forwarded-Host with the name that it had. The route goes before the cluster that is drawn; both come after all edits.
fn rewritten_host(action: Option<Yaml>, cluster: Option<Yaml>, says: &mut Says) {
    fn entry<'y>(node: Option<Yaml<'y>>, key: &str) -> Option<(Span, Option<&'y str>)> {
        node?.entry(key).map(|entry| (entry.head(), entry.value.as_str()))
    }
    let own = entry(cluster, "host_rewrite_literal");
    if let Some((span, text)) = own {
        says.request_field("Host", set_to(text.unwrap_or_default(), span));
    }
    let others = ["auto_host_rewrite", "host_rewrite_header", "host_rewrite_path_regex", "host_rewrite"];
    let other = others.iter().find_map(|key| entry(action, key)).filter(|(_, value)| *value != Some("false"));
    let span = match (entry(action, "host_rewrite_literal"), other) {
        (Some((span, text)), _) => {
            says.request_field("Host", set_to(text.unwrap_or_default(), span));
            span
        }
        (None, Some((span, _))) => {
            says.request_field("Host", Fact::unknown("the name comes from elsewhere", [span]));
            span
        }
        (None, None) => return,
    };
    if action.and_then(|action| action.get("append_x_forwarded_host")).and_then(Yaml::as_bool) != Some(true) {
        return;
    }
    let piece = if own.is_some() { FieldPart::Unknown("a name that was set before".to_owned()) } else { FieldPart::Host };
    let (mut sent, mut absent) = match says.forwarded_host.take().map(|fact| fact.value) {
        None => (vec![FieldPart::Client], Vec::new()),
        Some(value) => match value.known() {
            Some(Forward::Made { sent, absent }) => (sent.clone(), absent.clone()),
            Some(Forward::Replaced(crate::model::Value::Known(text))) => {
                (vec![FieldPart::Text(text.clone())], vec![FieldPart::Text(text.clone())])
            }
            Some(Forward::Dropped) => (Vec::new(), Vec::new()),
            _ => {
                (vec![FieldPart::Unknown("it is set before".to_owned())], vec![FieldPart::Unknown("it is set before".to_owned())])
            }
        },
    };
    sent.push(piece.clone());
    absent.push(piece);
    says.forwarded_host = Some(Fact::is(Forward::Made { sent, absent }, [span]));
}

fn code(redirect: Yaml) -> u16 {
    match redirect.get("response_code").and_then(Yaml::as_str) {
        Some("FOUND" | "1") => 302,
        Some("SEE_OTHER" | "2") => 303,
        Some("TEMPORARY_REDIRECT" | "3") => 307,
        Some("PERMANENT_REDIRECT" | "4") => 308,
        _ => 301,
    }
}

/// Where a redirect leads. The query goes along unless the new path has one.
fn redirect(route: Yaml, redirect: Yaml) -> Moved {
    let text = |key: &str| redirect.get(key).and_then(Yaml::as_str);
    let flag = |key: &str| redirect.get(key).and_then(Yaml::as_bool) == Some(true);
    let scheme = if flag("https_redirect") { Some(Scheme::Https) } else { scheme(text("scheme_redirect")) };
    let regex = redirect.get("regex_rewrite");
    let path = match (text("path_redirect"), text("prefix_rewrite"), regex) {
        (Some(path), ..) => NewPath::Whole(path.to_owned()),
        (_, Some(with), _) => match matching::named(route.get("match")) {
            Some(instead_of) => NewPath::Begins { with: with.to_owned(), instead_of },
            None => NewPath::Whole(with.to_owned()),
        },
        (.., Some(rewrite)) => {
            let regex = rewrite.at_path(&["pattern", "regex"]).and_then(Yaml::as_str).unwrap_or_default();
            let by = replacement(rewrite.get("substitution").and_then(Yaml::as_str).unwrap_or_default());
            Substitution::new(regex, by).map_or(NewPath::Unknown, NewPath::Matching)
        }
        _ => NewPath::Same,
    };
    Moved::Parts {
        scheme,
        host: text("host_redirect").map(str::to_ascii_lowercase),
        port: text("port_redirect").and_then(|port| port.parse().ok()).filter(|port| *port != 0),
        path,
        query: !flag("strip_query"),
    }
}

/// A replacement in the words of RE2 (`\1`) in ours.
fn replacement(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '$' => out.push_str("$$"),
            '\\' => match chars.next() {
                Some(digit) if digit.is_ascii_digit() => out.extend(['$', '{', digit, '}']),
                Some(other) => out.push(other),
                None => {}
            },
            c => out.push(c),
        }
    }
    out
}
