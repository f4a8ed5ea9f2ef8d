//! The wire formats that servers speak to applications: HTTP, FastCGI, SCGI, uwsgi, and the environment of a CGI script as
//! [`CGI_SCRIPT`] passes it on. One request in, one answer out.

use std::io::{self, BufRead, BufReader, Read, Write};

/// How a server talks to an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    Http,
    Fastcgi,
    Scgi,
    Uwsgi,
    /// A script that the server starts: see [`CGI_SCRIPT`].
    Cgi,
}

/// A CGI script that hands its environment to the application at PORT, each variable ended by a NUL and the last one followed by
/// one more, and passes on what that answers.
pub const CGI_SCRIPT: &str =
    "#!/bin/bash\nexec 3<>/dev/tcp/127.0.0.1/PORT\n{ /usr/bin/env -0; printf '\\0'; } >&3\nexec /bin/cat <&3\n";

/// What an application got.
#[derive(Clone, Debug)]
pub struct Seen {
    pub protocol: Protocol,
    pub method: String,
    /// Request target (`REQUEST_URI`, else `SCRIPT_NAME`, where there is no request line).
    pub target: String,
    /// Header fields, or parameters, as received.
    pub fields: Vec<(String, String)>,
    /// The port it arrived at.
    pub port: u16,
}

impl Seen {
    /// A header field by its name: `Authorization` is `HTTP_AUTHORIZATION` where there are parameters. Other parameters by their own name.
    pub fn field(&self, name: &str) -> Option<&str> {
        let find = |name: &str| self.fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str());
        if self.protocol == Protocol::Http {
            return find(name);
        }
        let as_parameter = match name.to_ascii_uppercase().replace('-', "_").as_str() {
            plain @ ("CONTENT_TYPE" | "CONTENT_LENGTH") => plain.to_owned(),
            upper => format!("HTTP_{upper}"),
        };
        find(&as_parameter).or_else(|| find(name))
    }
}

/// Reads one request.
pub fn read(protocol: Protocol, port: u16, stream: &mut BufReader<impl Read>) -> io::Result<Seen> {
    let fields = match protocol {
        Protocol::Http => return read_http(port, stream),
        Protocol::Fastcgi => read_fastcgi(stream)?,
        Protocol::Scgi => read_scgi(stream)?,
        Protocol::Uwsgi => read_uwsgi(stream)?,
        Protocol::Cgi => read_environment(stream)?,
    };
    let get = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    let method = get("REQUEST_METHOD").unwrap_or_default();
    let target = get("REQUEST_URI").or_else(|| get("SCRIPT_NAME")).unwrap_or_default();
    Ok(Seen { protocol, method, target, fields, port })
}

/// Writes one answer: `head` is status and header fields, without the empty line.
pub fn write(
    protocol: Protocol,
    stream: &mut impl Write,
    status: u16,
    headers: &[(String, String)],
    body: &str,
) -> io::Result<()> {
    let mut text = match protocol {
        Protocol::Http | Protocol::Uwsgi => format!("HTTP/1.1 {status} Answer\r\n"),
        Protocol::Fastcgi | Protocol::Scgi | Protocol::Cgi => format!("Status: {status} Answer\r\n"),
    };
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if protocol == Protocol::Http {
        text.push_str("Connection: close\r\n");
    }
    text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    if protocol != Protocol::Fastcgi {
        return stream.write_all(text.as_bytes());
    }
    let mut out = Vec::new();
    for chunk in text.as_bytes().chunks(0x7fff) {
        record(&mut out, 6, chunk);
    }
    record(&mut out, 6, &[]);
    record(&mut out, 3, &[0; 8]);
    stream.write_all(&out)
}

fn record(out: &mut Vec<u8>, kind: u8, content: &[u8]) {
    let [high, low] = (content.len() as u16).to_be_bytes();
    out.extend_from_slice(&[1, kind, 0, 1, high, low, 0, 0]);
    out.extend_from_slice(content);
}

