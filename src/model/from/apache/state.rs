//! What the phases share: the directives in force, steps and open questions.

use super::chain;
use super::condition;
use super::host::Host;
use super::section::SectionId;
use super::walk::{Field, Walk};
use crate::model::from::choices::Choices;
use crate::model::{Step, Unknown};
use crate::project::apache::{ConditionKind, Directive, DirectiveId, TOP};
use crate::source::Span;
use crate::syntax::apache::Name;

impl<'a> Walk<'_, 'a> {
    pub(super) fn directive(&self, id: DirectiveId) -> Directive<'a> {
        self.host.shared.directive(id)
    }

    /// Runs `find` with a test whether directives are in force, which may ask.
    fn with_conditions<T>(&mut self, find: impl FnOnce(&Host<'a>, chain::InForce) -> T) -> T {
        let host = self.host;
        let (conditions, choices, unknown) = (&mut self.conditions, &mut *self.choices, &mut self.unknown);
        let passed_over = &self.passed_over;
        let mut in_force = |id: DirectiveId| {
            !passed_over.iter().any(|part| part.contains(&id)) && in_force(host, conditions, choices, unknown, id)
        };
        find(host, &mut in_force)
    }

    /// Whether a directive is in force.
    pub(super) fn in_force(&mut self, id: DirectiveId) -> bool {
        self.with_conditions(|_, in_force| in_force(id))
    }

    /// The directive of one of these names that counts here, where the last one does.
    pub(super) fn last(&mut self, names: &[Name]) -> Option<Directive<'a>> {
        let layers = std::mem::take(&mut self.r.layers);
        let found = self.with_conditions(|host, f| chain::last(&host.shared.sections, &layers, names, f));
        self.r.layers = layers;
        found.map(|id| self.directive(id))
    }

    /// All directives of these names that are for the request, in the order of merging.
    pub(super) fn all(&mut self, names: &[Name]) -> Vec<DirectiveId> {
        let layers = std::mem::take(&mut self.r.layers);
        let found = self.with_conditions(|host, f| chain::all(&host.shared.sections, &layers, names, f));
        self.r.layers = layers;
        found
    }

    /// The directives of these names of the last section that has one.
    pub(super) fn last_run(&mut self, names: &[Name]) -> Vec<DirectiveId> {
        let layers = std::mem::take(&mut self.r.layers);
        let found = self.with_conditions(|host, f| chain::last_run(&host.shared.sections, &layers, names, f));
        self.r.layers = layers;
        found
    }

    /// The directives of these names of one section.
    pub(super) fn own(&mut self, section: SectionId, names: &[Name]) -> Vec<DirectiveId> {
        let mut found = Vec::new();
        self.with_conditions(|host, f| chain::all_in(&host.shared.sections, section, names, f, &mut found));
        found
    }

    /// The directive of these names that counts for the whole host.
    pub(super) fn server_setting(&mut self, names: &[Name]) -> Option<Directive<'a>> {
        self.with_conditions(|host, f| host.server_setting(names, f))
    }

    /// The directives of these names for the whole host, its own first.
    pub(super) fn server_list(&mut self, names: &[Name]) -> Vec<DirectiveId> {
        self.with_conditions(|host, f| host.server_list(names, f))
    }

    /// The document root; `None`: not known.
    pub(super) fn document_root(&mut self) -> Option<String> {
        self.with_conditions(|host, f| host.document_root(f).map(std::borrow::Cow::into_owned))
    }

    /// Whether a flag is on; `None`: not set.
    pub(super) fn flag(&mut self, name: Name) -> Option<bool> {
        self.last(&[name]).map(|d| d.arg(0).eq_ignore_ascii_case("on"))
    }

    pub(super) fn step(&mut self, what: impl Into<String>, by: DirectiveId) {
        if by != TOP {
            self.steps.push(Step { what: what.into(), span: self.directive(by).span() });
        }
    }

    pub(super) fn note_unknown(&mut self, what: &str, span: Span, file_system: bool) {
        if self.noted.insert((what.to_owned(), span)) {
            self.unknown.push(Unknown { what: what.to_owned(), span, file_system });
        }
    }

    /// The place to blame where no directive is: the head of the host.
    pub(super) fn place(&self) -> Span {
        match self.host.section {
            Some(id) => self.host.shared.section_span(id),
            None => Span::new(self.host.shared.config.main, 0, 0),
        }
    }

    /// Asks what the files do not tell.
    pub(super) fn decide(&mut self, question: &str, default: bool, span: Span, file_system: bool) -> bool {
        self.note_unknown(question, span, file_system);
        self.choices.answer(question, default)
    }

    /// The value of a request header field (`apr_table_get`): of several the first.
    pub(super) fn header(&self, name: &str) -> Option<&Field> {
        self.headers.iter().find(|f| f.name.eq_ignore_ascii_case(name))
    }
}

fn in_force(
    host: &Host<'_>,
    conditions: &mut [Option<bool>],
    choices: &mut Choices,
    unknown: &mut Vec<Unknown>,
    id: DirectiveId,
) -> bool {
    let config = host.shared.config;
    let Some(placed) = config.placed.get(id as usize) else { return true };
    condition::holds(config, placed.condition, &mut |number, condition| {
        if let Some(Some(known)) = conditions.get(number as usize) {
            return *known;
        }
        let answer = host.shared.answer(&condition.kind).unwrap_or_else(|| {
            let question = condition::question(&condition.kind);
            let file_system = matches!(condition.kind, ConditionKind::File(_));
            if !unknown.iter().any(|u| u.what == question) {
                unknown.push(Unknown { what: question.clone(), span: condition.span, file_system });
            }
            choices.answer(&question, condition::usual(&condition.kind))
        });
        if let Some(place) = conditions.get_mut(number as usize) {
            *place = Some(answer);
        }
        answer
    })
}
