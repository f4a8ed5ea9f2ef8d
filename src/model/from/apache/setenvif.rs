//! `SetEnvIf` and its like (`match_headers` of `mod_setenvif`): those of the server run when a request arrives and when it is
//! redirected internally, those of sections once the sections for it are known.

use super::expr::{Expr, Truth};
use super::groups::{Groups, Search, search};
use super::vars::{Variable, Vars};
use crate::model::Value;
use crate::model::fact::unknown_value;
use crate::model::from::regexes::{RegexId, Regexes};
use crate::source::Span;
use crate::syntax::apache::setenvif::{self as syntax, Attribute, Pattern};

/// When variables are set, with what is needed to try it.
#[derive(Clone, Debug)]
enum When {
    Text { text: String, ignore_case: bool },
    Regex(RegexId),
    Holds { expr: Expr, has_groups: bool },
}

/// A directive.
#[derive(Clone, Debug)]
pub(super) struct SetEnvIf {
    attribute: Option<Attribute>,
    /// The regular expression for names of header fields.
    name: Option<RegexId>,
    when: When,
    variables: Vec<(String, Option<String>)>,
    span: Span,
}

impl SetEnvIf {
    pub(super) fn lower(parsed: syntax::SetEnvIf, span: Span, regexes: &mut Regexes) -> Self {
        let (attribute, when) = match parsed.when {
            syntax::When::Fits(attribute, Pattern::Text { text, ignore_case }) => {
                (Some(attribute), When::Text { text, ignore_case })
            }
            syntax::When::Fits(attribute, Pattern::Regex(regex)) => {
                (Some(attribute), When::Regex(regexes.intern(&regex.text, regex.ignore_case)))
            }
            syntax::When::Holds(condition) => {
                let expr = Expr::lower(&condition, regexes);
                (None, When::Holds { expr, has_groups: condition.regexes.iter().any(|r| r.text.contains('(')) })
            }
        };
        let name = match &attribute {
            Some(Attribute::Matching(regex)) => Some(regexes.intern(&regex.text, regex.ignore_case)),
            _ => None,
        };
        Self { attribute, name, when, variables: parsed.variables, span }
    }

    /// Whether it looks at the same thing as another one.
    fn same_attribute(&self, other: &Self) -> bool {
        match (&self.attribute, &other.attribute) {
            (Some(Attribute::Named(a)), Some(Attribute::Named(b))) => a.eq_ignore_ascii_case(b),
            (Some(a), Some(b)) => a == b,
            _ => false,
        }
    }

    fn value(&self, attribute: &Attribute, vars: &mut dyn Vars, regexes: &Regexes) -> Value {
        let found = match attribute {
            Attribute::RemoteAddr => return vars.variable(Variable::RemoteAddr),
            Attribute::RemoteHost => return vars.variable(Variable::RemoteHost),
            Attribute::RequestUri => return vars.variable(Variable::RequestUri),
            Attribute::RequestMethod => return vars.variable(Variable::RequestMethod),
            Attribute::RequestProtocol => return vars.variable(Variable::ServerProtocol),
            Attribute::ServerAddr => return vars.variable(Variable::ServerAddr),
            Attribute::Named(name) => vars.request_header(name).or_else(|| vars.env(name)),
            Attribute::Matching(_) => self.name.and_then(|regex| {
                let matches = |name: &str| regexes.is_match(regex, name) == Some(true);
                vars.request_headers().into_iter().rev().find(|(name, _)| matches(name)).map(|(_, value)| value)
            }),
        };
        found.unwrap_or_else(|| Value::Known(String::new()))
    }

    /// Whether it fits, and what is put in for `$1`; `None`: values stay as written.
    fn fits(&self, value: Option<&Value>, vars: &mut dyn Vars, regexes: &Regexes) -> (Option<bool>, Option<Groups>) {
        match (&self.when, value) {
            (When::Text { text, ignore_case }, Some(value)) => {
                let lower = |text: &str| if *ignore_case { text.to_ascii_lowercase() } else { text.to_owned() };
                let found = lower(value.prefix()).contains(&lower(text));
                let fits = if found || value.known().is_some() { Some(found) } else { None };
                (fits, None)
            }
            (When::Regex(regex), Some(value)) => match search(regexes, *regex, value) {
                Search::Match(groups) => (Some(true), Some(groups)),
                Search::NoMatch => (Some(false), None),
                Search::Unknown => (None, Some(Groups::Unknown)),
            },
            (When::Holds { expr, has_groups }, _) => {
                let mut groups = Groups::None;
                let truth = expr.holds(vars, &[], regexes, &mut groups);
                let groups = match groups {
                    // No regular expression with groups has matched.
                    Groups::None if *has_groups => None,
                    // There is none: what is put in is left from something else.
                    Groups::None => Some(Groups::Unknown),
                    groups => Some(groups),
                };
                match truth {
                    Truth::Is(holds) => (Some(holds), groups),
                    Truth::Failed => (Some(false), None),
                    Truth::Unknown => (None, groups),
                }
            }
            (_, None) => (Some(false), None),
        }
    }
}

