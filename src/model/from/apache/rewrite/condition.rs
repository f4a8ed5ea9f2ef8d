//! Tries one `RewriteCond` (`apply_rewrite_cond`).

use std::cmp::Ordering;

use super::Condition;
use super::run::Run;
use crate::model::Value;
use crate::model::from::apache::expr::{Truth, fits};
use crate::model::from::apache::groups::{Groups, Search, search};
use crate::model::from::apache::vars::{self, Target, Variable};
use crate::syntax::apache::expr::Comparison;
use crate::syntax::apache::rewrite::{FileTest, Pattern, atoi};

impl Run<'_, '_> {
    /// Whether a condition holds. What is unknown is asked.
    pub(super) fn holds(&mut self, condition: &Condition) -> bool {
        let syntax = &condition.syntax;
        let (tried, groups, file_system) = match (&condition.expr, condition.regex) {
            (Some(expr), _) => {
                let mut groups = Groups::None;
                let current = [
                    (Variable::RequestFilename, self.current.filename.clone()),
                    (Variable::PathInfo, self.current.path_info.clone()),
                    (Variable::QueryString, self.current.args.clone().unwrap_or_else(|| Value::Known(String::new()))),
                ];
                let truth = expr.holds(self.around.vars, &current, self.around.regexes, &mut groups);
                match truth {
                    Truth::Is(true) if groups == Groups::None => (Some(true), Groups::Memory(condition.span), false),
                    Truth::Is(holds) => (Some(holds), groups, false),
                    Truth::Unknown => (None, Groups::Unknown, false),
                    Truth::Failed => (Some(false), Groups::None, false),
                }
            }
            (None, Some(regex)) => {
                let input = self.value(&syntax.input, None);
                match search(self.around.regexes, regex, &input) {
                    Search::Match(groups) => (Some(true), groups, false),
                    Search::NoMatch => (Some(false), Groups::None, false),
                    Search::Unknown => (None, Groups::Unknown, false),
                }
            }
            (None, None) => {
                let input = self.value(&syntax.input, None);
                let file_system = matches!(syntax.pattern, Pattern::File(_));
                (self.compares(condition, &input), Groups::None, file_system)
            }
        };
        let holds = tried.unwrap_or_else(|| {
            let question = self.question(condition);
            self.around.vars.decide(&question, false, condition.span, file_system)
        });
        // A condition without a pattern leaves what an earlier one matched.
        let has_groups = condition.expr.is_some() || condition.regex.is_some();
        if holds && has_groups && !syntax.negated {
            self.condition_groups = groups;
        }
        holds != syntax.negated
    }

    fn question(&mut self, condition: &Condition) -> String {
        let syntax = &condition.syntax;
        let input = self.value(&syntax.input, None);
        match (&syntax.pattern, input.known()) {
            (Pattern::File(FileTest::File), Some(path)) => format!("whether {path} is a file"),
            (Pattern::File(FileTest::Folder), Some(path)) => format!("whether {path} is a folder"),
            _ => format!("whether the RewriteCond on {} holds", syntax.input),
        }
    }

    /// Holds a text against what is no regular expression; `None`: unknown.
    fn compares(&mut self, condition: &Condition, input: &Value) -> Option<bool> {
        let syntax = &condition.syntax;
        match &syntax.pattern {
            Pattern::Text(Comparison::Equal, operand) if !syntax.ignore_case => input.equals(&Value::Known(operand.clone())),
            Pattern::Text(comparison, operand) => Some(fits(*comparison, compare(input.known()?, operand, syntax.ignore_case))),
            Pattern::Number(comparison, operand) => Some(fits(*comparison, atoi(input.known()?).cmp(operand))),
            Pattern::File(test) => {
                let path = input.known()?;
                let test = match test {
                    FileTest::File => vars::FileTest::File,
                    FileTest::Folder => vars::FileTest::Folder,
                    FileTest::NonEmpty => vars::FileTest::NonEmpty,
                    FileTest::Link => vars::FileTest::Link,
                    FileTest::Executable => vars::FileTest::Executable,
                };
                if path.is_empty() { Some(false) } else { self.around.vars.file(test, path) }
            }
            Pattern::UrlAccess | Pattern::FileAccess => {
                let path = input.known()?;
                if path.is_empty() || !self.around.vars.may_look_ahead() {
                    return Some(false);
                }
                if matches!(syntax.pattern, Pattern::UrlAccess) {
                    return Some(self.around.vars.subrequest(Target::Url(path))? < 400);
                }
                let exists = self.around.vars.file(vars::FileTest::Exists, path)?;
                Some(exists && self.around.vars.subrequest(Target::File(path))? < 300)
            }
            // These have been tried with their own numbers.
            Pattern::Regex(_) | Pattern::Expr(_) => None,
        }
    }
}

/// `NC`: as words. Otherwise the longer text is the greater one (`compare_lexicography`).
fn compare(a: &str, b: &str, ignore_case: bool) -> Ordering {
    if ignore_case {
        return a.to_ascii_lowercase().cmp(&b.to_ascii_lowercase());
    }
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}
