//! Subrequests: requests for other URLs that the server follows up to their handler, to take them over or to look at them only.

use super::frame::{Frame, Stands};
use super::rewrite;
use super::vars::{Target, Vars as _};
use super::walk::{MAX_REDIRECTS, Stop, Walk};
use crate::model::fact::unknown_value;
use crate::model::{Known, Value};
use crate::source::Span;

/// What looking at another URL takes from the budget of a request, in steps of rules: every condition may do it, and each look asks
/// conditions again.
const PRICE: u32 = 20;

impl Walk<'_, '_> {
    /// Follows a subrequest up to its handler (`ap_sub_req_lookup_uri`): `Err(404)` too where it finds no file.
    pub(super) fn subrequest(&mut self, path: &str, args: Option<Value>) -> Result<Frame, Stop> {
        let refused = self.refused;
        let (frame, result) = self.follow(path, args);
        match result {
            // A proxied one counts by its handler, which `SetHandler` replaces.
            // A rule that was overruled by a later one has left the status of its redirect.
            Ok(()) if frame.status != 200 => Err(Stop::status(frame.status, None)),
            Ok(()) if frame.proxied.is_some() && frame.handler.is_none() || frame.stands == Stands::File => {
                self.refused = refused;
                Ok(frame)
            }
            Ok(()) => Err(Stop::status(404, None)),
            Err(stop) => {
                if stop.status == Known::Is(404) {
                    self.refused = refused;
                }
                Err(stop)
            }
        }
    }

    /// What a subrequest comes to.
    fn follow(&mut self, path: &str, args: Option<Value>) -> (Frame, Result<(), Stop>) {
        let mut frame = self.r.clone();
        frame.reset(path, args);
        frame.previous = None;
        frame.around = Some(self.leave());
        "GET".clone_into(&mut frame.method);
        frame.status = 200;
        frame.subrequest = true;
        frame.has_port = false;
        // Both limits are looked at in every one (`ap_is_recursion_limit_exceeded`).
        if self.depth >= MAX_REDIRECTS || self.redirects_left == 0 {
            return (frame, Err(Stop::status(500, None)));
        }
        let headers = self.headers.clone();
        let own = std::mem::replace(&mut self.r, frame);
        self.depth += 1;
        // `END` is for a request and its internal redirects.
        let ends = std::mem::take(&mut self.rewrites_end);
        let result = self.process();
        self.rewrites_end = ends;
        self.depth -= 1;
        let frame = std::mem::replace(&mut self.r, own);
        self.headers = headers;
        (frame, result)
    }

    /// What a subrequest comes to which is only looked at: nothing of it stays but the cookies of its rules. `None`: it is not known, or not asked for.
    fn look_at(&mut self, path: &str) -> Option<(Frame, Result<(), Stop>)> {
        if !path.starts_with('/') || (0..PRICE).any(|_| !self.spend()) {
            return None;
        }
        let (path, query) = super::uri::split_query(path);
        let args = query.map(|query| Value::Known(query.to_owned()));
        let (steps, gates) = (self.steps.len(), self.gates.clone());
        let (success, always) = (std::mem::take(&mut self.success), std::mem::take(&mut self.always));
        let cookies = self.cookies.len();
        let (cleared, hidden) = (self.cleared.len(), self.hidden.len());
        let (location, refused, user_gate) = (self.location.clone(), self.refused, self.user_gate);
        let found = self.follow(path, args);
        self.steps.truncate(steps);
        self.gates = gates;
        (self.success, self.always) = (success, always);
        self.always.extend(self.cookies.get(cookies..).unwrap_or_default().iter().cloned());
        self.cleared.truncate(cleared);
        self.hidden.truncate(hidden);
        (self.location, self.refused, self.user_gate) = (location, refused, user_gate);
        Some(found)
    }

    /// The status of a subrequest that is only looked at.
    pub(super) fn status_of(&mut self, target: Target<'_>) -> Option<u16> {
        let Target::Url(path) = target else { return None };
        match self.look_at(path)? {
            (frame, Ok(())) => Some(frame.status),
            (_, Err(Stop { status: Known::Is(status), .. })) => Some(status),
            (_, Err(_)) => None,
        }
    }

    /// A variable as a subrequest sees it (`%{LA-U:…}`).
    pub(super) fn variable_of(&mut self, target: Target<'_>, name: &str) -> Value {
        let unknown = || unknown_value(&format!("%{{LA-U:{name}}}"));
        let Target::Url(path) = target else { return unknown() };
        let Some((frame, result)) = self.look_at(path) else { return unknown() };
        if result.is_err_and(|stop| matches!(stop.status, Known::Unknown(_))) {
            return unknown();
        }
        let own = std::mem::replace(&mut self.r, frame);
        let value = rewrite::variable(self, name).unwrap_or_else(unknown);
        self.r = own;
        value
    }

    /// Whether a subrequest may look at another URL: not where it is for the very URL of the request around it (`subreq_ok`).
    pub(super) fn may_look(&self) -> bool {
        self.r.around.as_ref().is_none_or(|around| around.uri != self.r.uri)
    }

    /// What the client is sent where the subrequest of a `FallbackResource` redirects: the memory that holds it has been given back
    /// (`fixup_dflt` destroys the subrequest, measured).
    pub(super) fn forget_location(&mut self, by: Span) {
        self.note_unknown(super::groups::MEMORY, by, false);
        self.location = Some(unknown_value(super::groups::MEMORY));
    }
}
