//! What is wrong with a configuration file.

use std::path::PathBuf;

/// A fault of a `lint401.toml`, with its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}:{column}: {message}", path.display())]
pub struct ConfigError {
    /// The file, as it was found.
    pub path: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong: one line, no full stop.
    pub message: String,
    /// What to do, if that is known.
    pub hint: Option<String>,
}

impl ConfigError {
    /// A fault at a byte of a text.
    pub(super) fn at(path: &std::path::Path, text: &str, offset: usize, message: impl Into<String>) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            message: message.into(),
            hint: None,
        }
    }

    /// The same with something to do.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A fault that `toml` or `serde` found. The text of an unknown key comes with the keys that there are.
    pub(super) fn from_toml(path: &std::path::Path, text: &str, error: &toml::de::Error) -> Self {
        let message = error.message().lines().next().unwrap_or("this is no TOML");
        let offset = error.span().map_or(0, |span| span.start);
        let mut quoted = message.split('`').skip(1).step_by(2);
        if !message.starts_with("unknown field") && !message.starts_with("unknown variant") {
            return Self::at(path, text, offset, message);
        }
        let word = quoted.next().unwrap_or_default();
        let known: Vec<&str> = quoted.collect();
        let what = if message.starts_with("unknown field") { "key" } else { "value" };
        let found = Self::at(path, text, offset, format!("unknown {what} `{word}`"));
        let near = known.iter().map(|k| (strsim::jaro_winkler(k, word), *k)).filter(|(score, _)| *score > 0.8);
        match near.max_by(|a, b| a.0.total_cmp(&b.0)) {
            Some((_, near)) => found.hint(format!("did you mean `{near}`?")),
            None => found.hint(format!("there are {}", known.join(", "))),
        }
    }
}
