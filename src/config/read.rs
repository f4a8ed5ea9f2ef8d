//! From the text of `lint401.toml` to settings: every value checked, every path joined to the folder of the file it stands in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use globset::{Glob, GlobBuilder, GlobMatcher};
use ipnet::IpNet;
use toml::Spanned;

use super::error::ConfigError;
use super::file::{ConfigFile, FileEntry, RuleEntry, TemplateName};
use crate::discover::Kind;
use crate::files::{FileKind, Files, normalize};
use crate::finding::Severity;
use crate::selection;
use crate::settings::{ApacheVersion, Around, FailOn, Hint, NginxVersion, PerFile, Profile, Settings, release};

/// The names under which the file is looked for.
pub const NAMES: [&str; 2] = ["lint401.toml", ".lint401.toml"];

/// How many files may extend one another.
const MAX_EXTENDS: usize = 16;

/// The settings of a file and of those that it extends. `None` and empty: the file says nothing. Paths and patterns are absolute.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The files it was read from, the nearest first.
    pub paths: Vec<PathBuf>,
    /// What to check: paths and patterns.
    pub roots: Option<Vec<String>>,
    /// What is passed over.
    pub exclude: Option<Vec<GlobMatcher>>,
    /// Which rules run.
    pub profile: Option<Profile>,
    /// Whether rules run that are in preview.
    pub preview: Option<bool>,
    /// Severity from which on findings make the exit code 1.
    pub fail_on: Option<FailOn>,
    /// The file of tolerated findings.
    pub baseline: Option<PathBuf>,
    /// What files are; the first pattern that matches decides.
    pub kinds: Vec<(GlobMatcher, FileEntry)>,
    /// Path prefix on the server and path prefix here.
    pub include_map: BTreeMap<String, String>,
    /// Severities of rules; `None`: off.
    pub rules: BTreeMap<String, Option<Severity>>,
    /// The same for some files.
    pub per_file: Vec<PerFile>,
    /// Further paths that open pages load.
    pub assets: Option<Vec<String>>,
    /// Further login paths.
    pub login_paths: Option<Vec<String>>,
    /// The host visitors should use.
    pub canonical_host: Option<String>,
    /// Networks whose forwarded headers may be trusted.
    pub trusted_proxies: Option<Vec<String>>,
    /// Request header fields that must reach the application.
    pub required_headers: Option<Vec<String>>,
    /// The nginx whose behaviour counts.
    pub nginx_version: Option<NginxVersion>,
    /// The httpd that `<IfVersion>` asks about.
    pub apache_version: Option<ApacheVersion>,
    /// Whether ignore comments need a reason.
    pub require_reason: Option<bool>,
    /// How many days ahead the `until` of an ignore comment may lie.
    pub max_age_days: Option<u32>,
    /// Rules that cannot be ignored by a comment.
    pub unignorable: Option<Vec<String>>,
}

/// The rule that can be told what open pages load.
pub const TAKES_ASSETS: &str = "broad-basic-auth";

/// The configuration that holds for a folder: in it or in the nearest folder above, up to the top of the repository.
pub fn find(files: &dyn Files, folder: &Path) -> Option<PathBuf> {
    find_in(files, folder).or_else(|| find(files, above(files, folder)?))
}

/// The configuration in a folder itself.
pub fn find_in(files: &dyn Files, folder: &Path) -> Option<PathBuf> {
    NAMES.iter().map(|name| folder.join(name)).find(|path| files.kind(path) == Some(FileKind::File))
}

/// The folder whose configuration holds for a folder that has none: the one above, but for the top of a repository.
pub fn above<'f>(files: &dyn Files, folder: &'f Path) -> Option<&'f Path> {
    folder.parent().filter(|_| files.kind(&folder.join(".git")).is_none())
}

/// Reads a configuration and what it extends. `path` is absolute.
pub fn read(files: &dyn Files, path: &Path) -> Result<Config, ConfigError> {
    read_with(files, Some(path), Path::new(""), "")
}

