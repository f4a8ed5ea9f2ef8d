//! `lint401 ignores`

use std::io::Write;

use super::args::FilesArgs;
use super::project::Configs;
use super::{CLEAN, FINDINGS, Failure, input, output};
use crate::analysis::Progress;
use crate::report::{escape, line};

pub(super) fn run(args: &FilesArgs) -> Result<u8, Failure> {
    let configs = Configs::new(&args.input)?;
    let input = input::find(&args.paths, &args.input, &configs)?;
    let analysis = input::on_threads(args.input.jobs, || {
        configs.analyze(&input, &Progress::default(), |config| input::settings(&args.input, config))
    })??;
    let mut out = output::stdout();
    let mut is_wrong = false;
    for audit in &analysis.ignores {
        let (start, _) = analysis.sources.positions(audit.span);
        let path = escape(&analysis.sources.file(audit.span.file).path);
        is_wrong |= audit.state.is_wrong();
        let state = audit.state.as_str();
        let rule = if audit.rule.is_empty() { "?" } else { &audit.rule };
        let until = audit.until.as_ref().map(|day| format!(" until {day}")).unwrap_or_default();
        let reason = audit.reason.as_deref().map_or_else(|| "no reason given".into(), line);
        writeln!(out, "{path}:{}: {} ({state}{until}): {reason}", start.line, escape(rule))?;
    }
    out.flush()?;
    Ok(if is_wrong { FINDINGS } else { CLEAN })
}
