//! Errors: the line that the server names, one error per mistake, and everything after it read as it was meant.

use super::{check, dump, first_error};

#[test]
fn semicolons_too_many() {
    check("a b;;\nc d;", "a b; c d;\n1:5: unexpected \";\"");
    check(";", "(nothing)\n1:1: unexpected \";\"");
    check("a b;;;; c d;", "a b; c d;\n1:5: unexpected \";\"");
}

#[test]
fn semicolon_missing_before_a_brace() {
    check(
        "server {\n root /x\n}\nserver { listen 80; }",
        "server { root /x; } server { listen 80; }\n3:1: unexpected \"}\": \"root /x\" is not ended",
    );
    assert_eq!(first_error("location / { root /x }").unwrap().help.unwrap(), "put \";\" after \"root /x\"");
    // The brace becomes part of the word; the server goes on to the next one.
    check(
        "server { location / { return 200}\n location /b { root /x; } }",
        "server { location / { return 200; } location /b { root /x; } }\n2:2: missing \";\" after \"return 200}\"",
    );
    check("server { listen 80}", "server { listen 80; }\n1:20: unexpected end of file, expecting \";\" or \"}\"");
}

#[test]
fn semicolon_missing_before_a_block() {
    check(
        "server {\n listen 80\n location / {\n root /x;\n }\n}",
        "server { listen 80; location / { root /x; } }\n3:2: missing \";\" after \"listen 80\"",
    );
    check("server { listen 80 location / { } }", "server { listen 80; location / { } }\n1:20: missing \";\" after \"listen 80\"");
    check("unheard of\nserver {}", "unheard of; server { }\n2:1: missing \";\" after \"unheard of\"");
    // The server names the line of the brace.
    check("root /x\nlocation /\n{ }", "root /x; location / { }\n3:1: missing \";\" after \"root /x\"");
}

#[test]
fn semicolon_missing_before_the_next_line() {
    check("root /x\nindex a;", "root /x; index a;\n2:1: missing \";\" after \"root /x\"");
    check(
        "root /x\nallow all\ndeny all;",
        "root /x; allow all; deny all;\n2:1: missing \";\" after \"root /x\"\n3:1: missing \";\" after \"allow all\"",
    );
    check("listen 80\nserver_name x;", "listen 80; server_name x;\n2:1: missing \";\" after \"listen 80\"");
    check("map $a $b { a 1\n b 2; }", "map $a $b { ·a 1; ·b 2; }\n2:2: missing \";\" after \"a 1\"");
    check(
        "access_log off log_not_found off;",
        "access_log off; log_not_found off;\n1:16: missing \";\" after \"access_log off\"",
    );
    // The server accepts these.
    for text in ["listen 443\n ssl http2;", "server_name a\n root /x;", "index a\n root b;", "log_format a 'x'\n 'y'\n status;"] {
        assert_eq!(first_error(text), None, "{text}");
    }
}

#[test]
fn braces_missing() {
    check("http {\n server {\n listen 80;\n}\n", "http { server { listen 80; } }\n5:1: unexpected end of file, expecting \"}\"");
    let help = |text| first_error(text).unwrap().help.unwrap();
    assert_eq!(help("http {\n  server {\n    listen 80;\n}\n"), "\"server\" on line 2 is not closed");
    assert_eq!(help("http {\n  server {\n    listen 80;\n  }\n"), "\"http\" on line 1 is not closed");
    check(
        "server {\n location / {\n root /x;\n}\nserver {\n listen 80;\n}\n",
        "server { location / { root /x; } } server { listen 80; }\n5:1: missing \"}\" before this block: \"server\" is still open",
    );
    check(
        "map $a $b {\n default 0;\nserver {\n listen 80;\n}\n",
        "map $a $b { ·default 0; } server { listen 80; }\n3:1: missing \"}\" of \"map $a $b\" before this block",
    );
    // Nothing is missing here: the block is misplaced, which is not for the parser to say.
    check("server { server { } }", "server { server { } }");
}

