//! `.htaccess` files, which no `httpd -t` reads: what the real server answers with 500 must be reported, and nothing else.
//!
//! Skipped where httpd is absent. `LINT401_MUTANTS=1500` tries that many mistakes.

#![allow(clippy::print_stdout, reason = "what was measured is worth reading")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use lint401::files::Disk;
use lint401::finding::Confidence;
use lint401::project::apache::{check, load};
use lint401::settings::Settings;
use lint401::source::SourceMap;

use crate::apache_mutants::{mutate, numbers, wanted};
use crate::support::client::{Request, send};
use crate::support::server::{Dialect, Server, folder, free_port};
use crate::support::{apache, server};

/// What each folder may override.
const ALLOWED: &[&str] = &[
    "All",
    "FileInfo Options=Indexes,FollowSymLinks",
    "AuthConfig Limit",
    "Indexes FileInfo",
    "AuthConfig FileInfo Nonfatal=Override",
    "FileInfo AuthConfig Nonfatal=Unknown",
    "None",
];

const FILES: &[&str] = &[
    "# a front controller\n<IfModule mod_rewrite.c>\nRewriteEngine On\nRewriteBase /\nRewriteRule ^index\\.php$ - [L]\n\
     RewriteCond %{REQUEST_FILENAME} !-f\nRewriteCond %{REQUEST_FILENAME} !-d\nRewriteRule . /index.php [L]\n</IfModule>\n",
    "<IfModule mod_rewrite.c>\n<IfModule mod_negotiation.c>\nOptions -MultiViews -Indexes\n</IfModule>\nRewriteEngine On\n\
     RewriteCond %{HTTP:Authorization} .\nRewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]\n\
     RewriteCond %{REQUEST_URI} (.+)/$\nRewriteRule ^ %1 [L,R=301]\nRewriteRule ^ index.php [L]\n</IfModule>\n",
    "AuthType Basic\nAuthName \"Members only\"\nAuthUserFile /etc/httpd/users\nRequire valid-user\n\
     <Files \"admin-ajax.php\">\nRequire all granted\n</Files>\n<FilesMatch \"\\.(css|js)$\">\nOrder allow,deny\nAllow from all\n\
     Satisfy any\n</FilesMatch>\n",
    "<RequireAll>\nRequire all granted\nRequire not ip 192.0.2.0/24\n<RequireAny>\nRequire method GET POST\nRequire expr \"%{REQUEST_URI} =~ m#^/a#\"\n\
     </RequireAny>\n</RequireAll>\nAuthType None\n",
    "Options +FollowSymLinks -Indexes\nDirectoryIndex index.php index.html\nErrorDocument 404 /missing.html\n\
     Redirect 301 /old https://example.com/new\nRedirectMatch 404 /\\.git\nAddType text/cache-manifest .appcache\n\
     ExpiresActive On\nExpiresByType text/css \"access plus 1 year\"\nFileETag None\nAddDefaultCharset UTF-8\n",
    "<IfModule mod_headers.c>\nHeader always set X-Frame-Options \"DENY\"\nHeader edit Set-Cookie ^(.*)$ \"$1; Secure\"\n\
     RequestHeader unset Proxy early\n</IfModule>\nSetEnvIf Authorization \"(.*)\" HTTP_AUTHORIZATION=$1\nCGIPassAuth On\n\
     SetEnv APP_ENV production\n<If \"%{HTTP_HOST} == 'example.com'\">\nHeader set X-A b\n</If>\n<Else>\nHeader unset X-A\n</Else>\n",
    "<Limit GET POST>\nRequire valid-user\n</Limit>\n<LimitExcept OPTIONS>\nRequire valid-user\n</LimitExcept>\nAuthType Basic\n\
     AuthName a\nAuthBasicProvider file\nAuthUserFile /x\nSetHandler default-handler\nLimitRequestBody 1024\nForceType text/plain\n",
];

/// The message that the log has for the `.htaccess` of each folder.
fn refusals(log: &str, root: &Path) -> BTreeMap<String, String> {
    let root = format!("{}/", root.display());
    let mut refused = BTreeMap::new();
    for line in log.lines().filter(|line| line.contains(":alert]")) {
        if let Some((_, rest)) = line.split_once(&root)
            && let Some((folder, message)) = rest.split_once("/.htaccess: ")
        {
            refused.entry(folder.to_owned()).or_insert_with(|| message.to_owned());
        }
    }
    refused
}

