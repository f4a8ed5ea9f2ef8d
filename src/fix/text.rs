//! The texts that are edited, as bytes: what is not UTF-8, marks of byte order and line breaks stay as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::choose::Chosen;
use crate::files::{Files, Memory, Overlay};
use crate::source::{FileId, SourceMap};

/// A file that fixes have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Its path, whatever link it was read through.
    pub path: PathBuf,
    /// Its path as it is shown.
    pub shown: String,
    /// The paths that it was read by: with links there are several.
    pub names: BTreeSet<PathBuf>,
    /// What was read.
    pub before: Arc<[u8]>,
    /// What the fixes make of it.
    pub after: Arc<[u8]>,
}

/// A replacement in one of the texts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edit {
    pub(super) file: PathBuf,
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) text: String,
}

/// All texts that were asked for, by the path that all names of a file have in common.
#[derive(Clone)]
pub(super) struct Texts<'a> {
    files: &'a dyn Files,
    base: &'a Path,
    known: BTreeMap<PathBuf, Text>,
}

#[derive(Clone)]
struct Text {
    shown: String,
    /// The paths that it was read by: with links there are several.
    names: BTreeSet<PathBuf>,
    before: Arc<[u8]>,
    now: Arc<[u8]>,
}

impl<'a> Texts<'a> {
    pub(super) fn new(files: &'a dyn Files, base: &'a Path) -> Self {
        Self { files, base, known: BTreeMap::new() }
    }

    /// The path that all names of a shown file have in common.
    pub(super) fn identity(&self, shown: &str) -> PathBuf {
        self.files.identity(&self.base.join(shown))
    }

    /// Takes up a file of an analysis. `None`: its text is not the one that was analysed.
    pub(super) fn take(&mut self, sources: &SourceMap, file: FileId) -> Option<PathBuf> {
        let source = sources.file(file);
        let name = self.base.join(&source.path);
        let path = self.files.identity(&name);
        if !self.known.contains_key(&path) {
            let before: Arc<[u8]> = self.files.read(&name).ok()?.into();
            let (shown, names) = (source.path.clone(), BTreeSet::new());
            self.known.insert(path.clone(), Text { shown, names, now: Arc::clone(&before), before });
        }
        let text = self.known.get_mut(&path)?;
        let is_new_name = text.names.insert(name);
        if is_new_name {
            let mut read = SourceMap::new();
            let read_file = read.add("", text.now.to_vec());
            let read = read.file(read_file);
            if read.text() != source.text() || read.invalid_utf8() != source.invalid_utf8() {
                return None;
            }
        }
        Some(path)
    }

    /// These texts with fixes applied.
    pub(super) fn with(&self, chosen: &[Chosen]) -> Self {
        let mut edited = self.clone();
        for (path, text) in &mut edited.known {
            let edits = edits_of(chosen, path);
            if edits.is_empty() {
                continue;
            }
            let mut now = text.now.to_vec();
            for edit in edits.into_iter().rev() {
                let (start, end) = ((edit.start as usize).min(now.len()), (edit.end as usize).min(now.len()));
                now.splice(start..end.max(start), edit.text.bytes());
            }
            text.now = now.into();
        }
        edited
    }

    /// The files with what is edited lying over them.
    pub(super) fn overlay(&self) -> Overlay<'a> {
        over(self.files, &self.changed())
    }

    /// The files that are different now, by path.
    pub(super) fn changed(&self) -> Vec<Changed> {
        let changed = self.known.iter().filter(|(_, text)| text.now != text.before);
        let changed = changed.map(|(path, text)| Changed {
            path: path.clone(),
            shown: text.shown.clone(),
            names: text.names.clone(),
            before: Arc::clone(&text.before),
            after: Arc::clone(&text.now),
        });
        changed.collect()
    }
}

/// Files with what has changed lying over them.
pub fn over<'a>(files: &'a dyn Files, changed: &[Changed]) -> Overlay<'a> {
    let mut top = Memory::new();
    for file in changed {
        for name in file.names.iter().chain([&file.path]) {
            top.add(name, file.after.to_vec());
        }
    }
    Overlay { top, base: files }
}

/// The edits of one file, each once, in the order of the text.
fn edits_of<'c>(chosen: &'c [Chosen], file: &Path) -> Vec<&'c Edit> {
    let mut edits: Vec<&Edit> = chosen.iter().flat_map(|chosen| &chosen.edits).filter(|edit| edit.file == file).collect();
    edits.sort();
    edits.dedup();
    edits
}

/// Where what begins at `offset` begins after the fixes. What is replaced begins with its replacement.
pub(super) fn moved(chosen: &[Chosen], file: &Path, offset: u32) -> u32 {
    let mut moved = i64::from(offset);
    for edit in edits_of(chosen, file) {
        let inserts = edit.start == edit.end;
        if edit.end < offset || edit.end == offset && (inserts || edit.start < offset) {
            moved += i64::from(edit.text.len() as u32) - i64::from(edit.end - edit.start);
        } else if edit.start < offset {
            // Inside of what is replaced.
            moved -= i64::from(offset - edit.start);
        }
    }
    u32::try_from(moved.max(0)).unwrap_or(u32::MAX)
}

/// The line break that a text uses around an offset.
pub(super) fn line_break(text: &str, offset: u32) -> &'static str {
    let (before, after) = text.split_at_checked(offset as usize).unwrap_or((text, ""));
    let crlf = match after.find('\n') {
        Some(at) => after.get(..at).is_some_and(|line| line.ends_with('\r')) || (at == 0 && before.ends_with('\r')),
        None => before.rfind('\n').and_then(|at| before.get(..at)).is_some_and(|line| line.ends_with('\r')),
    };
    if crlf { "\r\n" } else { "\n" }
}
