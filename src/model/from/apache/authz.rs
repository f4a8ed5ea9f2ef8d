//! `Require` and its containers (`mod_authz_core`).

use std::borrow::Cow;

use super::chain::Layer;
use super::walk::Walk;
use crate::model::from::lookup::Found;
use crate::model::{Combine, Gate, GateKind, Scheme, Verdict};
use crate::project::apache::{Directive, DirectiveId};
use crate::syntax::apache::Name;
use crate::syntax::apache::subnet::Subnet;

/// The directives that make the tree of a section.
pub(super) const REQUIRES: &[Name] = &[Name::Require, Name::RequireAll, Name::RequireAny, Name::RequireNone];

/// How a container combines what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    And,
    Or,
}

/// A container, or one `Require`.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    /// Its directive; `None`: the container that the section itself is, or that `AuthMerging` makes.
    pub(super) directive: Option<DirectiveId>,
    pub(super) op: Op,
    pub(super) negated: bool,
    pub(super) children: Vec<Tree>,
    /// Whether it is for the method of the request (`<Limit>`).
    pub(super) applies: bool,
}

impl Tree {
    /// The first directive of it that is for the method.
    pub(super) fn first_directive(&self) -> Option<DirectiveId> {
        self.directive.or_else(|| self.children.iter().filter(|c| c.applies).find_map(Tree::first_directive))
    }
}

/// What a tree says (`authz_status`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Granted,
    Denied,
    /// Denied as long as no user is known.
    DeniedNoUser,
    /// Nothing: neither for nor against.
    Neutral,
}

/// One `Require` with what it asks.
#[derive(Clone, Debug)]
pub(super) struct Requirement {
    pub(super) provider: String,
    pub(super) args: Vec<String>,
    pub(super) negated: bool,
}

impl Requirement {
    /// Reads a `Require`.
    pub(super) fn of(directive: &Directive) -> Self {
        let (negated, provider) = provider_of(directive);
        let args = directive.args().skip(1 + usize::from(negated)).map(Cow::into_owned);
        Self { provider: provider.into_owned(), args: args.collect(), negated }
    }

    /// Whether it can only be met by a user.
    pub(super) fn needs_user(&self) -> bool {
        needs_user(&self.provider)
    }

    /// The kind of gate that it is; `None`: it asks for nothing, or for a user.
    pub(super) fn kind(&self) -> Option<GateKind> {
        kind_of(&self.provider)
    }
}

/// Whether a `Require` asks for the opposite, and what it asks: `valid-user`, `ip` …
pub(super) fn provider_of<'a>(directive: &Directive<'a>) -> (bool, Cow<'a, str>) {
    let first = directive.arg(0);
    if first.eq_ignore_ascii_case("not") { (true, directive.arg(1)) } else { (false, first) }
}

/// Whether only a user can have what is asked.
pub(super) fn needs_user(provider: &str) -> bool {
    matches!(provider, "valid-user" | "user" | "group" | "file-owner" | "file-group" | "dbm-group" | "dbd-group")
        || provider.starts_with("ldap-")
}

/// The kind of gate that asks it; `None`: it asks for a user.
pub(super) fn kind_of(provider: &str) -> Option<GateKind> {
    Some(match provider {
        "all" | "ip" | "host" | "local" | "forward-dns" => GateKind::Address,
        "env" | "method" | "expr" | "ssl" | "ssl-verify-client" => GateKind::Condition,
        _ if needs_user(provider) => return None,
        _ => GateKind::Opaque,
    })
}

/// Whether a method named in `<Limit>` is that of a request; `HEAD` counts as `GET`.
fn same_method(named: &str, method: &str) -> bool {
    let plain = |m| if m == "HEAD" { "GET" } else { m };
    plain(named) == plain(method)
}

/// Whether a directive is for a method, as the `<Limit>` and `<LimitExcept>` around it say.
pub(super) fn is_for_method(directive: &Directive, method: &str) -> bool {
    directive.ancestors().take_while(|a| !matches!(a.name(), Name::Directory | Name::Location | Name::VirtualHost)).all(
        |around| {
            let named = || around.args().any(|m| same_method(&m, method));
            match around.name() {
                Name::Limit => named(),
                Name::LimitExcept => !named(),
                _ => true,
            }
        },
    )
}

