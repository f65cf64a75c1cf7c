//! The thread that listens: one pending GET after the other, through lost connections, restarted servers and applications
//! that are created anew.

use super::Core;
use super::event::{Answer, Lead};
use super::pacing::{Pace, Pacing};
use super::state::Note;
use crate::application::{Access, Session};
use crate::clock;
use crate::error::{Error, Result, Status};
use crate::logging;
use crate::recovery::Said;
use crate::resource::navigation::with_query;
use crate::resource::{answer, resolve};
use crate::transport::{Call, Request};
use backon::{BackoffBuilder, ExponentialBackoff};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// What is asked of the channel: events are gathered for so many seconds by their priority, and after so many without any
/// the server answers all the same. The server remembers it.
const PARAMETERS: [(&str, &str); 3] = [("low", "15"), ("medium", "5"), ("timeout", "180")];
/// The last of these, and as much as a server may be late.
const SILENCE: Duration = Duration::from_secs(180 + 30);
/// However fast the library's clock runs in tests, a busy machine is not a dead connection.
const BUSY: Duration = Duration::from_secs(3);
/// A GET that was pending for so long before it was cut was cut by somebody in between, and not for being unwelcome.
const STEADY: Duration = Duration::from_secs(30);
/// After so many failures in a row callers are told.
const PATIENCE: u32 = 3;
/// After an interruption a GET that is pending for so long shows that the channel works again.
const PROOF: Duration = Duration::from_secs(5);
/// The longest wait that a server may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(10 * 60);

/// Listens until the application is cancelled; fails where there is nothing to be listened to any more.
pub(super) fn run(core: &Core) -> Result<()> {
    let mut channel = Channel::at(core.application.session());
    loop {
        match channel.listen(core) {
            Err(error) if error.status() == Status::Cancelled => {
                if !super::still_running(core) {
                    core.queue.close();
                    return Ok(());
                }
            }
            done => done?,
        }
    }
}

struct Channel {
    session: Arc<Session>,
    /// Where the next GET goes; unknown where the channel has to begin anew.
    next: Option<Url>,
    /// That address was asked before, and its answer was lost.
    asked_before: bool,
    failures: u32,
    pacing: Pacing,
    waits: ExponentialBackoff,
    interrupted: bool,
}

impl Channel {
    fn at(session: Arc<Session>) -> Channel {
        Channel {
            session,
            next: None,
            asked_before: false,
            failures: 0,
            pacing: Pacing::default(),
            waits: super::backoff().build(),
            interrupted: false,
        }
    }

    /// Waits for one answer and hands it on. A failure is the end of the channel.
    fn listen(&mut self, core: &Core) -> Result<()> {
        let session = core.application.session();
        if session.generation != self.session.generation {
            self.session = session;
            self.next = None;
            core.post(Note::Verify);
        }
        let started = clock::now();
        match self.ask(core) {
            Ok(None) => Ok(()),
            Ok(Some(answer)) => {
                let circles = |next: &Url| resolve(&self.session.document.url, answer.lead.href()).is_ok_and(|to| to == *next);
                let something = !answer.events.is_empty() && !self.next.as_ref().is_some_and(circles);
                let pace = self.pacing.answered(clock::now().saturating_sub(started), something);
                self.hand_on(core, answer);
                match pace {
                    Pace::AtOnce => Ok(()),
                    Pace::After(wait) => core.application.wait(wait),
                    Pace::Doubt => self.rest(core),
                }
            }
            // The server ends the channel of an application that goes.
            Err(_) if core.application.is_signing_out() => Err(Error::cancelled()),
            Err(error) if is_final(&error) || error.status() == Status::Cancelled => Err(error),
            Err(error) if error.is_named("PGetReplaced") => self.replaced(error),
            Err(error) => {
                logging::info!("the event channel was cut: {error}");
                if clock::now().saturating_sub(started) >= STEADY {
                    self.failures = 0;
                    self.pacing.trust();
                }
                self.come_back(core, error)
            }
        }
    }

    /// One pending GET. `None` where another application took this one's place.
    fn ask(&mut self, core: &Core) -> Result<Option<Answer>> {
        let url = match &self.next {
            Some(url) => url.clone(),
            None => {
                let application = self.session.document.resource()?;
                let none = || Error::new(Status::NotFound, "the server offers no event channel (no events link in the application)");
                let url = resolve(&self.session.document.url, application.link("events").ok_or_else(none)?)?;
                self.next.insert(with_parameters(url)).clone()
            }
        };
        let call = Call::new(clock::wait(SILENCE) + BUSY, 0);
        let access = Access::new(&core.application, &self.session, &call);
        let request = Request::pending(url);
        if self.interrupted {
            core.prove_at(Some(clock::now() + PROOF));
        }
        let answer = access.wait_for(&request);
        if self.interrupted && core.prove_at(None).is_none() {
            // Callers were told meanwhile.
            (self.interrupted, self.failures) = (false, 0);
            self.pacing.trust();
        }
        let Some(answer) = answer? else { return Ok(None) };
        let text = answer::body_text(&request, &answer)?;
        Answer::read(text).map(Some).map_err(|error| answer::with_answer(error, &request, &answer))
    }

