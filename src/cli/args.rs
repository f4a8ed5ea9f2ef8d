//! What can be written on the command line.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::builder::styling::Styles;
use clap::{ArgAction, Args, Parser, Subcommand};

pub(super) use super::choices::{KindArg, PageFormat, Shell, TraceFormat, When, formats, kind_parser};
use super::doctor::DoctorArgs;
use super::rules::RulesArgs;
use crate::finding::{Confidence, Severity};
use crate::settings::{FailOn, Profile};

const CHECK_HELP: &str = "\
Exit codes:
  0  checked, no finding at or above --fail-on
  1  findings at or above --fail-on (a file that cannot be parsed is a finding)
  2  the job could not be done: wrong call, unknown rule, unreadable path
  3  nothing was checked (see --allow-empty)

Every option can be given as a variable of the environment, LINT401_FAIL_ON=error, and every flag
has a twin that takes it back: --no-exit-zero.

Examples:
  lint401 check                          everything below this folder
  lint401 check deploy/nginx/nginx.conf  one configuration with all that it includes
  nginx -T 2>&1 | lint401 check -        the configuration that nginx would load
  lint401 check --staged                 what `git commit` would commit
  lint401 check --since origin/main      what this branch changed
  lint401 check -f github -f sarif=lint401.sarif deploy/";

const CHECK_SHORT_HELP: &str = "\
Exit codes: 0 nothing to report, 1 findings, 2 the job could not be done, 3 nothing was checked

Examples:
  lint401 check                          everything below this folder
  lint401 check deploy/nginx/nginx.conf  one configuration with all that it includes

`lint401 check --help` shows all options.";

/// Finds surprise 401s in nginx, Apache and CDN configurations before you deploy them.
#[derive(Debug, Parser)]
#[command(name = "lint401", version, max_term_width = 100, styles = Styles::plain(), disable_help_subcommand = true)]
pub(super) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check configurations and report faults
    #[command(after_help = CHECK_SHORT_HELP, after_long_help = CHECK_HELP)]
    Check(Box<CheckArgs>),
    /// Explain a rule: what it finds, why it matters, how to fix it
    Explain(ExplainArgs),
    /// List the rules
    Rules(RulesArgs),
    /// List the files that would be read, as which kind, via which include
    Files(FilesArgs),
    /// List the comments that accept findings: rule, reason, until when, whether needed
    Ignores(FilesArgs),
    /// Write down the findings of today, so that only new ones are reported
    #[command(subcommand)]
    Baseline(BaselineCommand),
    /// Show, check or write lint401.toml
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Show what a configuration does to one request, step by step
    Trace(Box<TraceArgs>),
    /// Print a script that completes the command line in a shell
    Completions(CompletionsArgs),
    /// Print the manual page, in the format of `man`
    Man(ManArgs),
    /// Show what lint401 sees: settings, files, terminal, servers; for bug reports
    Doctor(DoctorArgs),
}

/// Which findings are reported.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Scope")]
pub(super) struct ScopeArgs {
    /// Check the files as git would commit them, and report on those that are staged
    #[arg(long, conflicts_with_all = ["changed", "since", "fix", "add_ignore", "watch"], env = "LINT401_STAGED", hide_env = true)]
    pub(super) staged: bool,
    /// Report on files that changed since the branch left its upstream (without one: since the last commit)
    #[arg(long, env = "LINT401_CHANGED", hide_env = true)]
    pub(super) changed: bool,
    /// Report on files that changed since the branch left this commit or branch
    #[arg(long, value_name = "REF", env = "LINT401_SINCE", hide_env = true)]
    pub(super) since: Option<String>,
    /// Of these only findings in lines that changed
    #[arg(long, conflicts_with_all = ["fix", "add_ignore"], env = "LINT401_LINES", hide_env = true)]
    pub(super) lines: bool,
}

