//! JUnit XML, as Jenkins and GitLab read it: a suite for each file, a failed test for each finding, a skipped one for each that is
//! accepted, a passed one for a clean file.
//!
//! Of the form's many dialects this is the one of the [xUnit plugin of Jenkins]. It has no time and no date: the same input gives
//! the same bytes.
//!
//! [xUnit plugin of Jenkins]: https://github.com/jenkinsci/xunit-plugin

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::BytesText;

use super::{By, Report, Suppressed, docs_url, human, xml};
use crate::analysis::Reported;
use crate::finding::Severity;

/// The tests of one file.
#[derive(Default)]
struct Suite<'a> {
    findings: Vec<&'a Reported>,
    accepted: Vec<&'a Suppressed<'a>>,
    unreadable: Option<&'a str>,
}

impl Suite<'_> {
    fn tests(&self) -> usize {
        (self.findings.len() + self.accepted.len() + usize::from(self.unreadable.is_some())).max(1)
    }

    fn failures(&self) -> usize {
        self.findings.iter().filter(|reported| fails(reported)).count()
    }

    fn errors(&self) -> usize {
        usize::from(self.unreadable.is_some())
    }
}

/// What is only worth knowing fails no test: one that fails marks the whole build.
fn fails(reported: &Reported) -> bool {
    reported.severity > Severity::Info
}

/// Writes the report.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut suites: BTreeMap<&str, Suite> = report.analysis.files.iter().map(|f| (&*f.path, Suite::default())).collect();
    for reported in &report.findings {
        suites.entry(report.path(reported)).or_default().findings.push(reported);
    }
    for accepted in &report.suppressed {
        suites.entry(report.path(accepted.reported)).or_default().accepted.push(accepted);
    }
    let unreadable: Vec<_> = report.unreadable.iter().map(|u| (u.path.to_string_lossy(), &u.reason)).collect();
    for (path, reason) in &unreadable {
        suites.entry(path).or_default().unreadable = Some(reason);
    }
    let tests: usize = suites.values().map(Suite::tests).sum();
    let failures: usize = suites.values().map(Suite::failures).sum();
    let errors: usize = suites.values().map(Suite::errors).sum();
    let mut writer = xml::start(out)?;
    writer
        .create_element("testsuites")
        .with_attribute(("name", "lint401"))
        .with_attribute(("tests", &*tests.to_string()))
        .with_attribute(("failures", &*failures.to_string()))
        .with_attribute(("errors", &*errors.to_string()))
        .write_inner_content(|writer| suites.iter().try_for_each(|(path, suite)| write_suite(writer, report, path, suite)))?;
    xml::finish(writer)
}

fn write_suite<W: Write>(writer: &mut Writer<W>, report: &Report, path: &str, suite: &Suite) -> io::Result<()> {
    let path = &*xml::path(path);
    let element = writer
        .create_element("testsuite")
        .with_attribute(("name", path))
        .with_attribute(("tests", &*suite.tests().to_string()))
        .with_attribute(("failures", &*suite.failures().to_string()))
        .with_attribute(("errors", &*suite.errors().to_string()))
        .with_attribute(("skipped", &*suite.accepted.len().to_string()));
    element.write_inner_content(|writer| {
        if let Some(reason) = suite.unreadable {
            let element = writer.create_element("testcase").with_attributes([("name", "read"), ("classname", path)]);
            element.write_inner_content(|writer| {
                let attributes = [("type", "unreadable"), ("message", &*xml::text(reason))];
                writer.create_element("error").with_attributes(attributes).write_empty().map(|_| ())
            })?;
        }
        for accepted in &suite.accepted {
            let how = match accepted.by {
                By::Comment => "accepted by a comment",
                By::Baseline => "accepted by the baseline",
            };
            let message = match accepted.reason {
                Some(reason) => format!("{how}: {}", xml::text(reason)),
                None => how.to_owned(),
            };
            let name = name_of(accepted.reported);
            let element = writer.create_element("testcase").with_attributes([("name", &*name), ("classname", path)]);
            element.write_inner_content(|writer| {
                writer.create_element("skipped").with_attribute(("message", &*message)).write_empty().map(|_| ())
            })?;
        }
        for reported in &suite.findings {
            let name = name_of(reported);
            let element = writer.create_element("testcase").with_attributes([("name", &*name), ("classname", path)]);
            element.write_inner_content(|writer| write_finding(writer, report, reported))?;
        }
        if suite.findings.is_empty() && suite.accepted.is_empty() && suite.unreadable.is_none() {
            writer.create_element("testcase").with_attributes([("name", "no findings"), ("classname", path)]).write_empty()?;
        }
        Ok(())
    })?;
    Ok(())
}

/// The name of the test that a finding is.
fn name_of(reported: &Reported) -> String {
    format!("{}:{}:{}", reported.finding.rule, reported.start.line, reported.start.column)
}

fn write_finding<W: Write>(writer: &mut Writer<W>, report: &Report, reported: &Reported) -> io::Result<()> {
    let finding = &reported.finding;
    let message = xml::text(&finding.message);
    let place = xml::path(report.path(reported));
    let mut text =
        format!("{place}:{}:{}: {}: {message}", reported.start.line, reported.start.column, reported.severity.as_str());
    let mut say = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = write!(text, "\n{name}: {value}");
        }
    };
    say("in", &xml::text(&finding.context));
    say("help", &xml::text(finding.help.as_deref().unwrap_or_default()));
    if let Some(request) = &finding.witness {
        say("witness", &xml::text(&human::witness(request)));
    }
    say("docs", &docs_url(finding.rule));
    let element = if fails(reported) {
        let attributes = [("type", reported.severity.as_str()), ("message", &*message)];
        writer.create_element("failure").with_attributes(attributes)
    } else {
        writer.create_element("system-out")
    };
    element.write_text_content(BytesText::new(&text)).map(|_| ())
}
