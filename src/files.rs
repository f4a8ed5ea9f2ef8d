//! The only door to the file system, so that unsaved buffers, tests and other hosts come free.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file (or a link to one).
    File,
    /// A folder (or a link to one).
    Folder,
}

/// Something in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What it is; of a link, what it leads to.
    pub kind: Option<FileKind>,
    /// Whether it is a link.
    pub link: bool,
}

/// Read access to a tree of files.
pub trait Files: Sync {
    /// The bytes of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// The first `most` bytes of a file.
    fn head(&self, path: &Path, most: usize) -> io::Result<Vec<u8>>;
    /// The names in a folder, sorted by byte value as nginx and httpd sort them.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;
    /// What is in a folder, sorted as [`Files::list`] sorts it.
    fn entries(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let entry = |name: String| Entry { kind: self.kind(&folder.join(&name)), name, link: false };
        Ok(self.list(folder)?.into_iter().map(entry).collect())
    }
    /// What stands at `path`, if anything.
    fn kind(&self, path: &Path) -> Option<FileKind>;
    /// The path that all names of one file have in common: two paths are the same file if these are the same.
    fn identity(&self, path: &Path) -> PathBuf;
    /// Whether something that a walk of the disk meets is not in this tree.
    fn hides(&self, _path: &Path) -> bool {
        false
    }
    /// The files in a folder and below that no walk of the disk meets.
    fn beyond(&self, _folder: &Path) -> Vec<PathBuf> {
        Vec::new()
    }
}

/// The real file system.
#[derive(Debug, Default)]
pub struct Disk;

/// What tells whether a file is still the one that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// What it is.
    pub kind: FileKind,
    /// Its length in bytes.
    pub length: u64,
    /// When it was last changed, if the system tells.
    pub modified: Option<std::time::SystemTime>,
}

impl Disk {
    /// What stands at a path now; a folder has no age, for what is in it may not matter.
    pub fn stamp(path: &Path) -> Option<Stamp> {
        let metadata = std::fs::metadata(path).ok()?;
        if metadata.is_dir() {
            return Some(Stamp { kind: FileKind::Folder, length: 0, modified: None });
        }
        Some(Stamp { kind: FileKind::File, length: metadata.len(), modified: metadata.modified().ok() })
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that may read files")]
impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        check(path)?;
        std::fs::read(path)
    }

    fn head(&self, path: &Path, most: usize) -> io::Result<Vec<u8>> {
        check(path)?;
        let file = std::fs::File::open(path)?;
        // Room for one byte more shows the end of a short file without another round.
        let length = file.metadata().map_or(0, |metadata| metadata.len()).min(most as u64);
        let mut bytes = Vec::with_capacity(length as usize + 1);
        file.take(most as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn entries(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if let Ok(name) = entry.file_name().into_string() {
                // The folder itself tells what an entry is; only links need to be looked at one by one.
                let link = kind.is_symlink();
                entries.push(Entry { name, kind: if link { self.kind(&entry.path()) } else { kind_of(kind) }, link });
            }
        }
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn kind(&self, path: &Path) -> Option<FileKind> {
        kind_of(std::fs::metadata(path).ok()?.file_type())
    }

    fn identity(&self, path: &Path) -> PathBuf {
        std::fs::canonicalize(path).unwrap_or_else(|_| normalize(path))
    }
}

/// Pipes and devices are nothing to read: they may never end.
fn kind_of(kind: std::fs::FileType) -> Option<FileKind> {
    match () {
        () if kind.is_dir() => Some(FileKind::Folder),
        () if kind.is_file() => Some(FileKind::File),
        () => None,
    }
}

/// Whether a path may be opened.
fn check(path: &Path) -> io::Result<()> {
    let meta = std::fs::metadata(path)?;
    // Opening a pipe may wait forever, and a device may never end.
    if !meta.is_file() && !meta.is_dir() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    // Offsets are 32 bits wide.
    if meta.len() > u64::from(u32::MAX) {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(())
}

/// A tree of files in memory: tests, rule pages, standard input.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Memory {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a file.
    pub fn add(&mut self, path: impl AsRef<Path>, bytes: impl Into<Vec<u8>>) {
        self.files.insert(normalize(path.as_ref()), bytes.into());
    }

    /// The paths of all files, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.keys().map(PathBuf::as_path)
    }
}

impl Files for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files.get(&normalize(path)).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn head(&self, path: &Path, most: usize) -> io::Result<Vec<u8>> {
        let bytes = self.files.get(&normalize(path)).ok_or(io::ErrorKind::NotFound)?;
        Ok(bytes.get(..most).unwrap_or(bytes).to_vec())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let folder = normalize(folder);
        let below = self.files.range(folder.clone()..).map(|(path, _)| path).take_while(|path| path.starts_with(&folder));
        let mut names: Vec<String> = below
            .filter_map(|path| path.strip_prefix(&folder).ok()?.components().next())
            .map(|c| c.as_os_str().to_string_lossy().into_owned())
            .collect();
        names.dedup();
        if names.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(names) }
    }

    fn kind(&self, path: &Path) -> Option<FileKind> {
        let path = normalize(path);
        if self.files.contains_key(&path) {
            return Some(FileKind::File);
        }
        let below = self.files.range(path.clone()..).next()?;
        (path.as_os_str().is_empty() || below.0.starts_with(&path)).then_some(FileKind::Folder)
    }

    fn identity(&self, path: &Path) -> PathBuf {
        normalize(path)
    }
}