#[test]
fn braces_too_many() {
    check("server { }\n}\nserver { }", "server { } server { }\n2:1: unexpected \"}\"");
    check("server { }\n}\n}", "server { }\n2:1: unexpected \"}\"");
    check("server {\n { listen 80; }\n root /x; }", "server { listen 80; root /x; }\n2:2: unexpected \"{\"");
    check("server {\n {\n root /x;\n}", "server { root /x; }\n2:2: unexpected \"{\"");
    check("map $a $b {\n x {\n y 1;\n }\n}", "map $a $b { ·x { y 1; } }\n2:4: unexpected \"{\"");
}

#[test]
fn block_directives_without_a_block() {
    check("location / ;", "location /;\n1:1: directive \"location /\" has no opening \"{\"");
    check("location / ; { root /x; }", "location / { root /x; }\n1:1: directive \"location /\" has no opening \"{\"");
    check(
        "server {\n location /\n  root /x;\n }\n}",
        "server { location / { root /x; } }\n3:10: directive \"location /\" has no opening \"{\"",
    );
    check("if ($a) return 403; root /x;", "if ($a) { return 403; } root /x;\n1:1: directive \"if ($a)\" has no opening \"{\"");
    check("server { location / }", "server { location / { } }\n1:21: unexpected \"}\": \"location /\" is not ended");
    check("http\n server { listen 80; }\n}", "http { server { listen 80; } }\n2:2: directive \"http\" has no opening \"{\"");
    check("upstream u { server 127.0.0.1:80; }", "upstream u { server 127.0.0.1:80; }");
    check("server 127.0.0.1:80; keepalive 2;", "server 127.0.0.1:80; keepalive 2;");
    check("server x;\nroot /x;", "server x; root /x;\n1:1: directive \"server x\" has no opening \"{\"");
    check("http { server x; }", "http { server x; }\n1:8: directive \"server x\" has no opening \"{\"");
}

#[test]
fn blocks_of_directives_that_take_none() {
    check("root /x { index a; }", "root /x { index a; }\n1:1: directive \"root /x\" is not terminated by \";\"");
    check("my_module x { y z; }", "my_module x { y z; }");
    check(
        "server {\n add_header A B{\n root /x;\n}",
        "server { add_header A B { root /x; } }\n2:2: directive \"add_header A B\" is not terminated by \";\"",
    );
}

#[test]
fn quotes_without_an_end() {
    check(
        "add_header A \"b;\nadd_header C \"d\";\nroot /x;",
        "add_header A \"b; add_header C \"d\"; root /x;\n2:15: unexpected \"d\" after a closing quote",
    );
    check(
        "server {\n return 200 'x;\n root /y;\n}\n",
        "server { return 200 'x; root /y; }\n5:1: unexpected end of file: a quoted text has no closing '",
    );
    check("return 200 \"a\"b;", "return 200 \"a\" b;\n1:15: unexpected \"b\" after a closing quote");
    check("return 200 \"a\"\"b\";", "return 200 \"a\" \"b\";\n1:15: unexpected \"\"\" after a closing quote");
    check(
        "server { return 200 \"a\"}",
        "server { return 200 \"a\"; }\n1:24: unexpected \"}\": \"return 200 \"a\"\" is not ended",
    );
    let long = format!("root \"x;\n{}", "index a;\n".repeat(600));
    assert!(dump(&long).ends_with("1:6: a parameter longer than 4,096 bytes"), "{}", dump(&long));
}

#[test]
fn unquoted_regexes() {
    check("location ~ ^/a{2}$ { root /x; }", "location ~ ^/a{2}$ { root /x; }\n1:12: \"{\" in an unquoted word opens a block");
    assert_eq!(first_error("location ~ ^/a{2}$ {}").unwrap().help.unwrap(), "quote it: \"^/a{2}$\"");
    check(
        "rewrite ^/(\\d{4})/(\\d{1,2})$ /x;",
        "rewrite ^/(\\d{4})/(\\d{1,2})$ /x;\n1:9: \"{\" in an unquoted word opens a block",
    );
    check("map $a $b { ~^/a{2} 1; }", "map $a $b { ·~^/a{2} 1; }\n1:13: \"{\" in an unquoted word opens a block");
    check("location ~ ^/a;b$ { }", "location ~ ^/a;b$ { }\n1:12: \";\" in an unquoted regex ends the directive");
    check("location ~ \"^/a{2}$\" { }", "location ~ \"^/a{2}$\" { }");
    check("location /{return 200;}", "location / { return 200; }");
}

