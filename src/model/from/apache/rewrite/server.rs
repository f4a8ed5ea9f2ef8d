//! Rules in the server's own files, before the URL is mapped to a file (`hook_uri2file`).

use super::run::{Ended, Run};
use super::{Action, Config, Current, Ran, Surroundings, url};
use crate::model::Value;
use crate::model::fact::{concat, unknown_value};
use crate::model::from::apache::vars::{FileTest, Variable};
use crate::source::Span;

/// Folders that a Unix system has at its root (the file system hierarchy standard, `/proc` and `/sys`).
const AT_ROOT: &[&str] = &[
    "bin", "boot", "dev", "etc", "home", "lib", "media", "mnt", "opt", "proc", "root", "run", "sbin", "srv", "sys", "tmp", "usr",
    "var",
];

/// Runs the rules of a server or virtual host. `config` is what merging gave: `engine` and `options` are those of the server's default
/// for folders, which the same directives set.
pub(in crate::model::from::apache) fn in_server<'e>(
    around: &'e mut Surroundings<'_>,
    config: &'e Config<'e>,
    current: Current,
) -> Ran {
    let Some((true, engine)) = config.engine else { return unchanged(current) };
    let any_uri = config.options.is_some_and(|o| o.allow_any_uri);
    if !any_uri && current.filename.known().is_some_and(|uri| !uri.starts_with('/')) {
        return unchanged(current);
    }
    set_script_variables(around, engine);
    let old_args = current.args.clone();
    let mut run = Run::new(around, current, None, None);
    let ended = run.rules(&config.rules);
    let action = run.server_action(ended, old_args.as_ref(), config);
    run.ran(action)
}

pub(super) fn unchanged(current: Current) -> Ran {
    Ran {
        action: Action::Unchanged,
        by: None,
        steps: Vec::new(),
        args: current.args,
        path_info: current.path_info,
        handler: current.handler,
        mime_type: current.mime_type,
        end: false,
        status: None,
    }
}

/// `SCRIPT_URL` and `SCRIPT_URI`, which the engine sets where it is on.
fn set_script_variables(around: &mut Surroundings<'_>, engine: Span) {
    let vars = &mut *around.vars;
    let path = vars.env("REDIRECT_SCRIPT_URL").unwrap_or_else(|| vars.variable(Variable::RequestUri));
    vars.set_env("SCRIPT_URL", Some(path.clone()), engine);
    let uri = url::qualified(vars, path);
    vars.set_env("SCRIPT_URI", Some(uri), engine);
}

impl Run<'_, '_> {
    /// What both hooks do first: a status, a query that the server refuses.
    pub(super) fn early_action(&mut self, ended: Ended) -> Option<Action> {
        let is_absolute = !self.passed_through && url::scheme(self.current.filename.prefix()).is_some();
        let escape = match ended {
            Ended::Unchanged => return Some(Action::Unchanged),
            Ended::Lost => return Some(Action::Lost),
            Ended::Changed { escape } => escape,
            Ended::Status(_) => true,
        };
        let has_controls = |args: &Value| args.prefix().bytes().any(|b| b <= b' ' || b == 0x7f);
        if !(is_absolute && escape) && self.current.args.as_ref().is_some_and(has_controls) {
            if let Some(by) = self.by {
                self.step("a blank or a control character in the query is refused".to_owned(), by);
            }
            return Some(Action::Refused(403));
        }
        match ended {
            Ended::Status(status) => Some(Action::Status(status)),
            _ => None,
        }
    }

    fn server_action(&mut self, ended: Ended, old_args: Option<&Value>, config: &Config<'_>) -> Action {
        match self.early_action(ended) {
            // The hook says that all is well: the URL path is the file.
            Some(Action::Status(0)) => return Action::File { path: self.current.filename.clone() },
            Some(action) => return action,
            None => {}
        }
        let escape = !matches!(ended, Ended::Changed { escape: false });
        if self.current.filename.prefix().starts_with("proxy:") && !self.passed_through {
            let url = concat([self.current.filename.clone(), self.current.path_info.clone()]);
            return self.proxy_action(&url, escape);
        }
        if self.passed_through {
            return Action::PassThrough { uri: self.current.filename.clone() };
        }
        if let Some((scheme, _)) = url::scheme(self.current.filename.prefix()) {
            return self.redirect_action(scheme, escape, old_args);
        }
        self.expand_home();
        let path = self.current.filename.clone();
        if path.known().is_some_and(|p| !p.starts_with('/')) {
            return Action::Refused(400);
        }
        if self.is_file_path(config) { Action::File { path } } else { Action::BelowRoot { path } }
    }

