//! What `mod_rewrite` keeps of a section, and how sections merge (`config_perdir_merge`, `config_server_merge`).

use super::Guarded;
use crate::source::Span;
use crate::syntax::apache::rewrite::Options;

/// The settings of one section, or of several merged. A section without any directive of `mod_rewrite` is passed over.
#[derive(Clone, Debug, Default)]
pub(in crate::model::from::apache) struct Config<'r> {
    /// `RewriteEngine`: whether it is on, and where that is said.
    pub(in crate::model::from::apache) engine: Option<(bool, Span)>,
    /// `RewriteOptions`.
    pub(in crate::model::from::apache) options: Option<Options>,
    /// `RewriteBase`.
    pub(in crate::model::from::apache) base: Option<String>,
    /// The path of the section with a slash at its end (`/var/www/`; of a `<Location>` its URL, of an `<If>` `*If/`); `None` at the
    /// server level, whose rules are for no folder.
    pub(in crate::model::from::apache) directory: Option<String>,
    /// Its rules.
    pub(in crate::model::from::apache) rules: Vec<Guarded<'r>>,
}

impl Config<'_> {
    /// Whether the engine is on; it is off unless said otherwise.
    pub(in crate::model::from::apache) fn is_on(&self) -> bool {
        self.engine.is_some_and(|(on, _)| on)
    }

    /// What holds where an inner section is in an outer one, or a virtual host in the server. The order counts: the server merges the
    /// folders (and their `.htaccess`) with each other first, then the result with the server's default, to that the files, to that
    /// the locations, and so on.
    pub(in crate::model::from::apache) fn merge(outer: &Self, inner: Self) -> Self {
        let options = inner.options.or(outer.options);
        let (own, above) = (options.unwrap_or_default(), outer.options.unwrap_or_default());
        let mut rules = inner.rules;
        if own.inherit || above.inherit_down && !own.ignore_inherit {
            rules.extend(outer.rules.iter().cloned());
        } else if own.inherit_before || above.inherit_down_before && !own.ignore_inherit {
            rules.splice(..0, outer.rules.iter().cloned());
        }
        let base = inner.base.or_else(|| outer.base.clone().filter(|_| own.merge_base));
        Self { engine: inner.engine.or(outer.engine), options, base, directory: inner.directory, rules }
    }
}
