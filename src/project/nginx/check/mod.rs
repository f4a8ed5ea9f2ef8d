//! What the server would refuse to load, beyond the grammar of one file: `nginx -t` without an nginx.
//!
//! Only what is certain is reported as an error: a template, a missing include or an unknown module may change what follows.

mod listen;
mod location;
mod names;
mod values;

use std::collections::HashSet;

use foldhash::fast::FixedState;

use super::config::{Config, Directive, DirectiveId, MAX_NESTING, TOP};
use super::context;
use crate::finding::{Applicability, Confidence, Edit, Finding, Severity};
use crate::project::pcre;
use crate::settings::Settings;
use crate::source::{FileId, SourceMap, Span};
use crate::syntax::nginx::directives::{self, Contexts, Info, Kind};
use crate::syntax::nginx::{Body, Name, Tree};

/// Finds what the server would refuse to load: misplaced directives, wrong arguments, duplicates, bad values. Names that nobody
/// knows are told as well, at severity info.
pub fn check(config: &Config, sources: &SourceMap, settings: &Settings) -> Vec<Finding> {
    let mut checker = Checker {
        config,
        sources,
        settings,
        files: files(config),
        findings: Vec::new(),
        reported: HashSet::default(),
        listens: listen::Listens::default(),
        upstreams: values::Upstreams::default(),
    };
    checker.walk();
    listen::finish(&mut checker);
    names::check(&mut checker);
    checker.findings
}

/// What is known of one file.
#[derive(Clone, Copy, Default)]
struct FileState {
    /// Not looked at: it comes with nginx.
    skip: bool,
    /// Rendered before the server reads it.
    templated: bool,
    /// Where its first syntax error is: what follows may stand in another block than it seems.
    first_error: Option<u32>,
}

fn files(config: &Config) -> Vec<FileState> {
    let state = |tree: &Tree| FileState {
        skip: config.shipped.contains(&tree.file),
        templated: tree.templated || !tree.holes.is_empty(),
        first_error: tree.errors.iter().map(|e| e.span.start).min(),
    };
    config.trees.iter().map(|tree| tree.as_deref().map(state).unwrap_or_default()).collect()
}

/// A block that is open during the walk. Of each depth there is one, which the next block of that depth uses again.
struct Frame<'a> {
    /// One past its last directive.
    end: DirectiveId,
    /// The context inside it, if that is known.
    context: Option<Contexts>,
    /// The directives met in it so far, by name.
    seen: Seen,
    /// Its locations.
    locations: location::Siblings<'a>,
}

/// A set of names.
struct Seen([u64; Name::COUNT / 64 + 1]);

impl Seen {
    const NONE: Self = Self([0; Name::COUNT / 64 + 1]);

    fn insert(&mut self, name: Name) {
        if let Some(word) = self.0.get_mut(name as usize / 64) {
            *word |= 1 << (name as usize % 64);
        }
    }

    fn contains(&self, name: Name) -> bool {
        self.0.get(name as usize / 64).is_some_and(|word| word & (1 << (name as usize % 64)) != 0)
    }
}

impl Frame<'_> {
    fn new(end: DirectiveId, context: Option<Contexts>) -> Self {
        Self { end, context, seen: Seen::NONE, locations: location::Siblings::default() }
    }

    /// Makes it the frame of another block.
    fn reuse(&mut self, end: DirectiveId, context: Option<Contexts>) {
        (self.end, self.context, self.seen) = (end, context, Seen::NONE);
        // To empty a large table costs more than a new one.
        if self.locations.capacity() < LARGE {
            self.locations.clear();
        } else {
            self.locations = location::Siblings::default();
        }
    }
}

/// So many locations make a large table.
const LARGE: usize = 100;

