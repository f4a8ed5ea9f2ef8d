//! Edits of header fields. Measured with Envoy 1.40: a level first takes fields away; what it puts in place of others comes next and
//! what it adds last, both with regard to what was there before; an empty value changes nothing; of a field that is there and one
//! that is added both arrive.

use crate::model::from::edge::read::is_filled_in_later;
use crate::model::from::edge::says::{FieldPart, Forward, Says};
use crate::model::{Fact, Sent, Value};
use crate::source::Span;
use crate::syntax::yaml::{Entry, Yaml};

/// What becomes of a field that is there, and of one that is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// Both.
    Append,
    /// That which is there, else this.
    IfAbsent,
    /// This in its place, and none where there was none.
    IfPresent,
    /// This.
    Overwrite,
}

/// A field that is added or set.
#[derive(Debug)]
struct Added<'y> {
    name: &'y str,
    piece: FieldPart,
    how: How,
    span: Span,
}

/// What one level (cluster, route, virtual host, configuration) does to the fields of one direction.
#[derive(Debug)]
struct Level<'y> {
    removed: Vec<&'y str>,
    removed_by: Span,
    added: Vec<Added<'y>>,
}

/// A field on its way: its pieces where it was there at first, and where it was not.
struct Field {
    sent: Vec<FieldPart>,
    absent: Vec<FieldPart>,
    because: Option<Span>,
}

/// What the levels do to requests and responses, in the order in which they are applied. `proto` is X-Forwarded-Proto as it is
/// before: where the client sends it, and where it does not.
pub(super) fn edited(levels: &[Yaml], proto: &(Vec<FieldPart>, Vec<FieldPart>)) -> Says {
    let mut says = Says::default();
    let (sent, absent) = proto.clone();
    says.forwarded_proto = Some(Fact::is(Forward::Made { sent, absent }, []));
    let requests = read(levels, "request_headers_to_remove", "request_headers_to_add");
    for name in names(&requests) {
        let absent = if name.eq_ignore_ascii_case("x-forwarded-proto") { proto.1.clone() } else { Vec::new() };
        let sent = if absent.is_empty() { vec![FieldPart::Client] } else { proto.0.clone() };
        let mut field = Field { sent, absent, because: None };
        for level in &requests {
            level.apply(name, &mut field);
        }
        if let Some((because, fate)) = field.because.map(|span| (span, fate(field))) {
            says.request_field(name, Fact::is(fate, [because]));
        }
    }
    let responses = read(levels, "response_headers_to_remove", "response_headers_to_add");
    for name in names(&responses) {
        respond(name, &responses, &mut says);
    }
    says
}

/// What becomes of a field of responses.
fn respond(name: &str, levels: &[Level], says: &mut Says) {
    let mut field = Field { sent: vec![FieldPart::Client], absent: Vec::new(), because: None };
    for level in levels {
        level.apply(name, &mut field);
    }
    let Some(because) = field.because else { return };
    if !field.sent.contains(&FieldPart::Client) {
        says.response.hidden.push((name.to_owned(), because));
    }
    for piece in field.absent {
        let value = match piece {
            FieldPart::Text(text) => Value::Known(text),
            FieldPart::Unknown(why) => Value::Unknown { prefix: String::new(), nonempty: false, why },
            FieldPart::Client | FieldPart::Scheme | FieldPart::Host => continue,
        };
        says.response_field(name, value.known().unwrap_or_default(), because);
        let written = value.known().unwrap_or_default().to_owned();
        says.response.added.push(Sent { name: name.to_owned(), written, value, span: because });
    }
}

fn fate(field: Field) -> Forward {
    // An empty value is there, but says nothing.
    let left = |pieces: Vec<FieldPart>| -> Vec<FieldPart> {
        pieces.into_iter().filter(|piece| !matches!(piece, FieldPart::Text(text) if text.is_empty())).collect()
    };
    let (sent, absent) = (left(field.sent), left(field.absent));
    match (sent.as_slice(), absent.as_slice()) {
        ([], []) => Forward::Dropped,
        ([FieldPart::Text(one)], [FieldPart::Text(other)]) if one == other => Forward::Replaced(Value::Known(one.clone())),
        _ => Forward::Made { sent, absent },
    }
}

