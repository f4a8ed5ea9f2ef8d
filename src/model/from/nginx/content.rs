//! The content phase: upstreams, index files, static files.

use super::slots::{List, Single};
use super::uri;
use super::walk::{End, Next, Walk, concat};
use crate::files::FileKind;
use crate::model::from::lookup::Found;
use crate::model::{Known, Value};
use crate::project::nginx::DirectiveId;
use crate::syntax::nginx::Name;

impl Walk<'_, '_> {
    fn exists(&mut self, uri: Value, wanted: FileKind, by: DirectiveId) -> bool {
        let path = self.filename_of(uri);
        self.exists_at(&path, wanted, by)
    }

    pub(super) fn exists_at(&mut self, path: &Value, wanted: FileKind, by: DirectiveId) -> bool {
        // A path that ends with a slash is that of a folder, or of nothing.
        if wanted == FileKind::File && path.known().is_some_and(|path| path.ends_with('/')) {
            return false;
        }
        let what = if wanted == FileKind::File { "file" } else { "folder" };
        let known = path.known().and_then(|path| self.file_kind(path));
        if let Some(kind) = known {
            return kind == Some(wanted);
        }
        let likely = wanted == FileKind::File && self.is_redirect_target(path.prefix());
        self.decide(&format!("whether {}… is a {what} on the server", path.prefix()), likely, by, true)
    }

    /// Whether a path is the file of a URI that the configuration itself redirected to: a front controller, an index file. It is
    /// taken to be there: whoever names it in the configuration has it.
    fn is_redirect_target(&mut self, path: &str) -> bool {
        if !self.internal || uri::normalize(&self.request.path, true) == self.uri {
            return false;
        }
        let target = self.filename();
        target.known() == Some(path)
    }

    /// What stands at a path of the server: `None`: not known, `Some(None)`: nothing.
    #[expect(clippy::option_option, reason = "unknown, nothing, a file or folder")]
    pub(super) fn file_kind(&mut self, path: &str) -> Option<Option<FileKind>> {
        if let Some(exists) = self.request.assume.file_exists {
            let own = uri::normalize(&self.request.path, true)?;
            let own_path = self.filename_of(Value::Known(own.clone()));
            let own_path = own_path.known()?.trim_end_matches('/').to_owned();
            let kind = if own.ends_with('/') { FileKind::Folder } else { FileKind::File };
            if path.trim_end_matches('/') == own_path {
                return Some(exists.then_some(kind));
            }
            if self.is_redirect_target(path) {
                return Some(Some(FileKind::File));
            }
            // A folder that is there has its index file.
            let below = path.strip_prefix(own_path.as_str()).and_then(|rest| rest.strip_prefix('/'));
            let index = below.is_some_and(|name| name.starts_with("index."));
            return Some((exists && kind == FileKind::Folder && index).then_some(FileKind::File));
        }
        match self.server.lookup()?.kind(path) {
            Found::There(kind) => Some(Some(kind)),
            Found::Missing => Some(None),
            Found::Unknown => None,
        }
    }

    /// The content phase.
    pub(super) fn content(&mut self) -> Next {
        let Some(handler) = self.handler else { return self.static_content() };
        match self.handler_name() {
            // The handler of one `if` stays when another `if` takes over, but the address it needs does not.
            Some(name) if super::upstream::protocol_of(name).is_some() && self.settled().handler() != Some(handler) => {
                self.finalize(500, Some(handler))
            }
            Some(Name::ProxyPass | Name::FastcgiPass | Name::UwsgiPass | Name::ScgiPass | Name::GrpcPass) => {
                self.step(format!("handed over by {}", self.directive(handler).text()), handler);
                if self.cuts_too_much(handler) {
                    let why = "nginx cuts more off the path than there is, which it does not check";
                    self.end = Some(End::Status(Known::Unknown(why.to_owned()), Some(handler)));
                    return Next::Done;
                }
                self.done_upstream()
            }
            Some(Name::StubStatus | Name::EmptyGif | Name::Api | Name::Status) => self.done(Known::Is(200), Some(handler)),
            _ => {
                let span = self.directive(handler).span();
                self.note_unknown(&format!("what {} answers", self.directive(handler).name_text()), span, false);
                self.end = Some(End::Status(Known::Unknown("code".to_owned()), Some(handler)));
                Next::Done
            }
        }
    }

