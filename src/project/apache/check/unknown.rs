//! Names that the table does not have: misspelt ones, and those of modules that are not httpd's own.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::scope::{Around, Scope};
use super::{Checker, FileState};
use crate::finding::{Applicability, Confidence, Edit, Finding, Severity};
use crate::project::apache::config::{CERTAIN, Directive};
use crate::syntax::apache::directives;

/// For each unknown name what was probably meant: looking it up is not cheap.
pub(super) type Memory = HashMap<String, Option<Similar>, FixedState>;

/// How many unknown names are compared with the known ones.
const MAX_COMPARED: usize = 1000;

/// A known name that is nearly the unknown one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Similar {
    text: &'static str,
    /// Whether nothing else can have been meant.
    certain: bool,
}

pub(super) fn check<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, file: FileState, scope: Scope) {
    let name = directive.name_text();
    let skipped = !scope.around.has(Around::REQUIRE) && checker.htaccess.is_some_and(|allowed| allowed.skips_unknown);
    if is_foreign(&name) || skipped {
        return;
    }
    if is_gone(&name) {
        let message = format!("httpd 2.4 has no directive \"{name}\"");
        let finding = Finding::new("syntax-error", directive.name_span(), message);
        checker.fault(directive, finding.help("it is one of older releases: remove it, or put it under \"<IfVersion < 2.4>\""));
        return;
    }
    let similar = similar(&mut checker.unknown, &name);
    let is_section = name.starts_with('<');
    let what = if is_section { "section" } else { "directive" };
    let shown = if is_section { format!("{name}>") } else { name.to_string() };
    let message = format!("unknown {what} \"{shown}\"");
    let certain = directive.condition() == CERTAIN && !file.templated && !file.broken && !scope.unknown;
    let mut finding = match similar {
        Some(similar) if similar.certain && certain => Finding::new("syntax-error", directive.name_span(), message),
        _ => Finding::new("unknown-directive", directive.name_span(), message).severity(Severity::Info),
    };
    finding = match similar {
        Some(Similar { text, .. }) if is_section => finding.help(format!("did you mean \"{text}>\"?")),
        Some(Similar { text, .. }) => {
            let edit = Edit::replace(directive.name_span(), text);
            finding.help(format!("did you mean \"{text}\"?")).fix(Applicability::Unsafe, format!("write {text}"), vec![edit])
        }
        None => finding.confidence(Confidence::Medium).help("it may belong to a third-party module"),
    };
    checker.fault(directive, finding);
}

fn similar(memory: &mut Memory, name: &str) -> Option<Similar> {
    if let Some(known) = memory.get(name) {
        return *known;
    }
    if memory.len() >= MAX_COMPARED {
        return None;
    }
    let found = nearest(name);
    memory.insert(name.to_owned(), found);
    found
}

fn nearest(name: &str) -> Option<Similar> {
    let lower = name.to_ascii_lowercase();
    let near = directives::all().filter(|info| info.text.len().abs_diff(name.len()) <= 2);
    let near = near.map(|info| (strsim::osa_distance(&lower, &info.text.to_ascii_lowercase()), info.text));
    // In a short name two other letters are another word.
    let most = if name.len() < 6 { 1 } else { 2 };
    let (distance, text) = near.filter(|(distance, _)| *distance <= most).min()?;
    Some(Similar { text, certain: distance == 1 && name.len() > 6 || distance == 2 && name.len() > 10 })
}

/// Whether a name belongs to a known module that is not httpd's own.
pub(super) fn is_foreign(name: &str) -> bool {
    let lower = name.trim_start_matches('<').to_ascii_lowercase();
    if !lower.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        return false;
    }
    let by_prefix = PREFIXES.binary_search_by(|prefix| {
        let start = lower.get(..prefix.len()).unwrap_or(&lower);
        (*prefix).cmp(start)
    });
    // The prefix is a word of its own: `SecRuleEngine`, not `Secanonical`.
    let is_word = |length: usize| {
        let written = name.trim_start_matches('<');
        written == lower || !written.as_bytes().get(length).is_some_and(u8::is_ascii_lowercase)
    };
    by_prefix.ok().and_then(|index| PREFIXES.get(index)).is_some_and(|prefix| is_word(prefix.len()))
        || NAMES.binary_search(&lower.as_str()).is_ok()
}

/// Whether a directive is one that older releases had and that nobody else brings.
fn is_gone(name: &str) -> bool {
    GONE.binary_search(&name.to_ascii_lowercase().as_str()).is_ok()
}

/// Directives that older releases had, sorted.
const GONE: &[&str] = &[
    "acceptmutex",
    "accessconfig",
    "addmodule",
    "agentlog",
    "authauthoritative",
    "authdbmauthoritative",
    "authdigestfile",
    "authdigestgroupfile",
    "authldapauthoritative",
    "authldapenabled",
    "authzdbmauthoritative",
    "authzdefaultauthoritative",
    "authzgroupfileauthoritative",
    "authzldapauthoritative",
    "authzownerauthoritative",
    "authzuserauthoritative",
    "bindaddress",
    "clearmodulelist",
    "cookielog",
    "lockfile",
    "refererlog",
    "resourceconfig",
    "rewritelock",
    "rewritelog",
    "rewriteloglevel",
    "servertype",
    "sslmutex",
];

/// How the directives of third-party modules, and of modules of httpd for other systems, begin, sorted; none begins another.
const PREFIXES: &[&str] = &[
    "addexternal",
    "apreq",
    "asp",
    "authcas",
    "authcookie",
    "authexternal",
    "authformat",
    "authjwt",
    "authkerb",
    "authmysql",
    "authnz_pam",
    "authopenid",
    "authpam",
    "authpg_",
    "authpgsql",
    "authsaml",
    "authshadow",
    "authtkt",
    "authtoken",
    "authxradius",
    "authz_unixgroup",
    "authzsvn",
    "bandwidth",
    "bw",
    "cas",
    "cband",
    "cloudflare",
    "cosign",
    "defineexternal",
    "dos",
    "evasive",
    "fastcgi",
    "fcgid",
    "geoip",
    "gnutls",
    "gss",
    "isapi",
    "jk",
    "kerb",
    "krb",
    "limitipconn",
    "lookupidentity",
    "maxmind",
    "mellon",
    "modmono",
    "modpagespeed",
    "modsecurity",
    "modtile",
    "mono",
    "nss",
    "ntlm",
    "oauth",
    "oidc",
    "pagespeed",
    "passenger",
    "perl",
    "php",
    "proxyuwsgi",
    "python",
    "qos_",
    "qs_",
    "rack",
    "radius",
    "rails",
    "rpaf",
    "saml",
    "sec",
    "shib",
    "simple",
    "sspi",
    "suphp",
    "svn",
    "tkt",
    "tls",
    "upload",
    "vhost",
    "webauth",
    "wsgi",
    "xsendfile",
];

/// Directives of such modules that share no beginning, sorted.
const NAMES: &[&str] = &[
    "addtile",
    "assignuserid",
    "authsqlitefile",
    "dtraceprivileges",
    "idleshutdown",
    "loadtileconfigfile",
    "maxclientsvhost",
    "maxrequests",
    "maxrequestsperthread",
    "maxthreads",
    "nicevalue",
    "privilegesmode",
    "require_shib",
    "rgroups",
    "rminuidgid",
    "rmode",
    "ruidgid",
    "scriptinterpretersource",
    "startthreads",
];
