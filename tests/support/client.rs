//! A client that sends exactly what it is told and follows no redirect.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The status; 0: the connection was closed without an answer (nginx's 444).
    pub status: u16,
    /// Header fields in the order received.
    pub headers: Vec<(String, String)>,
    /// The body, chunks joined.
    pub body: String,
}

impl Answer {
    /// The first header field of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// All header fields of that name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

/// One request: the text of its request line and header fields is sent as it stands.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: String,
    pub target: String,
    /// Header fields, Host among them if one is to be sent.
    pub headers: Vec<(String, String)>,
}

impl Request {
    fn text(&self) -> String {
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("Connection: close\r\n\r\n");
        text
    }
}

/// Sends a request over plain TCP.
pub fn send(address: SocketAddr, request: &Request) -> Result<Answer, String> {
    let mut stream =
        TcpStream::connect_timeout(&address, Duration::from_secs(5)).map_err(|e| format!("connect {address}: {e}"))?;
    let _ = stream.set_nodelay(true);
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    stream.write_all(request.text().as_bytes()).map_err(|e| e.to_string())?;
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => Ok(parse(&bytes, &request.method)),
        // nginx resets the connection when it closes with request bytes unread; what came before counts.
        Err(_) if !bytes.is_empty() => Ok(parse(&bytes, &request.method)),
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => Ok(Answer::default()),
        Err(error) => Err(format!("{} {}: {error}", request.method, request.target)),
    }
}

/// Sends a request over TLS, through `openssl s_client`; the certificate is not checked.
pub fn send_tls(address: SocketAddr, server_name: &str, request: &Request) -> Result<Answer, String> {
    let mut child = Command::new("openssl")
        .args(["s_client", "-quiet", "-connect", &address.to_string(), "-servername", server_name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| format!("openssl: {e}"))?;
    let mut input = child.stdin.take().ok_or("openssl has no input")?;
    input.write_all(request.text().as_bytes()).map_err(|e| e.to_string())?;
    input.flush().map_err(|e| e.to_string())?;
    let mut bytes = Vec::new();
    child.stdout.take().ok_or("openssl has no output")?.read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    drop(input);
    let _ = child.wait();
    Ok(parse(&bytes, &request.method))
}

fn parse(bytes: &[u8], method: &str) -> Answer {
    let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else {
        return Answer::default();
    };
    let head = String::from_utf8_lossy(&bytes[..end]);
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|l| l.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
    let headers: Vec<(String, String)> =
        lines.filter_map(|l| l.split_once(':')).map(|(n, v)| (n.to_owned(), v.trim().to_owned())).collect();
    let rest = &bytes[end + 4..];
    let mut answer = Answer { status, headers, body: String::new() };
    if method != "HEAD" {
        let chunked = answer.header("transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked"));
        let body = if chunked { unchunk(rest) } else { rest.to_vec() };
        answer.body = String::from_utf8_lossy(&body).into_owned();
    }
    answer
}

fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = rest.windows(2).position(|w| w == b"\r\n") {
        let size = std::str::from_utf8(&rest[..end]).ok().and_then(|s| usize::from_str_radix(s.trim(), 16).ok()).unwrap_or(0);
        let Some(chunk) = rest.get(end + 2..end + 2 + size).filter(|_| size > 0) else { break };
        out.extend_from_slice(chunk);
        rest = rest.get(end + 4 + size..).unwrap_or_default();
    }
    out
}

/// Base64 of a text, for Basic credentials.
pub fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let word = chunk.iter().fold(0u32, |w, b| w << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * i) & 63) as usize] as char;
            out.push(if i <= chunk.len() { digit } else { '=' });
        }
    }
    out
}
