//! Names that a directive uses and another one must define: variables, cache and limit zones, log formats.
//!
//! Only a whole configuration can tell that a name is unknown: nothing is said of snippets, of templates, where an include is
//! missing or where a module may define more.

use std::collections::HashSet;

use foldhash::fast::FixedState;

use super::Checker;
use crate::finding::Finding;
use crate::project::nginx::config::Config;
use crate::source::{SourceMap, lower_case};
use crate::syntax::nginx::Name;
use crate::syntax::nginx::directives::{self, Info};

type Names = HashSet<String, FixedState>;

pub(super) fn check(checker: &mut Checker<'_>) {
    let (config, sources) = (checker.config, checker.sources);
    let whole = config.guessed_context.is_empty() && config.count(Name::Http) > 0 && !config.incomplete;
    if !whole || config.count(Name::Unknown) > 0 || checker.files.iter().any(|file| file.templated || file.first_error.is_some())
    {
        return;
    }
    zones(checker, config, sources);
    log_formats(checker, config, sources);
    ports(checker, config, sources);
    // Modules may define variables; a name that is not in the table has been excluded above.
    let modules = config.by_name.iter().enumerate().any(|(index, ids)| {
        !ids.is_empty() && directives::all().nth(index).is_some_and(|info| info.module.is_some_and(defines_variables))
    });
    if !modules {
        variables(checker, config, sources);
    }
}

fn defines_variables(module: &str) -> bool {
    !matches!(
        module,
        "headers-more" | "brotli" | "fancyindex" | "auth-pam" | "dav-ext" | "substitutions" | "cache-purge" | "upstream-fair"
    )
}

fn zones(checker: &mut Checker<'_>, config: &Config, sources: &SourceMap) {
    const CACHES: &[(Name, Name, &str)] = &[
        (Name::ProxyCache, Name::ProxyCachePath, "proxy_cache_path"),
        (Name::FastcgiCache, Name::FastcgiCachePath, "fastcgi_cache_path"),
        (Name::UwsgiCache, Name::UwsgiCachePath, "uwsgi_cache_path"),
        (Name::ScgiCache, Name::ScgiCachePath, "scgi_cache_path"),
    ];
    for (user, definer, definer_name) in CACHES {
        let known = defined(config, sources, *definer, "keys_zone=");
        for directive in config.all(sources, *user) {
            let zone = directive.arg(0);
            if zone != "off" && !zone.contains('$') && !known.contains(zone.as_ref()) && !zone.is_empty() {
                let message = format!("cache zone \"{zone}\" is unknown");
                let help = format!("no \"{definer_name}\" has keys_zone={zone}:…");
                checker.report(Finding::new("syntax-error", directive.span(), message).help(help));
            }
        }
    }
    let requests = defined(config, sources, Name::LimitReqZone, "zone=");
    for directive in config.all(sources, Name::LimitReq) {
        let zone = directive.args().find_map(|arg| arg.strip_prefix("zone=").map(str::to_owned));
        if let Some(zone) = zone.filter(|zone| !requests.contains(zone)) {
            let message = format!("zone \"{zone}\" of \"limit_req\" is unknown");
            checker.report(
                Finding::new("syntax-error", directive.span(), message).help(format!("no \"limit_req_zone\" has zone={zone}:…")),
            );
        }
    }
    let mut connections = defined(config, sources, Name::LimitConnZone, "zone=");
    connections.extend(config.all(sources, Name::LimitZone).map(|d| d.arg(0).into_owned()));
    for directive in config.all(sources, Name::LimitConn) {
        let zone = directive.arg(0);
        if !zone.is_empty() && !connections.contains(zone.as_ref()) {
            let message = format!("zone \"{zone}\" of \"limit_conn\" is unknown");
            checker.report(
                Finding::new("syntax-error", directive.span(), message).help(format!("no \"limit_conn_zone\" has zone={zone}:…")),
            );
        }
    }
}

