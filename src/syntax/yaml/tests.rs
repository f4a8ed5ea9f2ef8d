use super::{Kind, Tree, Why, Yaml, parse};
use crate::source::FileId;

fn tree(text: &str) -> Tree {
    parse(FileId(0), text)
}

/// The text of a file between two offsets.
fn at(text: &str, span: crate::source::Span) -> &str {
    &text[span.start as usize..span.end as usize]
}

fn first<'a>(tree: &'a Tree, text: &'a str) -> Yaml<'a> {
    Yaml::documents(tree, text).next().expect("a document")
}

#[test]
fn every_node_has_its_bytes() {
    let text = "ü: \"a\\tb\"\nlist:\n  - 'x'\n  - {k: v}\n";
    let tree = tree(text);
    assert!(tree.errors.is_empty());
    let root = first(&tree, text);
    let quoted = root.entry("ü").unwrap();
    assert_eq!(at(text, quoted.key.span()), "ü");
    assert_eq!(at(text, quoted.value.span()), "\"a\\tb\"");
    assert_eq!(quoted.value.as_str(), Some("a\tb"));
    assert_eq!(at(text, quoted.head()), "ü: \"a\\tb\"");
    let list = root.entry("list").unwrap();
    assert_eq!(at(text, list.head()), "list");
    let items: Vec<_> = list.value.items().map(|item| at(text, item.span())).collect();
    assert_eq!(items, ["'x'", "{k: v}"]);
    assert_eq!(at(text, list.value.span()), "- 'x'\n  - {k: v}");
}

#[test]
fn short_and_long_tags_are_kept() {
    let text = "a: !Ref X\nb: !GetAtt [A, B]\nc: !If\n  - x\n  - 1\n  - 2\nd: !!str 5\n";
    let tree = tree(text);
    assert_eq!(tree.errors, []);
    let root = first(&tree, text);
    assert_eq!(root.get("a").unwrap().tag(), Some("!Ref"));
    assert_eq!(root.get("a").unwrap().raw(), Some("X"));
    assert_eq!(root.get("a").unwrap().as_str(), None, "what it refers to is not its text");
    assert_eq!(root.get("b").unwrap().tag(), Some("!GetAtt"));
    assert_eq!(root.get("b").unwrap().items().count(), 2);
    assert_eq!(root.get("c").unwrap().items().count(), 3);
    assert_eq!(root.get("d").unwrap().as_str(), Some("5"));
}

#[test]
fn anchors_and_merge_keys() {
    let text =
        "base: &b {ttl: 1, path: /a}\nlow: &l {ttl: 9, more: x}\none:\n  <<: *b\n  path: /b\ntwo:\n  <<: [*b, *l]\nthree: *b\n";
    let tree = tree(text);
    assert_eq!(tree.errors, []);
    let root = first(&tree, text);
    let value = |a: &str, b: &str| root.at_path(&[a, b]).and_then(Yaml::as_str);
    assert_eq!(value("one", "path"), Some("/b"));
    assert_eq!(value("one", "ttl"), Some("1"));
    assert_eq!(value("two", "ttl"), Some("1"), "the first of several goes before");
    assert_eq!(value("two", "more"), Some("x"));
    assert_eq!(value("three", "path"), Some("/a"));
    let keys: Vec<_> = root.get("two").unwrap().entries().iter().filter_map(|e| e.key.raw()).collect();
    assert_eq!(keys, ["ttl", "path", "more"]);
    let alias = root.get("three").unwrap();
    assert_eq!(at(text, alias.span()), "*b");
    assert_eq!(at(text, alias.target_span()), "{ttl: 1, path: /a}");
}

#[test]
fn several_documents_and_an_error_between_them() {
    let text = "a: 1\n---\nb: [1\n---\nc: 3\n";
    let tree = tree(text);
    assert_eq!(tree.errors.len(), 1);
    let keys: Vec<_> = Yaml::documents(&tree, text).filter_map(|d| d.entries().first().and_then(|e| e.key.raw())).collect();
    assert_eq!(keys, ["a", "c"]);
}

#[test]
fn a_key_twice_is_an_error_at_the_second() {
    let text = "a: 1\nb: 2\n\"a\": 3\n";
    let tree = tree(text);
    let error = &tree.errors[0];
    assert_eq!((at(text, error.span), error.span.start), ("\"a\"", 10));
    assert_eq!(error.first.map(|span| span.start), Some(0));
    assert_eq!(first(&tree, text).get("a").and_then(Yaml::as_str), Some("3"));
}

#[test]
fn templates_and_tabs_are_errors_with_a_place() {
    for (text, line) in
        [("a:\n{{- toYaml . }}\n", 2), ("a:\n{% for x in y %}\n", 2), ("a:\n\tb: 1\n", 2), ("PathPattern: *.php\n", 1)]
    {
        let tree = tree(text);
        let error = tree.errors.first().unwrap_or_else(|| panic!("{text:?} is accepted"));
        let lines = text[..error.span.start as usize].matches('\n').count() + 1;
        assert_eq!(lines, line, "{text:?}: {}", error.message);
    }
}

#[test]
fn bom_line_ends_json_and_keys_without_quotes() {
    let text = "\u{feff}a: 1\r\nb:\r\n  - x\r\n";
    let tree1 = tree(text);
    assert_eq!(tree1.errors, []);
    assert_eq!(first(&tree1, text).get("a").and_then(Yaml::as_str), Some("1"));
    assert_eq!(at(text, first(&tree1, text).get("b").unwrap().items().next().unwrap().span()), "x");
    let text = "{\"a\": {\"b\": [1, true, null, \"\\u00e9\"]}}";
    let tree2 = tree(text);
    assert_eq!(tree2.errors, []);
    assert_eq!(first(&tree2, text).at_path(&["a", "b"]).unwrap().items().last().and_then(Yaml::as_str), Some("é"));
    let text = "https://{default}/:\n  type: upstream\n";
    let tree3 = tree(text);
    assert_eq!(tree3.errors, []);
    assert_eq!(first(&tree3, text).entries()[0].key.raw(), Some("https://{default}/"));
}

