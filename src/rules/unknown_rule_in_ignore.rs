//! `unknown-rule-in-ignore`: comment names a rule that does not exist, or cannot be read. `crate::suppress` reports it.

/// The id.
#[expect(dead_code, reason = "the stage reports it by this id")]
const ID: &str = "unknown-rule-in-ignore";
