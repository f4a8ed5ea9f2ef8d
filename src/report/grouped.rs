//! The findings under the name of each file, with the closing lines of `full`.

use std::io::{self, Write};

use super::{Look, Report, escape, human, line};

/// Writes the findings and a summary.
pub fn write(report: &Report, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    for (path, findings) in report.by_file() {
        writeln!(out, "{}", escape(path))?;
        let places: Vec<String> = findings.iter().map(|r| format!("{}:{}", r.start.line, r.start.column)).collect();
        let width = places.iter().map(String::len).max().unwrap_or(0);
        for (reported, place) in findings.iter().zip(places) {
            let (severity, message) = (reported.severity.as_str(), line(&reported.finding.message));
            writeln!(out, "  {place:<width$}  {severity:<7}  {message} [{}]", reported.finding.rule)?;
        }
        writeln!(out)?;
    }
    if look.summary { human::summary(report, out) } else { Ok(()) }
}
