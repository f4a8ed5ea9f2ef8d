//! `missing-password-file`: the file with the accounts is not where nginx looks.

pub(super) mod apache;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use foldhash::fast::FixedState;

use super::Cx;
use super::basic_gate::{BasicGate, first_with_each, request_of};
use super::support::finding;
use crate::files::{FileKind, normalize};
use crate::finding::{Confidence, Severity};
use crate::model::from::nginx::Server;
use crate::model::from::{Found, Lookup};
use crate::model::{RouteId, Site};
use crate::project::nginx::Directive;
use crate::source::FileId;

/// The id.
pub(super) const ID: &str = "missing-password-file";

/// Which folders of the tree are known to keep accounts, or not to.
type Keeping = HashMap<PathBuf, bool>;

/// What was found out for one server and holds for the next ones.
#[derive(Default)]
pub(super) struct Known {
    /// What stands at a path.
    kinds: HashMap<String, Found<FileKind>, FixedState>,
    keeping: Keeping,
}

impl Known {
    fn kind(&mut self, path: &str, lookup: &Lookup) -> Found<FileKind> {
        if let Some(known) = self.kinds.get(path) {
            return known.clone();
        }
        let kind = lookup.kind(path);
        self.kinds.insert(path.to_owned(), kind.clone());
        kind
    }
}

/// Looks for each password file of a server.
pub(super) fn check(server: &Server, gates: &[BasicGate], cx: &mut Cx) {
    let Some(lookup) = server.lookup() else { return };
    for gate in first_with_each(gates, |gate| gate.file.id) {
        let path = gate.file.arg(0);
        // Relative paths start from the folder of the main file, which a lone snippet does not show.
        let rootless = !path.starts_with('/') && !server.config().guessed_context.is_empty();
        if gate.file.has_hole() || path.contains('$') || rootless {
            continue;
        }
        match cx.password_files.kind(&path, lookup) {
            Found::Unknown => {}
            Found::There(FileKind::Folder) => report(server, gate.route, &gate.file, &Fault::Folder, cx),
            Found::There(FileKind::File) => {
                if let Found::There(text) = lookup.read(&path)
                    && is_empty(&text)
                {
                    report(server, gate.route, &gate.file, &Fault::Empty, cx);
                }
            }
            Found::Missing => {
                if let Some(fault) = missing(server, lookup, &path, &gate.file, cx) {
                    report(server, gate.route, &gate.file, &fault, cx);
                }
            }
        }
    }
}

/// What is wrong with the file.
enum Fault {
    Folder,
    Empty,
    /// Not there, although other password files are kept in its folder, or the whole machine is in view.
    Missing,
    /// Not where nginx looks, but beside the file that names it.
    Beside(String),
    /// Not in the tree, where a file with passwords often is not kept.
    NotKept,
}

/// Whether a password file holds no account.
fn is_empty(text: &str) -> bool {
    text.lines().all(|l| l.trim().is_empty() || l.starts_with('#') || !l.contains(':'))
}

fn missing(server: &Server, lookup: &Lookup, path: &str, directive: &Directive, cx: &mut Cx) -> Option<Fault> {
    // Shown paths start from one folder: what lies between the two files leads from the main folder to the other.
    let folder_of = |file: FileId| Path::new(&cx.sources.file(file).path).parent().map(Path::to_path_buf);
    let between = folder_of(directive.span().file)
        .zip(folder_of(server.config().main))
        .and_then(|(written, main)| written.strip_prefix(main).ok().map(Path::to_path_buf));
    if !path.starts_with('/')
        && let Some(between) = between
        && lookup.files.kind(&normalize(&lookup.main_folder.join(&between).join(path))) == Some(FileKind::File)
    {
        return Some(Fault::Beside(crate::files::display(&between.join(path), Path::new(""))));
    }
    let folder: Option<PathBuf> = lookup.local(path).and_then(|l| l.parent().map(Path::to_path_buf));
    let keeping = &mut cx.password_files.keeping;
    if lookup.settings.this_host || folder.is_some_and(|f| *keeping.entry(f).or_insert_with_key(|f| keeps_accounts(lookup, f))) {
        Some(Fault::Missing)
    } else {
        (!path.starts_with('/')).then_some(Fault::NotKept)
    }
}

/// Whether password files are kept in a folder of the tree: then a missing one is not merely left out on purpose.
fn keeps_accounts(lookup: &Lookup, folder: &Path) -> bool {
    /// Enough to meet one, if there are any.
    const LOOKED_AT: usize = 32;
    let names = lookup.files.list(folder).unwrap_or_default();
    let likely = names.iter().filter(|n| n.contains("pass") || n.contains("user") || !n.trim_start_matches('.').contains('.'));
    likely.take(LOOKED_AT).any(|name| {
        let path = folder.join(name);
        let text = (lookup.files.kind(&path) == Some(FileKind::File)).then(|| lookup.files.read(&path).ok()).flatten();
        text.is_some_and(|t| has_account(&String::from_utf8_lossy(&t)))
    })
}

/// Whether a text is a list of `user:hash` with at least one entry.
fn has_account(text: &str) -> bool {
    let mut lines = text.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#')).peekable();
    let account =
        |l: &str| l.split_once(':').is_some_and(|(user, hash)| !user.is_empty() && !hash.is_empty() && !l.contains(' '));
    lines.peek().is_some() && lines.all(account)
}

fn report(server: &Server, route: RouteId, file: &Directive, fault: &Fault, cx: &mut Cx) {
    let Some(request) = server.landmark(route).map(|r| request_of(server, &r.path)) else { return };
    let request = request.header("Authorization", "Basic dXNlcjpzZWNyZXQ=");
    let path = file.arg(0);
    let who = request.describe();
    let message = match fault {
        Fault::Folder => format!("{who} is refused whatever the password: {path} is a folder"),
        Fault::Empty => format!("{who} gets 401 whatever the password: {path} holds no account"),
        Fault::Missing => format!("{who} gets 403 whatever the password: {path} is not there"),
        Fault::Beside(beside) => {
            format!("{who} gets 403 whatever the password: nginx looks for {path} beside its main file, it lies at {beside}")
        }
        Fault::NotKept => format!("{who} gets 403 whatever the password unless {path} is put there: it is not in this tree"),
    };
    let help = match fault {
        Fault::Beside(_) => "write an absolute path, or one relative to the folder of the main file",
        Fault::Empty => "add an account: htpasswd FILE USER",
        _ => "create the file (htpasswd -c FILE USER), readable for the worker processes, or correct the path",
    };
    let mut found = finding(ID, server, route, file.span(), message, request).help(help);
    if matches!(fault, Fault::NotKept) {
        found = found.severity(Severity::Info).confidence(Confidence::Low);
    }
    cx.report(found);
}
