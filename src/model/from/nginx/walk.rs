//! One request on its way through the phases of nginx (`ngx_http_core_module`): server rewrite, location choice, location rewrite,
//! access, `try_files`, content, and back through `error_page` and internal redirects.

use std::collections::{HashMap, HashSet};

use super::location::Found;
use super::nginx_site::Server;
use super::scope::{NONE, ScopeId, ScopeKind};
use super::script::Flow;
use super::slots::Single;
use super::uri;
pub(super) use crate::model::fact::{concat, unknown_value};
use crate::model::from::choices::Choices;
use crate::model::{Gate, Known, Request, Step, Unknown, Value};
use crate::project::nginx::DirectiveId;
use crate::source::Span;

/// Internal redirects and rewrites before nginx gives up with 500.
const MAX_URI_CHANGES: u32 = 11;

/// What comes next.
#[derive(Debug)]
pub(super) enum Next {
    ServerRewrite,
    FindLocation,
    LocationRewrite,
    Access,
    TryFiles,
    Content,
    Done,
}

/// How the walk ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// nginx answers by itself with this status; the directive that says so.
    Status(Known<u16>, Option<DirectiveId>),
    /// The upstream answers.
    Upstream,
}

/// The state of a request.
#[expect(clippy::struct_excessive_bools, reason = "the flags of ngx_http_request_t, each changed on its own")]
pub(super) struct Walk<'w, 'a> {
    pub(super) server: &'w Server<'a>,
    pub(super) request: &'w Request,
    pub(super) choices: &'w mut Choices,
    /// Normalised path; `None`: not known.
    pub(super) uri: Option<String>,
    pub(super) args: Value,
    pub(super) method: String,
    pub(super) client: Option<std::net::IpAddr>,
    pub(super) scope: ScopeId,
    pub(super) handler: Option<DirectiveId>,
    pub(super) variables: HashMap<String, Value, foldhash::fast::FixedState>,
    pub(super) maps: HashMap<String, Value, foldhash::fast::FixedState>,
    pub(super) captures: Vec<Option<String>>,
    /// Whether the request was redirected internally, so that `internal` locations are open to it.
    pub(super) internal: bool,
    /// Whether the URI is still the one the location was chosen for; `alias` cannot be used otherwise.
    pub(super) valid_location: bool,
    /// Whether the URI goes behind the path that `alias` gives in a regex location.
    pub(super) adds_uri_to_alias: bool,
    /// What a check of `satisfy any` refused with, and which: it stays with the request until another one lets it in.
    pub(super) pending: Option<(u16, DirectiveId)>,
    /// Whether this is a subrequest: the access phase does not run.
    pub(super) subrequest: bool,
    pub(super) uri_changed: bool,
    pub(super) uri_changes: u32,
    pub(super) error_page_used: bool,
    /// Whether `return` gives a text of its own: sent as it is, no error page takes over.
    pub(super) body_sent: bool,
    /// Status that replaces the one of the final response (`error_page` without `=`).
    pub(super) error_status: Option<u16>,
    pub(super) location: Option<Value>,
    pub(super) end: Option<End>,
    /// The directive that ended the walk by itself (`return`, `rewrite`), if one did.
    pub(super) ended_by: Option<DirectiveId>,
    /// What headers-more has changed of the client's header so far.
    pub(super) edits: Vec<super::upstream::InputEdit>,
    pub(super) gates: Vec<Gate>,
    pub(super) refused: bool,
    /// Whether the upstream was asked; an `error_page` may have set the status before.
    pub(super) reached: bool,
    pub(super) steps: Vec<Step>,
    pub(super) unknown: Vec<Unknown>,
    pub(super) noted: HashSet<(String, Span), foldhash::fast::FixedState>,
    pub(super) depth: u8,
    /// The location that answered the last `auth_request`.
    pub(super) subrequest_scope: Option<ScopeId>,
}

