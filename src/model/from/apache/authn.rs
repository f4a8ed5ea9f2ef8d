//! Who the user is: `AuthType` with its modules, and the files of passwords.

use super::walk::{Stop, Walk};
use crate::model::fact::unknown_value;
use crate::model::from::lookup::Found;
use crate::model::from::password::{self, Checked};
use crate::model::{Combine, Fact, Gate, GateKind, Value, Verdict};
use crate::project::apache::Directive;
use crate::syntax::apache::Name;

/// What a module says of the credentials.
enum Said {
    User(Value),
    Refused(u16),
    /// The files do not tell.
    Unknown,
}

/// One source of passwords.
enum Source<'a> {
    /// `AuthUserFile`, here or in an `<AuthnProviderAlias>`.
    File(Option<Directive<'a>>),
    /// A database, a directory, a program.
    Other,
}

impl<'a> Walk<'_, 'a> {
    /// Finds out who the user is (`ap_hook_check_authn`), or ends.
    pub(super) fn authenticate(&mut self) -> Result<(), Stop> {
        let required = self.user_gate.map(|(id, _)| id);
        let Some(auth_type) = self.auth_type() else {
            self.push_user_gate(GateKind::Basic, Verdict::Refuses(500));
            return Err(Stop::status(500, required));
        };
        let kind = kind_of(&auth_type.arg(0));
        let said = if auth_type.is_unknown() {
            Said::Unknown
        } else {
            match kind {
                GateKind::Basic | GateKind::Digest if self.last(&[Name::AuthName]).is_none() => Said::Refused(500),
                GateKind::Basic => self.basic(),
                GateKind::Digest => self.digest(),
                GateKind::Form => return self.form(&auth_type),
                _ => Said::Unknown,
            }
        };
        let said = if self.request.assume.gates_pass { self.met_by_assumption(said) } else { said };
        match said {
            Said::User(user) => {
                self.push_user_gate(kind, Verdict::Passes);
                self.r.user = Some(user);
                Ok(())
            }
            Said::Refused(status) => {
                self.push_user_gate(kind, Verdict::Refuses(status));
                Err(Stop::status(status, Some(auth_type.id)))
            }
            Said::Unknown => {
                self.push_user_gate(kind, Verdict::Unknown);
                let question = format!("whether {} lets the request pass", auth_type.text());
                let sends = self.header("authorization").is_some() || kind == GateKind::Opaque;
                if self.decide(&question, sends, auth_type.span(), false) {
                    self.r.user = Some(self.sent_user());
                    Ok(())
                } else {
                    Err(Stop::status(401, Some(auth_type.id)))
                }
            }
        }
    }

    /// What becomes of the credentials of a client who has the right ones: only faults of the configuration stop him.
    fn met_by_assumption(&mut self, said: Said) -> Said {
        match said {
            Said::Refused(500) | Said::User(_) => said,
            _ => Said::User(self.sent_user()),
        }
    }

    fn sent_user(&self) -> Value {
        let sent = self.header("authorization").and_then(|f| f.value.known().and_then(password::httpd_credentials));
        sent.map_or_else(|| unknown_value("user"), |(user, _)| Value::Known(user))
    }

    /// A gate that was passed by another way, so that nobody was asked for a password.
    pub(super) fn note_unasked_user(&mut self) {
        if self.user_gate.is_some() && self.r.user.is_none() {
            let Some(auth_type) = self.auth_type() else { return };
            let sends = self.header("authorization").is_some();
            let verdict = if sends { Verdict::Unknown } else { Verdict::Refuses(401) };
            self.push_user_gate(kind_of(&auth_type.arg(0)), verdict);
        }
    }

    fn push_user_gate(&mut self, kind: GateKind, verdict: Verdict) {
        let (required, combine) = self.user_gate.map_or((None, Combine::All), |(id, combine)| (Some(id), combine));
        let auth_type = self.auth_type();
        let Some(by) = auth_type.map(|d| d.id).or(required) else { return };
        let span = self.directive(by).span();
        let realm = self
            .last(&[Name::AuthName])
            .map(|name| if name.is_unknown() { unknown_value("template hole") } else { self.expand(&name.arg(0), &name) });
        let file = self.last(&[Name::AuthUserFile]);
        let source = file.map(|file| {
            if file.is_unknown() {
                return Fact::unknown("template hole", [file.span()]);
            }
            match self.host.shared.server_file(file.arg(0)) {
                Some(path) => Fact::is(path.into_owned(), [file.span()]),
                None => Fact::is(file.arg(0).into_owned(), [file.span()]),
            }
        });
        match self.gates.iter_mut().find(|g| g.span == span) {
            // The challenge of the error document takes the place of the one that led to it.
            Some(gate) if verdict == Verdict::Refuses(401) => (gate.realm, gate.verdict) = (realm, verdict),
            Some(_) => {}
            None => self.gates.push(Gate { kind, realm, span, source, combine, verdict }),
        }
    }

    fn basic(&mut self) -> Said {
        let Some(sent) = self.header("authorization") else { return self.faulty_sources().unwrap_or(Said::Refused(401)) };
        let Some(sent) = sent.value.known().map(str::to_owned) else { return Said::Unknown };
        let scheme = sent.split(' ').next().unwrap_or_default();
        if !scheme.eq_ignore_ascii_case("basic") {
            return self.faulty_sources().unwrap_or(Said::Refused(401));
        }
        let Some((user, password)) = password::httpd_credentials(&sent) else { return Said::Unknown };
        // It counts as the user also where it turns out to be none (`get_basic_auth`).
        self.r.user = Some(Value::Known(user.clone()));
        let authoritative = self.flag(Name::AuthBasicAuthoritative) != Some(false);
        // A user that no source knows: the next module is asked, and there is none.
        let mut said = Said::Refused(if authoritative { 401 } else { 500 });
        for source in self.sources(Name::AuthBasicProvider) {
            let Source::File(file) = source else { return Said::Unknown };
            let Some(file) = file else { return Said::Refused(500) };
            if file.is_unknown() {
                return Said::Unknown;
            }
            let Some(path) = self.host.shared.server_file(file.arg(0)) else { return Said::Unknown };
            said = match self.read(&path) {
                Found::Missing => Said::Refused(500),
                Found::Unknown => Said::Unknown,
                Found::There(text) => match password::check_httpd(&text, &user, &password) {
                    Checked::NoUser => continue,
                    Checked::Right => Said::User(Value::Known(user.clone())),
                    Checked::Wrong => Said::Refused(401),
                    Checked::Unknown => Said::Unknown,
                },
            };
            return said;
        }
        said
    }

    /// What is wrong for whoever has credentials, whichever they are: a client who is let pass by assumption meets it all the same.
    fn faulty_sources(&mut self) -> Option<Said> {
        if !self.request.assume.gates_pass {
            return None;
        }
        let sources = self.sources(Name::AuthBasicProvider);
        let broken = |source: &Source<'a>| match source {
            Source::File(None) => true,
            Source::File(Some(file)) if !file.is_unknown() => {
                self.host.shared.server_file(file.arg(0)).is_some_and(|path| self.read(&path) == Found::Missing)
            }
            _ => false,
        };
        sources.first().is_some_and(broken).then_some(Said::Refused(500))
    }

    fn digest(&mut self) -> Said {
        let sent = self.header("authorization").map(|f| f.value.prefix().to_ascii_lowercase());
        match sent {
            Some(sent) if sent.starts_with("digest ") => Said::Unknown,
            _ => Said::Refused(401),
        }
    }

    /// `AuthType Form`: who has no session is sent to the form.
    fn form(&mut self, auth_type: &Directive<'a>) -> Result<(), Stop> {
        let question = format!("whether {} lets the request pass", auth_type.text());
        let has_cookie = self.header("cookie").is_some();
        let passes = self.request.assume.gates_pass
            || has_cookie && {
                self.push_user_gate(GateKind::Form, Verdict::Unknown);
                self.decide(&question, true, auth_type.span(), false)
            };
        if passes {
            self.push_user_gate(GateKind::Form, Verdict::Passes);
            self.r.user = Some(unknown_value("user"));
            return Ok(());
        }
        if let Some(login) = self.last(&[Name::AuthFormLoginRequiredLocation]) {
            self.push_user_gate(GateKind::Form, Verdict::Refuses(302));
            let target = self.expand(&login.arg(0), &login);
            self.location = Some(target);
            return Err(Stop::status(302, Some(login.id)));
        }
        self.push_user_gate(GateKind::Form, Verdict::Refuses(401));
        Err(Stop::status(401, Some(auth_type.id)))
    }

    /// The sources of passwords in force, in their order.
    fn sources(&mut self, providers: Name) -> Vec<Source<'a>> {
        let named = self.last_run(&[providers]);
        let file = self.last(&[Name::AuthUserFile]);
        let words: Vec<String> = named.iter().flat_map(|id| self.directive(*id).args()).map(|w| w.to_ascii_lowercase()).collect();
        if words.is_empty() {
            return vec![Source::File(file)];
        }
        let sources = words.iter().map(|word| match word.as_str() {
            "file" => Source::File(file),
            word => match self.host.shared.authn_aliases.get(word).map(|id| self.directive(*id)) {
                Some(alias) if alias.arg(0).eq_ignore_ascii_case("file") => {
                    Source::File(alias.children().filter(|c| c.name() == Name::AuthUserFile).last().or(file))
                }
                _ => Source::Other,
            },
        });
        sources.collect()
    }
}

/// The kind of gate that an `AuthType` makes.
pub(super) fn kind_of(auth_type: &str) -> GateKind {
    match auth_type.to_ascii_lowercase().as_str() {
        "basic" => GateKind::Basic,
        "digest" => GateKind::Digest,
        "form" => GateKind::Form,
        _ => GateKind::Opaque,
    }
}
