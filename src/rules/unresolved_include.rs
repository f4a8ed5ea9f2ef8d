//! `unresolved-include`: an included file is not there. `crate::project::nginx::load` reports it.

/// The id.
#[expect(dead_code, reason = "the stage reports it by this id")]
const ID: &str = "unresolved-include";
