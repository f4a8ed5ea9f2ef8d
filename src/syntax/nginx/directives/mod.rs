//! The directives that nginx and its common modules know.

mod table;

use std::collections::HashMap;
use std::sync::LazyLock;

pub use table::Name;

/// A set of contexts: the blocks in which a directive may stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contexts(u32);

impl Contexts {
    /// None.
    pub const NONE: Self = Self(0);
    /// Outside every block.
    pub const MAIN: Self = Self(1);
    /// `events`
    pub const EVENTS: Self = Self(1 << 1);
    /// `http`
    pub const HTTP: Self = Self(1 << 2);
    /// `server` in `http`
    pub const SERVER: Self = Self(1 << 3);
    /// `if` in `server`
    pub const SERVER_IF: Self = Self(1 << 4);
    /// `location`
    pub const LOCATION: Self = Self(1 << 5);
    /// `if` in `location`
    pub const LOCATION_IF: Self = Self(1 << 6);
    /// `limit_except`
    pub const LIMIT_EXCEPT: Self = Self(1 << 7);
    /// `upstream` in `http`
    pub const UPSTREAM: Self = Self(1 << 8);
    /// `mail`
    pub const MAIL: Self = Self(1 << 9);
    /// `server` in `mail`
    pub const MAIL_SERVER: Self = Self(1 << 10);
    /// `stream`
    pub const STREAM: Self = Self(1 << 11);
    /// `server` in `stream`
    pub const STREAM_SERVER: Self = Self(1 << 12);
    /// `upstream` in `stream`
    pub const STREAM_UPSTREAM: Self = Self(1 << 13);
    /// `rtmp`
    pub const RTMP: Self = Self(1 << 14);
    /// `server` in `rtmp`
    pub const RTMP_SERVER: Self = Self(1 << 15);
    /// `application` in `rtmp`
    pub const RTMP_APPLICATION: Self = Self(1 << 16);
    /// `recorder` in an `application` of `rtmp`
    pub const RTMP_RECORDER: Self = Self(1 << 17);

    /// Every context with its name as people say it.
    const NAMES: &[(Self, &str)] = &[
        (Self::MAIN, "the top level"),
        (Self::EVENTS, "\"events\""),
        (Self::HTTP, "\"http\""),
        (Self::SERVER, "\"server\""),
        (Self::SERVER_IF, "\"if\" in \"server\""),
        (Self::LOCATION, "\"location\""),
        (Self::LOCATION_IF, "\"if\" in \"location\""),
        (Self::LIMIT_EXCEPT, "\"limit_except\""),
        (Self::UPSTREAM, "\"upstream\""),
        (Self::MAIL, "\"mail\""),
        (Self::MAIL_SERVER, "\"server\" in \"mail\""),
        (Self::STREAM, "\"stream\""),
        (Self::STREAM_SERVER, "\"server\" in \"stream\""),
        (Self::STREAM_UPSTREAM, "\"upstream\" in \"stream\""),
        (Self::RTMP, "\"rtmp\""),
        (Self::RTMP_SERVER, "\"server\" in \"rtmp\""),
        (Self::RTMP_APPLICATION, "\"application\""),
        (Self::RTMP_RECORDER, "\"recorder\""),
    ];

    /// Whether the two have a context in common.
    pub fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Those in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those in either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The names of the contexts, outermost first.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.iter().filter(move |(context, _)| self.intersects(*context)).map(|(_, name)| *name)
    }
}

/// How the server reads an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Digits.
    Number,
    /// Digits with `k` or `m`.
    Size,
    /// Digits with `k`, `m` or `g`.
    Offset,
    /// A time such as `1m 30s`, down to `ms`.
    Milliseconds,
    /// A time down to seconds.
    Seconds,
}

/// What a directive takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Args(u16);

impl Args {
    /// Eight and more arguments as well; the bits below are the counts 0 to 7.
    const MORE: u16 = 1 << 8;
    /// One argument, `on` or `off`.
    const FLAG: u16 = 1 << 9;
    /// A block follows.
    const BLOCK: u16 = 1 << 10;
    /// A second time in the same block is refused as "is duplicate".
    const ONCE: u16 = 1 << 11;
    /// Three bits: the kind of value.
    const KIND: u16 = 7 << 12;
    const NUMBER: u16 = 1 << 12;
    const SIZE: u16 = 2 << 12;
    const OFFSET: u16 = 3 << 12;
    const MSEC: u16 = 4 << 12;
    const SEC: u16 = 5 << 12;

    /// Whether a block follows.
    pub fn opens_block(self) -> bool {
        self.0 & Self::BLOCK != 0
    }

    /// Whether the argument must be `on` or `off`.
    pub fn is_flag(self) -> bool {
        self.0 & Self::FLAG != 0
    }

    /// Whether the server refuses it a second time in the same block.
    pub fn is_once(self) -> bool {
        self.0 & Self::ONCE != 0
    }

    /// The kind of value, where the server reads it as a number, a size or a time.
    pub fn kind(self) -> Option<Kind> {
        match self.0 & Self::KIND {
            Self::NUMBER => Some(Kind::Number),
            Self::SIZE => Some(Kind::Size),
            Self::OFFSET => Some(Kind::Offset),
            Self::MSEC => Some(Kind::Milliseconds),
            Self::SEC => Some(Kind::Seconds),
            _ => None,
        }
    }

    /// Whether that number of arguments is right.
    pub fn allows(self, count: usize) -> bool {
        match count {
            0..8 => self.0 & (1 << count) != 0,
            _ => self.0 & Self::MORE != 0,
        }
    }

