//! What Apache does with the Authorization header: scripts do not get it unless the configuration hands it on, proxied applications do.

use super::{CREDENTIALS, ID, KINDS, consumed_here, is_file_folder, is_file_store};
use crate::finding::{Applicability, Confidence, Edit, Finding, Severity};
use crate::model::from::apache::Host;
use crate::model::{HandlerKind, HeaderFate, Outcome, PathKind, Request, RouteId, Site, Traits, Value};
use crate::project::apache::Directive;
use crate::project::apache::config::CERTAIN;
use crate::rules::Cx;
use crate::rules::apache_gate::has_rules_of_wordpress;
use crate::rules::support::{finding, is_asset, known_paths, request_for};
use crate::source::Span;
use crate::syntax::apache::Name;

/// How many routes of one host are looked at, and how many proxied prefixes of one route.
const MAX_ROUTES: usize = 64;
const MAX_PREFIXES: usize = 8;

/// What a script is handed over by.
const SCRIPTS: [Name; 6] =
    [Name::SetHandler, Name::AddHandler, Name::AddType, Name::Action, Name::ScriptAlias, Name::ScriptAliasMatch];

/// What sets variables that may stand for the header.
const SETTERS: [Name; 4] = [Name::RewriteRule, Name::SetEnvIf, Name::SetEnvIfNoCase, Name::SetEnvIfExpr];

/// Follows requests with credentials to the scripts and applications of a host.
pub(in crate::rules) fn check(host: &Host, cx: &mut Cx) {
    let hands_over = host.routes().iter().any(|route| route.traits.has(Traits::UPSTREAM));
    if !hands_over {
        return;
    }
    let mut told: Vec<Span> = Vec::new();
    for (id, route) in (0..).zip(host.routes().iter().take(MAX_ROUTES)) {
        if route.traits.has(Traits::GATE) || !may_drop(host, id, route.traits) {
            continue;
        }
        for request in requests(host, id, cx) {
            match follow(host, id, request, cx) {
                Fate::Passes => break,
                Fate::Drops(found) if !told.contains(&found.primary) => {
                    told.push(found.primary);
                    cx.report(*found);
                }
                // The same handler is not blamed where the rest of the configuration works around it.
                Fate::Renamed(handler) => told.extend(handler),
                Fate::Drops(_) | Fate::Unclear => {}
            }
        }
    }
}

/// Whether the header can get lost in a route: a cheap look at its directives.
fn may_drop(host: &Host, id: RouteId, traits: Traits) -> bool {
    let edits = traits.has(Traits::SETS_HEADERS) && traits.has(Traits::TOUCHES_AUTHORIZATION);
    if edits {
        return true;
    }
    let passes = host.effective(id, Name::CGIPassAuth).is_some_and(|d| is_on(&d));
    if passes {
        return false;
    }
    let speaks_fcgi = |name| host.effective_all(id, name).iter().any(|pass| pass.args().any(|a| is_script_url(&a)));
    traits.has(Traits::REWRITES)
        || traits.has(Traits::TOUCHES_AUTHORIZATION)
        || SCRIPTS.iter().any(|name| host.effective(id, *name).is_some())
        || host.effective(id, Name::FallbackResource).is_some()
        || [Name::ProxyPass, Name::ProxyPassMatch].into_iter().any(speaks_fcgi)
}

fn is_on(directive: &Directive) -> bool {
    directive.arg(0).eq_ignore_ascii_case("on")
}

/// Whether a URL leads to something that gets variables in place of header fields.
fn is_script_url(url: &str) -> bool {
    let url = url.split_once('|').map_or(url, |(_, url)| url);
    ["fcgi:", "scgi:"].iter().any(|scheme| url.get(..scheme.len()).is_some_and(|u| u.eq_ignore_ascii_case(scheme)))
}

