//! Whether what the real server did agrees with what the model says.

use lint401::model::{Fact, GateKind, HeaderFate, Known, Outcome, Stores, Value, Verdict};

use crate::ask::Ask;
use crate::observe::Observed;

/// The answer of the model.
pub(crate) struct Answer {
    pub(crate) outcome: Outcome,
    /// The mark that the block which serves the request leaves in `X-Served`, for each run of the outcome (or the outcome itself,
    /// if it has no runs).
    pub(crate) served: Vec<Option<String>>,
    /// Header fields of the answer that only the configuration makes: all of them are compared.
    pub(crate) fields: &'static [&'static str],
    /// Whether Cache-Control of the answer is what the model says, unless the application sends one.
    pub(crate) cache_control: bool,
    /// Whether the verdict of an `auth_request` may come from a store: an earlier request decides then, which the model does not see.
    pub(crate) stored_verdicts: bool,
}

/// One thing on which the two differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// What: `status`, `block`, `realm`, `location`, `upstream Authorization`, `stored` …
    pub(crate) what: String,
    pub(crate) model: String,
    pub(crate) real: String,
}

impl Difference {
    /// What kind of disagreement it is: two of a kind have one cause, most likely.
    pub(crate) fn kind(&self) -> String {
        match self.what.as_str() {
            "status" => format!("status: {} not {}", self.model, self.real),
            what => what.to_owned(),
        }
    }
}

/// The result for one request.
#[derive(Debug)]
pub(crate) struct Verdicts {
    /// Empty: they agree.
    pub(crate) differences: Vec<Difference>,
    /// Things of which the model says that the files do not tell them.
    pub(crate) unknown: Vec<String>,
}

/// Compares an answer with what was seen. Where the model tried several ways, one of them must be what the server did.
pub(crate) fn compare(ask: &Ask, answer: Option<&Answer>, observed: &Observed) -> Verdicts {
    if observed.server_fault {
        return Verdicts { differences: Vec::new(), unknown: Vec::new() };
    }
    let Some(answer) = answer else {
        let none = Difference { what: "server".to_owned(), model: "none".to_owned(), real: observed.answer.status.to_string() };
        return Verdicts { differences: vec![none], unknown: Vec::new() };
    };
    let outcome = &answer.outcome;
    // The application refuses in a subrequest, now or in an answer that was kept: what follows is its decision, not the
    // configuration's.
    let refused = |g: &lint401::model::Gate| g.kind == GateKind::Subrequest && g.verdict == Verdict::Unknown;
    if (ask.verdict != 200 || answer.stored_verdicts) && outcome.possibly(|o| o.gates.iter().any(refused)) {
        return Verdicts { differences: Vec::new(), unknown: Vec::new() };
    }
    let runs = if outcome.runs.is_empty() { std::slice::from_ref(outcome) } else { &outcome.runs };
    let mut best: Option<Vec<Difference>> = None;
    let mut unknown = Vec::new();
    for (run, served) in runs.iter().zip(&answer.served) {
        let mut comparison = Comparison { ask, run, observed, differences: Vec::new(), unknown: Vec::new() };
        comparison.all(served.as_deref(), answer.fields);
        if answer.cache_control {
            comparison.cache_control();
        }
        let Comparison { differences, unknown: open, .. } = comparison;
        if best.as_ref().is_none_or(|b| differences.len() < b.len()) {
            best = Some(differences);
            unknown = open;
        }
    }
    // Existence of files and answers of the application are not the configuration's to tell.
    let open =
        |u: &&lint401::model::Unknown| !u.file_system && !u.what.contains("subrequest") && !u.what.contains("auth_request");
    if runs.len() > 1 {
        unknown.extend(outcome.unknown.iter().filter(open).map(|u| u.what.clone()));
    }
    Verdicts { differences: best.unwrap_or_default(), unknown }
}

struct Comparison<'a> {
    ask: &'a Ask,
    run: &'a Outcome,
    observed: &'a Observed,
    differences: Vec<Difference>,
    unknown: Vec<String>,
}

