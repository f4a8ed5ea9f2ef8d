//! What a request looks like to `mod_rewrite`, to expressions, to `SetEnvIf` and to `Header`.

use super::walk::Field;
use crate::model::Value;
use crate::source::Span;
use crate::syntax::apache::header::Table;

/// A server variable: `%{NAME}` of `mod_rewrite` (`lookup_variable`) and of expressions (`request_var_fn` and its like). Those that
/// are request header fields under another name (`HTTP_HOST`) are asked for as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Variable {
    /// `Basic`, where a user is authenticated.
    AuthType,
    /// Address of the peer, whatever `mod_remoteip` says.
    ConnRemoteAddr,
    /// The type of the response so far.
    ContentType,
    /// The folder of an alias, else the document root.
    ContextDocumentRoot,
    /// The URL prefix of an alias, else nothing.
    ContextPrefix,
    /// `DocumentRoot` of the virtual host.
    DocumentRoot,
    /// The name of the handler so far.
    Handler,
    /// `on` or `off`.
    Http2,
    /// `on` or `off`.
    Https,
    /// `on` or `off`.
    Ipv6,
    /// `true` or `false`.
    IsSubreq,
    /// What follows the file in the path.
    PathInfo,
    /// The query of the current URL, without `?`.
    QueryString,
    /// Address of the client as `mod_remoteip` leaves it.
    RemoteAddr,
    /// Its name, else its address.
    RemoteHost,
    /// Answer of an ident server.
    RemoteIdent,
    /// Its port.
    RemotePort,
    /// The user, once authenticated.
    RemoteUser,
    /// `r->filename`: the path of the file once the URL is mapped; before that the URL path.
    RequestFilename,
    /// `GET`, `POST` …
    RequestMethod,
    /// `http` or `https`.
    RequestScheme,
    /// Status of the response so far.
    RequestStatus,
    /// `r->uri`: the decoded and normalised path of the current (perhaps internally redirected) request.
    RequestUri,
    /// Address of the server.
    ServerAddr,
    /// `ServerAdmin`.
    ServerAdmin,
    /// `ap_get_server_name_for_url`: see `UseCanonicalName`.
    ServerName,
    /// `ap_get_server_port`.
    ServerPort,
    /// `HTTP/1.1`.
    ServerProtocol,
    /// What `ServerTokens` leaves of it.
    ServerSoftware,
    /// The request line as sent.
    TheRequest,
    /// What hangs on the clock, the process or the owner of a file is never known here: what it is, in a few words.
    Other(&'static str),
}

/// What a name in `%{…}` stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Named {
    /// A server variable.
    Variable(Variable),
    /// A request header field.
    Header(&'static str),
}

impl Named {
    /// What `mod_rewrite` and expressions both know, by its name in capitals.
    pub(super) fn of(name: &str) -> Option<Self> {
        let variable = match name {
            "HTTP_ACCEPT" => return Some(Self::Header("Accept")),
            "HTTP_COOKIE" => return Some(Self::Header("Cookie")),
            "HTTP_FORWARDED" => return Some(Self::Header("Forwarded")),
            "HTTP_HOST" => return Some(Self::Header("Host")),
            "HTTP_PROXY_CONNECTION" => return Some(Self::Header("Proxy-Connection")),
            "HTTP_REFERER" => return Some(Self::Header("Referer")),
            "HTTP_USER_AGENT" => return Some(Self::Header("User-Agent")),
            "AUTH_TYPE" => Variable::AuthType,
            "CONN_REMOTE_ADDR" => Variable::ConnRemoteAddr,
            "CONTEXT_DOCUMENT_ROOT" => Variable::ContextDocumentRoot,
            "CONTEXT_PREFIX" => Variable::ContextPrefix,
            "DOCUMENT_ROOT" => Variable::DocumentRoot,
            "HTTPS" => Variable::Https,
            "IPV6" => Variable::Ipv6,
            "IS_SUBREQ" => Variable::IsSubreq,
            "PATH_INFO" => Variable::PathInfo,
            "QUERY_STRING" => Variable::QueryString,
            "REMOTE_ADDR" => Variable::RemoteAddr,
            "REMOTE_HOST" => Variable::RemoteHost,
            "REMOTE_IDENT" => Variable::RemoteIdent,
            "REMOTE_PORT" => Variable::RemotePort,
            "REMOTE_USER" => Variable::RemoteUser,
            "REQUEST_FILENAME" | "SCRIPT_FILENAME" => Variable::RequestFilename,
            "REQUEST_METHOD" => Variable::RequestMethod,
            "REQUEST_SCHEME" => Variable::RequestScheme,
            "REQUEST_URI" => Variable::RequestUri,
            "SERVER_ADMIN" => Variable::ServerAdmin,
            "SERVER_NAME" => Variable::ServerName,
            "SERVER_PORT" => Variable::ServerPort,
            "SERVER_PROTOCOL" => Variable::ServerProtocol,
            "SERVER_SOFTWARE" => Variable::ServerSoftware,
            "THE_REQUEST" => Variable::TheRequest,
            "API_VERSION" => Variable::Other("version of the server"),
            "SCRIPT_GROUP" | "SCRIPT_USER" => Variable::Other("owner of a file"),
            "TIME" | "TIME_DAY" | "TIME_HOUR" | "TIME_MIN" | "TIME_MON" | "TIME_SEC" | "TIME_WDAY" | "TIME_YEAR" => {
                Variable::Other("time")
            }
            _ => return None,
        };
        Some(Self::Variable(variable))
    }
}

