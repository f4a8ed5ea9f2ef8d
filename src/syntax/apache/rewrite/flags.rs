//! The flags of a `RewriteRule` and of a `RewriteCond`: `[A,B=c]`.

use super::RewriteError;
use super::words::Word;

/// How many rounds `[N]` makes before the server gives up (`REWRITE_MAX_ROUNDS`).
const MAX_ROUNDS: i32 = 32_000;

/// The flags of a `RewriteRule`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "independent flags, not states")]
pub struct Flags {
    /// `B`: what `$1` and `%1` put in is percent-encoded.
    pub escape_groups: bool,
    /// `B=…`: only these characters.
    pub escaped: Option<String>,
    /// `BNE=…`: not these characters.
    pub not_escaped: Option<String>,
    /// `BNP`: a blank becomes `%20`, not `+`.
    pub escape_no_plus: bool,
    /// `BCTLS`: only control characters and blanks.
    pub escape_controls: bool,
    /// `C`: the next rule only if this one matches.
    pub chain: bool,
    /// `CO=…`.
    pub cookies: Vec<String>,
    /// `DPI`.
    pub discard_path_info: bool,
    /// `E=…`.
    pub env: Vec<String>,
    /// `END`.
    pub end: bool,
    /// `H=…`.
    pub handler: Option<String>,
    /// `L`.
    pub last: bool,
    /// `N`.
    pub next: bool,
    /// `N=…`.
    pub max_rounds: i32,
    /// `NC`.
    pub ignore_case: bool,
    /// `NE`.
    pub no_escape: bool,
    /// `NS`.
    pub no_subrequest: bool,
    /// `P`.
    pub proxy: bool,
    /// `PT`.
    pub pass_through: bool,
    /// `QSA`.
    pub append_query: bool,
    /// `QSD`.
    pub discard_query: bool,
    /// `QSL`: the query begins at the last `?`.
    pub query_from_last: bool,
    /// The query is dropped, and none is looked for in the substitution.
    pub no_query: bool,
    /// `R`.
    pub redirect: bool,
    /// The status that `R`, `F`, `G` ask for; of a redirect to another host without `R` 302. 0 for a word that is none.
    pub status: u16,
    /// Whether the status is no redirect: the request ends with it.
    pub is_status: bool,
    /// The URL stays: `-`, or the request ends here.
    pub no_substitution: bool,
    /// `S=…`: how many rules to skip.
    pub skip: i32,
    /// `T=…`.
    pub mime_type: Option<String>,
    /// `UnsafePrefixStat`.
    pub unsafe_prefix_stat: bool,
    /// `UnsafeAllow3F`.
    pub unsafe_allow_3f: bool,
    /// `UNC`: leading slashes stay.
    pub unc: bool,
}

impl Default for Flags {
    fn default() -> Self {
        Self {
            escape_groups: false,
            escaped: None,
            not_escaped: None,
            escape_no_plus: false,
            escape_controls: false,
            chain: false,
            cookies: Vec::new(),
            discard_path_info: false,
            env: Vec::new(),
            end: false,
            handler: None,
            last: false,
            next: false,
            max_rounds: MAX_ROUNDS,
            ignore_case: false,
            no_escape: false,
            no_subrequest: false,
            proxy: false,
            pass_through: false,
            append_query: false,
            discard_query: false,
            query_from_last: false,
            no_query: false,
            redirect: false,
            status: 302,
            is_status: false,
            no_substitution: false,
            skip: 0,
            mime_type: None,
            unsafe_prefix_stat: false,
            unsafe_allow_3f: false,
            unc: false,
        }
    }
}

/// One flag: its name, its value (empty without `=`), and where it stands.
pub(super) struct Flag<'t> {
    pub(super) key: &'t str,
    pub(super) value: &'t str,
    pub(super) at: usize,
}

impl Flag<'_> {
    pub(super) fn unknown<T>(&self) -> Result<T, RewriteError> {
        Err(RewriteError { at: self.at, message: format!("unknown flag {:?}", self.key) })
    }
}