struct Checker<'a> {
    config: &'a Config,
    sources: &'a SourceMap,
    settings: &'a Settings,
    files: Vec<FileState>,
    findings: Vec<Finding>,
    /// A file may be included many times; each fault is told once.
    reported: HashSet<(&'static str, Span), FixedState>,
    listens: listen::Listens<'a>,
    upstreams: values::Upstreams<'a>,
}

impl<'a> Checker<'a> {
    fn walk(&mut self) {
        let top = context::of_blocks(&self.config.guessed_context);
        // The top level, `http` and `server`, as far as they are written here.
        let around = 3usize.saturating_sub(self.config.guessed_context.len());
        let mut frames = vec![Frame::new(DirectiveId::MAX, top)];
        let mut depth = 0;
        for id in 0..self.config.placed.len() as DirectiveId {
            while frames.get(depth).is_some_and(|frame| frame.end <= id) {
                depth -= 1;
            }
            let Some(frame) = frames.get_mut(depth) else { return };
            let directive = self.config.directive(self.sources, id);
            let Some(placed) = self.config.placed.get(id as usize) else { return };
            let file = self.files.get(placed.file.0 as usize).copied().unwrap_or_default();
            if !file.skip {
                self.directive(directive, file, frame);
            }
            let context = frame.context;
            if placed.subtree_end > id + 1 {
                depth += 1;
                if depth == around + MAX_NESTING && matches!(placed.name, Name::Location | Name::If) {
                    let message = format!("more than {MAX_NESTING} nested blocks: what this one does to requests is not known");
                    self.report(Finding::new("limit-reached", directive.span(), message));
                }
                let inner = context.and_then(|outer| context::inside(placed.name, outer));
                match frames.get_mut(depth) {
                    Some(frame) => frame.reuse(placed.subtree_end, inner),
                    None => frames.push(Frame::new(placed.subtree_end, inner)),
                }
            }
        }
    }

    fn report(&mut self, finding: Finding) {
        if self.reported.insert((finding.rule, finding.primary)) {
            self.findings.push(finding);
        }
    }

    fn error(&mut self, span: Span, message: impl Into<String>) {
        self.report(Finding::new("syntax-error", span, message));
    }

    /// Reports a broken regular expression in an argument.
    fn regex(&mut self, directive: Directive<'a>, index: usize, pattern: &str) {
        if let Some(fault) = pcre::refused(pattern) {
            let message = format!("the regular expression of \"{}\" is refused: {fault}", directive.name_text());
            self.error(directive.arg_span(index), message);
        }
    }

    fn directive(&mut self, directive: Directive<'a>, file: FileState, frame: &mut Frame<'a>) {
        let name = directive.name();
        let Some(info) = name.info() else {
            if name == Name::Unknown {
                self.unknown(directive, frame.context);
            } else {
                values::entry(self, directive);
            }
            return;
        };
        if directive.words().first().is_some_and(|word| word.hole()) {
            return;
        }
        self.release(directive, info);
        let Some(outer) = frame.context else { return };
        // After a syntax error the blocks may be other ones than they seem, and in a template as well.
        let certain = !file.templated && file.first_error.is_none_or(|at| directive.span().end < at);
        let Some(form) = context::form_in(name, outer) else {
            if certain {
                self.misplaced(directive, info, outer);
            }
            return;
        };
        if (file.templated && directive.has_hole()) || (file.first_error.is_some() && self.has_syntax_error(directive)) {
            return;
        }
        let count = directive.arg_count();
        if directive.body() != Body::None && !form.args.opens_block() {
            if certain {
                self.error(directive.span(), format!("\"{}\" takes no block here: end it with \";\"", info.text));
            }
            return;
        }
        if directive.body() == Body::None && form.args.opens_block() {
            if certain {
                self.error(directive.span(), format!("\"{}\" needs a block: \"{{\" is missing", info.text));
            }
            return;
        }
        if !form.args.allows(count) {
            let too_few = form.args.allows(count + 1) || form.args.allows(count + 2);
            if !(file.templated && too_few) {
                self.arg_count(directive, form.args, info);
            }
            return;
        }
        if form.args.is_flag() {
            self.flag(directive);
        } else if let Some(kind) = form.args.kind() {
            self.kind(directive, kind);
        }
        if certain {
            if form.args.is_once() && frame.seen.contains(name) {
                self.duplicate(directive, name);
            }
            self.once_together(directive, frame);
            frame.seen.insert(name);
            match name {
                Name::Location => location::check(self, directive, frame),
                Name::ProxyPass if outer != Contexts::STREAM_SERVER => location::proxy_pass(self, directive),
                Name::Alias => location::alias(self, directive),
                Name::Listen if outer == Contexts::SERVER => listen::check(self, directive),
                _ => {}
            }
        }
        values::check(self, directive, outer);
    }

