//! The YAML of CDNs, gateways and ingresses: one file with its documents, each in the dialect that its keys show.

mod cloudformation;
mod embedded;
mod google;
mod kong;
mod neutral;

use std::path::Path;

pub use kong::{Credential, credentials};
pub use neutral::seconds;

use crate::discover::edge::{Dialect, parts, recognise, recognise_as};
use crate::files::{Files, display, normalize};
use crate::finding::{Finding, Severity};
use crate::project::nginx;
use crate::project::reading::{self, Unreadable};
use crate::settings::Settings;
use crate::source::{FileId, SourceMap, Span};
use crate::syntax::yaml::{NodeId, Tree, Why, Yaml, parse};

/// One file.
#[derive(Debug)]
pub struct Config {
    /// The file.
    pub main: FileId,
    /// Its nodes.
    pub tree: Tree,
    /// The documents that are ours, in the order of the text.
    documents: Vec<(Dialect, NodeId)>,
    /// The nginx configurations that stand in it.
    pub nginx: Vec<nginx::Config>,
}

impl Config {
    /// The dialects that its documents are written in, each once, in the order of the text.
    pub fn dialects(&self) -> Vec<Dialect> {
        let mut dialects = Vec::new();
        for (dialect, _) in &self.documents {
            if !dialects.contains(dialect) {
                dialects.push(*dialect);
            }
        }
        dialects
    }

    /// The documents that are ours, each with its dialect.
    pub fn documents<'a>(&'a self, sources: &'a SourceMap) -> impl Iterator<Item = (Dialect, Yaml<'a>)> {
        let text = sources.file(self.main).text();
        self.documents.iter().map(move |(dialect, root)| (*dialect, Yaml::of(&self.tree, text, *root)))
    }
}

/// A file and what was wrong while it was read.
#[derive(Debug)]
pub struct Loaded {
    /// The file.
    pub config: Config,
    /// Syntax errors and limits, in reading order.
    pub findings: Vec<Finding>,
}

/// Loads one file; its path is shown relative to `base`. `said`: the dialect that somebody says it is written in.
pub fn load(
    files: &dyn Files,
    sources: &mut SourceMap,
    main: &Path,
    base: &Path,
    said: Option<Dialect>,
    settings: &Settings,
) -> Loaded {
    let main = normalize(main);
    let shown = display(&main, &normalize(base));
    let bytes = reading::read(files, &main).and_then(|bytes| reading::check_size(&bytes).map(|()| bytes));
    match bytes {
        Ok(bytes) => {
            let file = sources.add(shown, bytes);
            let mut loaded = read(sources, file, said);
            hide_credentials(sources, &loaded.config);
            embedded(files, sources, (&main, base), settings, &mut loaded);
            loaded
        }
        Err(why) => unread(sources.add(shown, Vec::new()), why),
    }
}

fn unread(file: FileId, why: Unreadable) -> Loaded {
    let (rule, reason) = why.rule_and_reason();
    let config = Config { main: file, tree: Tree::new(file), documents: Vec::new(), nginx: Vec::new() };
    Loaded { config, findings: vec![Finding::new(rule, Span::new(file, 0, 0), format!("this file {reason}"))] }
}

fn read(sources: &SourceMap, file: FileId, said: Option<Dialect>) -> Loaded {
    let text = sources.file(file).text();
    let tree = parse(file, text);
    let of = |document| said.map_or_else(|| recognise(document), |said| recognise_as(document, said));
    let parts: Vec<(Yaml, Option<Dialect>)> =
        Yaml::documents(&tree, text).flat_map(parts).map(|document| (document, of(document))).collect();
    // An Ingress without annotations is that of the controller to which its neighbours talk: all of one host make one server.
    let has_controller = parts.iter().any(|(_, dialect)| *dialect == Some(Dialect::IngressNginx));
    let beside = |document: Yaml| Some(Dialect::IngressNginx).filter(|_| has_controller && is_plain_ingress(document));
    let documents = parts.iter().filter_map(|(document, dialect)| Some((dialect.or_else(|| beside(*document))?, document.id())));
    let documents = documents.collect();
    let findings = faults(sources, &tree);
    Loaded { config: Config { main: file, tree, documents, nginx: Vec::new() }, findings }
}

