//! `misplaced-directive`: a directive stands where nginx does not allow it. `crate::project::nginx::check` reports it.

/// The id.
#[expect(dead_code, reason = "the stage reports it by this id")]
const ID: &str = "misplaced-directive";
