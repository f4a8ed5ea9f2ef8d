//! The directives and sections that httpd and its modules know.

mod table;

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

pub use table::Name;

/// Where a directive may stand: in which sections, and under which `AllowOverride` in a `.htaccess`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Where(u16);

impl Where {
    /// At the top level and in `<VirtualHost>` (`RSRC_CONF`).
    pub const CONF: Self = Self(1);
    /// In `<Directory>`, `<Files>`, `<Location>`, `<If>` and their like (`ACCESS_CONF`).
    pub const DIR: Self = Self(1 << 1);
    /// In a `.htaccess` under `AllowOverride FileInfo`.
    pub const FILE_INFO: Self = Self(1 << 2);
    /// In a `.htaccess` under `AllowOverride AuthConfig`.
    pub const AUTH_CONFIG: Self = Self(1 << 3);
    /// In a `.htaccess` under `AllowOverride Indexes`.
    pub const INDEXES: Self = Self(1 << 4);
    /// In a `.htaccess` under `AllowOverride Options`.
    pub const OPTIONS: Self = Self(1 << 5);
    /// In a `.htaccess` under `AllowOverride Limit`.
    pub const LIMIT: Self = Self(1 << 6);
    /// In a `.htaccess` under any `AllowOverride` but `None` (`OR_ALL`).
    pub const OR_ANY: Self = Self(0x7c);
    /// Not in `<VirtualHost>`, though at the top level.
    pub const GLOBAL: Self = Self(1 << 7);

    /// Whether the two have something in common.
    pub fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// What is in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it may stand in some `.htaccess`.
    pub fn in_htaccess(self) -> bool {
        self.intersects(Self::OR_ANY)
    }
}

/// How the server reads the arguments (`args_how` of its command table).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Args {
    /// None; what stands there all the same is not read.
    None,
    /// Exactly so many, or one of two or three counts: bits 1 to 3 are the counts.
    Count(u8),
    /// `On` or `Off`.
    Flag,
    /// One or more, each read for itself (`ITERATE`).
    Each,
    /// One, and then one or more, each read with the first (`ITERATE2`).
    EachOfFirst,
    /// The rest of the line as one text, which the directive cuts itself (`RAW_ARGS`).
    Raw,
    /// Any number (`TAKE_ARGV`).
    Any,
}

impl Args {
    /// How many arguments may be written.
    pub fn range(self) -> RangeInclusive<usize> {
        match self {
            // Bit 1 stands for one argument.
            Self::Count(counts) => counts.trailing_zeros() as usize..=counts.checked_ilog2().unwrap_or_default() as usize,
            Self::Flag => 1..=1,
            Self::Each => 1..=usize::MAX,
            Self::EachOfFirst => 2..=usize::MAX,
            Self::None | Self::Raw | Self::Any => 0..=usize::MAX,
        }
    }
}

/// What the table says of a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// Which it is.
    pub name: Name,
    /// Its name as the documentation writes it; of a section with `<` in front.
    pub text: &'static str,
    /// Where it may stand.
    pub place: Where,
    /// How its arguments are read.
    pub args: Args,
    /// The module that brings it, as it is written in `<IfModule mod_x.c>` without the `.c`.
    pub module: &'static str,
}

/// By the name in lower case.
static BY_NAME: LazyLock<HashMap<Vec<u8>, Name, foldhash::fast::FixedState>> =
    LazyLock::new(|| table::TABLE.iter().map(|info| (info.text.to_ascii_lowercase().into_bytes(), info.name)).collect());

/// No name is longer.
const LONGEST: usize = 40;

impl Name {
    /// Number of variants, for tables indexed by `Name as usize`.
    pub const COUNT: usize = Name::UnknownSection as usize + 1;

    /// The directive (or, with `<` in front, the section) of that name; case does not count.
    pub fn of(name: &str) -> Name {
        let unknown = if name.starts_with('<') { Name::UnknownSection } else { Name::Unknown };
        let mut lower = [0; LONGEST];
        let Some(lower) = lower.get_mut(..name.len()) else { return unknown };
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        BY_NAME.get(&*lower).copied().unwrap_or(unknown)
    }

    /// What the table says of it; nothing for unknown names.
    pub fn info(self) -> Option<&'static Info> {
        table::TABLE.get(self as usize)
    }

    /// Its name; empty for unknown names.
    pub fn as_str(self) -> &'static str {
        self.info().map_or("", |info| info.text)
    }
}

/// Whether a directive stands in the main file of a server, and in no part of a configuration: where the server lies, as whom
/// it runs, and the folders with its modules and sites. `argument` is its first one.
pub fn is_of_main(name: Name, argument: &str) -> bool {
    match name {
        Name::ServerRoot | Name::User | Name::DefaultRuntimeDir => true,
        Name::Include | Name::IncludeOptional => {
            ["mods-enabled", "sites-enabled", "conf.modules.d"].iter().any(|folder| argument.contains(folder))
        }
        _ => false,
    }
}

/// All directives of the table, by name.
pub fn all() -> impl Iterator<Item = &'static Info> {
    table::TABLE.iter()
}
