//! `lint401 trace`

use std::io::Write;

use super::args::{TraceArgs, TraceFormat};
use super::project::Configs;
use super::{CLEAN, Failure, input, output};
use crate::analysis::{self, Progress, Project, WellKnownPaths};
use crate::connect;
use crate::discover::RootKind;
use crate::files::Files;
use crate::model::Request;
use crate::settings::Settings;
use crate::trace::{Layer, Trace, request};

pub(super) fn run(args: &TraceArgs) -> Result<u8, Failure> {
    let configs = Configs::new(&args.input)?;
    let settings = input::settings(&args.input, &configs.own)?;
    let wrong = |e: crate::trace::RequestError| Failure::usage(e.to_string());
    let request = request(&args.url, &args.method, &args.header, args.from).map_err(wrong)?;
    let input = input::find(&args.paths, &args.input, &configs)?;
    if let Some(unreadable) = input.found.unreadable.first() {
        return Err(Failure::usage(format!("{}: {}", input::name(&unreadable.path), unreadable.reason)));
    }
    let settings = configs.with_trees(settings);
    let projects = input::on_threads(args.input.jobs, || {
        analysis::load(&*input.files, &input.found.roots, &settings, &Progress::default())
    })?;
    let Some((project, layer)) = follow(&*input.files, &projects, &request, &settings) else {
        let asked: Vec<String> = input.asked.iter().map(|p| input::name(p)).collect();
        return Err(Failure::usage(format!("no server that could answer the request in {}", asked.join(", "))));
    };
    let layers = [layer];
    let trace = Trace { url: &args.url, request: &request, layers: &layers, sources: &project.sources };
    let mut out = output::stdout();
    match args.format {
        TraceFormat::Text => trace.write_text(&mut out)?,
        TraceFormat::Json => trace.write_json(&mut out)?,
    }
    out.flush()?;
    Ok(CLEAN)
}

/// Follows the request through the configuration that names its host; if none does, through the first one that answers it,
/// main files before snippets, and those that stand for themselves before those that stand in a file of another language.
fn follow<'p, 'r>(
    files: &dyn Files,
    projects: &'p [Project<'r>],
    request: &Request,
    settings: &Settings,
) -> Option<(&'p Project<'r>, Layer)> {
    let paths = WellKnownPaths::of(settings);
    let mut best = None;
    for project in projects {
        let (config, sources) = (&project.config, &project.sources);
        let lookup = || project.lookup(files, settings);
        let own = (true, connect::sites(config, sources, &paths, lookup()));
        let embedded = connect::embedded(config, sources, &paths, lookup).into_iter().map(|(_, sites)| (false, sites));
        for (alone, sites) in std::iter::once(own).chain(embedded) {
            let Some((site, kind)) = sites.choose(request) else { continue };
            let names_host = site.hosts().iter().any(|host| host.eq_ignore_ascii_case(&request.host));
            let rank = (names_host, project.root.kind != RootKind::Snippet, alone);
            if best.as_ref().is_none_or(|(best, _, _)| rank > *best) {
                best = Some((rank, project, Layer { kind, outcome: site.resolve(request) }));
            }
        }
    }
    best.map(|(_, project, layer)| (project, layer))
}