/// The same, with the keys of `text` on top, whose paths start from `folder`; with no path these alone.
pub fn read_with(files: &dyn Files, path: Option<&Path>, folder: &Path, text: &str) -> Result<Config, ConfigError> {
    let mut config = if text.is_empty() {
        Config::default()
    } else {
        let path = Path::new("--config");
        let file: ConfigFile = toml::from_str(text).map_err(|error| ConfigError::from_toml(path, text, &error))?;
        let reader = Reader { path, folder, text };
        if let Some(extends) = &file.extends {
            return Err(reader.fault(extends, "`extends` can stand in a file only"));
        }
        reader.config(file)?
    };
    let mut next = path.map(Path::to_owned);
    while let Some(path) = next {
        let bytes = files.read(&path).map_err(|error| unreadable(&path, &error))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            ConfigError::at(&path, &text, valid, "this byte is not UTF-8")
        })?;
        let file: ConfigFile = toml::from_str(&text).map_err(|error| ConfigError::from_toml(&path, &text, &error))?;
        let reader = Reader { path: &path, folder: path.parent().unwrap_or(Path::new("")), text: &text };
        next = reader.extends(&file)?;
        let base = reader.config(file)?;
        config.paths.push(path.clone());
        config.fill(base);
        if let Some(next) = &next
            && (config.paths.contains(next) || config.paths.len() > MAX_EXTENDS)
        {
            return Err(ConfigError::at(&path, &text, text.find("extends").unwrap_or(0), "`extends` goes round in a circle"));
        }
    }
    Ok(config)
}

/// A pattern for whole paths, joined to a folder. A folder stands for all that is in it.
pub fn pattern(written: &str, folder: &Path) -> Result<GlobMatcher, globset::Error> {
    let written = written.trim_end_matches('/');
    let folder = if written.starts_with('/') { String::new() } else { globset::escape(&folder.to_string_lossy()) + "/" };
    let whole = format!("{}{{{written},{written}/**}}", if folder == "//" { "/" } else { &folder });
    Ok(GlobBuilder::new(&whole).literal_separator(true).build()?.compile_matcher())
}

fn unreadable(path: &Path, error: &std::io::Error) -> ConfigError {
    ConfigError::at(path, "", 0, format!("it cannot be read: {}", crate::discover::reason(error)))
}

/// One file while it is read.
struct Reader<'a> {
    path: &'a Path,
    folder: &'a Path,
    text: &'a str,
}

