//! `trailing-ignore-in-apache`: comment that accepts a finding stands behind a directive of Apache. `crate::suppress` reports it.

/// The id.
#[expect(dead_code, reason = "the stage reports it by this id")]
const ID: &str = "trailing-ignore-in-apache";
