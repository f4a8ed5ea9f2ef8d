//! The `primaryLocationLineHash` by which GitHub follows an alert through changes.
//!
//! GitHub's upload works it out where a file has none, and warns where the one in the file differs from its own, so this is the same
//! sum: for each line a polynomial of base 37 over the hundred UTF-16 units from its start on, blanks and tabs left out, every line
//! break one `\n`, the end of the file a unit of its own with zeros behind it; then how often that sum has come up in the file
//! (`github/codeql-action`, `fingerprints.ts`).

use std::collections::HashMap;
use std::fmt;

/// How many units count.
pub(super) const UNITS: usize = 100;
const BASE: u64 = 37;
/// Stands for the end of the file.
const END: u16 = u16::MAX;

/// The sum over a line, and how often it has come up so far.
#[derive(Clone, Copy)]
pub(super) struct LineHash {
    sum: u64,
    times: u32,
}

impl fmt::Display for LineHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}:{}", self.sum, self.times)
    }
}

/// The hash of each line, the first one first.
pub(super) fn of_lines(text: &str) -> Vec<LineHash> {
    let mut units: Vec<u16> = Vec::with_capacity(text.len() + 1 + UNITS);
    let mut starts = vec![0];
    let mut after_return = false;
    for unit in text.encode_utf16() {
        let is_pair = after_return && unit == u16::from(b'\n');
        after_return = unit == u16::from(b'\r');
        match u8::try_from(unit) {
            Ok(b' ' | b'\t') => {}
            Ok(b'\n') if is_pair => {}
            Ok(b'\n' | b'\r') => {
                units.push(u16::from(b'\n'));
                starts.push(units.len());
            }
            _ => units.push(unit),
        }
    }
    units.push(END);
    units.resize(units.len() + UNITS, 0);
    let mut seen: HashMap<u64, u32, foldhash::fast::FixedState> = HashMap::default();
    let hashes = starts.into_iter().map(|start| {
        let line = units.get(start..start + UNITS).unwrap_or_default();
        let sum = line.iter().fold(0_u64, |sum, unit| sum.wrapping_mul(BASE).wrapping_add(u64::from(*unit)));
        let times = seen.entry(sum).and_modify(|n| *n += 1).or_insert(1);
        LineHash { sum, times: *times }
    });
    hashes.collect()
}

#[cfg(test)]
mod tests {
    fn of_lines(text: &str) -> Vec<String> {
        super::of_lines(text).iter().map(ToString::to_string).collect()
    }

    /// Expected values: GitHub's own implementation, a window that rolls over the file.
    #[test]
    fn the_sums_of_github() {
        assert_eq!(of_lines(""), ["c129715d7a2bc9a3:1"]);
        assert_eq!(
            of_lines("a\nb\n\t\tc\n d"),
            ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"]
        );
        assert_eq!(
            of_lines("a\r\n b\r\rä𝄞\n\r\n"),
            [
                "6b8534a1bab73e4a:1",
                "f3bdcd0aeb3b101b:1",
                "3abab145f8fc5f6f:1",
                "84db7916fd5938a1:1",
                "3c5bef55b72b93c9:1",
                "c129715d7a2bc9a3:1"
            ]
        );
        assert_eq!(of_lines("r\r \nx"), ["f192df8027f2f2a1:1", "a88801a1799b48b5:1", "638816509450efbf:1"]);
        let long = format!("{}\n{}", "x".repeat(250), "x".repeat(120));
        assert_eq!(of_lines(&long), ["52b56201ffb58620:1", "52b56201ffb58620:2"]);
    }
}
