//! How a request ends: a status of the server itself, or an `ErrorDocument` instead of it (`ap_die`).

use super::uri;
use super::walk::{End, Stop, Walk};
use crate::model::{Handler, HandlerKind, Known, Value};
use crate::project::apache::{Directive, DirectiveId};
use crate::syntax::apache::Name;

/// The scheme of a proxied URL, a Unix socket in front of it left out.
pub(super) fn scheme_of(url: &str) -> String {
    let url = url.split_once('|').map_or(url, |(_, url)| url);
    url.split(':').next().unwrap_or_default().to_ascii_lowercase()
}

/// The kind of handler that a proxied URL makes.
pub(super) fn kind_of(url: &str) -> HandlerKind {
    match scheme_of(url).as_str() {
        "fcgi" => HandlerKind::Fastcgi,
        "scgi" => HandlerKind::Scgi,
        "uwsgi" => HandlerKind::Uwsgi,
        _ => HandlerKind::Proxy,
    }
}

/// Whether it is a URL with a `?` or a control character that is not escaped, for FastCGI: PHP-FPM would take it for a part of the name
/// of the script, or for its end (AH10414).
fn confuses_fcgi(url: &Value) -> bool {
    scheme_of(url.prefix()) == "fcgi" && url.prefix().contains(|c: char| c == '?' || c.is_ascii_control())
}

/// Whether a path or a query has a blank or a control character, which HTTP does not take in a request line (AH10415, AH10408).
fn breaks_request_line(text: &str) -> bool {
    text.contains(|c: char| c == ' ' || c.is_ascii_control())
}

/// What an `ErrorDocument` names.
enum Document {
    /// A page of the server.
    Path(String),
    /// A page elsewhere.
    Url(Value),
    /// A text, or the server's own.
    Text,
}

impl Walk<'_, '_> {
    /// Whether `mod_proxy` refuses to ask for a URL. `is_raw`: it goes on without being escaped. The query is never escaped; with
    /// `nocanon` it is part of the URL.
    pub(super) fn is_refused_by_proxy(&self, url: &Value, is_raw: bool) -> bool {
        match kind_of(url.prefix()) {
            HandlerKind::Proxy if is_raw => breaks_request_line(url.prefix()),
            HandlerKind::Proxy => self.r.args.as_ref().is_some_and(|args| breaks_request_line(args.prefix())),
            _ => is_raw && confuses_fcgi(url),
        }
    }

    /// Ends with a status, unless an `ErrorDocument` takes over: then the request starts again (`true`).
    pub(super) fn die(&mut self, stop: Stop) -> bool {
        self.note_handler(&stop);
        let status = match stop.status {
            Known::Is(status) => status,
            unknown @ Known::Unknown(_) => {
                self.end = Some(End::Status(unknown, stop.by));
                return false;
            }
        };
        // An error in an error document: the first one counts. What the client asked for is none, whatever status a rule left there.
        if self.r.redirected && self.r.status != 200 {
            let status = self.back_to_first_error().unwrap_or(status);
            return self.done(status, stop.by);
        }
        if status < 400 {
            return self.done(status, stop.by);
        }
        if status == 401 && self.refused {
            self.add_challenge();
        }
        let Some((document, by)) = self.error_document(status) else { return self.done(status, stop.by) };
        match document {
            Document::Text => self.done(status, stop.by),
            Document::Url(url) => {
                self.step(format!("ErrorDocument answers the {status}"), by);
                self.location = Some(url);
                self.served = Some(Handler {
                    kind: HandlerKind::Redirect,
                    span: Some(self.directive(by).span()),
                    target: self.location.clone(),
                });
                self.done(302, Some(by))
            }
            Document::Path(target) => {
                let (path, query) = uri::split_query(&target);
                let args = query.map(|q| Value::Known(q.to_owned()));
                self.r.status = status;
                "GET".clone_into(&mut self.r.method);
                self.served = None;
                if !self.internal_redirect(path, args) {
                    let status = self.back_to_first_error().unwrap_or(status);
                    return self.done(status, Some(by));
                }
                self.step(format!("ErrorDocument answers the {status}"), by);
                true
            }
        }
    }

    /// The response is that of the first error; its status.
    fn back_to_first_error(&mut self) -> Option<u16> {
        self.r = *self.r.first_error.take()?;
        self.location = None;
        Some(self.r.status)
    }

    fn done(&mut self, status: u16, by: Option<DirectiveId>) -> bool {
        self.local_error = true;
        self.end = Some(End::Status(Known::Is(status), by));
        false
    }

    /// Keeps what would have made the response, or did.
    fn note_handler(&mut self, stop: &Stop) {
        let by = stop.by.map(|id| self.directive(id));
        let span = by.map(|d| d.span());
        let ends_itself = by.is_some_and(|d| ends_itself(&d));
        if self.location.is_some() && matches!(stop.status, Known::Is(300..=399)) {
            self.served = Some(Handler { kind: HandlerKind::Redirect, span, target: self.location.clone() });
        } else if ends_itself && !self.refused {
            self.served = Some(Handler { kind: HandlerKind::Return, span, target: None });
        } else if self.served.is_none() {
            if self.refused {
                self.find_type();
            }
            let class = self.classify();
            self.served = Some(self.handler_of(&class));
        }
    }

    /// The `ErrorDocument` in force for a status.
    fn error_document(&mut self, status: u16) -> Option<(Document, DirectiveId)> {
        let wanted = status.to_string();
        for id in self.all(&[Name::ErrorDocument]).into_iter().rev() {
            let directive = self.directive(id);
            if directive.arg(0) != wanted {
                continue;
            }
            let target = directive.arg(1).into_owned();
            if target.contains(' ') {
                return Some((Document::Text, id));
            }
            if target.starts_with('/') {
                return match self.expand(&target, &directive) {
                    Value::Known(path) => Some((Document::Path(path), id)),
                    Value::Unknown { .. } => Some((Document::Text, id)),
                };
            }
            if uri::is_url(&target) {
                // The server does not take a URL for 401 and says so in its log: the one before counts.
                if status == 401 {
                    continue;
                }
                let url = self.expand(&target, &directive);
                return Some((Document::Url(url), id));
            }
            return Some((Document::Text, id));
        }
        None
    }
}

/// Whether a directive ends a request by itself.
fn ends_itself(directive: &Directive) -> bool {
    matches!(
        directive.name(),
        Name::Redirect
            | Name::RedirectMatch
            | Name::RedirectTemp
            | Name::RedirectPermanent
            | Name::RewriteRule
            | Name::TraceEnable
            | Name::DirectoryIndexRedirect
    )
}
