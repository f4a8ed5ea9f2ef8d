//! What a file is, by its path and its first lines.

use std::borrow::Cow;
use std::path::Path;

use super::edge;
use crate::syntax::apache::{self, directives};
use crate::syntax::nginx::Name;

/// What a file is to this tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A main file of nginx: `http` or `events` at the top level.
    NginxMain,
    /// A part of an nginx configuration: servers, locations or directives.
    NginxSnippet,
    /// The main file of Apache httpd.
    ApacheMain,
    /// A part of a configuration of Apache httpd: virtual hosts, sections or directives.
    ApachePart,
    /// A `.htaccess` file.
    Htaccess,
    /// A YAML file of a CDN, a gateway or an ingress; the dialect, if somebody says it.
    Edge(Option<edge::Dialect>),
    /// The configuration of another program.
    Foreign,
    /// Nothing that can be told.
    Unknown,
}

impl Kind {
    /// The words used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NginxMain => "nginx",
            Self::NginxSnippet => "nginx snippet",
            Self::ApacheMain => "apache",
            Self::ApachePart => "apache snippet",
            Self::Htaccess => "htaccess",
            Self::Edge(_) => "edge",
            Self::Foreign => "other",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it is a part of nginx.
    pub fn is_nginx(self) -> bool {
        matches!(self, Self::NginxMain | Self::NginxSnippet)
    }
}

/// How much of a file is looked at.
pub(super) const PREFIX: usize = 64 * 1024;

/// Directives that other programs have as well: where there are no others, the file is not httpd's.
const SHARED: &[apache::Name] = &[
    apache::Name::Error,
    apache::Name::Group,
    apache::Name::Include,
    apache::Name::KeepAlive,
    apache::Name::Limit,
    apache::Name::Listen,
    apache::Name::LogLevel,
    apache::Name::PidFile,
    apache::Name::Port,
    apache::Name::ServerAdmin,
    apache::Name::ServerName,
    apache::Name::Timeout,
    apache::Name::User,
];

/// How directives of modules begin that are not httpd's own, in lower case.
const APACHE_MODULES: &[&str] = &[
    "auth",
    "cas",
    "dos",
    "fastcgi",
    "fcgid",
    "geoip",
    "gssapi",
    "jk",
    "krb",
    "maxminddb",
    "mellon",
    "modpagespeed",
    "oidc",
    "passenger",
    "perl",
    "php_",
    "python",
    "secaction",
    "secaudit",
    "secdefault",
    "secre",
    "secrule",
    "shib",
    "wsgi",
];

/// What the file at `path` is; `text` is its content, or the beginning of it where the file is not YAML.
pub fn recognise(path: &Path, text: &[u8]) -> Kind {
    if is_yaml(path) && has_one(text, edge::MARKS) {
        return Kind::Edge(None);
    }
    let text = text.get(..PREFIX).unwrap_or(text);
    if text.iter().take(1024).any(|b| *b == 0) {
        return Kind::Unknown;
    }
    let text = readable(text);
    let text = text.trim_start_matches('\u{feff}');
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    if name.ends_with(".htaccess") {
        return Kind::Htaccess;
    }
    let name = ["j2", "tmpl", "tpl", "template", "erb", "mustache", "dist", "example", "sample", "bak", "disabled", "default"]
        .iter()
        .find_map(|e| name.strip_suffix(e)?.strip_suffix('.'))
        .unwrap_or(&name);
    if may_be_edge(name) {
        return Kind::Foreign;
    }
    let score = Score::of(text);
    if score.is_plain() {
        return Kind::NginxMain;
    }
    let apache = ApacheScore::of(text);
    let named = matches!(name, "apache2.conf" | "httpd.conf");
    if apache.is_likely(named || in_apache_folder(path)) && apache.known > score.nginx {
        return if apache.main || named && apache.listens { Kind::ApacheMain } else { Kind::ApachePart };
    }
    if score.foreign_lines > 0 && score.foreign_lines >= score.nginx {
        return Kind::Foreign;
    }
    if score.main {
        return Kind::NginxMain;
    }
    let hinted = in_nginx_folder(path) || name.contains("nginx");
    // Half of the statements, or a third where the path speaks for nginx.
    let share = if hinted { 3 } else { 2 };
    if score.nginx > 0 && score.nginx * share >= score.statements {
        return Kind::NginxSnippet;
    }
    // A list of another kind (`include`d into a map, say) has no directive that could be known.
    if hinted && score.statements > 0 && score.nginx + score.entries == score.statements {
        return Kind::NginxSnippet;
    }
    Kind::Unknown
}

