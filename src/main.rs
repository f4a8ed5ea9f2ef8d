//! The command `lint401`.

fn main() {}
