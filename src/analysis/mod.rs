//! From roots to findings: load, lower, run the rules, sort.

mod check;
mod load;
mod places;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use self::check::check;
pub use self::load::{Progress, Project, load};
use self::places::{BEGINNING, Places};
use crate::connect;
use crate::discover::{Dialect, Root, RootKind};
use crate::files::Files;
use crate::finding::{Finding, Severity};
use crate::model::{PathKind, Paths, WellKnown};
use crate::rules::Rule;
use crate::selection::{Selection, Standing};
use crate::settings::Settings;
use crate::source::{FileId, Position, SourceMap, Span};
use crate::suppress::{self, Applied, Audit, Ignore, Shown};

/// A finding as it is reported.
#[derive(Clone, Debug)]
pub struct Reported {
    /// What the rule said.
    pub finding: Finding,
    /// The severity in force.
    pub severity: Severity,
    /// Start of the primary place.
    pub start: Position,
    /// End of the primary place.
    pub end: Position,
}

/// A file that took part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    /// The file, as shown.
    pub path: String,
    /// The root that brought it, as shown.
    pub root: String,
    /// The `include` that brought it: file and line.
    pub via: Option<(String, u32)>,
    /// Whether it is checked alone, in a guessed context.
    pub alone: bool,
    /// What it is a part of.
    pub dialect: Dialect,
    /// Of a file of edge rules: the languages of what stands in it.
    pub languages: Vec<&'static str>,
}

/// The result of an analysis.
#[derive(Debug, Default)]
pub struct Analysis {
    /// All texts; findings point into it.
    pub sources: SourceMap,
    /// The findings, by path, line, column and rule.
    pub findings: Vec<Reported>,
    /// The files that were read, by path.
    pub files: Vec<Covered>,
    /// Files that were read because others include them, and in which nothing is reported: the settings exclude them.
    pub excluded: Vec<Covered>,
    /// The places of findings that only a stricter profile reports.
    pub hidden_by_profile: Vec<Span>,
    /// The findings that comments accept, each with the reason that the comment gives.
    pub ignored: Vec<(Reported, Option<String>)>,
    /// The findings that a baseline tolerates, each with the reason that its entry gives.
    pub baselined: Vec<(Reported, Option<String>)>,
    /// The comments that accept findings, by path and line.
    pub ignores: Vec<Audit>,
    /// How many mistakes each file has for which its server would not start or answer, whichever rules are reported.
    pub refused: BTreeMap<String, usize>,
}

/// The rules that report such mistakes.
const REFUSED: &[&str] = &["syntax-error", "unknown-directive", "misplaced-directive"];

/// The rule of faults of this tool itself.
pub const INTERNAL_ERROR: &str = "internal-error";

/// The well-known paths, the user's login paths and assets among them.
pub struct WellKnownPaths(Option<Paths>);

impl WellKnownPaths {
    /// The shipped list, and the login paths and assets of the settings.
    pub fn of(settings: &Settings) -> Self {
        if settings.login_paths.is_empty() && settings.assets.is_empty() {
            return Self(None);
        }
        let users = |path: String, kind: PathKind, method: &str| WellKnown {
            path,
            product: WellKnown::USERS.to_owned(),
            kinds: vec![kind],
            file: kind == PathKind::Asset,
            method: method.to_owned(),
        };
        // For all that lies below a folder (`/members/**`) the folder stands itself.
        let login = |pattern: &str| pattern.trim_end_matches('*').to_owned();
        let logins = settings.login_paths.iter().map(|path| users(login(path), PathKind::Login, "POST"));
        let assets = settings.assets.iter().map(|pattern| users(asset_of(pattern), PathKind::Asset, "GET"));
        Self(Some(Paths::new(logins.chain(assets).chain(Paths::shipped().list.iter().cloned()).collect())))
    }
}

