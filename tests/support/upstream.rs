//! An application that records what it gets and answers what it is told.

use std::io::{BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
#[cfg(unix)]
use std::os::unix::net::{UnixListener, UnixStream};
#[cfg(unix)]
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::wire::{self, Protocol, Seen};

/// The header field with the number of the answer: a copy from a cache has the number of the first.
pub const NUMBER: &str = "X-Answer-Number";

/// What to answer to requests whose target starts with `on`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// Beginning of the target; empty: every request.
    pub on: String,
    /// The status, if it is not 200.
    pub status: Option<u16>,
    /// Header fields.
    pub headers: Vec<(String, String)>,
}

#[derive(Default)]
struct Shared {
    seen: Mutex<Vec<Seen>>,
    replies: Mutex<Vec<Reply>>,
    number: AtomicU64,
    stop: AtomicBool,
}

/// The application: one recorder behind any number of ports.
#[derive(Default)]
pub struct Upstream {
    shared: Arc<Shared>,
    ports: Mutex<Vec<u16>>,
    sockets: Mutex<Vec<PathBuf>>,
}

impl Upstream {
    /// An application that listens nowhere yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens on one more port of 127.0.0.1.
    pub fn listen(&self, protocol: Protocol) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port");
        let port = listener.local_addr().expect("an address").port();
        self.ports.lock().unwrap_or_else(PoisonError::into_inner).push(port);
        let shared = Arc::clone(&self.shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.stop.load(Ordering::Relaxed) {
                    break;
                }
                let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
                let _ = stream.set_nodelay(true);
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(protocol, port, &shared, stream));
            }
        });
        port
    }

    /// Listens on a socket of the file system.
    #[cfg(unix)]
    pub fn listen_unix(&self, protocol: Protocol, path: &Path) -> std::io::Result<()> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let listener = UnixListener::bind(path)?;
        super::server::set_mode(path, 0o777);
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
        let shared = Arc::clone(&self.shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.stop.load(Ordering::Relaxed) {
                    break;
                }
                let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(protocol, 0, &shared, stream));
            }
        });
        Ok(())
    }

    /// What to answer from now on; the last entry that fits counts.
    pub fn set_replies(&self, replies: Vec<Reply>) {
        *self.shared.replies.lock().unwrap_or_else(PoisonError::into_inner) = replies;
    }

    /// What arrived since the last call.
    pub fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        for port in self.ports.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            // Wakes the thread that waits for a connection.
            let _ = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, *port)), Duration::from_millis(200));
        }
        #[cfg(unix)]
        for path in self.sockets.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let _ = UnixStream::connect(path);
        }
    }
}

fn serve(protocol: Protocol, port: u16, shared: &Shared, mut stream: impl Read + Write) {
    let Ok(seen) = wire::read(protocol, port, &mut BufReader::new(&mut stream)) else { return };
    let number = shared.number.fetch_add(1, Ordering::Relaxed) + 1;
    let reply = {
        let replies = shared.replies.lock().unwrap_or_else(PoisonError::into_inner);
        let mut merged = Reply::default();
        for reply in replies.iter().filter(|r| seen.target.starts_with(&r.on)) {
            merged.status = reply.status.or(merged.status);
            merged.headers.extend(reply.headers.iter().cloned());
        }
        merged
    };
    let fields: Vec<String> = seen.fields.iter().map(|(n, v)| format!("{n:?}: {v:?}")).collect();
    let body = format!(
        "{{\"number\": {number}, \"method\": {:?}, \"target\": {:?}, \"fields\": {{{}}}}}\n",
        seen.method,
        seen.target,
        fields.join(", ")
    );
    let mut headers = vec![(NUMBER.to_owned(), number.to_string())];
    if !reply.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case("content-type")) {
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    }
    headers.extend(reply.headers);
    shared.seen.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
    let _ = wire::write(protocol, &mut stream, reply.status.unwrap_or(200), &headers, &body);
}
