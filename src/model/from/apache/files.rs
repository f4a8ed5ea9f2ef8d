//! What stands on the disk of the served machine, as far as the files and the request tell.

use super::frame::Stands;
use super::section::{self, Matcher};
use super::walk::{Stop, Walk};
use crate::files::FileKind;
use crate::model::from::lookup::Found;
use crate::project::apache::config::DOCUMENT_ROOT;
use crate::syntax::apache::Name;

impl Walk<'_, '_> {
    /// What stands at a path, and how many bytes of it are there: what follows is path info.
    pub(super) fn find_file(&mut self, path: &str) -> (Stands, usize) {
        let trimmed = path.trim_end_matches('/');
        if trimmed.is_empty() {
            return (Stands::Folder, path.len());
        }
        let wants_folder = path.ends_with('/');
        if self.is_folder(trimmed) {
            return (Stands::Folder, trimmed.len());
        }
        // A slash behind a file is path info.
        if wants_folder && self.lookup(trimmed) == Some(Some(FileKind::File)) {
            return (Stands::File, trimmed.len());
        }
        // A file in the middle: what follows is path info.
        if let Some(end) = self.script_before(trimmed) {
            return (Stands::File, end);
        }
        if let Some(known) = self.known_kind(path) {
            return match known {
                Stands::Nothing => (Stands::Nothing, self.first_missing(trimmed)),
                other => (other, trimmed.len()),
            };
        }
        let place = self.mapping_place();
        if !wants_folder {
            let likely = self.is_redirect_target(trimmed) || has_extension(trimmed) && self.is_own(trimmed);
            if self.decide(&format!("whether {trimmed} is a file on the server"), likely, place, true) {
                return (Stands::File, trimmed.len());
            }
        }
        if self.decide(&format!("whether {trimmed} is a folder on the server"), false, place, true) {
            return (Stands::Folder, trimmed.len());
        }
        (Stands::Nothing, self.first_missing(trimmed))
    }

    /// What stands at a path, if that is known.
    pub(super) fn known_kind(&mut self, path: &str) -> Option<Stands> {
        let trimmed = path.trim_end_matches('/');
        if self.is_folder(trimmed) {
            return Some(Stands::Folder);
        }
        if let Some(exists) = self.request.assume.file_exists {
            return Some(self.assumed(trimmed, exists));
        }
        match self.lookup(path)? {
            Some(FileKind::File) => Some(Stands::File),
            Some(FileKind::Folder) => Some(Stands::Folder),
            None => Some(Stands::Nothing),
        }
    }

    fn assumed(&mut self, path: &str, exists: bool) -> Stands {
        let own = self.own_file();
        let own_folder = self.request.path.ends_with('/');
        if own.as_deref() == Some(path) {
            return match (exists, own_folder) {
                (false, _) => Stands::Nothing,
                (true, true) => Stands::Folder,
                (true, false) => Stands::File,
            };
        }
        if self.is_redirect_target(path) {
            return Stands::File;
        }
        // A folder that is there has its index file.
        let below = own.as_deref().and_then(|own| path.strip_prefix(own)?.strip_prefix('/').map(str::to_owned));
        if exists && own_folder && below.is_some_and(|name| name.starts_with("index.")) {
            return Stands::File;
        }
        Stands::Nothing
    }

    /// The file that the path of the client's request means, without a slash at its end.
    fn own_file(&self) -> Option<String> {
        self.own_file.as_ref().map(|file| file.trim_end_matches('/').to_owned())
    }

    /// Whether a path is the file of the current URL.
    fn is_own(&self, path: &str) -> bool {
        self.r.filename == path || self.own_file().as_deref() == Some(path)
    }

    /// Whether a path is the file of a URL that the configuration itself redirected to: a front controller, an index file. It is taken
    /// to be there: whoever names it in the configuration has it.
    fn is_redirect_target(&self, path: &str) -> bool {
        (self.r.redirected || self.r.subrequest)
            && self.r.filename.trim_end_matches('/') == path
            && self.own_file().as_deref() != Some(path)
            && has_extension(path)
    }

    /// Whether a path is certainly a folder: a `.htaccess` or a `<Directory>` says so, or it is the document root or above it.
    pub(super) fn is_folder(&mut self, path: &str) -> bool {
        if let Some(known) = self.lookup(path) {
            return known == Some(FileKind::Folder);
        }
        let holds = |inner: &str| inner.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let htaccess = &self.host.shared.config.htaccess;
        let first = htaccess.partition_point(|h| h.folder.as_str() < path);
        if htaccess.get(first..).unwrap_or_default().iter().take(2).any(|h| holds(&h.folder)) {
            return true;
        }
        if self.document_root().is_some_and(|root| holds(&root)) {
            return true;
        }
        let host = self.host;
        let sections = &host.shared.sections;
        let is_there = |id: &section::SectionId| {
            let section = sections.get(*id);
            let text = section::pattern_text(&host.shared.directive(section.directive)).into_owned();
            match section.matcher {
                Matcher::Literal => holds(text.trim_end_matches('/')),
                _ => false,
            }
        };
        host.shared.outer.directories.iter().chain(&host.outer.directories).any(is_there)
    }

