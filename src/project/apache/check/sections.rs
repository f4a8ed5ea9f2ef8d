//! The opening lines of sections.

use super::scope::Scope;
use super::{Checker, FileState};
use crate::finding::Finding;
use crate::project::apache::config::Directive;
use crate::project::apache::is_method;
use crate::syntax::apache::Name;
use crate::syntax::apache::expr::{Condition, Context};

pub(super) fn check<'a>(checker: &mut Checker<'a>, section: Directive<'a>, file: FileState, scope: Scope) {
    let name = section.name();
    let shown = format!("{}>", name.as_str());
    let count = section.arg_count();
    if count > 0 && !section.is_closed_head() {
        let message = format!("\"{shown}\" has no \">\" at the end of its line");
        checker.error(section, section.span(), message);
        return;
    }
    let most = match name {
        Name::Else | Name::RequireAll | Name::RequireAny | Name::RequireNone => 0,
        Name::If | Name::ElseIf => 1,
        Name::Directory | Name::Files | Name::Location | Name::Proxy => 1 + usize::from(section.arg(0) == "~"),
        Name::DirectoryMatch | Name::FilesMatch | Name::LocationMatch | Name::ProxyMatch => {
            1 + usize::from(section.arg(0) == "~")
        }
        Name::IfVersion => 2,
        _ => usize::MAX,
    };
    if name == Name::Proxy && count > most && takes_parameters(&section.arg(0)) {
        return worker_parameters(checker, section);
    }
    if count > most {
        let takes = if most == 0 { "no arguments".to_owned() } else { "one argument".to_owned() };
        let span = section.arg_span(most).to(section.arg_span(count - 1));
        let finding = Finding::new("syntax-error", span, format!("\"{shown}\" takes {takes}, found {count}"));
        checker.fault(section, finding.help("an argument with spaces needs quotes"));
        return;
    }
    let needs = !matches!(
        name,
        Name::Else | Name::RequireAll | Name::RequireAny | Name::RequireNone | Name::Proxy | Name::ProxyMatch | Name::Macro
    );
    if needs && count == 0 && !file.templated {
        checker.error(section, section.span(), format!("\"{shown}\" has no argument"));
        return;
    }
    match name {
        Name::DirectoryMatch | Name::FilesMatch | Name::LocationMatch | Name::ProxyMatch if count > 0 => {
            checker.regex(section, count - 1, &section.arg(count - 1));
        }
        Name::Directory | Name::Files | Name::Location | Name::Proxy if count == 2 => {
            checker.regex(section, 1, &section.arg(1));
        }
        Name::If | Name::ElseIf if count > 0 => condition(checker, section, scope),
        Name::Limit | Name::LimitExcept => methods(checker, section),
        Name::IfVersion => version(checker, section),
        // The loader has judged its parameters.
        Name::Macro => {
            checker.macros.insert(section.arg(0).to_ascii_lowercase());
        }
        Name::VirtualHost => addresses(checker, section),
        Name::AuthnProviderAlias | Name::AuthzProviderAlias if count < 2 => {
            checker.error(section, section.span(), format!("\"{shown}\" takes a provider and a name for it"));
        }
        _ => {}
    }
    let follows_if = matches!(scope.branch, Some(Name::If | Name::ElseIf));
    if matches!(name, Name::Else | Name::ElseIf) && !follows_if && !file.templated && !file.broken && !scope.unknown {
        checker.error(section, section.span(), format!("\"{shown}\" has no \"<If>\" before it in this section"));
    }
}

/// Whether `<Proxy>` may set parameters of a worker: for one URL, not for a pattern (`proxysection` of `mod_proxy`).
fn takes_parameters(url: &str) -> bool {
    url.contains(':') && !url.contains(['*', '?', '['])
}

/// `<Proxy "fcgi://127.0.0.1/" enablereuse=on max=10>`. Which keys there are is for the modules of the balancer to say.
fn worker_parameters<'a>(checker: &mut Checker<'a>, section: Directive<'a>) {
    if let Some(at) = (1..section.arg_count()).find(|index| !section.arg(*index).contains('=')) {
        checker.error(section, section.arg_span(at), "a parameter of \"<Proxy>\" has the form key=value".to_owned());
    }
}

