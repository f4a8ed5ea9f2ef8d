//! Apache httpd: virtual hosts as sites, sections as routes.
//!
//! `lower` arranges the configuration once ([`section`], [`vhost`], [`routes`]); `resolve` then walks a request through the phases of
//! the real server ([`walk`] and the modules that extend it). Which sections are for it, and in which order they count, is found on
//! the way ([`layers`], [`chain`]). What the files do not decide is tried both ways (`choices`). What `mod_rewrite`, expressions,
//! `SetEnvIf` and `Header` see of a request is behind one trait ([`vars`]).

mod access;
mod authn;
mod authz;
mod cache;
mod chain;
mod condition;
mod edits;
mod effective;
mod ending;
mod env;
mod eval;
mod example;
mod expires;
mod expr;
#[cfg(test)]
#[allow(dead_code, reason = "for tests to come")]
mod fake;
mod files;
mod fixups;
mod frame;
mod glob;
mod groups;
mod guards;
mod handler;
mod headers;
mod host;
mod htaccess;
mod ifs;
mod layers;
mod locations;
mod pages;
mod redirect;
mod refused;
mod remoteip;
mod response;
mod rewrite;
mod rewriting;
mod routes;
mod section;
mod setenvif;
mod site;
mod state;
mod subrequest;
#[cfg(test)]
mod tests;
mod traits;
mod translate;
mod upstream;
mod uri;
mod variables;
mod vars;
mod vhost;
mod walk;
mod walked;

pub use effective::{AuthBlock, Scope};
pub use guards::{Guard, Reach, access_of, user_requirement};
pub use host::{Host, choose, lower};
