//! The simulator as its user holds it: time, live presence, and what befalls the server as a whole.

use std::time::{Duration, Instant};

use crate::Simulator;
use crate::directory::key;
use crate::settings::limit_ms;
use crate::state::lock;

impl Simulator {
    /// Moves the simulator's clock forward.
    pub fn advance(&self, by: Duration) {
        lock(&self.state).advance(by);
    }

    /// From now on the simulator's clock runs so many times as fast as the real one; 0 stops it.
    ///
    /// Everything that has a lifetime goes by it, and P-GETs wait by it. Latency and what faults delay stay real time.
    pub fn set_clock_speed(&self, speed: f64) {
        lock(&self.state).set_speed(speed);
    }

    /// Time since the start by the simulator's clock.
    pub fn elapsed(&self) -> Duration {
        lock(&self.state).clock.now()
    }

    /// Starts the server anew: tokens, applications, subscriptions and event channels are gone, and every connection is reset. The directory,
    /// the settings and the faults stay.
    pub fn restart(&self) {
        lock(&self.state).restart();
    }

    /// Takes the network away, or gives it back: every connection is reset, and every new one at once. The control endpoint stays.
    pub fn offline(&self, offline: bool) {
        lock(&self.state).set_offline(offline);
    }

    /// Resets the connections of all P-GETs that wait.
    pub fn cut_events(&self) {
        lock(&self.state).cut_events();
    }

    /// How many P-GETs wait now.
    pub fn pending_events(&self) -> usize {
        let mut state = lock(&self.state);
        state.catch_up();
        state.pending()
    }

    /// The addresses of everybody who is in a presence subscription, of whatever application.
    pub fn subscribed(&self) -> Vec<String> {
        let mut state = lock(&self.state);
        state.catch_up();
        state.subscribed()
    }

    /// All subscriptions are gone, that to the contact list too, and nobody is told.
    pub fn end_subscriptions(&self) {
        lock(&self.state).end_subscriptions();
    }

    /// All subscriptions end as if their time were over, that to the contact list too, and events tell so.
    pub fn expire_subscriptions(&self) {
        lock(&self.state).expire_subscriptions();
    }

    /// Whether subscribing to this person is refused.
    pub fn refuse_subscriptions_to(&self, uri: &str, refuse: bool) {
        let mut state = lock(&self.state);
        if refuse {
            state.refused.insert(key(uri));
        } else {
            state.refused.remove(&key(uri));
        }
    }

    /// Waits until something holds, and tells whether it did in time.
    ///
    /// It is looked at now and whenever something has happened: a request arrived or was answered, a P-GET began or ceased to wait, anything
    /// changed, by time or otherwise.
    pub fn wait_until(&self, timeout: Duration, mut holds: impl FnMut(&Simulator) -> bool) -> bool {
        let started = Instant::now();
        // A time that cannot be reckoned with is as good as a very long one.
        let until = started.checked_add(timeout).unwrap_or_else(|| started + Duration::from_secs(60 * 60 * 24 * 365));
        loop {
            let seen = self.signals.count();
            if holds(self) {
                return true;
            }
            let due = lock(&self.state).real_time_until_due().and_then(|time| Instant::now().checked_add(time));
            if !self.signals.wait(seen, due.map_or(until, |due| due.min(until))) {
                lock(&self.state).catch_up();
                if Instant::now() >= until {
                    return holds(self);
                }
            }
        }
    }

    /// As [`Builder::max_subscriptions`](crate::Builder::max_subscriptions), from now on.
    pub fn max_subscriptions(&self, limit: usize) {
        self.switch(|switches| switches.max_subscriptions = limit);
    }

    /// As [`Builder::max_subscription_contacts`](crate::Builder::max_subscription_contacts), from now on.
    pub fn max_subscription_contacts(&self, limit: usize) {
        self.switch(|switches| switches.max_subscription_contacts = limit);
    }

    /// As [`Builder::max_subscribed_contacts`](crate::Builder::max_subscribed_contacts), from now on.
    pub fn max_subscribed_contacts(&self, limit: usize) {
        self.switch(|switches| switches.max_subscribed_contacts = limit);
    }

    /// As [`Builder::resume_after`](crate::Builder::resume_after), from now on.
    pub fn resume_after(&self, time: Option<Duration>) {
        self.switch(|switches| switches.resume_after_ms = limit_ms(time));
    }

    /// As [`Builder::events_lifetime`](crate::Builder::events_lifetime), from now on.
    pub fn events_lifetime(&self, time: Option<Duration>) {
        self.switch(|switches| switches.events_lifetime_ms = limit_ms(time));
    }

    /// As [`Builder::embed_events`](crate::Builder::embed_events), from now on.
    pub fn embed_events(&self, embed: bool) {
        self.switch(|switches| switches.embed_events = embed);
    }

    /// As [`Builder::repeat_senders`](crate::Builder::repeat_senders), from now on.
    pub fn repeat_senders(&self, repeat: bool) {
        self.switch(|switches| switches.repeat_senders = repeat);
    }

    /// As [`Builder::kept_requests`](crate::Builder::kept_requests), from now on.
    pub fn kept_requests(&self, count: usize) {
        self.switch(|switches| switches.kept_requests = count);
    }
}
