//! The event channel of an application: what waits to be told, what was told and not acknowledged, and the P-GET that waits.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::Notify;
use uuid::Uuid;

use crate::directory::ChangeKind;

/// So many events wait at most; the oldest go first. No client that acknowledges ever comes near.
const MOST: usize = 100_000;

/// How urgent an event is, which says how long others are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Priority {
    High,
    Medium,
    Low,
}

/// The resource an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Topic {
    /// Its link relation.
    pub(crate) rel: &'static str,
    /// The key of a contact, or the id of a group or subscription; empty for the user's own resources.
    pub(crate) subject: String,
    pub(crate) within: Within,
}

/// The resource an event happens in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Within {
    Nothing,
    Contact,
    MyContacts,
    MyGroups,
    SubscribedContacts,
    /// The group of this id.
    Group(String),
}

/// Something to tell.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) kind: ChangeKind,
    pub(crate) topic: Arc<Topic>,
}

/// What a P-GET may say about itself; each is kept until it is said anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wishes {
    pub(crate) low: Option<Duration>,
    pub(crate) medium: Option<Duration>,
    pub(crate) priority: Option<u64>,
    pub(crate) timeout: Option<Duration>,
}

/// How a waiting P-GET is told to look again.
#[derive(Debug, Default)]
pub(crate) struct Wake {
    pub(crate) notify: Notify,
    cut: AtomicBool,
}

impl Wake {
    /// Whether its connection is to be reset.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut.load(Relaxed)
    }
}

/// The P-GET that waits. When it is not to wait any more, be it that the application is gone, this goes, and it looks again.
#[derive(Debug)]
struct Parked {
    ticket: u64,
    since: Duration,
    wake: Arc<Wake>,
}

impl Drop for Parked {
    fn drop(&mut self) {
        self.wake.notify.notify_one();
    }
}

/// What becomes of a P-GET that arrives.
#[derive(Debug)]
pub(crate) enum Arrived {
    /// It waits.
    Parked(Arc<Wake>),
    /// It gets again what it, or its forerunner, got before.
    Again(Vec<u8>),
    /// It is out of order, and led back to the first set that was not acknowledged.
    Resync,
    /// It comes after too long a time, and begins anew.
    Resume,
}

/// What a waiting P-GET finds.
#[derive(Debug)]
pub(crate) enum Found {
    /// These events are to be told, perhaps none; [`Channel::sent`] wants to know how.
    Set(Vec<Event>),
    /// Another P-GET has taken its place.
    Replaced,
    /// Nothing until then.
    Nothing(Duration),
}

/// The event channel.
#[derive(Debug, Default)]
pub(crate) struct Channel {
    wishes: Wishes,
    /// Part of every address but the first, so that none can be made up.
    key: String,
    /// The first set that was not acknowledged, counted from 1.
    first: u64,
    /// The same as it was sent, where it was.
    sent: Option<Vec<u8>>,
    waiting: BTreeMap<u64, Event>,
    /// Where the newest waiting event of each kind is.
    newest: HashMap<Arc<Topic>, [Option<u64>; 3]>,
    /// When the oldest waiting event of each priority was raised.
    oldest: [Option<Duration>; 3],
    events: u64,
    parked: Option<Parked>,
    /// When the last P-GET ended, where there was one.
    ended: Option<Duration>,
    resumes: bool,
}

impl Channel {
    pub(crate) fn new() -> Channel {
        Channel { key: Uuid::new_v4().simple().to_string(), first: 1, ..Channel::default() }
    }

    /// Adds an event, unless one that waits tells the same.
    pub(crate) fn push(&mut self, priority: Priority, kind: ChangeKind, topic: Topic, now: Duration) {
        let topic = Arc::new(topic);
        let newest = self.newest.entry(topic.clone()).or_default();
        let [added, updated, deleted] = *newest;
        if kind == ChangeKind::Updated && added.max(updated) > deleted {
            return;
        }
        let own = &mut newest[kind as usize];
        if let Some(former) = own.replace(self.events) {
            self.waiting.remove(&former);
        }
        self.waiting.insert(self.events, Event { kind, topic });
        self.events += 1;
        if self.waiting.len() > MOST
            && let Some((_, lost)) = self.waiting.pop_first()
        {
            self.newest.remove(&lost.topic);
        }
        if self.oldest[priority as usize].is_none() {
            self.oldest[priority as usize] = Some(now);
            self.wake();
        }
    }

