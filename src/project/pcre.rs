//! Regular expressions that PCRE surely refuses. Whatever this does not understand is taken to be right.

/// Why PCRE refuses a pattern.
pub(crate) fn refused(pattern: &str) -> Option<&'static str> {
    let bytes = pattern.as_bytes();
    let mut scanner = Scanner { bytes, at: 0, depth: 0 };
    scanner.run()
}

struct Scanner<'p> {
    bytes: &'p [u8],
    at: usize,
    depth: usize,
}

impl Scanner<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn run(&mut self) -> Option<&'static str> {
        // Whether something that a quantifier can repeat stands directly before.
        let mut item = false;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\\' => {
                    match self.peek(1) {
                        None => return Some("it ends in a backslash"),
                        Some(b'Q') => {
                            let rest = self.bytes.get(self.at + 2..).unwrap_or_default();
                            let length = rest.windows(2).position(|w| w == b"\\E").map_or(rest.len(), |end| end + 2);
                            self.at += 2 + length;
                        }
                        Some(_) => self.at += 2,
                    }
                    item = true;
                    continue;
                }
                b'[' => {
                    if let Some(fault) = self.class() {
                        return Some(fault);
                    }
                    item = true;
                    continue;
                }
                b'(' => {
                    self.depth += 1;
                    if self.peek(1) == Some(b'?') {
                        match self.peek(2) {
                            Some(b'=' | b'!' | b':' | b'|' | b'>') => self.at += 2,
                            Some(b'<' | b'P' | b'\'') => {
                                let rest = self.bytes.get(self.at + 3..).unwrap_or_default();
                                self.at += 2 + rest.iter().take_while(|b| !b")>'=!".contains(b)).count();
                            }
                            // Comments and options change how the rest is read.
                            _ => return None,
                        }
                    } else if self.peek(1) == Some(b'*') {
                        return None;
                    }
                    item = false;
                }
                b')' => {
                    self.depth = match self.depth.checked_sub(1) {
                        Some(depth) => depth,
                        None => return Some("unmatched closing parenthesis"),
                    };
                    item = true;
                }
                b'|' | b'^' => item = false,
                b'*' | b'+' | b'?' => {
                    if !item && !self.after_anchor() {
                        return Some("quantifier does not follow a repeatable item");
                    }
                    // `a+?` and `a++` are one quantifier.
                    if matches!(self.peek(1), Some(b'?' | b'+')) {
                        self.at += 1;
                    }
                    item = false;
                    self.at += 1;
                    if matches!(self.peek(0), Some(b'*')) {
                        return Some("quantifier does not follow a repeatable item");
                    }
                    continue;
                }
                b'{' => {
                    if let Some(length) = self.counts() {
                        if !item {
                            return None;
                        }
                        if let Some(fault) = self.bad_counts(length) {
                            return Some(fault);
                        }
                        self.at += length;
                        if matches!(self.peek(0), Some(b'?' | b'+')) {
                            self.at += 1;
                        }
                        item = false;
                        continue;
                    }
                    item = true;
                }
                _ => item = true,
            }
            self.at += 1;
        }
        (self.depth > 0).then_some("missing closing parenthesis")
    }

    /// `^*` is accepted by some releases of PCRE.
    fn after_anchor(&self) -> bool {
        self.at > 0 && self.bytes.get(self.at - 1) == Some(&b'^')
    }

    /// Length of `{n}`, `{n,}` or `{n,m}` at this place.
    fn counts(&self) -> Option<usize> {
        let rest = self.bytes.get(self.at + 1..)?;
        let length = rest.iter().position(|b| *b == b'}')?;
        let inner = rest.get(..length)?;
        let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
        let mut parts = inner.split(|b| *b == b',');
        let first = parts.next()?;
        let second = parts.next();
        (!first.is_empty() && digits(first) && second.is_none_or(digits) && parts.next().is_none()).then_some(length + 2)
    }

    fn bad_counts(&self, length: usize) -> Option<&'static str> {
        let inner = self.bytes.get(self.at + 1..self.at + length - 1)?;
        let text = std::str::from_utf8(inner).ok()?;
        let mut numbers = text.split(',').filter(|part| !part.is_empty()).map(|part| part.parse::<u64>().unwrap_or(u64::MAX));
        let (first, second) = (numbers.next()?, numbers.next());
        if first > 65_535 || second.is_some_and(|n| n > 65_535) {
            return Some("number too big in a {} quantifier");
        }
        second.is_some_and(|second| second < first).then_some("numbers out of order in a {} quantifier")
    }

    /// Skips `[…]`.
    fn class(&mut self) -> Option<&'static str> {
        self.at += 1;
        if self.peek(0) == Some(b'^') {
            self.at += 1;
        }
        let first = self.at;
        // The character before, where a range may begin with it.
        let mut low: Option<u8> = None;
        loop {
            let Some(byte) = self.peek(0) else { return Some("missing \"]\"") };
            match byte {
                b']' if self.at > first => {
                    self.at += 1;
                    return None;
                }
                b'[' if matches!(self.peek(1), Some(b':' | b'.' | b'=')) => {
                    let rest = self.bytes.get(self.at + 2..).unwrap_or_default();
                    let mark = [self.peek(1).unwrap_or(b':'), b']'];
                    let name = rest.iter().take_while(|b| b.is_ascii_alphabetic() || **b == b'^').count();
                    if rest.get(name..name + 2) == Some(&mark) {
                        self.at += 4 + name;
                    } else {
                        self.at += 1;
                    }
                    low = None;
                }
                b'\\' => {
                    if self.peek(1) == Some(b'Q') {
                        // Rare in a class, and closed in ways of its own.
                        self.at = self.bytes.len();
                        return None;
                    }
                    self.at += 2;
                    low = None;
                }
                b'-' if low.is_some() => {
                    let high = self.peek(1);
                    if let (Some(from), Some(to)) = (low, high)
                        && !matches!(to, b']' | b'\\' | b'[')
                        && from.is_ascii()
                        && to.is_ascii()
                    {
                        if to < from {
                            return Some("range out of order in a character class");
                        }
                        self.at += 2;
                    } else {
                        self.at += 1;
                    }
                    low = None;
                }
                other => {
                    self.at += 1;
                    low = Some(other);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::refused;

    #[test]
    fn refused_regular_expressions() {
        for pattern in
            ["(a", "a)", "[a", "*a", "a|*b", "(+a)", "[z-a]", "a{3,2}", "a{70000}", "a\\", "((a)", "[]a", "(?:a", "(?<n>a"]
        {
            assert!(refused(pattern).is_some(), "{pattern}");
        }
        for pattern in [
            "",
            "^/a(b|c)$",
            "[]a]",
            "[^]a]",
            "a{2}",
            "a{,3}",
            "a{x}",
            "\\(",
            "[(]",
            "a*?",
            "a++",
            "a{2}+",
            "(?i)a",
            "(?:a)*",
            "(?<n>a)",
            "(?P<n>a)",
            "(?=a)b",
            "(?!a)b",
            "(?<!a)b",
            "[[:alpha:]-z]",
            "\\Q(\\E",
            "[a\\]]",
            "[\\w-z]",
            "^*a",
            "a]",
            "a}",
            "[a-]",
            "(?#))a",
            "(?x) ( # )\n)",
            "(|a)",
            "\\d+",
        ] {
            assert_eq!(refused(pattern), None, "{pattern}");
        }
    }
}
