//! The grammar of nginx configurations.

pub mod directives;
mod lexer;
mod lua;
pub mod parser;
pub mod print;
mod recover;
#[cfg(test)]
mod tests;
pub mod tree;
mod variables;

pub use directives::Name;
#[doc(hidden)]
pub use lexer::count_tokens;
pub use parser::{parse, parse_part};
pub use print::print;
pub use tree::{Body, Node, NodeId, Quote, SyntaxError, Tree, Word};
