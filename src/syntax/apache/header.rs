//! The arguments of `Header` and `RequestHeader`, read as `modules/metadata/mod_headers.c` reads them.

use super::expr::{Condition, Context, Regex, Word};
use super::setenvif::ArgError;

/// Which header fields are edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// `RequestHeader`.
    Request,
    /// `Header`, `Header onsuccess`: fields of responses that are no errors of the server itself.
    Success,
    /// `Header always`: fields that are sent with errors too.
    Always,
}

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// `add`: one more field.
    Add(Format),
    /// `append`: behind the value, with a comma.
    Append(Format),
    /// `merge`: the same, unless the list holds it.
    Merge(Format),
    /// `set`: instead of all fields of that name.
    Set(Format),
    /// `setifempty`: if there is none.
    SetIfEmpty(Format),
    /// `unset`.
    Unset,
    /// `edit`, or of all matches `edit*`.
    Edit {
        /// What is replaced.
        regex: Regex,
        /// By what.
        replacement: Format,
        /// Whether every match is.
        all: bool,
    },
    /// `echo`: the request's fields whose name matches.
    Echo(Regex),
    /// `note`: the value becomes a note of that name.
    Note(Format),
}

/// When.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// `early`: before the URL is looked at.
    Early,
    /// `env=x`, or `env=!x` if negated.
    Env {
        /// The variable.
        name: String,
        /// Whether it must not be set.
        negated: bool,
    },
    /// `expr=…`.
    Expr(Box<Condition>),
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// Literal parts and tags.
    Parts(Vec<Part>),
    /// `expr=…`.
    Expr(Word),
}

/// A part of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Literal text.
    Text(String),
    /// `%{name}e`: a variable of the environment.
    Env(String),
    /// `%{name}s`: a variable of `mod_ssl`.
    Ssl(String),
    /// `%t`, `%D`, `%l`, `%i`, `%b`: time and load.
    Varying(char),
}

/// One directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderEdit {
    /// Which fields.
    pub table: Table,
    /// The name of the field; without the colon that some write.
    pub name: String,
    /// What is done.
    pub action: Action,
    /// When.
    pub when: When,
}

impl HeaderEdit {
    /// Reads the arguments of `Header`, or of `RequestHeader` if `request`.
    pub fn parse(request: bool, args: &[&str], context: Context) -> Result<Self, ArgError> {
        let is = |index: usize, word: &str| args.get(index).is_some_and(|a| a.eq_ignore_ascii_case(word));
        let (table, first) = match request {
            true => (Table::Request, 0),
            false if is(0, "always") => (Table::Always, 1),
            false if is(0, "onsuccess") => (Table::Success, 1),
            false => (Table::Success, 0),
        };
        Reader { args, first, context }.read(table)
    }
}

struct Reader<'a> {
    args: &'a [&'a str],
    /// Index of the action.
    first: usize,
    context: Context,
}

impl Reader<'_> {
    fn arg(&self, index: usize) -> Option<&str> {
        self.args.get(self.first + index).copied()
    }

    fn read(&self, table: Table) -> Result<HeaderEdit, ArgError> {
        let action = self.arg(0).unwrap_or_default().to_ascii_lowercase();
        let name = self.arg(1).unwrap_or_default();
        let value = || match self.arg(2) {
            Some(text) => Ok((2, text)),
            None => ArgError::new(self.first + 2, "a value is missing"),
        };
        let format = || value().and_then(|(index, text)| self.format(index, text));
        let (action, condition) = match action.as_str() {
            "add" => (Action::Add(format()?), 3),
            "append" => (Action::Append(format()?), 3),
            "merge" => (Action::Merge(format()?), 3),
            "set" => (Action::Set(format()?), 3),
            "setifempty" => (Action::SetIfEmpty(format()?), 3),
            "note" => (Action::Note(format()?), 3),
            "unset" => (Action::Unset, 2),
            "echo" if table != Table::Request => (Action::Echo(Regex { text: name.to_owned(), ignore_case: false }), 2),
            "edit" | "edit*" => {
                let regex = Regex { text: value()?.1.to_owned(), ignore_case: false };
                let Some(replacement) = self.arg(3) else {
                    return ArgError::new(self.first + 3, "a replacement is missing");
                };
                (Action::Edit { regex, replacement: self.format(3, replacement)?, all: action == "edit*" }, 4)
            }
            _ => return ArgError::new(self.first, format!("{:?} is no action", self.arg(0).unwrap_or_default())),
        };
        if self.arg(condition + 1).is_some() {
            return ArgError::new(self.first + condition + 1, "too many arguments");
        }
        let when = self.arg(condition).map_or(Ok(When::Always), |text| self.when(condition, text))?;
        let name = name.split(':').next().unwrap_or_default().to_owned();
        Ok(HeaderEdit { table, name, action, when })
    }

    fn when(&self, index: usize, text: &str) -> Result<When, ArgError> {
        if text.eq_ignore_ascii_case("early") {
            return Ok(When::Early);
        }
        if let Some(variable) = after(text, "env=") {
            let (negated, name) = variable.strip_prefix('!').map_or((false, variable), |name| (true, name));
            if name.is_empty() {
                return ArgError::new(self.first + index, "the name of a variable is missing");
            }
            return Ok(When::Env { name: name.to_owned(), negated });
        }
        if let Some(expression) = after(text, "expr=") {
            let condition = Condition::parse(expression, self.context).map_err(|e| ArgError {
                index: self.first + index,
                at: 5 + e.at,
                message: e.message,
            })?;
            return Ok(When::Expr(Box::new(condition)));
        }
        ArgError::new(self.first + index, format!("{text:?} is no condition"))
    }

    fn format(&self, index: usize, text: &str) -> Result<Format, ArgError> {
        let index = self.first + index;
        if let Some(expression) = text.strip_prefix("expr=") {
            return Word::parse(expression, self.context).map(Format::Expr).map_err(|e| ArgError {
                index,
                at: 5 + e.at,
                message: e.message,
            });
        }
        parts(text).map(Format::Parts).map_err(|(at, message)| ArgError { index, at, message })
    }
}

