use super::*;
use crate::files::FileKind;
use crate::model::from::apache::fake::{Fake, known};
use crate::syntax::apache::expr::Context;

fn request() -> Fake {
    Fake::default()
        .with_variable(Variable::RequestUri, "/wp-admin/x.php")
        .with_variable(Variable::RemoteAddr, "203.0.113.9")
        .with_variable(Variable::Https, "off")
        .with_header("Authorization", "Bearer abc")
        .with_header("Host", "a.example")
        .with_file("/w", FileKind::Folder)
        .with_file("/w/a", FileKind::File)
}

fn eval(text: &str) -> (Truth, Groups) {
    let condition = Condition::parse(text, Context::Server).unwrap();
    let mut regexes = Regexes::of_httpd();
    let expr = Expr::lower(&condition, &mut regexes);
    let mut groups = Groups::None;
    let mut request = request();
    request.env.push(("x".to_owned(), known("1")));
    request.env.push(("u".to_owned(), unknown_value("test")));
    request.env.push(("nonempty".to_owned(), Value::Unknown { prefix: String::new(), nonempty: true, why: String::new() }));
    (expr.holds(&mut request, &[], &regexes, &mut groups), groups)
}

#[test]
fn truth() {
    for (text, expected) in [
        ("%{REQUEST_URI} =~ m#^/wp-admin/#", true),
        ("%{REQUEST_URI} !~ /x/", false),
        ("%{HTTP_HOST} == 'a.example' && %{HTTPS} == 'off'", true),
        ("-n req('authorization') || false", true),
        ("%{HTTP:X-None} == ''", true),
        ("-R '203.0.113.0/24'", true),
        ("%{REMOTE_ADDR} -ipmatch '10.0.0.0/8'", false),
        ("%{REQUEST_URI} -strmatch '/wp-*'", true),
        ("%{REQUEST_URI} -fnmatch '/*'", false),
        ("'ABC' -strcmatch 'a*'", true),
        ("'10' -gt '9' && '10' < '9'", true),
        ("' 12x' -eq 12 && 'x' -eq 0", true),
        ("%{REMOTE_ADDR} in {'a', '203.0.113.9'}", true),
        ("-T 'Off' || -T '0' || -T 'no'", false),
        ("-T 'yes' && reqenv('x') == '1' && env('X') == 1", true),
        ("md5('a') == '0cc175b9c0f1b6a831c399e269772661'", true),
        ("sha1('') == 'da39a3ee5e6b4b0d3255bfef95601890afd80709'", true),
        ("base64('a:b') == 'YTpi' && unbase64('YTpi=x') == 'a:b'", true),
        ("escape('a b?%') == 'a%20b%3f%25' && unescape('%41%2f%') == ''", true),
        ("unescape('%41%2f') == 'A%2f'", true),
        ("-f '/w/a' && -d '/w' && ! -e '/w/b' && ! -e ''", true),
        ("'ab' =~ /(b)/ && $1 == 'b' && 'x' =~ /x/ && $1.$0 == 'bb'", true),
        ("'ab' =~ /(b)/ && 'x' !~ /(y)/ && $1 == ''", true),
        ("reqenv('u') == 'x' && false", false),
        ("true || reqenv('u') == 'x'", true),
        ("'a\\n' =~ /a.$/ && 'a\\n' !~ /a$/", true),
        ("-n reqenv('nonempty') && -n md5(%{TIME})", true),
        ("reqenv('nonempty') != '' && reqenv('u') =~ /.*/", true),
    ] {
        assert_eq!(eval(text).0, Truth::Is(expected), "{text}");
    }
}

#[test]
fn unknown() {
    for text in ["reqenv('u') == 'x'", "-f '/elsewhere'", "%{TIME_HOUR} -gt 5", "false || reqenv('u') =~ /x/", "-F '/w/a'"] {
        assert_eq!(eval(text).0, Truth::Unknown, "{text}");
    }
    let (truth, groups) = eval("reqenv('u') =~ /x/ && 'ab' =~ /(b)/");
    assert_eq!((truth, groups), (Truth::Unknown, Groups::Unknown));
}

#[test]
fn too_deep() {
    let deep = |levels| format!("-n {}'x'{}", "tolower(".repeat(levels), ")".repeat(levels));
    assert_eq!(eval(&deep(18)).0, Truth::Is(true));
    assert_eq!(eval(&deep(19)).0, Truth::Failed);
    assert_eq!(eval(&format!("false && {}", deep(19))).0, Truth::Is(false));
}
