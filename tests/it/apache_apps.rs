//! What applications bring along for Apache (`fixtures/apps`): their `.htaccess` files below a virtual host, and without one. Each has a
//! witness, `fixtures/apps/NAME.http`: the credentials reach the application, which the real httpd and the model must both say.

use std::fs;
use std::path::{Path, PathBuf};

use crate::fixtures::{check, example, fixtures};
use crate::model;
use crate::support::markdown::{Block, Example};
use crate::support::server::Dialect;
use crate::support::{available, replay, witness};

/// The folders of the applications.
fn apps() -> Vec<PathBuf> {
    let entries = fs::read_dir(fixtures("apps")).unwrap().map(|e| e.unwrap().path());
    let mut apps: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    apps.sort();
    assert!(apps.len() >= 8);
    apps
}

/// An application below its virtual host, with its witness.
fn below_a_host(folder: &Path) -> Example {
    let text = fs::read_to_string(folder.with_extension("http")).unwrap();
    with_witness(example(folder), text)
}

fn with_witness(mut example: Example, text: String) -> Example {
    example.witness = Some(Block { line: 1, section: String::new(), info: Vec::new(), text });
    example
}

/// The document root of an application, without the first slash.
fn document_root(example: &Example) -> String {
    let mut lines = example.files.iter().flat_map(|(_, block)| block.text.lines());
    lines.find_map(|line| line.trim().strip_prefix("DocumentRoot /")).unwrap().to_owned()
}

/// The `.htaccess` files of an application alone, around which the tests put a server that runs PHP as CGI. The witness is the same, but
/// for what only the virtual host knows: its name, and how it hands over credentials, or whether.
fn alone(below: &Example) -> Example {
    let root = format!("/{}/", document_root(below));
    let mut tree = Example { language: "htaccess".to_owned(), files: Vec::new(), ..below.clone() };
    for (path, block) in &below.files {
        if let Some(inside) = path.strip_prefix(&root) {
            tree.files.push((inside.to_owned(), block.clone()));
        }
    }
    let host =
        below.files.iter().find_map(|(path, _)| path.strip_prefix("/etc/apache2/sites-enabled/")?.strip_suffix(".conf")).unwrap();
    let text = below
        .witness
        .as_ref()
        .unwrap()
        .text
        .replace(&format!("https://{host}/"), "/")
        .replace("Location: /", "Location: http://localhost/");
    let moved = text.lines().filter(|line| !line.starts_with("+ script")).map(|line| {
        let is_program = Path::new(line).extension().is_some_and(|e| e == "php");
        match line.strip_prefix("+ file ").and_then(|path| path.strip_prefix(&root)) {
            Some(inside) => format!("+ {} {inside}\n", if is_program { "script" } else { "file" }),
            None => line.replace("REDIRECT_HTTP_AUTHORIZATION: ~secret", "Authorization: kept") + "\n",
        }
    });
    let moved: String = moved.collect();
    let hands_on = tree.files.iter().any(|(_, block)| block.text.lines().any(hands_credentials_on));
    let text = if hands_on { moved } else { lost(&moved) };
    with_witness(tree, text)
}

/// A witness that says that no credentials arrive.
fn lost(witness: &str) -> String {
    witness.replace("Authorization: kept", "Authorization: absent").replace("AUTHORIZATION: ~secret", "AUTHORIZATION: absent")
}

/// Whether a line hands the credentials on.
fn hands_credentials_on(line: &str) -> bool {
    ["AUTHORIZATION", "HTTP:Authorization}", "CGIPassAuth On"].iter().any(|text| line.contains(text))
}

/// Both the server and the model must do what the witness says.
fn ask(name: &str, example: &Example) {
    assert_eq!(model::example(example), Ok(()), "{name}");
    if available(Dialect::Apache).unwrap() {
        let witness = witness::parse(&example.witness.as_ref().unwrap().text).unwrap();
        assert_eq!(replay::replay(example, Some(&witness)), Ok(()), "{name}");
    }
}

#[test]
fn applications_below_a_virtual_host_are_silent() {
    for app in apps() {
        assert_eq!(check(&app, "strict"), (0, Vec::new()), "{}", app.display());
    }
}

#[test]
fn applications_alone_are_silent() {
    for app in apps() {
        let tree = app.join(document_root(&example(&app)));
        assert_eq!(check(&tree, "default"), (0, Vec::new()), "{}", tree.display());
    }
}

#[test]
fn credentials_reach_applications_below_a_virtual_host() {
    for app in apps() {
        ask(&app.display().to_string(), &below_a_host(&app));
    }
}

#[test]
fn credentials_reach_applications_alone() {
    for app in apps() {
        ask(&app.display().to_string(), &alone(&below_a_host(&app)));
    }
}

/// Without the lines that hand the credentials on, they are lost, and that is said.
#[test]
fn without_its_pass_through_an_application_loses_the_credentials() {
    for app in apps() {
        let mut example = below_a_host(&app);
        let kept = example.witness.take().unwrap().text;
        let copy = tempfile::tempdir().unwrap();
        for (path, block) in &mut example.files {
            let lines = block.text.lines().filter(|line| !hands_credentials_on(line));
            block.text = lines.flat_map(|line| [line, "\n"]).collect();
            let place = copy.path().join(path.trim_start_matches('/'));
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, &block.text).unwrap();
        }
        let (code, report) = check(copy.path(), "default");
        assert_eq!(code, 1, "{}: {report:#?}", app.display());
        assert!(report.iter().all(|r| r.ends_with("[dropped-authorization]")), "{report:#?}");
        ask(&app.display().to_string(), &with_witness(example, lost(&kept)));
    }
}
