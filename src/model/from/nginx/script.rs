//! The rewrite phase: `set`, `rewrite`, `return`, `break`, `if` (`ngx_http_rewrite_module`).

use super::scope::{ScopeId, ScriptStep};
use super::value::{Piece, pieces};
use super::walk::{Walk, concat, unknown_value};
use crate::files::FileKind;
use crate::model::Value;
use crate::project::nginx::{Directive, DirectiveId};
use crate::syntax::nginx::Name;

/// How a run of rewrite steps ended.
#[derive(Debug)]
pub(super) enum Flow {
    /// All steps were taken.
    Next,
    /// `break`, `last`: no further step.
    Stop,
    /// `return` or a redirect.
    Status(u16, DirectiveId),
    /// There were too many steps.
    Lost,
}

impl Walk<'_, '_> {
    /// Takes the rewrite steps of a block.
    pub(super) fn script(&mut self, scope: ScopeId) -> Flow {
        let steps = self.server.shared.scopes.script(scope);
        for step in steps {
            let Some(left) = self.choices.steps_left.checked_sub(1) else {
                let place = self.scope_of(scope).directive;
                if let Some(span) = self.server.shared.span(place) {
                    self.note_unknown("what follows so many rewrite directives", span, false);
                }
                return Flow::Lost;
            };
            self.choices.steps_left = left;
            let flow = match *step {
                ScriptStep::If(id, inner) => self.if_step(id, inner),
                ScriptStep::Plain(id) => self.plain_step(id),
            };
            if !matches!(flow, Flow::Next) {
                return flow;
            }
        }
        Flow::Next
    }

    fn plain_step(&mut self, id: DirectiveId) -> Flow {
        let directive = self.directive(id);
        match directive.name() {
            Name::Set => {
                let value = if directive.has_hole() { unknown_value("template hole") } else { self.value(&directive.arg(1)) };
                let name = directive.arg(0);
                let name = name.strip_prefix('$').unwrap_or(&name);
                if name == "args" {
                    self.args = value;
                } else {
                    self.variables.insert(name.to_owned(), value);
                }
                Flow::Next
            }
            Name::Break => {
                self.valid_location &= !self.uri_changed;
                self.uri_changed = false;
                Flow::Stop
            }
            Name::Return => self.return_step(directive),
            Name::Rewrite => self.rewrite_step(directive),
            // Code: it may set any variable and end the request.
            _ => {
                self.note_unknown(&format!("what {} does", directive.name_text()), directive.span(), false);
                let name = directive.arg(0);
                if let Some(name) = name.strip_prefix('$') {
                    self.variables.insert(name.to_owned(), unknown_value("code"));
                }
                Flow::Next
            }
        }
    }

    fn return_step(&mut self, directive: Directive<'_>) -> Flow {
        let first = directive.arg(0);
        let code: Option<u16> = first.parse().ok();
        let target = match (code, directive.arg_count()) {
            (Some(301 | 302 | 303 | 307 | 308), 2) => Some(directive.arg(1)),
            (None, 1) => Some(first),
            _ => None,
        };
        let status = code.unwrap_or(302);
        self.step(format!("return {status}"), directive.id);
        if let Some(target) = target {
            let value = self.value(&target);
            self.location = Some(self.absolute(value));
            return Flow::Status(status, directive.id);
        }
        if directive.arg_count() == 2 {
            // With a text of its own the response is sent at once: no error page takes over.
            self.body_sent = true;
        }
        Flow::Status(status, directive.id)
    }

    fn rewrite_step(&mut self, directive: Directive<'_>) -> Flow {
        let Some(uri) = self.uri.clone() else { return Flow::Next };
        let pattern = directive.arg(0);
        let regex = self.server.shared.regexes.find(&pattern, false);
        let answer = if directive.arg_words().first().is_some_and(|w| w.hole()) {
            None
        } else {
            regex.and_then(|regex| self.regex_captures(regex, &uri))
        };
        let matched =
            answer.unwrap_or_else(|| self.decide(&format!("whether rewrite {pattern} matches"), false, directive.id, false));
        if !matched {
            self.captures.clear();
            return Flow::Next;
        }
        let replacement = directive.arg(1);
        let (replacement, keep_args) = match replacement.strip_suffix('?') {
            Some(cut) => (cut, false),
            None => (replacement.as_ref(), true),
        };
        let flag = directive.arg(2);
        let external = ["http://", "https://", "$scheme"].iter().any(|p| replacement.starts_with(p));
        let status = match flag.as_ref() {
            "permanent" => Some(301),
            "redirect" => Some(302),
            _ if external => Some(302),
            _ => None,
        };
        let own_args = replacement.contains('?');
        let escapes = self.escapes_captures();
        let (path, args) = replacement.split_once('?').unwrap_or((replacement, ""));
        let path = self.replaced(path, escapes && status.is_some());
        let args = self.replaced(args, escapes);
        if let Some(status) = status {
            let value = if own_args { concat([path, Value::Known("?".to_owned()), args]) } else { path };
            let value = match value {
                Value::Known(text) => Value::Known(super::uri::unescape_redirect(&text)),
                unknown @ Value::Unknown { .. } => unknown,
            };
            let args = if keep_args { self.args.clone() } else { Value::Known(String::new()) };
            let value = match args {
                Value::Known(args) if args.is_empty() => value,
                args => concat([value, Value::Known(if own_args { "&" } else { "?" }.to_owned()), args]),
            };
            self.step(format!("rewrite redirects with {status}"), directive.id);
            self.location = Some(self.absolute(value));
            return Flow::Status(status, directive.id);
        }
        self.change_uri(directive, path, own_args.then_some(args), keep_args, &flag)
    }

