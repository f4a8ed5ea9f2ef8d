//! Files of the served machine, as far as they lie in the checked tree.

use std::path::{Path, PathBuf};

use crate::files::{FileKind, Files, normalize};
use crate::settings::Settings;

/// Finds files that the configuration names, if they are in reach: below the folder of the main file or a checked root, behind the
/// include map, or anywhere if the configuration belongs to this machine.
#[derive(Clone, Copy)]
pub struct Lookup<'a> {
    /// The files.
    pub files: &'a dyn Files,
    /// The folder of the main file: what relative paths of password files start from.
    pub main_folder: &'a Path,
    /// The user's settings.
    pub settings: &'a Settings,
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

impl Lookup<'_> {
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
        let folder = std::path::absolute(self.main_folder).unwrap_or_else(|_| self.main_folder.to_path_buf());
        let below = absolute.starts_with(normalize(&folder)) && folder != Path::new("/");
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
