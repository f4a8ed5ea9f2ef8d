//! Tests of the built program and of the project's own files.

mod check_corpus;
mod cli;
mod facts_of_docs;
mod fixtures;
mod hostile;
mod readme;
