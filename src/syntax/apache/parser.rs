//! One file of Apache configuration to its tree and its syntax errors.
//!
//! The errors are those of the grammar of a file: sections that are not closed, closed twice or in each other's place. Whether
//! a directive is known, may stand where it stands and has the arguments it needs is decided where the configuration is loaded.

use std::borrow::Cow;

use super::Name;
use super::cut::{Cut, Head, cut};
use super::lexer::{Joined, Line, Lines};
use super::macros::Macros;
use super::tree::{Body, Node, NodeId, Quote, SyntaxError, Tree, When, Word};
use crate::source::{FileId, Span};
use crate::syntax::template::Holes;

/// Sections nested deeper than this are read as if they stood side by side.
const MAX_DEPTH: usize = 1000;

/// After so many errors the rest is not told.
const MAX_ERRORS: usize = 1000;

/// How far apart the offsets lie for which lines are counted once.
const STRIDE: usize = 32 * 1024;

/// How long a line may be (`VARBUF_MAX_LEN`); 8 KiB in a `.htaccess`, which the parser does not know.
const MAX_LINE: usize = 16 * 1024 * 1024;

/// Reads a file. Never fails: what the server would refuse is in [`Tree::errors`].
pub fn parse(file: FileId, text: &str) -> Tree {
    Parser::new(file, text).run()
}

/// What a section is to the parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Any other.
    Section,
    /// `<IfModule>` and its like: read at once, and not at all if it does not hold.
    Condition,
    /// `<Macro>`: lines that are read where the macro is used.
    Macro,
}

/// A section that is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) node: NodeId,
    pub(super) kind: Kind,
    /// Whether its line ends with its own closing tag, so that it was perhaps meant to be closed.
    pub(super) one_line: bool,
}

/// The closing tag that is being read.
#[derive(Clone, Copy)]
pub(super) struct Tag {
    pub(super) word: Word,
    /// Whether something follows it on its line.
    pub(super) followed: bool,
}

pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    lines: Lines<'t>,
    holes: Holes<'t>,
    joined: Joined,
    pub(super) tree: Tree,
    pub(super) frames: Vec<Frame>,
    /// How many sections are open beyond [`MAX_DEPTH`].
    pub(super) flattened: usize,
    /// Errors about sections, which the rendering of a template or the lines of a macro may mend.
    structure: Vec<SyntaxError>,
    pub(super) macros: Macros,
    /// How many lines end before each multiple of [`STRIDE`], as far as somebody asked.
    counted: Vec<usize>,
}

impl<'t> Parser<'t> {
    fn new(file: FileId, text: &'t str) -> Self {
        let mut tree = Tree::new(file);
        tree.words.reserve(text.len() / 14);
        tree.nodes.reserve(text.len() / 30);
        Self {
            text,
            lines: Lines::new(text.as_bytes()),
            holes: Holes::new(text.as_bytes()),
            joined: Joined::default(),
            tree,
            frames: Vec::new(),
            flattened: 0,
            structure: Vec::new(),
            macros: Macros::default(),
            counted: Vec::new(),
        }
    }

    fn run(mut self) -> Tree {
        if self.text.starts_with('\u{feff}') {
            let error = self.error_at(0, 3, "the file begins with a byte order mark", When::Always);
            self.tree.errors.push(SyntaxError { help: Some("save it as UTF-8 without a byte order mark".into()), ..error });
            self.lines.pos = 3;
        }
        while let Some(byte) = self.lines.skip_spaces() {
            if matches!(byte, b'{' | b'<' | b'@' | b'%') && self.statement(byte) {
                continue;
            }
            let line = self.lines.next();
            self.line(line);
        }
        self.end_of_file();
        self.finish()
    }

    /// A template hole that stands where a directive would.
    fn statement(&mut self, byte: u8) -> bool {
        let start = self.lines.pos;
        if byte == b'<' && !self.slice(start, self.text.len()).starts_with("<%") {
            return false;
        }
        let Some(end) = self.holes.statement(start) else { return false };
        self.tree.holes.push(self.span(start, end));
        self.lines.pos = end;
        true
    }

