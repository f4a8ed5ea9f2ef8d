//! YAML and JSON: one file of text → a tree of nodes with byte spans, and all its errors; never fails.
//!
//! The grammar itself is `granit-parser`'s, the parser below `serde-saphyr`: it gives every event its bytes. What is made of the
//! events is ours: a tree that keeps anchors as references (nothing is copied, so an alias bomb costs nothing), mappings that are
//! asked through [`Yaml`], duplicate keys, and the limits.

mod parser;
mod tree;
mod value;

#[cfg(test)]
mod tests;

pub use parser::parse;
pub use tree::{Document, Kind, Node, NodeId, SyntaxError, Tree, Why};
pub use value::{Entry, Yaml};
