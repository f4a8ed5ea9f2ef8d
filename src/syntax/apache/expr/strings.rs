//! Texts and what stands in them: variables, calls, groups, escapes.

use nom::Parser as _;
use nom::bytes::complete::take_till;

use super::Word;
use super::lexer::{digit, name};
use super::names;
use super::parser::{MAX_STRING, Parsed, Parser, joined};

impl Parser<'_> {
    /// What follows `%{`.
    pub(super) fn variable(&mut self) -> Parsed<Word> {
        let at = self.at;
        let Ok((after, name)) = name(self.rest()) else { return self.bad_variable() };
        self.at += self.rest().len() - after.len();
        match after.chars().next() {
            Some('}') => {
                self.at += 1;
                match names::variable(name) {
                    Some(name) => Ok(Word::Variable(name)),
                    None => self.error(at, format!("there is no variable \"{name}\"")),
                }
            }
            Some(':') => {
                self.at += 1;
                let argument = self.nested(Self::argument)?;
                self.call(name, argument, at)
            }
            _ => self.bad_variable(),
        }
    }

    fn bad_variable(&self) -> Parsed<Word> {
        match self.rest().chars().next() {
            None | Some('\n') => self.error(self.at, "a variable without an end"),
            Some('}') => self.error(self.at, "a variable without a name"),
            Some(c) => self.error(self.at, format!("{c:?} in the name of a variable")),
        }
    }

    /// What follows `%{name:`, up to its `}`.
    fn argument(&mut self) -> Parsed<Word> {
        let start = self.at;
        let word = self.pieces(Some('}'))?;
        if self.at == start + 1 {
            return self.error(start, "an argument is missing");
        }
        Ok(word)
    }

    /// The text up to a closing quote, or to the end.
    pub(super) fn string(&mut self, delimiter: Option<char>) -> Parsed<Word> {
        self.pieces(delimiter)
    }

    /// Literal text, variables and groups up to and with `end`, which is a quote, the `}` of a variable, or the end of the text.
    fn pieces(&mut self, end: Option<char>) -> Parsed<Word> {
        let in_variable = end == Some('}');
        let mut parts = Vec::new();
        let mut literal = String::new();
        loop {
            let plain = take_till::<_, _, ()>(|c| matches!(c, '\\' | '\n' | '"' | '\'' | '%' | '}' | '$'));
            let (after, text) = { plain }.parse(self.rest()).unwrap_or((self.rest(), ""));
            literal.push_str(text);
            if literal.len() >= MAX_STRING {
                return self.error(self.at, "the text is too long");
            }
            self.at += text.len();
            let mut chars = after.chars();
            let Some(first) = chars.next() else {
                if end.is_none() {
                    break;
                }
                return self.error(self.at, "a text or a variable without an end");
            };
            match (first, chars.next()) {
                _ if Some(first) == end => {
                    self.at += 1;
                    break;
                }
                ('\n', _) => return self.error(self.at, "a text or a variable without an end"),
                ('\\', _) => literal.push(self.escape()?),
                ('%', Some('{')) => {
                    parts.push(literal_part(&mut literal));
                    self.at += 2;
                    parts.push(self.nested(Self::variable)?);
                }
                ('$', second @ Some('0'..='9')) => {
                    parts.push(literal_part(&mut literal));
                    parts.push(Word::Group(digit(second)));
                    self.at += 2;
                }
                ('"' | '\'', _) if in_variable => return self.error(self.at, "a quote in a variable"),
                _ => {
                    literal.push(first);
                    self.at += 1;
                }
            }
        }
        parts.push(literal_part(&mut literal));
        parts.retain(|p| !matches!(p, Word::Text(text) if text.is_empty()));
        if parts.is_empty() {
            parts.push(Word::Text(String::new()));
        }
        Ok(joined(parts))
    }

    /// A backslash and what it makes of the next character. Up to three octal digits are a byte.
    fn escape(&mut self) -> Parsed<char> {
        let start = self.at;
        let body = self.rest().get(1..).unwrap_or_default();
        let digits = body.len() - body.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits > 0 {
            let octal = body.get(..digits).unwrap_or_default();
            let value = u32::from_str_radix(octal, 8).ok().filter(|v| digits <= 3 && *v <= 0xff).and_then(char::from_u32);
            self.at += 1 + digits;
            return match value {
                Some(c) => Ok(c),
                None => self.error(start, "a bad escape sequence"),
            };
        }
        let Some(c) = body.chars().next() else { return self.error(start, "a backslash at the end") };
        self.at += 1 + c.len_utf8();
        Ok(match c {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'b' => '\u{8}',
            'f' => '\u{c}',
            other => other,
        })
    }
}

/// The literal text so far; it starts anew. A NUL ends a text of the server.
fn literal_part(literal: &mut String) -> Word {
    let text = std::mem::take(literal);
    Word::Text(text.split('\0').next().unwrap_or_default().to_owned())
}
