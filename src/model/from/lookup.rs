//! Files of the served machine, as far as they lie in the checked tree.

use std::path::{Path, PathBuf};

use crate::files::{FileKind, Files, normalize};
use crate::settings::Settings;

/// Finds files that the configuration names, if they are in reach: below the folder of the main file or a checked root, behind the
/// include map, or anywhere if the configuration belongs to this machine.
pub struct Lookup<'a> {
    /// The files.
    pub files: &'a dyn Files,
    /// The folder of the main file: what relative paths of password files start from.
    pub main_folder: &'a Path,
    /// The user's settings.
    pub settings: &'a Settings,
    /// That folder from the root of the file system on, unless it is the root itself: what lies below it is in reach.
    tree: Option<PathBuf>,
}

/// What is known of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<T> {
    /// It is there.
    There(T),
    /// It is certainly not there.
    Missing,
    /// It is out of reach.
    Unknown,
}

impl<'a> Lookup<'a> {
    /// Finds files of the configuration whose main file lies in a folder.
    pub fn new(files: &'a dyn Files, main_folder: &'a Path, settings: &'a Settings) -> Self {
        // A main file without a folder in front lies in this one; everything would be below an empty path.
        let folder = if main_folder.as_os_str().is_empty() { Path::new(".") } else { main_folder };
        let tree = normalize(&std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf()));
        Self { files, main_folder, settings, tree: (tree != Path::new("/")).then_some(tree) }
    }

    /// Where a path of the configuration lies in the checked tree; `None`: out of reach.
    pub fn local(&self, path: &str) -> Option<PathBuf> {
        if !path.starts_with('/') {
            return Some(normalize(&self.main_folder.join(path)));
        }
        for (from, to) in &self.settings.include_map {
            if let Some(rest) = path.strip_prefix(from.as_str()) {
                return Some(normalize(&Path::new(to).join(rest.trim_start_matches('/'))));
            }
        }
        let absolute = normalize(Path::new(path));
        let below = self.tree.as_ref().is_some_and(|tree| absolute.starts_with(tree));
        (below || self.settings.this_host).then_some(absolute)
    }

    /// What stands at a path of the configuration.
    pub fn kind(&self, path: &str) -> Found<FileKind> {
        match self.local(path) {
            None => Found::Unknown,
            // A file is not found under its name with `/` behind it.
            Some(local) => match self.files.kind(&local) {
                Some(FileKind::File) if path.ends_with('/') => Found::Missing,
                kind => kind.map_or(Found::Missing, Found::There),
            },
        }
    }

    /// The text of a file named in the configuration.
    pub fn read(&self, path: &str) -> Found<String> {
        let Some(local) = self.local(path) else { return Found::Unknown };
        match self.files.read(&local) {
            Ok(bytes) => Found::There(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Found::Missing,
            Err(_) => Found::Unknown,
        }
    }
}
