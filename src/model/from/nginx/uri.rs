//! Paths as nginx normalises them (`ngx_http_parse_complex_uri`).

use crate::model::from::segments::resolve;

/// The normalised path of a request target's path: escapes decoded, `.` and `..` resolved, slashes merged if `merge_slashes`.
/// `None` if nginx answers 400: a NUL, a bad escape, `..` above the root, or bytes that are not UTF-8 (which cannot be followed here).
pub(super) fn normalize(path: &str, merge_slashes: bool) -> Option<String> {
    resolve(&decode(path)?, merge_slashes)
}

fn decode(path: &str) -> Option<String> {
    if !path.contains('%') {
        return (!path.contains('\0')).then(|| path.to_owned());
    }
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let high = char::from(rest.next()?).to_digit(16)?;
        let low = char::from(rest.next()?).to_digit(16)?;
        bytes.push((high * 16 + low) as u8);
    }
    (!bytes.contains(&0)).then(|| String::from_utf8(bytes).ok())?
}

/// Escapes a path for a Location header or an upstream request (`NGX_ESCAPE_URI`).
pub(super) fn escape(path: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte <= b' '
            || byte >= 0x7f
            || matches!(byte, b'"' | b'#' | b'%' | b'<' | b'>' | b'?' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
        {
            let _ = write!(out, "%{byte:02X}");
        } else {
            out.push(char::from(byte));
        }
    }
    out
}

/// Escapes a capture where `rewrite` writes it into arguments or a redirect (`NGX_ESCAPE_ARGS`).
pub(super) fn escape_args(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte <= b' ' || byte >= 0x7f || matches!(byte, b'#' | b'%' | b'&' | b'+' | b';' | b'?') {
            let _ = write!(out, "%{byte:02X}");
        } else {
            out.push(char::from(byte));
        }
    }
    out
}

/// What `rewrite` does to a redirect before the arguments are added (`NGX_UNESCAPE_REDIRECT`): escapes of printable characters are
/// resolved up to the first `?`, be it written as `%3F`.
pub(super) fn unescape_redirect(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['%', '?']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with('?') {
            break;
        }
        let code = rest.get(1..3).and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|b| *b > b'%' && *b < 0x7f);
        if let Some(byte) = code {
            out.push(char::from(byte));
            rest = &rest[3..];
            if byte == b'?' {
                break;
            }
        } else {
            out.push('%');
            rest = &rest[1..];
        }
    }
    out + rest
}

/// Splits an internal target at its first `?`.
pub(super) fn split_args(target: &str) -> (&str, &str) {
    target.split_once('?').unwrap_or((target, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalises_as_the_server() {
        let n = |path| normalize(path, true);
        assert_eq!(n("/a//b/./c/../d").as_deref(), Some("/a/b/d"));
        assert_eq!(n("//wp-login.php").as_deref(), Some("/wp-login.php"));
        assert_eq!(n("/%61%2Fb").as_deref(), Some("/a/b"));
        assert_eq!(n("/a/..").as_deref(), Some("/"));
        assert_eq!(n("/a/.").as_deref(), Some("/a/"));
        assert_eq!(n("/..").as_deref(), None);
        assert_eq!(n("/%0"), None);
        assert_eq!(n("/a//").as_deref(), Some("/a/"));
        assert_eq!(normalize("/a//b", false).as_deref(), Some("/a//b"));
    }
}
