//! Reads expressions by recursive descent, with the grammar of `server/util_expr_parse.y`. The tokens are in `lexer`, what stands
//! in quotes in `strings`.

use super::lexer::Token;
use super::names::{self, Function, UnaryOp};
use super::{Condition, Context, ExprError, Glob, Regex, Test, Word};
use crate::syntax::apache::subnet::Subnet;

/// How deep parentheses and calls may be nested. The server evaluates 20 levels, and fails beyond.
const MAX_DEPTH: usize = 100;

/// How long a text or a regular expression may be (`MAX_STRING_LEN`).
pub(super) const MAX_STRING: usize = 8192;

/// Reads a condition.
pub(super) fn condition(text: &str, context: Context) -> Result<Condition, ExprError> {
    let mut parser = Parser::new(text, context);
    let whole = parser.or()?;
    match parser.token()? {
        (Token::End, _) => Ok(Condition { test: whole, regexes: parser.regexes }),
        (token, at) => Err(parser.unexpected(&token, at)),
    }
}

/// Reads a text with variables.
pub(super) fn text(text: &str, context: Context) -> Result<Word, ExprError> {
    Parser::new(text, context).string(None)
}

pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    context: Context,
    depth: usize,
    regexes: Vec<Regex>,
}

pub(super) type Parsed<T> = Result<T, ExprError>;

impl<'t> Parser<'t> {
    fn new(text: &'t str, context: Context) -> Self {
        Self { text, at: 0, context, depth: 0, regexes: Vec::new() }
    }

    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn error<T>(&self, at: usize, message: impl Into<String>) -> Parsed<T> {
        Err(ExprError { at: at.min(self.text.len()), message: message.into(), is_limit: false })
    }

    pub(super) fn unexpected(&self, token: &Token<'_>, at: usize) -> ExprError {
        let message = match token {
            Token::End => "the expression ends too early".to_owned(),
            _ => format!("unexpected {:?}", self.text.get(at..self.at).unwrap_or_default()),
        };
        ExprError { at, message, is_limit: false }
    }

    /// Goes one level deeper.
    pub(super) fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == MAX_DEPTH {
            let message = "the expression is nested too deep".to_owned();
            return Err(ExprError { at: self.at, message, is_limit: true });
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }
    fn or(&mut self) -> Parsed<Test> {
        self.chain(&Token::Or, Self::and, Test::Or)
    }

    fn and(&mut self) -> Parsed<Test> {
        self.chain(&Token::And, Self::not, Test::And)
    }

    fn chain(
        &mut self,
        sign: &Token<'static>,
        part: fn(&mut Self) -> Parsed<Test>,
        whole: fn(Vec<Test>) -> Test,
    ) -> Parsed<Test> {
        let mut parts = vec![part(self)?];
        while self.peek()? == *sign {
            self.token()?;
            parts.push(part(self)?);
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { whole(parts) })
    }

    fn not(&mut self) -> Parsed<Test> {
        let mut negated = false;
        let mut any = false;
        while self.peek()? == Token::Not {
            self.token()?;
            negated = !negated;
            any = true;
        }
        let test = self.simple()?;
        // An even number of signs says nothing.
        Ok(if any && negated { Test::Not(Box::new(test)) } else { test })
    }

    fn simple(&mut self) -> Parsed<Test> {
        let before = self.at;
        let (token, at) = self.token()?;
        match token {
            Token::True => Ok(Test::Constant(true)),
            Token::False => Ok(Test::Constant(false)),
            Token::Punctuation('(') => {
                let test = self.nested(Self::or)?;
                self.expect(')')?;
                Ok(test)
            }
            Token::Unary("R") => {
                let subnet = self.subnet("-R")?;
                Ok(Test::Client(subnet))
            }
            Token::Unary(letter) => {
                let Some(op) = UnaryOp::of(letter) else {
                    return self.error(at, format!("there is no operator \"-{letter}\""));
                };
                Ok(Test::Unary(op, self.word()?))
            }
            _ => {
                self.at = before;
                self.comparison()
            }
        }
    }

