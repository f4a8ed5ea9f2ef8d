//! What the lines of a text look like: how much of it reads as nginx, as httpd, or as something else.

use crate::syntax::apache::{self, directives};
use crate::syntax::nginx::Name;

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

/// What the lines of a text look like if they are httpd's.
#[derive(Debug, Default)]
pub(super) struct ApacheScore {
    /// Lines with a directive or an opening section.
    pub(super) lines: usize,
    /// Of these, those that httpd or a module of it knows.
    pub(super) known: usize,
    /// Of these, those that hardly another program has.
    pub(super) own: usize,
    /// Whether a directive of a main file is there.
    pub(super) main: bool,
    /// Whether a directive is there that every server needs somewhere.
    pub(super) listens: bool,
}

impl ApacheScore {
    pub(super) fn of(text: &str) -> Self {
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
    pub(super) fn is_likely(&self, hinted: bool) -> bool {
        (self.own > 0 || hinted && self.known > 0) && self.known * 2 >= self.lines
    }
}

/// What the statements and lines of a text look like.
#[derive(Debug, Default)]
pub(super) struct Score {
    /// Statements in the manner of nginx: words up to `;` or `{`.
    pub(super) statements: usize,
    /// Of these, those whose directive is known.
    pub(super) nginx: usize,
    /// Of these, those that can only be entries of a `map`, `geo` or `types`: two words, the first no name.
    pub(super) entries: usize,
    /// `http` or `events` at the top level.
    pub(super) main: bool,
    /// Lines that neither would: `[section]`, `name = value`.
    pub(super) foreign_lines: usize,
}

impl Score {
    pub(super) fn of(text: &str) -> Self {
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
    pub(super) fn is_plain(&self) -> bool {
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
