//! The text of a comment that accepts findings.
//!
//! `# lint401: ignore[rule-a, rule-b] until=2027-03-31 -- why`, `ignore-block[…]`, `ignore-file[…]`.

use jiff::civil::Date;
use nom::branch::alt;
use nom::bytes::complete::{is_not, tag, take_while1};
use nom::character::complete::{char, space0, space1};
use nom::combinator::{opt, rest, value, verify};
use nom::multi::separated_list1;
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

use crate::discover::kinds;

/// What every such comment holds.
pub(super) const MARK: &str = "lint401:";

/// How far it reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// The next directive, of a block only its head; behind a directive: that one.
    Directive,
    /// The next block with all that is in it.
    Block,
    /// The file.
    File,
}

/// Until when it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// To the end of this day.
    Day(Date),
    /// What is written is no day.
    Malformed(String),
}

/// A comment, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comment {
    pub(super) reach: Reach,
    /// The ids, each with its offset in the comment.
    pub(super) rules: Vec<(String, usize)>,
    pub(super) until: Option<Until>,
    pub(super) reason: Option<String>,
}

/// What a comment says behind the name of this tool, its `#` included; `None`: it is not meant for this tool.
fn inner(text: &str) -> Option<&str> {
    text.trim_start_matches('#').trim_start().strip_prefix(MARK)
}

/// Whether a comment says what its file is; discovery heeds that.
pub(super) fn says_kind(text: &str) -> bool {
    inner(text).and_then(kinds::of_comment).is_some()
}

/// Reads a comment, its `#` included. `None`: it is not meant for this tool. `Err`: it is, and cannot be read from this offset on.
pub(super) fn read(text: &str) -> Option<Result<Comment, usize>> {
    let inner = inner(text)?;
    let comment = match comment(inner) {
        Ok((_, found)) => Ok(Comment {
            rules: found.rules.into_iter().map(|id| (id.to_owned(), offset(text, id))).collect(),
            reach: found.reach,
            until: found.until.map(|day| day.parse().map_or_else(|_| Until::Malformed(day.to_owned()), Until::Day)),
            reason: found.reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty()),
        }),
        Err(nom::Err::Error(error) | nom::Err::Failure(error)) => Err(offset(text, error.input)),
        Err(nom::Err::Incomplete(_)) => Err(0),
    };
    Some(comment)
}

/// Writes a comment that accepts what rules report at the next directive.
pub fn write<'r>(rules: impl IntoIterator<Item = &'r str>, reason: &Reason) -> String {
    let rules: Vec<&str> = rules.into_iter().collect();
    format!("# {MARK} ignore[{}] -- {}", rules.join(", "), reason.0)
}

/// Why findings are accepted, in words that can stand at the end of a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// `None`: it says nothing, or would not stay a comment: of several lines, or with a `\` at its end, which in Apache makes the
    /// next line a part of it.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = !text.is_empty() && !text.chars().any(char::is_control) && !text.ends_with('\\');
        fits.then(|| Self(text.to_owned()))
    }
}

/// Where a part of a text stands in it.
fn offset(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize).min(text.len())
}

struct Found<'t> {
    reach: Reach,
    rules: Vec<&'t str>,
    until: Option<&'t str>,
    reason: Option<&'t str>,
}

fn comment(text: &str) -> IResult<&str, Found<'_>> {
    let reach = alt((
        value(Reach::Block, tag("ignore-block")),
        value(Reach::File, tag("ignore-file")),
        value(Reach::Directive, tag("ignore")),
    ));
    let id = take_while1(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let ids = delimited((char('['), space0), separated_list1((space0, char(','), space0), id), (space0, char(']')));
    let until = preceded((space1, tag("until=")), is_not(" \t"));
    let reason = preceded((space1, tag("--")), rest);
    let end = verify(rest, |rest: &str| rest.trim().is_empty());
    let parts = (space0, reach, ids, opt(until), opt(reason), end);
    parts.map(|(_, reach, rules, until, reason, _)| Found { reach, rules, until, reason }).parse(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_and_short() {
        let found = read("# lint401: ignore[a-b, c] until=2027-03-31 -- the old app -- needs it").unwrap().unwrap();
        assert_eq!(found.reach, Reach::Directive);
        assert_eq!(found.rules, [("a-b".to_owned(), 18), ("c".to_owned(), 23)]);
        assert_eq!(found.until, Some(Until::Day(jiff::civil::date(2027, 3, 31))));
        assert_eq!(found.reason.as_deref(), Some("the old app -- needs it"));
        let short = read("#lint401:ignore-file[x]").unwrap().unwrap();
        assert_eq!((short.reach, short.until, short.reason), (Reach::File, None, None));
        assert_eq!(read("# lint401: ignore-block[x] -- ").unwrap().unwrap().reason, None);
    }

    #[test]
    fn what_is_written_can_be_read() {
        let reason = Reason::new(" the old app -- ends in May ").unwrap();
        let text = write(["a-b", "c"], &reason);
        assert_eq!(text, "# lint401: ignore[a-b, c] -- the old app -- ends in May");
        let found = read(&text).unwrap().unwrap();
        assert_eq!((found.reach, found.rules.len(), found.until), (Reach::Directive, 2, None));
        assert_eq!(found.reason.as_deref(), Some("the old app -- ends in May"));
        for reason in ["", "  ", "a\nb", "a\\", "a\x1b[31m"] {
            assert_eq!(Reason::new(reason), None);
        }
    }

    #[test]
    fn wrong_ones_are_told_where() {
        assert_eq!(read("# a comment about lint401: ignore[x]"), None);
        assert_eq!(read("# lint401: ignore"), Some(Err(17)));
        assert_eq!(read("# lint401: ignore[]"), Some(Err(18)));
        assert_eq!(read("# lint401: disable[x]"), Some(Err(11)));
        assert_eq!(read("# lint401: ignore[x] because"), Some(Err(20)));
        let day = read("# lint401: ignore[x] until=31.3.2027").unwrap().unwrap();
        assert_eq!(day.until, Some(Until::Malformed("31.3.2027".into())));
    }
}
