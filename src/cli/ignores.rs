//! `lint401 ignores`

use std::io::Write;

use super::args::FilesArgs;
use super::project::Configs;
use super::{CLEAN, FINDINGS, Failure, input, output};
use crate::analysis::Progress;
use crate::report::escape;

pub(super) fn run(args: &FilesArgs) -> Result<u8, Failure> {
    let configs = Configs::new(&args.input)?;
    let input = input::find(&args.paths, &args.input, &configs)?;
    let analysis = input::on_threads(args.input.jobs, || {
        configs.analyze(&input, &Progress::default(), |config| input::settings(&args.input, config))
    })??;
    let mut out = output::stdout();
    let mut needed = true;
    for audit in &analysis.ignores {
        let (start, _) = analysis.sources.positions(audit.span);
        let path = escape(&analysis.sources.file(audit.span.file).path);
        let state = match audit.used {
            Some(true) => "used",
            Some(false) => "not needed",
            None => "expired",
        };
        needed &= audit.used == Some(true);
        let until = audit.until.as_ref().map(|day| format!(" until {day}")).unwrap_or_default();
        let reason = audit.reason.as_deref().map_or_else(|| "no reason given".into(), escape);
        writeln!(out, "{path}:{}: {} ({state}{until}): {reason}", start.line, audit.rule)?;
    }
    out.flush()?;
    Ok(if needed { CLEAN } else { FINDINGS })
}
