//! Apache httpd.
//!
//! What `mod_rewrite`, expressions, `SetEnvIf` and `Header` see of a request is behind one trait ([`vars`]).

mod empty;
#[allow(dead_code, reason = "not yet called by the walk")]
mod vars;

pub use empty::{Host, choose, lower};
