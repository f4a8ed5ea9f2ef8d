//! Which sections are for a request: the walks over `<Directory>` and `.htaccess`, and `<Files>`. Those over `<Location>`, `<Proxy>`
//! and `<If>` are in modules of their own.

use super::chain::{Group, Layer};
use super::frame::Stands;
use super::glob;
use super::htaccess::Overrides;
use super::section::{self, Matcher, SectionId, components, pattern_text};
use super::walk::{Stop, Walk};
use super::walked::{Kind, Walked};
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

    pub(super) fn unknown_section(&mut self, id: SectionId) -> bool {
        let directive = self.directive(self.host.shared.sections.get(id).directive);
        let question = format!("whether {} is for this request", directive.text());
        self.decide(&question, false, directive.span(), false)
    }

    /// Whether a regular expression matches; its named groups become variables (`MATCH_NAME`).
    pub(super) fn regex_section(&mut self, id: SectionId, regex: crate::model::from::regexes::RegexId, text: &str) -> bool {
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

    /// Adds the `<Directory>` sections and `.htaccess` files for the file (`ap_directory_walk`). The path is cut where it leaves what
    /// there is: what follows becomes the path info.
    pub(super) fn directory_walk(&mut self) -> Result<(), Stop> {
        self.r.filename = canonical(&self.r.filename).unwrap_or_else(|| merge_slashes(&self.r.filename));
        let full = self.r.filename.clone();
        let folders = self.locate();
        let parent = |file: &str| file.rfind('/').and_then(|at| file.get(..=at)).unwrap_or_default().to_owned();
        let whole = self.r.path_info.is_empty() && self.r.stands != Stands::Nothing;
        let first = self.r.layers.len();
        let earlier = self.earlier_walk(Kind::Directory);
        // A subrequest or an internal redirect into the same folder takes over what was found there, also for another file
        // (measured: `<DirectoryMatch "index\.html$">` is not for the index file of a folder).
        let entry = match self.r.stands {
            Stands::Folder if !self.r.filename.ends_with('/') => format!("{}/", self.r.filename),
            Stands::File => parent(&self.r.filename),
            _ => self.r.filename.clone(),
        };
        if whole && earlier.of.as_deref() == Some(&entry) {
            for id in &earlier.sections {
                self.push(*id, Group::Directory);
            }
            self.r.settings = earlier.after;
            self.note_walk(Kind::Directory, earlier);
            return Ok(());
        }
        let walked = self.walk_folders(&full, folders, whole);
        let matched: Vec<SectionId> = self.r.layers.iter().skip(first).map(|layer| layer.section).collect();
        if walked.is_err() {
            // Nothing of the folders holds where one of their files is faulty.
            self.r.layers.truncate(first);
            self.note_walk(Kind::Directory, Walked { sections: matched, ..earlier });
            return walked;
        }
        let folder = if self.r.stands == Stands::Folder { self.r.filename.clone() } else { parent(&self.r.filename) };
        let takes_over = self.keeps_settings();
        self.end_walk(Kind::Directory, &earlier, folder, matched, takes_over);
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
            return outer.to_vec();
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
        if let Err(stop) = self.check_htaccess(htaccess, &overrides) {
            // The walk came no further than this folder; what a client asked for is still what is said of its file.
            if self.r.subrequest {
                self.r.filename = format!("{}/", folder.trim_end_matches('/'));
            }
            return Err(stop);
        }
        self.push(section, Group::Directory);
        Ok(())
    }

    /// Adds the `<Files>` sections for the file: they stand in what is for the request so far (`ap_file_walk`).
    pub(super) fn file_walk(&mut self) {
        let host = self.host;
        let sections = &host.shared.sections;
        let candidates: Vec<SectionId> = self.r.layers.iter().flat_map(|l| sections.files(l.section)).copied().collect();
        if candidates.is_empty() {
            return;
        }
        let earlier = self.earlier_walk(Kind::Files);
        let name = self.r.filename.rsplit('/').next().unwrap_or_default().to_owned();
        let is_same_name = earlier.of.as_deref() == Some(&name) && earlier.before == self.r.settings;
        let mut matched = Vec::new();
        if is_same_name {
            matched.clone_from(&earlier.sections);
        } else {
            for id in candidates {
                if self.file_matches(id, &name) && self.section_in_force(id) {
                    matched.push(id);
                }
            }
        }
        for id in &matched {
            self.push(*id, Group::Files);
        }
        let takes_over = is_same_name || self.keeps_settings();
        self.end_walk(Kind::Files, &earlier, name, matched, takes_over);
    }

    fn file_matches(&mut self, id: SectionId, name: &str) -> bool {
        let section = self.host.shared.sections.get(id);
        let directive = self.directive(section.directive);
        match section.matcher {
            Matcher::Literal => pattern_text(&directive) == name,
            Matcher::Glob => glob::matches(&pattern_text(&directive), name, true),
            Matcher::Regex(regex) => self.regex_section(id, regex, name),
            Matcher::All => true,
            Matcher::Unknown => self.unknown_section(id),
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
pub(super) fn merge_slashes(uri: &str) -> String {
    let mut out = String::with_capacity(uri.len());
    for c in uri.chars() {
        if c != '/' || !out.ends_with('/') {
            out.push(c);
        }
    }
    out
}

/// A path without empty segments, `.` and `..` (`apr_filepath_merge`); `None`: it leads out of what it starts from.
pub(super) fn canonical(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            parts.pop()?;
        } else {
            parts.push(part);
        }
    }
    let is_folder = ["/", "/.", "/.."].iter().any(|end| path.ends_with(end)) && !parts.is_empty();
    Some(format!("/{}{}", parts.join("/"), if is_folder { "/" } else { "" }))
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
    fn canonical_paths() {
        let is = |path: &str| canonical(path);
        assert_eq!(is("/a//b/./c").as_deref(), Some("/a/b/c"));
        assert_eq!(is("/a/b/..").as_deref(), Some("/a/"));
        assert_eq!(is("/a/../x").as_deref(), Some("/x"));
        assert_eq!(is("/a/").as_deref(), Some("/a/"));
        assert_eq!(is("/").as_deref(), Some("/"));
        assert_eq!(is("/a/../..").as_deref(), None);
    }

    #[test]
    fn directories() {
        assert!(directory_takes(Matcher::Literal, "/var//www/", "/var/www"));
        assert!(!directory_takes(Matcher::Literal, "/var/www", "/var/www/x"));
        assert!(directory_takes(Matcher::Glob, "/home/*/www", "/home/ann/www"));
        assert!(!directory_takes(Matcher::Glob, "/home/*/www", "/home/ann/x/www"));
    }
}