    /// The number of the first set that was not acknowledged, and what else its address holds.
    pub(crate) fn first(&self) -> (u64, &str) {
        (self.first, &self.key)
    }

    /// A P-GET for the set of this number, by which all before are acknowledged. The first address has no key.
    pub(crate) fn arrive(&mut self, ack: u64, key: Option<&str>, wishes: Wishes, ticket: u64, now: Duration) -> Arrived {
        self.wishes = Wishes {
            low: wishes.low.or(self.wishes.low),
            medium: wishes.medium.or(self.wishes.medium),
            priority: wishes.priority.or(self.wishes.priority),
            timeout: wishes.timeout.or(self.wishes.timeout),
        };
        if self.parked.is_none() {
            self.ended = Some(now);
        }
        if std::mem::take(&mut self.resumes) {
            // What was wished is forgotten with the rest.
            self.wishes = Wishes::default();
            return Arrived::Resume;
        }
        let is_own = key.map_or(ack == 1, |key| key == self.key);
        let first = self.first;
        match &self.sent {
            Some(_) if is_own && ack == first + 1 => {
                self.first += 1;
                self.sent = None;
            }
            Some(set) if is_own && ack == first => return Arrived::Again(set.clone()),
            None if is_own && ack == first => {}
            _ => return Arrived::Resync,
        }
        let wake = Arc::new(Wake::default());
        self.parked = Some(Parked { ticket, since: now, wake: wake.clone() });
        Arrived::Parked(wake)
    }

    /// What the waiting P-GET of this ticket is to do.
    pub(crate) fn look(&mut self, ticket: u64, now: Duration) -> Found {
        let Some(parked) = self.parked.as_ref().filter(|parked| parked.ticket == ticket) else {
            return Found::Replaced;
        };
        let over = parked.since.saturating_add(self.timeout());
        let due = self.due().map_or(over, |due| due.min(over));
        if due > now {
            return Found::Nothing(due);
        }
        self.newest.clear();
        self.oldest = [None; 3];
        self.leave(ticket, now);
        Found::Set(std::mem::take(&mut self.waiting).into_values().collect())
    }

    /// Notes how the first set was told, so that it can be told again.
    pub(crate) fn sent(&mut self, set: Vec<u8>) {
        self.sent = Some(set);
    }

    /// The P-GET of this ticket waits no more.
    pub(crate) fn leave(&mut self, ticket: u64, now: Duration) {
        if self.parked.as_ref().is_some_and(|parked| parked.ticket == ticket) {
            self.parked = None;
            self.ended = Some(now);
        }
    }

    /// Has the connection of the waiting P-GET reset.
    pub(crate) fn cut(&mut self, now: Duration) {
        if let Some(parked) = self.parked.take() {
            self.ended = Some(now);
            parked.wake.cut.store(true, Relaxed);
        }
    }

    /// Has the waiting P-GET look again.
    pub(crate) fn wake(&self) {
        if let Some(parked) = &self.parked {
            parked.wake.notify.notify_one();
        }
    }

    pub(crate) fn is_parked(&self) -> bool {
        self.parked.is_some()
    }

    /// Whether everything was forgotten, and nobody has been told.
    pub(crate) fn is_reset(&self) -> bool {
        self.resumes
    }

    /// Since when there has been no P-GET, where there was one.
    pub(crate) fn idle_since(&self) -> Option<Duration> {
        self.ended.filter(|_| self.parked.is_none())
    }

    /// Forgets everything: the next P-GET is told so. False where that was done before.
    pub(crate) fn reset(&mut self) -> bool {
        if self.resumes {
            return false;
        }
        *self = Channel { resumes: true, ended: self.ended, ..Channel::new() };
        true
    }

    /// When the waiting events are to be told.
    fn due(&self) -> Option<Duration> {
        let usual = |wish: Option<Duration>, seconds| wish.unwrap_or(Duration::from_secs(seconds));
        let windows = [Duration::ZERO, usual(self.wishes.medium, 5), usual(self.wishes.low, 15)];
        self.oldest.iter().zip(windows).filter_map(|(oldest, window)| oldest.map(|oldest| oldest.saturating_add(window))).min()
    }

    fn timeout(&self) -> Duration {
        self.wishes.timeout.unwrap_or(Duration::from_secs(180))
    }
}
