//! Where output goes and how it looks there.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use super::args::When;
use crate::files::{Disk, Files};

/// Whether to colour what goes to standard output.
pub(super) fn color(when: When) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto if set("NO_COLOR") => false,
        When::Auto if std::env::var("FORCE_COLOR").is_ok_and(|v| v != "0" && !v.is_empty()) => true,
        When::Auto => io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|t| t != "dumb"),
    }
}

/// Whether the reader's terminal shows more than ASCII.
pub(super) fn unicode() -> bool {
    if cfg!(windows) {
        return std::env::var_os("WT_SESSION").is_some();
    }
    // The first of these that is set decides, as in `setlocale`.
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().filter_map(|name| std::env::var(name).ok()).find(|v| !v.is_empty());
    locale.is_some_and(|v| {
        let v = v.to_ascii_lowercase();
        v.contains("utf-8") || v.contains("utf8")
    })
}

/// Columns to write in.
pub(super) fn width() -> usize {
    const PIPE: usize = 100;
    let columns = || std::env::var("COLUMNS").ok()?.parse().ok();
    if !io::stdout().is_terminal() {
        return columns().unwrap_or(PIPE);
    }
    terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0)).or_else(columns).unwrap_or(PIPE)
}

/// Buffered standard output.
pub(super) fn stdout() -> io::BufWriter<io::Stdout> {
    io::BufWriter::with_capacity(64 * 1024, io::stdout())
}

/// Writes a text to standard output.
pub(super) fn print(text: &str) -> io::Result<()> {
    print_bytes(text.as_bytes())
}

/// Writes bytes to standard output.
pub(super) fn print_bytes(bytes: &[u8]) -> io::Result<()> {
    let mut out = stdout();
    out.write_all(bytes)?;
    out.flush()
}

/// Writes a file in one step: whoever reads it meanwhile, or an end in between, finds the old one whole. A link stays one, and what
/// it leads to is replaced; rights and, where that is allowed, the owner stay.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = if Disk.kind(path).is_some() { Disk.identity(path) } else { path.to_owned() };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".lint401-");
    let old = std::fs::metadata(&target).ok();
    let permissions = old.as_ref().map(std::fs::Metadata::permissions);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // A new file has the rights that any new file has.
        builder.permissions(permissions.clone().unwrap_or_else(|| std::fs::Permissions::from_mode(0o666)));
    }
    let mut file = builder.tempfile_in(target.parent().unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    #[cfg(unix)]
    if let Some(old) = &old {
        use std::os::unix::fs::MetadataExt as _;
        // Only root may give a file away; for others it stays theirs, as with any editor that writes this way.
        let _ = std::os::unix::fs::fchown(file.as_file(), Some(old.uid()), Some(old.gid()));
    }
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    file.as_file().sync_all()?;
    file.persist(&target).map_err(|error| error.error)?;
    Ok(())
}
