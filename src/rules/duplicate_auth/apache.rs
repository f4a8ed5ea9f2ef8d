//! The same for Apache: two sections for one path, or two checks in one section.

use std::collections::HashMap;

use super::super::Cx;
use super::super::apache_gate::{is_before_files, limit_of, taken_to_be_there, uses};
use super::super::support::finding;
use super::{ID, holds_all_of};
use crate::finding::Severity;
use crate::model::from::Found;
use crate::model::from::apache::{Guard, Host, Reach};
use crate::model::{Outcome, Site};
use crate::project::apache::Directive;
use crate::syntax::apache::Name;

/// A section with a check of its own, and the URL path that it is for.
struct Area<'g, 'a> {
    guard: &'g Guard<'a>,
    /// Without a slash at its end.
    path: String,
    /// When it counts: later sections stand in for earlier ones.
    rank: (u8, usize, usize),
}

/// Looks at sections with a check of their own, and at those around each.
pub(in super::super) fn check(host: &Host, cx: &mut Cx) {
    if !uses(host, Name::AuthUserFile) && !uses(host, Name::AuthName) {
        return;
    }
    let guards = host.guards();
    let mut whole: Vec<(usize, &Guard)> = Vec::new();
    for (index, guard) in guards.iter().enumerate() {
        if !twice(host, guard, cx) && is_whole(guard) {
            whole.push((index, guard));
        }
    }
    if whole.len() < 2 {
        return;
    }
    let areas: Vec<Area> = whole.into_iter().filter_map(|(index, guard)| area(host, guard, index)).collect();
    let mut by_path: HashMap<&str, Vec<usize>, foldhash::fast::FixedState> = HashMap::default();
    for (index, area) in areas.iter().enumerate() {
        by_path.entry(area.path.as_str()).or_default().push(index);
    }
    for (index, inner) in areas.iter().enumerate() {
        // The nearest one around it, or another one for the same path.
        let mut path = inner.path.as_str();
        loop {
            let mut here = by_path.get(path).map_or(&[][..], Vec::as_slice).iter().copied();
            let other = here.rfind(|other| *other != index && (path != inner.path || *other < index));
            if let Some(other) = other.and_then(|other| areas.get(other)) {
                overlap(host, inner, other, cx);
                break;
            }
            match path.rsplit_once('/') {
                Some((around, _)) => path = around,
                None => break,
            }
        }
    }
}

/// Whether a section asks for a user itself and says itself where the passwords are, or of what.
fn is_whole(guard: &Guard) -> bool {
    let own = guard.last(Name::AuthName).is_some() || guard.last(Name::AuthUserFile).is_some();
    let is_plain = guard.block.is_none_or(|b| b.arg_count() == 1 && !b.arg(0).contains(['*', '?', '[']) && !b.is_unknown());
    let by_regex =
        guard.block.is_some_and(|b| matches!(b.name(), Name::DirectoryMatch | Name::FilesMatch | Name::LocationMatch));
    let asks = guard.asks().is_some() && guard.last(Name::AuthMerging).is_none();
    asks && own && is_plain && !by_regex && !guard.own.iter().any(Directive::is_unknown)
}

fn area<'g, 'a>(host: &Host, guard: &'g Guard<'a>, index: usize) -> Option<Area<'g, 'a>> {
    let path = host.landmark_of(guard)?.path.trim_end_matches('/').to_owned();
    let depth = path.matches('/').count();
    let rank = match guard.reach {
        // A `.htaccess` counts after the `<Directory>` of its folder.
        Reach::Folder => (0, depth * 2 + usize::from(guard.htaccess.is_some()), index),
        Reach::Names => (1, depth, index),
        Reach::Urls => (2, 0, guard.block.map_or(0, |b| b.id as usize)),
    };
    Some(Area { guard, path, rank })
}

