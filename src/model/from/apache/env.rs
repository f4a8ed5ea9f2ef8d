//! The variables of a request (`r->subprocess_env`).

use crate::model::Value;
use crate::source::Span;

/// A variable with the directive that set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) value: Value,
    pub(super) by: Option<Span>,
}

/// All variables, in the order in which they were first set. Names count with their case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Env {
    all: Vec<Variable>,
}

impl Env {
    /// A variable; `apr_table_get` does not look at case.
    pub(super) fn get(&self, name: &str) -> Option<&Variable> {
        self.all.iter().find(|v| v.name.eq_ignore_ascii_case(name))
    }

    /// Sets a variable, or removes it.
    pub(super) fn set(&mut self, name: &str, value: Option<Value>, by: Option<Span>) {
        let Some(value) = value else {
            self.all.retain(|v| !v.name.eq_ignore_ascii_case(name));
            return;
        };
        let first = self.all.iter().position(|v| v.name.eq_ignore_ascii_case(name));
        let Some(first) = first else {
            self.all.push(Variable { name: name.to_owned(), value, by });
            return;
        };
        let mut index = 0;
        self.all.retain(|v| {
            index += 1;
            index <= first + 1 || !v.name.eq_ignore_ascii_case(name)
        });
        if let Some(variable) = self.all.get_mut(first) {
            (variable.value, variable.by) = (value, by);
        }
    }

    /// Adds a variable behind one of that name (`apr_table_overlay`): the server goes on seeing the first, an application gets the last.
    pub(super) fn add(&mut self, variable: Variable) {
        self.all.push(variable);
    }

    /// These in front of others (`apr_table_overlay`).
    pub(super) fn over(mut self, others: &Self) -> Self {
        if self != *others {
            self.all.extend_from_slice(&others.all);
        }
        self
    }

    /// A variable as an application gets it.
    pub(super) fn handed_on(&self, name: &str) -> Option<&Variable> {
        self.all.iter().rev().find(|v| v.name.eq_ignore_ascii_case(name))
    }

    /// One of each name, at the place of the first, with the value of the last (`apr_table_compress`).
    pub(super) fn compress(&mut self) {
        let mut one: Vec<Variable> = Vec::with_capacity(self.all.len());
        for variable in self.all.drain(..) {
            match one.iter_mut().find(|v| v.name.eq_ignore_ascii_case(&variable.name)) {
                Some(first) => (first.value, first.by) = (variable.value, variable.by),
                None => one.push(variable),
            }
        }
        self.all = one;
    }

    /// All variables.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Variable> {
        self.all.iter()
    }

    /// What an internal redirect does: each variable goes on as `REDIRECT_…`.
    pub(super) fn rename_for_redirect(&mut self) {
        for variable in &mut self.all {
            variable.name.insert_str(0, "REDIRECT_");
        }
    }
}
