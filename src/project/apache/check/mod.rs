//! What the server would refuse to read, beyond the grammar of one file: `httpd -t` without an httpd, and for `.htaccess` files
//! what nobody tests before a visitor meets it.
//!
//! Only what is certain is reported as an error: a template, a missing include or an unknown module may change what follows. What
//! stands under a condition that the files do not decide (`<IfModule>`) is judged for the case that the condition holds.

mod args;
mod formats;
mod patterns;
mod require;
mod scope;
mod sections;
mod unknown;
mod urls;
mod values;

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;

use self::scope::{Around, Refusal, Scope};
use super::config::{CERTAIN, Config, Directive, DirectiveId, Htaccess};
use super::overrides::{Allowed, Overrides};
use crate::finding::{Confidence, Finding};
use crate::settings::Settings;
use crate::source::{SourceMap, Span};
use crate::syntax::apache::directives::{Info, Where};
use crate::syntax::apache::{Tree, When};

/// Finds what the server would refuse to read: misplaced directives, wrong arguments, bad values. Names that nobody knows are
/// told as well, at severity info unless they are certainly misspelt.
pub fn check(config: &Config, sources: &SourceMap, _settings: &Settings) -> Vec<Finding> {
    let mut checker = Checker {
        config,
        sources,
        files: files(config),
        findings: Vec::new(),
        reported: HashSet::default(),
        unknown: unknown::Memory::default(),
        listens: HashMap::default(),
        htaccess: None,
    };
    checker.server();
    let overrides = Overrides::of(config, sources);
    for htaccess in &config.htaccess {
        checker.htaccess(htaccess, &overrides);
    }
    checker.findings
}

/// What is known of one file.
#[derive(Clone, Copy, Default)]
struct FileState {
    /// Not looked at: it comes with a package.
    skip: bool,
    /// Rendered before the server reads it.
    templated: bool,
    /// Whether its sections may be other ones than they seem: one is not closed.
    broken: bool,
}

fn files(config: &Config) -> Vec<FileState> {
    let open_macro = config.trees.iter().flatten().any(|tree| tree.open_macro);
    let state = |tree: &Tree| FileState {
        skip: config.shipped.contains(&tree.file),
        templated: tree.templated,
        broken: open_macro || tree.errors.iter().any(|error| error.when != When::Skipped),
    };
    config.trees.iter().map(|tree| tree.as_deref().map(state).unwrap_or_default()).collect()
}

struct Checker<'a> {
    config: &'a Config,
    sources: &'a SourceMap,
    files: Vec<FileState>,
    findings: Vec<Finding>,
    /// A file may be included many times; each fault is told once.
    reported: HashSet<(&'static str, Span), FixedState>,
    unknown: unknown::Memory,
    /// The first `Listen` of each address.
    listens: HashMap<String, DirectiveId, FixedState>,
    /// The `.htaccess` that is being looked at, with what its folder may override.
    htaccess: Option<Allowed<'a>>,
}

impl<'a> Checker<'a> {
    fn server(&mut self) {
        let top = if self.config.partial { self.guessed_top() } else { Scope::SERVER };
        self.walk(0, self.config.server_end, top);
    }

    /// Where a file that is part of a configuration is included: in a section if something in it can stand nowhere else.
    fn guessed_top(&self) -> Scope {
        let infos = || self.config.top(self.sources).filter_map(|d| d.name().info());
        let only = |place: Where| infos().any(|info| info.place.and(Where::CONF.or(Where::DIR)) == place);
        match (only(Where::CONF), only(Where::DIR)) {
            (true, _) => Scope::SERVER,
            (false, true) => Scope::SECTION,
            (false, false) => Scope::SOMEWHERE,
        }
    }

    fn htaccess(&mut self, htaccess: &Htaccess, overrides: &Overrides<'a>) {
        let allowed = overrides.allowed(htaccess);
        // Nothing reads it.
        if allowed.ignored {
            return;
        }
        self.htaccess = Some(allowed);
        self.walk(htaccess.first, htaccess.end, Scope::htaccess(allowed.classes));
        self.htaccess = None;
    }

    fn walk(&mut self, first: DirectiveId, end: DirectiveId, top: Scope) {
        let mut open: Vec<(DirectiveId, Scope)> = Vec::new();
        for id in first..end {
            while open.pop_if(|(end, _)| *end <= id).is_some() {}
            let scope = open.last().map_or(top, |(_, scope)| *scope);
            let Some(placed) = self.config.placed.get(id as usize) else { return };
            let file = self.files.get(placed.file.0 as usize).copied().unwrap_or_default();
            let directive = self.config.directive(self.sources, id);
            if !file.skip {
                self.directive(directive, file, scope);
            }
            if placed.subtree_end > id + 1 {
                open.push((placed.subtree_end, scope.inside(directive)));
            }
        }
    }

