//! Where the walk runs `mod_rewrite`: before the URL is mapped, and among the fixups of a folder.

use std::collections::HashMap;

use super::eval::context_of;
use super::frame::{HandlerName, Proxied};
use super::host::Host;
use super::rewrite::{Action, Config as Rules, Current, Folder, Ran, Step, Surroundings, in_folder, in_server, program};
use super::section::{Kind, SectionId, pattern_text};
use super::walk::{Stop, Walk};
use crate::model::Value;
use crate::model::from::regexes::Regexes;
use crate::project::apache::{Config, DirectiveId};
use crate::source::{SourceMap, Span};
use crate::syntax::apache::Name;
use crate::syntax::apache::rewrite::{Map, Options};

/// The directives of `mod_rewrite` that sections have.
const DIRECTIVES: &[Name] = &[Name::RewriteEngine, Name::RewriteOptions, Name::RewriteBase, Name::RewriteCond, Name::RewriteRule];

/// What stands before the path that a folder's rules made, in place of a file.
pub(super) const ANEW: &str = "redirect:";

/// All directives of the module.
const MENTIONS: &[Name] =
    &[Name::RewriteEngine, Name::RewriteOptions, Name::RewriteBase, Name::RewriteCond, Name::RewriteRule, Name::RewriteMap];

impl Host<'_> {
    /// Whether the virtual host, or a section in it, has a directive of these names. Without any directive of `mod_rewrite` it runs no
    /// rules of the server, not even inherited ones.
    fn mentions(&self, names: &[Name]) -> bool {
        let Some(head) = self.directive() else { return true };
        let config = self.shared.config;
        let Some(placed) = config.placed.get(head.id as usize) else { return true };
        let inside = |ids: &Vec<DirectiveId>| {
            let first = ids.partition_point(|id| *id <= head.id);
            let own = ids.get(first..).unwrap_or_default();
            own.iter().take_while(|id| **id < placed.subtree_end).any(|id| self.shared.usually(*id))
        };
        names.iter().filter_map(|name| config.by_name.get(*name as usize)).any(inside)
    }
}

/// All rules and conditions that the server would take, by their directive.
pub(super) type Steps = HashMap<DirectiveId, Step, foldhash::fast::FixedState>;

/// Reads the rules and conditions of a configuration.
pub(super) fn steps(config: &Config, sources: &SourceMap, regexes: &mut Regexes) -> Steps {
    let mut steps = Steps::default();
    for name in [Name::RewriteRule, Name::RewriteCond] {
        for directive in config.all(sources, name) {
            let raw = directive.raw_args();
            let step = match name {
                Name::RewriteRule => Step::rule(&raw, directive.span(), regexes),
                _ => Step::condition(&raw, context_of(&directive), directive.span(), regexes),
            };
            if let Ok(step) = step {
                steps.insert(directive.id, step);
            }
        }
    }
    steps
}

