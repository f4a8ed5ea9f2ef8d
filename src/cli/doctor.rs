//! `lint401 doctor`: what lint401 sees, for bug reports. Nothing leaves the machine, and nothing secret is shown.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::args::{InputArgs, TraceFormat, When};
use super::project::Configs;
use super::{CLEAN, FAILED, Failure, baseline, input, output, servers};
use crate::analysis::Progress;
use crate::config::Config;
use crate::discover::Dialect;
use crate::files::Disk;
use crate::report::{escape, plural};
use crate::settings::Settings;

/// How many roots are shown to people.
const SHOWN: usize = 10;

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Files and folders (default: the roots of lint401.toml, else this folder)
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Output format: text or json
    #[arg(short, long, value_enum, hide_possible_values = true, value_name = "FORMAT", default_value_t = TraceFormat::Text, env = "LINT401_DOCTOR_FORMAT", hide_env = true)]
    pub(super) format: TraceFormat,
    #[command(flatten)]
    pub(super) input: InputArgs,
}

pub(super) fn run(args: &DoctorArgs) -> Result<u8, Failure> {
    let mut faults = Vec::new();
    let configs = note_fault(&mut faults, Configs::new(&args.input));
    let own = configs.as_ref().map(|configs| configs.own.clone()).unwrap_or_default();
    let settings = note_fault(&mut faults, input::settings(&args.input, &own)).unwrap_or_default();
    let files = configs.and_then(|configs| note_fault(&mut faults, files(args, &configs)));
    if let Some(files) = &files {
        faults.extend(files["unreadable"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
    }
    let document = json!({
        "schema_version": 1,
        "lint401": env!("CARGO_PKG_VERSION"),
        "program": std::env::current_exe().ok().map(|path| shortened(&path)),
        "platform": platform(),
        "folder": input::base().ok().map(|path| shortened(&path)),
        "configuration": configuration(&own, &settings, &mut faults),
        "variables": variables(),
        "files": files,
        "terminal": terminal(),
        "servers": servers::found().iter().map(|server| json!({
            "name": server.name, "path": shortened(&server.path), "version": server.version,
        })).collect::<Vec<_>>(),
        "faults": faults,
    });
    output::print(&match args.format {
        TraceFormat::Json => format!("{}\n", serde_json::to_string_pretty(&document).map_err(std::io::Error::from)?),
        TraceFormat::Text => as_text(&document),
    })?;
    Ok(if faults.is_empty() { CLEAN } else { FAILED })
}

/// What came out, or nothing and one more fault.
fn note_fault<T>(faults: &mut Vec<String>, result: Result<T, Failure>) -> Option<T> {
    let tell = |failure: Failure| {
        let text = failure.to_string();
        faults.push(home().map_or(text.clone(), |home| text.replace(&*home.to_string_lossy(), "~")));
    };
    result.map_err(tell).ok()
}

/// The user's own folder.
fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| home.components().count() > 1)
}

/// A path with the user's own folder as `~`: its name is nobody's business.
fn shortened(path: &Path) -> String {
    let home = home();
    let below = home.as_deref().and_then(|home| path.strip_prefix(home).ok());
    match below {
        Some(below) if below.as_os_str().is_empty() => "~".to_owned(),
        Some(below) => input::name(&Path::new("~").join(below)),
        None => input::name(path),
    }
}

fn platform() -> Value {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    json!({"system": std::env::consts::OS, "architecture": std::env::consts::ARCH, "processors": processors})
}

/// Names of the variables that speak to lint401. Their values may be anything.
fn variables() -> Vec<String> {
    const OTHERS: &[&str] = &[
        "NO_COLOR",
        "FORCE_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "FORCE_HYPERLINK",
        "NO_GRAPHICS",
        "COLUMNS",
        "SOURCE_DATE_EPOCH",
    ];
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let mut names: Vec<_> = names.filter(|name| name.starts_with("LINT401_") || OTHERS.contains(&name.as_str())).collect();
    names.sort();
    names
}

fn configuration(config: &Config, settings: &Settings, faults: &mut Vec<String>) -> Value {
    let release = |(major, minor, patch): (u16, u16, u16)| format!("{major}.{minor}.{patch}");
    let entries = config.baseline.as_deref().and_then(|path| note_fault(faults, baseline::read(&Disk, path, &settings.base)));
    let baseline =
        config.baseline.as_deref().map(|path| json!({"path": shortened(path), "entries": entries.map(|b| b.entries.len())}));
    json!({
        "paths": config.paths.iter().map(|path| shortened(path)).collect::<Vec<_>>(),
        "profile": settings.profile.as_str(),
        "fail_on": config.fail_on.unwrap_or_default().as_str(),
        "roots": config.roots.as_ref().map(|roots| roots.iter().map(|root| shortened(Path::new(root))).collect::<Vec<_>>()),
        "baseline": baseline,
        "nginx_version": release(settings.nginx_version),
        "apache_version": release(settings.apache_version),
    })
}

