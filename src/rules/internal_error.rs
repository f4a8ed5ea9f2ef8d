//! `internal-error`: a stage or a rule ended with a bug. `crate::analysis` catches and reports it.

/// The id.
#[expect(dead_code, reason = "the stage reports it by this id")]
const ID: &str = "internal-error";
