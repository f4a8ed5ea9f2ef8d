//! A request for tests: everything is said, or unknown.

use std::collections::HashMap;

use super::vars::{FileTest, Target, Variable, Vars};
use super::walk::Field;
use crate::files::FileKind;
use crate::model::Value;
use crate::model::fact::unknown_value;
use crate::source::{FileId, Span};
use crate::syntax::apache::header::Table;

/// A place for what needs one.
pub(super) fn span(start: u32) -> Span {
    Span::new(FileId(0), start, start + 1)
}

/// A known text.
pub(super) fn known(text: &str) -> Value {
    Value::Known(text.to_owned())
}

/// A request whose every part can be set.
#[derive(Clone, Debug, Default)]
pub(super) struct Fake {
    pub(super) variables: HashMap<Variable, Value>,
    pub(super) headers: Vec<Field>,
    pub(super) response: Vec<Field>,
    pub(super) always: Vec<Field>,
    pub(super) env: Vec<(String, Value)>,
    pub(super) notes: Vec<(String, Value)>,
    /// What stands where; nothing for any other path below a folder that is listed.
    pub(super) files: HashMap<String, FileKind>,
    /// Questions that were asked.
    pub(super) asked: Vec<String>,
    /// The answer to all of them; `None`: the default.
    pub(super) answer: Option<bool>,
}

impl Fake {
    pub(super) fn with_variable(mut self, variable: Variable, value: &str) -> Self {
        self.variables.insert(variable, known(value));
        self
    }

    pub(super) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push(Field { name: name.to_owned(), value: known(value), by: None });
        self
    }

    pub(super) fn with_file(mut self, path: &str, kind: FileKind) -> Self {
        self.files.insert(path.to_owned(), kind);
        self
    }

    pub(super) fn env_text(&self, name: &str) -> Option<&str> {
        find(&self.env, name)?.known()
    }
}

fn find<'f>(fields: &'f [(String, Value)], name: &str) -> Option<&'f Value> {
    fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v)
}

fn set(fields: &mut Vec<(String, Value)>, name: &str, value: Option<Value>) {
    let Some(value) = value else {
        fields.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        return;
    };
    match fields.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
        Some((_, old)) => *old = value,
        None => fields.push((name.to_owned(), value)),
    }
}

impl Vars for Fake {
    fn variable(&mut self, variable: Variable) -> Value {
        self.variables.get(&variable).cloned().unwrap_or_else(|| known(""))
    }

    fn fields(&mut self, table: Table) -> &mut Vec<Field> {
        match table {
            Table::Request => &mut self.headers,
            Table::Success => &mut self.response,
            Table::Always => &mut self.always,
        }
    }

    fn env(&mut self, name: &str) -> Option<Value> {
        find(&self.env, name).cloned()
    }

    fn set_env(&mut self, name: &str, value: Option<Value>, _by: Span) {
        set(&mut self.env, name, value);
    }

    fn add_cookie(&mut self, value: Value, by: Span) {
        self.always.push(Field { name: "Set-Cookie".to_owned(), value, by: Some(by) });
    }

    fn note(&mut self, name: &str) -> Option<Value> {
        find(&self.notes, name).cloned()
    }

    fn set_note(&mut self, name: &str, value: Option<Value>) {
        set(&mut self.notes, name, value);
    }

    fn process_env(&mut self, _name: &str) -> Option<Value> {
        None
    }

    fn ssl(&mut self, _name: &str) -> Option<Value> {
        None
    }

    fn file(&mut self, test: FileTest, path: &str) -> Option<bool> {
        let kind = self.files.get(path);
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if kind.is_none() && self.files.get(folder) != Some(&FileKind::Folder) {
            return None;
        }
        Some(match test {
            FileTest::Exists => kind.is_some(),
            FileTest::File | FileTest::NonEmpty => kind == Some(&FileKind::File),
            FileTest::Folder => kind == Some(&FileKind::Folder),
            FileTest::Link | FileTest::Executable => false,
        })
    }

    fn read_file(&mut self, _path: &str) -> Option<String> {
        None
    }

    fn may_look_ahead(&self) -> bool {
        true
    }

    fn subrequest(&mut self, _target: Target<'_>) -> Option<u16> {
        None
    }

    fn look_ahead(&mut self, _target: Target<'_>, variable: &str) -> Value {
        unknown_value(variable)
    }

    fn serves_host(&mut self, host: &str, port: u16) -> Option<bool> {
        Some(host == "a.example" && port == 80)
    }

    fn spend(&mut self) -> bool {
        true
    }

    fn decide(&mut self, question: &str, default: bool, _by: Span, _file_system: bool) -> bool {
        self.asked.push(question.to_owned());
        self.answer.unwrap_or(default)
    }

    fn note_unknown(&mut self, what: &str, _by: Span) {
        self.asked.push(what.to_owned());
    }
}
