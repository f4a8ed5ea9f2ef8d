//! A table in GitHub's and GitLab's Markdown, for step summaries and comments.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::{Report, docs_url, human, line, plural, replaced};
use crate::analysis::Reported;
use crate::finding::Severity;

/// How much is written, in bytes: a comment on GitHub holds 65,536 characters.
const LIMIT: usize = 60_000;

/// Writes a heading, the counts and the findings, the worst first; what does not fit into a comment is counted.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let files = plural(report.analysis.files.len(), "file");
    let counts = [Severity::Error, Severity::Warning, Severity::Info].map(|s| (report.count(s), s));
    let counts: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, s)| human::count(*n, *s)).collect();
    let mut text = "## lint401\n\n".to_owned();
    for unreadable in report.unreadable {
        let _ = writeln!(text, "**Not read:** {}: {}\n", code(&unreadable.path.to_string_lossy()), prose(&unreadable.reason));
    }
    let remarks: String = report.remarks().iter().flat_map(|remark| ["\n", remark, "\n"]).collect();
    if counts.is_empty() {
        let _ = writeln!(text, "No findings in {files}.");
        text.push_str(&remarks);
        return out.write_all(text.as_bytes());
    }
    let _ = writeln!(text, "Found {} in {files}.\n", counts.join(", "));
    text.push_str("| severity | place | what | rule |\n|---|---|---|---|\n");
    let findings = report.by_severity();
    let mut shown = 0;
    for reported in &findings {
        let row = row(report, reported);
        if text.len() + row.len() > LIMIT {
            break;
        }
        text.push_str(&row);
        shown += 1;
    }
    if shown < findings.len() {
        let _ = writeln!(text, "\n+{} more.", findings.len() - shown);
    }
    text.push_str(&remarks);
    out.write_all(text.as_bytes())
}

fn row(report: &Report, reported: &Reported) -> String {
    let finding = &reported.finding;
    let place = format!("{}:{}:{}", report.path(reported), reported.start.line, reported.start.column);
    let help = finding.help.as_deref().map(|help| format!("<br>{}", prose(help))).unwrap_or_default();
    format!(
        "| {} | {} | {}{help} | [{}]({}) |\n",
        reported.severity.as_str(),
        code(&place),
        prose(&finding.message),
        finding.rule,
        docs_url(finding.rule)
    )
}

/// A code span in a cell of a table.
fn code(text: &str) -> String {
    let text = super::escape(text);
    // A fence longer than any in the text.
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let blank = if longest > 0 { " " } else { "" };
    format!("{fence}{blank}{}{blank}{fence}", replaced(&text, &[('|', "\\|")]))
}

/// A message in a cell of a table: what stands between backticks is code, nothing else is markup.
fn prose(text: &str) -> String {
    let text = line(text);
    let paired = text.matches('`').count().is_multiple_of(2);
    let parts = text.split('`').enumerate();
    let parts = parts.map(|(i, part)| match (i % 2 == 1, paired) {
        (true, true) => code(part),
        (true, false) => format!("\\`{}", plain(part)),
        (false, false) if i > 0 => format!("\\`{}", plain(part)),
        (false, _) => plain(part).into_owned(),
    });
    parts.collect()
}

/// Text without markup. A named location must not call the user of that name, nor `#1` an issue: neither is followed by a blank
/// of no width.
fn plain(text: &str) -> Cow<'_, str> {
    replaced(
        text,
        &[
            ('\\', "\\\\"),
            ('*', "\\*"),
            ('_', "\\_"),
            ('~', "\\~"),
            ('[', "\\["),
            (']', "\\]"),
            ('|', "\\|"),
            ('$', "\\$"),
            ('<', "&lt;"),
            ('>', "&gt;"),
            ('&', "&amp;"),
            ('@', "@&#8203;"),
            ('#', "#&#8203;"),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_messages_is_text() {
        assert_eq!(prose(r"location ~ \.php$ <b> a|b"), r"location \~ \\.php\$ &lt;b&gt; a\|b");
        assert_eq!(prose("set `a|*b` in @app"), "set `a\\|*b` in @&#8203;app");
        assert_eq!(prose("a ` b"), "a \\` b");
        assert_eq!(code("a`b"), "`` a`b ``");
    }
}
