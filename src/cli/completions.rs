//! `lint401 completions` and `lint401 man`: what shells and `man` want to know about the command line.

use clap::CommandFactory as _;
use clap_complete::{generate, shells};
use clap_complete_nushell::Nushell;
use clap_mangen::Man;

use super::args::{Cli, CompletionsArgs, ManArgs, Shell};
use super::{CLEAN, Failure, output};

pub(super) fn completions(args: &CompletionsArgs) -> Result<u8, Failure> {
    let mut script = Vec::new();
    let (mut command, name) = (Cli::command(), env!("CARGO_PKG_NAME"));
    match args.shell {
        Shell::Bash => generate(shells::Bash, &mut command, name, &mut script),
        Shell::Elvish => generate(shells::Elvish, &mut command, name, &mut script),
        Shell::Fish => generate(shells::Fish, &mut command, name, &mut script),
        Shell::Nushell => generate(Nushell, &mut command, name, &mut script),
        Shell::Powershell => generate(shells::PowerShell, &mut command, name, &mut script),
        Shell::Zsh => generate(shells::Zsh, &mut command, name, &mut script),
    }
    output::print_bytes(&script)?;
    Ok(CLEAN)
}

pub(super) fn man(args: &ManArgs) -> Result<u8, Failure> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    for name in &args.command {
        let known = command.find_subcommand(name).cloned();
        command = known.ok_or_else(|| Failure::with_hint(format!("there is no command `{name}`"), "see `lint401 --help`"))?;
    }
    // The name of a page is that of the command with dashes: `lint401-config-show`.
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let mut page = Vec::new();
    Man::new(command).title(name).source(concat!("lint401 ", env!("CARGO_PKG_VERSION"))).manual("lint401").render(&mut page)?;
    output::print_bytes(&page)?;
    Ok(CLEAN)
}
