//! The same for Apache: checks that answer 500 instead of asking, or once somebody signs in.

use super::super::Cx;
use super::super::apache_gate::{alternatives, taken_to_be_there, uses};
use super::super::support::finding;
use super::ID;
use crate::finding::{Confidence, Finding};
use crate::model::from::apache::{Guard, Host, user_requirement};
use crate::model::{Outcome, Request, Site};
use crate::project::apache::Directive;
use crate::syntax::apache::Name;

/// Looks at each section that asks for a user.
pub(in super::super) fn check(host: &Host, cx: &mut Cx) {
    if ![Name::AuthType, Name::AuthName, Name::AuthUserFile, Name::Require].iter().any(|name| uses(host, *name)) {
        return;
    }
    for guard in host.guards().iter() {
        if guard.own.iter().any(Directive::is_unknown) {
            continue;
        }
        let found = not_allowed(host, guard).or_else(|| negative(host, guard)).or_else(|| missing(host, guard));
        cx.extend(found);
    }
}

/// Directives that `AllowOverride` does not let into the `.htaccess`.
fn not_allowed(host: &Host, guard: &Guard) -> Option<Finding> {
    let htaccess = guard.htaccess.filter(|_| !host.is_tree())?;
    let request = taken_to_be_there(host.landmark_of(guard)?);
    let outcome = host.resolve(&request);
    let step = outcome.steps.iter().find(|s| s.span.file == htaccess.file && s.what.ends_with("is not allowed here"))?;
    let refused = guard.own.iter().find(|d| d.span() == step.span || user_requirement(d).is_some_and(|r| r.span() == step.span))?;
    if !outcome.always(is_500) {
        return None;
    }
    let message = format!("{} gets 500: {} is not allowed in this .htaccess", request.describe(), refused.name_text());
    let mut found = finding(ID, host, guard.route, refused.span(), message, request)
        .help("add AuthConfig to the AllowOverride of its folder, or move the check into a <Directory>");
    if let Some(allow) = host.effective(guard.route, Name::AllowOverride) {
        found = found.related(allow.span(), "what may be overridden here");
    }
    Some(found)
}

/// `Require not` where one of several is enough. In the server's own files it keeps the server from starting, which is an error of
/// its syntax.
fn negative(host: &Host, guard: &Guard) -> Option<Finding> {
    guard.asks().filter(|_| guard.htaccess.is_some())?;
    let mut beside = Vec::new();
    guard.own.iter().for_each(|d| alternatives(d, &mut beside));
    let not = beside.iter().find(|d| d.arg(0).eq_ignore_ascii_case("not"))?;
    let request = taken_to_be_there(host.landmark_of(guard)?);
    let message =
        format!("{} gets 500: \"Require not\" decides nothing where one of several is enough", request.describe());
    let found = finding(ID, host, guard.route, not.span(), message, request);
    Some(found.help("put all that must hold into <RequireAll>"))
}

fn is_500(outcome: &Outcome) -> bool {
    outcome.status.is(&Some(500))
}

/// `AuthType`, `AuthName` or `AuthUserFile` that is neither here nor around.
fn missing(host: &Host, guard: &Guard) -> Option<Finding> {
    guard.asks()?;
    let first = guard.first()?;
    let owns = |name: Name| guard.last(name).is_some();
    let effective = |name: Name| host.effective(guard.route, name).or_else(|| guard.last(name));
    // Without the rest of the server only a check that is written here for the greater part is known to miss something.
    let in_view = host.is_whole();
    let request = || host.landmark_of(guard).map(taken_to_be_there);
    let certain = |found: Finding| if in_view { found } else { found.confidence(Confidence::Medium) };
    let Some(auth_type) = effective(Name::AuthType) else {
        if !in_view && !owns(Name::AuthUserFile) && !owns(Name::AuthName) {
            return None;
        }
        let request = request()?;
        let message = format!("{} gets 500: there is no AuthType, so that nobody can be asked for a password", request.describe());
        return seen(host, guard, &first, message, request, "add \"AuthType Basic\"").map(certain);
    };
    let is_basic = auth_type.arg(0).eq_ignore_ascii_case("basic");
    if !is_basic && !auth_type.arg(0).eq_ignore_ascii_case("digest") || !in_view && !owns(Name::AuthType) {
        return None;
    }
    if effective(Name::AuthName).is_none() {
        let request = request()?;
        let message = format!("{} gets 500: there is no AuthName, and no browser can be asked without one", request.describe());
        return seen(host, guard, &first, message, request, "add an AuthName, the name of what the password is for").map(certain);
    }
    if !is_basic || effective(Name::AuthUserFile).is_some() || has_other_source(host, guard) {
        return None;
    }
    let request = request()?.header("Authorization", "Basic dXNlcjpzZWNyZXQ=");
    let message = format!("{} gets 500: there is no AuthUserFile to look the password up in", request.describe());
    seen(host, guard, &first, message, request, "add AuthUserFile with the absolute path of the password file").map(certain)
}

/// A finding, if the request is answered with 500 whoever sends it.
fn seen(host: &Host, guard: &Guard, first: &Directive, message: String, request: Request, help: &'static str) -> Option<Finding> {
    if !host.resolve(&request).always(is_500) {
        return None;
    }
    Some(finding(ID, host, guard.route, first.span(), message, request).help(help))
}

/// Whether passwords may be looked up elsewhere: another provider is named, or a directive of a module for one.
fn has_other_source(host: &Host, guard: &Guard) -> bool {
    const KNOWN: [&str; 6] = ["authtype", "authname", "authuserfile", "authgroupfile", "authmerging", "authbasicprovider"];
    let providers = host.effective(guard.route, Name::AuthBasicProvider).or_else(|| guard.last(Name::AuthBasicProvider));
    if providers.is_some_and(|p| !p.arg(0).eq_ignore_ascii_case("file")) {
        return true;
    }
    let other = |d: &Directive| {
        let name = d.name_text().to_ascii_lowercase();
        name.starts_with("auth") && !KNOWN.contains(&name.as_str()) || name.contains("ldap") || name.contains("krb")
    };
    match (guard.block, guard.htaccess) {
        (Some(block), _) => block.children().any(|c| other(&c)),
        (None, Some(htaccess)) => (htaccess.first..htaccess.end).any(|id| other(&host.directive_of(id))),
        (None, None) => true,
    }
}