/// What is read, and how.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Input")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct InputArgs {
    /// Files and folders to pass over, beside those of lint401.toml (repeatable)
    #[arg(long, value_name = "GLOB", env = "LINT401_EXCLUDE", hide_env = true, value_delimiter = ',')]
    pub(super) exclude: Vec<String>,
    /// Pass over excluded files, and what is no configuration, also where they are named, as a hook should
    #[arg(long, env = "LINT401_FORCE_EXCLUDE", hide_env = true)]
    pub(super) force_exclude: bool,
    /// Look also at files that .gitignore and .ignore leave out
    #[arg(long, env = "LINT401_NO_GITIGNORE", hide_env = true)]
    pub(super) no_gitignore: bool,
    /// Take further paths from a file, or from standard input (`-`), one a line
    #[arg(long, value_name = "FILE|-", env = "LINT401_FILES_FROM", hide_env = true)]
    pub(super) files_from: Option<PathBuf>,
    /// Name of the file that standard input holds; it stands in for that file
    #[arg(long, value_name = "PATH", env = "LINT401_STDIN_FILENAME", hide_env = true)]
    pub(super) stdin_filename: Option<PathBuf>,
    /// Kind of the named files, where path and content do not tell it: auto, nginx, apache, htaccess, edge, or the name of a dialect
    /// of edge rules (cloudformation, ingress-nginx, …)
    #[arg(long, value_parser = kind_parser(), hide_possible_values = true, value_name = "KIND", default_value = "auto", env = "LINT401_KIND", hide_env = true)]
    pub(super) kind: KindArg,
    /// Main files that the named parts belong to, instead of the roots of lint401.toml (repeatable)
    #[arg(long, value_name = "FILE", env = "LINT401_ROOT", hide_env = true, value_delimiter = ',')]
    pub(super) root: Vec<String>,
    /// Where files of the server lie in this repository: `/etc/nginx=deploy/nginx` (repeatable)
    #[arg(long, value_name = "FROM=TO", env = "LINT401_PREFIX_MAP", hide_env = true, value_delimiter = ',')]
    pub(super) prefix_map: Vec<String>,
    /// This is the machine the configuration runs on: look up paths outside of the tree
    #[arg(long, env = "LINT401_HOST", hide_env = true)]
    pub(super) host: bool,
    /// Release of nginx whose behaviour counts
    #[arg(long, value_name = "X.Y.Z", env = "LINT401_NGINX_VERSION", hide_env = true)]
    pub(super) nginx_version: Option<String>,
    /// Release of Apache httpd that `<IfVersion>` asks about
    #[arg(long, value_name = "X.Y.Z", env = "LINT401_APACHE_VERSION", hide_env = true)]
    pub(super) apache_version: Option<String>,
    /// Settings: a file instead of the nearest lint401.toml, or a single `key = value` that comes on top (repeatable)
    #[arg(long, value_name = "FILE|KEY=VALUE", env = "LINT401_CONFIG", hide_env = true)]
    pub(super) config: Vec<String>,
    /// Comments that accept findings do not count
    #[arg(long, env = "LINT401_NO_IGNORES", hide_env = true)]
    pub(super) no_ignores: bool,
    /// Read no lint401.toml
    #[arg(long, env = "LINT401_ISOLATED", hide_env = true)]
    pub(super) isolated: bool,
    /// Number of threads (default: one for each processor)
    #[arg(short, long, value_name = "N", env = "LINT401_JOBS", hide_env = true)]
    pub(super) jobs: Option<usize>,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct CheckArgs {
    /// Files and folders (default: the roots of lint401.toml, else this folder); `-` reads a file, or the output of
    /// `nginx -T`, from standard input
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,

    /// Output format, to standard output or to a file (repeatable): full, concise, grouped, json, jsonl, sarif, github, gitlab, junit, checkstyle, rdjson, rdjsonl, azure, markdown
    #[arg(
        short,
        long = "format",
        value_name = "FORMAT[=FILE]",
        default_value = "full",
        env = "LINT401_FORMAT",
        hide_env = true,
        help_heading = "Output"
    )]
    pub(super) formats: Vec<String>,
    /// When to use colours: auto, always or never
    #[arg(long, value_enum, hide_possible_values = true, value_name = "WHEN", default_value_t = When::Auto, env = "LINT401_COLOR", hide_env = true, help_heading = "Output")]
    pub(super) color: When,
    /// Rule ids as links to their pages (full): auto, always or never
    #[arg(long, value_enum, hide_possible_values = true, value_name = "WHEN", default_value_t = When::Auto, env = "LINT401_LINKS", hide_env = true, help_heading = "Output")]
    pub(super) links: When,
    /// With each finding, the includes that bring its file (full)
    #[arg(long, env = "LINT401_SHOW_INCLUDES", hide_env = true, help_heading = "Output")]
    pub(super) show_includes: bool,
    /// Count the findings of each rule instead of listing them (full, concise and grouped)
    #[arg(long, env = "LINT401_STATISTICS", hide_env = true, help_heading = "Output")]
    pub(super) statistics: bool,
    /// List at most N findings in full output; 0: all
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        env = "LINT401_MAX_DIAGNOSTICS",
        hide_env = true,
        help_heading = "Output"
    )]
    pub(super) max_diagnostics: usize,
    /// Only the findings, no remarks; twice: no output at all
    #[arg(short, long, action = ArgAction::Count, env = "LINT401_QUIET", hide_env = true, help_heading = "Output")]
    pub(super) quiet: u8,
    /// Say what was read
    #[arg(short, long, action = ArgAction::Count, conflicts_with = "quiet", env = "LINT401_VERBOSE", hide_env = true, help_heading = "Output")]
    pub(super) verbose: u8,
    /// No progress on the terminal
    #[arg(long, env = "LINT401_NO_PROGRESS", hide_env = true, help_heading = "Output")]
    pub(super) no_progress: bool,

    /// Run only these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',', env = "LINT401_SELECT", hide_env = true, help_heading = "Rules")]
    pub(super) select: Vec<String>,
    /// Do not run these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',', env = "LINT401_IGNORE", hide_env = true, help_heading = "Rules")]
    pub(super) ignore: Vec<String>,
    /// Severity of a rule: error, warning, info or off (repeatable)
    #[arg(
        long,
        value_name = "RULE=LEVEL",
        value_delimiter = ',',
        env = "LINT401_SEVERITY",
        hide_env = true,
        help_heading = "Rules"
    )]
    pub(super) severity: Vec<String>,
    /// Which rules run: default (faults), strict (and what is unwise), audit (and what is only suspected)
    #[arg(
        long,
        value_enum,
        hide_possible_values = true,
        value_name = "PROFILE",
        env = "LINT401_PROFILE",
        hide_env = true,
        help_heading = "Rules"
    )]
    pub(super) profile: Option<Profile>,
    /// Run also rules that are in preview: new ones, not yet part of what a release promises
    #[arg(long, overrides_with = "no_preview", env = "LINT401_PREVIEW", hide_env = true, help_heading = "Rules")]
    pub(super) preview: bool,
    /// Takes back --preview, and `preview = true` of lint401.toml
    #[arg(long, overrides_with = "preview", hide = true)]
    pub(super) no_preview: bool,
    /// Hide findings below this severity: info, warning or error
    #[arg(long, value_enum, hide_possible_values = true, value_name = "LEVEL", default_value_t = Severity::Info, env = "LINT401_MIN_SEVERITY", hide_env = true, help_heading = "Rules")]
    pub(super) min_severity: Severity,
    /// Hide findings below this confidence: low, medium or high
    #[arg(long, value_enum, hide_possible_values = true, value_name = "LEVEL", default_value_t = Confidence::Low, env = "LINT401_MIN_CONFIDENCE", hide_env = true, help_heading = "Rules")]
    pub(super) min_confidence: Confidence,

    /// Severity from which on findings make the exit code 1: error, warning, info or never
    #[arg(
        long,
        value_enum,
        hide_possible_values = true,
        value_name = "LEVEL",
        env = "LINT401_FAIL_ON",
        hide_env = true,
        help_heading = "Gate"
    )]
    pub(super) fail_on: Option<FailOn>,
    /// Exit with 0 whatever is found
    #[arg(long, env = "LINT401_EXIT_ZERO", hide_env = true, help_heading = "Gate")]
    pub(super) exit_zero: bool,
    /// Findings that are tolerated: a file that `lint401 baseline create` has written (default: that of lint401.toml)
    #[arg(long, value_name = "FILE", env = "LINT401_BASELINE", hide_env = true, help_heading = "Gate")]
    pub(super) baseline: Option<PathBuf>,
    /// Use no baseline
    #[arg(long, conflicts_with = "baseline", env = "LINT401_NO_BASELINE", hide_env = true, help_heading = "Gate")]
    pub(super) no_baseline: bool,
    /// Exit with 1 also when entries of the baseline have no finding any more
    #[arg(long, env = "LINT401_STRICT_BASELINE", hide_env = true, help_heading = "Gate")]
    pub(super) strict_baseline: bool,
    /// Exit with 0 when there is nothing to check
    #[arg(long, env = "LINT401_ALLOW_EMPTY", hide_env = true, help_heading = "Gate")]
    pub(super) allow_empty: bool,

    #[command(flatten)]
    pub(super) fix: FixArgs,
    /// Check again whenever a file changes that was looked at; Ctrl-C ends it
    #[arg(long, env = "LINT401_WATCH", hide_env = true, help_heading = "Output")]
    pub(super) watch: bool,

    #[command(flatten)]
    pub(super) scope: ScopeArgs,
    #[command(flatten)]
    pub(super) input: InputArgs,
}