    /// The end of a file in the middle of a path: `/index.php` of `/index.php/a/b`.
    fn script_before(&mut self, path: &str) -> Option<usize> {
        let ends: Vec<usize> = path.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0).collect();
        for end in ends {
            let before = path.get(..end)?;
            if self.is_folder(before) {
                continue;
            }
            let is_file = if let Some(kind) = self.lookup(before) {
                kind == Some(FileKind::File)
            } else if self.r.behind_script.as_deref() == path.get(end..) {
                // Whoever names a script in the configuration has it.
                true
            } else {
                let place = self.mapping_place();
                let is_php = super::fixups::extensions(before).last().is_some_and(|e| e.eq_ignore_ascii_case("php"));
                is_php && self.decide(&format!("whether {before} is a file on the server"), true, place, true)
            };
            if is_file {
                return Some(end);
            }
        }
        None
    }

    /// The end of the first segment of a path that is not known to be a folder.
    fn first_missing(&mut self, path: &str) -> usize {
        let ends = path.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0).chain([path.len()]);
        for end in ends.collect::<Vec<_>>() {
            if path.get(..end).is_none_or(|before| !self.is_folder(before)) {
                return end;
            }
        }
        path.len()
    }

    /// `MultiViews`: a name that does not exist stands for a file with that name and an extension. Which of several it is hangs on their
    /// types and languages, and is not followed.
    pub(super) fn multi_views(&mut self) -> Result<(), Stop> {
        if self.r.stands != Stands::Nothing || self.r.proxied.is_some() || !self.option("multiviews") {
            return Ok(());
        }
        let path = self.r.filename.clone();
        let Some((folder, name)) = path.rsplit_once('/').filter(|(_, name)| !name.is_empty()) else { return Ok(()) };
        let prefix = format!("{name}.");
        let by = self.last(&[Name::Options]).map(|options| options.id);
        let finds = if let Some(names) = self.names_in(folder) {
            names.iter().any(|name| name.starts_with(&prefix))
        } else {
            let question = format!("whether MultiViews finds a file for {path}");
            let place = by.map_or_else(|| self.place(), |id| self.directive(id).span());
            self.decide(&question, false, place, true)
        };
        if finds { Err(Stop::unknown("which file MultiViews takes", by)) } else { Ok(()) }
    }

    /// The names in a folder, if they are known.
    fn names_in(&self, folder: &str) -> Option<Vec<String>> {
        let lookup = self.host.shared.lookup.as_ref().filter(|lookup| lookup.settings.this_host)?;
        lookup.files.list(&lookup.local(folder)?).ok()
    }

    /// What is there, if that is known; `Some(None)`: nothing. That something is missing in a tree which may be only a part of what is
    /// deployed says nothing.
    #[expect(clippy::option_option, reason = "unknown, nothing, a file or folder")]
    fn lookup(&self, path: &str) -> Option<Option<FileKind>> {
        let lookup = self.host.shared.lookup.as_ref()?;
        let local = match path.strip_prefix(DOCUMENT_ROOT) {
            Some(rest) if self.host.shared.is_tree() => rest.trim_start_matches('/').to_owned(),
            _ => path.to_owned(),
        };
        let local = if local.is_empty() { ".".to_owned() } else { local };
        match lookup.kind(&local) {
            Found::There(kind) => Some(Some(kind)),
            Found::Missing if lookup.settings.this_host => Some(None),
            Found::Missing | Found::Unknown => None,
        }
    }

    /// The text of a file that the configuration names.
    pub(super) fn read(&self, path: &str) -> Found<String> {
        self.host.shared.lookup.as_ref().map_or(Found::Unknown, |lookup| lookup.read(path))
    }

    /// The directive that maps the request to a file, to blame for questions about it.
    fn mapping_place(&self) -> crate::source::Span {
        self.r.mapped_by.map_or_else(|| self.place(), |id| self.directive(id).span())
    }
}

/// Whether the last segment of a path has an extension.
pub(super) fn has_extension(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.trim_start_matches('.').rsplit_once('.').is_some_and(|(stem, ending)| !stem.is_empty() && !ending.is_empty())
}