/// Keeps the credentials of consumers out of everything that is shown.
fn hide_credentials(sources: &mut SourceMap, config: &Config) {
    let ours = config.documents(sources).filter(|(dialect, _)| *dialect == Dialect::Kong);
    let values: Vec<Span> = ours.flat_map(|(_, document)| credentials(document)).map(|one| one.entry.value.span()).collect();
    for value in values {
        sources.hide(value);
    }
}

/// An Ingress that names no controller, or the class that is called `nginx`.
fn is_plain_ingress(document: Yaml) -> bool {
    let class = document.at_path(&["spec", "ingressClassName"]).and_then(Yaml::as_str);
    document.get("kind").and_then(Yaml::as_str) == Some("Ingress") && class.is_none_or(|class| class == "nginx")
}

/// How many nginx configurations of one file are looked at. Nobody writes so many; each costs more than its text.
const MAX_EMBEDDED: usize = 1000;

/// Reads the nginx configurations that stand in a file.
fn embedded(files: &dyn Files, sources: &mut SourceMap, (main, base): (&Path, &Path), settings: &Settings, loaded: &mut Loaded) {
    let Loaded { config, findings } = loaded;
    let text = sources.file(config.main).text();
    let blocks: Vec<Span> = Yaml::documents(&config.tree, text).flat_map(parts).flat_map(embedded::blocks).collect();
    if let Some(left_out) = blocks.get(MAX_EMBEDDED) {
        let message =
            format!("this file holds more than {MAX_EMBEDDED} nginx configurations; those from here on are not checked");
        findings.push(Finding::new("limit-reached", *left_out, message));
    }
    for block in blocks.into_iter().take(MAX_EMBEDDED) {
        let read = nginx::Loader::new(files, base, settings).load_within(sources, main, block);
        // What it includes lies in the image that it is mounted into.
        findings.extend(read.findings.into_iter().filter(|finding| finding.rule != "unresolved-include"));
        config.nginx.push(read.config);
    }
}

/// What the parser refused. A template that is no YAML before it is rendered has no syntax error: it cannot be read.
fn faults(sources: &SourceMap, tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let hole = if tree.errors.is_empty() { None } else { first_hole(sources.file(tree.file).text()) };
    for error in &tree.errors {
        if error.why == Why::Limit {
            findings.push(Finding::new("limit-reached", error.span, format!("{}; this document is not checked", error.message)));
            continue;
        }
        if let Some((start, end)) = hole.filter(|_| error.first.is_none()) {
            let message = "this file is a template and no YAML before it is rendered: it is not checked";
            let help = "check what it renders to: helm template … | lint401 check -";
            let at = Span::new(tree.file, start, end);
            findings.push(Finding::new("templated-file", at, message).severity(Severity::Info).help(help));
            break;
        }
        let mut finding = Finding::new("syntax-error", error.span, error.message.clone());
        if let Some(first) = error.first {
            finding = finding.related(first, "the first one").help("readers take one of them, or refuse the file: keep one");
        }
        findings.push(finding);
    }
    for too_large in tree.documents.iter().filter_map(|document| document.too_large) {
        let message = "with all that its aliases stand for, this document has more nodes than are looked at; it is not checked";
        findings.push(Finding::new("limit-reached", too_large, message));
    }
    findings
}

/// Where the text has its first statement or hole of a template.
fn first_hole(text: &str) -> Option<(u32, u32)> {
    let start = ["{{", "{%", "<%"].iter().filter_map(|mark| text.find(mark)).min()?;
    Some((start as u32, start as u32 + 2))
}

/// Checks what is refused although it is YAML: by our own schema, and by a platform when it is deployed.
pub fn check(config: &Config, sources: &SourceMap, settings: &Settings) -> Vec<Finding> {
    let checked = config.documents(sources).map(|(dialect, document)| match dialect {
        Dialect::Neutral => neutral::check(document),
        Dialect::CloudFormation => cloudformation::check(document),
        Dialect::Google => google::check(document),
        _ => Vec::new(),
    });
    let nginx = config.nginx.iter().flat_map(|nginx| nginx::check(nginx, sources, settings));
    checked.flatten().chain(nginx).collect()
}
