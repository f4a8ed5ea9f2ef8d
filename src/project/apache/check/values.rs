//! Directives that know a few words only, or a number.

use super::Checker;
use crate::finding::Finding;
use crate::project::apache::config::{CERTAIN, Directive};
use crate::project::apache::overrides::allows_option;
use crate::syntax::apache::Name;

const ON_OFF: &[&str] = &["on", "off"];

/// The words that the only argument of a directive may be, as the server's own refusals name them.
fn words_of(name: Name) -> Option<&'static [&'static str]> {
    Some(match name {
        Name::AcceptPathInfo | Name::LDAPReferrals => &["on", "off", "default"],
        Name::AllowEncodedSlashes => &["on", "off", "nodecode"],
        Name::AuthDigestAlgorithm => &["MD5"],
        Name::AuthBasicUseDigestAlgorithm => &["Off", "MD5"],
        Name::AuthMerging => &["Off", "And", "Or"],
        Name::BrotliAlterETag | Name::DeflateAlterEtag => &["AddSuffix", "NoChange", "Remove"],
        Name::CookieSameSite => &["Strict", "Lax", "None"],
        Name::DirectorySlash
        | Name::EnableMMAP
        | Name::EnableSendfile
        | Name::UseCanonicalPhysicalPort
        | Name::ProtocolsHonorOrder
        | Name::H2CopyFiles
        | Name::H2Direct
        | Name::H2EarlyHints
        | Name::H2ModernTLSOnly
        | Name::H2OutputBuffering
        | Name::H2ProxyRequests
        | Name::H2Push
        | Name::H2Upgrade
        | Name::H2WebSockets => ON_OFF,
        Name::HostnameLookups => &["on", "off", "double"],
        Name::Order => &["allow,deny", "deny,allow", "mutual-failure"],
        Name::ProxyBadHeader => &["IsError", "Ignore", "StartBody"],
        Name::ProxyFCGIBackendType => &["GENERIC", "FPM"],
        Name::ProxyStatus | Name::XBitHack => &["off", "on", "full"],
        Name::ProxyVia => &["off", "on", "full", "block"],
        Name::Satisfy => &["any", "all"],
        Name::ServerSignature => &["off", "on", "email"],
        Name::ServerTokens => &["OS", "Min", "Minimal", "Major", "Minor", "Prod", "ProductOnly", "Full"],
        Name::SSLEngine => &["on", "off", "optional"],
        Name::SSLVerifyClient | Name::SSLProxyVerify => &["none", "off", "optional", "require", "on", "optional_no_ca"],
        Name::TraceEnable => &["on", "off", "extended"],
        Name::UseCanonicalName => &["on", "off", "dns"],
        _ => return None,
    })
}

/// The words that each argument of a directive may be.
fn each_of(name: Name) -> Option<&'static [&'static str]> {
    Some(match name {
        Name::ForceLanguagePriority => &["None", "Prefer", "Fallback"],
        Name::MultiviewsMatch => &["Any", "NegotiatedOnly", "Filters", "Handlers"],
        Name::HttpProtocolOptions => &["Unsafe", "Strict", "RegisteredMethods", "LenientMethods", "Require1.0", "Allow0.9"],
        _ => return None,
    })
}

pub(super) fn check<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    let name = directive.name();
    if let Some(words) = words_of(name) {
        one_of(checker, directive, 0, words);
        return;
    }
    if let Some(words) = each_of(name) {
        for index in 0..directive.arg_count() {
            one_of(checker, directive, index, words);
        }
        return;
    }
    match name {
        Name::Options => options(checker, directive),
        Name::AllowOverride => allow_override(checker, directive),
        Name::AllowOverrideList => {
            let none = (0..directive.arg_count()).find(|index| directive.arg(*index).eq_ignore_ascii_case("none"));
            if let Some(index) = none.filter(|_| directive.arg_count() > 1) {
                checker.error(directive, directive.arg_span(index), "\"None\" stands alone in \"AllowOverrideList\"");
            }
        }
        Name::LogLevel => log_level(checker, directive),
        Name::SSLProtocol | Name::SSLProxyProtocol => ssl_protocol(checker, directive),
        Name::SSLOptions => ssl_options(checker, directive),
        Name::LimitRequestBody | Name::DeflateInflateLimitRequestBody => {
            // Read by strtol, which passes over blanks and a sign.
            let value = directive.arg(0);
            let value = value.trim_ascii_start();
            let value = value.strip_prefix('+').unwrap_or(value);
            if value.is_empty() || !value.bytes().all(|b| b.is_ascii_digit()) {
                let message = format!("\"{}\" takes a number of bytes", name.as_str());
                checker.error(directive, directive.arg_span(0), message);
            }
        }
        Name::KeepAliveTimeout if !is_time(&directive.arg(0)) => {
            let message = "\"KeepAliveTimeout\" takes a time such as 5, 500ms or 1min";
            checker.error(directive, directive.arg_span(0), message);
        }
        // Under a condition it is a guard that somebody meant.
        Name::SSLRandomSeed => one_of(checker, directive, 0, &["startup", "connect"]),
        Name::Action if directive.arg_count() == 3 => one_of(checker, directive, 2, &["virtual"]),
        Name::FileETag => file_etag(checker, directive),
        Name::SSLCipherSuite | Name::SSLProxyCipherSuite if directive.arg_count() == 2 => {
            one_of(checker, directive, 0, &["SSL", "TLSv1.3"]);
        }
        Name::Error if directive.condition() == CERTAIN => {
            checker.error(directive, directive.span(), format!("\"Error\" makes httpd stop here: {}", directive.raw_args()));
        }
        Name::Use if directive.arg(0).is_empty() => {
            checker.error(directive, directive.span(), "\"Use\" does not say which macro");
        }
        Name::UndefMacro => undef_macro(checker, directive),
        Name::ServerName => server_name(checker, directive),
        Name::Listen => listen(checker, directive),
        _ => {}
    }
}