#[test]
fn what_visitors_would_get_is_reported() {
    if !Dialect::Apache.installed() {
        println!("skipped: apache2 is absent");
        return;
    }
    let temporary = folder();
    let root = temporary.path().canonicalize().unwrap();
    server::set_mode(&root, 0o755);
    let documents = root.join("htdocs");
    let mut random = numbers();
    let mut cases = BTreeMap::new();
    for (index, allowed) in ALLOWED.iter().enumerate() {
        for (number, text) in FILES.iter().enumerate() {
            cases.insert(format!("c{index}/own{number}"), ((*text).to_owned(), *allowed));
        }
    }
    for round in 0..wanted().unwrap_or(250) {
        let class = random(ALLOWED.len());
        let text = FILES[random(FILES.len())];
        if let Some(mutant) = mutate(text, &mut random) {
            cases.insert(format!("c{class}/m{round}"), (mutant, ALLOWED[class]));
        }
    }
    let port = free_port();
    let main = root.join("httpd.conf");
    let mut text = apache::head(&root, &root);
    writeln!(text, "ServerName localhost\nListen 127.0.0.1:{port}\nDocumentRoot {}", documents.display()).unwrap();
    for (index, allowed) in ALLOWED.iter().enumerate() {
        let path = documents.join(format!("c{index}"));
        writeln!(text, "<Directory {}>\nAllowOverride {allowed}\nRequire all granted\n</Directory>", path.display()).unwrap();
    }
    fs::write(&main, text).unwrap();
    for (name, (text, _)) in &cases {
        let folder = documents.join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("page.txt"), "x").unwrap();
        fs::write(folder.join(".htaccess"), text).unwrap();
    }
    let server = Server::start(Dialect::Apache, &root, &main).unwrap();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    for name in cases.keys() {
        let headers = vec![("Host".to_owned(), "localhost".to_owned())];
        let request = Request { method: "GET".into(), target: format!("/{name}/page.txt"), headers };
        send(address, &request).unwrap();
    }
    let refused = refusals(&server.log(), &documents);

    let mut sources = SourceMap::new();
    let settings = Settings::default();
    let loaded = load(&Disk, &mut sources, &main, &root, &settings);
    let checked = check(&loaded.config, &sources, &settings);
    let mut reported: BTreeMap<String, Vec<(Confidence, String)>> = BTreeMap::new();
    for (finding, parsed) in loaded.findings.iter().map(|f| (f, true)).chain(checked.iter().map(|f| (f, false))) {
        let path = &sources.file(finding.primary.file).path;
        // Faults of the grammar are told of files that nothing reads as well.
        if parsed && path.contains(&format!("/c{}/", ALLOWED.len() - 1)) {
            continue;
        }
        let Some(folder) = path.strip_prefix("htdocs/").and_then(|path| path.strip_suffix("/.htaccess")) else { continue };
        let confidence = if finding.rule == "unknown-directive" { Confidence::Low } else { finding.confidence };
        reported.entry(folder.to_owned()).or_default().push((confidence, finding.message.clone()));
    }
    let (mut hits, mut missed, mut alarms) = (0, String::new(), String::new());
    for (name, (text, allowed)) in &cases {
        let ours = reported.get(name).map_or(&[][..], Vec::as_slice);
        match refused.get(name) {
            Some(_) if !ours.is_empty() => hits += 1,
            Some(message) => writeln!(missed, "{allowed}: {message}\n{text}").unwrap(),
            None if ours.iter().any(|(confidence, _)| *confidence == Confidence::High) => {
                writeln!(alarms, "{allowed}: httpd accepts this, we report {ours:?}\n{text}").unwrap();
            }
            None => {}
        }
    }
    println!("{} files, {} answered with 500, {hits} reported", cases.len(), refused.len());
    print!("{alarms}{missed}");
    assert!(!refused.is_empty(), "nothing was refused: the set-up is broken");
    assert!(alarms.is_empty(), "{alarms}");
    assert!(hits * 100 >= refused.len() * 95, "{missed}");
}
