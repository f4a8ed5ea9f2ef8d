//! Where the walk sets variables and edits header fields: `SetEnvIf` and its like, `SetEnv`, `RequestHeader`, `Header`.

use std::borrow::Cow;
use std::collections::HashMap;

use super::env::Env;
use super::eval::context_of;
use super::headers::{self, HeaderEdit};
use super::section::{Kind, SectionId};
use super::setenvif::{self, SetEnvIf};
use super::vars::Vars;
use super::walk::Walk;
use crate::model::Value;
use crate::model::fact::unknown_value;
use crate::model::from::regexes::Regexes;
use crate::project::apache::{Config, Directive, DirectiveId};
use crate::source::SourceMap;
use crate::syntax::apache::Name;
use crate::syntax::apache::header::{self, Table};
use crate::syntax::apache::setenvif as syntax;

const SETENVIF: &[Name] =
    &[Name::SetEnvIf, Name::SetEnvIfNoCase, Name::SetEnvIfExpr, Name::BrowserMatch, Name::BrowserMatchNoCase];

const ENV: &[Name] = &[Name::SetEnv, Name::UnsetEnv, Name::PassEnv];

type ById<T> = HashMap<DirectiveId, T, foldhash::fast::FixedState>;

/// The directives that the server would take, read once.
#[derive(Debug, Default)]
pub(super) struct Edits {
    setenvif: ById<SetEnvIf>,
    headers: ById<HeaderEdit>,
}

/// Reads the directives of a configuration.
pub(super) fn lower(config: &Config, sources: &SourceMap, regexes: &mut Regexes) -> Edits {
    let mut edits = Edits::default();
    for name in SETENVIF {
        for directive in config.all(sources, *name).filter(|d| !d.is_unknown()) {
            let args = arguments(directive);
            if let Ok(parsed) = syntax::SetEnvIf::parse(*name, &borrowed(&args), context_of(&directive)) {
                edits.setenvif.insert(directive.id, SetEnvIf::lower(parsed, directive.span(), regexes));
            }
        }
    }
    for name in [Name::Header, Name::RequestHeader] {
        for directive in config.all(sources, name) {
            let args = arguments(directive);
            let parsed = header::HeaderEdit::parse(name == Name::RequestHeader, &borrowed(&args), context_of(&directive));
            let Ok(parsed) = parsed else { continue };
            // A hole in a value leaves the value open, any other the whole directive.
            let is_open = directive.is_unknown();
            if !is_open || has_closed_name(&directive, &parsed) {
                let edit = HeaderEdit::lower(parsed, is_open, directive.span(), regexes);
                edits.headers.insert(directive.id, edit);
            }
        }
    }
    edits
}

