//! Which sections are for a request: the walks over `<Directory>` and `.htaccess`, `<Files>`, `<Location>`, `<If>` and `<Proxy>`.

use super::chain::{Group, Layer};
use super::frame::{Stands, Walked};
use super::glob;
use super::htaccess::Overrides;
use super::section::{self, Matcher, SectionId, components, pattern_text};
use super::walk::{Stop, Walk};
use crate::project::apache::TOP;
use crate::syntax::apache::Name;

impl Walk<'_, '_> {
    /// The settings that are for every request of the host (`r->server->lookup_defaults`).
    pub(super) fn server_layers(&self) -> Vec<Layer> {
        let group = |id| if Some(id) == self.host.shared.main { Group::Main } else { Group::Host };
        self.host.servers().map(|section| Layer { section, group: group(section) }).collect()
    }

    pub(super) fn push(&mut self, section: SectionId, group: Group) {
        self.r.layers.push(Layer { section, group });
    }

    /// Whether the section's directive is in force.
    pub(super) fn section_in_force(&mut self, id: SectionId) -> bool {
        let directive = self.host.shared.sections.get(id).directive;
        directive == TOP || self.in_force(directive)
    }

    /// Adds the `<Location>` sections for the path, then the `<If>` ones.
    pub(super) fn location_and_if(&mut self) {
        let host = self.host;
        self.r.layers.retain(|layer| layer.group < Group::Location);
        let uri = merge_slashes(&self.r.uri);
        for id in host.shared.outer.locations.iter().chain(&host.outer.locations) {
            if self.location_matches(*id, &uri) && self.section_in_force(*id) {
                self.push(*id, Group::Location);
            }
        }
        self.ifs();
    }

    fn location_matches(&mut self, id: SectionId, uri: &str) -> bool {
        let section = self.host.shared.sections.get(id);
        let directive = self.directive(section.directive);
        match section.matcher {
            Matcher::Literal => location_takes(&pattern_text(&directive), uri),
            Matcher::Glob => glob::matches(&pattern_text(&directive), uri, true),
            Matcher::Regex(regex) => {
                let uri = self.r.uri.clone();
                self.regex_section(id, regex, &uri)
            }
            Matcher::All => true,
            Matcher::Unknown => self.unknown_section(id),
        }
    }

    fn unknown_section(&mut self, id: SectionId) -> bool {
        let directive = self.directive(self.host.shared.sections.get(id).directive);
        let question = format!("whether {} is for this request", directive.text());
        self.decide(&question, false, directive.span(), false)
    }

    /// Whether a regular expression matches; its named groups become variables (`MATCH_NAME`).
    fn regex_section(&mut self, id: SectionId, regex: crate::model::from::regexes::RegexId, text: &str) -> bool {
        let host = self.host;
        let Some(captures) = host.shared.regexes.captures(regex, text) else { return self.unknown_section(id) };
        let Some(captures) = captures else { return false };
        let span = host.shared.section_span(id);
        for (index, name) in host.shared.regexes.group_names(regex) {
            if let Some(group) = captures.get(index) {
                let value = crate::model::Value::Known(group.to_owned());
                self.r.env.set(&format!("MATCH_{}", name.to_ascii_uppercase()), Some(value), Some(span));
            }
        }
        true
    }

    /// Adds the `<Proxy>` sections for a proxied request; such a request has no `<Directory>` and no `<Files>`.
    pub(super) fn proxy_walk(&mut self, url: &str) {
        let host = self.host;
        // A virtual host appends its own to those outside.
        for id in host.shared.outer.proxies.iter().chain(&host.outer.proxies) {
            let section = host.shared.sections.get(*id);
            let directive = self.directive(section.directive);
            let matched = match section.matcher {
                Matcher::Literal => url.starts_with(pattern_text(&directive).as_ref()),
                Matcher::Glob => glob::matches(&pattern_text(&directive), url, false),
                Matcher::Regex(regex) => self.regex_section(*id, regex, url),
                Matcher::All => true,
                Matcher::Unknown => self.unknown_section(*id),
            };
            if matched && self.section_in_force(*id) {
                self.push(*id, Group::Proxy);
            }
        }
    }

