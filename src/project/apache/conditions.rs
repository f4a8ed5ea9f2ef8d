//! Whether `<IfModule>` and its like hold, as far as the files tell.

use super::config::ConditionKind;
use super::expand::Expansion;
use super::modules;
use crate::settings::ApacheVersion;
use crate::syntax::apache::Name;

/// What a condition says.
pub(super) struct Asked {
    /// What it asks.
    pub(super) kind: ConditionKind,
    /// Whether it holds if the answer is no.
    pub(super) negated: bool,
    /// Whether it holds; `None`: the files do not tell.
    pub(super) holds: Option<bool>,
}

/// Whether a section is read or passed over as a whole while the server reads its files.
pub(super) fn is_condition(name: Name) -> bool {
    matches!(name, Name::IfModule | Name::IfDefine | Name::IfVersion | Name::IfFile | Name::IfDirective | Name::IfSection)
}

impl Expansion<'_, '_, '_> {
    /// What a condition with these arguments says at this point. `unknown`: whether the arguments are not known.
    pub(super) fn ask(&self, name: Name, raw: &str, args: &[String], unknown: bool) -> Asked {
        if name == Name::IfVersion {
            let holds = version_holds(args, self.loader.settings.apache_version).filter(|_| !unknown);
            return Asked { kind: ConditionKind::Version(raw.to_owned()), negated: false, holds };
        }
        // The sign stands before the word, quotes included: `"!mod_x.c"` is a name that no module has.
        let negated = raw.starts_with('!');
        let word = args.first().map(String::as_str).unwrap_or_default();
        let word = match (negated, word.strip_prefix('!')) {
            (true, Some("")) => args.get(1).map(String::as_str).unwrap_or_default(),
            (true, Some(rest)) => rest.strip_prefix('"').map_or(rest, |rest| rest.trim_end_matches('"')),
            _ => word,
        };
        let (kind, answer) = self.answer(name, word);
        let answer = answer.filter(|_| !unknown).or_else(|| self.answered_around(&kind));
        Asked { kind, negated, holds: answer.map(|answer| answer != negated) }
    }

    fn answer(&self, name: Name, word: &str) -> (ConditionKind, Option<bool>) {
        let text = word.to_owned();
        match name {
            Name::IfModule => match modules::source_name(word) {
                Some(source) => {
                    let answer = self.modules.has(&source, self.is_closed());
                    (ConditionKind::Module(source.to_ascii_lowercase()), answer)
                }
                None => (ConditionKind::Module(text), Some(false)),
            },
            Name::IfDefine => {
                let answer = self.defines.is_defined(word);
                (ConditionKind::Define(text), answer)
            }
            Name::IfFile => {
                let answer = self.file_exists(word);
                (ConditionKind::File(text), answer)
            }
            Name::IfSection => (ConditionKind::Section(text), self.is_known(Name::of(&format!("<{word}")))),
            _ => (ConditionKind::Directive(text), self.is_known(Name::of(word))),
        }
    }

    /// The answer to the same question where a condition around has put it already.
    fn answered_around(&self, kind: &ConditionKind) -> Option<bool> {
        let conditions = &self.config.conditions;
        let innermost = conditions.get(self.condition as usize);
        std::iter::successors(innermost, |c| conditions.get(c.parent as usize)).find(|c| c.kind == *kind).map(|c| !c.negated)
    }

    /// What is in the tree is on the server; what is not may be all the same, unless this is the server.
    fn file_exists(&self, path: &str) -> Option<bool> {
        let files = self.resolver.places.files();
        let candidates = self.resolver.places.candidates(path, self.config.server_root.as_deref());
        let there = candidates.iter().any(|path| files.kind(path).is_some());
        (there || self.loader.settings.this_host).then_some(there)
    }

    /// Whether the server knows a directive: it does if the module that brings it is loaded.
    fn is_known(&self, name: Name) -> Option<bool> {
        self.modules.has(name.info()?.module, self.is_closed())
    }
}

/// `<IfVersion>`: an operator and a version, or a version alone. `None` for what the server refuses.
fn version_holds(args: &[String], version: ApacheVersion) -> Option<bool> {
    let (operator, operand) = match args {
        [operand] => ("=", operand),
        [operator, operand] => (operator.as_str(), operand),
        _ => return None,
    };
    let (negated, operator) = match operator.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, operator),
    };
    let pattern = operand.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    let holds = match (operator, pattern) {
        ("=" | "==", Some(pattern)) => version_matches(pattern, version)?,
        ("~", _) => version_matches(operand, version)?,
        ("=" | "==", None) => version == parsed(operand)?,
        ("<", _) => version < parsed(operand)?,
        ("<=", _) => version <= parsed(operand)?,
        (">", _) => version > parsed(operand)?,
        (">=", _) => version >= parsed(operand)?,
        _ => return None,
    };
    Some(holds != negated)
}

fn version_matches(pattern: &str, (major, minor, patch): ApacheVersion) -> Option<bool> {
    fancy_regex::Regex::new(pattern).ok()?.is_match(&format!("{major}.{minor}.{patch}")).ok()
}

/// What is left out of a version is 0: `<IfVersion > 2.4>` holds for 2.4.1 (measured).
fn parsed(text: &str) -> Option<ApacheVersion> {
    let mut parts = text.split('.').map(|part| part.parse::<u16>().ok());
    let version = (parts.next()??, parts.next().unwrap_or(Some(0))?, parts.next().unwrap_or(Some(0))?);
    parts.next().is_none().then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_measured() {
        let holds = |text: &str| {
            let args: Vec<String> = text.split(' ').map(str::to_owned).collect();
            version_holds(&args, (2, 4, 71))
        };
        for yes in ["2.4.71", ">= 2.4", "> 2.4", "!< 2.4", "~ ^2\\.4", "= /^2\\.4/", "== 2.4.71", ">= 2", "!~ ^2\\.2"] {
            assert_eq!(holds(yes), Some(true), "{yes}");
        }
        for no in ["2.4", "= 2.4", "< 2.4", "!= 2.4.71", ">= 2.4.100", ">= 2.5", "> 2.4.71"] {
            assert_eq!(holds(no), Some(false), "{no}");
        }
        for refused in ["! 2.4", ">2.4", "=> 2", ">= 2.4.x", ">= 2.4.10.3"] {
            assert_eq!(holds(refused), None, "{refused}");
        }
    }
}