/// What is mended.
#[derive(Debug, Args)]
#[command(next_help_heading = "Fix")]
pub(super) struct FixArgs {
    /// Mend what has a safe fix, write the files and report what is left; of `-` the text goes to standard output and the
    /// report to standard error
    #[arg(long, env = "LINT401_FIX", hide_env = true)]
    pub(super) fix: bool,
    /// With --fix or --diff: also fixes that may change what was meant
    #[arg(long, env = "LINT401_UNSAFE_FIXES", hide_env = true)]
    pub(super) unsafe_fixes: bool,
    /// Write nothing; print what --fix would change as a diff instead of the report, and exit with 1 if there is something
    #[arg(long, env = "LINT401_DIFF", hide_env = true)]
    pub(super) diff: bool,
    /// Write a comment with this reason above each finding that is left, so that it is accepted
    #[arg(long, value_name = "REASON", env = "LINT401_ADD_IGNORE", hide_env = true)]
    pub(super) add_ignore: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// Id of a rule, as in the output of `check`
    #[arg(value_name = "RULE", required_unless_present = "all")]
    pub(super) rule: Option<String>,
    /// All rules
    #[arg(long, env = "LINT401_EXPLAIN_ALL", hide_env = true)]
    pub(super) all: bool,
    /// Output format: text, markdown or json
    #[arg(long, value_enum, hide_possible_values = true, value_name = "FORMAT", default_value_t = PageFormat::Text, env = "LINT401_EXPLAIN_FORMAT", hide_env = true)]
    pub(super) format: PageFormat,
}

