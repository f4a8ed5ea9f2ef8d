//! A `RewriteCond`.

use super::{Comparison, Regex, RewriteError, flags, negation, words};
use crate::syntax::apache::expr;

/// A question about the file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileTest {
    /// `-f`.
    File,
    /// `-d`.
    Folder,
    /// `-s`: a file that is not empty.
    NonEmpty,
    /// `-l`, `-L`, `-h`: a symbolic link.
    Link,
    /// `-x`: something with a permission to execute.
    Executable,
}

/// What the test string of a condition is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// A regular expression.
    Regex(Regex),
    /// A test of a file.
    File(FileTest),
    /// `-U`: a URL that a subrequest may get.
    UrlAccess,
    /// `-F`: a file that a subrequest may get.
    FileAccess,
    /// `<`, `<=`, `=`, `>=`, `>`: as texts. Of texts that differ in length the longer is the greater, unless `NC` is given.
    Text(Comparison, String),
    /// `-lt`, `-le`, `-eq`, `-ge`, `-gt`: as numbers (`atoi`).
    Number(Comparison, i32),
    /// `RewriteCond expr …`.
    Expr(Box<expr::Condition>),
}

/// A `RewriteCond`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The test string, as written.
    pub input: String,
    /// Whether it must not hold.
    pub negated: bool,
    /// What it is held against.
    pub pattern: Pattern,
    /// `NC`.
    pub ignore_case: bool,
    /// `OR`.
    pub or_next: bool,
}

impl Condition {
    /// Reads the raw arguments of a `RewriteCond`.
    pub fn parse(raw: &str, context: expr::Context) -> Result<Self, RewriteError> {
        let words = words::cut(raw, "RewriteCond")?;
        let (mut ignore_case, mut or_next) = (false, false);
        for flag in words.third.map(flags::cut).transpose()?.unwrap_or_default() {
            match flag.key.to_ascii_lowercase().as_str() {
                "nc" | "nocase" => ignore_case = true,
                "or" | "ornext" => or_next = true,
                // Only `Vary` differs.
                "nv" | "novary" => {}
                _ => return flag.unknown(),
            }
        }
        let (mut negated, text) = negation(words.second.text);
        let pattern = if words.first.text.eq_ignore_ascii_case("expr") {
            let at = words.second.at + usize::from(negated);
            let parsed = expr::Condition::parse(text, context).map_err(|e| RewriteError { at: at + e.at, message: e.message })?;
            Pattern::Expr(Box::new(parsed))
        } else if let Some(number) = text.strip_prefix("-ne").filter(|n| !n.is_empty()) {
            negated = !negated;
            Pattern::Number(Comparison::Equal, flags::atoi(number))
        } else {
            special(text).unwrap_or_else(|| Pattern::Regex(Regex { text: text.to_owned(), ignore_case }))
        };
        Ok(Self { input: words.first.text.to_owned(), negated, pattern, ignore_case, or_next })
    }
}

/// A pattern that is no regular expression.
fn special(text: &str) -> Option<Pattern> {
    // One character alone is always a regular expression.
    if text.len() < 2 {
        return None;
    }
    let pattern = match text {
        "-f" => Pattern::File(FileTest::File),
        "-d" => Pattern::File(FileTest::Folder),
        "-s" => Pattern::File(FileTest::NonEmpty),
        "-x" => Pattern::File(FileTest::Executable),
        "-h" | "-l" | "-L" => Pattern::File(FileTest::Link),
        "-U" => Pattern::UrlAccess,
        "-F" => Pattern::FileAccess,
        _ => return comparison(text),
    };
    Some(pattern)
}

fn comparison(text: &str) -> Option<Pattern> {
    let text_operators = [
        (">=", Comparison::GreaterOrEqual),
        (">", Comparison::Greater),
        ("<=", Comparison::LessOrEqual),
        ("<", Comparison::Less),
    ];
    for (sign, comparison) in text_operators {
        if let Some(operand) = text.strip_prefix(sign) {
            return Some(Pattern::Text(comparison, operand.to_owned()));
        }
    }
    if let Some(operand) = text.strip_prefix('=') {
        // `=""` is how an empty text is written.
        let operand = if operand == "\"\"" { "" } else { operand };
        return Some(Pattern::Text(Comparison::Equal, operand.to_owned()));
    }
    let number_operators = [
        ("-lt", Comparison::Less),
        ("-le", Comparison::LessOrEqual),
        ("-gt", Comparison::Greater),
        ("-ge", Comparison::GreaterOrEqual),
        ("-eq", Comparison::Equal),
    ];
    number_operators
        .into_iter()
        .find_map(|(sign, comparison)| Some((comparison, text.strip_prefix(sign).filter(|n| !n.is_empty())?)))
        .map(|(comparison, operand)| Pattern::Number(comparison, flags::atoi(operand)))
}
