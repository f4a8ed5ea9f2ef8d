//! Where output goes and how it looks there.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use super::args::When;
use crate::files::{Disk, Files};

/// Whether to colour what goes to standard output.
pub(super) fn color(when: When) -> bool {
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto => color_by(|name| std::env::var(name).ok(), io::stdout().is_terminal()).0,
    }
}

/// Whether to colour where nothing is said on the command line, and what decides that.
pub(super) fn color_by(variable: impl Fn(&str) -> Option<String>, terminal: bool) -> (bool, &'static str) {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    if set("NO_COLOR").is_some() {
        return (false, "NO_COLOR is set");
    }
    for (name, yes, no) in [
        ("FORCE_COLOR", "FORCE_COLOR is set", "FORCE_COLOR is 0"),
        ("CLICOLOR_FORCE", "CLICOLOR_FORCE is set", ""),
        ("CLICOLOR", "", "CLICOLOR is 0"),
    ] {
        match set(name) {
            Some(value) if value == "0" && !no.is_empty() => return (false, no),
            Some(value) if value != "0" && !yes.is_empty() => return (true, yes),
            _ => {}
        }
    }
    if !terminal {
        return (false, "standard output is no terminal");
    }
    if is_dumb() { (false, "TERM is dumb") } else { (true, "standard output is a terminal") }
}

/// Whether the terminal takes nothing but text.
pub(super) fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Whether the terminal of standard output shows links.
pub(super) fn links(when: When) -> bool {
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto => !is_dumb() && supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout),
    }
}

/// Whether the reader listens: reports come as prose, without drawings.
pub(super) fn narrated() -> bool {
    std::env::var_os("NO_GRAPHICS").is_some_and(|value| !value.is_empty() && value != "0")
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

/// Standard output, whose reader may leave before the end (`lint401 check | head`): what is written after that is lost, and nothing
/// else changes, least of all the exit code.
#[derive(Debug)]
pub(super) struct Stdout(io::Stdout);

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(bytes.len()),
            result => result,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0.flush() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    }
}

/// Buffered standard output.
pub(super) fn stdout() -> io::BufWriter<Stdout> {
    io::BufWriter::with_capacity(64 * 1024, Stdout(io::stdout()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_speak_of_colour() {
        let decide = |variables: &[(&str, &str)], terminal| {
            let find = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
            color_by(find, terminal).0
        };
        for (variables, in_pipe) in [
            (&[][..], false),
            (&[("FORCE_COLOR", "1")], true),
            (&[("FORCE_COLOR", "0")], false),
            (&[("CLICOLOR_FORCE", "1")], true),
            (&[("CLICOLOR_FORCE", "0")], false),
            (&[("CLICOLOR", "1")], false),
            (&[("NO_COLOR", "1"), ("FORCE_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false),
            (&[("NO_COLOR", ""), ("FORCE_COLOR", "1")], true),
            (&[("CLICOLOR", "0"), ("CLICOLOR_FORCE", "1")], true),
        ] {
            assert_eq!(decide(variables, false), in_pipe, "{variables:?}");
        }
        for name in ["NO_COLOR", "FORCE_COLOR", "CLICOLOR"] {
            assert!(!decide(&[(name, "0")], true), "{name}=0 on a terminal");
        }
    }
}
