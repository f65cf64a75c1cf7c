//! One call's access to the server: single requests, and what their failures mean for the application.

use super::{Application, Session};
use crate::error::{Error, Result, Status};
use crate::recovery::{self, Attempt, Outcome, Said, Stage, Step};
use crate::resource::navigation::{self, Document, Path, Reader};
use crate::resource::{answer, resolve, same_host};
use crate::transport::{Answer, Call, Method, Request};
use once_cell::unsync::OnceCell;
use serde_json::{Map, Value};
use std::cell::Cell;
use url::Url;
use uuid::Uuid;

/// Which version of a resource is asked for. Many can be changed in their second one only.
#[derive(Clone, Copy)]
pub(crate) enum Version {
    Usual,
    Changeable,
}

impl Version {
    pub fn of(self, request: Request) -> Request {
        match self {
            Version::Usual => request,
            Version::Changeable => request.with("x-ms-requiresminresourceversion", "2"),
        }
    }
}

/// One call's access to the server, through one session.
pub(crate) struct Access<'a> {
    pub(super) application: &'a Application,
    pub session: &'a Session,
    pub call: &'a Call,
    /// Whether the application is gone; asked for once in a call.
    gone: OnceCell<bool>,
    /// Whether a request of this call got an HTTP answer.
    answered: Cell<bool>,
    /// Of local work, so far.
    steps: Cell<u32>,
}

