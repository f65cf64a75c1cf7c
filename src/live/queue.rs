//! The events that wait for the caller: bounded, and handed out in order, to whoever pulls or to a callback.

use crate::error::{Error, Result, Status};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::{Duration, Instant};

/// So many events wait before those are dropped that later ones make void.
const ROOMY: usize = 4096;

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

/// What an event tells the state of: a later one of the same subject makes an earlier one void.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    /// The facet's name, and the contact.
    Contact(&'static str, String),
    Connection,
    /// A resource by its address.
    Resource(String),
}

struct Item {
    /// `None` where every event counts.
    subject: Option<Subject>,
    /// The subscriptions that it is for: it is void for those that a later one of the same subject is for.
    ids: Vec<String>,
    json: String,
}

impl Item {
    /// Whether there may be any number of its kind.
    fn is_unbounded(&self) -> bool {
        !matches!(self.subject, Some(Subject::Contact(..) | Subject::Connection))
    }
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
    calling: bool,
    /// How many calls of callbacks are over.
    called: u64,
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
            calling: false,
            called: 0,
            caller: None,
        };
        Queue { inside: Mutex::new(inside), bell: Condvar::new() }
    }

    pub fn push(&self, subject: Option<Subject>, json: String) {
        self.push_for(subject, Vec::new(), json);
    }

    /// The same for an event that names the subscriptions that it is for.
    pub fn push_for(&self, subject: Option<Subject>, ids: Vec<String>, json: String) {
        let mut inside = self.lock();
        inside.items.push_back(Item { subject, ids, json });
        if inside.items.len() > inside.room {
            inside.make_room();
        }
        inside.show();
        drop(inside);
        self.bell.notify_all();
    }

    pub fn len(&self) -> usize {
        self.lock().items.len()
    }

    /// The next event. `None` waits for ever.
    pub fn pull(&self, timeout: Option<Duration>) -> Result<String> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut inside = self.lock();
        inside.pulling += 1;
        let outcome = loop {
            if inside.closed {
                break Err(Error::cancelled());
            }
            if inside.callback.is_some() {
                break Err(conflict("events go to the callback that is set; remove it to take them one by one"));
            }
            if let Some(json) = inside.take() {
                break Ok(json);
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
        inside.pulling -= 1;
        outcome
    }

    /// Sets who is called with each event, or removes it. Afterwards the former one runs no more, unless this is called
    /// from within it. To remove it is allowed when all is over, too.
    pub fn set_callback(self: &Arc<Self>, callback: Option<EventCallback>) -> Result<()> {
        let mut inside = self.lock();
        if inside.closed && callback.is_some() {
            return Err(Error::cancelled());
        }
        if callback.is_some() && inside.pulling > 0 {
            return Err(conflict("a thread waits for the next event; events are either pulled or pushed"));
        }
        if callback.is_some() && inside.flag.is_some() {
            return Err(conflict("a descriptor shows waiting events; events are either pulled or pushed"));
        }
        if callback.is_some() && inside.caller.is_none() {
            let queue = Arc::clone(self);
            let started = thread::Builder::new().name("ucwa-callback".to_owned()).spawn(move || queue.call());
            let handle =
                started.map_err(|error| Error::new(Status::Internal, format!("the system gave no thread for the callback: {error}")))?;
            inside.caller = Some((handle.thread().id(), handle));
        }
        let former = std::mem::replace(&mut inside.callback, callback);
        let within = inside.is_caller();
        self.bell.notify_all();
        // Not for the calls of the next one, which may follow at once.
        let called = inside.called;
        while inside.calling && inside.called == called && !within {
            inside = self.bell.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        drop(inside);
        // What belongs to it may run code of the host when it goes.
        drop(former);
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
        if let Some((thread, handle)) = caller
            && thread != thread::current().id()
        {
            // A callback that panicked has ended its thread, and that is all.
            let _ = handle.join();
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
            inside.calling = true;
            drop(inside);
            let called = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| callback(&json)));
            if called.is_err() {
                log::error!("the event callback panicked");
            }
            drop(callback);
            inside = self.lock();
            inside.calling = false;
            inside.called += 1;
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

    /// Drops what later events make void. Of those of which there may be any number the oldest go where there is still no
    /// room.
    fn make_room(&mut self) {
        let before = self.items.len();
        let mut later: HashMap<&Subject, HashSet<&str>> = HashMap::new();
        let mut stay = Vec::with_capacity(before);
        let mut unbounded = 0_usize;
        for item in self.items.iter().rev() {
            let counts = match &item.subject {
                None => true,
                Some(subject) => {
                    let first = !later.contains_key(subject);
                    let ids = later.entry(subject).or_default();
                    item.ids.iter().fold(first, |counts, id| ids.insert(id) || counts)
                }
            };
            unbounded += usize::from(counts && item.is_unbounded());
            stay.push(counts);
        }
        let mut surplus = unbounded.saturating_sub(ROOMY / 2);
        self.items.retain(|item| {
            let stays = stay.pop().unwrap_or(true);
            let goes = stays && surplus > 0 && item.is_unbounded();
            surplus -= usize::from(goes);
            stays && !goes
        });
        self.dropped += u64::try_from(before - self.items.len()).unwrap_or(0);
        // As many subjects as there are wait at the most; to look at them all at every event would be slow.
        self.room = ROOMY.max(self.items.len() * 2);
    }

    fn show(&self) {
        let Some(flag) = &self.flag else { return };
        // A poll loop has to wake when it is over, too.
        if self.closed || self.dropped > 0 || !self.items.is_empty() { flag.raise() } else { flag.lower() }
    }

    fn is_caller(&self) -> bool {
        self.caller.as_ref().is_some_and(|(thread, _)| *thread == thread::current().id())
    }
}

fn conflict(text: &str) -> Error {
    Error::new(Status::Conflict, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(number: usize) -> Option<Subject> {
        Some(Subject::Contact("presence", number.to_string()))
    }

    fn all(queue: &Queue) -> Vec<String> {
        std::iter::from_fn(|| queue.pull(Some(Duration::ZERO)).ok()).collect()
    }

    #[test]
    fn a_slow_reader_gets_the_latest_of_each() {
        let queue = Queue::new();
        for round in 0..3 {
            for number in 0..2_000 {
                queue.push(contact(number), format!("{number}.{round}"));
            }
        }
        assert!(queue.len() <= ROOMY);
        let told = all(&queue);
        assert!(told[0].starts_with("{\"event\":\"lagged\",\"dropped\":"), "{}", told[0]);
        let dropped: usize = told[0].trim_end_matches('}').rsplit(':').next().unwrap().parse().unwrap();
        assert_eq!(dropped + told.len() - 1, 6_000, "what is not told was counted");
        let mut latest = std::collections::HashMap::new();
        told[1..].iter().for_each(|event| {
            let (number, round) = event.split_once('.').unwrap();
            latest.insert(number, round);
        });
        assert!(latest.len() == 2_000 && latest.values().all(|round| *round == "2"));
    }

    #[test]
    fn what_there_may_be_any_number_of_is_bounded_too() {
        let subjects: [fn(usize) -> Option<Subject>; 2] = [|_| None, |number| Some(Subject::Resource(number.to_string()))];
        for subject in subjects {
            let queue = Queue::new();
            queue.push(contact(1), "the only one".to_owned());
            for number in 0..20_000 {
                queue.push(subject(number), number.to_string());
            }
            let told = all(&queue);
            assert!(told.len() <= ROOMY + 1);
            assert_eq!((told[1].as_str(), told.last().unwrap().as_str()), ("the only one", "19999"));
            let dropped: usize = told[0].trim_end_matches('}').rsplit(':').next().unwrap().parse().unwrap();
            assert_eq!(dropped + told.len() - 1, 20_001);
        }
    }

    #[test]
    fn every_subscription_gets_the_latest() {
        let queue = Queue::new();
        let push = |id: &[&str], json: &str| queue.push_for(contact(1), id.iter().map(|id| (*id).to_owned()).collect(), json.to_owned());
        push(&["a"], "void");
        push(&["a", "b"], "the last one for b");
        push(&["a"], "void");
        push(&["a"], "the last one for a");
        for number in 0..ROOMY {
            queue.push(contact(2), number.to_string());
        }
        let told = all(&queue);
        assert_eq!(told[1..3], ["the last one for b", "the last one for a"]);
        assert!(told[3..].iter().all(|event| event.parse::<usize>().is_ok()));
    }

    #[test]
    fn who_replaces_a_callback_waits_for_one_call_only() {
        let queue = Arc::new(Queue::new());
        let (started, start) = std::sync::mpsc::channel();
        let (go_on, gate) = std::sync::mpsc::channel::<()>();
        let (started, gate) = (Mutex::new(started), Mutex::new(gate));
        let slow: EventCallback = Arc::new(move |_| {
            started.lock().unwrap().send(()).unwrap();
            gate.lock().unwrap().recv().unwrap();
        });
        queue.set_callback(Some(slow)).unwrap();
        queue.push(None, "1".to_owned());
        start.recv().unwrap();
        queue.push(None, "2".to_owned());
        // The next one never returns while this goes on: to wait for it were to wait for ever.
        let (entered, enter) = std::sync::mpsc::channel();
        let (last, end) = std::sync::mpsc::channel::<()>();
        let (entered, end) = (Mutex::new(entered), Mutex::new(end));
        let endless: EventCallback = Arc::new(move |_| {
            entered.lock().unwrap().send(()).unwrap();
            let _ = end.lock().unwrap().recv();
        });
        std::thread::scope(|scope| {
            let replacing = scope.spawn(|| queue.set_callback(Some(Arc::clone(&endless))));
            // It is to be the one that takes the next event.
            let is_set = || queue.lock().callback.as_ref().is_some_and(|set| std::ptr::addr_eq(Arc::as_ptr(set), Arc::as_ptr(&endless)));
            while !is_set() {
                thread::yield_now();
            }
            go_on.send(()).unwrap();
            replacing.join().unwrap().unwrap();
        });
        enter.recv().unwrap();
        // When all is over, too, who removes it waits for the call that runs.
        queue.close();
        std::thread::scope(|scope| {
            let removing = scope.spawn(|| queue.set_callback(None));
            drop(last);
            removing.join().unwrap().unwrap();
        });
        assert!(!queue.lock().calling);
        queue.join();
    }

    #[test]
    fn more_contacts_than_room() {
        let queue = Queue::new();
        for number in 0..3 * ROOMY {
            queue.push(contact(number), String::new());
        }
        assert_eq!(all(&queue).len(), 3 * ROOMY, "each has but one state, and it is told");
    }

    #[test]
    fn pulled_or_pushed() {
        let queue = Arc::new(Queue::new());
        queue.push(None, "1".to_owned());
        let (sender, receiver) = std::sync::mpsc::channel();
        let sender = Mutex::new(sender);
        let callback: EventCallback = Arc::new(move |event| sender.lock().unwrap().send(event.to_owned()).unwrap());
        queue.set_callback(Some(callback)).unwrap();
        assert_eq!(queue.pull(Some(Duration::ZERO)).unwrap_err().status(), Status::Conflict);
        queue.push(None, "2".to_owned());
        assert_eq!((receiver.recv().unwrap(), receiver.recv().unwrap()), ("1".to_owned(), "2".to_owned()));
        queue.set_callback(None).unwrap();
        assert!(receiver.recv().is_err(), "the callback and what belongs to it are gone");
        queue.push(None, "3".to_owned());
        assert_eq!(queue.pull(None).unwrap(), "3");
        queue.close();
        assert_eq!(queue.pull(None).unwrap_err().status(), Status::Cancelled);
        queue.join();
    }
}
