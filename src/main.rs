//! The command `lint401`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lint401::cli::run(std::env::args_os())
}
