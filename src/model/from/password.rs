//! Passwords of `auth_basic_user_file`.
//!
//! nginx hashes the given password with the stored text as the salt, and compares the two texts (`ngx_crypt`). It knows `$apr1$`, `{PLAIN}`,
//! `{SSHA}` and `{SHA}` itself; the rest is `crypt` of the C library: `$1$`, `$5$` and `$6$` there is with every one. What the library may or
//! may not know (bcrypt, yescrypt) is not checked here, nor is DES.

use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use base64::engine::{DecodePaddingMode, Engine};
use md5::{Digest, Md5};
use sha_crypt::Params;
use sha1::Sha1;

/// Base64 as nginx and httpd read it: padding may be missing, and spare bits are not looked at.
pub(super) const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);

/// More rounds of SHA-crypt than this are not worth the time; files from outside may ask for 999,999,999.
const MOST_ROUNDS: u32 = 200_000;

/// The longest password that `crypt` takes: `CRYPT_MAX_PASSPHRASE_SIZE` of libxcrypt, less the end.
const LONGEST_PASSWORD: usize = 511;

/// User and password of a Basic Authorization header; `None` if it is not one that nginx takes.
pub(super) fn credentials(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    // Bytes that are not UTF-8 are still credentials; `check` says that it cannot tell.
    let decoded = decode(encoded.trim_start_matches(' '))?;
    let decoded = String::from_utf8_lossy(&decoded);
    let (user, password) = decoded.split_once(':')?;
    (!user.is_empty()).then(|| (user.to_owned(), password.to_owned()))
}

/// What a password file of httpd says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checked {
    /// It does not know the user.
    NoUser,
    Right,
    Wrong,
    /// The hash is of a kind that cannot be checked here.
    Unknown,
}

/// User and password of a Basic Authorization header as httpd takes it: what is no base64 ends it, and a missing colon means an empty
/// password (`get_basic_auth`). `None`: another scheme, or not UTF-8.
pub(super) fn httpd_credentials(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let encoded = encoded.trim_start_matches([' ', '\t']);
    let end = encoded.find(|c: char| !c.is_ascii_alphanumeric() && c != '+' && c != '/').unwrap_or(encoded.len());
    let end = if end % 4 == 1 { end - 1 } else { end };
    let decoded = LENIENT.decode(encoded.get(..end)?).ok()?;
    let decoded = String::from_utf8(decoded.split(|b| *b == 0).next().unwrap_or_default().to_vec()).ok()?;
    let (user, password) = decoded.split_once(':').unwrap_or((&decoded, ""));
    Some((user.to_owned(), password.to_owned()))
}

/// Whether a password file of httpd lets the user in (`mod_authn_file`, `apr_password_validate`).
pub(super) fn check_httpd(file: &str, user: &str, password: &str) -> Checked {
    let mut lines = file.lines().map(str::trim).filter(|l| !l.starts_with('#'));
    let Some(rest) = lines.find_map(|l| l.strip_prefix(user)?.strip_prefix(':')) else { return Checked::NoUser };
    let stored = rest.split(':').next().unwrap_or_default();
    // nginx knows two kinds that mean nothing to `crypt`.
    if stored.starts_with("{PLAIN}") || stored.starts_with("{SSHA}") {
        return Checked::Wrong;
    }
    match hash(stored, password) {
        Some(hashed) if hashed == stored => Checked::Right,
        Some(_) => Checked::Wrong,
        None => Checked::Unknown,
    }
}

/// What stands before the first `=`, decoded.
fn decode(encoded: &str) -> Option<Vec<u8>> {
    let encoded = encoded.split('=').next().filter(|e| !e.is_empty())?;
    LENIENT.decode(encoded).ok()
}

/// Whether a password file lets the user in; `None` if the hash is of a kind that cannot be checked here.
pub(super) fn check(file: &str, user: &str, password: &str) -> Option<bool> {
    let mut lines = file.split('\n').filter(|l| !l.starts_with(['#', '\r']));
    let Some(rest) = lines.find_map(|l| l.strip_prefix(user)?.strip_prefix(':')) else { return Some(false) };
    let stored = rest.split([':', '\r', '\0']).next().unwrap_or_default();
    let password = password.split('\0').next().unwrap_or_default();
    if password.contains(char::REPLACEMENT_CHARACTER) {
        return None;
    }
    Some(hash(stored, password)? == stored)
}

