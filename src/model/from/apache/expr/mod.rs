//! Evaluates expressions (`server/util_expr_eval.c`) as far as the files tell.

mod functions;

pub(super) use functions::unescape;

use super::glob;
use super::groups::{Groups, Search, search};
use super::vars::{FileTest, Named, Target, Variable, Vars};
use crate::model::Value;
use crate::model::fact::{concat, unknown_value};
use crate::model::from::regexes::{RegexId, Regexes};
use crate::syntax::apache::expr::{Comparison, Condition, Function, Glob, Test, UnaryOp, Word};

/// How deep evaluation goes before the server gives up (`AP_EXPR_MAX_RECURSION`).
const MAX_DEPTH: u32 = 20;

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    Is(bool),
    /// The files do not tell.
    Unknown,
    /// The server cannot evaluate it.
    Failed,
}

/// A condition whose regular expressions are numbered.
#[derive(Clone, Debug)]
pub(super) struct Expr {
    test: Test,
    regexes: Vec<RegexId>,
}

impl Expr {
    pub(super) fn lower(condition: &Condition, regexes: &mut Regexes) -> Self {
        let ids = condition.regexes.iter().map(|r| regexes.intern(&r.text, r.ignore_case));
        Self { regexes: ids.collect(), test: condition.test.clone() }
    }

    /// Whether it holds. `groups` are what `$0` to `$9` were before, and become what they are afterwards.
    /// `current` are variables that differ from what `vars` says.
    pub(super) fn holds(
        &self,
        vars: &mut dyn Vars,
        current: &[(Variable, Value)],
        regexes: &Regexes,
        groups: &mut Groups,
    ) -> Truth {
        let mut evaluation =
            Evaluation { vars, current, regexes, ids: &self.regexes, groups, failed: false, perhaps_failed: false };
        let holds = evaluation.test(&self.test, 1);
        match (evaluation.failed, evaluation.perhaps_failed, holds) {
            (true, ..) => Truth::Failed,
            (false, false, Some(holds)) => Truth::Is(holds),
            _ => Truth::Unknown,
        }
    }
}

/// The value of a text with variables. `None`: the server cannot evaluate it.
pub(super) fn text(word: &Word, vars: &mut dyn Vars, regexes: &Regexes) -> Option<Value> {
    let mut groups = Groups::None;
    let mut evaluation =
        Evaluation { vars, current: &[], regexes, ids: &[], groups: &mut groups, failed: false, perhaps_failed: false };
    let value = evaluation.word(word, 1);
    (!evaluation.failed).then_some(value)
}

struct Evaluation<'e> {
    vars: &'e mut dyn Vars,
    current: &'e [(Variable, Value)],
    regexes: &'e Regexes,
    /// The numbers of the expression's own regular expressions.
    ids: &'e [RegexId],
    groups: &'e mut Groups,
    failed: bool,
    /// It fails if something unknown leads there.
    perhaps_failed: bool,
}