/// A question about the file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum FileTest {
    /// `-e`: there is something.
    Exists,
    /// `-f`: a file.
    File,
    /// `-d`: a folder.
    Folder,
    /// `-s`: a file that is not empty.
    NonEmpty,
    /// `-l`, `-L`, `-h`: a symbolic link.
    Link,
    /// `-x`: something with a permission to execute.
    Executable,
}

/// What a subrequest is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Target<'t> {
    /// A URL path (`-U`, `LA-U`): every phase up to the fixups.
    Url(&'t str),
    /// A path of the file system (`-F`, `LA-F`).
    File(&'t str),
}

/// A variable of the environment as `%{ENV:…}` and `env(…)` look it up: a note, a variable of the request, one of the server.
pub(super) fn any_env(vars: &mut dyn Vars, name: &str) -> Value {
    let value = vars.note(name).or_else(|| vars.env(name)).or_else(|| vars.process_env(name));
    value.unwrap_or_else(|| Value::Known(String::new()))
}

/// What a request looks like to the modules that ask about it. Each answer is known, or unknown with a reason.
pub(super) trait Vars {
    /// A server variable; one that is not set is empty.
    fn variable(&mut self, variable: Variable) -> Value;

    /// The header fields of the request (`r->headers_in`, `Host` among them; those that the client sends under one name are joined
    /// with `, `), those sent with errors too (`r->err_headers_out`), or
    /// those of other responses (`r->headers_out`).
    fn fields(&mut self, table: Table) -> &mut Vec<Field>;

    /// A request header field, of several the first; `None`: there is none.
    fn request_header(&mut self, name: &str) -> Option<Value> {
        self.fields(Table::Request).iter().find(|f| f.name.eq_ignore_ascii_case(name)).map(|f| f.value.clone())
    }

    /// The names and values of all request header fields, in order.
    fn request_headers(&mut self) -> Vec<(String, Value)> {
        self.fields(Table::Request).iter().map(|f| (f.name.clone(), f.value.clone())).collect()
    }

    /// A response header field, as far as there is a response; those that are not sent with errors count first.
    fn response_header(&mut self, name: &str) -> Option<Value> {
        let mut find = |table| self.fields(table).iter().find(|f| f.name.eq_ignore_ascii_case(name)).map(|f| f.value.clone());
        find(Table::Success).or_else(|| find(Table::Always))
    }

    /// A variable of `r->subprocess_env`; `None`: not set.
    fn env(&mut self, name: &str) -> Option<Value>;

    /// Sets a variable of `r->subprocess_env`, or removes it.
    fn set_env(&mut self, name: &str, value: Option<Value>, by: Span);

    /// Sends a cookie of a rule with whatever is answered (`add_cookie`); of each name the first one.
    fn add_cookie(&mut self, value: Value, by: Span);

    /// A note (`r->notes`); `None`: not set.
    fn note(&mut self, name: &str) -> Option<Value>;

    /// Sets a note, or removes it.
    fn set_note(&mut self, name: &str, value: Option<Value>);

    /// A variable of the server's own environment (`getenv`); `None`: certainly not set. What the files never mention may be set by
    /// whoever starts the server.
    fn process_env(&mut self, name: &str) -> Option<Value>;

    /// A variable of `mod_ssl` (`SSL_PROTOCOL`); `None`: not set, as on a plain connection.
    fn ssl(&mut self, name: &str) -> Option<Value>;

    /// Whether a path of the file system passes a test; `None`: unknown.
    fn file(&mut self, test: FileTest, path: &str) -> Option<bool>;

    /// The text of a file of the served machine; `None`: unknown.
    fn read_file(&mut self, path: &str) -> Option<String>;

    /// Whether rules may make a subrequest: one for the same URL as the request around it makes none.
    fn may_look_ahead(&self) -> bool;

    /// The status that a subrequest would end with; `None`: unknown.
    fn subrequest(&mut self, target: Target<'_>) -> Option<u16>;

    /// A variable as a subrequest would see it (`%{LA-U:NAME}`).
    fn look_ahead(&mut self, target: Target<'_>, variable: &str) -> Value;

    /// Whether a host and a port name this virtual host (`ap_matches_request_vhost`): one of its addresses, or one of its names with
    /// the port of its `ServerName`; `None`: unknown.
    fn serves_host(&mut self, host: &str, port: u16) -> Option<bool>;

    /// Takes one rewrite step of the budget of the request; `false`: there is none left.
    fn spend(&mut self) -> bool;

    /// Asks what the files do not tell. The same question gets the same answer within one run.
    fn decide(&mut self, question: &str, default: bool, by: Span, file_system: bool) -> bool;

    /// Notes what cannot be followed.
    fn note_unknown(&mut self, what: &str, by: Span);
}
