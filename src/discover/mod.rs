//! Which files to check: walks folders, recognises what is there, names the roots.

pub mod edge;
pub mod kinds;
mod names;
mod recognise;
mod score;
mod wishes;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

pub use recognise::{Kind, is_candidate, recognise};
pub use wishes::{Search, Wishes};

use names::{is_access_file, is_other, may_be_configuration};

use crate::files::{FileKind, Files, normalize, or_dot};

/// How a root is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RootKind {
    /// A main file: owns all that it includes.
    Main,
    /// A main file above a snippet that was named: only looked at for that snippet, reported only in it.
    Context,
    /// A part of a configuration, checked alone unless a main file includes it.
    Snippet,
}

/// What a root is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// nginx.
    Nginx,
    /// The server's own files of Apache httpd.
    Apache,
    /// A tree of `.htaccess` files; its topmost file is the root.
    Htaccess,
    /// The YAML of a CDN, a gateway or an ingress; the dialect of its documents, if somebody says it.
    Edge(Option<edge::Dialect>),
}

/// Where an analysis starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The file, as it is shown or absolute.
    pub main: PathBuf,
    /// The folder below which paths are shown relative.
    pub base: PathBuf,
    /// How it is treated.
    pub kind: RootKind,
    /// What it is written for.
    pub dialect: Dialect,
}

/// A file that was found and is not checked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unreadable {
    /// The path.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Discovery {
    /// Where to start, sorted by path.
    pub roots: Vec<Root>,
    /// What is not checked: kinds that are not supported yet, and files named by the user that are not understood.
    pub skipped: Vec<Skipped>,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
    /// Files that are named and all the same passed over.
    pub excluded: Vec<PathBuf>,
    /// How many files were looked at.
    pub looked_at: usize,
}

struct Candidate {
    path: PathBuf,
    named: bool,
}

/// Finds the files below `inputs` (files and folders).
///
/// A file that is named is checked unless it certainly belongs to another program; one that is met on a walk only if its path
/// and its content, or the user, speak for it.
pub fn discover(files: &dyn Files, inputs: &[PathBuf], base: &Path, search: &Search) -> Discovery {
    let mut found = Discovery::default();
    let mut candidates = Vec::new();
    for input in inputs {
        let path = shown(input, base);
        match files.kind(&or_dot(&path)) {
            Some(_) if search.force_exclude && search.excludes(&base.join(&path)) => found.excluded.push(path),
            Some(FileKind::File) => candidates.push(Candidate { path, named: true }),
            Some(FileKind::Folder) => walk(files, &path, base, search, &mut candidates, &mut found.unreadable),
            None => {
                let reason = if path.exists() {
                    "it is no regular file (`-` reads standard input)"
                } else {
                    "there is no such file or folder"
                };
                found.unreadable.push(Unreadable { path, reason: reason.to_owned() });
            }
        }
    }
    // A file that is named and also met on a walk counts as named.
    candidates.sort_by(|a, b| a.path.cmp(&b.path).then(b.named.cmp(&a.named)));
    candidates.dedup_by(|b, a| a.path == b.path);
    found.looked_at = candidates.len();

    let kinds: Vec<_> = candidates.par_iter().map(|c| kind_of(files, c, base, search)).collect();
    let mut context = BTreeSet::new();
    let mut htaccess = BTreeSet::new();
    let root = |main: PathBuf, kind, dialect| Root { main, base: base.to_owned(), kind, dialect };
    for (candidate, kind) in candidates.into_iter().zip(kinds) {
        let Candidate { path, named } = candidate;
        match kind {
            Ok(Kind::NginxMain) => found.roots.push(root(path, RootKind::Main, Dialect::Nginx)),
            Ok(Kind::ApacheMain) => found.roots.push(root(path, RootKind::Main, Dialect::Apache)),
            Ok(Kind::NginxSnippet) => {
                if named {
                    context.extend(mains_above(files, &path, Dialect::Nginx));
                }
                found.roots.push(root(path, RootKind::Snippet, Dialect::Nginx));
            }
            Ok(Kind::ApachePart) => {
                if named {
                    context.extend(mains_above(files, &path, Dialect::Apache));
                }
                found.roots.push(root(path, RootKind::Snippet, Dialect::Apache));
            }
            // Below an outer one a `.htaccess` is a part of its tree.
            Ok(Kind::Htaccess) if !named && has_outer(&path, &htaccess) => {}
            Ok(Kind::Htaccess) => {
                if named && is_access_file(&path) {
                    context.extend(topmost_above(files, &path));
                }
                htaccess.insert(path.parent().unwrap_or(Path::new("")).to_owned());
                found.roots.push(root(path, RootKind::Snippet, Dialect::Htaccess));
            }
            Ok(Kind::Edge(said)) => found.roots.push(root(path, RootKind::Main, Dialect::Edge(said))),
            // A file of that name that is not understood must not be passed over in silence.
            Ok(Kind::Unknown) if path.file_name().is_some_and(|name| name == "nginx.conf") => {
                found.skipped.push(Skipped { path, kind: Kind::Unknown });
            }
            Ok(Kind::Foreign | Kind::Unknown) if !named => {}
            Ok(_) if named && search.force_exclude => found.excluded.push(path),
            Ok(kind) => found.skipped.push(Skipped { path, kind }),
            Err(reason) => found.unreadable.push(Unreadable { path, reason }),
        }
    }
    for (main, dialect) in context {
        if !found.roots.iter().any(|r| r.main == main) {
            found.roots.push(root(main, RootKind::Context, dialect));
        }
    }
    found.roots.sort_by(|a, b| a.main.cmp(&b.main));
    found
}

