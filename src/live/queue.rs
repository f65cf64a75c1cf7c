//! The events that wait for the caller: bounded, and handed out in order, to whoever pulls or to a callback.

use crate::error::{Error, Result, Status};
use crate::logging;
use crate::threads::{self, Mask};
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::{Duration, Instant};

/// So many events wait before those are dropped that later ones make void.
const ROOMY: usize = 4096;
/// Of events that no later one makes void so many stay when there is no more room.
const MOST_SINGLE: usize = ROOMY / 2;
/// And so many about resources that the library has no name for: how many of those there are is up to the server.
const MOST_RESOURCES: usize = ROOMY / 4;

/// Takes events as JSON, on a thread of the library.
pub type EventCallback = Arc<dyn Fn(&str) + Send + Sync>;

/// Something outside that shows whether events wait, such as a descriptor for a poll loop. It is called while the queue
/// is locked, and must not wait.
pub trait Flag: Send + Sync {
    /// Events wait now.
    fn raise(&self);
    /// None waits any more.
    fn lower(&self);
}

/// What an event tells the state of: later ones of the same subject make an earlier one void.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    /// The facet's name, the contact, and the subscriptions that are told. Somebody may read for one of these alone: the
    /// event is void when each of them is told by a later one.
    Contact(&'static str, String, Vec<String>),
    Connection,
    /// A resource by its address.
    Resource(String),
}

struct Item {
    /// `None` where every event counts.
    subject: Option<Subject>,
    json: String,
}