#[derive(Debug, Subcommand)]
pub(super) enum BaselineCommand {
    /// Write a baseline with all that is found now
    Create {
        #[command(flatten)]
        args: BaselineArgs,
        /// Write it anew if it is there; reasons in it are kept
        #[arg(long, env = "LINT401_BASELINE_CREATE_FORCE", hide_env = true)]
        force: bool,
    },
    /// Take out of the baseline what is found no more
    Prune(BaselineArgs),
    /// List the entries of the baseline, and whether they are needed
    Show(BaselineArgs),
}

#[derive(Debug, Args)]
pub(super) struct BaselineArgs {
    /// Files and folders (default: the roots of lint401.toml, else this folder)
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// The file (default: that of lint401.toml; of `create` without one: .lint401-baseline.json)
    #[arg(long, value_name = "FILE", env = "LINT401_BASELINE", hide_env = true)]
    pub(super) baseline: Option<PathBuf>,
    #[command(flatten)]
    pub(super) input: InputArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Write a lint401.toml with everything that can be set, as comments
    Init {
        /// Rules that have findings now are only told: take them back one by one
        #[arg(long, env = "LINT401_CONFIG_INIT_FROM_FINDINGS", hide_env = true)]
        from_findings: bool,
    },
    /// Show the settings in force for a file or folder, and the files they come from
    Show {
        /// A lint401.toml, or a file or folder whose settings are asked for
        #[arg(value_name = "PATH")]
        path: Option<PathBuf>,
    },
    /// Check a lint401.toml (default: the nearest)
    Validate {
        /// A lint401.toml, or a file or folder whose lint401.toml is checked
        #[arg(value_name = "PATH")]
        path: Option<PathBuf>,
    },
    /// Print the JSON Schema of lint401.toml
    Schema,
}

#[derive(Debug, Args)]
pub(super) struct FilesArgs {
    /// Files and folders; `-` reads standard input
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) input: InputArgs,
}

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell: bash, elvish, fish, nushell, powershell or zsh
    #[arg(value_enum, hide_possible_values = true, value_name = "SHELL")]
    pub(super) shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// The command whose page is wanted: `check`, `config show` (default: that of lint401 itself)
    #[arg(value_name = "COMMAND")]
    pub(super) command: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct TraceArgs {
    /// The URL that a visitor asks for; its path is taken as it is written
    pub(super) url: String,
    /// Files and folders (default: the roots of lint401.toml, else this folder); `-` reads a file, or the output of
    /// `nginx -T`, from standard input
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Method of the request
    #[arg(long, short = 'X', value_name = "M", default_value = "GET", env = "LINT401_TRACE_METHOD", hide_env = true)]
    pub(super) method: String,
    /// Header of the request (repeatable); its value is never shown
    #[arg(long, short = 'H', value_name = "'K: V'", env = "LINT401_TRACE_HEADER", hide_env = true)]
    pub(super) header: Vec<String>,
    /// Address of the client
    #[arg(long, value_name = "ADDRESS", env = "LINT401_TRACE_FROM", hide_env = true)]
    pub(super) from: Option<IpAddr>,
    /// Output format: text or json
    #[arg(short, long, value_enum, hide_possible_values = true, value_name = "FORMAT", default_value_t = TraceFormat::Text, env = "LINT401_TRACE_FORMAT", hide_env = true)]
    pub(super) format: TraceFormat,
    #[command(flatten)]
    pub(super) input: InputArgs,
}
