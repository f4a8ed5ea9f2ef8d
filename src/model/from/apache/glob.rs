//! Shell patterns as `apr_fnmatch` matches them.

/// Whether a text is a pattern (`apr_fnmatch_test`): `*`, `?`, or `[` with a `]` behind it.
pub(super) fn is_glob(text: &str) -> bool {
    let mut bytes = text.bytes();
    let mut open = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'?' | b'*' => return true,
            b'\\' if bytes.next().is_none() => {
                return false;
            }
            b'[' => open = true,
            b']' if open => return true,
            _ => {}
        }
    }
    false
}

/// Whether a text matches; `pathname`: wildcards do not match `/` (`APR_FNM_PATHNAME`).
pub(super) fn matches(pattern: &str, text: &str, pathname: bool) -> bool {
    // One place to go back to is enough: the last `*` before it matches what it must, and more never helps.
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    loop {
        if pattern.get(p) == Some(&b'*') {
            while pattern.get(p) == Some(&b'*') {
                p += 1;
            }
            back = Some((p, t));
            continue;
        }
        let step = match (pattern.get(p), text.get(t)) {
            (None, None) => return true,
            (Some(_), Some(byte)) => one(pattern, p, *byte, pathname),
            _ => None,
        };
        if let Some(next) = step {
            (p, t) = (next, t + 1);
            continue;
        }
        match back {
            Some((after, from)) if text.get(from).is_some_and(|b| !(pathname && *b == b'/')) => {
                (p, t) = (after, from + 1);
                back = Some((after, from + 1));
            }
            _ => return false,
        }
    }
}

/// Where the pattern goes on if what stands at `p` matches a byte.
fn one(pattern: &[u8], p: usize, byte: u8, pathname: bool) -> Option<usize> {
    match pattern.get(p)? {
        b'?' => (!(pathname && byte == b'/')).then_some(p + 1),
        b'[' => match class(pattern, p, byte) {
            Some((matched, next)) => (matched && !(pathname && byte == b'/')).then_some(next),
            None => (byte == b'[').then_some(p + 1),
        },
        b'\\' => match pattern.get(p + 1) {
            Some(escaped) => (*escaped == byte).then_some(p + 2),
            None => (byte == b'\\').then_some(p + 1),
        },
        other => (*other == byte).then_some(p + 1),
    }
}

/// A class `[…]` that starts at `p`: whether it holds a byte, and what follows it. `None`: it has no end.
fn class(pattern: &[u8], p: usize, byte: u8) -> Option<(bool, usize)> {
    let mut at = p + 1;
    let negated = matches!(pattern.get(at), Some(b'!' | b'^'));
    at += usize::from(negated);
    let first = at;
    let mut matched = false;
    loop {
        let mut low = *pattern.get(at)?;
        if low == b']' && at > first {
            return Some((matched != negated, at + 1));
        }
        if low == b'\\' {
            at += 1;
            low = *pattern.get(at)?;
        }
        at += 1;
        let mut high = low;
        if pattern.get(at) == Some(&b'-') && pattern.get(at + 1).is_some_and(|b| *b != b']') {
            high = *pattern.get(at + 1)?;
            at += 2;
        }
        matched |= (low..=high).contains(&byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, pathname, wanted) in [
            ("/var/www/*", "/var/www/a", true, true),
            ("/var/www/*", "/var/www/a/b", true, false),
            ("/var/www/*/", "/var/www/a/", true, true),
            ("*.php", "x.php", true, true),
            ("*.php", "a/x.php", false, true),
            ("*.ph?", "x.php.txt", true, false),
            ("[a-c]x", "bx", true, true),
            ("[!a-c]x", "bx", true, false),
            ("[ab", "[ab", true, true),
            ("a\\*b", "a*b", true, true),
            ("a\\*b", "axb", true, false),
            ("*a*b*c", "xxaxxbxxc", true, true),
            ("**", "", true, true),
            ("?", "/", true, false),
        ] {
            assert_eq!(matches(pattern, text, pathname), wanted, "{pattern} {text}");
        }
        assert!(is_glob("a*"));
        assert!(is_glob("[a]"));
        assert!(!is_glob("a\\*"));
        assert!(!is_glob("a]["));
    }
}
