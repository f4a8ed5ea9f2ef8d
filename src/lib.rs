//! lint401 works out what nginx, Apache and CDN configurations do to a visitor's credentials.
//!
//! Data flows one way: `files`/`discover` → `syntax` → `project` → `model::from` → `rules` → `report`. See `ARCHITECTURE.md`.

pub mod catalogue;
pub mod files;
pub mod finding;
pub mod model;
pub mod project;
pub mod rules;
pub mod settings;
pub mod source;
pub mod syntax;
