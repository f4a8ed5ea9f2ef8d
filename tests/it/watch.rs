//! `--watch`, driven from outside.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::folder::Folder;

const MAIN: &str = "events {}\nhttp {\n  include conf.d/*.conf;\n}\n";
const GOOD: &str = "server { listen 80; }\n";
const BAD: &str = "server { listen 80; ; }\n";
const WATCHING: &str = "watching ";
/// Longer than any machine takes.
const LIMIT: Duration = Duration::from_secs(60);

/// A run that goes on, with the lines of both of its outputs.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    fn start(folder: &Folder, arguments: &[&str]) -> Self {
        let mut command = folder.command(&[&["check", "--watch", "-f", "concise"], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let outputs: [Box<dyn Read + Send>; 2] = [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for output in outputs {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines() {
                    let _ = sender.send(line.unwrap());
                }
            });
        }
        Self { child, lines }
    }

    /// Waits for lines with these texts in them, in any order: the two outputs are read side by side.
    fn says(&self, parts: &[&str]) {
        let (mut left, mut seen) = (parts.to_vec(), Vec::new());
        while !left.is_empty() {
            let line = self.lines.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("no line with {left:?} in {seen:?}"));
            assert!(!line.contains('\u{1b}'), "the screen is cleared on a terminal only: {line:?}");
            left.retain(|part| !line.contains(part));
            seen.push(line);
        }
    }

    /// Makes a change and waits for what comes of it, and until the next one is waited for.
    fn after(&self, change: impl FnOnce(), part: &str) {
        change();
        self.says(&[part, WATCHING]);
    }
}

#[test]
fn checks_again_after_every_change_that_matters() {
    let folder = Folder::with(&[(".git/HEAD", ""), ("nginx.conf", MAIN), ("conf.d/a.conf", GOOD), ("conf.d/b.conf", BAD)]);
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let mut running = Running::start(&folder, &["-f", "json=report.json"]);
    running.after(|| {}, "conf.d/b.conf:1:21: error");
    running.after(|| write("conf.d/a.conf", BAD), "conf.d/a.conf:1:21: error");
    // As editors write: another file in the place of the first.
    let replace = || {
        write("conf.d/.a.conf.new", &format!("\n{BAD}"));
        std::fs::rename(folder.path().join("conf.d/.a.conf.new"), folder.path().join("conf.d/a.conf")).unwrap();
    };
    running.after(replace, "conf.d/a.conf:2:21: error");
    running.after(|| write("conf.d/c.conf", BAD), "conf.d/c.conf:1:21: error");
    running.after(|| write("new/nginx/d.conf", BAD), "new/nginx/d.conf:1:21: error");
    running.after(|| write("new/nginx/d.conf", &format!("\n{BAD}")), "new/nginx/d.conf:2:21: error");
    // A fault of the settings ends nothing either.
    running.after(|| write("lint401.toml", "wrong"), "lint401.toml:1:6: key with no value");
    running.after(|| write("lint401.toml", "[rules]\nsyntax-error = \"info\"\n"), "conf.d/b.conf:1:21: info");
    running.after(|| std::fs::remove_file(folder.path().join("lint401.toml")).unwrap(), "conf.d/b.conf:1:21: error");
    assert!(running.child.try_wait().unwrap().is_none(), "it goes on");
    // The report that it writes itself starts no check, or there would be no end to them.
    let more = std::iter::from_fn(|| running.lines.recv_timeout(Duration::from_millis(600)).ok());
    assert!(more.take(50).count() < 50);
}

#[test]
fn what_cannot_be_watched() {
    let folder = Folder::with(&[("nginx.conf", MAIN)]);
    for arguments in
        [&["check", "--watch", "-"][..], &["check", "--watch", "--files-from", "-"], &["check", "--watch", "--staged"]]
    {
        let ran = folder.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
#[cfg(unix)]
fn ends_in_silence() {
    let folder = Folder::with(&[("nginx.conf", MAIN), ("conf.d/a.conf", GOOD)]);
    let mut running = Running::start(&folder, &[]);
    running.says(&[WATCHING]);
    let ended = std::process::Command::new("kill").args(["-INT", &running.child.id().to_string()]).status().unwrap();
    assert!(ended.success());
    let status = running.child.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(2));
    // Files that are this young may have been checked twice.
    while let Ok(line) = running.lines.recv_timeout(LIMIT) {
        assert!(line.contains(WATCHING), "{line}");
    }
}
