use std::path::Path;

use crate::files::Memory;
use crate::finding::Finding;
use crate::project::apache::{load, load_htaccess};
use crate::settings::Settings;
use crate::source::SourceMap;

fn run_with(files: &[(&str, &str)]) -> (SourceMap, Vec<Finding>) {
    let mut memory = Memory::new();
    for (path, text) in files {
        memory.add(path, *text);
    }
    let mut sources = SourceMap::new();
    let settings = Settings::default();
    let main = Path::new(files.first().map_or("httpd.conf", |(path, _)| path));
    let is_htaccess = main.file_name().is_some_and(|name| name == ".htaccess");
    let load = if is_htaccess { load_htaccess } else { load };
    let loaded = load(&memory, &mut sources, main, Path::new(""), &settings);
    let mut findings = loaded.findings;
    findings.extend(super::check(&loaded.config, &sources, &settings));
    (sources, findings)
}

/// Rule, message and marked text of each finding.
fn run(path: &str, text: &str) -> Vec<(&'static str, String, String)> {
    let (sources, findings) = run_with(&[(path, text)]);
    findings.into_iter().map(|f| (f.rule, f.message, sources.text(f.primary).to_owned())).collect()
}

/// A whole configuration with these lines at its end.
fn server(text: &str) -> String {
    format!("ServerRoot /etc/httpd\nListen 80\n{text}\n")
}

#[track_caller]
fn one(text: &str, rule: &'static str, message: &str, marked: &str) {
    assert_eq!(run("httpd.conf", &server(text)), [(rule, message.to_owned(), marked.to_owned())], "{text}");
}

#[track_caller]
fn silent(text: &str) {
    assert_eq!(run("httpd.conf", &server(text)), [], "{text}");
}

#[test]
fn places() {
    one(
        "AuthType Basic",
        "misplaced-directive",
        "\"AuthType\" is not allowed outside of sections such as \"<Directory>\"",
        "AuthType Basic",
    );
    one(
        "<VirtualHost *:80>\nRequire all granted\n</VirtualHost>",
        "misplaced-directive",
        "\"Require\" is not allowed in \"<VirtualHost>\"",
        "Require all granted",
    );
    one(
        "<VirtualHost *:80>\nListen 81\n</VirtualHost>",
        "misplaced-directive",
        "\"Listen\" is not allowed in \"<VirtualHost>\"",
        "Listen 81",
    );
    silent("<Directory /x>\nAuthType Basic\n<Files y>\nRequire all granted\n</Files>\n</Directory>");
}

/// The messages for a configuration.
fn messages(text: &str) -> Vec<String> {
    run("httpd.conf", &server(text)).into_iter().map(|(_, message, _)| message).collect()
}

/// The messages for a lone `.htaccess`.
fn htaccess(text: &str) -> Vec<(&'static str, String)> {
    run(".htaccess", text).into_iter().map(|(rule, message, _)| (rule, message)).collect()
}

fn directory(body: &str) -> String {
    format!("<Directory /srv>\n{body}\n</Directory>")
}

#[test]
fn sections_mind_what_is_around_them() {
    for text in [
        "<Directory /x>\n<Location /y>\n</Location>\n</Directory>",
        "<Location /x>\n<Files y>\n</Files>\n</Location>",
        "<Location /x>\n<If true>\n<Files y>\n</Files>\n</If>\n</Location>",
        "<Directory /x>\n<Limit GET>\n<If true>\n</If>\n</Limit>\n</Directory>",
        "<VirtualHost *:80>\n<VirtualHost *:81>\n</VirtualHost>\n</VirtualHost>",
        "<Directory /x>\nProxyPass http://app/\n</Directory>",
        "<Limit GET>\n</Limit>",
        "<Directory /x>\n<RequireAll>\nAuthBasicProvider file\nRequire all granted\nSetEnv A\n</RequireAll>\n</Directory>",
    ] {
        let found = run("httpd.conf", &server(text));
        assert!(found.len() == 1 && found[0].0 == "misplaced-directive", "{text}: {found:?}");
    }
    silent("<VirtualHost *:80>\n<If true>\nSetEnv A b\nRequire all granted\n</If>\n</VirtualHost>");
    silent("<Directory /x>\nLoadModule a_module b.so\nDefine A b\n</Directory>");
    silent("<Location /x>\nProxyPass http://app/\nAlias /y\n</Location>");
}