/// Whether a text has one of these in it. Which dialect a document is written in, if any, is seen when it is parsed.
fn has_one(text: &[u8], marks: &[&str]) -> bool {
    marks.iter().any(|mark| memchr::memmem::find(text, mark.as_bytes()).is_some())
}

/// Whether a file is YAML or JSON by its name.
pub(super) fn is_yaml(path: &Path) -> bool {
    may_be_edge(&plain_name(path))
}

fn may_be_edge(name: &str) -> bool {
    extension_is(name, &["yaml", "yml", "json", "template"])
}

/// The name of a file in lower case, without the endings of templates and copies.
fn plain_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let endings = ["j2", "tmpl", "tpl", "erb", "mustache", "dist", "example", "sample", "bak", "disabled", "default"];
    let plain = endings.iter().find_map(|e| name.strip_suffix(e)?.strip_suffix('.'));
    plain.map(str::to_owned).unwrap_or(name)
}

/// The text of a file or of its beginning. Most texts are UTF-8, and that is found out sooner than what to replace.
fn readable(text: &[u8]) -> Cow<'_, str> {
    str::from_utf8(text).map_or_else(|_| String::from_utf8_lossy(text), Cow::Borrowed)
}

/// Whether a walk should look into the file at all.
pub fn is_candidate(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    if name.ends_with(".htaccess") || name.contains("nginx") || name.contains("httpd") || name.contains("apache") {
        return !extension_is(
            &name,
            &[
                "md", "rst", "txt", "py", "rb", "go", "rs", "c", "h", "sh", "js", "ts", "html", "png", "svg", "log", "gz",
                "lock", "service",
            ],
        );
    }
    if extension_is(&name, &["conf", "vhost", "nginx", "inc", "yaml", "yml", "json", "template"]) {
        return true;
    }
    if ["j2", "tmpl", "tpl", "template", "erb"].iter().any(|e| extension_is(&name, &[e])) {
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
        return extension_is(stem, &["conf", "vhost", "yaml", "yml"]) || in_nginx_folder(path);
    }
    in_server_folder(path)
        && !extension_is(&name, &["md", "txt", "sh", "py", "pem", "key", "crt", "html", "lua", "js", "log", "png"])
}

fn extension_is(name: &str, any: &[&str]) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| any.contains(&extension))
}

fn folder_names(path: &Path) -> impl Iterator<Item = String> + '_ {
    path.parent().into_iter().flat_map(Path::components).map(|c| c.as_os_str().to_string_lossy().to_ascii_lowercase())
}

fn in_nginx_folder(path: &Path) -> bool {
    folder_names(path).any(|n| n.contains("nginx"))
}

/// Whether a folder around says that it is Apache's.
pub(super) fn in_apache_folder(path: &Path) -> bool {
    folder_names(path).any(|n| n.contains("apache") || n.contains("httpd"))
}

/// Whether every line could be httpd's, and none nginx's: of a file that somebody names that is enough (nothing but `Include`, say).
pub(super) fn reads_as_apache(text: &[u8]) -> bool {
    let text = readable(text.get(..PREFIX).unwrap_or(text));
    let score = ApacheScore::of(text.trim_start_matches('\u{feff}'));
    score.known > 0 && score.known == score.lines
}

fn in_server_folder(path: &Path) -> bool {
    let last = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    in_nginx_folder(path)
        || matches!(last.as_str(), "sites-available" | "sites-enabled" | "conf.d" | "snippets" | "vhosts" | "vhosts.d")
}

