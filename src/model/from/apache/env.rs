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
        match self.all.iter_mut().find(|v| v.name.eq_ignore_ascii_case(name)) {
            Some(variable) => (variable.value, variable.by) = (value, by),
            None => self.all.push(Variable { name: name.to_owned(), value, by }),
        }
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
