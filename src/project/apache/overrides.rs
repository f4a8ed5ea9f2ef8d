//! What a `.htaccess` may hold: the `AllowOverride` that counts for its folder.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::config::{CERTAIN, Config, DOCUMENT_ROOT, Directive, DirectiveId, Htaccess};
use crate::project::glob;
use crate::source::SourceMap;
use crate::syntax::apache::Name;
use crate::syntax::apache::directives::Where;

/// What the files in a folder may override.
#[derive(Clone, Copy, Debug)]
pub struct Allowed<'a> {
    /// The classes; all of them where the files do not tell.
    pub classes: Where,
    /// The `AllowOverride` that says so, if one does.
    pub directive: Option<Directive<'a>>,
    /// The `AllowOverrideList` that allows more, if there is one.
    pub list: Option<Directive<'a>>,
    /// Whether no server reads the files there (`AllowOverride None`, which is the default).
    pub ignored: bool,
    /// Whether directives that are not allowed are passed over (`Nonfatal=Override`).
    pub skips_misplaced: bool,
    /// Whether unknown directives are passed over (`Nonfatal=Unknown`).
    pub skips_unknown: bool,
}

impl Allowed<'_> {
    const UNKNOWN: Self = Self {
        classes: Where::OR_ANY,
        directive: None,
        list: None,
        ignored: false,
        skips_misplaced: false,
        skips_unknown: false,
    };

    /// Whether the list names a directive.
    pub fn lists(&self, name: &str) -> bool {
        self.list.is_some_and(|list| list.args().any(|arg| arg.eq_ignore_ascii_case(name)))
    }
}

/// What `Options All` stands for (`OPT_ALL`).
const ALL_OPTIONS: &[&str] = &["indexes", "includes", "includesnoexec", "followsymlinks", "execcgi"];

/// Whether an `AllowOverride` lets a `.htaccess` set an option. Of several words about options the last counts, and `Options` without a
/// list is `Options=All`, which has neither `MultiViews` nor `SymLinksIfOwnerMatch` (measured); `AllowOverride All` has them.
pub fn allows_option(allow: &Directive<'_>, option: &str) -> bool {
    let words = allow.args().map(|word| word.to_ascii_lowercase()).filter(|word| word.starts_with("options"));
    let Some(last) = words.last() else { return true };
    let listed: Vec<&str> = last.strip_prefix("options=").unwrap_or("all").split(',').collect();
    let lists = |option: &str| {
        listed.contains(&option)
            || option == "includesnoexec" && listed.contains(&"includes")
            || ALL_OPTIONS.contains(&option) && listed.contains(&"all")
    };
    match option.to_ascii_lowercase().as_str() {
        "none" => true,
        "all" => ALL_OPTIONS.iter().all(|one| lists(one)),
        "runscripts" => lists("multiviews") && lists("execcgi"),
        option => lists(option),
    }
}

/// A `<Directory>` that says what may be overridden.
struct Section<'a> {
    /// How many components its path has.
    depth: usize,
    /// The virtual host it stands in.
    host: Host,
    allow: Option<Directive<'a>>,
    list: Option<Directive<'a>>,
    /// Whether it is certainly in force.
    certain: bool,
}

/// A virtual host; `None` for the main server.
type Host = Option<DirectiveId>;

/// What each folder may override.
#[derive(Default)]
pub struct Overrides<'a> {
    sections: Vec<Section<'a>>,
    /// Sections by their path, without a slash at its end.
    by_path: HashMap<String, Vec<usize>, FixedState>,
    /// Those whose path is a pattern, with its components.
    patterns: Vec<(Vec<Vec<char>>, usize)>,
    /// The servers that serve a folder.
    servers: HashMap<String, Vec<Host>, FixedState>,
    /// Whether other files may say more.
    incomplete: bool,
}

impl<'a> Overrides<'a> {
    /// Reads the sections of a configuration.
    pub fn of(config: &'a Config, sources: &'a SourceMap) -> Self {
        let mut overrides = Self { incomplete: config.partial || config.incomplete, ..Self::default() };
        if config.htaccess.is_empty() {
            return overrides;
        }
        for directory in config.all(sources, Name::Directory) {
            let Some(section) = section(directory) else { continue };
            let index = overrides.sections.len();
            overrides.sections.push(section);
            let path = config.server_path(&directory.arg(0));
            if glob::is_pattern(&path) {
                let pattern = components(&path).map(|name| name.chars().collect()).collect();
                overrides.patterns.push((pattern, index));
            } else {
                overrides.by_path.entry(path.trim_end_matches('/').to_owned()).or_default().push(index);
            }
        }
        for name in [Name::DocumentRoot, Name::Alias, Name::ScriptAlias] {
            for directive in config.all(sources, name) {
                let folder = config.server_path(&directive.arg(directive.arg_count().saturating_sub(1)));
                let servers = overrides.servers.entry(folder.trim_end_matches('/').to_owned()).or_default();
                let host = host_of(directive);
                if !servers.contains(&host) {
                    servers.push(host);
                }
            }
        }
        overrides
    }