fn read<'y>(levels: &[Yaml<'y>], remove: &str, add: &str) -> Vec<Level<'y>> {
    let level = |node: &Yaml<'y>| {
        let removed = node.entry(remove);
        Level {
            removed_by: removed.as_ref().map_or(node.span(), Entry::head),
            removed: removed.into_iter().flat_map(|entry| entry.value.items()).filter_map(Yaml::as_str).collect(),
            added: node.get(add).into_iter().flat_map(Yaml::items).filter_map(added).collect(),
        }
    };
    levels.iter().map(level).collect()
}

/// An entry of `…_headers_to_add`; `None`: it changes nothing.
fn added(entry: Yaml<'_>) -> Option<Added<'_>> {
    let header = entry.get("header")?;
    let name = header.get("key").and_then(Yaml::as_str)?;
    let value = header.get("value").or_else(|| header.get("raw_value")).and_then(Yaml::as_str).unwrap_or_default();
    if value.is_empty() && entry.get("keep_empty_value").and_then(Yaml::as_bool) != Some(true) {
        return None;
    }
    let literal = value.replace("%%", "");
    let piece = if literal.contains('%') {
        FieldPart::Unknown("its value is filled in for each request".to_owned())
    } else if is_filled_in_later(value) {
        FieldPart::Unknown("the value is filled in later".to_owned())
    } else {
        FieldPart::Text(value.replace("%%", "%"))
    };
    // `append` is the older way to say it; both default to adding.
    let how = match (entry.get("append_action").and_then(Yaml::as_str), entry.get("append").and_then(Yaml::as_bool)) {
        (Some("ADD_IF_ABSENT" | "1"), _) => How::IfAbsent,
        (Some("OVERWRITE_IF_EXISTS_OR_ADD" | "2"), _) | (None, Some(false)) => How::Overwrite,
        (Some("OVERWRITE_IF_EXISTS" | "3"), _) => How::IfPresent,
        _ => How::Append,
    };
    Some(Added { name, piece, how, span: entry.span() })
}

/// The names of the fields that are edited, each once.
fn names<'y>(levels: &[Level<'y>]) -> Vec<&'y str> {
    let mut names: Vec<&str> = Vec::new();
    for level in levels {
        for name in level.removed.iter().copied().chain(level.added.iter().map(|added| added.name)) {
            if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                names.push(name);
            }
        }
    }
    names
}

impl Level<'_> {
    fn apply(&self, name: &str, field: &mut Field) {
        if self.removed.iter().any(|removed| removed.eq_ignore_ascii_case(name)) {
            field.sent.clear();
            field.absent.clear();
            field.because = Some(self.removed_by);
        }
        let of_name = || self.added.iter().filter(|added| added.name.eq_ignore_ascii_case(name));
        for pieces in [&mut field.sent, &mut field.absent] {
            let there = !pieces.is_empty();
            let open = pieces.iter().any(|piece| matches!(piece, FieldPart::Unknown(_)));
            for added in of_name() {
                match added.how {
                    // Whether there is something to put it in place of is not known: it stays unknown.
                    How::IfPresent if open => {}
                    How::IfPresent if !there => {}
                    How::IfPresent | How::Overwrite => *pieces = vec![added.piece.clone()],
                    How::IfAbsent | How::Append => {}
                }
            }
            for added in of_name() {
                match added.how {
                    How::IfAbsent if there => {}
                    How::IfAbsent | How::Append => pieces.push(added.piece.clone()),
                    How::IfPresent | How::Overwrite => {}
                }
            }
        }
        if let Some(last) = of_name().next_back() {
            field.because = Some(last.span);
        }
    }
}
