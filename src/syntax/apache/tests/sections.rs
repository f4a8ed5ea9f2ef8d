//! Sections, and the errors about their tags: the line that the server names, one error per mistake, and everything after it read
//! as it was meant.

use super::super::{Name, parse};
use super::{check, dump};
use crate::source::FileId;

/// The help of the first error.
fn help(text: &str) -> String {
    parse(FileId(0), text).errors.into_iter().next().and_then(|e| e.help).unwrap_or_default()
}

#[test]
fn sections_nest() {
    check("<Directory /x>\nA\n<Files y>\nB\n</Files>\n</Directory>\nC", "<Directory /x> A; <Files y> B; / / C;");
    check("<DIRECTORY /x>\n</directory>", "<DIRECTORY /x> /");
    // What stands behind the last `>` is ignored, and so is what stands behind a closing tag.
    check("<Directory /x> y\n</Directory> z", "<Directory /x> /");
    check("<If \"a > b\">\n</If>", "<If \"a > b\"> /");
    check("<Directory /x>y>\n</Directory>", "<Directory /x>y> /");
    check("<Files \"a>\n</Files>", "<Files \"a\"> /");
    check("<RequireAll>\n</RequireAll>\n<RequireAll\n</RequireAll>", "<RequireAll> / <RequireAll> /");
    check("<Directory> /x>\n</Directory>", "<Directory /x> /");
    check("Listen> 81", "Listen 81;");
    let tree = parse(FileId(0), "<foo a>\n</Foo>\nfoo>");
    assert_eq!(tree.nodes.iter().map(|n| n.name).collect::<Vec<_>>(), [Name::UnknownSection, Name::Unknown]);
}

#[test]
fn a_tag_too_many() {
    check("A\n</Files>\nB", "A; B;\n2:1: \"</Files>\" closes no section: none is open");
    check(
        "<Directory x>\nA\n</Dir>\nB\n</Location>\nC\n</Directory>",
        "<Directory x> A; / B; C;\n3:1: \"</Dir>\" closes no section: \"</Directory>\" is expected\n\
         5:1: \"</Location>\" closes no section: none is open\n7:1: \"</Directory>\" closes no section: none is open",
    );
    check(
        "<Directory x>\n</Files>\nA\n</Directory>",
        "<Directory x> A; /\n2:1: \"</Files>\" closes no section: \"</Directory>\" is expected",
    );
    assert_eq!(help("A\n<Directory x>\n</Files>\n</Directory>"), "\"<Directory>\" was opened on line 2");
    // Nearly the right one.
    check(
        "<Directory x>\n</Directry>\nA",
        "<Directory x> / A;\n2:1: \"</Directry>\" closes no section: \"</Directory>\" is expected",
    );
}

#[test]
fn a_tag_missing() {
    check("A\n<Directory x>\nB", "A; <Directory x> B; /\n2:1: \"<Directory>\" is not closed");
    check(
        "<Directory x>\n<Files y>\nA",
        "<Directory x> <Files y> A; / /\n1:1: \"<Directory>\" is not closed\n2:1: \"<Files>\" is not closed",
    );
    check(
        "<VirtualHost x>\n<Directory y>\nA\n</VirtualHost>\nB",
        "<VirtualHost x> <Directory y> A; / / B;\n4:1: \"</Directory>\" is missing before \"</VirtualHost>\"",
    );
    assert_eq!(help("<VirtualHost x>\n<Directory y>\nA\n</VirtualHost>\nB"), "\"<Directory>\" was opened on line 2");
}

#[test]
fn broken_tags() {
    check("<Files x>\nA\n</Files\nB", "<Files x> A; / B;\n3:1: closing tag \"</Files\" has no \">\"");
    check("<Files x>\nA\n</Files >\nB", "<Files x> A; / B;\n3:1: closing tag \"</Files\" has no \">\"");
    check("<Files x>\nA\n</Files>B\nC", "<Files x> A; / C;\n3:1: \"</Files>B>\" closes no section: \"</Files>\" is expected");
    check(
        "< Files x>\n</Files>\nA",
        "< Files x> A; /\n1:1: \"<>\" is not closed\n2:1: \"</Files>\" closes no section: \"</>\" is expected",
    );
}

#[test]
fn everything_on_one_line() {
    check("<Files x>Deny from all</Files>\nA", "<Files x>Deny from all</Files> A; /\n1:1: \"<Files>\" is not closed");
    assert!(help("<Files x>A</Files>").contains("lines of their own"));
    check(
        "<Directory x>\n<Files y>A</Files>\n</Directory>",
        "<Directory x> <Files y>A</Files> / /\n2:1: \"<Files>\" is not closed",
    );
    // The server takes all of it for a name.
    check("<Files x></Files>\nA\n</Files>", "<Files x></Files> A; /");
}

