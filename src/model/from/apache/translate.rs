//! From the URL to a file, to a proxied server or to a redirect (`ap_hook_translate_name`, `ap_hook_map_to_storage`).
//!
//! The order is the server's: `mod_rewrite`, `ProxyPass`, `Redirect`, `Alias`, the document root.

use super::frame::{HandlerName, Proxied};
use super::section::pattern_text;
use super::uri::{self, Normal, Slashes};
use super::walk::{Stop, Walk};
use crate::model::Value;
use crate::model::fact::unknown_value;
use crate::model::from::regexes::Regexes;
use crate::project::apache::config::DOCUMENT_ROOT;
use crate::project::apache::{Config, Directive, DirectiveId};
use crate::source::SourceMap;
use crate::syntax::apache::Name;

/// The directives that map a URL to a file.
pub(super) const ALIASES: &[Name] = &[Name::Alias, Name::AliasMatch, Name::ScriptAlias, Name::ScriptAliasMatch];

/// The directives that hand a URL to a proxy.
pub(super) const PASSES: &[Name] = &[Name::ProxyPass, Name::ProxyPassMatch];

impl<'a> Walk<'_, 'a> {
    /// Normalises and decodes the path. The walks run before it is decoded, too: what they find there counts for nothing, but a later
    /// one may take it over.
    pub(super) fn normalize(&mut self) -> Result<(), Stop> {
        let merge = self.server_setting(&[Name::MergeSlashes]).is_none_or(|d| !d.arg(0).eq_ignore_ascii_case("off"));
        // It is not inherited from outside of the virtual host.
        let slashes = self.host.section.map(|own| self.own(own, &[Name::AllowEncodedSlashes])).unwrap_or_default();
        let slashes = slashes.last().map(|id| self.directive(*id).arg(0).to_ascii_lowercase());
        let slashes = match slashes.as_deref() {
            Some("on") => Slashes::Decoded,
            Some("nodecode") => Slashes::Kept,
            _ => Slashes::Refused,
        };
        let Some((tidy, is_accepted)) = uri::tidy(&self.r.path, merge) else { return Err(Stop::status(400, None)) };
        if !is_accepted {
            self.r.uri = tidy;
            return Err(Stop::status(400, None));
        }
        self.r.uri.clone_from(&tidy);
        self.location_and_if();
        self.start_settings();
        match uri::decode(&tidy, merge, slashes) {
            Normal::Path(path) => {
                self.r.uri = path;
                Ok(())
            }
            Normal::Refused(status) => {
                self.r.uri = uri::decode_refused(&tidy);
                Err(Stop::status(status, None))
            }
            Normal::Unknown => Err(Stop::unknown("the path is not UTF-8", None)),
        }
    }

    /// Maps the URL.
    pub(super) fn translate(&mut self) -> Result<(), Stop> {
        let first = !self.r.redirected && !self.r.subrequest;
        if first {
            let root = self.document_root().unwrap_or_else(|| DOCUMENT_ROOT.to_owned());
            self.own_file = Some(format!("{}{}", root.trim_end_matches('/'), self.r.uri));
        }
        if self.server_rewrite()? {
            return Ok(());
        }
        // A rule with `PT` may leave a URL where there should be a path.
        if !self.r.uri.starts_with('/') && self.r.uri != "*" {
            return Err(Stop::status(400, None));
        }
        if self.proxy_pass() {
            return Ok(());
        }
        self.server_redirect()?;
        if !self.alias()? {
            self.document_root_file();
        } else if first {
            self.own_file = Some(self.r.filename.clone());
        }
        Ok(())
    }

    /// `ProxyPass` and `ProxyPassMatch`: the one of the section first, then those of the server in their order.
    fn proxy_pass(&mut self) -> bool {
        if self.r.env.get("no-proxy").is_some() {
            return false;
        }
        if let Some(own) = self.last_in_sections(PASSES)
            && let Some(found) = self.pass_matches(&own, true)
        {
            return found;
        }
        let mut passes = Vec::new();
        let servers: Vec<_> = self.host.servers().collect();
        for section in servers {
            passes.extend(self.own(section, PASSES));
        }
        for id in passes {
            let directive = self.directive(id);
            if let Some(found) = self.pass_matches(&directive, false) {
                return found;
            }
        }
        false
    }

    /// Whether a `ProxyPass` is for the URL: `Some(false)` if it says that none is (`!`).
    fn pass_matches(&mut self, pass: &Directive<'a>, in_section: bool) -> Option<bool> {
        if pass.is_unknown() {
            let question = format!("whether {} is for this request", pass.text());
            if !self.decide(&question, false, pass.span(), false) {
                return None;
            }
        }
        let uri = self.r.uri.clone();
        let section = pass.parent();
        let (from, to, is_regex) = if in_section {
            let from = section.map(|s| pattern_text(&s)).unwrap_or_default();
            // A `<LocationMatch>` is no pattern for a `ProxyPass` in it (measured).
            let regex = pass.name() == Name::ProxyPassMatch || super::glob::is_glob(&from);
            (from, pass.arg(0), regex)
        } else if pass.arg(0) == "~" {
            (pass.arg(1), pass.arg(2), true)
        } else {
            (pass.arg(0), pass.arg(1), pass.name() == Name::ProxyPassMatch)
        };
        // With `nocanon` the URL is taken as the client sent it, if the pattern is for that as well.
        let raw = pass.args().skip(1).any(|word| word.eq_ignore_ascii_case("nocanon")).then(|| self.unparsed_uri());
        let (url, is_raw) = if is_regex {
            let found = self.regex(&from, &uri, pass)?;
            if to == "!" {
                return Some(false);
            }
            let raw_found = raw.as_deref().and_then(|raw| self.regex(&from, raw, pass));
            let (path, is_raw) = if raw_found.is_some() { (raw.unwrap_or_default(), true) } else { (uri.clone(), false) };
            let replaced = substitute(&to, &raw_found.unwrap_or(found));
            (if replaced == to { format!("{to}{path}") } else { replaced }, is_raw)
        } else {
            let taken = uri::alias_match(&uri, &from)?;
            if to == "!" {
                return Some(false);
            }
            let raw = raw.filter(|raw| uri::alias_match(raw, &from) == Some(taken));
            let is_raw = raw.is_some();
            (format!("{to}{}", raw.as_ref().unwrap_or(&uri).get(taken..).unwrap_or_default()), is_raw)
        };
        self.step(format!("{} takes {uri}", pass.text()), pass.id);
        let url = if pass.is_unknown() { unknown_value("template hole") } else { Value::Known(url) };
        self.r.proxied = Some(Proxied { url, by: pass.id, is_raw });
        Some(true)
    }

    /// Path and query as they were sent (`r->unparsed_uri`), or as the redirect that led here named them.
    fn unparsed_uri(&self) -> String {
        match &self.r.args {
            Some(args) => format!("{}?{}", self.r.path, args.prefix()),
            None => self.r.path.clone(),
        }
    }

    /// `Alias` and its like: the one of the section first, then those of the server.
    fn alias(&mut self) -> Result<bool, Stop> {
        let uri = self.r.uri.clone();
        if let Some(own) = self.last_in_sections(&[Name::Alias, Name::ScriptAlias]) {
            let Value::Known(mut found) = self.expand(&own.arg(0), &own) else {
                return Err(Stop::unknown("the file that an alias names is not known", Some(own.id)));
            };
            if self.flag(Name::AliasPreservePath) == Some(true)
                && let Some(section) = own.parent()
                && let Some(taken) = uri::alias_match(&uri, &pattern_text(&section))
            {
                found.push_str(uri.get(taken..).unwrap_or_default());
            }
            self.map_alias(own.id, found);
            return Ok(true);
        }
        for id in self.server_list(ALIASES) {
            let directive = self.directive(id);
            let (from, to) = (directive.arg(0), directive.arg(1));
            let found = match directive.name() {
                Name::AliasMatch | Name::ScriptAliasMatch => {
                    self.regex(&from, &uri, &directive).map(|found| substitute(&to, &found))
                }
                _ if directive.is_unknown() => {
                    let question = format!("whether {} is for this request", directive.text());
                    if self.decide(&question, false, directive.span(), false) {
                        return Err(Stop::unknown("the file that an alias names is not known", Some(id)));
                    }
                    None
                }
                _ => uri::alias_match(&uri, &from).map(|taken| {
                    self.r.context = Some((from.clone().into_owned(), to.clone().into_owned()));
                    format!("{to}{}", uri.get(taken..).unwrap_or_default())
                }),
            };
            if let Some(found) = found {
                self.map_alias(id, found);
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn map_alias(&mut self, id: DirectiveId, path: String) {
        let directive = self.directive(id);
        self.step(format!("{} maps {}", directive.text(), self.r.uri), id);
        let slash = path.ends_with('/') && path.len() > 1;
        let path = self.host.shared.absolute(path.into()).into_owned();
        self.r.filename = if slash { format!("{path}/") } else { path };
        self.r.mapped_by = Some(id);
        if matches!(directive.name(), Name::ScriptAlias | Name::ScriptAliasMatch) {
            self.r.script_alias = true;
            self.r.handler = Some(HandlerName { name: Value::Known("cgi-script".to_owned()), by: id });
        }
    }

    fn document_root_file(&mut self) {
        self.r.mapped_by = self.server_setting(&[Name::DocumentRoot]).map(|d| d.id);
        let uri = self.r.uri.clone();
        self.below_document_root(&uri);
    }

    /// Maps a path to the file below the document root.
    pub(super) fn below_document_root(&mut self, path: &str) {
        let root = self.document_root().unwrap_or_else(|| DOCUMENT_ROOT.to_owned());
        self.r.filename = format!("{}/{}", root.trim_end_matches('/'), path.trim_start_matches('/'));
    }

    /// Finds the sections and `.htaccess` files for the file, or the `<Proxy>` ones.
    pub(super) fn map_to_storage(&mut self) -> Result<(), Stop> {
        self.start_settings();
        if let Some(proxied) = &self.r.proxied {
            let url = proxied.url.prefix().to_owned();
            self.proxy_walk(&url);
            return Ok(());
        }
        if self.r.method == "TRACE" && !self.r.subrequest {
            return self.trace();
        }
        self.directory_walk()?;
        self.file_walk();
        Ok(())
    }

    /// `TRACE` is answered before any access check, unless `TraceEnable` is off.
    fn trace(&mut self) -> Result<(), Stop> {
        let setting = self.server_setting(&[Name::TraceEnable]);
        let off = setting.as_ref().is_some_and(|d| d.arg(0).eq_ignore_ascii_case("off"));
        self.is_echoed = !off;
        // A rule that was overruled by a later one may have left its status.
        Err(Stop::status(if off { 405 } else { self.r.status }, setting.map(|d| d.id)))
    }

    /// The last directive of these names that stands in a section, not in the server or a virtual host.
    pub(super) fn last_in_sections(&mut self, names: &[Name]) -> Option<Directive<'a>> {
        let all = self.all(names);
        let found = all.into_iter().rev().find(|id| self.is_in_section(*id) && self.directive(*id).parent().is_some());
        found.map(|id| self.directive(id))
    }

    /// The groups of a match, the whole first; `None`: no match. What cannot be matched here is asked.
    pub(super) fn regex(&mut self, pattern: &str, text: &str, by: &Directive<'a>) -> Option<Vec<Option<String>>> {
        let regexes = &self.host.shared.regexes;
        let captures = match regexes.find(pattern, false) {
            Some(id) if !by.is_unknown() => regexes.captures(id, text),
            _ => None,
        };
        if let Some(captures) = captures {
            captures.map(|c| c.iter().map(|group| group.map(str::to_owned)).collect())
        } else {
            let question = format!("whether {} is for this request", by.text());
            self.decide(&question, false, by.span(), false).then(Vec::new)
        }
    }
}

/// A text with `$1` replaced by groups; a backslash takes the meaning from what follows it (`ap_pregsub`).
pub(super) fn substitute(text: &str, groups: &[Option<String>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let digit = chars.peek().and_then(|next| next.to_digit(10));
        match (c, digit) {
            ('$', Some(number)) => {
                chars.next();
                out.push_str(groups.get(number as usize).and_then(Option::as_deref).unwrap_or_default());
            }
            ('\\', _) => out.push(chars.next().unwrap_or('\\')),
            _ => out.push(c),
        }
    }
    out
}

/// Makes the patterns of mappings known: they are looked up by their text.
pub(super) fn intern_patterns(config: &Config, sources: &SourceMap, regexes: &mut Regexes) {
    for name in [Name::AliasMatch, Name::ScriptAliasMatch] {
        for alias in config.all(sources, name) {
            regexes.intern(&alias.arg(0), false);
        }
    }
    for redirect in config.all(sources, Name::RedirectMatch) {
        if let Some(from) = super::redirect::redirect(&redirect, false).from {
            regexes.intern(&from, false);
        }
    }
    for name in [Name::ProxyPass, Name::ProxyPassMatch] {
        for pass in config.all(sources, name) {
            let section = pass.parent().filter(|p| p.name() != Name::VirtualHost);
            if let Some(section) = section {
                regexes.intern(&pattern_text(&section), false);
            } else if name == Name::ProxyPassMatch {
                regexes.intern(&pass.arg(0), false);
            } else if pass.arg(0) == "~" {
                regexes.intern(&pass.arg(1), false);
            }
        }
    }
}
