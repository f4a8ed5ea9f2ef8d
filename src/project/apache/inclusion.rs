//! Reads what `Include` and `IncludeOptional` bring, and says what they do not.

use std::path::Path;
use std::sync::Arc;

use super::config::{ChainId, DirectiveId};
use super::expand::{Expansion, Origin};
use super::include::{Absence, Target};
use super::modules;
use super::shipped;
use crate::files::display;
use crate::finding::Severity;

/// How often a file may be open at once. A file that includes itself under a condition that its own `Define` ends is no circle.
const MAX_REENTRIES: usize = 2;

/// An include that is being followed.
struct Inclusion {
    id: DirectiveId,
    /// The section around it.
    parent: DirectiveId,
    /// How what it brings was reached.
    chain: ChainId,
    argument: String,
    optional: bool,
}

impl Expansion<'_, '_, '_> {
    /// `Include` or `IncludeOptional`.
    pub(super) fn include(&mut self, origin: &Origin, id: DirectiveId, parent: DirectiveId, optional: bool) {
        let directive = self.config.directive(self.sources, id);
        let span = directive.span();
        // A wrong number of arguments is reported by the check of arguments.
        if directive.arg_count() != 1 {
            return;
        }
        let argument = directive.arg(0).into_owned();
        if directive.words().iter().any(|word| word.hole) {
            // That the file is a template is told.
            self.config.incomplete = true;
            return;
        }
        if directive.is_unknown() {
            self.config.incomplete = true;
            let message = format!("what `{argument}` stands for is not known: what it includes is not read");
            let finding = self.finding("unresolved-include", id, message).severity(Severity::Info);
            self.report(
                finding.help("variables that no `Define` of the files sets come from the environment or the command line"),
            );
            return;
        }
        if argument.is_empty() || self.is_too_deep(span) {
            return;
        }
        let key = (argument.clone(), self.config.server_root.clone());
        let targets = if let Some(known) = self.resolved.get(&key) {
            Arc::clone(known)
        } else {
            let targets = Arc::new(self.resolver.resolve(&argument, self.config.server_root.as_deref()));
            self.resolved.insert(key, Arc::clone(&targets));
            targets
        };
        if targets.is_empty() {
            return;
        }
        let chain = self.step(id, origin.chain);
        let inclusion = Inclusion { id, parent, chain, argument, optional };
        for target in targets.iter() {
            self.include_target(target, &inclusion);
        }
    }

    fn include_target(&mut self, target: &Target, inclusion: &Inclusion) {
        match target {
            Target::File(path) => self.include_file(path, inclusion),
            Target::Shipped(name) => {
                let Some(text) = shipped::text(name) else { return };
                let tree = self.loader.shipped_tree(self.sources, name, text);
                if !self.config.shipped.contains(&tree.file) {
                    self.config.shipped.push(tree.file);
                }
                self.place_file(&tree, inclusion.parent, inclusion.chain);
            }
            Target::Dangling(path) => self.include_dangling(path, inclusion),
            Target::Missing(path, why) => self.report_missing(path, *why, inclusion),
            Target::TooMuch(what) => {
                self.config.incomplete = true;
                let message = format!("`{}` brings {what}: the rest is not read", inclusion.argument);
                let finding = self.finding("limit-reached", inclusion.id, message);
                self.report(finding);
            }
        }
    }

    fn include_file(&mut self, path: &Path, inclusion: &Inclusion) {
        match self.loader.tree(self.sources, path) {
            Ok(tree) if self.open.iter().filter(|file| **file == tree.file).count() >= MAX_REENTRIES => {
                self.config.incomplete = true;
                let shown = &self.sources.file(tree.file).path;
                let message = format!("`{shown}` is included while it is itself being read: an endless circle");
                let finding = self.finding("limit-reached", inclusion.id, message);
                self.report(finding.help("httpd ends with \"Exceeded maximum include depth\" here"));
            }
            Ok(tree) => self.place_file(&tree, inclusion.parent, inclusion.chain),
            Err(why) => {
                self.config.incomplete = true;
                let (rule, reason) = why.rule_and_reason();
                let message = format!("included file `{}` {reason}", display(path, &self.loader.base));
                let finding = self.finding(rule, inclusion.id, message);
                self.report(finding);
            }
        }
    }

    /// A link whose target is not in the tree: on the server it leads somewhere.
    fn include_dangling(&mut self, path: &Path, inclusion: &Inclusion) {
        let folder = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some(kind) = folder.strip_suffix("-enabled") {
            // An absolute link that `a2enmod` or `a2ensite` made means the file of its name beside.
            let available = path.parent().and_then(Path::parent).map(|f| f.join(format!("{kind}-available")).join(&*name));
            if let Some(available) = available.filter(|path| self.resolver.places.files().kind(path).is_some()) {
                self.include_file(&available, inclusion);
                return;
            }
            if let Some(module) = name.strip_suffix(".load").filter(|_| kind == "mods") {
                self.modules.load(&modules::identifier_of(module), self.condition == super::config::CERTAIN);
            }
        }
        self.config.incomplete = true;
    }

    fn report_missing(&mut self, path: &Path, why: Absence, inclusion: &Inclusion) {
        // It was looked for where it would be, is not there and need not be there.
        if inclusion.optional && (why == Absence::NoMatch || self.loader.settings.this_host) {
            return;
        }
        self.config.incomplete = true;
        if why == Absence::MadeOnTheServer {
            return;
        }
        let Inclusion { id, argument, optional, .. } = inclusion;
        let shown = display(path, &self.loader.base);
        let (message, help) = match why {
            Absence::Outside => (
                format!("include of `{argument}` lies outside the checked tree and is not read"),
                "map the path with `include-map`, or pass `--host` if the configuration runs on this machine",
            ),
            Absence::NoMatch => (
                format!("nothing matches `{argument}`: looked for `{shown}`"),
                "httpd refuses to start then; `IncludeOptional` does not",
            ),
            Absence::NoFolder => (
                format!("no folder for `{argument}`: looked for `{shown}`"),
                "paths start from ServerRoot; where that is elsewhere in the tree, say so in lint401.toml: [include-map] \"/etc/apache2/\" = \"…\"",
            ),
            Absence::NoFile | Absence::MadeOnTheServer => (
                format!("included file not found: looked for `{shown}`"),
                "paths start from ServerRoot; where that is elsewhere in the tree, say so in lint401.toml: [include-map] \"/etc/apache2/\" = \"…\"",
            ),
        };
        let finding = self.finding("unresolved-include", *id, message).help(help);
        // What is optional often is not in the repository: what it brings on the server is unknown, and no fault.
        self.report(if *optional { finding.severity(Severity::Info) } else { finding });
    }
}
