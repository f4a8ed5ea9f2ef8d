//! Secrets never reach an output: finds them in a piece of text and covers them.
//!
//! What counts as a secret is decided on the text alone, so that it works on source lines, messages and header values alike.
//! Variables and placeholders are no secrets and stay readable.

use std::borrow::Cow;
use std::ops::Range;

/// Directives whose first argument names a header, parameter or variable and whose others are its value.
const SETTERS: &[&str] = &[
    "proxy_set_header",
    "grpc_set_header",
    "fastcgi_param",
    "uwsgi_param",
    "scgi_param",
    "add_header",
    "more_set_headers",
    "more_set_input_headers",
    "set",
    "env",
    "requestheader",
    "header",
    "setenv",
    "setenvif",
    "setenvifnocase",
    "passenger_env_var",
];

/// Words between such a directive and the name.
const ACTIONS: &[&str] = &["set", "append", "add", "merge", "edit", "always", "early", "onsuccess", "setifempty"];

/// Directives whose own value is a secret; of those with several arguments all are covered.
const SECRET_DIRECTIVES: &[&str] = &[
    "secure_link_md5",
    "authldapbindpassword",
    "authbasicfake",
    "sessioncryptopassphrase",
    "oidcclientsecret",
    "oidccryptopassphrase",
    "cascookieentropy",
];

/// Words of a value that are no secrets.
const PLAIN_WORDS: &[&str] = &[
    "basic",
    "bearer",
    "digest",
    "token",
    "negotiate",
    "apikey",
    "on",
    "off",
    "none",
    "null",
    "always",
    "if_not_empty",
    "default",
];

/// Last words of names whose values are secret.
const SECRET_NAMES: &[&str] =
    &["authorization", "password", "passwd", "passphrase", "pwd", "pw", "token", "secret", "apikey", "credential", "credentials"];

/// Words before a final `key` that make it secret.
const SECRET_KEYS: &[&str] = &["api", "access", "secret", "private", "auth", "license"];

/// Beginnings of password hashes, as in `.htpasswd` files.
const HASHES: &[&str] = &[
    "$apr1$", "$2a$", "$2b$", "$2y$", "$1$", "$5$", "$6$", "$argon2", "{PLAIN}", "{SHA}", "{SSHA}", "{MD5}", "{CRYPT}",
    "{SHA256}", "{SHA512}",
];

/// A text of a configuration with every secret replaced by `***`.
pub fn mask(text: &str) -> Cow<'_, str> {
    covered(text, &secrets(text))
}

/// A message with every secret replaced by `***`: as [`mask`], but only what stands between backticks is read as directives, or
/// "set Authorization to …" would lose its end.
pub fn prose(text: &str) -> Cow<'_, str> {
    let mut found = anywhere(text);
    let mut at = 0;
    for (i, part) in text.split('`').enumerate() {
        if i % 2 == 1 {
            setters(text, at..at + part.len(), &mut found);
        }
        at += part.len() + 1;
    }
    covered(text, &merged(found))
}

fn covered<'t>(text: &'t str, ranges: &[Range<usize>]) -> Cow<'t, str> {
    if ranges.is_empty() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(cover(text, ranges))
}

fn cover(text: &str, ranges: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in ranges {
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.push_str("***");
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// The value of a header of that name, as it may be shown: the scheme of a secret stays, its literal words do not.
pub fn value<'t>(name: &str, value: &'t str) -> Cow<'t, str> {
    if !is_secret_name(name) && !name.eq_ignore_ascii_case("cookie") && !name.eq_ignore_ascii_case("set-cookie") {
        return mask(value);
    }
    let mut ranges = Vec::new();
    literals(value, 0..value.len(), &mut ranges);
    if ranges.is_empty() { Cow::Borrowed(value) } else { Cow::Owned(cover(value, &ranges)) }
}

/// Whether the value of a header, parameter or variable of that name is a secret.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.trim_start_matches('$');
    let mut parts = name.rsplit(['-', '_']);
    let last = parts.next().unwrap_or_default();
    let secret = is_one_of(SECRET_NAMES, last)
        || (last.eq_ignore_ascii_case("key") && parts.next().is_some_and(|part| is_one_of(SECRET_KEYS, part)));
    secret && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Whether a word is one of these, which are written in lower case.