    /// What the files in the folder of a `.htaccess` may override. Where servers differ, the one that reads them and allows less.
    pub fn allowed(&self, htaccess: &Htaccess) -> Allowed<'a> {
        let folder = &htaccess.folder;
        if folder.starts_with(DOCUMENT_ROOT) {
            return Allowed::UNKNOWN;
        }
        let matching = self.matching(folder);
        let hosts: Vec<Host> = matching.iter().map(|section| section.host).collect();
        // A host without sections of its own is like the main server.
        let mut asked: Vec<Host> = Vec::new();
        for server in above(folder).filter_map(|path| self.servers.get(path)).flatten() {
            let host = server.filter(|_| hosts.contains(server));
            if !asked.contains(&host) {
                asked.push(host);
            }
        }
        let mut best: Option<Allowed<'a>> = None;
        for host in asked {
            let allowed = self.allowed_by(&matching, host);
            let worse = |best: &Allowed<'a>| best.ignored || (!allowed.ignored && best.classes == Where::OR_ANY);
            if best.as_ref().is_none_or(worse) {
                best = Some(allowed);
            }
        }
        best.unwrap_or(Allowed::UNKNOWN)
    }

    /// The sections for a folder and those around it, in the order in which the server applies them: by the number of their
    /// components, and those of a virtual host after the others.
    fn matching(&self, folder: &str) -> Vec<&Section<'a>> {
        let mut found: Vec<usize> = above(folder).filter_map(|path| self.by_path.get(path)).flatten().copied().collect();
        if !self.patterns.is_empty() {
            let names: Vec<&str> = components(folder).collect();
            let fits = |pattern: &[Vec<char>]| {
                pattern.len() <= names.len() && pattern.iter().zip(&names).all(|(pattern, name)| glob::matches(pattern, name))
            };
            found.extend(self.patterns.iter().filter(|(pattern, _)| fits(pattern)).map(|(_, index)| *index));
        }
        found.sort_unstable();
        let mut sections: Vec<&Section<'a>> = found.into_iter().filter_map(|index| self.sections.get(index)).collect();
        sections.sort_by_key(|section| (section.depth, section.host.is_some()));
        sections
    }

    fn allowed_by(&self, matching: &[&Section<'a>], host: Host) -> Allowed<'a> {
        let own = || matching.iter().rev().filter(|section| section.host.is_none() || section.host == host);
        if own().any(|section| !section.certain) {
            return Allowed::UNKNOWN;
        }
        let list = own().find_map(|section| section.list);
        let Some(directive) = own().find_map(|section| section.allow) else {
            let ignored = !self.incomplete && list.is_none();
            return Allowed { list, ignored, ..Allowed::UNKNOWN };
        };
        read(directive, list)
    }
}

/// The classes that an `AllowOverride` names.
fn read<'a>(directive: Directive<'a>, list: Option<Directive<'a>>) -> Allowed<'a> {
    if directive.is_unknown() {
        return Allowed::UNKNOWN;
    }
    let mut allowed = Allowed { classes: Where::default(), directive: Some(directive), list, ..Allowed::UNKNOWN };
    for arg in directive.args() {
        let arg = arg.to_ascii_lowercase();
        let more = match arg.as_str() {
            "all" => Where::OR_ANY,
            "fileinfo" => Where::FILE_INFO,
            "authconfig" => Where::AUTH_CONFIG,
            "indexes" => Where::INDEXES,
            "limit" => Where::LIMIT,
            "none" => {
                allowed.classes = Where::default();
                continue;
            }
            "nonfatal=all" | "nonfatal=override" | "nonfatal=unknown" => {
                allowed.skips_misplaced |= !arg.ends_with("unknown");
                allowed.skips_unknown |= !arg.ends_with("override");
                continue;
            }
            _ if arg.starts_with("options") => Where::OPTIONS,
            _ => continue,
        };
        allowed.classes = allowed.classes.or(more);
    }
    allowed.ignored = allowed.classes == Where::default() && list.is_none();
    allowed
}

fn section(directory: Directive<'_>) -> Option<Section<'_>> {
    // A regular expression counts only for files, after the `.htaccess` was read.
    if directory.arg_count() != 1 {
        return None;
    }
    let own = |name: Name| directory.children().filter(|child| child.name() == name).last();
    let (allow, list) = (own(Name::AllowOverride), own(Name::AllowOverrideList));
    let lines: Vec<Directive<'_>> = [allow, list].into_iter().flatten().collect();
    let certain = !directory.is_unknown() && lines.iter().all(|line| line.condition() == CERTAIN);
    let depth = components(&directory.arg(0)).count();
    (!lines.is_empty()).then(|| Section { depth, host: host_of(directory), allow, list, certain })
}

fn host_of(directive: Directive<'_>) -> Host {
    directive.ancestors().find(|section| section.name() == Name::VirtualHost).map(|host| host.id)
}

fn components(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty())
}

/// A folder and those around it, the root as an empty text.
fn above(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder.trim_end_matches('/')), |path| path.rsplit_once('/').map(|(outer, _)| outer))
}
