//! What `mod_cache` does with the response to a request.

use super::response::cache_control_of;
use super::walk::Walk;
use crate::model::{Cache, Fact, HandlerKind, Response, Stores};
use crate::project::apache::{Directive, DirectiveId};
use crate::source::Span;
use crate::syntax::apache::Name;
use crate::syntax::apache::header::Table;

/// How long a copy is kept where neither the origin nor the configuration says so.
const DEFAULT_EXPIRE: u64 = 3600;

impl<'a> Walk<'_, 'a> {
    /// The cache in force. `response`: what the configuration adds to the response.
    pub(super) fn cache(&mut self, response: &Response) -> Cache {
        // What is among the fields for errors hides what the others say.
        let own = cache_control_of(&self.always);
        let cache_control = own.as_ref().or(response.cache_control.as_ref());
        let quick = self.server_setting(&[Name::CacheQuickHandler]);
        let is_quick = quick.is_none_or(|d| !d.arg(0).eq_ignore_ascii_case("off"));
        let Some(by) = self.cache_enable(is_quick) else { return Cache::none() };
        let by = by.span();
        let decided = |stores, also: Option<Span>| Fact::is(stores, std::iter::once(by).chain(also));
        // An error document is asked for with GET, whatever the client sent.
        let reads = matches!(self.r.method.as_str(), "GET" | "HEAD");
        let authorization = self.header("authorization").is_some();
        let from_file = self.served.as_ref().is_some_and(|h| h.kind == HandlerKind::Static) && self.r.status == 200;
        let answered = self.reached || from_file && !self.local_error;
        let says = cache_control.map(|(value, _)| Says::parse(value.prefix())).unwrap_or_default();
        let is_open = cache_control.is_some_and(|(value, _)| value.known().is_none());
        // `Expires` counts where no time is said.
        let expires = self.expires_in.as_ref().and_then(|value| Says::parse(value.prefix()).max_age);
        let store_private = self.is_on(Name::CacheStorePrivate);
        let store_no_store = self.is_on(Name::CacheStoreNoStore);
        let forbids = says.no_store && store_no_store.is_none() || says.private && store_private.is_none();
        let lifetime = says.s_maxage.or(says.max_age).or(expires);
        let fresh = lifetime.is_some_and(|seconds| seconds > 0);
        // It is refused, or never answers: the origin is asked again every time.
        let forbids = forbids || says.no_cache || lifetime == Some(0);
        // What a script says stands among the fields for errors, and hides what is said for other answers.
        let hidden = own.is_none() && self.reached && self.answers_in == Some(Table::Always);
        let refuses = self.r.env.get("no-cache").is_some() || forbids && !hidden;
        let ignores_freshness = self.is_on(Name::CacheIgnoreNoLastMod);
        let has_query = self.r.args.is_some();
        let ignores_query = self.server_flag(Name::CacheIgnoreQueryString);
        let any = fresh || (ignores_freshness.is_some() || from_file) && (!has_query || ignores_query);
        let public = says.public || says.s_maxage.is_some() || says.must_revalidate;
        let also = cache_control.map(|(_, span)| *span).filter(|_| fresh || forbids).or(ignores_freshness);
        // An error needs a word about it, whichever; `mod_expires` adds none.
        let names_error = response.added.iter().any(|sent| sent.name.eq_ignore_ascii_case("cache-control"));
        let error_fresh = names_error && (fresh || !has_query || ignores_query);
        let (is_get, quick_authorization) = (reads && self.request.method != "HEAD", self.quick_authorization);
        let stores = |ok: bool| -> Fact<Stores> {
            if !answered || !is_get || refuses {
                return decided(Stores::No, also.filter(|_| forbids));
            }
            if is_open {
                return Fact::unknown("what Cache-Control says", [by]);
            }
            // The quick handler leaves requests with credentials alone, whatever the response says.
            if quick_authorization && is_quick {
                return decided(Stores::No, quick.map(|d| d.span()));
            }
            if authorization && (!public || hidden) {
                return Fact::unknown("whether the origin says that it is public", [by]);
            }
            let is_kept = !forbids && if ok { any } else { error_fresh };
            if is_kept { decided(Stores::Yes, also) } else { decided(Stores::Origin, None) }
        };
        let ttl = lifetime.filter(|_| fresh).or_else(|| any.then(|| self.default_expire()));
        let answers = match () {
            () if !reads => Fact::is(false, [by]),
            () if quick_authorization && is_quick => Fact::is(false, [by]),
            () if self.asks_for_fresh() => Fact::is(false, [by]),
            () => Fact::is(true, [by]),
        };
        let stores_set_cookie = !self.ignores_header("set-cookie");
        Cache {
            stores: stores(true),
            stores_401: stores(false),
            ttl,
            min_uses: 1,
            answers_from_store: answers,
            key: Some(Fact::is(
                if ignores_query { "scheme://host:port/uri?" } else { "scheme://host:port/uri?query" }.to_owned(),
                [],
            )),
            key_has_authorization: Some(false),
            key_has_cookie: false,
            stores_set_cookie,
            drops_set_cookie: !stores_set_cookie,
            stores_private: store_private.is_some(),
            answers_before_gates: is_quick,
            // `max-age` and `no-cache` count whatever `CacheStorePrivate` and `CacheStoreNoStore` say.
            ignores_cache_control: self.replaced_cache_control || own.is_some() && self.answers_in != Some(Table::Always),
        }
    }

    /// The `CacheEnable` that is for the request. The quick handler knows only those of the server, and is asked again in every internal
    /// redirect: what was to be stored of the request before is forgotten.
    fn cache_enable(&mut self, is_quick: bool) -> Option<Directive<'a>> {
        let path = if is_quick { self.quick_path.clone()? } else { self.r.uri.clone() };
        for id in self.server_list(&[Name::CacheDisable]) {
            let disabled = self.directive(id);
            if covers(&disabled.arg(0), &path) {
                return None;
            }
        }
        if !is_quick {
            let off = self.last_in_sections(&[Name::CacheDisable]);
            if off.is_some_and(|d| d.arg(0).eq_ignore_ascii_case("on")) {
                return None;
            }
            if let Some(own) = self.last_in_sections(&[Name::CacheEnable]) {
                return Some(own);
            }
        }
        let list = self.server_list(&[Name::CacheEnable]);
        let enabled = |id: &DirectiveId| {
            let directive = self.directive(*id);
            directive.arg_count() == 1 || covers(&directive.arg(1), &path)
        };
        list.into_iter().find(enabled).map(|id| self.directive(id))
    }

    /// The directive that switches a setting on.
    fn is_on(&mut self, name: Name) -> Option<Span> {
        self.last(&[name]).filter(|d| d.arg(0).eq_ignore_ascii_case("on")).map(|d| d.span())
    }

    fn server_flag(&mut self, name: Name) -> bool {
        self.server_setting(&[name]).is_some_and(|d| d.arg(0).eq_ignore_ascii_case("on"))
    }

    fn default_expire(&mut self) -> u64 {
        self.last(&[Name::CacheDefaultExpire]).and_then(|d| d.arg(0).parse().ok()).unwrap_or(DEFAULT_EXPIRE)
    }

    /// Whether the client asks for a fresh copy, and is listened to.
    fn asks_for_fresh(&mut self) -> bool {
        let asks = ["cache-control", "pragma"].iter().any(|name| {
            self.header(name).is_some_and(|f| {
                let text = f.value.prefix().to_ascii_lowercase();
                text.contains("no-cache") || text.contains("no-store") || text.contains("max-age=0")
            })
        });
        asks && !self.server_flag(Name::CacheIgnoreCacheControl)
    }

    /// Whether `CacheIgnoreHeaders` keeps a field out of the store.
    fn ignores_header(&mut self, name: &str) -> bool {
        let words: Vec<String> = self
            .server_list(&[Name::CacheIgnoreHeaders])
            .into_iter()
            .flat_map(|id| self.directive(id).args().map(|w| w.to_ascii_lowercase()).collect::<Vec<_>>())
            .collect();
        words.iter().any(|w| w == name)
    }
}