    fn line(&mut self, line: Line) {
        let first = self.tree.words.len();
        let text = self.text.as_bytes();
        if line.end - line.start > MAX_LINE {
            let error = self.error_at(line.start, self.boundary(line.start + 1), "line longer than 16 MiB", When::Always);
            self.tree.errors.push(error);
        }
        let cut = if line.continued {
            let mut joined = std::mem::take(&mut self.joined);
            joined.read(text, line);
            let mut holes = Holes::new(&joined.bytes);
            let mut cut = cut(&mut self.tree.words, &joined.bytes, 0, joined.bytes.len(), &mut holes);
            cut.place(&joined);
            for word in self.tree.words.get_mut(first..).unwrap_or_default() {
                let length = word.end - word.start;
                word.end = joined.end_offset(word.end as usize) as u32;
                word.start = joined.offset(word.start as usize) as u32;
                word.escaped |= word.end - word.start != length;
            }
            self.joined = joined;
            cut
        } else {
            cut(&mut self.tree.words, text, line.start, line.end, &mut self.holes)
        };
        match cut.head {
            Head::Blank => {}
            Head::Comment => self.tree.comments.push(self.span(cut.start, cut.end)),
            Head::Directive => {
                let node = self.node(first, cut, Body::Line);
                if self.tree.nodes.last().is_some_and(|n| n.name == Name::Use) {
                    let name = self.first_argument(node);
                    self.macros.used(name);
                }
            }
            Head::Open => self.open(first, cut),
            Head::Close => {
                if let Some(word) = self.tree.words.pop() {
                    self.tree.templated |= word.hole;
                    self.close(Tag { word, followed: (word.end as usize) < cut.end });
                }
            }
        }
    }

    fn node(&mut self, first: usize, cut: Cut, body: Body) -> NodeId {
        let id = self.tree.nodes.len() as NodeId;
        let name = self.tree.words.get(first).map_or(Name::Unknown, |word| self.name_of(word));
        self.tree.nodes.push(Node {
            name,
            first_word: first as u32,
            word_count: (self.tree.words.len() - first) as u32,
            args_start: cut.args.0 as u32,
            args_end: cut.args.1 as u32,
            subtree_end: id + 1,
            body,
            end: cut.end as u32,
        });
        id
    }

    fn name_of(&self, word: &Word) -> Name {
        let value = word.value(self.text);
        if word.hole {
            return if value.starts_with('<') { Name::UnknownSection } else { Name::Unknown };
        }
        // The server cuts a `>` from the end of every name.
        Name::of(if word.quote == Quote::None { &value } else { value.strip_suffix('>').unwrap_or(&value) })
    }

    fn open(&mut self, first: usize, cut: Cut) {
        let end = cut.end as u32;
        let node = self.node(first, cut, Body::Section { open: cut.open as u32, close: end });
        let name = self.tree.nodes.last().map_or(Name::UnknownSection, |n| n.name);
        let word = self.tree.words.get(first).map_or("", |word| self.slice(word.start as usize, word.end as usize));
        if holds_code(name, word) {
            self.code(node);
            return;
        }
        if self.frames.len() >= MAX_DEPTH {
            if self.flattened == 0 {
                let message = format!("more than {MAX_DEPTH} nested sections");
                let error = self.error_at(cut.start, cut.start + 1, message, When::Always);
                let help = "deeper sections are read as if they stood side by side";
                self.tree.errors.push(SyntaxError { help: Some(help.into()), ..error });
            }
            self.flattened += 1;
            return;
        }
        let kind = match name {
            Name::IfModule | Name::IfDefine | Name::IfVersion | Name::IfFile | Name::IfDirective | Name::IfSection => {
                Kind::Condition
            }
            Name::Macro => Kind::Macro,
            _ => Kind::Section,
        };
        if cut.early && self.condition().is_some() {
            // A section that is passed over is named with its `>` then.
            self.structure(cut.start, cut.end, "text after the \">\" of a section without arguments", When::Skipped)
                .help("where the module of the condition around is absent, httpd does not find the end of this section");
        }
        match kind {
            Kind::Macro => {
                let name = self.first_argument(node);
                self.macros.begin(node, name);
            }
            _ => self.macros.count(1),
        }
        let one_line = self.ends_with_own_tag(first, cut);
        self.frames.push(Frame { node, kind, one_line });
    }

