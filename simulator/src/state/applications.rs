//! The applications registered, and how they end.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use uuid::Uuid;

use super::hash;
use super::live::Live;

/// What an application is made of; the same inputs lead to the same application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registration {
    pub(crate) user_agent: String,
    pub(crate) endpoint_id: String,
    pub(crate) culture: String,
    pub(crate) kind: String,
    pub(crate) instance_id: Option<String>,
}

/// A registered application.
#[derive(Debug)]
pub(crate) struct Application {
    pub(crate) id: String,
    pub(crate) registration: Registration,
    /// What the names of the properties that have to be passed back are made of.
    pub(crate) echo: Uuid,
    /// What it said when it made its user available.
    pub(crate) available: Option<Available>,
    /// Its subscriptions, and the channel that events go by.
    pub(crate) live: Live,
    last_used: Duration,
}

/// An application that made its user available.
#[derive(Debug)]
pub(crate) struct Available {
    /// What others may use to talk to the user.
    pub(crate) modalities: Vec<String>,
    /// How long the user may do nothing, where it is not the usual time.
    pub(crate) timeout: Option<Duration>,
    pub(crate) last_active: Duration,
}

/// How long an application lives without a sign of life.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lifetimes {
    /// Without a request.
    pub(crate) unused: Option<Duration>,
    /// Without reported activity, once it made its user available.
    pub(crate) inactive: Option<Duration>,
    /// Without a P-GET, once there was one.
    pub(crate) deaf: Option<Duration>,
    /// Likewise, until it has to subscribe anew.
    pub(crate) forgotten: Option<Duration>,
}

/// The applications there are, and those that ended in a way the client is told of.
#[derive(Debug, Default)]
pub(crate) struct Applications {
    live: HashMap<String, Application>,
    expired: HashSet<String>,
    created: u64,
}

impl Application {
    /// When it expires if no activity is reported until then.
    pub(crate) fn inactive_at(&self, lifetimes: Lifetimes) -> Option<Duration> {
        let available = self.available.as_ref()?;
        Some(available.last_active.saturating_add(available.timeout.or(lifetimes.inactive)?))
    }

    /// When something happens to it by itself.
    pub(crate) fn due(&self, lifetimes: Lifetimes) -> Option<Duration> {
        let channel = &self.live.channel;
        let after = |since: Option<Duration>, lifetime: Option<Duration>| Some(since?.saturating_add(lifetime?));
        let forgotten = after(channel.idle_since(), lifetimes.forgotten).filter(|_| !channel.is_reset());
        let unused = after(Some(self.last_used), lifetimes.unused).filter(|_| !channel.is_parked());
        let ends = [self.inactive_at(lifetimes), unused, after(channel.idle_since(), lifetimes.deaf)];
        ends.into_iter().chain([forgotten, self.live.due()]).flatten().min()
    }
}

/// Why an application cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Missing,
    Expired,
}

impl Applications {
    /// The application of these inputs, and whether it is new.
    pub(crate) fn register(&mut self, registration: Registration, now: Duration) -> (&mut Application, bool) {
        let known =
            self.live.values().find(|application| application.registration == registration).map(|application| application.id.clone());
        let created = known.is_none();
        let id = known.unwrap_or_else(|| {
            // A new one gets a new address, so that nobody gets by with a remembered one.
            self.created += 1;
            format!("10{:05}{:05}", self.created % 100_000, hash(&[&registration.endpoint_id]) % 100_000)
        });
        let application = self.live.entry(id.clone()).or_insert_with(|| Application {
            id,
            registration,
            echo: Uuid::new_v4(),
            available: None,
            live: Live::default(),
            last_used: now,
        });
        application.last_used = now;
        (application, created)
    }

