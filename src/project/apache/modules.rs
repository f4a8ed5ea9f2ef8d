//! Which modules are loaded at some point of the reading.

use std::collections::BTreeSet;

/// What every server has, linked in or loaded: without the last three hardly a configuration starts.
const BUILT_IN: &[&str] = &["core", "http_core", "mod_so", "mod_log_config", "mod_unixd", "mod_version"];

/// What Debian links in and others load.
const OFTEN_BUILT_IN: &[&str] = &["mod_logio", "mod_watchdog"];

/// The MPMs, of which a server has exactly one.
const MPMS: &[&str] = &["event", "mpm_netware", "mpm_winnt", "mpmt_os2", "prefork", "worker"];

/// Modules whose source file is not called as their identifier says (`mod_x.c` for `x_module`); measured with `<IfModule>` in
/// 2.4.71.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("core", "core"),
    ("http", "http_core"),
    ("ldap", "util_ldap"),
    ("mpm_event", "event"),
    ("mpm_netware", "mpm_netware"),
    ("mpm_prefork", "prefork"),
    ("mpm_winnt", "mpm_winnt"),
    ("mpm_worker", "worker"),
];

/// The modules that the lines read so far load.
#[derive(Debug, Default)]
pub(super) struct Modules {
    /// Certainly.
    loaded: BTreeSet<String>,
    /// Under a condition that the files do not decide.
    possible: BTreeSet<String>,
}

/// The name of a module's source file without its ending, for the two ways in which `<IfModule>` names it: `mod_rewrite.c` and
/// `rewrite_module`. `None`: no module has such a name. Case counts.
pub(super) fn source_name(text: &str) -> Option<String> {
    if let Some(identifier) = text.strip_suffix("_module") {
        let other = OTHER_NAMES.iter().find(|(known, _)| *known == identifier);
        return Some(other.map_or_else(|| format!("mod_{identifier}"), |(_, source)| (*source).to_owned()));
    }
    // Modules in C++ are called `mod_x.cc` or `mod_x.cpp`.
    let (name, ending) = text.rsplit_once('.')?;
    matches!(ending, "c" | "cc" | "cpp" | "cxx").then(|| name.to_owned())
}

impl Modules {
    /// `LoadModule`.
    pub(super) fn load(&mut self, identifier: &str, certain: bool) {
        let Some(name) = source_name(identifier) else { return };
        if certain {
            self.possible.remove(&name);
            self.loaded.insert(name);
        } else if !self.loaded.contains(&name) {
            self.possible.insert(name);
        }
    }

    /// Whether a module is loaded, by the name of its source file. `closed`: whether all lines that may load one were read.
    pub(super) fn has(&self, name: &str, closed: bool) -> Option<bool> {
        if self.loaded.contains(name) || BUILT_IN.contains(&name) {
            return Some(true);
        }
        let other_mpm = MPMS.contains(&name) && MPMS.iter().any(|mpm| self.loaded.contains(*mpm));
        let would_be_named = !self.possible.contains(name) && !OFTEN_BUILT_IN.contains(&name);
        let absent = other_mpm || closed && self.names_all() && would_be_named;
        absent.then_some(false)
    }

    /// Whether the server is one that loads its modules one by one, so that those that are not named are not there: nearly
    /// everything can be linked into a server, but then this module is as well.
    fn names_all(&self) -> bool {
        self.loaded.contains("mod_authz_core")
    }

    /// The modules that are certainly loaded, sorted, and whether no other can be.
    pub(super) fn finish(self, closed: bool) -> (Vec<String>, bool) {
        let complete = closed && self.names_all() && self.possible.is_empty();
        let mut all = self.loaded;
        all.extend(BUILT_IN.iter().map(|name| (*name).to_owned()));
        (all.into_iter().collect(), complete)
    }
}

/// The identifier of the module that Debian's `mods-available/<name>.load` loads. Its names are those of the identifiers, but for
/// one.
pub(super) fn identifier_of(name: &str) -> String {
    format!("{}_module", if name == "dump_io" { "dumpio" } else { name })
}
