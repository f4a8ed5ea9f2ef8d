//! `lint401 files`

use std::io::Write;

use super::args::FilesArgs;
use super::project::Configs;
use super::{CLEAN, FAILED, Failure, NOTHING, input, note, output};
use crate::analysis::{self, Progress};
use crate::discover::Kind;
use crate::report::escape;

pub(super) fn run(args: &FilesArgs) -> Result<u8, Failure> {
    let configs = Configs::new(&args.input)?;
    let settings = input::settings(&args.input, &configs.own)?;
    let input = input::find(&args.paths, &args.input, &configs.own)?;
    let analysis = input::on_threads(args.input.jobs, || {
        analysis::analyze(&*input.files, &input.found.roots, &settings, &Progress::default())
    })?;
    let mut rows: Vec<(String, String)> = Vec::new();
    for file in &analysis.files {
        let kind = if file.alone {
            "nginx snippet, checked alone".to_owned()
        } else {
            match &file.via {
                Some((path, line)) => format!("nginx, included at {}:{line}", escape(path)),
                None => "nginx, main file".to_owned(),
            }
        };
        rows.push((file.path.clone(), kind));
    }
    for skipped in &input.found.skipped {
        let kind = match skipped.kind {
            Kind::Unknown | Kind::Foreign => "not understood (--kind nginx reads it as nginx)".to_owned(),
            kind => format!("{}, not yet checked", kind.as_str()),
        };
        rows.push((input::name(&skipped.path), kind));
    }
    rows.sort();
    let width = rows.iter().map(|(path, _)| path.chars().count()).max().unwrap_or(0).min(60);
    let mut out = output::stdout();
    for (path, kind) in &rows {
        writeln!(out, "{:<width$}  {kind}", escape(path))?;
    }
    out.flush()?;
    for unreadable in &input.found.unreadable {
        note(&format!("error: {}: {}", input::name(&unreadable.path), unreadable.reason));
    }
    Ok(match () {
        () if !input.found.unreadable.is_empty() => FAILED,
        () if rows.is_empty() => {
            note("error: no configuration was found");
            NOTHING
        }
        () => CLEAN,
    })
}