    /// The right number of arguments, for a sentence: `1`, `1 or 2`, `at least 2`.
    pub fn describe(self) -> String {
        if self.0 & Self::MORE != 0 {
            return match (0..8).find(|n| self.allows(*n)) {
                Some(0) | None => "any number of".into(),
                Some(n) => format!("at least {n}"),
            };
        }
        let counts: Vec<String> = (0..8).filter(|n| self.allows(*n)).map(|n| n.to_string()).collect();
        match counts.split_last() {
            Some((last, [])) if last == "0" => "no".into(),
            Some((last, [])) => last.clone(),
            Some((last, first)) => format!("{} or {last}", first.join(", ")),
            None => "no".into(),
        }
    }
}

/// One way to write a directive: `server` is a block in `http` and a line in `upstream`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Where it may stand.
    pub contexts: Contexts,
    /// What it takes there.
    pub args: Args,
}

/// What the table says of a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// Which it is.
    pub name: Name,
    /// Its name.
    pub text: &'static str,
    /// The ways to write it; their contexts rarely meet.
    pub forms: &'static [Form],
    /// The first argument (the first of all is 0) from which on all are texts that the server compiles for variables: it refuses
    /// a `$` that begins none, and names that nobody defines. Nothing where that is not so, or not for certain: in an `if` it
    /// depends on the operator.
    pub texts: Option<u8>,
    /// The release that brought it, where that is newer than 1.18.
    pub since: Option<(u16, u16, u16)>,
    /// The first release without it.
    pub until: Option<(u16, u16, u16)>,
    /// The module that brings it, where nginx does not.
    pub module: Option<&'static str>,
}

impl Info {
    /// All contexts in which it may stand.
    pub fn contexts(&self) -> Contexts {
        self.forms.iter().fold(Contexts::NONE, |all, form| all.or(form.contexts))
    }

    /// Whether it takes that number of arguments in one of its forms.
    pub fn allows(&self, count: usize) -> bool {
        self.forms.iter().any(|form| form.args.allows(count))
    }

    /// Whether it never opens a block.
    pub fn is_line(&self) -> bool {
        self.forms.iter().all(|form| !form.args.opens_block())
    }
}

static BY_NAME: LazyLock<HashMap<&'static str, Name, foldhash::fast::FixedState>> =
    LazyLock::new(|| table::TABLE.iter().map(|info| (info.text, info.name)).collect());

/// Prefixes of modules with very many directives, which are not listed.
const MODULE_PREFIXES: &[&str] =
    &["nchan_", "push_", "passenger_", "pagespeed_", "rails_", "tcp_", "vod_", "auth_ldap_", "opentracing_"];

impl Name {
    /// Number of variants, for tables indexed by `Name as usize`.
    pub const COUNT: usize = Name::Unknown as usize + 1;

    /// The directive of that name; names are case-sensitive.
    pub fn of(name: &str) -> Name {
        BY_NAME.get(name).copied().unwrap_or(Name::Unknown)
    }

    /// What the table says of it; nothing for entries and unknown names.
    pub fn info(self) -> Option<&'static Info> {
        table::TABLE.get(self as usize)
    }

    /// Its name; empty for entries and unknown names.
    pub fn as_str(self) -> &'static str {
        self.info().map_or("", |info| info.text)
    }
}

/// All directives of the table, by name.
pub fn all() -> impl Iterator<Item = &'static Info> {
    table::TABLE.iter()
}

/// Whether a directive is always (`true`) or never (`false`) followed by a block. `None` where that depends on its context
/// (`server` in an `upstream` is a line) or where it is not known.
pub fn opens_block(name: Name) -> Option<bool> {
    let forms = name.info()?.forms;
    let first = forms.first()?.args.opens_block();
    forms.iter().all(|form| form.args.opens_block() == first).then_some(first)
}

/// Whether a name that is not in the table belongs to a known module by its prefix.
pub fn of_known_module(name: &str) -> bool {
    MODULE_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_variants_and_sorted() {
        for (index, info) in all().enumerate() {
            assert_eq!(info.name as usize, index, "{}", info.text);
            assert_eq!(Name::of(info.text), info.name);
            assert!(!info.contexts().is_empty() && !info.forms.is_empty(), "{}", info.text);
        }
        let names: Vec<&str> = all().map(|info| info.text).collect();
        assert!(names.is_sorted(), "rows are sorted by name");
        assert_eq!(names.len() + 2, Name::COUNT);
    }

    #[test]
    fn forms_follow_the_context() {
        assert_eq!(opens_block(Name::Location), Some(true));
        assert_eq!(opens_block(Name::ProxyPass), Some(false));
        assert_eq!(opens_block(Name::Server), None);
        assert_eq!(opens_block(Name::Unknown), None);
        let add_header = Name::AddHeader.info().unwrap();
        assert!(add_header.contexts().intersects(Contexts::LOCATION_IF));
        assert!(!add_header.contexts().intersects(Contexts::SERVER_IF));
        assert_eq!(Name::AuthBasic.info().unwrap().forms[0].args.describe(), "1");
        assert_eq!(Name::AddHeader.info().unwrap().forms[0].args.describe(), "2 or 3");
        assert_eq!(Name::ErrorPage.info().unwrap().forms[0].args.describe(), "at least 2");
        assert_eq!(Name::AddHeaderInherit.info().unwrap().since, Some((1, 29, 3)));
        assert_eq!(Name::Ssl.info().unwrap().until, Some((1, 25, 1)));
        assert_eq!(Name::of("Proxy_pass"), Name::Unknown);
    }

    #[test]
    fn contexts_have_names() {
        let names: Vec<_> = Name::LimitExcept.info().unwrap().contexts().names().collect();
        assert_eq!(names, ["\"location\""]);
    }
}