fn one_of<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, index: usize, words: &[&str]) {
    let value = directive.arg(index);
    if !words.iter().any(|word| word.eq_ignore_ascii_case(&value)) {
        wrong_word(checker, directive, index, &value, words);
    }
}

fn wrong_word<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, index: usize, value: &str, words: &[&str]) {
    let known: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    let message = format!("\"{}\" does not know \"{value}\"", directive.name().as_str());
    let finding = Finding::new("syntax-error", directive.arg_span(index), message);
    checker.fault(directive, finding.help(format!("it knows {}", super::list(&known, "and"))));
}

const OPTIONS: &[&str] = &[
    "All",
    "None",
    "ExecCGI",
    "FollowSymLinks",
    "Includes",
    "IncludesNOEXEC",
    "Indexes",
    "MultiViews",
    "SymLinksIfOwnerMatch",
    // Of early releases, still read.
    "RunScripts",
];

fn options<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    let (mut merge, mut whole) = (false, false);
    for (index, arg) in directive.args().enumerate() {
        let signed = arg.starts_with(['+', '-']);
        let word = arg.strip_prefix(['+', '-']).unwrap_or(&arg);
        let is_whole = word.eq_ignore_ascii_case("all") || word.eq_ignore_ascii_case("none");
        let span = directive.arg_span(index);
        if signed && !merge && index > 0 && !whole || !signed && merge {
            let message = "\"Options\" mixes words with and without \"+\" or \"-\"";
            checker.error_with_help(directive, span, message, "either all of them have a sign, or none has");
            return;
        }
        merge |= signed;
        if !OPTIONS.iter().any(|known| known.eq_ignore_ascii_case(word)) {
            let known = OPTIONS.get(..OPTIONS.len() - 1).unwrap_or(OPTIONS);
            wrong_word(checker, directive, index, word, known);
            return;
        }
        if is_whole && (index > 0 || signed) {
            let message = format!("\"{arg}\" in \"Options\": \"{word}\" comes first and has no sign");
            checker.error(directive, span, message);
            return;
        }
        whole |= is_whole;
        if let Some(allowed) = checker.htaccess
            && allowed.directive.is_some_and(|allow| !allows_option(&allow, word))
        {
            let message = format!("the option \"{word}\" is not allowed in this .htaccess");
            let mut finding = Finding::new("misplaced-directive", span, message);
            if let Some(allow) = allowed.directive {
                finding = finding.related(allow.span(), "this is what may be overridden here");
            }
            checker.fault(directive, finding);
            return;
        }
    }
}

fn allow_override<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    const CLASSES: &[&str] = &["All", "None", "AuthConfig", "FileInfo", "Indexes", "Limit", "Options"];
    for (index, arg) in directive.args().enumerate() {
        let (word, list) = arg.split_once('=').map_or((arg.as_ref(), None), |(word, list)| (word, Some(list)));
        let span = directive.arg_span(index);
        let lower = word.to_ascii_lowercase();
        match (lower.as_str(), list) {
            ("options", Some(list)) => {
                let unknown =
                    list.split(',').find(|one| !one.is_empty() && !OPTIONS.iter().any(|known| known.eq_ignore_ascii_case(one)));
                if let Some(unknown) = unknown {
                    checker.error(directive, span, format!("\"Options\" does not know \"{unknown}\""));
                }
            }
            ("nonfatal", Some(_)) => {}
            (_, None) if CLASSES.iter().any(|class| class.eq_ignore_ascii_case(word)) => {}
            _ => {
                wrong_word(checker, directive, index, &arg, CLASSES);
                return;
            }
        }
    }
}

