//! `templated-file`: a file is a template. `crate::project::nginx::load` says so.

/// The id.
#[expect(dead_code, reason = "the stage reports it by this id")]
const ID: &str = "templated-file";
