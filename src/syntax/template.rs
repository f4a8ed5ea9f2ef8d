//! Holes of templates: where a configuration is rendered before the server reads it.
//!
//! Jinja, Django, Helm and Mustache (`{{ x }}`, `{% x %}`, `{# x #}`), ERB and EJS (`<% x %>`), and placeholders
//! (`@@X@@`, `@X@`, `%%X%%`). `${X}` is nginx's own syntax; the parser decides about it.

use nom::bytes::complete::{tag, take_until, take_while, take_while1};
use nom::sequence::delimited;
use nom::{IResult, Parser};

/// Where a hole may stand; what is a hole depends on it, because `{` and `#` mean something to nginx as well.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::syntax) enum Place {
    /// Where the name of a directive would stand. No nginx text has `{` there.
    Name,
    /// Among the words of a directive, or inside a bare word.
    Argument,
    /// In a quoted word; the byte is the quote.
    Quoted(u8),
}

/// Finds the next occurrence of a text, again and again, in linear time overall.
struct Next {
    needle: &'static str,
    searched: bool,
    from: usize,
    found: Option<usize>,
}

impl Next {
    const fn new(needle: &'static str) -> Self {
        Self { needle, searched: false, from: 0, found: None }
    }

    fn after(&mut self, text: &[u8], from: usize) -> Option<usize> {
        let known = self.searched && self.found.is_none_or(|found| found >= from);
        if known && from >= self.from {
            return self.found;
        }
        // Going back: only what lies before the last search is new.
        let limit = if known { (self.from + self.needle.len() - 1).min(text.len()) } else { text.len() };
        let fresh = find(text.get(from..limit).unwrap_or_default(), self.needle).map(|at| from + at);
        self.found = fresh.or(if known { self.found } else { None });
        self.from = from;
        self.searched = true;
        self.found
    }
}

fn find(input: &[u8], needle: &str) -> Option<usize> {
    let step: IResult<&[u8], &[u8], ()> = take_until(needle).parse(input);
    step.ok().map(|(_, before)| before.len())
}

/// Recognises holes in one text.
pub(in crate::syntax) struct Holes<'t> {
    text: &'t [u8],
    braces: Next,
    percent_brace: Next,
    hash_brace: Next,
    percent_angle: Next,
    comment: Next,
    newline: Next,
}

impl<'t> Holes<'t> {
    pub(in crate::syntax) fn new(text: &'t [u8]) -> Self {
        Self {
            text,
            braces: Next::new("}}"),
            percent_brace: Next::new("%}"),
            hash_brace: Next::new("#}"),
            percent_angle: Next::new("%>"),
            comment: Next::new("*/"),
            newline: Next::new("\n"),
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.get(at).copied()
    }

    fn rest(&self, at: usize) -> &'t [u8] {
        self.text.get(at..).unwrap_or_default()
    }

    /// The end of the hole that starts at `at`, if one does.
    pub(in crate::syntax) fn end(&mut self, at: usize, place: Place) -> Option<usize> {
        let text = self.text;
        let close = match (self.byte(at)?, self.byte(at + 1)?) {
            (b'{', b'{') => return self.double_brace(at, place),
            (b'{', b'%') => self.percent_brace.after(text, at + 2)?,
            (b'{', b'#') => return self.hash(at, place),
            (b'<', b'%') => self.percent_angle.after(text, at + 2)?,
            (b'@', _) => return placeholder(self.rest(at)).map(|length| at + length),
            (b'%', b'%') => return doubled(self.rest(at), "%%").map(|length| at + length),
            _ => return None,
        };
        (place == Place::Name || self.same_line(at, close)).then_some(close + 2)
    }

    fn same_line(&mut self, from: usize, to: usize) -> bool {
        self.newline.after(self.text, from).is_none_or(|at| at >= to)
    }

    fn double_brace(&mut self, at: usize, place: Place) -> Option<usize> {
        let text = self.text;
        let third = self.byte(at + 2)?;
        if third == b'%' {
            return None; // a block that begins with `{% … %}`
        }
        let inner = trim_marker(self.rest(at + 2));
        let from = if inner.starts_with(b"/*") { self.comment.after(text, at + 2)? } else { at + 2 };
        let close = self.braces.after(text, from)?;
        if close - from > LONGEST {
            return None;
        }
        let content = text.get(at + 2..close)?;
        let comment = from > at + 2 || third == b'!';
        if content.iter().all(u8::is_ascii_whitespace) || !(comment || self.same_line(at, close)) {
            return None;
        }
        // `server {{ listen 80; }}` is a mistake, not a hole.
        if !comment && content.contains(&b';') && !content.iter().any(|b| matches!(b, b'"' | b'\'' | b'`')) {
            return None;
        }
        // `'{{' '}}'` are two words.
        if let Place::Quoted(quote) = place
            && third == quote
            && self.byte(at + 3).is_none_or(|b| b.is_ascii_whitespace() || b == b';')
        {
            return None;
        }
        let triple = third == b'{' && self.byte(close + 2) == Some(b'}');
        if third == b'{' && !triple {
            return None; // a block that begins with `{{ … }}`
        }
        Some(close + 2 + usize::from(triple))
    }

