//! Puts variables, maps and groups into a text (`do_expand`).

use std::fmt::Write as _;

use super::run::Run;
use crate::model::Value;
use crate::model::fact::{concat, unknown_value};
use crate::model::from::apache::expr;
use crate::model::from::apache::groups::{Groups, MEMORY};
use crate::model::from::apache::uri;
use crate::model::from::apache::vars::{Named, Target, Variable, Vars, any_env};
use crate::syntax::apache::rewrite::{Flags, Map};

/// Where a part of an expanded text comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Literal,
    /// Behind a backslash.
    Escaped,
    /// A variable, a map, a group.
    Expansion,
}

/// An expanded text in parts.
#[derive(Clone, Debug, Default)]
pub(super) struct Expanded {
    parts: Vec<(Value, Origin)>,
}

impl Expanded {
    fn push(&mut self, text: &str, origin: Origin) {
        self.parts.push((Value::Known(text.to_owned()), origin));
    }

    /// All of it.
    pub(super) fn value(&self) -> Value {
        concat(self.parts.iter().map(|(value, _)| value.clone()))
    }

    /// Puts a literal text before it.
    pub(super) fn prepend(&mut self, text: &str) {
        self.parts.insert(0, (Value::Known(text.to_owned()), Origin::Literal));
    }

    /// Whether the `?` that begins the query was put in by a variable or a group: the server refuses that. Which it is, the first or
    /// the last one, hangs on `QSL`.
    pub(super) fn has_unsafe_question(&self, last: bool) -> bool {
        let origins = self.parts.iter().filter(|(_, origin)| *origin != Origin::Escaped);
        let mut questions = origins.filter(|(value, _)| value.prefix().contains('?')).map(|(_, origin)| *origin);
        let decisive = if last { questions.next_back() } else { questions.next() };
        decisive == Some(Origin::Expansion)
    }

    /// Splits at the first `?` (or the last one) from byte `skip` on. What is unknown has none: the server would refuse it.
    pub(super) fn split_query(&self, skip: usize, last: bool) -> (Value, Option<Value>) {
        let mut place = None;
        let mut offset = 0;
        for (index, (value, _)) in self.parts.iter().enumerate() {
            let text = value.prefix();
            let from = skip.saturating_sub(offset).min(text.len());
            let rest = text.get(from..).unwrap_or_default();
            let at = if last { rest.rfind('?') } else { rest.find('?') };
            if let Some(at) = at
                && (last || place.is_none())
            {
                place = Some((index, from + at));
            }
            offset += text.len();
        }
        let Some((index, at)) = place else { return (self.value(), None) };
        let mut before: Vec<Value> = self.parts.iter().take(index).map(|(value, _)| value.clone()).collect();
        let mut after = Vec::new();
        if let Some((value, _)) = self.parts.get(index) {
            let text = value.prefix();
            before.push(Value::Known(text.get(..at).unwrap_or_default().to_owned()));
            let tail = text.get(at + 1..).unwrap_or_default().to_owned();
            after.push(match value {
                Value::Known(_) => Value::Known(tail),
                Value::Unknown { why, .. } => Value::Unknown { prefix: tail, nonempty: false, why: why.clone() },
            });
        }
        after.extend(self.parts.iter().skip(index + 1).map(|(value, _)| value.clone()));
        (concat(before), Some(concat(after)))
    }
}

/// What is between the braces at the start of `text`, which stands behind the opening one.
fn braced(text: &str) -> Option<&str> {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.get(..at);
        }
    }
    None
}

/// Splits at a sign that stands in no inner braces.
fn split_outside(text: &str, sign: char) -> Option<(&str, &str)> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ if c == sign && depth == 0 => return Some((text.get(..at)?, text.get(at + c.len_utf8()..)?)),
            _ => {}
        }
    }
    None
}

impl Run<'_, '_> {
    /// Expands a text to a value.
    pub(super) fn value(&mut self, text: &str, flags: Option<&Flags>) -> Value {
        if !text.contains(['\\', '$', '%']) {
            return Value::Known(text.to_owned());
        }
        self.expand(text, flags).value()
    }