impl<'a> Walk<'_, 'a> {
    /// The tree that is for the request after `AuthMerging`; `None`: there is no `Require`.
    pub(super) fn authz_tree(&mut self) -> Option<Tree> {
        let layers = self.r.layers.clone();
        let mut merged = Merged::default();
        for group in layers.chunk_by(|a, b| a.group == b.group) {
            let mut inner: Option<Merged> = None;
            for layer in group {
                let own = self.authz_of(*layer);
                match &mut inner {
                    Some(inner) => inner.merge(own),
                    None => inner = Some(own),
                }
            }
            merged.merge(inner.unwrap_or_default());
        }
        merged.tree
    }

    /// What a section has itself.
    fn authz_of(&mut self, layer: Layer) -> Merged {
        let requires = self.own(layer.section, REQUIRES);
        let merging = self.own(layer.section, &[Name::AuthMerging]).last().map(|id| {
            let word = self.directive(*id).arg(0).to_ascii_lowercase();
            match word.as_str() {
                "and" => Merging::And,
                "or" => Merging::Or,
                _ => Merging::Off,
            }
        });
        let children: Vec<Tree> = requires.into_iter().map(|id| self.tree_of(id)).collect();
        let tree = (!children.is_empty()).then(|| {
            let applies = children.iter().any(|c| c.applies);
            Tree { directive: None, op: Op::Or, negated: false, children, applies }
        });
        Merged { tree, merging }
    }

    fn tree_of(&mut self, id: DirectiveId) -> Tree {
        let directive = self.directive(id);
        let (op, negated) = match directive.name() {
            Name::RequireAll => (Op::And, false),
            Name::RequireAny => (Op::Or, false),
            Name::RequireNone => (Op::Or, true),
            _ => {
                let applies = is_for_method(&directive, &self.r.method);
                let negated = directive.arg(0).eq_ignore_ascii_case("not");
                return Tree { directive: Some(id), op: Op::Or, negated, children: Vec::new(), applies };
            }
        };
        let inner: Vec<DirectiveId> = directive.children().filter(|c| REQUIRES.contains(&c.name())).map(|c| c.id).collect();
        let mut children = Vec::with_capacity(inner.len());
        for child in inner {
            if self.in_force(child) {
                children.push(self.tree_of(child));
            }
        }
        let applies = children.iter().any(|c| c.applies);
        Tree { directive: Some(id), op, negated, children, applies }
    }

    /// What a tree says (`apply_authz_sections`). `combine`: how it stands with what is around it.
    pub(super) fn apply(&mut self, tree: &Tree, parent: Op, combine: Combine) -> Answer {
        if !tree.applies {
            return if parent == Op::And { Answer::Granted } else { Answer::Neutral };
        }
        let answer = match tree.directive {
            Some(id) if tree.children.is_empty() => self.check(id, tree.negated, combine),
            _ => self.apply_all(tree, combine),
        };
        match (tree.negated, answer) {
            (true, Answer::Granted) => Answer::Denied,
            (true, _) => Answer::Neutral,
            (false, answer) => answer,
        }
    }

    fn apply_all(&mut self, tree: &Tree, combine: Combine) -> Answer {
        let several = tree.children.iter().filter(|c| c.applies).count() > 1;
        let combine = match tree.op {
            _ if !several => combine,
            Op::And => Combine::All,
            Op::Or => Combine::Any,
        };
        let ends = if tree.op == Op::And { Answer::Denied } else { Answer::Granted };
        let mut answer = Answer::Neutral;
        for child in &tree.children {
            let said = self.apply(child, tree.op, combine);
            if said == Answer::Neutral {
                continue;
            }
            if said == ends {
                return said;
            }
            let user_may_help = said == Answer::DeniedNoUser && (tree.op == Op::And || answer == Answer::Denied);
            if user_may_help || answer == Answer::Neutral {
                answer = said;
            }
        }
        answer
    }

    /// What one `Require` says, its `not` left out, and the gate that it is.
    fn check(&mut self, id: DirectiveId, negated: bool, combine: Combine) -> Answer {
        let directive = self.directive(id);
        if directive.name() != Name::Require {
            return Answer::Neutral;
        }
        let requirement = Requirement::of(&directive);
        if requirement.needs_user() {
            self.user_gate.get_or_insert((id, combine));
        }
        let answer = if self.request.assume.gates_pass {
            self.assumed_answer(&requirement)
        } else {
            self.answer(&directive, &requirement)
        };
        // Who is let in whoever he is meets no gate, unless others stand beside it.
        let open = requirement.provider == "all" && answer == Answer::Granted && combine == Combine::All;
        if let Some(kind) = requirement.kind().filter(|_| !open) {
            let passes = (answer == Answer::Granted) != negated;
            let verdict = if passes { Verdict::Passes } else { Verdict::Refuses(403) };
            let span = directive.span();
            let known = self.gates.iter().any(|g| g.span == span);
            if !known {
                self.gates.push(Gate { kind, realm: None, span, source: None, combine, verdict });
            }
        }
        answer
    }

    fn answer(&mut self, directive: &Directive<'a>, requirement: &Requirement) -> Answer {
        if directive.is_unknown() {
            return self.ask(directive, false);
        }
        if requirement.needs_user() {
            return self.check_user(directive, requirement);
        }
        let granted = |yes: bool| if yes { Answer::Granted } else { Answer::Denied };
        match requirement.provider.as_str() {
            "all" => granted(requirement.args.first().is_some_and(|a| a.eq_ignore_ascii_case("granted"))),
            "ip" => match self.ip_matches(&requirement.args) {
                Some(yes) => granted(yes),
                None => self.ask(directive, false),
            },
            "local" => match self.client {
                Some(client) if client.is_loopback() => Answer::Granted,
                // The address of the server itself counts too.
                Some(client) if super::vhost::local_address(self.request) == Some(client) => Answer::Granted,
                _ => Answer::Denied,
            },
            "env" => granted(requirement.args.iter().any(|name| self.r.env.get(name).is_some())),
            "method" => granted(requirement.args.iter().any(|m| same_method(m, &self.r.method))),
            "ssl" => granted(self.request.scheme == Scheme::Https),
            // That name is an address of the machine itself, whoever is asked. Whether it is also the name of the address is not as certain.
            "forward-dns" | "host" if requirement.args.iter().all(|name| name.eq_ignore_ascii_case("localhost")) => {
                match self.client.map(|client| client.is_loopback()) {
                    Some(true) if requirement.provider == "forward-dns" => Answer::Granted,
                    Some(false) => Answer::Denied,
                    _ => self.ask(directive, false),
                }
            }
            "expr" => self.check_expression(directive),
            _ => self.ask(directive, false),
        }
    }

    /// What a `Require` says to a client who has what every gate asks for.
    fn assumed_answer(&self, requirement: &Requirement) -> Answer {
        match requirement.provider.as_str() {
            // Nobody has what `all denied` asks for.
            "all" if !requirement.args.first().is_some_and(|a| a.eq_ignore_ascii_case("granted")) => Answer::Denied,
            "all" => Answer::Granted,
            _ if requirement.negated => Answer::Denied,
            _ if requirement.needs_user() && self.r.user.is_none() => Answer::DeniedNoUser,
            _ => Answer::Granted,
        }
    }

    fn ask(&mut self, directive: &Directive<'a>, default: bool) -> Answer {
        let question = format!("whether {} is met", directive.text());
        if self.decide(&question, default, directive.span(), false) { Answer::Granted } else { Answer::Denied }
    }

    fn ip_matches(&self, args: &[String]) -> Option<bool> {
        let client = self.client?;
        Some(args.iter().any(|arg| Subnet::parse(arg).is_some_and(|net| net.contains(client))))
    }

    fn check_user(&mut self, directive: &Directive<'a>, requirement: &Requirement) -> Answer {
        let Some(user) = self.r.user.clone() else { return Answer::DeniedNoUser };
        let Some(name) = user.known() else {
            return if requirement.provider == "valid-user" { Answer::Granted } else { self.ask(directive, true) };
        };
        let granted = |yes: bool| if yes { Answer::Granted } else { Answer::Denied };
        match requirement.provider.as_str() {
            "valid-user" => Answer::Granted,
            "user" => granted(requirement.args.iter().any(|arg| arg == name)),
            "group" => match self.is_in_group(name, &requirement.args) {
                Some(yes) => granted(yes),
                None => self.ask(directive, true),
            },
            _ => self.ask(directive, true),
        }
    }

    fn is_in_group(&mut self, user: &str, groups: &[String]) -> Option<bool> {
        // Without a file, or one that cannot be opened, nobody is in a group.
        let Some(file) = self.last(&[Name::AuthGroupFile]) else {
            return (!self.host.shared.is_tree()).then_some(false);
        };
        if file.is_unknown() {
            return None;
        }
        let path = self.host.shared.server_file(file.arg(0))?;
        let text = match self.read(&path) {
            Found::There(text) => text,
            Found::Missing => return Some(false),
            Found::Unknown => return None,
        };
        let mut lines = text.lines().map(str::trim).filter(|l| !l.starts_with('#'));
        Some(lines.any(|line| {
            line.split_once(':').is_some_and(|(group, users)| {
                groups.iter().any(|g| g == group.trim()) && users.split_whitespace().any(|u| u == user)
            })
        }))
    }

    fn check_expression(&mut self, directive: &Directive<'a>) -> Answer {
        if self.condition(directive) {
            return Answer::Granted;
        }
        let asks_user = directive.raw_args().to_ascii_uppercase().contains("REMOTE_USER");
        if asks_user { Answer::DeniedNoUser } else { Answer::Denied }
    }
}

/// What `AuthMerging` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Merging {
    Off,
    And,
    Or,
}

/// A tree on its way through the sections.
#[derive(Clone, Debug, Default)]
struct Merged {
    tree: Option<Tree>,
    merging: Option<Merging>,
}

impl Merged {
    /// Merges what an inner section has (`merge_authz_core_dir_config`).
    fn merge(&mut self, new: Merged) {
        match new.merging {
            None if new.tree.is_none() => {}
            None | Some(Merging::Off) => *self = new,
            Some(merging) => {
                let op = if merging == Merging::And { Op::And } else { Op::Or };
                self.tree = match (self.tree.take(), new.tree) {
                    (Some(base), Some(own)) => {
                        let applies = base.applies || own.applies;
                        Some(Tree { directive: None, op, negated: false, children: vec![base, own], applies })
                    }
                    (base, own) => base.or(own),
                };
                self.merging = Some(merging);
            }
        }
    }
}