    /// `{# … #}`, which is also a brace and a comment: `server {# the main one`.
    fn hash(&mut self, at: usize, place: Place) -> Option<usize> {
        let end = self.hash_brace.after(self.text, at + 2)? + 2;
        match place {
            Place::Name => Some(end),
            Place::Argument if self.same_line(at, end) => (!self.line_is_over(end)).then_some(end),
            _ => None,
        }
    }

    fn line_is_over(&self, at: usize) -> bool {
        matches!(blanks(self.rest(at)).first(), None | Some(b'\n' | b'\r'))
    }

    /// The end of a hole that stands alone where a directive would begin, if one starts at `at`: control statements
    /// anywhere, expressions and placeholders if nothing of nginx follows on their line.
    pub(in crate::syntax) fn statement(&mut self, start: usize) -> Option<usize> {
        let mut at = start;
        loop {
            let end = match self.byte(at)? {
                b'$' => at + environment(self.rest(at))?,
                _ => self.end(at, Place::Name)?,
            };
            if at == start && self.is_control(at) {
                return Some(end);
            }
            let rest = blanks(self.rest(end));
            match rest.first() {
                None | Some(b'\n' | b'\r' | b'}' | b'#') => return Some(end),
                Some(b'{' | b'<' | b'@' | b'%' | b'$') => at = self.text.len() - rest.len(),
                Some(_) => return None,
            }
        }
    }

    /// Whether the hole at `at` renders to nothing by itself: `{% … %}`, `{# … #}`, `{{ if … }}`, `{{/* … */}}`, `<% … %>`.
    fn is_control(&self, at: usize) -> bool {
        match (self.byte(at), self.byte(at + 1)) {
            (Some(b'{'), Some(b'%' | b'#')) => true,
            (Some(b'<'), _) => self.byte(at + 2) != Some(b'='),
            (Some(b'{'), Some(b'{')) => {
                let inner = trim_marker(self.rest(at + 2));
                if matches!(inner.first(), Some(b'#' | b'/' | b'^' | b'!' | b'>')) {
                    return true;
                }
                let word: IResult<&[u8], &[u8], ()> = take_while(is_name).parse(inner);
                word.is_ok_and(|(_, word)| CONTROL.contains(&word))
            }
            _ => false,
        }
    }
}

/// No expression is longer; it keeps the time linear.
const LONGEST: usize = 4096;

const CONTROL: &[&[u8]] = &[
    b"if",
    b"else",
    b"end",
    b"range",
    b"with",
    b"define",
    b"template",
    b"block",
    b"break",
    b"continue",
    b"for",
    b"endif",
    b"endfor",
    b"elif",
    b"each",
    b"unless",
];

/// Without the `-` or `~` that trims white space, and without white space.
fn trim_marker(inner: &[u8]) -> &[u8] {
    let inner = inner.strip_prefix(b"-").or(inner.strip_prefix(b"~")).unwrap_or(inner);
    blanks(inner)
}

fn blanks(input: &[u8]) -> &[u8] {
    let step: IResult<&[u8], &[u8], ()> = take_while(|b| b == b' ' || b == b'\t').parse(input);
    step.map_or(input, |(rest, _)| rest)
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_environment(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_'
}

/// `@@name@@` or `@NAME@`.
fn placeholder(input: &[u8]) -> Option<usize> {
    if input.starts_with(b"@@") {
        return doubled(input, "@@");
    }
    let step: IResult<&[u8], &[u8], ()> = delimited(tag("@"), take_while1(is_environment), tag("@")).parse(input);
    let (rest, name) = step.ok()?;
    (name.len() > 1).then_some(input.len() - rest.len())
}

fn doubled(input: &[u8], mark: &'static str) -> Option<usize> {
    let name = |b: u8| is_name(b) || matches!(b, b'.' | b':' | b'-');
    let step: IResult<&[u8], &[u8], ()> = delimited(tag(mark), take_while1(name), tag(mark)).parse(input);
    step.ok().map(|(rest, _)| input.len() - rest.len())
}

/// Whether a text holds a variable of the environment: `$NAME` or `${NAME}`, with or without braces.
pub(in crate::syntax) fn holds_environment(text: &str) -> bool {
    text.split('$').skip(1).any(|after| {
        let name = after.strip_prefix('{').unwrap_or(after);
        let length = name.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let name = name.get(..length).unwrap_or_default();
        name.starts_with(|c: char| c.is_ascii_uppercase()) && name.bytes().all(is_environment)
    })
}

/// The length of the `${NAME}` at the start of the text, if its name is one of an environment variable.
pub(in crate::syntax) fn environment(input: &[u8]) -> Option<usize> {
    let step: IResult<&[u8], &[u8], ()> = delimited(tag("${"), take_while1(is_environment), tag("}")).parse(input);
    let (rest, name) = step.ok()?;
    name.first().is_some_and(|b| !b.is_ascii_digit()).then_some(input.len() - rest.len())
}
