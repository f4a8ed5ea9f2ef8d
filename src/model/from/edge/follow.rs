//! One request through the entries of a site.

use std::borrow::Cow;
use std::net::IpAddr;

use ipnet::IpNet;

use super::edge_site::EdgeSite;
use super::says::{Answer, Behaviour, Behind, Caching, ClientScheme, FieldPart, Forward, Keeps, Says};
use crate::discover::edge::Dialect;
use crate::model::from::choices::{Choices, explore};
use crate::model::{
    Cache, Combine, Fact, Gate, GateKind, Handler, HandlerKind, HeaderFate, Known, Outcome, Place, Request, Response, Scheme,
    Step, Stores, Unknown, Upstream, Value, Verdict,
};

/// What may go wrong where an origin does not get its own name.
const STRANGE_HOST: &str = "the origin answers to its own host name alone, and gets that of the visitor";

/// What happens to a request.
pub(super) fn resolve(site: &EdgeSite, request: &Request) -> Outcome {
    let said = client_scheme(request).filter(|scheme| *scheme != request.scheme);
    let (Some(counts), Some(said)) = (site.default.says.client_scheme, said) else {
        return explore(|choices| follow(site, request, choices));
    };
    let port = if request.port == request.scheme.default_port() { said.default_port() } else { request.port };
    let believed = Request { scheme: said, port, ..request.clone() };
    explore(|choices| {
        let question = "whether X-Forwarded-Proto of the client is believed";
        let counts = counts == ClientScheme::Counts || choices.answer(question, true);
        follow(site, if counts { &believed } else { request }, choices)
    })
}

/// The scheme that the client names.
fn client_scheme(request: &Request) -> Option<Scheme> {
    match request.header_value("X-Forwarded-Proto")? {
        "http" => Some(Scheme::Http),
        "https" => Some(Scheme::Https),
        _ => None,
    }
}

fn follow(site: &EdgeSite, request: &Request, choices: &mut Choices) -> Outcome {
    let mut unknown = Vec::new();
    let mut steps = Vec::new();
    let mut served: Option<&Behaviour> = None;
    let mut says = Cow::Borrowed(&*site.default.says);
    for behaviour in site.candidates(request) {
        let applies = behaviour.when.holds(request).unwrap_or_else(|why| {
            let what = format!("whether {} applies: {why}", behaviour.name);
            let answer = choices.answer(&format!("{what} {}", behaviour.head.start), true);
            unknown.push(Unknown { what, span: behaviour.head, file_system: false });
            answer
        });
        if !applies {
            continue;
        }
        steps.push(Step { what: format!("{} applies", behaviour.name), span: behaviour.head });
        says = site.order.over(&says, &behaviour.says);
        served = Some(behaviour);
        if site.order.ends_with(&behaviour.says) {
            break;
        }
    }
    let served = served.unwrap_or(&site.default);
    let served_by = Place { span: served.head, text: served.name.clone() };
    outcome(site, served_by, &says, request, steps, unknown)
}

