//! The configurations below `fixtures/`: what must be found in them, and where nothing may be found.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::markdown::{Block, Example};
use crate::support::{self, replay, witness};

pub(crate) fn fixtures(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(folder)
}

/// Exit code and report lines of `lint401 check PATH -f concise`.
pub(crate) fn check(path: &Path, profile: &str) -> (i32, Vec<String>) {
    let output = Command::new(env!("CARGO_BIN_EXE_lint401"))
        .args(["check", "-f", "concise", "--profile", profile])
        .arg(path)
        .output()
        .unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap_or(-1), report.lines().map(str::to_owned).collect())
}

/// `(line, rule)` of a report line about a file whose path ends with `file`.
fn place<'a>(report: &'a str, file: &str) -> Option<(u32, &'a str)> {
    let (_, rest) = report.split_once(&format!("{file}:"))?;
    let line = rest.split(':').next()?.parse().ok()?;
    let rule = report.rsplit_once('[')?.1.strip_suffix(']')?;
    Some((line, rule))
}

/// The 1-based line of a text in a file.
fn line_of(path: &Path, text: &str) -> u32 {
    let lines = fs::read_to_string(path).unwrap();
    let index = lines.lines().position(|l| l.contains(text)).unwrap_or_else(|| panic!("{text} in {}", path.display()));
    u32::try_from(index).unwrap() + 1
}

#[test]
fn the_faults_of_the_wordpress_site_are_found() {
    let site = fixtures("sites/wordpress");
    let (code, report) = check(&site, "default");
    assert_eq!(code, 1);
    for (rule, file, text) in [
        ("bypassed-auth", "conf.d/www.example.com.conf", "auth_basic \"Editors\""),
        ("cached-login", "snippets/page-cache.conf", "fastcgi_cache wordpress"),
        ("dropped-authorization", "conf.d/api.example.com.conf", "Authorization \"\""),
        ("lost-proxy-headers", "conf.d/api.example.com.conf", "X-Request-ID"),
    ] {
        let line = line_of(&site.join(file), text);
        let found = report.iter().any(|r| place(r, file) == Some((line, rule)));
        assert!(found, "{rule} at {file}:{line} is missing in:\n{}", report.join("\n"));
    }
}