/// What of an event is void once it is told later.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Part<'a> {
    Contact(&'static str, &'a str, &'a str),
    Connection,
    Resource(&'a str),
}

/// The events that wait.
pub(super) struct Queue {
    inside: Mutex<Inside>,
    bell: Condvar,
}

struct Inside {
    items: VecDeque<Item>,
    /// How many may wait until it is looked for void ones the next time.
    room: usize,
    dropped: u64,
    closed: bool,
    pulling: usize,
    flag: Option<Arc<dyn Flag>>,
    callback: Option<EventCallback>,
    /// The number of the call that runs now.
    calling: Option<u64>,
    calls: u64,
    caller: Option<(ThreadId, JoinHandle<()>)>,
}

impl Queue {
    pub fn new() -> Queue {
        let inside = Inside {
            items: VecDeque::new(),
            room: ROOMY,
            dropped: 0,
            closed: false,
            pulling: 0,
            flag: None,
            callback: None,
            calling: None,
            calls: 0,
            caller: None,
        };
        Queue { inside: Mutex::new(inside), bell: Condvar::new() }
    }

    pub fn push(&self, subject: Option<Subject>, json: String) {
        let mut inside = self.lock();
        inside.items.push_back(Item { subject, json });
        if inside.items.len() > inside.room {
            inside.make_room();
        }
        inside.show();
        drop(inside);
        self.bell.notify_all();
    }

    /// Nobody is told of these contacts in this subscription any more, or of none at all. What waits is still handed out,
    /// but does not stay for its sake when there is no more room.
    pub fn forget(&self, id: &str, contacts: Option<&HashSet<&str>>) {
        for item in &mut self.lock().items {
            if let Some(Subject::Contact(_, contact, ids)) = &mut item.subject
                && contacts.is_none_or(|contacts| contacts.contains(contact.as_str()))
            {
                ids.retain(|other| other != id);
            }
        }
    }

    pub fn len(&self) -> usize {
        self.lock().items.len()
    }

    /// The next event. `None` waits for ever.
    pub fn pull(&self, timeout: Option<Duration>) -> Result<String> {
        self.lock().pulling += 1;
        let (mut inside, outcome) = self.find(timeout, Inside::take);
        inside.pulling -= 1;
        outcome
    }

    /// Takes back one that was pulled, to be the next.
    pub fn give_back(&self, json: String) {
        let mut inside = self.lock();
        inside.items.push_front(Item { subject: None, json });
        inside.show();
        drop(inside);
        self.bell.notify_all();
    }

    /// Waits until there is one, and leaves it there. A callback may be set meanwhile, which ends the waiting.
    pub fn wait(&self, timeout: Option<Duration>) -> Result<()> {
        self.find(timeout, |inside| inside.has_some().then_some(())).1
    }

    fn find<T>(&self, timeout: Option<Duration>, look: impl Fn(&mut Inside) -> Option<T>) -> (MutexGuard<'_, Inside>, Result<T>) {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut inside = self.lock();
        let outcome = loop {
            if inside.closed {
                break Err(Error::cancelled());
            }
            if inside.callback.is_some() {
                break Err(conflict("events go to the callback that is set; remove it to take them one by one"));
            }
            if let Some(found) = look(&mut inside) {
                break Ok(found);
            }
            inside = match deadline {
                None => self.bell.wait(inside).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        let text = format!("no event came within {} ms", timeout.unwrap_or_default().as_millis());
                        break Err(Error::new(Status::Timeout, text));
                    }
                    self.bell.wait_timeout(inside, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        };
        (inside, outcome)
    }

    /// Sets who is called with each event, or removes it. Afterwards the former one runs no more, unless this is called
    /// from within it. Once all is over nobody can be set, and who was is removed all the same.
    pub fn set_callback(self: &Arc<Self>, callback: Option<EventCallback>) -> Result<()> {
        let mut inside = self.lock();
        let closed = inside.closed;
        if callback.is_some() && !closed {
            self.prepare_calls(&mut inside)?;
        }
        let callback = callback.map(with_the_mask_of_host);
        let former = std::mem::replace(&mut inside.callback, callback.filter(|_| !closed));
        self.bell.notify_all();
        // The calls after this one are made to the new one: to wait for those, too, could take for ever.
        let running = inside.calling.filter(|_| !inside.is_caller());
        while running.is_some() && inside.calling == running {
            inside = self.bell.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        drop(inside);
        // What belongs to it may run code of the host when it goes.
        drop(former);
        if closed { Err(Error::cancelled()) } else { Ok(()) }
    }

    /// Has a thread that calls, where events may be pushed.
    fn prepare_calls(self: &Arc<Self>, inside: &mut Inside) -> Result<()> {
        if inside.pulling > 0 {
            return Err(conflict("a thread waits for the next event; events are either pulled or pushed"));
        }
        if inside.flag.is_some() {
            return Err(conflict("a descriptor shows waiting events; events are either pulled or pushed"));
        }
        if inside.caller.is_none() {
            let queue = Arc::clone(self);
            let started = threads::start("ucwa-callback", move || queue.call());
            let handle =
                started.map_err(|error| Error::new(Status::Internal, format!("the system gave no thread for the callback: {error}")))?;
            inside.caller = Some((handle.thread().id(), handle));
        }
        Ok(())
    }

    /// Sets what shows outside whether events wait; the one that is set already stays.
    pub fn show_by(&self, make: impl FnOnce() -> Result<Arc<dyn Flag>>) -> Result<()> {
        let mut inside = self.lock();
        if inside.callback.is_some() {
            return Err(conflict("events go to the callback that is set, and none waits"));
        }
        if inside.flag.is_none() {
            inside.flag = Some(make()?);
        }
        inside.show();
        Ok(())
    }

    /// Ends all waiting, for good.
    pub fn close(&self) {
        let mut inside = self.lock();
        inside.closed = true;
        inside.show();
        drop(inside);
        self.bell.notify_all();
    }

    /// Waits for the thread that calls, once the queue is closed.
    pub fn join(&self) {
        let mut inside = self.lock();
        let caller = inside.caller.take();
        let callback = inside.callback.take();
        drop(inside);
        if let Some((_, thread)) = caller {
            threads::join(thread);
        }
        drop(callback);
    }

    /// What the calling thread does.
    fn call(&self) {
        let mut inside = self.lock();
        while !inside.closed {
            let Some(callback) = inside.callback.clone() else {
                inside = self.bell.wait(inside).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let Some(json) = inside.take() else {
                drop(callback);
                inside = self.bell.wait(inside).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            inside.calls += 1;
            inside.calling = Some(inside.calls);
            drop(inside);
            // It goes within, too: it may be the last one, and what belongs to it may panic.
            let call = move || {
                callback(&json);
                threads::as_host(move || drop(callback));
            };
            let called = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call));
            if let Err(payload) = called {
                // To drop it runs its own code, which could panic again, and then nobody would take events.
                std::mem::forget(payload);
                logging::error!("the event callback panicked");
            }
            inside = self.lock();
            inside.calling = None;
            self.bell.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    /// The next event; that some were dropped is told before it.
    fn take(&mut self) -> Option<String> {
        let json = match std::mem::take(&mut self.dropped) {
            0 => self.items.pop_front()?.json,
            dropped => format!("{{\"event\":\"lagged\",\"dropped\":{dropped}}}"),
        };
        if self.items.is_empty() {
            self.room = ROOMY;
        }
        self.show();
        Some(json)
    }

    /// Drops what later events make void. Where there is still no room the oldest go of those that nothing makes void, and
    /// of those whose number is up to the server.
    fn make_room(&mut self) {
        let before = self.items.len();
        let (mut singles, mut resources) = (MOST_SINGLE, MOST_RESOURCES);
        let mut seen = HashSet::new();
        // From the latest on.
        let mut stay: Vec<bool> = self
            .items
            .iter()
            .rev()
            .map(|item| match item.parts() {
                parts if parts.is_empty() => take_one(&mut singles),
                // No short cut: each of them is told by now.
                parts => {
                    let news = parts.into_iter().filter(|part| seen.insert(part.clone())).count();
                    news > 0 && (!item.is_resource() || take_one(&mut resources))
                }
            })
            .collect();
        self.items.retain(|_| stay.pop().unwrap_or(true));
        self.dropped += u64::try_from(before - self.items.len()).unwrap_or(0);
        // As many states as there are wait at the most; to look at them all at every event would be slow.
        self.room = ROOMY.max(self.items.len() * 2);
    }

    fn show(&self) {
        let Some(flag) = &self.flag else { return };
        // A poll loop has to wake when it is over, too.
        if self.closed || self.has_some() { flag.raise() } else { flag.lower() }
    }

    fn has_some(&self) -> bool {
        self.dropped > 0 || !self.items.is_empty()
    }

    fn is_caller(&self) -> bool {
        self.caller.as_ref().is_some_and(|(thread, _)| *thread == thread::current().id())
    }
}

impl Item {
    /// None where nothing makes it void.
    fn parts(&self) -> Vec<Part<'_>> {
        match &self.subject {
            None => Vec::new(),
            Some(Subject::Contact(facet, contact, ids)) => ids.iter().map(|id| Part::Contact(facet, contact, id)).collect(),
            Some(Subject::Connection) => vec![Part::Connection],
            Some(Subject::Resource(address)) => vec![Part::Resource(address)],
        }
    }

    fn is_resource(&self) -> bool {
        matches!(self.subject, Some(Subject::Resource(_)))
    }
}

/// Has it run with the signals of the thread that sets it, and not with those of the library: what it starts inherits them.
fn with_the_mask_of_host(callback: EventCallback) -> EventCallback {
    let mask = Mask::of_host();
    Arc::new(move |event: &str| mask.during(|| callback(event)))
}

/// Whether there was one left.
fn take_one(left: &mut usize) -> bool {
    let there = *left > 0;
    *left = left.saturating_sub(1);
    there
}

fn conflict(text: &str) -> Error {
    Error::new(Status::Conflict, text)
}

#[cfg(test)]
mod tests;
