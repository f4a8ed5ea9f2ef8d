//! Mistakes within a word: quotes without an end, braces and semicolons in an unquoted regex.

use super::super::Name;
use super::super::lexer::{Lexeme, Shape};
use super::super::parser::Parser;
use super::super::tree::{Quote, Word};
use super::MAX_REREADS;
use crate::syntax::template::Place;

impl Parser<'_> {
    /// Text directly after a closing quote.
    pub(in super::super) fn glued(&mut self, lexeme: Lexeme) {
        let at = lexeme.end;
        let found = self.slice(at, self.boundary(at + 1)).to_owned();
        let runaway = self.runaway(lexeme);
        let help = match runaway {
            Some(_) => "an earlier quote is not closed: see the line where this quoted text begins",
            None => "after a closing quote must come a space, \";\", \"{\" or \")\"",
        };
        let message = format!("unexpected \"{found}\" after a closing quote");
        self.error(at, at + found.len(), message).help(help);
        if let Some(end) = runaway {
            self.reread(end);
        }
    }

    /// If a quoted word reaches over lines and its first line looks complete: where the word was meant to end.
    fn runaway(&self, lexeme: Lexeme) -> Option<usize> {
        let line = self.slice(lexeme.start, lexeme.end).lines().next()?;
        if line.len() >= lexeme.end - lexeme.start {
            return None;
        }
        let line = line.trim_end();
        let complete = line.strip_suffix(';').or(line.strip_suffix('{'))?.trim_end();
        Some(lexeme.start + complete.len().max(1))
    }

    /// Ends the last word at `end` and goes on from there.
    fn reread(&mut self, end: usize) {
        self.rereads += 1;
        let hole = self.lexer.holes_within(self.tree.words.last().map_or(end, |w| w.start as usize), end);
        if let Some(word) = self.tree.words.last_mut() {
            let mut shape = Shape::BARE;
            if hole {
                shape.add(Shape::HOLE);
            } else if word.dollar() {
                shape.add(Shape::DOLLAR);
            }
            self.in_file.add(shape);
            *word = Word::new(word.start, end as u32, shape);
        }
        self.lexer.pos = end;
    }

    /// A word that does not fit into the server's buffer or whose quote is never closed.
    pub(in super::super) fn overlong(&mut self, lexeme: Lexeme, shape: Shape) {
        let quote = if shape.has(Shape::SINGLE) {
            '\''
        } else if shape.has(Shape::DOUBLE) {
            '"'
        } else {
            let end = self.boundary((lexeme.start + 10).min(lexeme.end));
            self.error(lexeme.start, end, "a parameter longer than 4,096 bytes").help("nginx cannot read it");
            return;
        };
        // The text between may come from holes, and then the rendered quotes may match.
        let unterminated = shape.has(Shape::UNTERMINATED);
        let runaway = self.runaway(lexeme);
        if !self.seen.has(Shape::HOLE) {
            if unterminated {
                let end = self.text.len();
                let line = self.line_number(lexeme.start);
                self.brace_error(end, end, format!("unexpected end of file: a quoted text has no closing {quote}"))
                    .help(format!("the quote on line {line} is not closed"));
            } else {
                let end = self.boundary((lexeme.start + 10).min(lexeme.end));
                let help = if runaway.is_some() { "probably its closing quote is missing" } else { "nginx cannot read it" };
                self.error(lexeme.start, end, "a parameter longer than 4,096 bytes").help(help);
            }
        }
        let end = runaway.or_else(|| {
            let line = self.slice(lexeme.start, lexeme.end).lines().next().unwrap_or_default().trim_end().len();
            unterminated.then_some(lexeme.start + line.max(1))
        });
        match end {
            Some(end) if self.rereads < MAX_REREADS => self.reread(end),
            _ => self.swallowed |= unterminated,
        }
    }

    /// A `{` within a bare word, as in an unquoted regex: `^/a{2}$`. The word goes on.
    pub(in super::super) fn brace_in_word(&mut self, at: usize) -> bool {
        let Some(word) = self.words().last().copied().filter(|word| word.end() as usize == at) else { return false };
        let heads_entries = !self.in_entries()
            && self
                .words()
                .first()
                .is_some_and(|w| matches!(self.name_of(*w), Name::Map | Name::Types | Name::Geo | Name::Events));
        if word.quote() != Quote::None || word.hole() || heads_entries {
            return false;
        }
        let inner = self.text.as_bytes().get(at + 1..).unwrap_or_default();
        let length = inner.iter().position(|b| b.is_ascii_whitespace() || matches!(b, b';' | b'{' | b'}' | b'"' | b'\''));
        if length.is_none_or(|length| length == 0 || inner.get(length) != Some(&b'}')) {
            return false;
        }
        self.lexer.pos = at + 1;
        let shape = self.lexer.bare(Place::Argument);
        let start = word.start as usize;
        let known = self.tree.errors.last().is_some_and(|e| e.span.start as usize == start);
        if !known {
            let whole = self.slice(start, self.lexer.pos);
            let help = format!("quote it: \"{whole}\"");
            self.error(start, self.lexer.pos, "\"{\" in an unquoted word opens a block").help(help);
        }
        self.extend_word(shape);
        true
    }

    fn extend_word(&mut self, shape: Shape) {
        let end = self.lexer.pos as u32;
        self.in_file.add(shape);
        if shape.has(Shape::HOLE) {
            self.seen.add(Shape::HOLE);
        }
        if let Some(word) = self.tree.words.last_mut() {
            *word = word.extended(end, shape);
        }
    }

    /// A `;` within an unquoted regex: `location ~ ^/a;b$ {`. The word goes on.
    pub(in super::super) fn regex_with_semicolon(&mut self, at: usize) -> bool {
        // Something directly after a `;` is rare, and many directives end here.
        if self.text.as_bytes().get(at + 1).is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b'}' | b'#')) {
            return false;
        }
        let words = self.words();
        let (Some(first), Some(operator), Some(regex)) = (words.first(), words.iter().rev().nth(1), words.last()) else {
            return false;
        };
        let regex = *regex;
        let is_regex = matches!(self.slice(operator.start as usize, operator.end() as usize), "~" | "~*" | "!~" | "!~*");
        if !is_regex
            || regex.end() as usize != at
            || regex.quote() != Quote::None
            || !matches!(self.name_of(*first), Name::Location | Name::If)
        {
            return false;
        }
        self.lexer.pos = at + 1;
        let shape = self.lexer.bare(Place::Argument);
        let start = regex.start as usize;
        let whole = self.slice(start, self.lexer.pos);
        let help = format!("quote it: \"{whole}\"");
        if self.tree.errors.last().is_none_or(|e| e.span.start as usize != start) {
            self.error(start, self.lexer.pos, "\";\" in an unquoted regex ends the directive").help(help);
        }
        self.extend_word(shape);
        true
    }
}
