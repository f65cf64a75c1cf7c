//! The P-GETs of all applications.

use std::time::Duration;

use super::channel::{Arrived, Event, Found, Wishes};
use super::{Ended, Live, State};

/// What a waiting P-GET is to do.
#[derive(Debug)]
pub(crate) enum Looked {
    /// Tell these events, perhaps none.
    Set(Vec<Event>),
    /// Make room for another.
    Replaced,
    /// Wait so long by the real clock, or for ever.
    Wait(Option<Duration>),
}

impl State {
    pub(crate) fn live(&self, application: &str) -> Option<&Live> {
        self.applications.get(application).map(|application| &application.live)
    }

    pub(super) fn live_mut(&mut self, application: &str) -> Option<&mut Live> {
        self.applications.get_mut(application).map(|application| &mut application.live)
    }

    /// A P-GET for the set of this number, and the ticket it waits by.
    pub(crate) fn arrive(&mut self, application: &str, ack: u64, key: Option<&str>, wishes: Wishes) -> Result<(u64, Arrived), Ended> {
        let (ticket, now) = (self.number(), self.clock.now());
        let live = self.live_mut(application).ok_or(Ended::Missing)?;
        let arrived = live.channel.arrive(ack, key, wishes, ticket, now);
        self.signals.raise();
        Ok((ticket, arrived))
    }

    /// What the P-GET of this ticket is to do now.
    pub(crate) fn look(&mut self, application: &str, ticket: u64) -> Result<Looked, Ended> {
        let (now, lifetimes) = (self.clock.now(), self.lifetimes());
        let application = self.applications.touch(application, now)?;
        Ok(match application.live.channel.look(ticket, now) {
            Found::Set(events) => Looked::Set(events),
            Found::Replaced => Looked::Replaced,
            Found::Nothing(until) => {
                let until = application.due(lifetimes).map_or(until, |due| due.min(until));
                Looked::Wait(self.clock.real_time_until(until))
            }
        })
    }

    /// Notes how a set was told, so that it can be told again.
    pub(crate) fn sent(&mut self, application: &str, set: Vec<u8>) {
        if let Some(live) = self.live_mut(application) {
            live.channel.sent(set);
        }
    }

    /// The P-GET of this ticket waits no more.
    pub(crate) fn leave(&mut self, application: &str, ticket: u64) {
        let now = self.clock.now();
        if let Some(live) = self.live_mut(application) {
            live.channel.leave(ticket, now);
        }
        self.signals.raise();
    }

    /// How many P-GETs wait.
    pub(crate) fn pending(&self) -> usize {
        self.applications.all().filter(|application| application.live.channel.is_parked()).count()
    }

    /// Resets the connections of all P-GETs that wait.
    pub(crate) fn cut_events(&mut self) {
        let now = self.clock.now();
        self.applications.all_mut().for_each(|application| application.live.channel.cut(now));
        self.signals.raise();
    }

    /// Moves the clock forward.
    pub(crate) fn advance(&mut self, by: Duration) {
        self.clock.advance(by);
        self.time_changed();
    }

    /// Has the clock run at another speed.
    pub(crate) fn set_speed(&mut self, speed: f64) {
        self.clock.set_speed(speed);
        self.time_changed();
    }

    /// Lifetimes may be others now.
    pub(crate) fn settings_changed(&mut self) {
        self.time_changed();
    }

    fn time_changed(&mut self) {
        self.catch_up();
        self.wake_all();
        self.signals.raise();
    }

    /// How long it takes by the real clock until something happens by itself.
    pub(crate) fn real_time_until_due(&self) -> Option<Duration> {
        let lifetimes = self.lifetimes();
        let due = self.applications.all().filter_map(|application| application.due(lifetimes)).min();
        self.clock.real_time_until(due?)
    }

    /// Has every P-GET that waits look again.
    pub(crate) fn wake_all(&self) {
        self.applications.all().for_each(|application| application.live.channel.wake());
    }
}
