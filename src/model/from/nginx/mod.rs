//! nginx: servers as sites, locations as routes.
//!
//! `lower` arranges the configuration once ([`scope`], [`location`], [`server`]); `resolve` then walks a request through the phases
//! of the real server ([`walk`] and the modules that extend it). What the files do not decide is tried both ways (`choices`).

mod access;
mod cache;
mod content;
mod ending;
mod example;
mod geo;
mod location;
mod lower;
mod map;
mod nginx_site;
mod response;
mod routes;
mod run;
mod scope;
mod script;
mod server;
mod shared;
mod slots;
mod state;
mod try_files;
mod upstream;
mod uri;
mod value;
mod variables;
mod walk;

pub use lower::lower;
pub use nginx_site::{Server, choose};
