//! The parser on any bytes: no panic, a tree that keeps its promises; and what is made of it: every document lowered to sites.
//!
//! `cargo +nightly fuzz run yaml_parse -- -dict=yaml.dict`

#![no_main]

use libfuzzer_sys::fuzz_target;
use lint401::INTERNAL_ERROR;
use lint401::discover::{Dialect, Root, RootKind};
use lint401::files::Memory;
use lint401::settings::Settings;
use lint401::source::{SourceMap, Span};
use lint401::syntax::yaml::{self, Kind, Yaml};

fuzz_target!(|bytes: &[u8]| {
    let mut sources = SourceMap::new();
    let file = sources.add("edge.yaml", bytes.to_vec());
    let text = sources.file(file).text();
    assert_eq!(text.len(), bytes.len(), "offsets are those of the file");

    let tree = yaml::parse(file, text);
    let inside = |span: Span| {
        assert!(span.file == file && span.start <= span.end && span.end as usize <= text.len(), "{span:?}");
        assert!(text.is_char_boundary(span.start as usize) && text.is_char_boundary(span.end as usize), "{span:?}");
    };
    for (id, node) in (0u32..).zip(&tree.nodes) {
        inside(tree.span(id));
        assert!(node.subtree_end > id && node.subtree_end as usize <= tree.nodes.len(), "subtrees are in order");
        if let Kind::Alias(target) = node.kind {
            assert!(target < id, "an alias stands for what is before it");
        }
        for child in tree.children(id) {
            assert!(tree.nodes[child as usize].subtree_end <= node.subtree_end, "children lie in their parent");
        }
    }
    tree.comments.iter().copied().for_each(inside);
    for (head, whole) in tree.entries() {
        inside(head);
        inside(whole);
    }
    for error in &tree.errors {
        inside(error.span);
        error.first.into_iter().for_each(inside);
        assert!(!error.message.is_empty() && !error.message.contains('\n'), "one line says what is wrong");
    }
    // Asking does not take longer than the parser allowed.
    for document in Yaml::documents(&tree, text) {
        for entry in document.entries() {
            inside(entry.head());
            entry.value.entries();
        }
    }

    let mut files = Memory::new();
    files.add("edge.yaml", bytes.to_vec());
    let root = Root { main: "edge.yaml".into(), base: "".into(), kind: RootKind::Main, dialect: Dialect::Edge(None) };
    let analysis = lint401::analyze(&files, &[root], &Settings::default());
    assert!(analysis.findings.iter().all(|found| found.finding.rule != INTERNAL_ERROR), "a panic was caught");
});
