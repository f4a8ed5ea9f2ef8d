//! What the real server does (each line was measured), asked of `resolve`.

use std::path::Path;

use super::{choose, lower};
use crate::files::Memory;
use crate::model::from::Lookup;
use crate::model::{GateKind, HandlerKind, HeaderFate, Known, Outcome, Paths, Request, Site, Value};
use crate::project::apache::load;
use crate::settings::Settings;
use crate::source::SourceMap;

const PASSWORDS: &str = "user:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n";

/// Asks the hosts of a configuration of this machine; `files` are there beside it.
fn ask(conf: &str, files: &[(&str, &str)], request: &Request) -> Outcome {
    let mut memory = Memory::new();
    memory.add("/etc/apache2/apache2.conf", format!("ServerRoot /etc/apache2\nListen 80\n{conf}"));
    memory.add("/etc/apache2/pw", PASSWORDS);
    for (path, text) in files {
        memory.add(*path, *text);
    }
    let settings = Settings { this_host: true, ..Settings::default() };
    let mut sources = SourceMap::new();
    let loaded = load(&memory, &mut sources, Path::new("/etc/apache2/apache2.conf"), Path::new("/"), &settings);
    let lookup = Lookup::new(&memory, Path::new("/etc/apache2"), &settings);
    let hosts = lower(&loaded.config, &sources, Paths::shipped(), Some(lookup));
    choose(&hosts, request).unwrap().resolve(request)
}

fn get(path: &str) -> Request {
    Request::get("a.test", path)
}

fn status(outcome: &Outcome) -> Option<u16> {
    match &outcome.status {
        Known::Is(status) => *status,
        Known::Unknown(why) => panic!("{why}: {:?}", outcome.unknown),
    }
}

const ROOT: &str = "DocumentRoot /srv/www\n<Directory /srv/www>\nAllowOverride All\nRequire all granted\n</Directory>\n";

#[test]
fn a_password_in_a_htaccess() {
    let basic = "AuthType Basic\nAuthName A\nAuthUserFile /etc/apache2/pw\nRequire valid-user\n";
    let files = [("/srv/www/.htaccess", basic), ("/srv/www/x.html", "x")];
    let outcome = ask(ROOT, &files, &get("/x.html"));
    assert_eq!(status(&outcome), Some(401));
    assert_eq!(outcome.gates.len(), 1);
    assert_eq!(outcome.gates[0].kind, GateKind::Basic);
    assert_eq!(outcome.gates[0].realm, Some(Value::Known("A".to_owned())));
    // user:secret
    let right = get("/x.html").header("Authorization", "Basic dXNlcjpzZWNyZXQ=");
    assert_eq!(status(&ask(ROOT, &files, &right)), Some(200));
    let wrong = get("/x.html").header("Authorization", "Basic dXNlcjpvdGhlcg==");
    assert_eq!(status(&ask(ROOT, &files, &wrong)), Some(401));
    assert_eq!(status(&ask(ROOT, &files, &get("/x.html").past_gates())), Some(200));
}

