use super::*;

fn parse(text: &str) -> Result<Condition, ExprError> {
    Condition::parse(text, Context::Server)
}

/// What the real server accepts (`apache2 -t`, 2.4.71).
#[test]
fn accepted() {
    for text in [
        "true",
        "-n req('x')",
        "'a' =~ m#x#i && true",
        "'x' -strmatch 'x*'",
        "-R '10.1.'",
        "%{REMOTE_ADDR} -ipmatch '127.0.0.1'",
        "'x' -in {'x'}",
        "'x' in {'x', %{HTTPS}, 3}",
        "3 == 3 and not 1 > 2 or false",
        "'a'. 'b' . 3 == 'ab3'",
        "-n '%{HTTPS}' . '$1 $ % }{'",
        "-n $1",
        "((((((((((((((((((((((((true))))))))))))))))))))))))",
        "!!!! true",
        "tolower(toupper('a')) == 'a'",
        "%{tolower:%{HTTPS}} == 'off'",
        "%{HTTPS} eq 'off'",
        "5 -lt 6",
        "'a' in PeerExtList('x')",
        "%{SSL_PROTOCOL} == ''",
        "%{https} == \"on\"",
        "%{SSL:SSL_CIPHER} == 'x'",
        "-n ssl('SSL_CLIENT_S_DN')",
    ] {
        assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
    }
}

/// What it refuses, with the place.
#[test]
fn refused() {
    for (text, at) in [
        ("", 0),
        ("'", 1),
        ("%{HTTPS}", 8),
        ("TRUE", 0),
        ("a == b", 0),
        ("'a' == b", 7),
        ("'a\\", 2),
        ("'a' =~ m_x_", 7),
        ("'a' =~ 'a'", 7),
        ("'a' =~ /a", 7),
        ("'a' =~ /a/ii", 11),
        ("'x' -foo 'y'", 4),
        ("-n %{REQUEST_LINE}", 5),
        ("%{sub:x} == ''", 2),
        ("-n '%{HTTP:}'", 11),
        ("%{HTTP:a\"b} == ''", 8),
        ("-R 10", 3),
        ("-R ''", 3),
        ("-R %{HTTPS}", 3),
        ("-R '10.1.0.0/0'", 3),
        ("'a' == 'a' # x", 11),
        ("-n $x", 3),
        ("'\\1234' == 'A'", 1),
        ("'\\8' == '8'", 1),
        ("-Z 'x'", 0),
        ("-n replace('a','b')", 14),
        ("(true", 5),
        ("true)", 4),
    ] {
        assert_eq!(parse(text).map_err(|e| e.at), Err(at), "{text}: {:?}", parse(text));
    }
}

#[test]
fn a_htaccess_may_not_read_files() {
    let text = "file('/etc/hostname') == 'x'";
    assert!(parse(text).is_ok());
    assert!(Condition::parse(text, Context::Htaccess).is_err());
    assert!(Condition::parse("-f '/etc/hostname'", Context::Htaccess).is_ok());
}

#[test]
fn precedence() {
    let equal = |a: &str| Test::Text(Comparison::Equal, Word::Text(a.to_owned()), Word::Text("1".to_owned()));
    let text = "! 'a' == 1 && 'b' == 1 || 'c' == 1";
    let expected = Test::Or(vec![Test::And(vec![Test::Not(Box::new(equal("a"))), equal("b")]), equal("c")]);
    assert_eq!(parse(text).unwrap().test, expected);
}

#[test]
fn texts_with_variables() {
    let parts = |text: &str| Word::parse(text, Context::Server).unwrap();
    assert_eq!(parts(""), Word::Text(String::new()));
    assert_eq!(parts("say \"x\" }"), Word::Text("say \"x\" }".to_owned()));
    let host = Word::Variable("HTTP_HOST".to_owned());
    assert_eq!(parts("%{HTTP_HOST}"), host);
    let field = Word::Call(Function::Request, Box::new(Word::Text("X-Y".to_owned())));
    assert_eq!(parts("a%{HTTP:X-Y}$1"), Word::Concat(vec![Word::Text("a".to_owned()), field, Word::Group(1)]));
    assert_eq!(parts("\\101\\n"), Word::Text("A\n".to_owned()));
}

#[test]
fn deep_nesting_is_a_limit() {
    let deep = format!("{}true{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(parse(&deep).unwrap_err().is_limit);
    let long = format!("true{}", " && true".repeat(10_000));
    assert!(parse(&long).is_ok());
}