/// The requests worth following: a path of programs that is no file, the front page's script, what the section is for.
fn requests(host: &Host, id: RouteId, cx: &Cx) -> Vec<Request> {
    let Some(route) = host.routes().get(id as usize) else { return Vec::new() };
    let mut requests = Vec::new();
    let landmark = host.landmark(id);
    let folder = landmark.as_ref().map(|l| l.path.as_str()).filter(|p| p.ends_with('/'));
    let wordpress = has_rules_of_wordpress(host, id);
    let of_kind = |kind: &PathKind| {
        let known = known_paths(route, cx.paths, &[*kind]);
        known.iter().find(|k| wordpress && k.product == "wordpress").or(known.first()).copied()
    };
    let known = KINDS.iter().find_map(of_kind);
    match (known, folder) {
        (Some(known), None | Some("/")) => requests.push(request_for(host, known)),
        (_, Some(folder)) => requests.push(missing(host.request(&format!("{folder}users")))),
        (None, None) => {}
    }
    requests.push(there(host.request(&format!("{}index.php", folder.unwrap_or("/")))));
    let passes = [Name::ProxyPass, Name::ProxyPassMatch, Name::ScriptAlias].into_iter();
    let passes = passes.flat_map(|name| host.effective_all(id, name));
    let prefixes = passes.map(|pass| pass.arg(0).into_owned()).filter(|prefix| prefix.starts_with('/') && prefix.len() > 1);
    requests.extend(prefixes.take(MAX_PREFIXES).map(|prefix| there(host.request(&format!("{}/x", prefix.trim_end_matches('/'))))));
    let handlers = host.effective_all(id, Name::AddHandler);
    let endings = handlers.iter().filter(|d| !d.arg(0).contains("php")).filter_map(|d| d.args().nth(1));
    requests.extend(endings.take(MAX_PREFIXES).map(|ending| {
        there(host.request(&format!("{}app.{}", folder.unwrap_or("/"), ending.trim_start_matches('.'))))
    }));
    requests.extend(landmark.clone().map(|l| if l.path.ends_with('/') { l } else { there(l) }));
    // The script of an `Action` is asked by the server alone.
    let scripts: Vec<String> = host.config().all(cx.sources, Name::Action).map(|action| action.arg(1).into_owned()).collect();
    let folders: Vec<&str> = scripts.iter().filter_map(|script| Some(script.rsplit_once('/')?.0)).filter(|f| !f.is_empty()).collect();
    let of_action = |path: &str| folders.iter().any(|f| path.strip_prefix(f).is_some_and(|rest| rest.starts_with('/')));
    requests.retain(|r| !is_asset(&r.path) && !of_action(&r.path));
    requests
}

fn there(mut request: Request) -> Request {
    request.assume.file_exists = Some(true);
    request
}

fn missing(mut request: Request) -> Request {
    request.assume.file_exists = Some(false);
    request
}

/// What becomes of the header of one request.
enum Fate {
    /// The application gets it.
    Passes,
    Drops(Box<Finding>),
    /// The application gets it under another name, and this directive hands the request over. An internal redirect does so with variables
    /// (`REDIRECT_HTTP_AUTHORIZATION`); applications look there as well.
    Renamed(Option<Span>),
    /// No application, or the files do not tell.
    Unclear,
}

fn follow(host: &Host, id: RouteId, request: Request, cx: &Cx) -> Fate {
    let request = request.header("Authorization", CREDENTIALS).past_gates();
    let outcome = host.resolve(&request);
    // `mod_php` sees every header: where the files do not tell who runs PHP, the other answer counts.
    let outside = |o: &&Outcome| o.upstream.is_some() && o.handler.kind != HandlerKind::Module;
    let runs = if outcome.runs.is_empty() { std::slice::from_ref(&outcome) } else { outcome.runs.as_slice() };
    let reached: Vec<&Outcome> = runs.iter().filter(outside).collect();
    // The first run is the usual one: modules that the files ask for are there. Without `mod_rewrite` much would be lost.
    let Some(first) = runs.first().filter(|usual| outside(usual)) else { return Fate::Unclear };
    if reached.iter().any(|o| is_kept(o)) {
        return Fate::Passes;
    }
    if !reached.iter().all(|o| is_lost(o)) || reached.iter().any(|o| consumed_here(o)) {
        return Fate::Unclear;
    }
    let open = first.handler.span.is_none();
    if open && runs_inside(host, cx) {
        return Fate::Unclear;
    }
    let setters = Setters::of(host, id, &request, first);
    if setters.renames {
        return Fate::Renamed(first.handler.span);
    }
    let Some(cause) = cause(host, id, first, &request.path, &setters) else { return Fate::Unclear };
    if serves_files(first, &request.path) {
        return Fate::Unclear;
    }
    Fate::Drops(Box::new(report(host, id, request, first, &cause, runs.len() > 1 || open, cx)))
}

fn is_kept(outcome: &Outcome) -> bool {
    outcome.upstream.as_ref().is_some_and(|u| matches!(u.authorization.value.known(), Some(HeaderFate::Kept)))
}

/// Whether the application gets no credentials, or a text that was meant to stand for them.
fn is_lost(outcome: &Outcome) -> bool {
    let Some(fate) = outcome.upstream.as_ref().and_then(|u| u.authorization.value.known()) else { return false };
    match fate {
        HeaderFate::Dropped => true,
        HeaderFate::Replaced(Value::Known(text)) => text.trim().is_empty() || text == "(null)" || text.contains("%{"),
        _ => false,
    }
}

/// Whether files are served there: by the path, or by what is behind.
fn serves_files(outcome: &Outcome, path: &str) -> bool {
    let target = outcome.handler.target.as_ref().map_or("", |t| t.prefix());
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    is_file_folder(first) || is_file_store(target)
}

