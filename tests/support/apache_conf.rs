//! A reader and printer of valid Apache configurations and `.htaccess` files: the same [`Directive`]s as those of nginx, words as
//! written, sections as blocks.

use std::fmt::Write as _;

use super::conf::{Body, Directive};

/// Reads a configuration. The name of a section is the word behind `<`.
pub fn parse(text: &str) -> Result<Vec<Directive>, String> {
    // Sections that are open, the outermost first; the first entry stands for the file.
    let mut open = vec![Directive::block(Vec::<String>::new(), Vec::new())];
    for (line, text) in logical_lines(text) {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let directive = if let Some(name) = text.strip_prefix("</") {
            let closed = open.pop().filter(|_| !open.is_empty()).ok_or_else(|| format!("line {line}: nothing is open"))?;
            let name = name.trim_end_matches('>').trim();
            if !name.eq_ignore_ascii_case(closed.name()) {
                return Err(format!("line {line}: </{name}> closes <{}>", closed.name()));
            }
            closed
        } else if let Some(head) = text.strip_prefix('<') {
            let head = head.rsplit_once('>').map(|(head, _)| head).ok_or_else(|| format!("line {line}: no > in {text}"))?;
            open.push(Directive { words: words(head), body: Some(Body::Block(Vec::new())), line });
            continue;
        } else {
            Directive { words: words(text), body: None, line }
        };
        if let Some(list) = open.last_mut().and_then(Directive::children_mut) {
            list.push(directive);
        }
    }
    match (open.pop(), open.is_empty()) {
        (Some(Directive { body: Some(Body::Block(list)), .. }), true) => Ok(list),
        (last, _) => Err(format!("<{}> is not closed", last.map(|d| d.name().to_owned()).unwrap_or_default())),
    }
}

/// Lines with their numbers, continued ones joined.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    let mut waiting: Option<(usize, String)> = None;
    for (number, line) in text.lines().enumerate() {
        let (number, mut whole) = waiting.take().unwrap_or((number + 1, String::new()));
        if let Some(part) = line.strip_suffix('\\') {
            whole.push_str(part);
            waiting = Some((number, whole));
        } else {
            whole.push_str(line);
            out.push((number, whole));
        }
    }
    out.extend(waiting);
    out
}

/// The words of a line, as written.
fn words(line: &str) -> Vec<String> {
    let bytes = line.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at].is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let start = at;
        let quote = Some(bytes[at]).filter(|b| matches!(b, b'"' | b'\''));
        if let Some(quote) = quote {
            at += 1;
            while at < bytes.len() && bytes[at] != quote {
                let escaped = bytes[at] == b'\\' && bytes.get(at + 1).is_some_and(|b| *b == quote || *b == b'\\');
                at += if escaped { 2 } else { 1 };
            }
            at = (at + 1).min(bytes.len());
        } else {
            while at < bytes.len() && !bytes[at].is_ascii_whitespace() {
                at += 1;
            }
        }
        out.push(line[start..at].to_owned());
    }
    out
}

/// The value of a word as the server sees it.
pub fn value(word: &str) -> String {
    let quote = word.chars().next().filter(|c| matches!(c, '"' | '\''));
    let inner = match quote {
        Some(quote) => word[1..].strip_suffix(quote).unwrap_or(&word[1..]),
        None => word,
    };
    let mut out = String::new();
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(&next) if c == '\\' && (next == '\\' || Some(next) == quote) => {
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
    let plain = !value.is_empty() && !value.starts_with(['"', '\'']) && !value.contains([' ', '\t', '\\', '>']);
    if plain {
        return value.to_owned();
    }
    let mut out = String::from("\"");
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '"' || (c == '\\' && matches!(chars.peek(), None | Some('"' | '\\'))) {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// The value of an argument (the first is 0); empty if there is none.
pub fn arg(directive: &Directive, index: usize) -> String {
    directive.words.get(index + 1).map(|w| value(w)).unwrap_or_default()
}

/// Whether it has that name.
pub fn is(directive: &Directive, name: &str) -> bool {
    directive.name().eq_ignore_ascii_case(name)
}

/// Prints directives, each on the line that it was read from where that is possible.
pub fn print(list: &[Directive]) -> String {
    let mut out = Printed { text: String::new(), line: 1 };
    out.list(list, 0);
    out.text
}

struct Printed {
    text: String,
    line: usize,
}

impl Printed {
    fn list(&mut self, list: &[Directive], depth: usize) {
        for directive in list {
            while self.line < directive.line {
                self.end_line();
            }
            let words = directive.words.join(" ");
            let _ = write!(self.text, "{:1$}", "", depth * 2);
            match &directive.body {
                None | Some(Body::Raw(_)) => self.text.push_str(&words),
                Some(Body::Block(children)) => {
                    let _ = write!(self.text, "<{words}>");
                    self.end_line();
                    self.list(children, depth + 1);
                    let _ = write!(self.text, "{:1$}</{2}>", "", depth * 2, directive.name());
                }
            }
            self.end_line();
        }
    }

    fn end_line(&mut self) {
        self.text.push('\n');
        self.line += 1;
    }
}
