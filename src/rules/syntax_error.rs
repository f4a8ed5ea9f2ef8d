//! `syntax-error`: nginx refuses to read the file. `crate::project::nginx` reports it, while it parses (`load`) and while it looks at each directive (`check`).

/// The id.
#[expect(dead_code, reason = "the stage reports it by this id")]
const ID: &str = "syntax-error";