/// A path that a pattern of assets is for: `/theme/app.css` for `/theme/`, `/app.webmanifest` for `*.webmanifest`.
fn asset_of(pattern: &str) -> String {
    let path = pattern.replace("**", "app").replace('*', "app");
    let file = if path.ends_with('/') { "app.css" } else { "" };
    format!("/{}{file}", path.trim_start_matches('/'))
}

impl std::ops::Deref for WellKnownPaths {
    type Target = Paths;

    fn deref(&self) -> &Paths {
        self.0.as_ref().unwrap_or_else(|| Paths::shipped())
    }
}

/// Checks the roots. The same input gives the same findings, whatever the number of threads.
pub fn analyze(files: &dyn Files, roots: &[Root], settings: &Settings, progress: &Progress) -> Analysis {
    let projects = load(files, roots, settings, progress);
    let paths = WellKnownPaths::of(settings);
    let selection = Selection::new(settings);
    let rules: Vec<&Rule> = crate::rules::registry().iter().filter(|r| selection.runs(r.id)).collect();
    progress.add(projects.len());
    let found: Vec<Vec<Finding>> = projects
        .par_iter()
        .map(|project| {
            let findings = check(files, project, &rules, &paths, settings);
            progress.step();
            findings
        })
        .collect();

    let mut analysis = Analysis::default();
    let mut findings = Vec::with_capacity(found.len() * 2);
    let mut ignores = Vec::new();
    // The files that only stand around those that were named.
    let mut beside = BTreeSet::new();
    for (mut project, found) in projects.into_iter().zip(found) {
        let own = std::mem::take(&mut project.findings);
        let named = project.only.take();
        let is_named = |file: FileId| named.as_ref().is_some_and(|named| named.contains(&file));
        let kept = not_excluded(&project, settings);
        let is_open = |file: FileId| is_named(file) || kept.as_ref().is_none_or(|kept| kept.contains(&file));
        if named.is_some() {
            analysis.files.extend(covered(&project, is_named));
        } else {
            analysis.files.extend(covered(&project, is_open));
            analysis.excluded.extend(covered(&project, |file| !is_open(file)));
        }
        let mut comments = connect::ignores(&project.config, &project.sources);
        comments.retain(|ignore| is_open(ignore.span.file));
        let others = project.sources.iter().map(|(file, _)| file).filter(|file| named.is_some() && !is_named(*file));
        let others: Vec<FileId> = others.collect();
        // The directives are given back before the findings are sorted.
        let Project { sources, config, .. } = project;
        drop(config);
        for mistake in own.iter().filter(|finding| REFUSED.contains(&finding.rule)) {
            let path = sources.file(mistake.primary.file).path.clone();
            *analysis.refused.entry(path).or_default() += 1;
        }
        let offset = analysis.sources.append(sources);
        beside.extend(others.into_iter().map(|file| FileId(file.0 + offset)));
        ignores.extend(comments.into_iter().map(|mut ignore| {
            ignore.span.file.0 += offset;
            ignore
        }));
        for mut list in [own, found] {
            list.retain(|f| is_open(f.primary.file));
            for finding in &mut list {
                shift(finding, offset);
            }
            findings.push(list);
        }
    }
    analysis.sort_files();
    report(&mut analysis, findings, &selection, settings);
    suppress(&mut analysis, &ignores, &selection, settings);
    if !beside.is_empty() {
        leave(&mut analysis, &beside);
    }
    analysis
}

/// Takes out what lies beside the files that were named. What plays a part in a finding elsewhere may well be what is wrong.
fn leave(analysis: &mut Analysis, beside: &BTreeSet<FileId>) {
    let stays = |finding: &Finding| {
        let mut places = finding.related.iter().map(|label| label.span).chain([finding.primary]);
        finding.rule == INTERNAL_ERROR || places.any(|place| !beside.contains(&place.file))
    };
    analysis.findings.retain(|reported| stays(&reported.finding));
    analysis.ignored.retain(|(reported, _)| stays(&reported.finding));
    analysis.hidden_by_profile.retain(|place| !beside.contains(&place.file));
    analysis.ignores.retain(|audit| !beside.contains(&audit.span.file));
}