/// Whether the URL prefix of `CacheEnable` or `CacheDisable` covers a path.
fn covers(prefix: &str, path: &str) -> bool {
    prefix.starts_with('/') && path.starts_with(prefix)
}

/// What a Cache-Control says (`ap_cache_control`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "words that may stand beside each other")]
struct Says {
    no_cache: bool,
    no_store: bool,
    private: bool,
    public: bool,
    /// `must-revalidate` or `proxy-revalidate`.
    must_revalidate: bool,
    max_age: Option<u64>,
    s_maxage: Option<u64>,
}

impl Says {
    fn parse(text: &str) -> Self {
        let mut says = Self::default();
        for token in text.split([',', ' ', '\t']).filter(|token| !token.is_empty()) {
            match token.to_ascii_lowercase().as_str() {
                "no-cache" => says.no_cache = true,
                "no-store" => says.no_store = true,
                "private" => says.private = true,
                "public" => says.public = true,
                "must-revalidate" | "proxy-revalidate" => says.must_revalidate = true,
                other => match other.split_once('=').map(|(name, seconds)| (name, seconds.parse().ok())) {
                    Some(("max-age", Some(seconds))) => says.max_age = Some(seconds),
                    Some(("s-maxage", Some(seconds))) => says.s_maxage = Some(seconds),
                    // Words for single fields (`private="Set-Cookie"`) are for those alone.
                    _ => {}
                },
            }
        }
        says
    }
}

#[cfg(test)]
mod tests {
    use super::Says;

    #[test]
    fn words_of_cache_control() {
        let says = Says::parse("Private, MAX-AGE=60,no-store");
        assert!(says.private && says.no_store && !says.no_cache && !says.public);
        assert_eq!((says.max_age, says.s_maxage), (Some(60), None));
        let says = Says::parse("no-cache=\"Set-Cookie\", s-maxage=0 max-age=x, proxy-revalidate");
        assert!(says.must_revalidate && !says.no_cache);
        assert_eq!((says.max_age, says.s_maxage), (None, Some(0)));
    }
}
