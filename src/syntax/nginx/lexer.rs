//! Words, punctuation and comments, cut as `ngx_conf_read_token` cuts them.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use nom::bytes::complete::{take_till, take_while};
use nom::{IResult, Parser};

use super::tree::Word;
use crate::syntax::template::{self, Holes, Place};

type Step<'t> = IResult<&'t [u8], &'t [u8], ()>;

/// How many bytes the server's buffer holds: no word or comment may be longer.
const BUFFER: usize = 4096;

/// What one step of the lexer found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word(Shape),
    Comment { too_long: bool },
    Semicolon,
    Open,
    Close,
    End,
}

/// A token with its place; punctuation is one byte long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lexeme {
    pub(super) token: Token,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What is to know about a word beside its place: a set of observations. The word itself keeps those above its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape(u32);

impl Shape {
    /// A bare word without anything special.
    pub(super) const BARE: Self = Self(0);
    pub(super) const SINGLE: Self = Self(Word::SINGLE);
    pub(super) const DOUBLE: Self = Self(Word::DOUBLE);
    /// It holds a backslash that the server removes.
    const ESCAPED: Self = Self(Word::ESCAPED);
    /// It may hold a `$`.
    pub(super) const DOLLAR: Self = Self(Word::DOLLAR);
    /// It holds a template hole; what stands in it counts as a `$`.
    pub(super) const HOLE: Self = Self(Word::HOLE | Word::DOLLAR);
    /// It holds `${NAME}` in capitals: perhaps a hole.
    pub(super) const ENVIRONMENT: Self = Self(1);
    /// It holds a `$` that does not begin a complete variable.
    pub(super) const ODD_DOLLAR: Self = Self(1 << 1);
    /// It does not fit into the server's buffer.
    pub(super) const TOO_LONG: Self = Self(1 << 2);
    /// The file ends before the closing quote.
    pub(super) const UNTERMINATED: Self = Self(1 << 3);
    /// Something follows directly after the closing quote.
    pub(super) const GLUED: Self = Self(1 << 4);

    /// Whether all of the others is among it.
    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the server refuses the word.
    pub(super) fn is_faulty(self) -> bool {
        self.0 & (Self::TOO_LONG.0 | Self::UNTERMINATED.0 | Self::GLUED.0) != 0
    }

    pub(super) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(super) fn remove(&mut self, other: Self) {
        self.0 &= !other.0;
    }

    /// What a word keeps of it.
    pub(super) fn form(self) -> u32 {
        self.0 & !Word::LENGTH
    }
}

const SPACE: u8 = 1;
/// Bytes at which a bare word ends or something special begins.
const BARE: u8 = 2;
/// The same in a quoted word; both quotes are in it.
const QUOTED: u8 = 4;
/// Bytes at which every bare word ends.
const END: u8 = 8;

const CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let table: [(&[u8], u8); 4] =
        [(b" \t\r\n", SPACE | BARE | END), (b";", BARE | END), (b"{\\$<@%", BARE | QUOTED), (b"\"'", QUOTED)];
    let mut row = 0;
    while row < table.len() {
        let (bytes, bits) = table[row];
        let mut i = 0;
        while i < bytes.len() {
            class[bytes[i] as usize] = bits;
            i += 1;
        }
        row += 1;
    }
    class
};

fn is(byte: u8, class: u8) -> bool {
    CLASS[byte as usize] & class != 0
}

fn spaces(input: &[u8]) -> Step<'_> {
    take_while(|b| is(b, SPACE)).parse(input)
}

fn plain_bare(input: &[u8]) -> Step<'_> {
    take_till(|b| is(b, BARE)).parse(input)
}

fn plain_quoted(input: &[u8]) -> Step<'_> {
    take_till(|b| is(b, QUOTED)).parse(input)
}