    /// Puts the home folder of a user of the served machine in for `/~user` (`expand_tildepaths`).
    fn expand_home(&mut self) {
        let Some((user, rest)) = self.current.filename.known().and_then(|path| {
            let after = path.strip_prefix("/~")?;
            Some(after.split_at(after.find('/').unwrap_or(after.len())))
        }) else {
            return;
        };
        let home = match user {
            "" => return,
            "root" => Value::Known("/root".to_owned()),
            _ => {
                let question = format!("whether the machine has a user {user}");
                if !self.by.is_some_and(|span| self.around.vars.decide(&question, false, span, true)) {
                    return;
                }
                Value::Unknown { prefix: "/".to_owned(), nonempty: true, why: "home folder of a user".to_owned() }
            }
        };
        self.current.filename = concat([home, Value::Known(rest.to_owned())]);
    }

    /// Where a rule with `P` sends the request. Where the URL is not escaped any more the query is put in now.
    pub(super) fn proxy_action(&self, url: &Value, escape: bool) -> Action {
        let url = without(url, "proxy:");
        let url = match &self.current.args {
            Some(args) if !escape => concat([url, Value::Known("?".to_owned()), args.clone()]),
            _ => url,
        };
        Action::Proxy { url, escape }
    }

    /// The redirect of an absolute URL. A query that no rule changed is not escaped once more.
    pub(super) fn redirect_action(&self, scheme: usize, escape: bool, old_args: Option<&Value>) -> Action {
        let mut location =
            if escape { url::escaped_absolute(&self.current.filename, scheme) } else { self.current.filename.clone() };
        if let Some(args) = &self.current.args {
            let args = if !escape || old_args == Some(args) { args.clone() } else { url::escaped(args) };
            location = concat([location, Value::Known("?".to_owned()), args]);
        }
        let status = self.status.filter(|s| (300..400).contains(s)).unwrap_or(302);
        Action::Redirect { status, location }
    }

    /// Whether a path is one of the file system, not of the document root (`prefix_stat`): its first segment must exist there, and the
    /// substitution must name it literally, or the path must lie in the document root.
    fn is_file_path(&mut self, config: &Config<'_>) -> bool {
        if self.reduced && !config.options.is_some_and(|o| o.legacy_prefix_docroot) {
            return false;
        }
        let path = self.current.filename.prefix().to_owned();
        let segment = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        if segment.is_empty() {
            // The root of the file system is there, and every path starts with it.
            let is_all = self.current.filename.known().is_some();
            return is_all && self.names_root(config, "/", &path);
        }
        let first = format!("/{segment}");
        if !self.names_root(config, &first, &path) {
            return false;
        }
        if AT_ROOT.contains(&segment) {
            return true;
        }
        if let Some(exists) = self.around.vars.file(FileTest::Exists, &first) {
            return exists;
        }
        let document_root = self.around.vars.variable(Variable::DocumentRoot);
        if document_root.prefix().starts_with(&format!("{first}/")) || document_root.prefix() == first {
            return true;
        }
        match self.by {
            // Images of containers have folders of their own at the root, but nobody puts `index.php` there.
            _ if segment.contains('.') => false,
            Some(span) => self.around.vars.decide(&format!("whether {first} exists"), false, span, true),
            None => false,
        }
    }

    fn names_root(&mut self, config: &Config<'_>, first: &str, path: &str) -> bool {
        let Some(rule) = self.last_substitution.filter(|_| !config.options.is_some_and(|o| o.unsafe_prefix_stat)) else {
            return true;
        };
        let rule = &rule.syntax;
        if rule.flags.unsafe_prefix_stat || rule.substitution.starts_with(first) {
            return true;
        }
        [Variable::DocumentRoot, Variable::ContextDocumentRoot].into_iter().any(|root| {
            let root = self.around.vars.variable(root);
            root.known().is_some_and(|root| path.starts_with(root))
        })
    }

    pub(super) fn ran(self, action: Action) -> Ran {
        let is_redirect = matches!(action, Action::Redirect { .. } | Action::Status(_) | Action::Refused(_));
        Ran {
            // Without a status (`R=word`) there is no status line to send.
            status: self.status.filter(|_| !is_redirect).map(|status| if status == 0 { 500 } else { status }),
            action,
            by: self.by,
            steps: self.steps,
            args: self.current.args,
            path_info: self.current.path_info,
            handler: self.current.handler,
            mime_type: self.current.mime_type,
            end: self.end,
        }
    }
}

/// A value without a known beginning.
pub(super) fn without(value: &Value, beginning: &str) -> Value {
    match value {
        Value::Known(text) => Value::Known(text.strip_prefix(beginning).unwrap_or(text).to_owned()),
        Value::Unknown { prefix, why, .. } => match prefix.strip_prefix(beginning) {
            Some(rest) => Value::Unknown { prefix: rest.to_owned(), nonempty: !rest.is_empty(), why: why.clone() },
            None => unknown_value(why),
        },
    }
}