#[test]
fn conditions() {
    check("<IfModule a>\nA\n</IfModule>\n<IfDefine b>\n</ifdefine>", "<IfModule a> A; / <IfDefine b> /");
    // A condition that holds ends with the file, one that does not must be closed.
    check("<IfModule a>\n<Files x>\nA", "<IfModule a> <Files x> A; / /\n1:1: \"<IfModule>\" is not closed (skipped)");
    check(
        "<Directory x>\n<IfModule a>\n<IfDefine b>",
        "<Directory x> <IfModule a> <IfDefine b> / / /\n1:1: \"<Directory>\" is not closed\n\
         2:1: \"<IfModule>\" is not closed (skipped)\n3:1: \"<IfDefine>\" is not closed (skipped)",
    );
    check("<IfModule a>\n</IfModule> # x\nA", "<IfModule a> / A;\n2:1: text after \"</IfModule>\" (read)");
    check(
        "<IfModule a>\n<RequireAll> x\n</RequireAll>\n</IfModule>",
        "<IfModule a> <RequireAll x> / /\n2:1: text after the \">\" of a section without arguments (skipped)",
    );
    check(
        "<IfModule a>\n</Files>\n</IfModule>",
        "<IfModule a> /\n2:1: \"</Files>\" closes no section: \"</IfModule>\" is expected",
    );
    let tree = parse(FileId(0), "<IfModule a>\n<Files x>\n<IfDefine b>\n</Foo>\n</IfDefine>\n</Files>\n</IfModule>");
    assert_eq!(tree.errors[0].condition, Some(2));
}

#[test]
fn macros_are_lines() {
    check("<Macro m $x>\nA $x\n</Macro>\nUse m 1", "<Macro m $x> A $x; / Use m 1;");
    check("<Macro m>\n<Macro n>\n</Macro>\nA\n</macro>\nB", "<Macro m> <Macro n> / A; / B;");
    check("<Macro m>\n<Directory x>\n</Macro>\nA", "<Macro m> <Directory x> / / A;");
    check("<Macro m>\n</Directory>\n</Macro>\nA", "<Macro m> / A;");
    check("<Macro m>\nA", "<Macro m> A; /\n1:1: \"<Macro>\" is not closed");
    // The macro may have opened the section.
    check("<Macro m>\n<Files x>\n</Macro>\nUse m\n</Files>", "<Macro m> <Files x> / / Use m;");
    check("<Macro m>\n</Macro>\nUse m\n</Files>", "<Macro m> / Use m;\n4:1: \"</Files>\" closes no section: none is open");
    assert!(parse(FileId(0), "<Macro m>\n<Files x>\n</Macro>").open_macro);
}

#[test]
fn code_of_other_languages() {
    check("<Perl>\n$x = \"</Files>\";\nif ($a < 1) {\n</Perl>\nA", "<Perl> / A;");
    check("<LuaHookFixups a>\nfunction (r)\n <end\n</LuaHookFixups>\nA", "<LuaHookFixups a> / A;");
    check("<Perl>\nx", "<Perl> /\n1:1: \"<Perl>\" is not closed");
}

#[test]
fn a_byte_order_mark() {
    check("\u{feff}Listen 81", "Listen 81;\n1:1: the file begins with a byte order mark");
    check("A\n\u{feff}B", "A; \u{feff}B;");
}

#[test]
fn very_deep_nesting_is_one_error() {
    let text = "<If true>\n".repeat(1500) + &"</If>\n".repeat(1500) + "A";
    let tree = parse(FileId(0), &text);
    assert_eq!(tree.errors.len(), 1, "{:?}", tree.errors.first());
    assert_eq!(tree.errors[0].message, "more than 1000 nested sections");
    assert!(dump(&text).contains("A;"));
}

#[test]
fn the_number_of_errors_is_limited() {
    let tree = parse(FileId(0), &"</Files>\n".repeat(5000));
    assert_eq!(tree.errors.len(), 1001);
    assert!(tree.errors.iter().any(|e| e.message.starts_with("too many syntax errors")));
}

#[test]
fn a_line_must_fit_into_the_buffer() {
    let long = |length: usize| parse(FileId(0), &format!("A {}\n", "x".repeat(length))).errors.len();
    assert_eq!(long(1 << 20), 0);
    assert_eq!(long(17 << 20), 1);
}