impl<'w, 'a> Walk<'w, 'a> {
    pub(super) fn new(server: &'w Server<'a>, request: &'w Request, choices: &'w mut Choices) -> Self {
        Self {
            server,
            request,
            choices,
            uri: None,
            args: Value::Known(request.query.clone().unwrap_or_default()),
            method: request.method.clone(),
            client: Some(request.client),
            scope: server.scope,
            handler: None,
            variables: HashMap::default(),
            maps: HashMap::default(),
            captures: Vec::new(),
            internal: false,
            valid_location: true,
            adds_uri_to_alias: false,
            pending: None,
            subrequest: false,
            uri_changed: false,
            uri_changes: MAX_URI_CHANGES,
            error_page_used: false,
            body_sent: false,
            error_status: None,
            location: None,
            end: None,
            ended_by: None,
            edits: Vec::new(),
            gates: Vec::new(),
            refused: false,
            reached: false,
            steps: Vec::new(),
            unknown: Vec::new(),
            noted: HashSet::default(),
            depth: 0,
            subrequest_scope: None,
        }
    }

    /// Follows the request to its end.
    pub(super) fn run(&mut self) {
        let first = self.server.shared.scopes.settled(self.server.default_scope(self.request));
        let merge = first.single(Single::MergeSlashes).is_none_or(|id| self.directive(id).arg(0) != "off");
        self.uri = uri::normalize(&self.request.path, merge);
        self.client = self.real_client();
        let host = self.request.host.trim_end_matches('.').to_owned();
        for regex in self.server.name_regexes(self.request, &host) {
            if self.regex_captures(regex, &host) == Some(true) {
                break;
            }
        }
        // HTTP/1.1 asks for a Host header, and nginx for a path that it can normalise.
        if self.uri.is_none() || self.request.host.is_empty() {
            self.end = Some(End::Status(Known::Is(400), None));
            return;
        }
        let first =
            if matches!(self.method.as_str(), "TRACE" | "CONNECT") { self.finalize(405, None) } else { Next::ServerRewrite };
        self.run_from(first);
    }

    /// Follows the request from a phase on.
    pub(super) fn run_from(&mut self, mut next: Next) {
        loop {
            next = match next {
                Next::ServerRewrite => self.server_rewrite(),
                Next::FindLocation => self.find_location(),
                Next::LocationRewrite => self.location_rewrite(),
                Next::Access => self.access_phase(),
                Next::TryFiles => self.try_files(),
                Next::Content => self.content(),
                Next::Done => return,
            };
        }
    }

    fn server_rewrite(&mut self) -> Next {
        self.scope = self.server.scope;
        self.valid_location = true;
        let scope = self.server.scope;
        match self.script(scope) {
            Flow::Status(status, by) => self.finalize(status, Some(by)),
            Flow::Lost => self.give_up(),
            Flow::Next | Flow::Stop => Next::FindLocation,
        }
    }

    fn find_location(&mut self) -> Next {
        self.handler = None;
        self.uri_changed = false;
        let Some(uri) = self.uri.clone() else {
            self.enter(self.server.scope);
            self.end = Some(End::Status(Known::Unknown("the rewritten path is not known".to_owned()), None));
            return Next::Done;
        };
        let server = self.server;
        let mut open = None;
        let found = server.shared.locations.find(&server.shared.scopes, server.scope, &uri, &mut |regex| {
            let answer = self.regex_captures(regex, &uri);
            if answer.is_none() {
                open = Some(regex);
            }
            answer
        });
        let (scope, slash) = match found {
            Found::Server => (server.scope, false),
            Found::Location(scope) => (scope, false),
            Found::SlashRedirect(scope) => (scope, true),
            Found::Unknown(scope) => {
                self.note_unknown("which location matches", self.directive(self.scope_of(scope).directive).span(), false);
                self.enter(scope);
                self.end = Some(End::Status(Known::Unknown("the location is not known".to_owned()), None));
                return Next::Done;
            }
        };
        if let Some(internal) = self.server.shared.scopes.settled(scope).internal()
            && !self.internal
        {
            self.scope = scope;
            self.step("location is internal: not found from outside", internal);
            return self.finalize(404, Some(internal));
        }
        if scope != server.scope {
            let directive = self.scope_of(scope).directive;
            self.step(format!("{} serves {uri}", self.directive(directive).text()), directive);
        }
        self.enter(scope);
        if slash {
            let target = self.with_args(&uri::escape(&format!("{uri}/")));
            self.location = Some(self.absolute(target));
            return self.finalize(301, None);
        }
        Next::LocationRewrite
    }

