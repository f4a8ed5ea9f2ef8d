//! What somebody can say that a file is: on the command line, in `lint401.toml` and in a comment of the file itself.

use super::edge;
use super::recognise::Kind;

/// What a comment begins with that says what its file is (`# lint401: kind=nginx`), behind the name of this tool.
const KEY: &str = "kind=";

/// Lines that are looked at in search of the comment.
const LINES: usize = 50;

/// All that can be said, dialects of edge rules last.
fn all() -> impl Iterator<Item = Kind> {
    let plain = [Kind::NginxMain, Kind::ApacheMain, Kind::Htaccess, Kind::Edge(None), Kind::Foreign];
    plain.into_iter().chain(edge::Dialect::ALL.iter().map(|dialect| Kind::Edge(Some(*dialect))))
}

/// The names in use.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(name)
}

/// The kind of this name; `Err`: there is none, and perhaps this one is meant.
pub fn named(text: &str) -> Result<Kind, Option<&'static str>> {
    all().find(|kind| name(*kind) == text).ok_or_else(|| near(text))
}

/// The name of a kind. Both kinds of nginx are one to the user, and so are those of Apache.
pub fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::NginxMain | Kind::NginxSnippet => "nginx",
        Kind::ApacheMain | Kind::ApachePart => "apache",
        Kind::Htaccess => "htaccess",
        Kind::Edge(None) => "edge",
        Kind::Edge(Some(dialect)) => dialect.id(),
        Kind::Foreign | Kind::Unknown => "ignore",
    }
}

/// The name that is nearest to one that is not known.
fn near(text: &str) -> Option<&'static str> {
    let text = text.to_ascii_lowercase();
    let scored = names().map(|name| (strsim::jaro_winkler(name, &text), name)).filter(|(score, _)| *score > 0.8);
    scored.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}

/// What the text of a comment behind the name of this tool says that its file is, if it says that.
pub fn of_comment(text: &str) -> Option<&str> {
    text.trim_start().strip_prefix(KEY).map(|name| name.split_ascii_whitespace().next().unwrap_or_default())
}

/// What a comment at the beginning of a text says that the file is. `Err`: what is wrong with it.
pub(super) fn commented(text: &[u8]) -> Result<Option<Kind>, String> {
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    for (number, line) in (1..=LINES).zip(text.split(|b| *b == b'\n')) {
        let Ok(line) = str::from_utf8(line) else { return Ok(None) };
        let line = line.trim();
        let Some(comment) = line.strip_prefix('#') else {
            // The first line that is no comment ends them; YAML may begin with a marker.
            if line.is_empty() || line.starts_with("---") || line.starts_with('%') {
                continue;
            }
            break;
        };
        let said = comment.trim_start_matches('#').trim_start().strip_prefix("lint401:").and_then(of_comment);
        let Some(said) = said else { continue };
        return named(said).map(Some).map_err(|near| {
            let near = near.map_or_else(
                || format!("there are {}", names().collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            format!("its comment in line {number} says that it is of the kind `{said}`, which is unknown: {near}")
        });
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_one_and_each_kind_is_known_by_its_name() {
        let all: Vec<&str> = names().collect();
        let mut once = all.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), all.len());
        for text in all {
            assert_eq!(named(text).map(name), Ok(text));
        }
    }

    #[test]
    fn a_comment_counts_before_everything_else() {
        let said = |text: &str| commented(text.as_bytes());
        assert_eq!(said("# a file\n\n#lint401: kind=nginx\nx 1;\n"), Ok(Some(Kind::NginxMain)));
        assert_eq!(
            said("\u{feff}---\r\n# lint401: kind=kong -- rendered\r\na: b\r\n"),
            Ok(Some(Kind::Edge(Some(edge::Dialect::Kong))))
        );
        assert_eq!(said("a: b\n# lint401: kind=kong\n"), Ok(None));
        assert_eq!(said("# a comment about lint401: kind=kong\n"), Ok(None));
        assert_eq!(said("# lint401: ignore-file[x] -- y\n"), Ok(None));
        let wrong = said("# x\n# lint401: kind=ingress_nginx\n").unwrap_err();
        assert_eq!(
            wrong,
            "its comment in line 2 says that it is of the kind `ingress_nginx`, which is unknown: did you mean `ingress-nginx`?"
        );
        assert!(said("# lint401: kind=\n").unwrap_err().contains("there are nginx, apache, htaccess, edge"));
    }
}
