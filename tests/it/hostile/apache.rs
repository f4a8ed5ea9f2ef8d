//! The same for Apache.

use std::os::unix::fs::symlink;

use super::*;

/// One file named `httpd.conf`.
fn check_httpd(bytes: impl AsRef<[u8]>) -> Answer {
    let tree = Tree::new();
    let path = tree.add("httpd.conf", [b"Listen 80\n".as_slice(), bytes.as_ref()].concat());
    check(&path)
}

#[test]
fn includes_without_end() {
    let tree = Tree::new();
    let main = tree.add("httpd.conf", "Listen 80\nInclude httpd.conf\nInclude a.conf\n");
    tree.add("a.conf", "Include b.conf\nInclude *.conf\n");
    tree.add("b.conf", "Include a.conf\n");
    let answer = check(&main);
    assert!(answer.stdout.contains("[limit-reached]"), "{}", answer.stdout);
    check(tree.root());

    // Twenty files, each bringing the next one twice.
    let tree = Tree::new();
    let main = tree.add("httpd.conf", "Listen 80\nInclude bomb/0.conf\n");
    for i in 0..20 {
        let next = i + 1;
        tree.add(&format!("bomb/{i}.conf"), format!("Include bomb/{next}.conf\nInclude bomb/{next}.conf\n"));
    }
    tree.add("bomb/20.conf", "SetEnv A a\n");
    assert!(check(&main).stdout.contains("[limit-reached]"));

    // A folder that includes itself, and many levels of files.
    let tree = Tree::new();
    let main = tree.add("httpd.conf", "Listen 80\nInclude all\nInclude deep/0.conf\n");
    tree.add("all/a.conf", "Include all\n");
    for i in 0..500 {
        tree.add(&format!("deep/{i}.conf"), format!("Include deep/{}.conf\n", i + 1));
    }
    assert!(check(&main).stdout.contains("[limit-reached]"));
}

#[test]
fn folders_that_lead_to_themselves() {
    let tree = Tree::new();
    let main = tree.add("httpd.conf", "Listen 80\nInclude loop\nIncludeOptional loop/*/*/*/x*\nDocumentRoot loop\n");
    tree.add("loop/.htaccess", "Require all granted\n");
    tree.add("loop/in/.htaccess", "Require all denied\n");
    for name in ["one", "two", "three"] {
        symlink(".", tree.root().join("loop").join(name)).unwrap();
        symlink("..", tree.root().join("loop/in").join(name)).unwrap();
    }
    // Two ways to each next folder: 2^40 to the last one.
    for i in 0..40 {
        std::fs::create_dir_all(tree.root().join(format!("ways/{i}"))).unwrap();
        for name in ["left", "right"] {
            symlink(format!("../{}", i + 1), tree.root().join(format!("ways/{i}/{name}"))).unwrap();
        }
    }
    std::fs::create_dir_all(tree.root().join("ways/40")).unwrap();
    check(&tree.add("ways.conf", "User x\nInclude ways/0\nDocumentRoot ways/0\n"));
    symlink("nowhere", tree.root().join("loop/dangling")).unwrap();
    check(&main);
    check(tree.root());
    check(&tree.root().join("loop"));
    check(&tree.root().join("loop/in/.htaccess"));
}

#[test]
fn macros_that_grow() {
    let mut bomb = String::from("<Macro M0 $a>\nSetEnv X $a\n</Macro>\n");
    for i in 1..60 {
        let inner = i - 1;
        writeln!(bomb, "<Macro M{i} $a>\nUse M{inner} $a$a\nUse M{inner} $a$a\n</Macro>").unwrap();
    }
    check_httpd(bomb + "Use M59 xxxxxxxxxxxxxxxx\n");
    check_httpd(
        "<Macro M $a>\nUse $a\n</Macro>\nUse M M\n<Macro N $a>\n<Macro $a $b>\nUse N $b\n</Macro>\n</Macro>\nUse N Q\nUse Q R\n",
    );
    // A line full of parameters, each of them long.
    let line = "$a".repeat(30_000);
    check_httpd(format!("<Macro L $a>\nSetEnv X {line}\n</Macro>\nUse L {}\n", "y".repeat(60_000)));
    let parameters = (0..20_000).map(|i| format!(" $p{i}")).collect::<Vec<_>>().concat();
    check_httpd(format!("<Macro P{parameters}>\nSetEnv X {parameters}\n</Macro>\nUse P{parameters}\n"));
    let mut doubled = String::from("Define V0 aaaaaaaa\n");
    for i in 0..100 {
        writeln!(doubled, "Define V{} ${{V{i}}}${{V{i}}}", i + 1).unwrap();
    }
    check_httpd(doubled + "SetEnv X ${V100}\n");
    check_httpd(format!("SetEnv X {}\n", "${V}".repeat(300_000)));
    check_httpd(format!("SetEnv X {}\n", "${".repeat(300_000)));
}