/// The zones that directives of a name define: `keys_zone=NAME:size`.
fn defined(config: &Config, sources: &SourceMap, name: Name, prefix: &str) -> Names {
    let names = config.all(sources, name).filter_map(|directive| {
        let zone = directive.args().find_map(|arg| arg.strip_prefix(prefix).map(str::to_owned))?;
        Some(zone.split(':').next().unwrap_or_default().to_owned())
    });
    names.collect()
}

fn log_formats(checker: &mut Checker<'_>, config: &Config, sources: &SourceMap) {
    let known: Names = config.all(sources, Name::LogFormat).map(|d| d.arg(0).into_owned()).collect();
    for directive in config.all(sources, Name::AccessLog) {
        let format = directive.arg(1);
        let is_option = format.contains('=') || format == "gzip";
        let in_http = directive.ancestors().last().is_some_and(|outermost| outermost.name() == Name::Http);
        if directive.arg_count() > 1 && in_http && !is_option && format != "combined" && !known.contains(format.as_ref()) {
            let message = format!("unknown log format \"{format}\"");
            checker.report(
                Finding::new("syntax-error", directive.span(), message).help(format!("define it: log_format {format} '…';")),
            );
        }
    }
}

/// These protocols have no default port: a bare name must be that of an upstream.
fn ports(checker: &mut Checker<'_>, config: &Config, sources: &SourceMap) {
    let upstreams: Names = config.all(sources, Name::Upstream).map(|d| d.arg(0).to_ascii_lowercase()).collect();
    for name in [Name::FastcgiPass, Name::UwsgiPass, Name::ScgiPass] {
        for directive in config.all(sources, name) {
            let value = directive.arg(0);
            if value.is_empty() || value.contains([':', '$', '/']) || upstreams.contains(&value.to_ascii_lowercase()) {
                continue;
            }
            let finding =
                Finding::new("syntax-error", directive.span(), format!("no port in \"{value}\", and no upstream has that name"));
            checker.report(finding.help(format!("define the upstream, or write {value}:9000")));
        }
    }
}

/// Variables that nginx defines, besides those with a prefix.
const VARIABLES: &[&str] = &[
    "ancient_browser",
    "args",
    "binary_remote_addr",
    "body_bytes_sent",
    "bytes_sent",
    "connection",
    "connection_requests",
    "connection_time",
    "content_length",
    "content_type",
    "date_gmt",
    "date_local",
    "document_root",
    "document_uri",
    "fastcgi_path_info",
    "fastcgi_script_name",
    "gzip_ratio",
    "host",
    "hostname",
    "http2",
    "http3",
    "https",
    "invalid_referer",
    "is_args",
    "is_request_port",
    "limit_conn_status",
    "limit_rate",
    "limit_req_status",
    "modern_browser",
    "msec",
    "msie",
    "nginx_version",
    "pid",
    "pipe",
    "proxy_add_via",
    "proxy_add_x_forwarded_for",
    "proxy_host",
    "proxy_port",
    "query_string",
    "realip_remote_addr",
    "realip_remote_port",
    "realpath_root",
    "remote_addr",
    "remote_port",
    "remote_user",
    "request",
    "scheme",
    "secure_link",
    "secure_link_expires",
    "server_addr",
    "server_name",
    "server_port",
    "server_protocol",
    "slice_range",
    "status",
    "tcpinfo_rcv_space",
    "tcpinfo_rtt",
    "tcpinfo_rttvar",
    "tcpinfo_snd_cwnd",
    "uid_got",
    "uid_reset",
    "uid_set",
    "uri",
];

/// Beginnings of names that stand for something of the request, or that modules define.
const PREFIXES: &[&str] = &[
    "arg_",
    "cookie_",
    "http_",
    "sent_",
    "upstream_",
    "proxy_",
    "ssl_",
    "geoip",
    "request_",
    "spdy",
    "connections_",
    "time_",
    "jwt_",
    "otel_",
    "opentracing_",
    "opentelemetry_",
    "brotli_",
    "zstd_",
    "upload_",
    "echo_",
    "srcache_",
    "nchan_",
    "passenger_",
    "quic",
    "acme_",
];

