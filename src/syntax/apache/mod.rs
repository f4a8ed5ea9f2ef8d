//! The grammar of Apache httpd: configurations and `.htaccess` files.

pub mod directives;
pub mod expr;
pub mod header;
pub mod parser;
pub mod rewrite;
pub mod setenvif;
pub mod subnet;
pub mod tree;

pub use directives::Name;
pub use parser::parse;
pub use tree::{Body, Node, NodeId, Quote, Tree, Word};