    /// Adds the `<Directory>` sections and `.htaccess` files for the file (`ap_directory_walk`). The path is cut where it leaves what
    /// there is: what follows becomes the path info.
    pub(super) fn directory_walk(&mut self) -> Result<(), Stop> {
        self.r.filename = merge_slashes(&self.r.filename);
        let full = self.r.filename.clone();
        let folders = self.locate();
        let parent = |file: &str| file.rfind('/').and_then(|at| file.get(..=at)).unwrap_or_default().to_owned();
        let whole = self.r.path_info.is_empty() && self.r.stands != Stands::Nothing;
        let first = self.r.layers.len();
        // A subrequest or an internal redirect into the same folder takes over what was found there, also for another file
        // (measured: `<DirectoryMatch "index\.html$">` is not for the index file of a folder).
        let entry = match self.r.stands {
            Stands::Folder if !self.r.filename.ends_with('/') => format!("{}/", self.r.filename),
            Stands::File => parent(&self.r.filename),
            _ => self.r.filename.clone(),
        };
        if let Some(walked) = self.r.walked.as_ref().filter(|walked| whole && walked.folder == entry) {
            self.r.layers.extend_from_slice(&walked.layers);
            self.r.same_folder = true;
            return Ok(());
        }
        self.r.walked = None;
        self.r.same_folder = false;
        let walked = self.walk_folders(&full, folders, whole);
        if walked.is_err() {
            // Nothing of the folders holds where one of their files is faulty.
            self.r.layers.truncate(first);
        }
        walked?;
        let layers = self.r.layers.get(first..).unwrap_or_default().to_vec();
        let folder = if self.r.stands == Stands::Folder { self.r.filename.clone() } else { parent(&self.r.filename) };
        self.r.walked = Some(Walked { folder, layers });
        Ok(())
    }

    /// From the root down to the folder of the file. `whole`: the whole path is there.
    fn walk_folders(&mut self, full: &str, folders: usize, whole: bool) -> Result<(), Stop> {
        let host = self.host;
        let directories = self.directories();
        let (plain, regex): (Vec<SectionId>, Vec<SectionId>) =
            directories.into_iter().partition(|id| !matches!(host.shared.sections.get(*id).matcher, Matcher::Regex(_)));
        let mut next = 0;
        for depth in 0..=folders {
            self.plain_sections(&plain, &mut next, depth, folder_of(full, depth));
            self.htaccess_of(folder_of(full, depth))?;
        }
        // Where links are followed, the server does not look whether the last segment is a folder: a section may be for a file.
        if whole
            && self.r.stands == Stands::File
            && self.option_or("followsymlinks", true)
            && !self.option("symlinksifownermatch")
        {
            self.plain_sections(&plain, &mut next, folders + 1, full);
        }
        let filename = self.r.filename.clone();
        for id in regex {
            if let Matcher::Regex(regex) = host.shared.sections.get(id).matcher
                && self.regex_section(id, regex, &filename)
                && self.section_in_force(id)
            {
                self.push(id, Group::Directory);
            }
        }
        Ok(())
    }

    /// Adds the sections without a regular expression for a folder that is so many segments deep. They are sorted by depth; those
    /// before `next` are done.
    fn plain_sections(&mut self, plain: &[SectionId], next: &mut usize, depth: usize, folder: &str) {
        while let Some(id) = plain.get(*next) {
            let directive = self.directive(self.host.shared.sections.get(*id).directive);
            let own_depth = components(&pattern_text(&directive));
            if own_depth > depth {
                break;
            }
            *next += 1;
            if own_depth == depth && self.directory_matches(*id, folder) && self.section_in_force(*id) {
                self.push(*id, Group::Directory);
            }
        }
    }

    /// The `<Directory>` sections of the host in the order of their walk.
    fn directories(&self) -> Vec<SectionId> {
        let (outer, own) = (&self.host.shared.outer.directories, &self.host.outer.directories);
        if own.is_empty() {
            return outer.clone();
        }
        let mut all: Vec<SectionId> = outer.iter().chain(own).copied().collect();
        all.sort_by_key(|id| self.host.shared.directory_rank(*id));
        all
    }

    fn directory_matches(&mut self, id: SectionId, folder: &str) -> bool {
        let section = self.host.shared.sections.get(id);
        let directive = self.directive(section.directive);
        match section.matcher {
            Matcher::Unknown => self.unknown_section(id),
            matcher => directory_takes(matcher, &pattern_text(&directive), folder),
        }
    }

    /// Adds the `.htaccess` of a folder, if `AllowOverride` lets it count.
    fn htaccess_of(&mut self, folder: &str) -> Result<(), Stop> {
        let host = self.host;
        let config = host.shared.config;
        let folder = if folder.len() > 1 { folder.trim_end_matches('/') } else { folder };
        let start = config.htaccess.partition_point(|h| h.folder.as_str() < folder);
        let here = config.htaccess.get(start..).unwrap_or_default().iter().take_while(|h| h.folder == folder);
        let Some((offset, htaccess)) = here.enumerate().next() else { return Ok(()) };
        let Some(section) = host.shared.htaccess.get(start + offset).copied() else { return Ok(()) };
        let overrides = self.overrides();
        if overrides.is_none() {
            self.note_ignored(section);
            return Ok(());
        }
        self.check_htaccess(htaccess, &overrides)?;
        self.push(section, Group::Directory);
        Ok(())
    }

