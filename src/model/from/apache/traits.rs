//! What the sections of a route have to do with credentials, as far as their directives alone tell.

use super::authz::{REQUIRES, kind_of, needs_user, provider_of};
use super::chain::{self, Layer};
use super::host::Host;
use super::redirect::REDIRECTS;
use super::section::Mask;
use super::translate::PASSES;
use crate::model::Traits;
use crate::project::apache::DirectiveId;
use crate::syntax::apache::Name;

/// Edits of header fields.
const HEADER_EDITS: &[Name] = &[Name::RequestHeader, Name::Header];

/// What sets variables that may stand for a header field.
const VARIABLES: &[Name] = &[Name::SetEnvIf, Name::SetEnvIfNoCase, Name::SetEnvIfExpr, Name::RewriteRule, Name::SetEnv];

const fn mark(mark: Traits, names: &'static [Name]) -> (Traits, &'static [Name], Mask) {
    (mark, names, Mask::of(names))
}

/// What directives have to do with credentials by their names alone.
const MARKS: &[(Traits, &[Name], Mask)] = &[
    mark(Traits::SETS_HEADERS, &[Name::RequestHeader]),
    mark(Traits::EDITS_RESPONSE, &[Name::Header, Name::ExpiresActive]),
    mark(Traits::ERROR_PAGES, &[Name::ErrorDocument]),
    mark(Traits::REWRITES, &[Name::RewriteRule]),
    mark(Traits::REWRITES, REDIRECTS),
    mark(Traits::CACHE, &[Name::CacheEnable]),
    mark(Traits::UPSTREAM, PASSES),
    mark(Traits::UPSTREAM, &[Name::SetHandler, Name::AddHandler, Name::AddType, Name::ScriptAlias, Name::ScriptAliasMatch]),
    mark(Traits::TOUCHES_AUTHORIZATION, &[Name::CGIPassAuth, Name::AuthBasicFake]),
    mark(Traits::COOKIES, &[Name::ProxyPassReverseCookiePath, Name::ProxyPassReverseCookieDomain]),
];

/// What keeps the Host of the client.
const PRESERVES: &[Name] = &[Name::ProxyPreserveHost];

/// What the sections of a route have to do with credentials.
pub(super) fn traits(host: &Host, layers: &[Layer]) -> Traits {
    let shared = &host.shared;
    let sections = &shared.sections;
    let mut usually = |id: DirectiveId| shared.usually(id);
    let mut traits = Traits::default();
    let any = layers.iter().fold(Mask::default(), |any, layer| any | sections.get(layer.section).mask());
    // Most names are in none of the sections.
    let mut has = |names: &[Name], mask: Mask| {
        if any.may_have_any(mask) { chain::last(sections, layers, names, &mut usually) } else { None }
    };
    for (mark, names, mask) in MARKS {
        if has(names, *mask).is_some() {
            traits.add(*mark);
        }
    }
    let upstream = shared.is_tree() || shared.config.partial;
    if upstream {
        traits.add(Traits::UPSTREAM);
    }
    if has(PRESERVES, const { Mask::of(PRESERVES) }).is_some_and(|id| shared.directive(id).arg(0).eq_ignore_ascii_case("on")) {
        traits.add(Traits::SETS_HOST);
    }
    if any.may_have_any(const { Mask::of(HEADER_EDITS) }) || any.may_have_any(const { Mask::of(VARIABLES) }) {
        header_traits(host, layers, &mut traits);
    }
    gate_traits(host, layers, &mut traits);
    traits
}

/// Header edits that name Authorization, Cookie or Set-Cookie.
fn header_traits(host: &Host, layers: &[Layer], traits: &mut Traits) {
    let shared = &host.shared;
    let mut usually = |id: DirectiveId| shared.usually(id);
    for id in chain::all(&shared.sections, layers, HEADER_EDITS, &mut usually) {
        let directive = shared.directive(id);
        for word in directive.args().take(3) {
            let word = word.trim_end_matches(':');
            if word.eq_ignore_ascii_case("authorization") {
                traits.add(Traits::TOUCHES_AUTHORIZATION);
            } else if word.eq_ignore_ascii_case("cookie") || word.eq_ignore_ascii_case("set-cookie") {
                traits.add(Traits::COOKIES);
            }
        }
    }
    for id in chain::all(&shared.sections, layers, VARIABLES, &mut usually) {
        let text = shared.directive(id).raw_args();
        if text.len() < 4096 && text.to_ascii_uppercase().contains("AUTHORIZATION") {
            traits.add(Traits::TOUCHES_AUTHORIZATION);
            break;
        }
    }
}

/// Gates and addresses, as the last section with a `Require` has them, and those of 2.2.
fn gate_traits(host: &Host, layers: &[Layer], traits: &mut Traits) {
    let shared = &host.shared;
    let sections = &shared.sections;
    let mut usually = |id: DirectiveId| shared.usually(id);
    let merges = chain::last(sections, layers, &[Name::AuthMerging], &mut usually).is_some();
    let requires = if merges {
        chain::all(sections, layers, REQUIRES, &mut usually)
    } else {
        chain::last_run(sections, layers, REQUIRES, &mut usually)
    };
    let mut todo = requires;
    while let Some(id) = todo.pop() {
        let directive = shared.directive(id);
        if directive.name() != Name::Require {
            todo.extend(directive.children().map(|c| c.id));
            continue;
        }
        let (negated, provider) = provider_of(&directive);
        if needs_user(&provider) || kind_of(&provider) == Some(crate::model::GateKind::Opaque) {
            traits.add(Traits::GATE);
        } else if provider != "all" || !directive.arg(1 + usize::from(negated)).eq_ignore_ascii_case("granted") {
            traits.add(Traits::ADDRESSES);
        }
    }
    let compat = chain::last_run(sections, layers, super::access::COMPAT, &mut usually);
    if compat.iter().any(|id| matches!(shared.directive(*id).name(), Name::Deny | Name::Order)) {
        traits.add(Traits::ADDRESSES);
    }
    if chain::last(sections, layers, &[Name::AuthType], &mut usually).is_some() {
        traits.add(Traits::GATE);
    }
}