    /// Whether the parser has already found fault with the head of a directive.
    fn has_syntax_error(&self, directive: Directive<'a>) -> bool {
        let head = directive.span();
        let Some(tree) = self.tree(head.file).filter(|tree| !tree.errors.is_empty()) else { return false };
        tree.errors.iter().any(|e| e.span.start <= head.end + 1 && e.span.end >= head.start)
    }

    fn tree(&self, file: FileId) -> Option<&'a Tree> {
        self.config.trees.get(file.0 as usize)?.as_deref()
    }

    fn misplaced(&mut self, directive: Directive<'a>, info: &Info, outer: Contexts) {
        // Another third-party module may bring a directive of the same name.
        if info.module.is_some_and(|module| !KNOWN_WELL.contains(&module)) {
            return;
        }
        let allowed: Vec<_> = info.contexts().names().collect();
        let lone = directive.parent().is_none() && !self.config.guessed_context.is_empty();
        let here = outer.names().next().unwrap_or("the top level");
        let message = if lone {
            format!("\"{}\" is not allowed beside the other directives of this file, which belong in {here}", info.text)
        } else if outer == Contexts::MAIN {
            format!("\"{}\" is not allowed at the top level", info.text)
        } else {
            format!("\"{}\" is not allowed in {here}", info.text)
        };
        let mut finding = Finding::new("misplaced-directive", directive.span(), message);
        if let Some(parent) = directive.parent() {
            finding = finding.related(parent.span(), "it stands in this block");
        }
        self.report(finding.help(format!("it is allowed in {}", list(&allowed))));
    }

    fn arg_count(&mut self, directive: Directive<'a>, args: directives::Args, info: &Info) {
        let count = directive.arg_count();
        let allowed = args.describe();
        let noun = if allowed == "1" { "argument" } else { "arguments" };
        let message = format!("\"{}\" takes {allowed} {noun}, found {count}", info.text);
        // The first one too many, where there are too many: with a missing ";" it stands on the next line.
        let most = (0..count).rev().find(|n| args.allows(*n));
        let span = match most {
            Some(most) => directive.arg_span(most).to(directive.arg_span(count - 1)),
            None => directive.span(),
        };
        let mut finding = Finding::new("syntax-error", span, message);
        if let Some(first) = most.filter(|most| *most > 0).map(|most| most - 1).filter(|_| takes_text(directive.name())) {
            let value = directive.arg_span(first).to(directive.arg_span(count - 1));
            let text = self.sources.text(value);
            finding = finding.help("a value with spaces needs quotes around it");
            if !text.contains(['"', '\'', '\\', '\n']) {
                let edits = vec![
                    Edit { span: Span::new(value.file, value.start, value.start), text: "\"".into() },
                    Edit { span: Span::new(value.file, value.end, value.end), text: "\"".into() },
                ];
                finding = finding.fix(Applicability::Unsafe, "put the value in quotes", edits);
            }
        } else if most.is_some() && self.sources.text(directive.span()).contains('\n') {
            finding = finding.help("it goes over several lines: is a \";\" missing?");
        }
        self.report(finding);
    }

    fn flag(&mut self, directive: Directive<'a>) {
        let value = directive.arg(0);
        if !value.eq_ignore_ascii_case("on") && !value.eq_ignore_ascii_case("off") {
            let message = format!("\"{}\" must be \"on\" or \"off\"", directive.name_text());
            self.error(directive.arg_span(0), message);
        }
    }

    fn kind(&mut self, directive: Directive<'a>, kind: Kind) {
        let value = directive.arg(0);
        let (fits, wanted) = match kind {
            Kind::Number => (!value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()), "a number"),
            Kind::Size => (is_size(&value, b"km"), "a size such as 8k or 10m"),
            Kind::Offset => (is_size(&value, b"kmg"), "a size such as 8k, 10m or 1g"),
            Kind::Milliseconds => (is_time(&value, true), "a time such as 500ms, 30s or 1h"),
            Kind::Seconds => (is_time(&value, false), "a time such as 30s or 1h"),
        };
        // `off` and the like are known to some directives of other releases.
        if !fits && !value.contains('$') {
            self.error(directive.arg_span(0), format!("invalid value of \"{}\": it must be {wanted}", directive.name_text()));
        }
    }

    fn duplicate(&mut self, directive: Directive<'a>, first: Name) {
        let parent = directive.parent().map_or(TOP, |parent| parent.id);
        let earlier = self.config.children(self.sources, parent).find(|d| d.name() == first).map(|d| d.span());
        let message = match (directive.name(), first) {
            (name, first) if name == first => format!("\"{}\" stands a second time in this block", directive.name_text()),
            (_, first) => format!("\"{}\" and \"{}\" exclude each other in one block", directive.name_text(), first.as_str()),
        };
        let mut finding =
            Finding::new("syntax-error", directive.span(), message).help("nginx refuses it as a duplicate: keep one");
        if let Some(earlier) = earlier.filter(|earlier| *earlier != directive.span()) {
            finding = finding.related(earlier, "here for the first time");
            // Said twice in the same words it may go without a loss.
            if self.sources.text(earlier) == self.sources.text(directive.span()) && directive.body() == Body::None {
                let edit = Edit::remove(self.sources, directive.full_span());
                finding = finding.fix(Applicability::Safe, "remove the second line", vec![edit]);
            }
        }
        self.report(finding);
    }

    /// Directives of which a block may have one only.
    fn once_together(&mut self, directive: Directive<'a>, frame: &Frame<'a>) {
        const GROUPS: &[&[Name]] = &[&[Name::Root, Name::Alias]];
        let name = directive.name();
        let Some(group) = GROUPS.iter().find(|group| group.contains(&name)) else { return };
        if let Some(other) = group.iter().find(|other| **other != name && frame.seen.contains(**other)) {
            self.duplicate(directive, *other);
        }
    }

    fn unknown(&mut self, directive: Directive<'a>, outer: Option<Contexts>) {
        let text = directive.name_text();
        let Some(outer) = outer else { return };
        if directive.words().first().is_some_and(|word| word.hole()) || directives::of_known_module(&text) {
            return;
        }
        if text.starts_with("if(") {
            let finding = Finding::new("syntax-error", directive.name_span(), format!("unknown directive \"{text}\""));
            self.report(finding.help("a space is missing: if (…) { … }"));
            return;
        }
        let message = format!("unknown directive \"{text}\"");
        let mut finding = Finding::new("unknown-directive", directive.name_span(), message).severity(Severity::Info);
        finding = match similar(&text, outer) {
            Some(known) => {
                let edit = Edit::replace(directive.name_span(), known);
                finding.help(format!("did you mean \"{known}\"?")).fix(
                    Applicability::Unsafe,
                    format!("write {known}"),
                    vec![edit],
                )
            }
            None => finding.confidence(Confidence::Medium).help("it may belong to a third-party module"),
        };
        self.report(finding);
    }

    /// Directives that the nginx of the settings does not have, or no longer has.
    fn release(&mut self, directive: Directive<'a>, info: &Info) {
        let version = self.settings.nginx_version;
        let show = |(major, minor, patch): (u16, u16, u16)| format!("{major}.{minor}.{patch}");
        let message = match (info.since, info.until) {
            (Some(since), _) if version < since => {
                format!("\"{}\" came with nginx {}, after the configured {}", info.text, show(since), show(version))
            }
            (_, Some(until)) if version >= until => {
                format!("\"{}\" is gone since nginx {}: the configured {} refuses it", info.text, show(until), show(version))
            }
            _ => return,
        };
        self.report(Finding::new("unknown-directive", directive.span(), message).severity(Severity::Info));
    }
}

