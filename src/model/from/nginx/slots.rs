//! Which directives have an effective value, and how it is inherited.

use std::sync::LazyLock;

use crate::syntax::nginx::Name;

/// A protocol towards the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Proxy,
    Fastcgi,
    Uwsgi,
    Scgi,
    Grpc,
}

/// A setting of which one directive decides; inherited unless the block has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Single {
    AuthBasic,
    AuthBasicUserFile,
    AuthRequest,
    AuthJwt,
    AuthJwtKeyFile,
    Satisfy,
    /// `root` or `alias`.
    Root,
    RecursiveErrorPages,
    AbsoluteRedirect,
    PortInRedirect,
    ServerNameInRedirect,
    Autoindex,
    Expires,
    UnderscoresInHeaders,
    IgnoreInvalidHeaders,
    MergeSlashes,
    LimitReqStatus,
    LimitConnStatus,
    LimitReqDryRun,
    RealIpHeader,
    RealIpRecursive,
    ProxyMethod,
    FastcgiSplitPathInfo,
    FastcgiIndex,
    AccessCode,
    /// The first of the settings of each [`Protocol`]; see [`PerProtocol`].
    Protocols,
}

/// Settings that each [`Protocol`] has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum PerProtocol {
    PassRequestHeaders,
    Cache,
    CacheKey,
    CacheMethods,
    InterceptErrors,
    CacheMinUses,
    Buffering,
}

/// Number of [`PerProtocol`] settings.
const PER_PROTOCOL: u8 = PerProtocol::Buffering as u8 + 1;

/// Number of [`Single`] slots, those of the protocols counted.
pub(super) const SINGLES: usize = Single::Protocols as usize + 5 * PER_PROTOCOL as usize;

/// A setting made of several directives; a block with any of its own inherits none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum List {
    /// `allow` and `deny`, in order.
    Addresses,
    ErrorPages,
    AddHeader,
    Index,
    LimitReq,
    LimitConn,
    AccessLog,
    ErrorLog,
    ProxyCookieFlags,
    ProxyCookiePath,
    ProxyCookieDomain,
    MoreSetHeaders,
    MoreSetInputHeaders,
    SetRealIpFrom,
    AuthRequestSet,
    /// The first of seven lists of each [`Protocol`]; see [`PerProtocolList`].
    Protocols,
}

/// Lists that each [`Protocol`] has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum PerProtocolList {
    Headers,
    CacheValid,
    CacheBypass,
    NoCache,
    IgnoreHeaders,
    HideHeader,
    PassHeader,
}

/// Number of [`List`] slots, those of the protocols counted.
pub(super) const LISTS: usize = List::Protocols as usize + 5 * 7;

/// The slot of what makes the response (`proxy_pass` …); nested locations do not inherit it.
pub(super) const HANDLER: u8 = (SINGLES + LISTS) as u8;

/// The slot of `try_files`; not inherited.
pub(super) const TRY_FILES: u8 = HANDLER + 1;

/// The slot of `internal`.
pub(super) const INTERNAL: u8 = HANDLER + 2;

/// The slots a block has a directive for, own or inherited: one bit each.
pub(super) type SlotSet = u128;

const _: () = assert!((INTERNAL as u32) < SlotSet::BITS, "a bit for each slot");

/// The slots of some settings and lists.
pub(super) const fn slots(singles: &[Single], lists: &[List]) -> SlotSet {
    let mut set = 0;
    let mut index = 0;
    while index < singles.len() {
        set |= 1 << singles[index] as u8;
        index += 1;
    }
    index = 0;
    while index < lists.len() {
        set |= 1 << list_slot(lists[index]);
        index += 1;
    }
    set
}

/// Number of the slot of a protocol's setting.
pub(super) fn single_of(protocol: Protocol, setting: PerProtocol) -> u8 {
    Single::Protocols as u8 + protocol as u8 * PER_PROTOCOL + setting as u8
}

/// Number of the slot of a protocol's list.
pub(super) fn list_of(protocol: Protocol, list: PerProtocolList) -> u8 {
    SINGLES as u8 + List::Protocols as u8 + protocol as u8 * 7 + list as u8
}

/// Number of the slot of a list.
pub(super) const fn list_slot(list: List) -> u8 {
    SINGLES as u8 + list as u8
}

/// What a directive does to the block it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// Nothing the model looks at.
    None,
    /// Decides a setting, alone.
    Single(u8),
    /// Joins a list.
    List(u8),
    /// A step of the rewrite phase.
    Script,
    /// A nested block with settings of its own.
    Block,
}

static SLOTS: LazyLock<[Slot; Name::COUNT]> = LazyLock::new(|| {
    let mut slots = [Slot::None; Name::COUNT];
    for (name, slot) in plain() {
        slots[name as usize] = slot;
    }
    for (protocol, settings, lists) in protocols() {
        for (name, setting) in settings {
            slots[name as usize] = Slot::Single(single_of(protocol, setting));
        }
        for (name, list) in lists {
            slots[name as usize] = Slot::List(list_of(protocol, list));
        }
    }
    slots
});