fn is_one_of(words: &[&str], word: &str) -> bool {
    words.iter().any(|w| w.eq_ignore_ascii_case(word))
}

/// The byte ranges of `text` that must not be shown: ascending, disjoint, none empty.
pub fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut found = anywhere(text);
    setters(text, 0..text.len(), &mut found);
    merged(found)
}

/// Secrets that show by themselves.
fn anywhere(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    for at in memchr::memchr3_iter(b'=', b':', b'$', bytes) {
        match bytes.get(at) {
            Some(b'$') => hash(text, at, &mut found),
            Some(b':') => {
                in_url(text, at, &mut found);
                compared(text, at, &mut found);
                assignment(text, at, &mut found);
            }
            _ => assignment(text, at, &mut found),
        }
    }
    for at in memchr::memchr_iter(b'{', bytes) {
        hash(text, at, &mut found);
    }
    // `bearer` and `basic` by their beginnings, `token` by the letter that few words have.
    let tokens = memchr::memchr2_iter(b'k', b'K', bytes).filter_map(|at| at.checked_sub(2));
    for at in memchr::memchr2_iter(b'b', b'B', bytes).chain(tokens) {
        after_scheme(text, at, &mut found);
    }
    found
}

fn merged(mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    found.retain(|r| !r.is_empty());
    found.sort_by_key(|r| r.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(found.len());
    for range in found {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// The part of `text` from byte `at` on.
fn rest(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

/// How many bytes of `text` are matched by `keep` from its start.
fn run(text: &str, keep: impl Fn(char) -> bool) -> usize {
    text.find(|c| !keep(c)).unwrap_or(text.len())
}

fn is_variable(value: &str) -> bool {
    value.starts_with(['$', '{']) || value.starts_with("%{") || value.starts_with("<%") || value.starts_with("@@")
}

/// `scheme://user:password@host`, from the colon on.
fn in_url(text: &str, at: usize, found: &mut Vec<Range<usize>>) {
    let Some(authority) = rest(text, at).strip_prefix("://") else { return };
    let start = at + 3;
    let authority = &authority[..run(authority, |c| !matches!(c, '/' | '?' | '#' | '"' | '\'' | ';') && !c.is_whitespace())];
    let Some(end) = authority.rfind('@') else { return };
    let secret = authority.find(':').map_or(0, |colon| colon + 1);
    if secret <= end && !is_variable(rest(authority, secret)) {
        found.push(start + secret..start + end);
    }
}

/// What a field of the request is compared with: `%{HTTP:X-Api-Key} !=x`, from the colon on.
fn compared(text: &str, at: usize, found: &mut Vec<Range<usize>>) {
    const BEFORE: &[u8] = b"%{HTTP";
    let before = at.checked_sub(BEFORE.len()).and_then(|start| text.as_bytes().get(start..at));
    if !before.is_some_and(|before| before.eq_ignore_ascii_case(BEFORE)) {
        return;
    }
    let Some((name, _)) = rest(text, at + 1).split_once('}') else { return };
    if !is_secret_name(name) {
        return;
    }
    let mut start = at + 1 + name.len() + 1;
    start += run(rest(text, start), |c| matches!(c, ' ' | '\t' | '"'));
    start += run(rest(text, start), |c| matches!(c, '!' | '=' | '<' | '>' | '~' | '^'));
    start += run(rest(text, start), |c| matches!(c, ' ' | '\t' | '"' | '\'' | '/' | '^'));
    let length = run(rest(text, start), |c| !c.is_whitespace() && !matches!(c, '"' | '\'' | '/' | '$'));
    let word = &rest(text, start)[..length];
    let pattern = word.contains(['*', '+', '?', '[', '(', '|', '\\']);
    if length >= 4 && !pattern && !word.starts_with(['-', '%']) && !is_one_of(PLAIN_WORDS, word) {
        found.push(start..start + length);
    }
}

/// A password hash that begins here.
fn hash(text: &str, at: usize, found: &mut Vec<Range<usize>>) {
    for mark in HASHES.iter().filter(|mark| rest(text, at).starts_with(**mark)) {
        let start = at + mark.len();
        let length = run(rest(text, start), |c| c.is_ascii_alphanumeric() || "./$+=,-".contains(c));
        let hash = &rest(text, start)[..length];
        // `$1$…` of nginx is a capture; a hash has a salt, another `$` and many characters.
        let is_hash = mark.starts_with('{') || (length >= 20 && hash.contains('$')) || (mark.len() > 3 && length >= 20);
        if is_hash && !is_variable(hash) {
            found.push(start..start + length);
        }
    }
}

/// What follows a scheme if one begins here: `Bearer x`, `Basic x`.
fn after_scheme(text: &str, at: usize, found: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    // Most letters stand inside of a word, and most words are ASCII.
    let joins = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'$');
    if at.checked_sub(1).and_then(|before| bytes.get(before)).is_some_and(joins) {
        return;
    }
    if text.get(..at).and_then(|b| b.chars().next_back()).is_some_and(char::is_alphanumeric) {
        return;
    }
    let begins = |scheme: &&str| bytes.get(at..at + scheme.len()).is_some_and(|b| b.eq_ignore_ascii_case(scheme.as_bytes()));
    let Some(scheme) = ["bearer", "basic", "token"].into_iter().find(begins) else { return };
    // `AuthType Basic` ends its line: the next directive is no value.
    let before = text.get(..at).unwrap_or_default().trim_end_matches([' ', '\t', '"', '\'']).as_bytes();
    if before.len().checked_sub(8).and_then(|from| before.get(from..)).is_some_and(|word| word.eq_ignore_ascii_case(b"AuthType"))
    {
        return;
    }
    let mut start = at + scheme.len();
    let gap = rest(text, start);
    let blank = if gap.starts_with("\\s") {
        2 + run(rest(gap, 2), |c| "+* ".contains(c))
    } else {
        run(gap, |c| c == ' ' || c == '\t' || c == ':')
    };
    if blank == 0 {
        return;
    }
    start += blank;
    let length = run(rest(text, start), |c| c.is_ascii_alphanumeric() || "+/=._~-".contains(c));
    if length >= 6 && looks_random(&rest(text, start)[..length]) {
        found.push(start..start + length);
    }
}

/// Whether a word looks generated: digits, a `=`, or capitals inside it.
fn looks_random(word: &str) -> bool {
    let inner_capital =
        word.as_bytes().windows(2).any(|w| matches!(w, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase()));
    inner_capital || word.bytes().any(|b| b.is_ascii_digit() || b == b'=')
}

/// What follows a `=` or `:`: `token=x` in query strings, `$http_x_api_key = "x"` in conditions, `Name: value` in quotes.
fn assignment(text: &str, at: usize, found: &mut Vec<Range<usize>>) {
    let colon = text.as_bytes().get(at) == Some(&b':');
    let before = text.get(..at).unwrap_or_default();
    // `!=` compares as well; `==` and `=~` do not set.
    let before = before.strip_suffix(['!', '=']).unwrap_or(before);
    let spaced = before.trim_end();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let name_start = spaced.rfind(|c| !is_name(c)).map_or(0, |i| i + spaced[i..].chars().next().map_or(1, char::len_utf8));
    let name = spaced.get(name_start..).unwrap_or_default();
    let variable = spaced.get(..name_start).is_some_and(|b| b.ends_with('$'));
    if colon {
        of_key(text, at, name, found);
    }
    if !is_secret_name(name) || (spaced.len() != before.len() && !variable) {
        return;
    }
    let mut start = at + 1;
    // `Authorization: …` in prose is no value; in a configuration the pair stands in quotes or has no blank.
    let quoted = spaced.get(..name_start).is_some_and(|b| b.ends_with(['"', '\'']));
    // Nor is `zone=token:10m`.
    let part = spaced.get(..name_start).is_some_and(|b| b.ends_with(['=', '/', '.']));
    if colon && !quoted && (part || rest(text, start).starts_with(char::is_whitespace)) {
        return;
    }
    if colon || variable {
        start += run(rest(text, start), |c| c == ' ' || c == '\t');
    }
    let value = rest(text, start);
    if colon && value.starts_with("//") {
        return;
    }
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let length = match quote {
        Some(q) => 1 + run(rest(value, 1), |c| c != q),
        None if colon => run(value, |c| !matches!(c, '"' | '\'' | ';' | '\n')),
        None => run(value, |c| !matches!(c, '&' | '"' | '\'' | ';' | ')' | '}' | ',') && !c.is_whitespace()),
    };
    literals(text, start..start + length, found);
}

/// What follows a key of YAML that a blank separates from it, if it looks generated: `Authorization: k8f03…`, and `value: k8f03…`, whose
/// name stands on another line.
fn of_key(text: &str, at: usize, name: &str, found: &mut Vec<Range<usize>>) {
    const VALUES: &[&str] = &["value", "headervalue", "key"];
    let blank = run(rest(text, at + 1), |c| c == ' ' || c == '\t');
    let start = at + 1 + blank + run(rest(text, at + 1 + blank), |c| matches!(c, '"' | '\''));
    let word = rest(text, start);
    let word = &word[..run(word, |c| c.is_ascii_alphanumeric() || "+/=_~-".contains(c))];
    let ends =
        !rest(text, start + word.len()).starts_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | ':' | '(' | '$' | '{'));
    let generated = looks_random(word) && word.bytes().any(|b| b.is_ascii_digit()) && !word.starts_with('/') && ends;
    let long = if is_secret_name(name) {
        8
    } else if is_one_of(VALUES, name) {
        12
    } else {
        return;
    };
    if blank > 0 && generated && word.len() >= long {
        found.push(start..start + word.len());
    }
}

/// Directives that set a header, parameter or variable with a secret name, and directives with such a name themselves.
fn setters(text: &str, part: Range<usize>, found: &mut Vec<Range<usize>>) {
    let mut at = part.start;
    let bytes = text.as_bytes().get(part).unwrap_or_default();
    for statement in bytes.split_inclusive(|byte| matches!(byte, b';' | b'{' | b'}' | b'\n')) {
        setter(text, at..at + statement.len(), found);
        at += statement.len();
    }
}

fn setter(text: &str, statement: Range<usize>, found: &mut Vec<Range<usize>>) {
    let body = text.get(statement.clone()).unwrap_or_default().trim_end_matches([';', '{', '}', '\n']);
    let end = statement.start + body.len();
    let mut at = statement.start;
    let mut next = || {
        at += run(text.get(at..end).unwrap_or_default(), char::is_whitespace);
        let word = text.get(at..end).unwrap_or_default();
        let word = &word[..run(word, |c| !c.is_whitespace())];
        at += word.len();
        (word, at)
    };
    let (directive, after) = next();
    if is_secret_name(directive) || is_one_of(SECRET_DIRECTIVES, directive) {
        literals(text, after..end, found);
        return;
    }
    if !is_one_of(SETTERS, directive) {
        return;
    }
    let (mut name, mut after) = next();
    while is_one_of(ACTIONS, name) {
        (name, after) = next();
    }
    if is_secret_name(name.trim_matches(['"', '\'', ':'])) {
        literals(text, after..end, found);
    }
}

/// The literal words of a value, without variables, scheme names and quotes.
fn literals(text: &str, value: Range<usize>, found: &mut Vec<Range<usize>>) {
    let mut at = value.start;
    while at < value.end {
        let here = text.get(at..value.end).unwrap_or_default();
        let Some(c) = here.chars().next() else { break };
        if is_variable(here) {
            at += variable_length(here);
        } else if c.is_whitespace() || matches!(c, '"' | '\'' | ';' | ':' | '\\') {
            at += c.len_utf8();
        } else {
            let length = run(here, |c| !c.is_whitespace() && !matches!(c, '"' | '\'' | ';' | '$')).max(c.len_utf8());
            let word = here.get(..length).unwrap_or(here);
            if !is_one_of(PLAIN_WORDS, word.trim_end_matches(':')) {
                found.push(at..at + length);
            }
            at += length;
        }
    }
}

fn variable_length(text: &str) -> usize {
    for (open, close) in [("${", "}"), ("{{", "}}"), ("{%", "%}"), ("%{", "}"), ("<%", "%>"), ("@@", "@@")] {
        if let Some(inside) = text.strip_prefix(open) {
            return open.len() + inside.find(close).map_or(inside.len(), |i| i + close.len());
        }
    }
    1 + run(rest(text, 1), |c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_covered() {
        for (text, masked) in [
            (r#"proxy_set_header Authorization "Basic dXNlcjpwYXNz";"#, r#"proxy_set_header Authorization "Basic ***";"#),
            ("proxy_set_header X-Api-Key abc;", "proxy_set_header X-Api-Key ***;"),
            ("Header always set X-Auth-Token abc", "Header always set X-Auth-Token ***"),
            ("AuthLDAPBindPassword \"geheim\"", "AuthLDAPBindPassword \"***\""),
            ("RewriteCond %{HTTP:X-Api-Key} !=k8f03jd92h", "RewriteCond %{HTTP:X-Api-Key} !=***"),
            ("RewriteCond %{HTTP:X-Api-Key} !^k8f03jd92h$ [NC]", "RewriteCond %{HTTP:X-Api-Key} !^***$ [NC]"),
            ("<If \"%{HTTP:X-Api-Key} != 'k8f03'\">", "<If \"%{HTTP:X-Api-Key} != '***'\">"),
            ("RewriteCond %{HTTP:Authorization} ^(.+)$", "RewriteCond %{HTTP:Authorization} ^(.+)$"),
            ("fastcgi_param DB_PASSWORD 'a b';", "fastcgi_param DB_PASSWORD '*** ***';"),
            ("proxy_pass http://user:pass@app/x;", "proxy_pass http://user:***@app/x;"),
            ("bob:$apr1$abcdefgh$0123456789012345678901", "bob:$apr1$***"),
            ("bob:{PLAIN}geheim", "bob:{PLAIN}***"),
            ("set $api_key geheim;", "set $api_key ***;"),
            (r#"if ($http_x_api_key != "geheim") { return 403; }"#, r#"if ($http_x_api_key != "***") { return 403; }"#),
            ("rewrite ^ /x?token=geheim&a=b;", "rewrite ^ /x?token=***&a=b;"),
            ("\"~^Bearer abc123$\" 1;", "\"~^Bearer ***$\" 1;"),
            ("more_set_input_headers 'Authorization: Bearer abc';", "more_set_input_headers 'Authorization: Bearer ***';"),
            ("RequestHeader set Authorization \"Bearer abc\"", "RequestHeader set Authorization \"Bearer ***\""),
            ("Authorization: 9fK2mQx7Lr4tVb81", "Authorization: ***"),
            ("value: 9fK2mQx7Lr4tVb81", "value: ***"),
            ("{HeaderName: Authorization, HeaderValue: '9fK2mQx7Lr4tVb81'}", "{HeaderName: Authorization, HeaderValue: '***'}"),
            ("set $auth_token 'ü€';", "set $auth_token '***';"),
        ] {
            assert_eq!(mask(text), masked);
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            r#"proxy_set_header Authorization "";"#,
            "proxy_set_header Authorization $http_authorization;",
            "proxy_set_header Authorization \"Bearer $token\";",
            "fastcgi_param HTTP_AUTHORIZATION $http_authorization if_not_empty;",
            "proxy_pass_header Authorization;",
            "rewrite ^ $1$scheme$request_uri;",
            "auth_basic \"Basic Authentication\";",
            "server_tokens off;",
            // Lines are looked at as one, too.
            "AuthType Basic AuthName \"Editors\"",
            "AuthType \"Basic\" AuthUserFile x",
            "limit_req_zone $binary_remote_addr zone=token:10m rate=5r/s;",
            "location /token { proxy_pass http://app; }",
            "add_header Access-Control-Allow-Headers \"Authorization, Content-Type\";",
            "auth_basic_user_file /etc/nginx/.htpasswd;",
            "proxy_pass http://$user:$pass@app;",
            "value: /oauth2/start2ab",
            "value: app1.example.com",
            "value: public, max-age=31536000",
            "key: Cache-Control",
        ] {
            assert_eq!(mask(text), text);
        }
        for text in [
            "Authorization does not reach the upstream",
            "the upstream gets no Authorization: it is cleared here",
            "set Authorization to the client's value",
            "password file is missing",
        ] {
            assert_eq!(prose(text), text);
        }
        assert_eq!(prose("`proxy_set_header X-Api-Key abc;` holds a key"), "`proxy_set_header X-Api-Key ***;` holds a key");
    }
}
