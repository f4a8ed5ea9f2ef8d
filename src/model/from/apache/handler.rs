//! The handler phase: who makes the response.

use super::chain::{Group, Layer};
use super::ending;
use super::frame::{HandlerName, Stands};
use super::rewriting::ANEW;
use super::walk::{End, Invoked, Stop, Walk};
use crate::model::fact::concat;
use crate::model::{Handler, HandlerKind, Known, Value};
use crate::project::apache::{Directive, DirectiveId, is_method};
use crate::syntax::apache::Name;

/// What a request comes to in the handler phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// An application behind a proxy, with the URL it is asked by.
    Proxy {
        url: Value,
        by: DirectiveId,
    },
    /// A script that is run (`cgi-script`).
    Cgi(Option<DirectiveId>),
    /// A script that `mod_fcgid` runs.
    Fcgid(DirectiveId),
    /// An application inside the server: `mod_php`, `mod_wsgi`, `mod_perl`.
    Module(DirectiveId),
    /// A page of the server itself (`server-status`).
    Internal(DirectiveId),
    /// A script in the server's own files that answers for this one (`Action`).
    Action {
        script: String,
        is_virtual: bool,
        by: DirectiveId,
    },
    /// A script of PHP whose handler stands outside of the files.
    Php,
    /// A name that is not known.
    Unknown(DirectiveId),
    Static,
}