#[test]
fn variables() {
    check("return 200 ${uri;", "return 200 ${uri;\n1:12: the closing brace of the variable \"${uri\" is missing");
    check("root /x/$;", "root /x/$;\n1:6: a \"$\" that begins no variable");
    check("proxy_no_cache $a b$;", "proxy_no_cache $a b$;\n1:19: a \"$\" that begins no variable");
    check("if ($a ~ b$) { }", "if ($a ~ b$) { }");
    check("location ~ \\.php$ {}", "location ~ \\.php$ { }");
    check("rewrite ^/x$ /y$1 last;", "rewrite ^/x$ /y$1 last;");
    check("map $a $b { ~^x$ ${a; }", "map $a $b { ·~^x$ ${a; }\n1:18: the closing brace of the variable \"${a\" is missing");
}

#[test]
fn entries_have_two_words() {
    check("map $a $b { default; }", "map $a $b { ·default; }\n1:13: an entry of \"map\" takes two words, this one has 1");
    check("map $a $b { x y z; }", "map $a $b { ·x y z; }\n1:13: an entry of \"map\" takes two words, this one has 3");
    check("geo $a { ranges; 1.1.1.1-1.1.1.2 x; }", "geo $a { ·ranges; ·1.1.1.1-1.1.1.2 x; }");
}

#[test]
fn lua_without_an_end() {
    check(
        "server {\n content_by_lua_block {\n  {{\n }\n listen 80;\n}",
        "server { content_by_lua_block lua<\n  {{\n > listen 80; }\n\
         3:4: unexpected end of file in a Lua block: a \"{\" is not closed",
    );
    check(
        "content_by_lua_block {\n x = [[ }\n",
        "content_by_lua_block lua<\n x = [[ }\n>\n2:6: a long bracket of a Lua block is not closed",
    );
}

#[test]
fn byte_order_mark() {
    check("\u{feff}user x;", "user x;\n1:1: the file begins with a byte order mark");
}

#[test]
fn the_end_of_the_file() {
    check("root /x", "root /x;\n1:8: unexpected end of file, expecting \";\" or \"}\"");
    check("http { server { root /x\n", "http { server { root /x; } }\n2:1: unexpected end of file, expecting \";\" or \"}\"");
    check("a \\", "a \\;\n1:4: unexpected end of file, expecting \";\" or \"}\"");
}

#[test]
fn very_deep_nesting_is_one_error() {
    let text = "a{".repeat(100_000) + &"}".repeat(100_000);
    assert_eq!(dump_errors(&text), "1:2002: more than 1000 nested blocks");
    let open = dump_errors(&"a{".repeat(100_000));
    assert_eq!(open, "1:2002: more than 1000 nested blocks\n1:200001: unexpected end of file, expecting \"}\"");
    assert_eq!(dump_errors(&"{".repeat(5)).lines().count(), 5);
}

#[test]
fn the_number_of_errors_is_limited() {
    assert_eq!(dump_errors(&"a b\"c\" \"d\"e;".repeat(3000)).lines().count(), 1001);
}

fn dump_errors(text: &str) -> String {
    let mut map = crate::source::SourceMap::new();
    let id = map.add("x", text.as_bytes().to_vec());
    let tree = super::parse(id, text);
    let lines = tree.errors.iter().map(|e| {
        let position = map.file(id).position(e.span.start);
        format!("{}:{}: {}", position.line, position.column, e.message)
    });
    lines.collect::<Vec<_>>().join("\n")
}
