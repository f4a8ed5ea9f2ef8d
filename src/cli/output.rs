//! Where output goes and how it looks there.

use std::io::{self, IsTerminal, Write};

use super::args::When;

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
    let mut out = stdout();
    out.write_all(text.as_bytes())?;
    out.flush()
}
