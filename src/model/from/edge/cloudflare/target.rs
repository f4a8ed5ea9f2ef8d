//! Expressions that make the address of a redirect: texts and fields of the request, put together with `concat`. Functions that
//! replace parts of texts are not followed.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{char, multispace0};
use nom::multi::separated_list1;
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use super::expression::string;
use crate::model::from::edge::moves::Piece;

/// The pieces of an address; `None`: it is beyond what is read here.
pub(super) fn parse(text: &str) -> Option<Vec<Piece>> {
    match terminated(alt((concat, one)), multispace0).parse(text) {
        Ok(("", pieces)) => Some(pieces),
        _ => None,
    }
}

fn one(text: &str) -> IResult<&str, Vec<Piece>> {
    preceded(multispace0, alt((string.map(|text| vec![Piece::Text(text)]), field))).parse(text)
}

fn concat(text: &str) -> IResult<&str, Vec<Piece>> {
    let name = delimited(multispace0, tag("concat"), (multispace0, char('(')));
    let arguments = separated_list1((multispace0, char(',')), one);
    let (rest, pieces) = delimited(name, arguments, (multispace0, char(')'))).parse(text)?;
    Ok((rest, pieces.concat()))
}

fn field(text: &str) -> IResult<&str, Vec<Piece>> {
    let name = take_while1(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    let pieces = |name: &str| {
        Some(match name {
            "http.host" => vec![Piece::Host],
            "http.request.uri.path" => vec![Piece::Path],
            "http.request.uri" => vec![Piece::Target],
            "http.request.uri.query" => vec![Piece::Query],
            "http.request.full_uri" => vec![Piece::Scheme, Piece::Text("://".to_owned()), Piece::Host, Piece::Target],
            _ => return None,
        })
    };
    name.map_opt(pieces).parse(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_fields_are_put_together() {
        let text = |text: &str| Piece::Text(text.to_owned());
        assert_eq!(parse("\"/login\""), Some(vec![text("/login")]));
        let of_host = parse("concat(\"https://\", http.host, http.request.uri.path)");
        assert_eq!(of_host, Some(vec![text("https://"), Piece::Host, Piece::Path]));
        assert_eq!(
            parse(" concat ( \"https://a.example\" , http.request.uri ) "),
            Some(vec![text("https://a.example"), Piece::Target])
        );
        for other in
            ["wildcard_replace(http.request.full_uri, \"a\", \"b\")", "concat(\"a\", lower(http.host))", "concat()", "ip.src"]
        {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
