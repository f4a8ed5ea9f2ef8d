//! `unknown-directive`: a directive that nginx does not know. `crate::project::nginx::check` reports it.

/// The id.
#[expect(dead_code, reason = "the stage reports it by this id")]
const ID: &str = "unknown-directive";
