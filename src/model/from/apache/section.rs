//! Sections with the directives that they have themselves, and which folder, file or URL each is for.
//!
//! Nothing is merged here: which sections are for a request, and in which order they count, is [`super::chain`]'s work.

use std::borrow::Cow;

use super::glob;
use crate::model::from::regexes::{RegexId, Regexes};
use crate::project::apache::{Config, Directive, DirectiveId, Htaccess, TOP};
use crate::source::SourceMap;
use crate::syntax::apache::Name;

/// Number of a [`Section`] in [`Sections::all`].
pub(super) type SectionId = u32;

/// How deep sections may stand in each other; what stands deeper is left out.
const MAX_NESTING: usize = 64;

/// A run of entries in one of the lists of [`Sections`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Run {
    start: u32,
    len: u32,
}

impl Run {
    fn range(self) -> std::ops::Range<usize> {
        self.start as usize..(self.start + self.len) as usize
    }
}

/// Kind of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What stands outside of all sections.
    Main,
    VirtualHost,
    Directory,
    /// The whole text of a `.htaccess`.
    Htaccess,
    Files,
    Location,
    /// `<Proxy>`.
    Proxy,
    /// `<If>`, `<ElseIf>` or `<Else>`.
    If,
}

/// What a section is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Matcher {
    /// Everything, or what other code decides (`<If>`).
    All,
    /// The text as it stands.
    Literal,
    /// A pattern with `*`, `?` or `[…]` that does not match `/` (`apr_fnmatch` with `APR_FNM_PATHNAME`).
    Glob,
    Regex(RegexId),
    /// The text has a hole or an undefined variable.
    Unknown,
}

/// A section.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pub(super) kind: Kind,
    /// Its directive, or [`TOP`] for [`Kind::Main`] and [`Kind::Htaccess`].
    pub(super) directive: DirectiveId,
    pub(super) matcher: Matcher,
    /// Which names are among its own directives.
    mask: Mask,
    own: Run,
    /// The `<Files>` directly inside.
    files: Run,
    /// The `<If>`, `<ElseIf>` and `<Else>` directly inside.
    ifs: Run,
}

/// All sections of a configuration.
#[derive(Debug, Default)]
pub(super) struct Sections {
    pub(super) all: Vec<Section>,
    own: Vec<(Name, DirectiveId)>,
    inner: Vec<SectionId>,
}

/// The sections that stand directly in the server's files or in a virtual host. There may be many thousand hosts, with few of them
/// each.
#[derive(Clone, Debug, Default)]
pub(super) struct Outer {
    pub(super) directories: Box<[SectionId]>,
    pub(super) locations: Box<[SectionId]>,
    pub(super) proxies: Box<[SectionId]>,
}

/// Which names may be among directives: bit `name % 128`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mask(u128);

impl Mask {
    /// That of all these names.
    pub(super) const fn of(names: &[Name]) -> Self {
        let mut mask = 0;
        let mut index = 0;
        while index < names.len() {
            mask |= bit(names[index]);
            index += 1;
        }
        Self(mask)
    }

    /// Whether one of the names of another mask may be there: certainly not if the answer is no.
    #[inline]
    pub(super) fn may_have_any(self, names: Self) -> bool {
        self.0 & names.0 != 0
    }

    /// Whether a name may be there: certainly not if the answer is no.
    #[inline]
    pub(super) fn may_have(self, name: Name) -> bool {
        self.0 & bit(name) != 0
    }
}

impl std::ops::BitOr for Mask {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

const fn bit(name: Name) -> u128 {
    1 << (name as u32 % 128)
}

impl Section {
    /// Whether it may have a directive of a name: certainly not if the answer is no.
    #[inline]
    pub(super) fn may_have(&self, name: Name) -> bool {
        self.mask.may_have(name)
    }

    /// Which names are among its own directives.
    pub(super) fn mask(&self) -> Mask {
        self.mask
    }
}

impl Sections {
    /// The section of a number.
    #[inline]
    pub(super) fn get(&self, id: SectionId) -> &Section {
        &self.all[id as usize]
    }

