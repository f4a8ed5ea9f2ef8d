//! One file of nginx configuration to its tree and its syntax errors.
//!
//! Errors carry the line on which the server would stop; what is done after one is in `recover`.

use std::cell::Cell;

use super::lexer::{Lexeme, Lexer, Shape, Token};
use super::lua;
use super::tree::{Body, Node, NodeId, SyntaxError, Tree, Word};
use super::{Name, variables};
use crate::source::{FileId, Span};
use crate::syntax::template::Place;

/// Blocks nested deeper than this are read as if they stood side by side.
pub(super) const MAX_DEPTH: usize = 1000;

/// After so many errors the rest is not told.
const MAX_ERRORS: usize = 1000;

/// Reads a file. Never fails: what the server would refuse is in [`Tree::errors`].
pub fn parse(file: FileId, text: &str) -> Tree {
    parse_from(file, text, (0, 1))
}

/// Reads a configuration that stands inside of a file of another language; places are those of the file. `text` is the text of the
/// whole file, `line` the number of the line in which `part` begins.
pub fn parse_part(text: &str, part: Span, line: usize) -> Tree {
    let text = text.get(..part.end as usize).unwrap_or(text);
    parse_from(part.file, text, ((part.start as usize).min(text.len()), line))
}

fn parse_from(file: FileId, text: &str, start: (usize, usize)) -> Tree {
    let parser = Parser::new(file, text, start, false).run();
    // A `server` within a `server` is a missing brace if one is missing at all, and misplaced otherwise.
    if parser.nested_top && parser.unclosed { Parser::new(file, text, start, true).run().tree } else { parser.tree }
}

/// A block that is open.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    /// `None` for a `{` without a directive.
    pub(super) node: Option<NodeId>,
    pub(super) name: Name,
    /// Whether its children are entries.
    pub(super) entries: bool,
}

#[allow(clippy::struct_excessive_bools, reason = "independent observations, not states")]
pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) lexer: Lexer<'t>,
    pub(super) tree: Tree,
    pub(super) frames: Vec<Frame>,
    /// How many blocks are open beyond [`MAX_DEPTH`].
    flattened: usize,
    /// First word of the directive that is being read.
    pub(super) first: usize,
    /// The word that was looked up last, and what it names: the first word of a directive is asked for several times.
    looked_up: Cell<(Word, Name)>,
    /// What its words hold.
    pub(super) seen: Shape,
    /// What any word of the file holds.
    pub(super) in_file: Shape,
    /// Whether an error was reported within it.
    pub(super) pending_error: bool,
    /// Words with `${NAME}`.
    environment: Vec<u32>,
    /// Whether a directive that takes no variables has such a word.
    environment_proved: bool,
    /// Whether a hole stands directly before: anything may have been rendered there.
    after_hole: bool,
    /// For each error: whether it is about braces that a template may add.
    brace_errors: Vec<bool>,
    /// Blocks that were opened by guess, whose `}` may be missing, and closed by guess, whose `}` may follow.
    pub(super) guessed_open: usize,
    pub(super) guessed_close: usize,
    /// Close blocks before a directive that cannot stand in them.
    pub(super) close_before_top: bool,
    pub(super) nested_top: bool,
    pub(super) unclosed: bool,
    /// Whether an unterminated quote or Lua block has swallowed the rest.
    pub(super) swallowed: bool,
    /// How often text was read again after a quote without an end.
    pub(super) rereads: usize,
    /// Where the configuration begins in the text: offset and line.
    pub(super) start: (usize, usize),
    /// An offset and its line, from where lines are counted on.
    pub(super) counted: (usize, usize),
}