/// Whether a `.htaccess` lies below a folder that has one; outer folders come first.
fn has_outer(path: &Path, folders: &BTreeSet<PathBuf>) -> bool {
    is_access_file(path) && path.ancestors().skip(2).any(|folder| folders.contains(folder))
}

/// The paths that absolute paths and patterns mean, below `base` as far as they lie there: a path stands for itself, also if nothing
/// is there; a pattern for the files and folders that match it.
pub fn expand(files: &dyn Files, patterns: &[String], base: &Path) -> Vec<PathBuf> {
    let mut found = BTreeSet::new();
    for pattern in patterns {
        // What stands before the first part with a wildcard is the folder to walk.
        let Some(first) = pattern.find(['*', '?', '[', '{']) else {
            found.insert(shown(Path::new(pattern), base));
            continue;
        };
        let folder = pattern.get(..first).and_then(|start| start.rsplit_once('/')).map_or("", |(folder, _)| folder);
        let Ok(glob) = globset::GlobBuilder::new(pattern).literal_separator(true).build() else { continue };
        let glob = glob.compile_matcher();
        let walk = walker(Path::new(folder), base, &Search::default()).build();
        let matching = walk.flatten().map(ignore::DirEntry::into_path).filter(|path| !files.hides(path));
        let matching = matching.chain(files.beyond(Path::new(folder))).filter(|path| glob.is_match(path));
        found.extend(matching.map(|path| shown(&path, base)));
    }
    found.into_iter().collect()
}

/// A path as the tool uses it: without `.` and `..`, relative if it lies below `base`.
pub fn shown(path: &Path, base: &Path) -> PathBuf {
    let path = normalize(path);
    path.strip_prefix(base).map(Path::to_owned).unwrap_or(path)
}

fn kind_of(files: &dyn Files, candidate: &Candidate, base: &Path, search: &Search) -> Result<Kind, String> {
    let forced = search.kind.filter(|_| candidate.named).or_else(|| search.said(&base.join(&candidate.path)));
    // The name says all, and there may be thousands.
    if !candidate.named && forced.is_none() && is_access_file(&candidate.path) {
        return Ok(Kind::Htaccess);
    }
    let mut bytes = files.head(&candidate.path, recognise::PREFIX).map_err(|e| reason(&e))?;
    let mut seen = recognise(&candidate.path, &bytes);
    // What shows that YAML is ours may stand at its end.
    let is_whole = bytes.len() < recognise::PREFIX;
    if !is_whole && !matches!(seen, Kind::Edge(_)) && recognise::is_yaml(&candidate.path) {
        bytes = files.head(&candidate.path, usize::MAX).map_err(|e| reason(&e))?;
        seen = recognise(&candidate.path, &bytes);
    }
    let forced = match forced {
        Some(forced) => Some(forced),
        None => kinds::commented(&bytes)?,
    };
    let kind = match seen {
        // A program about nginx may well have lines that look like its directives.
        Kind::NginxMain | Kind::NginxSnippet | Kind::ApacheMain | Kind::ApachePart if is_other(&candidate.path) => Kind::Unknown,
        kind => kind,
    };
    if !candidate.named && forced.is_none() {
        return Ok(kind);
    }
    Ok(match (forced, kind) {
        // Both kinds of nginx are one to the user, and so are those of Apache.
        (Some(Kind::NginxMain), Kind::NginxMain) => Kind::NginxMain,
        (Some(Kind::NginxMain), _) => Kind::NginxSnippet,
        (Some(Kind::ApacheMain), Kind::ApacheMain) => Kind::ApacheMain,
        (Some(Kind::ApacheMain), _) => Kind::ApachePart,
        (Some(forced), _) => forced,
        (None, Kind::Unknown) if may_be_configuration(&candidate.path, search.force_exclude) => {
            if recognise::in_apache_folder(&candidate.path) || recognise::reads_as_apache(&bytes) {
                Kind::ApachePart
            } else {
                Kind::NginxSnippet
            }
        }
        (None, kind) => kind,
    })
}