#[test]
fn a_part_of_a_configuration_is_judged_where_it_fits() {
    assert_eq!(run("conf.d/a.conf", "AuthType Basic\nAuthName a\nRequire valid-user\n"), []);
    assert_eq!(run("conf.d/a.conf", "SetEnv A b\nHeader set A b\n"), []);
    let found = run("conf.d/a.conf", "<VirtualHost *:80>\nAuthType Basic\n</VirtualHost>\n");
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn numbers_of_arguments() {
    one(&directory("AuthName a b"), "syntax-error", "\"AuthName\" takes one argument, found 2", "b");
    one("ServerAdmin", "syntax-error", "\"ServerAdmin\" takes one argument, found 0", "ServerAdmin");
    one("Alias", "syntax-error", "\"Alias\" takes 1 or 2 arguments, found 0", "Alias");
    one("AddType a", "syntax-error", "\"AddType\" takes at least two arguments, found 1", "AddType a");
    one(&directory("CGIPassAuth yes"), "syntax-error", "\"CGIPassAuth\" must be \"On\" or \"Off\"", "yes");
    one(&directory("AuthName \"\""), "syntax-error", "\"AuthName\" takes one argument, found an empty one", "AuthName \"\"");
    silent(&directory("CGIPassAuth On # the rest is not read"));
    silent("SetEnv A \"\"\nAllowEncodedSlashes NoDecode");
    let (_, findings) = run_with(&[("httpd.conf", &server(&directory("AuthType Basic # x")))]);
    assert_eq!(findings[0].help.as_deref(), Some("a comment stands on a line of its own"));
    let (sources, findings) = run_with(&[("httpd.conf", &server(&directory("AuthName the admins")))]);
    let fix = findings[0].fix.as_ref().unwrap();
    assert_eq!(fix.edits.iter().map(|e| (e.span.start, e.text.as_str())).collect::<Vec<_>>().len(), 2);
    assert_eq!(&sources.file(findings[0].primary.file).text()[fix.edits[0].span.start as usize..][..10], "the admins");
}

#[test]
fn heads_of_sections() {
    for (text, message) in [
        ("<Directory /x\n</Directory>", "\"<Directory>\" has no \">\" at the end of its line"),
        ("<Directory>\n</Directory>", "\"<Directory>\" has no argument"),
        ("<Directory /x y>\n</Directory>", "\"<Directory>\" takes one argument, found 2"),
        (
            "<FilesMatch \"(\">\n</FilesMatch>",
            "the regular expression of \"<FilesMatch\" is refused: missing closing parenthesis",
        ),
        ("<If \"a\">\n</If>", "the expression of \"<If\" is refused"),
        ("<Else>\n</Else>", "\"<Else>\" has no \"<If>\" before it in this section"),
        ("<If true>\n</If>\n<Else>\n</Else>\n<Else>\n</Else>", "\"<Else>\" has no \"<If>\" before it in this section"),
        ("<IfVersion foo 2.4>\n</IfVersion>", "\"<IfVersion>\" does not know the operator \"foo\""),
        ("<Proxy http://x/ max>\n</Proxy>", "a parameter of \"<Proxy>\" has the form key=value"),
        ("<Proxy http://x/* max=1>\n</Proxy>", "\"<Proxy>\" takes one argument, found 2"),
        ("<Location /x>\n<Limit TRACE>\n</Limit>\n</Location>", "TRACE cannot be controlled by \"<Limit>\""),
    ] {
        let found = messages(text);
        assert!(found.len() == 1 && found[0].starts_with(message), "{text}: {found:?}");
    }
    silent(
        "<Directory ~ \"^/x\">\n</Directory>\n<Proxy \"fcgi://localhost/\" enablereuse=on max=10>\n</Proxy>\n<IfVersion >= 2.4>\n</IfVersion>\n<VirtualHost *:80 [::]:80 _default_:*>\n</VirtualHost>",
    );
    silent("<If true>\n</If>\nSetEnv A b\n<ElseIf false>\n</ElseIf>\n<Else>\n</Else>");
    silent("<Location /x>\n<LimitExcept FOO get>\n</LimitExcept>\n</Location>");
}

#[test]
fn who_may_pass() {
    for line in [
        "Require",
        "Require all",
        "Require all granted # x",
        "Require valid-users",
        "Require ip 10.0.0.0/33",
        "Require ip 10.0.0.1, 10.0.0.2",
        "Require not ip 10.0.0.1",
        "Require method get",
        "Require expr a",
        "Order allow, deny",
        "Order x",
        "Allow all",
        "Allow from 10.0.0.256",
        "Deny from all # x",
        "Satisfy x",
        "AuthMerging x",
        "Options Indexes +FollowSymLinks",
        "Options Index",
        "AllowOverride Foo",
        "<RequireAll>\n</RequireAll>",
        "<RequireAll>\nRequire not ip 10.0.0.1\n</RequireAll>",
        "<RequireNone>\nRequire ip 10.0.0.1\n</RequireNone>",
    ] {
        let found = run("httpd.conf", &server(&directory(line)));
        let is_error = |rule: &str| matches!(rule, "syntax-error" | "incomplete-auth");
        assert!(found.len() == 1 && is_error(found[0].0), "{line}: {found:?}");
    }
    for line in [
        "Require shib-session",
        "Require claim a:b",
        "Require ip 10 10.1. 10.0.0.0/8 10.0.0.0/255.0.0.0 ::1 2001:db8::/32",
        "Require expr \"%{REMOTE_ADDR} == '10.0.0.1'\"",
        "Require expr %{REMOTE_ADDR} == '10.0.0.1'",
        "Require user a b",
        "Allow from 10 .example.com env=x 10.0.0.0/8 2001:db8::/32",
        "Options All -Indexes",
        "AllowOverride Options=Indexes,MultiViews FileInfo Nonfatal=All",
        "<RequireAll>\n<RequireAny>\nRequire ip 10.0.0.1\n</RequireAny>\nRequire not ip 10.0.0.2\n</RequireAll>",
    ] {
        silent(&directory(line));
    }
}

#[test]
fn redirects_and_proxies() {
    for line in [
        "Redirect /a",
        "Redirect 301 /a",
        "Redirect /a b",
        "Redirect gone /a https://example.com/",
        "RedirectMatch 301 ( https://example.com/",
        "RedirectPermanent /a b",
        "ErrorDocument 404 not found",
        "ErrorDocument 999 /x",
        "ProxyPass /a",
        "ProxyPass /a b",
        "ProxyPass /a http://app/ x",
        "Alias /a",
        "RewriteBase /",
        "RewriteRule ( - [L]",
        "RewriteRule ^",
        "RewriteRule ^a$ b [X]",
        "RewriteCond %{X}",
        "SetEnvIf A",
        "SetEnvIf A ( b",
        "Header sets A b",
        "Header set A",
        "RequestHeader unset A b c",
        "ExpiresByType text/css \"access plus 1 mth\"",
        "ExpiresByType css \"access plus 1 month\"",
        "CustomLog a b c",
        "LogLevel foo",
        "SSLProtocol all -TLSv1.4",
        "Listen foo",
    ] {
        let found = run("httpd.conf", &server(line));
        assert!(found.len() == 1 && found[0].0 == "syntax-error", "{line}: {found:?}");
    }
    for line in [
        "Redirect 404 /a",
        "Redirect permanent /a /b",
        "RedirectMatch 404 /\\.git",
        "ErrorDocument 404 \"not found",
        "ProxyPass /a !",
        "ProxyPass /a http://app/ retry=5 timeout=10 nocanon",
        "ProxyPass /a unix:/run/x|fcgi://localhost/",
        "ProxyPassMatch ^/(.*\\.php)$ fcgi://127.0.0.1:9000/srv/$1",
        "RewriteRule ^a$ - [F,L] # not read",
        "SetEnvIf Authorization \"(.*)\" A=$1",
        "Header always set A \"%{X}e\" env=x",
    ] {
        silent(line);
    }
    silent("<Location /a>\nRedirect 301 https://example.com/\nProxyPass http://app/ retry=0\nCacheEnable disk\n</Location>");
}

#[test]
fn unknown_names() {
    let found = run("httpd.conf", &server("RewritteRule ^ -"));
    assert_eq!(found, [("syntax-error", "unknown directive \"RewritteRule\"".to_owned(), "RewritteRule".to_owned())]);
    let (_, findings) = run_with(&[("httpd.conf", &server("Frobnicate on"))]);
    assert_eq!((findings[0].rule, findings[0].severity), ("unknown-directive", Some(crate::finding::Severity::Info)));
    let (_, findings) = run_with(&[("httpd.conf", &server("RewriteLog /x"))]);
    assert_eq!(findings[0].message, "httpd 2.4 has no directive \"RewriteLog\"");
    silent("php_value a b\nWSGIScriptAlias / /x\nSecRuleEngine On\nPassengerRoot /x\n<Perl>\nfoo\n</Perl>\nOIDCScope x");
    // A module that is perhaps not loaded may bring it.
    let (_, findings) = run_with(&[("httpd.conf", &server("<IfModule mod_foo.c>\nRewritteRule ^ -\n</IfModule>"))]);
    assert_eq!(findings[0].rule, "unknown-directive");
    // What may stand in an unknown section nobody knows.
    assert_eq!(messages("<FooSection a>\nAnything at all\nAuthType Basic\n</FooSection>"), ["unknown section \"<FooSection>\""]);
}

#[test]
fn what_hangs_on_a_condition_is_less_sure() {
    let (_, findings) = run_with(&[("httpd.conf", &server("<IfModule mod_foo.c>\nAuthType Basic\n</IfModule>"))]);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].confidence, crate::finding::Confidence::Medium);
    assert_eq!(findings[0].related[0].message, "only where this condition holds");
    silent("<IfDefine X>\nError \"X is not supported\"\n</IfDefine>");
    assert_eq!(messages("Error stop").len(), 1);
}