#[test]
fn what_is_missing_of_a_password() {
    let of = |text: &str| {
        let conf = format!("{ROOT}<Location /p>\n{text}\n</Location>\n");
        let request = get("/p/x").header("Authorization", "Basic dXNlcjpzZWNyZXQ=");
        let bare = ask(&conf, &[("/srv/www/p/x", "x")], &get("/p/x"));
        (status(&bare), status(&ask(&conf, &[("/srv/www/p/x", "x")], &request)))
    };
    let full = "AuthType Basic\nAuthName A\nAuthUserFile pw\nRequire valid-user";
    assert_eq!(of(full), (Some(401), Some(200)));
    assert_eq!(of(&full.replace("AuthType Basic\n", "")), (Some(500), Some(500)));
    assert_eq!(of(&full.replace("AuthName A\n", "")), (Some(500), Some(500)));
    assert_eq!(of(&full.replace("AuthUserFile pw\n", "")), (Some(401), Some(500)));
    assert_eq!(of(&full.replace("File pw", "File nothere")), (Some(401), Some(500)));
    assert_eq!(of(&full.replace("\nRequire valid-user", "")), (Some(200), Some(200)));
    assert_eq!(of(&format!("{full}\nRequire all granted")), (Some(200), Some(200)));
    assert_eq!(of(&full.replace("valid-user", "user bob")), (Some(401), Some(401)));
    assert_eq!(of(&format!("{full}\nSatisfy any")), (Some(200), Some(200)));
    assert_eq!(
        of(&format!("{full}\nOrder deny,allow\nDeny from all\nAllow from 203.0.113.9\nSatisfy any")),
        (Some(200), Some(200))
    );
    assert_eq!(of(&format!("{full}\nOrder deny,allow\nDeny from all\nAllow from 10\nSatisfy any")), (Some(401), Some(200)));
    assert_eq!(of(&format!("{full}\nOrder allow,deny\nAllow from all")), (Some(401), Some(200)));
    assert_eq!(of(&format!("{full}\nRequire ip 203.0.113")), (Some(200), Some(200)));
    let all = full.replace("Require valid-user", "<RequireAll>\nRequire valid-user\nRequire not ip 203.0.113\n</RequireAll>");
    assert_eq!(of(&all), (Some(403), Some(403)));
}

#[test]
fn limits() {
    let conf = |limit: &str| {
        format!(
            "{ROOT}ScriptAlias /cgi /srv/cgi\n<Location /cgi>\nAuthType Basic\nAuthName A\nAuthUserFile pw\n\
             <{limit}>\nRequire valid-user\n</{}>\n</Location>\n<Directory /srv/cgi>\nRequire all granted\n</Directory>\n",
            limit.split(' ').next().unwrap()
        )
    };
    let of = |limit: &str, method: &str| status(&ask(&conf(limit), &[("/srv/cgi/x", "")], &get("/cgi/x").method(method)));
    assert_eq!(of("Limit GET POST", "GET"), Some(401));
    assert_eq!(of("Limit GET POST", "HEAD"), Some(401));
    assert_eq!(of("Limit GET POST", "OPTIONS"), None);
    assert_eq!(of("Limit GET POST", "FOO"), None);
    assert_eq!(of("LimitExcept OPTIONS", "OPTIONS"), None);
    assert_eq!(of("LimitExcept OPTIONS", "FOO"), Some(401));
}

#[test]
fn overrides() {
    let basic = "AuthType Basic\nAuthName A\nAuthUserFile /etc/apache2/pw\nRequire valid-user\n";
    let files = [("/srv/www/.htaccess", basic), ("/srv/www/x.html", "x")];
    let of = |allow: &str| status(&ask(&ROOT.replace("Override All", &format!("Override {allow}")), &files, &get("/x.html")));
    assert_eq!(of("None"), Some(200));
    assert_eq!(of("FileInfo"), Some(500));
    assert_eq!(of("AuthConfig"), Some(401));
    let not = [("/srv/www/.htaccess", "Require not ip 10"), ("/srv/www/x.html", "x")];
    assert_eq!(status(&ask(ROOT, &not, &get("/x.html"))), Some(500));
}

#[test]
fn an_alias_beside_a_location() {
    let conf = format!(
        "{ROOT}Alias /alias /srv/www/wp-admin\n<Location /wp-admin>\nAuthType Basic\nAuthName A\nAuthUserFile pw\nRequire valid-user\n</Location>\n"
    );
    let files = [("/srv/www/wp-admin/x.html", "x")];
    let of = |path: &str| status(&ask(&conf, &files, &get(path)));
    assert_eq!(of("/wp-admin/x.html"), Some(401));
    assert_eq!(of("//wp-admin/x.html"), Some(401));
    assert_eq!(of("/x/../wp-admin/x.html"), Some(401));
    assert_eq!(of("/alias/x.html"), Some(200));
    assert_eq!(of("/wp-admin%2fx.html"), Some(404));
    assert_eq!(of("/../x"), Some(400));
}