/// Filters, grades, sorts and joins the findings.
fn report(analysis: &mut Analysis, findings: Vec<Vec<Finding>>, selection: &Selection, settings: &Settings) {
    let mut reported = Vec::with_capacity(findings.iter().map(Vec::len).sum());
    let mut hidden = BTreeMap::new();
    // Most findings follow another one of their rule.
    let mut last: Option<Standing> = None;
    for finding in findings.into_iter().flatten() {
        let standing = last.filter(|last| last.rule == finding.rule).unwrap_or_else(|| selection.standing(finding.rule));
        last = Some(standing);
        if !standing.runs || finding.confidence < settings.min_confidence {
            continue;
        }
        let path = analysis.sources.file(finding.primary.file).path.as_str();
        if !standing.shows {
            hidden.insert((path.to_owned(), finding.primary.start, finding.rule), finding.primary);
            continue;
        }
        if let Some(severity) = selection.severity_by(&standing, &finding, path) {
            reported.push(Reported { finding, severity, start: BEGINNING, end: BEGINNING });
        }
    }
    analysis.hidden_by_profile = hidden.into_values().collect();
    analysis.findings = sorted(&analysis.sources, reported);
    // In the order of the text, each line break is counted once.
    let mut places = Places::new(&analysis.sources);
    for reported in &mut analysis.findings {
        (reported.start, reported.end) = places.positions(reported.finding.primary);
    }
}

/// Takes out what comments accept, and reports comments that accept nothing.
fn suppress(analysis: &mut Analysis, ignores: &[Ignore], selection: &Selection, settings: &Settings) {
    if ignores.is_empty() {
        return;
    }
    let path = |file: FileId| analysis.sources.file(file).path.as_str();
    let shown = |r: &Reported| Shown { rule: r.finding.rule, path: path(r.finding.primary.file), start: r.finding.primary.start };
    let shown: Vec<Shown> = analysis.findings.iter().map(shown).collect();
    // Where findings of a rule are not shown, nothing can be said about its comments.
    let looked_at = |rule: &str, path: &str| selection.shows_all(rule, path);
    let Applied { suppressed, findings, audit } =
        suppress::apply(&analysis.sources, ignores, &shown, &settings.ignores, &looked_at);
    let mut suppressed = suppressed.into_iter().peekable();
    let all = std::mem::take(&mut analysis.findings);
    for (index, reported) in all.into_iter().enumerate() {
        match suppressed.next_if(|found| found.finding == index) {
            Some(found) => analysis.ignored.push((reported, found.reason)),
            None => analysis.findings.push(reported),
        }
    }
    analysis.ignores = audit;
    if findings.is_empty() {
        return;
    }
    let before = std::mem::take(&mut analysis.findings);
    let hidden = std::mem::take(&mut analysis.hidden_by_profile);
    report(analysis, vec![findings], selection, settings);
    analysis.hidden_by_profile.extend(hidden);
    let all = before.into_iter().chain(std::mem::take(&mut analysis.findings)).collect();
    analysis.findings = sorted(&analysis.sources, all);
}

/// Findings by path, line, column and rule; of several of one rule at one place only one.
fn sorted(sources: &SourceMap, mut reported: Vec<Reported>) -> Vec<Reported> {
    // A place that is further in the text is in a later line, or a later column.
    let by_place = |Reported { finding: a, .. }: &Reported, Reported { finding: b, .. }: &Reported| {
        let path = |finding: &Finding| sources.file(finding.primary.file).path.as_str();
        let same = a.primary.file == b.primary.file;
        let by_path = if same { Ordering::Equal } else { path(a).cmp(path(b)) };
        by_path.then_with(|| (a.primary.start, a.rule).cmp(&(b.primary.start, b.rule)))
    };
    // The worst and surest of several findings of one rule at one place comes first and stays. The sort is stable, so equal
    // ones keep the order of the configuration.
    reported
        .sort_by(|a, b| by_place(a, b).then_with(|| (b.severity, b.finding.confidence).cmp(&(a.severity, a.finding.confidence))));
    reported.dedup_by(|b, a| by_place(a, b).is_eq());
    reported
}

