//! Expressions (`ap_expr`): the conditions of `<If>`, `Require expr`, `RewriteCond expr`, `Header … expr=`, and the texts with
//! variables of `Header`, `ErrorDocument` and others.

mod lexer;
mod names;
mod parser;
mod strings;

pub use names::{Function, UnaryOp};

use super::subnet::Subnet;

/// A text that the server refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExprError {
    /// Offset of the byte where it fails.
    pub at: usize,
    /// What is wrong, one line, no full stop.
    pub message: String,
    /// Whether only a limit of this reader was reached; the server may go on.
    pub is_limit: bool,
}

/// Where an expression stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// In the server's own files.
    Server,
    /// In a `.htaccess`, which may not read files.
    Htaccess,
}

/// A regular expression.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Regex {
    /// Its text.
    pub text: String,
    /// Whether case does not count (`/…/i`).
    pub ignore_case: bool,
}

/// A comparison of two words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the variants are the operators")]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// How `-fnmatch`, `-strmatch` and `-strcmatch` match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Glob {
    /// `-fnmatch`: wildcards do not match `/`.
    Path,
    /// `-strmatch`.
    Text,
    /// `-strcmatch`: case does not count.
    TextIgnoringCase,
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// `true` or `false`.
    Constant(bool),
    /// `!`, `not`.
    Not(Box<Test>),
    /// `&&`, `and`: at least two.
    And(Vec<Test>),
    /// `||`, `or`: at least two.
    Or(Vec<Test>),
    /// `==`, `!=`, `<` …: as texts.
    Text(Comparison, Word, Word),
    /// `-eq`, `-ne`, `-lt` …: as numbers.
    Number(Comparison, Word, Word),
    /// `=~`, or `!~` if negated. The number is an index of [`Condition::regexes`].
    Match {
        /// The text.
        word: Word,
        /// The regular expression.
        regex: usize,
        /// Whether it must not match.
        negated: bool,
    },
    /// `in { … }`.
    In(Word, Vec<Word>),
    /// `in PeerExtList(…)`: nothing of it is known here.
    InFunction(Word, String),
    /// `-n`, `-f` …
    Unary(UnaryOp, Word),
    /// `-R`: whether the client's address lies in a network.
    Client(Subnet),
    /// `-ipmatch`: whether an address lies in a network.
    Address(Word, Subnet),
    /// `-fnmatch`, `-strmatch`, `-strcmatch`.
    Glob(Glob, Word, Word),
}

/// A text with variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// Literal text.
    Text(String),
    /// `%{NAME}`, the name in capitals.
    Variable(String),
    /// `name(word)` or `%{name:text}`.
    Call(Function, Box<Word>),
    /// `$0` to `$9`: what the last regular expression with groups matched.
    Group(u8),
    /// One behind the other: at least two.
    Concat(Vec<Word>),
}

/// A parsed condition with its regular expressions in the order of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What must hold.
    pub test: Test,
    /// The regular expressions.
    pub regexes: Vec<Regex>,
}

impl Condition {
    /// Reads a condition.
    pub fn parse(text: &str, context: Context) -> Result<Self, ExprError> {
        parser::condition(text, context)
    }
}

impl Word {
    /// Reads a text with variables (`AP_EXPR_FLAG_STRING_RESULT`).
    pub fn parse(text: &str, context: Context) -> Result<Self, ExprError> {
        parser::text(text, context)
    }
}

#[cfg(test)]
mod tests;
