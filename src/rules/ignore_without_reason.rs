//! `ignore-without-reason`: comment accepts a finding and gives no reason. `crate::suppress` reports it.

/// The id.
#[expect(dead_code, reason = "the stage reports it by this id")]
const ID: &str = "ignore-without-reason";