/// Whether the files show that PHP runs inside of the server.
fn runs_inside(host: &Host, cx: &Cx) -> bool {
    let config = host.config();
    let of_php = |name: &str| ["php_value", "php_flag", "php_admin_value", "php_admin_flag"].iter().any(|p| p.eq_ignore_ascii_case(name));
    let mut unknown = config.all(cx.sources, Name::Unknown);
    config.modules.iter().any(|m| m.starts_with("mod_php"))
        || unknown.any(|d| d.condition() == CERTAIN && of_php(&d.name_text()))
}

/// Why the header does not arrive.
enum Cause<'a> {
    /// A directive takes it away or puts a text in its place.
    Cleared(Span),
    /// A rule that would hand it on is never reached.
    Late(Directive<'a>),
    /// Rules of its own make a folder lose the rule of an outer one.
    Replaced { engine: Directive<'a>, rule: Directive<'a> },
    /// Nothing hands it on.
    Nothing(Span),
}

impl Cause<'_> {
    fn primary(&self) -> Span {
        match self {
            Self::Cleared(span) | Self::Nothing(span) => *span,
            Self::Late(rule) => rule.span(),
            Self::Replaced { engine, .. } => engine.span(),
        }
    }
}

/// The directives that hand credentials on to what a request reaches.
struct Setters<'a> {
    list: Vec<Directive<'a>>,
    /// Whether the application gets the credentials all the same, under another name.
    renames: bool,
}

impl<'a> Setters<'a> {
    fn of(host: &Host<'a>, id: RouteId, request: &Request, outcome: &Outcome) -> Self {
        let of_credentials = |mut all: Vec<Directive<'a>>| {
            all.retain(|d| d.raw_args().to_ascii_lowercase().contains("authorization"));
            all
        };
        let ran = |d: &Directive| outcome.steps.iter().any(|s| s.span == d.span());
        let of_route = of_credentials(SETTERS.into_iter().flat_map(|name| host.effective_all(id, name)).collect());
        // One that runs, or hands the credentials on under another name, is for an application that looks there.
        let renames = of_route.iter().any(|d| ran(d) || !sets_the_header(d));
        // Rules of a folder are not for what is handed over before files are looked for, unless they rewrote the request to it.
        let rewritten = host.effective_all(id, Name::RewriteRule).iter().any(|d| d.htaccess().is_some() && ran(d));
        let at_the_end = || SETTERS.into_iter().flat_map(|name| host.effective_all_at(request, name)).collect();
        let list = if rewritten { of_route } else { of_credentials(at_the_end()) };
        Self { list, renames }
    }
}

fn cause<'a>(host: &Host<'a>, id: RouteId, outcome: &Outcome, path: &str, setters: &Setters<'a>) -> Option<Cause<'a>> {
    let fact = &outcome.upstream.as_ref()?.authorization;
    let handler = outcome.handler.span;
    if let Some(by) = fact.because.first().copied().filter(|by| Some(*by) != handler) {
        return Some(Cause::Cleared(by));
    }
    if let Some(rule) = setters.list.iter().rfind(|d| d.name() == Name::RewriteRule) {
        return Some(unreached(host, id, *rule));
    }
    if !setters.list.is_empty() || passes_elsewhere(host) || may_be_in_htaccess(host, id) {
        return None;
    }
    let steps = || outcome.steps.iter().map(|s| s.span);
    let action = host.effective_all(id, Name::Action).iter().map(Directive::span).find(|span| steps().any(|s| s == *span));
    match action.or(handler) {
        Some(span) => (!is_folder_of_scripts(path)).then_some(Cause::Nothing(span)),
        None => front_controller(host, id, outcome).map(Cause::Nothing),
    }
}

/// Whether a directive sets `HTTP_AUTHORIZATION` itself.
fn sets_the_header(directive: &Directive) -> bool {
    let text = directive.raw_args().to_ascii_uppercase();
    ["E=HTTP_AUTHORIZATION:", "ENV=HTTP_AUTHORIZATION:", "HTTP_AUTHORIZATION="].iter().any(|s| text.contains(s))
}

/// A rule that hands the header on and is not reached.
fn unreached<'a>(host: &Host<'a>, id: RouteId, rule: Directive<'a>) -> Cause<'a> {
    let place = |d: &Directive| (d.htaccess().map(|h| h.first), d.parent().map(|p| p.id));
    let engines = host.effective_all(id, Name::RewriteEngine);
    match engines.into_iter().rfind(is_on).filter(|engine| place(engine) != place(&rule) && engine.id > rule.id) {
        Some(engine) => Cause::Replaced { engine, rule },
        None => Cause::Late(rule),
    }
}

/// Whether some section hands the header on: then the rest was left out on purpose.
fn passes_elsewhere(host: &Host) -> bool {
    (0..host.routes().len().min(MAX_ROUTES) as RouteId).any(|id| host.effective(id, Name::CGIPassAuth).is_some_and(|d| is_on(&d)))
}

