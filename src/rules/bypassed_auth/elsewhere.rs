//! Password checks of Apache in sections that are not for every request to what they should guard: another URL leads to the same
//! files, a proxy takes the request before there is a file, a later section lets everybody in.

use super::super::Cx;
use super::super::apache_gate::{is_asked, is_shown_unasked, taken_to_be_there};
use super::super::support::finding;
use super::ID;
use crate::model::from::apache::{Guard, Host, Reach};
use crate::model::{Request, Site, Traits};
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
    let Some(landmark) = host.landmark_of(guard) else { return false };
    let routes = host.routes_of(guard);
    // Most guards stand alone: then only a proxy or a rewrite could lead around them.
    let contested = routes.iter().any(|route| {
        let requiring = host.effective(*route, Name::Require);
        requiring.is_some_and(|r| !guard.own.iter().any(|own| own.id == r.id || r.ancestors().any(|a| a.id == own.id)))
    });
    let moves = host.routes().first().is_some_and(|r| r.traits.has(Traits::UPSTREAM) || r.traits.has(Traits::REWRITES));
    let passed = moves && guard.reach != Reach::Urls;
    if !contested && !passed {
        return false;
    }
    for request in candidates(guard, landmark) {
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
        let Some(later) = overruling(host, guard, &request) else { continue };
        let message = format!("{} needs no password: {} counts after {} and lets everybody in", request.describe(),
            later.block.map_or_else(|| "a .htaccess".to_owned(), |b| b.text()), shown(guard));
        let mut found = finding(ID, host, guard.route, first.span(), message, request)
            .help("remove \"Require all granted\" there: it is not needed to reach what lies below");
        if let Some(granted) = later.last {
            found = found.related(granted.span(), "lets everybody in");
        }
        cx.report(found);
        return true;
    }
    false
}

/// A later section that lets in whom a guard would ask.
struct Later<'a> {
    block: Option<Directive<'a>>,
    last: Option<Directive<'a>>,
}

/// The section whose `Require` counts instead, if it is not narrower than the guard.
fn overruling<'a>(host: &Host<'a>, guard: &Guard<'a>, request: &Request) -> Option<Later<'a>> {
    // The landmark is the whole of what the guard is for: what is for it too is as broad.
    let routes = host.routes_of(guard);
    let granted = routes.into_iter().find_map(|route| {
        let require = host.effective(route, Name::Require)?;
        let own = guard.own.iter().any(|o| o.id == require.id);
        let all = require.arg(0).eq_ignore_ascii_case("all") && require.arg(1).eq_ignore_ascii_case("granted");
        let block = super::super::apache_gate::section_of(&require)?;
        let takes = matches!(block.name(), Name::Location | Name::LocationMatch)
            && (block.name() == Name::LocationMatch || request.path.starts_with(block.arg(0).as_ref()));
        (all && !own && takes).then_some(Later { block: Some(block), last: Some(require) })
    })?;
    Some(granted)
}

/// The guard in words.
fn shown(guard: &Guard) -> String {
    guard.block.map_or_else(|| "this .htaccess".to_owned(), |block| block.text())
}

/// Requests for what a guard is for: what its pattern is made of, and scripts in its folder.
fn candidates(guard: &Guard, landmark: Request) -> Vec<Request> {
    let mut requests = vec![taken_to_be_there(landmark.clone())];
    if guard.reach == Reach::Folder && landmark.path.ends_with('/') {
        for name in ["index.php", "x.php"] {
            let path = format!("{}{name}", landmark.path);
            requests.push(taken_to_be_there(Request { path, ..landmark.clone() }));
        }
    }
    requests
}

/// Whether a directive hands requests on before they are mapped to files.
fn is_before_files(text: &str) -> bool {
    ["proxypass", "rewriterule"].iter().any(|name| text.get(..name.len()).is_some_and(|t| t.eq_ignore_ascii_case(name)))
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
