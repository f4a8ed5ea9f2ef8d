//! What is said while a configuration is placed: errors of syntax, templates, limits.

use std::sync::Arc;

use super::conditions;
use super::config::{CERTAIN, DirectiveId};
use super::expand::{Expansion, MAX_EXPANDED, Verdicts};
use super::load::{MAX_DEPTH, MAX_REPEATED};
use crate::finding::{Confidence, Finding};
use crate::project::reading;
use crate::source::Span;
use crate::syntax::apache::{NodeId, Tree, When};

impl Expansion<'_, '_, '_> {
    /// Whether no more may nest; says so.
    pub(super) fn is_too_deep(&mut self, span: Span) -> bool {
        let deep = self.open.len() + self.open_macros.len() > MAX_DEPTH;
        if deep {
            self.config.incomplete = true;
            let message = format!("includes and macros nest deeper than {MAX_DEPTH}: this one is not read");
            self.report(
                Finding::new("limit-reached", span, message).help("httpd refuses to start where includes nest that deep"),
            );
        }
        deep
    }

    /// Whether no more is placed; says so once.
    pub(super) fn is_full(&mut self, at: Span) -> bool {
        let placed = self.config.placed.len();
        let full = placed >= self.loader.max_placed || self.repeated > MAX_REPEATED || self.expanded_bytes > MAX_EXPANDED;
        if full {
            self.config.incomplete = true;
            // Every text that is still open meets the limit as well.
            if !std::mem::replace(&mut self.limit_told, true) {
                let most = if self.repeated > MAX_REPEATED { MAX_REPEATED } else { self.loader.max_placed };
                let message = format!("more than {most} directives, each place of inclusion counted: the rest is not read");
                self.report(Finding::new("limit-reached", at, message));
            }
        }
        full
    }

    /// Stores a tree and reports, once, that it is a template. Whether the tree is new here.
    pub(super) fn register(&mut self, tree: &Arc<Tree>) -> bool {
        if !reading::keep(&mut self.config.trees, tree.file, tree) {
            return false;
        }
        let among_words = || tree.words.iter().find(|w| w.hole).map(|w| tree.word_span(w));
        if let Some(hole) = tree.holes.first().copied().or_else(|| tree.templated.then(among_words).flatten()) {
            self.report(reading::template(hole));
        }
        true
    }

    /// Reports what the server would refuse to read. Whether it does may hang on conditions around.
    pub(super) fn report_syntax(&mut self, tree: &Tree, verdicts: &Verdicts) {
        for error in &tree.errors {
            let around = error.condition.map_or(Some(true), |innermost| all_hold(tree, innermost, verdicts));
            let met = match error.when {
                When::Always => Some(true),
                When::Read => around,
                When::Skipped => around.map(|holds| !holds),
            };
            if met == Some(false) {
                continue;
            }
            let mut finding = Finding::new("syntax-error", error.span, error.message.clone());
            finding.help = error.help.clone().map(Into::into);
            if met.is_none() {
                finding.confidence = Confidence::Medium;
            }
            self.report(finding);
        }
    }

    /// Reports a finding unless the same rule has already spoken at this place (a file may be included many times).
    pub(super) fn report(&mut self, finding: Finding) {
        if self.loader.reported.insert((finding.primary, finding.rule)) {
            self.findings.push(finding);
        }
    }

    /// A finding about a placed directive: less sure where a condition around it is not decided.
    pub(super) fn finding(&self, rule: &'static str, id: DirectiveId, message: String) -> Finding {
        let finding = Finding::new(rule, self.config.directive(self.sources, id).span(), message);
        if self.condition == CERTAIN { finding } else { finding.confidence(Confidence::Medium) }
    }
}

/// Whether a condition and those around it in the file hold; one that was not looked at stands in one that does not.
fn all_hold(tree: &Tree, innermost: NodeId, verdicts: &Verdicts) -> Option<bool> {
    let around =
        tree.nodes.iter().enumerate().take(innermost as usize + 1).filter(|(id, node)| {
            conditions::is_condition(node.name) && (*id as NodeId == innermost || node.subtree_end > innermost)
        });
    let mut all = Some(true);
    for (id, _) in around {
        match verdicts.get(&(id as NodeId)).copied().unwrap_or(Some(false)) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => all = None,
        }
    }
    all
}
