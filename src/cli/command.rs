//! The command line as it is parsed: the derived one, with a short help, and with a twin of each flag that takes it back.

use std::ffi::OsString;

use clap::builder::BoolishValueParser;
use clap::{Arg, ArgAction, Command, CommandFactory, FromArgMatches};

use super::args::Cli;

/// What `-h` shows of `check`; `--help` shows all.
const FIRST: &[&str] = &["formats", "severity", "fail_on", "fix", "staged"];

/// Reads the arguments.
pub(super) fn parse(arguments: Vec<OsString>) -> Result<Cli, clap::Error> {
    let mut command = command(&arguments);
    let mut matches = command.try_get_matches_from_mut(arguments)?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

/// The command line; `given` are the arguments that it will read.
pub(super) fn command(given: &[OsString]) -> Command {
    let short = |command: Command| {
        let all = command.get_name() != "check";
        command.mut_args(|arg| {
            let first = if all { arg.get_help_heading() != Some("Input") } else { FIRST.contains(&arg.get_id().as_str()) };
            let hide = !first && !arg.is_positional();
            arg.hide_short_help(hide)
        })
    };
    with_twins(Cli::command().mut_subcommands(short), given)
}

/// Adds `--no-x` for each flag `--x`, and `--x` for each `--no-x`. The last one on the command line counts, and each of them counts
/// more than the variable of the environment.
fn with_twins(command: Command, given: &[OsString]) -> Command {
    let flags = command.get_arguments().filter(|arg| matches!(arg.get_action(), ArgAction::SetTrue));
    let flags: Vec<(String, String)> =
        flags.filter_map(|arg| Some((arg.get_id().to_string(), arg.get_long()?.to_owned()))).collect();
    let taken: Vec<String> = command.get_arguments().filter_map(|arg| arg.get_long().map(str::to_owned)).collect();
    let mut command = command.mut_subcommands(|sub| with_twins(sub, given));
    for (id, long) in flags {
        let twin = long.strip_prefix("no-").map_or_else(|| format!("no-{long}"), str::to_owned);
        let is_given = given.iter().any(|word| word.to_str().and_then(|word| word.strip_prefix("--")) == Some(&twin));
        let is_new = !taken.contains(&twin);
        command = command.mut_arg(&id, |arg| {
            // A variable may say `1` and `yes`, too.
            let arg = arg.value_parser(BoolishValueParser::new());
            let arg = if is_given { arg.env(None::<&'static str>) } else { arg };
            if is_new { arg.overrides_with(twin.clone()) } else { arg }
        });
        if is_new {
            command = command.arg(Arg::new(twin.clone()).long(twin).action(ArgAction::SetTrue).overrides_with(id).hide(true));
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command(&[]).debug_assert();
    }

    #[test]
    fn every_option_has_its_variable() {
        let mut command = command(&[]);
        command.build();
        let of_check: Vec<String> =
            command.find_subcommand("check").unwrap().get_arguments().map(|a| a.get_id().to_string()).collect();
        let mut left: Vec<(String, &Command)> = command.get_subcommands().map(|sub| (sub.get_name().to_owned(), sub)).collect();
        let mut seen = 0;
        while let Some((name, command)) = left.pop() {
            left.extend(command.get_subcommands().map(|sub| (format!("{name}_{}", sub.get_name()), sub)));
            for arg in command.get_arguments().filter(|arg| !arg.is_hide_set() && arg.get_id() != "help") {
                let Some(long) = arg.get_long() else { continue };
                let word = |text: &str| text.to_uppercase().replace('-', "_");
                // What commands share has one variable. What only one has, or has with values of its own, is named after it.
                let own = format!("LINT401_{}_{}", word(&name), word(long));
                let shared = format!("LINT401_{}", word(long));
                let variable = arg.get_env().and_then(|name| name.to_str()).unwrap_or_default();
                let expected = if name == "check" || variable == shared && of_check.contains(&arg.get_id().to_string()) {
                    shared
                } else {
                    own
                };
                assert_eq!(variable, expected, "{name} --{long}");
                seen += 1;
            }
        }
        assert!(seen > 100, "{seen}");
    }

    #[test]
    fn what_the_short_help_shows_exists() {
        let command = command(&[]);
        let check = command.find_subcommand("check").unwrap();
        let shown = check.get_arguments().filter(|arg| !arg.is_hide_short_help_set() && !arg.is_hide_set());
        let shown: Vec<_> = shown.filter(|arg| !arg.is_positional()).map(|arg| arg.get_id().as_str()).collect();
        assert!((3..=FIRST.len()).contains(&shown.len()), "{shown:?}");
    }
}
