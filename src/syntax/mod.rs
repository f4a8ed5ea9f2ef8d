//! Texts to trees, one file at a time. Knows no other module but `source`; never fails: a tree and its errors.

pub mod apache;
pub mod nginx;
mod template;
pub mod yaml;
