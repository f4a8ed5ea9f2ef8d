//! The same for Apache: files below the document root or the target of an `Alias`.

use super::super::Cx;
use super::super::apache_gate::{taken_to_be_there, uses};
use super::super::support::finding;
use super::ID;
use crate::finding::Confidence;
use crate::model::from::apache::{Guard, Host};
use crate::model::from::Found;
use crate::model::{HandlerKind, Outcome, Request, Site};
use crate::project::apache::Directive;
use crate::source::Span;
use crate::syntax::apache::Name;

/// Looks for password files that a URL leads to.
pub(in super::super) fn check(host: &Host, cx: &mut Cx) {
    if !uses(host, Name::AuthUserFile) {
        return;
    }
    for guard in host.guards().iter() {
        let Some(file) = guard.last(Name::AuthUserFile).filter(|f| !f.is_unknown()) else { continue };
        let Some(path) = host.server_path(&file) else { continue };
        let name = path.rsplit('/').next().unwrap_or_default();
        // Every package of Apache closes `.ht*`, where it stands in a part of the configuration that is not in view.
        if !host.is_whole() && name.starts_with(".ht") {
            continue;
        }
        if host.is_tree() {
            in_tree(host, guard, &file, &path, cx);
            continue;
        }
        for (request, root) in urls(host, &path) {
            if host.resolve(&request).always(is_given_away) {
                report(host, guard, &file, request, root, cx);
                break;
            }
        }
    }
}

fn is_given_away(outcome: &Outcome) -> bool {
    outcome.status.is(&Some(200)) && outcome.handler.kind == HandlerKind::Static
}

/// The URLs that lead to a file, with what makes each.
fn urls(host: &Host, path: &str) -> Vec<(Request, Option<Span>)> {
    let below = |folder: &str| {
        let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
        (rest.starts_with('/') && !rest.contains("/../")).then(|| rest.to_owned())
    };
    let mut found = Vec::new();
    for alias in host.server_directives(&[Name::Alias]) {
        if let Some(rest) = below(&alias.arg(1)).filter(|_| alias.arg_count() == 2 && !alias.is_unknown()) {
            found.push((format!("{}{rest}", alias.arg(0).trim_end_matches('/')), Some(alias.span())));
        }
    }
    if let Some(rest) = host.root().and_then(|root| below(&root)) {
        found.push((rest, host.server_directives(&[Name::DocumentRoot]).first().map(Directive::span)));
    }
    found.into_iter().map(|(url, by)| (taken_to_be_there(host.request(&url)), by)).collect()
}

/// Without its server, where the document root lies is not known: the file is found in the tree by the end of its path.
fn in_tree(host: &Host, guard: &Guard, file: &Directive, path: &str, cx: &mut Cx) {
    let Some(lookup) = host.lookup() else { return };
    let ends = path.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0);
    for end in ends {
        let Some(tail) = path.get(end..) else { continue };
        if let Found::There(text) = lookup.read(tail.trim_start_matches('/'))
            && has_account(&text)
        {
            let request = taken_to_be_there(host.request(tail));
            if host.resolve(&request).always(is_given_away) {
                report(host, guard, file, request, None, cx);
            }
            return;
        }
    }
}

fn has_account(text: &str) -> bool {
    text.lines().any(|l| l.split_once(':').is_some_and(|(user, hash)| !user.is_empty() && !user.contains(' ') && hash.len() > 7))
}

fn report(host: &Host, guard: &Guard, file: &Directive, request: Request, root: Option<Span>, cx: &mut Cx) {
    let message =
        format!("{} downloads this password file: it lies where URLs lead to, and nothing guards it", request.describe());
    let mut found = finding(ID, host, guard.route, file.span(), message, request)
        .help("keep the file outside of every folder that is served, or close it: <Files name> with Require all denied");
    if let Some(root) = root {
        found = found.related(root, "URLs lead there");
    }
    if !host.is_whole() {
        found = found.confidence(Confidence::Medium);
    }
    cx.report(found);
}