/// One tree laid over another: unsaved buffers over the disk.
pub struct Overlay<'a> {
    /// Looked at first.
    pub top: Memory,
    /// Looked at where `top` has nothing.
    pub base: &'a dyn Files,
}

impl Files for Overlay<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.top.read(path).or_else(|_| self.base.read(path))
    }

    fn head(&self, path: &Path, most: usize) -> io::Result<Vec<u8>> {
        self.top.head(path, most).or_else(|_| self.base.head(path, most))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        match (self.top.list(folder), self.base.list(folder)) {
            (Ok(mut a), Ok(b)) => {
                a.extend(b);
                a.sort_unstable();
                a.dedup();
                Ok(a)
            }
            (Ok(a), Err(_)) => Ok(a),
            (Err(_), b) => b,
        }
    }

    fn entries(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let (top, base) = match (self.top.entries(folder), self.base.entries(folder)) {
            (Ok(top), Ok(base)) => (top, base),
            (Ok(top), Err(_)) => return Ok(top),
            (Err(_), base) => return base,
        };
        let both: BTreeMap<String, Entry> = base.into_iter().chain(top).map(|entry| (entry.name.clone(), entry)).collect();
        Ok(both.into_values().collect())
    }

    fn kind(&self, path: &Path) -> Option<FileKind> {
        self.top.kind(path).or_else(|| self.base.kind(path))
    }

    // What lies over a file has its name.
    fn identity(&self, path: &Path) -> PathBuf {
        self.base.identity(path)
    }
}

/// A path without `.` and `..`, by its text alone (links are not followed).
pub fn normalize(path: &Path) -> PathBuf {
    if is_normal(path) {
        return path.to_path_buf();
    }
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            Component::ParentDir if out.has_root() => {}
            other => out.push(other),
        }
    }
    out
}

/// A folder as it can be opened: the working directory has an empty name here.
pub fn or_dot(path: &Path) -> PathBuf {
    if path.as_os_str().is_empty() { PathBuf::from(".") } else { path.to_owned() }
}

/// Whether a path certainly has nothing to leave out.
fn is_normal(path: &Path) -> bool {
    let text = path.as_os_str().as_encoded_bytes();
    let names = text.strip_prefix(b"/").unwrap_or(text);
    cfg!(unix) && !names.is_empty() && names.split(|b| *b == b'/').all(|name| !matches!(name, b"" | b"." | b".."))
}

/// A path as it is shown: relative to `base` if it lies below it, `/`-separated.
pub fn display(path: &Path, base: &Path) -> String {
    let shown = path.strip_prefix(base).unwrap_or(path);
    let text = shown.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(std::path::MAIN_SEPARATOR, "/") }
}

/// An absolute path as it is written from an absolute folder: with `..` where it lies beside it, `/`-separated.
pub fn relative(path: &Path, folder: &Path) -> String {
    let shared = path.components().zip(folder.components()).take_while(|(a, b)| a == b).count();
    // On another drive there is no way from the one to the other.
    if shared == 0 {
        return display(path, folder);
    }
    let up = folder.components().skip(shared).map(|_| Component::ParentDir);
    display(&up.chain(path.components().skip(shared)).collect::<PathBuf>(), Path::new(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_from_a_folder() {
        let from = |path: &str, folder: &str| relative(Path::new(path), Path::new(folder));
        assert_eq!(from("/a/b/c.conf", "/a"), "b/c.conf");
        assert_eq!(from("/a/c.conf", "/a/b/d"), "../../c.conf");
        assert_eq!(from("/x", "/"), "x");
    }

    #[test]
    fn memory_lists_and_knows_folders() {
        let mut files = Memory::new();
        files.add("conf.d/b.conf", "");
        files.add("conf.d/a.conf", "");
        files.add("nginx.conf", "");
        assert_eq!(files.list(Path::new("conf.d")).unwrap(), ["a.conf", "b.conf"]);
        assert_eq!(files.list(Path::new("")).unwrap(), ["conf.d", "nginx.conf"]);
        assert_eq!(files.kind(Path::new("conf.d")), Some(FileKind::Folder));
        assert_eq!(files.kind(Path::new("conf")), None);
        assert_eq!(files.kind(Path::new("./conf.d/../nginx.conf")), Some(FileKind::File));
    }
}
