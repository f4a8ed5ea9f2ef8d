//! One line for each finding: `path:line:col: severity: message [rule]`, for editors and pipes.

use std::io::{self, Write};

use super::{Report, escape, line};

/// Writes the findings; nothing if there are none.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for reported in &report.findings {
        writeln!(
            out,
            "{}:{}:{}: {}: {} [{}]",
            escape(report.path(reported)),
            reported.start.line,
            reported.start.column,
            reported.severity.as_str(),
            line(&reported.finding.message),
            reported.finding.rule
        )?;
    }
    Ok(())
}