fn read_http(port: u16, stream: &mut BufReader<impl Read>) -> io::Result<Seen> {
    let mut line = Vec::new();
    let mut read_line = |stream: &mut BufReader<_>| -> io::Result<String> {
        line.clear();
        if stream.read_until(b'\n', &mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    };
    let first = read_line(stream)?;
    let mut words = first.splitn(2, ' ');
    let method = words.next().unwrap_or_default().to_owned();
    let rest = words.next().unwrap_or_default();
    let target = rest.rsplit_once(" HTTP/").map_or(rest, |(t, _)| t).to_owned();
    let mut fields = Vec::new();
    let mut length = 0;
    loop {
        let line = read_line(stream)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or(0);
        }
        fields.push((name.to_owned(), value.trim_start().to_owned()));
    }
    io::copy(&mut stream.take(length), &mut io::sink())?;
    Ok(Seen { protocol: Protocol::Http, method, target, fields, port })
}

fn read_fastcgi(stream: &mut impl Read) -> io::Result<Vec<(String, String)>> {
    let mut params = Vec::new();
    loop {
        let mut head = [0; 8];
        stream.read_exact(&mut head)?;
        let length = u16::from_be_bytes([head[4], head[5]]) as usize;
        let mut content = vec![0; length + head[6] as usize];
        stream.read_exact(&mut content)?;
        content.truncate(length);
        match head[1] {
            4 => params.extend_from_slice(&content),
            5 if length == 0 => break,
            _ => {}
        }
    }
    let mut rest = params.as_slice();
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let (name, value) = (length_of(&mut rest)?, length_of(&mut rest)?);
        fields.push((text_of(&mut rest, name)?, text_of(&mut rest, value)?));
    }
    Ok(fields)
}

fn read_environment(stream: &mut BufReader<impl Read>) -> io::Result<Vec<(String, String)>> {
    let mut fields = Vec::new();
    loop {
        let mut bytes = Vec::new();
        stream.read_until(0, &mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        match text.trim_end_matches('\0').split_once('=') {
            Some((name, value)) => fields.push((name.to_owned(), value.to_owned())),
            None => return Ok(fields),
        }
    }
}

fn length_of(rest: &mut &[u8]) -> io::Result<usize> {
    let mut first = [0; 1];
    rest.read_exact(&mut first)?;
    if first[0] < 0x80 {
        return Ok(first[0] as usize);
    }
    let mut others = [0; 3];
    rest.read_exact(&mut others)?;
    Ok(u32::from_be_bytes([first[0] & 0x7f, others[0], others[1], others[2]]) as usize)
}

fn text_of(rest: &mut &[u8], length: usize) -> io::Result<String> {
    let mut bytes = vec![0; length];
    rest.read_exact(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn read_scgi(stream: &mut BufReader<impl Read>) -> io::Result<Vec<(String, String)>> {
    let mut digits = Vec::new();
    stream.read_until(b':', &mut digits)?;
    let length: usize = String::from_utf8_lossy(&digits).trim_end_matches(':').parse().map_err(|_| io::ErrorKind::InvalidData)?;
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes)?;
    let texts: Vec<String> = bytes.split(|b| *b == 0).map(|t| String::from_utf8_lossy(t).into_owned()).collect();
    Ok(texts.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
}

fn read_uwsgi(stream: &mut impl Read) -> io::Result<Vec<(String, String)>> {
    let mut head = [0; 4];
    stream.read_exact(&mut head)?;
    let mut bytes = vec![0; u16::from_le_bytes([head[1], head[2]]) as usize];
    stream.read_exact(&mut bytes)?;
    let mut rest = bytes.as_slice();
    let mut texts = Vec::new();
    while !rest.is_empty() {
        let mut size = [0; 2];
        rest.read_exact(&mut size)?;
        texts.push(text_of(&mut rest, u16::from_le_bytes(size) as usize)?);
    }
    Ok(texts.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
}