fn arguments(directive: Directive<'_>) -> Vec<Cow<'_, str>> {
    directive.args().collect()
}

/// Whether a directive with a hole has it in the value of a header field and nowhere else.
fn has_closed_name(directive: &Directive<'_>, edit: &header::HeaderEdit) -> bool {
    let value = 3 + tables(directive);
    let holes = directive.words().iter().enumerate().filter(|(_, word)| word.hole).map(|(index, _)| index);
    let variables = directive.args().enumerate().filter(|(_, arg)| arg.contains("${")).map(|(index, _)| index + 1);
    holes.chain(variables).all(|index| index == value) && edit.when == header::When::Always
}

fn borrowed<'c>(args: &'c [Cow<'_, str>]) -> Vec<&'c str> {
    args.iter().map(AsRef::as_ref).collect()
}

/// What `SetEnv`, `PassEnv` and `UnsetEnv` of a section, or of several merged, set (`env_dir_config_rec`).
#[derive(Clone, Debug, Default)]
struct Variables {
    set: Env,
    removed: Vec<String>,
}

impl Variables {
    /// What holds where an inner section is in an outer one (`merge_env_dir_configs`): it forgets what was removed, so that variables
    /// of the server survive a `.htaccess` in a folder that sets some itself.
    fn merge(mut self, inner: &Self) -> Self {
        self.removed.clear();
        for name in &inner.removed {
            self.set.set(name, None, None);
        }
        for variable in inner.set.iter() {
            self.set.set(&variable.name, Some(variable.value.clone()), variable.by);
        }
        self
    }
}

impl<'w> Walk<'w, '_> {
    /// What happens before anything is mapped: header edits that are `early`, and `SetEnvIf` of the server.
    pub(super) fn post_read_request(&mut self) {
        let servers: Vec<SectionId> = self.host.servers().collect();
        let mut edits = Vec::new();
        for section in &servers {
            edits.extend(self.own(*section, &[Name::RequestHeader, Name::Header]));
        }
        for table in [Table::Request, Table::Always, Table::Success] {
            self.edit(&edits, table, true);
        }
        self.quick_authorization = self.header("authorization").is_some();
        self.set_env_if(&servers);
    }

    /// `SetEnvIf` of sections.
    pub(super) fn header_parser(&mut self) {
        let host = self.host;
        let is_server = |section: SectionId| matches!(host.shared.sections.get(section).kind, Kind::Main | Kind::VirtualHost);
        let sections: Vec<SectionId> = self.r.layers.iter().map(|l| l.section).filter(|s| !is_server(*s)).collect();
        self.set_env_if(&sections);
    }

    fn set_env_if(&mut self, sections: &[SectionId]) {
        let host = self.host;
        let mut lists: Vec<Vec<&'w SetEnvIf>> = Vec::with_capacity(sections.len());
        for section in sections {
            let own = self.own(*section, SETENVIF);
            self.note_holes(&own, "which variables a template sets");
            lists.push(own.iter().filter_map(|id| host.shared.edits.setenvif.get(id)).collect());
        }
        setenvif::run(lists, self, &host.shared.regexes);
    }

    /// `SetEnv`, `PassEnv`, `UnsetEnv`: together they make one list, which is laid over what there is. Sections of a kind are merged
    /// by themselves first.
    pub(super) fn set_env(&mut self) {
        let layers = self.r.layers.clone();
        let mut merged: Option<Variables> = None;
        let merge = |outer: Option<Variables>, inner: Variables| match outer {
            Some(outer) => outer.merge(&inner),
            None => inner,
        };
        for group in layers.chunk_by(|a, b| a.group == b.group) {
            let mut inside = None;
            for layer in group {
                let own = self.own(layer.section, ENV);
                if !own.is_empty() {
                    inside = Some(merge(inside, self.variables_of(&own)));
                }
            }
            if let Some(inside) = inside {
                merged = Some(merge(merged, inside));
            }
        }
        for variable in merged.unwrap_or_default().set.iter() {
            self.r.env.add(variable.clone());
        }
    }

    fn variables_of(&self, directives: &[DirectiveId]) -> Variables {
        let mut variables = Variables::default();
        for id in directives {
            let directive = self.directive(*id);
            let span = Some(directive.span());
            match directive.name() {
                Name::UnsetEnv => directive.args().for_each(|name| {
                    variables.set.set(&name, None, None);
                    variables.removed.push(name.into_owned());
                }),
                Name::PassEnv => directive.args().for_each(|name| {
                    variables.set.set(&name, Some(unknown_value("environment of the server")), span);
                }),
                _ => {
                    let value = if directive.is_unknown() {
                        unknown_value("template hole")
                    } else {
                        Value::Known(directive.arg(1).into_owned())
                    };
                    variables.set.set(&directive.arg(0), Some(value), span);
                }
            }
        }
        variables
    }

    /// `RequestHeader`.
    pub(super) fn request_headers(&mut self) {
        let edits = self.all(&[Name::RequestHeader]);
        self.edit(&edits, Table::Request, false);
    }

    pub(super) fn edit(&mut self, edits: &[DirectiveId], table: Table, early: bool) {
        let host = self.host;
        self.note_holes(edits, "which header fields a template edits");
        for id in edits {
            let Some(edit) = host.shared.edits.headers.get(id) else { continue };
            let is_there = self.fields(table).iter().any(|f| f.name.eq_ignore_ascii_case(edit.name()));
            let applied = headers::apply(edit, table, early, self, &host.shared.regexes);
            if applied && edit.replaces() && self.answers_in == Some(table) {
                self.replaced_cache_control |= edit.name().eq_ignore_ascii_case("cache-control");
            }
            if !applied || !edit.removes() {
                continue;
            }
            let removed = (edit.name().to_owned(), self.directive(*id).span());
            if table == Table::Request {
                self.cleared.push(removed);
            } else if is_there || self.answers_in == Some(table) && (self.reached || is_of_file(edit.name())) {
                self.hidden.push(removed);
            }
        }
    }

    fn note_holes(&mut self, directives: &[DirectiveId], what: &str) {
        let edits = &self.host.shared.edits;
        for id in directives {
            let directive = self.directive(*id);
            if directive.is_unknown() && !edits.headers.contains_key(id) {
                self.note_unknown(what, directive.span(), false);
            }
        }
    }
}

/// Whether a field is among those that the server gives a file.
pub(super) fn is_of_file(name: &str) -> bool {
    let known = ["content-type", "content-length", "last-modified", "etag", "accept-ranges", "cache-control", "expires"];
    known.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// How many words before the action say which table is meant: `always`, `onsuccess`.
pub(super) fn tables(directive: &Directive<'_>) -> usize {
    let first = directive.arg(0);
    usize::from(first.eq_ignore_ascii_case("always") || first.eq_ignore_ascii_case("onsuccess"))
}
