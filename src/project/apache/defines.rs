//! `Define`, `UnDefine` and `${VAR}`.

use std::borrow::Cow;
use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::expand::MAX_LINE;

/// The names and variables that are defined at some point of the reading.
///
/// What the files say nothing about is unknown: the command line may define it (`-D`), and a variable may come from the
/// environment.
#[derive(Debug, Default)]
pub(super) struct Defines {
    /// Whether a name is defined; `None`: that hangs on a condition that is not decided.
    names: HashMap<String, Option<bool>, FixedState>,
    /// The value of a variable; `None`: that hangs on a condition that is not decided.
    values: HashMap<String, Option<Value>, FixedState>,
    /// What the environment of the server sets as far as it is known.
    environment: HashMap<String, Value, FixedState>,
}

/// The value of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value {
    /// Its text.
    pub(super) text: String,
    /// Whether the text holds variables that are not known: then it is what it would be if they are not defined.
    pub(super) unknown: bool,
}

/// A text into which variables were put.
pub(super) struct Filled<'t> {
    /// The text. What is not known stands in it as it was written.
    pub(super) text: Cow<'t, str>,
    /// Whether something in it is not known.
    pub(super) unknown: bool,
}

impl Defines {
    /// Takes over what a script of the package sets before the server starts (Debian's `envvars`): lines `export NAME=value`.
    pub(super) fn read_environment(&mut self, script: &str) {
        for line in script.lines() {
            let Some((name, value)) = line.trim().strip_prefix("export ").and_then(|rest| rest.split_once('=')) else { continue };
            // `$SUFFIX` tells several instances on one machine apart; the one in /etc/apache2 has none.
            let value = value.trim_matches(['"', '\'']).replace("$SUFFIX", "");
            if !value.contains(['$', '`']) {
                self.environment.insert(name.to_owned(), Value { text: value, unknown: false });
            }
        }
    }

    /// `Define NAME [value]`. `certain`: whether no open condition stands around. An empty value is none (measured).
    pub(super) fn define(&mut self, name: &str, value: Option<Value>, certain: bool) {
        let known = self.names.entry(name.to_owned()).or_default();
        if certain {
            *known = Some(true);
        } else if *known != Some(true) {
            *known = None;
        }
        let Some(value) = value.filter(|value| !value.text.is_empty()) else { return };
        let same = self.values.get(name).is_some_and(|before| before.as_ref() == Some(&value));
        self.values.insert(name.to_owned(), (certain || same).then_some(value));
    }

    /// `UnDefine NAME`.
    pub(super) fn undefine(&mut self, name: &str, certain: bool) {
        if certain {
            self.names.insert(name.to_owned(), Some(false));
            self.values.remove(name);
        } else {
            self.names.insert(name.to_owned(), None);
            self.values.insert(name.to_owned(), None);
        }
    }

    /// Whether a name is defined; `None`: unknown.
    pub(super) fn is_defined(&self, name: &str) -> Option<bool> {
        self.names.get(name).copied().flatten()
    }

    fn value(&self, name: &str) -> Option<&Value> {
        match self.values.get(name) {
            Some(value) => value.as_ref(),
            None => self.environment.get(name),
        }
    }

    /// Puts variables into a line: before it is cut into words, wherever they stand, quotes and backslashes or not (measured).
    pub(super) fn fill<'t>(&self, line: Cow<'t, str>) -> Filled<'t> {
        let mut unknown = false;
        let mut filled = String::new();
        let mut rest = &*line;
        let mut copied = 0;
        while let Some(start) = rest.find("${").filter(|_| filled.len() <= MAX_LINE) {
            let Some(length) = rest.get(start..).and_then(|variable| variable.find('}')) else { break };
            let end = start + length + 1;
            let name = rest.get(start + 2..end - 1).unwrap_or_default();
            if let Some(value) = self.value(name) {
                filled.push_str(rest.get(..start).unwrap_or_default());
                filled.push_str(&value.text);
                unknown |= value.unknown;
            } else {
                // Maps of mod_rewrite (`${map:key}`) look like variables, which cannot have a colon in their names.
                unknown |= !name.contains(':');
                filled.push_str(rest.get(..end).unwrap_or_default());
            }
            copied += end;
            rest = rest.get(end..).unwrap_or_default();
        }
        if copied == 0 {
            return Filled { text: line, unknown };
        }
        filled.push_str(rest);
        Filled { text: Cow::Owned(filled), unknown }
    }
}
