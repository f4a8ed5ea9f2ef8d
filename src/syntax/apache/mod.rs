//! The grammar of Apache httpd: configurations and `.htaccess` files.

mod cut;
pub mod directives;
pub mod expr;
pub mod header;
mod lexer;
mod macros;
pub mod parser;
pub mod print;
mod recover;
pub mod rewrite;
pub mod setenvif;
pub mod subnet;
#[cfg(test)]
mod tests;
pub mod tree;

pub use directives::Name;
pub use parser::parse;
pub use print::print;
pub use tree::{Body, Node, NodeId, Quote, SyntaxError, Tree, When, Word};