fn outcome(
    site: &EdgeSite,
    served_by: Place,
    says: &Says,
    request: &Request,
    mut steps: Vec<Step>,
    mut unknown: Vec<Unknown>,
) -> Outcome {
    let early = before(says, request);
    // Nobody is asked for a password where the answer does not depend on it.
    let mut gates = if early.is_some() { Vec::new() } else { says.gates.clone() };
    for gate in &mut gates {
        gate.verdict = match gate.verdict {
            Verdict::Unknown if request.assume.gates_pass => Verdict::Passes,
            Verdict::Unknown if request.header_value("Authorization").is_none() && gate.kind.reads_authorization() => {
                Verdict::Refuses(401)
            }
            Verdict::Unknown if site.dialect() == Dialect::Envoy && gate.kind == GateKind::Basic && !is_basic(request) => {
                Verdict::Refuses(401)
            }
            Verdict::Unknown => of_address(gate, request),
            other => other,
        };
        if site.dialect() == Dialect::Envoy && gate.kind == GateKind::Basic {
            // Measured with Envoy 1.40: each address is a realm of its own.
            let realm = format!("{}://{}{}", request.scheme.as_str(), request.authority(), request.target());
            gate.realm = Some(Value::Known(realm));
        }
    }
    let is_closed = |gate: &crate::model::Gate| matches!(gate.verdict, Verdict::Refuses(_)) && gate.combine == Combine::All;
    let refused = gates.iter().find(|gate| is_closed(gate)).and_then(|gate| match gate.verdict {
        Verdict::Refuses(status) => Some((status, gate.span)),
        _ => None,
    });
    let answer = early.or_else(|| moved(says, request)).or_else(|| says.answer.clone());
    let open_gate = gates.iter().any(|gate| gate.verdict == Verdict::Unknown);
    let behind = says.origin.as_ref().map_or(Behind::Application, |origin| origin.behind);
    let handler = match (&answer, refused) {
        (_, Some((_, span))) => Handler { kind: HandlerKind::Return, span: Some(span), target: None },
        (Some(answer), _) => {
            let kind = if answer.location.is_some() { HandlerKind::Redirect } else { HandlerKind::Return };
            Handler { kind, span: Some(answer.span), target: answer.location.clone() }
        }
        (None, None) => {
            let kind = match behind {
                Behind::Application => HandlerKind::Proxy,
                Behind::Files => HandlerKind::Static,
                Behind::Unknown => HandlerKind::Unknown,
            };
            let origin = says.origin.as_ref();
            Handler { kind, span: origin.map(|o| o.span), target: origin.and_then(|o| o.target.clone()) }
        }
    };
    let status = match (refused, &answer) {
        (Some((status, _)), _) => Known::Is(Some(status)),
        _ if open_gate => Known::Unknown("an access check that the files do not decide".to_owned()),
        (None, Some(answer)) => Known::Is(Some(answer.status)),
        (None, None) if says.strange_host.is_some() => Known::Unknown(STRANGE_HOST.to_owned()),
        (None, None) if behind == Behind::Application => Known::Is(None),
        (None, None) => Known::Unknown("what is behind decides".to_owned()),
    };
    let reaches = refused.is_none() && answer.is_none();
    if let Some(span) = says.strange_host.filter(|_| reaches) {
        unknown.push(Unknown { what: STRANGE_HOST.to_owned(), span, file_system: false });
    }
    let upstream = (reaches && handler.kind.is_upstream()).then(|| upstream(says, request));
    let mut status = status;
    if let (Some(authorizer), Some(upstream)) = (&says.authorizer, &upstream) {
        let arrives = upstream.authorization.value.known();
        let missing = matches!(arrives, Some(HeaderFate::Dropped | HeaderFate::Absent));
        let verdict = match missing {
            true => Verdict::Refuses(401),
            false if request.assume.gates_pass => Verdict::Passes,
            false => Verdict::Unknown,
        };
        gates.push(Gate { verdict, ..authorizer.clone() });
        // It stands behind the cache: what is kept is answered without it.
        if missing && says.caching.as_ref().is_none_or(|caching| caching.keeps == Keeps::Never) {
            status = Known::Is(Some(401));
        }
    }
    if let Some(fact) = upstream.as_ref().map(|u| &u.authorization).filter(|f| f.value.is(&HeaderFate::Dropped)) {
        steps.extend(fact.because.first().map(|span| Step { what: "Authorization is not passed on".to_owned(), span: *span }));
    }
    // Measured with Envoy 1.40: what a filter refuses is edited as the answer of a cluster would be; a redirect has no such edits.
    let unedited = site.dialect() == Dialect::Envoy && refused.is_some() && answer.is_some();
    Outcome {
        site: site.place.clone(),
        served_by,
        steps,
        gates,
        status,
        location: answer.filter(|_| refused.is_none()).and_then(|answer| answer.location),
        handler,
        upstream,
        cache: if reaches { cache(says, request) } else { Cache::none() },
        response: if unedited { Response::default() } else { says.response.clone() },
        unknown,
        runs: Vec::new(),
    }
}

