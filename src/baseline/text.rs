//! A baseline as JSON: sorted, an entry a line, so that changes are read and merged line by line.

use std::collections::btree_map::Entry as Slot;

use serde::{Deserialize, Serialize};

use super::{Baseline, Key, Tolerated};
use crate::fingerprint::Fingerprint;
use crate::selection;

/// The version of the form.
const VERSION: u32 = 1;

/// What is wrong with the text of a baseline.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaselineError {
    /// It is no JSON of this form.
    #[error("{line}:{column}: {message}")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// A later release wrote it.
    #[error("its form is version {0}, and this lint401 reads version {VERSION}")]
    Version(u32),
}

#[derive(Deserialize)]
struct Header {
    version: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[expect(dead_code, reason = "looked at first, alone")]
    version: u32,
    entries: Vec<Entry>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    path: String,
    anchor: String,
    text_hash: Fingerprint,
    count: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Baseline {
    /// Reads a baseline.
    ///
    /// An entry that is there twice, as a merge may leave it, counts once: added up, the two would tolerate a finding that nobody
    /// has seen.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let header: Header = serde_json::from_str(text).map_err(malformed)?;
        if header.version != VERSION {
            return Err(BaselineError::Version(header.version));
        }
        let document: Document = serde_json::from_str(text).map_err(malformed)?;
        let mut baseline = Self::default();
        for Entry { rule, path, anchor, text_hash, count, reason } in document.entries {
            // A rule that has another name today; one that is gone has no findings, and its entry is stale.
            let rule = selection::resolve(&rule).map_or(rule, str::to_owned);
            match baseline.entries.entry(Key { path, anchor, rule, text_hash }) {
                Slot::Vacant(slot) => drop(slot.insert(Tolerated { count, reason })),
                Slot::Occupied(mut slot) => {
                    let known = slot.get_mut();
                    known.count = known.count.max(count);
                    known.reason = known.reason.take().or(reason);
                }
            }
        }
        Ok(baseline)
    }

    /// Writes the baseline.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        let mut text = format!("{{\n  \"version\": {VERSION},\n  \"entries\": [");
        for (i, (Key { path, anchor, rule, text_hash }, Tolerated { count, reason })) in self.entries.iter().enumerate() {
            let (rule, path, anchor) = (rule.clone(), path.clone(), anchor.clone());
            let entry = Entry { rule, path, anchor, text_hash: *text_hash, count: *count, reason: reason.clone() };
            text.push_str(if i == 0 { "\n    " } else { ",\n    " });
            text.push_str(&serde_json::to_string(&entry)?);
        }
        text.push_str(if self.entries.is_empty() { "]\n}\n" } else { "\n  ]\n}\n" });
        Ok(text)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the form that `map_err` wants")]
fn malformed(error: serde_json::Error) -> BaselineError {
    let text = error.to_string();
    // The place stands before the message.
    let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message).to_owned();
    BaselineError::Malformed { line: error.line(), column: error.column(), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
  "version": 1,
  "entries": [
    {"rule":"redirect-loop","path":"a.conf","anchor":"server/return","text_hash":"00000000000000ff","count":1,"reason":"old"},
    {"rule":"redirect-loop","path":"b.conf","anchor":"server/return","text_hash":"0123456789abcdef","count":2}
  ]
}
"#;

    #[test]
    fn what_is_written_is_read() {
        let baseline = Baseline::parse(TEXT).unwrap();
        assert_eq!((baseline.entries.len(), baseline.len()), (2, 3));
        assert_eq!(baseline.to_text().unwrap(), TEXT);
        let empty = Baseline::default();
        assert_eq!(Baseline::parse(&empty.to_text().unwrap()).unwrap(), empty);
    }

    #[test]
    fn an_entry_that_is_there_twice_counts_once() {
        let (before, entry) = TEXT.split_once("    {\"rule\":\"redirect-loop\",\"path\":\"b.conf\"").unwrap();
        let line = format!("    {{\"rule\":\"redirect-loop\",\"path\":\"b.conf\"{}", entry.lines().next().unwrap());
        let twice = format!("{before}{line},\n{line}\n  ]\n}}\n");
        assert_eq!(Baseline::parse(&twice).unwrap(), Baseline::parse(TEXT).unwrap());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let error = |text: &str| Baseline::parse(text).unwrap_err().to_string();
        assert_eq!(error("{\"version\": 2, \"more\": 1}"), "its form is version 2, and this lint401 reads version 1");
        assert_eq!(error("{\n"), "2:0: EOF while parsing an object");
        assert!(error(&TEXT.replace("\"count\":2", "\"coun\":2")).starts_with("5:"));
        assert!(error(&TEXT.replace("00000000000000ff", "ff")).starts_with("4:"));
    }
}