/// Every finding is one of the faults, and every fault is found.
#[test]
fn the_faults_of_the_wordpress_site_behind_apache_are_found() {
    let site = fixtures("sites/wordpress-apache");
    let (code, report) = check(&site, "strict");
    assert_eq!(code, 1);
    let faults = [
        ("dropped-authorization", "var/www/wordpress/.htaccess", "E=HTTP_AUTHORIZATION"),
        ("broad-basic-auth", "var/www/wordpress/wp-admin/.htaccess", "AuthType"),
        ("exposed-password-file", "var/www/wordpress/wp-admin/.htaccess", "AuthUserFile"),
        ("bypassed-auth", "var/www/wordpress/wp-admin/.htaccess", "<Limit"),
    ];
    let expected: Vec<_> = faults.iter().map(|(rule, file, text)| (*file, line_of(&site.join(file), text), *rule)).collect();
    let found = report.iter().map(|r| {
        let (file, (line, rule)) = faults
            .iter()
            .find_map(|(_, file, _)| Some((*file, place(r, &format!("wordpress-apache/{file}"))?)))
            .unwrap_or_else(|| panic!("{r}"));
        (file, line, rule)
    });
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[test]
fn the_mended_wordpress_sites_are_silent() {
    for site in ["sites/wordpress-fixed", "sites/wordpress-apache-fixed"] {
        assert_eq!(check(&fixtures(site), "strict"), (0, Vec::new()), "{site}");
    }
}

#[test]
fn clean_configurations_are_silent() {
    let mut folders: Vec<_> = fs::read_dir(fixtures("clean")).unwrap().map(|e| e.unwrap().path()).collect();
    folders.sort();
    assert!(folders.len() >= 10);
    let loud: Vec<_> = folders.iter().map(|f| (f, check(f, "default"))).filter(|(_, r)| *r != (0, Vec::new())).collect();
    assert!(loud.is_empty(), "{loud:#?}");
}

struct Broken {
    file: String,
    profile: String,
    server_line: String,
    lines: Vec<u32>,
    says: String,
}

fn broken() -> Vec<Broken> {
    let table = fs::read_to_string(fixtures("broken/expected.tsv")).unwrap();
    let rows = table.lines().filter(|l| !l.starts_with('#'));
    rows.map(|row| {
        let [file, profile, server_line, lines, says] = row.split('\t').collect::<Vec<_>>().try_into().unwrap();
        Broken {
            file: file.to_owned(),
            profile: profile.to_owned(),
            server_line: server_line.to_owned(),
            lines: lines.split(',').map(|l| l.parse().unwrap()).collect(),
            says: says.to_owned(),
        }
    })
    .collect()
}

#[test]
fn every_broken_file_has_a_row() {
    let files: BTreeSet<String> = fs::read_dir(fixtures("broken"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|n| n != "expected.tsv")
        .collect();
    assert_eq!(files, broken().into_iter().map(|b| b.file).collect());
}

#[test]
fn broken_files_are_reported_where_the_fault_is() {
    let mut missed = Vec::new();
    for fault in broken().into_iter().filter(|f| f.profile != "-") {
        let (code, report) = check(&fixtures("broken").join(&fault.file), &fault.profile);
        let expected_code = i32::from(fault.profile == "default");
        let found = report.iter().any(|r| place(r, &fault.file).is_some_and(|(line, _)| fault.lines.contains(&line)));
        if !found || code < expected_code {
            missed.push(format!("{}:{:?} ({}): exit {code}, {report:?}", fault.file, fault.lines, fault.says));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// The table is not a matter of opinion: the server says the same.
#[test]
fn the_server_refuses_the_broken_files() {
    if !support::available(support::server::Dialect::Nginx).unwrap() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let directives = format!("pid {0}/pid; error_log {0}/log;", folder.path().display());
    for fault in broken() {
        let path = fixtures("broken").join(&fault.file);
        let run =
            Command::new("nginx").args(["-t", "-p"]).arg(folder.path()).arg("-c").arg(&path).args(["-g", &directives]).output();
        let Ok(output) = run else {
            assert!(std::env::var_os("LINT401_REQUIRE_SERVERS").is_none_or(|v| v != "1"), "nginx is not installed");
            return;
        };
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{} is accepted", fault.file);
        // Versions differ in the wording of two messages (the PCRE function, paths); the line and the first words do not.
        let words: String = fault.says.split([' ', '(']).next().unwrap_or_default().to_owned();
        let place = if fault.server_line == "-" { String::new() } else { format!(":{}\n", fault.server_line) };
        assert!(said.contains(&words) && said.contains(&place), "{}: {said}", fault.file);
    }
}

/// The main file of a copy of a server's file system.
const APACHE_MAIN: &str = "/etc/apache2/apache2.conf";

/// A folder as an example: the main file first, then all other files. Where it is one of Apache, it holds a copy of the server's file
/// system.
pub(crate) fn example(folder: &Path) -> Example {
    fn collect(folder: &Path, below: &Path, files: &mut Vec<(String, Block)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, below, files);
                continue;
            }
            let name = path.strip_prefix(below).unwrap().to_str().unwrap().to_owned();
            files.push((
                name,
                Block { line: 1, section: String::new(), info: Vec::new(), text: fs::read_to_string(&path).unwrap() },
            ));
        }
    }
    let is_apache = folder.join(APACHE_MAIN.trim_start_matches('/')).is_file();
    let mut files = Vec::new();
    collect(folder, folder, &mut files);
    if is_apache {
        for (name, block) in &mut files {
            name.insert(0, '/');
            let language = match name.rsplit('/').next() {
                Some(".htaccess") => "htaccess",
                Some(name) if Path::new(name).extension().is_some_and(|e| e == "conf") => "apache",
                _ => "text",
            };
            block.info.push(language.to_owned());
        }
    }
    files.sort_by_key(|(name, _)| (!matches!(name.as_str(), "nginx.conf" | APACHE_MAIN), name.clone()));
    Example {
        role: "site".to_owned(),
        language: if is_apache { "apache" } else { "nginx" }.to_owned(),
        words: Vec::new(),
        line: 1,
        files,
        settings: None,
        witness: None,
        fixed: Vec::new(),
    }
}

/// The faults that are claimed are there, and gone where they are mended: the real server says so.
#[test]
fn the_server_does_what_is_said_of_the_sites() {
    for site in ["wordpress", "wordpress-fixed", "wordpress-apache", "wordpress-apache-fixed"] {
        let example = example(&fixtures("sites").join(site));
        let server = support::server::Dialect::of(&example.language).unwrap();
        if !support::available(server).unwrap() {
            continue;
        }
        let text = fs::read_to_string(fixtures("sites").join(format!("{site}.http"))).unwrap();
        let seen = replay::replay(&example, Some(&witness::parse(&text).unwrap()));
        assert_eq!(seen, Ok(()), "{site}");
    }
}

#[test]
fn the_server_accepts_the_clean_configurations() {
    for entry in fs::read_dir(fixtures("clean")).unwrap() {
        let folder = entry.unwrap().path();
        let example = example(&folder);
        let server = support::server::Dialect::of(&example.language).unwrap();
        if support::available(server).unwrap() {
            assert_eq!(replay::replay(&example, None), Ok(()), "{}", folder.display());
        }
    }
}
