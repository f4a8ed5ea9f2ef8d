//! The access phase: addresses, basic authentication, subrequests, tokens, and how they combine.
//!
//! Order and combination are those of `ngx_http_core_access_phase`: addresses, `auth_basic`, `auth_request`, then what modules add.

use std::net::IpAddr;

use super::geo;
use super::slots::{List, Single};
use super::walk::{End, Next, Walk};
use crate::model::from::lookup::Found;
use crate::model::from::password;
use crate::model::{Combine, Fact, Gate, GateKind, Known, Request, Value, Verdict};
use crate::project::nginx::{Directive, DirectiveId};

/// What one check says; `None` from a check means that it is not in force.
struct Checked {
    kind: GateKind,
    by: DirectiveId,
    realm: Option<Value>,
    source: Option<Fact<String>>,
    verdict: Verdict,
}

/// Whether an address lies in what `allow`, `deny` or `set_real_ip_from` names; `None`: unknown.
pub(super) fn address_matches(text: &str, address: IpAddr) -> Option<bool> {
    match text {
        "all" => Some(true),
        "unix:" => Some(false),
        _ => geo::network(text).map(|net| net.contains(&address)),
    }
}

impl Walk<'_, '_> {
    /// Runs the access phase; the status and the directive that refuses.
    pub(super) fn access(&mut self) -> Option<(u16, DirectiveId)> {
        let any = self.single(Single::Satisfy).is_some_and(|d| d.arg(0) == "any");
        let combine = if any { Combine::Any } else { Combine::All };
        let checks: [fn(&mut Self) -> Option<Checked>; 5] =
            [Self::check_addresses, Self::check_basic, Self::check_subrequest, Self::check_jwt, Self::check_code];
        for check in checks {
            let Some(checked) = check(self) else { continue };
            let verdict = if self.request.assume.gates_pass { Verdict::Passes } else { checked.verdict };
            let settled = match verdict {
                Verdict::Unknown => {
                    let question = format!("whether {} lets the request pass", self.directive(checked.by).text());
                    let sends = checked.kind != GateKind::Basic || self.request.header_value("authorization").is_some();
                    if self.decide(&question, sends, checked.by, false) {
                        Verdict::Passes
                    } else {
                        Verdict::Refuses(refusal_of(checked.kind))
                    }
                }
                other => other,
            };
            if let Some(span) = self.server.shared.span(checked.by) {
                self.gates.push(Gate {
                    kind: checked.kind,
                    realm: checked.realm,
                    span,
                    source: checked.source,
                    combine,
                    verdict,
                });
            }
            match settled {
                Verdict::Passes => {
                    if any {
                        self.pending = None;
                        return None;
                    }
                }
                Verdict::Refuses(status) => {
                    self.step(format!("refused with {status}"), checked.by);
                    if !any || !matches!(status, 401 | 403) {
                        return Some((status, checked.by));
                    }
                    if self.pending.is_none_or(|(before, _)| before != 401) {
                        self.pending = Some((status, checked.by));
                    }
                }
                Verdict::Unknown => {}
            }
        }
        // Also what the location before an `error_page` left, if it refused with something else then.
        self.pending.take()
    }

    fn check_addresses(&mut self) -> Option<Checked> {
        let rules = self.list(List::Addresses);
        let first = *rules.first()?;
        let mut verdict = None;
        for id in rules {
            let rule = self.directive(*id);
            let matched = if rule.has_hole() { None } else { self.client.and_then(|c| address_matches(&rule.arg(0), c)) };
            match matched {
                Some(false) => {}
                None => {
                    verdict = Some(Verdict::Unknown);
                    break;
                }
                Some(true) => {
                    let allows = rule.name() == crate::syntax::nginx::Name::Allow;
                    verdict = Some(if allows { Verdict::Passes } else { Verdict::Refuses(403) });
                    break;
                }
            }
        }
        Some(Checked { kind: GateKind::Address, by: first, realm: None, source: None, verdict: verdict? })
    }

    fn check_basic(&mut self) -> Option<Checked> {
        let directive = self.single(Single::AuthBasic)?;
        let file = self.single(Single::AuthBasicUserFile)?;
        let realm =
            if directive.has_hole() { super::walk::unknown_value("template hole") } else { self.value(&directive.arg(0)) };
        match &realm {
            Value::Known(text) if text == "off" => return None,
            Value::Known(_) => {}
            Value::Unknown { prefix, .. } => {
                let possible = "off".starts_with(prefix.as_str());
                if possible && self.decide(&format!("whether {} is off", directive.text()), false, directive.id, false) {
                    return None;
                }
            }
        }
        let path = self.value(&file.arg(0));
        let source = match &path {
            Value::Known(text) => Fact::is(text.clone(), [file.span()]),
            Value::Unknown { why, .. } => Fact::unknown(why.clone(), [file.span()]),
        };
        let verdict = self.basic_verdict(&path);
        Some(Checked { kind: GateKind::Basic, by: directive.id, realm: Some(realm), source: Some(source), verdict })
    }

