//! The type of a file, and the fixups: handlers by extension, redirects of sections, index files, `FallbackResource`.

use super::chain::Group;
use super::frame::{HandlerName, Proxied, Stands};
use super::walk::{Field, Stop, Walk};
use crate::model::{Known, Value};
use crate::project::apache::DirectiveId;
use crate::syntax::apache::Name;

/// The directives of `mod_mime`: a section without any of them is passed over when its settings are merged.
const MIME: &[Name] = &[
    Name::AddCharset,
    Name::AddEncoding,
    Name::AddHandler,
    Name::AddInputFilter,
    Name::AddLanguage,
    Name::AddOutputFilter,
    Name::AddType,
    Name::DefaultLanguage,
    Name::ModMimeUsePathInfo,
    Name::MultiviewsMatch,
    Name::RemoveCharset,
    Name::RemoveEncoding,
    Name::RemoveHandler,
    Name::RemoveInputFilter,
    Name::RemoveLanguage,
    Name::RemoveOutputFilter,
    Name::RemoveType,
];

/// The extensions of a file: what stands between the dots behind its first name. Dots in front belong to the name.
pub(super) fn extensions(filename: &str) -> impl Iterator<Item = &str> {
    let name = filename.rsplit('/').next().unwrap_or_default();
    name.trim_start_matches('.').split('.').skip(1).filter(|e| !e.is_empty())
}

impl Walk<'_, '_> {
    /// Chooses the handler by extension, then by `SetHandler` (`find_ct`, `core_override_type`).
    pub(super) fn find_type(&mut self) {
        if self.r.stands != Stands::Folder && self.r.proxied.is_none() {
            let filename = self.r.filename.clone();
            for extension in extensions(&filename) {
                if let Some((id, name)) = self.by_extension(extension, Name::AddHandler, Name::RemoveHandler) {
                    self.r.handler = Some(HandlerName { name: Value::Known(name.to_ascii_lowercase()), by: id });
                }
            }
        }
        if let Some(set) = self.last(&[Name::SetHandler]) {
            let name = if set.is_unknown() {
                crate::model::fact::unknown_value("template hole")
            } else {
                self.expand(&set.arg(0), &set)
            };
            if !name.known().is_some_and(|n| n.eq_ignore_ascii_case("none")) {
                self.r.handler = Some(HandlerName { name: lower(name), by: set.id });
            }
        }
    }

    /// What `AddHandler` or `AddType` gives an extension.
    ///
    /// A `Remove…` takes away what its section and outer ones give, and it does so when the section is merged with those around it
    /// (`merge_mime_dir_configs`): that of the first section of a group is forgotten if another one of the group follows.
    pub(super) fn by_extension(&mut self, extension: &str, add: Name, remove: Name) -> Option<(DirectiveId, String)> {
        let layers = self.r.layers.clone();
        let mut mapped: Option<(DirectiveId, String)> = None;
        for group in layers.chunk_by(|a, b| a.group == b.group) {
            let mut inner: Option<(Option<(DirectiveId, String)>, bool)> = None;
            for layer in group {
                let own = self.own(layer.section, MIME);
                if own.is_empty() {
                    continue;
                }
                let names = |id: &DirectiveId, name: Name, skip: usize| {
                    let directive = self.directive(*id);
                    let mut words = directive.args().skip(skip);
                    directive.name() == name && words.any(|w| w.trim_start_matches('.').eq_ignore_ascii_case(extension))
                };
                let added =
                    own.iter().rev().find(|id| names(id, add, 1)).map(|id| (*id, self.directive(*id).arg(0).into_owned()));
                let removed = own.iter().any(|id| names(id, remove, 0));
                inner = Some(match inner {
                    None => (added, removed),
                    Some(_) if removed => (None, false),
                    Some((outer, _)) => (added.or(outer), false),
                });
            }
            let main = group.first().is_some_and(|layer| layer.group == Group::Main);
            match inner {
                None => {}
                Some((_, true)) if !main => mapped = None,
                Some((own, _)) => mapped = own.or(mapped),
            }
        }
        mapped
    }

    /// The type of the file, as far as the configuration gives it one.
    pub(super) fn content_type(&mut self) -> Option<(DirectiveId, String)> {
        if let Some((Value::Known(forced), span)) = self.r.forced_type.clone()
            && let Some(by) = self.rule_at(span)
        {
            return Some((by, forced));
        }
        if let Some(forced) = self.last(&[Name::ForceType]).filter(|d| !d.arg(0).eq_ignore_ascii_case("none")) {
            return Some((forced.id, forced.arg(0).into_owned()));
        }
        let filename = self.r.filename.clone();
        let mut found = None;
        for extension in extensions(&filename) {
            found = self.by_extension(extension, Name::AddType, Name::RemoveType).or(found);
        }
        found
    }