impl<'a> Access<'a> {
    pub fn new(application: &'a Application, session: &'a Session, call: &'a Call) -> Access<'a> {
        Access { application, session, call, gone: OnceCell::new(), answered: Cell::new(false), steps: Cell::new(0) }
    }

    /// Whether a request of this call got an HTTP answer, of whatever status.
    pub fn was_answered(&self) -> bool {
        self.answered.get()
    }

    pub(super) fn note(&self, outcome: &Result<Answer>) {
        let answered = outcome.as_ref().map_or_else(|error| error.http_status().is_some(), |_| true);
        self.answered.set(self.answered.get() || answered);
    }

    /// Reads one resource.
    pub fn get(&self, url: &Url) -> Result<Document> {
        let request = Request::get(url.clone());
        self.own(&request)?;
        let answer = self.application.authority.send(self.call, &request);
        self.note(&answer);
        self.document(&request, &answer?)
    }

    /// Whether local work may go on: the call has time left, and the application is not cancelled.
    pub fn may_go_on(&self) -> Result<()> {
        if self.application.is_cancelled() {
            return Err(Error::cancelled());
        }
        if self.call.left().is_zero() { Err(self.call.timed_out()) } else { Ok(()) }
    }

    /// To be called at each step of local work: every thousandth time it looks whether the work may go on.
    pub fn step(&self) -> Result<()> {
        const SELDOM: u32 = 1_000;
        self.steps.set(self.steps.get().wrapping_add(1));
        if self.steps.get().is_multiple_of(SELDOM) { self.may_go_on() } else { Ok(()) }
    }

    /// Asks for the application itself. Where it is gone, that is the failure: it may be what was meant when something else
    /// was not found.
    pub fn check(&self) -> Result<()> {
        self.get(&self.session.document.url).map(drop)
    }

    /// Sends any request to the application's host; a refusal is a failure.
    pub fn send(&self, request: Request) -> Result<Answer> {
        self.own(&request)?;
        let answer = self.application.authority.send(self.call, &request);
        self.note(&answer);
        self.taken(&request, answer?)
    }

    /// Holds what others may not do at the same time.
    pub fn hold<'l>(&self, lock: &'l tokio::sync::Mutex<()>) -> Result<tokio::sync::MutexGuard<'l, ()>> {
        self.application.hold(self.call, lock)
    }

    /// Waits for the answer to a pending GET, beside what is under way otherwise. `None` where meanwhile another
    /// application took the place of this one.
    pub fn wait_for(&self, request: &Request) -> Result<Option<Answer>> {
        self.own(request)?;
        let line = self.application.line()?;
        let moved = || self.application.session().generation != self.session.generation;
        match self.application.authority.send_unless_nudged(line, self.call, request, || self.application.call()) {
            _ if moved() => Ok(None),
            Ok(Some(answer)) => self.taken(request, answer).map(Some),
            outcome => outcome,
        }
    }

    /// An answer that is no refusal, and no page of somebody in between.
    pub(super) fn taken(&self, request: &Request, answer: Answer) -> Result<Answer> {
        match answer.status {
            _ if answer::stands(&answer) => Ok(answer),
            200..=299 => Err(answer::foreign(request, &answer)),
            _ => {
                let error = self.judge(request, answer::refusal(request, &answer));
                // The attempt whose answer was lost has deleted it.
                let deleted = request.method == Method::DELETE && answer.attempts.lost_before && matches!(answer.status, 404 | 410);
                if deleted && !error.details().application_gone { Ok(answer.deleted_before()) } else { Err(error) }
            }
        }
    }

    /// Changes a resource: what was read is sent back with the changed properties, the property that asks to be passed
    /// back, and the etag. Where somebody else changed it in between, it is read anew and tried once more.
    pub fn put(&self, url: &Url, version: Version, changed: &Map<String, Value>) -> Result<Answer> {
        let attempt = || {
            let read = version.of(Request::get(url.clone()));
            let now = self.send(read.clone())?;
            let resource = answer::resource(&read, &now)?;
            let mut body = changed.clone();
            for (name, value) in resource.properties.iter().filter(|(name, _)| Uuid::parse_str(name).is_ok()) {
                let echo = serde_json::from_str(value.get()).unwrap_or(Value::Null);
                body.entry(name.to_string()).or_insert(echo);
            }
            let mut request = version.of(Request::of(Method::PUT, url.clone(), Some(Value::Object(body).to_string())));
            let etag = now.header("etag").map(str::to_owned).or_else(|| resource.text("etag").map(|etag| format!("\"{etag}\"")));
            if let Some(etag) = etag {
                request = request.with("if-match", etag);
            }
            self.send(request)
        };
        match attempt() {
            Err(error) if recovery::next(&after(self.call, &error)) == Step::ReadAgain => attempt(),
            outcome => outcome,
        }
    }

    /// Whether a failure shows that a remembered address is out of date, so that what lies there is to be looked up again,
    /// and nothing was done there yet.
    pub fn is_out_of_date(&self, error: &Error) -> bool {
        recovery::next(&Attempt { remembered: true, ..after(self.call, error) }) == Step::LookUpAgain
    }

    /// The absolute address of a href of the application, which lies on its own host.
    pub fn resolve(&self, href: &str) -> Result<Url> {
        resolve(&self.session.document.url, href)
    }

    /// Follows a path from the application; application, people and me come from memory.
    pub fn navigate(&self, path: &Path) -> Result<Document> {
        navigation::follow(&self.session.document, path, self)
    }

    /// The address that a path leads to, without reading what is there.
    pub fn locate(&self, path: &Path) -> Result<Url> {
        navigation::locate(&self.session.document, path, self)
    }

    /// Whether an address lies on the application's own host.
    pub(super) fn is_own(&self, url: &Url) -> bool {
        same_host(url, &self.session.document.url)
    }

    /// Refuses to speak to any host but the application's.
    pub(super) fn own(&self, request: &Request) -> Result<()> {
        if self.is_own(&request.url) {
            return Ok(());
        }
        let own = self.session.document.url.origin().ascii_serialization();
        Err(Error::protocol(format!(
            "the server gave the link {}, which leads away from the application's own host ({own}); it is not followed",
            request.url
        )))
    }

    pub(super) fn document(&self, request: &Request, answer: &Answer) -> Result<Document> {
        if !answer.is_success() {
            return Err(self.judge(request, answer::refusal(request, answer)));
        }
        let text = answer::body_text(request, answer)?;
        if !text.starts_with('{') {
            return Err(answer::foreign(request, answer));
        }
        Ok(Document::of(answer, text, answer.url.clone()))
    }

    /// Marks an error that means that the application is gone. Servers say "application not found" of lesser things, and
    /// "not found" of an application, so the application itself is asked for, once.
    pub(super) fn judge(&self, request: &Request, mut error: Error) -> Error {
        let Some(said) = error.details().said else { return error };
        let asked_for_itself = request.method == Method::GET && request.url == self.session.document.url;
        // A page says nothing of the application: somebody else wrote it.
        let itself = asked_for_itself && matches!(error.http_status(), Some(404 | 410)) && error.status() != Status::Protocol;
        let mut attempt = Attempt {
            outcome: Outcome::Answered {
                said: if itself && said != Said::ApplicationUnwanted { Said::ApplicationGone } else { said },
                retry_after: None,
            },
            application_gone: self.gone.get().copied(),
            ..self.call.attempt()
        };
        if recovery::next(&attempt) == Step::AskForApplication {
            attempt.application_gone = Some(*self.gone.get_or_init(|| self.application_is_gone()));
        }
        if recovery::is_application_gone(&attempt) {
            error.details_mut().said = Some(Said::ApplicationGone);
            error.details_mut().application_gone = true;
        }
        error
    }

    fn application_is_gone(&self) -> bool {
        let request = Request::get(self.session.document.url.clone());
        let is_it = |answer: Answer| matches!(answer.status, 404 | 410) && !answer::is_page(&answer);
        self.application.authority.send(self.call, &request).is_ok_and(is_it)
    }
}

/// A request that failed for good, for [`recovery::next`]: it was repeated as often as allowed.
pub(super) fn after(call: &Call, error: &Error) -> Attempt {
    let details = error.details();
    let outcome = match (details.stage, details.said) {
        (_, Some(said)) => Outcome::Answered { said, retry_after: None },
        (Some(stage), None) => Outcome::Failed(stage),
        // It failed before something was sent, or its time is up.
        (None, None) => Outcome::Failed(Stage::Unsent),
    };
    Attempt { outcome, reconnected: true, application_gone: Some(details.application_gone), ..call.attempt() }
}

impl Reader for Access<'_> {
    fn read(&self, url: &Url) -> Result<Document> {
        self.get(url)
    }

    fn read_each(&self, urls: &[Url], take: &mut dyn FnMut(Result<Document>)) {
        self.get_each(urls, &mut |_, document| take(document));
    }

    fn step(&self) -> Result<()> {
        Access::step(self)
    }
}
