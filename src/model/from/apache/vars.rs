//! What a request looks like to `mod_rewrite`, to expressions, to `SetEnvIf` and to `Header`.

use crate::model::Value;
use crate::source::Span;

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
    /// Whatever hangs on the clock, the process or the owner of a file: never known here.
    Other(&'static str),
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

/// What a request looks like to the modules that ask about it. Each answer is known, or unknown with a reason.
pub(super) trait Vars {
    /// A server variable; one that is not set is empty.
    fn variable(&mut self, variable: Variable) -> Value;

    /// A request header field: fields of one name are joined with `, ` (`apr_table_get` of what the server merged). `None`: there
    /// is none.
    fn request_header(&mut self, name: &str) -> Option<Value>;

    /// The names and values of all request header fields, in order; `Host` among them.
    fn request_headers(&mut self) -> Vec<(String, Value)>;

    /// A response header field, as far as there is a response.
    fn response_header(&mut self, name: &str) -> Option<Value>;

    /// A variable of `r->subprocess_env`; `None`: not set.
    fn env(&mut self, name: &str) -> Option<Value>;

    /// Sets a variable of `r->subprocess_env`, or removes it.
    fn set_env(&mut self, name: &str, value: Option<Value>, by: Span);

    /// A note (`r->notes`); `None`: not set.
    fn note(&mut self, name: &str) -> Option<Value>;

    /// A variable of `mod_ssl` (`SSL_PROTOCOL`); `None`: not set, as on a plain connection.
    fn ssl(&mut self, name: &str) -> Option<Value>;

    /// Whether a path of the file system passes a test; `None`: unknown.
    fn file(&mut self, test: FileTest, path: &str) -> Option<bool>;

    /// The text of a file of the served machine; `None`: unknown.
    fn read_file(&mut self, path: &str) -> Option<String>;

    /// The status that a subrequest would end with; `None`: unknown.
    fn subrequest(&mut self, target: Target<'_>) -> Option<u16>;

    /// A variable as a subrequest would see it (`%{LA-U:NAME}`).
    fn look_ahead(&mut self, target: Target<'_>, variable: &str) -> Value;

    /// Asks what the files do not tell. The same question gets the same answer within one run.
    fn decide(&mut self, question: &str, default: bool, by: Span, file_system: bool) -> bool;

    /// Notes what cannot be followed.
    fn note_unknown(&mut self, what: &str, by: Span);
}