/// Cuts `[A,B=c]`. A comma cannot be quoted.
pub(super) fn cut(word: Word<'_>) -> Result<Vec<Flag<'_>>, RewriteError> {
    let inner = word.text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    let Some(inner) = inner else {
        return Err(RewriteError {
            at: word.at,
            message: format!("the flags {:?} are not in brackets; a blank between flags needs quotes", word.text),
        });
    };
    let mut flags = Vec::new();
    let mut at = word.at + 1;
    for text in inner.split(',') {
        let trimmed = text.trim_start_matches(|c: char| c.is_ascii_whitespace());
        let begin = at + text.len() - trimmed.len();
        let trimmed = trimmed.trim_end_matches(|c: char| c.is_ascii_whitespace());
        let (key, value) = trimmed.split_once('=').unwrap_or((trimmed, ""));
        flags.push(Flag { key, value, at: begin });
        at += text.len() + 1;
    }
    Ok(flags)
}

/// What `atoi` makes of a text.
pub fn atoi(text: &str) -> i32 {
    let text = text.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let length = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let value = digits
        .get(..length)
        .unwrap_or_default()
        .bytes()
        .fold(0i64, |value, digit| value.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    (sign * value) as i32
}

/// Whether the server has a reason phrase for a status (`ap_index_of_response`).
fn is_known_status(status: i32) -> bool {
    matches!(status, 100..=103 | 200..=208 | 226 | 300..=305 | 307 | 308 | 400..=417 | 421..=424 | 426 | 428 | 429 | 431 | 451 | 500..=508 | 510 | 511)
}

impl Flags {
    /// Reads the third argument of a `RewriteRule`.
    pub(super) fn parse(word: Word<'_>) -> Result<Self, RewriteError> {
        let mut flags = Self::default();
        for flag in cut(word)? {
            flags.add(&flag)?;
        }
        Ok(flags)
    }

    fn add(&mut self, flag: &Flag<'_>) -> Result<(), RewriteError> {
        let value = flag.value;
        match flag.key.to_ascii_lowercase().as_str() {
            "b" | "backrefescaping" => {
                self.escape_groups = true;
                if !value.is_empty() {
                    self.escaped = Some(value.to_owned());
                }
            }
            "bne" if value.is_empty() => {
                return Err(RewriteError { at: flag.at, message: "the flag BNE needs a list of characters".to_owned() });
            }
            "bne" => self.not_escaped = Some(value.to_owned()),
            "bnp" | "backrefernoplus" => self.escape_no_plus = true,
            "bctls" => {
                self.escape_controls = true;
                self.escape_groups = true;
            }
            "c" | "chain" => self.chain = true,
            "co" | "cookie" => self.cookies.push(value.to_owned()),
            "d" | "dpi" | "discardpath" => self.discard_path_info = true,
            // The server takes any flag that begins with this letter.
            key if key.starts_with('d') => {}
            "e" | "env" => self.env.push(value.to_owned()),
            "end" => self.end = true,
            "f" | "forbidden" => self.force(403),
            "g" | "gone" => self.force(410),
            "h" | "handler" => self.handler = Some(value.to_owned()),
            "l" | "last" => self.last = true,
            "ne" | "noescape" => self.no_escape = true,
            "n" | "next" => {
                self.next = true;
                if !value.is_empty() {
                    self.max_rounds = atoi(value);
                }
            }
            "ns" | "nosubreq" => self.no_subrequest = true,
            "nc" | "nocase" => self.ignore_case = true,
            "p" | "proxy" => self.proxy = true,
            "pt" | "passthrough" => self.pass_through = true,
            "qsa" | "qsappend" => self.append_query = true,
            "qsd" | "qsdiscard" => self.discard_query = true,
            "qsl" | "qslast" => self.query_from_last = true,
            "r" | "redirect" => self.redirect(flag)?,
            "s" | "skip" => self.skip = atoi(value),
            "t" | "type" => self.mime_type = Some(value.to_owned()),
            "unsafeprefixstat" => self.unsafe_prefix_stat = true,
            "unsafeallow3f" => self.unsafe_allow_3f = true,
            "unc" => self.unc = true,
            _ => return flag.unknown(),
        }
        Ok(())
    }

    /// Ends the request with a status.
    fn force(&mut self, status: u16) {
        self.is_status = true;
        self.no_substitution = true;
        self.status = status;
    }

    fn redirect(&mut self, flag: &Flag<'_>) -> Result<(), RewriteError> {
        self.redirect = true;
        let value = flag.value;
        let status = match value.to_ascii_lowercase().as_str() {
            "" => return Ok(()),
            "permanent" => 301,
            "temp" => 302,
            "seeother" => 303,
            _ if value.starts_with(|c: char| c.is_ascii_digit()) => atoi(value),
            _ => 0,
        };
        if value.starts_with(|c: char| c.is_ascii_digit()) && !is_known_status(status) {
            return Err(RewriteError { at: flag.at, message: format!("{value:?} is no status of HTTP") });
        }
        self.status = u16::try_from(status).unwrap_or(0);
        if self.status != 0 && !(300..400).contains(&self.status) {
            self.force(self.status);
        }
        Ok(())
    }
}
