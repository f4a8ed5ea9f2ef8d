//! Facts and choices of the user, from the command line and, later, from `lint401.toml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use globset::GlobMatcher;
use jiff::civil::Date;

use crate::finding::{Confidence, Severity};

/// Which rules run by default.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, schemars::JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Faults only.
    #[default]
    Default,
    /// And what is unwise.
    Strict,
    /// And what is only suspected.
    Audit,
}

/// The severity from which on findings make the exit code 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum FailOn {
    /// Errors.
    Error,
    /// Errors and warnings.
    #[default]
    Warning,
    /// Any finding.
    Info,
    /// Nothing.
    Never,
}

impl FailOn {
    /// The word used in settings.
    pub fn as_str(self) -> &'static str {
        self.gate().map_or("never", Severity::as_str)
    }

    /// The lowest severity that fails; `None`: nothing does.
    pub fn gate(self) -> Option<Severity> {
        match self {
            Self::Error => Some(Severity::Error),
            Self::Warning => Some(Severity::Warning),
            Self::Info => Some(Severity::Info),
            Self::Never => None,
        }
    }
}

impl Profile {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Strict => "strict",
            Self::Audit => "audit",
        }
    }
}

/// A release of nginx: major, minor, patch.
pub type NginxVersion = (u16, u16, u16);

/// A release of Apache httpd: major, minor, patch.
pub type ApacheVersion = (u16, u16, u16);

/// Reads `1.30.0` or `1.30`.
pub fn release(text: &str) -> Option<(u16, u16, u16)> {
    let mut parts = text.split('.').map(|part| part.parse::<u16>().ok());
    let version = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
    parts.next().is_none().then_some(version)
}

/// Severities of rules in some files.
#[derive(Clone, Debug)]
pub struct PerFile {
    /// The files: patterns of absolute paths.
    pub files: Vec<GlobMatcher>,
    /// Severity of a rule there; `None`: off.
    pub rules: BTreeMap<String, Option<Severity>>,
}

/// The blocks around a file of nginx that is a part of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
pub enum Around {
    /// None: it is a whole configuration.
    #[serde(rename = "main")]
    Main,
    /// `http`.
    #[serde(rename = "http")]
    Http,
    /// `upstream`.
    #[serde(rename = "http/upstream")]
    Upstream,
    /// `server`.
    #[serde(rename = "http/server")]
    Server,
    /// `location`.
    #[serde(rename = "http/server/location")]
    Location,
    /// `stream`.
    #[serde(rename = "stream")]
    Stream,
    /// `server` of `stream`.
    #[serde(rename = "stream/server")]
    StreamServer,
    /// `mail`.
    #[serde(rename = "mail")]
    Mail,
    /// `server` of `mail`.
    #[serde(rename = "mail/server")]
    MailServer,
}

impl Around {
    /// The words used in settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Http => "http",
            Self::Upstream => "http/upstream",
            Self::Server => "http/server",
            Self::Location => "http/server/location",
            Self::Stream => "stream",
            Self::StreamServer => "stream/server",
            Self::Mail => "mail",
            Self::MailServer => "mail/server",
        }
    }
}

/// What the user says of some files.
#[derive(Clone, Debug)]
pub struct Hint {
    /// The files: a pattern of absolute paths.
    pub files: GlobMatcher,
    /// The blocks around them; `None`: to be guessed.
    pub around: Option<Around>,
    /// Whether `envsubst` puts variables of the environment in before the server reads them.
    pub envsubst: bool,
}

/// How comments that accept findings are treated.
#[derive(Clone, Debug)]
pub struct IgnorePolicy {
    /// Whether they count at all.
    pub enabled: bool,
    /// Whether each needs a reason.
    pub require_reason: bool,
    /// How many days ahead `until` may lie.
    pub max_age_days: Option<u32>,
    /// Rules that cannot be ignored.
    pub unignorable: Vec<String>,
    /// The day on which `until` is looked at.
    pub today: Date,
}

impl Default for IgnorePolicy {
    fn default() -> Self {
        Self { enabled: true, require_reason: true, max_age_days: None, unignorable: Vec::new(), today: Date::MIN }
    }
}

/// Everything that changes what is found.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which rules run.
    pub profile: Profile,
    /// Whether rules run that are in preview.
    pub preview: bool,
    /// If not empty, only these rules run.
    pub select: Vec<String>,
    /// These rules do not run.
    pub ignore: Vec<String>,
    /// Severities that replace those of the rule pages.
    pub severity: BTreeMap<String, Severity>,
    /// Severities for some files only; later entries win, and the command line wins over all.
    pub per_file: Vec<PerFile>,
    /// How comments that accept findings are treated.
    pub ignores: IgnorePolicy,
    /// Files in which nothing is reported: patterns of absolute paths.
    pub exclude: Vec<GlobMatcher>,
    /// What is said of some files; the first that matches counts.
    pub hints: Vec<Hint>,
    /// The folder that shown paths are relative to: patterns are matched from there.
    pub base: PathBuf,
    /// Findings below this confidence are not reported.
    pub min_confidence: Confidence,
    /// Target path prefix → path prefix in the repository, for includes of absolute paths. Longest prefix first.
    pub include_map: Vec<(String, String)>,
    /// The nginx whose behaviour counts.
    pub nginx_version: NginxVersion,
    /// The httpd whose behaviour counts, and that `<IfVersion>` asks about.
    pub apache_version: ApacheVersion,
    /// Folders outside of [`Self::base`] that were named to be checked: what a configuration in them names may be read there too.
    pub trees: Vec<PathBuf>,
    /// Whether paths outside the tree may be looked up on this machine (`--host`): it is the machine the configuration runs on.
    pub this_host: bool,
    /// Further paths that open pages load: folders (`/theme/`), files, or patterns (`*.webmanifest`).
    pub assets: Vec<String>,
    /// Further login paths of the user's applications.
    pub login_paths: Vec<String>,
    /// Request header fields that must reach the application.
    pub required_headers: Vec<String>,
    /// Networks whose forwarded headers may be trusted.
    pub trusted_proxies: Vec<String>,
    /// The host visitors should use.
    pub canonical_host: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            profile: Profile::Default,
            preview: false,
            select: Vec::new(),
            ignore: Vec::new(),
            severity: BTreeMap::new(),
            per_file: Vec::new(),
            ignores: IgnorePolicy::default(),
            exclude: Vec::new(),
            hints: Vec::new(),
            base: PathBuf::new(),
            min_confidence: Confidence::Low,
            include_map: Vec::new(),
            nginx_version: (1, 30, 0),
            apache_version: (2, 4, 71),
            trees: Vec::new(),
            this_host: false,
            assets: Vec::new(),
            login_paths: Vec::new(),
            required_headers: Vec::new(),
            trusted_proxies: Vec::new(),
            canonical_host: None,
        }
    }
}

impl Settings {
    /// Whether nothing is reported in a file (as it is shown).
    pub fn excludes(&self, path: &str) -> bool {
        !self.exclude.is_empty() && {
            let path = self.base.join(path);
            self.exclude.iter().any(|glob| glob.is_match(&path))
        }
    }

    /// What the user says of a file.
    pub fn hint(&self, path: &Path) -> Option<&Hint> {
        if self.hints.is_empty() {
            return None;
        }
        let path = crate::files::normalize(&self.base.join(path));
        self.hints.iter().find(|hint| hint.files.is_match(&path))
    }

    /// Puts the longest prefixes first, as `include_map` promises.
    pub fn sort_include_map(&mut self) {
        self.include_map.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
    }
}
