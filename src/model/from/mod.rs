//! Lowering: one module per dialect turns a configuration into sites. Inheritance and merging end here.
//!
//! What several dialects need stands beside them: questions that are tried both ways ([`choices`]), regular expressions
//! ([`regexes`]) with a text that matches ([`example`]), files of the served machine ([`lookup`]), password files
//! ([`password`]) and the segments of paths ([`segments`]).

pub mod apache;
mod choices;
pub mod edge;
mod example;
mod lookup;
pub mod nginx;
mod password;
mod regexes;
mod segments;

pub use lookup::{Found, Lookup};
