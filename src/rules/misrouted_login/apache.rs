//! What rules of Apache make of a request for an existing script, or of the query of a login.

use super::{ID, QUERY};
use crate::finding::{Confidence, Finding};
use crate::model::from::apache::Host;
use crate::model::{Outcome, PathKind, Request, RouteId, Site, Traits};
use crate::project::apache::Directive;
use crate::rules::Cx;
use crate::rules::support::{finding, first_known, request_for, routes_with};
use crate::source::Span;
use crate::syntax::apache::Name;

/// How many rules are searched for a sign of WordPress.
const MAX_RULES: usize = 200;

/// Looks at what front controllers take and what they hand on.
pub(in crate::rules) fn check(host: &Host, cx: &mut Cx) {
    let mut told: Vec<Span> = Vec::new();
    let mut wordpress = None;
    for (id, _) in routes_with(host, Traits::REWRITES) {
        let mut found: Vec<Finding> = lost_query(host, id, cx).into_iter().collect();
        if *wordpress.get_or_insert_with(|| runs_wordpress(host, cx)) {
            found.extend(wrong_script(host, id, cx));
        }
        for found in found {
            if !told.contains(&found.primary) {
                told.push(found.primary);
                cx.report(found);
            }
        }
    }
}

/// What a script is told.
fn told_to<'o>(outcome: &'o Outcome, name: &str) -> Option<&'o str> {
    let sent = outcome.upstream.as_ref()?.sent.iter().rev().find(|s| s.name == name)?;
    sent.value.known()
}

/// The rule that sent the request to the script: the last step of one that has it in its substitution.
fn decides<'a>(host: &Host<'a>, id: RouteId, outcome: &Outcome) -> Option<Directive<'a>> {
    let rules = host.effective_all(id, Name::RewriteRule);
    let rewrites = |d: &&Directive| d.arg(1) != "-";
    let steps = outcome.steps.iter().filter(|s| s.what.starts_with("rewritten"));
    steps.rev().find_map(|step| rules.iter().filter(rewrites).find(|d| d.span() == step.span).copied())
}

/// `RewriteRule ^(.*)$ index.php?url=$1` without `QSA`: a new query takes the place of that of the request.
fn lost_query(host: &Host, id: RouteId, cx: &Cx) -> Option<Finding> {
    let route = host.routes().get(id as usize)?;
    let kinds = [PathKind::Callback, PathKind::Login];
    let known = kinds.iter().find_map(|kind| first_known(route, cx.paths, &[*kind]).filter(|k| !k.file))?;
    let mut request = request_for(host, known).past_gates();
    request.query = Some(QUERY.to_owned());
    let outcome = host.resolve(&request);
    let runs = if outcome.runs.is_empty() { std::slice::from_ref(&outcome) } else { outcome.runs.as_slice() };
    let lost = |o: &Outcome| told_to(o, "QUERY_STRING").is_some_and(|query| !query.contains("code=abc"));
    let reached: Vec<&Outcome> = runs.iter().filter(|o| o.upstream.is_some()).collect();
    let first = reached.first().copied()?;
    if !reached.iter().all(|o| lost(o)) {
        return None;
    }
    let rule = decides(host, id, first)?;
    // A part of the old query in the new one: the author has chosen.
    if rule.arg(1).contains("QUERY_STRING") {
        return None;
    }
    let script = told_to(first, "SCRIPT_NAME").unwrap_or("the script").to_owned();
    let message = format!("{} reaches {script} without its query string", request.describe());
    let from_path = rule.arg(1).split_once('?').is_some_and(|(_, query)| query.starts_with('/'));
    let confidence = if from_path { Confidence::Low } else { Confidence::Medium };
    let found = finding(ID, host, id, rule.span(), message, request).confidence(confidence);
    Some(found.help("add the flag QSA: without it the query of the rule takes the place of that of the request"))
}

/// A script or folder that is there, and is not asked for.
fn wrong_script(host: &Host, id: RouteId, cx: &Cx) -> Option<Finding> {
    let route = host.routes().get(id as usize)?;
    let known = cx.paths.ranked(&(*route.serves & cx.paths.of_any(&[PathKind::Admin, PathKind::Login, PathKind::PublicAjax])));
    let known = known.into_iter().filter(|k| k.product == "wordpress");
    // One script stands for all; the folder is another matter.
    let (scripts, folders): (Vec<_>, Vec<_>) = known.partition(|k| k.file);
    let scripts = scripts.into_iter().take(1).map(|known| request_for(host, known));
    let folder = folders.into_iter().find(|k| k.path == "/wp-admin/").map(|known| {
        let mut request = host.request(&known.path);
        request.assume.file_exists = Some(true);
        request
    });
    scripts.chain(folder).find_map(|request| run_by_front_page(host, id, request.past_gates()))
}

fn run_by_front_page(host: &Host, id: RouteId, request: Request) -> Option<Finding> {
    let outcome = host.resolve(&request);
    let runs = if outcome.runs.is_empty() { std::slice::from_ref(&outcome) } else { outcome.runs.as_slice() };
    let front = |o: &Outcome| told_to(o, "SCRIPT_NAME") == Some("/index.php");
    let reached: Vec<&Outcome> = runs.iter().filter(|o| o.upstream.is_some()).collect();
    let first = reached.first().copied()?;
    if reached.len() != runs.len() || !reached.iter().all(|o| front(o)) {
        return None;
    }
    let rule = decides(host, id, first)?;
    let message = format!("{} is run by /index.php, although WordPress has a script of its own for it", request.describe());
    let help = "send only what is not there: `RewriteCond %{REQUEST_FILENAME} !-f` and `!-d` before the rule";
    Some(finding(ID, host, id, rule.span(), message, request).help(help))
}

/// Whether the files name WordPress: its front controller's first rule, its folders, its document root.
fn runs_wordpress(host: &Host, cx: &Cx) -> bool {
    let config = host.config();
    let names_it = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains("wordpress") || text.split(['/', '^', '(', '|']).any(|part| part == "wp" || part.starts_with("wp-"))
    };
    let in_root = || host.effective(0, Name::DocumentRoot).is_some_and(|root| names_it(&root.arg(0)));
    let in_tree = || config.server_end == 0 && config.htaccess.iter().any(|h| names_it(&h.folder));
    let in_rules = || {
        let names = [Name::RewriteRule, Name::Files, Name::FilesMatch, Name::Location, Name::Directory];
        let own = |name| host.effective_all(0, name).into_iter().chain(config.all(cx.sources, name).take(MAX_RULES));
        (config.server_end == 0) && names.into_iter().flat_map(own).any(|d| names_it(&d.arg(0)) || names_it(&d.arg(1)))
    };
    in_root() || in_tree() || in_rules()
}