/// The password hashed with the salt of the stored text, in the form in which it would be stored.
fn hash(stored: &str, password: &str) -> Option<String> {
    if let Some(salt) = stored.strip_prefix("$apr1$") {
        return Some(md5_crypt("$apr1$", salt, password.as_bytes()));
    }
    if stored.starts_with("{PLAIN}") {
        return Some(format!("{{PLAIN}}{password}"));
    }
    if let Some(encoded) = stored.strip_prefix("{SSHA}") {
        let decoded = decode(encoded).unwrap_or_default();
        let salt = decoded.get(20..).unwrap_or_default();
        let mut hashed = Sha1::new().chain_update(password).chain_update(salt).finalize().to_vec();
        hashed.extend_from_slice(salt);
        return Some(format!("{{SSHA}}{}", STANDARD.encode(hashed)));
    }
    if stored.starts_with("{SHA}") {
        return Some(format!("{{SHA}}{}", STANDARD.encode(Sha1::digest(password))));
    }
    if password.len() > LONGEST_PASSWORD {
        return None;
    }
    if let Some(salt) = stored.strip_prefix("$1$") {
        return Some(md5_crypt("$1$", salt, password.as_bytes()));
    }
    if let Some(salt) = stored.strip_prefix("$5$") {
        return sha_crypt("$5$", salt, |salt, params| {
            let hashed = sha_crypt::sha256_crypt(password.as_bytes(), salt, params);
            let mut text = String::new();
            let (mut a, mut b, mut c) = (0, 10, 20);
            for _ in 0..10 {
                to64(&mut text, group(&hashed, [c, b, a]), 4);
                (a, b, c) = (c + 1, a + 1, b + 1);
            }
            to64(&mut text, group(&hashed, [30, 31, usize::MAX]), 3);
            text
        });
    }
    if let Some(salt) = stored.strip_prefix("$6$") {
        return sha_crypt("$6$", salt, |salt, params| {
            let hashed = sha_crypt::sha512_crypt(password.as_bytes(), salt, params);
            let mut text = String::new();
            let (mut a, mut b, mut c) = (0, 21, 42);
            for _ in 0..21 {
                to64(&mut text, group(&hashed, [c, b, a]), 4);
                (a, b, c) = (b + 1, c + 1, a + 1);
            }
            to64(&mut text, group(&hashed, [63, usize::MAX, usize::MAX]), 2);
            text
        });
    }
    // A password as it is, with no {PLAIN}: taken for the salt of a DES hash, and those have 13 characters.
    let of_salt = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/');
    let des = stored.len() >= 2 && stored.as_bytes().iter().take(2).all(of_salt);
    (des && stored.len() < 13).then(String::new)
}

/// Three bytes of a hash as one number, the first lowest; what is out of range counts as zero.
fn group(hashed: &[u8], places: [usize; 3]) -> u32 {
    places.iter().rev().fold(0, |number, place| number << 8 | u32::from(hashed.get(*place).copied().unwrap_or_default()))
}

/// The base64 of `crypt`: lowest six bits first.
fn to64(text: &mut String, mut number: u32, characters: usize) {
    const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for _ in 0..characters {
        text.extend(ALPHABET.get((number & 63) as usize).map(|b| char::from(*b)));
        number >>= 6;
    }
}

/// `$5$` and `$6$`: reads rounds and salt, and writes the hash in full.
fn sha_crypt(magic: &str, rest: &str, hash: impl Fn(&[u8], Params) -> String) -> Option<String> {
    let (prefix, rounds, salt) = match rest.strip_prefix("rounds=") {
        None => (String::new(), 5000, rest),
        Some(given) => {
            let (number, salt) = given.split_once('$')?;
            // Libraries do not agree on what to do with numbers out of range or written otherwise.
            let rounds: u32 = number.parse().ok().filter(|n| (1000..=MOST_ROUNDS).contains(n))?;
            (format!("rounds={rounds}$"), rounds, salt)
        }
    };
    let salt: String = salt.split('$').next().unwrap_or_default().chars().take(16).collect();
    if !salt.is_ascii() {
        return None;
    }
    let text = hash(salt.as_bytes(), Params::new(rounds).ok()?);
    Some(format!("{magic}{prefix}{salt}${text}"))
}

