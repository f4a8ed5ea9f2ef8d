//! What is known of one request, an internal redirect or a subrequest: each starts from another one.

use std::rc::Rc;

use super::chain::Layer;
use super::env::Env;
use super::walked::{Left, Settings, Walks};
use crate::model::Value;
use crate::project::apache::DirectiveId;
use crate::source::Span;

/// What stands at a path of the served machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    File,
    Folder,
    Nothing,
}

/// The name of a handler, and the directive that chose it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HandlerName {
    pub(super) name: Value,
    pub(super) by: DirectiveId,
}

/// Where a request goes that is mapped to a proxy (`r->proxyreq`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proxied {
    pub(super) url: Value,
    pub(super) by: DirectiveId,
    /// Whether it goes on without being escaped (`nocanon`, `NE`).
    pub(super) is_raw: bool,
}

/// The request as the phases see it (`request_rec`): an internal redirect or a subrequest starts from another one.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the server's own record of a request")]
pub(super) struct Frame {
    /// Path before it is decoded.
    pub(super) path: String,
    /// Decoded and normalised path (`r->uri`).
    pub(super) uri: String,
    /// What follows `?`; `None`: there is no `?` (`r->args`).
    pub(super) args: Option<Value>,
    pub(super) method: String,
    /// The file as the server names it; with `path_info` behind it where that is not a file.
    pub(super) filename: String,
    /// Whether the path stands for the file as long as there is none.
    pub(super) path_is_file: bool,
    pub(super) path_info: String,
    pub(super) stands: Stands,
    /// What an `Action` has put behind the path of its script.
    pub(super) behind_script: Option<String>,
    pub(super) proxied: Option<Proxied>,
    /// Where `mod_rewrite` sends the request in the handler phase.
    pub(super) rewritten: Option<(String, Option<Value>)>,
    pub(super) handler: Option<HandlerName>,
    /// The handler that a `RewriteRule` with `H` names.
    pub(super) forced_handler: Option<(Value, Span)>,
    /// The type that a `RewriteRule` with `T` names.
    pub(super) forced_type: Option<(Value, Span)>,
    /// Whether `ScriptAlias` mapped it: what it names is run, whatever `Options` say.
    pub(super) script_alias: bool,
    /// URL prefix and folder of the alias that mapped it.
    pub(super) context: Option<(String, String)>,
    /// The directive that mapped it to a file.
    pub(super) mapped_by: Option<DirectiveId>,
    pub(super) layers: Vec<Layer>,
    /// Which settings these sections came to.
    pub(super) settings: Settings,
    /// The walks over the sections so far.
    pub(super) walks: Walks,
    /// What the request before an internal redirect left …
    pub(super) previous: Option<Rc<Left>>,
    /// … and the one around a subrequest.
    pub(super) around: Option<Rc<Left>>,
    pub(super) env: Env,
    /// What modules tell each other (`r->notes`).
    pub(super) notes: Env,
    pub(super) user: Option<Value>,
    /// Status of the response so far: that of the error whose document this is.
    pub(super) status: u16,
    /// The request as it was at the first of the errors that led here: another one is answered in its name.
    pub(super) first_error: Option<Box<Frame>>,
    /// Whether the port that the client sent is known: subrequests have none.
    pub(super) has_port: bool,
    /// Whether it is a subrequest.
    pub(super) subrequest: bool,
    /// Whether an internal redirect led here.
    pub(super) redirected: bool,
}

impl Frame {
    /// Makes it one of another path that nothing is known of yet.
    pub(super) fn reset(&mut self, path: &str, args: Option<Value>) {
        super::uri::with_one_slash(path).clone_into(&mut self.path);
        self.uri.clone_from(&self.path);
        self.args = args;
        self.filename.clear();
        self.path_is_file = false;
        self.path_info.clear();
        self.stands = Stands::Nothing;
        self.behind_script = None;
        self.proxied = None;
        self.rewritten = None;
        self.handler = None;
        self.forced_handler = None;
        self.forced_type = None;
        self.script_alias = false;
        self.context = None;
        self.mapped_by = None;
        self.layers.clear();
        self.settings = Settings::default();
        self.walks = Walks::default();
        self.notes = Env::default();
        self.user = None;
    }
}
