//! File name patterns, matched as glob(3) and `apr_fnmatch` do.

/// Whether the server takes a path for a pattern: `*`, `?`, or a `[` that may begin a set.
pub(super) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// Whether a name matches the pattern of one component. Linear in the product of both lengths: after a mismatch only the last
/// `*` is tried again.
pub(super) fn matches(pattern: &[char], name: &str) -> bool {
    if name.starts_with('.') && pattern.first() != Some(&'.') {
        return false;
    }
    let name: Vec<char> = name.chars().collect();
    let (mut at, mut pos) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(c) = name.get(pos) {
        if pattern.get(at) == Some(&'*') {
            retry = Some((at, pos));
            at += 1;
        } else if let Some(next) = match_one(pattern, at, *c) {
            at = next;
            pos += 1;
        } else if let Some((star, from)) = retry {
            retry = Some((star, from + 1));
            at = star + 1;
            pos = from + 1;
        } else {
            return false;
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(|c| *c == '*')
}

/// Matches one character at `at`; where the pattern goes on if it does.
fn match_one(pattern: &[char], at: usize, c: char) -> Option<usize> {
    match pattern.get(at)? {
        '?' => Some(at + 1),
        '[' => match match_set(pattern, at + 1, c) {
            Some((end, hit)) => hit.then_some(end),
            None => (c == '[').then_some(at + 1),
        },
        '\\' if at + 1 < pattern.len() => (pattern.get(at + 1) == Some(&c)).then_some(at + 2),
        literal => (*literal == c).then_some(at + 1),
    }
}

/// A `[…]` set that starts after its bracket: where the pattern goes on and whether `c` is in it. `None` if it is not closed.
fn match_set(pattern: &[char], mut at: usize, c: char) -> Option<(usize, bool)> {
    let negated = matches!(pattern.get(at)?, '!' | '^');
    at += usize::from(negated);
    let first = at;
    let mut hit = false;
    loop {
        let low = *pattern.get(at)?;
        if low == ']' && at > first {
            return Some((at + 1, hit != negated));
        }
        let high = match (pattern.get(at + 1), pattern.get(at + 2)) {
            (Some('-'), Some(high)) if *high != ']' => {
                at += 2;
                *high
            }
            _ => low,
        };
        hit |= (low..=high).contains(&c);
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, name: &str) -> bool {
        matches(&pattern.chars().collect::<Vec<_>>(), name)
    }

    #[test]
    fn patterns_match_as_glob_does() {
        assert!(fits("*.conf", "a.conf"));
        assert!(!fits("*.conf", ".conf"), "a leading dot is matched only by a dot");
        assert!(fits(".*", ".htpasswd"));
        assert!(fits("a*b*c", "aXbYbZc"));
        assert!(!fits("a*b*c", "aXbYbZ"));
        assert!(fits("site-?", "site-é"));
        assert!(fits("[0-9][!x]", "7y"));
        assert!(!fits("[0-9][^x]", "7x"));
        assert!(fits("[]a]", "]"));
        assert!(fits("[a", "[a"), "an open bracket is itself");
        assert!(fits("\\*", "*"));
        assert!(!fits("\\*", "x"));
    }
}