/// The MD5 crypt of Poul-Henning Kamp, `$1$` and, with another magic, `$apr1$`: there is no kept crate that does both.
fn md5_crypt(magic: &str, rest: &str, key: &[u8]) -> String {
    let salt = rest.as_bytes().split(|b| *b == b'$').next().unwrap_or_default();
    let salt = salt.get(..8).unwrap_or(salt);
    let mut last: [u8; 16] = Md5::new().chain_update(key).chain_update(salt).chain_update(key).finalize().into();
    let mut md5 = Md5::new().chain_update(key).chain_update(magic).chain_update(salt);
    for piece in key.chunks(16) {
        md5.update(last.get(..piece.len()).unwrap_or(&last));
    }
    let mut left = key.len();
    while left > 0 {
        md5.update(if left & 1 == 1 { &[0] } else { key.get(..1).unwrap_or_default() });
        left >>= 1;
    }
    last = md5.finalize().into();
    for round in 0..1000 {
        let (first, second): (&[u8], &[u8]) = if round & 1 == 1 { (key, &last) } else { (&last, key) };
        let mut md5 = Md5::new().chain_update(first);
        if round % 3 != 0 {
            md5.update(salt);
        }
        if round % 7 != 0 {
            md5.update(key);
        }
        last = md5.chain_update(second).finalize().into();
    }
    let mut text = format!("{magic}{}$", String::from_utf8_lossy(salt));
    for (a, b, c) in [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)] {
        to64(&mut text, group(&last, [c, b, a]), 4);
    }
    to64(&mut text, group(&last, [11, usize::MAX, usize::MAX]), 2);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `openssl passwd -salt saltsalt`, Perl's `crypt` and Python's `hashlib`.
    const HASHES: [&str; 9] = [
        "{PLAIN}s3cret",
        "{SHA}/vNB+F2HQ559kaLUZbmHHvZrXpg=",
        "{SSHA}xhwvAVlxQgjdD+6rzZoVg7iQWZROYUNs",
        "$1$saltsalt$RwMqRjSWhXMKbW72DwzGd1",
        "$apr1$saltsalt$64vPg1.FPS6FtcYJ7Ti1V.",
        "$5$saltsalt$i1q2ZQzc.tl/BQ6CHiENAcVDvEY6nJ1OWlWXKh94b1.",
        "$6$saltsalt$As4wrv0kZlfch1du9WeH7qhskyLriQWySXrZzynnvi46nFnNxjdpl6ksRegrrKexvhIa/Iny8S8uF3fVWTMuC1",
        "$5$rounds=1500$abcdefghijklmnop$P1N8FHalwbuWAZyRYNWXcubDO0d0/YlttCNDLtODIX9",
        "$6$rounds=1500$abcdefghijklmnop$5ctDTLhNe6xtYWPlmJeNVIcVOPJthTCTudl3xIxOrk5.7pQtQGhXxNHPZsUyR/9mxGMZiU8eu03PEto8RTD260",
    ];

    /// The same, of more than one block of MD5 and of SHA-256.
    const OF_LONG: [&str; 4] = [
        "$1$saltsalt$13N5D7PmaJK/hODpUj3GK/",
        "$apr1$saltsalt$kwGLVDW9Ddja.Thvqsl.A0",
        "$5$saltsalt$77yOb1haIWqcamx1YdxEkSRSwybpw.zb4w1KP9UDDL6",
        "$6$saltsalt$Ii115.nI3LYXzsTtdCo5BF85QtzGwyXA8UzLg1Z/3nx7MYFMSuIc3BXtXygYS0bag/VDaaVS.8U529ZhubGHR/",
    ];

    #[test]
    fn hashes_of_other_programs() {
        for stored in HASHES {
            let file = format!("# people\nbob:x\nann:{stored}:staff\n");
            assert_eq!(check(&file, "ann", "s3cret"), Some(true), "{stored}");
            assert_eq!(check(&file, "ann", "s3cre"), Some(false), "{stored}");
            assert_eq!(check(&file, "ann", ""), Some(false), "{stored}");
            assert_eq!(check(&file, "eve", "s3cret"), Some(false), "{stored}");
        }
        for stored in OF_LONG {
            let file = format!("ann:{stored}");
            assert_eq!(check(&file, "ann", "a much longer pass phrase of forty characters"), Some(true), "{stored}");
        }
    }

    #[test]
    fn what_is_not_checked() {
        for stored in ["$2y$05$abc", "$y$j9T$a$b", "ab1234567890.", "$6$rounds=999999999$salt$x", "$6$rounds=5$salt$x", ""] {
            assert_eq!(check(&format!("ann:{stored}"), "ann", "s3cret"), None, "{stored}");
        }
        // Measured: a bare password lets nobody in.
        assert_eq!(check("ann:s3cret", "ann", "s3cret"), Some(false));
    }

    #[test]
    fn base64_that_nginx_takes() {
        let pair = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        assert_eq!(credentials("basic   YTpi"), pair("a", "b"));
        assert_eq!(credentials("Basic YTpiYg"), pair("a", "bb"));
        assert_eq!(credentials("Basic YTpiYg=x"), pair("a", "bb"));
        assert_eq!(credentials("Basic YTr/"), pair("a", "\u{fffd}"));
        assert_eq!(credentials("Basic YTpi YTpi"), None);
        assert_eq!(credentials("Basic YTpiY"), None);
        assert_eq!(credentials("Basic "), None);
    }
}
