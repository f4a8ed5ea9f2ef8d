//! Rules in a folder: in `<Directory>`, `<Location>`, `.htaccess` …, once the URL is mapped to a file (`hook_fixup`).

use super::run::{Ended, Run};
use super::server::unchanged;
use super::{Action, Config, Current, Ran, Surroundings, url};
use crate::model::Value;
use crate::model::fact::concat;
use crate::model::from::apache::vars::Variable;

/// What else a folder's rules need to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::model::from::apache) struct Folder {
    /// Whether `Options` has `FollowSymLinks` or `SymLinksIfOwnerMatch`: without them rules are forbidden.
    pub(in crate::model::from::apache) follows_links: bool,
}

/// Runs the rules that merging gave for a folder.
pub(in crate::model::from::apache) fn in_folder<'e>(
    around: &'e mut Surroundings<'_>,
    config: &'e Config<'e>,
    folder: Folder,
    current: Current,
) -> Ran {
    let Some(directory) = config.directory.as_deref().filter(|_| config.is_on()) else { return unchanged(current) };
    let is_proxied = current.proxied && current.filename.prefix().starts_with("proxy:");
    let allows_no_slash = config.options.is_some_and(|o| o.allow_no_slash);
    // The folder itself, asked for without its slash, is left to the redirect that adds it.
    if !is_proxied && !allows_no_slash && current.filename.known() == directory.strip_suffix('/') {
        return unchanged(current);
    }
    if !folder.follows_links {
        let mut ran = unchanged(current);
        ran.action = Action::Refused(403);
        ran.by = config.engine.map(|(_, span)| span);
        return ran;
    }
    let (old_file, old_args) = (current.filename.clone(), current.args.clone());
    let mut run = Run::new(around, current, Some(directory), config.base.as_deref());
    let ended = run.rules(&config.rules);
    let action = run.folder_action(ended, &old_file, old_args.as_ref(), directory, config);
    run.ran(action)
}

impl Run<'_, '_> {
    fn folder_action(
        &mut self,
        ended: Ended,
        old_file: &Value,
        old_args: Option<&Value>,
        directory: &str,
        config: &Config<'_>,
    ) -> Action {
        match self.early_action(ended) {
            // The hook says that all is well.
            Some(Action::Status(0)) => return Action::Unchanged,
            Some(action) => return action,
            None => {}
        }
        let escape = !matches!(ended, Ended::Changed { escape: false });
        if self.current.filename.prefix().starts_with("proxy:") && !self.passed_through {
            return self.proxy_action(&self.current.filename.clone(), escape);
        }
        if let Some((scheme, _)) = url::scheme(self.current.filename.prefix()).filter(|_| !self.passed_through) {
            if let Some(base) = self.base {
                self.current.filename = with_base_in_url(&self.current.filename, scheme, directory, base);
            }
            return self.redirect_action(scheme, escape, old_args);
        }
        let path = self.current.filename.clone();
        if path.known().is_some_and(|p| !p.starts_with('/')) {
            return Action::Refused(400);
        }
        if path.known().is_some() && path == *old_file {
            // The same URL again would never end.
            return Action::Unchanged;
        }
        let uri = self.url_of(&path, directory, config);
        Action::Internal { uri: self.cut_again(uri) }
    }

    /// The path of a URL that is read anew, query and all: a `?` that `QSL` or an escape left in the path begins the query now.
    fn cut_again(&mut self, uri: Value) -> Value {
        let Some((path, rest)) = uri.known().and_then(|text| text.split_once('?')) else { return uri };
        let text = |text: &str| Value::Known(text.to_owned());
        self.current.args = Some(match self.current.args.take() {
            Some(args) => concat([text(rest), text("?"), args]),
            None => text(rest),
        });
        text(path)
    }

    /// The URL of a path that a rule made: `RewriteBase` for the folder, else the path below the document root, else the prefix of
    /// the alias. Any other path is taken for a URL.
    fn url_of(&mut self, path: &Value, directory: &str, config: &Config<'_>) -> Value {
        let mut uri = path.clone();
        if let Some(base) = self.base {
            uri = with_base(path, directory, base);
        } else {
            let root = self.around.vars.variable(Variable::DocumentRoot);
            let root = root.known().map(|r| r.strip_suffix('/').unwrap_or(r)).filter(|r| !r.is_empty());
            if let Some(root) = root
                && path.prefix().strip_prefix(root).is_some_and(|rest| rest.starts_with('/'))
            {
                uri = super::server::without(path, root);
            }
        }
        if uri != *path || config.options.is_some_and(|o| o.ignore_context_info) {
            return uri;
        }
        let root = self.around.vars.variable(Variable::ContextDocumentRoot);
        let prefix = self.around.vars.variable(Variable::ContextPrefix);
        // Without an alias the prefix is empty: what comes of it has no slash, and the server refuses it with 400.
        match (root.known(), prefix.known()) {
            (Some(root), Some(prefix)) if !root.is_empty() => with_base(path, root, prefix),
            _ => uri,
        }
    }
}

/// A path with another beginning (`subst_prefix_path`).
fn with_base(path: &Value, directory: &str, base: &str) -> Value {
    let folder = directory.strip_suffix('/').unwrap_or(directory);
    let Some(rest) = path.prefix().strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) else {
        return path.clone();
    };
    let slash = if base.is_empty() || base.ends_with('/') { "" } else { "/" };
    let text = format!("{base}{slash}{rest}");
    match path {
        Value::Known(_) => Value::Known(text),
        Value::Unknown { nonempty, why, .. } => {
            Value::Unknown { nonempty: *nonempty || !text.is_empty(), prefix: text, why: why.clone() }
        }
    }
}

/// The same for the path of a URL.
fn with_base_in_url(url: &Value, scheme: usize, directory: &str, base: &str) -> Value {
    let text = url.prefix();
    let Some(slash) = text.get(scheme..).and_then(|rest| rest.find('/')) else { return url.clone() };
    let (host, path) = text.split_at(scheme + slash + 1);
    let directory = directory.strip_prefix('/').unwrap_or(directory);
    let base = base.strip_prefix('/').unwrap_or(base);
    if path.is_empty() {
        return url.clone();
    }
    let path = with_base(&Value::Known(path.to_owned()), directory, base);
    let text = format!("{host}{}", path.prefix());
    match url {
        Value::Known(_) => Value::Known(text),
        Value::Unknown { why, .. } => Value::Unknown { prefix: text, nonempty: true, why: why.clone() },
    }
}
