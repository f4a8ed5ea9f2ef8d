//! Workflow commands that GitHub Actions turns into annotations.
//!
//! The form is that of [workflow commands]; the escapes are those of GitHub's own toolkit, which the runner takes back.
//!
//! [workflow commands]: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands

use std::borrow::Cow;
use std::io::{self, Write};

use super::{Report, docs_url, line, plural, replaced};
use crate::finding::Severity;

/// How many annotations of each level a step shows; the rest is only in the log.
const SHOWN: usize = 10;

/// Writes one command for each finding, the worst first, and says how many of them become no annotation.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for reported in report.by_severity() {
        let finding = &reported.finding;
        let (start, end) = report.region(reported);
        let level = match reported.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        write!(
            out,
            "::{level} file={},line={},col={},endLine={},endColumn={},title={}::{}",
            property(&report.in_repository(report.path(reported))),
            start.line,
            start.column,
            end.line,
            end.column,
            property(finding.rule),
            data(&line(&finding.message)),
        )?;
        if let Some(help) = &finding.help {
            write!(out, "%0A%0Ahelp: {}", data(&line(help)))?;
        }
        writeln!(out, "%0A{}", docs_url(finding.rule))?;
    }
    let over = |severity| report.count(severity).saturating_sub(SHOWN);
    match [Severity::Error, Severity::Warning, Severity::Info].map(over).iter().sum() {
        0 => Ok(()),
        n => writeln!(out, "{} without an annotation: a step shows {SHOWN} of each level", plural(n, "finding")),
    }
}

fn data(text: &str) -> Cow<'_, str> {
    replaced(text, &[('%', "%25"), ('\r', "%0D"), ('\n', "%0A")])
}

fn property(text: &str) -> Cow<'_, str> {
    replaced(text, &[('%', "%25"), ('\r', "%0D"), ('\n', "%0A"), (':', "%3A"), (',', "%2C")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        assert_eq!(property("a:b,c%d\r\n"), "a%3Ab%2Cc%25d%0D%0A");
        assert_eq!(data("a:b,c%d\r\n"), "a:b,c%25d%0D%0A");
    }
}
