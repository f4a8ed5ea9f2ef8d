//! `Redirect` and its like, and the URLs that the server makes of its own name.

use super::translate::substitute;
use super::uri;
use super::walk::{Stop, Walk};
use crate::model::fact::{concat, unknown_value};
use crate::model::{Scheme, Value};
use crate::project::apache::{Directive, DirectiveId};
use crate::syntax::apache::Name;

/// The directives that redirect.
pub(super) const REDIRECTS: &[Name] = &[Name::Redirect, Name::RedirectMatch, Name::RedirectTemp, Name::RedirectPermanent];

/// What one `Redirect` says.
#[derive(Clone, Debug)]
pub(super) struct Redirect<'a> {
    pub(super) status: u16,
    /// The path or pattern that it is for; `None`: the whole section (`Redirect 301 https://…` in `<Location>`).
    pub(super) from: Option<std::borrow::Cow<'a, str>>,
    pub(super) to: Option<std::borrow::Cow<'a, str>>,
    pub(super) is_regex: bool,
}

/// Reads a `Redirect` (`add_redirect_internal`); `in_section`: it stands in a section or a `.htaccess`.
pub(super) fn redirect<'a>(directive: &Directive<'a>, in_section: bool) -> Redirect<'a> {
    let (fixed, is_regex) = match directive.name() {
        Name::RedirectPermanent => (301, false),
        Name::RedirectMatch => (302, true),
        _ => (302, false),
    };
    let first = directive.arg(0);
    let numbered =
        matches!(directive.name(), Name::Redirect | Name::RedirectMatch | Name::RedirectTemp | Name::RedirectPermanent);
    let word = match first.to_ascii_lowercase().as_str() {
        "permanent" => Some(301),
        "temp" => Some(302),
        "seeother" => Some(303),
        "gone" => Some(410),
        number if number.starts_with(|c: char| c.is_ascii_digit()) => number.parse().ok(),
        _ => None,
    };
    let (status, skip) = match word {
        Some(status) if numbered => (status, 1),
        _ => (fixed, 0),
    };
    let mut rest = directive.args().skip(skip);
    let (second, third) = (rest.next(), rest.next());
    let redirects = (300..400).contains(&status);
    match (second, third) {
        (second, None) if in_section && (redirects || second.is_none()) => Redirect { status, from: None, to: second, is_regex },
        (second, third) => Redirect { status, from: second, to: third, is_regex },
    }
}

impl Walk<'_, '_> {
    /// `Redirect` of the section and of the server.
    pub(super) fn server_redirect(&mut self) -> Result<(), Stop> {
        if let Some(own) = self.section_redirect() {
            self.redirect_matches(own, true)?;
        }
        for id in self.server_list(REDIRECTS) {
            self.redirect_matches(id, false)?;
        }
        Ok(())
    }

    /// The `Redirect` without a path of the innermost section.
    pub(super) fn section_redirect(&mut self) -> Option<DirectiveId> {
        let all = self.all(REDIRECTS);
        let in_section = |id: &DirectiveId| self.is_in_section(*id);
        all.into_iter().rev().find(|id| in_section(id) && redirect(&self.directive(*id), true).from.is_none())
    }

    /// Whether a directive stands in a section or a `.htaccess`, not directly in the server or a virtual host.
    pub(super) fn is_in_section(&self, id: DirectiveId) -> bool {
        let directive = self.directive(id);
        match directive.parent() {
            Some(parent) => parent.name() != Name::VirtualHost,
            None => id >= self.host.shared.config.server_end,
        }
    }

