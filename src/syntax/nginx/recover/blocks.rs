//! Braces that are missing or stand where no block can.

use super::super::Name;
use super::super::lua::Unclosed;
use super::super::parser::{Parser, opens_block};
use super::super::tree::{Body, Quote, Word};
use super::MAX_REREADS;

impl Parser<'_> {
    /// A directive that opens a block ends with `;`. Says whether it has dealt with the words.
    pub(in super::super) fn no_opening_brace(&mut self, name: Name, at: usize) -> bool {
        let Some(word) = self.words().first().copied() else { return false };
        let inner = self.first_of_body(name);
        let head = self.head(self.words().get(..inner.unwrap_or(usize::MAX).min(self.pending())).unwrap_or_default());
        let (start, end) = self.same_line(word, at);
        self.error(start, end, format!("directive \"{head}\" has no opening \"{{\"")).help(if name == Name::If {
            "write: if (condition) { … }"
        } else {
            "put its directives between \"{\" and \"}\""
        });
        let rest = self.slice(at + 1, self.text.len());
        let next = rest.trim_start().chars().next();
        if inner.is_none() && next == Some('{') {
            // `location / ; {`
            let brace = self.text.len() - rest.trim_start().len();
            self.open_block(self.pending(), brace);
            self.lexer.pos = brace + 1;
            return true;
        }
        self.guessed_close += 1;
        let Some(count) = inner else { return false };
        let own_line = self.starts_line(count);
        let closes = rest.trim_start_matches([' ', '\t']).starts_with('}');
        self.open_implied(count, at);
        self.directive(Body::None, at + 1);
        if !own_line && !closes {
            // `if ($a) return 403;`
            self.guessed_open -= 1;
            self.pop_frame(at + 1, at + 1);
        }
        true
    }

    /// Opens a block without a brace for the first `count` words; the others are its first directive.
    fn open_implied(&mut self, count: usize, at: usize) {
        let open = self.words().get(count.saturating_sub(1)).map_or(at, |w| w.end() as usize);
        self.open_block(count, open);
        self.guessed_open += 1;
    }

    /// The first word that is a directive in the body of the current one: it begins a line, or the words before it are
    /// all that the current one takes.
    fn first_of_body(&self, name: Name) -> Option<usize> {
        let words = self.words();
        let complete = |index: usize| {
            let takes = name.info().is_some_and(|i| i.forms.iter().any(|f| f.args.opens_block() && f.args.allows(index - 1)));
            let before = words.get(index - 1);
            takes && (name != Name::If || before.is_some_and(|w| self.slice(w.start as usize, w.end() as usize).ends_with(')')))
        };
        (1..words.len()).find(|index| {
            let simple =
                words.get(*index).is_some_and(|w| w.quote() == Quote::None && opens_block(self.name_of(*w)) == Some(false));
            simple && (self.starts_line(*index) || complete(*index))
        })
    }

    /// Before a block opens for the current words: are they one directive, and may a block stand here? Says whether to
    /// open it.
    pub(in super::super) fn fits_block(&mut self, at: usize) -> bool {
        if self.in_entries() && !self.leaves_entries(at) {
            return true;
        }
        let Some(first) = self.words().first().copied() else { return true };
        let name = self.name_of(first);
        let opens = self.opens_block(name);
        let block = |n: Name| opens_block(n) == Some(true);
        let line_start = self.find_directive(true, block);
        let inner = match opens {
            Some(false) => line_start.or_else(|| self.find_directive(false, block)),
            _ => line_start,
        };
        if let Some(count) = inner {
            self.block_after(count, opens == Some(true), at);
        } else if opens == Some(false) && !self.is_doubtful() {
            let head = self.head(self.words());
            let (start, end) = self.same_line(first, at);
            self.error(start, end, format!("directive \"{head}\" is not terminated by \";\""))
                .help("this directive takes no block: end it with \";\"");
            self.guessed_open += 1;
        }
        self.leaves_nested(at);
        true
    }

    /// The words from `count` on are a directive with a block, those before it one that was not ended.
    fn block_after(&mut self, count: usize, is_block: bool, at: usize) {
        let (before, after) = self.words().split_at_checked(count).unwrap_or_default();
        let head = self.head(before);
        let doubtful = self.pending_error || before.iter().any(|w| w.hole());
        let Some(next) = after.first().copied() else { return };
        let (start, end) = self.same_line(next, at);
        if is_block {
            if !doubtful {
                self.error(start, end, format!("directive \"{head}\" has no opening \"{{\"")).help("put \"{\" after it");
            }
            self.open_implied(count, at);
        } else {
            if !doubtful {
                self.error(start, end, format!("missing \";\" after \"{head}\""))
                    .help(format!("directive \"{head}\" is not terminated by \";\""));
            }
            self.split(count);
        }
    }

    /// A block within the body of `map` and the like. If it is a directive of its own, the body was not closed: closes
    /// it and says so.
    fn leaves_entries(&mut self, at: usize) -> bool {
        let words = self.words();
        let known = |w: &Word| opens_block(self.name_of(*w)) == Some(true);
        let count =
            if words.first().is_some_and(known) { Some(0) } else { self.find_directive(true, |n| opens_block(n) == Some(true)) };
        let word = count.and_then(|count| words.get(count)).or(words.first()).copied();
        let Some(word) = word else { return false };
        let (start, end) = self.same_line(word, at);
        let frame = self.frames.last().and_then(|f| f.node);
        let node = frame.and_then(|id| self.tree.nodes.get(id as usize)).copied();
        let head = node.map_or_else(String::new, |n| self.head(self.tree.words(&n)));
        let Some(count) = count else {
            self.error(at, at + 1, "unexpected \"{\"").help(format!("no block can stand in \"{head}\""));
            self.guessed_open += 1;
            return false;
        };
        self.error(start, end, format!("missing \"}}\" of \"{head}\" before this block")).help("a block cannot stand in it");
        if count > 0 {
            self.split(count);
        }
        self.pop_frame(word.start as usize, word.start as usize);
        self.guessed_close += 1;
        true
    }

    /// A directive that stands at the top or in `http` only, within a block that was perhaps not closed.
    fn leaves_nested(&mut self, at: usize) {
        let Some(first) = self.words().first().copied() else { return };
        let name = self.name_of(first);
        let depth = match name {
            Name::Http | Name::Events | Name::Stream | Name::Mail => Some(0),
            Name::Server if self.pending() == 1 => Some(self.depth_for_server()),
            Name::Upstream if self.pending() == 2 => Some(self.depth_for_server()),
            _ => None,
        };
        let Some(depth) = depth.filter(|depth| *depth < self.frames.len()) else { return };
        self.nested_top = true;
        if !self.close_before_top {
            return;
        }
        let outer = self.frames.get(depth).and_then(|f| f.node).and_then(|id| self.tree.nodes.get(id as usize)).copied();
        let head = outer.map_or_else(String::new, |n| self.head(self.tree.words(&n)));
        let line = outer.map_or(1, |n| self.line_number(self.tree.head_span(&n).start as usize));
        let (start, end) = self.same_line(first, at);
        self.brace_error(start, end, format!("missing \"}}\" before this block: \"{head}\" is still open"))
            .help(format!("\"{head}\" was opened on line {line}"));
        while self.frames.len() > depth {
            self.pop_frame(first.start as usize, first.start as usize);
            self.guessed_close += 1;
        }
    }

    /// How many of the open blocks a `server` or `upstream` may stand in; all of them if that is not certain.
    fn depth_for_server(&self) -> usize {
        let certain = |name: Name| matches!(name, Name::Server | Name::Location | Name::If | Name::LimitExcept | Name::Upstream);
        let inner = self.frames.iter().rev().take_while(|f| certain(f.name)).count();
        self.frames.len() - inner
    }

    /// Lua code without an end: where it is taken to end, and where to go on.
    pub(in super::super) fn unclosed_lua(&mut self, open: usize, unclosed: Unclosed) -> (usize, usize) {
        let (at, message) = match unclosed {
            Unclosed::Brace(at) => (at, "unexpected end of file in a Lua block: a \"{\" is not closed"),
            Unclosed::LongBracket(at) => (at, "a long bracket of a Lua block is not closed"),
        };
        let start = self.words().first().map_or(open, |w| w.start as usize);
        self.brace_error(at, at + 1, message).help("the Lua block ends at the \"}\" that matches its \"{\"");
        let line_start = self.slice(0, start).rfind('\n').map_or(0, |at| at + 1);
        let depth = self.slice(line_start, start).len();
        // The first brace that begins a line no deeper than the directive.
        let mut pos = open + 1;
        self.rereads += 1;
        let rest = if self.rereads < MAX_REREADS { self.slice(open + 1, self.text.len()) } else { "" };
        for line in rest.split_inclusive('\n') {
            let spaces = line.len() - line.trim_start_matches([' ', '\t']).len();
            if pos > open + 1 && spaces <= depth && line.get(spaces..).is_some_and(|l| l.starts_with('}')) {
                return (pos + spaces, pos + spaces + 1);
            }
            pos += line.len();
        }
        self.swallowed = true;
        (self.text.len(), self.text.len())
    }
}
