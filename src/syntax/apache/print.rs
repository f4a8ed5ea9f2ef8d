//! A tree back to text, one directive a line.

use super::parser::holds_code;
use super::tree::{Body, Node, Quote, Tree, joined};
use crate::source::Span;

/// Prints the tree of `text` with every word as it was written, and white space, continued lines and indentation made
/// regular. A tree without errors reads the same again; comments and holes stand before the directive they precede, and code of
/// another language stays as it is.
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
    /// Offsets and names of the closing tags of the open sections.
    open: Vec<(u32, &'t str)>,
    loose: Vec<Span>,
}

impl<'t> Printer<'t> {
    fn slice(&self, start: u32, end: u32) -> &'t str {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    fn indent(&mut self) {
        for _ in 0..self.open.len().min(40) {
            self.out.push_str("  ");
        }
    }

    fn line(&mut self, text: &str) {
        self.indent();
        self.out.push_str(text);
        // A backslash at the very end would continue the line.
        self.out.push_str(if text.ends_with('\\') { " \n" } else { "\n" });
    }

    fn node(&mut self, tree: &Tree, node: &Node) {
        let start = tree.head_span(node).start;
        self.close_until(start);
        self.loose_until(start);
        let mut words: Vec<_> = tree.words(node).iter().map(|word| joined(self.slice(word.start, word.end))).collect();
        // The server cuts a `>` from the end of a name.
        let is_bare = tree.words(node).first().is_some_and(|word| word.quote == Quote::None);
        if let Some(name) = words.first_mut().filter(|name| is_bare && name.len() > 1 && name.ends_with('>')) {
            name.to_mut().push('>');
        }
        let mut head = words.join(" ");
        let Body::Section { open, close } = node.body else { return self.line(&head) };
        head.push('>');
        self.line(&head);
        let name = tree.words(node).first().map_or("", |word| self.slice(word.start, word.end));
        let is_code = holds_code(node.name, name);
        let name = name.trim_matches(['"', '\'']);
        let name = name.strip_prefix('<').unwrap_or(name);
        let code = self.slice(open + 1, close);
        if is_code && code.contains('\n') {
            self.out.push_str(code.trim_end_matches([' ', '\t']).split_once('\n').map_or("", |(_, code)| code));
        }
        self.open.push((close, name));
    }

    /// Closes the sections that end before the offset.
    fn close_until(&mut self, offset: u32) {
        while let Some((close, name)) = self.open.last().copied().filter(|(close, _)| *close <= offset) {
            self.loose_until(close);
            self.open.pop();
            self.line(&format!("</{name}>"));
        }
    }

    fn loose_until(&mut self, offset: u32) {
        while let Some(span) = self.loose.last().copied().filter(|span| span.start < offset) {
            self.loose.pop();
            let text = self.slice(span.start, span.end);
            self.line(text);
        }
    }
}
