//! What follows a syntax error: what was meant, and where to go on.

use super::Name;
use super::directives::{Contexts, Info};
use super::lexer::{Fault, Lexeme, Shape};
use super::lua::Unclosed;
use super::parser::Parser;
use super::template::Place;
use super::tree::{Body, Node, Quote, Word};

/// How often a quote without an end may be read again from its first line on.
const MAX_REREADS: usize = 64;

impl Parser<'_> {
    /// The head as people read it, shortened: for messages.
    fn head(&self, words: &[Word]) -> String {
        let mut head = String::new();
        for word in words {
            if !head.is_empty() {
                head.push(' ');
            }
            let text = self.slice(word.start as usize, word.end as usize);
            if head.len() + text.len() > 40 {
                let cut = (0..=40_usize.saturating_sub(head.len()).min(text.len())).rev().find(|at| text.is_char_boundary(*at));
                head.push_str(text.get(..cut.unwrap_or(0)).unwrap_or_default());
                head.push('…');
                break;
            }
            head.push_str(text);
        }
        head.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Whether the word at this index of the current directive is the first one on its line.
    pub(super) fn starts_line(&self, index: usize) -> bool {
        let words = self.words();
        match (index.checked_sub(1).and_then(|i| words.get(i)), words.get(index)) {
            (Some(before), Some(word)) => self.slice(before.end as usize, word.start as usize).contains('\n'),
            _ => false,
        }
    }

    /// The last word after the first one that is a directive for which `wanted` holds and, if `line_start`, begins a line.
    fn find_directive(&self, line_start: bool, wanted: impl Fn(Name) -> bool) -> Option<usize> {
        let words = self.words();
        (1..words.len()).rev().find(|index| {
            let Some(word) = words.get(*index) else { return false };
            word.quote == Quote::None && wanted(self.name_of(word)) && (!line_start || self.starts_line(*index))
        })
    }

    /// Makes the first `count` words a directive that ends at its last word; a `}` that belongs to no `{` in that word
    /// closes blocks.
    fn split(&mut self, count: usize) {
        let braces = self.take_braces(count);
        let end = self.words().get(count.saturating_sub(1)).map_or(self.lexer.pos, |w| w.end as usize);
        self.directive_of(count, Body::None, end);
        for i in 0..braces {
            self.pop_frame(end + i, end + i + 1);
        }
        // The brace in the word may be a misspelt ";".
        self.guessed_close += braces;
    }

    /// Cuts from the last of the first `count` words the `}` at its end that have no `{` in it: `return 200}`.
    fn take_braces(&mut self, count: usize) -> usize {
        let last = self.first + count.saturating_sub(1);
        let Some(word) = self.tree.words.get(last).copied() else { return 0 };
        if word.quote != Quote::None || word.hole {
            return 0;
        }
        let text = self.slice(word.start as usize, word.end as usize);
        let trailing = text.len() - text.trim_end_matches('}').len();
        let count = |brace| text.bytes().filter(|b| *b == brace).count();
        let extra = count(b'}').saturating_sub(count(b'{')).min(trailing).min(self.frames.len());
        if let Some(word) = self.tree.words.get_mut(last) {
            word.end -= extra as u32;
        }
        extra
    }

    /// Text directly after a closing quote.
    pub(super) fn glued(&mut self, lexeme: Lexeme) {
        let at = lexeme.end;
        let found = self.slice(at, self.boundary(at + 1)).to_owned();
        let runaway = self.runaway(lexeme);
        let help = match runaway {
            Some(_) => "an earlier quote is not closed: see the line where this quoted text begins",
            None => "after a closing quote must come a space, \";\", \"{\" or \")\"",
        };
        let message = format!("unexpected \"{found}\" after a closing quote");
        self.error(at, at + found.len(), message).help(help);
        if let Some(end) = runaway {
            self.reread(end);
        }
    }

    /// If a quoted word reaches over lines and its first line looks complete: where the word was meant to end.
    fn runaway(&self, lexeme: Lexeme) -> Option<usize> {
        let line = self.slice(lexeme.start, lexeme.end).lines().next()?;
        if line.len() >= lexeme.end - lexeme.start {
            return None;
        }
        let line = line.trim_end();
        let complete = line.strip_suffix(';').or(line.strip_suffix('{'))?.trim_end();
        Some(lexeme.start + complete.len().max(1))
    }

    /// Ends the last word at `end` and goes on from there.
    fn reread(&mut self, end: usize) {
        self.rereads += 1;
        let hole = self.lexer.holes_within(self.tree.words.last().map_or(end, |w| w.start as usize), end);
        if let Some(word) = self.tree.words.last_mut() {
            word.end = end as u32;
            word.quote = Quote::None;
            word.escaped = false;
            word.hole = hole;
        }
        self.lexer.pos = end;
    }

    /// A word that does not fit into the server's buffer or whose quote is never closed.
    pub(super) fn overlong(&mut self, lexeme: Lexeme, shape: Shape) {
        let quote = match shape.quote {
            Quote::None => {
                let end = self.boundary((lexeme.start + 10).min(lexeme.end));
                self.error(lexeme.start, end, "a parameter longer than 4,096 bytes").help("nginx cannot read it");
                return;
            }
            Quote::Single => '\'',
            Quote::Double => '"',
        };
        // The text between may come from holes, and then the rendered quotes may match.
        let unterminated = shape.fault == Fault::Unterminated;
        let runaway = self.runaway(lexeme);
        if !(shape.hole || self.pending_hole) {
            if unterminated {
                let end = self.text.len();
                let line = self.line_number(lexeme.start);
                self.brace_error(end, end, format!("unexpected end of file: a quoted text has no closing {quote}"))
                    .help(format!("the quote on line {line} is not closed"));
            } else {
                let end = self.boundary((lexeme.start + 10).min(lexeme.end));
                let help = if runaway.is_some() { "probably its closing quote is missing" } else { "nginx cannot read it" };
                self.error(lexeme.start, end, "a parameter longer than 4,096 bytes").help(help);
            }
        }
        let end = runaway.or_else(|| {
            let line = self.slice(lexeme.start, lexeme.end).lines().next().unwrap_or_default().trim_end().len();
            unterminated.then_some(lexeme.start + line.max(1))
        });
        match end {
            Some(end) if self.rereads < MAX_REREADS => self.reread(end),
            _ => self.swallowed |= unterminated,
        }
    }

    /// The 1-based line of an offset. Counts on from the last call where it can.
    fn line_number(&mut self, at: usize) -> usize {
        let (from, line) = if self.counted.0 <= at { self.counted } else { (0, 1) };
        let line = line + self.slice(from, at).bytes().filter(|b| *b == b'\n').count();
        self.counted = (at, line);
        line
    }

    /// A `{` within a bare word, as in an unquoted regex: `^/a{2}$`. The word goes on.
    pub(super) fn brace_in_word(&mut self, at: usize) -> bool {
        let Some(word) = self.words().last().copied() else { return false };
        let heads_entries = !self.in_entries()
            && self
                .words()
                .first()
                .is_some_and(|w| matches!(self.name_of(w), Name::Map | Name::Types | Name::Geo | Name::Events));
        if word.end as usize != at || word.quote != Quote::None || word.hole || heads_entries {
            return false;
        }
        let inner = self.text.as_bytes().get(at + 1..).unwrap_or_default();
        let length = inner.iter().position(|b| b.is_ascii_whitespace() || matches!(b, b';' | b'{' | b'}' | b'"' | b'\''));
        if length.is_none_or(|length| length == 0 || inner.get(length) != Some(&b'}')) {
            return false;
        }
        self.lexer.pos = at + 1;
        let shape = self.lexer.bare(Place::Argument);
        let start = word.start as usize;
        let known = self.tree.errors.last().is_some_and(|e| e.span.start as usize == start);
        if !known {
            let whole = self.slice(start, self.lexer.pos);
            let help = format!("quote it: \"{whole}\"");
            self.error(start, self.lexer.pos, "\"{\" in an unquoted word opens a block").help(help);
        }
        self.extend_word(shape);
        true
    }

    fn extend_word(&mut self, shape: Shape) {
        let end = self.lexer.pos as u32;
        self.pending_hole |= shape.hole;
        if let Some(word) = self.tree.words.last_mut() {
            word.end = end;
            word.escaped |= shape.escaped;
            word.hole |= shape.hole;
        }
    }

    /// A `;` within an unquoted regex: `location ~ ^/a;b$ {`. The word goes on.
    pub(super) fn regex_with_semicolon(&mut self, at: usize) -> bool {
        let words = self.words();
        let (Some(first), Some(operator), Some(regex)) = (words.first(), words.iter().rev().nth(1), words.last()) else {
            return false;
        };
        let regex = *regex;
        let is_regex = matches!(self.slice(operator.start as usize, operator.end as usize), "~" | "~*" | "!~" | "!~*");
        let follows = self.text.as_bytes().get(at + 1).is_some_and(|b| !b.is_ascii_whitespace() && !matches!(b, b'}' | b'#'));
        if !is_regex
            || !follows
            || regex.end as usize != at
            || regex.quote != Quote::None
            || !matches!(self.name_of(first), Name::Location | Name::If)
        {
            return false;
        }
        self.lexer.pos = at + 1;
        let shape = self.lexer.bare(Place::Argument);
        let start = regex.start as usize;
        let whole = self.slice(start, self.lexer.pos);
        let help = format!("quote it: \"{whole}\"");
        if self.tree.errors.last().is_none_or(|e| e.span.start as usize != start) {
            self.error(start, self.lexer.pos, "\";\" in an unquoted regex ends the directive").help(help);
        }
        self.extend_word(shape);
        true
    }

    /// A directive that opens a block ends with `;`. Says whether it has dealt with the words.
    pub(super) fn no_opening_brace(&mut self, name: Name, at: usize) -> bool {
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
        let open = self.words().get(count.saturating_sub(1)).map_or(at, |w| w.end as usize);
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
            takes && (name != Name::If || before.is_some_and(|w| self.slice(w.start as usize, w.end as usize).ends_with(')')))
        };
        (1..words.len()).find(|index| {
            let simple = words
                .get(*index)
                .is_some_and(|w| w.quote == Quote::None && super::parser::opens_block(self.name_of(w)) == Some(false));
            simple && (self.starts_line(*index) || complete(*index))
        })
    }

    /// Directives that were not ended, so that the next lines became their arguments: splits them off.
    pub(super) fn missing_semicolons(&mut self, name: Name, at: usize) {
        let mut name = name;
        while let Some(count) = self.runs_on(name) {
            let (before, after) = self.words().split_at_checked(count).unwrap_or_default();
            let Some(next) = after.first().copied() else { return };
            let head = self.head(before);
            self.split(count);
            name = self.current_name();
            // The server names the line on which the directive that runs on ends at last.
            let (start, end) = match self.runs_on(name) {
                Some(_) => (next.start as usize, next.end as usize),
                None => self.same_line(next, at),
            };
            self.error(start, end, format!("missing \";\" after \"{head}\"")).help("the next line is read as its arguments");
        }
        let takes_two = name == Name::Entry && matches!(self.parent(), Name::Map | Name::Geo | Name::CharsetMap);
        if !takes_two || self.is_doubtful() || self.pending() == 2 {
            return;
        }
        let Some(first) = self.words().first().copied() else { return };
        let flag = first.value(self.text);
        let is_flag = match self.parent() {
            Name::Map => matches!(&*flag, "hostnames" | "volatile"),
            Name::Geo => matches!(&*flag, "ranges" | "proxy_recursive" | "volatile"),
            _ => false,
        };
        if self.pending() == 1 && is_flag {
            return;
        }
        let (start, end) = self.same_line(first, at);
        let block = self.parent().as_str();
        self.error(start, end, format!("an entry of \"{block}\" takes two words, this one has {}", self.pending()))
            .help("a value with spaces must be quoted");
    }

    /// If the server would refuse the current directive because words of the next line belong to it: how many words are
    /// its own.
    fn runs_on(&self, name: Name) -> Option<usize> {
        let count = self.pending();
        if count < 3 || self.is_doubtful() {
            return None;
        }
        if name == Name::Entry {
            let pairs = matches!(self.parent(), Name::Map | Name::Geo | Name::CharsetMap);
            return (pairs && self.starts_line(2)).then_some(2);
        }
        let info = name.info()?;
        let allows = |info: &Info, count: usize| info.forms.iter().any(|form| form.args.allows(count));
        let picky = matches!(name, Name::Listen | Name::ErrorLog | Name::AccessLog | Name::LimitReq);
        if !picky && allows(info, count - 1) {
            return None;
        }
        let begins = |index: usize| {
            let word = self.words().get(index).filter(|w| w.quote == Quote::None)?;
            let next = self.name_of(word);
            if matches!(next, Name::Ssl | Name::Http2 | Name::Gzip) || super::parser::opens_block(next) != Some(false) {
                return None; // no directive of one line, or a parameter of `listen` or `access_log`
            }
            let both_fit = allows(info, index - 1) && allows(next.info()?, count - index - 1);
            (self.starts_line(index) || both_fit).then_some(index)
        };
        (2..count).find_map(begins)
    }

    /// Before a block opens for the current words: are they one directive, and may a block stand here? Says whether to
    /// open it.
    pub(super) fn fits_block(&mut self, at: usize) -> bool {
        if self.in_entries() && !self.leaves_entries(at) {
            return true;
        }
        let Some(first) = self.words().first().copied() else { return true };
        let name = self.name_of(&first);
        let opens = self.opens_block(name);
        let block = |n: Name| super::parser::opens_block(n) == Some(true);
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
        let doubtful = self.pending_error || before.iter().any(|w| w.hole);
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
        let known = |w: &Word| super::parser::opens_block(self.name_of(w)) == Some(true);
        let count = if words.first().is_some_and(known) { Some(0) } else { self.find_directive(true, opens) };
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
        let name = self.name_of(&first);
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

    /// A `}` while a directive is not ended. Says whether the `}` still closes a block.
    pub(super) fn before_close(&mut self, at: usize) -> bool {
        let head = self.head(self.words());
        let name = self.words().first().map_or(Name::Unknown, |w| self.name_of(w));
        let opens = self.opens_block(name) == Some(true) && !self.in_entries();
        if !self.is_doubtful() {
            let report = self.error(at, at + 1, format!("unexpected \"}}\": \"{head}\" is not ended"));
            if opens {
                report.help(format!("\"{head}\" has no block: \"{{\" is missing"));
            } else {
                report.help(format!("put \";\" after \"{head}\""));
            }
        }
        // It may be a misspelt ";" or "{", and then the "}" that was meant follows.
        let same_line = self.words().last().is_some_and(|w| !self.slice(w.end as usize, at).contains('\n'));
        self.guessed_close += usize::from(same_line || opens);
        self.guessed_open += usize::from(opens);
        if opens {
            let end = self.words().last().map_or(at, |w| w.end as usize);
            self.directive(Body::Block { open: end as u32, close: at as u32 }, at + 1);
            return false;
        }
        let count = self.pending();
        self.split(count);
        true
    }

    /// The file ends within a directive.
    pub(super) fn unfinished(&mut self, end: usize) {
        let head = self.head(self.words());
        if !self.pending_hole && !self.swallowed && !self.ended_by_quote(end) {
            self.brace_error(end, end, "unexpected end of file, expecting \";\" or \"}\"")
                .help(format!("\"{head}\" is not ended by \";\""));
        }
        let count = self.pending();
        self.split(count);
        self.swallowed = true;
    }

    /// `server` without a block at the top of a file that cannot be one for an `upstream`.
    pub(super) fn lone_servers(&mut self) {
        let node = |id: u32| self.tree.nodes.get(id as usize).copied();
        let is_line = |node: &Node| node.name == Name::Server && node.body == Body::None;
        let upstream = Contexts::UPSTREAM.or(Contexts::STREAM_UPSTREAM);
        let elsewhere = |node: Node| node.name.info().is_some_and(|i| !i.contexts().intersects(upstream));
        if self.tree.templated || self.guessed_close > 0 {
            return;
        }
        let lines: Vec<Node> = self.tree.children(None).filter_map(node).filter(is_line).collect();
        if lines.is_empty() || !self.tree.children(None).filter_map(node).any(elsewhere) {
            return;
        }
        for node in &lines {
            let words = self.tree.words(node);
            let Some(word) = words.first().copied() else { continue };
            let head = self.head(words);
            let (start, end) = self.same_line(word, (node.end as usize).saturating_sub(1));
            // It may have been told already.
            if !self.tree.errors.iter().any(|e| e.span.start as usize == start) {
                self.error(start, end, format!("directive \"{head}\" has no opening \"{{\""))
                    .help("outside of \"upstream\", \"server\" opens a block");
            }
        }
    }

    /// Whether the end of the file has been blamed already.
    fn ended_by_quote(&self, end: usize) -> bool {
        self.tree.errors.iter().any(|e| e.span.start as usize == end)
    }

    /// The file ends within a block.
    pub(super) fn missing_brace(&mut self, end: usize) {
        if self.ended_by_quote(end) {
            return;
        }
        let suspect = self.suspect();
        let node = suspect.and_then(|id| self.tree.nodes.get(id as usize)).copied();
        let report = node.map(|n| (self.head(self.tree.words(&n)), self.line_number(self.tree.head_span(&n).start as usize)));
        let error = self.brace_error(end, end, "unexpected end of file, expecting \"}\"");
        if let Some((head, line)) = report {
            error.help(format!("\"{head}\" on line {line} is not closed"));
        }
    }

    /// The block whose `}` is probably missing: the first one that is closed by a `}` further left than its own line, or
    /// else the innermost one that is open.
    fn suspect(&self) -> Option<u32> {
        let indent = |at: usize| {
            let before = self.text.as_bytes().get(..at).unwrap_or_default();
            let depth = before.iter().rev().take_while(|b| matches!(b, b' ' | b'\t')).count();
            matches!(before.iter().rev().nth(depth), None | Some(b'\n')).then_some(depth)
        };
        let closed = self.tree.nodes.iter().position(|node| {
            let (Body::Block { close, .. } | Body::Lua { close, .. }) = node.body else { return false };
            let start = self.tree.head_span(node).start as usize;
            match (indent(start), indent(close as usize)) {
                (Some(head), Some(brace)) => brace < head && (close as usize) < self.text.len(),
                _ => false,
            }
        });
        closed.map(|id| id as u32).or_else(|| self.frames.last().and_then(|f| f.node))
    }

    /// Lua code without an end: where it is taken to end, and where to go on.
    pub(super) fn unclosed_lua(&mut self, open: usize, unclosed: Unclosed) -> (usize, usize) {
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

fn opens(name: Name) -> bool {
    super::parser::opens_block(name) == Some(true)
}