impl Comparison<'_> {
    fn differ(&mut self, what: &str, model: impl std::fmt::Debug, real: impl std::fmt::Debug) {
        self.differences.push(Difference { what: what.to_owned(), model: format!("{model:?}"), real: format!("{real:?}") });
    }

    fn all(&mut self, served: Option<&str>, fields: &[&str]) {
        self.status();
        // Without an answer there is nothing more to see, and where its status is not known, nothing more is said.
        if self.observed.answer.status == 0 || matches!(self.run.status, Known::Unknown(_)) {
            return;
        }
        let name = self.observed.answer.header("X-Served");
        // A copy has the header fields of the answer that was kept.
        if name != served && !self.observed.stale {
            self.differ("block", served, name);
        }
        // What the application sends too is not the configuration's alone.
        let sent = |name: &str| self.ask.reply.1.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        for name in fields.iter().filter(|name| !self.observed.stale && !sent(name)) {
            self.field(name);
        }
        self.realm();
        self.location();
        self.upstream();
        self.stored();
    }

    fn status(&mut self) {
        let real = self.observed.answer.status;
        match &self.run.status {
            // nginx closes the connection without an answer.
            Known::Is(Some(444)) if real == 0 => {}
            Known::Is(Some(status)) if *status == real => {}
            // A copy has the status of the answer that was kept.
            Known::Is(Some(_)) if self.observed.stale && self.run.cache.answers_from_store.value == Known::Is(true) => {}
            Known::Is(Some(status)) => self.differ("status", status, real),
            Known::Is(None) => {
                let asked = self.observed.upstream.is_some() || self.observed.stale;
                if !asked || (!self.observed.stale && real != self.ask.reply.0) {
                    self.differ("status", "the upstream decides", real);
                }
            }
            Known::Unknown(why) => self.unknown.push(format!("status: {why}")),
        }
    }

    /// A header field of the answer, each of its values in order.
    fn field(&mut self, name: &str) {
        let real: Vec<&str> = self.observed.answer.all(name).map(str::trim).collect();
        let added = self.run.response.added.iter().filter(|sent| sent.name.eq_ignore_ascii_case(name));
        let model: Vec<&Value> = added.map(|sent| &sent.value).collect();
        let said: Vec<&str> = model.iter().filter_map(|value| value.known()).map(str::trim).collect();
        if said.len() < model.len() {
            self.unknown.push(format!("field {name}"));
        } else if said != real {
            self.differ(&format!("field {name}"), said, real);
        }
    }

    /// What clients read of keeping the answer: all fields as one list.
    fn cache_control(&mut self) {
        let sent = self.ask.reply.1.iter().any(|(name, _)| name.eq_ignore_ascii_case("cache-control"));
        // Directives of the headers module without `always` leave errors alone.
        if self.observed.stale || sent || self.observed.answer.status != 200 || matches!(self.run.status, Known::Unknown(_)) {
            return;
        }
        let real = self.observed.answer.all("Cache-Control").map(str::trim).collect::<Vec<_>>().join(", ");
        match &self.run.response.cache_control {
            Some((Value::Unknown { why, .. }, _)) => self.unknown.push(format!("Cache-Control: {why}")),
            Some((Value::Known(model), _)) if *model == real => {}
            None if real.is_empty() => {}
            model => self.differ("Cache-Control", model.as_ref().and_then(|(value, _)| value.known()).map(str::to_owned), real),
        }
    }

    fn realm(&mut self) {
        let challenges = self.observed.answer.all("WWW-Authenticate");
        let realms = challenges.filter_map(|c| c.strip_prefix("Basic realm=\"")?.strip_suffix('"'));
        let real: Vec<String> = realms.map(|r| r.replace("\\\"", "\"")).collect();
        let refusing = |g: &&lint401::model::Gate| g.kind == GateKind::Basic && g.verdict == Verdict::Refuses(401);
        let model: Vec<&Value> = self.run.gates.iter().filter(refusing).filter_map(|g| g.realm.as_ref()).collect();
        let said: Vec<&str> = model.iter().filter_map(|v| v.known()).collect();
        if said.len() < model.len() {
            self.unknown.push("realm".to_owned());
        } else if !real.iter().all(|r| said.contains(&r.as_str())) {
            self.differ("realm", said.join(" | "), real);
        }
    }

    fn location(&mut self) {
        let real = self.observed.answer.header("Location");
        match (&self.run.location, real) {
            // A blank at the end of a field is not part of it.
            (Some(Value::Known(model)), Some(real)) if model.trim_end() == real => {}
            (Some(Value::Unknown { why, .. }), _) => self.unknown.push(format!("location: {why}")),
            (None, None) => {}
            (model, real) => self.differ("location", model.as_ref().and_then(Value::known).map(str::to_owned), real),
        }
    }

    fn upstream(&mut self) {
        let Some(seen) = &self.observed.upstream else { return };
        let Some(upstream) = &self.run.upstream else {
            self.differ("upstream", "none", &seen.target);
            return;
        };
        let facts = [
            ("Authorization", &upstream.authorization),
            ("Cookie", &upstream.cookie),
            ("X-Forwarded-Proto", &upstream.forwarded_proto),
            ("X-Forwarded-Host", &upstream.forwarded_host),
        ];
        for (name, fact) in facts {
            let real = seen.field(name).filter(|v| !v.is_empty());
            self.fate(name, fact, real);
        }
        let real = seen.field("Host").unwrap_or_default();
        match &upstream.host.value {
            Known::Is(Value::Known(host)) if *host == real => {}
            Known::Is(Value::Known(host)) => self.differ("upstream Host", host, real),
            Known::Is(Value::Unknown { why, .. }) | Known::Unknown(why) => self.unknown.push(format!("Host: {why}")),
        }
    }

    fn fate(&mut self, name: &str, fact: &Fact<HeaderFate>, real: Option<&str>) {
        let sent = self.ask.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str());
        let model = match &fact.value {
            Known::Is(HeaderFate::Kept) => sent,
            Known::Is(HeaderFate::Dropped | HeaderFate::Absent) => None,
            Known::Is(HeaderFate::Replaced(Value::Known(value))) => Some(value.as_str()).filter(|v| !v.is_empty()),
            Known::Is(HeaderFate::Replaced(Value::Unknown { why, .. }) | HeaderFate::Unknown(why)) | Known::Unknown(why) => {
                self.unknown.push(format!("{name}: {why}"));
                return;
            }
        };
        if model.map(str::trim_end) != real.map(str::trim_end) {
            let model = format!("{:?} ({model:?})", fact.value);
            self.differences.push(Difference { what: format!("upstream {name}"), model, real: format!("{real:?}") });
        }
    }

    fn stored(&mut self) {
        let answer = &self.observed.answer;
        // A copy, or an answer that was replaced on its way, tells nothing of this request.
        if self.observed.stale || self.observed.upstream.is_none() || answer.status != self.ask.reply.0 {
            return;
        }
        let cache = &self.run.cache;
        let fact = if self.ask.reply.0 == 401 { &cache.stores_401 } else { &cache.stores };
        let stores = match &fact.value {
            Known::Is(Stores::Unknown) | Known::Unknown(_) => {
                self.unknown.push("stored".to_owned());
                return;
            }
            Known::Is(stores) => *stores,
        };
        let header = |name: &str| self.ask.reply.1.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        let kept = match (self.ask.reply.0, header("Set-Cookie"), header("Cache-Control")) {
            (200 | 401, None, None) => stores == Stores::Yes,
            (200, Some(_), None) => stores == Stores::Yes && (cache.stores_set_cookie || cache.drops_set_cookie),
            (200, None, Some("private")) => stores == Stores::Yes && (cache.stores_private || cache.ignores_cache_control),
            (200, None, Some(_)) => stores == Stores::Yes || stores == Stores::Origin && !cache.ignores_cache_control,
            _ => return,
        };
        let Known::Is(from_store) = cache.answers_from_store.value else {
            self.unknown.push("bypass".to_owned());
            return;
        };
        // The comparison sends the request twice only; an earlier request for the same key may have counted as well.
        let expected = kept && from_store && cache.min_uses < 2;
        let copied = self.observed.repeat_is_copy;
        if expected != copied && !(copied && kept && from_store) {
            self.differ("stored", (stores, cache.stores_set_cookie, from_store), self.observed.repeat_is_copy);
        }
    }
}
