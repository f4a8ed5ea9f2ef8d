//! The names that expressions know: variables, functions and operators of the core (`server/util_expr_eval.c`), of `mod_ssl` and
//! of `mod_proxy_hcheck`.

/// A function: `name(word)` or `%{name:text}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// `req`, `http`: a request header field.
    Request,
    /// `req_novary`: the same, without an entry in `Vary`.
    RequestNoVary,
    /// `resp`: a response header field.
    Response,
    /// `reqenv`: a variable of the request's environment.
    RequestEnv,
    /// `note`: a note of the request.
    Note,
    /// `env`: a note, a variable of the request's environment, or of the server's.
    Env,
    /// `osenv`: a variable of the server's environment.
    OsEnv,
    /// `tolower`.
    ToLower,
    /// `toupper`.
    ToUpper,
    /// `escape`: percent-encodes.
    Escape,
    /// `unescape`: decodes.
    Unescape,
    /// `base64`.
    Base64,
    /// `unbase64`.
    Unbase64,
    /// `md5`, in hexadecimal digits.
    Md5,
    /// `sha1`, in hexadecimal digits.
    Sha1,
    /// `file`: the text of a file. Refused in a `.htaccess`.
    File,
    /// `filesize`. Refused in a `.htaccess`.
    FileSize,
    /// `ldap`: escapes for an LDAP filter.
    Ldap,
    /// `hc` of `mod_proxy_hcheck`.
    HealthCheck,
    /// `SSL` of `mod_ssl`: a variable of the connection, as in `%{SSL:SSL_CIPHER}`.
    Ssl,
}

const FUNCTIONS: &[(&str, Function)] = &[
    ("req", Function::Request),
    ("http", Function::Request),
    ("req_novary", Function::RequestNoVary),
    ("resp", Function::Response),
    ("reqenv", Function::RequestEnv),
    ("note", Function::Note),
    ("env", Function::Env),
    ("osenv", Function::OsEnv),
    ("tolower", Function::ToLower),
    ("toupper", Function::ToUpper),
    ("escape", Function::Escape),
    ("unescape", Function::Unescape),
    ("base64", Function::Base64),
    ("unbase64", Function::Unbase64),
    ("md5", Function::Md5),
    ("sha1", Function::Sha1),
    ("file", Function::File),
    ("filesize", Function::FileSize),
    ("ldap", Function::Ldap),
    ("hc", Function::HealthCheck),
    ("ssl", Function::Ssl),
];

impl Function {
    /// The function of that name; case does not count.
    pub(super) fn of(name: &str) -> Option<Self> {
        FUNCTIONS.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, f)| *f)
    }

    /// Whether a `.htaccess` may not use it (since 2.4.68).
    pub(super) fn is_restricted(self) -> bool {
        matches!(self, Self::File | Self::FileSize)
    }
}

/// A list function, as in `'1.2.3' in PeerExtList('x')`.
pub(super) fn is_list_function(name: &str) -> bool {
    name == "PeerExtList"
}

/// An operator before one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `-n`: not empty.
    NotEmpty,
    /// `-z`: empty.
    Empty,
    /// `-T`: neither empty nor `0`, `off`, `false` or `no`.
    True,
    /// `-e`: there is something at this path.
    Exists,
    /// `-f`: a file.
    File,
    /// `-d`: a folder.
    Folder,
    /// `-s`: a file that is not empty.
    NonEmpty,
    /// `-L`, `-h`: a symbolic link.
    Link,
    /// `-x`: something with a permission to execute.
    Executable,
    /// `-F`: a file that a subrequest may get.
    FileAccess,
    /// `-U`, `-A`: a URL that a subrequest may get.
    UrlAccess,
}

impl UnaryOp {
    /// The operator of that letter; case counts. `-R` is not here: its operand is a network.
    pub(super) fn of(letter: &str) -> Option<Self> {
        Some(match letter {
            "n" => Self::NotEmpty,
            "z" => Self::Empty,
            "T" => Self::True,
            "e" => Self::Exists,
            "f" => Self::File,
            "d" => Self::Folder,
            "s" => Self::NonEmpty,
            "L" | "h" => Self::Link,
            "x" => Self::Executable,
            "F" => Self::FileAccess,
            "U" | "A" => Self::UrlAccess,
            _ => return None,
        })
    }
}

const VARIABLES: &[&str] = &[
    "API_VERSION",
    "AUTH_TYPE",
    "CONN_LOG_ID",
    "CONN_REMOTE_ADDR",
    "CONTENT_TYPE",
    "CONTEXT_DOCUMENT_ROOT",
    "CONTEXT_PREFIX",
    "DOCUMENT_ROOT",
    "DOCUMENT_URI",
    "HANDLER",
    "HTTP2",
    "HTTPS",
    "HTTP_ACCEPT",
    "HTTP_COOKIE",
    "HTTP_FORWARDED",
    "HTTP_HOST",
    "HTTP_PROXY_CONNECTION",
    "HTTP_REFERER",
    "HTTP_USER_AGENT",
    "IPV6",
    "IS_SUBREQ",
    "LAST_MODIFIED",
    "PATH_INFO",
    "QUERY_STRING",
    "REMOTE_ADDR",
    "REMOTE_HOST",
    "REMOTE_IDENT",
    "REMOTE_PORT",
    "REMOTE_USER",
    "REQUEST_FILENAME",
    "REQUEST_LOG_ID",
    "REQUEST_METHOD",
    "REQUEST_SCHEME",
    "REQUEST_STATUS",
    "REQUEST_URI",
    "SCRIPT_FILENAME",
    "SCRIPT_GROUP",
    "SCRIPT_USER",
    "SERVER_ADMIN",
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
    "SERVER_SOFTWARE",
    "THE_REQUEST",
    "TIME",
    "TIME_DAY",
    "TIME_HOUR",
    "TIME_MIN",
    "TIME_MON",
    "TIME_SEC",
    "TIME_WDAY",
    "TIME_YEAR",
];

/// A variable by its name in capitals; `None`: the server knows none of that name. `mod_ssl` and `mod_proxy_hcheck` know every name
/// that begins with theirs.
pub(super) fn variable(name: &str) -> Option<String> {
    let capitals = name.to_ascii_uppercase();
    let known = VARIABLES.binary_search(&capitals.as_str()).is_ok() || name.starts_with("SSL_") || capitals.starts_with("HC_");
    known.then_some(capitals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_sorted() {
        assert!(VARIABLES.is_sorted());
        assert_eq!(variable("https").as_deref(), Some("HTTPS"));
        assert_eq!(variable("REQUEST_LINE"), None);
    }
}