/// Whether a `.htaccess` that is not in view may hand the header on.
fn may_be_in_htaccess(host: &Host, id: RouteId) -> bool {
    let config = host.config();
    if config.server_end == 0 || !config.htaccess.is_empty() {
        return false;
    }
    let allows = |d: &Directive| !d.args().all(|a| a.eq_ignore_ascii_case("none"));
    host.effective(id, Name::AllowOverride).or_else(|| host.effective(id, Name::AllowOverrideList)).is_some_and(|d| allows(&d))
}

/// The usual `/cgi-bin/` of a distribution says nothing about what its scripts want, by whichever directive they run.
fn is_folder_of_scripts(path: &str) -> bool {
    path == "/cgi-bin" || path.starts_with("/cgi-bin/")
}

/// The rule that hands requests to the script in front of an application.
fn front_controller(host: &Host, id: RouteId, outcome: &Outcome) -> Option<Span> {
    let handing = [Name::RewriteRule, Name::FallbackResource].into_iter().flat_map(|name| host.effective_all(id, name));
    let all: Vec<Span> = handing.filter(|d| d.raw_args().contains(".php")).map(|d| d.span()).collect();
    outcome.steps.iter().rev().map(|s| s.span).find(|span| all.contains(span))
}

fn report(host: &Host, id: RouteId, request: Request, outcome: &Outcome, cause: &Cause, open: bool, cx: &Cx) -> Finding {
    let what = request.describe();
    let (message, help) = match cause {
        Cause::Cleared(_) => (
            format!("{what} reaches the application without its Authorization header: this line drops it"),
            "remove the line, or limit it to what must not see the credentials of the client",
        ),
        Cause::Late(_) => (
            format!("{what} reaches the application without its Authorization header: the rules before this one end the run"),
            "put the rule before all others, or write `CGIPassAuth On`",
        ),
        Cause::Replaced { .. } => (
            format!("{what} reaches the application without its Authorization header: rules here replace those of the outer folder"),
            "repeat the rule that hands Authorization on, add `RewriteOptions InheritBefore`, or write `CGIPassAuth On`",
        ),
        Cause::Nothing(_) if outcome.handler.span.is_none() => (
            format!("{what} reaches the application without its Authorization header if PHP runs as CGI or FastCGI: nothing hands it on"),
            "write `CGIPassAuth On`, or `RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]` before all other rules",
        ),
        Cause::Nothing(by) if cx.sources.text(*by).starts_with("Action") => (
            format!("{what} reaches the application without its Authorization header: nothing hands it on"),
            "write `CGIPassAuth On` in the `<Directory>` of the script",
        ),
        Cause::Nothing(_) => (
            format!("{what} reaches the application without its Authorization header: nothing hands it on"),
            "write `CGIPassAuth On` in this section, or `SetEnvIf Authorization \"(.+)\" HTTP_AUTHORIZATION=$1`",
        ),
    };
    let mut found = finding(ID, host, id, cause.primary(), message, request).help(help);
    if let Cause::Replaced { rule, .. } = cause {
        found = found.related(rule.span(), "this rule does not run");
    }
    if let Some(handler) = outcome.handler.span.filter(|span| *span != found.primary) {
        found = found.related(handler, "the request is handed over here");
    }
    if outcome.handler.span.is_none() {
        let confidence = if matches!(cause, Cause::Nothing(_)) { Confidence::Low } else { Confidence::Medium };
        found = found.severity(Severity::Warning).confidence(confidence);
    } else if open || host.config().partial || host.config().incomplete {
        found = found.confidence(Confidence::Medium);
    }
    repair(host, id, cause, found, cx)
}

/// The line goes, or the section gets one that hands the header on.
fn repair(host: &Host, id: RouteId, cause: &Cause, found: Finding, cx: &Cx) -> Finding {
    match cause {
        Cause::Cleared(span) if cx.sources.text(*span).starts_with("RequestHeader") => {
            found.fix(Applicability::Unsafe, "remove the line", vec![Edit::remove(cx.sources, *span)])
        }
        Cause::Nothing(span) => {
            let mut handing = SCRIPTS.iter().filter(|n| **n != Name::Action).flat_map(|n| host.effective_all(id, *n));
            let directive = handing.find(|d| d.span() == *span);
            // At the level of the server itself `CGIPassAuth` is refused.
            let in_section = directive.and_then(|d| d.parent()).is_some_and(|p| p.name() != Name::VirtualHost);
            if !in_section {
                return found;
            }
            let edit = Edit::insert_before(cx.sources, *span, &["CGIPassAuth On"]);
            found.fix(Applicability::Unsafe, "hand the header on", vec![edit])
        }
        _ => found,
    }
}
