//! What `AllowOverride` lets a `.htaccess` do, and what the server refuses in one: that shows at request time only, as a 500.

use super::section::SectionId;
use super::walk::{Stop, Walk};
use crate::project::apache::overrides::allows_option;
use crate::project::apache::{Directive, Htaccess};
use crate::syntax::apache::Name;
use crate::syntax::apache::directives::Where;

/// Modules of which a directive that is passed over still makes empty settings, and these take the place of the settings outside
/// (`ap_walk_config_sub`; measured).
const VOIDED: &[&str] = &[
    "mod_access_compat",
    "mod_auth_digest",
    "mod_authn_anon",
    "mod_authn_dbm",
    "mod_authn_file",
    "mod_authz_dbm",
    "mod_authz_groupfile",
    "mod_env",
    "mod_mime",
    "mod_rewrite",
];

/// What `AllowOverride` and `AllowOverrideList` say.
#[derive(Clone, Debug, Default)]
pub(super) struct Overrides {
    classes: Vec<Where>,
    /// Names of directives in lower case.
    list: Vec<String>,
    /// Whether there is an `AllowOverride` at all.
    is_said: bool,
    /// `Nonfatal=Override`: what is not allowed is left out instead.
    forgives_override: bool,
    /// `Nonfatal=Unknown`: what is not known is left out instead.
    forgives_unknown: bool,
}

impl Overrides {
    /// `AllowOverride All`.
    pub(super) fn all() -> Self {
        Self { classes: vec![Where::OR_ANY], is_said: true, ..Self::default() }
    }

    /// `AllowOverride None`.
    pub(super) fn none() -> Self {
        Self { is_said: true, ..Self::default() }
    }

    /// What the directives in force say.
    pub(super) fn of(classes: Option<Directive>, list: Option<Directive>) -> Self {
        let mut overrides = Self { is_said: classes.is_some(), ..Self::default() };
        for word in classes.iter().flat_map(|d| d.args()) {
            let word = word.to_ascii_lowercase();
            let class = match word.split('=').next().unwrap_or_default() {
                "all" => Where::OR_ANY,
                "authconfig" => Where::AUTH_CONFIG,
                "fileinfo" => Where::FILE_INFO,
                "indexes" => Where::INDEXES,
                "limit" => Where::LIMIT,
                "options" => Where::OPTIONS,
                "nonfatal" => {
                    let all = word.ends_with("=all");
                    overrides.forgives_override |= all || word.ends_with("=override");
                    overrides.forgives_unknown |= all || word.ends_with("=unknown");
                    continue;
                }
                _ => continue,
            };
            overrides.classes.push(class);
        }
        let names = list.iter().flat_map(|d| d.args()).filter(|a| !a.eq_ignore_ascii_case("none"));
        overrides.list = names.map(|a| a.to_ascii_lowercase()).collect();
        overrides
    }

    /// Whether `.htaccess` files are not even read. Measured: where no `AllowOverride` is in force they are, and everything in them is
    /// refused.
    pub(super) fn is_none(&self) -> bool {
        self.is_said && self.classes.is_empty() && self.list.is_empty()
    }

    /// Whether a directive of the table may stand in the `.htaccess`.
    fn allows(&self, place: Where, name: &str) -> bool {
        self.classes.iter().any(|class| class.intersects(place)) || self.list.iter().any(|n| n.eq_ignore_ascii_case(name))
    }
}

impl Walk<'_, '_> {
    /// Ends with 500 where the server would refuse the `.htaccess`.
    pub(super) fn check_htaccess(&mut self, htaccess: &Htaccess, overrides: &Overrides) -> Result<(), Stop> {
        let config = self.host.shared.config;
        let tree = config.trees.get(htaccess.file.0 as usize).and_then(Option::as_ref);
        if tree.is_some_and(|tree| !tree.errors.is_empty() && !tree.templated) {
            return Err(Stop::status(500, (htaccess.first < htaccess.end).then_some(htaccess.first)));
        }
        let allow = self.last(&[Name::AllowOverride]);
        for id in htaccess.first..htaccess.end {
            let directive = self.directive(id);
            let sets = |word: std::borrow::Cow<str>| {
                allow.is_some_and(|allow| !allows_option(&allow, word.trim_start_matches(['+', '-'])))
            };
            let refuses_option = directive.name() == Name::Options && directive.args().any(sets);
            match directive.name().info() {
                Some(info) if overrides.allows(info.place, info.text.trim_start_matches('<')) => {
                    let is_refused = refuses_not(&directive) || refuses_option || super::refused::is_refused(&directive);
                    if is_refused && self.in_force(id) {
                        return Err(Stop::status(500, Some(id)));
                    }
                }
                Some(info) if overrides.forgives_override => {
                    if VOIDED.contains(&info.module) && self.in_force(id) {
                        return Err(Stop::unknown("what a directive that is passed over leaves of those outside", Some(id)));
                    }
                    let end = config.placed.get(id as usize).map_or(id, |placed| placed.subtree_end);
                    let part = id..end.max(id.saturating_add(1));
                    if !self.passed_over.contains(&part) {
                        self.passed_over.push(part);
                    }
                }
                Some(_) => {
                    if self.in_force(id) {
                        self.step(format!("{} is not allowed here", directive.name_text()), id);
                        return Err(Stop::status(500, Some(id)));
                    }
                }
                None => {
                    if overrides.forgives_unknown || !self.in_force(id) {
                        continue;
                    }
                    let question = format!("whether the directive {} is known", directive.name_text());
                    if !self.decide(&question, true, directive.name_span(), false) {
                        return Err(Stop::status(500, Some(id)));
                    }
                }
            }
        }
        Ok(())
    }

    /// Says that a `.htaccess` is not read.
    pub(super) fn note_ignored(&mut self, section: SectionId) {
        let span = self.host.shared.section_span(section);
        self.steps.push(crate::model::Step { what: "AllowOverride None: this .htaccess is not read".to_owned(), span });
    }
}

/// Whether it is a `Require not` where one of several is enough: it could never let anybody in.
fn refuses_not(directive: &Directive) -> bool {
    let negative = directive.name() == Name::Require && directive.arg(0).eq_ignore_ascii_case("not")
        || directive.name() == Name::RequireNone;
    let around = directive.ancestors().find(|a| !matches!(a.name(), Name::Limit | Name::LimitExcept));
    negative && !around.is_some_and(|a| matches!(a.name(), Name::RequireAll | Name::RequireNone))
}