#[test]
fn authorization_on_its_way() {
    let fate = |conf: &str| {
        let request = get("/x.php").header("Authorization", "Bearer t");
        let outcome = ask(&format!("{ROOT}{conf}"), &[("/srv/www/x.php", "")], &request);
        (outcome.handler.kind, outcome.upstream.unwrap().authorization.value)
    };
    let php = "<FilesMatch \\.php$>\nSetHandler \"proxy:unix:/run/php.sock|fcgi://localhost\"\n</FilesMatch>\n";
    assert_eq!(fate(php), (HandlerKind::Fastcgi, Known::Is(HeaderFate::Dropped)));
    let passed = php.replace("</Files", "CGIPassAuth On\n</Files");
    assert_eq!(fate(&passed), (HandlerKind::Fastcgi, Known::Is(HeaderFate::Kept)));
    assert_eq!(fate("ProxyPass / http://127.0.0.1:8080/\n"), (HandlerKind::Proxy, Known::Is(HeaderFate::Kept)));
    assert_eq!(fate("ProxyPass / fcgi://127.0.0.1:9000/\n"), (HandlerKind::Fastcgi, Known::Is(HeaderFate::Dropped)));
    assert_eq!(fate("AddHandler application/x-httpd-php .php\n"), (HandlerKind::Module, Known::Is(HeaderFate::Kept)));
    let cgi = "AddHandler cgi-script .php\n<Directory /srv/www>\nOptions +ExecCGI\n</Directory>\n";
    assert_eq!(fate(cgi), (HandlerKind::Cgi, Known::Is(HeaderFate::Dropped)));
}

#[test]
fn what_a_proxy_adds() {
    let of = |conf: &str| {
        let outcome = ask(&format!("{ROOT}ProxyPass / http://127.0.0.1:8080/\n{conf}"), &[], &get("/x"));
        let upstream = outcome.upstream.unwrap();
        let forwarded = match upstream.forwarded_host.value {
            Known::Is(HeaderFate::Replaced(Value::Known(text))) => Some(text),
            _ => None,
        };
        (upstream.host.value.known().and_then(|v| v.known().map(str::to_owned)), forwarded)
    };
    let text = |t: &str| Some(t.to_owned());
    assert_eq!(of(""), (text("127.0.0.1:8080"), text("a.test")));
    assert_eq!(of("ProxyPreserveHost On\n"), (text("a.test"), text("a.test")));
    assert_eq!(of("ProxyAddHeaders Off\n"), (text("127.0.0.1:8080"), None));
}

#[test]
fn folders_and_index_files() {
    let files = [("/srv/www/a/index.html", "x"), ("/srv/www/b/x", "x")];
    let outcome = ask(ROOT, &files, &get("/a"));
    assert_eq!(status(&outcome), Some(301));
    assert_eq!(outcome.location, Some(Value::Known("http://a.test/a/".to_owned())));
    assert_eq!(status(&ask(ROOT, &files, &get("/a/"))), Some(200));
    assert_eq!(status(&ask(ROOT, &files, &get("/b/"))), Some(403));
    let indexes = ROOT.replace("Require", "Options Indexes\nRequire");
    assert_eq!(status(&ask(&indexes, &files, &get("/b/"))), Some(200));
    assert_eq!(status(&ask(ROOT, &files, &get("/c"))), Some(404));
    assert_eq!(status(&ask(ROOT, &files, &get("/a/index.html").method("POST"))), Some(200));
    assert_eq!(status(&ask(ROOT, &files, &get("/a/index.html").method("FOO"))), Some(501));
}

#[test]
fn error_documents() {
    let of = |document: &str| {
        let conf = format!(
            "{ROOT}ProxyPass /px/ http://127.0.0.1:8080/\nRedirect /redir /x\n<Location /e>\nRequire all denied\nErrorDocument 403 {document}\n</Location>\n"
        );
        let outcome = ask(&conf, &[("/srv/www/page.html", "")], &get("/e/x"));
        (status(&outcome), outcome.location.and_then(|l| l.known().map(str::to_owned)))
    };
    assert_eq!(of("/page.html"), (Some(403), None));
    assert_eq!(of("/px/403"), (None, None));
    assert_eq!(of("/none"), (Some(403), None));
    assert_eq!(of("/redir").0, Some(403));
    assert_eq!(of("http://x.test/y"), (Some(302), Some("http://x.test/y".to_owned())));
    assert_eq!(of("\"some text\""), (Some(403), None));
}

