//! One nginx as it would be loaded: the main file with its includes.

pub mod check;
pub mod config;
mod context;
mod glob;
mod include;
pub mod load;
mod shipped;

pub use check::check;
pub use config::{Chain, ChainId, Config, Directive, DirectiveId, Placed, TOP};
pub use load::{Loaded, Loader, load};