    /// Adds the `<Files>` sections for the file: they stand in what is for the request so far (`ap_file_walk`).
    pub(super) fn file_walk(&mut self) {
        let host = self.host;
        let sections = &host.shared.sections;
        let name = self.r.filename.rsplit('/').next().unwrap_or_default().to_owned();
        let candidates: Vec<SectionId> = self.r.layers.iter().flat_map(|l| sections.files(l.section)).copied().collect();
        for id in candidates {
            let section = sections.get(id);
            let directive = self.directive(section.directive);
            let matched = match section.matcher {
                Matcher::Literal => pattern_text(&directive) == name,
                Matcher::Glob => glob::matches(&pattern_text(&directive), &name, true),
                Matcher::Regex(regex) => self.regex_section(id, regex, &name),
                Matcher::All => true,
                Matcher::Unknown => self.unknown_section(id),
            };
            if matched && self.section_in_force(id) {
                self.push(id, Group::Files);
            }
        }
    }

    /// How many folders deep the file lies; cuts the path into file and path info.
    fn locate(&mut self) -> usize {
        let full = self.r.filename.clone();
        let (stands, end) = self.find_file(&full);
        self.r.stands = stands;
        let (filename, path_info) = full.split_at_checked(end).unwrap_or((&full, ""));
        let path_info = if stands == Stands::Folder && path_info == "/" { String::new() } else { path_info.to_owned() };
        let depth = section::components(filename);
        let ends_with_slash = stands == Stands::Folder && full.ends_with('/') && end + 1 >= full.len();
        self.r.filename = if ends_with_slash && !filename.ends_with('/') { format!("{filename}/") } else { filename.to_owned() };
        self.r.path_info = path_info;
        if stands == Stands::Folder { depth } else { depth.saturating_sub(1) }
    }

    /// What `AllowOverride` lets a `.htaccess` do here.
    fn overrides(&mut self) -> Overrides {
        if self.host.shared.is_tree() {
            return Overrides::all();
        }
        let classes = self.last(&[Name::AllowOverride]);
        let list = self.last(&[Name::AllowOverrideList]);
        let config = self.host.shared.config;
        if classes.is_none() && list.is_none() && (config.partial || config.incomplete) {
            // It stands where the rest of the configuration is.
            let place = self.place();
            let read = self.decide("whether AllowOverride lets .htaccess files count", true, place, false);
            return if read { Overrides::all() } else { Overrides::none() };
        }
        Overrides::of(classes, list)
    }
}

/// Slashes in a row as one.
fn merge_slashes(uri: &str) -> String {
    let mut out = String::with_capacity(uri.len());
    for c in uri.chars() {
        if c != '/' || !out.ends_with('/') {
            out.push(c);
        }
    }
    out
}

/// Whether `<Location path>` is for a URL path: it itself, or what lies below it.
pub(super) fn location_takes(path: &str, uri: &str) -> bool {
    let Some(rest) = uri.strip_prefix(path) else { return false };
    path.is_empty() || path.ends_with('/') || rest.is_empty() || rest.starts_with('/')
}

/// Whether `<Directory path>` is for a folder; both may have a slash at their end.
pub(super) fn directory_takes(matcher: Matcher, path: &str, folder: &str) -> bool {
    let (path, folder) = (path.trim_end_matches('/'), folder.trim_end_matches('/'));
    match matcher {
        Matcher::Literal => normal_folder(path) == normal_folder(folder),
        Matcher::Glob => glob::matches(path, folder, true),
        _ => true,
    }
}

/// A path without empty segments and `.`; most have none.
fn normal_folder(path: &str) -> std::borrow::Cow<'_, str> {
    if !path.contains("//") && !path.contains("/.") {
        return path.into();
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|p| !p.is_empty() && *p != ".") {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    format!("/{}", parts.join("/")).into()
}

/// The first `depth` segments of an absolute path: `/` for none.
pub(super) fn folder_of(path: &str, depth: usize) -> &str {
    if depth == 0 {
        return "/";
    }
    let mut seen = 0;
    let mut inside = false;
    for (at, byte) in path.bytes().enumerate() {
        if byte == b'/' {
            if inside && seen == depth {
                return path.get(..at).unwrap_or(path);
            }
            inside = false;
        } else if !inside {
            inside = true;
            seen += 1;
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_a_path() {
        assert_eq!(folder_of("/var/www/x", 0), "/");
        assert_eq!(folder_of("/var/www/x", 1), "/var");
        assert_eq!(folder_of("/var/www/x", 2), "/var/www");
        assert_eq!(folder_of("/var/www/x", 3), "/var/www/x");
        assert_eq!(folder_of("/var/www/", 2), "/var/www");
    }

    #[test]
    fn locations() {
        assert!(location_takes("/a", "/a/b"));
        assert!(location_takes("/a", "/a"));
        assert!(!location_takes("/a", "/ab"));
        assert!(location_takes("/a/", "/a/b"));
        assert!(!location_takes("/a/", "/a"));
        assert!(location_takes("/", "/x"));
    }

    #[test]
    fn directories() {
        assert!(directory_takes(Matcher::Literal, "/var//www/", "/var/www"));
        assert!(!directory_takes(Matcher::Literal, "/var/www", "/var/www/x"));
        assert!(directory_takes(Matcher::Glob, "/home/*/www", "/home/ann/www"));
        assert!(!directory_takes(Matcher::Glob, "/home/*/www", "/home/ann/x/www"));
    }
}
