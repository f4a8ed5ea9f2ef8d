//! `Define`, `UnDefine` and `${VAR}`.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;

use super::expand::MAX_LINE;

/// The names and variables that are defined at some point of the reading.
///
/// What the files say nothing about is unknown: the command line may define it (`-D`), and a variable may come from the
/// environment.
///
/// Within a condition that the files do not decide, what stands there counts. Behind it the condition may have held or not: what
/// it changes is unknown then.
#[derive(Debug, Default)]
pub(super) struct Defines {
    known: HashMap<String, Known, FixedState>,
    /// What the environment of the server sets as far as it is known.
    environment: HashMap<String, Value, FixedState>,
    /// What was known before each change within open conditions.
    before: Vec<(String, Option<Known>)>,
    /// How long that list was at the beginning of each open condition.
    open: Vec<usize>,
}

/// What is known of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Known {
    /// Whether it is defined; `None`: unknown.
    defined: Option<bool>,
    /// Its value as a variable.
    value: Variable,
}

/// What is known of a variable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Variable {
    /// No `Define` sets it: the environment may.
    #[default]
    Unset,
    /// Its value.
    Is(Value),
    /// That hangs on a condition.
    Open,
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

    /// A condition begins that is not decided.
    pub(super) fn enter(&mut self) {
        self.open.push(self.before.len());
    }

    /// It ends.
    pub(super) fn leave(&mut self) {
        let first = self.open.pop().unwrap_or_default();
        let mut changed = BTreeMap::new();
        for (name, before) in self.before.split_off(first) {
            // What was known first is what was known before the condition.
            changed.entry(name).or_insert(before);
        }
        for (name, before) in changed {
            let before = before.unwrap_or_default();
            let Some(now) = self.known.get_mut(&name) else { continue };
            if now.defined != before.defined {
                now.defined = None;
            }
            if now.value != before.value {
                now.value = Variable::Open;
            }
            // The condition around has changed it as well.
            if !self.open.is_empty() {
                self.before.push((name, Some(before)));
            }
        }
    }

    fn change(&mut self, name: &str, change: impl FnOnce(&mut Known)) {
        if !self.open.is_empty() {
            self.before.push((name.to_owned(), self.known.get(name).cloned()));
        }
        change(self.known.entry(name.to_owned()).or_default());
    }

    /// `Define NAME [value]`. An empty value is none (measured).
    pub(super) fn define(&mut self, name: &str, value: Option<Value>) {
        self.change(name, |known| {
            known.defined = Some(true);
            if let Some(value) = value.filter(|value| !value.text.is_empty()) {
                known.value = Variable::Is(value);
            }
        });
    }

    /// `UnDefine NAME`.
    pub(super) fn undefine(&mut self, name: &str) {
        self.change(name, |known| *known = Known { defined: Some(false), value: Variable::Unset });
    }

    /// Whether a name is defined; `None`: unknown.
    pub(super) fn is_defined(&self, name: &str) -> Option<bool> {
        self.known.get(name)?.defined
    }

    fn value(&self, name: &str) -> Option<&Value> {
        match self.known.get(name).map(|known| &known.value) {
            Some(Variable::Is(value)) => Some(value),
            Some(Variable::Open) => None,
            Some(Variable::Unset) | None => self.environment.get(name),
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