impl Reader<'_> {
    fn fault<T>(&self, at: &Spanned<T>, message: impl Into<String>) -> ConfigError {
        ConfigError::at(self.path, self.text, at.span().start, message)
    }

    fn extends(&self, file: &ConfigFile) -> Result<Option<PathBuf>, ConfigError> {
        if let Some(wanted) = &file.required_version {
            let requirement = semver::VersionReq::parse(wanted.get_ref())
                .map_err(|_| self.fault(wanted, "this is no version requirement").hint("write it as `>=0.1, <1`"))?;
            let own = env!("CARGO_PKG_VERSION");
            if !semver::Version::parse(own).is_ok_and(|own| requirement.matches(&own)) {
                return Err(self.fault(wanted, format!("this is lint401 {own}, and the file wants {}", wanted.get_ref())));
            }
        }
        Ok(file.extends.as_ref().map(|path| normalize(&self.folder.join(path.get_ref()))))
    }

    fn config(&self, file: ConfigFile) -> Result<Config, ConfigError> {
        let globs = |patterns: &[Spanned<String>]| patterns.iter().map(|p| self.glob(p)).collect::<Result<Vec<_>, _>>();
        let texts =
            |list: Option<Vec<Spanned<String>>>| list.map(|list| list.into_iter().map(Spanned::into_inner).collect::<Vec<_>>());
        for login in file.settings.login_paths.iter().flatten() {
            if !login.get_ref().starts_with('/') {
                return Err(self.fault(login, "a login path starts with `/`"));
            }
        }
        for network in file.settings.trusted_proxies.iter().flatten() {
            let text = network.get_ref();
            if text.parse::<IpNet>().is_err() && text.parse::<std::net::IpAddr>().is_err() {
                return Err(self.fault(network, "this is no network").hint("write it as `10.0.0.0/8`"));
            }
        }
        let version = |text: Option<&Spanned<String>>, server: &str, example: &str| {
            let fault =
                |text| self.fault(text, format!("this is no release of {server}")).hint(format!("write it as `{example}`"));
            text.map(|text| release(text.get_ref()).ok_or_else(|| fault(text))).transpose()
        };
        let mut kinds = Vec::new();
        // In the order in which they are written: the first that matches decides.
        let mut files: Vec<_> = file.files.iter().collect();
        files.sort_by_key(|(pattern, _)| pattern.span().start);
        for (pattern, entry) in files {
            if entry.kind.0 != Kind::NginxMain && (entry.context.is_some() || entry.template.is_some()) {
                return Err(self.fault(pattern, "`context` and `template` are for files of the kind \"nginx\""));
            }
            kinds.push((self.glob(pattern)?, *entry));
        }
        let mut assets = None;
        for (id, entry) in &file.rules {
            if let Some(paths) = entry.assets() {
                if id.get_ref() != TAKES_ASSETS {
                    return Err(self.fault(id, format!("`assets` is an option of `{TAKES_ASSETS}`")));
                }
                assets = Some(paths.to_vec());
            }
        }
        let mut per_file = Vec::new();
        for entry in &file.per_file {
            if let Some((id, _)) = entry.rules.iter().find(|(_, entry)| entry.assets().is_some()) {
                return Err(self.fault(id, "`assets` is the same for all files: it belongs into `[rules]`"));
            }
            per_file.push(PerFile { files: globs(&entry.files)?, rules: self.rules(&entry.rules)? });
        }
        let mut unignorable = None;
        for id in file.ignores.unignorable.iter().flatten() {
            unignorable.get_or_insert_with(Vec::new).push(self.rule(id)?);
        }
        let here = |text: &str| normalize(&self.folder.join(text)).to_string_lossy().into_owned();
        Ok(Config {
            paths: Vec::new(),
            roots: file.roots.map(|roots| roots.iter().map(|root| here(root)).collect()),
            exclude: file.exclude.as_deref().map(globs).transpose()?,
            profile: file.profile,
            preview: file.preview,
            fail_on: file.fail_on,
            baseline: file.baseline.map(|baseline| PathBuf::from(here(&baseline))),
            kinds,
            include_map: file.include_map.into_iter().map(|(from, to)| (from, here(&to))).collect(),
            rules: self.rules(&file.rules)?,
            per_file,
            assets,
            login_paths: texts(file.settings.login_paths),
            canonical_host: file.settings.canonical_host,
            trusted_proxies: texts(file.settings.trusted_proxies),
            required_headers: file.settings.required_headers,
            nginx_version: version(file.settings.nginx_version.as_ref(), "nginx", "1.30.0")?,
            apache_version: version(file.settings.apache_version.as_ref(), "Apache httpd", "2.4.62")?,
            require_reason: file.ignores.require_reason,
            max_age_days: file.ignores.max_age_days,
            unignorable,
        })
    }

    /// A pattern for whole paths, joined to the folder of the file.
    fn glob(&self, at: &Spanned<String>) -> Result<GlobMatcher, ConfigError> {
        pattern(at.get_ref(), self.folder).map_err(|error| self.fault(at, format!("this pattern is wrong: {}", error.kind())))
    }

    fn rules(&self, rules: &BTreeMap<Spanned<String>, RuleEntry>) -> Result<BTreeMap<String, Option<Severity>>, ConfigError> {
        let mut severities = BTreeMap::new();
        for (id, entry) in rules {
            let rule = self.rule(id)?;
            match entry.severity() {
                Some(severity) => drop(severities.insert(rule, severity)),
                None if entry.assets().is_some() => {}
                None => return Err(self.fault(id, "a severity is expected").hint("write it as { severity = \"error\" }")),
            }
        }
        Ok(severities)
    }

    fn rule(&self, id: &Spanned<String>) -> Result<String, ConfigError> {
        selection::resolve(id.get_ref()).map(str::to_owned).map_err(|near| {
            let fault = self.fault(id, format!("unknown rule `{}`", id.get_ref()));
            fault.hint(near.map_or_else(|| "`lint401 rules` lists them".to_owned(), |near| format!("did you mean `{near}`?")))
        })
    }
}