#[test]
fn sections_and_conditions_without_end() {
    let n = 50_000;
    check_httpd("<IfModule x>\n".repeat(n));
    check_httpd("</IfModule>\n".repeat(n));
    check_httpd(format!("{}{}", "<Directory /x>\n".repeat(n), "</Directory>\n".repeat(n)));
    check_httpd(format!("{}SetEnv A a\n{}", "<IfDefine X>\n".repeat(900), "</IfDefine>\n".repeat(900)));
    check_httpd("<IfVersion ~ (a+)+$>\n</IfVersion>\n");
    check_httpd(format!("<IfVersion ~ {}a{}>\n</IfVersion>\n", "(".repeat(5_000), ")".repeat(5_000)));
    check_httpd("Use x\n".repeat(n));
    check_httpd("Include gone.conf\n".repeat(n));
}

#[test]
fn bytes_that_are_no_configuration_of_apache() {
    check_httpd((0..=255_u8).cycle().take(70_000).collect::<Vec<_>>());
    check_httpd([b'\xff'; 10_000]);
    check_httpd(b"SetEnv A \"caf\xe9\"\nInclude \"caf\xe9.conf\"\n");
    check_httpd("\\\n".repeat(100_000));
    let tree = Tree::new();
    check(&tree.add(".htaccess", (0..=255_u8).cycle().take(70_000).collect::<Vec<_>>()));
    let names = ["a b", "ä", "-f", "a:1:2: error: x", "[x]*?", "${X}"];
    for name in names {
        tree.add(&format!("{name}/.htaccess"), "Require all denied\n");
    }
    tree.add("x.conf", names.map(|name| format!("Alias /x \"{name}\"\nDocumentRoot \"{name}\"\n")).concat());
    check(tree.root());
}

#[test]
fn a_tree_of_five_thousand_htaccess_files() {
    let tree = Tree::new();
    for i in 0..5_000 {
        tree.add(
            &format!("{}/{}/{i}/.htaccess", i % 7, i % 50),
            "AuthType Basic\nAuthName x\nAuthUserFile /x\nRequire valid-user\n",
        );
    }
    tree.add(".htaccess", "RewriteEngine On\n");
    check(tree.root());
    let main = tree.add("httpd.conf", format!("Listen 80\nDocumentRoot \"{}\"\n", tree.root().display()));
    check(&main);
}

#[test]
fn folders_deeper_than_any_server_has() {
    let tree = Tree::new();
    let mut path = String::new();
    for _ in 0..400 {
        path.push_str("d/");
    }
    tree.add(&format!("{path}.htaccess"), "Require all denied\n");
    tree.add(".htaccess", "Require all granted\n");
    let main = tree.add("httpd.conf", "Listen 80\nInclude d\nDocumentRoot d\n");
    assert!(check(&main).stdout.contains("[limit-reached]"));
    check(tree.root());
}

/// One file that is said to be Apache's.
fn check_certainly(bytes: impl AsRef<[u8]>) -> Answer {
    let tree = Tree::new();
    check_as("apache", &tree.add("httpd.conf", bytes))
}

#[test]
fn tags_without_end() {
    let deep = 50_000;
    check_certainly("<If true>\n".repeat(deep));
    check_certainly("<If true>\n".repeat(deep) + &"</If>\n".repeat(deep));
    check_certainly("<IfModule a>\n".repeat(deep));
    check_certainly("<Macro a>\n".repeat(deep));
    check_certainly("</Files>\n".repeat(deep));
    check_certainly("<Directory /x>\n</Files>\n".repeat(deep));
    check_certainly("<RequireAll>\n".repeat(900) + "Require all granted\n" + &"</RequireAll>\n".repeat(900));
    // Each of them looks for the branch before it.
    check_certainly("<Else>\n</Else>\n".repeat(deep));
    check_certainly("<Perl>\n</Prl>\n".repeat(deep));
    check_certainly("UndefMacro a\n".repeat(deep) + &"<Macro a>\n</Macro>\n".repeat(10_000));
}

#[test]
fn long_lines_and_words() {
    check_certainly(format!("SetEnv A {}\n", "x".repeat(20_000_000)));
    check_certainly(format!("SetEnv A {}\n", "x \\\n".repeat(2_000_000)));
    check_certainly("\\\n".repeat(2_000_000));
    check_certainly(format!("Options {}\n", "+Indexes ".repeat(500_000)));
    check_certainly(format!("Header set A \"{}\n", "\\\"".repeat(2_000_000)));
    check_certainly(format!("Require expr {}\n", "(".repeat(100_000)));
    check_certainly(format!("<Directory {}>\n</Directory>\n", "<%= ".repeat(200_000)));
    check_certainly(format!("RewriteRule {} -\n", "(".repeat(1_000_000)));
}

#[test]
fn names_without_end() {
    let names: String = (0..100_000).fold(String::new(), |mut text, i| {
        writeln!(text, "RewriteRul{i} x\nSetEnv A b").unwrap();
        text
    });
    check_certainly(names);
}

#[test]
fn bytes_that_are_no_text() {
    check_certainly([0xff; 10_000]);
    check_certainly(vec![0; 100_000]);
    check_certainly((0..=255u8).cycle().take(200_000).collect::<Vec<u8>>());
    check_certainly("\u{feff}Listen 81\n\u{feff}");
    check_certainly("Listen\r81\rUser x\r");
    let utf16: Vec<u8> = "<Directory /x>\n</Directory>\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    check_certainly(utf16);
}
