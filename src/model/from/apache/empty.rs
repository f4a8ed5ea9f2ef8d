//! Stands for the lowering until it is there: no virtual hosts.

use std::convert::Infallible;
use std::marker::PhantomData;

use crate::model::from::Lookup;
use crate::model::{Outcome, Paths, Place, Request, Route, RouteId, Site};
use crate::project::apache::Config;
use crate::source::SourceMap;

/// A virtual host.
pub struct Host<'a>(Infallible, PhantomData<&'a ()>);

/// Lowers the virtual hosts of a configuration.
pub fn lower<'a>(_: &'a Config, _: &'a SourceMap, _: &Paths, _: Option<Lookup<'a>>) -> Vec<Host<'a>> {
    Vec::new()
}

/// The virtual host that takes a request.
pub fn choose<'s, 'a>(hosts: &'s [Host<'a>], _: &Request) -> Option<&'s Host<'a>> {
    hosts.first()
}

impl Site for Host<'_> {
    fn place(&self) -> Place {
        match self.0 {}
    }
    fn hosts(&self) -> &[String] {
        match self.0 {}
    }
    fn routes(&self) -> &[Route] {
        match self.0 {}
    }
    fn resolve(&self, _: &Request) -> Outcome {
        match self.0 {}
    }
    fn request(&self, _: &str) -> Request {
        match self.0 {}
    }
    fn landmark(&self, _: RouteId) -> Option<Request> {
        match self.0 {}
    }
    fn context(&self, _: RouteId) -> String {
        match self.0 {}
    }
    fn is_whole(&self) -> bool {
        match self.0 {}
    }
    fn is_tls(&self) -> bool {
        match self.0 {}
    }
}
