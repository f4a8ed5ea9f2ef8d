//! Paths as httpd normalises and escapes them.

use std::fmt::Write as _;

use crate::model::from::segments::{resolve, resolve_what_is_there};

/// What a normalised path is, or how it is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Normal {
    /// The decoded path.
    Path(String),
    /// Refused with this status.
    Refused(u16),
    /// Not followed here: its bytes are not UTF-8.
    Unknown,
}

/// What `AllowEncodedSlashes` says of `%2F`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slashes {
    /// `Off`: 404.
    Refused,
    /// `NoDecode`: kept as they are.
    Kept,
    /// `On`: decoded.
    Decoded,
}

/// The path of a request target as `ap_process_request_internal` makes it: unreserved characters decoded, slashes merged, `.` and
/// `..` resolved ([`tidy`]), then the rest decoded ([`decode`]).
#[cfg(test)]
pub(super) fn normalize(path: &str, merge_slashes: bool, slashes: Slashes) -> Normal {
    match tidy(path, merge_slashes) {
        Some((path, true)) => decode(&path, merge_slashes, slashes),
        _ => Normal::Refused(400),
    }
}

/// The first half of it, and whether the server goes on; `None`: there is no path.
pub(super) fn tidy(path: &str, merge_slashes: bool) -> Option<(String, bool)> {
    let (resolved, stays_inside) = resolve_what_is_there(&decode_unreserved(path), merge_slashes)?;
    Some((resolved, stays_inside && !has_bad_escape(path)))
}

/// What is left of a path that is refused for a slash or a zero byte in it: everything is decoded all the same, and the text ends at the
/// zero byte.
pub(super) fn decode_refused(path: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
    decoded.split('\0').next().unwrap_or_default().to_owned()
}

/// The second half.
pub(super) fn decode(path: &str, merge_slashes: bool, slashes: Slashes) -> Normal {
    let decoded = match unescape(path, slashes) {
        Normal::Path(decoded) => decoded,
        other => return other,
    };
    if slashes != Slashes::Decoded {
        return Normal::Path(decoded);
    }
    // What decoded slashes make of it is resolved again; a `..` too many stops that where it is, without an error.
    Normal::Path(resolve(&decoded, merge_slashes).unwrap_or(decoded))
}

/// A path as the server reads it from the request line: of several slashes in front one is left (`ap_parse_uri`).
pub(super) fn with_one_slash(path: &str) -> &str {
    let slashes = path.len() - path.trim_start_matches('/').len();
    path.get(slashes.saturating_sub(1)..).unwrap_or(path)
}

/// Whether a `%` is not followed by two hexadecimal digits.
fn has_bad_escape(path: &str) -> bool {
    let bytes = path.as_bytes();
    let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    path.match_indices('%').any(|(at, _)| !hex(at + 1) || !hex(at + 2))
}

/// Decodes escapes of letters, digits and `-._~` (`AP_NORMALIZE_DECODE_UNRESERVED`).
fn decode_unreserved(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let code = after.get(1..3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let Some(byte) = code.filter(|b| b.is_ascii_alphanumeric() || b"-._~".contains(b)) {
            out.push(char::from(byte));
            rest = after.get(3..).unwrap_or_default();
        } else {
            out.push('%');
            rest = after.get(1..).unwrap_or_default();
        }
    }
    out + rest
}

