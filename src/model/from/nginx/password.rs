//! Passwords of `auth_basic_user_file`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// User and password of a Basic Authorization header; `None` if it is not one that nginx takes.
pub(super) fn credentials(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim_start()).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    (!user.is_empty()).then(|| (user.to_owned(), password.to_owned()))
}

/// Whether a password file lets the user in; `None` if the hash is of a kind that cannot be checked here.
pub(super) fn check(file: &str, user: &str, password: &str) -> Option<bool> {
    let line = file.lines().find_map(|l| l.strip_prefix(user)?.strip_prefix(':'));
    let Some(hash) = line.map(|l| l.split(':').next().unwrap_or_default()) else { return Some(false) };
    if let Some(plain) = hash.strip_prefix("{PLAIN}") {
        return Some(plain == password);
    }
    None
}