    fn basic_verdict(&mut self, path: &Value) -> Verdict {
        // Edits of headers-more are made in the rewrite phase, so they count here.
        let given = match self.edited("authorization") {
            Some(Value::Known(text)) => Some(text),
            Some(Value::Unknown { .. }) => return Verdict::Unknown,
            None => self.request.header_value("authorization").map(str::to_owned),
        };
        let Some((user, password)) = given.as_deref().and_then(password::credentials) else {
            return Verdict::Refuses(401);
        };
        let Some(path) = path.known() else { return Verdict::Unknown };
        match self.server.lookup().map_or(Found::Unknown, |l| l.read(path)) {
            Found::Missing => Verdict::Refuses(403),
            Found::Unknown => Verdict::Unknown,
            Found::There(text) => match password::check(&text, &user, &password) {
                Some(true) => Verdict::Passes,
                Some(false) => Verdict::Refuses(401),
                None => Verdict::Unknown,
            },
        }
    }

    fn check_subrequest(&mut self) -> Option<Checked> {
        let directive = self.single(Single::AuthRequest)?;
        let target = directive.arg(0);
        if target == "off" {
            return None;
        }
        let source = Some(Fact::is(target.clone().into_owned(), [directive.span()]));
        let status = self.subrequest_status(&directive);
        let verdict = match status {
            Some(200..=299) => Verdict::Passes,
            Some(status @ (401 | 403)) => Verdict::Refuses(status),
            Some(_) => Verdict::Refuses(500),
            None => Verdict::Unknown,
        };
        Some(Checked { kind: GateKind::Subrequest, by: directive.id, realm: None, source, verdict })
    }

    /// The status of the subrequest, if nginx itself answers it.
    fn subrequest_status(&mut self, directive: &Directive<'_>) -> Option<u16> {
        if self.depth > 4 {
            return None;
        }
        let target = directive.arg(0);
        let (path, args) = super::uri::split_args(&target);
        let mut choices = self.choices.of_subrequest();
        let mut request: Request = self.request.clone();
        // Subrequests are GET, but `$request_method` is the one of the main request (`ngx_http_subrequest`).
        request.method.clone_from(&self.method);
        let mut inner = Walk::new(self.server, &request, &mut choices);
        inner.uri = Some(path.to_owned());
        inner.args = Value::Known(args.to_owned());
        "GET".clone_into(&mut inner.method);
        inner.internal = true;
        inner.subrequest = true;
        inner.depth = self.depth + 1;
        inner.client = self.client;
        inner.edits.clone_from(&self.edits);
        inner.variables.clone_from(&self.variables);
        inner.run_from(Next::ServerRewrite);
        let answer = match &inner.end {
            Some(End::Status(Known::Is(status), _)) if inner.unknown.is_empty() => Some(*status),
            _ => None,
        };
        self.subrequest_scope = Some(inner.serving_scope());
        self.choices.steps_left = choices.steps_left;
        answer
    }

    fn check_jwt(&mut self) -> Option<Checked> {
        let directive = self.single(Single::AuthJwt)?;
        if directive.arg(0) == "off" {
            return None;
        }
        let source = self.single(Single::AuthJwtKeyFile).map(|k| Fact::is(k.arg(0).into_owned(), [k.span()]));
        let own_token = directive.args().any(|a| a.starts_with("token="));
        let verdict = if !own_token && self.request.header_value("authorization").is_none() {
            Verdict::Refuses(401)
        } else {
            Verdict::Unknown
        };
        let realm = Some(self.value(&directive.arg(0)));
        Some(Checked { kind: GateKind::Jwt, by: directive.id, realm, source, verdict })
    }

    fn check_code(&mut self) -> Option<Checked> {
        let directive = self.single(Single::AccessCode)?;
        if directive.arg(0) == "off" {
            return None;
        }
        Some(Checked { kind: GateKind::Opaque, by: directive.id, realm: None, source: None, verdict: Verdict::Unknown })
    }
}

/// The status with which a gate of a kind refuses.
fn refusal_of(kind: GateKind) -> u16 {
    if kind == GateKind::Address { 403 } else { 401 }
}
