//! What the walks over the sections found, and what a later one takes over.
//!
//! The server keeps the result of each walk with the request: the sections that matched, the settings that they were merged with, and
//! what came out. A later walk of the kind, in this request or in one that follows from it, which finds the same merges nothing again
//! and comes to the very same settings. Two things hang on that: access is not checked again where the settings are the same ones
//! (not: where they say the same), and what stands inside of an `<If>` is looked at only where the `<If>` was merged
//! (`prep_walk_cache`, `ap_if_walk`, `ap_process_request_internal`; measured).

use std::rc::Rc;

use super::section::SectionId;
use super::walk::Walk;
use crate::model::Value;

/// Which settings the server has in hand: two with the same number are the same in its memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Settings(u32);

/// The kinds of walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Directory,
    Files,
    Location,
    If,
}

/// The result of one walk.
#[derive(Clone, Debug, Default)]
pub(super) struct Walked {
    /// What it was for: a folder, the name of a file, a path; `None`: there was no walk.
    pub(super) of: Option<String>,
    /// The settings before it.
    pub(super) before: Settings,
    /// The settings behind it.
    pub(super) after: Settings,
    /// The sections that matched.
    pub(super) sections: Vec<SectionId>,
}

/// The walks of a request so far, by kind.
pub(super) type Walks = [Vec<Walked>; 4];

/// What a request leaves to those that follow from it: its internal redirect and its subrequests.
#[derive(Clone, Debug)]
pub(super) struct Left {
    /// Its path.
    pub(super) uri: String,
    settings: Settings,
    walks: Walks,
    pub(super) user: Option<Value>,
}

impl Walk<'_, '_> {
    /// Begins with the settings of the host (`r->server->lookup_defaults`).
    pub(super) fn start_settings(&mut self) {
        self.r.layers = self.server_layers();
        self.r.settings = Settings::default();
    }

    /// Settings that nothing else has.
    pub(super) fn new_settings(&mut self) -> Settings {
        self.last_settings = self.last_settings.saturating_add(1);
        Settings(self.last_settings)
    }

    /// What this request leaves.
    pub(super) fn leave(&self) -> Rc<Left> {
        let uri = self.r.uri.clone();
        Rc::new(Left { uri, settings: self.r.settings, walks: self.r.walks.clone(), user: self.r.user.clone() })
    }

    /// The request before, or the one around a subrequest, whose access was checked with the same settings.
    pub(super) fn checked(&self) -> Option<&Left> {
        self.others().find(|left| left.settings == self.r.settings)
    }

    fn others(&self) -> impl Iterator<Item = &Left> {
        self.r.previous.iter().chain(&self.r.around).map(AsRef::as_ref)
    }

    /// What a walk starts from: the walk of the same number in the request that this one follows from, else the last one of this
    /// request.
    pub(super) fn earlier_walk(&self, kind: Kind) -> Walked {
        let own = of_kind(&self.r.walks, kind);
        let others = self.others().map(|left| of_kind(&left.walks, kind)).find(|walks| !walks.is_empty());
        others.and_then(|walks| walks.get(own.len())).or(own.last()).cloned().unwrap_or_default()
    }

    /// Whether a walk that runs anew may come to settings that are known. Some modules make it not so (measured:
    /// `ap_setup_auth_internal`).
    pub(super) fn keeps_settings(&self) -> bool {
        ["mod_allowmethods", "mod_log_debug", "mod_lua"].iter().all(|m| !self.host.shared.loaded.contains(*m))
    }

    /// Ends a walk that started from `earlier`; whether it came to settings that are known. `takes_over`: whether it may.
    pub(super) fn end_walk(
        &mut self,
        kind: Kind,
        earlier: &Walked,
        of: String,
        matched: Vec<SectionId>,
        takes_over: bool,
    ) -> bool {
        let is_known = earlier.of.is_some() && takes_over && earlier.before == self.r.settings && earlier.sections == matched;
        let before = self.r.settings;
        if is_known {
            self.r.settings = earlier.after;
        } else if !matched.is_empty() {
            self.r.settings = self.new_settings();
        }
        let walked = Walked { of: Some(of), before, after: self.r.settings, sections: matched };
        self.note_walk(kind, walked);
        is_known
    }

    /// Keeps a walk that ends early.
    pub(super) fn note_walk(&mut self, kind: Kind, walked: Walked) {
        match kind {
            Kind::Directory => &mut self.r.walks[0],
            Kind::Files => &mut self.r.walks[1],
            Kind::Location => &mut self.r.walks[2],
            Kind::If => &mut self.r.walks[3],
        }
        .push(walked);
    }
}

fn of_kind(walks: &Walks, kind: Kind) -> &Vec<Walked> {
    let [directory, files, location, ifs] = walks;
    match kind {
        Kind::Directory => directory,
        Kind::Files => files,
        Kind::Location => location,
        Kind::If => ifs,
    }
}