fn condition<'a>(checker: &mut Checker<'a>, section: Directive<'a>, scope: Scope) {
    let text = section.arg(0);
    checker.expression(section, 0, &text, context(scope));
}

/// Where the expressions of a scope stand.
pub(super) fn context(scope: Scope) -> Context {
    if scope.around.has(super::Around::HTACCESS) { Context::Htaccess } else { Context::Server }
}

impl<'a> Checker<'a> {
    /// Reports an expression that the server does not understand, and its regular expressions.
    pub(super) fn expression(&mut self, directive: Directive<'a>, index: usize, text: &str, context: Context) {
        match Condition::parse(text, context) {
            Ok(condition) => self.regexes(directive, index, &condition),
            Err(error) if error.is_limit => {}
            Err(error) => {
                let message = format!("the expression of \"{}\" is refused: {}", directive.name_text(), error.message);
                self.error(directive, directive.arg_span(index), message);
            }
        }
    }

    /// Reports the broken regular expressions of an expression.
    pub(super) fn regexes(&mut self, directive: Directive<'a>, index: usize, condition: &Condition) {
        for regex in &condition.regexes {
            self.regex(directive, index, &regex.text);
        }
    }
}

fn methods<'a>(checker: &mut Checker<'a>, section: Directive<'a>) {
    let shown = format!("{}>", section.name().as_str());
    for index in 0..section.arg_count() {
        let method = section.arg(index);
        let span = section.arg_span(index);
        if method.eq_ignore_ascii_case("TRACE") {
            let message = format!("TRACE cannot be controlled by \"{shown}\"");
            checker.error_with_help(section, span, message, "\"TraceEnable off\" switches it off");
            return;
        }
        if checker.htaccess.is_some() && !is_method(&method) && !is_registered(checker, &method) {
            let message = format!("\"{method}\" is no method that \"{shown}\" in a .htaccess may name");
            let help = "only the server's own files may name other methods than the usual ones; case counts";
            checker.error_with_help(section, span, message, help);
            return;
        }
    }
}

/// Whether the server's own files make a method known.
fn is_registered(checker: &Checker<'_>, method: &str) -> bool {
    [Name::RegisterHttpMethod, Name::Limit, Name::LimitExcept].iter().any(|name| {
        let mut all = checker.config.all(checker.sources, *name).take_while(|d| d.id < checker.config.server_end);
        all.any(|directive| directive.args().any(|arg| arg == method))
    })
}

fn version<'a>(checker: &mut Checker<'a>, section: Directive<'a>) {
    let (first, second) = (section.arg(0), section.arg(1));
    let (operator, version) = if section.arg_count() > 1 { (first.as_ref(), second.as_ref()) } else { ("=", first.as_ref()) };
    let operator = operator.strip_prefix('!').unwrap_or(operator);
    if !matches!(operator, "=" | "==" | ">" | ">=" | "<" | "<=" | "~") {
        let message = format!("\"<IfVersion>\" does not know the operator \"{}\"", section.arg(0));
        checker.error(section, section.arg_span(0), message);
        return;
    }
    let is_regex = operator == "~" || version.starts_with('/');
    let parts: Vec<&str> = version.split('.').collect();
    let fits = parts.len() <= 3 && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    if !is_regex && !fits {
        let index = section.arg_count() - 1;
        checker.error(section, section.arg_span(index), format!("\"{version}\" is no version such as 2.4 or 2.4.60"));
    }
}

fn addresses<'a>(checker: &mut Checker<'a>, section: Directive<'a>) {
    for index in 0..section.arg_count() {
        let address = section.arg(index);
        let (host, port) = match address.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && (!host.contains(':') || host.ends_with(']')) => (host, port),
            _ => continue,
        };
        let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        if digits && !port.parse::<u32>().is_ok_and(|port| port <= 65_535) {
            let message = format!("\"{port}\" is no port for \"{host}\"");
            checker.error(section, section.arg_span(index), message);
        }
    }
}