/// Why something could not be read, without the number of the operating system.
pub fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    }
}

/// How many folders above a file that is named are looked into.
const LEVELS: usize = 6;

/// The folders above a file, up to the top of the repository.
fn folders_above<'p>(files: &dyn Files, path: &'p Path) -> Vec<&'p Path> {
    let mut folders = Vec::new();
    for folder in path.ancestors().skip(1).take(LEVELS) {
        folders.push(folder);
        if files.kind(&folder.join(".git")).is_some() {
            break;
        }
    }
    folders
}

/// Main files that may include the snippet, in its folder or above.
fn mains_above(files: &dyn Files, snippet: &Path, dialect: Dialect) -> Vec<(PathBuf, Dialect)> {
    let (names, kind): (&[&str], Kind) = match dialect {
        Dialect::Nginx => (&["nginx.conf"], Kind::NginxMain),
        _ => (&["apache2.conf", "httpd.conf", "conf/httpd.conf"], Kind::ApacheMain),
    };
    let is_main = |main: &PathBuf| {
        main != snippet
            && files.kind(main) == Some(FileKind::File)
            && files.head(main, recognise::PREFIX).is_ok_and(|text| recognise(main, &text) == kind)
    };
    let folders = folders_above(files, snippet).into_iter();
    let mains = folders.flat_map(|folder| names.iter().map(move |name| folder.join(name)));
    mains.filter(is_main).map(|main| (main, dialect)).collect()
}

/// The topmost `.htaccess` above one that is named: together they decide.
fn topmost_above(files: &dyn Files, path: &Path) -> Option<(PathBuf, Dialect)> {
    let outer = folders_above(files, path).into_iter().skip(1).map(|folder| folder.join(".htaccess"));
    let topmost = outer.filter(|path| files.kind(path) == Some(FileKind::File)).last()?;
    Some((topmost, Dialect::Htaccess))
}

fn walk(
    files: &dyn Files,
    folder: &Path,
    base: &Path,
    search: &Search,
    candidates: &mut Vec<Candidate>,
    unreadable: &mut Vec<Unreadable>,
) {
    let is_wanted = |path: &Path| is_candidate(path) || search.said(&base.join(path)).is_some();
    for entry in walker(folder, base, search).build() {
        match entry {
            Ok(entry) => {
                // Links are skipped: their targets are met themselves, or lie outside of what was asked for.
                if !entry.file_type().is_some_and(|t| t.is_file()) {
                    continue;
                }
                let path = normalize(entry.path());
                if is_wanted(&path) && !files.hides(&path) {
                    candidates.push(Candidate { path, named: false });
                }
            }
            Err(error) => unreadable.push(walk_error(folder, &error)),
        }
    }
    let lifted = is_lifted(folder, base, search);
    for path in files.beyond(folder) {
        let path = shown(&path, base);
        let mut inside = path.ancestors().take_while(|path| *path != folder);
        if is_wanted(&path) && (lifted || !inside.any(|path| search.excludes(&base.join(path)))) {
            candidates.push(Candidate { path, named: false });
        }
    }
}

/// A folder and those below it that a walk looks into.
pub fn folders(folder: &Path, base: &Path, no_gitignore: bool) -> Vec<PathBuf> {
    let walk = walker(folder, base, &Search { no_gitignore, ..Search::default() }).build().flatten();
    walk.filter(|entry| entry.file_type().is_some_and(|kind| kind.is_dir())).map(ignore::DirEntry::into_path).collect()
}

