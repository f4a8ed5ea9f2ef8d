//! `try_files`: the first file that is there, else the last argument (`ngx_http_try_files_handler`).

use super::slots::Single;
use super::uri;
use super::walk::{Next, Walk, concat};
use crate::files::FileKind;
use crate::model::Value;
use crate::project::nginx::DirectiveId;
use crate::syntax::nginx::Name;

impl Walk<'_, '_> {
    /// The phase of `try_files`.
    pub(super) fn try_files(&mut self) -> Next {
        let Some(id) = self.settled().try_files() else { return Next::Content };
        if let Some(alias) = self.useless_alias() {
            return self.finalize(500, Some(alias));
        }
        let directive = self.directive(id);
        let count = directive.arg_count();
        for index in 0..count.saturating_sub(1) {
            let text = directive.arg(index);
            let (text, kind) = match text.strip_suffix('/') {
                Some(folder) => (folder, FileKind::Folder),
                None => (text.as_ref(), FileKind::File),
            };
            let candidate = self.candidate(text);
            let path = self.path_of_candidate(candidate.clone());
            if self.exists_at(&path, kind, id) {
                self.step(format!("try_files finds {}", directive.arg(index)), id);
                self.take_candidate(&candidate, kind);
                return Next::Content;
            }
        }
        let last = directive.arg(count.saturating_sub(1));
        self.step(format!("try_files falls back to {last}"), id);
        self.fall_back(&last, id)
    }

    fn fall_back(&mut self, last: &str, id: DirectiveId) -> Next {
        if let Some(code) = last.strip_prefix('=') {
            return match code.parse() {
                Ok(code) => self.finalize(code, Some(id)),
                Err(_) => self.finalize(500, Some(id)),
            };
        }
        if last.starts_with('@') {
            return self.named_redirect(last, id);
        }
        match self.candidate(last) {
            Value::Known(target) => {
                let (path, args) = uri::split_args(&target);
                self.internal_redirect(Some(path.to_owned()), Value::Known(args.to_owned()))
            }
            Value::Unknown { why, .. } => {
                let unknown = super::walk::unknown_value(&why);
                self.internal_redirect(None, unknown)
            }
        }
    }

    /// An argument with its variables filled in. Where `alias` stands for a prefix, that prefix is taken off what variables made
    /// of it; a text without variables is left as it is.
    fn candidate(&mut self, text: &str) -> Value {
        let value = self.value(text);
        match (&value, self.aliased_part()) {
            (Value::Known(known), Some(prefix)) if text.contains('$') => match known.strip_prefix(&prefix) {
                Some(rest) => Value::Known(rest.to_owned()),
                None => value,
            },
            _ => value,
        }
    }

    /// The file of a candidate: it goes behind the path of `root` or `alias`.
    fn path_of_candidate(&mut self, candidate: Value) -> Value {
        let in_regex_location = self.is_aliased() && self.aliased_part().is_none();
        let before = if in_regex_location { self.filename() } else { self.root_value() };
        concat([before, candidate])
    }

    /// Makes a candidate that is there the URI. The `/` that asks for a folder does not become part of it.
    fn take_candidate(&mut self, candidate: &Value, kind: FileKind) {
        let candidate = candidate.known().map(str::to_owned);
        if !self.is_aliased() {
            self.uri = candidate;
        } else if let Some(prefix) = self.aliased_part() {
            self.uri = candidate.map(|rest| prefix + &rest);
        } else if kind == FileKind::File {
            self.uri = candidate;
            self.adds_uri_to_alias = true;
        }
    }

    fn is_aliased(&self) -> bool {
        self.single(Single::Root).is_some_and(|root| root.name() == Name::Alias)
    }

    /// The part of the URI that `alias` replaces; `None`: there is no `alias`, or it gives the whole path.
    fn aliased_part(&self) -> Option<String> {
        let length = self.is_aliased().then(|| self.alias_prefix()).flatten()?.len();
        self.uri.as_deref()?.get(..length).map(str::to_owned)
    }

    /// The `alias` in force where `rewrite … break` changed the URI: nginx cannot map it to a file.
    pub(super) fn useless_alias(&self) -> Option<DirectiveId> {
        let alias = self.single(Single::Root).filter(|root| root.name() == Name::Alias && !self.valid_location);
        alias.map(|a| a.id)
    }
}
