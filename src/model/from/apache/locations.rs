//! Which sections are for a URL: `<Location>`, and `<Proxy>` for what goes to an application.

use super::chain::Group;
use super::glob;
use super::layers::merge_slashes;
use super::section::{Matcher, SectionId, pattern_text};
use super::walk::Walk;
use super::walked::Kind;

impl Walk<'_, '_> {
    /// Adds the `<Location>` sections for the path, then the `<If>` ones.
    pub(super) fn location_and_if(&mut self) {
        self.locations();
        self.ifs();
    }

    fn locations(&mut self) {
        let (outer, own) = (&self.host.shared.outer.locations, &self.host.outer.locations);
        if outer.is_empty() && own.is_empty() {
            return;
        }
        let earlier = self.earlier_walk(Kind::Location);
        let uri = merge_slashes(&self.r.uri);
        let is_same_path = earlier.of.as_deref() == Some(&uri);
        let mut matched = Vec::new();
        if !is_same_path {
            for id in outer.iter().chain(own) {
                if self.location_matches(*id, &uri) && self.section_in_force(*id) {
                    matched.push(*id);
                }
            }
        } else if self.r.settings == earlier.after {
            self.note_walk(Kind::Location, earlier);
            return;
        } else {
            matched.clone_from(&earlier.sections);
        }
        for id in &matched {
            self.push(*id, Group::Location);
        }
        let takes_over = is_same_path || self.keeps_settings();
        self.end_walk(Kind::Location, &earlier, uri, matched, takes_over);
    }

    fn location_matches(&mut self, id: SectionId, uri: &str) -> bool {
        let section = self.host.shared.sections.get(id);
        let directive = self.directive(section.directive);
        match section.matcher {
            Matcher::Literal => location_takes(&pattern_text(&directive), uri),
            Matcher::Glob => glob::matches(&pattern_text(&directive), uri, true),
            Matcher::Regex(regex) => {
                let uri = self.r.uri.clone();
                self.regex_section(id, regex, &uri)
            }
            Matcher::All => true,
            Matcher::Unknown => self.unknown_section(id),
        }
    }

    /// Adds the `<Proxy>` sections for a proxied request; such a request has no `<Directory>` and no `<Files>`.
    pub(super) fn proxy_walk(&mut self, url: &str) {
        let host = self.host;
        // A virtual host appends its own to those outside.
        for id in host.shared.outer.proxies.iter().chain(&host.outer.proxies) {
            let section = host.shared.sections.get(*id);
            let directive = self.directive(section.directive);
            let matched = match section.matcher {
                Matcher::Literal => url.starts_with(pattern_text(&directive).as_ref()),
                Matcher::Glob => glob::matches(&pattern_text(&directive), url, false),
                Matcher::Regex(regex) => self.regex_section(*id, regex, url),
                Matcher::All => true,
                Matcher::Unknown => self.unknown_section(*id),
            };
            if matched && self.section_in_force(*id) {
                self.push(*id, Group::Proxy);
                self.r.settings = self.new_settings();
            }
        }
    }
}

/// Whether `<Location path>` is for a URL path: it itself, or what lies below it.
pub(super) fn location_takes(path: &str, uri: &str) -> bool {
    let Some(rest) = uri.strip_prefix(path) else { return false };
    path.is_empty() || path.ends_with('/') || rest.is_empty() || rest.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations() {
        assert!(location_takes("/a", "/a/b"));
        assert!(location_takes("/a", "/a"));
        assert!(!location_takes("/a", "/ab"));
        assert!(location_takes("/a/", "/a/b"));
        assert!(!location_takes("/a/", "/a"));
        assert!(location_takes("/", "/x"));
    }
}
