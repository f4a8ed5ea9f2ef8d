//! What follows a syntax error: what was meant, and where to go on.

mod blocks;
mod words;

use super::Name;
use super::directives::{Contexts, Info};
use super::lexer::Shape;
use super::parser::{Parser, opens_block};
use super::tree::{Body, Node, Quote, Word};

/// How often text may be read again after a quote or a Lua block without an end.
const MAX_REREADS: usize = 64;

impl Parser<'_> {
    /// The head as people read it, shortened: for messages.
    pub(super) fn head(&self, words: &[Word]) -> String {
        let mut head = String::new();
        for word in words {
            if !head.is_empty() {
                head.push(' ');
            }
            let text = self.slice(word.start as usize, word.end() as usize);
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
            (Some(before), Some(word)) => self.slice(before.end() as usize, word.start as usize).bytes().any(|b| b == b'\n'),
            _ => false,
        }
    }

    /// The last word after the first one that is a directive for which `wanted` holds and, if `line_start`, begins a line.
    pub(super) fn find_directive(&self, line_start: bool, wanted: impl Fn(Name) -> bool) -> Option<usize> {
        let words = self.words();
        (1..words.len()).rev().find(|index| {
            let Some(word) = words.get(*index) else { return false };
            word.quote() == Quote::None && (!line_start || self.starts_line(*index)) && wanted(self.name_of(*word))
        })
    }

    /// Makes the first `count` words a directive that ends at its last word; a `}` that belongs to no `{` in that word
    /// closes blocks.
    pub(super) fn split(&mut self, count: usize) {
        let braces = self.take_braces(count);
        let end = self.words().get(count.saturating_sub(1)).map_or(self.lexer.pos, |w| w.end() as usize);
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
        if word.quote() != Quote::None || word.hole() {
            return 0;
        }
        let text = self.slice(word.start as usize, word.end() as usize);
        let trailing = text.len() - text.trim_end_matches('}').len();
        let count = |brace| text.bytes().filter(|b| *b == brace).count();
        let extra = count(b'}').saturating_sub(count(b'{')).min(trailing).min(self.frames.len());
        if let Some(word) = self.tree.words.get_mut(last) {
            *word = word.until(word.end() - extra as u32);
        }
        extra
    }

    /// The 1-based line of an offset. Counts on from the last call where it can.
    pub(super) fn line_number(&mut self, at: usize) -> usize {
        let (from, line) = if self.counted.0 <= at { self.counted } else { self.start };
        let line = line + self.slice(from, at).bytes().filter(|b| *b == b'\n').count();
        self.counted = (at, line);
        line
    }

    /// Whether the current words are surely one directive of one line, with nothing missing and nothing else run into it: mostly so,
    /// and then no other question need be asked.
    pub(super) fn is_line(&self, name: Name) -> bool {
        name.info().is_some_and(|info| info.is_line() && is_whole(info, self.pending()))
    }

    /// Directives that were not ended, so that the next lines became their arguments: splits them off. Gives the name of the last
    /// one.
    pub(super) fn missing_semicolons(&mut self, name: Name, at: usize) -> Name {
        let mut name = name;
        while let Some(count) = self.runs_on(name) {
            let (before, after) = self.words().split_at_checked(count).unwrap_or_default();
            let Some(next) = after.first().copied() else { break };
            let head = self.head(before);
            let behind = before.last().map_or(at, |word| word.end() as usize);
            self.split(count);
            name = self.current_name();
            // The server names the line on which the directive that runs on ends at last.
            let (start, end) = match self.runs_on(name) {
                Some(_) => (next.start as usize, next.end() as usize),
                None => self.same_line(next, at),
            };
            self.error(start, end, format!("missing \";\" after \"{head}\""))
                .semicolon(behind, "the next line is read as its arguments");
        }
        let takes_two = name == Name::Entry && matches!(self.parent(), Name::Map | Name::Geo | Name::CharsetMap);
        if !takes_two || self.is_doubtful() || self.pending() == 2 {
            return name;
        }
        let Some(first) = self.words().first().copied() else { return name };
        let flag = first.value(self.text);
        let is_flag = match self.parent() {
            Name::Map => matches!(&*flag, "hostnames" | "volatile"),
            Name::Geo => matches!(&*flag, "ranges" | "proxy_recursive" | "volatile"),
            _ => false,
        };
        if self.pending() == 1 && is_flag {
            return name;
        }
        let (start, end) = self.same_line(first, at);
        let block = self.parent().as_str();
        self.error(start, end, format!("an entry of \"{block}\" takes two words, this one has {}", self.pending()))
            .help("a value with spaces must be quoted");
        name
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
        if is_whole(info, count) {
            return None;
        }
        let begins = |index: usize| {
            let word = self.words().get(index).filter(|w| w.quote() == Quote::None)?;
            let next = self.name_of(*word);
            if matches!(next, Name::Ssl | Name::Http2 | Name::Gzip) || opens_block(next) != Some(false) {
                return None; // no directive of one line, or a parameter of `listen` or `access_log`
            }
            let both_fit = info.allows(index - 1) && next.info()?.allows(count - index - 1);
            (self.starts_line(index) || both_fit).then_some(index)
        };
        (2..count).find_map(begins)
    }

    /// A `}` while a directive is not ended. Says whether the `}` still closes a block.
    pub(super) fn before_close(&mut self, at: usize) -> bool {
        let head = self.head(self.words());
        let name = self.words().first().map_or(Name::Unknown, |w| self.name_of(*w));
        let opens = self.opens_block(name) == Some(true) && !self.in_entries();
        let behind = self.words().last().map_or(at, |word| word.end() as usize);
        if !self.is_doubtful() {
            let report = self.error(at, at + 1, format!("unexpected \"}}\": \"{head}\" is not ended"));
            if opens {
                report.help(format!("\"{head}\" has no block: \"{{\" is missing"));
            } else {
                report.semicolon(behind, format!("put \";\" after \"{head}\""));
            }
        }
        // It may be a misspelt ";" or "{", and then the "}" that was meant follows.
        let same_line = self.words().last().is_some_and(|w| !self.slice(w.end() as usize, at).contains('\n'));
        self.guessed_close += usize::from(same_line || opens);
        self.guessed_open += usize::from(opens);
        if opens {
            let end = self.words().last().map_or(at, |w| w.end() as usize);
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
        if !self.seen.has(Shape::HOLE) && !self.swallowed && !self.ended_by_quote(end) {
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
        let is_line = |node: &Node| node.name == Name::Server && node.body() == Body::None;
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
            let (Body::Block { close, .. } | Body::Lua { close, .. }) = node.body() else { return false };
            let start = self.tree.head_span(node).start as usize;
            match (indent(start), indent(close as usize)) {
                (Some(head), Some(brace)) => brace < head && (close as usize) < self.text.len(),
                _ => false,
            }
        });
        closed.map(|id| id as u32).or_else(|| self.frames.last().and_then(|f| f.node))
    }
}

/// Whether that many words can well be one directive, its name included: two or fewer, or as many as it takes. Of what these
/// four take, any words may be, those of the next line too.
fn is_whole(info: &Info, words: usize) -> bool {
    let takes_anything = matches!(info.name, Name::Listen | Name::ErrorLog | Name::AccessLog | Name::LimitReq);
    words < 3 || (!takes_anything && info.allows(words - 1))
}
