//! Header fields and variables that Apache hands to an application with a value of its own, and requests that reach a directive.

use crate::model::{Request, Scheme};
use crate::project::apache::{Config, Directive};
use crate::source::{SourceMap, Span};
use crate::syntax::apache::{Name, rewrite};

/// A request header field, or a variable that an application gets, that a directive sets.
pub(super) struct Setting<'a> {
    /// The directive.
    pub(super) directive: Directive<'a>,
    /// The name of the field or variable; `HTTP_AUTHORIZATION` is `AUTHORIZATION`.
    pub(super) name: String,
    /// Whether it is a field, not a variable.
    pub(super) is_field: bool,
    /// The value; `$` and a word stand for what is put in when a request comes.
    pub(super) value: String,
    /// Where the value stands.
    pub(super) at: Span,
}

/// The directives that set fields or variables whose name `wanted` accepts, outside of files that come with a package.
pub(super) fn settings<'a>(config: &'a Config, sources: &'a SourceMap, wanted: &dyn Fn(&str) -> bool) -> Vec<Setting<'a>> {
    let mut found = Vec::new();
    let own = |d: &Directive| !config.shipped.contains(&d.span().file) && !d.is_unknown();
    for directive in config.all(sources, Name::RequestHeader).filter(own) {
        let action = directive.arg(0).to_ascii_lowercase();
        let name = directive.arg(1).trim_end_matches(':').to_owned();
        if matches!(action.as_str(), "set" | "add" | "append" | "merge" | "setifempty") && wanted(&name) {
            let value = with_holes(&directive.arg(2));
            found.push(Setting { directive, name, is_field: true, value, at: directive.arg_span(2) });
        }
    }
    for directive in config.all(sources, Name::SetEnv).filter(own) {
        let name = variable(&directive.arg(0));
        if wanted(&name) {
            // `SetEnv` puts nothing in.
            let value = directive.arg(1).into_owned();
            found.push(Setting { directive, name, is_field: false, value, at: directive.arg_span(1) });
        }
    }
    for directive in [Name::SetEnvIf, Name::SetEnvIfNoCase].into_iter().flat_map(|n| config.all(sources, n)).filter(own) {
        for index in 2..directive.arg_count() {
            let arg = directive.arg(index);
            let Some((name, value)) = arg.split_once('=') else { continue };
            let name = variable(name);
            if wanted(&name) {
                let value = value.to_owned();
                found.push(Setting { directive, name, is_field: false, value, at: directive.arg_span(index) });
            }
        }
    }
    for directive in config.all(sources, Name::RewriteRule).filter(own) {
        let Some(flags) =
            directive.raw_args().contains(['E', 'e']).then(|| rewrite::Rule::parse(&directive.raw_args()).ok()).flatten()
        else {
            continue;
        };
        for env in &flags.flags.env {
            let Some((name, value)) = env.split_once(':') else { continue };
            let name = variable(name);
            if wanted(&name) {
                let value = with_holes(value);
                found.push(Setting { directive, name, is_field: false, value, at: directive.span() });
            }
        }
    }
    found
}

/// The field that a variable stands for, else its own name.
fn variable(name: &str) -> String {
    name.strip_prefix("HTTP_").unwrap_or(name).to_owned()
}

/// A value of `RequestHeader` or a rule with a word like `$x` in the place of `%{X}e`, `%1` and the like.
fn with_holes(value: &str) -> String {
    let mut rest = value.strip_prefix("expr=").unwrap_or(value);
    let mut text = String::with_capacity(rest.len());
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            text.push('%');
            rest = after;
            continue;
        }
        text.push_str("$x");
        rest = match after.strip_prefix('{') {
            // The letter behind `%{NAME}` says where the value comes from.
            Some(inside) => {
                let behind = inside.split_once('}').map_or("", |(_, behind)| behind);
                behind.strip_prefix(['e', 's']).unwrap_or(behind)
            }
            None => after.get(1..).unwrap_or_default(),
        };
    }
    text.push_str(rest);
    text
}

/// A request that reaches the section of a directive, as far as its virtual host and its sections tell.
pub(super) fn request_at(directive: &Directive) -> Request {
    let mut request = Request::get("", "/");
    for section in directive.ancestors() {
        let path = section.arg(0);
        if section.name() == Name::Location && request.path == "/" && path.starts_with('/') {
            request.path = path.into_owned();
        }
        if section.name() != Name::VirtualHost {
            continue;
        }
        if section.arg(0).ends_with(":443") {
            (request.scheme, request.port) = (Scheme::Https, 443);
        }
        let named = section.children().find(|d| d.name() == Name::ServerName).filter(|d| !d.is_unknown());
        if let Some(named) = named {
            let name = named.arg(0).to_ascii_lowercase();
            let name = name.split_once("://").map_or(name.as_str(), |(_, rest)| rest);
            name.split(':').next().unwrap_or_default().clone_into(&mut request.host);
        }
    }
    request
}

#[cfg(test)]
mod tests {
    use super::with_holes;

    #[test]
    fn what_is_put_in_is_a_hole() {
        assert_eq!(with_holes("Bearer %{TOKEN}e"), "Bearer $x");
        assert_eq!(with_holes("expr=Bearer %{HTTP:X-Token}"), "Bearer $x");
        assert_eq!(with_holes("100%% %t x"), "100% $x x");
        assert_eq!(with_holes("%"), "$x");
    }
}
