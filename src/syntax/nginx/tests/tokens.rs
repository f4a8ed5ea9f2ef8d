//! Words as the server cuts them.

use super::super::{Name, parse, print};
use super::{check, dump};
use crate::source::FileId;

#[test]
fn words_and_blocks() {
    check("", "(nothing)");
    check(" \t\r\n # only a comment", "(nothing)");
    check("a b;c  d\te;", "a b; c d e;");
    check("events{}http{server{listen 80;}}", "events { } http { server { listen 80; } }");
    check("user www-data;\r\nevents {\r\n}\r\n", "user www-data; events { }");
}

#[test]
fn quotes() {
    check(r#"a "b c;}";"#, r#"a "b c;}";"#);
    check(r#"a 'a "b" c';"#, r#"a "a \"b\" c";"#);
    check("a \"\" '';", r#"a "" "";"#);
    check("a \"x\ny\";", r#"a "x\ny";"#);
    check("a b\"c d\"e;", "a b\"c d\"e;");
    check("a it's;", "a it's;");
    check("\"a\" b;", "\"a\" b;");
    check("a \"b\"{}", "a \"b\" { }");
    check("a \"b\"#c\n;", "a \"b\";\n1:6: unexpected \"#\" after a closing quote");
    check("a \"b\u{0}\u{1a}é\";", "a \"b\\0\\u{1a}é\";");
}

#[test]
fn escapes() {
    check(r"a b\ c;", r"a b\ c;");
    check(r#"a "b\"c" 'd\'e' \" \';"#, r#"a "b\"c" "d'e" " ';"#);
    check(r"a \\. \. \d \t;", "a \\. \\. \\d \t;");
    check(r"a b\;c d\{e;", r"a b\;c d\{e;");
    check(r"a \#b;", r"a \#b;");
    let tree = parse(FileId(0), r#"a \. "\$x" '\n' \\;"#);
    let escaped: Vec<bool> = tree.words.iter().map(|w| w.escaped()).collect();
    assert_eq!(escaped, [false, false, false, true, true]);
}

#[test]
fn comments() {
    check("a#b c#d;#e f;\ng;", "a#b c#d; g;");
    check("a # b ;\n c;", "a c;");
    let text = "a; # one\r\n#two";
    let tree = parse(FileId(0), text);
    let comments: Vec<&str> = tree.comments.iter().map(|s| &text[s.start as usize..s.end as usize]).collect();
    assert_eq!(comments, ["# one", "#two"]);
}

#[test]
fn a_brace_after_a_dollar_opens_no_block() {
    check("return 200 ${uri}x;", "return 200 ${uri}x;");
    check("if ($a = ${b}){break;}", "if ($a = ${b}) { break; }");
    check("location ~ ^/$ {}", "location ~ ^/$ { }");
    check("location ~ a$ {}", "location ~ a$ { }");
    check("a \"${b}\"{}", "a \"${b}\" { }");
    check("a $b{}", "a $b { }");
}

#[test]
fn parentheses() {
    check("if ($uri = \"a\"){break;}", "if ($uri = \"a\" ) { break; }");
    check("if ( $uri = a ) { break; }", "if ( $uri = a ) { break; }");
    check("if( $uri = a ) { break; }", "if( $uri = a ) { break; }");
}

#[test]
fn entries_are_data() {
    check(
        "map $a $b { default 0; ~^/x$ 1; include x.map; hostnames; }",
        "map $a $b { ·default 0; ·~^/x$ 1; include x.map; ·hostnames; }",
    );
    check("types { text/html html htm; include mime.types; }", "types { ·text/html html htm; include mime.types; }");
    check("geo $g { default 0; include geo.conf; 10.0.0.0/8 1; }", "geo $g { ·default 0; include geo.conf; ·10.0.0.0/8 1; }");
    check("split_clients $a $b { 0.5% x; include y; * z; }", "split_clients $a $b { ·0.5% x; ·include y; ·* z; }");
    check("charset_map a b { C0 FE; }", "charset_map a b { ·C0 FE; }");
    check(
        "geoip2 x.mmdb { $c default=US country iso_code; auto_reload 5m; }",
        "geoip2 x.mmdb { ·$c default=US country iso_code; ·auto_reload 5m; }",
    );
    check("map $a $b { server 1; }", "map $a $b { ·server 1; }");
    let tree = parse(FileId(0), "map $a $b { \"include\" x; listen 1; }");
    assert_eq!(tree.nodes.iter().map(|n| n.name).collect::<Vec<_>>(), [Name::Map, Name::Include, Name::Entry]);
}

#[test]
fn lua_blocks() {
    check("content_by_lua_block { ngx.say('}') } a;", "content_by_lua_block lua< ngx.say('}') > a;");
    check("set_by_lua_block $x { return {1} } a;", "set_by_lua_block $x lua< return {1} > a;");
    check("init_by_lua_block{--}\n}a;", "init_by_lua_block lua<--}\n> a;");
    check("init_by_lua_block{--[[ } \n]]}a;", "init_by_lua_block lua<--[[ } \n]]> a;");
    check("init_by_lua_block{x=[==[ }]]} ]==]}a;", "init_by_lua_block lua<x=[==[ }]]} ]==]> a;");
    check("init_by_lua_block{x=\"\\\"}\"}a;", "init_by_lua_block lua<x=\"\\\"}\"> a;");
    check("init_by_lua_block{x[y[1]]=2}a;", "init_by_lua_block lua<x[y[1]]=2> a;");
    // A quote without a partner on its line is no string for the module either.
    check("init_by_lua_block{ don't }a;", "init_by_lua_block lua< don't > a;");
    check("init_by_lua_block{foo()}a;", "init_by_lua_block lua<foo()> a;");
}

#[test]
fn a_word_must_fit_into_the_buffer() {
    let word = |length: usize, end: &str| dump(&format!("root {}{end}", "x".repeat(length))).contains("4,096");
    // Measured: the byte after the word must be among the first 4,096 as well, unless the file ends before.
    assert!(!word(4095, ";\n\n"));
    assert!(word(4096, ";\n\n"));
    assert!(!word(4094, " ;\n\n"));
    assert!(word(4095, " ;\n\n"));
    let quoted = |length: usize| dump(&format!("root \"{}\";\n\n", "x".repeat(length))).contains("4,096");
    assert!(!quoted(4094));
    assert!(quoted(4095));
    let comment = |length: usize| dump(&format!("#{}\n\n", "x".repeat(length - 1))).contains("4,096");
    assert!(!comment(4094));
    assert!(comment(4095));
}

#[test]
fn printing_is_regular() {
    let text = "http{#c\nserver{listen  80 ;if ($a){return 200 \"x y\";}}init_by_lua_block{x={}}}# end";
    let printed = print(&parse(FileId(0), text), text);
    let expected = "http {\n  #c\n  server {\n    listen 80;\n    if ($a) {\n      return 200 \"x y\";\n    }\n  }\n  \
                    init_by_lua_block {x={}}\n}\n# end\n";
    assert_eq!(printed, expected);
}
