//! The grammar of Apache httpd: configurations and `.htaccess` files.

pub mod directives;
mod lexer;
pub mod parser;
pub mod print;
mod recover;
#[cfg(test)]
mod tests;
pub mod tree;

pub use directives::Name;
pub use parser::parse;
pub use print::print;
pub use tree::{Body, Node, NodeId, Quote, SyntaxError, Tree, When, Word};