/// Whether a request brings a name and a password.
fn is_basic(request: &Request) -> bool {
    let scheme = request.header_value("Authorization").and_then(|value| value.get(..6));
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic "))
}

/// What a list of the addresses that are let in says to a client; a list that is not known says nothing.
fn of_address(gate: &Gate, request: &Request) -> Verdict {
    let listed = gate.source.as_ref().filter(|_| gate.kind == GateKind::Address).and_then(|source| source.value.known());
    let network = |text: &str| {
        let text = text.trim();
        text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
    };
    let networks: Option<Vec<IpNet>> = listed.and_then(|listed| listed.split(',').map(network).collect());
    match networks {
        Some(networks) if networks.iter().any(|network| network.contains(&request.client)) => Verdict::Passes,
        Some(networks) if !networks.is_empty() => Verdict::Refuses(403),
        _ => Verdict::Unknown,
    }
}

/// What is answered before anything else is looked at: requests without TLS, methods that are not let through.
fn before(says: &Says, request: &Request) -> Option<Answer> {
    if let Some(tls) = says.over_tls.as_ref().filter(|_| request.scheme == Scheme::Http) {
        let target = format!("https://{}{}", request.host, request.target());
        let location = (300..400).contains(&tls.status).then_some(Value::Known(target));
        return Some(Answer { status: tls.status, location, span: tls.span });
    }
    let allowed = says.allowed.as_ref().filter(|allowed| !allowed.methods.is_empty())?;
    let refused = !allowed.methods.contains(&request.method);
    refused.then_some(Answer { status: allowed.status, location: None, span: allowed.span })
}

/// Where the address of the request leads to another one.
fn moved(says: &Says, request: &Request) -> Option<Answer> {
    let moves = says.moves.as_ref()?;
    let location = moves.location(request)?;
    Some(Answer { status: moves.status, location: Some(Value::Known(location)), span: moves.span })
}

fn upstream(says: &Says, request: &Request) -> Upstream {
    let fate = |fact: &Option<Fact<Forward>>, name: &str| {
        if says.unread && !fact.as_ref().is_some_and(|fact| fact.value.is(&Forward::Dropped)) {
            return Fact::unknown("what is defined elsewhere may change it", []);
        }
        arrives(fact.as_ref(), name, request, true)
    };
    let bearer = request
        .header_value("Authorization")
        .is_some_and(|value| value.get(..7).is_some_and(|s| s.eq_ignore_ascii_case("bearer ")));
    let authorization = match says.takes_token.filter(|_| bearer) {
        // What is done to the field afterwards finds none.
        Some(span) if !says.authorization.as_ref().is_some_and(|fact| fact.value.is(&Forward::Dropped)) => {
            let left = arrives(says.authorization.as_ref(), "Authorization", request, false);
            if left.value.is(&HeaderFate::Absent) { Fact::is(HeaderFate::Dropped, [span]) } else { left }
        }
        _ => fate(&says.authorization, "Authorization"),
    };
    let host = match &says.host {
        None => Fact::is(Value::Known(request.host.clone()), []),
        Some(fact) => {
            let value = match &fact.value {
                Known::Is(Forward::Kept) => Known::Is(Value::Known(request.host.clone())),
                Known::Is(Forward::Replaced(value)) => Known::Is(value.clone()),
                Known::Is(Forward::Dropped | Forward::Made { .. }) => Known::Unknown("the name of the origin".to_owned()),
                Known::Unknown(why) => Known::Unknown(why.clone()),
            };
            Fact { value, because: fact.because.clone() }
        }
    };
    Upstream {
        authorization,
        cookie: fate(&says.cookie, "Cookie"),
        host,
        forwarded_proto: fate(&says.forwarded_proto, "X-Forwarded-Proto"),
        forwarded_host: fate(&says.forwarded_host, "X-Forwarded-Host"),
        sent: says.sent.clone(),
        lost: Vec::new(),
        forwards_client_headers: Fact::is(true, []),
    }
}