/// What `.gitignore` and the user leave of a folder.
fn walker(folder: &Path, base: &Path, search: &Search) -> ignore::WalkBuilder {
    let mut walk = ignore::WalkBuilder::new(or_dot(folder));
    walk.standard_filters(!search.no_gitignore).hidden(false).require_git(false).follow_links(false);
    let lifted = is_lifted(folder, base, search);
    let (base, search) = (base.to_owned(), search.clone());
    walk.filter_entry(move |entry| {
        entry.depth() == 0
            || !matches!(entry.file_name().to_str(), Some(".git" | ".hg" | ".svn"))
                && (lifted || !search.excludes(&base.join(normalize(entry.path()))))
    });
    walk
}

/// In a folder that is named nothing is passed over for the sake of the folder.
fn is_lifted(folder: &Path, base: &Path, search: &Search) -> bool {
    let whole = base.join(folder);
    search.excludes(&whole) || search.excludes(&whole.join("any file"))
}

fn walk_error(folder: &Path, error: &ignore::Error) -> Unreadable {
    let path = match error {
        ignore::Error::WithDepth { err, .. } => match &**err {
            ignore::Error::WithPath { path, .. } => path.clone(),
            _ => folder.to_owned(),
        },
        ignore::Error::WithPath { path, .. } => path.clone(),
        _ => folder.to_owned(),
    };
    Unreadable { path: normalize(&path), reason: error.io_error().map_or_else(|| error.to_string(), reason) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Memory;

    #[test]
    fn a_named_snippet_brings_the_main_files_above_it() {
        let mut files = Memory::new();
        files.add("etc/nginx/nginx.conf", "http { include conf.d/*.conf; }");
        files.add("etc/nginx/conf.d/a.conf", "server { listen 80; }");
        let found = discover(&files, &[PathBuf::from("etc/nginx/conf.d/a.conf")], Path::new("/w"), &Search::default());
        let roots: Vec<_> = found.roots.iter().map(|r| (r.main.to_str().unwrap(), r.kind)).collect();
        assert_eq!(roots, [("etc/nginx/conf.d/a.conf", RootKind::Snippet), ("etc/nginx/nginx.conf", RootKind::Context)]);
    }

    #[test]
    fn a_named_file_that_tells_little_is_what_its_lines_look_like() {
        let mut files = Memory::new();
        files.add("a.conf", "# all of them\nInclude sites/*.conf\nIncludeOptional more/*.conf\n");
        files.add("b.conf", "include sites/*.conf;\n");
        files.add("c.conf", "# nothing yet\n");
        let found = discover(&files, &["a.conf", "b.conf", "c.conf"].map(PathBuf::from), Path::new("/w"), &Search::default());
        let dialects: Vec<_> = found.roots.iter().map(|r| r.dialect).collect();
        assert_eq!(dialects, [Dialect::Apache, Dialect::Nginx, Dialect::Nginx]);
    }

    #[test]
    fn a_program_about_nginx_is_no_configuration() {
        let mut files = Memory::new();
        let text = "location / {\n  return 204;\n}\n";
        files.add("nginx/location.rs", text);
        files.add("nginx/location.conf", text);
        for search in [Search::default(), Search { force_exclude: true, ..Search::default() }] {
            let inputs = ["nginx/location.rs", "nginx/location.conf"].map(PathBuf::from);
            let found = discover(&files, &inputs, Path::new("/w"), &search);
            let roots: Vec<_> = found.roots.iter().map(|root| root.main.to_string_lossy().into_owned()).collect();
            assert_eq!(roots, ["nginx/location.conf"]);
        }
    }

    #[test]
    fn what_is_missing_or_strange_is_told() {
        let mut files = Memory::new();
        files.add("README.md", "text");
        files.add("empty.conf", "");
        let inputs = ["README.md", "empty.conf", "gone.conf"].map(PathBuf::from);
        let found = discover(&files, &inputs, Path::new("/w"), &Search::default());
        assert_eq!(found.roots.len(), 1);
        assert_eq!(found.skipped, [Skipped { path: "README.md".into(), kind: Kind::Unknown }]);
        assert_eq!(found.unreadable.len(), 1);
    }
}
