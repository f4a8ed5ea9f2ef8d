//! One request on its way through the phases of httpd (`ap_process_request_internal`): mapping of the URL, the sections that are for
//! it, access, the type of the file, fixups, and back through internal redirects and error documents.

use std::collections::HashSet;
use std::net::IpAddr;

use super::env::Env;
use super::frame::{Frame, Stands};
use super::host::Host;
use super::walked::{Settings, Walks};
use crate::model::from::choices::Choices;
use crate::model::{Combine, Gate, Handler, Known, Request, Step, Unknown, Value};
use crate::project::apache::DirectiveId;
use crate::source::Span;
use crate::syntax::apache::header::Table;

/// `LimitInternalRecursion`: internal redirects before the server gives up with 500.
pub(super) const MAX_REDIRECTS: u32 = 10;

/// How the walk ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The server answers by itself with this status; the directive that says so.
    Status(Known<u16>, Option<DirectiveId>),
    /// The application answers.
    Upstream,
}

/// A phase that does not go on: the status, and the directive that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) status: Known<u16>,
    pub(super) by: Option<DirectiveId>,
}

impl Stop {
    pub(super) fn status(status: u16, by: Option<DirectiveId>) -> Self {
        Self { status: Known::Is(status), by }
    }

    pub(super) fn unknown(why: &str, by: Option<DirectiveId>) -> Self {
        Self { status: Known::Unknown(why.to_owned()), by }
    }
}

/// A request header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) value: Value,
    /// The directive that set it; `None`: as the client sent it.
    pub(super) by: Option<Span>,
}

/// The state of a request.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the server's own record of a request")]
pub(super) struct Walk<'w, 'a> {
    pub(super) host: &'w Host<'a>,
    pub(super) request: &'w Request,
    pub(super) choices: &'w mut Choices,
    pub(super) r: Frame,
    /// The request header, `Host` among them (`r->headers_in`).
    pub(super) headers: Vec<Field>,
    /// Response header fields that the configuration makes (`r->headers_out`) …
    pub(super) success: Vec<Field>,
    /// … and those that are sent with errors too (`r->err_headers_out`).
    pub(super) always: Vec<Field>,
    /// The cookies that rules set.
    pub(super) cookies: Vec<Field>,
    /// Header fields that the configuration took away, with the directive.
    pub(super) cleared: Vec<(String, Span)>,
    /// Fields of the response of which it did so.
    pub(super) hidden: Vec<(String, Span)>,
    /// Whether the configuration replaced or took away the `Cache-Control` of whoever answers.
    pub(super) replaced_cache_control: bool,
    /// The time until `Expires` of `mod_expires`, as `Cache-Control` says it.
    pub(super) expires_in: Option<Value>,
    /// The table that has the fields of whoever answers.
    pub(super) answers_in: Option<Table>,
    /// The path that the quick handler of the cache sees; `None`: it is not asked.
    pub(super) quick_path: Option<String>,
    /// Whether it sees credentials.
    pub(super) quick_authorization: bool,
    /// The file that the client's own path means.
    pub(super) own_file: Option<String>,
    /// Address of the client; `None`: not known.
    pub(super) client: Option<IpAddr>,
    /// The number of the settings made last.
    pub(super) last_settings: u32,
    pub(super) redirects_left: u32,
    /// How many subrequests this one is in.
    pub(super) depth: u32,
    /// Whether a condition (`<IfModule>` …) holds, as far as it was asked.
    pub(super) conditions: Vec<Option<bool>>,
    /// What is not allowed in a `.htaccess` and passed over there (`Nonfatal=Override`), with all inside.
    pub(super) passed_over: Vec<std::ops::Range<DirectiveId>>,
    /// Whether a rule with `END` keeps all others from running.
    pub(super) rewrites_end: bool,
    pub(super) location: Option<Value>,
    pub(super) end: Option<End>,
    /// What makes the response, or would have made it.
    pub(super) served: Option<Handler>,
    /// Whether the application was asked.
    pub(super) reached: bool,
    /// Where the handler of PHP is not in the files: whether it is `mod_php`.
    pub(super) php_inside: Option<bool>,
    /// Whether access was refused.
    pub(super) refused: bool,
    /// Whether the server sends the request back as it came (`TRACE`).
    pub(super) is_echoed: bool,
    /// Whether the response is made by the server without a handler, so that only `Header always` is for it.
    pub(super) local_error: bool,
    /// The first `Require` that asks for a user, and how it stands with others.
    pub(super) user_gate: Option<(DirectiveId, Combine)>,
    pub(super) gates: Vec<Gate>,
    pub(super) steps: Vec<Step>,
    pub(super) unknown: Vec<Unknown>,
    pub(super) noted: HashSet<(String, Span), foldhash::fast::FixedState>,
}