impl<'t> Parser<'t> {
    fn new(file: FileId, text: &'t str, start: (usize, usize), close_before_top: bool) -> Self {
        let mut tree = Tree::new(file);
        let length = text.len() - start.0;
        tree.words.reserve(length / 14);
        tree.nodes.reserve(length / 32);
        let mut lexer = Lexer::new(text.as_bytes());
        lexer.pos = start.0;
        Self {
            text,
            lexer,
            tree,
            frames: Vec::new(),
            flattened: 0,
            first: 0,
            looked_up: Cell::new((Word::new(0, 0, Shape::BARE), Name::Unknown)),
            seen: Shape::BARE,
            in_file: Shape::BARE,
            pending_error: false,
            environment: Vec::new(),
            environment_proved: false,
            after_hole: false,
            brace_errors: Vec::new(),
            guessed_open: 0,
            guessed_close: 0,
            close_before_top,
            nested_top: false,
            unclosed: false,
            swallowed: false,
            rereads: 0,
            start,
            counted: start,
        }
    }

    fn run(mut self) -> Self {
        if self.start.0 == 0 && self.text.starts_with('\u{feff}') {
            self.error(0, 3, "the file begins with a byte order mark").help("save it as UTF-8 without a byte order mark");
            self.lexer.pos = 3;
        }
        loop {
            let place = if self.pending() == 0 { Place::Name } else { Place::Argument };
            if place == Place::Name && self.statement() {
                continue;
            }
            let lexeme = self.lexer.next(place);
            match lexeme.token {
                Token::Word(shape) => self.word(lexeme, shape),
                Token::Comment { too_long } => {
                    self.tree.comments.push(self.span(lexeme.start, lexeme.end));
                    if too_long {
                        let end = (lexeme.start + 11).min(lexeme.end);
                        self.error(lexeme.start, self.boundary(end), "comment longer than 4,096 bytes")
                            .help("nginx refuses it as a too long parameter: break the line");
                    }
                    continue;
                }
                Token::Semicolon => self.semicolon(lexeme.start),
                Token::Open => self.open(lexeme.start),
                Token::Close => self.close(lexeme.start),
                Token::End => break,
            }
            self.after_hole = false;
        }
        self.end_of_file();
        self.finish()
    }

    // What the parts below and `recover` share.

    /// How many words of the current directive have been read.
    pub(super) fn pending(&self) -> usize {
        self.tree.words.len() - self.first
    }

