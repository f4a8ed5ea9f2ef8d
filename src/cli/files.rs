//! `lint401 files`

use std::io::Write;

use super::args::FilesArgs;
use super::project::Configs;
use super::{CLEAN, FAILED, Failure, NOTHING, input, note, output};
use crate::analysis::{Covered, Progress};
use crate::discover::{Dialect, Kind};
use crate::report::escape;

pub(super) fn run(args: &FilesArgs) -> Result<u8, Failure> {
    let configs = Configs::new(&args.input)?;
    let input = input::find(&args.paths, &args.input, &configs)?;
    let analysis = input::on_threads(args.input.jobs, || {
        configs.analyze(&input, &Progress::default(), |config| input::settings(&args.input, config))
    })??;
    let mut rows: Vec<(String, String)> = Vec::new();
    for file in &analysis.files {
        let kind = kind(file);
        rows.push((file.path.clone(), kind));
    }
    for file in analysis.excluded.iter().filter(|file| !analysis.files.iter().any(|other| other.path == file.path)) {
        rows.push((file.path.clone(), format!("{}; excluded: nothing is reported in it", kind(file))));
    }
    for path in &input.found.excluded {
        rows.push((input::name(path), "excluded".to_owned()));
    }
    for skipped in &input.found.skipped {
        let kind = match skipped.kind {
            Kind::Unknown | Kind::Foreign => {
                "not understood (--kind nginx reads it as nginx, --kind apache as Apache)".to_owned()
            }
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

/// What a file is, and how it came.
fn kind(file: &Covered) -> String {
    let name = match file.dialect {
        Dialect::Nginx => "nginx",
        Dialect::Apache => "apache",
        Dialect::Edge(_) if file.languages.is_empty() => "edge, no document of a known dialect",
        Dialect::Edge(_) => &format!("edge ({})", file.languages.join(", ")),
        Dialect::Htaccess if file.root == file.path => return "htaccess, the topmost one".to_owned(),
        Dialect::Htaccess => return format!("htaccess, in what {} serves", escape(&file.root)),
    };
    match &file.via {
        _ if file.alone => format!("{name} snippet, checked alone"),
        Some((path, line)) => format!("{name}, included at {}:{line}", escape(path)),
        None if file.root == file.path => format!("{name}, main file"),
        // A file without directives.
        None => format!("{name}, included in {}", escape(&file.root)),
    }
}
