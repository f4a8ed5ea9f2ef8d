//! The servers on this machine, and which release they are.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::files::{Disk, FileKind, Files};

/// How long a server may take to say its version.
const PATIENCE: Duration = Duration::from_secs(2);

/// A server on `PATH`.
pub(super) struct Server {
    /// The name of its program.
    pub(super) name: &'static str,
    /// Its program.
    pub(super) path: PathBuf,
    /// Its release, if it tells it.
    pub(super) version: Option<String>,
}

/// The servers on `PATH`. Each is asked for its version and for nothing else.
pub(super) fn found() -> Vec<Server> {
    let folders: Vec<PathBuf> = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    let find = |name: &'static str| {
        // What lies in the working directory is somebody's text, not a program that may be run.
        let paths = folders.iter().filter(|folder| folder.is_absolute()).map(|folder| folder.join(name));
        let path = paths.filter(|path| Disk.kind(path) == Some(FileKind::File)).find(|path| may_run(path))?;
        Some(Server { name, version: version(&path), path })
    };
    ["nginx", "openresty", "apache2", "httpd"].into_iter().filter_map(find).collect()
}

#[cfg(unix)]
fn may_run(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn may_run(_: &Path) -> bool {
    true
}

/// The number in `nginx version: nginx/1.30.0` or `Server version: Apache/2.4.66 (Debian)`.
fn version(program: &Path) -> Option<String> {
    let mut command = Command::new(program);
    let mut child = command.arg("-v").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().ok()?;
    let start = Instant::now();
    while child.try_wait().ok()?.is_none() {
        if start.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut text = String::new();
    child.stdout.take()?.take(4096).read_to_string(&mut text).ok()?;
    child.stderr.take()?.take(4096).read_to_string(&mut text).ok()?;
    number(&text)
}

fn number(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("version:")?;
    let (_, rest) = rest.split_once('/')?;
    let number: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    Some(number).filter(|number| !number.is_empty())
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn versions() {
        for (text, expected) in [
            ("nginx version: nginx/1.22.1\n", Some("1.22.1")),
            ("nginx version: openresty/1.27.1.2\n", Some("1.27.1.2")),
            ("Server version: Apache/2.4.66 (Debian)\nServer built:   2026-01-02\n", Some("2.4.66")),
            ("usage: nginx", None),
            ("version: x/", None),
        ] {
            assert_eq!(number(text).as_deref(), expected, "{text}");
        }
    }
}
