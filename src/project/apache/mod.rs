//! Apache: the main file with its includes, and the `.htaccess` files below the folders that it serves.

pub mod config;

pub use config::{
    Bindings, Chain, ChainId, Condition, ConditionId, ConditionKind, Config, Directive, DirectiveId, Htaccess, Placed, TOP,
};
