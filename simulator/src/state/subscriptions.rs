//! The presence subscriptions of an application: whose presence it is told of, and until when.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// How long before its end a subscription is told of.
const WARNING: Duration = Duration::from_secs(60);
/// The remaining time of a subscription is never more.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// A presence subscription.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// Whether it is that of a group, whose members it follows.
    pub(crate) of_group: bool,
    /// Addresses by what they are compared by.
    members: BTreeMap<String, String>,
    expires: Duration,
    warned: bool,
}

impl Subscription {
    /// The members' addresses by their keys.
    pub(crate) fn members(&self) -> &BTreeMap<String, String> {
        &self.members
    }
}

/// The presence subscriptions of an application.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    all: BTreeMap<String, Subscription>,
    /// Everybody who is in one, and in how many.
    watched: HashMap<String, usize>,
    /// When something happens by itself.
    due: Option<Duration>,
}

/// What time has done to a subscription.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Passed {
    ExpiresSoon(String),
    /// It is gone, and with it these, who are in no other.
    Expired(String, Vec<String>),
}

impl Subscriptions {
    pub(crate) fn is_watched(&self, key: &str) -> bool {
        self.watched.contains_key(key)
    }

    /// The keys of everybody who is in one.
    pub(crate) fn watched(&self) -> impl Iterator<Item = &String> {
        self.watched.keys()
    }

    pub(crate) fn watched_count(&self) -> usize {
        self.watched.len()
    }

    pub(crate) fn count(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Subscription> {
        self.all.get(id)
    }

    /// All by their ids.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&String, &Subscription)> {
        self.all.iter()
    }

    pub(crate) fn create(&mut self, id: &str, of_group: bool, length: Duration, now: Duration) {
        let expires = now.saturating_add(length);
        self.all.insert(id.to_owned(), Subscription { of_group, members: BTreeMap::new(), expires, warned: false });
        self.plan();
    }

    /// Lengthens what remains. False where there is no such subscription.
    pub(crate) fn extend(&mut self, id: &str, by: Duration, now: Duration) -> bool {
        let Some(subscription) = self.all.get_mut(id) else {
            return false;
        };
        let remaining = subscription.expires.saturating_sub(now).saturating_add(by).min(LONGEST);
        (subscription.expires, subscription.warned) = (now.saturating_add(remaining), false);
        self.plan();
        true
    }

    /// Adds somebody to a subscription. Tells whether they were in none.
    pub(crate) fn add(&mut self, id: &str, key: &str, uri: &str) -> bool {
        let Some(subscription) = self.all.get_mut(id) else {
            return false;
        };
        if subscription.members.insert(key.to_owned(), uri.to_owned()).is_some() {
            return false;
        }
        let count = self.watched.entry(key.to_owned()).or_default();
        *count += 1;
        *count == 1
    }

    /// Takes somebody out of a subscription. Tells whether they are in none now, or nothing where they were not in this one.
    pub(crate) fn remove_member(&mut self, id: &str, key: &str) -> Option<bool> {
        self.all.get_mut(id)?.members.remove(key)?;
        Some(self.release(key))
    }

    /// Ends a subscription, and tells who is in no other.
    pub(crate) fn remove(&mut self, id: &str) -> Option<Vec<String>> {
        let left = self.take_out(id);
        self.plan();
        left
    }

    fn take_out(&mut self, id: &str) -> Option<Vec<String>> {
        let members = self.all.remove(id)?.members;
        Some(members.into_keys().filter(|key| self.release(key)).collect())
    }

    /// Everybody's are gone.
    pub(crate) fn clear(&mut self) {
        *self = Subscriptions::default();
    }

    /// Ends and announces what is to be by now, oldest first.
    pub(crate) fn pass(&mut self, now: Duration) -> Vec<Passed> {
        if self.due.is_none_or(|due| due > now) {
            return Vec::new();
        }
        let mut passed = Vec::new();
        let mut over = Vec::new();
        for (id, subscription) in &mut self.all {
            if subscription.expires <= now {
                over.push(id.clone());
            } else if !subscription.warned && subscription.expires.saturating_sub(WARNING) <= now {
                subscription.warned = true;
                passed.push(Passed::ExpiresSoon(id.clone()));
            }
        }
        for id in over {
            let left = self.take_out(&id).unwrap_or_default();
            passed.push(Passed::Expired(id, left));
        }
        self.plan();
        passed
    }

    /// When something happens by itself.
    pub(crate) fn due(&self) -> Option<Duration> {
        self.due
    }

    fn plan(&mut self) {
        let next = |subscription: &Subscription| {
            if subscription.warned { subscription.expires } else { subscription.expires.saturating_sub(WARNING) }
        };
        self.due = self.all.values().map(next).min();
    }

    /// One subscription less has this person. Tells whether none has.
    fn release(&mut self, key: &str) -> bool {
        let Some(count) = self.watched.get_mut(key) else {
            return false;
        };
        *count -= 1;
        if *count > 0 {
            return false;
        }
        self.watched.remove(key);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(minutes: u64) -> Duration {
        Duration::from_secs(60 * minutes)
    }

    #[test]
    fn time_is_added_to_what_remains_up_to_a_limit() {
        let mut subscriptions = Subscriptions::default();
        subscriptions.create("1", false, minutes(10), Duration::ZERO);
        assert_eq!(subscriptions.due(), Some(minutes(9)));
        assert!(subscriptions.pass(minutes(8)).is_empty());
        assert_eq!(subscriptions.pass(minutes(9)), [Passed::ExpiresSoon("1".into())]);
        assert!(subscriptions.pass(minutes(9)).is_empty());
        assert!(subscriptions.extend("1", minutes(10), minutes(9)));
        assert_eq!(subscriptions.due(), Some(minutes(19)));
        assert!(subscriptions.extend("1", minutes(30), minutes(9)) && !subscriptions.extend("2", minutes(30), minutes(9)));
        assert_eq!(subscriptions.due(), Some(minutes(38)));
        assert_eq!(subscriptions.pass(minutes(39)), [Passed::Expired("1".into(), Vec::new())]);
        assert_eq!((subscriptions.due(), subscriptions.count()), (None, 0));
    }

    #[test]
    fn somebody_in_two_is_watched_until_both_are_gone() {
        let mut subscriptions = Subscriptions::default();
        for id in ["1", "2"] {
            subscriptions.create(id, false, minutes(10), Duration::ZERO);
            assert_eq!(subscriptions.add(id, "sip:a@b", "sip:A@b"), id == "1");
            assert!(!subscriptions.add(id, "sip:a@b", "sip:A@b"));
        }
        assert_eq!(subscriptions.remove_member("1", "sip:a@b"), Some(false));
        assert_eq!(subscriptions.remove_member("1", "sip:a@b"), None);
        assert!(subscriptions.is_watched("sip:a@b"));
        assert_eq!(subscriptions.remove("2"), Some(vec!["sip:a@b".into()]));
        assert_eq!(subscriptions.watched_count(), 0);
    }
}