    /// Whether `proxy_pass` with a URI replaces more of the path than there is: `try_files` found something shorter than the location.
    /// nginx 1.22 reads what lies in memory then: it answers 500 or 502, or the process ends (measured).
    fn cuts_too_much(&self, handler: DirectiveId) -> bool {
        let pass = self.directive(handler);
        let target = pass.arg(0);
        let has_uri = target.split_once("://").is_some_and(|(_, rest)| rest.contains('/') && !rest.starts_with("unix:"));
        if pass.name() != Name::ProxyPass || !self.valid_location || !has_uri || target.contains('$') {
            return false;
        }
        let location = pass.parent().and_then(|p| p.args().last().map(std::borrow::Cow::into_owned));
        match (&self.uri, location) {
            (Some(uri), Some(location)) => uri.len() < location.len(),
            _ => false,
        }
    }

    fn static_content(&mut self) -> Next {
        let Some(uri) = self.uri.clone() else {
            return self.done(Known::Unknown("the rewritten path is not known".to_owned()), None);
        };
        let by = self.settled().single(Single::Root);
        let place = by.unwrap_or(self.scope_of(self.serving_scope()).directive);
        if !matches!(self.method.as_str(), "GET" | "HEAD" | "POST") {
            return self.finalize(405, by);
        }
        if let Some(alias) = self.useless_alias() {
            return self.finalize(500, Some(alias));
        }
        if uri.ends_with('/') {
            return self.index(&uri, place);
        }
        if self.exists(Value::Known(uri.clone()), FileKind::File, place) {
            if self.method == "POST" {
                return self.finalize(405, by);
            }
            return self.done(Known::Is(200), by);
        }
        if self.request.assume.file_exists.is_none() && self.exists(Value::Known(uri.clone()), FileKind::Folder, place) {
            let target = self.with_args(&uri::escape(&format!("{uri}/")));
            self.location = Some(self.absolute(target));
            return self.finalize(301, by);
        }
        self.finalize(404, by)
    }

    fn index(&mut self, uri: &str, place: DirectiveId) -> Next {
        let directives = self.list(List::Index).to_vec();
        let mut names: Vec<(String, DirectiveId)> = Vec::new();
        for id in directives {
            names.extend(self.directive(id).args().map(|a| (a.into_owned(), id)));
        }
        if names.is_empty() {
            names.push(("index.html".to_owned(), place));
        }
        let by = self.settled().single(Single::Root);
        let mut folder_tested = false;
        for (name, id) in names {
            if name.starts_with('/') {
                let args = self.args.clone();
                return self.internal_redirect(Some(name), args);
            }
            // The name goes behind the folder's path, also where `alias` in a regex location gives that path.
            let value = self.value(&name);
            let folder = self.filename_of(Value::Known(uri.to_owned()));
            if self.exists_at(&concat([folder, value.clone()]), FileKind::File, id) {
                self.step(format!("index file {name}"), id);
                let args = self.args.clone();
                let uri = value.known().map(|name| format!("{uri}{name}"));
                return self.internal_redirect(uri, args);
            }
            if !std::mem::replace(&mut folder_tested, true)
                && let Some(status) = self.folder_error(uri, place)
            {
                return self.finalize(status, by);
            }
        }
        if !folder_tested && let Some(status) = self.folder_error(uri, place) {
            return self.finalize(status, by);
        }
        if self.is_on(Single::Autoindex) && self.method != "POST" {
            return self.done(Known::Is(200), by);
        }
        self.finalize(403, by)
    }

    /// The status if what a URI with `/` at its end means is no folder.
    fn folder_error(&mut self, uri: &str, by: DirectiveId) -> Option<u16> {
        if self.request.assume.file_exists.is_some() {
            return None;
        }
        let path = self.filename_of(Value::Known(uri.to_owned()));
        let folder = path.known().and_then(|path| self.file_kind(path.trim_end_matches('/')));
        match folder {
            Some(Some(FileKind::Folder)) => None,
            // `alias` to a file: the path has no `/` at its end, and nginx takes it for a fault of its own.
            Some(Some(FileKind::File)) if !path.prefix().ends_with('/') => Some(500),
            Some(_) => Some(404),
            None => (!self.exists(Value::Known(uri.to_owned()), FileKind::Folder, by)).then_some(404),
        }
    }
}