    fn directive(&mut self, directive: Directive<'a>, file: FileState, scope: Scope) {
        if directive.words().first().is_some_and(|word| word.hole) {
            return;
        }
        let Some(info) = directive.name().info() else {
            if !scope.unknown || scope.section.is_none() {
                unknown::check(self, directive, file, scope);
            }
            return;
        };
        // After a missing tag the sections may be other ones than they seem, and in a template as well.
        let certain = !file.templated && !file.broken;
        if certain
            && !scope.unknown
            && let Some(refusal) = scope.refuses(info)
        {
            let listed = |allowed: Allowed<'a>| allowed.skips_misplaced || allowed.lists(info.text);
            if refusal != Refusal::Place || scope.around.has(Around::REQUIRE) || !self.htaccess.is_some_and(listed) {
                self.misplaced(directive, info, scope, refusal);
            }
            return;
        }
        if directive.is_unknown() {
            return;
        }
        if info.text.starts_with('<') {
            sections::check(self, directive, file, scope);
            require::check(self, directive, scope);
        } else if args::check(self, directive, info, file) {
            values::check(self, directive);
            require::check(self, directive, scope);
            urls::check(self, directive, scope);
            formats::check(self, directive, scope);
            patterns::check(self, directive, scope);
        }
    }

    fn report(&mut self, finding: Finding) {
        if self.reported.insert((finding.rule, finding.primary)) {
            self.findings.push(finding);
        }
    }

    /// Reports a fault of a directive. Under a condition that is not decided the server meets it only if the condition holds.
    fn fault(&mut self, directive: Directive<'a>, mut finding: Finding) {
        if directive.condition() != CERTAIN {
            finding.confidence = finding.confidence.min(Confidence::Medium);
            if let Some(condition) = self.config.conditions.get(directive.condition() as usize) {
                finding = finding.related(condition.span, "only where this condition holds");
            }
        }
        if self.htaccess.is_some() && finding.rule != "unknown-directive" {
            finding.message.push_str(": every request for this folder is answered with 500");
        }
        self.report(finding);
    }

    fn error(&mut self, directive: Directive<'a>, span: Span, message: impl Into<String>) {
        self.fault(directive, Finding::new("syntax-error", span, message));
    }

    fn error_with_help(&mut self, directive: Directive<'a>, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.fault(directive, Finding::new("syntax-error", span, message).help(help.into()));
    }

    fn misplaced(&mut self, directive: Directive<'a>, info: &Info, scope: Scope, refusal: Refusal) {
        let shown = shown(info);
        let section = scope.section.map(|id| self.config.directive(self.sources, id));
        let in_htaccess = scope.around.has(Around::HTACCESS);
        let by_class = in_htaccess && info.place.in_htaccess() && refusal == Refusal::Place && !scope.around.has(Around::REQUIRE);
        let message = match (refusal, section) {
            (Refusal::Section(name), _) => format!("{shown} is not allowed in {name}"),
            (Refusal::Host, _) => format!("{shown} is not allowed in \"<VirtualHost>\""),
            (Refusal::Place, Some(section)) if !in_htaccess || scope.around.has(Around::REQUIRE) => {
                format!("{shown} is not allowed in {}", section.name().info().map_or_else(String::new, self::shown))
            }
            (Refusal::Place, _) if by_class => format!("{shown} is not allowed in this .htaccess"),
            (Refusal::Place, _) if in_htaccess => format!("{shown} is not allowed in a .htaccess"),
            (Refusal::Place, _) => format!("{shown} is not allowed outside of sections such as \"<Directory>\""),
        };
        let mut finding = Finding::new("misplaced-directive", directive.span(), message);
        let allow = self.htaccess.and_then(|allowed| allowed.directive).filter(|_| by_class);
        finding = match allow {
            Some(allow) => finding
                .related(allow.span(), "this is what may be overridden here")
                .help(format!("its folder would need \"AllowOverride {}\"", scope::classes(info.place))),
            None => finding.help(scope::describe(info)),
        };
        if let Some(section) = section {
            finding = finding.related(section.span(), "it stands in this section");
        }
        self.fault(directive, finding);
    }
}

/// `a, b and c`
fn list(names: &[String], and: &str) -> String {
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} {and} {last}", first.join(", ")),
        None => String::new(),
    }
}

/// The name of a directive or section, for a message.
fn shown(info: &Info) -> String {
    if info.text.starts_with('<') { format!("\"{}>\"", info.text) } else { format!("\"{}\"", info.text) }
}

#[cfg(test)]
mod tests;
