//! Closing tags: which section each ends, what was meant where it ends none, and what is left open at the end of the file.

use super::parser::{Frame, Kind, Parser, Tag, shortened};
use super::tree::When;

impl Parser<'_> {
    /// A closing tag.
    pub(super) fn close(&mut self, tag: Tag) {
        if self.flattened > 0 {
            self.flattened -= 1;
            return;
        }
        let value = tag.word.value(self.text).into_owned();
        let name = value.strip_prefix("</").unwrap_or(&value);
        let (name, bracket) = name.strip_suffix('>').map_or((name, false), |name| (name, true));
        if let Some(outer) = self.frames.iter().position(|f| f.kind == Kind::Macro) {
            self.close_in_macro(tag, name, bracket, outer);
            return;
        }
        self.macros.count(-1);
        let (start, end) = (tag.word.start as usize, tag.word.end as usize);
        let Some(frame) = self.frames.last().copied() else {
            let message = format!("\"</{}>\" closes no section: none is open", shortened(name));
            self.structure(start, end, message, When::Always).help("remove it, or put back the line that opens the section");
            return;
        };
        if tag.word.hole || self.is_tag_of(frame, name) {
            self.close_own(frame, tag, bracket);
            return;
        }
        let above = self.frames.iter().rev().take_while(|f| !self.is_tag_of(**f, name)).count();
        if above < self.frames.len() {
            self.close_outer(tag, name, above);
        } else {
            self.close_none(frame, tag, name);
        }
    }

    fn is_tag_of(&self, frame: Frame, name: &str) -> bool {
        self.tag_of(frame.node).eq_ignore_ascii_case(name)
    }

    /// The tag of the innermost section.
    fn close_own(&mut self, frame: Frame, tag: Tag, bracket: bool) {
        let (start, end) = (tag.word.start as usize, tag.word.end as usize);
        let name = self.tag_of(frame.node);
        let name = shortened(&name);
        if !bracket && !tag.word.hole {
            self.structure(start, end, format!("closing tag \"</{name}\" has no \">\""), When::Always)
                .help(format!("write \"</{name}>\", without a blank"));
        } else if frame.kind == Kind::Condition && tag.followed {
            self.structure(start, end, format!("text after \"</{name}>\""), When::Read)
                .help("httpd finds the end of such a section only where nothing else is on its line");
        }
        self.pop_frame(start, end);
    }

    /// The tag of a section outside the innermost ones, which are not closed then.
    fn close_outer(&mut self, tag: Tag, name: &str, above: usize) {
        let (start, end) = (tag.word.start as usize, tag.word.end as usize);
        let unclosed = self.frames.get(self.frames.len() - above..).unwrap_or_default().to_vec();
        if let Some(frame) = unclosed.iter().find(|f| f.one_line) {
            self.one_line(*frame);
        } else if let Some(inner) = unclosed.last() {
            let open = self.tag_of(inner.node);
            let (open, name) = (shortened(&open), shortened(name));
            let line = self.line_number(self.head(inner.node).start as usize);
            let message = format!("\"</{open}>\" is missing before \"</{name}>\"");
            self.structure(start, end, message, When::Always).help(format!("\"<{open}>\" was opened on line {line}"));
        }
        for _ in 0..above {
            self.pop_frame(start, start);
        }
        self.pop_frame(start, end);
    }

    /// A tag that belongs to no section that is open.
    fn close_none(&mut self, frame: Frame, tag: Tag, name: &str) {
        let (start, end) = (tag.word.start as usize, tag.word.end as usize);
        let open = self.tag_of(frame.node);
        // A tag that is nearly that of the section is meant to be it.
        let near = |name: &str| strsim::osa_distance(&name.to_ascii_lowercase(), &open.to_ascii_lowercase()) <= 2;
        let begins = open.get(..name.len()).is_some_and(|first| first.eq_ignore_ascii_case(name));
        let meant = begins && !name.is_empty() || name.len() < 100 && name.len().abs_diff(open.len()) <= 2 && near(name);
        let line = self.line_number(self.head(frame.node).start as usize);
        let shown = shortened(&open);
        let message = format!("\"</{}>\" closes no section: \"</{shown}>\" is expected", shortened(name));
        self.structure(start, end, message, When::Always).help(format!("\"<{shown}>\" was opened on line {line}"));
        if meant {
            self.pop_frame(start, end);
        }
    }

    /// A tag in the lines of a macro: only its own tag is looked at before the macro is used. `outer` is the macro.
    fn close_in_macro(&mut self, tag: Tag, name: &str, bracket: bool, outer: usize) {
        let (start, end) = (tag.word.start as usize, tag.word.end as usize);
        let ends_macro = bracket && name.eq_ignore_ascii_case("Macro");
        if !ends_macro {
            self.macros.count(-1);
            let top = self.frames.last().copied().filter(|f| f.kind != Kind::Macro && !self.is_tag_of(*f, name));
            if let Some(top) = top {
                let expected = self.tag_of(top.node);
                self.macros.wrong_tag(self.span(start, end), name, &expected);
            }
        }
        let found = self.frames.iter().rposition(|f| match f.kind {
            Kind::Macro => ends_macro,
            _ => !ends_macro && self.is_tag_of(*f, name),
        });
        let Some(found) = found.filter(|found| *found >= outer) else {
            self.tree.open_macro = true;
            return;
        };
        self.tree.open_macro |= found + 1 < self.frames.len();
        if ends_macro && found == outer {
            self.macros.end();
        }
        while self.frames.len() > found + 1 {
            self.pop_frame(start, start);
        }
        self.pop_frame(start, end);
    }

    /// A section with everything on one line, which the server takes to be its arguments.
    fn one_line(&mut self, frame: Frame) {
        let (head, name) = (self.head(frame.node), self.tag_of(frame.node));
        let name = shortened(&name);
        self.structure(head.start as usize, head.end as usize, format!("\"<{name}>\" is not closed"), When::Always)
            .help("the opening tag, the directives and the closing tag of a section stand on lines of their own");
    }

    /// Sections that the end of the file leaves open.
    pub(super) fn end_of_file(&mut self) {
        let mut in_condition = false;
        for (index, frame) in self.frames.clone().into_iter().enumerate() {
            if in_condition && frame.kind != Kind::Condition {
                continue;
            }
            let (head, name) = (self.head(frame.node), self.tag_of(frame.node));
            let name = shortened(&name);
            let (start, end) = (head.start as usize, head.end as usize);
            let message = format!("\"<{name}>\" is not closed");
            // What is around the section, not what is in it.
            let inner = self.frames.split_off(index);
            match frame.kind {
                // The end of the file ends a condition that holds, with all that is in it.
                Kind::Condition => self
                    .structure(start, end, message, When::Skipped)
                    .condition(frame.node)
                    .help(format!("where the condition does not hold, httpd refuses the file without \"</{name}>\"")),
                _ if frame.one_line => self.one_line(frame),
                _ => self.structure(start, end, message, When::Always).help(format!("\"</{name}>\" is missing")),
            }
            self.frames.extend(inner);
            in_condition |= frame.kind == Kind::Condition;
            if frame.kind == Kind::Macro {
                break;
            }
        }
        let end = self.text.len();
        while !self.frames.is_empty() {
            self.pop_frame(end, end);
        }
    }
}