fn variables(checker: &mut Checker<'_>, config: &Config, sources: &SourceMap) {
    let mut known = defined_variables(config, sources);
    if are_known(&known, config, sources) {
        return;
    }
    add_groups(&mut known, config, sources);
    if are_known(&known, config, sources) {
        return;
    }
    // In a condition, only the subject is surely no regular expression.
    let texts = |info: &Info| match info.name {
        Name::If => Some((0, 2)),
        _ => info.texts.map(|first| (usize::from(first), usize::MAX)),
    };
    for (first, most, info) in directives::all().filter_map(|info| texts(info).map(|(first, most)| (first, most, info))) {
        for directive in config.all(sources, info.name) {
            let words = directive.arg_words().iter().enumerate().skip(first).take(most);
            for (index, _) in words.filter(|(_, word)| word.dollar()) {
                let value = directive.arg(index);
                let Some(name) = references(&value).find(|name| !is_known(&known, name)) else { continue };
                // Those of `stream` are other ones.
                if directive.ancestors().last().is_none_or(|outermost| outermost.name() != Name::Http) {
                    continue;
                }
                let near = known.iter().map(|known| (strsim::osa_distance(known, name), known)).filter(|(d, _)| *d <= 2).min();
                let finding = Finding::new("syntax-error", directive.arg_span(index), format!("unknown variable \"${name}\""));
                checker.report(finding.help(match near {
                    Some((_, near)) => format!("did you mean \"${near}\"?"),
                    None => "no directive defines it, and nginx does not".into(),
                }));
            }
        }
    }
}

/// Whether every variable in whatever word is known: mostly so, and then no directive need be looked at.
fn are_known(known: &Names, config: &Config, sources: &SourceMap) -> bool {
    let mut variables = config.trees.iter().flatten().flat_map(|tree| &tree.variables);
    variables.all(|name| is_known(known, sources.text(*name)))
}

fn is_known(known: &Names, name: &str) -> bool {
    let name = lower_case(name);
    known.contains(name.as_ref()) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The variables of nginx and those that directives define.
fn defined_variables(config: &Config, sources: &SourceMap) -> Names {
    let mut known: Names = VARIABLES.iter().map(|name| (*name).to_owned()).collect();
    let mut define = |name: &str| {
        known.insert(name.trim_start_matches('$').to_ascii_lowercase());
    };
    for name in [Name::Set, Name::AuthRequestSet, Name::PerlSet] {
        config.all(sources, name).for_each(|d| define(&d.arg(0)));
    }
    for name in [Name::Map, Name::SplitClients] {
        config.all(sources, name).for_each(|d| define(&d.arg(1)));
    }
    config.all(sources, Name::Geo).for_each(|d| define(&d.arg(d.arg_count().saturating_sub(1))));
    known
}

/// Named groups of regular expressions, in whatever word: `(?<name>…)`, `(?P<name>…)`, `(?'name'…)`.
fn add_groups(known: &mut Names, config: &Config, sources: &SourceMap) {
    for tree in config.trees.iter().flatten() {
        let text = sources.file(tree.file).text();
        for at in memchr::memmem::find_iter(text.as_bytes(), "(?") {
            let rest = text.get(at + 2..).unwrap_or_default();
            let rest = rest.strip_prefix('P').unwrap_or(rest);
            if let Some(name) = rest.strip_prefix(['<', '\'']) {
                let length = name.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
                known.insert(name.get(..length).unwrap_or_default().to_ascii_lowercase());
            }
        }
    }
}

/// The names of the variables in a text; `$1` and the like are groups of a regular expression.
fn references(value: &str) -> impl Iterator<Item = &str> {
    memchr::memchr_iter(b'$', value.as_bytes()).filter_map(|at| {
        let rest = value.get(at + 1..)?;
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let length = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let name = rest.get(..length)?;
        (!name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit())).then_some(name)
    })
}
