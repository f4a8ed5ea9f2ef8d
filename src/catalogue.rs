//! The rule pages (`rules/*.md`): the only home of what is known about a rule besides its check.

use std::sync::{LazyLock, OnceLock};

use crate::finding::{Confidence, Severity};
use crate::rules::registry;
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
    /// How far along it is.
    pub status: Status,
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

/// How far along a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Not yet shown to be right on a real server and on real configurations: runs only where it is asked for.
    Preview,
    /// Part of what a release promises.
    Stable,
    /// Runs, and will go.
    Deprecated,
    /// Runs no more; the page says what took its place.
    Removed,
}

impl Status {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Stable => "stable",
            Self::Deprecated => "deprecated",
            Self::Removed => "removed",
        }
    }
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
        let status = if meta.status == Status::Stable { String::new() } else { format!(" · {}", meta.status.as_str()) };
        format!(
            "{} · {} confidence · profile {} · {} · fix: {} · since {}{status}",
            meta.severity.as_str(),
            meta.confidence.as_str(),
            meta.profile.as_str(),
            meta.formats.join(", "),
            meta.fix,
            meta.since
        )
    }

    /// Where its check is, and what was said about it: two addresses.
    pub fn links(&self) -> [String; 2] {
        let (home, id) = (env!("CARGO_PKG_REPOSITORY"), &self.meta.id);
        [format!("{home}/blob/main/src/rules/{}.rs", id.replace('-', "_")), format!("{home}/issues?q={id}")]
    }

    /// The whole page as a Markdown document of its own.
    pub fn markdown(&self) -> String {
        let [source, issues] = self.links();
        let (id, facts, body) = (&self.meta.id, self.facts(), self.body.trim());
        format!("# {id}\n\n{facts} · [source]({source}) · [issues]({issues})\n\n{body}\n")
    }
}

/// The pages of the registered rules, in their order. Each is read when it is first asked for: a run needs those of the rules that
/// find something.
static PAGES: LazyLock<Vec<OnceLock<Option<Page>>>> = LazyLock::new(|| registry().iter().map(|_| OnceLock::new()).collect());

/// All pages with their ids, sorted by id.
pub fn pages() -> impl Iterator<Item = (&'static str, &'static Page)> {
    registry().iter().filter_map(|rule| Some((rule.id, get(rule.id)?)))
}

/// The page of a rule, if there is a rule of that id.
pub fn get(id: &str) -> Option<&'static Page> {
    let index = registry().binary_search_by(|rule| rule.id.cmp(id)).ok()?;
    let text = registry().get(index)?.page_text;
    PAGES.get(index)?.get_or_init(|| parse(text).ok()).as_ref()
}

/// The line of a front matter that keeps a rule from running unasked.
const PREVIEW_LINE: &str = "\nstatus = \"preview\"";

/// The rules that run only where they are asked for. Their pages need not be read to know that.
static PREVIEW: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let front = |text: &'static str| text.split_once("\n+++\n").map_or("", |(front, _)| front);
    let preview = registry().iter().filter(|rule| front(rule.page_text).contains(PREVIEW_LINE));
    preview.map(|rule| rule.id).collect()
});

/// Whether a rule runs only with `--preview`, or selected by its name.
pub fn is_preview(id: &str) -> bool {
    PREVIEW.contains(&id)
}

/// The page of a registered rule.
///
/// # Panics
/// If there is none: a test keeps pages and rules in step.
pub fn page(id: &str) -> &'static Page {
    #[expect(clippy::expect_used, reason = "a test keeps pages and rules in step")]
    get(id).expect("every rule has a page")
}

/// Splits and reads a page.
pub fn parse(text: &'static str) -> Result<Page, toml::de::Error> {
    let rest = text.strip_prefix("+++\n").unwrap_or_default();
    let (front, body) = rest.split_once("\n+++\n").unwrap_or((rest, ""));
    Ok(Page { meta: toml::from_str(front)?, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_links_of_a_page_lead_to_its_check() {
        for (id, page) in pages() {
            let [source, issues] = page.links();
            let (_, file) = source.split_once("/blob/main/").unwrap();
            assert!(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file).is_file(), "{file}");
            assert!(issues.ends_with(id));
        }
    }

    #[test]
    fn the_pages_say_what_is_in_preview() {
        for (id, page) in pages() {
            assert_eq!(is_preview(id), page.meta.status == Status::Preview, "{id}");
        }
    }
}
