//! Runs the rules over what was loaded.

use std::any::Any;
use std::cell::OnceCell;
use std::convert::identity;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::prelude::*;

use super::{INTERNAL_ERROR, Project};
use crate::connect::{self, Config, Sites};
use crate::files::Files;
use crate::finding::{Finding, Severity};
use crate::model::from::nginx::Server;
use crate::model::{Paths, Site};
use crate::project::{apache, edge, nginx};
use crate::rules::{self, BasicGate, Check, Cx, Rule};
use crate::settings::Settings;
use crate::source::Span;

/// Runs the rules over one configuration, and over those that stand inside of it.
pub(super) fn check(files: &dyn Files, project: &Project, rules: &[&Rule], paths: &Paths, settings: &Settings) -> Vec<Finding> {
    let Project { sources, config, .. } = project;
    let lookup = || project.lookup(files, settings);
    let whole = Span::new(config.main(), 0, 0);
    let checks: Vec<(&Rule, Check)> = rules.iter().flat_map(|rule| rule.checks.iter().map(|check| (*rule, *check))).collect();
    let lowered = catch_unwind(AssertUnwindSafe(|| {
        (connect::sites(config, sources, paths, lookup()), connect::embedded(config, sources, paths, lookup))
    }));
    let (sites, embedded) = match lowered {
        Ok(lowered) => lowered,
        Err(panic) => return vec![internal_error("the model", whole, panic.as_ref())],
    };
    let new = || Cx::new(sources, settings, paths);
    let mut findings = check_sites(&sites, Read::of(config), &checks, whole, new);
    for (nginx, sites) in &embedded {
        findings.extend(check_sites(sites, Read::Nginx(nginx), &checks, whole, new));
    }
    findings
}

/// What was read: the directives or documents that some checks ask without a site.
#[derive(Clone, Copy)]
enum Read<'c> {
    Nginx(&'c nginx::Config),
    Apache(&'c apache::Config),
    Edge(&'c edge::Config),
}

impl<'c> Read<'c> {
    fn of(config: &'c Config) -> Self {
        match config {
            Config::Nginx(config) => Self::Nginx(config),
            Config::Apache(config) => Self::Apache(config),
            Config::Edge(config) => Self::Edge(config),
        }
    }
}

/// Runs the checks over the sites of one configuration, and over its directives.
fn check_sites<'c>(
    sites: &Sites,
    read: Read,
    checks: &[(&Rule, Check)],
    whole: Span,
    new: impl Fn() -> Cx<'c> + Sync + Send,
) -> Vec<Finding> {
    let mut cx = new();
    cx.extend(match sites {
        Sites::Nginx(servers) => of_each(servers, checks, whole, new, Asked::of, |check, asked, cx| match check {
            Check::Site(check) => check(asked.server, cx),
            Check::NginxServer(check) => check(asked.server, cx),
            Check::NginxGates(check) if !asked.gates().is_empty() => check(asked.server, asked.gates(), cx),
            _ => {}
        }),
        Sites::Apache(hosts) => of_each(hosts, checks, whole, new, identity, |check, host, cx| match check {
            Check::Site(check) => check(*host, cx),
            Check::ApacheHost(check) => check(host, cx),
            _ => {}
        }),
        Sites::Edge(sites) => of_each(sites, checks, whole, new, identity, |check, site, cx| match check {
            Check::Site(check) => check(*site, cx),
            Check::Edge(check) => check(site, cx),
            _ => {}
        }),
    });
    let all = sites.all();
    let main = || whole;
    for (rule, check) in checks {
        match (check, sites, read) {
            (Check::Sites(check), ..) => run(rule, main, &mut cx, |cx| check(&all, cx)),
            (Check::NginxServers(check), Sites::Nginx(servers), _) => run(rule, main, &mut cx, |cx| check(servers, cx)),
            (Check::Nginx(check), _, Read::Nginx(config)) => run(rule, main, &mut cx, |cx| check(config, cx)),
            (Check::ApacheHosts(check), Sites::Apache(hosts), _) => run(rule, main, &mut cx, |cx| check(hosts, cx)),
            (Check::EdgeSites(check), Sites::Edge(sites), _) => run(rule, main, &mut cx, |cx| check(sites, cx)),
            (Check::Apache(check), _, Read::Apache(config)) => run(rule, main, &mut cx, |cx| check(config, cx)),
            (Check::EdgeDocuments(check), _, Read::Edge(config)) => run(rule, main, &mut cx, |cx| check(config, cx)),
            _ => {}
        }
    }
    cx.into_findings()
}

/// An nginx server with what several rules ask of it.
struct Asked<'s, 'a> {
    server: &'s Server<'a>,
    gates: OnceCell<Vec<BasicGate<'a>>>,
}

impl<'s, 'a> Asked<'s, 'a> {
    fn of(server: &'s Server<'a>) -> Self {
        Self { server, gates: OnceCell::new() }
    }

    /// Its gates, found when the first rule asks for them.
    fn gates(&self) -> &[BasicGate<'a>] {
        self.gates.get_or_init(|| rules::gates(self.server))
    }
}

/// What the checks find that look at one site. Each gets the site with what `asked` puts beside it for all of them.
fn of_each<'s, 'c, S: Site + Sync, A>(
    sites: &'s [S],
    checks: &[(&Rule, Check)],
    whole: Span,
    new: impl Fn() -> Cx<'c> + Sync + Send,
    asked: impl Fn(&'s S) -> A + Sync,
    check: impl Fn(&Check, &A, &mut Cx) + Sync,
) -> Vec<Finding> {
    let of_one = |kind: &Check| {
        matches!(kind, Check::Site(_) | Check::NginxServer(_) | Check::NginxGates(_) | Check::ApacheHost(_) | Check::Edge(_))
    };
    // One check after the other over a few sites: its code stays in the cache, and so do they.
    let found = sites.par_chunks(few(sites.len())).fold(new, |mut cx, sites| {
        let sites: Vec<(&S, A)> = sites.iter().map(|site| (site, asked(site))).collect();
        for (rule, kind) in checks.iter().filter(|(_, kind)| of_one(kind)) {
            for (site, asked) in &sites {
                let at = || site.routes().first().map_or(whole, |route| route.span);
                run(rule, at, &mut cx, |cx| check(kind, asked, cx));
            }
        }
        cx
    });
    // In the order of the sites, whichever thread looked at them.
    let found: Vec<Cx> = found.collect();
    found.into_iter().flat_map(Cx::into_findings).collect()
}

/// How many of so many sites are looked at together. Not a matter of threads, of which there is work for sixteen: what is found
/// comes in an order that does not depend on them.
fn few(sites: usize) -> usize {
    (sites / 16).clamp(1, 8)
}

/// Runs one check. Of one that fails only that counts, not what it said before.
fn run(rule: &Rule, at: impl FnOnce() -> Span, cx: &mut Cx, check: impl FnOnce(&mut Cx)) {
    let before = cx.count();
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(cx))) {
        cx.take_back(before);
        cx.report(internal_error(&format!("rule {}", rule.id), at(), panic.as_ref()));
    }
}

/// A bug of this tool is a finding: never green, never the end of the analysis.
pub(super) fn internal_error(what: &str, at: Span, panic: &(dyn Any + Send)) -> Finding {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("no message").lines().next().unwrap_or_default();
    Finding::new(INTERNAL_ERROR, at, format!("{what} failed here: {text}"))
        .severity(Severity::Error)
        .help(format!("this is a bug of lint401, please report it at {}/issues", env!("CARGO_PKG_REPOSITORY")))
}
