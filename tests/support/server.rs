//! What the real servers have in common: a temporary folder, loopback ports, a process in the foreground that ends with the test.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::{apache, envoy, nginx};

/// A server whose examples and witnesses the tests replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    Nginx,
    Apache,
    Envoy,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Nginx, Self::Apache, Self::Envoy];

    /// The one that reads blocks of a language.
    pub fn of(language: &str) -> Option<Self> {
        match language {
            "nginx" => Some(Self::Nginx),
            "apache" | "htaccess" => Some(Self::Apache),
            // Examples in YAML become of this language in `envoy::of`.
            envoy::PROGRAM => Some(Self::Envoy),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Apache => "apache",
            Self::Envoy => "envoy",
        }
    }

    /// Whether the server is installed.
    pub fn installed(self) -> bool {
        static NGINX: std::sync::LazyLock<bool> = std::sync::LazyLock::new(|| starts("nginx", "-v"));
        static APACHE: std::sync::LazyLock<bool> =
            std::sync::LazyLock::new(|| starts(apache::PROGRAM, "-v") && apache::complete());
        static ENVOY: std::sync::LazyLock<bool> = std::sync::LazyLock::new(|| starts(envoy::PROGRAM, "--version"));
        match self {
            Self::Nginx => *NGINX,
            Self::Apache => *APACHE,
            Self::Envoy => *ENVOY,
        }
    }

    fn command(self, folder: &Path, config: &Path) -> Command {
        match self {
            Self::Nginx => nginx::command(folder, config),
            Self::Apache => apache::command(folder, config),
            Self::Envoy => envoy::command(config),
        }
    }

    /// The file that is written once all addresses are bound; Envoy writes none.
    fn written(self) -> Option<&'static str> {
        match self {
            Self::Nginx => Some(nginx::PID),
            Self::Apache => Some(apache::PID),
            Self::Envoy => None,
        }
    }

    /// `nginx -t`, `apache2 -t`, `envoy --mode validate`: `Err` with what it says if it refuses.
    pub fn test(self, folder: &Path, config: &Path) -> Result<String, String> {
        let check: &[&str] = if self == Self::Envoy { &["--mode", "validate"] } else { &["-t"] };
        let output = self.command(folder, config).args(check).output().map_err(|e| format!("{}: {e}", self.name()))?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(said) } else { Err(said) }
    }
}

/// Whether a program can be started.
fn starts(program: &str, argument: &str) -> bool {
    Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// A loopback port that is free now. It lies below those that the system gives to connections and to listeners that ask for any,
/// so that none of these takes it before the server does; and this process hands it out once.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    const RANGE: std::ops::Range<u32> = 12_000..32_000;
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed) + std::process::id().wrapping_mul(61);
        let port = (RANGE.start + number % RANGE.len() as u32) as u16;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// A temporary folder that a worker of any user can read.
pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    set_mode(folder.path(), 0o755);
    folder
}

/// Sets the permissions of a file or folder.
#[cfg(unix)]
pub fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode));
}

/// There are no such permissions.
#[cfg(not(unix))]
pub fn set_mode(_: &Path, _: u32) {}

/// Whether the tests run as root.
#[cfg(unix)]
pub fn is_root(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(folder).is_ok_and(|m| m.uid() == 0)
}

/// There is no root.
#[cfg(not(unix))]
pub fn is_root(_: &Path) -> bool {
    false
}

/// A running server.
pub struct Server {
    child: Child,
    folder: PathBuf,
}

impl Server {
    /// Starts it and waits until it listens.
    pub fn start(dialect: Dialect, folder: &Path, config: &Path) -> Result<Self, String> {
        let written = dialect.written().map(|name| folder.join(name));
        if let Some(written) = &written {
            let _ = std::fs::remove_file(written);
        }
        let said = std::fs::File::create(folder.join("start.log")).map_err(|e| e.to_string())?;
        let mut command = dialect.command(folder, config);
        if dialect == Dialect::Apache {
            // One process without workers: it starts in a few milliseconds and leaves nothing behind when it is killed.
            command.arg("-X");
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said)
            .spawn()
            .map_err(|e| format!("{}: {e}", dialect.name()))?;
        let mut server = Self { child, folder: folder.to_owned() };
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            if let Ok(Some(_)) = server.child.try_wait() {
                return Err(format!("{} does not start:\n{}", dialect.name(), server.log()));
            }
            if written.as_ref().map_or_else(|| envoy::listens(folder), |written| written.exists()) {
                return Ok(server);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Err(format!("{} does not start in time:\n{}", dialect.name(), server.log()))
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

    /// Named shared memory that httpd made for its balancers. It stays when the process ends, however it ends.
    fn shared_memory(&self) -> Vec<PathBuf> {
        let maps = std::fs::read_to_string(format!("/proc/{}/maps", self.child.id())).unwrap_or_default();
        let names = maps.lines().filter_map(|line| line.find("/dev/shm/ShM.").map(|at| PathBuf::from(line[at..].trim_end())));
        names.collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let left = self.shared_memory();
        let _ = self.child.kill();
        let _ = self.child.wait();
        for path in left {
            let _ = std::fs::remove_file(path);
        }
    }
}
