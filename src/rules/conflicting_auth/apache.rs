//! The same for Apache: directives of one section that say opposite things.

use super::super::Cx;
use super::super::apache_gate::{alternatives, limit_of, taken_to_be_there, uses};
use super::super::support::finding;
use super::ID;
use crate::model::from::apache::{Guard, Host, access_of, user_requirement};
use crate::model::{Outcome, Site};
use crate::project::apache::Directive;
use crate::syntax::apache::Name;

/// Looks at each section with access directives.
pub(in super::super) fn check(host: &Host, cx: &mut Cx) {
    let compat = [Name::Order, Name::Allow, Name::Deny].iter().any(|name| uses(host, *name));
    if uses(host, Name::AuthUserFile) {
        for guard in host.guards().iter() {
            two_files(host, guard, cx);
            disjoint_users(host, guard, cx);
        }
    }
    if compat && uses(host, Name::Require) {
        for section in access_of(host) {
            old_and_new(host, &section, cx);
        }
    }
}

/// `AuthUserFile` twice in one check: the last one counts.
fn two_files(host: &Host, guard: &Guard, cx: &mut Cx) {
    let files: Vec<Directive> = guard.all(Name::AuthUserFile).filter(|d| limit_of(d).is_none()).collect();
    let [first, .., last] = files.as_slice() else { return };
    // A whole second check is reported as that.
    let again = guard.all(Name::AuthType).any(|d| d.id > first.id && guard.all(Name::AuthType).count() > 1);
    if again || first.arg(0) == last.arg(0) || first.is_unknown() || last.is_unknown() {
        return;
    }
    let Some(request) = host.landmark_of(guard).map(taken_to_be_there) else { return };
    let message =
        format!("{} refuses the accounts of {}: of several AuthUserFile the last one counts", request.describe(), first.arg(0));
    let found = finding(ID, host, guard.route, last.span(), message, request)
        .related(first.span(), "not looked at")
        .help("put all accounts into one file, or name several sources: AuthBasicProvider with two <AuthnProviderAlias>");
    cx.report(found);
}

/// The access directives of 2.2 and those of 2.4 are checked one after the other: both must let in.
fn old_and_new(host: &Host, section: &Guard, cx: &mut Cx) {
    let own = |name: Name| section.all(name).filter(|d| limit_of(d).is_none()).collect::<Vec<_>>();
    let everyone = |d: &&Directive| d.args().skip(1).any(|a| a.eq_ignore_ascii_case("all"));
    let mut requires = Vec::new();
    section.own.iter().for_each(|d| alternatives(d, &mut requires));
    let is_all = |d: &&Directive, word: &str| d.arg(0).eq_ignore_ascii_case("all") && d.arg(1).eq_ignore_ascii_case(word);
    if section.last(Name::Satisfy).is_some() || section.last(Name::AuthMerging).is_some() || requires.iter().any(|r| limit_of(r).is_some()) {
        return;
    }
    let (allows, denies) = (own(Name::Allow), own(Name::Deny));
    let pair = if let Some(granted) = requires.iter().find(|r| is_all(r, "granted")) {
        let closed = denies.iter().find(everyone).filter(|_| allows.is_empty());
        closed.map(|denied| (*granted, *denied))
    } else if let Some(denied) = requires.iter().find(|r| is_all(r, "denied")).filter(|_| requires.len() == 1) {
        let open = allows.iter().find(everyone).filter(|_| denies.is_empty());
        open.map(|allowed| (*denied, *allowed))
    } else if let Some(user) = requires.iter().find(|r| user_requirement(r).is_some()) {
        let closed = denies.iter().find(everyone).filter(|_| allows.is_empty());
        closed.map(|denied| (*user, *denied))
    } else {
        None
    };
    let Some((new, old)) = pair else { return };
    let Some(request) = host.landmark_of(section).map(taken_to_be_there) else { return };
    let request = if user_requirement(&new).is_some() { request.header("Authorization", "Basic dXNlcjpzZWNyZXQ=") } else { request };
    if !host.resolve(&request).always(|o: &Outcome| o.status.is(&Some(403))) {
        return;
    }
    let (earlier, later) = if new.id < old.id { (new, old) } else { (old, new) };
    let message = format!("{} gets 403: \"{}\" and \"{}\" say opposite things, and both must let in", request.describe(),
        earlier.text(), later.text());
    let found = finding(ID, host, section.route, later.span(), message, request)
        .related(earlier.span(), "says the opposite")
        .help("keep Require only: Order, Allow and Deny are of 2.2");
    cx.report(found);
}

/// `AuthMerging And` where the section around lets in users of whom none is let in here.
fn disjoint_users(host: &Host, guard: &Guard, cx: &mut Cx) {
    let Some(merging) = guard.last(Name::AuthMerging).filter(|d| d.arg(0).eq_ignore_ascii_case("and")) else { return };
    let guards = host.guards_of(guard.route);
    let outer = guards.iter().take_while(|g| !g.is(guard)).filter(|g| g.asks().is_some()).last();
    let Some(outer) = outer.filter(|g| g.last(Name::AuthMerging).is_none()) else { return };
    let users = |guard: &Guard| -> Option<Vec<String>> {
        let mut requires = Vec::new();
        guard.own.iter().for_each(|d| alternatives(d, &mut requires));
        let named = requires.iter().all(|r| r.arg(0).eq_ignore_ascii_case("user") && !r.is_unknown());
        let users = requires.iter().flat_map(|r| r.args().skip(1)).map(std::borrow::Cow::into_owned);
        (named && !requires.is_empty()).then(|| users.collect())
    };
    let (Some(around), Some(here)) = (users(outer), users(guard)) else { return };
    if around.iter().any(|user| here.contains(user)) {
        return;
    }
    let Some(request) = host.landmark_of(guard).map(taken_to_be_there) else { return };
    let request = request.header("Authorization", "Basic dXNlcjpzZWNyZXQ=");
    let message = format!("{} gets 401 whoever signs in: with AuthMerging And both lists of users count, and nobody is on both",
        request.describe());
    let mut found = finding(ID, host, guard.route, merging.span(), message, request)
        .help("remove AuthMerging, so that only the list here counts, or use Or");
    for other in [outer.asks(), guard.asks()].into_iter().flatten() {
        found = found.related(other.span(), "lets in");
    }
    cx.report(found);
}
