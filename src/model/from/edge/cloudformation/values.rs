//! Values of a template: intrinsic functions, short (`!Ref X`) and long (`Ref: X`), parameters with a default.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::discover::edge::resources;
use crate::model::from::edge::read::may_have_mark;
use crate::syntax::yaml::Yaml;

/// How deep conditions in conditions are followed.
const MAX_DEPTH: usize = 16;

/// What a value may be.
#[derive(Clone, Copy)]
pub(super) enum Alternative<'a> {
    /// What is written there.
    Node(Yaml<'a>),
    /// The resource of that logical name, or an attribute of it.
    Resource(&'a str),
    /// Nothing: `AWS::NoValue`.
    Absent,
    /// The template does not tell.
    Unknown,
}

/// A template as a whole: what names in it stand for.
pub(super) struct Template<'a> {
    /// In the order of the text.
    pub(super) resources: Vec<(&'a str, Yaml<'a>)>,
    by_name: HashMap<&'a str, Yaml<'a>, FixedState>,
    parameters: Option<Yaml<'a>>,
    /// What SAM adds to resources of a kind.
    pub(super) globals: Option<Yaml<'a>>,
}

impl<'a> Template<'a> {
    pub(super) fn new(document: Yaml<'a>) -> Self {
        let resources = resources(document);
        let by_name = resources.iter().copied().collect();
        Self { resources, by_name, parameters: document.get("Parameters"), globals: document.get("Globals") }
    }

