//! The snippets for services and hooks, by running their lines as those would.

mod action;
mod pipelines;
mod pre_commit;

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::folder::Folder;
use super::tool;

/// How a pipeline gets the program.
const INSTALL: &str = concat!("cargo install --locked --git ", env!("CARGO_PKG_REPOSITORY"));

/// A file of YAML. `yaml_serde` gives no positions, which nobody needs here.
fn yaml(name: &str) -> Value {
    yaml_serde::from_str(&tool::read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A repository with one of the shipped deployments in `deploy`.
fn repository(fixture: &str) -> Folder {
    let folder = Folder::with(&[(".git/HEAD", "ref: refs/heads/main\n"), ("temp/.keep", "")]);
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sites").join(fixture), &folder.path().join("deploy"));
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// A program that stands in for another one.
#[cfg(unix)]
fn stand_in(path: &Path, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, script).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