/// Decodes what is left (`ap_unescape_url_ex` with `AP_UNESCAPE_URL_KEEP_UNRESERVED`).
fn unescape(path: &str, slashes: Slashes) -> Normal {
    if !path.contains('%') {
        return Normal::Path(path.to_owned());
    }
    let mut bytes = Vec::with_capacity(path.len());
    let (mut bad_escape, mut bad_path) = (false, false);
    let mut rest = path.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let hex = |at: usize| rest.get(at).and_then(|b| char::from(*b).to_digit(16));
        let (Some(high), Some(low)) = (hex(0), hex(1)) else {
            bad_escape = true;
            bytes.push(b'%');
            continue;
        };
        let decoded = (high * 16 + low) as u8;
        match decoded {
            0 => bad_path = true,
            b'/' if slashes == Slashes::Refused => bad_path = true,
            b'/' if slashes == Slashes::Kept => {
                bytes.extend_from_slice(&[b'%', b'2', rest.get(1).copied().unwrap_or(b'F')]);
            }
            decoded => bytes.push(decoded),
        }
        rest = rest.get(2..).unwrap_or_default();
    }
    match (bad_escape, bad_path) {
        (true, _) => Normal::Refused(400),
        (_, true) => Normal::Refused(404),
        _ => String::from_utf8(bytes).map_or(Normal::Unknown, Normal::Path),
    }
}

/// Escapes a path for a URL (`ap_os_escape_path`, without the `./` before a colon in its first segment).
pub(super) fn escape(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"$-_.+!*'(),:@&=/~;".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02x}");
        }
    }
    out
}

/// Splits a target at its first `?`.
pub(super) fn split_query(target: &str) -> (&str, Option<&str>) {
    match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    }
}

/// Whether a text is a URL with a scheme (`ap_is_url`).
pub(super) fn is_url(text: &str) -> bool {
    text.split_once(':')
        .is_some_and(|(scheme, _)| !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)))
}

/// How many bytes of a path an alias takes (`alias_matches`): slashes of any number match each other, and the last segment must
/// match whole. `None`: it does not match.
pub(super) fn alias_match(uri: &str, alias: &str) -> Option<usize> {
    let (uri_bytes, alias_bytes) = (uri.as_bytes(), alias.as_bytes());
    let (mut u, mut a) = (0, 0);
    while let Some(byte) = alias_bytes.get(a) {
        if *byte == b'/' {
            if uri_bytes.get(u) != Some(&b'/') {
                return None;
            }
            while alias_bytes.get(a) == Some(&b'/') {
                a += 1;
            }
            while uri_bytes.get(u) == Some(&b'/') {
                u += 1;
            }
        } else {
            if uri_bytes.get(u) != Some(byte) {
                return None;
            }
            u += 1;
            a += 1;
        }
    }
    let ends = alias_bytes.last() == Some(&b'/') || matches!(uri_bytes.get(u), None | Some(b'/'));
    (ends && !alias.is_empty()).then_some(u)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalises_as_the_server() {
        let n = |path| normalize(path, true, Slashes::Refused);
        let path = |text: &str| Normal::Path(text.to_owned());
        assert_eq!(n("/a//b/./c/../d"), path("/a/b/d"));
        assert_eq!(n("/%61/%2e%2e/b"), path("/b"));
        assert_eq!(n("/a/.."), path("/"));
        assert_eq!(n("/a/."), path("/a/"));
        assert_eq!(n("/.."), Normal::Refused(400));
        assert_eq!(n("/%0"), Normal::Refused(400));
        assert_eq!(n("/a%2Fb"), Normal::Refused(404));
        assert_eq!(n("/a%00b"), Normal::Refused(404));
        assert_eq!(n("/a%20b"), path("/a b"));
        assert_eq!(normalize("/a%2fb", true, Slashes::Kept), path("/a%2fb"));
        assert_eq!(normalize("/a%2Fb", true, Slashes::Decoded), path("/a/b"));
        assert_eq!(normalize("/a/%2F../c", true, Slashes::Decoded), path("/c"));
    }

    #[test]
    fn aliases() {
        assert_eq!(alias_match("/x/y", "/x"), Some(2));
        assert_eq!(alias_match("/xy", "/x"), None);
        assert_eq!(alias_match("/x/y", "/x/"), Some(3));
        assert_eq!(alias_match("/x", "/x/"), None);
        assert_eq!(alias_match("/x//y", "//x/"), Some(4));
        assert_eq!(alias_match("/anything", "/"), Some(1));
    }
}
