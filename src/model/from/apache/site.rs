//! A virtual host as a site: what rules ask.

use std::borrow::Cow;

use super::host::Host;
use super::walk::{End, Walk};
use crate::model::from::choices::{self, Choices};
use crate::model::{Handler, HandlerKind, Known, Outcome, Place, Request, Route, RouteId, Scheme, Site};
use crate::project::apache::Directive;
use crate::source::Span;

impl<'a> Host<'a> {
    fn follow(&self, request: &Request, choices: &mut Choices) -> Outcome {
        let mut walk = Walk::new(self, request, choices);
        if request.scheme == Scheme::Http && self.names.tls {
            walk.end = Some(End::Status(Known::Is(400), None));
        } else {
            walk.run();
        }
        self.outcome(walk)
    }

    fn outcome(&self, mut walk: Walk<'_, 'a>) -> Outcome {
        let status = match walk.end.clone() {
            Some(End::Status(Known::Is(status), _)) => Known::Is(Some(status)),
            Some(End::Status(Known::Unknown(why), _)) => Known::Unknown(why),
            Some(End::Upstream) => Known::Is(None),
            None => Known::Unknown("the request was not followed to its end".to_owned()),
        };
        let upstream = walk.upstream();
        let handler = walk.served.clone().unwrap_or(Handler { kind: HandlerKind::Return, span: None, target: None });
        let served_by = self.served_by(&walk, &handler);
        let response = walk.response();
        let cache = walk.cache(&response);
        Outcome {
            site: self.place(),
            served_by,
            cache,
            response,
            steps: std::mem::take(&mut walk.steps),
            gates: std::mem::take(&mut walk.gates),
            location: walk.location.take(),
            unknown: std::mem::take(&mut walk.unknown),
            status,
            handler,
            upstream,
            runs: Vec::new(),
        }
    }

    /// The directive of the handler, else the innermost section that is for the request, else the host.
    fn served_by(&self, walk: &Walk<'_, 'a>, handler: &Handler) -> Place {
        if let Some(span) = handler.span {
            let text = fold(self.shared.sources.text(span));
            return Place { span, text };
        }
        let sections = walk.r.layers.iter().rev().map(|layer| self.shared.sections.get(layer.section));
        let inner = sections.map(|s| s.directive).find(|id| *id != crate::project::apache::TOP);
        inner.map_or_else(|| self.place(), |id| place_of(&self.shared.directive(id)))
    }
}

fn place_of(directive: &Directive) -> Place {
    Place { span: directive.span(), text: directive.text() }
}

/// A text with its white space folded.
pub(super) fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Site for Host<'_> {
    fn place(&self) -> Place {
        if let Some(directive) = self.directive() {
            return place_of(&directive);
        }
        let text = if self.shared.is_tree() { ".htaccess" } else { "server" };
        Place { span: Span::new(self.shared.config.main, 0, 0), text: text.to_owned() }
    }

    fn hosts(&self) -> &[Cow<'_, str>] {
        &self.names.literal
    }

    fn routes(&self) -> &[Route] {
        &self.routes
    }

    fn resolve(&self, request: &Request) -> Outcome {
        choices::explore(|choices| self.follow(request, choices))
    }

    fn request(&self, path: &str) -> Request {
        self.names.request(path)
    }

    fn landmark(&self, route: RouteId) -> Option<Request> {
        super::example::path_for(self, route).map(|path| self.request(&path))
    }

    fn context(&self, route: RouteId) -> String {
        let host = match (self.directive(), self.names.literal.first()) {
            (_, Some(name)) => format!("VirtualHost {name}"),
            (Some(directive), None) => directive.text(),
            (None, None) if self.shared.is_tree() => ".htaccess".to_owned(),
            (None, None) => "server".to_owned(),
        };
        let layers = self.route_layers.of(route).iter();
        let inner = layers
            .rev()
            .map(|l| self.shared.sections.get(l.section))
            .find(|s| s.directive != crate::project::apache::TOP && s.kind != super::section::Kind::VirtualHost);
        match inner {
            Some(section) => format!("{host} > {}", self.shared.directive(section.directive).text()),
            None => host,
        }
    }

    fn is_whole(&self) -> bool {
        !self.shared.config.incomplete && !self.shared.config.partial && !self.shared.is_tree()
    }

    fn is_tls(&self) -> bool {
        self.names.is_tls()
    }
}
