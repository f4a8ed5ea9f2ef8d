//! Tokens outside texts, cut as `server/util_expr_scan.l` cuts them: the longest that fits.

use nom::bytes::complete::take_while;
use nom::character::complete::{char, digit1};
use nom::combinator::{opt, recognize, verify};
use nom::sequence::pair;
use nom::{IResult, Parser as _};

use super::parser::{MAX_STRING, Parsed, Parser};
use super::{Comparison, Regex};

/// A token outside strings.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'t> {
    Quote(char),
    Variable,
    Group(u8),
    Regex(Regex),
    Text(Comparison),
    Number(Comparison),
    Match { negated: bool },
    In,
    And,
    Or,
    Not,
    Dot,
    Unary(&'t str),
    Binary(&'t str),
    True,
    False,
    Digits(&'t str),
    Name(&'t str),
    Punctuation(char),
    End,
}

pub(super) fn name(input: &str) -> IResult<&str, &str> {
    verify(take_while(is_name), |n: &str| n.starts_with(|c: char| c.is_ascii_alphabetic())).parse(input)
}

fn digits(input: &str) -> IResult<&str, &str> {
    recognize(pair(opt(char('-')), digit1)).parse(input)
}

pub(super) fn digit(c: Option<char>) -> u8 {
    c.and_then(|c| c.to_digit(10)).unwrap_or(0) as u8
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Operators of one or two signs; of two that fit the longer counts.
const SIGNS: &[(&str, Token<'static>)] = &[
    ("==", Token::Text(Comparison::Equal)),
    ("!=", Token::Text(Comparison::NotEqual)),
    ("<=", Token::Text(Comparison::LessOrEqual)),
    (">=", Token::Text(Comparison::GreaterOrEqual)),
    ("=~", Token::Match { negated: false }),
    ("!~", Token::Match { negated: true }),
    ("&&", Token::And),
    ("||", Token::Or),
    ("=", Token::Text(Comparison::Equal)),
    ("<", Token::Text(Comparison::Less)),
    (">", Token::Text(Comparison::Greater)),
    ("!", Token::Not),
    (".", Token::Dot),
];

/// Words that are no names; those of `mod_ssl`'s old language among them.
fn keyword(word: &str) -> Option<Token<'static>> {
    Some(match word {
        "and" => Token::And,
        "or" => Token::Or,
        "not" => Token::Not,
        "true" => Token::True,
        "false" => Token::False,
        "in" => Token::In,
        _ => Token::Number(number(word)?),
    })
}

fn number(word: &str) -> Option<Comparison> {
    Some(match word {
        "eq" => Comparison::Equal,
        "ne" => Comparison::NotEqual,
        "lt" => Comparison::Less,
        "le" => Comparison::LessOrEqual,
        "gt" => Comparison::Greater,
        "ge" => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

impl<'t> Parser<'t> {
    fn skip_blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t', '\n']).len();
    }

    /// The next token and where it begins.
    pub(super) fn token(&mut self) -> Parsed<(Token<'t>, usize)> {
        self.skip_blanks();
        let (start, rest) = (self.at, self.rest());
        let Some(first) = rest.chars().next() else { return Ok((Token::End, start)) };
        let second = rest.chars().nth(1);
        let (token, length) = match first {
            '"' | '\'' => (Token::Quote(first), 1),
            '%' if second == Some('{') => (Token::Variable, 2),
            '$' if second.is_some_and(|c| c.is_ascii_digit()) => (Token::Group(digit(second)), 2),
            '(' | ')' | '{' | '}' | ',' | ':' => (Token::Punctuation(first), 1),
            '/' => return self.regex(start, 1),
            '-' if second.is_some_and(|c| c.is_ascii_alphabetic() || c == '_') => {
                let (after, word) = take_while::<_, _, ()>(is_name).parse(&rest[1..]).unwrap_or((rest, ""));
                let token = match word {
                    "in" => Token::In,
                    _ if word.len() == 1 => Token::Unary(word),
                    _ => number(word).map_or(Token::Binary(word), Token::Number),
                };
                (token, rest.len() - after.len())
            }
            _ => {
                if let Ok((after, word)) = name(rest) {
                    // `m` and a sign begin a regular expression, unless a longer name does (`m_x`).
                    let delimited = second.filter(|c| "/#$%^,;:_?|-!.'\"".contains(*c));
                    if first == 'm' && delimited.is_some() && word.len() <= 2 {
                        return self.regex(start, 2);
                    }
                    (keyword(word).unwrap_or(Token::Name(word)), rest.len() - after.len())
                } else if let Ok((after, number)) = digits(rest) {
                    (Token::Digits(number), rest.len() - after.len())
                } else if let Some((sign, token)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
                    (token.clone(), sign.len())
                } else {
                    return self.error(start, format!("unexpected {first:?}"));
                }
            }
        };
        self.at = start + length;
        Ok((token, start))
    }

    /// A regular expression whose opening delimiter is the last of `skip` bytes. The delimiter cannot be escaped.
    fn regex(&mut self, start: usize, skip: usize) -> Parsed<(Token<'t>, usize)> {
        let rest = self.rest();
        let delimiter = rest.as_bytes().get(skip - 1).copied().map_or('/', char::from);
        let body = rest.get(skip..).unwrap_or_default();
        let Some((pattern, after)) = body.split_once(delimiter) else {
            return self.error(start, "a regular expression without an end");
        };
        if pattern.len() >= MAX_STRING {
            return self.error(start, "the regular expression is too long");
        }
        let ignore_case = after.starts_with('i');
        self.at = start + skip + pattern.len() + 1 + usize::from(ignore_case);
        Ok((Token::Regex(Regex { text: pattern.to_owned(), ignore_case }), start))
    }

    /// The next token, not taken.
    pub(super) fn peek(&mut self) -> Parsed<Token<'t>> {
        self.skip_blanks();
        let at = self.at;
        let (token, _) = self.token()?;
        self.at = at;
        Ok(token)
    }

    pub(super) fn expect(&mut self, wanted: char) -> Parsed<()> {
        let (token, at) = self.token()?;
        if token == Token::Punctuation(wanted) {
            return Ok(());
        }
        if token == Token::End {
            return self.error(at, format!("{wanted:?} is missing"));
        }
        Err(self.unexpected(&token, at))
    }
}
