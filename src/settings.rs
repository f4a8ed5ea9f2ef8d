//! Facts and choices of the user, from the command line and, later, from `lint401.toml`.

use std::collections::BTreeMap;

use crate::finding::{Confidence, Severity};

/// Which rules run by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, clap::ValueEnum)]
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

/// Everything that changes what is found.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which rules run.
    pub profile: Profile,
    /// If not empty, only these rules run.
    pub select: Vec<String>,
    /// These rules do not run.
    pub ignore: Vec<String>,
    /// Severities that replace those of the rule pages.
    pub severity: BTreeMap<String, Severity>,
    /// Findings below this confidence are not reported.
    pub min_confidence: Confidence,
    /// Target path prefix → path prefix in the repository, for includes of absolute paths. Longest prefix first.
    pub include_map: Vec<(String, String)>,
    /// The nginx whose behaviour counts.
    pub nginx_version: NginxVersion,
    /// Whether paths outside the tree may be looked up on this machine (`--host`): it is the machine the configuration runs on.
    pub this_host: bool,
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
            select: Vec::new(),
            ignore: Vec::new(),
            severity: BTreeMap::new(),
            min_confidence: Confidence::Low,
            include_map: Vec::new(),
            nginx_version: (1, 30, 0),
            this_host: false,
            login_paths: Vec::new(),
            required_headers: Vec::new(),
            trusted_proxies: Vec::new(),
            canonical_host: None,
        }
    }
}