/// What the lines of a text look like if they are httpd's.
#[derive(Debug, Default)]
struct ApacheScore {
    /// Lines with a directive or an opening section.
    lines: usize,
    /// Of these, those that httpd or a module of it knows.
    known: usize,
    /// Of these, those that hardly another program has.
    own: usize,
    /// Whether a directive of a main file is there.
    main: bool,
    /// Whether a directive is there that every server needs somewhere.
    listens: bool,
}

impl ApacheScore {
    fn of(text: &str) -> Self {
        let mut score = Self::default();
        // What ends with a backslash goes on in the next line.
        let mut continued = false;
        for line in text.lines().map(str::trim) {
            let begins = !std::mem::replace(&mut continued, line.ends_with('\\'));
            if begins && !line.is_empty() && !line.starts_with(['#', '}']) && !line.starts_with("</") {
                score.lines += 1;
                if !line.ends_with([';', '{', '}']) {
                    score.line(line);
                }
            }
        }
        score
    }

    fn line(&mut self, line: &str) {
        let mut words = line.split_ascii_whitespace();
        let first = words.next().unwrap_or_default().trim_end_matches('>');
        let second = words.next().unwrap_or_default();
        if second.starts_with('=') {
            return;
        }
        let name = apache::Name::of(first);
        if name.info().is_none() {
            let lower = first.to_ascii_lowercase();
            let of_module = APACHE_MODULES.iter().any(|start| lower.starts_with(start)) && lower.len() > 6;
            self.known += usize::from(of_module);
            return;
        }
        self.known += 1;
        self.main |= directives::is_of_main(name, second);
        self.listens |= matches!(name, apache::Name::Listen | apache::Name::LoadModule);
        let from = !matches!(name, apache::Name::Allow | apache::Name::Deny) || second.eq_ignore_ascii_case("from");
        self.own += usize::from(from && !SHARED.contains(&name));
    }

    /// `hinted`: whether the path speaks for it.
    fn is_likely(&self, hinted: bool) -> bool {
        (self.own > 0 || hinted && self.known > 0) && self.known * 2 >= self.lines
    }
}

/// What the statements and lines of a text look like.
#[derive(Debug, Default)]
struct Score {
    /// Statements in the manner of nginx: words up to `;` or `{`.
    statements: usize,
    /// Of these, those whose directive is known.
    nginx: usize,
    /// Of these, those that can only be entries of a `map`, `geo` or `types`: two words, the first no name.
    entries: usize,
    /// `http` or `events` at the top level.
    main: bool,
    /// Lines that neither would: `[section]`, `name = value`.
    foreign_lines: usize,
}

impl Score {
    fn of(text: &str) -> Self {
        let mut score = Self::default();
        let mut depth = 0_usize;
        // The depth at which a body of data (`map`, `types`) ends.
        let mut data: Option<usize> = None;
        let mut fresh = true;
        // A known directive whose `;` is on a later line.
        let mut begun = false;
        for line in text.lines() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let first = until(line, |b| matches!(b, b' ' | b'\t' | b';' | b'{' | b'(' | b'"' | b'\''));
            let ends = ends_statement(line);
            if fresh && data.is_none() {
                score.line(line, first, depth);
                begun = !ends && is_known(first);
            } else if begun && ends {
                score.statements += 1;
                score.nginx += 1;
                begun = false;
            }
            if data.is_none() && is_data_block(first) && line.ends_with('{') {
                data = Some(depth);
            }
            let count = |brace| line.bytes().filter(|b| *b == brace).count();
            let closes = count(b'}');
            depth = (depth + count(b'{')).saturating_sub(closes);
            if closes > 0 && data.is_some_and(|d| depth <= d) {
                data = None;
            }
            fresh = !begun && (ends || line.starts_with(['<', '[']) || score.statements == 0);
            if score.is_plain() {
                break;
            }
        }
        score
    }

    /// Whether enough was seen to tell a main file of nginx from everything else, so that the rest need not be looked at.
    fn is_plain(&self) -> bool {
        self.main && self.nginx >= 100 && self.nginx * 10 >= self.statements * 9 && self.foreign_lines == 0
    }

    fn line(&mut self, line: &str, first: &str, depth: usize) {
        if line.starts_with('<') {
            return;
        }
        let code = code(line);
        let ends_statement = code.ends_with('}') || code.bytes().any(|b| matches!(b, b'{' | b';'));
        let known = is_known(first);
        let assigns = line.split_once('=').is_some_and(|(name, _)| {
            let name = name.trim_end();
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
        });
        if (line.starts_with('[') && line.ends_with(']')) || (assigns && !known) {
            self.foreign_lines += 1;
            return;
        }
        if line == "}" {
            return;
        }
        // `server app 10.0.0.1` of another program is no directive: only blocks may have their brace on the next line.
        if ends_statement || (known && (code == first || matches!(first, "location" | "upstream" | "if" | "map" | "geo"))) {
            self.statements += 1;
            self.nginx += usize::from(known);
            self.entries += usize::from(!known && code.ends_with(';') && code.split_whitespace().count() == 2);
            if depth == 0 && matches!(first, "http" | "events") {
                let block = line.trim_start_matches(first).trim_start();
                self.main |= block.is_empty() || block.starts_with(['{', '#']);
            }
        }
    }
}

