//! Apache httpd.
//!
//! What `mod_rewrite`, expressions, `SetEnvIf` and `Header` see of a request is behind one trait ([`vars`]).
#![allow(dead_code, reason = "not yet called by the walk")]

mod expr;
#[cfg(test)]
mod fake;
#[allow(clippy::collapsible_match)]
mod glob;
mod groups;
mod rewrite;
#[allow(clippy::single_match_else)]
mod uri;
mod vars;