    /// Expands a text; with `flags` groups are escaped as they say.
    pub(super) fn expand(&mut self, text: &str, flags: Option<&Flags>) -> Expanded {
        let mut out = Expanded::default();
        let mut rest = text;
        loop {
            let plain = rest.find(['\\', '$', '%']).unwrap_or(rest.len());
            let (before, special) = rest.split_at(plain);
            out.push(before, Origin::Literal);
            let mut chars = special.chars();
            let Some(sign) = chars.next() else { return out };
            let after = chars.as_str();
            let next = chars.next();
            rest = match (sign, next) {
                ('\\', None) => {
                    out.push("\\", Origin::Literal);
                    after
                }
                ('\\', Some(_)) => {
                    let tail = chars.as_str();
                    out.push(after.strip_suffix(tail).unwrap_or_default(), Origin::Escaped);
                    tail
                }
                (_, Some('{')) => {
                    let body = after.get(1..).unwrap_or_default();
                    let found = braced(body).and_then(|inner| Some((inner.len(), self.in_braces(sign, inner, flags)?)));
                    if let Some((length, value)) = found {
                        out.parts.push((value, Origin::Expansion));
                        body.get(length + 1..).unwrap_or_default()
                    } else {
                        out.push(special.get(..2).unwrap_or_default(), Origin::Literal);
                        body
                    }
                }
                (_, Some(digit @ '0'..='9')) => {
                    let groups = if sign == '$' { &self.rule_groups } else { &self.condition_groups };
                    if let Groups::Memory(by) = groups {
                        self.around.vars.note_unknown(MEMORY, *by);
                    }
                    let value = groups.get(digit.to_digit(10).unwrap_or(0) as usize);
                    let value = match flags {
                        Some(flags) if flags.escape_groups => escape_group(&value, flags),
                        _ => value,
                    };
                    out.parts.push((value, Origin::Expansion));
                    chars.as_str()
                }
                _ => {
                    out.push(special.get(..1).unwrap_or_default(), Origin::Literal);
                    after
                }
            };
        }
    }

    /// `%{variable}` or `${map:key|default}`; `None`: it is neither.
    fn in_braces(&mut self, sign: char, inner: &str, flags: Option<&Flags>) -> Option<Value> {
        if sign == '%' {
            return Some(self.variable(inner));
        }
        let (map, rest) = split_outside(inner, ':')?;
        let (key, default) = split_outside(rest, '|').unwrap_or((rest, ""));
        let key = self.value(key, flags);
        Some(match self.lookup(map, &key) {
            Some(found) => found,
            None => self.value(default, flags),
        })
    }

    /// A value of a `RewriteMap`; `None`: it has none, and the default counts.
    fn lookup(&mut self, name: &str, key: &Value) -> Option<Value> {
        let map = &self.around.maps.iter().find(|(n, _)| n == name)?.1;
        let unknown = || Some(unknown_value(&format!("RewriteMap {name}")));
        let Value::Known(key) = key else { return unknown() };
        let value = match map {
            Map::ToLower => key.to_ascii_lowercase(),
            Map::ToUpper => key.to_ascii_uppercase(),
            Map::Escape => uri::escape(key),
            Map::Unescape => match expr::unescape(key, false) {
                Some((text, _)) => text,
                None => return unknown(),
            },
            Map::Text(path) => match self.around.vars.read_file(path) {
                Some(text) => text_map(&text, key)?.to_owned(),
                None => return unknown(),
            },
            Map::Opaque => return unknown(),
        };
        Some(Value::Known(value))
    }