#[test]
fn routes_partition_the_well_known_paths() {
    let conf = "<VirtualHost *:80>\nServerName a.test\nDocumentRoot /srv/a\n<Directory /srv/a>\nRequire all granted\n</Directory>\n\
                <Location /wp-admin>\nAuthType Basic\nRequire valid-user\n</Location>\n<FilesMatch \\.php$>\nSetHandler proxy:fcgi://x\n</FilesMatch>\n\
                <Location /nowhere-at-all>\nRequire all denied\n</Location>\n</VirtualHost>\n";
    let mut memory = Memory::new();
    memory.add("/etc/apache2/apache2.conf", conf);
    let settings = Settings::default();
    let mut sources = SourceMap::new();
    let loaded = load(&memory, &mut sources, Path::new("/etc/apache2/apache2.conf"), Path::new("/"), &settings);
    let hosts = lower(&loaded.config, &sources, Paths::shipped(), None);
    assert_eq!(hosts.len(), 1);
    let host = &hosts[0];
    assert_eq!(host.hosts(), ["a.test"]);
    let all = host.routes().iter().fold(crate::model::PathSet::default(), |all, r| all | *r.serves);
    assert_eq!(all, Paths::shipped().everything);
    let sum: usize = host.routes().iter().map(|r| r.serves.iter().count()).sum();
    assert_eq!(sum, Paths::shipped().list.len());
    let texts: Vec<(&str, usize)> = host.routes().iter().map(|r| (sources.text(r.span), r.serves.iter().count())).collect();
    assert!(texts.iter().any(|(text, count)| text.contains("/nowhere") && *count == 0), "{texts:?}");
    for (id, _) in host.routes().iter().enumerate() {
        assert!(host.landmark(id as u32).is_some(), "{texts:?}");
        assert!(host.context(id as u32).starts_with("VirtualHost a.test"));
    }
}

#[test]
fn blocks_in_the_order_of_merging() {
    let basic = "AuthType Basic\nAuthName Inner\nAuthUserFile /etc/apache2/other\nRequire valid-user\n";
    let mut memory = Memory::new();
    let conf = "ServerRoot /etc/apache2\nListen 80\nDocumentRoot /srv/www\n\
                <Directory /srv/www>\nAllowOverride All\nRequire all granted\n</Directory>\n\
                <Directory /srv/www/closed>\nAllowOverride None\n</Directory>\n\
                <Location /in>\nAuthType Basic\nAuthName Outer\nAuthUserFile pw\nRequire user ann\n</Location>\n";
    memory.add("/etc/apache2/apache2.conf", conf);
    memory.add("/srv/www/in/.htaccess", basic);
    memory.add("/srv/www/closed/.htaccess", basic);
    let settings = Settings { this_host: true, ..Settings::default() };
    let mut sources = SourceMap::new();
    let loaded = load(&memory, &mut sources, Path::new("/etc/apache2/apache2.conf"), Path::new("/"), &settings);
    let lookup = Lookup::new(&memory, Path::new("/etc/apache2"), &settings);
    let hosts = lower(&loaded.config, &sources, Paths::shipped(), Some(lookup));
    let host = &hosts[0];
    let blocks = host.auth_blocks_at(&host.request("/in/x"));
    let names: Vec<String> = blocks.iter().filter_map(|b| Some(b.auth_name?.arg(0).into_owned())).collect();
    assert_eq!(names, ["Inner", "Outer"]);
    assert_eq!(blocks.len(), 3);
    let name = host.effective_at(&host.request("/in/x"), crate::syntax::apache::Name::AuthName);
    assert_eq!(name.map(|d| d.arg(0).into_owned()).as_deref(), Some("Outer"));
    let read: Vec<(&str, bool)> = host.htaccess().iter().map(|h| (h.folder.as_str(), host.reads(h))).collect();
    assert_eq!(read, [("/srv/www/closed", false), ("/srv/www/in", true)]);
}
