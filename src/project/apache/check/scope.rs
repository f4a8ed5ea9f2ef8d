//! What surrounds a directive, and what may stand there.

use crate::project::apache::config::{Directive, DirectiveId};
use crate::syntax::apache::Name;
use crate::syntax::apache::directives::{Info, Where};

/// The sections around a directive, as far as some directive minds one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Around(u8);

impl Around {
    const NONE: Self = Self(0);
    pub(super) const HOST: Self = Self(1);
    const DIRECTORY: Self = Self(1 << 1);
    const LOCATION: Self = Self(1 << 2);
    /// `<Files>`, and `<If>` and its like.
    const FILES: Self = Self(1 << 3);
    pub(super) const PROXY: Self = Self(1 << 4);
    const LIMIT: Self = Self(1 << 5);
    pub(super) const HTACCESS: Self = Self(1 << 6);
    /// `<RequireAll>` and its like, where `Nonfatal` of `AllowOverride` does not count.
    pub(super) const REQUIRE: Self = Self(1 << 7);

    const NAMES: &[(Self, &str)] = &[
        (Self::LIMIT, "\"<Limit>\" or \"<LimitExcept>\""),
        (Self::FILES, "\"<Files>\" or \"<If>\""),
        (Self::DIRECTORY, "\"<Directory>\""),
        (Self::LOCATION, "\"<Location>\""),
        (Self::HTACCESS, "a .htaccess"),
    ];

    const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The name of one that is in both.
    fn shared(self, other: Self) -> Option<&'static str> {
        Self::NAMES.iter().find(|(around, _)| self.has(*around) && other.has(*around)).map(|(_, name)| *name)
    }
}

/// What surrounds a directive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope {
    /// What may stand here: a directive needs one of these places.
    pub(super) place: Where,
    pub(super) around: Around,
    /// The innermost section.
    pub(super) section: Option<DirectiveId>,
    /// Whether it is not known what may stand here: in a section of a module that the table does not have.
    pub(super) unknown: bool,
}

impl Scope {
    /// The top level of the server's own files.
    pub(super) const SERVER: Self = Self { place: Where::CONF, around: Around::NONE, section: None, unknown: false };

    /// The top level of a file that is included somewhere, perhaps in a section.
    pub(super) const SOMEWHERE: Self = Self { unknown: true, ..Self::SERVER };

    /// The top level of a file that holds what stands in sections only.
    pub(super) const SECTION: Self = Self { place: Where::DIR, ..Self::SERVER };

    /// The top level of a `.htaccess` with the classes that `AllowOverride` names.
    pub(super) fn htaccess(classes: Where) -> Self {
        Self { place: classes, around: Around::HTACCESS, section: None, unknown: false }
    }

    /// The scope in a section that stands here.
    pub(super) fn inside(self, section: Directive<'_>) -> Self {
        // In a `.htaccess` only the classes count, whatever the section.
        let dir = if self.around.has(Around::HTACCESS) { self.place } else { Where::DIR };
        let (place, around) = match section.name() {
            Name::VirtualHost => (Where::CONF, Around::HOST),
            Name::Directory | Name::DirectoryMatch => (dir, Around::DIRECTORY),
            Name::Location | Name::LocationMatch => (dir, Around::LOCATION),
            Name::Files | Name::FilesMatch | Name::If | Name::ElseIf | Name::Else => (dir, Around::FILES),
            Name::Proxy | Name::ProxyMatch => (dir, Around::PROXY),
            Name::Limit | Name::LimitExcept => (self.place, Around::LIMIT),
            Name::RequireAll | Name::RequireAny | Name::RequireNone => (Where::AUTH_CONFIG, Around::REQUIRE),
            Name::AuthnProviderAlias | Name::AuthzProviderAlias => (Where::DIR.or(Where::AUTH_CONFIG), Around::NONE),
            Name::MDomainSet => (Where::CONF, Around::NONE),
            _ => return Self { section: Some(section.id), unknown: true, ..self },
        };
        Self {
            place,
            around: self.around.with(around),
            section: Some(section.id),
            unknown: self.unknown && around == Around::LIMIT,
        }
    }

