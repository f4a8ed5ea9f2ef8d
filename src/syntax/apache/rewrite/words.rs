//! The line of a `RewriteRule` or `RewriteCond`, cut into words (`parseargline`): quotes, and a backslash before a blank, which
//! stays.

use super::RewriteError;

/// A word with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
}

/// The words of a line. What follows the third is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Words<'t> {
    pub(super) first: Word<'t>,
    pub(super) second: Word<'t>,
    pub(super) third: Option<Word<'t>>,
}

/// Cuts a line.
pub(super) fn cut<'t>(raw: &'t str, directive: &str) -> Result<Words<'t>, RewriteError> {
    let mut at = 0;
    let (first, ended) = word(raw, &mut at);
    if !ended {
        return Err(RewriteError { at: 0, message: format!("\"{directive}\" needs two arguments") });
    }
    let (second, _) = word(raw, &mut at);
    let has_third = raw.get(at..).is_some_and(|rest| !rest.trim_start_matches(is_blank).is_empty());
    let third = has_third.then(|| word(raw, &mut at).0);
    Ok(Words { first, second, third })
}

fn is_blank(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\u{b}'
}

/// The word at `at`, which is moved behind it; and whether something ends the word before the line does.
fn word<'t>(raw: &'t str, at: &mut usize) -> (Word<'t>, bool) {
    let rest = raw.get(*at..).unwrap_or_default();
    let mut start = *at + rest.len() - rest.trim_start_matches(is_blank).len();
    let quote = raw.get(start..).and_then(|r| r.chars().next()).filter(|c| matches!(c, '"' | '\''));
    start += usize::from(quote.is_some());
    let mut chars = raw.get(start..).unwrap_or_default().char_indices().peekable();
    while let Some((offset, c)) = chars.next() {
        let ends = match quote {
            Some(quote) => c == quote,
            None => is_blank(c),
        };
        if ends {
            *at = start + offset + 1;
            return (Word { text: raw.get(start..start + offset).unwrap_or_default(), at: start }, true);
        }
        if c == '\\' {
            chars.next_if(|(_, next)| is_blank(*next));
        }
    }
    *at = raw.len();
    (Word { text: raw.get(start..).unwrap_or_default(), at: start }, false)
}
