//! What happens to a request. No dialect in it: lowering a configuration to a [`Site`] is `model::from`'s work.

pub mod fact;
pub mod from;
pub mod outcome;
pub mod paths;
pub mod request;
pub mod site;

pub use fact::{Fact, Known, Value};
pub use outcome::Outcome;
pub use outcome::{
    Cache, Combine, Gate, GateKind, Handler, HandlerKind, HeaderFate, Place, Response, Sent, Step, Stores, Unknown, Upstream,
    Verdict,
};
pub use paths::{PathKind, PathSet, Paths, SharedSet, SharedSets, WellKnown};
pub use request::{Assume, Request, Scheme};
pub use site::{Route, RouteId, Site, Traits};
