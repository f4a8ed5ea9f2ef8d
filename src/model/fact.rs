//! Values that the files decide, or do not.

use crate::source::Span;

/// How long a value that is made of several parts may be: as long as a header line by default. Doubled forty times a value would
/// fill any memory.
const MAX_VALUE: usize = 8 << 10;

/// A value, or the reason why the files do not tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known<T> {
    /// The files decide it.
    Is(T),
    /// They do not: why, in a few words (`variable $tenant`, `template hole`).
    Unknown(String),
}

impl<T> Known<T> {
    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }
}

impl<T: PartialEq> Known<T> {
    /// Whether it is known and equals `value`.
    pub fn is(&self, value: &T) -> bool {
        self.known() == Some(value)
    }
}

/// An effective value and where it came from, nearest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<T> {
    /// The value.
    pub value: Known<T>,
    /// The directives that made it so; the one that decides first. Empty: a default of the server.
    pub because: Vec<Span>,
}

impl<T> Fact<T> {
    /// A known value with the directive that decides it, or `None` for a default.
    pub fn is(value: T, because: impl IntoIterator<Item = Span>) -> Self {
        Self { value: Known::Is(value), because: because.into_iter().collect() }
    }

    /// A value that the files do not tell.
    pub fn unknown(why: impl Into<String>, because: impl IntoIterator<Item = Span>) -> Self {
        Self { value: Known::Unknown(why.into()), because: because.into_iter().collect() }
    }
}

/// A text made of literal parts and variables, evaluated for one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Fully known.
    Known(String),
    /// Partly unknown.
    Unknown {
        /// The known text before the first unknown part.
        prefix: String,
        /// Whether it certainly has at least one character.
        nonempty: bool,
        /// Why, in a few words.
        why: String,
    },
}

impl Value {
    /// The text, if all of it is known.
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Known(text) => Some(text),
            Self::Unknown { .. } => None,
        }
    }

    /// Whether it is empty; `None` if that is unknown.
    pub fn is_empty(&self) -> Option<bool> {
        match self {
            Self::Known(text) => Some(text.is_empty()),
            Self::Unknown { nonempty: true, .. } => Some(false),
            Self::Unknown { .. } => None,
        }
    }

    /// Whether two values are equal; `None` if that is unknown.
    pub fn equals(&self, other: &Value) -> Option<bool> {
        match (self, other) {
            (Self::Known(a), Self::Known(b)) => Some(a == b),
            (Self::Unknown { prefix, nonempty, .. }, Self::Known(known))
            | (Self::Known(known), Self::Unknown { prefix, nonempty, .. }) => {
                let possible = known.starts_with(prefix.as_str()) && !(known.is_empty() && *nonempty);
                (!possible).then_some(false)
            }
            _ => None,
        }
    }

    /// The known beginning.
    pub fn prefix(&self) -> &str {
        match self {
            Self::Known(text) | Self::Unknown { prefix: text, .. } => text,
        }
    }
}

/// A value of which nothing is known.
pub(in crate::model) fn unknown_value(why: &str) -> Value {
    Value::Unknown { prefix: String::new(), nonempty: false, why: why.to_owned() }
}

/// Values one behind the other.
pub(in crate::model) fn concat(parts: impl IntoIterator<Item = Value>) -> Value {
    let mut text = String::new();
    let mut open: Option<(bool, String)> = None;
    for part in parts {
        match (&mut open, part) {
            (None, Value::Known(known)) if text.len() + known.len() > MAX_VALUE => {
                text.clear();
                open = Some((true, "a very long value".to_owned()));
            }
            (None, Value::Known(known)) => text.push_str(&known),
            (None, Value::Unknown { prefix, nonempty, why }) => {
                text.push_str(&prefix);
                open = Some((nonempty || !text.is_empty(), why));
            }
            (Some((nonempty, _)), part) => *nonempty |= part.is_empty() == Some(false),
        }
    }
    match open {
        None => Value::Known(text),
        Some((nonempty, why)) => Value::Unknown { prefix: text, nonempty, why },
    }
}
