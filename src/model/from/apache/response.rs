//! What happens to the response on its way to the client.

use super::walk::{End, Walk};
use crate::model::{Known, Response};

impl Walk<'_, '_> {
    /// The edits of the sections that are for the request.
    pub(super) fn response(&mut self) -> Response {
        let mut response = Response::default();
        // `TRACE` is answered before the fixups, which let `Header` at the response.
        if self.request.method == "TRACE" && matches!(self.end, Some(End::Status(Known::Is(200), _))) {
            return response;
        }
        let is_error = matches!(self.end, Some(End::Status(Known::Is(400..), _)));
        if !is_error {
            response.cache_control = self.expires();
        }
        self.response_headers(&mut response);
        response
    }
}
