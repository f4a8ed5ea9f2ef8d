//! What a finding is known by from one run to the next: its rule, its file, its place in the configuration and its text, never its line.
//!
//! Lines that move bring no new fingerprint. Secrets are covered before the text is hashed: a fingerprint is published, and a short
//! password could be guessed from it.

use std::collections::HashMap;
use std::fmt;

use crate::finding::Finding;
use crate::mask::{mask, prose};
use crate::source::SourceMap;

/// The fingerprint of a finding, written as sixteen hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(u64);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl serde::Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Fingerprint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        let digits = text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let value = digits.then(|| u64::from_str_radix(&text, 16).ok()).flatten();
        value.map(Self).ok_or_else(|| serde::de::Error::custom("sixteen hexadecimal digits are expected"))
    }
}

/// Where a hash starts: the offset basis of FNV-1a.
const START: u64 = 0xcbf2_9ce4_8422_2325;

/// The fingerprints of findings, in their order, no two the same: the second finding of one rule on one text in one place is
/// another finding.
pub fn all<'f>(sources: &SourceMap, findings: impl Iterator<Item = &'f Finding>) -> Vec<Fingerprint> {
    let mut seen: HashMap<u64, u64> = HashMap::new();
    let number = |finding| {
        let hash = structure(sources, finding);
        let repeat = seen.entry(hash).and_modify(|n| *n += 1).or_insert(0);
        // A number of its own in the hash: added to it, it could meet the hash of another finding.
        Fingerprint(if *repeat == 0 { hash } else { continued(hash, &repeat.to_le_bytes()) })
    };
    findings.map(number).collect()
}

/// The hash of what makes a finding the same one in another run. Findings that differ only in their order share it.
pub fn structure(sources: &SourceMap, finding: &Finding) -> u64 {
    let context = prose(&finding.context);
    let mut hash = START;
    for part in [finding.rule, &sources.file(finding.primary.file).path, &context] {
        hash = continued(continued(hash, part.as_bytes()), &[0]);
    }
    words(hash, sources.text(finding.primary))
}

/// The hash of a text alone.
pub fn of_text(text: &str) -> Fingerprint {
    Fingerprint(words(START, text))
}

/// Words and not blanks: a line that is indented anew is the same line.
fn words(hash: u64, text: &str) -> u64 {
    mask(text).split_whitespace().fold(hash, |hash, word| continued(continued(hash, word.as_bytes()), b" "))
}

/// FNV-1a: the same in every release and on every machine.
fn continued(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn fingerprints(text: &str, parts: &[&str]) -> Vec<Fingerprint> {
        let mut sources = SourceMap::new();
        let file = sources.add("nginx.conf", text.as_bytes().to_vec());
        let mut at = 0;
        let findings: Vec<_> = parts
            .iter()
            .map(|part| {
                let start = at + text[at..].find(part).unwrap();
                at = start + part.len();
                Finding::new("syntax-error", Span::new(file, start as u32, at as u32), "")
            })
            .collect();
        all(&sources, findings.iter())
    }

    #[test]
    fn lines_and_blanks_do_not_count() {
        let before = fingerprints("a on;\nb  on;\n", &["b  on;"]);
        assert_eq!(before, fingerprints("# new\n\na on;\r\n\tb\ton;", &["b\ton;"]));
        assert_ne!(before, fingerprints("a on;\nb off;\n", &["b off;"]));
    }

    #[test]
    fn equal_findings_are_told_apart_by_their_order() {
        let three = fingerprints("a; a; a;", &["a;", "a;", "a;"]);
        assert!(three[0] != three[1] && three[1] != three[2] && three[0] != three[2]);
        assert_eq!(fingerprints("a; a;", &["a;", "a;"]), three[..2]);
    }

    #[test]
    fn a_secret_is_not_in_it() {
        let of = |secret: &str| {
            let line = format!("proxy_set_header X-Api-Key {secret};");
            fingerprints(&line, &[&line])
        };
        assert_eq!(of("hunter2"), of("geheim"));
    }
}
