//! `Header` and `RequestHeader` (`do_headers_fixup` of `mod_headers`) over the fields that there are.

use super::expr::{self, Expr, Truth};
use super::groups::{Groups, Search, search};
use super::vars::Vars;
use super::walk::Field;
use crate::model::Value;
use crate::model::fact::{concat, unknown_value};
use crate::model::from::regexes::{RegexId, Regexes};
use crate::source::Span;
use crate::syntax::apache::header::{self as syntax, Action, Format, Part, Table, When};

/// How often `edit*` replaces in one value.
const MAX_EDITS: usize = 1000;

/// A directive with its numbers of regular expressions.
#[derive(Clone, Debug)]
pub(super) struct HeaderEdit {
    edit: syntax::HeaderEdit,
    regex: Option<RegexId>,
    expr: Option<Expr>,
    /// Whether its value has a part that the files do not tell.
    is_open: bool,
    span: Span,
}

impl HeaderEdit {
    pub(super) fn lower(edit: syntax::HeaderEdit, is_open: bool, span: Span, regexes: &mut Regexes) -> Self {
        let regex = match &edit.action {
            Action::Edit { regex, .. } | Action::Echo(regex) => Some(regexes.intern(&regex.text, regex.ignore_case)),
            _ => None,
        };
        let expr = match &edit.when {
            When::Expr(condition) => Some(Expr::lower(condition, regexes)),
            _ => None,
        };
        Self { edit, regex, expr, is_open, span }
    }

    /// The name of the field.
    pub(super) fn name(&self) -> &str {
        &self.edit.name
    }

    /// Whether it takes fields away.
    pub(super) fn removes(&self) -> bool {
        self.edit.action == Action::Unset
    }

    /// Whether it leaves nothing of the fields that there were.
    pub(super) fn replaces(&self) -> bool {
        matches!(self.edit.action, Action::Set(_) | Action::Unset)
    }

    /// Whether its condition holds.
    fn applies(&self, vars: &mut dyn Vars, regexes: &Regexes) -> bool {
        match (&self.edit.when, &self.expr) {
            (When::Env { name, negated }, _) => vars.env(name).is_some() != *negated,
            (When::Expr(_), Some(expr)) => match expr.holds(vars, &[], regexes, &mut Groups::None) {
                Truth::Is(holds) => holds,
                // What cannot be evaluated is logged, and the edit is made.
                Truth::Failed => true,
                Truth::Unknown => {
                    let question = format!("whether the condition of Header {} holds", self.edit.name);
                    vars.decide(&question, false, self.span, false)
                }
            },
            _ => true,
        }
    }

    fn apply(&self, fields: &mut Vec<Field>, vars: &mut dyn Vars, regexes: &Regexes) {
        let name = &self.edit.name;
        let position = |fields: &[Field]| fields.iter().position(|f| f.name.eq_ignore_ascii_case(name));
        let field = |value: Value| Field { name: name.clone(), value, by: Some(self.span) };
        match &self.edit.action {
            Action::Add(format) => fields.push(field(self.value(format, vars, regexes))),
            Action::Append(format) => {
                let value = self.value(format, vars, regexes);
                self.append(fields, value);
            }
            Action::Merge(format) => {
                let value = self.value(format, vars, regexes);
                let held = position(fields).and_then(|at| fields.get(at)).map(|f| holds_token(&f.value, &value));
                let held = match held {
                    Some(None) => {
                        let question = format!("whether {name} has what Header merge adds");
                        vars.decide(&question, false, self.span, false)
                    }
                    Some(Some(held)) => held,
                    None => false,
                };
                if !held {
                    self.append(fields, value);
                }
            }
            Action::Set(format) => {
                let value = self.value(format, vars, regexes);
                self.set(fields, value);
            }
            Action::SetIfEmpty(format) => {
                if position(fields).is_none() {
                    fields.push(field(self.value(format, vars, regexes)));
                }
            }
            Action::Unset => fields.retain(|f| !f.name.eq_ignore_ascii_case(name)),
            Action::Edit { replacement, all, .. } => {
                let (mut own, others): (Vec<Field>, Vec<Field>) =
                    std::mem::take(fields).into_iter().partition(|f| f.name.eq_ignore_ascii_case(name));
                for field in &mut own {
                    let edited = self.edited(&field.value, replacement, *all, vars, regexes);
                    if edited != field.value {
                        field.value = edited;
                        field.by = Some(self.span);
                    }
                }
                *fields = others;
                fields.append(&mut own);
            }
            Action::Echo(_) => {
                let Some(regex) = self.regex else { return };
                for (name, value) in vars.request_headers() {
                    if regexes.is_match(regex, &name) == Some(true) {
                        fields.push(Field { name, value, by: Some(self.span) });
                    }
                }
            }
            Action::Note(format) => {
                let note = self.value(format, vars, regexes);
                let value = position(fields).and_then(|at| fields.get(at)).map(|f| f.value.clone());
                if let Some(note) = note.known() {
                    vars.set_note(note, value);
                }
            }
        }
    }