impl Config {
    /// Takes over what `base` says where this configuration says nothing.
    fn fill(&mut self, base: Self) {
        fn fill<T>(own: &mut Option<T>, base: Option<T>) {
            if own.is_none() {
                *own = base;
            }
        }
        fn join<V>(own: &mut BTreeMap<String, V>, base: BTreeMap<String, V>) {
            for (key, value) in base {
                own.entry(key).or_insert(value);
            }
        }
        fill(&mut self.roots, base.roots);
        fill(&mut self.exclude, base.exclude);
        fill(&mut self.profile, base.profile);
        fill(&mut self.preview, base.preview);
        fill(&mut self.fail_on, base.fail_on);
        fill(&mut self.baseline, base.baseline);
        self.kinds.extend(base.kinds);
        join(&mut self.include_map, base.include_map);
        join(&mut self.rules, base.rules);
        // Later entries win, so the nearest file's stand last.
        self.per_file.splice(..0, base.per_file);
        fill(&mut self.assets, base.assets);
        fill(&mut self.login_paths, base.login_paths);
        fill(&mut self.canonical_host, base.canonical_host);
        fill(&mut self.trusted_proxies, base.trusted_proxies);
        fill(&mut self.required_headers, base.required_headers);
        fill(&mut self.nginx_version, base.nginx_version);
        fill(&mut self.apache_version, base.apache_version);
        fill(&mut self.require_reason, base.require_reason);
        fill(&mut self.max_age_days, base.max_age_days);
        fill(&mut self.unignorable, base.unignorable);
    }

    /// Whether a file or folder is passed over; the path is absolute.
    pub fn excludes(&self, path: &Path) -> bool {
        self.exclude.iter().flatten().any(|glob| glob.is_match(path))
    }

    /// What `[files]` says that a file is; the path is absolute.
    pub fn kind(&self, path: &Path) -> Option<Kind> {
        let (_, entry) = self.kinds.iter().find(|(glob, _)| glob.is_match(path))?;
        let is_part = entry.context.is_some_and(|around| around != Around::Main);
        Some(if is_part { Kind::NginxSnippet } else { entry.kind.0 })
    }

    /// Puts what the configuration says into settings; what the command line says comes on top of it.
    pub fn apply(&self, settings: &mut Settings) {
        fn put<T: Clone>(place: &mut T, value: Option<&T>) {
            if let Some(value) = value {
                place.clone_from(value);
            }
        }
        put(&mut settings.profile, self.profile.as_ref());
        put(&mut settings.preview, self.preview.as_ref());
        put(&mut settings.assets, self.assets.as_ref());
        put(&mut settings.login_paths, self.login_paths.as_ref());
        put(&mut settings.trusted_proxies, self.trusted_proxies.as_ref());
        put(&mut settings.required_headers, self.required_headers.as_ref());
        put(&mut settings.nginx_version, self.nginx_version.as_ref());
        put(&mut settings.apache_version, self.apache_version.as_ref());
        if self.canonical_host.is_some() {
            settings.canonical_host.clone_from(&self.canonical_host);
        }
        put(&mut settings.exclude, self.exclude.as_ref());
        settings.hints = self
            .kinds
            .iter()
            .map(|(files, entry)| Hint {
                files: files.clone(),
                around: entry.context,
                envsubst: entry.template == Some(TemplateName::Envsubst),
            })
            .collect();
        settings.per_file.clone_from(&self.per_file);
        for (rule, severity) in &self.rules {
            match severity {
                Some(severity) => drop(settings.severity.insert(rule.clone(), *severity)),
                // A rule that is off must run all the same where some files want it.
                None if self.per_file.iter().any(|entry| entry.rules.get(rule).is_some_and(Option::is_some)) => {
                    let everywhere = Glob::new("**").map(|glob| glob.compile_matcher()).into_iter().collect();
                    settings.per_file.insert(0, PerFile { files: everywhere, rules: BTreeMap::from([(rule.clone(), None)]) });
                }
                None => settings.ignore.push(rule.clone()),
            }
        }
        put(&mut settings.ignores.require_reason, self.require_reason.as_ref());
        put(&mut settings.ignores.unignorable, self.unignorable.as_ref());
        settings.ignores.max_age_days = self.max_age_days;
        settings.include_map.extend(self.include_map.iter().map(|(from, to)| (from.clone(), to.clone())));
        settings.sort_include_map();
    }
}
