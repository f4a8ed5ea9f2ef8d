//! Which rules run, which findings show, and how severe they are.

use crate::catalogue;
use crate::finding::{Confidence, Finding, Severity};
use crate::settings::{PerFile, Profile, Settings};

/// Findings of these show whatever is selected, unless ignored by name: a file that was not understood is never green.
const ALWAYS: &[&str] = &["syntax-error", "internal-error"];

/// The user's choice of rules.
pub struct Selection<'a> {
    settings: &'a Settings,
}

/// What holds for all findings of a rule.
#[derive(Clone, Copy)]
pub struct Standing {
    /// The id of the rule.
    pub rule: &'static str,
    /// Whether it runs.
    pub runs: bool,
    /// Whether its findings are shown.
    pub shows: bool,
    /// The user's severity.
    users: Option<Severity>,
    /// That of its page.
    page: Severity,
}

impl<'a> Selection<'a> {
    /// The choice that the settings make.
    pub fn new(settings: &'a Settings) -> Self {
        Self { settings }
    }

    /// Whether the rule runs. Rules of stricter profiles run as well, so that what they would report can be counted.
    pub fn runs(&self, rule: &str) -> bool {
        self.runs_as(rule, catalogue::is_preview(rule))
    }

    /// The same for a rule that is in preview, or is not.
    fn runs_as(&self, rule: &str, preview: bool) -> bool {
        let named = |list: &[String]| list.iter().any(|r| r == rule);
        let selected = named(&self.settings.select);
        !named(&self.settings.ignore)
            && (self.settings.select.is_empty() || selected || ALWAYS.contains(&rule))
            && (!preview || self.settings.preview || selected)
    }

    /// Whether the findings of a rule that runs are shown: it is selected by name, or belongs to the profile.
    pub fn shows(&self, rule: &str) -> bool {
        let profile = catalogue::get(rule).map_or(Profile::Default, |page| page.meta.profile);
        profile <= self.settings.profile || self.settings.select.iter().any(|r| r == rule)
    }

    /// Whether every finding of a rule in a file (as it is shown) shows, so that what is not there was not found.
    pub fn shows_all(&self, rule: &str, path: &str) -> bool {
        let is_off = || self.in_file(rule, path) == Some(None);
        self.settings.min_confidence == Confidence::Low && self.runs(rule) && self.shows(rule) && !is_off()
    }

    /// What holds for all findings of a rule.
    pub fn standing(&self, rule: &'static str) -> Standing {
        let users = self.settings.severity.get(rule).copied();
        let page = catalogue::get(rule).map_or(Severity::Error, |page| page.meta.severity);
        Standing { rule, runs: self.runs(rule), shows: self.shows(rule), users, page }
    }

    /// The severity in force in a file (as it is shown): the user's, the finding's own, that of the rule's page. `None`: off.
    pub fn severity(&self, finding: &Finding, path: &str) -> Option<Severity> {
        self.severity_by(&self.standing(finding.rule), finding, path)
    }

    /// The same for one of many findings of a rule.
    pub fn severity_by(&self, standing: &Standing, finding: &Finding, path: &str) -> Option<Severity> {
        let everywhere = || standing.users.or(finding.severity).unwrap_or(standing.page);
        self.in_file(finding.rule, path).unwrap_or_else(|| Some(everywhere()))
    }

    /// What the user says of a rule in a file: the last entry that speaks of both.
    #[expect(clippy::option_option, reason = "nothing said, off, a severity")]
    fn in_file(&self, rule: &str, path: &str) -> Option<Option<Severity>> {
        let per_file = &self.settings.per_file;
        if per_file.is_empty() {
            return None;
        }
        let path = self.settings.base.join(path);
        let holds = |entry: &&PerFile| entry.rules.contains_key(rule) && entry.files.iter().any(|glob| glob.is_match(&path));
        per_file.iter().rev().find(holds).and_then(|entry| entry.rules.get(rule)).copied()
    }
}

/// All rule ids, sorted.
pub fn rule_ids() -> Vec<&'static str> {
    crate::rules::registry().iter().map(|rule| rule.id).collect()
}

/// The id that a user meant: an id itself or a former one. On failure the nearest id, if one is near.
pub fn resolve(id: &str) -> Result<&'static str, Option<&'static str>> {
    let ids = rule_ids();
    if let Some(found) = ids.iter().find(|known| **known == id) {
        return Ok(found);
    }
    let alias = catalogue::pages().find(|(_, page)| page.meta.aliases.iter().any(|a| a == id));
    if let Some((found, _)) = alias {
        return Ok(found);
    }
    let near = ids.into_iter().map(|known| (strsim::jaro_winkler(known, id), known)).filter(|(score, _)| *score > 0.8);
    Err(near.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_preview_is_asked_for() {
        let runs = |settings: Settings, preview| Selection::new(&settings).runs_as("bypassed-auth", preview);
        let named = |id: &str| vec![id.to_owned()];
        assert!(runs(Settings::default(), false) && !runs(Settings::default(), true));
        assert!(runs(Settings { preview: true, ..Settings::default() }, true));
        assert!(runs(Settings { select: named("bypassed-auth"), ..Settings::default() }, true));
        for preview in [false, true] {
            assert!(!runs(Settings { preview, select: named("redirect-loop"), ..Settings::default() }, true));
            assert!(!runs(Settings { preview, ignore: named("bypassed-auth"), ..Settings::default() }, true));
        }
    }
}
