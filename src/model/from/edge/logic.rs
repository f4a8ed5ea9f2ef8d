//! Expressions of conditions with `and`, `or`, `not` and parentheses: the rules of Traefik, the expressions of Cloudflare.

use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::character::complete::{char, multispace0};
use nom::error::{Error, ErrorKind};
use nom::multi::separated_list1;
use nom::sequence::{delimited, preceded};
use nom::{Err, IResult, Parser};

use super::condition::Condition;

/// How deep parentheses may nest.
const MAX_DEPTH: usize = 32;

/// What the operators of a language look like.
pub(super) struct Words {
    pub(super) and: &'static [&'static str],
    pub(super) or: &'static [&'static str],
    pub(super) not: &'static [&'static str],
}

/// Reads one comparison or call.
pub(super) type Atom = fn(&str) -> IResult<&str, Condition>;

/// The condition that a text states; `None`: it is beyond what is read here.
pub(super) fn parse(text: &str, words: &Words, atom: Atom) -> Option<Condition> {
    match disjunction(text, words, atom, 0) {
        Ok((rest, condition)) if rest.trim().is_empty() => Some(condition),
        _ => None,
    }
}

fn disjunction<'t>(text: &'t str, words: &Words, atom: Atom, depth: usize) -> IResult<&'t str, Condition> {
    let (rest, parts) = separated_list1(operator(words.or), |text| conjunction(text, words, atom, depth)).parse_complete(text)?;
    Ok((rest, Condition::any(parts)))
}

fn conjunction<'t>(text: &'t str, words: &Words, atom: Atom, depth: usize) -> IResult<&'t str, Condition> {
    let (rest, parts) = separated_list1(operator(words.and), |text| unary(text, words, atom, depth)).parse_complete(text)?;
    Ok((rest, parts.into_iter().reduce(Condition::and).unwrap_or(Condition::Always)))
}

fn unary<'t>(text: &'t str, words: &Words, atom: Atom, depth: usize) -> IResult<&'t str, Condition> {
    if depth > MAX_DEPTH {
        return Err(Err::Failure(Error::new(text, ErrorKind::TooLarge)));
    }
    let (text, _) = multispace0(text)?;
    if let Ok((rest, _)) = one_of(words.not, text) {
        let (rest, condition) = unary(rest, words, atom, depth + 1)?;
        return Ok((rest, Condition::Not(Box::new(condition))));
    }
    let parenthesis = delimited(char('('), |text| disjunction(text, words, atom, depth + 1), preceded(multispace0, char(')')));
    alt((parenthesis, atom)).parse_complete(text)
}

fn operator<'t>(words: &[&'static str]) -> impl Parser<&'t str, Output = (), Error = Error<&'t str>> {
    move |text: &'t str| {
        let (text, _) = multispace0(text)?;
        let (text, _) = one_of(words, text)?;
        Ok((text, ()))
    }
}

/// One of some words; one of letters ends where a name would.
fn one_of<'t>(words: &[&'static str], text: &'t str) -> IResult<&'t str, &'t str> {
    for word in words {
        let Ok((rest, found)) = tag::<_, _, Error<&str>>(*word).parse(text) else { continue };
        let goes_on = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
        if !(word.ends_with(|c: char| c.is_ascii_alphabetic()) && goes_on) {
            return Ok((rest, found));
        }
    }
    Err(Err::Error(Error::new(text, ErrorKind::Tag)))
}
