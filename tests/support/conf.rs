//! A reader and printer of valid nginx configurations: words as written, blocks as lists.

use std::fmt::Write as _;

/// One directive or entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// Its words as written, quotes and escapes included; the name first.
    pub words: Vec<String>,
    /// What stands in its braces, if it has any.
    pub body: Option<Body>,
    /// Its line in the text it was read from; 0 for made-up ones.
    pub line: usize,
}

/// What stands in braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Directives or entries.
    Block(Vec<Directive>),
    /// Text of another language (`content_by_lua_block`).
    Raw(String),
}

impl Directive {
    /// A directive without a block.
    pub fn simple<W: Into<String>>(words: impl IntoIterator<Item = W>) -> Self {
        Self { words: words.into_iter().map(Into::into).collect(), body: None, line: 0 }
    }

    /// A directive with a block.
    pub fn block<W: Into<String>>(words: impl IntoIterator<Item = W>, body: Vec<Directive>) -> Self {
        Self { words: words.into_iter().map(Into::into).collect(), body: Some(Body::Block(body)), line: 0 }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// The value of an argument (the first is 0), quotes and escapes resolved; empty if there is none.
    pub fn arg(&self, index: usize) -> String {
        self.words.get(index + 1).map(|w| value(w)).unwrap_or_default()
    }

    /// Its children, if it has a block of directives.
    pub fn children(&self) -> &[Directive] {
        match &self.body {
            Some(Body::Block(list)) => list,
            _ => &[],
        }
    }

    /// Its children, to be changed.
    pub fn children_mut(&mut self) -> Option<&mut Vec<Directive>> {
        match &mut self.body {
            Some(Body::Block(list)) => Some(list),
            _ => None,
        }
    }

    /// Visits it and everything in it.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Directive)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }
}

/// The value of a word as the server sees it.
pub fn value(word: &str) -> String {
    let inner = match word.as_bytes() {
        [b'"', .., b'"'] | [b'\'', .., b'\''] => &word[1..word.len() - 1],
        _ => word,
    };
    let mut out = String::new();
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(&next @ ('"' | '\'' | '\\'))) => {
                out.push(next);
                chars.next();
            }
            _ => out.push(c),
        }
    }
    out
}

/// A word whose value is `value`, quoted where that is needed.
pub fn quote(value: &str) -> String {
    let plain = !value.is_empty()
        && !value.starts_with(['"', '\'', '#'])
        && !value.contains([' ', '\t', '\n', '\r', ';', '{', '}', '\\'])
        && !value.ends_with('$');
    if plain {
        return value.to_owned();
    }
    let mut out = String::from("\"");
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        // A backslash is kept by the server unless a quote or another backslash follows.
        if c == '"' || (c == '\\' && matches!(chars.peek(), None | Some('"' | '\'' | '\\'))) {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// Reads a configuration.
pub fn parse(text: &str) -> Result<Vec<Directive>, String> {
    let mut reader = Reader { text: text.as_bytes(), at: 0, line: 1 };
    let list = reader.block(false)?;
    Ok(list)
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        self.line += usize::from(byte == b'\n');
        Some(byte)
    }

    fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'#' {
                while self.peek().is_some_and(|b| b != b'\n') {
                    self.next();
                }
            } else if byte.is_ascii_whitespace() {
                self.next();
            } else {
                break;
            }
        }
    }

    fn block(&mut self, nested: bool) -> Result<Vec<Directive>, String> {
        let mut list = Vec::new();
        let mut words = Vec::new();
        let mut line = 0;
        loop {
            self.skip_space();
            match self.peek() {
                None if words.is_empty() && !nested => return Ok(list),
                None => return Err("unexpected end of file".to_owned()),
                Some(b';') if !words.is_empty() => {
                    self.next();
                    list.push(Directive { words: std::mem::take(&mut words), body: None, line });
                }
                Some(b'{') if !words.is_empty() => {
                    self.next();
                    let words: Vec<String> = std::mem::take(&mut words);
                    let lua = words.first().is_some_and(|w| w.ends_with("_by_lua_block"));
                    let body = if lua { Body::Raw(self.raw()?) } else { Body::Block(self.block(true)?) };
                    list.push(Directive { words, body: Some(body), line });
                }
                Some(b'}') if words.is_empty() && nested => {
                    self.next();
                    return Ok(list);
                }
                Some(byte @ (b';' | b'{' | b'}')) => {
                    return Err(format!("line {}: unexpected {}", self.line, byte as char));
                }
                Some(_) => {
                    if words.is_empty() {
                        line = self.line;
                    }
                    words.push(self.word()?);
                }
            }
        }
    }

    fn word(&mut self) -> Result<String, String> {
        let start = self.at;
        let quote = self.peek().filter(|b| matches!(b, b'"' | b'\''));
        if quote.is_some() {
            self.next();
        }
        let mut variable = false;
        loop {
            match self.peek() {
                None => return Err(format!("line {}: unexpected end of file in a word", self.line)),
                Some(b'\\') => {
                    self.next();
                    self.next();
                    continue;
                }
                Some(byte) if Some(byte) == quote => {
                    self.next();
                    break;
                }
                Some(b'{') if quote.is_none() && variable => {
                    while self.next().is_some_and(|b| b != b'}') {}
                    variable = false;
                    continue;
                }
                Some(byte) if quote.is_none() && (byte.is_ascii_whitespace() || matches!(byte, b';' | b'{')) => break,
                Some(byte) => variable = byte == b'$',
            }
            self.next();
        }
        Ok(String::from_utf8_lossy(&self.text[start..self.at]).into_owned())
    }

    fn raw(&mut self) -> Result<String, String> {
        let (start, mut depth) = (self.at, 1);
        loop {
            match self.next() {
                None => return Err("unexpected end of file in a Lua block".to_owned()),
                Some(b'{') => depth += 1,
                Some(b'}') if depth == 1 => break,
                Some(b'}') => depth -= 1,
                Some(_) => {}
            }
        }
        Ok(String::from_utf8_lossy(&self.text[start..self.at - 1]).into_owned())
    }
}

/// Prints directives, one to a line.
pub fn print(list: &[Directive]) -> String {
    let mut out = String::new();
    print_into(list, 0, &mut out);
    out
}

fn print_into(list: &[Directive], depth: usize, out: &mut String) {
    for directive in list {
        let _ = write!(out, "{:1$}{2}", "", depth * 2, directive.words.join(" "));
        match &directive.body {
            None => out.push_str(";\n"),
            Some(Body::Raw(text)) => {
                let _ = writeln!(out, " {{{text}}}");
            }
            Some(Body::Block(children)) => {
                out.push_str(" {\n");
                print_into(children, depth + 1, out);
                let _ = writeln!(out, "{:1$}}}", "", depth * 2);
            }
        }
    }
}
