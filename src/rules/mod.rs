//! The rules: one function each, registered by one line in [`registry`].

use crate::catalogue::{Page, page};
use crate::finding::Finding;
use crate::model::{Paths, Site};
use crate::project::nginx::Config;
use crate::settings::Settings;
use crate::source::SourceMap;

/// What a rule looks at.
#[derive(Clone, Copy)]
pub enum Check {
    /// Each site of the model.
    Site(fn(&dyn Site, &mut Cx)),
    /// All sites of one server together.
    Sites(fn(&[&dyn Site], &mut Cx)),
    /// The directives of one nginx, for what the model cannot say.
    Nginx(fn(&Config, &mut Cx)),
    /// Nothing: the stage that meets the fault reports it.
    Stage,
}

/// A rule: its page holds all that is known about it, its checks find the faults.
#[derive(Clone, Copy)]
pub struct Rule {
    /// The id.
    pub id: &'static str,
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
}

impl<'a> Cx<'a> {
    /// A context without findings.
    pub fn new(sources: &'a SourceMap, settings: &'a Settings, paths: &'a Paths) -> Self {
        Self { sources, settings, paths, findings: Vec::new() }
    }

    /// Reports a finding.
    pub fn report(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// The findings so far, leaving none.
    pub fn take(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.findings)
    }
}

macro_rules! rules {
    ($($module:ident [$($check:expr),*];)*) => {
        $(mod $module;)*

        /// All rules, sorted by id.
        pub fn registry() -> &'static [Rule] {
            const RULES: &[Rule] = &[$(Rule { id: $module::ID, checks: &[$($check),*] }),*];
            RULES
        }
    };
}

rules! {}