    /// The first argument of a node, in lower case.
    fn first_argument(&self, node: NodeId) -> String {
        let node = self.tree.nodes.get(node as usize);
        let word = node.and_then(|node| self.tree.words(node).get(1));
        word.map_or_else(String::new, |word| word.value(self.text).to_ascii_lowercase())
    }

    /// `<Files x>Require all denied</Files>`
    fn ends_with_own_tag(&self, first: usize, cut: Cut) -> bool {
        let Some(word) = self.tree.words.get(first) else { return false };
        let name = self.slice(word.start as usize + 1, word.end as usize);
        let line = self.slice(cut.start, cut.end).strip_suffix('>').and_then(|line| line.rsplit_once("</"));
        line.is_some_and(|(_, tag)| tag.eq_ignore_ascii_case(name))
    }

    /// Passes over the code of a section.
    fn code(&mut self, node: NodeId) {
        let name = self.tag_of(node).into_owned();
        let (mut close, mut end) = (self.text.len(), self.text.len());
        while self.lines.skip_spaces().is_some() {
            let line = self.lines.next();
            let text = self.slice(line.start, line.end);
            let tag = text.strip_prefix("</").and_then(|tag| Some((tag.get(..name.len())?, tag.get(name.len()..)?)));
            if tag.is_some_and(|(tag, rest)| tag.eq_ignore_ascii_case(&name) && rest.starts_with('>')) {
                (close, end) = (line.start, line.start + 2 + name.len() + 1);
                break;
            }
        }
        if close == self.text.len() {
            let head = self.head(node);
            let shown = shortened(&name);
            self.structure(head.start as usize, head.end as usize, format!("\"<{shown}>\" is not closed"), When::Always)
                .help(format!("\"</{shown}>\" is missing"));
        }
        self.end_node(node, close, end);
    }

