//! The keys of `lint401.toml`. Their descriptions are those of the published JSON Schema.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use crate::discover::{Kind, kinds};
use crate::finding::Severity;
use crate::settings::{Around, FailOn, Profile};

/// Settings of lint401 for a repository.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[schemars(title = "lint401.toml")]
pub struct ConfigFile {
    /// Releases of lint401 that may read this file, as a semver requirement: `>=0.1, <1`.
    #[schemars(with = "Option<String>")]
    pub required_version: Option<Spanned<String>>,
    /// Another file whose settings hold where this one says nothing; relative to this file.
    #[schemars(with = "Option<String>")]
    pub extends: Option<Spanned<String>>,
    /// What to check where the command line names nothing: files, folders and patterns, relative to this file.
    pub roots: Option<Vec<String>>,
    /// Patterns of files and folders that are passed over, relative to this file. Nothing is reported in them where other files
    /// include them.
    #[schemars(with = "Option<Vec<String>>")]
    pub exclude: Option<Vec<Spanned<String>>>,
    /// Which rules run: `default` (faults), `strict` (and what is unwise), `audit` (and what is only suspected).
    pub profile: Option<Profile>,
    /// Whether rules run that are in preview: new ones, not yet part of what a release promises.
    pub preview: Option<bool>,
    /// Severity from which on findings make the exit code 1.
    pub fail_on: Option<FailOn>,
    /// File with the findings that are known and tolerated for now, relative to this file.
    pub baseline: Option<String>,
    /// What files are, where path and content do not tell it: pattern, relative to this file, and kind. The first that matches
    /// decides.
    #[schemars(with = "BTreeMap<String, FileEntry>")]
    pub files: BTreeMap<Spanned<String>, FileEntry>,
    /// Where files of the server lie in this repository: path prefix on the server, path prefix relative to this file.
    pub include_map: BTreeMap<String, String>,
    /// Severities of rules; `off` switches a rule off.
    #[schemars(with = "BTreeMap<String, RuleEntry>")]
    pub rules: BTreeMap<Spanned<String>, RuleEntry>,
    /// Severities for some files only, in order: later entries win.
    pub per_file: Vec<PerFile>,
    /// Facts that several rules use.
    pub settings: Facts,
    /// How ignore comments are treated.
    pub ignores: Ignores,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FileEntry {
    /// Its kind.
    pub kind: FileKindName,
    /// For nginx, the blocks around it where it is a part of a configuration; they are guessed otherwise.
    pub context: Option<Around>,
    /// For nginx, what renders it before the server reads it. Jinja, ERB, Mustache and their like are seen by themselves.
    pub template: Option<TemplateName>,
}

/// What renders a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TemplateName {
    /// `envsubst`: `$NAME` and `${NAME}` in capital letters are variables of the environment.
    Envsubst,
}

/// The kind of a file, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileKindName(pub Kind);

impl FileKindName {
    /// The word used in the file.
    pub fn as_str(self) -> &'static str {
        kinds::name(self.0)
    }
}

impl<'de> Deserialize<'de> for FileKindName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| kinds::names().collect());
        let text = String::deserialize(deserializer)?;
        kinds::named(&text).map(Self).map_err(|_| D::Error::unknown_variant(&text, NAMES.as_slice()))
    }
}

impl JsonSchema for FileKindName {
    fn schema_name() -> Cow<'static, str> {
        "FileKindName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "nginx, apache, htaccess: configurations, or parts of one. edge: YAML or JSON of a CDN or gateway, whose \
                dialect its documents show; the name of a dialect: the same, of this dialect. ignore: nothing to check.",
            "type": "string",
            "enum": kinds::names().collect::<Vec<_>>(),
        })
    }
}

/// What is said about a rule.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a severity is expected: \"error\", \"warning\", \"info\" or \"off\", or { severity = … }")]
pub enum RuleEntry {
    /// Its severity.
    Level(Level),
    /// Its severity, in a table.
    Table(RuleTable),
}

/// The options of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RuleTable {
    /// Its severity.
    pub severity: Option<Level>,
    /// `broad-basic-auth` alone: paths that open pages load, beside the well-known ones (`/theme/`, `*.webmanifest`).
    pub assets: Option<Vec<String>>,
}

impl RuleEntry {
    /// The severity that is in force, if one is said; `None`: off.
    #[expect(clippy::option_option, reason = "nothing said, off, a severity")]
    pub fn severity(&self) -> Option<Option<Severity>> {
        match self {
            Self::Level(level) => Some(level.severity()),
            Self::Table(RuleTable { severity, .. }) => severity.map(Level::severity),
        }
    }

    /// What counts as an asset, if something is said of it.
    pub fn assets(&self) -> Option<&[String]> {
        match self {
            Self::Level(_) => None,
            Self::Table(table) => table.assets.as_deref(),
        }
    }
}

/// A severity, or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A fault.
    Error,
    /// Likely a fault for some visitors.
    Warning,
    /// Worth knowing.
    Info,
    /// Not reported.
    Off,
}

impl Level {
    fn severity(self) -> Option<Severity> {
        match self {
            Self::Error => Some(Severity::Error),
            Self::Warning => Some(Severity::Warning),
            Self::Info => Some(Severity::Info),
            Self::Off => None,
        }
    }
}

/// Severities for some files.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PerFile {
    /// Patterns of whole paths, relative to this file.
    #[schemars(with = "Vec<String>")]
    pub files: Vec<Spanned<String>>,
    /// Severities of rules in these files.
    #[schemars(with = "BTreeMap<String, RuleEntry>")]
    pub rules: BTreeMap<Spanned<String>, RuleEntry>,
}

/// Facts about the deployment.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Facts {
    /// Login paths of your applications, beside the well-known ones.
    #[schemars(with = "Option<Vec<String>>")]
    pub login_paths: Option<Vec<Spanned<String>>>,
    /// The host that visitors should use.
    pub canonical_host: Option<String>,
    /// Networks whose forwarded headers may be trusted.
    #[schemars(with = "Option<Vec<String>>")]
    pub trusted_proxies: Option<Vec<Spanned<String>>>,
    /// Request header fields that must reach the application.
    pub required_headers: Option<Vec<String>>,
    /// Release of nginx whose behaviour counts: `1.30.0`.
    #[schemars(with = "Option<String>")]
    pub nginx_version: Option<Spanned<String>>,
    /// Release of Apache httpd that `<IfVersion>` asks about: `2.4.62`.
    #[schemars(with = "Option<String>")]
    pub apache_version: Option<Spanned<String>>,
}

/// How ignore comments are treated.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Ignores {
    /// Whether each needs a reason (`-- why`); default: yes.
    pub require_reason: Option<bool>,
    /// How many days ahead the `until` of one may lie.
    pub max_age_days: Option<u32>,
    /// Rules that cannot be ignored by a comment.
    #[schemars(with = "Option<Vec<String>>")]
    pub unignorable: Option<Vec<Spanned<String>>>,
}

/// The JSON Schema of the file.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(ConfigFile).to_value()
}