    fn comparison(&mut self) -> Parsed<Test> {
        let left = self.word()?;
        let (token, at) = self.token()?;
        match token {
            Token::Text(comparison) => Ok(Test::Text(comparison, left, self.word()?)),
            Token::Number(comparison) => Ok(Test::Number(comparison, left, self.word()?)),
            Token::Match { negated } => match self.token()? {
                (Token::Regex(regex), _) => {
                    self.regexes.push(regex);
                    Ok(Test::Match { word: left, regex: self.regexes.len() - 1, negated })
                }
                (Token::Quote(_), at) => self.error(at, "a regular expression is written /…/ or m#…#, not in quotes"),
                (token, at) => Err(self.unexpected(&token, at)),
            },
            Token::In => self.list(left),
            Token::Binary(name) => self.binary(left, name, at),
            Token::End => self.error(at, "a word alone is no condition: a comparison or an operator such as -n is missing"),
            token => Err(self.unexpected(&token, at)),
        }
    }

    fn binary(&mut self, left: Word, name: &str, at: usize) -> Parsed<Test> {
        let glob = match name.to_ascii_lowercase().as_str() {
            "ipmatch" => return Ok(Test::Address(left, self.subnet("-ipmatch")?)),
            "fnmatch" => Glob::Path,
            "strmatch" => Glob::Text,
            "strcmatch" => Glob::TextIgnoringCase,
            _ => return self.error(at, format!("there is no operator \"-{name}\"")),
        };
        Ok(Test::Glob(glob, left, self.word()?))
    }

    /// A network: a literal text.
    fn subnet(&mut self, operator: &str) -> Parsed<Subnet> {
        let is_quoted = matches!(self.peek()?, Token::Quote(_));
        let at = self.at;
        match self.word()? {
            Word::Text(text) if is_quoted => match Subnet::parse(&text) {
                Some(subnet) => Ok(subnet),
                None => self.error(at, format!("{text:?} is no network")),
            },
            _ => self.error(at, format!("{operator} needs a network as a literal text in quotes")),
        }
    }

    fn list(&mut self, left: Word) -> Parsed<Test> {
        let (token, at) = self.token()?;
        match token {
            Token::Punctuation('{') => {
                let mut words = vec![self.word()?];
                while self.peek()? == Token::Punctuation(',') {
                    self.token()?;
                    words.push(self.word()?);
                }
                self.expect('}')?;
                Ok(Test::In(left, words))
            }
            Token::Name(name) => {
                self.expect('(')?;
                self.nested(Self::word)?;
                self.expect(')')?;
                if names::is_list_function(name) {
                    return Ok(Test::InFunction(left, name.to_owned()));
                }
                self.error(at, format!("there is no list function \"{name}\""))
            }
            token => Err(self.unexpected(&token, at)),
        }
    }

    fn word(&mut self) -> Parsed<Word> {
        let mut parts = vec![self.part()?];
        while self.peek()? == Token::Dot {
            self.token()?;
            parts.push(self.part()?);
        }
        Ok(joined(parts))
    }

    fn part(&mut self) -> Parsed<Word> {
        let (token, at) = self.token()?;
        match token {
            Token::Digits(digits) => Ok(Word::Text(digits.to_owned())),
            Token::Group(number) => Ok(Word::Group(number)),
            Token::Variable => self.variable(),
            Token::Quote(delimiter) => self.string(Some(delimiter)),
            Token::Name(name) => {
                if self.peek()? != Token::Punctuation('(') {
                    return self.error(at, format!("{name:?} is neither in quotes nor a function: a text is written '{name}'"));
                }
                self.token()?;
                let argument = self.nested(Self::word)?;
                self.expect(')')?;
                self.call(name, argument, at)
            }
            token => Err(self.unexpected(&token, at)),
        }
    }

    pub(super) fn call(&self, name: &str, argument: Word, at: usize) -> Parsed<Word> {
        match Function::of(name) {
            None => self.error(at, format!("there is no function \"{name}\"")),
            Some(function) if function.is_restricted() && self.context == Context::Htaccess => {
                self.error(at, format!("\"{name}\" is not available in a .htaccess"))
            }
            Some(function) => Ok(Word::Call(function, Box::new(argument))),
        }
    }
}

/// Parts one behind the other, flat.
pub(super) fn joined(parts: Vec<Word>) -> Word {
    let mut flat = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            Word::Concat(inner) => flat.extend(inner),
            other => flat.push(other),
        }
    }
    if flat.len() == 1 { flat.swap_remove(0) } else { Word::Concat(flat) }
}
