//! Lowering: one module per dialect turns a configuration into sites. Inheritance and merging end here.

pub mod nginx;