    /// Ends with a redirect, or the status that a `Redirect` names, if it is for the URL.
    pub(super) fn redirect_matches(&mut self, id: DirectiveId, in_section: bool) -> Result<(), Stop> {
        let directive = self.directive(id);
        let redirect = redirect(&directive, in_section);
        let uri = self.r.uri.clone();
        let target = match (&redirect.from, &redirect.to) {
            (None, to) => to.as_deref().map(|to| self.expand(to, &directive)),
            (Some(from), to) if redirect.is_regex => {
                let Some(found) = self.regex(from, &uri, &directive) else { return Ok(()) };
                to.as_deref().map(|to| Value::Known(escape_url(&substitute(to, &found))))
            }
            (Some(from), to) => {
                if directive.is_unknown() {
                    let question = format!("whether {} is for this request", directive.text());
                    if !self.decide(&question, false, directive.span(), false) {
                        return Ok(());
                    }
                }
                let Some(taken) = uri::alias_match(&uri, from) else { return Ok(()) };
                let rest = uri::escape(uri.get(taken..).unwrap_or_default());
                to.as_deref().map(|to| Value::Known(format!("{to}{rest}")))
            }
        };
        self.step(format!("{} answers {uri}", directive.text()), id);
        if (300..400).contains(&redirect.status)
            && let Some(target) = target
        {
            let target = if directive.is_unknown() { unknown_value("template hole") } else { target };
            let relative = self.flag(Name::RedirectRelative) == Some(true);
            let target = if relative { target } else { self.absolute_url(target) };
            self.location = Some(self.with_args(target));
        }
        Err(Stop::status(redirect.status, Some(id)))
    }

    /// A URL path as a whole URL (`ap_construct_url`).
    pub(super) fn absolute_url(&mut self, target: Value) -> Value {
        if !target.prefix().starts_with('/') {
            return target;
        }
        let scheme = self.scheme();
        let (host, port) = self.self_address();
        let port = port.filter(|p| *p != scheme.default_port()).map(|p| format!(":{p}")).unwrap_or_default();
        concat([Value::Known(format!("{}://", scheme.as_str())), host, Value::Known(port), target])
    }

    /// The scheme that the server puts into its own URLs.
    pub(super) fn scheme(&self) -> Scheme {
        self.host.names.named_scheme.unwrap_or(self.request.scheme)
    }

    /// Host and port that the server puts into its own URLs: those of the request, unless `UseCanonicalName` is on.
    pub(super) fn self_address(&mut self) -> (Value, Option<u16>) {
        // The ports of `<VirtualHost>` play a part only where it has no name.
        let physical = self.flag(Name::UseCanonicalPhysicalPort) == Some(true);
        let connected = physical.then_some(self.request.port);
        let names = &self.host.names;
        let address = names.addresses.iter().find_map(|a| a.port).filter(|_| self.host.server_name.is_none());
        let own_port = address.or(names.named_port);
        let canonical = self.last(&[Name::UseCanonicalName]).map(|d| d.arg(0).to_ascii_lowercase());
        let own_name = || match &self.host.server_name {
            Some(name) => Value::Known(name.clone()),
            None => unknown_value("name of the server's machine"),
        };
        let sent = super::walk::host_header(self.request);
        let (host, port) = super::vhost::split_port(&sent);
        let port = port.filter(|_| self.r.has_port);
        // A name with a dot at its end is the name without it.
        let host = host.strip_suffix('.').unwrap_or(host);
        match canonical.as_deref() {
            Some("on") => (own_name(), own_port.or(connected)),
            Some("dns") => (unknown_value("name of the server's address"), port.or(connected).or(own_port)),
            _ => (Value::Known(host.to_ascii_lowercase()), port.or(connected).or(own_port)),
        }
    }

    /// A target with the current query behind it, unless it has one of its own.
    pub(super) fn with_args(&self, target: Value) -> Value {
        let Some(args) = self.r.args.clone().filter(|_| !target.prefix().contains('?')) else { return target };
        concat([target, Value::Known("?".to_owned()), args])
    }
}

/// Escapes a URL, but not its query and fragment.
fn escape_url(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let (path, rest) = url.split_at(end);
    format!("{}{rest}", uri::escape(path))
}
