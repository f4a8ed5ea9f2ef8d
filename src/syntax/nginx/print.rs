//! A tree back to text, one directive a line.

use super::tree::{Body, Node, Tree};
use crate::source::Span;

/// Prints the tree of `text` with every word as it was written, and white space, line breaks and indentation made
/// regular. A tree without errors reads the same again; comments and holes stand before the directive they precede.
pub fn print(tree: &Tree, text: &str) -> String {
    let mut printer = Printer { text, out: String::with_capacity(text.len()), open: Vec::new(), loose: loose(tree) };
    for node in &tree.nodes {
        printer.node(tree, node);
    }
    printer.close_until(u32::MAX);
    printer.loose_until(u32::MAX);
    // A word may begin with the character that is a byte order mark at the start of a file.
    if printer.out.starts_with('\u{feff}') {
        printer.out.insert(0, ' ');
    }
    printer.out
}

/// Comments and holes in the order of the text, last first.
fn loose(tree: &Tree) -> Vec<Span> {
    let mut all: Vec<Span> = tree.comments.iter().chain(&tree.holes).copied().collect();
    all.sort_by_key(|span| std::cmp::Reverse(span.start));
    all
}

struct Printer<'t> {
    text: &'t str,
    out: String,
    /// Offsets of the closing braces of the open blocks.
    open: Vec<u32>,
    loose: Vec<Span>,
}

impl Printer<'_> {
    fn slice(&self, start: u32, end: u32) -> &str {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    fn indent(&mut self) {
        for _ in 0..self.open.len().min(40) {
            self.out.push_str("  ");
        }
    }

    fn node(&mut self, tree: &Tree, node: &Node) {
        let start = tree.head_span(node).start;
        self.close_until(start);
        self.loose_until(start);
        self.indent();
        for (index, word) in tree.words(node).iter().enumerate() {
            if index > 0 {
                self.out.push(' ');
            }
            let word = self.slice(word.start, word.end()).to_owned();
            self.out.push_str(&word);
        }
        match node.body() {
            Body::None => self.out.push_str(";\n"),
            Body::Block { close, .. } => {
                self.out.push_str(" {\n");
                self.open.push(close);
            }
            Body::Lua { open, close } => {
                let code = self.slice(open + 1, close).to_owned();
                self.out.push_str(" {");
                self.out.push_str(&code);
                self.out.push_str("}\n");
            }
        }
    }

    /// Closes the blocks that end before the offset.
    fn close_until(&mut self, offset: u32) {
        while let Some(close) = self.open.last().copied().filter(|close| *close <= offset) {
            self.loose_until(close);
            self.open.pop();
            self.indent();
            self.out.push_str("}\n");
        }
    }

    fn loose_until(&mut self, offset: u32) {
        while let Some(span) = self.loose.last().copied().filter(|span| span.start < offset) {
            self.loose.pop();
            self.indent();
            let text = self.slice(span.start, span.end).to_owned();
            self.out.push_str(&text);
            self.out.push('\n');
        }
    }
}
