//! Lines and words, as the server cuts them.

use super::super::{parse, print};
use super::check;
use crate::source::{FileId, Span};

#[test]
fn lines() {
    check("Listen 81\nUser x\n", "Listen 81; User x;");
    check("  Listen\t81  \r\n\r\n\x0b User x", "Listen 81; User x;");
    check("", "(nothing)");
    check("\n \r\n", "(nothing)");
}

#[test]
fn continued_lines() {
    check("Lis\\\nten 8\\\r\n1\n", "Listen 81;");
    check("Listen \\\n\\\n81\nUser x", "Listen 81; User x;");
    check("Listen \\\n\nUser x", "Listen; User x;");
    // A blank after the backslash ends the line, and so does the end of the file.
    check("Foo \\ \nbar", "Foo \\; bar;");
    check("Listen 81\\", "Listen 81\\;");
    check("Listen 81 \\\\\n\nUser x", "Listen 81 \\; User x;");
    check("AuthName \"a\\\nb\" c", "AuthName \"ab\" c;");
    check("\\\n# a\nListen 81", "Listen 81;");
    check("<Files \\\na>\nA\n<\\\n/Files>", "<Files a> A; /");
}

#[test]
fn comments() {
    let text = "# one \\\ntwo\n \t# three\r\nA # b\n#";
    let tree = parse(FileId(0), text);
    let comments: Vec<&str> = tree.comments.iter().map(|s| &text[s.start as usize..s.end as usize]).collect();
    assert_eq!(comments, ["# one \\\ntwo", "# three", "#"]);
    check(text, "A # b;");
}

#[test]
fn quotes() {
    check("A \"b c\" 'd e' f", "A \"b c\" \"d e\" f;");
    check("A \"b \\\" \\\\ \\x '\" 'c \\' \\\"'", "A \"b \\\" \\\\ \\\\x '\" \"c ' \\\\\\\"\";");
    check("A \"\" ''", "A \"\" \"\";");
    // A closing quote ends a word, whatever follows; a quote within a word is no quote.
    check("A \"b\"c'd'", "A \"b\" c'd';");
    check("A x\"b c\"", "A x\"b c\";");
    // A quote without an end ends with the line.
    check("A \"b c \nD", "A \"b c\"; D;");
    check("A 'b\\'\nD", "A \"b'\"; D;");
    check("\"Listen\" 81\n\"\" 82\n''", "\"Listen\" 81;");
}

#[test]
fn backslashes() {
    check(r"A b\\c \\ \n \. b\ c", r"A b\c \ \n \. b\ c;");
    let tree = parse(FileId(0), "A \\. \\\\ \"\\\"\" '\\\"' b\\\nc");
    let escaped: Vec<bool> = tree.words.iter().map(|w| w.escaped).collect();
    assert_eq!(escaped, [false, false, true, true, false, true]);
}

#[test]
fn what_stands_behind_a_nul_is_not_seen() {
    check("Listen 81\0 x \\\nUser x", "Listen 81; User x;");
    check("\0Listen 81\nUser x", "User x;");
    check("Lis\\\nten\0 81\nUser x", "Listen; User x;");
}

#[test]
fn spans_of_continued_lines_are_those_of_the_file() {
    let text = "A b\\\nc \"d\\\r\ne\" \\\n f\nG";
    let tree = parse(FileId(0), text);
    let words: Vec<&str> = tree.words.iter().map(|w| &text[w.start as usize..w.end as usize]).collect();
    assert_eq!(words, ["A", "b\\\nc", "\"d\\\r\ne\"", "f", "G"]);
    let values: Vec<_> = tree.words.iter().map(|w| w.value(text)).collect();
    assert_eq!(values, ["A", "bc", "de", "f", "G"]);
    assert_eq!(tree.head_span(&tree.nodes[0]), Span::new(FileId(0), 0, text.len() as u32 - 2));
}

#[test]
fn raw_arguments() {
    let text = "Require expr \"a b\" c  \n<If \"a > b\" > x\n</If>\nFoo\n<Else>\n</Else>";
    let tree = parse(FileId(0), text);
    let raw: Vec<&str> = tree.nodes.iter().map(|n| &text[n.args_start as usize..n.args_end as usize]).collect();
    assert_eq!(raw, ["expr \"a b\" c", "\"a > b\"", "", ""]);
}

#[test]
fn printing_is_regular() {
    let text =
        "# c\n<Directory  \"/x y\" > z\nA b\\\n c\n<Files a>\n  B\n</Files>\n# d\n</directory> # e\n<Perl>\n  $x = 1;\n</Perl>";
    let printed = print(&parse(FileId(0), text), text);
    let expected =
        "# c\n<Directory \"/x y\">\n  A b c\n  <Files a>\n    B\n  </Files>\n  # d\n</Directory>\n<Perl>\n  $x = 1;\n</Perl>\n";
    assert_eq!(printed, expected);
}
