//! The output of `nginx -T`: every file of a running configuration in one text, split back into the files.

use std::path::PathBuf;

use crate::files::Memory;

const MARKER: &[u8] = b"# configuration file ";

/// The files of a dump.
#[derive(Debug)]
pub struct Dump {
    /// All files, under the paths they have on the server.
    pub files: Memory,
    /// The main file: the first one of the dump.
    pub main: PathBuf,
}

/// Splits a dump; `None` if the text is something else.
///
/// nginx writes `# configuration file PATH:` before each file and one line break after it. Standard error, often in the same
/// stream, brings `nginx: …` lines and log lines before the first marker.
pub fn split(text: &[u8]) -> Option<Dump> {
    let mut files = Memory::new();
    let mut main = None;
    let mut current: Option<(PathBuf, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive(|b| *b == b'\n') {
        let start = at;
        at += line.len();
        if let Some(path) = marker(line) {
            if let Some((path, from)) = current.take() {
                add(&mut files, path, text.get(from..start).unwrap_or_default());
            }
            main.get_or_insert_with(|| path.clone());
            current = Some((path, at));
        } else if main.is_none() && !is_preamble(line) {
            return None;
        }
    }
    let (path, from) = current?;
    add(&mut files, path, text.get(from..).unwrap_or_default());
    Some(Dump { files, main: main? })
}

fn add(files: &mut Memory, path: PathBuf, text: &[u8]) {
    files.add(path, text.strip_suffix(b"\n").unwrap_or(text));
}

fn marker(line: &[u8]) -> Option<PathBuf> {
    let line = line.trim_ascii_end();
    let path = line.strip_prefix(MARKER)?.strip_suffix(b":")?;
    // A comment of the same words inside a file names no absolute path.
    (path.starts_with(b"/") || path.get(1) == Some(&b':')).then(|| PathBuf::from(String::from_utf8_lossy(path).into_owned()))
}

/// Lines that may stand before the first file: messages of nginx, log lines, blank lines.
fn is_preamble(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.is_empty() || line.starts_with(b"nginx:") || is_log_line(line)
}

/// `2024/05/01 10:00:00 [warn] …`
fn is_log_line(line: &[u8]) -> bool {
    let shape = b"0000/00/00 00:00:00 [";
    line.len() > shape.len()
        && line.iter().zip(shape).all(|(have, want)| if *want == b'0' { have.is_ascii_digit() } else { have == want })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::files::Files;

    #[test]
    fn files_come_back_as_they_were() {
        let text = "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n\
                    nginx: configuration file /etc/nginx/nginx.conf test is successful\n\
                    2024/05/01 10:00:00 [warn] 1#1: conflicting server name\n\
                    # configuration file /etc/nginx/nginx.conf:\nhttp {\n  include a.conf;\n}\n\n\
                    # configuration file /etc/nginx/a.conf:\n# configuration file of mine:\nserver {}\n";
        let dump = split(text.as_bytes()).unwrap();
        assert_eq!(dump.main, Path::new("/etc/nginx/nginx.conf"));
        assert_eq!(dump.files.read(Path::new("/etc/nginx/nginx.conf")).unwrap(), b"http {\n  include a.conf;\n}\n");
        assert_eq!(dump.files.read(Path::new("/etc/nginx/a.conf")).unwrap(), b"# configuration file of mine:\nserver {}");
    }

    #[test]
    fn a_configuration_is_no_dump() {
        assert!(split(b"server {}\n# configuration file /x:\n").is_none());
        assert!(split(b"").is_none());
    }
}
