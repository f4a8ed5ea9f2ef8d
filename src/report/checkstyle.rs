//! Checkstyle XML, which many services and editors read: [the form of the report].
//!
//! [the form of the report]: https://checkstyle.org/result_reports.html

use std::io::{self, Write};

use super::{Report, xml};

/// The version of Checkstyle whose reports look so; readers take it for the version of the form.
const VERSION: &str = "4.3";

/// Writes the report, also when there is nothing in it.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = xml::start(out)?;
    writer.create_element("checkstyle").with_attribute(("version", VERSION)).write_inner_content(|writer| {
        for (path, findings) in report.by_file() {
            let file = writer.create_element("file").with_attribute(("name", &*xml::path(path)));
            file.write_inner_content(|writer| {
                for reported in findings {
                    writer
                        .create_element("error")
                        .with_attribute(("line", &*reported.start.line.to_string()))
                        .with_attribute(("column", &*reported.start.column.to_string()))
                        .with_attribute(("severity", reported.severity.as_str()))
                        .with_attribute(("message", &*xml::text(&reported.finding.message)))
                        .with_attribute(("source", &*format!("lint401.{}", reported.finding.rule)))
                        .write_empty()?;
                }
                Ok(())
            })?;
        }
        for unreadable in report.unreadable {
            let file = writer.create_element("file").with_attribute(("name", &*xml::path(&unreadable.path.to_string_lossy())));
            file.write_inner_content(|writer| {
                let reason = xml::text(&unreadable.reason);
                writer.create_element("exception").write_text_content(quick_xml::events::BytesText::new(&reason))?;
                Ok(())
            })?;
        }
        Ok(())
    })?;
    xml::finish(writer)
}
