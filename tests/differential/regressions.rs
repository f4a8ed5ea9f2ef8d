//! Configurations that once showed a fault: `regressions/NAME/*.conf`, their requests in comments that start with `#> `.

use std::path::Path;

use crate::ask::Ask;
use crate::kind::{Case, Kind, judge};

/// A regression file.
pub(crate) fn print(case: &Case) -> String {
    let mut out = String::new();
    for ask in &case.asks {
        for line in ask.lines() {
            out.push_str(&format!("#> {line}\n"));
        }
        out.push_str("#>\n");
    }
    out + &case.text
}

fn requests(text: &str) -> Vec<Ask> {
    let lines: Vec<&str> = text.lines().filter_map(|l| l.strip_prefix("#>")).map(str::trim).collect();
    lines.split(|l| l.is_empty()).filter_map(Ask::parse).collect()
}

/// The text without its requests.
fn configuration(text: &str) -> String {
    text.lines().filter(|l| !l.starts_with("#>")).flat_map(|l| [l, "\n"]).collect()
}

/// Runs one file and prints what the server did with each request and where the model differs; whether it does.
pub(crate) fn show(kind: &dyn Kind, path: &Path) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let case = Case { tree: Vec::new(), asks: requests(&text), text: configuration(&text) };
    let observed = match kind.run(&[&case]).pop() {
        Some(Ok(observed)) => observed,
        refused => {
            println!("refused: {refused:?}");
            return true;
        }
    };
    let mut failed = false;
    for ((ask, seen), verdict) in case.asks.iter().zip(&observed).zip(judge(kind, &case, &observed)) {
        println!("== {}\n{seen:#?}\nunknown: {:?}", ask.lines().join(" | "), verdict.unknown);
        for difference in verdict.differences {
            failed = true;
            println!("{}: model {}, {} {}", difference.what, difference.model, kind.dialect().name(), difference.real);
        }
    }
    failed
}

/// Runs them all; whether one disagrees.
pub(crate) fn run(kind: &dyn Kind) -> bool {
    let server = kind.dialect().name();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/regressions").join(server);
    let mut paths: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    paths.sort();
    let mut failed = false;
    for path in &paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).expect("a readable file");
        let case = Case { tree: Vec::new(), asks: requests(&text), text: configuration(&text) };
        assert!(!case.asks.is_empty(), "{name} has no requests");
        let observed = kind.run(&[&case]).pop().expect("one case, one answer").unwrap_or_else(|e| panic!("{name}: {e}"));
        for (ask, verdict) in case.asks.iter().zip(judge(kind, &case, &observed)) {
            for difference in verdict.differences {
                failed = true;
                let (model, real) = (difference.model, difference.real);
                println!("{name}: {} {}: {}: model {model}, {server} {real}", ask.method, ask.target, difference.what);
            }
        }
    }
    println!("{server}: {} regressions run", paths.len());
    failed
}