impl<'w, 'a> Walk<'w, 'a> {
    pub(super) fn new(host: &'w Host<'a>, request: &'w Request, choices: &'w mut Choices) -> Self {
        let field = |name: &str, value: &str| Field { name: name.to_owned(), value: Value::Known(value.to_owned()), by: None };
        let mut headers = Vec::with_capacity(request.headers.len() + 1);
        if !request.host.is_empty() {
            headers.push(field("Host", &host_header(request)));
        }
        for (name, value) in &request.headers {
            // Fields of one name are one to the server.
            let same = headers.iter_mut().find(|f: &&mut Field| f.name.eq_ignore_ascii_case(name));
            match same {
                Some(Field { value: Value::Known(text), .. }) => {
                    text.push_str(", ");
                    text.push_str(value);
                }
                _ => headers.push(field(name, value)),
            }
        }
        Self {
            host,
            request,
            choices,
            r: Frame {
                path: super::uri::with_one_slash(&request.path).to_owned(),
                uri: super::uri::with_one_slash(&request.path).to_owned(),
                args: request.query.clone().map(Value::Known),
                method: request.method.clone(),
                filename: String::new(),
                path_is_file: false,
                path_info: String::new(),
                stands: Stands::Nothing,
                behind_script: None,
                proxied: None,
                rewritten: None,
                handler: None,
                forced_handler: None,
                forced_type: None,
                script_alias: false,
                context: None,
                mapped_by: None,
                layers: Vec::new(),
                settings: Settings::default(),
                walks: Walks::default(),
                previous: None,
                around: None,
                env: Env::default(),
                notes: Env::default(),
                user: None,
                status: 200,
                first_error: None,
                has_port: true,
                subrequest: false,
                redirected: false,
            },
            headers,
            success: Vec::new(),
            always: Vec::new(),
            cookies: Vec::new(),
            cleared: Vec::new(),
            hidden: Vec::new(),
            replaced_cache_control: false,
            expires_in: None,
            answers_in: None,
            quick_path: Some(super::uri::with_one_slash(&request.path).to_owned()),
            quick_authorization: false,
            own_file: None,
            client: Some(request.client),
            last_settings: 0,
            redirects_left: MAX_REDIRECTS,
            depth: 0,
            conditions: vec![None; host.shared.config.conditions.len()],
            passed_over: Vec::new(),
            rewrites_end: false,
            location: None,
            end: None,
            served: None,
            reached: false,
            php_inside: None,
            refused: false,
            is_echoed: false,
            local_error: false,
            user_gate: None,
            gates: Vec::new(),
            steps: Vec::new(),
            unknown: Vec::new(),
            noted: HashSet::default(),
        }
    }

    /// Follows the request to its end.
    pub(super) fn run(&mut self) {
        // HTTP/1.1 asks for a Host header, and one of a name has no two dots in a row (`fix_hostname`).
        let mut result = if self.request.host.is_empty() || self.request.host.contains("..") {
            self.start_settings();
            Err(Stop::status(400, None))
        } else {
            self.remote_address();
            self.post_read_request();
            self.process()
        };
        loop {
            let stop = match result {
                Ok(()) => match self.invoke_handler() {
                    Invoked::Done(end) => {
                        self.end = Some(end);
                        return;
                    }
                    Invoked::Redirect => {
                        result = self.process();
                        continue;
                    }
                    Invoked::Stop(stop) => stop,
                },
                Err(stop) => stop,
            };
            if self.die(stop) {
                result = self.process();
            } else {
                return;
            }
        }
    }

    /// The phases of one request or internal redirect up to the handler.
    pub(super) fn process(&mut self) -> Result<(), Stop> {
        // What ends here has the error documents of the host.
        self.start_settings();
        self.normalize()?;
        self.location_and_if();
        self.translate()?;
        self.map_to_storage()?;
        self.location_and_if();
        if !self.r.subrequest {
            self.header_parser();
        }
        self.access()?;
        self.multi_views()?;
        self.find_type();
        self.fixups()
    }

    /// Starts again with another path (`ap_internal_redirect`). `false`: too many of them.
    pub(super) fn internal_redirect(&mut self, path: &str, args: Option<Value>) -> bool {
        if self.redirects_left == 0 {
            return false;
        }
        self.redirects_left -= 1;
        // Fields for errors go on, others do not.
        self.success.clear();
        let left = self.leave();
        let r = &mut self.r;
        r.first_error = match r.first_error.take() {
            _ if r.status == 200 => None,
            None => Some(Box::new(r.clone())),
            first => first,
        };
        r.env.rename_for_redirect();
        r.env.set("REDIRECT_STATUS", Some(Value::Known(r.status.to_string())), None);
        r.reset(path, args);
        r.previous = Some(left);
        r.redirected = true;
        self.quick_path = Some(self.r.path.clone());
        self.post_read_request();
        true
    }
}

/// What the handler phase comes to.
#[derive(Debug)]
pub(super) enum Invoked {
    Done(End),
    /// The request starts again elsewhere.
    Redirect,
    Stop(Stop),
}

/// The Host header of a request.
pub(super) fn host_header(request: &Request) -> String {
    if let Some(field) = &request.host_field {
        return field.clone();
    }
    if request.port == request.scheme.default_port() {
        return request.host.clone();
    }
    format!("{}:{}", request.host, request.port)
}
