//! A text that a regular expression matches.

use regex_syntax::hir::{Class, Hir, HirKind};

/// A text that probably matches a regex: of each alternative the first, of each repetition the least, but `.*` as one letter.
pub(super) fn example(text: &str, ignore_case: bool) -> Option<String> {
    let hir = regex_syntax::ParserBuilder::new().case_insensitive(ignore_case).build().parse(text).ok()?;
    let mut out = String::new();
    write(&hir, &mut out);
    Some(out)
}

fn write(hir: &Hir, out: &mut String) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(Class::Unicode(class)) => {
            let holds = |c: char| class.ranges().iter().any(|r| r.start() <= c && c <= r.end());
            let nice = "xa1-_/.".chars().find(|c| holds(*c));
            out.extend(nice.or_else(|| class.ranges().first().map(regex_syntax::hir::ClassUnicodeRange::start)));
        }
        HirKind::Class(Class::Bytes(class)) => {
            let holds = |c: u8| class.ranges().iter().any(|r| r.start() <= c && c <= r.end());
            let nice = b"xa1-_/.".iter().copied().find(|c| holds(*c));
            out.extend(nice.or_else(|| class.ranges().first().map(regex_syntax::hir::ClassBytesRange::start)).map(char::from));
        }
        HirKind::Repetition(repetition) => {
            let times = repetition.min.max(u32::from(repetition.max != Some(1))).min(64);
            for _ in 0..times {
                write(&repetition.sub, out);
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, out),
        HirKind::Concat(parts) => parts.iter().for_each(|p| write(p, out)),
        HirKind::Alternation(parts) => {
            if let Some(first) = parts.first() {
                write(first, out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::example;

    #[test]
    fn examples_match_their_regex() {
        for text in [r"\.php$", r"^/(a|b)/[0-9]{3}", r"\.(css|js)$", "^/api/v[12]/.*$", r"^/.+\.php(/|$)"] {
            let found = example(text, false).unwrap();
            assert!(
                super::super::regexes::compile(text, false, false).unwrap().is_match(found.as_bytes()).unwrap(),
                "{text}: {found}"
            );
        }
    }
}
