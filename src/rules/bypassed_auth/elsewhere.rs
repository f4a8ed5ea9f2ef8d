//! Password checks of Apache in sections that are not for every request to what they should guard: another URL leads to the same
//! files, a proxy takes the request before there is a file, a later section lets everybody in.

use super::super::Cx;
use super::super::apache_gate::{is_asked, is_before_files, is_shown_unasked, taken_to_be_there};
use super::super::support::finding;
use super::ID;
use crate::model::from::apache::{Guard, Host, Reach};
use crate::model::{Request, Site};
use crate::project::apache::Directive;
use crate::syntax::apache::Name;

/// Looks for requests that reach what a guard is for, and not the guard.
pub(super) fn check(host: &Host, guard: &Guard, first: &Directive, cx: &mut Cx) -> bool {
    if guard.asks().is_none() || guard.own.iter().any(|d| d.name() == Name::AuthMerging) {
        return false;
    }
    overruled(host, guard, first, cx) || match guard.reach {
        Reach::Urls => by_alias(host, guard, first, cx),
        Reach::Folder | Reach::Names => false,
    }
}

/// A request that the section is for by its path, and that is answered without it.
fn overruled(host: &Host, guard: &Guard, first: &Directive, cx: &mut Cx) -> bool {
    // Most guards stand alone: then only a proxy could lead around them.
    let own = guard.block.map(|b| b.id);
    let movers = [Name::ProxyPass, Name::ProxyPassMatch, Name::RewriteRule];
    let passed = guard.reach != Reach::Urls && !host.server_directives(&movers).is_empty();
    if !passed && !host.locations().any(|block| Some(block.id) != own) {
        return false;
    }
    let Some(landmark) = host.landmark_of(guard) else { return false };
    let later = overruling(host, guard, &landmark);
    if later.is_none() && !passed {
        return false;
    }
    for request in candidates(guard, &landmark) {
        let outcome = host.resolve(&request);
        if !outcome.always(is_shown_unasked) {
            continue;
        }
        let by = outcome.handler.span.filter(|_| is_for_files_here(host, guard));
        if by.is_some_and(|by| is_before_files(cx.sources.text(by))) {
            let message = format!("{} needs no password: it goes to the application before there is a file that {} is for",
                request.describe(), shown(guard));
            let mut found = finding(ID, host, guard.route, first.span(), message, request)
                .help("put the check into a <Location>, which is for proxied requests too");
            if let Some(by) = outcome.handler.span {
                found = found.related(by, "the request goes here");
            }
            cx.report(found);
            return true;
        }
        let Some(later) = &later else { continue };
        let message = format!("{} needs no password: {} counts after {} and lets everybody in", request.describe(),
            later.block.text(), shown(guard));
        let found = finding(ID, host, guard.route, first.span(), message, request)
            .related(later.granted.span(), "lets everybody in").help("remove \"Require all granted\" there: it is not needed to reach what lies below");
        cx.report(found);
        return true;
    }
    false
}

/// A section that lets everybody in.
struct Later<'a> {
    block: Directive<'a>,
    granted: Directive<'a>,
}