    /// Instead of all fields of that name (`apr_table_setn`).
    fn set(&self, fields: &mut Vec<Field>, value: Value) {
        let name = &self.edit.name;
        let mut new = Some(value);
        fields.retain_mut(|field| {
            if !field.name.eq_ignore_ascii_case(name) {
                return true;
            }
            let Some(value) = new.take() else { return false };
            field.value = value;
            field.by = Some(self.span);
            true
        });
        if let Some(value) = new {
            fields.push(Field { name: name.clone(), value, by: Some(self.span) });
        }
    }

    /// Behind the value, with a comma (`apr_table_mergen`).
    fn append(&self, fields: &mut Vec<Field>, value: Value) {
        let name = &self.edit.name;
        match fields.iter_mut().find(|f| f.name.eq_ignore_ascii_case(name)) {
            Some(field) => {
                let old = std::mem::replace(&mut field.value, Value::Known(String::new()));
                field.value = concat([old, Value::Known(", ".to_owned()), value]);
                field.by = Some(self.span);
            }
            None => fields.push(Field { name: name.clone(), value, by: Some(self.span) }),
        }
    }

    /// A value (`process_tags`).
    fn value(&self, format: &Format, vars: &mut dyn Vars, regexes: &Regexes) -> Value {
        if self.is_open {
            return unknown_value("template hole");
        }
        let parts = match format {
            Format::Expr(word) => {
                return expr::text(word, vars, regexes).unwrap_or_else(|| Value::Known(String::new()));
            }
            Format::Parts(parts) => parts,
        };
        let null = || Value::Known("(null)".to_owned());
        let values: Vec<Value> = parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => Value::Known(text.clone()),
                Part::Env(name) => vars.env(name).map_or_else(null, on_one_line),
                Part::Ssl(name) => match vars.ssl(name) {
                    Some(value) if value.is_empty() != Some(true) => on_one_line(value),
                    _ => null(),
                },
                Part::Varying(_) => Value::Unknown { prefix: String::new(), nonempty: true, why: "time or load".to_owned() },
            })
            .collect();
        concat(values)
    }

    /// A value with matches replaced (`process_regexp`): of `edit*` each match is looked for in what follows the one before.
    fn edited(&self, value: &Value, replacement: &Format, all: bool, vars: &mut dyn Vars, regexes: &Regexes) -> Value {
        let Some(regex) = self.regex else { return value.clone() };
        let mut done: Vec<Value> = Vec::new();
        let mut rest = value.clone();
        for _ in 0..MAX_EDITS {
            let groups = match search(regexes, regex, &rest) {
                Search::NoMatch => break,
                Search::Match(groups @ Groups::Of(_)) => groups,
                _ => return unknown_value(&format!("what Header edit makes of {}", self.edit.name)),
            };
            let (Value::Known(text), Groups::Of(found)) = (&rest, &groups) else { break };
            let Some(start) = regexes.captures(regex, text).flatten().map(|c| c.start()) else { break };
            let end = start + found.first().map_or(0, String::len);
            let with = match self.value(replacement, vars, regexes) {
                Value::Known(with) => groups.put_into(&with),
                unknown @ Value::Unknown { .. } => unknown,
            };
            done.push(Value::Known(text.get(..start).unwrap_or_default().to_owned()));
            done.push(with);
            rest = Value::Known(text.get(end..).unwrap_or_default().to_owned());
            if !all {
                break;
            }
            if end == 0 {
                // Of a match of nothing the server finds one after the other until its process ends.
                return unknown_value("a match of nothing that edit* replaces for ever");
            }
        }
        done.push(rest);
        concat(done)
    }
}

/// Applies a directive to the fields of a table, if it is for it; whether it is, and its condition holds. `early`: directives for a
/// request that has just arrived count, else the others.
pub(super) fn apply(edit: &HeaderEdit, table: Table, early: bool, vars: &mut dyn Vars, regexes: &Regexes) -> bool {
    if edit.edit.table != table || (edit.edit.when == When::Early) != early || !edit.applies(vars, regexes) {
        return false;
    }
    // What is echoed is never sent with errors.
    let table = if matches!(edit.edit.action, Action::Echo(_)) { Table::Success } else { table };
    // A value may look at the very fields that are edited.
    let mut fields = vars.fields(table).clone();
    edit.apply(&mut fields, vars, regexes);
    *vars.fields(table) = fields;
    true
}

/// Line breaks become blanks.
fn on_one_line(value: Value) -> Value {
    let flat = |text: String| text.replace(['\r', '\n'], " ");
    match value {
        Value::Known(text) => Value::Known(flat(text)),
        Value::Unknown { prefix, nonempty, why } => Value::Unknown { prefix: flat(prefix), nonempty, why },
    }
}

/// Whether a list holds a member; `None`: unknown. Commas in quotes do not separate.
fn holds_token(list: &Value, member: &Value) -> Option<bool> {
    let (list, member) = (list.known()?, member.known()?);
    let mut quoted = false;
    // Nothing behind the last comma is no member, a blank there is an empty one.
    let mut tokens = list.split_terminator(|c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    });
    Some(tokens.any(|token| token.trim_start() == member))
}

#[cfg(test)]
mod tests;
