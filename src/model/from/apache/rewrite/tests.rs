use super::*;
use crate::files::FileKind;
use crate::model::fact::unknown_value;
use crate::model::from::apache::fake::{Fake, known, span};
use crate::model::from::apache::vars::Variable;
use crate::syntax::apache::rewrite::Options;

fn request(uri: &str) -> Fake {
    Fake::default()
        .with_variable(Variable::RequestUri, uri)
        .with_variable(Variable::RequestMethod, "GET")
        .with_variable(Variable::RequestScheme, "http")
        .with_variable(Variable::Https, "off")
        .with_variable(Variable::ServerName, "a.example")
        .with_variable(Variable::ServerPort, "80")
        .with_variable(Variable::DocumentRoot, "/w")
        .with_variable(Variable::ContextDocumentRoot, "/w")
        .with_header("Host", "a.example")
        .with_header("Authorization", "Bearer abc")
        .with_file("/", FileKind::Folder)
        .with_file("/w", FileKind::Folder)
        .with_file("/w/index.php", FileKind::File)
        .with_file("/w/sub", FileKind::Folder)
        .with_file("/w/sub/x.css", FileKind::File)
}

/// The rules of a section: lines of `RewriteRule`, `RewriteCond`, `RewriteBase`, `RewriteOptions`.
struct Section {
    steps: Vec<Step>,
    options: Option<Options>,
    base: Option<String>,
}

fn section(lines: &str, regexes: &mut Regexes) -> Section {
    let mut section = Section { steps: Vec::new(), options: None, base: None };
    for (number, line) in (0..).zip(lines.lines().map(str::trim).filter(|l| !l.is_empty())) {
        let (name, raw) = line.split_once(' ').unwrap();
        match name {
            "RewriteRule" => section.steps.push(Step::rule(raw, span(number), regexes).unwrap()),
            "RewriteCond" => section.steps.push(Step::condition(raw, Context::Htaccess, span(number), regexes).unwrap()),
            "RewriteBase" => section.base = Some(raw.to_owned()),
            _ => section.options.get_or_insert_default().add(raw.split(' ')).unwrap(),
        }
    }
    section
}

fn config<'r>(section: &'r Section, directory: Option<&str>) -> Config<'r> {
    Config {
        engine: Some((true, span(99))),
        options: section.options,
        base: section.base.clone(),
        directory: directory.map(str::to_owned),
        rules: program(&section.steps),
    }
}

fn current(filename: &str, args: Option<&str>) -> Current {
    Current {
        filename: known(filename),
        path_info: known(""),
        args: args.map(known),
        proxied: false,
        handler: None,
        mime_type: None,
    }
}

fn run_server(lines: &str, fake: &mut Fake, uri: &str, args: Option<&str>) -> Ran {
    let mut regexes = Regexes::of_httpd();
    let section = section(lines, &mut regexes);
    let maps = [("lc".to_owned(), Map::ToLower)];
    let mut around = Surroundings { vars: fake, regexes: &regexes, maps: &maps, subrequest: false };
    in_server(&mut around, &config(&section, None), current(uri, args))
}

/// What rules in the server's own files make of a URL.
fn server(lines: &str, uri: &str) -> Action {
    run_server(lines, &mut request(uri), uri, None).action
}

/// What rules in `/w/` make of a file.
fn folder(lines: &str, file: &str) -> Action {
    folder_in("/w/", lines, file)
}

fn folder_in(directory: &str, lines: &str, file: &str) -> Action {
    let mut fake = request(file.strip_prefix("/w").unwrap());
    let mut regexes = Regexes::of_httpd();
    let section = section(lines, &mut regexes);
    let mut around = Surroundings { vars: &mut fake, regexes: &regexes, maps: &[], subrequest: false };
    in_folder(&mut around, &config(&section, Some(directory)), Folder { follows_links: true }, current(file, None)).action
}

