//! Configurations that once showed a fault: `regressions/*.conf`, their requests in comments that start with `#> `.

use std::path::Path;

use crate::real::Bench;
use crate::requests::Ask;
use crate::support::conf::{self, Directive};

/// A regression file.
pub(crate) fn print(tree: &[Directive], asks: &[Ask]) -> String {
    let mut out = String::new();
    for ask in asks {
        for line in ask.lines() {
            out.push_str(&format!("#> {line}\n"));
        }
        out.push_str("#>\n");
    }
    out + &conf::print(tree)
}

fn requests(text: &str) -> Vec<Ask> {
    let lines: Vec<&str> = text.lines().filter_map(|l| l.strip_prefix("#>")).map(str::trim).collect();
    lines.split(|l| l.is_empty()).filter_map(Ask::parse).collect()
}

/// Runs them all; whether one disagrees.
pub(crate) fn run(bench: &Bench) -> bool {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/regressions");
    let mut paths: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    paths.sort();
    let mut failed = false;
    for path in &paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).expect("a readable file");
        let asks = requests(&text);
        assert!(!asks.is_empty(), "{name} has no requests");
        let verdicts = crate::both(bench, &text, &asks).unwrap_or_else(|e| panic!("{name}: {e}"));
        for (ask, verdict) in asks.iter().zip(verdicts) {
            for difference in verdict.differences {
                failed = true;
                println!(
                    "{name}: {} {}: {}: model {}, nginx {}",
                    ask.method, ask.target, difference.what, difference.model, difference.real
                );
            }
        }
    }
    println!("{} regressions run", paths.len());
    failed
}
