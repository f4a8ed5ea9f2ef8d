//! `limit-reached`: part of a configuration was not read. `crate::project::nginx::load` reports it.

/// The id.
#[expect(dead_code, reason = "the stage reports it by this id")]
const ID: &str = "limit-reached";