/// Reads tokens from a text; `pos` may be set to go on elsewhere.
pub(super) struct Lexer<'t> {
    text: &'t [u8],
    pub(super) pos: usize,
    pub(super) holes: Holes<'t>,
    /// The variables that words name, each with its first place.
    pub(super) variables: HashMap<&'t [u8], usize, FixedState>,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Self { text, pos: 0, holes: Holes::new(text), variables: HashMap::default() }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.pos).copied()
    }

    fn skip(&mut self, step: impl Fn(&'t [u8]) -> Step<'t>) {
        if let Ok((rest, _)) = step(self.text.get(self.pos..).unwrap_or_default()) {
            self.pos = self.text.len() - rest.len();
        }
    }

    pub(super) fn skip_spaces(&mut self) {
        let at_space = |lexer: &Self| lexer.peek().is_some_and(|b| is(b, SPACE));
        // Between words it is mostly one.
        if at_space(self) {
            self.pos += 1;
            if at_space(self) {
                self.skip(spaces);
            }
        }
    }

    /// The next token. `place` says whether a directive begins here or goes on.
    pub(super) fn next(&mut self, place: Place) -> Lexeme {
        self.skip_spaces();
        let start = self.pos;
        let token = match self.peek() {
            None => Token::End,
            Some(b';') => self.punctuation(Token::Semicolon),
            Some(b'}') => self.punctuation(Token::Close),
            Some(b'#') => {
                let rest = self.text.get(start..).unwrap_or_default();
                self.pos = start + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                let too_long = self.is_too_long(start, self.pos + 1);
                if self.text.get(self.pos - 1) == Some(&b'\r') && self.pos < self.text.len() {
                    self.pos -= 1;
                }
                Token::Comment { too_long }
            }
            Some(b'{') => match self.holes.end(start, place) {
                Some(_) => Token::Word(self.bare(place)),
                None => self.punctuation(Token::Open),
            },
            Some(quote @ (b'"' | b'\'')) => Token::Word(self.quoted(quote)),
            Some(_) => Token::Word(self.bare(place)),
        };
        Lexeme { token, start, end: self.pos }
    }

    /// Whether a hole begins in the range.
    pub(super) fn holes_within(&mut self, start: usize, end: usize) -> bool {
        let text = self.text;
        let inner = text.get(start..end).unwrap_or_default();
        let mut starts = inner.iter().enumerate().filter(|(_, b)| matches!(b, b'{' | b'<' | b'@' | b'%'));
        starts.any(|(i, _)| self.holes.end(start + i, Place::Argument).is_some())
    }

    fn punctuation(&mut self, token: Token) -> Token {
        self.pos += 1;
        token
    }

    /// Whether the server's buffer overflows before it has read the byte at `last`, for a token that starts at `start`.
    fn is_too_long(&self, start: usize, last: usize) -> bool {
        last - start >= BUFFER && self.text.len() > start + BUFFER
    }

    /// A bare word from here to its end, or the rest of one.
    #[inline]
    pub(super) fn bare(&mut self, place: Place) -> Shape {
        let start = self.pos;
        self.skip(plain_bare);
        let is_plain = self.peek().is_none_or(|b| is(b, END));
        let mut shape = if is_plain { Shape::BARE } else { self.special(start, place) };
        if self.pos - start >= BUFFER - 1 {
            // A space needs one more byte to be read before the word is forgotten.
            let spaced = self.peek().is_some_and(|b| is(b, SPACE));
            if self.is_too_long(start, self.pos + usize::from(spaced)) {
                shape.add(Shape::TOO_LONG);
            }
        }
        shape
    }

    /// The rest of a bare word that began at `start`, from something special on: few words come here.
    #[inline(never)]
    fn special(&mut self, start: usize, place: Place) -> Shape {
        let mut shape = Shape::BARE;
        loop {
            match self.peek() {
                Some(b'\\') => self.escape(&mut shape),
                Some(b'$') => self.dollar(&mut shape, Place::Argument),
                Some(byte @ (b'{' | b'<' | b'@' | b'%')) => {
                    let place = if self.pos == start { place } else { Place::Argument };
                    if let Some(end) = self.holes.end(self.pos, place) {
                        shape.add(Shape::HOLE);
                        self.pos = end;
                    } else if byte == b'{' {
                        return shape;
                    } else {
                        self.pos += 1;
                    }
                }
                _ => return shape,
            }
            self.skip(plain_bare);
        }
    }

    fn quoted(&mut self, quote: u8) -> Shape {
        let mut shape = if quote == b'"' { Shape::DOUBLE } else { Shape::SINGLE };
        self.pos += 1;
        let start = self.pos;
        loop {
            self.skip(plain_quoted);
            match self.peek() {
                Some(b'\\') => self.escape(&mut shape),
                Some(b'$') => self.dollar(&mut shape, Place::Quoted(quote)),
                Some(byte) if byte == quote => break,
                Some(b'"' | b'\'') => self.pos += 1,
                Some(_) => match self.holes.end(self.pos, Place::Quoted(quote)) {
                    Some(end) => {
                        shape.add(Shape::HOLE);
                        self.pos = end;
                    }
                    None => self.pos += 1,
                },
                None => break,
            }
        }
        if self.is_too_long(start, self.pos + 1) {
            shape.add(Shape::TOO_LONG);
        } else if self.peek().is_none() {
            shape.add(Shape::UNTERMINATED);
        }
        if self.peek().is_some() {
            self.pos += 1;
            if !shape.is_faulty() && self.is_glued() {
                shape.add(Shape::GLUED);
            }
        }
        shape
    }

    /// Whether what stands here may not follow a closing quote. `}` may not either, but that is an error of its own.
    fn is_glued(&mut self) -> bool {
        match self.peek() {
            None | Some(b' ' | b'\t' | b'\r' | b'\n' | b';' | b'{' | b')' | b'}') => false,
            Some(b'<' | b'@' | b'%') => self.holes.end(self.pos, Place::Argument).is_none(),
            Some(_) => true,
        }
    }

    fn escape(&mut self, shape: &mut Shape) {
        let next = self.text.get(self.pos + 1);
        match next {
            Some(b'"' | b'\'' | b'\\' | b't' | b'r' | b'n') => shape.add(Shape::ESCAPED),
            Some(b'$') => {
                shape.add(Shape::DOLLAR);
                self.variable(self.pos + 2);
            }
            _ => {}
        }
        self.pos = (self.pos + 2).min(self.text.len());
    }

    /// A `$`, and the braces that directly follow it: they do not open a block.
    fn dollar(&mut self, shape: &mut Shape, place: Place) {
        shape.add(Shape::DOLLAR);
        self.pos += 1;
        if let Some(end) = self.holes.end(self.pos, place) {
            shape.add(Shape::HOLE);
            self.pos = end;
            return;
        }
        let (braced, length) = self.variable(self.pos);
        let complete = length > 0 && (!braced || self.text.get(self.pos + 1 + length) == Some(&b'}'));
        if !complete {
            shape.add(Shape::ODD_DOLLAR);
        }
        // The server does not skip the name, but no byte of it is special.
        if !braced {
            self.pos += length;
            return;
        }
        let before = self.text.get(self.pos - 1..).unwrap_or_default();
        if complete && template::environment(before).is_some() {
            shape.add(Shape::ENVIRONMENT);
        }
        self.skip(|input| take_while(|b| b == b'{').parse(input));
        self.skip(|input| take_while(|b: u8| b.is_ascii_alphanumeric() || b == b'_').parse(input));
    }

    /// Notes the variable whose `$` stands before `at`. Says whether it has a brace and how long its name is.
    fn variable(&mut self, at: usize) -> (bool, usize) {
        let text = self.text;
        let rest = text.get(at..).unwrap_or_default();
        let (braced, rest) = rest.strip_prefix(b"{").map_or((false, rest), |rest| (true, rest));
        let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        let name = rest.get(..length).unwrap_or_default();
        // `$1` is a group of a regular expression.
        if name.first().is_some_and(|b| !b.is_ascii_digit()) {
            self.variables.entry(name).or_insert(at + usize::from(braced));
        }
        (braced, length)
    }
}

/// How many tokens a text has, for the benches: the parser is what uses the lexer, and it tells it where names are.
pub fn count_tokens(text: &str) -> usize {
    let mut lexer = Lexer::new(text.as_bytes());
    let mut place = Place::Name;
    let tokens = std::iter::from_fn(|| {
        let token = lexer.next(place).token;
        place = match token {
            Token::End => return None,
            Token::Word(_) => Place::Argument,
            Token::Comment { .. } => place,
            Token::Semicolon | Token::Open | Token::Close => Place::Name,
        };
        Some(token)
    });
    tokens.count()
}
