//! Subscribing on behalf of applications.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Live, State, hash};
use crate::directory::key;

/// Why nobody is subscribed to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It would be too many.
    Limit,
    /// Somebody does not want it; nobody is told who.
    Somebody,
}

impl State {
    /// Whether these people, given by key and address, may be subscribed to: anew, or by this subscription.
    pub(crate) fn may_subscribe(&self, application: &str, existing: Option<&str>, people: &[(String, String)]) -> Result<(), Refused> {
        let switches = &self.settings.switches;
        let over = |count: usize, limit: usize| limit > 0 && count > limit;
        let Some(subscriptions) = self.live(application).map(|live| &live.subscriptions) else {
            return Ok(());
        };
        let members = existing.and_then(|id| subscriptions.get(id)).map(super::Subscription::members);
        let is_member = |key: &String| members.is_some_and(|members| members.contains_key(key));
        let more = people.iter().filter(|(key, _)| !is_member(key)).count();
        let unwatched = people.iter().filter(|(key, _)| !subscriptions.is_watched(key)).count();
        if (existing.is_none() && over(subscriptions.count() + 1, switches.max_subscriptions))
            || over(members.map_or(0, |members| members.len()) + more, switches.max_subscription_contacts)
            || over(subscriptions.watched_count() + unwatched, switches.max_subscribed_contacts)
        {
            return Err(Refused::Limit);
        }
        if people.iter().any(|(key, _)| self.refused.contains(key)) { Err(Refused::Somebody) } else { Ok(()) }
    }

    /// Subscribes to these people, and gives the subscription's id: that of the group where it is one's.
    pub(crate) fn subscribe(&mut self, application: &str, group: Option<&str>, people: &[(String, String)], length: Duration) -> String {
        let (number, now) = (self.number(), self.clock.now());
        let id = group.map_or_else(|| format!("{number:08}{:08x}", hash(&[application, "presence"])), str::to_owned);
        if let Some(application) = self.applications.get_mut(application) {
            application.live.subscriptions.create(&id, group.is_some(), length, now);
            application.live.subscribe(&id, people, true, &self.directory, now);
        }
        id
    }

    /// Adds these people to a subscription.
    pub(crate) fn subscribe_more(&mut self, application: &str, id: &str, people: &[(String, String)]) {
        let now = self.clock.now();
        if let Some(application) = self.applications.get_mut(application) {
            application.live.subscribe(id, people, false, &self.directory, now);
        }
    }

    /// Changes the live side of an application; nothing where there is none.
    pub(crate) fn change_live<T: Default>(&mut self, application: &str, change: impl FnOnce(&mut Live, Duration) -> T) -> T {
        let now = self.clock.now();
        let result = self.live_mut(application).map(|live| change(live, now)).unwrap_or_default();
        self.signals.raise();
        result
    }

    /// The addresses of everybody who is subscribed to, by whatever application.
    pub(crate) fn subscribed(&self) -> Vec<String> {
        let subscriptions = self.applications.all().flat_map(|application| application.live.subscriptions.all());
        let members: BTreeSet<(&String, &String)> = subscriptions.flat_map(|(_, subscription)| subscription.members()).collect();
        let mut uris: Vec<String> = members.into_iter().map(|(_, uri)| uri.clone()).collect();
        uris.dedup_by(|one, other| key(one) == key(other));
        uris
    }

    /// All subscriptions are gone, and nobody is told.
    pub(crate) fn end_subscriptions(&mut self) {
        self.applications.all_mut().for_each(|application| application.live.forget());
        self.signals.raise();
    }

    /// All subscriptions end as if their time were over.
    pub(crate) fn expire_subscriptions(&mut self) {
        let now = self.clock.now();
        self.applications.all_mut().for_each(|application| application.live.expire(now));
        self.signals.raise();
    }
}
