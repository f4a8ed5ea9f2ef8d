//! Files joined to what a server would load: includes expanded at each place of inclusion. Does no input but through `Files`.

pub mod apache;
pub mod edge;
mod glob;
pub mod nginx;
pub(crate) mod pcre;
mod places;
mod reading;
