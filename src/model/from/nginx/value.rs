//! Texts with variables (`ngx_http_complex_value`), cut into pieces.

/// A piece of a text with variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Literal text.
    Text(&'a str),
    /// `$name` or `${name}`, without the sigil.
    Variable(&'a str),
    /// `$1` to `$9`.
    Capture(usize),
}

/// Cuts a text into pieces. A `$` that starts no variable is literal text.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let Some((piece, length)) = variable(after) else {
            out.push(Piece::Text(&rest[..=at]));
            rest = after;
            continue;
        };
        if !before.is_empty() {
            out.push(Piece::Text(before));
        }
        out.push(piece);
        rest = &after[length..];
    }
    if !rest.is_empty() {
        out.push(Piece::Text(rest));
    }
    out
}

/// The variable at the start of `after` (the text behind a `$`), and how many bytes it takes.
fn variable(after: &str) -> Option<(Piece<'_>, usize)> {
    if let Some(digit) = after.chars().next().and_then(|c| c.to_digit(10)).filter(|d| *d > 0) {
        return Some((Piece::Capture(digit as usize), 1));
    }
    if let Some(braced) = after.strip_prefix('{') {
        let end = braced.find('}')?;
        let name = &braced[..end];
        return is_name(name).then_some(match name.parse::<usize>() {
            Ok(number) => (Piece::Capture(number), end + 2),
            Err(_) => (Piece::Variable(name), end + 2),
        });
    }
    let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
    (end > 0).then(|| (Piece::Variable(&after[..end]), end))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The names of the variables of a text.
pub(super) fn variables(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let (_, after) = rest.split_once('$')?;
            let Some((piece, length)) = variable(after) else {
                rest = after;
                continue;
            };
            rest = after.get(length..)?;
            if let Piece::Variable(name) = piece {
                return Some(name);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts() {
        use Piece::{Capture, Text, Variable};
        assert_eq!(
            pieces("a${b}c$d/$1x"),
            [Text("a"), Variable("b"), Text("c"), Variable("d"), Text("/"), Capture(1), Text("x")]
        );
        assert_eq!(pieces("Bearer $http_token"), [Text("Bearer "), Variable("http_token")]);
        assert_eq!(pieces("${"), [Text("$"), Text("{")], "a dollar that starts no variable is text");
    }
}