/// What would be checked: where it starts, and how many files of each kind.
fn files(args: &DoctorArgs, configs: &Configs) -> Result<Value, Failure> {
    let input = input::find(&args.paths, &args.input, configs)?;
    let analysis = input::on_threads(args.input.jobs, || {
        configs.analyze(&input, &Progress::default(), |config| input::settings(&args.input, config))
    })??;
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for file in &analysis.files {
        *kinds.entry(name(file.dialect)).or_default() += 1;
    }
    let mut skipped: BTreeMap<&str, usize> = BTreeMap::new();
    for file in &input.found.skipped {
        *skipped.entry(file.kind.as_str()).or_default() += 1;
    }
    let roots = input.found.roots.iter().map(|root| json!({"path": shortened(&root.main), "kind": name(root.dialect)}));
    let unreadable = input.found.unreadable.iter().map(|file| format!("{}: {}", shortened(&file.path), file.reason));
    Ok(json!({
        "roots": roots.collect::<Vec<_>>(),
        "checked": kinds,
        "excluded": input.found.excluded.len() + analysis.excluded.len(),
        "not_checked": skipped,
        "unreadable": unreadable.collect::<Vec<_>>(),
    }))
}

fn name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Nginx => "nginx",
        Dialect::Apache => "apache",
        Dialect::Htaccess => "htaccess",
        Dialect::Edge(_) => "edge",
    }
}

fn terminal() -> Value {
    let terminal = std::io::stdout().is_terminal();
    let (color, because) = output::color_by(|name| std::env::var(name).ok(), terminal);
    json!({
        "standard_output": terminal,
        "standard_error": std::io::stderr().is_terminal(),
        "width": output::width(),
        "color": color,
        "color_because": because,
        "links": output::links(When::Auto),
        "unicode": output::unicode(),
        "narrated": output::narrated(),
    })
}

/// The document for people, a line a fact.
fn as_text(document: &Value) -> String {
    let mut text = String::new();
    let mut say = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<14} {value}");
    };
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), |text| escape(text).into_owned());
    let yes = |value: &Value| if value.as_bool() == Some(true) { "yes" } else { "no" };
    let counts = |value: &Value| {
        let counts = value.as_object().into_iter().flatten().map(|(kind, count)| format!("{count} {kind}"));
        Some(counts.collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty()).unwrap_or_else(|| "none".to_owned())
    };
    let list = |value: &Value| {
        let words: Vec<_> = value.as_array().into_iter().flatten().map(word).collect();
        if words.is_empty() { "none".to_owned() } else { words.join(", ") }
    };

    let (platform, settings, terminal) = (&document["platform"], &document["configuration"], &document["terminal"]);
    say("lint401", word(&document["lint401"]));
    say("program", word(&document["program"]));
    let processors = platform["processors"].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or(1);
    say(
        "platform",
        format!("{} {}, {}", word(&platform["system"]), word(&platform["architecture"]), plural(processors, "processor")),
    );
    say("folder", word(&document["folder"]));
    say("settings from", list(&settings["paths"]));
    say("profile", format!("{}, fails on {}", word(&settings["profile"]), word(&settings["fail_on"])));
    let releases = format!("nginx {}, Apache httpd {}", word(&settings["nginx_version"]), word(&settings["apache_version"]));
    say("behaviour of", releases);
    let baseline = &settings["baseline"];
    say(
        "baseline",
        if baseline.is_null() {
            "none".to_owned()
        } else {
            format!("{}, entries: {}", word(&baseline["path"]), baseline["entries"])
        },
    );
    say("variables", list(&document["variables"]));
    let files = &document["files"];
    if !files.is_null() {
        let roots = files["roots"].as_array();
        say("roots", roots.map_or(0, Vec::len).to_string());
        for root in roots.into_iter().flatten().take(SHOWN) {
            say("", format!("{} ({})", word(&root["path"]), word(&root["kind"])));
        }
        if let Some(more) = roots.and_then(|roots| roots.len().checked_sub(SHOWN)).filter(|more| *more > 0) {
            say("", format!("and {more} more (-f json)"));
        }
        say("checked", counts(&files["checked"]));
        say("not checked", counts(&files["not_checked"]));
        say("excluded", files["excluded"].to_string());
    }
    say(
        "terminal",
        format!(
            "output {}, errors {}, {} columns",
            yes(&terminal["standard_output"]),
            yes(&terminal["standard_error"]),
            terminal["width"]
        ),
    );
    say("colour", format!("{}: {}", yes(&terminal["color"]), word(&terminal["color_because"])));
    say("links", yes(&terminal["links"]).to_owned());
    say(
        "drawings",
        match (terminal["narrated"].as_bool(), terminal["unicode"].as_bool()) {
            (Some(true), _) => "none, as prose",
            (_, Some(true)) => "Unicode",
            _ => "ASCII",
        }
        .to_owned(),
    );
    let servers = document["servers"].as_array();
    if servers.is_none_or(Vec::is_empty) {
        say("servers", "none on PATH".to_owned());
    }
    for server in servers.into_iter().flatten() {
        say(
            &word(&server["name"]),
            format!("{} ({})", server["version"].as_str().unwrap_or("does not tell its version"), word(&server["path"])),
        );
    }
    for fault in document["faults"].as_array().into_iter().flatten() {
        say("fault", word(fault));
    }
    text
}