    fn location_rewrite(&mut self) -> Next {
        if self.scope == self.server.scope {
            self.edit_input_headers();
            return Next::Access;
        }
        let scope = self.scope;
        match self.script(scope) {
            Flow::Status(status, by) => return self.finalize(status, Some(by)),
            Flow::Lost => return self.give_up(),
            Flow::Next | Flow::Stop => {}
        }
        self.edit_input_headers();
        if !self.uri_changed {
            return Next::Access;
        }
        if !self.count_change() {
            return self.finalize(500, None);
        }
        self.scope = self.server.scope;
        Next::FindLocation
    }

    /// Ends where the request cannot be followed any further.
    fn give_up(&mut self) -> Next {
        self.end = Some(End::Status(Known::Unknown("there are too many rewrite directives".to_owned()), None));
        Next::Done
    }

    fn access_phase(&mut self) -> Next {
        // The address is looked for a second time before the access phase, now with the settings of the location.
        if self.client == Some(self.request.client) {
            self.client = self.real_client();
        }
        if self.subrequest {
            return Next::TryFiles;
        }
        match self.access() {
            Some((status, by)) => {
                self.refused = true;
                self.finalize(status, Some(by))
            }
            None => Next::TryFiles,
        }
    }

    /// Makes a block the current one: `limit_except` inside it takes over for the methods it limits, a handler of its own counts.
    pub(super) fn enter(&mut self, scope: ScopeId) {
        self.scope = scope;
        let limit = self.scope_of(scope).limit_except;
        if limit != NONE && self.is_limited(limit) {
            self.step(format!("limit_except applies to {}", self.method), self.scope_of(limit).directive);
            self.scope = limit;
        }
        if let Some(handler) = self.settled().handler()
            && !self.keeps_handler(handler)
        {
            self.handler = Some(handler);
        }
    }

    /// Whether the handler that an `if` before this one has set stays in spite of the inherited one: nginx switches to another kind
    /// of handler only where the block has one of its own (`ngx_http_update_location_config`).
    fn keeps_handler(&self, inherited: DirectiveId) -> bool {
        let block = self.scope_of(self.scope);
        let own = self.directive(inherited).parent().is_some_and(|p| p.id == block.directive);
        block.kind == ScopeKind::LocationIf
            && !own
            && self.handler.is_some_and(|h| self.directive(h).name() != self.directive(inherited).name())
    }

    fn is_limited(&self, limit: ScopeId) -> bool {
        let directive = self.directive(self.scope_of(limit).directive);
        !directive.args().any(|allowed| allowed == self.method || allowed == "GET" && self.method == "HEAD")
    }

    /// Takes a step that changes the URI; `false` when there were too many.
    pub(super) fn count_change(&mut self) -> bool {
        self.uri_changes -= 1;
        if self.uri_changes == 0 {
            let place = self.scope_of(self.scope).directive;
            self.step("rewrite or internal redirection cycle", place);
        }
        self.uri_changes > 0
    }

    /// Starts again with another URI (`try_files`, `index`, `error_page`).
    pub(super) fn internal_redirect(&mut self, uri: Option<String>, args: Value) -> Next {
        if !self.count_change() {
            return self.finalize(500, None);
        }
        self.uri = uri;
        self.args = args;
        self.internal = true;
        self.adds_uri_to_alias = false;
        self.enter(self.server.scope);
        Next::ServerRewrite
    }

    /// Goes on in a named location.
    pub(super) fn named_redirect(&mut self, name: &str, by: DirectiveId) -> Next {
        if !self.count_change() {
            return self.finalize(500, None);
        }
        let Server { shared, scope, .. } = self.server;
        let Some(scope) = shared.locations.named(&shared.scopes, *scope, name) else {
            return self.finalize(500, Some(by));
        };
        self.step(format!("continues in location {name}"), by);
        self.internal = true;
        self.handler = None;
        self.uri_changed = false;
        self.enter(scope);
        Next::LocationRewrite
    }
}
