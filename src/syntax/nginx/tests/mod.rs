//! What the parser makes of texts, written as one line per tree and one per error.

mod errors;
mod holes;
mod properties;
mod tokens;

use std::fmt::Write as _;

use super::{Body, Name, Quote, Tree, parse};
use crate::source::{FileId, SourceMap};

/// The tree in one line, and then the errors with line and column. Quoted words stand in quotes, holes in `⟨⟩`, entries
/// begin with `·`.
pub(super) fn dump(text: &str) -> String {
    let mut map = SourceMap::new();
    let id = map.add("x.conf", text.as_bytes().to_vec());
    let tree = parse(id, text);
    let mut out = String::new();
    children(&tree, text, None, &mut out);
    let out = out.trim_end().to_owned();
    let mut out = if out.is_empty() { "(nothing)".to_owned() } else { out };
    for error in &tree.errors {
        let position = map.file(id).position(error.span.start);
        write!(out, "\n{}:{}: {}", position.line, position.column, error.message).unwrap();
    }
    out
}

fn children(tree: &Tree, text: &str, parent: Option<u32>, out: &mut String) {
    for id in tree.children(parent) {
        let node = &tree.nodes[id as usize];
        let words: Vec<String> = tree
            .words(node)
            .iter()
            .map(|word| {
                let value = word.value(text);
                let shown = if word.quote() == Quote::None { value.into_owned() } else { format!("{value:?}") };
                if word.hole() { format!("⟨{shown}⟩") } else { shown }
            })
            .collect();
        if node.name == Name::Entry {
            out.push('·');
        }
        out.push_str(&words.join(" "));
        match node.body() {
            Body::None => out.push_str("; "),
            Body::Lua { open, close } => {
                write!(out, " lua<{}> ", &text[open as usize + 1..close as usize]).unwrap();
            }
            Body::Block { .. } => {
                out.push_str(" { ");
                children(tree, text, Some(id), out);
                out.push_str("} ");
            }
        }
    }
}

#[track_caller]
pub(super) fn check(text: &str, expected: &str) {
    assert_eq!(dump(text), expected, "for {text:?}");
}

/// The first error of a text.
pub(super) fn first_error(text: &str) -> Option<super::SyntaxError> {
    parse(FileId(0), text).errors.into_iter().next()
}
