//! The grammar of nginx configurations.

pub mod directives;
pub mod tree;

pub use directives::Name;
pub use tree::{Body, Node, NodeId, Quote, SyntaxError, Tree, Word};