    pub(super) fn words(&self) -> &[Word] {
        self.tree.words.get(self.first..).unwrap_or_default()
    }

    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.tree.file, start as u32, end as u32)
    }

    /// The next boundary of a character at or after `at`.
    pub(super) fn boundary(&self, at: usize) -> usize {
        (at..self.text.len()).find(|at| self.text.is_char_boundary(*at)).unwrap_or(self.text.len())
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end).unwrap_or_default()
    }

    pub(super) fn error(&mut self, start: usize, end: usize, message: impl Into<String>) -> Reported<'_> {
        self.report(start, end, message.into(), false)
    }

    /// An error about braces or ends, which the rendering of a template may mend.
    pub(super) fn brace_error(&mut self, start: usize, end: usize, message: impl Into<String>) -> Reported<'_> {
        self.report(start, end, message.into(), true)
    }

    fn report(&mut self, start: usize, end: usize, message: String, brace: bool) -> Reported<'_> {
        if self.tree.errors.len() > MAX_ERRORS {
            return Reported(None);
        }
        let message = if self.tree.errors.len() == MAX_ERRORS {
            "too many syntax errors, the rest of the file is not told".to_owned()
        } else {
            message
        };
        let span = self.span(start, end);
        self.brace_errors.push(brace);
        self.tree.errors.push(SyntaxError { span, message, help: None, semicolon: None });
        Reported(self.tree.errors.last_mut())
    }

    /// Whether the words of the current directive may not be what was meant: a hole among them, or an error told already.
    pub(super) fn is_doubtful(&self) -> bool {
        self.seen.has(Shape::HOLE) || self.pending_error
    }

    /// The block that the current directive stands in.
    pub(super) fn parent(&self) -> Name {
        // In a `{` without a directive, anything may be meant.
        self.frames.last().map_or(Name::Entry, |frame| frame.name)
    }

    pub(super) fn in_entries(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.entries)
    }

    /// Which directive the word names, at the place of the current directive.
    pub(super) fn name_of(&self, word: Word) -> Name {
        let (known, name) = self.looked_up.get();
        if known == word {
            return name;
        }
        // No name is that long, and a word that grows (`a{b}a{b}…`) is asked for again and again.
        let name = if word.hole() || word.end() - word.start > 100 { Name::Unknown } else { Name::of(&word.value(self.text)) };
        self.looked_up.set((word, name));
        name
    }

    pub(super) fn current_name(&self) -> Name {
        let Some(word) = self.words().first().copied() else { return Name::Unknown };
        match self.frames.last() {
            Some(frame) if frame.entries => {
                let includes = matches!(frame.name, Name::Map | Name::Geo | Name::Types);
                if includes && self.name_of(word) == Name::Include { Name::Include } else { Name::Entry }
            }
            _ => self.name_of(word),
        }
    }

    /// Whether the current directive opens a block, where that is certain.
    pub(super) fn opens_block(&self, name: Name) -> Option<bool> {
        match (name, self.parent()) {
            (Name::Server, Name::Upstream) | (Name::Entry, _) => Some(false),
            // A line of an `upstream`, perhaps in a file of its own.
            (Name::Server, Name::Http | Name::Stream | Name::Mail) if self.guessed_close == 0 => Some(true),
            (Name::Server, _) if self.pending() > 1 && !self.starts_line(1) => None,
            (_, Name::Unknown) => None,
            _ => opens_block(name),
        }
    }

    // Tokens.

    /// A template hole that stands where a directive would.
    fn statement(&mut self) -> bool {
        self.lexer.skip_spaces();
        let start = self.lexer.pos;
        let Some(b'{' | b'<' | b'@' | b'%' | b'$') = self.lexer.peek() else { return false };
        let Some(end) = self.lexer.holes.statement(start) else { return false };
        self.tree.holes.push(self.span(start, end));
        self.lexer.pos = end;
        self.after_hole = true;
        true
    }

    fn word(&mut self, lexeme: Lexeme, shape: Shape) {
        self.push_word(lexeme, shape);
        if !shape.is_faulty() {
            return;
        }
        let again = std::mem::replace(&mut self.pending_error, true);
        if !shape.has(Shape::GLUED) {
            self.overlong(lexeme, shape);
        } else if !again {
            // Quotes within quotes bring many of them, for one mistake.
            self.glued(lexeme);
        }
    }

    pub(super) fn push_word(&mut self, lexeme: Lexeme, shape: Shape) {
        if shape.has(Shape::ENVIRONMENT) {
            self.environment.push(self.tree.words.len() as u32);
        }
        self.seen.add(shape);
        self.in_file.add(shape);
        self.tree.words.push(Word::new(lexeme.start as u32, lexeme.end as u32, shape));
    }

    fn semicolon(&mut self, at: usize) {
        if self.pending() == 0 {
            // A run of them is one mistake.
            let again = self.tree.errors.last().is_some_and(|e| e.span.end as usize == at && e.message == LONE_SEMICOLON);
            if again {
                if let Some(error) = self.tree.errors.last_mut() {
                    error.span.end += 1;
                }
            } else if !self.after_hole {
                self.error(at, at + 1, LONE_SEMICOLON).help("remove it: it ends no directive");
                // Alone on its line, it may stand for a brace.
                let line = self.slice(0, at).trim_end_matches([' ', '\t']);
                self.guessed_open += usize::from(line.ends_with('\n'));
            }
            return;
        }
        if self.regex_with_semicolon(at) {
            return;
        }
        let mut name = self.current_name();
        if !self.is_line(name) {
            if self.opens_block(name) == Some(true) && !self.is_doubtful() && self.no_opening_brace(name, at) {
                return;
            }
            name = self.missing_semicolons(name, at);
        }
        if self.seen.has(Shape::ODD_DOLLAR) {
            self.check_variables(name, at);
        }
        self.end_directive(name, self.pending(), Body::None, at + 1);
    }

    /// Ends the current directive and gives its number.
    pub(super) fn directive(&mut self, body: Body, end: usize) -> NodeId {
        self.directive_of(self.pending(), body, end)
    }

    /// Ends the current directive after `count` words; the others begin the next one.
    pub(super) fn directive_of(&mut self, count: usize, body: Body, end: usize) -> NodeId {
        self.end_directive(self.current_name(), count, body, end)
    }

    fn end_directive(&mut self, name: Name, count: usize, body: Body, end: usize) -> NodeId {
        let id = self.tree.nodes.len() as u32;
        self.tree.nodes.push(Node::new(name, self.first as u32, count as u32, id + 1, body, end as u32));
        self.first += count;
        if self.seen.has(Shape::ENVIRONMENT) {
            self.environment_proved |= variables::never_takes(name);
        }
        if self.pending() == 0 {
            self.seen = Shape::BARE;
            self.pending_error = false;
        } else {
            self.seen.remove(Shape::ENVIRONMENT);
            if !self.words().iter().any(|word| word.hole()) {
                self.seen.remove(Shape::HOLE);
            }
        }
        id
    }

    fn open(&mut self, at: usize) {
        if self.pending() == 0 {
            if !self.after_hole {
                self.error(at, at + 1, "unexpected \"{\"").help("no directive stands before this brace");
            }
            // Its own "}" may be missing, and if it is a misspelt "}" then that of its block as well.
            self.guessed_open += 2 * usize::from(!self.after_hole);
            self.push_frame(Frame { node: None, name: Name::Entry, entries: false });
            return;
        }
        let is_lua = self.words().first().is_some_and(|w| w.value(self.text).ends_with("_by_lua_block"));
        if !is_lua && self.brace_in_word(at) {
            return;
        }
        if is_lua && !self.in_entries() {
            self.lua(at);
            return;
        }
        if !self.fits_block(at) {
            return;
        }
        self.open_block(self.pending(), at);
    }

    /// Opens a block for the first `count` words.
    pub(super) fn open_block(&mut self, count: usize, at: usize) {
        let start = at as u32;
        let close = if self.frames.len() >= MAX_DEPTH { start + 1 } else { self.text.len() as u32 };
        let id = self.directive_of(count, Body::Block { open: start, close }, (close as usize).max(at + 1));
        let name = self.tree.nodes.last().map_or(Name::Unknown, |n| n.name);
        let entries = matches!(name, Name::Map | Name::Geo | Name::Geoip2 | Name::Types | Name::SplitClients | Name::CharsetMap);
        self.push_frame(Frame { node: Some(id), name, entries });
    }

    fn push_frame(&mut self, frame: Frame) {
        if self.frames.len() < MAX_DEPTH {
            self.frames.push(frame);
            return;
        }
        if self.flattened == 0 {
            let at = self.lexer.pos.saturating_sub(1);
            self.error(at, at + 1, format!("more than {MAX_DEPTH} nested blocks"))
                .help("deeper blocks are read as if they stood side by side");
        }
        self.flattened += 1;
    }

    fn lua(&mut self, at: usize) {
        let (close, end) = match lua::close(self.text.as_bytes(), at) {
            Ok(close) => (close, close + 1),
            Err(unclosed) => self.unclosed_lua(at, unclosed),
        };
        self.directive(Body::Lua { open: at as u32, close: close as u32 }, end);
        self.lexer.pos = end;
    }

    fn close(&mut self, at: usize) {
        if self.pending() > 0 && !self.before_close(at) {
            return;
        }
        if self.flattened > 0 {
            self.flattened -= 1;
        } else if !self.frames.is_empty() {
            self.pop_frame(at, at + 1);
        } else if self.guessed_close > 0 {
            self.guessed_close -= 1;
        } else {
            let again = self.tree.errors.last().filter(|e| e.message == STRAY_BRACE);
            if again.is_some_and(|e| self.slice(e.span.end as usize, at).bytes().all(|b| b.is_ascii_whitespace())) {
                if let Some(error) = self.tree.errors.last_mut() {
                    error.span.end = at as u32 + 1;
                }
            } else if !self.after_hole {
                self.brace_error(at, at + 1, STRAY_BRACE).help("no block is open here: one \"}\" too many");
            }
        }
    }

    /// Closes the innermost block.
    pub(super) fn pop_frame(&mut self, at: usize, after: usize) {
        let Some(frame) = self.frames.pop() else { return };
        let count = self.tree.nodes.len() as u32;
        let Some(node) = frame.node.and_then(|id| self.tree.nodes.get_mut(id as usize)) else { return };
        node.subtree_end = count;
        node.close(at as u32, after as u32);
    }

    fn check_variables(&mut self, name: Name, at: usize) {
        let found = variables::first_broken(self.text, name, self.parent(), self.words());
        if let Some((word, message)) = found {
            let (start, end) = self.same_line(word, at);
            self.error(start, end, message).help("a variable is written $name or ${name}");
        }
    }

    /// The word if it stands on the line of `at`, which is the line that the server names; otherwise the byte at `at`.
    pub(super) fn same_line(&self, word: Word, at: usize) -> (usize, usize) {
        let (start, end) = (word.start as usize, word.end() as usize);
        if self.slice(start, at).contains('\n') { (at, (at + 1).min(self.text.len())) } else { (start, end) }
    }

    fn end_of_file(&mut self) {
        let end = self.text.len();
        if self.pending() > 0 {
            self.unfinished(end);
        }
        let open = self.frames.len() + self.flattened;
        self.unclosed = open > self.guessed_open && !self.swallowed;
        if self.unclosed {
            self.missing_brace(end);
        }
        while !self.frames.is_empty() {
            self.pop_frame(end, end);
        }
    }

    fn finish(mut self) -> Self {
        let mut variables: Vec<(usize, &[u8])> = self.lexer.variables.drain().map(|(name, at)| (at, name)).collect();
        variables.sort_unstable();
        self.tree.variables = variables.into_iter().map(|(at, name)| self.span(at, at + name.len())).collect();
        let tree = &mut self.tree;
        let in_words = self.in_file.has(Shape::HOLE) && tree.words.iter().any(|w| w.hole());
        tree.templated = !tree.holes.is_empty() || in_words || self.environment_proved;
        if tree.templated {
            for word in &self.environment {
                if let Some(word) = tree.words.get_mut(*word as usize) {
                    word.set_hole();
                }
            }
        }
        self.lone_servers();
        let tree = &mut self.tree;
        if !tree.holes.is_empty() {
            let mut brace = self.brace_errors.iter();
            tree.errors.retain(|_| brace.next() != Some(&true));
        }
        tree.errors.sort_by_key(|e| (e.span.start, e.span.end));
        self
    }
}

pub(super) const LONE_SEMICOLON: &str = "unexpected \";\"";
const STRAY_BRACE: &str = "unexpected \"}\"";

/// An error that was just recorded, to say what to do about it.
pub(super) struct Reported<'e>(Option<&'e mut SyntaxError>);

impl Reported<'_> {
    pub(super) fn help(self, help: impl Into<String>) {
        if let Some(error) = self.0 {
            error.help = Some(help.into());
        }
    }

    /// A `;` at this place would mend it.
    pub(super) fn semicolon(self, at: usize, help: impl Into<String>) {
        if let Some(error) = self.0 {
            error.help = Some(help.into());
            error.semicolon = Some(at as u32);
        }
    }
}

/// Whether a directive opens a block; `None` if that is not known.
pub(super) fn opens_block(name: Name) -> Option<bool> {
    if name == Name::Server { Some(true) } else { super::directives::opens_block(name) }
}