#[test]
fn yes_and_no_as_readers_of_version_1_1_have_them() {
    let text = "[yes, On, off, n, true, \"true\", \"yes\", 0777, 1:30]";
    let tree = tree(text);
    let read: Vec<_> = first(&tree, text).items().map(Yaml::as_bool).collect();
    assert_eq!(
        read,
        [Some(true), Some(true), Some(false), Some(false), Some(true), Some(true), None, None, None],
        "text in quotes is text, but for what templates write as text"
    );
}

#[test]
fn an_alias_bomb_is_named_and_not_followed() {
    let levels = (1..9).map(|level| {
        let item = format!("*a{}", level - 1);
        format!("a{level}: &a{level} [{}]\n", [item.as_str(); 9].join(", "))
    });
    let text: String = std::iter::once("a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned()).chain(levels).collect();
    let tree = tree(&text);
    assert!(tree.nodes.len() < 500);
    let place = tree.documents[0].too_large.expect("it is too large");
    assert_eq!(at(&text, place), "*a4");
    assert_eq!(Yaml::documents(&tree, &text).count(), 0);
}

#[test]
fn depth_is_limited_and_an_alias_cannot_hold_itself() {
    let deep = tree(&"[".repeat(3000));
    assert_eq!(deep.errors[0].why, Why::Limit);
    let text = "a: &a\n  b: *a\n";
    let circle = tree(text);
    assert_eq!(at(text, circle.errors[0].span), "*a");
}

#[test]
fn blocks_of_text_are_where_they_are() {
    let text = "data:\n  nginx.conf: |\n    http {\n    }\n  other: >-\n    a\n    b\n";
    let tree = tree(text);
    let root = first(&tree, text);
    let block = root.at_path(&["data", "nginx.conf"]).unwrap();
    assert_eq!(block.kind(), Kind::Literal);
    assert_eq!(block.as_str(), Some("http {\n}\n"));
    assert_eq!(at(text, block.span()), "http {\n    }");
    assert_eq!(root.at_path(&["data", "other"]).and_then(Yaml::as_str), Some("a b"));
    assert_eq!(at(text, root.at_path(&["data"]).unwrap().entry("other").unwrap().head()), "other");
}

#[test]
fn comments_are_kept_with_their_bytes() {
    let text = "# one\na: 1 # two\nb:\n  # three\n  - x\n";
    let tree = tree(text);
    let comments: Vec<_> = tree.comments.iter().map(|span| at(text, *span)).collect();
    assert_eq!(comments, ["# one", "# two", "# three"]);
    let entries: Vec<_> = tree.entries().iter().map(|(head, _)| at(text, *head)).collect();
    assert_eq!(entries, ["a: 1", "b", "x"]);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

    /// Whatever the text: no panic, spans within the text, children inside of their parents.
    #[test]
    fn any_text_makes_a_sound_tree(text in "[\\[\\]{}:,\\-#&*!|>'\"%@`a-c0-9é \\n\\t\r]{0,60}") {
        let tree = tree(&text);
        for (id, node) in (0u32..).zip(&tree.nodes) {
            proptest::prop_assert!(node.start <= node.end && node.end as usize <= text.len(), "{node:?}");
            proptest::prop_assert!(text.is_char_boundary(node.start as usize) && text.is_char_boundary(node.end as usize));
            proptest::prop_assert!(node.subtree_end > id && node.subtree_end as usize <= tree.nodes.len());
            for child in tree.children(id) {
                proptest::prop_assert!(tree.nodes[child as usize].subtree_end <= node.subtree_end);
            }
            if let Kind::Alias(target) = node.kind {
                proptest::prop_assert!(target < id);
            }
        }
        for error in &tree.errors {
            proptest::prop_assert!(error.span.end as usize <= text.len());
        }
        for document in Yaml::documents(&tree, &text) {
            document.entries();
        }
        tree.entries();
    }

    /// A mapping says the same whether its keys are looked through as those of most trees are, or as where there are merges.
    #[test]
    fn entries_are_the_same_whichever_way_they_are_found(
        words in proptest::collection::vec(
            proptest::sample::select(&["a", "b", "\"a\"", "&a ", "*a ", "<<", "? ", ": ", ":\n", "\n", "\n ", "- ", "{", "}", "[", "]", ", ", "!t "]),
            0..30,
        ),
    ) {
        let text = words.concat();
        let tree = tree(&text);
        let mut odd = tree.clone();
        odd.odd_keys = true;
        let ids = |entries: Vec<super::Entry>| entries.iter().map(|entry| (entry.key.id(), entry.value.id())).collect::<Vec<_>>();
        for id in 0..tree.nodes.len() as u32 {
            let (one, other) = (Yaml::of(&tree, &text, id), Yaml::of(&odd, &text, id));
            proptest::prop_assert_eq!(ids(one.entries()), ids(other.entries()), "{:?}", &text);
            proptest::prop_assert_eq!(one.only_entry().map(|e| e.key.id()), other.only_entry().map(|e| e.key.id()), "{:?}", &text);
            for key in ["a", "b", "<<", "", "c"] {
                proptest::prop_assert_eq!(one.entry(key).map(|e| e.key.id()), other.entry(key).map(|e| e.key.id()), "{:?}", &text);
            }
        }
    }
}