/// Third-party modules whose directives nobody else uses.
const KNOWN_WELL: &[&str] = &["lua", "headers-more", "echo", "modsecurity", "brotli", "auth-pam", "fancyindex", "vts"];

/// Whether the last argument is free text, which people forget to quote.
fn takes_text(name: Name) -> bool {
    matches!(
        name,
        Name::ProxySetHeader
            | Name::GrpcSetHeader
            | Name::AddHeader
            | Name::AddTrailer
            | Name::FastcgiParam
            | Name::UwsgiParam
            | Name::ScgiParam
            | Name::AuthBasic
            | Name::Set
            | Name::ProxySetBody
            | Name::Return
            | Name::AuthJwt
            | Name::AuthDigest
    )
}

/// The directive of that context that differs by one or two letters.
fn similar(name: &str, outer: Contexts) -> Option<&'static str> {
    let near = directives::all().filter(|info| info.contexts().intersects(outer) && info.text.len().abs_diff(name.len()) <= 2);
    let near = near.map(|info| (strsim::osa_distance(name, info.text), info.text));
    // In a short name two other letters are another word.
    let most = if name.len() < 6 { 1 } else { 2 };
    near.filter(|(distance, _)| *distance <= most).min().map(|(_, text)| text)
}

/// The texts before and after the first byte of that value, which is ASCII: `str::split_once` for short texts, of which there
/// are very many.
fn cut(text: &str, at: u8) -> Option<(&str, &str)> {
    let index = text.bytes().position(|byte| byte == at)?;
    Some((text.get(..index)?, text.get(index + 1..)?))
}

