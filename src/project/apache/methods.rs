//! The methods of requests that httpd knows.

/// Those it knows without `RegisterHttpMethod`, whatever modules are loaded (`ap_method_registry_init`; measured with 2.4.71: others
/// are refused by `Require method`, and answered with 501 where a file is asked for).
const METHODS: &[&str] = &[
    "GET",
    "HEAD",
    "PUT",
    "POST",
    "DELETE",
    "CONNECT",
    "OPTIONS",
    "TRACE",
    "PATCH",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "VERSION-CONTROL",
    "CHECKOUT",
    "UNCHECKOUT",
    "CHECKIN",
    "UPDATE",
    "LABEL",
    "REPORT",
    "MKWORKSPACE",
    "MKACTIVITY",
    "BASELINE-CONTROL",
    "MERGE",
];

/// Whether httpd knows a method; case counts.
pub fn is_method(name: &str) -> bool {
    METHODS.contains(&name)
}