/// Runs directives in their order. Those of one section that stand together and look at the same thing see what it was before the
/// first of them; `sections` holds the directives of each section.
pub(super) fn run<'s>(sections: impl IntoIterator<Item = Vec<&'s SetEnvIf>>, vars: &mut dyn Vars, regexes: &Regexes) {
    for section in sections {
        let mut last: Option<(&SetEnvIf, Value)> = None;
        for directive in section {
            let value = directive.attribute.as_ref().map(|attribute| match &last {
                Some((before, value)) if before.same_attribute(directive) => value.clone(),
                _ => directive.value(attribute, vars, regexes),
            });
            let (fits, groups) = directive.fits(value.as_ref(), vars, regexes);
            match (value, &directive.when, &mut last) {
                (Some(value), ..) => last = Some((directive, value)),
                // The server then takes what the expression has looked at for the value of the attribute before it.
                (None, When::Holds { has_groups: true, .. }, Some((_, value))) => {
                    *value = unknown_value("a text of an expression");
                }
                _ => {}
            }
            let fits = fits.unwrap_or_else(|| {
                let names: Vec<&str> = directive.variables.iter().map(|(name, _)| name.as_str()).collect();
                vars.decide(&format!("whether SetEnvIf sets {}", names.join(", ")), false, directive.span, false)
            });
            if !fits {
                continue;
            }
            for (name, value) in &directive.variables {
                let value = value.as_ref().map(|value| match &groups {
                    Some(groups) => groups.put_into(value),
                    None => Value::Known(value.clone()),
                });
                vars.set_env(name, value, directive.span);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::from::apache::fake::{Fake, span};
    use crate::syntax::apache::Name;
    use crate::syntax::apache::expr::Context;

    /// The environment that directives make of a request; each a name of a directive and its arguments.
    fn env(directives: &[(Name, &[&str])]) -> Vec<(String, String)> {
        let mut fake = Fake::default()
            .with_variable(Variable::RequestUri, "/a/b")
            .with_variable(Variable::RemoteAddr, "203.0.113.9")
            .with_header("Authorization", "Bearer abc")
            .with_header("X-One", "1")
            .with_header("X-Two", "2");
        let mut regexes = Regexes::of_httpd();
        let lowered: Vec<SetEnvIf> = directives
            .iter()
            .map(|(name, args)| {
                SetEnvIf::lower(syntax::SetEnvIf::parse(*name, args, Context::Server).unwrap(), span(0), &mut regexes)
            })
            .collect();
        run([lowered.iter().collect()], &mut fake, &regexes);
        fake.env.iter().map(|(name, value)| (name.clone(), value.known().unwrap_or("?").to_owned())).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// Measured with httpd 2.4.71.
    #[test]
    fn variables() {
        let set = Name::SetEnvIf;
        assert_eq!(
            env(&[(set, &["Authorization", "(.*)", "HTTP_AUTHORIZATION=$1"])]),
            pairs(&[("HTTP_AUTHORIZATION", "Bearer abc")])
        );
        assert_eq!(env(&[(Name::SetEnvIfNoCase, &["^AUTHORIZATION$", "(.+)", "A=$1"])]), pairs(&[("A", "Bearer abc")]));
        assert_eq!(env(&[(set, &["^X-", "(.)", "A=$1"])]), pairs(&[("A", "2")]), "the last field counts");
        assert_eq!(env(&[(set, &["X-None", "^$", "A"])]), pairs(&[("A", "1")]), "what is not there is empty");
        assert_eq!(env(&[(set, &["Request_URI", r"/a\.?", r"A=\$1$0"])]), pairs(&[("A", "$1/a")]));
        assert_eq!(env(&[(set, &["Request_URI", "/a", r"A=\$1$0"])]), pairs(&[("A", r"\$1$0")]), "a text has no groups");
        assert_eq!(env(&[(set, &["Remote_Addr", r"203\.0\.113", "A"])]), pairs(&[("A", "1")]));
        assert_eq!(env(&[(set, &["X-One", "1", "A", "!A", "B=!x"])]), pairs(&[]));
        assert_eq!(
            env(&[(set, &["X-One", "1", "T=ab"]), (set, &["T", "^a", "T=z"]), (set, &["t", "^z", "T=q"])]),
            pairs(&[("T", "z")]),
            "directives in a row see the same value"
        );
        assert_eq!(
            env(&[
                (set, &["X-One", "1", "T=ab"]),
                (set, &["T", "^a", "T=z"]),
                (set, &["X-One", "1", "U"]),
                (set, &["T", "z", "V"])
            ]),
            pairs(&[("T", "z"), ("U", "1"), ("V", "1")])
        );
    }

    #[test]
    fn expressions() {
        let set = Name::SetEnvIfExpr;
        assert_eq!(env(&[(set, &["%{REQUEST_URI} =~ m#^/(.)#", "A=$1"])]), pairs(&[("A", "a")]));
        assert_eq!(env(&[(set, &["%{REQUEST_URI} !~ m#(x)#", "A=$1"])]), pairs(&[("A", "$1")]));
        assert_eq!(env(&[(set, &["-n req('X-One')", "A=y"])]), pairs(&[("A", "y")]));
        assert_eq!(env(&[(set, &["-z req('X-One')", "A=y"])]), pairs(&[]));
    }
}