#[test]
fn a_htaccess_is_answered_with_500() {
    assert_eq!(
        htaccess("ProxyPass /a http://app/"),
        [(
            "misplaced-directive",
            "\"ProxyPass\" is not allowed in a .htaccess: every request for this folder is answered with 500".to_owned()
        )]
    );
    assert_eq!(htaccess("<Directory /x>\n</Directory>")[0].0, "misplaced-directive");
    assert_eq!(htaccess("AuthName a b")[0].0, "syntax-error");
    assert_eq!(htaccess("<Limit foo>\nRequire all granted\n</Limit>")[0].0, "syntax-error");
    assert_eq!(htaccess("AuthType Basic\nOptions -Indexes\nRewriteEngine On\nRewriteRule ^ - [L]"), []);
    assert_eq!(htaccess(&format!("SetEnv A {}\n", "x".repeat(8182))), []);
    assert_eq!(htaccess(&format!("SetEnv A {}\n", "x".repeat(8183)))[0].0, "syntax-error");
    assert_eq!(htaccess(&format!("SetEnv A {}", "x \\\n".repeat(3000)))[0].0, "syntax-error");
}

#[test]
fn allow_override_decides_what_a_htaccess_may_hold() {
    let with = |allow: &str, htaccess: &str| {
        let main = server(&format!(
            "DocumentRoot htdocs\n<Directory />\nAllowOverride None\n</Directory>\n<Directory /etc/httpd/htdocs>\n{allow}\n</Directory>"
        ));
        let (_, findings) = run_with(&[("httpd.conf", &main), ("htdocs/.htaccess", htaccess)]);
        findings.into_iter().map(|f| (f.rule, f.message, f.help.unwrap_or_default().to_string())).collect::<Vec<_>>()
    };
    let found = with("AllowOverride FileInfo", "AuthType Basic");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "misplaced-directive");
    assert_eq!(found[0].2, "its folder would need \"AllowOverride AuthConfig\"");
    assert_eq!(with("AllowOverride AuthConfig", "AuthType Basic"), []);
    assert_eq!(with("AllowOverride FileInfo Nonfatal=Override", "AuthType Basic"), []);
    assert_eq!(with("AllowOverride None", "AuthType Basic\nFoo"), []);
    assert_eq!(with("AllowOverride None\nAllowOverrideList AuthType", "AuthType Basic"), []);
    assert_eq!(with("AllowOverride Options=Indexes", "Options -Indexes"), []);
    assert_eq!(with("AllowOverride Options=Indexes", "Options -MultiViews").len(), 1);
    assert_eq!(with("AllowOverride All", "Options -MultiViews"), []);
    assert_eq!(with("AllowOverride Options", "Options -Indexes +FollowSymLinks"), []);
    assert_eq!(with("AllowOverride FileInfo Options", "Options -MultiViews").len(), 1);
    assert_eq!(with("AllowOverride Options=All", "Options SymLinksIfOwnerMatch").len(), 1);
    assert_eq!(with("AllowOverride Options Options=MultiViews", "Options +Indexes").len(), 1);
    // Nothing is known of it.
    assert_eq!(with("<IfModule mod_foo.c>\nAllowOverride FileInfo\n</IfModule>", "AuthType Basic"), []);
}

#[test]
fn templates_and_broken_files_are_judged_only_for_what_is_sure() {
    let found = run("httpd.conf", &server("{% if a %}\n<Directory /x>\n{% endif %}\nAuthType Basic\nAuthName\n"));
    assert!(found.iter().all(|(rule, ..)| *rule == "templated-file"), "{found:?}");
    let found = messages("<Directory /x>\nAuthName a b\n<Directory /y>\n</Directory>\n");
    assert_eq!(found.len(), 2, "the missing tag and the arguments, not the place: {found:?}");
}