    /// The fixups, in the order of the server.
    pub(super) fn fixups(&mut self) -> Result<(), Stop> {
        self.directory_rewrite()?;
        self.check_proxied()?;
        // Both ask for a place in the middle: then the module that was loaded first comes first.
        if self.host.shared.env_before_alias {
            self.set_env();
        }
        self.section_redirects()?;
        if !self.host.shared.env_before_alias {
            self.set_env();
        }
        self.fake_basic();
        self.index_or_fallback()?;
        self.forced_by_rules();
        if !self.r.subrequest {
            self.request_headers();
        }
        Ok(())
    }

    /// Refuses what `mod_proxy` refuses.
    fn check_proxied(&self) -> Result<(), Stop> {
        match &self.r.proxied {
            Some(Proxied { url, by, is_raw }) if self.is_refused_by_proxy(url, *is_raw) => Err(Stop::status(403, Some(*by))),
            _ => Ok(()),
        }
    }

    /// `Redirect` in sections and `.htaccess` files.
    fn section_redirects(&mut self) -> Result<(), Stop> {
        if let Some(own) = self.section_redirect() {
            self.redirect_matches(own, true)?;
        }
        // Those of inner sections come first (`merge_alias_dir_config`).
        let layers = self.r.layers.clone();
        for layer in layers.iter().rev() {
            for id in self.own(layer.section, super::redirect::REDIRECTS) {
                if self.is_in_section(id) && super::redirect::redirect(&self.directive(id), true).from.is_some() {
                    self.redirect_matches(id, true)?;
                }
            }
        }
        Ok(())
    }

    /// `AuthBasicFake`: puts credentials of its own into the request.
    fn fake_basic(&mut self) {
        let Some(fake) = self.last(&[Name::AuthBasicFake]).filter(|d| !d.arg(0).eq_ignore_ascii_case("off")) else { return };
        self.headers.retain(|f| !f.name.eq_ignore_ascii_case("authorization"));
        let user = self.expand(&fake.arg(0), &fake);
        let password = if fake.arg_count() > 1 { self.expand(&fake.arg(1), &fake) } else { Value::Known("password".to_owned()) };
        let value = match (&user, &password) {
            (Value::Known(user), Value::Known(password)) if !user.is_empty() && !password.is_empty() => {
                use base64::Engine as _;
                let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
                Value::Known(format!("Basic {encoded}"))
            }
            (Value::Known(_), Value::Known(_)) => return,
            _ => Value::Unknown { prefix: "Basic ".to_owned(), nonempty: true, why: "credentials of AuthBasicFake".to_owned() },
        };
        self.headers.push(Field { name: "Authorization".to_owned(), value, by: Some(fake.span()) });
    }

    /// What `mod_dir` does: a slash behind a folder, index files, `FallbackResource`.
    fn index_or_fallback(&mut self) -> Result<(), Stop> {
        // A request that the server mapped to a proxy stands for no file; one that a rule of a folder did still does.
        match self.r.stands {
            Stands::Folder => self.index(),
            Stands::Nothing if self.r.handler.is_none() && self.r.rewritten.is_none() && self.r.proxied.is_none() => {
                self.fallback()
            }
            _ => Ok(()),
        }
    }

