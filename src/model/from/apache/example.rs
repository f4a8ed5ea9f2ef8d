//! A path that a route serves: made up from the pattern of its innermost section.

use super::chain::{Group, Layer};
use super::host::Host;
use super::section::{Matcher, pattern_text};
use crate::model::RouteId;
use crate::model::from::example::example;

/// A path that reaches the innermost section of a route.
pub(super) fn path_for(host: &Host, route: RouteId) -> Option<String> {
    path_in(host, host.route_layers.of(route))
}

/// A path that reaches the last of some sections that stand in the order of merging.
pub(super) fn path_in(host: &Host, layers: &[Layer]) -> Option<String> {
    let shared = &host.shared;
    let inner = layers.last()?;
    let section = shared.sections.get(inner.section);
    let text = || pattern_text(&shared.directive(section.directive)).into_owned();
    match inner.group {
        Group::Main | Group::Host | Group::Proxy | Group::If(_) => Some("/".to_owned()),
        Group::Location => location_example(host, section.matcher, &text()),
        Group::Directory => folder_url(host, &folder_of(host, *inner)?),
        Group::Files => {
            let name = match section.matcher {
                Matcher::Literal => text(),
                Matcher::Glob => text().replace(['*', '?'], "x"),
                Matcher::Regex(id) => {
                    let found = example(shared.regexes.text(id), false)?;
                    let starts = ["", "x"];
                    starts.iter().map(|s| format!("{s}{found}")).find(|n| shared.regexes.is_match(id, n) == Some(true))?
                }
                Matcher::All | Matcher::Unknown => return None,
            };
            let around = layers.iter().rev().find(|l| l.group == Group::Directory);
            let folder = around.and_then(|l| folder_of(host, *l)).and_then(|f| folder_url(host, &f));
            Some(format!("{}{name}", folder.unwrap_or_else(|| "/".to_owned())))
        }
    }
    .filter(|path| path.starts_with('/') && !path.contains("//"))
}

fn location_example(host: &Host, matcher: Matcher, text: &str) -> Option<String> {
    match matcher {
        Matcher::Literal => Some(text.to_owned()),
        Matcher::Glob => Some(text.replace(['*', '?'], "x")),
        Matcher::Regex(id) => {
            let found = example(host.shared.regexes.text(id), false)?;
            let starts = ["", "/", "/x", "/x/"];
            let ends = ["", "x", "/x"];
            let all = starts.iter().flat_map(|s| ends.iter().map(move |e| (s, e)));
            all.map(|(s, e)| format!("{s}{found}{e}"))
                .find(|p| p.starts_with('/') && host.shared.regexes.is_match(id, p) == Some(true))
        }
        Matcher::All | Matcher::Unknown => None,
    }
}

/// The folder of a `<Directory>` or a `.htaccess`.
fn folder_of(host: &Host, layer: Layer) -> Option<String> {
    let shared = &host.shared;
    if let Some(index) = shared.htaccess.iter().position(|s| *s == layer.section) {
        return shared.config.htaccess.get(index).map(|h| h.folder.clone());
    }
    let section = shared.sections.get(layer.section);
    match section.matcher {
        Matcher::Literal => Some(pattern_text(&shared.directive(section.directive)).into_owned()),
        _ => None,
    }
}

/// The URL of a folder, with a slash at its end: by an alias that leads there, else below the document root.
fn folder_url(host: &Host, folder: &str) -> Option<String> {
    let shared = &host.shared;
    let mut usually = |id| shared.usually(id);
    let folder = folder.trim_end_matches('/');
    let below = |root: &str, url: &str| {
        let root = root.trim_end_matches('/');
        if let Some(rest) = folder.strip_prefix(root).filter(|r| r.is_empty() || r.starts_with('/')) {
            return Some(format!("{}{rest}/", url.trim_end_matches('/')));
        }
        // A section around the whole root.
        root.strip_prefix(folder).filter(|r| r.starts_with('/')).map(|_| format!("{}/", url.trim_end_matches('/')))
    };
    let root = host.document_root(&mut usually);
    let by_root = root.and_then(|root| below(&root, "/"));
    by_root.or_else(|| {
        host.server_list(super::translate::ALIASES, &mut usually).into_iter().find_map(|id| {
            let alias = shared.directive(id);
            below(&shared.absolute(alias.arg(1)), &alias.arg(0)).filter(|u| u.starts_with('/'))
        })
    })
}