/// What arrives of a field of the client; `there`: whether what it sent is still there.
fn arrives(fact: Option<&Fact<Forward>>, name: &str, request: &Request, there: bool) -> Fact<HeaderFate> {
    let sent = request.header_value(name).is_some() && there;
    let kept = if sent { HeaderFate::Kept } else { HeaderFate::Absent };
    let Some(fact) = fact else { return Fact::is(kept, []) };
    let value = match &fact.value {
        Known::Is(Forward::Kept) => Known::Is(kept),
        Known::Is(Forward::Dropped) if sent => Known::Is(HeaderFate::Dropped),
        Known::Is(Forward::Dropped) => Known::Is(HeaderFate::Absent),
        Known::Is(Forward::Replaced(value)) => Known::Is(HeaderFate::Replaced(value.clone())),
        Known::Is(Forward::Made { sent: pieces, .. }) if sent => made(pieces, HeaderFate::Dropped, name, request),
        Known::Is(Forward::Made { absent: pieces, .. }) => made(pieces, HeaderFate::Absent, name, request),
        Known::Unknown(why) => Known::Unknown(why.clone()),
    };
    Fact { value, because: fact.because.clone() }
}

/// A field that is put together; `nothing` is what becomes of it where no piece is left.
fn made(pieces: &[FieldPart], nothing: HeaderFate, name: &str, request: &Request) -> Known<HeaderFate> {
    let mut texts = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match piece {
            FieldPart::Client if pieces.len() == 1 => return Known::Is(HeaderFate::Kept),
            FieldPart::Client => {
                let of = |(known, _): &&(String, String)| known.eq_ignore_ascii_case(name);
                texts.extend(request.headers.iter().filter(of).map(|(_, value)| value.clone()));
            }
            FieldPart::Text(text) => texts.push(text.clone()),
            FieldPart::Scheme => texts.push(request.scheme.as_str().to_owned()),
            FieldPart::Host => texts.push(request.authority()),
            FieldPart::Unknown(why) => return Known::Unknown(why.clone()),
        }
    }
    if texts.is_empty() {
        return Known::Is(nothing);
    }
    let between = if name.eq_ignore_ascii_case("cookie") { "; " } else { "," };
    Known::Is(HeaderFate::Replaced(Value::Known(texts.join(between))))
}

fn cache(says: &Says, request: &Request) -> Cache {
    let Some(Caching { keeps, because, key, by_authorization, by_cookie, with_set_cookie, .. }) = &says.caching else {
        return Cache::none();
    };
    let asked = matches!(request.method.as_str(), "GET" | "HEAD");
    let because = || because.iter().copied();
    let (stores, ttl) = match keeps {
        Keeps::Never => (Fact::is(Stores::No, because()), None),
        Keeps::Unknown(why) => (Fact::unknown(why.clone(), because()), None),
        _ if !asked => (Fact::is(Stores::No, because()), None),
        Keeps::AsTold => (Fact::is(Stores::Origin, because()), None),
        Keeps::Unless(ttl) | Keeps::Always(ttl) => (Fact::is(Stores::Yes, because()), Some(*ttl)),
    };
    let whatever = matches!(keeps, Keeps::Always(_));
    let is_cache = *keeps != Keeps::Never;
    Cache {
        answers_from_store: match &stores.value {
            Known::Unknown(why) => Fact::unknown(why.clone(), []),
            Known::Is(stores) => Fact::is(*stores != Stores::No, []),
        },
        stores,
        stores_401: match &says.keeps_401 {
            Some(fact) if asked => fact.clone(),
            _ => Fact::is(Stores::No, []),
        },
        ttl,
        key: is_cache.then(|| Fact::is(key.clone(), because())),
        key_has_authorization: *by_authorization,
        key_has_cookie: *by_cookie,
        stores_set_cookie: *with_set_cookie && is_cache,
        stores_private: whatever,
        ignores_cache_control: whatever,
        // What asks for passwords runs before the cache, at the edge.
        ..Cache::none()
    }
}
