//! Which files and folders a run asks for, so that it can be repeated when one of them changes.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::files::{Entry, FileKind, Files};

/// Files that note what is asked of them.
pub struct Recorder {
    files: Arc<dyn Files + Send>,
    asked: Mutex<Asked>,
}

/// What was asked for; paths are as they were asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Files that were read and names that were looked for, whether there was something or not.
    pub paths: BTreeSet<PathBuf>,
    /// Folders whose entries were asked for.
    pub listed: BTreeSet<PathBuf>,
    /// Folders that were walked with all below them.
    pub walked: BTreeSet<PathBuf>,
}

impl Recorder {
    /// Notes what is asked of these files.
    pub fn over(files: Arc<dyn Files + Send>) -> Self {
        Self { files, asked: Mutex::default() }
    }

    /// What was asked for so far.
    pub fn asked(&self) -> Asked {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, path: &Path) -> &dyn Files {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).paths.insert(path.to_owned());
        &*self.files
    }
}

impl Recorder {
    fn note_list(&self, folder: &Path) -> &dyn Files {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).listed.insert(folder.to_owned());
        self.note(folder)
    }
}

impl Files for Recorder {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.note(path).read(path)
    }

    fn head(&self, path: &Path, most: usize) -> io::Result<Vec<u8>> {
        self.note(path).head(path, most)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.note_list(folder).list(folder)
    }

    fn entries(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        self.note_list(folder).entries(folder)
    }

    fn kind(&self, path: &Path) -> Option<FileKind> {
        self.note(path).kind(path)
    }

    fn identity(&self, path: &Path) -> PathBuf {
        self.files.identity(path)
    }

    fn hides(&self, path: &Path) -> bool {
        self.files.hides(path)
    }

    fn beyond(&self, folder: &Path) -> Vec<PathBuf> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).walked.insert(folder.to_owned());
        self.files.beyond(folder)
    }
}
