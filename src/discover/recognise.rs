//! What a file is, by its path and its first lines.

use std::borrow::Cow;
use std::path::Path;

use super::edge;
use super::score::{ApacheScore, Score};

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
