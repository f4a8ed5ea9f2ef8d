//! Texts with a small grammar: times of expiry, formats of logs.

use super::Checker;
use super::scope::Scope;
use super::sections::context;
use crate::project::apache::config::Directive;
use crate::syntax::apache::Name;

pub(super) fn check<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, scope: Scope) {
    match directive.name() {
        Name::ExpiresByType => {
            if !directive.arg(0).contains('/') {
                let message = format!("\"{}\" is no media type", directive.arg(0));
                checker.error(directive, directive.arg_span(0), message);
                return;
            }
            expiry(checker, directive, 1);
        }
        Name::ExpiresDefault => expiry(checker, directive, 0),
        Name::AddIcon | Name::AddIconByType | Name::AddIconByEncoding => {
            let icon = directive.arg(0);
            if icon.starts_with('(') && !icon.contains(')') {
                checker.error(directive, directive.arg_span(0), "the icon begins with \"(\" and has no \")\"");
            }
        }
        Name::LogFormat => log_format(checker, directive, 0),
        Name::CustomLog | Name::GlobalLog => {
            log_format(checker, directive, 1);
            let third = directive.arg(2);
            if let Some(expression) = third.strip_prefix("expr=") {
                checker.expression(directive, 2, expression, context(scope));
            } else if directive.arg_count() > 2 && !third.starts_with("env=") {
                let message =
                    format!("the third argument of \"{}\" begins with \"env=\" or \"expr=\"", directive.name().as_str());
                checker.error(directive, directive.arg_span(2), message);
            }
        }
        _ => {}
    }
}

fn expiry<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, index: usize) {
    if let Err(fault) = read_expiry(&directive.arg(index)) {
        let message = format!("the time of \"{}\" is refused: {fault}", directive.name().as_str());
        let help = "such a time is written \"access plus 1 month\"";
        checker.error_with_help(directive, directive.arg_span(index), message, help);
    }
}

/// `access plus 1 month 2 days`, or `A3600` (`check_code` of `mod_expires`, which looks at the first letters of the words only).
fn read_expiry(text: &str) -> Result<(), String> {
    if text.starts_with(['A', 'M']) {
        return Ok(());
    }
    let mut words = text.split_ascii_whitespace().peekable();
    let base = words.next().unwrap_or_default();
    let begins = |word: &str, starts: &[&str]| {
        starts.iter().any(|start| word.get(..start.len()).is_some_and(|first| first.eq_ignore_ascii_case(start)))
    };
    if !begins(base, &["n", "a", "m"]) {
        return Err(format!("\"{base}\" is neither \"access\" nor \"modification\""));
    }
    words.next_if(|word| begins(word, &["p"]));
    while let Some(number) = words.next() {
        if !number.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(format!("\"{number}\" is no number"));
        }
        match words.next() {
            None => return Err(format!("\"{number}\" has no unit")),
            Some(unit) if begins(unit, &["y", "mo", "w", "d", "h", "mi", "s"]) => {}
            Some(unit) => return Err(format!("\"{unit}\" is no unit of time")),
        }
    }
    Ok(())
}

fn log_format<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, index: usize) {
    let format = directive.arg(index);
    if let Some(fault) = format_fault(&format) {
        let message = format!("the format of \"{}\" is refused: {fault}", directive.name().as_str());
        checker.error(directive, directive.arg_span(index), message);
    }
}

/// What is wrong with `%…` in a format. Modules bring letters of their own, so any letter may be right.
fn format_fault(format: &str) -> Option<String> {
    let mut rest = format;
    while let Some((_, after)) = rest.split_once('%') {
        if let Some(literal) = after.strip_prefix('%') {
            rest = literal;
            continue;
        }
        let mut item = after;
        loop {
            item = item.trim_start_matches(|c: char| c.is_ascii_digit() || "!<>,".contains(c));
            let Some(name) = item.strip_prefix('{') else { break };
            item = name.split_once('}').map_or("", |(_, rest)| rest);
        }
        match item.chars().next() {
            None => return Some("nothing follows its last \"%\"".to_owned()),
            Some(c) if c.is_ascii_alphabetic() || c == '^' => rest = item,
            Some(c) => return Some(format!("\"%{c}\" stands for nothing")),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{format_fault, read_expiry};

    #[test]
    fn times_of_expiry() {
        for right in
            ["access plus 1 month", "now", "A3600", "modification 1 year 2 minutes", "access", "M", "access plus 0 seconds"]
        {
            assert_eq!(read_expiry(right), Ok(()), "{right}");
        }
        for wrong in ["access plus 1", "access plus x", "access plus 1 foo", "3600", "plus 1 month", "access plus 1 m"] {
            assert!(read_expiry(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn formats_of_logs() {
        for right in ["%h %l %u %t \"%r\" %>s %b", "%%", "%!200,304{Referer}i", "%{%Y}t", "%^ti", "x", ""] {
            assert_eq!(format_fault(right), None, "{right}");
        }
        for wrong in ["%", "%{x", "% h", "%{x}"] {
            assert!(format_fault(wrong).is_some(), "{wrong}");
        }
    }
}