/// What a directive does to its block.
#[inline]
pub(super) fn slot(name: Name) -> Slot {
    SLOTS.get(name as usize).copied().unwrap_or(Slot::None)
}

fn plain() -> Vec<(Name, Slot)> {
    use Name as N;
    let singles = [
        (N::AuthBasic, Single::AuthBasic),
        (N::AuthBasicUserFile, Single::AuthBasicUserFile),
        (N::AuthRequest, Single::AuthRequest),
        (N::AuthJwt, Single::AuthJwt),
        (N::AuthJwtKeyFile, Single::AuthJwtKeyFile),
        (N::AuthJwtKeyRequest, Single::AuthJwtKeyFile),
        (N::Satisfy, Single::Satisfy),
        (N::Root, Single::Root),
        (N::Alias, Single::Root),
        (N::RecursiveErrorPages, Single::RecursiveErrorPages),
        (N::AbsoluteRedirect, Single::AbsoluteRedirect),
        (N::PortInRedirect, Single::PortInRedirect),
        (N::ServerNameInRedirect, Single::ServerNameInRedirect),
        (N::Autoindex, Single::Autoindex),
        (N::Expires, Single::Expires),
        (N::UnderscoresInHeaders, Single::UnderscoresInHeaders),
        (N::IgnoreInvalidHeaders, Single::IgnoreInvalidHeaders),
        (N::MergeSlashes, Single::MergeSlashes),
        (N::LimitReqStatus, Single::LimitReqStatus),
        (N::LimitConnStatus, Single::LimitConnStatus),
        (N::LimitReqDryRun, Single::LimitReqDryRun),
        (N::RealIpHeader, Single::RealIpHeader),
        (N::RealIpRecursive, Single::RealIpRecursive),
        (N::ProxyMethod, Single::ProxyMethod),
        (N::FastcgiSplitPathInfo, Single::FastcgiSplitPathInfo),
        (N::FastcgiIndex, Single::FastcgiIndex),
        (N::AccessByLua, Single::AccessCode),
        (N::AccessByLuaBlock, Single::AccessCode),
        (N::AccessByLuaFile, Single::AccessCode),
        (N::JsAccess, Single::AccessCode),
        (N::AuthPam, Single::AccessCode),
        (N::AuthLdap, Single::AccessCode),
        (N::AuthGss, Single::AccessCode),
        (N::AuthDigest, Single::AccessCode),
    ];
    let lists = [
        (N::Allow, List::Addresses),
        (N::Deny, List::Addresses),
        (N::ErrorPage, List::ErrorPages),
        (N::AddHeader, List::AddHeader),
        (N::Index, List::Index),
        (N::LimitReq, List::LimitReq),
        (N::LimitConn, List::LimitConn),
        (N::AccessLog, List::AccessLog),
        (N::ErrorLog, List::ErrorLog),
        (N::ProxyCookieFlags, List::ProxyCookieFlags),
        (N::ProxyCookiePath, List::ProxyCookiePath),
        (N::ProxyCookieDomain, List::ProxyCookieDomain),
        (N::MoreSetHeaders, List::MoreSetHeaders),
        (N::MoreClearHeaders, List::MoreSetHeaders),
        (N::MoreSetInputHeaders, List::MoreSetInputHeaders),
        (N::MoreClearInputHeaders, List::MoreSetInputHeaders),
        (N::SetRealIpFrom, List::SetRealIpFrom),
        (N::AuthRequestSet, List::AuthRequestSet),
    ];
    let handlers = [
        N::ProxyPass,
        N::FastcgiPass,
        N::UwsgiPass,
        N::ScgiPass,
        N::GrpcPass,
        N::MemcachedPass,
        N::ContentByLua,
        N::ContentByLuaBlock,
        N::ContentByLuaFile,
        N::JsContent,
        N::Perl,
        N::StubStatus,
        N::EmptyGif,
        N::Api,
        N::Status,
    ];
    let script = [
        N::Set,
        N::Rewrite,
        N::Return,
        N::Break,
        N::If,
        N::SetByLua,
        N::SetByLuaBlock,
        N::SetByLuaFile,
        N::RewriteByLua,
        N::RewriteByLuaBlock,
        N::RewriteByLuaFile,
        N::PerlSet,
        N::JsSet,
        N::SetFromAcceptLanguage,
    ];
    let mut all: Vec<(Name, Slot)> = Vec::new();
    all.extend(singles.map(|(n, s)| (n, Slot::Single(s as u8))));
    all.extend(lists.map(|(n, l)| (n, Slot::List(list_slot(l)))));
    all.extend(handlers.map(|n| (n, Slot::Single(HANDLER))));
    all.extend(script.map(|n| (n, Slot::Script)));
    all.extend([N::Location, N::LimitExcept].map(|n| (n, Slot::Block)));
    all.extend([(N::TryFiles, Slot::Single(TRY_FILES)), (N::Internal, Slot::Single(INTERNAL))]);
    all
}