fn redirect(status: u16, location: &str) -> Action {
    Action::Redirect { status, location: known(location) }
}

fn internal(uri: &str) -> Action {
    Action::Internal { uri: known(uri) }
}

#[test]
fn redirects() {
    let to_https = "RewriteCond %{HTTPS} off\n RewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]";
    assert_eq!(server(to_https, "/x y"), redirect(301, "https://a.example/x%20y"));
    assert_eq!(server("RewriteRule ^/a$ /b?c=\\%20 [R]", "/a"), redirect(302, "http://a.example/b?c=%2520"));
    assert_eq!(server("RewriteRule ^/a$ /b?c=\\%20 [R,NE]", "/a"), redirect(302, "http://a.example/b?c=%20"));
    assert_eq!(server("RewriteRule ^/a$ https://b.example [QSA]", "/a"), redirect(302, "https://b.example"));
    let ran = run_server("RewriteRule ^/a$ /b [R=307]", &mut request("/a"), "/a", Some("x=%20"));
    assert_eq!(ran.action, redirect(307, "http://a.example/b?x=%20"), "a query that no rule changed is not escaped again");
    let ran = run_server("RewriteRule ^/a$ /b? [R]", &mut request("/a"), "/a", Some("x"));
    assert_eq!(ran.action, redirect(302, "http://a.example/b"));
}

#[test]
fn a_url_of_this_server_is_a_path() {
    assert_eq!(server("RewriteRule ^/a$ http://a.example/b", "/a"), Action::BelowRoot { path: known("/b") });
    assert_eq!(server("RewriteRule ^/a$ http://A.example:81/b", "/a"), redirect(302, "http://A.example:81/b"));
}

/// A path is one of the file system only if its first segment is there and the substitution names it.
#[test]
fn files_and_urls_in_the_server() {
    assert_eq!(server("RewriteRule ^/a(.*) /index.php$1", "/a/b"), Action::BelowRoot { path: known("/index.php/b") });
    assert_eq!(server("RewriteRule ^/a$ /var/x", "/a"), Action::File { path: known("/var/x") });
    assert_eq!(server("RewriteRule ^(/.*) $1", "/var/x"), Action::BelowRoot { path: known("/var/x") });
    assert_eq!(server("RewriteRule ^(/.*) %{DOCUMENT_ROOT}$1", "/a"), Action::File { path: known("/w/a") });
    assert_eq!(server("RewriteRule ^/(a) $1 [PT]", "/a"), Action::PassThrough { uri: known("/a") });
    assert_eq!(server("RewriteRule ^/a$ $1x", "/a"), Action::BelowRoot { path: known("/x") });
}

#[test]
fn statuses_and_proxies() {
    assert_eq!(server("RewriteRule ^/a - [F]", "/a"), Action::Status(403));
    assert_eq!(server("RewriteRule ^/a - [R=404,L]", "/a"), Action::Status(404));
    assert_eq!(server("RewriteRule ^/a /b [G]", "/a"), Action::Status(410));
    let proxy = Action::Proxy { url: known("http://b.example/x"), escape: true };
    assert_eq!(server("RewriteRule ^/(x) http://b.example/$1 [P]", "/x"), proxy.clone());
    assert_eq!(server("RewriteRule ^/(.*) /y?q=$1", "/a b"), Action::Refused(403), "a blank in the query is refused");
    assert_eq!(server("RewriteRule ^/(.*) /y/$1", "/a?b"), Action::Status(403), "and so is a ? from the path");
    assert_eq!(server("RewriteRule ^/x - [H=foo]\n RewriteRule ^/(x) http://b.example/$1 [P]", "/x"), proxy);
}