/// What follows a prefix in any case.
fn after<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    text.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix))?;
    text.get(prefix.len()..)
}

/// Cuts a value into literal parts and tags; where it fails, and why.
fn parts(text: &str) -> Result<Vec<Part>, (usize, String)> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    loop {
        let (plain, tag) = rest.split_once('%').map_or((rest, None), |(plain, tag)| (plain, Some(tag)));
        unescape(plain, &mut literal);
        let Some(tag) = tag else { break };
        if let Some(next) = tag.strip_prefix('%') {
            literal.push('%');
            rest = next;
            continue;
        }
        if tag.is_empty() {
            literal.push('%');
            break;
        }
        let (name, tail) = match tag.strip_prefix('{') {
            Some(braced) => braced.split_once('}').unwrap_or((braced, "")),
            None => ("", tag),
        };
        let letter = tail.chars().next().unwrap_or_default();
        let part = match letter {
            'e' => Part::Env(name.to_owned()),
            's' => Part::Ssl(name.to_owned()),
            't' | 'D' | 'l' | 'i' | 'b' => Part::Varying(letter),
            _ => {
                let message = "a % that starts no format; %% is a percent sign".to_owned();
                return Err((text.len() - tag.len() - 1, message));
            }
        };
        if !literal.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut literal)));
        }
        parts.push(part);
        rest = tail.get(1..).unwrap_or_default();
    }
    if !literal.is_empty() {
        parts.push(Part::Text(literal));
    }
    Ok(parts)
}

/// `\n`, `\r`, `\t` and `\\`; any other backslash stays.
fn unescape(text: &str, out: &mut String) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = match (c, chars.peek()) {
            ('\\', Some('\\')) => Some('\\'),
            ('\\', Some('r')) => Some('\r'),
            ('\\', Some('n')) => Some('\n'),
            ('\\', Some('t')) => Some('\t'),
            _ => None,
        };
        if escaped.is_some() {
            chars.next();
        }
        out.push(escaped.unwrap_or(c));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<HeaderEdit, ArgError> {
        HeaderEdit::parse(false, args, Context::Server)
    }

    fn text(text: &str) -> Format {
        Format::Parts(vec![Part::Text(text.to_owned())])
    }

    #[test]
    fn arguments() {
        let parsed = parse(&["Always", "SET", "X-Y:", "a", "env=!b"]).unwrap();
        let when = When::Env { name: "b".to_owned(), negated: true };
        assert_eq!(parsed, HeaderEdit { table: Table::Always, name: "X-Y".to_owned(), action: Action::Set(text("a")), when });
        assert_eq!(parse(&["unset", "X", "early"]).unwrap().when, When::Early);
        assert!(matches!(parse(&["set", "X", "y", "expr=-n %{HTTPS}"]).unwrap().when, When::Expr(_)));
        assert!(matches!(parse(&["edit*", "X", "a", "b"]).unwrap().action, Action::Edit { all: true, .. }));
        assert!(matches!(parse(&["set", "X", "expr=%{HTTPS}"]).unwrap().action, Action::Set(Format::Expr(_))));
        assert_eq!(parse(&["add", "X", ""]).unwrap().action, Action::Add(Format::Parts(Vec::new())));
    }

    /// What the real server refuses (`apache2 -t`, 2.4.71).
    #[test]
    fn refused() {
        for (args, index) in [
            (&["set", "X"][..], 2),
            (&["edit", "X", "a"], 3),
            (&["foo", "X", "a"], 0),
            (&["set", "X", "a", "b"], 3),
            (&["set", "X", "a", "env="], 3),
            (&["set", "X", "a", "early", "b"], 4),
            (&["unset", "X", "a"], 2),
            (&["set", "X", "%x"], 2),
            (&["set", "X", "expr=%{foo}"], 2),
        ] {
            assert_eq!(parse(args).map_err(|e| e.index), Err(index), "{args:?}");
        }
        assert!(HeaderEdit::parse(true, &["echo", "X"], Context::Server).is_err());
        assert_eq!(parse(&["set", "X", "ab%x"]).unwrap_err().at, 2);
    }

    #[test]
    fn formats() {
        let env = Part::Env("FOO".to_owned());
        assert_eq!(parts("a%%b%{FOO}e"), Ok(vec![Part::Text("a%b".to_owned()), env]));
        assert_eq!(parts(r"a\tb\q%"), Ok(vec![Part::Text("a\tb\\q%".to_owned())]));
        assert_eq!(parts("%t"), Ok(vec![Part::Varying('t')]));
    }
}