    /// Whether `$1` to `$9` are escaped where `rewrite` writes arguments or a redirect: only if the request line has an escape or `+`.
    fn escapes_captures(&self) -> bool {
        !self.subrequest && self.request.path.contains(['%', '+'])
    }

    /// A part of the replacement of `rewrite`.
    fn replaced(&mut self, text: &str, escapes: bool) -> Value {
        if !escapes {
            return self.value(text);
        }
        let parts: Vec<Value> = pieces(text)
            .into_iter()
            .map(|piece| match piece {
                Piece::Text(text) => Value::Known(text.to_owned()),
                Piece::Capture(number) => {
                    let captured = self.captures.get(number).cloned().flatten().unwrap_or_default();
                    Value::Known(super::uri::escape_args(&captured))
                }
                Piece::Variable(name) => self.variable(name),
            })
            .collect();
        concat(parts)
    }

    fn change_uri(&mut self, by: Directive<'_>, path: Value, args: Option<Value>, keep_args: bool, flag: &str) -> Flow {
        match path {
            Value::Known(path) => {
                if let Some(new) = args {
                    let old = if keep_args { self.args.clone() } else { Value::Known(String::new()) };
                    self.args = match old {
                        Value::Known(old) if old.is_empty() => new,
                        old => concat([new, Value::Known("&".to_owned()), old]),
                    };
                } else if !keep_args {
                    self.args = Value::Known(String::new());
                }
                if path.is_empty() {
                    return Flow::Status(500, by.id);
                }
                self.step(format!("rewritten to {path}"), by.id);
                self.uri = Some(path);
            }
            Value::Unknown { why, .. } => {
                self.note_unknown(&format!("the path that rewrite makes ({why})"), by.span(), false);
                self.uri = None;
            }
        }
        self.internal = true;
        self.uri_changed = flag != "break";
        self.valid_location &= self.uri_changed;
        if matches!(flag, "last" | "break") { Flow::Stop } else { Flow::Next }
    }

    fn if_step(&mut self, id: DirectiveId, inner: ScopeId) -> Flow {
        let directive = self.directive(id);
        let holds = match self.condition(directive) {
            Some(holds) => holds,
            None => self.decide(&format!("whether {} holds", directive.text()), false, id, false),
        };
        if !holds {
            return Flow::Next;
        }
        self.step(format!("{} holds", directive.text()), id);
        if matches!(self.scope_of(inner).kind, super::scope::ScopeKind::LocationIf) {
            self.enter(inner);
        }
        self.script(inner)
    }

    /// The condition of an `if`; `None`: unknown.
    fn condition(&mut self, directive: Directive<'_>) -> Option<bool> {
        if directive.has_hole() {
            return None;
        }
        let mut words: Vec<String> = directive.args().map(std::borrow::Cow::into_owned).collect();
        // The parentheses are words of their own, or stick to the first and the last one.
        let first = words.first()?.strip_prefix('(')?.to_owned();
        if first.is_empty() {
            words.remove(0);
        } else {
            words[0] = first;
        }
        let last = words.pop()?;
        let last = last.strip_suffix(')')?;
        if !last.is_empty() {
            words.push(last.to_owned());
        }
        let first = words.first()?.clone();
        if first.starts_with('$') {
            let left = self.value(&first);
            let Some(operator) = words.get(1) else {
                return match &left {
                    Value::Known(text) => Some(!text.is_empty() && text != "0"),
                    Value::Unknown { .. } => None,
                };
            };
            return self.compare(&left, operator, words.get(2)?);
        }
        self.file_test(&first, words.get(1)?)
    }

    fn compare(&mut self, left: &Value, operator: &str, right: &str) -> Option<bool> {
        match operator {
            "=" | "!=" => {
                let right = self.value(right);
                let equal = left.equals(&right)?;
                Some(equal == (operator == "="))
            }
            "~" | "~*" | "!~" | "!~*" => {
                let regex = self.server.shared.regexes.find(right, operator.ends_with('*'))?;
                let matched = self.regex_captures(regex, left.known()?)?;
                if !matched {
                    self.captures.clear();
                }
                Some(matched != operator.starts_with('!'))
            }
            _ => None,
        }
    }

    fn file_test(&mut self, operator: &str, path: &str) -> Option<bool> {
        let path = self.value(path);
        let kind = self.file_kind(path.known()?);
        let (wanted, negated) = match operator {
            "-f" => (kind.map(|k| k == Some(FileKind::File)), false),
            "!-f" => (kind.map(|k| k == Some(FileKind::File)), true),
            "-d" => (kind.map(|k| k == Some(FileKind::Folder)), false),
            "!-d" => (kind.map(|k| k == Some(FileKind::Folder)), true),
            "-e" => (kind.map(|k| k.is_some()), false),
            "!-e" => (kind.map(|k| k.is_some()), true),
            _ => return None,
        };
        Some(wanted? != negated)
    }
}
