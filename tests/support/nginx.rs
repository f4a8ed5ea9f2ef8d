//! The real nginx: one process on loopback ports, everything it writes in one temporary folder.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A loopback port that is free now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port");
    listener.local_addr().expect("an address").port()
}

/// A temporary folder that a worker of any user can read.
pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let _ = std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755));
    }
    folder
}

/// The directives of the main context that keep everything in `folder`. One process, in the foreground: it ends when it is killed.
pub fn main_directives(folder: &Path) -> String {
    let shown = folder.display();
    let user = if is_root(folder) { "user root;\n" } else { "" };
    format!(
        "{user}daemon off;\nmaster_process off;\nworker_processes 1;\npid {shown}/nginx.pid;\nerror_log {shown}/error.log notice;\n"
    )
}

/// The directives of `http` for the same purpose.
pub const TEMPORARY_PATHS: [(&str, &str); 5] = [
    ("client_body_temp_path", "tmp/body"),
    ("proxy_temp_path", "tmp/proxy"),
    ("fastcgi_temp_path", "tmp/fastcgi"),
    ("uwsgi_temp_path", "tmp/uwsgi"),
    ("scgi_temp_path", "tmp/scgi"),
];

#[cfg(unix)]
fn is_root(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(folder).is_ok_and(|m| m.uid() == 0)
}

#[cfg(not(unix))]
fn is_root(_: &Path) -> bool {
    false
}

fn command(folder: &Path, config: &Path) -> Command {
    let mut command = Command::new("nginx");
    command.arg("-p").arg(config.parent().unwrap_or(folder)).arg("-c").arg(config).arg("-e").arg(folder.join("start.log"));
    command
}

/// `nginx -t`: `Err` with what it says if it refuses.
pub fn test(folder: &Path, config: &Path) -> Result<String, String> {
    let output = command(folder, config).arg("-t").output().map_err(|e| format!("nginx: {e}"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(said) } else { Err(said) }
}

/// A running nginx.
pub struct Nginx {
    child: Child,
    folder: PathBuf,
}

impl Nginx {
    /// Starts it and waits until it listens.
    pub fn start(folder: &Path, config: &Path) -> Result<Self, String> {
        // Written once all addresses are bound.
        let written = folder.join("nginx.pid");
        let _ = std::fs::remove_file(&written);
        let child = command(folder, config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("nginx: {e}"))?;
        let mut nginx = Self { child, folder: folder.to_owned() };
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            if let Ok(Some(_)) = nginx.child.try_wait() {
                return Err(format!("nginx does not start:\n{}", nginx.log()));
            }
            if written.exists() {
                return Ok(nginx);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Err(format!("nginx does not start in time:\n{}", nginx.log()))
    }

    /// Whether it has ended by itself: a request crashed it.
    pub fn crashed(&mut self) -> bool {
        // A process that a signal ended closes its sockets a moment before it can be waited for.
        std::thread::sleep(Duration::from_millis(50));
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// What it wrote to its error logs.
    pub fn log(&self) -> String {
        ["start.log", "error.log"].iter().filter_map(|name| std::fs::read_to_string(self.folder.join(name)).ok()).collect()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