    /// A variable (`lookup_variable`).
    pub(super) fn variable(&mut self, name: &str) -> Value {
        let (kind, rest) = name.split_at_checked(5).unwrap_or((name, ""));
        if !rest.is_empty() {
            match kind.to_ascii_uppercase().as_str() {
                "LA-U:" => return self.look_ahead(false, rest),
                "LA-F:" => return self.look_ahead(true, rest),
                _ => {}
            }
        }
        match Named::of(&name.to_ascii_uppercase()) {
            Some(Named::Variable(Variable::RequestFilename)) => self.current.filename.clone(),
            Some(Named::Variable(Variable::PathInfo)) => self.current.path_info.clone(),
            Some(Named::Variable(Variable::QueryString)) => {
                self.current.args.clone().unwrap_or_else(|| Value::Known(String::new()))
            }
            _ => variable(self.around.vars, name).unwrap_or_else(|| Value::Known(String::new())),
        }
    }

    /// `%{LA-U:…}` and `%{LA-F:…}`: the variable as a subrequest for the current URL would see it.
    fn look_ahead(&mut self, file: bool, name: &str) -> Value {
        if !self.around.vars.may_look_ahead() {
            return Value::Known(String::new());
        }
        let Some(path) = self.uri.known().map(str::to_owned) else { return unknown_value("a path") };
        let relative = !path.starts_with('/');
        let target = match self.directory {
            Some(directory) if relative => {
                let before = if file { directory } else { self.base.unwrap_or(directory) };
                format!("{before}{path}")
            }
            _ => path,
        };
        // In a folder a path that is not below it can only be a URL.
        let target = if file && (self.directory.is_none() || relative) { Target::File(&target) } else { Target::Url(&target) };
        self.around.vars.look_ahead(target, name)
    }
}

/// A variable of a request, as it is between two runs; one that the server does not know is empty. `None`: one of another subrequest.
pub(in crate::model::from::apache) fn variable(vars: &mut dyn Vars, name: &str) -> Option<Value> {
    let empty = || Value::Known(String::new());
    let (kind, rest) = name.split_once(':').unwrap_or(("", name));
    let value = match kind.to_ascii_uppercase().as_str() {
        "" => match Named::of(&name.to_ascii_uppercase()) {
            Some(Named::Header(name)) => vars.request_header(name).unwrap_or_else(empty),
            Some(Named::Variable(Variable::Other(what))) => unknown_value(what),
            Some(Named::Variable(variable)) => vars.variable(variable),
            None => empty(),
        },
        _ if rest.is_empty() => empty(),
        "ENV" => any_env(vars, rest),
        "SSL" => vars.ssl(rest).unwrap_or_else(empty),
        "HTTP" => vars.request_header(rest).unwrap_or_else(empty),
        "LA-U" | "LA-F" => return None,
        _ => empty(),
    };
    Some(value)
}

/// A group with what `B` and its relatives escape (`escape_backref`).
fn escape_group(value: &Value, flags: &Flags) -> Value {
    let escape = |text: &str| {
        let mut out = String::with_capacity(text.len());
        for byte in text.bytes() {
            let listed = |list: &Option<String>| list.as_ref().is_some_and(|l| l.as_bytes().contains(&byte));
            let wanted = if flags.escape_controls { byte <= b' ' || byte == 0x7f } else { flags.escaped.is_none() };
            let escapes = (wanted || listed(&flags.escaped)) && !listed(&flags.not_escaped);
            if !escapes || byte.is_ascii_alphanumeric() || byte == b'_' {
                out.push(char::from(byte));
            } else if byte == b' ' && !flags.escape_no_plus {
                out.push('+');
            } else {
                let _ = write!(out, "%{byte:02x}");
            }
        }
        out
    };
    match value {
        Value::Known(text) if text.is_ascii() => Value::Known(escape(text)),
        Value::Known(text) if flags.escaped.is_none() && !flags.escape_controls => Value::Known(escape(text)),
        Value::Known(_) => unknown_value("bytes that are not ASCII"),
        Value::Unknown { prefix, nonempty, why } => {
            Value::Unknown { prefix: escape(prefix), nonempty: *nonempty, why: why.clone() }
        }
    }
}

/// The value of a key in a text map (`lookup_map_txtfile`).
fn text_map<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    text.lines().filter(|line| !line.starts_with(|c: char| c == '#' || c.is_ascii_whitespace())).find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        (words.next()? == key).then(|| words.next())?
    })
}
