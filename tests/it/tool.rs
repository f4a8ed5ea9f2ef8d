//! Programs of others that some tests drive: editors, pre-commit, a terminal.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Whether a program is here. Where it is not, the test is passed over and says so; with `LINT401_REQUIRE_SERVERS=1`, as `.ci/run`
/// sets it, it fails.
pub(crate) fn is_here(program: &str) -> bool {
    let folders: Vec<PathBuf> = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    let here = folders.iter().any(|folder| folder.join(program).is_file());
    if !here {
        let required = std::env::var("LINT401_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
        assert!(!required, "{program} is not installed, and LINT401_REQUIRE_SERVERS=1 asks for it");
        let _ = writeln!(std::io::stderr(), "passed over: {program} is not installed");
    }
    here
}

/// `PATH` with the folder of the built program in front, so that `lint401` is the one under test.
pub(crate) fn path() -> OsString {
    let own = Path::new(env!("CARGO_BIN_EXE_lint401")).parent().unwrap().to_owned();
    let others = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(&others))).unwrap()
}

/// A file of this repository.
pub(crate) fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
}
