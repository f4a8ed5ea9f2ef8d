//! The real httpd: one process on loopback ports, everything it writes in one temporary folder.

use std::path::Path;
use std::process::Command;

use super::server::{is_root, set_mode};

/// The server as Debian and Ubuntu name it.
pub const PROGRAM: &str = "apache2";

/// Written once all addresses are bound.
pub const PID: &str = "httpd.pid";

/// Where the modules are.
const MODULES: &str = "/usr/lib/apache2/modules";

/// The modules that are loaded, as far as they are installed: all that take part in requests where a configuration asks for it.
///
/// Not `allowmethods`, `log_debug` and `lua`: with one of them httpd checks access again in every internal redirect and subrequest, without
/// them only where other sections hold than before. An example that needs one loads it itself.
pub const LOADED: &[&str] = &[
    "mpm_prefork",
    "access_compat",
    "actions",
    "alias",
    "asis",
    "auth_basic",
    "auth_digest",
    "auth_form",
    "authn_anon",
    "authn_core",
    "authn_dbm",
    "authn_file",
    "authn_socache",
    "authz_core",
    "authz_dbm",
    "authz_groupfile",
    "authz_host",
    "authz_owner",
    "authz_user",
    "autoindex",
    "brotli",
    "buffer",
    "cache",
    "cache_disk",
    "cache_socache",
    "cgi",
    "dav",
    "dav_fs",
    "deflate",
    "dir",
    "env",
    "expires",
    "ext_filter",
    "filter",
    "headers",
    "include",
    "info",
    "lbmethod_bybusyness",
    "lbmethod_byrequests",
    "lbmethod_bytraffic",
    "macro",
    "mime",
    "negotiation",
    "proxy",
    "proxy_ajp",
    "proxy_balancer",
    "proxy_connect",
    "proxy_express",
    "proxy_fcgi",
    "proxy_ftp",
    "proxy_http",
    "proxy_scgi",
    "proxy_uwsgi",
    "proxy_wstunnel",
    "ratelimit",
    "remoteip",
    "reqtimeout",
    "request",
    "rewrite",
    "sed",
    "session",
    "session_cookie",
    "session_crypto",
    "setenvif",
    "slotmem_shm",
    "socache_shmcb",
    "speling",
    "ssl",
    "status",
    "substitute",
    "unique_id",
    "userdir",
    "usertrack",
    "vhost_alias",
];

/// Whether all modules without which hardly an example could be read are there.
pub fn complete() -> bool {
    ["mpm_prefork", "cgi", "proxy_fcgi", "rewrite", "access_compat"].iter().all(|name| module(name).is_some())
}

/// The file of a module.
pub fn module(name: &str) -> Option<String> {
    let path = format!("{MODULES}/mod_{name}.so");
    Path::new(&path).is_file().then_some(path)
}

/// Whether the tests load a module, by the name that `LoadModule` has for it (`rewrite_module`).
pub fn loads(identifier: &str) -> bool {
    identifier.strip_suffix("_module").is_some_and(|name| LOADED.contains(&name))
}

/// The directives before a configuration that keep everything in `folder`.
pub fn head(folder: &Path, server_root: &Path) -> String {
    let (shown, root) = (folder.display(), server_root.display());
    let run = folder.join("run/httpd");
    let _ = std::fs::create_dir_all(&run);
    // Everything that the workers write is below folders of their own; they may run as another user.
    set_mode(&run, 0o777);
    let types = folder.join("mime.types");
    let _ = std::fs::write(&types, MIME_TYPES);
    let mut text = format!("ServerRoot \"{root}\"\n");
    for name in LOADED {
        if let Some(path) = module(name) {
            text.push_str(&format!("LoadModule {name}_module {path}\n"));
        }
    }
    if is_root(folder) {
        text.push_str("User www-data\nGroup www-data\n");
    }
    text.push_str(&format!(
        "DefaultRuntimeDir \"{run}\"\nMutex \"fcntl:{run}\" default\nPidFile \"{shown}/{PID}\"\nErrorLog \"{shown}/error.log\"\n\
         LogLevel info\nTypesConfig \"{types}\"\nTimeout 10\n",
        run = run.display(),
        types = types.display(),
    ));
    text
}

/// Content types by the end of a name; without such a file httpd does not start.
const MIME_TYPES: &str = "text/html html htm\ntext/css css\ntext/plain txt\ntext/javascript js\nimage/png png\nimage/svg+xml svg\n\
                          application/json json\napplication/xml xml\n";

/// httpd with a configuration.
pub fn command(folder: &Path, config: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("-d").arg(config.parent().unwrap_or(folder)).arg("-f").arg(config);
    // What Debian's start script sets, and its configuration uses.
    for (name, path) in [("APACHE_LOG_DIR", "var/log/apache2"), ("APACHE_RUN_DIR", "run/httpd"), ("APACHE_LOCK_DIR", "run/httpd")]
    {
        command.env(name, folder.join(path));
    }
    command.env("APACHE_PID_FILE", folder.join(PID)).env("APACHE_RUN_USER", "www-data").env("APACHE_RUN_GROUP", "www-data");
    command.env("LANG", "C");
    command
}
