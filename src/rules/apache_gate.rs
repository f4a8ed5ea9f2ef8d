//! What the rules on passwords share for Apache: sections with a password check, and requests that meet one or do not.

use crate::model::from::apache::{Host, user_requirement};
use crate::model::{Combine, GateKind, HandlerKind, Outcome, Request, RouteId, Verdict};
use crate::project::apache::Directive;
use crate::syntax::apache::Name;

/// Whether the configuration has a directive of that name at all: the cheapest screen.
pub(super) fn uses(host: &Host, name: Name) -> bool {
    host.config().by_name.get(name as usize).is_some_and(|ids| !ids.is_empty())
}

/// A request whose path is taken to name a file or a folder that is there.
pub(super) fn taken_to_be_there(mut request: Request) -> Request {
    request.assume.file_exists = Some(true);
    request
}

/// Whether something is shown to the client without any check that could have refused somebody.
pub(super) fn is_shown_unasked(outcome: &Outcome) -> bool {
    let served = outcome.upstream.is_some() || outcome.status.known().is_some_and(|s| matches!(s, None | Some(200..=299)));
    served && asks_nobody(outcome)
}

/// Whether no check asks for a user.
pub(super) fn asks_nobody(outcome: &Outcome) -> bool {
    let by_another_way = outcome.gates.iter().any(|g| g.combine == Combine::Any && g.verdict == Verdict::Passes);
    let is_address = |g: &crate::model::Gate| matches!(g.kind, GateKind::Address | GateKind::Condition);
    let refuses = outcome.gates.iter().any(|g| matches!(g.verdict, Verdict::Refuses(_) | Verdict::Unknown) && is_address(g));
    let password = outcome.gates.iter().any(|g| !is_address(g));
    outcome.handler.kind != HandlerKind::Redirect && if password { by_another_way } else { !refuses || by_another_way }
}

/// Whether basic authentication answers 401.
pub(super) fn is_asked(outcome: &Outcome) -> bool {
    outcome.status.is(&Some(401)) && outcome.gates.iter().any(|g| matches!(g.verdict, Verdict::Refuses(401)))
}

/// The `<Limit>` or `<LimitExcept>` that a directive stands in.
pub(super) fn limit_of<'a>(directive: &Directive<'a>) -> Option<Directive<'a>> {
    directive.ancestors().find(|a| matches!(a.name(), Name::Limit | Name::LimitExcept))
}

/// The requirements of a directive that stand as alternatives beside each other, containers with `any` opened.
pub(super) fn alternatives<'a>(directive: &Directive<'a>, found: &mut Vec<Directive<'a>>) {
    match directive.name() {
        Name::Require => found.push(*directive),
        Name::RequireAny => directive.children().for_each(|child| alternatives(&child, found)),
        _ => {}
    }
}

/// Whether a section asks for a user with one of its own alternatives.
pub(super) fn has_user_alternative(alternatives: &[Directive]) -> bool {
    alternatives.iter().any(|d| user_requirement(d).is_some())
}

/// Whether the front controller of a route is the one that WordPress writes: its first rule leaves `/index.php` alone.
pub(super) fn has_rules_of_wordpress(host: &Host, id: RouteId) -> bool {
    let rules = host.effective_all(id, Name::RewriteRule);
    rules.iter().any(|rule| rule.arg(0) == r"^index\.php$" && rule.arg(1) == "-")
}

/// Whether a directive hands requests on before they are mapped to files.
pub(super) fn is_before_files(text: &str) -> bool {
    ["proxypass", "rewriterule"].iter().any(|name| text.get(..name.len()).is_some_and(|t| t.eq_ignore_ascii_case(name)))
}