    /// Its own directives in the order of the text, those in `<Limit>` among them, sections left out.
    #[inline]
    pub(super) fn own(&self, id: SectionId) -> &[(Name, DirectiveId)] {
        self.own.get(self.get(id).own.range()).unwrap_or_default()
    }

    /// The `<Files>` directly inside.
    pub(super) fn files(&self, id: SectionId) -> &[SectionId] {
        self.inner.get(self.get(id).files.range()).unwrap_or_default()
    }

    /// The `<If>`, `<ElseIf>` and `<Else>` directly inside.
    pub(super) fn ifs(&self, id: SectionId) -> &[SectionId] {
        self.inner.get(self.get(id).ifs.range()).unwrap_or_default()
    }

    /// Lowers what stands at the top of the server's files; each `<VirtualHost>` is left for [`Sections::lower_host`].
    pub(super) fn lower_main<'a>(
        &mut self,
        config: &'a Config,
        sources: &'a SourceMap,
        regexes: &mut Regexes,
    ) -> (SectionId, Outer, Vec<DirectiveId>) {
        let mut lowering = Lowering { config, sources, regexes, sections: self };
        let mut hosts = Vec::new();
        let (section, outer) = lowering.outer(Kind::Main, TOP, config.top(sources), &mut hosts);
        (section, outer, hosts)
    }

    /// Lowers a `<VirtualHost>`.
    pub(super) fn lower_host<'a>(
        &mut self,
        config: &'a Config,
        sources: &'a SourceMap,
        regexes: &mut Regexes,
        host: DirectiveId,
    ) -> (SectionId, Outer) {
        let mut lowering = Lowering { config, sources, regexes, sections: self };
        // httpd knows no virtual host in a virtual host.
        lowering.outer(Kind::VirtualHost, host, config.children(sources, host), &mut Vec::new())
    }

    /// Lowers a `.htaccess`.
    pub(super) fn lower_htaccess<'a>(
        &mut self,
        config: &'a Config,
        sources: &'a SourceMap,
        regexes: &mut Regexes,
        htaccess: &Htaccess,
    ) -> SectionId {
        let mut lowering = Lowering { config, sources, regexes, sections: self };
        lowering.section(Kind::Htaccess, TOP, Matcher::All, config.top_of(sources, htaccess), 0)
    }
}

/// The kind of a section's directive, and whether its argument is a regular expression.
fn kind_of(name: Name) -> Option<(Kind, bool)> {
    Some(match name {
        Name::Directory => (Kind::Directory, false),
        Name::DirectoryMatch => (Kind::Directory, true),
        Name::Files => (Kind::Files, false),
        Name::FilesMatch => (Kind::Files, true),
        Name::Location => (Kind::Location, false),
        Name::LocationMatch => (Kind::Location, true),
        Name::Proxy => (Kind::Proxy, false),
        Name::ProxyMatch => (Kind::Proxy, true),
        Name::If | Name::ElseIf | Name::Else => (Kind::If, false),
        _ => return None,
    })
}

struct Lowering<'l, 'a> {
    config: &'a Config,
    sources: &'a SourceMap,
    regexes: &'l mut Regexes,
    sections: &'l mut Sections,
}

