//! The rules: one function each, registered by one line in [`registry`].

use std::sync::LazyLock;

use crate::catalogue::{Page, page};
use crate::finding::Finding;
use crate::model::from::apache::Host;
use crate::model::from::edge::EdgeSite;
use crate::model::from::nginx::Server;
use crate::model::{Paths, Site};
use crate::project::{apache, edge, nginx};
use crate::settings::Settings;
use crate::source::SourceMap;

/// What a rule looks at.
#[derive(Clone, Copy)]
pub enum Check {
    /// Each site of the model.
    Site(fn(&dyn Site, &mut Cx)),
    /// Each nginx server with its blocks, for what the model cannot say.
    NginxServer(fn(&Server, &mut Cx)),
    /// Each nginx server that asks for passwords, with its gates.
    NginxGates(fn(&Server, &[BasicGate], &mut Cx)),
    /// All nginx servers of one configuration together.
    NginxServers(fn(&[Server], &mut Cx)),
    /// All sites of one server together.
    Sites(fn(&[&dyn Site], &mut Cx)),
    /// The directives of one nginx, for what the model cannot say.
    Nginx(fn(&nginx::Config, &mut Cx)),
    /// Each virtual host of Apache with its sections, for what the model cannot say.
    ApacheHost(fn(&Host, &mut Cx)),
    /// All virtual hosts of one Apache together.
    ApacheHosts(fn(&[Host], &mut Cx)),
    /// The directives of one Apache, for what the model cannot say.
    Apache(fn(&apache::Config, &mut Cx)),
    /// Each distribution, set of routes or ingress.
    Edge(fn(&EdgeSite, &mut Cx)),
    /// All of them of one file together.
    EdgeSites(fn(&[EdgeSite], &mut Cx)),
    /// The documents of one file, for what is no site.
    EdgeDocuments(fn(&edge::Config, &mut Cx)),
    /// Nothing: the stage that meets the fault reports it.
    Stage,
}

/// A rule: its page holds all that is known about it, its checks find the faults.
#[derive(Clone, Copy)]
pub struct Rule {
    /// The id.
    pub id: &'static str,
    /// The text of its page, `rules/<id>.md`.
    pub page_text: &'static str,
    /// What it looks at.
    pub checks: &'static [Check],
}

impl Rule {
    /// Its page.
    pub fn page(&self) -> &'static Page {
        page(self.id)
    }
}

/// What rules have besides the thing they check, and where they report.
pub struct Cx<'a> {
    /// The texts.
    pub sources: &'a SourceMap,
    /// The user's settings.
    pub settings: &'a Settings,
    /// The well-known paths, the user's among them.
    pub paths: &'a Paths,
    findings: Vec<Finding>,
    /// What is known of password files that many servers name.
    password_files: missing_password_file::Known,
}

impl<'a> Cx<'a> {
    /// A context without findings.
    pub fn new(sources: &'a SourceMap, settings: &'a Settings, paths: &'a Paths) -> Self {
        Self { sources, settings, paths, findings: Vec::new(), password_files: missing_password_file::Known::default() }
    }

    /// Reports a finding.
    pub fn report(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// How many findings there are so far.
    pub fn count(&self) -> usize {
        self.findings.len()
    }

    /// Adds findings that were made elsewhere.
    pub fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings);
    }

    /// Takes back the findings after the first `count`.
    pub fn take_back(&mut self, count: usize) {
        self.findings.truncate(count);
    }

    /// The findings.
    pub fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}

mod apache_cache;
mod apache_gate;
mod apache_headers;
mod apache_proxies;
mod apache_settings;
mod basic_gate;
mod caches;
mod edge_application;
mod support;

pub use basic_gate::{BasicGate, gates};

