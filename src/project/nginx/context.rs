//! In which context a directive stands.

use super::config::{Config, TOP};
use crate::settings::Around;
use crate::source::SourceMap;
use crate::syntax::nginx::directives::{Contexts, Form};
use crate::syntax::nginx::{Body, Name};

/// The context inside a block that stands in `outer`. `None` where the words of the block are data (`map`) or the block is not
/// known.
pub(super) fn inside(block: Name, outer: Contexts) -> Option<Contexts> {
    const INNER: &[(Name, Contexts, Contexts)] = &[
        (Name::Events, Contexts::MAIN, Contexts::EVENTS),
        (Name::Http, Contexts::MAIN, Contexts::HTTP),
        (Name::Mail, Contexts::MAIN, Contexts::MAIL),
        (Name::Stream, Contexts::MAIN, Contexts::STREAM),
        (Name::Rtmp, Contexts::MAIN, Contexts::RTMP),
        (Name::Server, Contexts::HTTP, Contexts::SERVER),
        (Name::Server, Contexts::MAIL, Contexts::MAIL_SERVER),
        (Name::Server, Contexts::STREAM, Contexts::STREAM_SERVER),
        (Name::Server, Contexts::RTMP, Contexts::RTMP_SERVER),
        (Name::Upstream, Contexts::HTTP, Contexts::UPSTREAM),
        (Name::Upstream, Contexts::STREAM, Contexts::STREAM_UPSTREAM),
        (Name::Location, Contexts::SERVER, Contexts::LOCATION),
        (Name::Location, Contexts::LOCATION, Contexts::LOCATION),
        (Name::If, Contexts::SERVER, Contexts::SERVER_IF),
        (Name::If, Contexts::LOCATION, Contexts::LOCATION_IF),
        (Name::LimitExcept, Contexts::LOCATION, Contexts::LIMIT_EXCEPT),
        (Name::Application, Contexts::RTMP_SERVER, Contexts::RTMP_APPLICATION),
        (Name::Recorder, Contexts::RTMP_APPLICATION, Contexts::RTMP_RECORDER),
    ];
    let fitting = INNER.iter().filter(|(name, context, _)| *name == block && outer.intersects(*context));
    let inner = fitting.fold(Contexts::NONE, |all, (.., inner)| all.or(*inner));
    (!inner.is_empty()).then_some(inner)
}

/// The context that the names of the blocks around something mean, outermost first; the top level for none.
pub(super) fn of_blocks(blocks: &[Name]) -> Option<Contexts> {
    blocks.iter().try_fold(Contexts::MAIN, |outer, block| inside(*block, outer))
}

/// The form of a directive that counts in a context.
pub(super) fn form_in(name: Name, context: Contexts) -> Option<&'static Form> {
    name.info()?.forms.iter().find(|form| form.contexts.intersects(context))
}

/// The blocks that people mean when they keep directives in a file of their own, the likeliest first.
const CANDIDATES: &[(Contexts, &[Name])] = &[
    (Contexts::LOCATION, &[Name::Http, Name::Server, Name::Location]),
    (Contexts::SERVER, &[Name::Http, Name::Server]),
    (Contexts::HTTP, &[Name::Http]),
    (Contexts::UPSTREAM, &[Name::Http, Name::Upstream]),
    (Contexts::STREAM_SERVER, &[Name::Stream, Name::Server]),
    (Contexts::STREAM, &[Name::Stream]),
    (Contexts::STREAM_UPSTREAM, &[Name::Stream, Name::Upstream]),
    (Contexts::MAIL_SERVER, &[Name::Mail, Name::Server]),
    (Contexts::MAIL, &[Name::Mail]),
    (Contexts::RTMP, &[Name::Rtmp]),
    (Contexts::RTMP_SERVER, &[Name::Rtmp, Name::Server]),
    (Contexts::RTMP_APPLICATION, &[Name::Rtmp, Name::Server, Name::Application]),
    (Contexts::LIMIT_EXCEPT, &[Name::Http, Name::Server, Name::Location, Name::LimitExcept]),
    (Contexts::LOCATION_IF, &[Name::Http, Name::Server, Name::Location, Name::If]),
    (Contexts::EVENTS, &[Name::Events]),
    (Contexts::MAIN, &[]),
];

/// The names of the blocks that the user says are around a file.
pub(super) fn blocks(around: Around) -> &'static [Name] {
    match around {
        Around::Main => &[],
        Around::Http => &[Name::Http],
        Around::Upstream => &[Name::Http, Name::Upstream],
        Around::Server => &[Name::Http, Name::Server],
        Around::Location => &[Name::Http, Name::Server, Name::Location],
        Around::Stream => &[Name::Stream],
        Around::StreamServer => &[Name::Stream, Name::Server],
        Around::Mail => &[Name::Mail],
        Around::MailServer => &[Name::Mail, Name::Server],
    }
}

/// How many blocks are looked into to tell `http` from `stream`.
const SAMPLE: usize = 64;

/// The blocks around the main file where that is a lone snippet: those in which the most of its directives may stand.
pub(super) fn guess(config: &Config, sources: &SourceMap) -> Vec<Name> {
    let top: Vec<_> = config.children(sources, TOP).collect();
    if top.iter().any(|d| matches!(d.name(), Name::Http | Name::Events | Name::Stream | Name::Mail | Name::Rtmp)) {
        return Vec::new();
    }
    let known: Vec<_> = top.iter().filter(|d| d.name() != Name::Include && d.name().info().is_some()).collect();
    let fits = |context: Contexts| {
        let outer = known.iter().filter(|d| fits(d.name(), d.body(), context)).count();
        let blocks =
            known.iter().filter(|d| matches!(d.name(), Name::Server | Name::Upstream) && d.body() != Body::None).take(SAMPLE);
        let inner = blocks.filter_map(|d| Some((d, inside(d.name(), context)?)));
        let inner = inner.map(|(d, context)| d.children().filter(|c| fits(c.name(), c.body(), context)).count());
        (outer, inner.sum::<usize>())
    };
    let has_location = known.iter().any(|d| d.name() == Name::Location);
    let mut best: Option<((usize, usize), &[Name])> = None;
    for (context, blocks) in CANDIDATES {
        // A file of locations is meant for a `server`, although a location may hold others.
        if known.is_empty() || (has_location && *context == Contexts::LOCATION) {
            continue;
        }
        let score = fits(*context);
        if score.0 > 0 && best.is_none_or(|(highest, _)| score > highest) {
            best = Some((score, blocks));
        }
    }
    best.map(|(_, blocks)| blocks.to_vec()).unwrap_or_default()
}

/// Whether a directive may stand in a context, with or without a block as it is written.
fn fits(name: Name, body: Body, context: Contexts) -> bool {
    form_in(name, context).is_some_and(|form| form.args.opens_block() == (body != Body::None))
}
