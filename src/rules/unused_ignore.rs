//! `unused-ignore`: comment accepts a finding that is not there. `crate::suppress` reports it.

/// The id.
#[expect(dead_code, reason = "the stage reports it by this id")]
const ID: &str = "unused-ignore";
