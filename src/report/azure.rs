//! Logging commands of Azure Pipelines, which marks a step with them.
//!
//! The form is that of [`task.logissue`]; the escapes are those that the agent takes back.
//!
//! [`task.logissue`]: https://learn.microsoft.com/en-us/azure/devops/pipelines/scripts/logging-commands#logissue-log-an-error-or-warning

use std::borrow::Cow;
use std::io::{self, Write};

use super::{Report, line, replaced};
use crate::finding::Severity;

/// Writes one command for each finding.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for reported in &report.findings {
        // There are two types only.
        let kind = if reported.severity == Severity::Error { "error" } else { "warning" };
        writeln!(
            out,
            "##vso[task.logissue type={kind};sourcepath={};linenumber={};columnnumber={};code={};]{}",
            property(report.path(reported)),
            reported.start.line,
            reported.start.column,
            reported.finding.rule,
            data(&line(&reported.finding.message)),
        )?;
    }
    Ok(())
}

fn data(text: &str) -> Cow<'_, str> {
    replaced(text, &[('%', "%AZP25"), ('\r', "%0D"), ('\n', "%0A")])
}

fn property(text: &str) -> Cow<'_, str> {
    replaced(text, &[('%', "%AZP25"), ('\r', "%0D"), ('\n', "%0A"), (']', "%5D"), (';', "%3B")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        assert_eq!(property("a]b;c%d\n"), "a%5Db%3Bc%AZP25d%0A");
        assert_eq!(data("a]b;c%d"), "a]b;c%AZP25d");
    }
}
