//! What the nginx of a `configuration-snippet` does to the requests and answers of its Ingress.
//!
//! The template writes the text into the location of each path, behind its own header fields and before `proxy_pass`
//! (`rootfs/etc/nginx/template/nginx.tmpl`). What it says there therefore holds beside what the template says; of two values for
//! one field nginx sends both, and an empty one not at all.

use std::borrow::Cow;

use crate::model::from::edge::read::dropped;
use crate::model::from::edge::says::{Forward, Says};
use crate::model::{Fact, Value};
use crate::source::Span;
use crate::syntax::nginx::{Name, parse_part};
use crate::syntax::yaml::{Entry, Kind};

/// Puts what a snippet says into what the annotations say.
pub(super) fn apply(snippet: &Entry, says: &mut Says) {
    let text = snippet.value.as_str().unwrap_or_default();
    // Only of lines that are kept as they are the bytes of nginx are those of the file.
    if snippet.value.kind() != Kind::Literal {
        if text.to_ascii_lowercase().contains("authorization") {
            says.authorization = Some(Fact::unknown("a snippet sets it", [snippet.head()]));
        }
        return;
    }
    let file = snippet.value.file_text();
    // Its errors, which alone name lines, are told where the snippet is checked.
    let tree = parse_part(file, snippet.value.target_span(), 1);
    let mut nested = false;
    for id in tree.children(None) {
        let Some(node) = tree.nodes.get(id as usize) else { continue };
        let arguments: Vec<Cow<str>> = tree.words(node).iter().skip(1).map(|word| word.value(file)).collect();
        nested |= node.subtree_end > id + 1;
        directive(node.name, &arguments, tree.head_span(node), says);
    }
    // What stands in an `if` or is done by code holds for some requests.
    let elsewhere = nested || text.contains("_by_lua");
    if elsewhere && text.to_ascii_lowercase().contains("authorization") {
        says.authorization = Some(Fact::unknown("a snippet may set it", [snippet.head()]));
    }
}

fn directive(name: Name, arguments: &[Cow<str>], span: Span, says: &mut Says) {
    let argument = |index: usize| arguments.get(index).map(AsRef::as_ref).unwrap_or_default();
    match name {
        Name::ProxySetHeader if argument(0).eq_ignore_ascii_case("authorization") => {
            says.authorization = match argument(1) {
                // Beside what the template clears already it changes nothing.
                "" if says.authorization.is_some() => return,
                "" => Some(dropped(span)),
                "$http_authorization" => Some(Fact::is(Forward::Kept, [span])),
                other if other.contains('$') => Some(Fact::unknown("a variable of a snippet", [span])),
                other => Some(Fact::is(Forward::Replaced(Value::Known(other.to_owned())), [span])),
            };
        }
        Name::ProxySetHeader if argument(0).eq_ignore_ascii_case("cookie") && argument(1).is_empty() => {
            says.cookie = Some(dropped(span));
        }
        Name::ProxyPassRequestHeaders if argument(0) == "off" && says.authorization.is_none() => {
            says.authorization = Some(dropped(span));
        }
        Name::MoreClearInputHeaders if arguments.iter().any(|name| name.eq_ignore_ascii_case("authorization")) => {
            says.authorization = Some(dropped(span));
        }
        Name::ProxyHideHeader => says.response.hidden.push((argument(0).to_owned(), span)),
        _ => {}
    }
}
