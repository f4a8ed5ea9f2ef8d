//! The input for Apache, and one function a stage: the only place of these benches that calls the library.

use std::fmt::Write as _;
use std::path::Path;

use lint401::files::Memory;
use lint401::project::apache::{self as project, Config};
use lint401::settings::Settings;
use lint401::source::{FileId, SourceMap};
use lint401::syntax::apache::{self, Tree};

const MAIN: &str = "httpd.conf";

/// A virtual host in the manner of real ones; names, ports and paths differ, so that nothing can be gained from equal texts.
fn host(out: &mut String, i: usize, end: &str) {
    let (port, area, life) = (9_000 + i % 700, i % 97, 1 + i % 30);
    let written = write!(
        out,
        r#"<VirtualHost 127.0.0.1:{}>
    ServerName site{i}.example.com
    ServerAlias www.site{i}.example.com
    DocumentRoot /srv/site{i}/public
    # Application {i}
    SetEnvIf Authorization "(.*)" HTTP_AUTHORIZATION=$1
    <Directory /srv/site{i}/public>
        AllowOverride None
        Require all granted
        RewriteEngine On
        RewriteCond %{{REQUEST_FILENAME}} !-f
        RewriteRule ^(.*)$ /index.php?area={area}&path=$1 [L,QSA]
    {end}
    <Location /area{area}>
        AuthType Basic
        AuthName "Area {area}"
        AuthUserFile /etc/httpd/users{area}
        Require valid-user
    </Location>
    <FilesMatch "\.php$">
        SetHandler "proxy:fcgi://127.0.0.1:{port}"
    </FilesMatch>
    <IfModule mod_expires.c>
        ExpiresActive On
        ExpiresByType text/css "access plus {life} \
            days"
    </IfModule>
</VirtualHost>
"#,
        8_000 + i % 400,
    );
    debug_assert!(written.is_ok(), "writing to a string does not fail");
}

fn main_file(hosts: usize, end: impl Fn(usize) -> &'static str) -> String {
    let mut text = String::from("ServerRoot /etc/httpd\nListen 127.0.0.1:80\n");
    for i in 0..hosts {
        host(&mut text, i, end(i));
    }
    text
}

/// A main file with so many virtual hosts.
pub(crate) fn configuration(hosts: usize) -> String {
    main_file(hosts, |_| "</Directory>")
}

/// The same with errors.
pub(crate) fn with_errors(hosts: usize) -> String {
    main_file(hosts, |i| if i % 10 == 0 { "" } else { "</Directory>" })
}

/// Text to tree.
pub(crate) fn parse(text: &str) -> Tree {
    apache::parse(FileId(0), text)
}

/// The length of all values of a tree.
pub(crate) fn word_values(tree: &Tree, text: &str) -> usize {
    tree.words.iter().map(|w| w.value(text).len()).sum()
}

/// The main file alone.
pub(crate) fn files(text: &str) -> Memory {
    let mut files = Memory::new();
    files.add(MAIN, text);
    files
}

/// A configuration with its texts.
pub(crate) struct Loaded {
    config: Config,
    sources: SourceMap,
}

/// Main file to configuration.
pub(crate) fn load(files: &Memory) -> Loaded {
    let mut sources = SourceMap::new();
    let config = project::load(files, &mut sources, Path::new(MAIN), Path::new(""), &Settings::default()).config;
    Loaded { config, sources }
}

/// The number of findings of the checks.
pub(crate) fn check(loaded: &Loaded) -> usize {
    project::check(&loaded.config, &loaded.sources, &Settings::default()).len()
}
