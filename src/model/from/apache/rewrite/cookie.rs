//! `CO=name:value:domain:minutes:path:secure:httponly:samesite` (`add_cookie`).

use crate::model::Value;
use crate::model::fact::unknown_value;

/// The Set-Cookie field; `None`: the server makes none. The time of expiry hangs on the clock.
pub(super) fn field(text: &str) -> Option<Value> {
    let (text, separator) = match text.strip_prefix(';') {
        Some(rest) => (rest, ';'),
        None => (text, ':'),
    };
    // Empty parts are passed over, as `apr_strtok` does.
    let mut parts = text.split(separator).filter(|p| !p.is_empty());
    let (name, value, domain) = (parts.next()?, parts.next()?, parts.next()?);
    let minutes = parts.next();
    let path = parts.next().unwrap_or("/");
    let is = |part: Option<&str>, words: &[&str]| part.is_some_and(|p| words.iter().any(|w| w.eq_ignore_ascii_case(p)));
    let secure = is(parts.next(), &["true", "1", "secure"]);
    let http_only = is(parts.next(), &["true", "1", "HttpOnly"]);
    let same_site = parts.next().filter(|s| *s != "0" && !s.eq_ignore_ascii_case("false"));
    let mut field = format!("{name}={value}; path={path}; domain={domain}");
    if minutes.is_some_and(|m| crate::syntax::apache::rewrite::atoi(m) != 0) {
        field.push_str("; expires=");
        let Value::Unknown { why, .. } = unknown_value("time") else { return None };
        return Some(Value::Unknown { prefix: field, nonempty: true, why });
    }
    for (wanted, attribute) in [(secure, "; secure"), (http_only, "; HttpOnly")] {
        if wanted {
            field.push_str(attribute);
        }
    }
    if let Some(same_site) = same_site {
        field.push_str("; SameSite=");
        field.push_str(same_site);
    }
    Some(Value::Known(field))
}
