//! The same of Apache: `RequestHeader`, and variables that stand for the header.

use super::{ID, SCHEMES, fault, is_misspelt, same_case};
use crate::finding::{Applicability, Edit, Finding};
use crate::project::apache::{Config, Directive};
use crate::rules::Cx;
use crate::rules::apache_settings::{Setting, request_at, settings};
use crate::syntax::apache::Name;

/// Looks at every directive that sets Authorization.
pub(in crate::rules) fn check(config: &Config, cx: &mut Cx) {
    let sources = cx.sources;
    for setting in settings(config, sources, &|name| name.eq_ignore_ascii_case("authorization") || is_misspelt(name)) {
        if is_misspelt(&setting.name) {
            if setting.is_field {
                report_name(&setting, cx);
            }
        } else if lost_quotes(&setting.directive) {
            let message = "httpd does not start: scheme and credentials without quotes are two arguments, and the header takes one value";
            // The repair comes with the `syntax-error` that stands there as well.
            let found = Finding::new(ID, setting.directive.span(), message).help("put the value in quotes: \"Bearer …\"");
            cx.report(found);
        } else {
            report_value(&setting, cx);
        }
    }
}

fn report_name(setting: &Setting, cx: &mut Cx) {
    let message = format!("the application gets no Authorization from this line: it sets a header called {}", setting.name);
    let span = setting.directive.arg_span(1);
    let text = cx.sources.text(span).replacen(&setting.name, same_case("Authorization", &setting.name), 1);
    let found = Finding::new(ID, setting.directive.span(), message)
        .help("the name is spelt Authorization, with z")
        .witness(request_at(&setting.directive))
        .fix(Applicability::Unsafe, "spell the name Authorization", vec![Edit { span, text }]);
    cx.report(found);
}

/// `RequestHeader set Authorization Bearer abc`: the third word is read as a condition, and refused.
fn lost_quotes(directive: &Directive) -> bool {
    if directive.name() != Name::RequestHeader || directive.arg_count() < 4 {
        return false;
    }
    let scheme = directive.arg(2).to_ascii_lowercase();
    let next = directive.arg(3).to_ascii_lowercase();
    let is_condition = next == "early" || next.starts_with("env=") || next.starts_with("expr=");
    SCHEMES.contains(&scheme.trim_end_matches(':')) && !is_condition
}

fn report_value(setting: &Setting, cx: &mut Cx) {
    let directive = &setting.directive;
    // `SetEnv` puts nothing in for `%{…}`: the text stands for the client's own header, which is then lost.
    let Some(fault) = fault(&setting.value).filter(|_| !setting.value.contains("%{")) else { return };
    let message = format!("the application gets an Authorization that is not understood: {}", fault.what);
    let mut found = Finding::new(ID, directive.span(), message)
        .help("the form is a scheme, one space, the credentials: `Bearer TOKEN`, or `Basic` and the base64 of user:password")
        .witness(request_at(directive))
        .confidence(fault.confidence);
    if let Some((from, to)) = fault.mend {
        let text = cx.sources.text(setting.at);
        if text.contains(&from) {
            let mut text = text.replacen(&from, &to, 1);
            // What gets a blank needs quotes.
            if text.contains(' ') && !text.starts_with(['"', '\'']) && directive.name() != Name::RewriteRule {
                text = format!("\"{text}\"");
            }
            let edit = Edit { span: setting.at, text };
            found = found.fix(Applicability::Unsafe, "write scheme, one space, credentials", vec![edit]);
        }
    }
    cx.report(found);
}
