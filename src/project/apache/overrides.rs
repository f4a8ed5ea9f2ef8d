//! What a `.htaccess` may hold: the `AllowOverride` that counts for its folder.

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

/// A `<Directory>` that says what may be overridden.
struct Section<'a> {
    /// The components of its path.
    path: Vec<Vec<char>>,
    /// The virtual host it stands in.
    host: Option<DirectiveId>,
    allow: Option<Directive<'a>>,
    list: Option<Directive<'a>>,
    /// Whether it is certainly in force.
    certain: bool,
}

/// A server: the main one, or a virtual host.
struct Server {
    host: Option<DirectiveId>,
    /// The folders that it serves.
    folders: Vec<String>,
}

/// What each folder may override.
pub struct Overrides<'a> {
    /// Sorted as the server applies them: by the number of their components.
    sections: Vec<Section<'a>>,
    servers: Vec<Server>,
    /// Whether other files may say more.
    incomplete: bool,
}

impl<'a> Overrides<'a> {
    /// Reads the sections of a configuration.
    pub fn of(config: &'a Config, sources: &'a SourceMap) -> Self {
        let mut sections = Vec::new();
        let mut servers = vec![Server { host: None, folders: Vec::new() }];
        servers.extend(config.all(sources, Name::VirtualHost).map(|host| Server { host: Some(host.id), folders: Vec::new() }));
        if !config.htaccess.is_empty() {
            sections.extend(config.all(sources, Name::Directory).filter_map(section));
            // Stable: sections of the same depth count in the order of the text, and those of a virtual host after the others.
            sections.sort_by_key(|section: &Section<'_>| (section.path.len(), section.host.is_some()));
            for name in [Name::DocumentRoot, Name::Alias, Name::ScriptAlias] {
                for directive in config.all(sources, name) {
                    let host = host_of(directive);
                    let folder = config.server_path(&directive.arg(directive.arg_count().saturating_sub(1)));
                    if let Some(server) = servers.iter_mut().find(|server| server.host == host) {
                        server.folders.push(folder);
                    }
                }
            }
        }
        Self { sections, servers, incomplete: config.partial || config.incomplete }
    }

    /// What the files in the folder of a `.htaccess` may override. Where servers differ, the one that reads them and allows less.
    pub fn allowed(&self, htaccess: &Htaccess) -> Allowed<'a> {
        if htaccess.folder.starts_with(DOCUMENT_ROOT) {
            return Allowed::UNKNOWN;
        }
        let main = self.servers.first().map_or(&[][..], |server| &server.folders);
        let serves = |server: &&Server| server.folders.iter().chain(main).any(|folder| is_below(&htaccess.folder, folder));
        let mut best: Option<Allowed<'a>> = None;
        for server in self.servers.iter().filter(serves) {
            let allowed = self.allowed_by(&htaccess.folder, server.host);
            let worse = |best: &Allowed<'a>| best.ignored || (!allowed.ignored && best.classes == Where::OR_ANY);
            if best.as_ref().is_none_or(worse) {
                best = Some(allowed);
            }
        }
        best.unwrap_or(Allowed::UNKNOWN)
    }

    fn allowed_by(&self, folder: &str, host: Option<DirectiveId>) -> Allowed<'a> {
        let names: Vec<&str> = components(folder).collect();
        let fits = |section: &&Section<'a>| {
            (section.host.is_none() || section.host == host)
                && section.path.len() <= names.len()
                && section.path.iter().zip(&names).all(|(pattern, name)| glob::matches(pattern, name))
        };
        let matching: Vec<&Section<'a>> = self.sections.iter().filter(fits).collect();
        if matching.iter().any(|section| !section.certain) {
            return Allowed::UNKNOWN;
        }
        let directive = matching.iter().rev().find_map(|section| section.allow);
        let list = matching.iter().rev().find_map(|section| section.list);
        let Some(directive) = directive else {
            let ignored = !self.incomplete && list.is_none();
            return Allowed { list, ignored, ..Allowed::UNKNOWN };
        };
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
    let path = components(&directory.arg(0)).map(|name| name.chars().collect()).collect();
    (!lines.is_empty()).then(|| Section { path, host: host_of(directory), allow, list, certain })
}

fn host_of(directive: Directive<'_>) -> Option<DirectiveId> {
    directive.ancestors().find(|section| section.name() == Name::VirtualHost).map(|host| host.id)
}

fn components(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty())
}

fn is_below(folder: &str, outer: &str) -> bool {
    folder.strip_prefix(outer.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
