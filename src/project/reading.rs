//! Reads the files of a configuration, and says why one takes no part.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::files::{FileKind, Files};
use crate::finding::{Finding, Severity};
use crate::source::{FileId, Span};

/// Offsets are 32 bits wide and whole files are held in memory.
const MAX_FILE_SIZE: usize = 512 << 20;

/// Why a file takes no part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// There is none, or it cannot be read.
    Io(io::ErrorKind),
    /// It is a folder.
    Folder,
    /// It is larger than [`MAX_FILE_SIZE`].
    TooLarge,
}

impl Unreadable {
    /// The rule that reports it, and the reason in words that follow "this file".
    pub(super) fn rule_and_reason(self) -> (&'static str, String) {
        match self {
            Self::Io(io::ErrorKind::NotFound) => ("unresolved-include", "does not exist".into()),
            Self::Io(io::ErrorKind::PermissionDenied) => ("unresolved-include", "may not be read: permission denied".into()),
            Self::Io(kind) => ("unresolved-include", format!("cannot be read: {kind}")),
            Self::Folder => ("unresolved-include", "is a folder".into()),
            Self::TooLarge => ("limit-reached", format!("is larger than {} MiB and was not read", MAX_FILE_SIZE >> 20)),
        }
    }
}

/// The bytes of a file.
pub(super) fn read(files: &dyn Files, path: &Path) -> Result<Vec<u8>, Unreadable> {
    files.read(path).map_err(|error| match error.kind() {
        _ if files.kind(path) == Some(FileKind::Folder) => Unreadable::Folder,
        io::ErrorKind::FileTooLarge => Unreadable::TooLarge,
        kind => Unreadable::Io(kind),
    })
}

/// Refuses what is too large to be held in memory.
pub(super) fn check_size(bytes: &[u8]) -> Result<(), Unreadable> {
    if bytes.len() > MAX_FILE_SIZE { Err(Unreadable::TooLarge) } else { Ok(()) }
}

/// Keeps the tree of a file under its number. Whether it is new there.
pub(super) fn keep<T>(trees: &mut Vec<Option<Arc<T>>>, file: FileId, tree: &Arc<T>) -> bool {
    let index = file.0 as usize;
    if trees.len() <= index {
        trees.resize(index + 1, None);
    }
    match trees.get_mut(index) {
        Some(place @ None) => {
            *place = Some(Arc::clone(tree));
            true
        }
        _ => false,
    }
}

/// Says that a file is a template, at its first hole.
pub(super) fn template(hole: Span) -> Finding {
    let message = "this file is a template: what its holes bring is unknown";
    let help = "check the rendered file as well, where it can be had";
    Finding::new("templated-file", hole, message).severity(Severity::Info).help(help)
}