    /// Whether this is the server's own level: no section for folders, files or locations, and no `.htaccess`.
    pub(super) fn is_server(self) -> bool {
        self.place == Where::CONF
    }

    /// Whether a directive may stand here, and what it minds if not.
    pub(super) fn refuses(self, info: &Info) -> Option<Refusal> {
        let here = info.place.intersects(self.place);
        // Read at once, before the server looks at sections: the files of the server may have them anywhere.
        if is_read_at_once(info.name) && !self.around.has(Around::HTACCESS) {
            return None;
        }
        if !here {
            return Some(Refusal::Place);
        }
        if self.around.has(Around::HOST) && info.place.intersects(Where::GLOBAL) {
            return Some(Refusal::Host);
        }
        minds(info.name).shared(self.around).map(Refusal::Section)
    }
}

/// Why a directive may not stand somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It has no business in such a place.
    Place,
    /// It holds for the whole server.
    Host,
    /// It minds this section.
    Section(&'static str),
}

/// `EXEC_ON_READ`, beside `Include`, `Define` and their like, which the table allows everywhere.
fn is_read_at_once(name: Name) -> bool {
    matches!(name, Name::LoadModule | Name::LoadFile | Name::ServerRoot | Name::DefaultRuntimeDir | Name::LuaAuthzProvider)
}

/// The sections in which a directive may not stand though its place is right (`ap_check_cmd_context`).
fn minds(name: Name) -> Around {
    match name {
        Name::Files | Name::FilesMatch | Name::MultiviewsMatch => Around::LOCATION.with(Around::LIMIT),
        Name::If | Name::ElseIf | Name::Else => Around::LIMIT,
        Name::Alias
        | Name::ScriptAlias
        | Name::ProxyPass
        | Name::ProxyPassMatch
        | Name::ProxyPassReverse
        | Name::CacheEnable
        | Name::CacheDisable
        | Name::LuaHookTranslateName
        | Name::LuaInputFilter
        | Name::LuaMapHandler
        | Name::LuaOutputFilter
        | Name::LuaQuickHandler => Around::DIRECTORY.with(Around::FILES).with(Around::LIMIT),
        Name::MDRequireHttps => Around::DIRECTORY.with(Around::LOCATION).with(Around::LIMIT),
        Name::ProxyHCExpr | Name::ProxyHCTemplate => Around::HTACCESS.with(Around::LIMIT),
        _ => Around::NONE,
    }
}

/// Where a directive may stand, for a sentence.
pub(super) fn describe(info: &Info) -> String {
    let place = info.place;
    let mut places = Vec::new();
    if place.intersects(Where::GLOBAL) {
        places.push("at the top level");
    } else if place.intersects(Where::CONF) {
        places.push("at the top level and in \"<VirtualHost>\"");
    }
    if place.intersects(Where::DIR) {
        places.push("in \"<Directory>\", \"<Location>\" and their like");
    }
    if place.in_htaccess() {
        places.push("in a .htaccess");
    }
    match places.split_last() {
        Some((last, [])) => format!("it is allowed {last}"),
        Some((last, first)) => format!("it is allowed {}, and {last}", first.join(", ")),
        None => "it is allowed nowhere".to_owned(),
    }
}

/// The classes of `AllowOverride` that a place names, for a sentence.
pub(super) fn classes(place: Where) -> String {
    const CLASSES: &[(Where, &str)] = &[
        (Where::FILE_INFO, "FileInfo"),
        (Where::AUTH_CONFIG, "AuthConfig"),
        (Where::INDEXES, "Indexes"),
        (Where::OPTIONS, "Options"),
        (Where::LIMIT, "Limit"),
    ];
    let names: Vec<&str> = CLASSES.iter().filter(|(class, _)| place.intersects(*class)).map(|(_, name)| *name).collect();
    names.join(" or ")
}