type ProtocolNames = (Protocol, Vec<(Name, PerProtocol)>, Vec<(Name, PerProtocolList)>);

fn protocols() -> [ProtocolNames; 5] {
    use Name as N;
    use PerProtocol as S;
    use PerProtocolList as L;
    [
        (
            Protocol::Proxy,
            vec![
                (N::ProxyPassRequestHeaders, S::PassRequestHeaders),
                (N::ProxyCache, S::Cache),
                (N::ProxyCacheKey, S::CacheKey),
                (N::ProxyCacheMethods, S::CacheMethods),
                (N::ProxyCacheMinUses, S::CacheMinUses),
                (N::ProxyInterceptErrors, S::InterceptErrors),
                (N::ProxyBuffering, S::Buffering),
            ],
            vec![
                (N::ProxySetHeader, L::Headers),
                (N::ProxyCacheValid, L::CacheValid),
                (N::ProxyCacheBypass, L::CacheBypass),
                (N::ProxyNoCache, L::NoCache),
                (N::ProxyIgnoreHeaders, L::IgnoreHeaders),
                (N::ProxyHideHeader, L::HideHeader),
                (N::ProxyPassHeader, L::PassHeader),
            ],
        ),
        (
            Protocol::Fastcgi,
            vec![
                (N::FastcgiPassRequestHeaders, S::PassRequestHeaders),
                (N::FastcgiCache, S::Cache),
                (N::FastcgiCacheKey, S::CacheKey),
                (N::FastcgiCacheMethods, S::CacheMethods),
                (N::FastcgiCacheMinUses, S::CacheMinUses),
                (N::FastcgiInterceptErrors, S::InterceptErrors),
                (N::FastcgiBuffering, S::Buffering),
            ],
            vec![
                (N::FastcgiParam, L::Headers),
                (N::FastcgiCacheValid, L::CacheValid),
                (N::FastcgiCacheBypass, L::CacheBypass),
                (N::FastcgiNoCache, L::NoCache),
                (N::FastcgiIgnoreHeaders, L::IgnoreHeaders),
                (N::FastcgiHideHeader, L::HideHeader),
                (N::FastcgiPassHeader, L::PassHeader),
            ],
        ),
        (
            Protocol::Uwsgi,
            vec![
                (N::UwsgiPassRequestHeaders, S::PassRequestHeaders),
                (N::UwsgiCache, S::Cache),
                (N::UwsgiCacheKey, S::CacheKey),
                (N::UwsgiCacheMethods, S::CacheMethods),
                (N::UwsgiCacheMinUses, S::CacheMinUses),
                (N::UwsgiInterceptErrors, S::InterceptErrors),
                (N::UwsgiBuffering, S::Buffering),
            ],
            vec![
                (N::UwsgiParam, L::Headers),
                (N::UwsgiCacheValid, L::CacheValid),
                (N::UwsgiCacheBypass, L::CacheBypass),
                (N::UwsgiNoCache, L::NoCache),
                (N::UwsgiIgnoreHeaders, L::IgnoreHeaders),
                (N::UwsgiHideHeader, L::HideHeader),
                (N::UwsgiPassHeader, L::PassHeader),
            ],
        ),
        (
            Protocol::Scgi,
            vec![
                (N::ScgiPassRequestHeaders, S::PassRequestHeaders),
                (N::ScgiCache, S::Cache),
                (N::ScgiCacheKey, S::CacheKey),
                (N::ScgiCacheMethods, S::CacheMethods),
                (N::ScgiCacheMinUses, S::CacheMinUses),
                (N::ScgiInterceptErrors, S::InterceptErrors),
                (N::ScgiBuffering, S::Buffering),
            ],
            vec![
                (N::ScgiParam, L::Headers),
                (N::ScgiCacheValid, L::CacheValid),
                (N::ScgiCacheBypass, L::CacheBypass),
                (N::ScgiNoCache, L::NoCache),
                (N::ScgiIgnoreHeaders, L::IgnoreHeaders),
                (N::ScgiHideHeader, L::HideHeader),
                (N::ScgiPassHeader, L::PassHeader),
            ],
        ),
        (
            Protocol::Grpc,
            vec![(N::GrpcInterceptErrors, S::InterceptErrors)],
            vec![
                (N::GrpcSetHeader, L::Headers),
                (N::GrpcIgnoreHeaders, L::IgnoreHeaders),
                (N::GrpcHideHeader, L::HideHeader),
                (N::GrpcPassHeader, L::PassHeader),
            ],
        ),
    ]
}
