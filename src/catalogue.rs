//! The rule pages (`rules/*.md`): the only home of what is known about a rule besides its check.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::finding::{Confidence, Severity};
use crate::settings::Profile;

/// Front matter of a rule page.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FrontMatter {
    /// The id; also the name of the file.
    pub id: String,
    /// One line, at most 80 characters, no full stop.
    pub summary: String,
    /// `auth`, `proxy`, `cache`, `cookie`, `redirect`, `access` or `meta`.
    pub category: String,
    /// Severity unless the finding or the user says otherwise.
    pub severity: Severity,
    /// Confidence of most findings.
    pub confidence: Confidence,
    /// From which profile on it runs.
    #[serde(default)]
    pub profile: Profile,
    /// CVSS-like number for code scanning, security rules only.
    pub security_severity: Option<f32>,
    /// `nginx`, `apache`, `cdn`.
    pub formats: Vec<String>,
    /// `none`, `safe`, `unsafe` or `mixed`.
    pub fix: String,
    /// `preview`, `stable`, `deprecated` or `removed`.
    pub status: String,
    /// Release that brought it.
    pub since: String,
    /// Former ids.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Settings it reads.
    #[serde(default)]
    pub options: Vec<String>,
    /// Words to find it by.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Where its facts are documented.
    #[serde(default)]
    pub references: Vec<String>,
    /// Why no oracle test replays its examples, where its claim is not about behaviour.
    pub no_oracle: Option<String>,
}

/// A rule page.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its front matter.
    pub meta: FrontMatter,
    /// The Markdown after the front matter.
    pub body: &'static str,
}

impl Page {
    /// `error · high confidence · profile default · nginx, apache · fix: none · since 0.1.0`
    pub fn facts(&self) -> String {
        let meta = &self.meta;
        format!(
            "{} · {} confidence · profile {} · {} · fix: {} · since {}",
            meta.severity.as_str(),
            meta.confidence.as_str(),
            meta.profile.as_str(),
            meta.formats.join(", "),
            meta.fix,
            meta.since
        )
    }

    /// The whole page as a Markdown document of its own.
    pub fn markdown(&self) -> String {
        format!("# {}\n\n{}\n\n{}\n", self.meta.id, self.facts(), self.body.trim())
    }
}

static CATALOGUE: LazyLock<BTreeMap<&'static str, Page>> = LazyLock::new(|| {
    let pages = crate::rules::registry().iter().filter_map(|rule| Some((rule.id, parse(rule.page_text).ok()?)));
    pages.collect()
});

/// All pages by id.
pub fn pages() -> &'static BTreeMap<&'static str, Page> {
    &CATALOGUE
}

/// The page of a registered rule.
///
/// # Panics
/// If there is none: a test keeps pages and rules in step.
pub fn page(id: &str) -> &'static Page {
    #[expect(clippy::expect_used, reason = "a test keeps pages and rules in step")]
    CATALOGUE.get(id).expect("every rule has a page")
}

/// Splits and reads a page.
pub fn parse(text: &'static str) -> Result<Page, toml::de::Error> {
    let rest = text.strip_prefix("+++\n").unwrap_or_default();
    let (front, body) = rest.split_once("\n+++\n").unwrap_or((rest, ""));
    Ok(Page { meta: toml::from_str(front)?, body })
}