    /// The application of this id, which counts as used now.
    pub(crate) fn touch(&mut self, id: &str, now: Duration) -> Result<&mut Application, Ended> {
        if self.expired.contains(id) {
            return Err(Ended::Expired);
        }
        let application = self.live.get_mut(id).ok_or(Ended::Missing)?;
        application.last_used = now;
        Ok(application)
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Application> {
        self.live.get(id)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Application> {
        self.live.get_mut(id)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Application> {
        self.live.values()
    }

    pub(crate) fn all_mut(&mut self) -> impl Iterator<Item = &mut Application> {
        self.live.values_mut()
    }

    pub(crate) fn remove(&mut self, id: &str) {
        self.live.remove(id);
    }

    pub(crate) fn delete_all(&mut self) {
        self.live.clear();
        self.expired.clear();
    }

    pub(crate) fn expire_all(&mut self) {
        self.expired.extend(self.live.drain().map(|(id, _)| id));
    }

    pub(crate) fn ids(&self) -> Vec<&str> {
        let mut ids: Vec<_> = self.live.keys().map(String::as_str).collect();
        ids.sort_unstable();
        ids
    }

    /// Whether any of them makes the user available.
    pub(crate) fn make_available(&self) -> bool {
        self.live.values().any(|application| application.available.is_some())
    }

    /// Ends those whose time is over, and what the others subscribed to where that is.
    pub(crate) fn end_due(&mut self, now: Duration, lifetimes: Lifetimes) {
        let over = |since: Duration, lifetime: Option<Duration>| lifetime.is_some_and(|lifetime| now.saturating_sub(since) >= lifetime);
        let expired = &mut self.expired;
        self.live.retain(|id, application| {
            let inactive = application.inactive_at(lifetimes).is_some_and(|end| end <= now);
            if inactive {
                expired.insert(id.clone());
                return false;
            }
            let live = &mut application.live;
            live.pass(now);
            let idle = |lifetime| live.channel.idle_since().is_some_and(|since| over(since, lifetime));
            if idle(lifetimes.deaf) {
                return false;
            }
            if idle(lifetimes.forgotten) && live.channel.reset() {
                live.forget();
            }
            // One that waits for events is in use.
            live.channel.is_parked() || !over(application.last_used, lifetimes.unused)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registration(endpoint: &str) -> Registration {
        Registration {
            user_agent: "agent".into(),
            endpoint_id: endpoint.into(),
            culture: "en-US".into(),
            kind: "Browser".into(),
            instance_id: None,
        }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_same_inputs_give_the_same_application() {
        let mut applications = Applications::default();
        let first = applications.register(registration("a"), Duration::ZERO).0.id.clone();
        let (again, created) = applications.register(registration("a"), Duration::ZERO);
        assert_eq!((again.id.as_str(), created), (first.as_str(), false));
        assert_ne!(applications.register(registration("b"), Duration::ZERO).0.id, first);
    }

    #[test]
    fn unused_applications_end_and_used_ones_live() {
        let mut applications = Applications::default();
        let lifetimes = Lifetimes { unused: Some(seconds(10)), ..Lifetimes::default() };
        let id = applications.register(registration("a"), Duration::ZERO).0.id.clone();
        for (now, used) in [(9, Ok(())), (18, Ok(())), (28, Err(Ended::Missing))] {
            applications.end_due(seconds(now), lifetimes);
            assert_eq!(applications.touch(&id, seconds(now)).map(|_| ()), used, "{now}");
        }
    }

    #[test]
    fn inactive_applications_expire_if_they_made_their_user_available() {
        let mut applications = Applications::default();
        let lifetimes = Lifetimes { inactive: Some(seconds(300)), ..Lifetimes::default() };
        let ids = ["lurker", "usual", "patient"].map(|endpoint| applications.register(registration(endpoint), Duration::ZERO).0.id.clone());
        for (id, timeout) in [(&ids[1], None), (&ids[2], Some(seconds(600)))] {
            let available = Available { modalities: Vec::new(), timeout, last_active: Duration::ZERO };
            applications.get_mut(id).unwrap().available = Some(available);
        }
        let mut alive = |now| {
            applications.end_due(seconds(now), lifetimes);
            ids.each_ref().map(|id| applications.touch(id, seconds(now)).is_ok())
        };
        assert_eq!(alive(299), [true, true, true]);
        assert_eq!(alive(300), [true, false, true]);
        assert_eq!(alive(600), [true, false, false]);
        assert!(!applications.make_available());
        assert_eq!(applications.touch(&ids[1], seconds(600)).unwrap_err(), Ended::Expired);
    }
}
