//! Where the Lua code of a `*_by_lua_block` ends, found as the lexer of lua-nginx-module finds it.

use nom::bytes::complete::take_till;
use nom::{IResult, Parser};

/// Why the end was not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unclosed {
    /// The last brace that was opened, at this offset.
    Brace(usize),
    /// A long bracket (`[[`, `[==[`) at this offset.
    LongBracket(usize),
}

/// The offset of the `}` that closes the block whose `{` is at `open`.
pub(super) fn close(text: &[u8], open: usize) -> Result<usize, Unclosed> {
    let mut pos = open + 1;
    let mut level = 1_usize;
    let mut last_open = open;
    // A quote with no partner on its line is no string; then no other quote of that kind on the line has one either.
    let mut lonely = [0_usize; 2];
    loop {
        pos += plain(text.get(pos..).unwrap_or_default());
        let Some(byte) = text.get(pos) else { return Err(Unclosed::Brace(last_open)) };
        match byte {
            b'{' => {
                level += 1;
                last_open = pos;
                pos += 1;
            }
            b'}' => {
                level -= 1;
                if level == 0 {
                    return Ok(pos);
                }
                pos += 1;
            }
            b'[' => match long_bracket(text, pos) {
                Some(inner) => pos = long_end(text, pos, inner)?,
                None => pos += 1,
            },
            b'-' if text.get(pos + 1) == Some(&b'-') => match long_bracket(text, pos + 2) {
                Some(inner) => pos = long_end(text, pos + 2, inner)?,
                None => pos = line_end(text, pos),
            },
            b'"' | b'\'' => {
                let known = &mut lonely[usize::from(*byte == b'\'')];
                if pos < *known {
                    pos += 1;
                } else if let Some(end) = string_end(text, pos, *byte) {
                    pos = end;
                } else {
                    *known = line_end(text, pos);
                    pos += 1;
                }
            }
            _ => pos += 1,
        }
    }
}

fn plain(input: &[u8]) -> usize {
    let step: IResult<&[u8], &[u8], ()> = take_till(|b| matches!(b, b'{' | b'}' | b'[' | b'-' | b'"' | b'\'')).parse(input);
    step.map_or(0, |(_, taken)| taken.len())
}

fn line_end(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    rest.iter().position(|b| *b == b'\n').map_or(text.len(), |at| from + at)
}

/// If a long bracket opens at `at`: the offset after its second `[`.
fn long_bracket(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?.strip_prefix(b"[")?;
    let level = rest.iter().take_while(|b| **b == b'=').count();
    (rest.get(level) == Some(&b'[')).then_some(at + level + 2)
}

/// The offset after the `]==]` that belongs to the long bracket from `open` to `inner`.
fn long_end(text: &[u8], open: usize, inner: usize) -> Result<usize, Unclosed> {
    let level = inner - open - 2;
    let mut pos = inner;
    while let Some(rest) = text.get(pos..) {
        let Some(at) = rest.iter().position(|b| *b == b']') else { break };
        let equals = rest.get(at + 1..).unwrap_or_default().iter().take_while(|b| **b == b'=').count();
        let after = pos + at + 1 + equals;
        if equals == level && text.get(after) == Some(&b']') {
            return Ok(after + 1);
        }
        pos = after;
    }
    Err(Unclosed::LongBracket(open))
}

/// The offset after the closing quote of the string at `at`, which may not reach over the line.
fn string_end(text: &[u8], at: usize, quote: u8) -> Option<usize> {
    let mut pos = at + 1;
    loop {
        match *text.get(pos)? {
            b'\n' => return None,
            b'\\' if text.get(pos + 1) == Some(&b'\n') => return None,
            b'\\' => pos += 2,
            byte if byte == quote => return Some(pos + 1),
            _ => pos += 1,
        }
    }
}