/// A `<Location>` that lets everybody in and is for all that a guard is for: it counts after sections for files.
fn overruling<'a>(host: &Host<'a>, guard: &Guard, landmark: &Request) -> Option<Later<'a>> {
    let own = guard.block.map(|b| b.id);
    let takes = |block: &Directive| {
        let path = block.arg(0);
        block.name() == Name::Location
            && block.arg_count() == 1
            && landmark.path.strip_prefix(path.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let lets_in = |d: &Directive| {
        d.name() == Name::Require && d.arg(0).eq_ignore_ascii_case("all") && d.arg(1).eq_ignore_ascii_case("granted")
    };
    host.locations().filter(|block| Some(block.id) != own && takes(block)).find_map(|block| {
        let granted = block.children().find(lets_in)?;
        Some(Later { block, granted })
    })
}

/// The guard in words.
fn shown(guard: &Guard) -> String {
    guard.block.map_or_else(|| "this .htaccess".to_owned(), |block| block.text())
}

/// Requests for what a guard is for: what its pattern is made of, and scripts in its folder.
fn candidates(guard: &Guard, landmark: &Request) -> Vec<Request> {
    let mut requests = vec![taken_to_be_there(landmark.clone())];
    if guard.reach == Reach::Folder && landmark.path.ends_with('/') {
        for name in ["index.php", "x.php"] {
            let path = format!("{}{name}", landmark.path);
            requests.push(taken_to_be_there(Request { path, ..landmark.clone() }));
        }
    }
    requests
}

/// Whether a guard of files is meant for this virtual host: it stands in it, or its folder is the document root that the host names
/// itself. One that is for all hosts has nothing to guard in a host that is only a proxy.
fn is_for_files_here(host: &Host, guard: &Guard) -> bool {
    let Some(own) = host.directive() else { return guard.reach != Reach::Urls };
    let root = own.children().any(|c| c.name() == Name::DocumentRoot);
    guard.reach != Reach::Urls && guard.block.map_or(root, |b| b.ancestors().any(|a| a.id == own.id))
}

/// A `<Location>` guards a URL; an `Alias` that leads to the same folder makes another one.
fn by_alias(host: &Host, guard: &Guard, first: &Directive, cx: &mut Cx) -> bool {
    let Some(block) = guard.block.filter(|b| b.name() == Name::Location && b.arg_count() == 1 && !b.is_unknown()) else { return false };
    let aliases = host.server_directives(&[Name::Alias, Name::ScriptAlias]);
    let aliases: Vec<&Directive> = aliases.iter().filter(|a| a.arg_count() == 2 && !a.is_unknown()).collect();
    if aliases.is_empty() {
        return false;
    }
    let url = block.arg(0).trim_end_matches('/').to_owned();
    let root = host.root();
    let below = |path: &str, prefix: &str| {
        let prefix = prefix.trim_end_matches('/');
        path.strip_prefix(prefix).filter(|r| r.is_empty() || r.starts_with('/')).map(str::to_owned)
    };
    // Where the guarded URL lies.
    let own = aliases.iter().find_map(|a| below(&url, &a.arg(0)).map(|rest| (Some(a.id), format!("{}{rest}", a.arg(1).trim_end_matches('/')))));
    let (by, folder) = match (own, &root) {
        (Some((by, folder)), _) => (by, folder),
        (None, Some(root)) => (None, format!("{root}{url}")),
        (None, None) => return false,
    };
    let mut others: Vec<(String, Option<&Directive>)> = Vec::new();
    for alias in aliases.iter().filter(|a| Some(a.id) != by) {
        if let Some(rest) = below(&folder, &alias.arg(1)) {
            others.push((format!("{}{rest}", alias.arg(0).trim_end_matches('/')), Some(alias)));
        }
    }
    if let (Some(_), Some(root)) = (by, &root)
        && let Some(rest) = below(&folder, root)
    {
        others.push((rest, None));
    }
    for (path, alias) in others.into_iter().filter(|(path, _)| *path != url && path.starts_with('/')) {
        let name = if url.rsplit('/').next().is_some_and(|l| l.contains('.')) { "" } else { "/x.php" };
        let guarded = taken_to_be_there(host.request(&format!("{url}{name}")));
        let request = taken_to_be_there(host.request(&format!("{path}{name}")));
        if !host.resolve(&guarded).always(is_asked) || !host.resolve(&request).always(is_shown_unasked) {
            continue;
        }
        let message = format!("{} needs no password: it leads to the same files as {url}, and {} is not for it", request.describe(), block.text());
        let mut found = finding(ID, host, guard.route, first.span(), message, request)
            .help("guard files with <Directory>, which counts whatever the URL is");
        if let Some(alias) = alias.or(aliases.iter().find(|a| Some(a.id) == by).copied()) {
            found = found.related(alias.span(), "makes another URL of the same files");
        }
        cx.report(found);
        return true;
    }
    false
}
