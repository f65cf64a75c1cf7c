//! What the user's applications do to the user's presence, and what becomes of it when they end.

use std::time::Duration;

use super::applications::{Application, Applications, Available, Ended, Lifetimes, Registration};
use super::{Change, State};
use crate::directory::Presence;

/// What the applications made of the user's presence.
#[derive(Debug)]
pub(super) struct Published {
    before: Presence,
    now: Presence,
}

impl State {
    pub(crate) fn application(&self, id: &str) -> Option<&Application> {
        self.applications.get(id)
    }

    pub(crate) fn application_ids(&self) -> Vec<&str> {
        self.applications.ids()
    }

    /// The application of these inputs, and whether it is new.
    pub(crate) fn register(&mut self, registration: Registration) -> (&Application, bool) {
        let now = self.clock.now();
        let (application, created) = self.applications.register(registration, now);
        (application, created)
    }

    /// The application of this id, which counts as used now.
    pub(crate) fn touch(&mut self, id: &str) -> Result<&Application, Ended> {
        self.applications.touch(id, self.clock.now()).map(|application| &*application)
    }

    /// Does what the time has come for. Whoever looks at the state calls this first.
    pub(crate) fn catch_up(&mut self) {
        let (lifetimes, now) = (self.lifetimes(), self.clock.now());
        self.end_applications(|applications| applications.end_due(now, lifetimes));
    }

    pub(super) fn lifetimes(&self) -> Lifetimes {
        let switches = &self.settings.switches;
        Lifetimes {
            unused: self.settings.application_lifetime,
            inactive: switches.inactive_timeout(),
            deaf: switches.events_lifetime(),
            forgotten: switches.resume_after(),
        }
    }

    /// Ends applications, and with the last one that made the user available what it published.
    pub(crate) fn end_applications(&mut self, end: impl FnOnce(&mut Applications)) {
        let before = self.applications.all().count();
        end(&mut self.applications);
        if self.applications.all().count() != before {
            self.signals.raise();
        }
        if self.applications.make_available() {
            return;
        }
        if let Some(published) = self.published.take()
            // Somebody else's later change stays.
            && self.directory().me.presence == published.now
        {
            self.change(|directory| directory.me.presence = published.before);
        }
    }

    /// Makes the user available by this application. False where that was done before.
    pub(crate) fn make_available(&mut self, id: &str, modalities: Vec<String>, timeout: Option<Duration>, presence: Presence) -> bool {
        let now = self.clock.now();
        let Some(application) = self.applications.get_mut(id).filter(|application| application.available.is_none()) else {
            return false;
        };
        application.available = Some(Available { modalities, timeout, last_active: now });
        // Who waits has to know when it ends.
        self.wake_all();
        let me = self.directory().me.uri().to_owned();
        self.raise([Change::updated("me", &me)]);
        self.publish(presence);
        true
    }

    /// Notes that the user does something at this application.
    pub(crate) fn report_activity(&mut self, id: &str) {
        let now = self.clock.now();
        if let Some(available) = self.applications.get_mut(id).and_then(|application| application.available.as_mut()) {
            available.last_active = now;
        }
    }

    /// Changes the user's presence on behalf of an application.
    pub(crate) fn publish(&mut self, presence: Presence) {
        let current = self.directory().me.presence.clone();
        let before = self.published.take().map_or(current, |published| published.before);
        self.published = Some(Published { before, now: presence.clone() });
        self.change(|directory| directory.me.presence = presence);
    }
}