impl<'a> Walk<'_, 'a> {
    /// Which handler takes the request, nothing asked.
    pub(super) fn classify(&mut self) -> Class {
        if let Some(proxied) = &self.r.proxied {
            return Class::Proxy { url: proxied.url.clone(), by: proxied.by };
        }
        if let Some(HandlerName { name, by }) = self.r.handler.clone() {
            let Some(text) = name.known() else {
                return if name.prefix().starts_with("proxy:") { self.proxy_of(&name, by) } else { Class::Unknown(by) };
            };
            if text.starts_with("proxy:") {
                return self.proxy_of(&name, by);
            }
            if let Some(action) = self.action(text) {
                return action;
            }
            return match text {
                "cgi-script" => Class::Cgi(Some(by)),
                "fcgid-script" => Class::Fcgid(by),
                page if super::pages::is_page(page) => Class::Internal(by),
                "default-handler" | "send-as-is" | "type-map" | "imap-file" | "none" | "proxy-server" => Class::Static,
                "wsgi-script" | "perl-script" | "modperl" | "mod_python" | "lua-script" => Class::Module(by),
                php if php.contains("php") => Class::Module(by),
                _ => Class::Unknown(by),
            };
        }
        if self.r.stands == Stands::Folder {
            return Class::Static;
        }
        // Where there is no handler, the type of the file is its name.
        if let Some((by, content_type)) = self.content_type() {
            let content_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            if let Some(action) = self.action(&content_type) {
                return action;
            }
            if content_type.contains("php") {
                return Class::Module(by);
            }
        }
        if self.is_php() { Class::Php } else { Class::Static }
    }

    fn proxy_of(&self, name: &Value, by: DirectiveId) -> Class {
        let without = match name {
            Value::Known(text) => Value::Known(text.strip_prefix("proxy:").unwrap_or(text).to_owned()),
            Value::Unknown { prefix, nonempty, why } => Value::Unknown {
                prefix: prefix.strip_prefix("proxy:").unwrap_or(prefix).to_owned(),
                nonempty: *nonempty,
                why: why.clone(),
            },
        };
        let url = concat([without, Value::Known(format!("{}{}", self.r.filename, self.r.path_info))]);
        Class::Proxy { url, by }
    }

    /// `Action` for a handler or a type.
    fn action(&mut self, name: &str) -> Option<Class> {
        let all = self.all(&[Name::Action]);
        let id = all.into_iter().rev().find(|id| self.directive(*id).arg(0).eq_ignore_ascii_case(name))?;
        let directive = self.directive(id);
        let is_virtual = directive.arg(2).eq_ignore_ascii_case("virtual");
        Some(Class::Action { script: directive.arg(1).into_owned(), is_virtual, by: id })
    }

    /// Whether it is a script of PHP that a handler outside of the files takes: they are only a part of the configuration.
    fn is_php(&self) -> bool {
        let config = self.host.shared.config;
        let open = self.host.shared.is_tree() || config.partial || config.incomplete;
        open && super::fixups::extensions(&self.r.filename).last().is_some_and(|e| e.eq_ignore_ascii_case("php"))
    }

    /// Runs the handler.
    pub(super) fn invoke_handler(&mut self) -> Invoked {
        if self.r.proxied.is_none()
            && let Some((path, args)) = self.r.rewritten.take()
        {
            return self.redirect_to(&path, args);
        }
        let class = self.classify();
        self.served = Some(self.handler_of(&class));
        match class {
            // `uwsgi_handler` decodes the path once more, and does not take a slash.
            Class::Proxy { url, by }
                if ending::kind_of(url.prefix()) == HandlerKind::Uwsgi
                    && self.keeps_encoded_slash()
                    && self.r.uri.to_ascii_lowercase().contains("%2f") =>
            {
                Invoked::Stop(Stop::status(500, Some(by)))
            }
            // What a handler names goes on to FastCGI as it is.
            Class::Proxy { url, by }
                if self.r.proxied.is_none()
                    && self.is_refused_by_proxy(&url, ending::kind_of(url.prefix()) == HandlerKind::Fastcgi) =>
            {
                Invoked::Stop(Stop::status(403, Some(by)))
            }
            Class::Proxy { url, by } if self.r.proxied.is_none() && self.r.filename.starts_with(ANEW) => {
                self.proxied_anew(&url, by)
            }
            Class::Proxy { url, by } => {
                self.step(format!("handed over to {}", url.prefix()), by);
                self.reach()
            }
            Class::Cgi(by) => self.run_script(by),
            Class::Fcgid(by) => self.run_script(Some(by)),
            Class::Module(by) if self.r.filename.starts_with(ANEW) => {
                Invoked::Stop(Stop::unknown("what a module makes of a request that begins anew", Some(by)))
            }
            Class::Module(by) if self.r.stands == Stands::Nothing => Invoked::Stop(Stop::status(404, Some(by))),
            Class::Module(_) => self.reach(),
            Class::Internal(by) => self.page(by),
            Class::Action { script, is_virtual, by } => {
                if !is_virtual && self.r.stands == Stands::Nothing {
                    return Invoked::Stop(Stop::status(404, Some(by)));
                }
                self.step(format!("{script} answers for it"), by);
                let path = format!("{script}{}", super::uri::escape(&self.r.uri));
                let args = self.r.args.clone();
                let behind = self.r.uri.trim_end_matches('/').to_owned();
                let invoked = self.redirect_to(&path, args);
                self.r.behind_script = Some(behind);
                // `ap_internal_redirect_handler` does not ask the cache, and the one that was asked before is forgotten.
                self.quick_path = None;
                invoked
            }
            Class::Php => self.php(),
            Class::Unknown(by) => {
                let span = self.directive(by).span();
                self.note_unknown(&format!("what {} answers", self.directive(by).text()), span, false);
                Invoked::Done(End::Status(Known::Unknown("a handler that is not known".to_owned()), Some(by)))
            }
            Class::Static => self.static_file(),
        }
    }

    /// Whether the proxy leaves `%2F` as it is. `AllowEncodedSlashes NoDecode` is lost as soon as a section is for the request, whatever
    /// stands in it (`merge_core_dir_configs`); then the `%` is escaped. Only `<Proxy>` has settings of the core where it says some.
    fn keeps_encoded_slash(&self) -> bool {
        let is_raw = self.r.proxied.as_ref().is_some_and(|proxied| proxied.is_raw);
        let keeps = |layer: &Layer| match layer.group {
            Group::Main | Group::Host => true,
            Group::Proxy => !says_core(&self.directive(self.host.shared.sections.get(layer.section).directive)),
            _ => false,
        };
        is_raw || self.r.layers.iter().all(keeps)
    }

    fn redirect_to(&mut self, path: &str, args: Option<Value>) -> Invoked {
        if self.internal_redirect(path, args) { Invoked::Redirect } else { Invoked::Stop(Stop::status(500, None)) }
    }

    /// The application is asked. The status is its own, also where it answers for an error.
    fn reach(&mut self) -> Invoked {
        self.reached = true;
        Invoked::Done(End::Upstream)
    }

    fn run_script(&mut self, by: Option<DirectiveId>) -> Invoked {
        if !self.r.script_alias && !self.option("execcgi") {
            return Invoked::Stop(Stop::status(403, by));
        }
        let refuses_path_info = !self.r.path_info.is_empty() && self.flag(Name::AcceptPathInfo) == Some(false);
        match self.r.stands {
            Stands::Nothing => Invoked::Stop(Stop::status(404, by)),
            Stands::Folder => Invoked::Stop(Stop::status(403, by)),
            Stands::File if refuses_path_info => Invoked::Stop(Stop::status(404, by)),
            Stands::File if self.r.filename.starts_with(ANEW) => Invoked::Stop(Stop::status(500, by)),
            Stands::File => self.reach(),
        }
    }

    /// A proxied request that `H` keeps from starting anew: what stands for the file comes behind the URL (measured).
    fn proxied_anew(&mut self, url: &Value, by: DirectiveId) -> Invoked {
        let text = url.prefix();
        let authority = text.split_once("://").map_or(text, |(_, rest)| rest).split('/').next().unwrap_or_default();
        if text.contains('|') {
            return Invoked::Stop(Stop::unknown("what the socket of a handler is asked for", Some(by)));
        }
        if authority.ends_with(ANEW) { Invoked::Stop(Stop::status(500, Some(by))) } else { self.reach() }
    }

    /// A script of PHP: run by `mod_php`, which sees every header, or by FastCGI, which does not.
    fn php(&mut self) -> Invoked {
        if self.r.stands == Stands::Nothing {
            return Invoked::Stop(Stop::status(404, self.r.mapped_by));
        }
        let place = self.place();
        let inside = self.decide("whether PHP runs inside of the server (mod_php)", false, place, false);
        self.php_inside = Some(inside);
        let kind = if inside { HandlerKind::Module } else { HandlerKind::Fastcgi };
        self.served = Some(Handler { kind, span: None, target: None });
        self.reach()
    }

    pub(super) fn static_file(&mut self) -> Invoked {
        let by = self.r.mapped_by;
        let method = self.r.method.as_str();
        if !is_method(method) {
            return Invoked::Stop(Stop::status(501, by));
        }
        let reads = matches!(method, "GET" | "HEAD");
        let done = |status| Invoked::Done(End::Status(Known::Is(status), by));
        match method {
            "OPTIONS" => return done(self.r.status),
            "GET" | "HEAD" | "POST" => {}
            _ => return Invoked::Stop(Stop::status(405, by)),
        }
        let status = self.r.status;
        match self.r.stands {
            // `mod_autoindex` takes folders that have no other handler.
            Stands::Folder if reads && self.r.path_info.is_empty() && self.r.handler.is_none() => {
                if self.option("indexes") {
                    done(status)
                } else {
                    Invoked::Stop(Stop::status(403, by))
                }
            }
            Stands::Folder | Stands::Nothing => Invoked::Stop(Stop::status(404, by)),
            // Plain files take POST too.
            Stands::File => {
                let takes_path_info = self.flag(Name::AcceptPathInfo) == Some(true);
                if !self.r.path_info.is_empty() && !takes_path_info {
                    return Invoked::Stop(Stop::status(404, by));
                }
                if self.r.filename.starts_with(ANEW) {
                    return Invoked::Stop(Stop::status(403, by));
                }
                done(status)
            }
        }
    }

    /// Whether an option is on (`Options`): a section with signs changes what is around it, one without takes its place.
    pub(super) fn option(&mut self, name: &str) -> bool {
        self.option_or(name, false)
    }

    /// The same for an option that is on or off where nothing is said.
    pub(super) fn option_or(&mut self, name: &str, default: bool) -> bool {
        let mut on = default;
        for id in self.all(&[Name::Options]) {
            let words: Vec<String> = self.directive(id).args().map(|w| w.to_ascii_lowercase()).collect();
            if words.first().is_some_and(|w| !w.starts_with(['+', '-'])) {
                on = false;
            }
            for word in words {
                let (sign, option) = match word.strip_prefix(['+', '-']) {
                    Some(option) => (!word.starts_with('-'), option),
                    None => (true, word.as_str()),
                };
                let all = option == "all" && !matches!(name, "multiviews" | "symlinksifownermatch");
                if option == name || all {
                    on = sign;
                } else if option == "none" {
                    on = false;
                }
            }
        }
        on
    }

    /// What the outcome says of a handler.
    pub(super) fn handler_of(&self, class: &Class) -> Handler {
        let span = |id: DirectiveId| Some(self.directive(id).span());
        let file = || Some(Value::Known(self.r.filename.clone()));
        match class {
            Class::Proxy { url, by } => {
                let url = self.member_of(url);
                Handler { kind: ending::kind_of(url.prefix()), span: span(*by), target: Some(url) }
            }
            Class::Cgi(by) => Handler { kind: HandlerKind::Cgi, span: by.and_then(span), target: file() },
            Class::Fcgid(by) => Handler { kind: HandlerKind::Fastcgi, span: span(*by), target: file() },
            Class::Module(by) => Handler { kind: HandlerKind::Module, span: span(*by), target: file() },
            Class::Internal(by) => Handler { kind: HandlerKind::Internal, span: span(*by), target: None },
            Class::Action { by, .. } | Class::Unknown(by) => {
                Handler { kind: HandlerKind::Unknown, span: span(*by), target: None }
            }
            Class::Php => Handler { kind: HandlerKind::Unknown, span: None, target: None },
            Class::Static => Handler { kind: HandlerKind::Static, span: self.r.mapped_by.and_then(span), target: file() },
        }
    }

    /// The address of the first member of a balancer in place of its name.
    pub(super) fn member_of(&self, url: &Value) -> Value {
        let Some(rest) = url.prefix().strip_prefix("balancer://") else { return url.clone() };
        let (name, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let named = |section: &Directive<'a>| {
            let text = section.arg(0);
            text.strip_prefix("balancer://").is_some_and(|t| t.trim_end_matches('/').eq_ignore_ascii_case(name))
        };
        let config = self.host.shared.config;
        let sections = config.all(self.host.shared.sources, Name::Proxy).filter(named);
        let member = sections.flat_map(|s| s.children().collect::<Vec<_>>()).find(|c| c.name() == Name::BalancerMember);
        let inside = member.filter(|m| !m.is_unknown()).map(|m| m.arg(0).into_owned());
        let outside = || {
            let mut all = config.all(self.host.shared.sources, Name::BalancerMember);
            all.find(|m| m.arg(0).strip_prefix("balancer://").is_some_and(|t| t == name)).map(|m| m.arg(1).into_owned())
        };
        match inside.or_else(outside) {
            Some(member) if url.known().is_some() => Value::Known(format!("{}{path}", member.trim_end_matches('/'))),
            Some(member) => Value::Unknown { prefix: member, nonempty: true, why: "path".to_owned() },
            None => url.clone(),
        }
    }
}

/// Whether a section has a directive of the core, conditions around it aside.
fn says_core(section: &Directive<'_>) -> bool {
    section.children().any(|child| match child.name() {
        Name::IfModule | Name::IfDefine | Name::IfVersion | Name::IfFile | Name::IfDirective | Name::IfSection => {
            says_core(&child)
        }
        name => name.info().is_some_and(|info| info.module == "core"),
    })
}
