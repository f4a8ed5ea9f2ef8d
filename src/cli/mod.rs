//! The command line: the only place that prints or chooses an exit code.

mod args;
mod baseline;
mod check;
mod choices;
mod command;
mod completions;
mod config;
mod doctor;
mod explain;
mod files;
mod fix;
mod ignores;
mod input;
mod output;
mod progress;
mod project;
mod rules;
mod scope;
mod servers;
mod trace;
mod watch;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

/// Checked, nothing at or above the gate.
const CLEAN: u8 = 0;
/// Findings at or above the gate.
const FINDINGS: u8 = 1;
/// The job could not be done.
const FAILED: u8 = 2;
/// Nothing was checked.
const NOTHING: u8 = 3;

/// Why a command could not do its job.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The call is wrong: one line, and perhaps what to do.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// The output could not be written.
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: None }
    }

    fn with_hint(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: Some(hint.into()) }
    }
}

/// Runs the command line and gives the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    // A panic in a rule becomes a finding; nobody needs the trace of our stack in between.
    std::panic::set_hook(Box::new(|_| {}));
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let code = std::panic::catch_unwind(|| dispatch(arguments)).unwrap_or_else(|_| {
        note(&format!("error: a bug of lint401, please report it at {}/issues", env!("CARGO_PKG_REPOSITORY")));
        FAILED
    });
    ExitCode::from(code)
}

fn dispatch(arguments: Vec<OsString>) -> u8 {
    let cli = match command::parse(arguments) {
        Ok(cli) => cli,
        // `--help` and `--version` come this way too, and are no failure.
        Err(error) if !error.use_stderr() => {
            return finish(output::print(&error.to_string()).map(|()| CLEAN).map_err(Into::into));
        }
        Err(error) => {
            let _ = error.print();
            return FAILED;
        }
    };
    let result = match cli.command {
        args::Command::Check(args) => check::run(&args),
        args::Command::Explain(args) => explain::run(&args),
        args::Command::Rules(args) => rules::run(&args),
        args::Command::Files(args) => files::run(&args),
        args::Command::Ignores(args) => ignores::run(&args),
        args::Command::Baseline(command) => baseline::run(&command),
        args::Command::Config(command) => config::run(&command),
        args::Command::Trace(args) => trace::run(&args),
        args::Command::Completions(args) => completions::completions(&args),
        args::Command::Man(args) => completions::man(&args),
        args::Command::Doctor(args) => doctor::run(&args),
    };
    finish(result)
}

/// The exit code; a failure is told.
fn finish(result: Result<u8, Failure>) -> u8 {
    match result {
        Ok(code) => code,
        // The reader has had enough: `lint401 check | head`.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => CLEAN,
        Err(failure) => {
            note(&format!("error: {failure}"));
            if let Failure::Usage { hint: Some(hint), .. } = &failure {
                note(&format!("  {hint}"));
            }
            FAILED
        }
    }
}

/// Writes a line to standard error; if that fails there is nobody to tell.
fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
