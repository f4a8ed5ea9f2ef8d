//! One httpd as it would be loaded: the main file with its includes and macros, and the `.htaccess` files below the folders it
//! serves; or a tree of `.htaccess` files alone.

pub mod check;
mod conditions;
pub mod config;
mod defines;
mod expand;
mod faults;
mod htaccess;
mod include;
mod inclusion;
pub mod load;
mod macros;
mod methods;
mod modules;
pub mod overrides;
mod shipped;

pub use check::check;
pub use config::{
    CERTAIN, Chain, ChainId, Condition, ConditionId, ConditionKind, Config, DOCUMENT_ROOT, Directive, DirectiveId, Htaccess,
    Placed, TOP,
};
pub use load::{Loaded, Loader, load, load_htaccess};
pub use methods::is_method;