/// `a, b and c`
fn list(names: &[&str]) -> String {
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => "no block".into(),
    }
}

/// Digits and at most one unit.
fn is_size(value: &str, units: &[u8]) -> bool {
    let digits = match value.as_bytes().split_last() {
        Some((last, rest)) if units.contains(&last.to_ascii_lowercase()) => rest,
        _ => value.as_bytes(),
    };
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

/// Numbers with units, each unit smaller than the one before: years down to seconds, or weeks down to milliseconds.
fn is_time(value: &str, milliseconds: bool) -> bool {
    const MONTH: usize = 2;
    const SECOND: usize = 7;
    const LAST: usize = 9;
    let mut step = if milliseconds { MONTH } else { 0 };
    let mut digits = false;
    let mut rest = value.bytes().peekable();
    while let Some(byte) = rest.next() {
        let next = match byte {
            b'0'..=b'9' => {
                digits = true;
                continue;
            }
            b'y' => 1,
            b'M' => MONTH,
            b'w' => 3,
            b'd' => 4,
            b'h' => 5,
            b'm' if rest.peek() == Some(&b's') => {
                rest.next();
                8
            }
            b'm' => 6,
            b's' => SECOND,
            // A number without a unit counts seconds and is the last one.
            b' ' if step < SECOND => LAST,
            _ => return false,
        };
        if step >= next || (next == 8 && !milliseconds) {
            return false;
        }
        step = next;
        while rest.next_if_eq(&b' ').is_some() {}
    }
    digits
}

#[cfg(test)]
mod tests;