#[test]
fn chains_skips_and_rounds() {
    let rules = "RewriteRule nope - [C]\n RewriteRule ^ - [F,C]\n RewriteRule ^ - [G]\n RewriteRule ^/a /b";
    assert_eq!(server(rules, "/a"), Action::BelowRoot { path: known("/b") });
    assert_eq!(server("RewriteRule a - [S=1]\n RewriteRule ^ - [F]\n RewriteRule ^ - [G]", "/a"), Action::Status(410));
    assert_eq!(server("RewriteRule ^(.*)_(.*)$ $1-$2 [N]", "/a_b_c"), Action::BelowRoot { path: known("/a-b-c") });
    assert_eq!(server("RewriteRule ^ /x [N=3]", "/a"), Action::Status(500));
    assert_eq!(server("RewriteRule ^/(.*) /${lc:$1}", "/AbC"), Action::BelowRoot { path: known("/abc") });
    assert_eq!(server("RewriteRule ^/(.*) /${no:$1|d\\$1}", "/a"), Action::BelowRoot { path: known("/d$1") });
}

#[test]
fn a_variable_for_the_application() {
    let mut fake = request("/a");
    let line = "RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization},E=X:1]\n RewriteRule ^ - [E=!X]";
    let ran = run_server(line, &mut fake, "/a", None);
    assert_eq!(ran.action, Action::Unchanged);
    assert_eq!(ran.steps.first().map(|s| s.what.as_str()), Some("RewriteRule sets HTTP_AUTHORIZATION"));
    assert_eq!(fake.env_text("HTTP_AUTHORIZATION"), Some("Bearer abc"));
    assert_eq!(fake.env_text("X"), None);
    assert_eq!(fake.env_text("SCRIPT_URI"), Some("http://a.example/a"));
}

const FRONT_CONTROLLER: &str = r"RewriteBase /
    RewriteRule ^index\.php$ - [L]
    RewriteCond %{REQUEST_FILENAME} !-f
    RewriteCond %{REQUEST_FILENAME} !-d
    RewriteRule . /index.php [L]";

#[test]
fn a_front_controller_in_a_folder() {
    assert_eq!(folder(FRONT_CONTROLLER, "/w/wp-login"), internal("/index.php"));
    assert_eq!(folder(FRONT_CONTROLLER, "/w/index.php"), Action::Unchanged);
    assert_eq!(folder(FRONT_CONTROLLER, "/w/sub"), Action::Unchanged);
}

#[test]
fn paths_in_a_folder() {
    assert_eq!(folder("RewriteRule ^a/(.*)$ b/$1", "/w/a/c"), internal("/b/c"));
    assert_eq!(folder("RewriteBase /z\n RewriteRule ^a$ b", "/w/a"), internal("/z/b"));
    assert_eq!(folder("RewriteRule ^a$ b [R]", "/w/a"), redirect(302, "http://a.example/w/b"), "the path of the file leaks");
    assert_eq!(folder("RewriteBase /z\n RewriteRule ^a$ b [R]", "/w/a"), redirect(302, "http://a.example/z/b"));
    assert_eq!(folder("RewriteRule ^/a$ b", "/w/a"), Action::Unchanged, "the slash is stripped");
    assert_eq!(folder("RewriteRule ^(a)$ $1", "/w/a"), Action::Unchanged, "the same again");
    let outside = "RewriteBase /z\n RewriteRule ^(.*)$ %{DOCUMENT_ROOT}/$1";
    assert_eq!(folder_in("/w/sub/", outside, "/w/sub/a"), internal("a"), "which the server answers with 400");
    assert_eq!(folder("RewriteRule ^ - [F]", "/w"), Action::Unchanged, "without its slash a folder is not rewritten");
    assert_eq!(folder("RewriteOptions AllowNoSlash\n RewriteRule ^ - [F]", "/w"), Action::Status(403));
    assert_eq!(folder("RewriteRule ^(.*)$ x [H=foo]", "/w/a"), internal("/x"), "the handler comes in between later");
}