impl Evaluation<'_> {
    /// Whether a condition holds; `None`: unknown.
    fn test(&mut self, condition: &Test, depth: u32) -> Option<bool> {
        if depth > MAX_DEPTH {
            self.failed = true;
            return Some(false);
        }
        match condition {
            Test::Constant(constant) => Some(*constant),
            Test::Not(inner) => self.test(inner, depth).map(|holds| !holds),
            Test::And(parts) => self.chain(parts, false, depth),
            Test::Or(parts) => self.chain(parts, true, depth),
            Test::Text(comparison, left, right) => {
                let (left, right) = (self.word(left, depth + 1), self.word(right, depth + 1));
                compare_texts(*comparison, &left, &right)
            }
            Test::Number(comparison, left, right) => {
                let (left, right) = (self.word(left, depth + 1), self.word(right, depth + 1));
                Some(fits(*comparison, number(left.known()?).cmp(&number(right.known()?))))
            }
            Test::Match { word, regex, negated } => {
                let word = self.word(word, depth + 1);
                self.search(&word, *regex).map(|matched| matched != *negated)
            }
            Test::In(left, words) => {
                let left = self.word(left, depth + 1);
                let mut all_known = true;
                for word in words {
                    let word = self.word(word, depth + 1);
                    match left.equals(&word) {
                        Some(true) => return Some(true),
                        Some(false) => {}
                        None => all_known = false,
                    }
                }
                all_known.then_some(false)
            }
            // The certificate of the client.
            Test::InFunction(..) => None,
            Test::Unary(op, word) => {
                let word = self.word(word, depth + 1);
                self.unary(*op, &word)
            }
            Test::Client(subnet) => {
                let address = self.vars.variable(Variable::RemoteAddr);
                Some(subnet.contains(address.known()?.parse().ok()?))
            }
            // A name would be looked up.
            Test::Address(word, subnet) => Some(subnet.contains(self.word(word, depth + 1).known()?.parse().ok()?)),
            Test::Glob(kind, word, pattern) => {
                let (word, pattern) = (self.word(word, depth + 1), self.word(pattern, depth + 1));
                let (text, pattern) = (word.known()?, pattern.known()?);
                Some(match kind {
                    Glob::Path => glob::matches(pattern, text, true),
                    Glob::Text => glob::matches(pattern, text, false),
                    Glob::TextIgnoringCase => glob::matches(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase(), false),
                })
            }
        }
    }

    /// `&&`, which the first that does not hold decides, or `||`, which the first that holds decides.
    fn chain(&mut self, parts: &[Test], decisive: bool, depth: u32) -> Option<bool> {
        let mut unknown = false;
        for (index, part) in parts.iter().enumerate() {
            // The server goes on with the last one in the same frame.
            let depth = if index + 1 == parts.len() { depth } else { depth + 1 };
            let before = unknown.then(|| (self.groups.clone(), self.failed));
            let holds = self.test(part, depth);
            if let Some((groups, failed)) = before {
                // Perhaps it is never asked.
                if *self.groups != groups {
                    *self.groups = Groups::Unknown;
                }
                self.perhaps_failed |= self.failed && !failed;
                self.failed = failed;
            }
            match holds {
                Some(holds) if holds == decisive => return Some(decisive),
                Some(_) => {}
                None => unknown = true,
            }
        }
        (!unknown).then_some(!decisive)
    }

    /// Groups are kept only of a regular expression that has some.
    fn search(&mut self, text: &Value, index: usize) -> Option<bool> {
        let regex = *self.ids.get(index)?;
        let keeps = self.regexes.group_count(regex) > 0;
        let (groups, matched) = match search(self.regexes, regex, text) {
            Search::Match(groups) => (groups, Some(true)),
            Search::NoMatch => (Groups::None, Some(false)),
            Search::Unknown => (Groups::Unknown, None),
        };
        if keeps {
            *self.groups = groups;
        }
        matched
    }

    fn unary(&mut self, op: UnaryOp, word: &Value) -> Option<bool> {
        let file = match op {
            UnaryOp::NotEmpty => return word.is_empty().map(|empty| !empty),
            UnaryOp::Empty => return word.is_empty(),
            UnaryOp::True => {
                return word.known().map(|text| !["", "off", "no", "false", "0"].iter().any(|no| no.eq_ignore_ascii_case(text)));
            }
            UnaryOp::FileAccess => {
                let path = word.known()?;
                return Some(self.vars.subrequest(Target::File(path))? < 300 && self.file(FileTest::Exists, path)?);
            }
            UnaryOp::UrlAccess => return Some(self.vars.subrequest(Target::Url(word.known()?))? < 400),
            UnaryOp::Exists => FileTest::Exists,
            UnaryOp::File => FileTest::File,
            UnaryOp::Folder => FileTest::Folder,
            UnaryOp::NonEmpty => FileTest::NonEmpty,
            UnaryOp::Link => FileTest::Link,
            UnaryOp::Executable => FileTest::Executable,
        };
        self.file(file, word.known()?)
    }

    fn file(&mut self, test: FileTest, path: &str) -> Option<bool> {
        if path.is_empty() { Some(false) } else { self.vars.file(test, path) }
    }

    fn word(&mut self, word: &Word, depth: u32) -> Value {
        if depth > MAX_DEPTH {
            self.failed = true;
            return Value::Known(String::new());
        }
        match word {
            Word::Text(text) => Value::Known(text.clone()),
            Word::Variable(name) => self.variable(name),
            Word::Group(number) => self.groups.get(usize::from(*number)),
            Word::Concat(parts) => {
                let parts: Vec<Value> = parts.iter().map(|part| self.word(part, depth + 1)).collect();
                concat(parts)
            }
            Word::Call(function, argument) => {
                let argument = self.word(argument, depth + 1);
                self.call(*function, &argument)
            }
        }
    }

    fn variable(&mut self, name: &str) -> Value {
        if let Some(named) = Named::of(name) {
            return match named {
                Named::Variable(Variable::Other(what)) => unknown_value(what),
                Named::Variable(variable) => match self.current.iter().find(|(v, _)| *v == variable) {
                    Some((_, value)) => value.clone(),
                    None => self.vars.variable(variable),
                },
                Named::Header(name) => self.header(name),
            };
        }
        let variable = match name {
            "CONTENT_TYPE" => Variable::ContentType,
            "HANDLER" => Variable::Handler,
            "HTTP2" => Variable::Http2,
            "REQUEST_STATUS" => Variable::RequestStatus,
            "DOCUMENT_URI" => {
                return self.vars.env("DOCUMENT_URI").unwrap_or_else(|| self.vars.variable(Variable::RequestUri));
            }
            _ => {
                if let Some(name) = name.strip_prefix("SSL_") {
                    return or_empty(self.vars.ssl(name));
                }
                return unknown_value(&format!("%{{{name}}}"));
            }
        };
        self.vars.variable(variable)
    }

    fn header(&mut self, name: &str) -> Value {
        or_empty(self.vars.request_header(name))
    }

    fn call(&mut self, function: Function, argument: &Value) -> Value {
        let Value::Known(text) = argument else { return functions::of_unknown(function, argument) };
        match function {
            Function::Request | Function::RequestNoVary => self.header(text),
            Function::Response => or_empty(self.vars.response_header(text)),
            Function::RequestEnv => or_empty(self.vars.env(text)),
            Function::Note => or_empty(self.vars.note(text)),
            Function::Env => super::vars::any_env(self.vars, text),
            Function::OsEnv => or_empty(self.vars.process_env(text)),
            Function::File => self.vars.read_file(text).map_or_else(|| unknown_value("text of a file"), Value::Known),
            Function::FileSize => match self.file(FileTest::NonEmpty, text) {
                Some(false) => Value::Known("0".to_owned()),
                _ => unknown_value("size of a file"),
            },
            Function::HealthCheck => unknown_value("health check"),
            Function::Ssl => match text.strip_prefix("SSL_") {
                Some(name) => or_empty(self.vars.ssl(name)),
                None => self.variable(text),
            },
            _ => functions::of_text(function, text),
        }
    }
}

/// What is not set is empty.
fn or_empty(value: Option<Value>) -> Value {
    value.unwrap_or_else(|| Value::Known(String::new()))
}

/// Whether an order fits a comparison.
pub(super) fn fits(comparison: Comparison, order: std::cmp::Ordering) -> bool {
    match comparison {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}

fn compare_texts(comparison: Comparison, left: &Value, right: &Value) -> Option<bool> {
    match comparison {
        Comparison::Equal => left.equals(right),
        Comparison::NotEqual => left.equals(right).map(|equal| !equal),
        _ => Some(fits(comparison, left.known()?.cmp(right.known()?))),
    }
}

/// A text as a number (`apr_atoi64`): what does not begin with one is 0.
fn number(text: &str) -> i64 {
    let text = text.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = unsigned.len() - unsigned.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let end = text.len() - unsigned.len() + digits;
    let number = text.get(..end).unwrap_or_default();
    match number.parse() {
        Ok(number) => number,
        Err(_) if digits == 0 => 0,
        Err(_) if number.starts_with('-') => i64::MIN,
        Err(_) => i64::MAX,
    }
}

#[cfg(test)]
mod tests;