impl<'w> Walk<'w, '_> {
    /// `mod_rewrite` of the server; whether it mapped the request.
    pub(super) fn server_rewrite(&mut self) -> Result<bool, Stop> {
        if self.rewrites_end {
            return Ok(false);
        }
        let servers: Vec<SectionId> = self.host.servers().collect();
        let mut merged: Option<Rules<'w>> = None;
        for section in servers {
            let own = self.rules_of(section, true);
            if own.is_none() && self.host.section == Some(section) && !self.host.mentions(MENTIONS) {
                return Ok(false);
            }
            let own = own.unwrap_or_default();
            merged = Some(match &merged {
                Some(outer) => Rules::merge(outer, own),
                None => own,
            });
        }
        let Some(rules) = merged.filter(Rules::is_on) else { return Ok(false) };
        // Until the URL is mapped, its path stands for the file where rules may run.
        self.r.path_is_file = true;
        if rules.rules.is_empty() {
            return Ok(false);
        }
        let current = Current {
            filename: Value::Known(self.r.uri.clone()),
            path_info: Value::Known(String::new()),
            args: self.r.args.clone(),
            proxied: false,
            handler: self.r.forced_handler.clone(),
            mime_type: self.r.forced_type.clone(),
        };
        let maps = self.maps();
        let (host, subrequest) = (self.host, self.r.subrequest);
        let mut around = Surroundings { vars: self, regexes: &host.shared.regexes, maps: &maps, subrequest };
        let ran = in_server(&mut around, &rules, current);
        let by = self.take_in(&ran);
        match ran.action {
            Action::Unchanged => Ok(false),
            Action::PassThrough { uri } => {
                self.r.uri = known(uri, by)?;
                Ok(false)
            }
            Action::File { path } => {
                self.r.filename = known(path, by)?;
                self.r.mapped_by = by;
                Ok(true)
            }
            Action::BelowRoot { path } => {
                // A path that leads out of the document root is refused (`ap_core_translate`).
                let path = super::layers::canonical(&known(path, by)?).ok_or(Stop::status(403, by))?;
                self.below_document_root(&path);
                self.r.mapped_by = by;
                Ok(true)
            }
            action => self.end_of_rules(action, by).map(|()| true),
        }
    }

    /// `mod_rewrite` of sections and `.htaccess` files.
    pub(super) fn directory_rewrite(&mut self) -> Result<(), Stop> {
        if self.rewrites_end {
            return Ok(());
        }
        let Some(rules) = self.folder_rules().filter(Rules::is_on) else { return Ok(()) };
        let filename = match &self.r.proxied {
            Some(proxied) => crate::model::fact::concat([Value::Known("proxy:".to_owned()), proxied.url.clone()]),
            None => Value::Known(self.r.filename.clone()),
        };
        let current = Current {
            filename,
            path_info: Value::Known(self.r.path_info.clone()),
            args: self.r.args.clone(),
            proxied: self.r.proxied.is_some(),
            handler: self.r.forced_handler.clone(),
            mime_type: self.r.forced_type.clone(),
        };
        let follows_links = self.option_or("followsymlinks", true) || self.option_or("symlinksifownermatch", false);
        let maps = self.maps();
        let (host, subrequest) = (self.host, self.r.subrequest);
        let mut around = Surroundings { vars: self, regexes: &host.shared.regexes, maps: &maps, subrequest };
        let ran = in_folder(&mut around, &rules, Folder { follows_links }, current);
        let by = self.take_in(&ran);
        if let Value::Known(path_info) = &ran.path_info {
            // `DPI` discards it.
            self.r.path_info.clone_from(path_info);
        }
        match ran.action {
            Action::Unchanged => Ok(()),
            Action::Internal { uri } => {
                let uri = known(uri, by)?;
                // So the file is called until the handler starts the request anew; another handler (`H`) finds no such file.
                self.r.filename = format!("{ANEW}{uri}");
                self.r.rewritten = Some((uri, self.r.args.clone()));
                Ok(())
            }
            action => {
                // The proxy takes the place of the handler that was chosen before.
                if matches!(action, Action::Proxy { .. }) {
                    self.r.handler = None;
                }
                self.end_of_rules(action, by)
            }
        }
    }

    /// What ends the request, or hands it to another server.
    fn end_of_rules(&mut self, action: Action, by: Option<DirectiveId>) -> Result<(), Stop> {
        match action {
            Action::Status(status) | Action::Refused(status) => Err(Stop::status(status, by)),
            Action::Redirect { status, location } => {
                // It stands where the file does.
                location.prefix().clone_into(&mut self.r.filename);
                self.location = Some(location);
                Err(Stop::status(status, by))
            }
            Action::Proxy { url, escape } => {
                if let Some(by) = by {
                    self.r.proxied = Some(Proxied { url, by, is_raw: !escape });
                }
                Ok(())
            }
            Action::Lost => Err(Stop::unknown("there are too many rewrite rules", by)),
            _ => Ok(()),
        }
    }

    /// Keeps what a run changed; the rule that matched last.
    fn take_in(&mut self, ran: &Ran) -> Option<DirectiveId> {
        self.steps.extend(ran.steps.iter().cloned());
        self.rewrites_end |= ran.end;
        // A rule that answers by itself takes back the status of the error whose document this is.
        let answers = matches!(ran.action, Action::Redirect { .. } | Action::Status(_));
        self.r.status = if answers { 200 } else { ran.status.unwrap_or(self.r.status) };
        self.r.args.clone_from(&ran.args);
        self.r.forced_handler.clone_from(&ran.handler);
        self.r.forced_type.clone_from(&ran.mime_type);
        ran.by.and_then(|span| self.rule_at(span))
    }

    pub(super) fn rule_at(&self, span: Span) -> Option<DirectiveId> {
        let shared = &self.host.shared;
        let ids = shared.config.by_name.get(Name::RewriteRule as usize)?;
        ids.iter().copied().find(|id| self.directive(*id).span() == span)
    }

    /// What a section has of `mod_rewrite`; `with_rules`: also where it is the server itself, whose rules are for no folder.
    fn rules_of(&mut self, section: SectionId, with_rules: bool) -> Option<Rules<'w>> {
        let own = self.own(section, DIRECTIVES);
        if own.is_empty() {
            return None;
        }
        let mut rules = Rules { directory: self.directory_of(section), ..Rules::default() };
        let mut options: Option<Options> = None;
        let mut steps = Vec::new();
        let host = self.host;
        for id in own {
            let directive = self.directive(id);
            match directive.name() {
                Name::RewriteEngine => {
                    rules.engine = Some((directive.arg(0).eq_ignore_ascii_case("on"), directive.span()));
                }
                Name::RewriteBase => rules.base = Some(directive.arg(0).into_owned()),
                Name::RewriteOptions => {
                    let words: Vec<String> = directive.args().map(std::borrow::Cow::into_owned).collect();
                    // What is wrong in it the server refuses at its start.
                    let _ = options.get_or_insert_default().add(words.iter().map(String::as_str));
                }
                _ => steps.extend(host.shared.rewrites.get(&id)),
            }
        }
        rules.options = options;
        if with_rules || rules.directory.is_some() {
            rules.rules = program(steps);
        }
        Some(rules)
    }

    /// What merging gives for the request. Sections of a kind are merged by themselves first.
    fn folder_rules(&mut self) -> Option<Rules<'w>> {
        let layers = self.r.layers.clone();
        let mut merged: Option<Rules<'w>> = None;
        let merge = |outer: Option<Rules<'w>>, inner: Rules<'w>| match &outer {
            Some(outer) => Rules::merge(outer, inner),
            None => inner,
        };
        for group in layers.chunk_by(|a, b| a.group == b.group) {
            let mut inside: Option<Rules<'w>> = None;
            for layer in group {
                if let Some(own) = self.rules_of(layer.section, false) {
                    inside = Some(merge(inside, own));
                }
            }
            if let Some(inside) = inside {
                merged = Some(merge(merged, inside));
            }
        }
        merged
    }

    /// The path that rules of a section are relative to, with a slash at its end; `None` for the server itself.
    fn directory_of(&self, section: SectionId) -> Option<String> {
        let shared = &self.host.shared;
        let own = shared.sections.get(section);
        let path = match own.kind {
            Kind::Main | Kind::VirtualHost => return None,
            Kind::If => "*If".to_owned(),
            Kind::Htaccess => {
                let at = shared.htaccess.iter().position(|s| *s == section)?;
                shared.config.htaccess.get(at)?.folder.clone()
            }
            Kind::Directory | Kind::Files | Kind::Location | Kind::Proxy => {
                pattern_text(&self.directory_directive(section)).into_owned()
            }
        };
        Some(if path.ends_with('/') { path } else { format!("{path}/") })
    }

    fn directory_directive(&self, section: SectionId) -> crate::project::apache::Directive<'_> {
        self.directive(self.host.shared.sections.get(section).directive)
    }

    /// `RewriteMap` of the host, by name: its own before those outside.
    fn maps(&mut self) -> Vec<(String, Map)> {
        let mut maps: Vec<(String, Map)> = Vec::new();
        for id in self.server_list(&[Name::RewriteMap]) {
            let directive = self.directive(id);
            let name = directive.arg(0).into_owned();
            if let Some(map) = Map::parse(&directive.arg(1)).filter(|_| !maps.iter().any(|(n, _)| *n == name)) {
                maps.push((name, map));
            }
        }
        maps
    }

    /// A handler or a type that a rule forces (`hook_mimetype`).
    pub(super) fn forced_by_rules(&mut self) {
        if let Some((name, span)) = self.r.forced_handler.clone()
            && let Some(by) = self.rule_at(span)
        {
            self.r.handler = Some(HandlerName { name, by });
            // It takes the place of the handler that would start the request anew, also where that came with an index file.
            self.r.rewritten = None;
        }
    }
}

/// The text of a value, or the end of what can be followed.
fn known(value: Value, by: Option<DirectiveId>) -> Result<String, Stop> {
    match value {
        Value::Known(text) => Ok(text),
        Value::Unknown { .. } => Err(Stop::unknown("the rewritten path is not known", by)),
    }
}