/// Two sections, of which one is for all that the other is for.
fn overlap<'a>(host: &Host<'a>, inner: &Area<'_, 'a>, outer: &Area<'_, 'a>, cx: &mut Cx) {
    let (earlier, later) = if inner.rank > outer.rank { (outer, inner) } else { (inner, outer) };
    let value = |area: &Area, name| area.guard.last(name).map(|d: Directive| d.arg(0).into_owned());
    let names = (value(earlier, Name::AuthName), value(later, Name::AuthName));
    let files = (value(earlier, Name::AuthUserFile), value(later, Name::AuthUserFile));
    let other_realm = names.0.is_some() && names.1.is_some() && names.0 != names.1;
    let other_file = files.0.is_some() && files.1.is_some() && files.0 != files.1 && !holds_all(host, earlier, later);
    let Some(first) = later.guard.first().filter(|_| other_realm || other_file) else { return };
    // One asks with a password, the other with a ticket or a form: these do not get into each other's way.
    let kind = |area: &Area| {
        let own = area.guard.last(Name::AuthType).or(host.effective(area.guard.route, Name::AuthType));
        own.map(|d| d.arg(0).to_ascii_lowercase())
    };
    if kind(earlier) != kind(later) {
        return;
    }
    let same_accounts = files.0.is_some() && files.0 == files.1;
    let Some(request) = host.landmark_of(inner.guard).map(taken_to_be_there) else { return };
    let outcome = host.resolve(&request);
    let place = later.guard.last(Name::AuthType).or(host.effective(later.guard.route, Name::AuthType));
    let Some(place) = place.map(|d| d.span()) else { return };
    if !outcome.always(|o: &Outcome| o.gates.iter().any(|g| g.span == place)) {
        return;
    }
    // A proxied request meets no section for files.
    let proxied = outcome.handler.span.is_some_and(|by| is_before_files(cx.sources.text(by)));
    if proxied && earlier.guard.reach != Reach::Urls {
        return;
    }
    // Whether all that the earlier one is for is taken over: then nobody ever needs its accounts.
    let whole = inner.path == outer.path || std::ptr::eq(later, outer);
    let who = request.describe();
    let quoted = |name: &Option<String>| name.clone().unwrap_or_default();
    let realms = format!("realm {:?} instead of {:?}", quoted(&names.1), quoted(&names.0));
    let (message, is_error) = match (other_realm, other_file, whole) {
        (_, true, true) => (format!("{who} refuses the accounts of {}: this check stands in for that one", quoted(&files.0)), true),
        (_, false, true) => (format!("{who} is asked by this check, the other one for the same path is dead ({realms})"), false),
        (true, _, false) if !same_accounts => {
            (format!("{who} asks for another password than the section around it ({realms}): visitors sign in twice"), false)
        }
        (true, _, false) => (format!("{who} asks again for the same account under another name ({realms})"), false),
        _ => (format!("{who} refuses the accounts that the section around it accepts: same realm, another password file"), true),
    };
    let mut found = finding(ID, host, later.guard.route, first.span(), message, request);
    if let Some(other) = earlier.guard.first() {
        found = found.related(other.span(), if whole { "the check that it stands in for" } else { "the check around it" });
    }
    if let Some(file) = earlier.guard.last(Name::AuthUserFile) {
        found = found.related(file.span(), "and its accounts");
    }
    if is_error {
        found = found.severity(Severity::Error);
    }
    cx.report(found.help(if whole {
        "keep one of the two checks, or name the same password file in both"
    } else {
        "if two sign-ins are wanted, ignore this here; else use one realm and one file"
    }));
}

/// Whether the later file is known to hold every account of the earlier one.
fn holds_all<'a>(host: &Host<'a>, earlier: &Area<'_, 'a>, later: &Area<'_, 'a>) -> bool {
    let read = |area: &Area<'_, 'a>| {
        let path = host.server_path(&area.guard.last(Name::AuthUserFile)?)?;
        match host.lookup()?.read(&path) {
            Found::There(text) => Some(text),
            _ => None,
        }
    };
    let (Some(earlier), Some(later)) = (read(earlier), read(later)) else { return false };
    holds_all_of(&earlier, &later)
}

/// Two checks one behind the other in one section: the last of each directive counts.
fn twice(host: &Host, guard: &Guard, cx: &mut Cx) -> bool {
    let types: Vec<Directive> = guard.all(Name::AuthType).filter(|d| limit_of(d).is_none()).collect();
    let [first, .., second] = types.as_slice() else { return false };
    let files: Vec<Directive> = guard.all(Name::AuthUserFile).collect();
    let names: Vec<Directive> = guard.all(Name::AuthName).collect();
    if files.len() < 2 && names.len() < 2 || guard.own.iter().any(Directive::is_unknown) {
        return false;
    }
    let Some(request) = host.landmark_of(guard).map(taken_to_be_there) else { return false };
    let differ = match files.as_slice() {
        [one, .., other] => one.arg(0) != other.arg(0),
        _ => false,
    };
    // The block begins with whichever directive stands first behind the one before.
    let begin = guard.own.iter().find(|d| {
        d.id > first.id && match d.name() {
            Name::AuthType => true,
            Name::AuthName => names.first().is_some_and(|n| n.id < d.id),
            Name::AuthUserFile => files.first().is_some_and(|f| f.id < d.id),
            _ => false,
        }
    });
    let begin = begin.unwrap_or(second);
    let message = if differ {
        format!("{} refuses the accounts of {}: this second check in the same section stands in for the first", request.describe(),
            files.first().map_or_else(String::new, |f| f.arg(0).into_owned()))
    } else {
        format!("{} is asked by this check only: the first one in the same section is dead", request.describe())
    };
    let mut found = finding(ID, host, guard.route, begin.span(), message, request)
        .related(first.span(), "the check before")
        .help("keep one of the two");
    if differ {
        found = found.severity(Severity::Error);
    }
    cx.report(found);
    true
}
