//! `mod_expires`: how long responses may be kept.

use super::walk::Walk;
use crate::model::Value;
use crate::project::apache::Directive;
use crate::source::Span;
use crate::syntax::apache::Name;

/// The seconds of `access plus 1 hour`, `A3600` and their like; whether they count from the access.
pub(super) fn seconds(text: &str) -> Option<(i64, bool)> {
    if let Some(number) = text.strip_prefix(['A', 'M']).and_then(|n| n.parse().ok()) {
        return Some((number, text.starts_with('A')));
    }
    let mut words = text.split_whitespace();
    let base = words.next()?.to_ascii_lowercase();
    let from_access = base.starts_with(['n', 'a']);
    if !from_access && !base.starts_with("modification") {
        return None;
    }
    let mut sum: i64 = 0;
    let mut words = words.skip_while(|w| w.to_ascii_lowercase().starts_with('p'));
    while let Some(number) = words.next() {
        let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
        let number: i64 = digits.parse().ok()?;
        let unit = words.next()?.to_ascii_lowercase();
        let factor = match unit.as_bytes() {
            [b'y', ..] => 31_536_000,
            [b'm', b'o', ..] => 2_592_000,
            [b'w', ..] => 604_800,
            [b'd', ..] => 86_400,
            [b'h', ..] => 3_600,
            [b'm', b'i', ..] => 60,
            [b's', ..] => 1,
            _ => return None,
        };
        sum = sum.checked_add(number.checked_mul(factor)?)?;
    }
    Some((sum, from_access))
}

/// The type that the server gives a file by its extension, for the few that matter.
fn type_of(extension: &str) -> Option<&'static str> {
    Some(match extension.to_ascii_lowercase().as_str() {
        "html" | "htm" => "text/html",
        "css" => "text/css",
        "js" | "mjs" => "text/javascript",
        "json" => "application/json",
        "xml" => "application/xml",
        "txt" => "text/plain",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "svg" => "image/svg+xml",
        "webp" => "image/webp",
        "ico" => "image/vnd.microsoft.icon",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "pdf" => "application/pdf",
        _ => return None,
    })
}

impl<'a> Walk<'_, 'a> {
    /// The `Cache-Control` that `mod_expires` adds to a response that is no error, and the directive that decides; a page of an
    /// application is taken for HTML.
    pub(super) fn expires(&mut self) -> Option<(Value, Span)> {
        // A page that answers for an error gets none either.
        if self.r.status >= 400 || self.flag(Name::ExpiresActive) != Some(true) {
            return None;
        }
        let content_type = self.response_type();
        let by_type = content_type.and_then(|content_type| self.expires_by_type(&content_type));
        let (directive, text) = if let Some(directive) = by_type {
            (directive, directive.arg(1).into_owned())
        } else {
            let default = self.last(&[Name::ExpiresDefault])?;
            (default, default.arg(0).into_owned())
        };
        let value = match seconds(&text) {
            Some((seconds, true)) => Value::Known(format!("max-age={}", seconds.max(0))),
            // It counts from the time that the file was changed.
            Some((_, false)) => {
                Value::Unknown { prefix: "max-age=".to_owned(), nonempty: true, why: "age of the file".to_owned() }
            }
            None => return None,
        };
        Some((value, directive.span()))
    }

    fn response_type(&mut self) -> Option<String> {
        // An application says it itself, whatever its file would be.
        if self.served.as_ref().is_some_and(|h| h.kind.is_upstream()) {
            return Some("text/html".to_owned());
        }
        if let Some((_, content_type)) = self.content_type() {
            return Some(content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
        }
        let extension = super::fixups::extensions(&self.r.filename).last().map(str::to_owned);
        extension.as_deref().and_then(type_of).map(str::to_owned)
    }

    fn expires_by_type(&mut self, content_type: &str) -> Option<Directive<'a>> {
        let all = self.all(&[Name::ExpiresByType]);
        let major = content_type.split('/').next().unwrap_or_default();
        let find = |wanted: &str| {
            let named = |id: &&u32| self.directive(**id).arg(0).eq_ignore_ascii_case(wanted);
            all.iter().rev().find(named).map(|id| self.directive(*id))
        };
        find(content_type).or_else(|| find(&format!("{major}/*")))
    }
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times() {
        assert_eq!(seconds("access plus 1 hour"), Some((3600, true)));
        assert_eq!(seconds("now plus 1 month 2 days"), Some((2_592_000 + 172_800, true)));
        assert_eq!(seconds("modification plus 5 minutes"), Some((300, false)));
        assert_eq!(seconds("A60"), Some((60, true)));
        assert_eq!(seconds("access"), Some((0, true)));
        assert_eq!(seconds("soon"), None);
    }
}
