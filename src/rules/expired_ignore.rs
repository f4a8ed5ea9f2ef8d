//! `expired-ignore`: comment accepted a finding up to a day that is over. `crate::suppress` reports it.

/// The id.
#[expect(dead_code, reason = "the stage reports it by this id")]
const ID: &str = "expired-ignore";
