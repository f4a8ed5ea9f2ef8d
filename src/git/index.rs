//! The files as they would be committed: the index over the work tree.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::{Mutex, PoisonError};

use super::status::{Entry, Mode};
use super::{Repository, run};
use crate::files::{self, Disk, FileKind, Files, normalize, or_dot};

/// How many links may lead to one another.
const MAX_LINKS: usize = 16;
/// What the text of a file starts with that lies in Git LFS.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// The work tree with what the index holds in its place where the two differ, and without what git neither knows nor is told to
/// leave out: the files as they would be after a commit.
pub struct Index {
    repository: Repository,
    /// What differs from the work tree: the text or the target of a link.
    differing: BTreeMap<PathBuf, Object>,
    /// What stands in the work tree and not in the index.
    hidden: BTreeSet<PathBuf>,
    /// The folder that relative paths start from.
    base: PathBuf,
    reader: Mutex<Option<Reader>>,
}

struct Object {
    id: String,
    link: bool,
}

/// What stands at a path.
enum Place<'i> {
    /// What the work tree has at this path.
    Disk(PathBuf),
    Nothing,
    Object(PathBuf, &'i Object),
}

impl Index {
    pub(super) fn new(repository: &Repository, entries: Vec<Entry>) -> Self {
        let (mut differing, mut hidden) = (BTreeMap::new(), BTreeSet::new());
        for entry in entries {
            match entry {
                Entry::Known { mode: Mode::Nothing, path, .. } | Entry::Untracked(path) => {
                    hidden.insert(repository.top.join(path));
                }
                Entry::Known { later, mode: mode @ (Mode::File | Mode::Link), object, path, .. } => {
                    let path = repository.top.join(path);
                    // Outside of a sparse checkout nothing stands in the work tree, and git does not say so.
                    if later != b'.' || Disk.kind(&path).is_none() {
                        differing.insert(path, Object { id: object, link: mode == Mode::Link });
                    }
                }
                Entry::Known { mode: Mode::Submodule, .. } | Entry::Conflict(_) => {}
            }
        }
        // A file may have been replaced by a folder, which git does not know then.
        hidden.retain(|path| !differing.contains_key(path));
        let base = std::env::current_dir().unwrap_or_default();
        Self { repository: repository.clone(), differing, hidden, base, reader: Mutex::new(None) }
    }

    fn place(&self, path: &Path) -> Place<'_> {
        if self.differing.is_empty() && self.hidden.is_empty() {
            return Place::Disk(path.to_owned());
        }
        let named = normalize(&self.base.join(path));
        match self.at(&named) {
            // The name may lead through a link of the work tree.
            Place::Disk(found) => match self.at(&Disk.identity(&found)) {
                Place::Disk(_) => Place::Disk(found),
                place => place,
            },
            place => place,
        }
    }

    /// What stands at an absolute path.
    fn at(&self, path: &Path) -> Place<'_> {
        let mut path = path.to_owned();
        for _ in 0..MAX_LINKS {
            match self.differing.get(&path) {
                Some(object) if object.link => {
                    let Ok(target) = self.text(object, &path) else { return Place::Nothing };
                    path = normalize(&path.parent().unwrap_or(Path::new("/")).join(super::path(&target)));
                }
                Some(object) => return Place::Object(path, object),
                None if path.ancestors().any(|path| self.hidden.contains(path)) => return Place::Nothing,
                None => return Place::Disk(path),
            }
        }
        Place::Nothing
    }

    /// The names of what differs in a folder or below it, each with what it is.
    fn differing_in(&self, folder: &Path) -> BTreeMap<String, (Option<FileKind>, bool)> {
        let folder = normalize(&self.base.join(folder));
        let below = self.differing.range(folder.clone()..).take_while(|(path, _)| path.starts_with(&folder));
        let entry = |(path, object): (&PathBuf, &Object)| {
            let mut rest = path.strip_prefix(&folder).ok()?.components();
            let name = rest.next()?.as_os_str().to_str()?.to_owned();
            match rest.next() {
                Some(_) => Some((name, (Some(FileKind::Folder), false))),
                None => Some((name, (self.kind(path), object.link))),
            }
        };
        below.filter_map(entry).collect()
    }

    /// The text of an object. Mostly git is asked once for all of them.
    fn text(&self, object: &Object, path: &Path) -> io::Result<Vec<u8>> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if reader.is_none() {
            *reader = Some(Reader::start(&self.repository)?);
        }
        let text = match reader.as_mut().map(|reader| reader.read(&object.id)) {
            Some(Ok(text)) => text,
            Some(Err(error)) => {
                *reader = None;
                return Err(error);
            }
            None => Vec::new(),
        };
        drop(reader);
        if object.link || !is_filtered(&text) {
            return Ok(text);
        }
        let mut command = self.repository.command();
        let mut option = std::ffi::OsString::from("--path=");
        option.push(path.strip_prefix(&self.repository.top).unwrap_or(path));
        let text = run(command.args(["cat-file", "--filters"]).arg(option).arg(&object.id)).map_err(io::Error::other)?;
        if text.starts_with(LFS_POINTER) {
            return Err(io::Error::other("its text is kept by Git LFS and is not on this machine"));
        }
        Ok(text)
    }
}

