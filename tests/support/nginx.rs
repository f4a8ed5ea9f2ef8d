//! The real nginx: one process on loopback ports, everything it writes in one temporary folder.

use std::path::Path;
use std::process::Command;

use super::server::is_root;

/// Written once all addresses are bound.
pub const PID: &str = "nginx.pid";

/// The directives of the main context that keep everything in `folder`. One process, in the foreground: it ends when it is killed.
pub fn main_directives(folder: &Path) -> String {
    let shown = folder.display();
    let user = if is_root(folder) { "user root;\n" } else { "" };
    format!(
        "{user}daemon off;\nmaster_process off;\nworker_processes 1;\npid {shown}/{PID};\nerror_log {shown}/error.log notice;\n"
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

/// nginx with a configuration.
pub fn command(folder: &Path, config: &Path) -> Command {
    let mut command = Command::new("nginx");
    command.arg("-p").arg(config.parent().unwrap_or(folder)).arg("-c").arg(config).arg("-e").arg(folder.join("error.log"));
    command
}
