//! The parser on any bytes: no panic, and a tree that keeps its promises.
//!
//! `cargo +nightly fuzz run apache_parse`

#![no_main]

use libfuzzer_sys::fuzz_target;
use lint401::source::{SourceMap, Span};
use lint401::syntax::apache::{self, Body};

fuzz_target!(|bytes: &[u8]| {
    let mut sources = SourceMap::new();
    let file = sources.add("httpd.conf", bytes.to_vec());
    let text = sources.file(file).text();
    assert_eq!(text.len(), bytes.len(), "offsets are those of the file");

    let tree = apache::parse(file, text);
    let inside = |span: Span| {
        assert!(span.file == file && span.start <= span.end && span.end as usize <= text.len(), "{span:?}");
        assert!(text.is_char_boundary(span.start as usize) && text.is_char_boundary(span.end as usize), "{span:?}");
    };

    for (id, node) in tree.nodes.iter().enumerate() {
        assert!(node.word_count >= 1 && tree.words(node).len() == node.word_count as usize, "a node has its words");
        assert!(node.subtree_end as usize > id && node.subtree_end as usize <= tree.nodes.len(), "subtrees are in order");
        inside(tree.head_span(node));
        inside(tree.full_span(node));
        inside(Span::new(file, node.args_start, node.args_end));
        if let Body::Section { open, close } = node.body {
            inside(Span::new(file, open, close));
        }
        for word in tree.words(node) {
            inside(tree.word_span(word));
            let value = word.value(text);
            assert!(word.escaped || text.contains(&*value), "an unescaped value stands in the text");
        }
    }
    tree.comments.iter().chain(&tree.holes).copied().for_each(inside);
    for error in &tree.errors {
        inside(error.span);
        assert!(!error.message.is_empty() && !error.message.contains('\n'), "one line says what is wrong");
    }

    // Every node is reached from the top exactly once.
    let mut seen = 0;
    let mut open: Vec<_> = tree.children(None).collect();
    while let Some(id) = open.pop() {
        seen += 1;
        open.extend(tree.children(Some(id)));
    }
    assert_eq!(seen, tree.nodes.len());
});
