//! The functions of expressions that need no request.

use std::fmt::Write as _;

use base64::engine::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use sha1::Sha1;

use super::super::uri;
use crate::model::Value;
use crate::model::fact::unknown_value;
use crate::model::from::password::LENIENT;
use crate::syntax::apache::expr::Function;

/// A function of a known text.
pub(super) fn of_text(function: Function, text: &str) -> Value {
    let known = match function {
        Function::ToLower => text.to_ascii_lowercase(),
        Function::ToUpper => text.to_ascii_uppercase(),
        Function::Escape => uri::escape(text),
        Function::Base64 => STANDARD.encode(text),
        Function::Md5 => hex(&Md5::digest(text)),
        Function::Sha1 => hex(&Sha1::digest(text)),
        Function::Unescape => match unescape(text, true) {
            Some((_, Fault::Bad)) => String::new(),
            Some((decoded, Fault::None)) => decoded,
            None => return unknown_value("bytes that are not UTF-8"),
        },
        Function::Unbase64 => {
            // What is not of the alphabet ends it.
            let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '+' && c != '/').unwrap_or(text.len());
            let decoded = LENIENT.decode(text.get(..end).unwrap_or_default()).ok();
            match decoded.and_then(|bytes| String::from_utf8(bytes).ok()) {
                // A NUL ends a text.
                Some(decoded) => decoded.split('\0').next().unwrap_or_default().to_owned(),
                None => return unknown_value("bytes that are not UTF-8"),
            }
        }
        _ => return unknown_value("what a function gives"),
    };
    Value::Known(known)
}

/// A function of a text that is not fully known: most are never empty for a text that is not.
pub(super) fn of_unknown(function: Function, argument: &Value) -> Value {
    let Value::Unknown { nonempty, why, .. } = argument else { return unknown_value("what a function gives") };
    let nonempty = match function {
        Function::ToLower | Function::ToUpper | Function::Escape | Function::Base64 => *nonempty,
        Function::Md5 | Function::Sha1 => true,
        _ => false,
    };
    Value::Unknown { prefix: String::new(), nonempty, why: why.clone() }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether a text had escapes that the server does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::model::from::apache) enum Fault {
    None,
    Bad,
}

/// Decodes `%41` (`unescape_url`); `keep_slashes`: not `%2f`. What stands behind a decoded NUL is lost. `None`: the bytes are not
/// UTF-8.
pub(in crate::model::from::apache) fn unescape(text: &str, keep_slashes: bool) -> Option<(String, Fault)> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut fault = Fault::None;
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let digit = |at: usize| rest.get(at).and_then(|b| char::from(*b).to_digit(16));
        let code = digit(0).zip(digit(1)).map(|(high, low)| (high * 16 + low) as u8);
        match code.filter(|_| *byte == b'%') {
            Some(0) => {
                fault = Fault::Bad;
                break;
            }
            Some(b'/') if keep_slashes => bytes.push(b'%'),
            Some(code) => {
                bytes.push(code);
                rest = rest.get(2..).unwrap_or_default();
            }
            None => {
                if *byte == b'%' {
                    fault = Fault::Bad;
                }
                bytes.push(*byte);
            }
        }
    }
    Some((String::from_utf8(bytes).ok()?, fault))
}
