use super::*;
use crate::model::from::apache::fake::{Fake, known, span};
use crate::model::from::apache::vars::Variable;
use crate::syntax::apache::expr::Context;

fn fields(of: &[(&str, &str)]) -> Vec<Field> {
    of.iter().map(|(name, value)| Field { name: (*name).to_owned(), value: known(value), by: None }).collect()
}

/// The fields that edits of the request make of some.
fn request(before: &[(&str, &str)], edits: &[&[&str]]) -> Vec<(String, String)> {
    run(before, edits, false)
}

fn run(before: &[(&str, &str)], edits: &[&[&str]], early: bool) -> Vec<(String, String)> {
    let mut fake = Fake { headers: fields(before), ..Fake::default() }.with_variable(Variable::Https, "off");
    fake.env.push(("e".to_owned(), known("a\nb")));
    let mut regexes = Regexes::of_httpd();
    let lowered: Vec<HeaderEdit> = edits
        .iter()
        .map(|args| {
            HeaderEdit::lower(syntax::HeaderEdit::parse(true, args, Context::Server).unwrap(), false, span(7), &mut regexes)
        })
        .collect();
    for edit in &lowered {
        apply(edit, Table::Request, early, &mut fake, &regexes);
    }
    fake.headers.iter().map(|f| (f.name.clone(), f.value.known().unwrap_or("?").to_owned())).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Measured with httpd 2.4.71.
#[test]
fn actions() {
    let ab = &[("A", "1"), ("B", "2"), ("a", "3")];
    assert_eq!(request(ab, &[&["set", "a", "x"]]), pairs(&[("A", "x"), ("B", "2")]));
    assert_eq!(request(ab, &[&["set", "C:", ""]]), pairs(&[("A", "1"), ("B", "2"), ("a", "3"), ("C", "")]));
    assert_eq!(request(ab, &[&["unset", "A"]]), pairs(&[("B", "2")]));
    assert_eq!(request(&[("B", "2")], &[&["append", "B", "x"], &["append", "C", "y"]]), pairs(&[("B", "2, x"), ("C", "y")]));
    assert_eq!(
        request(&[("B", "x, \"y, z\"")], &[&["merge", "B", "x"], &["merge", "B", "z\""]]),
        pairs(&[("B", "x, \"y, z\", z\"")])
    );
    assert_eq!(request(ab, &[&["setifempty", "B", "x"], &["setifempty", "C", "y"]]).len(), 4);
    assert_eq!(request(&[("B", "abab")], &[&["edit", "B", "a(.)", "<$1>"]]), pairs(&[("B", "<b>ab")]));
    assert_eq!(request(&[("B", "abab")], &[&["edit*", "B", "a(.)", "<$1>"]]), pairs(&[("B", "<b><b>")]));
    assert_eq!(request(&[("B", "aab")], &[&["edit*", "B", "^a", "x"]]), pairs(&[("B", "xxb")]), "each rest is a text of its own");
    assert_eq!(request(&[("B", "b")], &[&["edit", "C", "b", "x"]]), pairs(&[("B", "b")]));
}

#[test]
fn values_and_conditions() {
    assert_eq!(request(&[], &[&["set", "A", "%{e}e|%{none}e|%%"]]), pairs(&[("A", "a b|(null)|%")]));
    assert_eq!(request(&[("X", "v")], &[&["set", "A", "expr=%{req:X}-%{HTTPS}"]]), pairs(&[("X", "v"), ("A", "v-off")]));
    assert_eq!(request(&[], &[&["set", "A", "%t"]]), pairs(&[("A", "?")]));
    assert_eq!(request(&[], &[&["set", "A", "1", "env=e"], &["set", "B", "1", "env=!e"]]), pairs(&[("A", "1")]));
    let https = &["set", "A", "1", "expr=%{HTTPS} == 'on'"];
    assert_eq!(request(&[], &[https]), pairs(&[]));
    assert_eq!(request(&[], &[&["set", "A", "1", "early"], &["set", "B", "1"]]), pairs(&[("B", "1")]));
    assert_eq!(run(&[], &[&["set", "A", "1", "early"], &["set", "B", "1"]], true), pairs(&[("A", "1")]));
}

#[test]
fn fields_know_who_set_them() {
    let mut fake = Fake { headers: fields(&[("A", "1"), ("B", "2")]), ..Fake::default() };
    let mut regexes = Regexes::of_httpd();
    let parse = |args: &[&str]| syntax::HeaderEdit::parse(true, args, Context::Server).unwrap();
    let edits = [
        HeaderEdit::lower(parse(&["set", "A", "x"]), false, span(1), &mut regexes),
        HeaderEdit::lower(parse(&["edit", "B", "x", "y"]), false, span(2), &mut regexes),
    ];
    for edit in &edits {
        apply(edit, Table::Request, false, &mut fake, &regexes);
    }
    assert_eq!(fake.headers.iter().map(|f| f.by).collect::<Vec<_>>(), [Some(span(1)), None]);
}