/// Several analyses as one: of roots that have settings of their own.
pub fn join(analyses: impl IntoIterator<Item = Analysis>) -> Analysis {
    let mut analyses = analyses.into_iter();
    let Some(mut joined) = analyses.next() else { return Analysis::default() };
    let mut several = false;
    for mut analysis in analyses {
        several = true;
        let offset = joined.sources.append(analysis.sources);
        analysis.findings.iter_mut().for_each(|reported| shift(&mut reported.finding, offset));
        joined.findings.append(&mut analysis.findings);
        joined.files.append(&mut analysis.files);
        joined.excluded.append(&mut analysis.excluded);
        for (path, count) in analysis.refused {
            *joined.refused.entry(path).or_default() += count;
        }
        joined.hidden_by_profile.extend(analysis.hidden_by_profile.into_iter().map(|mut span| {
            span.file.0 += offset;
            span
        }));
        for (list, more) in [(&mut joined.ignored, analysis.ignored), (&mut joined.baselined, analysis.baselined)] {
            list.extend(more.into_iter().map(|(mut reported, reason)| {
                shift(&mut reported.finding, offset);
                (reported, reason)
            }));
        }
        joined.ignores.extend(analysis.ignores.into_iter().map(|mut audit| {
            audit.span.file.0 += offset;
            audit
        }));
    }
    if several {
        joined.sort_files();
        joined.findings = sorted(&joined.sources, joined.findings);
    }
    joined
}

/// Moves the places of a finding to files with higher numbers.
fn shift(finding: &mut Finding, offset: u32) {
    let shift = |span: &mut Span| span.file.0 += offset;
    shift(&mut finding.primary);
    finding.related.iter_mut().for_each(|label| shift(&mut label.span));
    finding.fix.iter_mut().flat_map(|fix| &mut fix.edits).for_each(|edit| shift(&mut edit.span));
}

impl Analysis {
    /// Puts the files in order, each once.
    fn sort_files(&mut self) {
        for files in [&mut self.files, &mut self.excluded] {
            files.sort_by(|a, b| (&a.path, &a.root).cmp(&(&b.path, &b.root)));
            files.dedup_by(|b, a| a.path == b.path);
        }
    }
}

/// The files of a project in which findings are reported; `None`: in all. What is excluded and starts a project was named.
fn not_excluded(project: &Project, settings: &Settings) -> Option<BTreeSet<FileId>> {
    let excluded = |file: FileId| settings.excludes(&project.sources.file(file).path);
    if settings.exclude.is_empty() || excluded(project.config.main()) {
        return None;
    }
    let (out, kept): (BTreeSet<FileId>, BTreeSet<FileId>) =
        project.sources.iter().map(|(id, _)| id).partition(|id| excluded(*id));
    (!out.is_empty()).then_some(kept)
}

/// The files of a project that are `wanted`.
fn covered(project: &Project, wanted: impl Fn(FileId) -> bool) -> Vec<Covered> {
    let Project { sources, config, .. } = project;
    let root = sources.file(config.main()).path.clone();
    let via = config.includes();
    let htaccess: BTreeSet<FileId> = config.htaccess().collect();
    let taking_part = sources.iter().filter(|(id, _)| wanted(*id));
    taking_part
        .filter(|(id, _)| !config.is_shipped(*id))
        .map(|(id, file)| Covered {
            path: file.path.clone(),
            root: root.clone(),
            via: via.get(&id).map(|span| (sources.file(span.file).path.clone(), sources.positions(*span).0.line)),
            alone: project.root.kind == RootKind::Snippet && id == config.main(),
            dialect: if htaccess.contains(&id) { Dialect::Htaccess } else { config.dialect() },
            languages: if id == config.main() { config.languages() } else { Vec::new() },
        })
        .collect()
}
