//! Lowering: one module per dialect turns a configuration into sites. Inheritance and merging end here.
//!
//! What several dialects need stands beside them: questions that are tried both ways ([`choices`]), regular expressions
//! ([`regexes`]) with a text that matches ([`example`]), files of the served machine ([`lookup`]) and password files ([`password`]).

pub mod apache;
mod choices;
mod example;
mod lookup;
pub mod nginx;
mod password;
mod regexes;

pub use lookup::{Found, Lookup};