    fn hand_on(&mut self, core: &Core, answer: Answer) {
        self.asked_before = false;
        if !self.pacing.is_hollow() {
            self.failures = 0;
            self.waits = super::backoff().build();
        }
        core.heard();
        let (href, note) = match answer.lead {
            Lead::Next(href) => (href, None),
            Lead::Resync(href) => (href, Some(Note::Verify)),
            Lead::Resume(href) => (href, Some(Note::Reset)),
        };
        let resumed = matches!(note, Some(Note::Reset));
        self.next = match resolve(&self.session.document.url, &href) {
            // The server forgot what was asked of it, too.
            Ok(url) if resumed => Some(with_parameters(url)),
            Ok(url) => Some(url),
            Err(error) => {
                logging::warn!("the event channel begins anew: {error}");
                None
            }
        };
        if self.interrupted && self.failures < PATIENCE && !self.pacing.in_doubt() {
            self.restored(core);
        }
        if !answer.events.is_empty() {
            core.post(Note::Events(answer.events));
        }
        if answer.has_more {
            core.post(Note::Verify);
        }
        note.into_iter().for_each(|note| core.post(note));
    }

    /// The server answers that another GET took this one's place.
    fn replaced(&mut self, error: Error) -> Result<()> {
        if std::mem::take(&mut self.asked_before) {
            // The one that was lost on the way was still pending there.
            return Ok(());
        }
        let text =
            format!("another program listens to the same application, which only one can ({error}); give each process its own endpoint_id");
        Err(Error::new(Status::Conflict, text))
    }

    /// After a failure: finds out whether the server is there, waits until it is, and goes on where the channel was cut.
    fn come_back(&mut self, core: &Core, error: Error) -> Result<()> {
        self.failures += 1;
        self.asked_before = true;
        // This address is no longer good, though the application may be.
        let refused = matches!(error.http_status(), Some(400 | 403 | 404 | 405 | 410));
        // There may be something in the way that stays there.
        if refused || self.failures.is_multiple_of(PATIENCE) {
            self.next = None;
            core.post(Note::Verify);
        }
        if self.failures >= PATIENCE {
            self.interrupt(core, &error);
        }
        if self.failures > 1 || error.details().retry_after_ms.is_some() {
            self.pause(core, &error)?;
        }
        loop {
            // It is created anew on the way, where it is gone.
            match core.application.run(|access| access.get(&access.session.document.url)) {
                Ok(_) => break,
                Err(error) if is_final(&error) || error.status() == Status::Cancelled => return Err(error),
                Err(error) => {
                    self.interrupt(core, &error);
                    self.pause(core, &error)?;
                    // It was not the channel's alone.
                    self.failures = 1;
                }
            }
        }
        if self.interrupted && self.failures < PATIENCE && !self.pacing.in_doubt() {
            self.restored(core);
        }
        Ok(())
    }

    /// After answers that came at once and had nothing in them.
    fn rest(&mut self, core: &Core) -> Result<()> {
        let text = "the event channel is answered at once over and over, with no event; something between here and the server may answer in its place";
        let error = Error::protocol(text);
        self.interrupt(core, &error);
        self.pause(core, &error)
    }

    fn interrupt(&mut self, core: &Core, error: &Error) {
        if !std::mem::replace(&mut self.interrupted, true) {
            logging::warn!("the event channel is interrupted: {error}");
            core.connection("interrupted", Some(error));
        }
    }

    fn restored(&mut self, core: &Core) {
        self.interrupted = false;
        core.restored();
    }

    fn pause(&mut self, core: &Core, error: &Error) -> Result<()> {
        let asked = error.details().retry_after_ms.map(Duration::from_millis).unwrap_or_default().min(LONGEST_ASKED);
        core.application.wait(self.waits.next().unwrap_or(super::LONGEST_WAIT).max(asked))
    }
}

fn with_parameters(url: Url) -> Url {
    let parameters = PARAMETERS.map(|(name, value)| (name.to_owned(), value.to_owned()));
    with_query(url, &parameters)
}

/// What does not mend itself: the server wants no such application, or there is no way to create one.
fn is_final(error: &Error) -> bool {
    let details = error.details();
    details.said == Some(Said::ApplicationUnwanted) || details.status == Status::NotFound && details.http_status.is_none()
}