impl<'a> Lowering<'_, 'a> {
    /// Lowers the server itself or a virtual host, and the sections that stand directly in it.
    fn outer(
        &mut self,
        kind: Kind,
        directive: DirectiveId,
        children: impl Iterator<Item = Directive<'a>>,
        hosts: &mut Vec<DirectiveId>,
    ) -> (SectionId, Outer) {
        let (mut directories, mut locations, mut proxies) = (Vec::new(), Vec::new(), Vec::new());
        let children = children.filter(|child| {
            let Some((kind, _)) = kind_of(child.name()) else {
                if child.name() == Name::VirtualHost {
                    hosts.push(child.id);
                    return false;
                }
                return true;
            };
            let list = match kind {
                Kind::Directory => &mut directories,
                Kind::Location => &mut locations,
                Kind::Proxy => &mut proxies,
                _ => return true,
            };
            list.push(child.id);
            false
        });
        let section = self.section(kind, directive, Matcher::All, children, 0);
        let [directories, locations, proxies] = [directories, locations, proxies].map(|list: Vec<DirectiveId>| {
            list.into_iter().map(|id| self.inner_section(self.config.directive(self.sources, id), 1)).collect()
        });
        (section, Outer { directories, locations, proxies })
    }

    fn inner_section(&mut self, directive: Directive<'a>, depth: usize) -> SectionId {
        let (kind, is_regex) = kind_of(directive.name()).unwrap_or((Kind::If, false));
        let matcher = self.matcher(kind, is_regex, &directive);
        self.section(kind, directive.id, matcher, directive.children(), depth)
    }

    fn matcher(&mut self, kind: Kind, is_regex: bool, directive: &Directive<'a>) -> Matcher {
        if kind == Kind::If {
            return Matcher::All;
        }
        if directive.is_unknown() {
            return Matcher::Unknown;
        }
        let first = directive.arg(0);
        if first == "~" || is_regex {
            let text = if first == "~" { directive.arg(1) } else { first };
            return Matcher::Regex(self.regexes.intern(&text, false));
        }
        if glob::is_glob(&first) { Matcher::Glob } else { Matcher::Literal }
    }

    fn section(
        &mut self,
        kind: Kind,
        directive: DirectiveId,
        matcher: Matcher,
        children: impl Iterator<Item = Directive<'a>>,
        depth: usize,
    ) -> SectionId {
        let mut mask = Mask::default();
        let start = self.sections.own.len() as u32;
        let (mut files, mut ifs) = (Vec::new(), Vec::new());
        for child in children {
            self.place(child, depth, &mut mask, &mut files, &mut ifs);
        }
        let own = Run { start, len: self.sections.own.len() as u32 - start };
        let files = self.inner(files, depth);
        let ifs = self.inner(ifs, depth);
        let id = self.sections.all.len() as SectionId;
        self.sections.all.push(Section { kind, directive, matcher, mask, own, files, ifs });
        id
    }

    fn place(
        &mut self,
        child: Directive<'a>,
        depth: usize,
        mask: &mut Mask,
        files: &mut Vec<DirectiveId>,
        ifs: &mut Vec<DirectiveId>,
    ) {
        let name = child.name();
        match name {
            Name::Limit | Name::LimitExcept if depth < MAX_NESTING => {
                for inner in child.children() {
                    self.place(inner, depth + 1, mask, files, ifs);
                }
            }
            Name::Files | Name::FilesMatch => files.push(child.id),
            Name::If | Name::ElseIf | Name::Else => ifs.push(child.id),
            _ => {
                mask.0 |= bit(name);
                self.sections.own.push((name, child.id));
            }
        }
    }

    fn inner(&mut self, directives: Vec<DirectiveId>, depth: usize) -> Run {
        if depth >= MAX_NESTING || directives.is_empty() {
            return Run::default();
        }
        let ids: Vec<SectionId> =
            directives.into_iter().map(|id| self.inner_section(self.config.directive(self.sources, id), depth + 1)).collect();
        let start = self.sections.inner.len() as u32;
        self.sections.inner.extend(&ids);
        Run { start, len: ids.len() as u32 }
    }
}

/// The text that a section is for, as written.
pub(super) fn pattern_text<'a>(directive: &Directive<'a>) -> Cow<'a, str> {
    let first = directive.arg(0);
    if first == "~" { directive.arg(1) } else { first }
}

/// How many folders deep a path of `<Directory>` is: `/` and relative ones 0, `/var` 1 (`ap_count_dirs` less one).
pub(super) fn components(path: &str) -> usize {
    path.split('/').filter(|part| !part.is_empty()).count()
}
