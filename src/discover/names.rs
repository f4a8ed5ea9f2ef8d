//! What the name of a file tells.

use std::path::Path;

/// Whether a file is called as httpd looks for it.
pub(super) fn is_access_file(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == ".htaccess")
}

/// Whether a file that is named, and whose content tells nothing, is read all the same: all but what is plainly something else; or,
/// where another program names the files, only what is called as configurations are.
pub(super) fn may_be_configuration(path: &Path, strict: bool) -> bool {
    if strict { has_extension(path, &["conf", "vhost", "htaccess"]) } else { !is_other(path) }
}

/// Whether a file is plainly something else by its name.
pub(super) fn is_other(path: &Path) -> bool {
    const OTHER: &[&str] = &[
        "md", "rst", "html", "htm", "css", "js", "ts", "py", "rb", "go", "rs", "c", "h", "cpp", "java", "php", "sh", "json",
        "yaml", "yml", "toml", "xml", "ini", "cnf", "service", "vcl", "png", "jpg", "svg", "pdf", "gz", "zip", "tar", "lock",
        "log",
    ];
    has_extension(path, OTHER)
}

fn has_extension(path: &Path, known: &[&str]) -> bool {
    path.extension().is_some_and(|e| known.contains(&e.to_string_lossy().to_ascii_lowercase().as_str()))
}