/// Whether what git stores is plainly not what a checkout writes: a pointer of Git LFS, or nothing that is text.
fn is_filtered(text: &[u8]) -> bool {
    text.starts_with(LFS_POINTER) || memchr::memchr(0, text).is_some()
}

impl Files for Index {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.place(path) {
            Place::Disk(path) => Disk.read(&path),
            Place::Nothing => Err(io::ErrorKind::NotFound.into()),
            Place::Object(path, object) => self.text(object, &path),
        }
    }

    fn head(&self, path: &Path, most: usize) -> io::Result<Vec<u8>> {
        if let Place::Disk(path) = self.place(path) {
            return Disk.head(&path, most);
        }
        let mut text = self.read(path)?;
        text.truncate(most);
        Ok(text)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        Ok(self.entries(folder)?.into_iter().map(|entry| entry.name).collect())
    }

    fn entries(&self, folder: &Path) -> io::Result<Vec<files::Entry>> {
        let differing = self.differing_in(folder);
        let on_disk = match self.place(folder) {
            Place::Disk(folder) => Disk.entries(&or_dot(&folder)),
            _ => Err(io::ErrorKind::NotFound.into()),
        };
        let mut entries = match on_disk {
            Ok(entries) => entries,
            Err(error) if differing.is_empty() => return Err(error),
            Err(_) => Vec::new(),
        };
        entries.retain(|entry| {
            !differing.contains_key(&entry.name) && !matches!(self.place(&folder.join(&entry.name)), Place::Nothing)
        });
        let more = differing.into_iter().map(|(name, (kind, link))| files::Entry { name, kind, link });
        entries.extend(more);
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn kind(&self, path: &Path) -> Option<FileKind> {
        match self.place(path) {
            Place::Object(..) => Some(FileKind::File),
            Place::Disk(found) => {
                Disk.kind(&or_dot(&found)).or_else(|| (!self.differing_in(path).is_empty()).then_some(FileKind::Folder))
            }
            Place::Nothing => None,
        }
    }

    fn identity(&self, path: &Path) -> PathBuf {
        match self.place(path) {
            Place::Object(path, _) => path,
            Place::Disk(path) => Disk.identity(&path),
            Place::Nothing => Disk.identity(path),
        }
    }

    fn hides(&self, path: &Path) -> bool {
        matches!(self.place(path), Place::Nothing)
    }

    fn beyond(&self, folder: &Path) -> Vec<PathBuf> {
        let folder = normalize(&self.base.join(folder));
        let below = self.differing.range(folder.clone()..).take_while(|(path, _)| path.starts_with(&folder));
        below.filter(|(path, object)| !object.link && Disk.kind(path).is_none()).map(|(path, _)| path.clone()).collect()
    }
}

/// `git cat-file --batch`, which answers as long as it is asked.
struct Reader {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Reader {
    fn start(repository: &Repository) -> io::Result<Self> {
        let mut command = repository.command();
        command.args(["cat-file", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let input = child.stdin.take();
        let output = child.stdout.take().map(BufReader::new).ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self { child, input, output })
    }

    fn read(&mut self, id: &str) -> io::Result<Vec<u8>> {
        let input = self.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        writeln!(input, "{id}")?;
        input.flush()?;
        let mut head = String::new();
        self.output.read_line(&mut head)?;
        let size = head.trim_end().rsplit(' ').next().and_then(|size| size.parse::<u32>().ok());
        let size = size.ok_or_else(|| io::Error::other("git does not have its text"))?;
        let mut text = vec![0; size as usize + 1];
        self.output.read_exact(&mut text)?;
        text.pop();
        Ok(text)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // It ends where its input ends.
        self.input = None;
        let _ = self.child.wait();
    }
}
