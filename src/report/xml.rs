//! What the XML formats share.

use std::borrow::Cow;
use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, Event};

use super::{escape, line, replaced};

/// A writer that has written the declaration and indents by two blanks.
pub(super) fn start(out: &mut dyn Write) -> io::Result<Writer<io::BufWriter<&mut dyn Write>>> {
    let mut writer = Writer::new_with_indent(io::BufWriter::new(out), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    Ok(writer)
}

/// Ends the last line and writes all of it out.
pub(super) fn finish(writer: Writer<io::BufWriter<&mut dyn Write>>) -> io::Result<()> {
    let mut out = writer.into_inner();
    out.write_all(b"\n")?;
    out.flush()
}

/// A message or help text, of characters that XML 1.0 allows.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    allowed(line(text))
}

/// A path, of characters that XML 1.0 allows.
pub(super) fn path(path: &str) -> Cow<'_, str> {
    allowed(escape(path))
}

/// Control characters are escaped by now; these two are the rest that XML 1.0 has no way to write.
fn allowed(text: Cow<'_, str>) -> Cow<'_, str> {
    const NO_XML: [(char, &str); 2] = [('\u{fffe}', "\u{fffd}"), ('\u{ffff}', "\u{fffd}")];
    match text {
        Cow::Borrowed(text) => replaced(text, &NO_XML),
        Cow::Owned(text) => Cow::Owned(replaced(&text, &NO_XML).into_owned()),
    }
}
