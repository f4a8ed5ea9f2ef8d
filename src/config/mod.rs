//! `lint401.toml`: what a team says once about its repository.
//!
//! `find` looks for it, `read` reads it with what it extends, `Config::apply` turns it into `Settings`. Every fault in it is
//! a [`ConfigError`] with its place: a setting that is silently ignored would be worse than none.

mod error;
mod file;
mod read;

pub use error::ConfigError;
pub use file::{ConfigFile, FileEntry, FileKindName, schema};
pub use read::{Config, NAMES, TAKES_ASSETS, above, find, find_in, pattern, read, read_with};
