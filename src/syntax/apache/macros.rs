//! `<Macro>`: its lines are read where it is used, so that a section may begin in one macro and end in another. Whether all of them
//! together close what they open is known once the whole file was read.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::parser::{Parser, shortened};
use super::tree::{NodeId, When};
use crate::source::Span;

/// What the macros of a file do to sections.
#[derive(Default)]
pub(super) struct Macros {
    /// By name, in lower case; the last definition counts.
    defined: HashMap<String, Macro, FixedState>,
    /// The one whose lines are being read.
    current: Option<Macro>,
    /// The macros that are used outside of macros.
    used: Vec<String>,
    /// How many more sections are opened than closed outside of macros.
    net: i32,
    /// Whether a macro uses or defines another one: what it does is not followed.
    nested: bool,
}

struct Macro {
    node: NodeId,
    name: String,
    /// How many more sections it opens than it closes.
    net: i32,
    /// A tag that closes a section of the macro itself in the place of another one: where, its name, the name that is expected.
    wrong: Option<(Span, String, String)>,
}

impl Macros {
    pub(super) fn begin(&mut self, node: NodeId, name: String) {
        if self.current.is_some() {
            self.nested = true;
        } else {
            self.current = Some(Macro { node, name, net: 0, wrong: None });
        }
    }

    pub(super) fn end(&mut self) {
        if let Some(done) = self.current.take() {
            self.defined.insert(done.name.clone(), done);
        }
    }

    /// A section is opened (1) or closed (-1).
    pub(super) fn count(&mut self, by: i32) {
        *self.current.as_mut().map_or(&mut self.net, |current| &mut current.net) += by;
    }

    pub(super) fn wrong_tag(&mut self, span: Span, name: &str, expected: &str) {
        if let Some(current) = self.current.as_mut().filter(|current| current.wrong.is_none()) {
            current.wrong = Some((span, name.to_owned(), expected.to_owned()));
        }
    }

    pub(super) fn used(&mut self, name: String) {
        if self.current.is_some() {
            self.nested = true;
        } else {
            self.used.push(name);
        }
    }

    pub(super) fn is_used(&self) -> bool {
        !self.used.is_empty() || self.nested
    }
}

impl Parser<'_> {
    /// Reports what the macros that are used do wrong.
    pub(super) fn check_macros(&mut self) {
        let macros = std::mem::take(&mut self.macros);
        let mut used: Vec<&Macro> = macros.used.iter().filter_map(|name| macros.defined.get(name)).collect();
        let net = macros.net + used.iter().map(|used| used.net).sum::<i32>();
        let is_known = used.len() == macros.used.len() && !macros.nested;
        used.sort_by_key(|used| used.node);
        used.dedup_by_key(|used| used.node);
        for used in used {
            if let Some((span, name, expected)) = &used.wrong {
                let message = format!("\"</{}>\" closes no section: \"</{}>\" is expected", shortened(name), shortened(expected));
                self.structure(span.start as usize, span.end as usize, message, When::Always)
                    .help("the lines of this macro are read where it is used");
            } else if is_known && net != 0 && used.net != 0 {
                let head = self.head(used.node);
                let message =
                    if used.net > 0 { "this macro leaves a section open" } else { "this macro closes a section too many" };
                self.structure(head.start as usize, head.end as usize, message, When::Always)
                    .help("its lines are read where it is used, and nothing there makes up for it");
            }
        }
    }
}