    /// The resource of a logical name, if it is of a type.
    pub(super) fn resource(&self, name: &str, of: &str) -> Option<Yaml<'a>> {
        let resource = *self.by_name.get(name)?;
        resource.get("Type").and_then(Yaml::as_str).filter(|kind| *kind == of).map(|_| resource)
    }

    /// Whether a name is that of a resource whose type begins so.
    pub(super) fn is_of(&self, name: &str, kind: &str) -> bool {
        let found = self.by_name.get(name);
        found.and_then(|resource| resource.get("Type")).and_then(Yaml::as_str).is_some_and(|t| t.starts_with(kind))
    }

    /// Everything that a value may be, both branches of each condition.
    pub(super) fn alternatives(&self, node: Yaml<'a>) -> Vec<Alternative<'a>> {
        let mut found = Vec::new();
        self.collect(node, &mut found, 0);
        found
    }

    /// The value, if there is only one that the template tells.
    pub(super) fn only(&self, node: Yaml<'a>) -> Option<Yaml<'a>> {
        // Most values are written out.
        if function(node).is_none() {
            return is_told(node).then_some(node);
        }
        match self.alternatives(node).as_slice() {
            [Alternative::Node(node)] => Some(*node),
            _ => None,
        }
    }

    /// The logical name of the resource that a value stands for, if it can only be that one.
    pub(super) fn only_resource(&self, node: Yaml<'a>) -> Option<&'a str> {
        match self.alternatives(node).as_slice() {
            [Alternative::Resource(name)] => Some(name),
            _ => None,
        }
    }

    /// The text of a value, if the template tells it.
    pub(super) fn text(&self, node: Yaml<'a>) -> Option<&'a str> {
        self.only(node).and_then(Yaml::raw)
    }

    /// The number of a value, if the template tells it.
    pub(super) fn number(&self, node: Yaml<'a>) -> Option<u64> {
        self.text(node)?.trim().parse().ok()
    }

    /// The texts of a list, and whether all of it is known.
    pub(super) fn texts(&self, node: Yaml<'a>) -> (Vec<&'a str>, bool) {
        let Some(list) = self.only(node) else { return (Vec::new(), false) };
        if !list.is_sequence() {
            return (list.raw().into_iter().collect(), true);
        }
        let texts: Vec<Option<&str>> = list.items().map(|item| self.text(item)).collect();
        let whole = texts.iter().all(Option::is_some);
        (texts.into_iter().flatten().collect(), whole)
    }

    /// The nodes that a value may be, and whether it is certain that there is just that one.
    pub(super) fn nodes(&self, node: Yaml<'a>) -> Vec<(Yaml<'a>, bool)> {
        let all = self.alternatives(node);
        let certain = all.len() == 1;
        let node = |alternative: Alternative<'a>| match alternative {
            Alternative::Node(node) => Some((node, certain)),
            _ => None,
        };
        all.into_iter().filter_map(node).collect()
    }

    fn collect(&self, node: Yaml<'a>, found: &mut Vec<Alternative<'a>>, depth: usize) {
        if depth > MAX_DEPTH {
            found.push(Alternative::Unknown);
            return;
        }
        let Some((function, argument)) = function(node) else {
            found.push(if is_told(node) { Alternative::Node(node) } else { Alternative::Unknown });
            return;
        };
        match function {
            "If" => {
                let branches: Vec<Yaml> = argument.items().skip(1).collect();
                if branches.len() == 2 {
                    for branch in branches {
                        self.collect(branch, found, depth + 1);
                    }
                } else {
                    found.push(Alternative::Unknown);
                }
            }
            "Ref" => self.name(argument.raw().unwrap_or_default(), found, depth),
            "GetAtt" => {
                let first = argument.items().next().and_then(Yaml::raw);
                let name = first.or_else(|| argument.raw()?.split('.').next()).unwrap_or_default();
                let known = self.by_name.contains_key(name);
                found.push(if known { Alternative::Resource(name) } else { Alternative::Unknown });
            }
            "Sub" => {
                let text = argument.raw().unwrap_or_default();
                let inner = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).filter(|name| !name.contains("${"));
                match inner {
                    Some(name) => self.name(name.split('.').next().unwrap_or_default(), found, depth),
                    None if !text.contains("${") && argument.is_scalar() => found.push(Alternative::Node(argument)),
                    None => found.push(Alternative::Unknown),
                }
            }
            _ => found.push(Alternative::Unknown),
        }
    }

    fn name(&self, name: &'a str, found: &mut Vec<Alternative<'a>>, depth: usize) {
        if name == "AWS::NoValue" {
            found.push(Alternative::Absent);
        } else if self.by_name.contains_key(name) {
            found.push(Alternative::Resource(name));
        } else {
            let default =
                self.parameters.and_then(|parameters| parameters.get(name)).and_then(|parameter| parameter.get("Default"));
            match default.filter(|default| default.raw().is_some_and(|text| !text.is_empty())) {
                Some(default) => self.collect(default, found, depth + 1),
                None => found.push(Alternative::Unknown),
            }
        }
    }

    /// The logical names that a value is made of, wherever they stand in it.
    pub(super) fn names_in(&self, node: Yaml<'a>) -> Vec<&'a str> {
        let mut names = Vec::new();
        let mut pending = vec![node];
        while let Some(node) = pending.pop() {
            // A value of a template is small; what is not is no value.
            if names.len() > 64 || pending.len() > 256 {
                break;
            }
            if let Some(text) = node.raw() {
                let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
                names.extend(words.filter(|word| self.by_name.contains_key(word)));
            }
            pending.extend(node.items());
            pending.extend(node.entries().into_iter().map(|entry| entry.value));
        }
        names
    }
}

/// The intrinsic function of a node, without `!` or `Fn::`, and its argument.
fn function(node: Yaml<'_>) -> Option<(&str, Yaml<'_>)> {
    if let Some(tag) = node.tag().and_then(|tag| tag.strip_prefix('!')).filter(|tag| !tag.starts_with('!')) {
        return Some((tag, node));
    }
    let entry = node.only_entry()?;
    let key = entry.key.raw()?;
    let name = key.strip_prefix("Fn::").or_else(|| (key == "Ref").then_some(key))?;
    Some((name, entry.value))
}

/// Whether what is written at a node is there when the template is read.
fn is_told(node: Yaml) -> bool {
    !node.raw().is_some_and(is_filled_in_later)
}

/// Whether a text is filled in before the template is read: a variable of the Serverless Framework, a template of another tool.
fn is_filled_in_later(text: &str) -> bool {
    may_have_mark(text) && ["${", "{{", "<%", "%{"].iter().any(|mark| text.contains(mark))
}
