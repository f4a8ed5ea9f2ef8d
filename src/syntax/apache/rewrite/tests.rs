use super::*;
use crate::syntax::apache::expr::Context;

fn rule(raw: &str) -> Rule {
    Rule::parse(raw).unwrap()
}

fn condition(raw: &str) -> Condition {
    Condition::parse(raw, Context::Server).unwrap()
}

#[test]
fn words_of_a_rule() {
    let parsed = rule(r#""^a b$"  'x y' "[R=301, L]" # comment"#);
    assert_eq!((parsed.pattern.text.as_str(), parsed.substitution.as_str()), ("^a b$", "x y"));
    assert!(parsed.flags.redirect && parsed.flags.last && parsed.flags.status == 301);
    assert_eq!(rule(r"^a\ b$ x\ y").pattern.text, r"^a\ b$", "the backslash stays");
    assert_eq!(rule("!^a$ -").pattern.text, "^a$");
    assert!(rule("!^a$ -").negated);
    assert!(rule("^a$ -").flags.no_substitution);
    assert_eq!(rule(r#""^a""#).substitution, "", "a quoted pattern may stand alone");
    assert!(Rule::parse("^a").is_err());
}

#[test]
fn queries() {
    let parsed = rule("^a$ /b?");
    assert_eq!((parsed.substitution.as_str(), parsed.flags.no_query), ("/b", true));
    let parsed = rule("^a$ /b? [QSA]");
    assert_eq!((parsed.substitution.as_str(), parsed.flags.no_query), ("/b?", false));
    assert!(rule("^a$ /b [QSD]").flags.no_query);
    assert!(!rule("^a$ /b?c [QSD]").flags.no_query);
}

/// What the real server accepts and refuses (`apache2 -t`, 2.4.71).
#[test]
fn flags() {
    for refused in
        ["[L,]", "[]", "[X]", "L", "[L", "[R=999]", "[R=299]", "[BNE]", "[R =301]", "[EN]", "[QSX]", "[Lx]", "[R=301, L]", "[U]"]
    {
        assert!(Rule::parse(&format!("^a$ /b {refused}")).is_err(), "{refused}");
    }
    for accepted in
        ["[ L , R=301x ]", "[R=foo]", "[Dxyz]", "[nocase,LAST]", "[R=500]", "[S=x,N=x,E,CO,H,T]", "[UNC,UnsafeAllow3F]"]
    {
        assert!(Rule::parse(&format!("^a$ /b \"{accepted}\"")).is_ok(), "{accepted}");
    }
    let parsed = rule("^a$ - [F,R=404,E=a:b,E=!c]").flags;
    assert!(parsed.is_status && parsed.redirect && parsed.status == 404);
    assert_eq!(parsed.env, ["a:b", "!c"]);
    assert_eq!(Rule::parse("^a$ - [L,Foo]").unwrap_err().at, 9);
}

#[test]
fn conditions() {
    let regex = |text: &str, ignore_case| Pattern::Regex(Regex { text: text.to_owned(), ignore_case });
    assert_eq!(condition("%{HTTPS} off").pattern, regex("off", false));
    assert_eq!(condition("%{HTTPS} !off [NC,OR]").pattern, regex("off", true));
    assert!(condition("%{HTTPS} !off [NC,OR]").or_next);
    assert_eq!(condition("x !-f").pattern, Pattern::File(FileTest::File));
    assert!(condition("x !-f").negated);
    assert_eq!(condition("x -lt5").pattern, Pattern::Number(Comparison::Less, 5));
    assert_eq!(condition("x -lt").pattern, regex("-lt", false), "an operator without an operand is a pattern");
    assert!(condition("x -ne5").negated);
    assert!(!condition("x !-ne5").negated);
    assert_eq!(condition("x =\"\"").pattern, Pattern::Text(Comparison::Equal, String::new()));
    assert_eq!(condition("x =").pattern, regex("=", false));
    assert_eq!(condition("x >=b").pattern, Pattern::Text(Comparison::GreaterOrEqual, "b".to_owned()));
    assert!(matches!(condition("expr \"-n %{HTTPS}\"").pattern, Pattern::Expr(_)));
    assert!(Condition::parse("x y [L]", Context::Server).is_err());
    assert_eq!(Condition::parse("expr \"-n $x\"", Context::Server).unwrap_err().at, 9);
}

#[test]
fn options_and_maps() {
    let mut options = Options::default();
    assert_eq!(options.add(["InheritBefore", "maxredirects=3", "AllowNoSlash"]), Ok(()));
    assert!(options.inherit_before && options.allow_no_slash && !options.inherit);
    assert_eq!(options.add(["inherit", "x"]), Err(1));
    assert_eq!(Map::parse("int:tolower"), Some(Map::ToLower));
    assert_eq!(Map::parse("int:x"), None);
    assert_eq!(Map::parse("/x"), Some(Map::Text("/x".to_owned())));
    assert_eq!(Map::parse("TXT:/x"), Some(Map::Text("/x".to_owned())));
    assert_eq!(Map::parse("dbm=sdbm:/x"), Some(Map::Opaque));
    assert_eq!(Map::parse("dbmx:/x"), None);
}