    fn index(&mut self) -> Result<(), Stop> {
        if !self.r.path_info.is_empty() {
            return Ok(());
        }
        if !self.r.uri.ends_with('/') {
            return self.directory_slash();
        }
        if self.r.rewritten.is_some() {
            return Ok(());
        }
        let checks_handler = self.flag(Name::DirectoryCheckHandler) == Some(true);
        if checks_handler && (self.r.handler.is_some() || self.r.proxied.is_some()) {
            return Ok(());
        }
        let names = self.index_names();
        let count = names.len();
        let mut failed: Option<Stop> = None;
        for (name, by) in names {
            let path = if name.starts_with('/') { name.clone() } else { format!("{}{name}", super::uri::escape(&self.r.uri)) };
            let args = self.r.args.clone();
            match self.subrequest(&path, args) {
                Ok(frame) => {
                    if let Some(by) = by {
                        self.step(format!("index file {name}"), by);
                    }
                    return self.index_redirect(frame);
                }
                Err(stop) => match stop.status {
                    Known::Is(404) => {}
                    Known::Is(300..=399) => return Err(stop),
                    Known::Is(401) if count == 1 => return Err(stop),
                    _ => failed = Some(stop),
                },
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// The index file takes over, unless `DirectoryIndexRedirect` sends the client there.
    fn index_redirect(&mut self, frame: super::frame::Frame) -> Result<(), Stop> {
        let setting = self.last(&[Name::DirectoryIndexRedirect]);
        let status = setting.as_ref().and_then(|d| match d.arg(0).to_ascii_lowercase().as_str() {
            "on" | "temp" => Some(302),
            "permanent" => Some(301),
            "seeother" => Some(303),
            number => number.parse::<u16>().ok().filter(|n| (300..400).contains(n)),
        });
        if let (Some(status), Some(setting)) = (status, setting) {
            let target = self.absolute_url(Value::Known(frame.uri));
            self.location = Some(target);
            return Err(Stop::status(status, Some(setting.id)));
        }
        self.adopt(frame);
        Ok(())
    }

    fn directory_slash(&mut self) -> Result<(), Stop> {
        let setting = self.last(&[Name::DirectorySlash]);
        if setting.as_ref().is_some_and(|d| d.arg(0).eq_ignore_ascii_case("off")) {
            return Ok(());
        }
        let target = Value::Known(format!("{}/", super::uri::escape(&self.r.uri)));
        let target = self.with_args(target);
        self.location = Some(self.absolute_url(target));
        Err(Stop::status(301, self.r.mapped_by))
    }

    /// The names of `DirectoryIndex` in force.
    fn index_names(&mut self) -> Vec<(String, Option<DirectiveId>)> {
        let directives = self.last_run(&[Name::DirectoryIndex]);
        if directives.is_empty() {
            return vec![("index.html".to_owned(), self.r.mapped_by)];
        }
        let mut names = Vec::new();
        for id in directives {
            let directive = self.directive(id);
            if directive.arg_count() == 1 && directive.arg(0).eq_ignore_ascii_case("disabled") {
                names.clear();
                continue;
            }
            names.extend(directive.args().map(|name| (name.into_owned(), Some(id))));
        }
        names
    }

    fn fallback(&mut self) -> Result<(), Stop> {
        let Some(setting) = self.last(&[Name::FallbackResource]) else { return Ok(()) };
        let target = setting.arg(0).into_owned();
        if target.eq_ignore_ascii_case("disabled") {
            return Ok(());
        }
        let path = if target.starts_with('/') {
            target
        } else {
            let folder = self.r.uri.rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{}/{target}", super::uri::escape(folder))
        };
        let (path, query) = super::uri::split_query(&path);
        let args = query.map_or_else(|| self.r.args.clone(), |q| Some(Value::Known(q.to_owned())));
        match self.subrequest(path, args) {
            Ok(frame) => {
                self.step("FallbackResource takes over", setting.id);
                self.adopt(frame);
                Ok(())
            }
            Err(Stop { status: Known::Is(404), .. }) => Ok(()),
            Err(stop) => {
                if matches!(stop.status, Known::Is(300..=399)) && self.location.is_some() {
                    self.forget_location(setting.span());
                }
                Err(stop)
            }
        }
    }

    /// Goes on as a subrequest (`ap_internal_fast_redirect`).
    fn adopt(&mut self, frame: super::frame::Frame) {
        let r = &self.r;
        let (method, status, subrequest) = (r.method.clone(), r.status, r.subrequest);
        let (user, redirected) = (r.user.clone().or(frame.user.clone()), r.redirected);
        let (has_port, first_error) = (r.has_port, r.first_error.clone());
        let (walks, previous, around) = (r.walks.clone(), r.previous.clone(), r.around.clone());
        let env = frame.env.clone().over(&r.env);
        // What `ScriptAlias` noted stays noted.
        let script_alias = r.script_alias || frame.script_alias;
        let forced_handler = frame.forced_handler.clone().or(r.forced_handler.clone());
        let forced_type = frame.forced_type.clone().or(r.forced_type.clone());
        self.r = super::frame::Frame {
            method,
            forced_handler,
            forced_type,
            script_alias,
            walks,
            previous,
            around,
            env,
            user,
            status,
            first_error,
            has_port,
            subrequest,
            redirected,
            ..frame
        };
    }
}

/// Handler names count without case; a path in one keeps its own.
fn lower(name: Value) -> Value {
    match name {
        Value::Known(name) if name.to_ascii_lowercase().starts_with("proxy:") => Value::Known(name),
        Value::Known(name) => Value::Known(name.to_ascii_lowercase()),
        unknown @ Value::Unknown { .. } => unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::extensions;

    #[test]
    fn extensions_of_names() {
        let of = |name| extensions(name).collect::<Vec<_>>();
        assert_eq!(of("/a.b/index.php.en"), ["php", "en"]);
        assert_eq!(of("/x/.htaccess"), Vec::<&str>::new());
        assert_eq!(of("/x/.a.php"), ["php"]);
        assert_eq!(of("/x/y"), Vec::<&str>::new());
        assert_eq!(of("a..b"), ["b"]);
    }
}
