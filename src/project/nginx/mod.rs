//! One nginx as it would be loaded: the main file with its includes.

pub mod config;

pub use config::{Chain, ChainId, Config, Directive, DirectiveId, Placed};
