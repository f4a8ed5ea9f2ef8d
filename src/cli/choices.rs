//! The values that options take.

use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::discover::{Kind, kinds};
use crate::report::Format;

/// What the named files are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct KindArg(pub(super) Option<Kind>);

/// Reads the name of a kind.
pub(super) fn kind_parser() -> impl TypedValueParser<Value = KindArg> {
    let names = std::iter::once("auto").chain(kinds::names().filter(|name| *name != "ignore"));
    PossibleValuesParser::new(names).map(|name| KindArg(kinds::named(&name).ok()))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// On a terminal that has them
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Shell {
    Bash,
    Elvish,
    Fish,
    Nushell,
    Powershell,
    Zsh,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum PageFormat {
    /// For the terminal
    Text,
    /// The page as it is written
    Markdown,
    /// For programs
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum TraceFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Splits each `FORMAT[=FILE]`. Only one report can go to standard output, and only one into a file.
pub(super) fn formats(texts: &[String]) -> Result<Vec<(Format, Option<PathBuf>)>, super::Failure> {
    let mut formats: Vec<(Format, Option<PathBuf>)> = Vec::with_capacity(texts.len());
    for text in texts {
        let (name, file) = match text.split_once('=') {
            Some((name, file)) => (name, Some(file)),
            None => (text.as_str(), None),
        };
        if file == Some("") {
            return Err(super::Failure::usage(format!("`{text}` names no file")));
        }
        let format = Format::from_str(name, false).map_err(|_| {
            let known: Vec<_> = Format::value_variants().iter().filter_map(ValueEnum::to_possible_value).collect();
            let known: Vec<_> = known.iter().map(PossibleValue::get_name).collect();
            super::Failure::with_hint(format!("unknown format `{name}`"), format!("formats are {}", known.join(", ")))
        })?;
        let file = file.map(PathBuf::from);
        if formats.iter().any(|(_, other)| *other == file) {
            let what = file.map_or("standard output".to_owned(), |file| super::input::name(&file));
            let hint = "write all but one to files: -f sarif=report.sarif -f github";
            return Err(super::Failure::with_hint(format!("two reports for {what}"), hint));
        }
        formats.push((format, file));
    }
    Ok(formats)
}