#[test]
fn a_question_mark_in_the_path_begins_the_query_after_all() {
    assert_eq!(folder(r"RewriteRule ^a$ b\?c", "/w/a"), internal("/b"));
    assert_eq!(folder("RewriteRule ^a$ b?c?d [QSL]", "/w/a"), internal("/b"));
}

#[test]
fn inheritance() {
    let mut regexes = Regexes::of_httpd();
    let (outer, inner) = (section("RewriteRule a b", &mut regexes), section("RewriteRule c d", &mut regexes));
    let merged = |outer_options: &str, inner_options: &str| {
        let with = |section, directory, options: &str| {
            let mut config: Config<'_> = config(section, Some(directory));
            if !options.is_empty() {
                config.options.get_or_insert_default().add(options.split(' ')).unwrap();
            }
            config
        };
        let config = Config::merge(&with(&outer, "/w/", outer_options), with(&inner, "/w/s/", inner_options));
        assert_eq!(config.directory.as_deref(), Some("/w/s/"));
        config.rules.iter().map(|g| g.rule.syntax.pattern.text.clone()).collect::<String>()
    };
    assert_eq!(merged("", ""), "c", "an inner folder replaces the rules");
    assert_eq!(merged("", "Inherit"), "ca");
    assert_eq!(merged("", "InheritBefore"), "ac");
    assert_eq!(merged("InheritDown", ""), "ca");
    assert_eq!(merged("InheritDownBefore", "AllowNoSlash"), "ac");
    assert_eq!(merged("InheritDown", "IgnoreInherit"), "c");
    assert_eq!(merged("Inherit", ""), "ca", "options are inherited too");
}

#[test]
fn what_is_unknown_is_asked() {
    let mut fake = request("/a");
    fake.env.push(("u".to_owned(), unknown_value("test")));
    let lines = "RewriteCond %{ENV:u} ^yes$\n RewriteRule ^ - [F]\n RewriteRule ^ /x/%{ENV:u}";
    let ran = run_server(lines, &mut fake, "/a", None);
    assert_eq!(fake.asked, ["whether the RewriteCond on %{ENV:u} holds", "whether /x exists"]);
    let Action::BelowRoot { path } = ran.action else { panic!("{:?}", ran.action) };
    assert_eq!(path.prefix(), "/x/");
    fake.answer = Some(true);
    assert_eq!(run_server(lines, &mut fake, "/a", None).action, Action::Status(403));
    let mut fake = request("/a");
    run_server("RewriteCond /elsewhere/x !-f\n RewriteRule ^ - [F]", &mut fake, "/a", None);
    assert_eq!(fake.asked, ["whether /elsewhere/x is a file"]);
}

#[test]
fn cookies() {
    let mut fake = request("/a");
    run_server("RewriteRule ^ - [CO=n:v:.a.example:0:/p:secure:httponly:lax]", &mut fake, "/a", None);
    let cookie = "n=v; path=/p; domain=.a.example; secure; HttpOnly; SameSite=lax";
    let sent: Vec<_> = fake.always.iter().map(|field| (field.name.as_str(), field.value.known(), field.by)).collect();
    assert_eq!(sent, [("Set-Cookie", Some(cookie), Some(span(0)))]);
}

#[test]
fn groups_are_escaped() {
    let to = |flags: &str| server(&format!("RewriteRule ^/(.*)$ /x?q=$1 \"[UnsafeAllow3F,R,NE,{flags}]\""), "/a b?c/\u{1}");
    assert_eq!(to("B"), redirect(302, "http://a.example/x?q=a+b%3fc%2f%01"));
    assert_eq!(to("B,BNP"), redirect(302, "http://a.example/x?q=a%20b%3fc%2f%01"));
    assert_eq!(to("B= ?,BCTLS"), redirect(302, "http://a.example/x?q=a+b%3fc/%01"));
    assert_eq!(to("B,BNE=/"), redirect(302, "http://a.example/x?q=a+b%3fc/%01"));
}
