//! The input, and one function a stage: the only place of the benches that calls the library.

use std::fmt::Write as _;

use lint401::Analysis;
use lint401::analysis::{self, Progress};
use lint401::discover::{Dialect, Root, RootKind};
use lint401::files::Memory;
use lint401::model::from::nginx::Server;
use lint401::model::{Paths, Site as _, from};
use lint401::project::nginx::{self as project, Config};
use lint401::report::{self, Format, Look, Report};
use lint401::settings::Settings;
use lint401::source::{FileId, SourceMap};
use lint401::syntax::nginx;
use lint401::syntax::nginx::Tree;

const MAIN: &str = "nginx.conf";

/// A server in the manner of real ones; names, ports and paths differ, so that nothing can be gained from equal texts.
fn server(out: &mut String, i: usize, fault: &str) {
    let login = ["/wp-login.php", "/login", "/users/sign_in", "/oauth/token", "/admin/login/"][i % 5];
    let (port, area, life) = (9_000 + i % 700, i % 97, 1 + i % 30);
    let written = write!(
        out,
        r#"    server {{
        listen 127.0.0.1:{};
        server_name site{i}.example.com www.site{i}.example.com;
        root /srv/site{i}/public;{fault}
        # Application {i}
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-Proto $scheme;

        location / {{
            proxy_pass http://127.0.0.1:{port};
        }}
        location ^~ /area{area}/ {{
            auth_basic "Area {area}";
            auth_basic_user_file htpasswd/{area};
            proxy_pass http://127.0.0.1:{port};
        }}
        location = {login} {{
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-Proto "$scheme";
            proxy_set_header X-Site 'site\'{i}';
            proxy_pass http://127.0.0.1:{port};
        }}
        location ~* \.(?:css|js|png|v{area})$ {{
            expires {life}d;
        }}
    }}
"#,
        8_000 + i % 400,
    );
    debug_assert!(written.is_ok(), "writing to a string does not fail");
}

fn main_file(servers: usize, fault: impl Fn(usize) -> &'static str) -> String {
    let mut text = String::from("events {}\nhttp {\n");
    for i in 0..servers {
        server(&mut text, i, fault(i));
    }
    text.push_str("}\n");
    text
}

/// A main file with so many servers.
pub(crate) fn configuration(servers: usize) -> String {
    main_file(servers, |_| "")
}

/// The same with errors.
pub(crate) fn with_errors(servers: usize) -> String {
    main_file(servers, |i| if i % 10 == 0 { "\n        ;" } else { "" })
}

/// Text to tokens; how many they are.
pub(crate) fn lex(text: &str) -> usize {
    nginx::count_tokens(text)
}

/// Text to tree.
pub(crate) fn parse(text: &str) -> Tree {
    nginx::parse(FileId(0), text)
}

/// The length of all values of a tree.
pub(crate) fn word_values(tree: &Tree, text: &str) -> usize {
    tree.words.iter().map(|w| w.value(text).len()).sum()
}

/// Bytes to a source; asks for one position, so that lines are counted.
pub(crate) fn read_source(bytes: Vec<u8>) -> SourceMap {
    let mut sources = SourceMap::new();
    let file = sources.add(MAIN, bytes);
    divan::black_box(sources.file(file).position(u32::MAX));
    sources
}

/// A tree with the main file alone.
pub(crate) fn files(text: &str) -> Memory {
    let mut files = Memory::new();
    files.add(MAIN, text);
    files
}

/// A configuration with its texts.
pub(crate) struct Loaded {
    sources: SourceMap,
    config: Config,
}

/// Main file to configuration.
pub(crate) fn load(files: &Memory) -> Loaded {
    let mut sources = SourceMap::new();
    let loaded = project::load(files, &mut sources, MAIN.as_ref(), "".as_ref(), &Settings::default());
    Loaded { sources, config: loaded.config }
}

/// Configuration to sites.
pub(crate) fn lower(loaded: &Loaded) -> Vec<Server<'_>> {
    from::nginx::lower(&loaded.config, &loaded.sources, Paths::shipped(), None)
}

/// One path at every site; how many gates were met.
pub(crate) fn resolve(sites: &[Server<'_>], path: &str) -> usize {
    sites.iter().map(|site| site.resolve(&site.request(path)).gates.len()).sum()
}

/// How many findings there are.
pub(crate) fn analyze(files: &Memory) -> usize {
    analysis_of(files).findings.len()
}

fn analysis_of(files: &Memory) -> Analysis {
    let root = Root { main: MAIN.into(), base: "".into(), kind: RootKind::Main, dialect: Dialect::Nginx };
    analysis::analyze(files, &[root], &Settings::default(), &Progress::default())
}

/// An analysis with so many findings, in servers that lose the credentials of API calls.
pub(crate) fn findings(count: usize) -> Analysis {
    let fault = "\n        location /api/ { proxy_set_header Authorization \"\"; proxy_pass http://127.0.0.1:9000; }";
    let mut analysis = analysis_of(&files(&main_file(count, |_| fault)));
    assert!(analysis.findings.len() >= count, "{} findings", analysis.findings.len());
    analysis.findings.truncate(count);
    analysis
}

/// The length of a report.
pub(crate) fn report(format: Format, analysis: &Analysis) -> usize {
    let look = Look { color: true, ..Look::PLAIN };
    let settings = Settings::default();
    let report = Report::of(analysis, &settings);
    let mut out = Vec::new();
    report::write(format, &report, &look, &mut out).map_or(0, |()| out.len())
}

/// The list of well-known paths, arranged anew.
pub(crate) fn well_known_paths() -> usize {
    Paths::new(Paths::shipped().list.clone()).list.len()
}