fn log_level<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    const LEVELS: &[&str] = &["emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"];
    for (index, arg) in directive.args().enumerate() {
        let (module, level) = arg.rsplit_once(':').unwrap_or(("", &arg));
        if !module.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.') {
            checker.error(directive, directive.arg_span(index), format!("\"{module}\" is no module"));
            return;
        }
        let lower = level.to_ascii_lowercase();
        let trace = lower.strip_prefix("trace").is_some_and(|n| matches!(n.as_bytes(), [b'1'..=b'8']));
        if !trace && !LEVELS.contains(&lower.as_str()) {
            let known: Vec<&str> = LEVELS.iter().copied().chain(["trace1", "trace8"]).collect();
            wrong_word(checker, directive, index, level, &known);
            return;
        }
    }
}

fn ssl_protocol<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    const PROTOCOLS: &[&str] = &["all", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
    for (index, arg) in directive.args().enumerate() {
        let word = arg.strip_prefix(['+', '-']).unwrap_or(&arg);
        // `-SSLv2` is passed over, `SSLv2` is an error of its own.
        let known = word.eq_ignore_ascii_case("SSLv2") || PROTOCOLS.iter().any(|known| known.eq_ignore_ascii_case(word));
        if !known {
            wrong_word(checker, directive, index, word, PROTOCOLS);
            return;
        }
    }
}

fn ssl_options<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    const KNOWN: &[&str] = &[
        "StdEnvVars",
        "CompatEnvVars",
        "ExportCertData",
        "ExportBothCertData",
        "FakeBasicAuth",
        "StrictRequire",
        "OptRenegotiate",
        "LegacyDNStringFormat",
    ];
    for (index, arg) in directive.args().enumerate() {
        let word = arg.strip_prefix(['+', '-']).unwrap_or(&arg);
        if !KNOWN.iter().any(|known| known.eq_ignore_ascii_case(word)) {
            wrong_word(checker, directive, index, word, KNOWN);
            return;
        }
    }
}

/// Digits and perhaps a unit (`ap_timeout_parameter_parse`).
fn is_time(value: &str) -> bool {
    let unit = value.trim_start_matches(|c: char| c.is_ascii_digit());
    let lower = unit.to_ascii_lowercase();
    unit.len() < value.len() && (unit.is_empty() || ["s", "h", "ms", "mi"].iter().any(|known| lower.starts_with(known)))
}

fn file_etag<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    const KNOWN: &[&str] = &["None", "All", "Digest", "INode", "MTime", "Size"];
    for (index, arg) in directive.args().enumerate() {
        let word = arg.strip_prefix(['+', '-']).unwrap_or(&arg);
        if !KNOWN.iter().any(|known| known.eq_ignore_ascii_case(word)) {
            wrong_word(checker, directive, index, word, KNOWN);
            return;
        }
    }
}

fn undef_macro<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    let name = directive.arg(0);
    if !checker.config.incomplete && !checker.macros.contains(&name.to_ascii_lowercase()) {
        checker.error(directive, directive.arg_span(0), format!("no macro \"{name}\" is defined before this line"));
    }
}

fn server_name<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    let value = directive.arg(0);
    let host = value.split_once("://").map_or(value.as_ref(), |(_, host)| host);
    if host.starts_with('[') {
        return;
    }
    let Some((_, port)) = host.split_once(':') else { return };
    // The number ends at the first other character.
    let digits: String = port.chars().take_while(char::is_ascii_digit).collect();
    if !is_port(&digits) {
        checker.error(directive, directive.arg_span(0), format!("\"{port}\" is no port"));
    }
}

fn is_port(text: &str) -> bool {
    text.parse::<u32>().is_ok_and(|port| (1..=65_535).contains(&port))
}

fn listen<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    let value = directive.arg(0);
    let port = value.rsplit_once(':').map_or(value.as_ref(), |(_, port)| port);
    if !is_port(port) {
        checker.error(directive, directive.arg_span(0), format!("\"{value}\" has no port to listen on"));
        return;
    }
    if directive.condition() != CERTAIN {
        return;
    }
    let first = checker.listens.entry(value.to_ascii_lowercase()).or_insert(directive.id);
    if *first != directive.id {
        let first = checker.config.directive(checker.sources, *first).span();
        let finding = Finding::new("syntax-error", directive.span(), format!("a second \"Listen\" for {value}"));
        checker.fault(directive, finding.related(first, "here for the first time").help("httpd refuses it: keep one"));
    }
}