    // What the parts above and `recover` share.

    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.tree.file, start as u32, end as u32)
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end).unwrap_or_default()
    }

    fn boundary(&self, at: usize) -> usize {
        (at..self.text.len()).find(|at| self.text.is_char_boundary(*at)).unwrap_or(self.text.len())
    }

    /// The name of a section as it stands in its closing tag.
    pub(super) fn tag_of(&self, node: NodeId) -> Cow<'t, str> {
        let word = self.tree.nodes.get(node as usize).and_then(|n| self.tree.words.get(n.first_word as usize));
        let Some(word) = word else { return Cow::Borrowed("") };
        // Of a bare name the `>` is cut already.
        let name = |text: &str| {
            let text = text.strip_prefix('<').unwrap_or(text);
            if word.quote == Quote::None { text.len() } else { text.strip_suffix('>').unwrap_or(text).len() }
        };
        match word.value(self.text) {
            Cow::Borrowed(text) => Cow::Borrowed(text.get(1..1 + name(text)).unwrap_or_default()),
            Cow::Owned(text) => Cow::Owned(text.get(1..1 + name(&text)).unwrap_or_default().to_owned()),
        }
    }

    /// The head of a section.
    pub(super) fn head(&self, node: NodeId) -> Span {
        self.tree.nodes.get(node as usize).map_or(self.span(0, 0), |n| self.tree.head_span(n))
    }

    /// The innermost condition that is open.
    pub(super) fn condition(&self) -> Option<NodeId> {
        self.frames.iter().rev().find(|f| f.kind == Kind::Condition).map(|f| f.node)
    }

    fn error_at(&self, start: usize, end: usize, message: impl Into<String>, when: When) -> SyntaxError {
        let condition = self.condition();
        let when = if condition.is_none() && when == When::Read { When::Always } else { when };
        SyntaxError { span: self.span(start, end), message: message.into(), help: None, when, condition }
    }

    /// Records an error about sections, unless it lies in a macro.
    pub(super) fn structure(&mut self, start: usize, end: usize, message: impl Into<String>, when: When) -> Reported<'_> {
        let error = self.error_at(start, end, message, when);
        match self.structure.len() {
            count if count > MAX_ERRORS => return Reported(None),
            MAX_ERRORS => {
                let message = "too many syntax errors, the rest of the file is not told".to_owned();
                self.structure.push(SyntaxError { message, ..error });
            }
            _ => self.structure.push(error),
        }
        Reported(self.structure.last_mut())
    }

    /// The 1-based line of an offset.
    pub(super) fn line_number(&mut self, at: usize) -> usize {
        let text = self.text.as_bytes();
        let breaks =
            |from: usize, to: usize| memchr::memchr_iter(b'\n', text.get(from..to.min(text.len())).unwrap_or_default()).count();
        let counted = &mut self.counted;
        while counted.len() <= at / STRIDE {
            let from = counted.len().saturating_sub(1) * STRIDE;
            let before = counted.last().copied();
            counted.push(before.map_or(0, |before| before + breaks(from, from + STRIDE)));
        }
        counted.get(at / STRIDE).copied().unwrap_or_default() + breaks(at / STRIDE * STRIDE, at) + 1
    }

    /// Ends the innermost section.
    pub(super) fn pop_frame(&mut self, close: usize, end: usize) {
        if let Some(frame) = self.frames.pop() {
            self.end_node(frame.node, close, end);
        }
    }

    fn end_node(&mut self, node: NodeId, at: usize, after: usize) {
        let count = self.tree.nodes.len() as NodeId;
        let Some(node) = self.tree.nodes.get_mut(node as usize) else { return };
        node.subtree_end = count;
        if let Body::Section { close, .. } = &mut node.body {
            *close = at as u32;
        }
        node.end = after as u32;
    }

    fn finish(mut self) -> Tree {
        // A macro that opens a section may stand for the line that is missing.
        if self.tree.open_macro && self.macros.is_used() {
            self.structure.clear();
        }
        self.check_macros();
        let tree = &mut self.tree;
        tree.templated |= !tree.holes.is_empty() || tree.words.iter().any(|w| w.hole);
        if tree.holes.is_empty() {
            tree.errors.append(&mut self.structure);
        }
        tree.errors.sort_by_key(|e| (e.span.start, e.span.end));
        self.tree
    }
}

/// A name for a message: nobody reads a long one.
pub(super) fn shortened(name: &str) -> Cow<'_, str> {
    const MOST: usize = 40;
    match name.char_indices().nth(MOST) {
        Some((end, _)) => Cow::Owned(format!("{}…", name.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(name),
    }
}

/// Whether a section holds code of another language: `text` is its name as written, `<` included.
pub(super) fn holds_code(name: Name, text: &str) -> bool {
    match name {
        Name::UnknownSection => text.eq_ignore_ascii_case("<Perl"),
        _ => text.starts_with('<') && name.info().is_some_and(|info| info.module == "mod_lua"),
    }
}

/// An error that was just recorded, to say what to do about it.
pub(super) struct Reported<'e>(Option<&'e mut SyntaxError>);

impl Reported<'_> {
    pub(super) fn help(self, help: impl Into<String>) {
        if let Some(error) = self.0 {
            error.help = Some(help.into());
        }
    }

    pub(super) fn condition(self, node: NodeId) -> Self {
        if let Self(Some(error)) = self {
            error.condition = Some(node);
            return Self(Some(error));
        }
        self
    }
}