/// Whether the line ends a directive or begins a block.
fn ends_statement(line: &str) -> bool {
    code(line).ends_with([';', '{', '}'])
}

/// The line without the comment at its end.
fn code(line: &str) -> &str {
    let bytes = line.as_bytes();
    let mut signs = memchr::memchr_iter(b'#', bytes).filter_map(|at| at.checked_sub(1));
    let comment = signs.find(|before| bytes.get(*before) == Some(&b' '));
    line.get(..comment.unwrap_or(line.len())).unwrap_or_default().trim_end()
}

/// The beginning of the line, up to the first of these bytes, which are ASCII.
fn until(line: &str, ends: impl Fn(u8) -> bool) -> &str {
    let end = line.bytes().position(ends).unwrap_or(line.len());
    line.get(..end).unwrap_or_default()
}

fn is_known(word: &str) -> bool {
    !matches!(Name::of(word), Name::Unknown | Name::Entry) || is_nginx_like(word)
}

fn is_data_block(first: &str) -> bool {
    matches!(first, "map" | "geo" | "types" | "split_clients" | "charset_map" | "upstream")
}

/// Directives of nginx that come in families too large for the table.
fn is_nginx_like(word: &str) -> bool {
    if !word.starts_with(|first: char| first.is_ascii_lowercase()) {
        return false;
    }
    [
        "ssl_",
        "proxy_",
        "fastcgi_",
        "uwsgi_",
        "scgi_",
        "grpc_",
        "gzip_",
        "client_",
        "keepalive_",
        "worker_",
        "limit_",
        "auth_",
        "add_header",
        "access_log",
        "log_",
        "open_file_",
        "http2_",
        "http3_",
        "quic_",
        "real_ip_",
        "resolver_",
        "server_names_",
        "map_hash_",
        "types_hash_",
        "variables_hash_",
        "brotli",
        "more_",
        "lua_",
        "sub_filter",
        "ssi_",
        "stub_status",
        "tcp_no",
    ]
    .iter()
    .any(|family| word.starts_with(family))
        || matches!(
            word,
            "sendfile" | "etag" | "root" | "alias" | "send_timeout" | "aio" | "directio" | "error_log" | "types_hash_max_size"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(path: &str, text: &str) -> Kind {
        recognise(Path::new(path), text.as_bytes())
    }

    #[test]
    fn nginx_is_known_by_its_directives() {
        assert_eq!(kind("x.conf", "events {}\nhttp {\n  server { listen 80; }\n}\n"), Kind::NginxMain);
        assert_eq!(kind("x.conf", "# c\nuser www;\nhttp\n{\n}\n"), Kind::NginxMain);
        assert_eq!(kind("x.conf", "server {\n  listen 80;\n}\n"), Kind::NginxSnippet);
        assert_eq!(kind("x.conf", "location / {\n  foo bar;\n  proxy_pass http://a;\n}\n"), Kind::NginxSnippet);
        assert_eq!(kind("nginx/x.j2", "server {\n  listen {{ port }};\n}\n"), Kind::NginxSnippet);
        assert_eq!(kind("nginx/bots.map", "~*bot 1;\n~*spider 1;\n"), Kind::NginxSnippet);
        assert_eq!(kind("x.conf", "add_header A \"\n  b;\n  c\";\n"), Kind::NginxSnippet);
        assert_eq!(kind("x.conf", "map $a $b {\n  default 0;\n  \"~x\" 1;\n}\n"), Kind::NginxSnippet);
    }

    #[test]
    fn other_programs_are_not_ours() {
        for (path, text) in [
            ("nginx/override.conf", "[Service]\nLimitNOFILE=65536\n"),
            ("supervisor/nginx.conf", "[program:nginx]\ncommand=/usr/sbin/nginx\n"),
            ("logrotate/nginx.conf", "/var/log/nginx/*.log {\n\tdaily\n\trotate 14\n}\n"),
            ("redis.conf", "bind 127.0.0.1\nport 6379\nsave 900 1\n"),
            ("fail2ban/nginx.conf", "[Definition]\nfailregex = ^ x\n"),
            ("my.cnf", "[mysqld]\nuser = mysql\n"),
            ("haproxy.conf", "frontend x\n  bind *:80\n  default_backend app\nbackend app\n  server a 10.0.0.1:80 check\n"),
            ("conf.d/dovecot.conf", "protocols = imap\nservice auth {\n  user = root\n}\n"),
            ("rspamd/x.conf", "servers = \"redis\";\ntimeout = 1;\n"),
            ("prose.conf", "this is only text\nover lines\n"),
            ("tinyproxy.conf", "User nobody\nGroup nogroup\nPort 8888\nTimeout 600\nLogLevel Info\nAllow 127.0.0.1\n"),
            (
                "proftpd.conf",
                "ServerName x\nServerType standalone\nDefaultServer on\nUmask 022\n<Directory />\nAllowOverwrite on\n</Directory>\n",
            ),
            ("sshd.conf", "Include /etc/ssh/x\nPermitRootLogin no\nListenAddress ::\n"),
        ] {
            let kind = kind(path, text);
            assert!(!kind.is_nginx() && !matches!(kind, Kind::ApacheMain | Kind::ApachePart), "{path}: {:?}", Score::of(text));
        }
    }

    #[test]
    fn apache_and_edge_are_recognised() {
        assert_eq!(kind("a.conf", "<VirtualHost *:80>\n  ServerName a\n</VirtualHost>\n"), Kind::ApachePart);
        assert_eq!(kind("conf.d/a.conf", "RewriteEngine On\nRewriteRule ^ index.php [L]\n"), Kind::ApachePart);
        assert_eq!(kind("a.conf", "RewriteCond %{HTTPS} off\nRewriteRule ^ https://%{HTTP_HOST}/ \\\n  [R]\n"), Kind::ApachePart);
        assert_eq!(kind("a.conf", "ServerRoot /etc/httpd\n<IfModule x>\nFoo bar\n</IfModule>\n"), Kind::ApacheMain);
        assert_eq!(kind("x/apache2.conf", "IncludeOptional sites-enabled/*.conf\nAccessFileName .htaccess\n"), Kind::ApacheMain);
        assert_eq!(kind("httpd.conf", "Listen 80\nDocumentRoot /x\n"), Kind::ApacheMain);
        assert_eq!(kind("httpd.conf", "Listen 80\nInclude x.conf\n"), Kind::ApacheMain);
        assert_eq!(kind("x.conf", "Listen 80\nDocumentRoot /x\n"), Kind::ApachePart);
        assert_eq!(kind("web/.htaccess", "Deny from all\n"), Kind::Htaccess);
        assert_eq!(kind("t.yaml", "Resources:\n  D:\n    Type: AWS::CloudFront::Distribution\n"), Kind::Edge(None));
        assert_eq!(kind("t.yaml", "a: b\n"), Kind::Foreign);
    }
}
