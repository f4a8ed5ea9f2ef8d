//! The segments of a URL path.

/// A path with `.` and `..` resolved, and its slashes merged if `merge_slashes`; `None` for a `..` above the root, or a path that does
/// not begin with a slash. nginx (`ngx_http_parse_complex_uri`) and httpd (`ap_normalize_path`) agree on this; they differ in what
/// they decode before.
pub(super) fn resolve(path: &str, merge_slashes: bool) -> Option<String> {
    let (resolved, stays_inside) = resolve_what_is_there(path, merge_slashes)?;
    stays_inside.then_some(resolved)
}

/// The same where a `..` above the root counts for nothing, and whether there was none; `None` for a path that does not begin with a
/// slash.
pub(super) fn resolve_what_is_there(path: &str, merge_slashes: bool) -> Option<(String, bool)> {
    let mut out: Vec<&str> = Vec::new();
    let mut stays_inside = true;
    let parts: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let last = parts.len().saturating_sub(1);
    for (i, part) in parts.into_iter().enumerate() {
        match part {
            "" if merge_slashes && i != last => {}
            "." if i == last => out.push(""),
            "." => {}
            ".." => {
                // What stands before is a complete segment; merged slashes leave no empty one behind.
                stays_inside &= out.pop().is_some();
                if i == last {
                    out.push("");
                }
            }
            other => out.push(other),
        }
    }
    Some((format!("/{}", out.join("/")), stays_inside))
}
