//! Variables in arguments, as far as they can be broken.

use super::Name;
use super::tree::Word;

/// From which word on the server compiles a directive's words as texts with variables; the name is word 0.
fn compiled(name: Name, parent: Name) -> Option<usize> {
    match name {
        // The value.
        Name::Entry if parent == Name::Map => Some(1),
        _ => name.info()?.texts.map(|first| usize::from(first) + 1),
    }
}

/// Whether no argument of the directive can hold a variable, so that a `${NAME}` in it comes from a template.
pub(super) fn never_takes(name: Name) -> bool {
    matches!(
        name,
        Name::Listen
            | Name::ServerName
            | Name::Server
            | Name::Upstream
            | Name::Include
            | Name::LoadModule
            | Name::User
            | Name::Pid
            | Name::WorkerProcesses
            | Name::WorkerConnections
            | Name::ClientMaxBodySize
            | Name::SetRealIpFrom
            | Name::Allow
            | Name::Deny
            | Name::Keepalive
            | Name::Resolver
            | Name::ProxyConnectTimeout
    )
}

/// The first word whose variables the server cannot compile, with what is wrong.
pub(super) fn first_broken(text: &str, name: Name, parent: Name, words: &[Word]) -> Option<(Word, String)> {
    let words = words.get(compiled(name, parent)?..)?;
    words.iter().filter(|w| !w.hole()).find_map(|word| broken(&word.value(text)).map(|message| (*word, message)))
}

fn broken(value: &str) -> Option<String> {
    let mut rest = value;
    while let Some((_, after)) = rest.split_once('$') {
        let braced = after.strip_prefix('{');
        let name = braced.unwrap_or(after);
        let length = name.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let (name, tail) = name.split_at_checked(length)?;
        if braced.is_some() && !tail.starts_with('}') {
            return Some(format!("the closing brace of the variable \"${{{name}\" is missing"));
        }
        if name.is_empty() {
            return Some("a \"$\" that begins no variable".to_owned());
        }
        rest = tail;
    }
    None
}
