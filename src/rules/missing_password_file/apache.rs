//! The same for Apache: relative paths start at `ServerRoot`, wherever the directive is written.

use std::collections::HashSet;
use std::path::Path;

use super::super::Cx;
use super::super::apache_gate::{taken_to_be_there, uses};
use super::super::support::finding;
use super::{Fault, ID, Keeping, keeps_accounts};
use crate::files::{FileKind, normalize};
use crate::finding::{Confidence, Severity};
use crate::model::from::apache::{Guard, Host};
use crate::model::from::{Found, Lookup};
use crate::project::apache::{Directive, DirectiveId};
use crate::syntax::apache::Name;

/// Looks for each password file of each virtual host.
pub(in super::super) fn check(hosts: &[Host], cx: &mut Cx) {
    let mut keeping = Keeping::new();
    let mut seen: HashSet<DirectiveId, foldhash::fast::FixedState> = HashSet::default();
    if hosts.first().is_none_or(|host| !uses(host, Name::AuthUserFile)) {
        return;
    }
    for host in hosts {
        let Some(lookup) = host.lookup() else { continue };
        for guard in host.guards().iter() {
            let Some(file) = guard.last(Name::AuthUserFile).filter(|f| seen.insert(f.id)) else { continue };
            if file.is_unknown() || !is_asked_for(host, guard) {
                continue;
            }
            if let Some(fault) = fault(host, lookup, &file, &mut keeping, cx) {
                report(host, guard, &file, &fault, cx);
            }
        }
    }
}

/// Whether some user is looked up in the file: a section asks for one, and no other provider is named.
fn is_asked_for(host: &Host, guard: &Guard) -> bool {
    let by_file = |provider: Option<Directive>| provider.is_none_or(|p| p.args().any(|a| a.eq_ignore_ascii_case("file")));
    let routes = || host.routes_of(guard).into_iter();
    let asks = guard.asks().is_some() || routes().any(|route| host.guards_of(route).iter().any(|g| g.asks().is_some()));
    asks && by_file(host.effective(guard.route, Name::AuthBasicProvider).or_else(|| guard.last(Name::AuthBasicProvider)))
}

fn fault<'a>(host: &Host<'a>, lookup: &Lookup, file: &Directive<'a>, keeping: &mut Keeping, cx: &Cx) -> Option<Fault> {
    let written = file.arg(0);
    if written.starts_with('/') {
        return at(lookup, &written, keeping);
    }
    // Shown paths start from one folder: what lies between the two files leads from the main folder to the other.
    let folder_of = |id| Path::new(&cx.sources.file(id).path).parent().map(Path::to_path_buf);
    let main = folder_of(host.config().main)?;
    let between = folder_of(file.span().file)?;
    let between = between.strip_prefix(&main).ok().map(Path::to_path_buf);
    let in_htaccess = file.htaccess().is_some();
    let beside = between.filter(|b| in_htaccess || !b.as_os_str().is_empty()).and_then(|between| {
        let local = normalize(&lookup.main_folder.join(&between).join(written.as_ref()));
        let is_there = lookup.files.kind(&local) == Some(FileKind::File);
        is_there.then(|| crate::files::display(&between.join(written.as_ref()), Path::new("")))
    });
    if let Some(path) = host.server_path(file) {
        return match (lookup.kind(&path), beside) {
            (Found::There(_), _) => at(lookup, &path, keeping),
            (_, Some(beside)) => Some(Fault::Beside(beside)),
            (Found::Missing, None) => at(lookup, &path, keeping).or(Some(Fault::NotKept)),
            (Found::Unknown, None) => in_htaccess.then_some(Fault::NotKept),
        };
    }
    // The folder of the main file may be ServerRoot.
    if !in_htaccess && lookup.files.kind(&normalize(&lookup.main_folder.join(written.as_ref()))).is_some() {
        return None;
    }
    beside.map(Fault::Beside).or(in_htaccess.then_some(Fault::NotKept))
}

/// What is wrong with the file at a path.
fn at(lookup: &Lookup, path: &str, keeping: &mut Keeping) -> Option<Fault> {
    match lookup.kind(path) {
        Found::Unknown => None,
        Found::There(FileKind::Folder) => Some(Fault::Folder),
        Found::There(FileKind::File) => match lookup.read(path) {
            Found::There(text) => super::is_empty(&text).then_some(Fault::Empty),
            _ => None,
        },
        Found::Missing => {
            let folder = lookup.local(path).and_then(|l| l.parent().map(Path::to_path_buf));
            let kept = || folder.is_some_and(|f| *keeping.entry(f).or_insert_with_key(|f| keeps_accounts(lookup, f)));
            (lookup.settings.this_host || kept()).then_some(Fault::Missing)
        }
    }
}

fn report(host: &Host, guard: &Guard, file: &Directive, fault: &Fault, cx: &mut Cx) {
    let Some(request) = host.landmark_of(guard).map(taken_to_be_there) else { return };
    let request = request.header("Authorization", "Basic dXNlcjpzZWNyZXQ=");
    let path = file.arg(0);
    let who = request.describe();
    let message = match fault {
        Fault::Folder => format!("{who} gets 500 whatever the password: {path} is a folder"),
        Fault::Empty => format!("{who} gets 401 whatever the password: {path} holds no account"),
        Fault::Missing => format!("{who} gets 500 whatever the password: {path} is not there"),
        Fault::Beside(beside) => {
            format!("{who} gets 500 whatever the password: Apache looks for {path} in ServerRoot, it lies at {beside}")
        }
        Fault::NotKept => {
            format!("{who} gets 500 whatever the password unless {path} is in ServerRoot, where relative paths start")
        }
    };
    let help = match fault {
        Fault::Beside(_) | Fault::NotKept => "write the absolute path",
        Fault::Empty => "add an account: htpasswd FILE USER",
        _ => "create the file (htpasswd -c FILE USER), readable for the user of the server, or correct the path",
    };
    let mut found = finding(ID, host, guard.route, file.span(), message, request).help(help);
    if matches!(fault, Fault::NotKept) {
        found = found.severity(Severity::Info).confidence(Confidence::Low);
    }
    cx.report(found);
}
