//! How a request ends: a status of nginx itself, an `error_page` instead of it, or the answer of the upstream.

use super::slots::Single;
use super::uri;
use super::walk::{End, Next, Walk, unknown_value};
use crate::model::{Known, Value};
use crate::project::nginx::DirectiveId;

impl Walk<'_, '_> {
    /// Ends with a status that nginx makes itself, unless an `error_page` takes over (`ngx_http_special_response_handler`).
    pub(super) fn finalize(&mut self, status: u16, by: Option<DirectiveId>) -> Next {
        if std::mem::take(&mut self.body_sent) || status < 300 || status == 444 {
            return self.done(Known::Is(status), by);
        }
        self.error_status = Some(status);
        if self.uri_changes == 0 {
            return self.done(Known::Is(status), by);
        }
        let pages = self.server.shared.scopes.run(self.settled().run(super::slots::List::ErrorPages)).to_vec();
        if !self.error_page_used && !pages.is_empty() {
            if !self.is_on(Single::RecursiveErrorPages) {
                self.error_page_used = true;
            }
            let text = status.to_string();
            let page = pages.into_iter().find(|id| {
                let page = self.directive(*id);
                page.args().take(page.arg_count().saturating_sub(1)).any(|a| a == text)
            });
            if let Some(page) = page {
                return self.error_page(status, page);
            }
        }
        self.done(Known::Is(status), by)
    }

    fn error_page(&mut self, status: u16, id: DirectiveId) -> Next {
        let page = self.directive(id);
        let count = page.arg_count();
        let overwrite = count.checked_sub(2).and_then(|i| page.arg(i).strip_prefix('=').map(str::to_owned));
        match overwrite.as_deref() {
            Some("") => self.error_status = None,
            Some(code) => self.error_status = code.parse().ok(),
            None => {}
        }
        let target = self.value(&page.arg(count.saturating_sub(1)));
        self.step(format!("error_page answers the {status}"), id);
        let prefix = target.prefix().to_owned();
        if prefix.starts_with('/') {
            if self.method != "HEAD" {
                "GET".clone_into(&mut self.method);
            }
            let Value::Known(target) = target else { return self.internal_redirect(None, unknown_value("error page")) };
            let (path, args) = uri::split_args(&target);
            return self.internal_redirect(Some(path.to_owned()), Value::Known(args.to_owned()));
        }
        if prefix.starts_with('@') {
            return self.named_redirect(&prefix, id);
        }
        let code =
            overwrite.as_deref().and_then(|c| c.parse().ok()).filter(|c| matches!(c, 301 | 302 | 303 | 307 | 308)).unwrap_or(302);
        self.error_status = None;
        self.location = Some(target);
        self.done(Known::Is(code), Some(id))
    }

    /// Ends with a response of nginx itself.
    pub(super) fn done(&mut self, status: Known<u16>, by: Option<DirectiveId>) -> Next {
        // 444 closes the connection: there is no response whose status could be replaced.
        let status = if status.is(&444) { status } else { self.error_status.map_or(status, Known::Is) };
        self.ended_by = by;
        self.end = Some(End::Status(status, by));
        Next::Done
    }

    /// Ends at the upstream.
    pub(super) fn done_upstream(&mut self) -> Next {
        self.reached = true;
        self.end = Some(match self.error_status {
            Some(status) => End::Status(Known::Is(status), None),
            None => End::Upstream,
        });
        Next::Done
    }
}
