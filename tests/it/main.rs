//! Tests of the built program and of the project's own files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test stops where its set-up fails")]

mod adoption;
mod apache_apps;
mod apache_corpus;
mod apache_htaccess;
mod apache_load;
mod apache_mutants;
mod baseline;
mod cases;
mod check_corpus;
mod cli;
mod cli_reports;
mod completions;
mod config;
mod doctor;
mod edge;
mod edge_configurations;
mod edge_corpus;
mod edge_dialects;
mod edge_kinds;
mod editors;
mod exclude;
mod facts_of_docs;
mod fix;
mod fixtures;
mod folder;
mod hostile;
mod ignores;
mod integrations;
mod manners;
mod readme;
mod report_fixes;
mod report_formats;
mod report_sarif;
mod report_schemas;
mod repository;
mod scope;
mod syntax_corpus;
mod terminal;
mod tool;
mod watch;

#[path = "../model_facts/check.rs"]
mod model;
#[path = "../differential/rng.rs"]
#[allow(dead_code, reason = "shared with the differential tests")]
mod rng;
#[path = "../support/mod.rs"]
mod support;