macro_rules! rules {
    ($($id:literal $module:ident [$($check:expr),*];)*) => {
        $(mod $module;)*

        const RULES: &[Rule] = &[$(Rule {
            id: $id,
            page_text: include_str!(concat!("../../rules/", $id, ".md")),
            checks: &[$($check),*],
        }),*];
    };
}

static SORTED: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let mut rules = RULES.to_vec();
    rules.sort_by_key(|r| r.id);
    rules
});

/// All rules, sorted by id.
pub fn registry() -> &'static [Rule] {
    &SORTED
}

rules! {
    // Authorization on its way to the application
    "credential-collision" credential_collision [Check::NginxGates(credential_collision::check), Check::ApacheHost(credential_collision::apache::check), Check::Edge(credential_collision::edge::check)];
    "dropped-custom-header" dropped_custom_header [Check::Nginx(dropped_custom_header::check), Check::Site(dropped_custom_header::required)];
    "dropped-authorization" dropped_authorization [Check::NginxServer(dropped_authorization::check), Check::ApacheHost(dropped_authorization::apache::check), Check::Edge(dropped_authorization::edge::check)];
    "literal-credential" literal_credential [Check::Nginx(literal_credential::check), Check::Apache(literal_credential::apache::check), Check::Edge(literal_credential::edge::check), Check::EdgeDocuments(literal_credential::kong::check)];
    "lossy-redirect" lossy_redirect [Check::NginxServer(lossy_redirect::check), Check::ApacheHost(lossy_redirect::apache::check), Check::Edge(lossy_redirect::edge::check)];
    "malformed-authorization" malformed_authorization [Check::Nginx(malformed_authorization::check), Check::Apache(malformed_authorization::apache::check), Check::Edge(malformed_authorization::edge::check)];
    "small-header-buffers" small_header_buffers [Check::Nginx(small_header_buffers::check)];
    "swallowed-challenge" swallowed_challenge [Check::NginxServer(swallowed_challenge::check), Check::ApacheHost(swallowed_challenge::apache::check), Check::Apache(swallowed_challenge::apache::ignored), Check::Edge(swallowed_challenge::edge::check)];

    // Basic auth, duplicate and overlapping blocks
    "broad-basic-auth" broad_basic_auth [Check::NginxGates(broad_basic_auth::check), Check::ApacheHost(broad_basic_auth::apache::check), Check::Edge(broad_basic_auth::edge::check)];
    "bypassed-auth" bypassed_auth [Check::NginxServer(bypassed_auth::check), Check::ApacheHost(bypassed_auth::apache::check)];
    "missing-password-file" missing_password_file [Check::NginxGates(missing_password_file::check), Check::ApacheHosts(missing_password_file::apache::check)];
    "exposed-password-file" exposed_password_file [Check::NginxGates(exposed_password_file::check), Check::ApacheHost(exposed_password_file::apache::check)];
    "incomplete-auth" incomplete_auth [Check::NginxServer(incomplete_auth::check), Check::ApacheHost(incomplete_auth::apache::check)];
    "duplicate-auth" duplicate_auth [Check::NginxGates(duplicate_auth::check), Check::ApacheHost(duplicate_auth::apache::check), Check::Edge(duplicate_auth::edge::check)];
    "conflicting-auth" conflicting_auth [Check::NginxGates(conflicting_auth::check), Check::ApacheHost(conflicting_auth::apache::check)];

    // Caches
    "cached-auth-verdict" cached_auth_verdict [Check::NginxServer(cached_auth_verdict::check), Check::Edge(cached_auth_verdict::edge::check)];
    "cached-login" cached_login [Check::NginxServer(cached_login::check), Check::ApacheHost(cached_login::check_apache), Check::Edge(cached_login::check_edge)];
    "cached-private-response" cached_private_response [Check::NginxServer(cached_private_response::check), Check::ApacheHost(cached_private_response::check_apache), Check::Edge(cached_private_response::edge::check)];
    "cached-session-cookie" cached_session_cookie [Check::NginxServer(cached_session_cookie::check), Check::ApacheHost(cached_session_cookie::check_apache), Check::Edge(cached_session_cookie::edge::check)];
    "cached-unauthorized" cached_unauthorized [Check::NginxServer(cached_unauthorized::check), Check::ApacheHost(cached_unauthorized::check_apache), Check::Edge(cached_unauthorized::edge::check)];
    "constant-cache-key" constant_cache_key [Check::NginxServer(constant_cache_key::check)];

    // Forwarded headers, proxies, redirects, cookies
    "lost-proxy-headers" lost_proxy_headers [Check::NginxServer(lost_proxy_headers::check)];
    "wrong-forwarded-proto" wrong_forwarded_proto [Check::NginxServer(wrong_forwarded_proto::check), Check::ApacheHost(wrong_forwarded_proto::check_apache), Check::Edge(wrong_forwarded_proto::edge::check)];
    "wrong-forwarded-host" wrong_forwarded_host [Check::NginxServer(wrong_forwarded_host::check), Check::ApacheHost(wrong_forwarded_host::check_apache), Check::Edge(wrong_forwarded_host::edge::check)];
    "broad-trusted-proxy" broad_trusted_proxy [Check::Nginx(broad_trusted_proxy::check), Check::Apache(broad_trusted_proxy::check_apache), Check::Edge(broad_trusted_proxy::edge::check)];
    "redirect-loop" redirect_loop [Check::Sites(redirect_loop::check)];
    "insecure-auth-cookie" insecure_auth_cookie [Check::NginxServer(insecure_auth_cookie::check), Check::ApacheHost(insecure_auth_cookie::check_apache), Check::Edge(insecure_auth_cookie::edge::check)];
    "misscoped-auth-cookie" misscoped_auth_cookie [Check::NginxServer(misscoped_auth_cookie::check), Check::ApacheHost(misscoped_auth_cookie::check_apache), Check::Edge(misscoped_auth_cookie::edge::check)];
    "stripped-cookies" stripped_cookies [Check::NginxServer(stripped_cookies::check), Check::ApacheHost(stripped_cookies::check_apache), Check::Edge(stripped_cookies::edge::check)];

    // Hosts, WAF, limits, rewrites
    "blocked-login-endpoint" blocked_login_endpoint [Check::NginxServer(blocked_login_endpoint::check), Check::ApacheHost(blocked_login_endpoint::check_apache), Check::Edge(blocked_login_endpoint::edge::check)];
    "misrouted-login" misrouted_login [Check::NginxServer(misrouted_login::check), Check::ApacheHost(misrouted_login::apache::check)];
    "split-login-host" split_login_host [Check::NginxServers(split_login_host::check), Check::ApacheHosts(split_login_host::check_apache), Check::EdgeSites(split_login_host::edge::check)];
    "throttled-login" throttled_login [Check::NginxServer(throttled_login::check), Check::Edge(throttled_login::edge::check)];
    "unlogged-auth-failures" unlogged_auth_failures [Check::NginxServer(unlogged_auth_failures::check), Check::ApacheHost(unlogged_auth_failures::check_apache)];

    // Meta
    "expired-ignore" expired_ignore [Check::Stage];
    "ignore-without-reason" ignore_without_reason [Check::Stage];
    "internal-error" internal_error [Check::Stage];
    "limit-reached" limit_reached [Check::Stage];
    "misplaced-directive" misplaced_directive [Check::Stage];
    "syntax-error" syntax_error [Check::Stage];
    "templated-file" templated_file [Check::Stage];
    "trailing-ignore-in-apache" trailing_ignore_in_apache [Check::Stage];
    "unknown-directive" unknown_directive [Check::Stage];
    "unknown-rule-in-ignore" unknown_rule_in_ignore [Check::Stage];
    "unresolved-include" unresolved_include [Check::Stage];
    "unused-ignore" unused_ignore [Check::Stage];
}
