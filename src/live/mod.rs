//! Live presence: a caller says whose presence it wants, and is told of every change.
//!
//! The thread that listens (`channel`) keeps one GET pending and puts what it hears into the inbox. The thread that tells
//! (`teller`) keeps the server's subscriptions, reads what events only point at, compares, and fills the queue that
//! callers take events from.

mod channel;
#[cfg(unix)]
mod descriptor;
mod event;
mod groups;
mod holding;
mod pacing;
mod queue;
mod settling;
mod state;
mod teller;

#[cfg(unix)]
pub use descriptor::EventDescriptor;
pub use queue::{EventCallback, Flag};

use crate::application::Application;
use crate::clock;
use crate::error::{Error, Result, Status};
use crate::limits;
use crate::logging;
use crate::people::{Facet, People, Wanted};
use crate::resource::Writer;
use crate::sip_uri::SipUri;
use crate::threads;
use backon::ExponentialBuilder;
use event::Event;
use queue::Queue;
use serde_json::Value;
use state::{Note, State, Subject, Wish, told};
use std::collections::{BTreeMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use uuid::Uuid;

const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How long a thread is waited for that may not have been woken. Freeing is over in 100 ms.
const FAREWELL: Duration = Duration::from_millis(30);

/// The live part of an application. Dropping it ends its threads.
pub(crate) struct Live {
    core: Arc<Core>,
    threads: Mutex<Threads>,
}

#[derive(Default)]
struct Threads {
    teller: Option<Thread>,
    channel: Option<Thread>,
}

struct Thread {
    handle: JoinHandle<()>,
    /// It has stopped for good, and callers are told why.
    stopped: Arc<AtomicBool>,
}

/// What the threads and the callers have in common.
struct Core {
    application: Arc<Application>,
    people: Arc<People>,
    queue: Arc<Queue>,
    state: Mutex<State>,
    bell: Condvar,
    /// Held while the server's subscriptions are changed.
    gate: tokio::sync::Mutex<()>,
    status: Mutex<Channel>,
}

/// How the event channel fares.
struct Channel {
    connection: &'static str,
    /// When the server answered last.
    heard: Option<Duration>,
}

/// A change of a subscription.
#[derive(Debug)]
pub(crate) struct Change {
    add: Vec<SipUri>,
    remove: Vec<SipUri>,
}

impl Change {
    /// Reads `{"add":["sip:…",…],"remove":["sip:…",…]}`.
    pub fn parse(json: &str) -> Result<Change> {
        let wrong =
            |why: String| Error::argument(format!("the change: {why}; it is {{\"add\":[…],\"remove\":[…]}}, with contacts in both"));
        if !limits::is_plausible_argument(json) {
            return Err(wrong(limits::too_many_contacts()));
        }
        let members: serde_json::Map<String, Value> =
            serde_json::from_str(json).map_err(|error| wrong(format!("no JSON object ({error})")))?;
        let mut change = Change { add: Vec::new(), remove: Vec::new() };
        for (name, value) in members {
            let place = match name.as_str() {
                "add" => &mut change.add,
                "remove" => &mut change.remove,
                _ => return Err(wrong(format!("there is no member \"{}\"", crate::error::excerpt_of_argument(&name)))),
            };
            let Value::Array(items) = value else { return Err(wrong(format!("\"{name}\" is no array"))) };
            if items.len() > limits::CONTACTS {
                return Err(wrong(limits::too_many_contacts()));
            }
            for (index, item) in items.iter().enumerate() {
                let text = item.as_str().ok_or_else(|| wrong(format!("element {index} of \"{name}\" is no string")))?;
                place.push(SipUri::parse(text).map_err(|error| wrong(format!("element {index} of \"{name}\": {error}")))?);
            }
        }
        Ok(change)
    }
}

impl Live {
    pub fn new(application: Arc<Application>, people: Arc<People>) -> Live {
        let core = Core {
            application,
            people,
            queue: Arc::new(Queue::new()),
            state: Mutex::default(),
            bell: Condvar::new(),
            gate: tokio::sync::Mutex::default(),
            status: Mutex::new(Channel { connection: "none", heard: None }),
        };
        Live { core: Arc::new(core), threads: Mutex::default() }
    }

    /// Subscribes to contacts.
    pub fn subscribe(&self, wanted: &Wanted) -> Result<String> {
        let mut contacts = BTreeMap::new();
        let mut refused = Vec::new();
        for contact in &wanted.contacts {
            match SipUri::parse(contact) {
                Ok(uri) => drop(contacts.insert(uri.key().to_owned(), uri)),
                Err(error) => refused.push((contact, error)),
            }
        }
        let mut facets = vec![Facet::Presence];
        facets.extend(wanted.include.iter().filter(|facet| **facet != Facet::Presence));
        let id = self.wish(Wish::new(Subject::Contacts, facets, contacts))?;
        for (contact, error) in refused {
            self.core.queue.push(None, told::refused(&id, contact, &error));
        }
        self.describe(&id)
    }

    /// Subscribes to the members of a group, whoever they are at any time.
    pub fn subscribe_group(&self, group: &str) -> Result<String> {
        let id = self.core.application.run(|access| self.core.people.group_id_or_name(access, group))?;
        let id = self.wish(Wish::new(Subject::Group(id), vec![Facet::Presence], BTreeMap::new()))?;
        self.describe(&id)
    }

    /// Subscribes to changes of the contact list and its groups.
    pub fn subscribe_lists(&self) -> Result<String> {
        let id = self.wish(Wish::new(Subject::Lists, Vec::new(), BTreeMap::new()))?;
        // What it is compared to, and read after the subscription: what changes from now on is told.
        let read = self.core.application.run(|access| {
            let _gate = access.hold(&self.core.gate)?;
            if self.core.state().lists.is_none() {
                let lists = self.core.people.lists(access)?;
                self.core.state().lists.get_or_insert(lists);
            }
            Ok(())
        });
        if let Err(error) = read {
            self.forget(&id);
            return Err(error);
        }
        let state = self.core.state();
        let uris: Vec<String> = state.lists.iter().flat_map(|lists| lists.contacts.read.values()).map(|entry| entry.uri.clone()).collect();
        Ok(describe(&id, uris))
    }

    /// Adds contacts to a subscription, and removes others.
    pub fn change(&self, id: &str, change: Change) -> Result<String> {
        self.start_anew()?;
        let (removed, added) = {
            let mut state = self.core.state();
            let wish = state.wishes.get_mut(id).ok_or_else(|| unknown(id))?;
            if wish.subject != Subject::Contacts {
                let text = "this subscription follows a group or the contact list, and cannot be changed; unsubscribe and subscribe anew";
                return Err(Error::new(Status::Conflict, text));
            }
            let removed: Vec<(String, SipUri)> = change.remove.iter().filter_map(|uri| wish.contacts.remove_entry(uri.key())).collect();
            change.remove.iter().for_each(|uri| wish.remove(uri.key()));
            let add: BTreeMap<String, SipUri> = change.add.iter().map(|uri| (uri.key().to_owned(), uri.clone())).collect();
            let added: Vec<String> = add.keys().filter(|key| !wish.contacts.contains_key(*key)).cloned().collect();
            wish.add(add);
            state.unsettled = true;
            (removed, added)
        };
        if let Err(error) = self.core.application.run(|access| self.core.settle(access, Some(id))) {
            let mut state = self.core.state();
            let state = &mut *state;
            if let Some(wish) = state.wishes.get_mut(id) {
                added.iter().for_each(|key| wish.remove(key));
                // Nobody watched them for a while.
                state.stale.extend(removed.iter().flat_map(|(key, _)| wish.facets.iter().map(|facet| (*facet, key.clone()))));
                wish.contacts.extend(removed);
            }
            state.unsettled = true;
            self.core.bell.notify_all();
            return Err(error);
        }
        {
            // Held, so that nobody is telling of those who come back.
            let mut state = self.core.state();
            state.prune();
            let gone = change
                .remove
                .iter()
                .map(SipUri::key)
                .filter(|key| state.wishes.get(id).is_none_or(|wish| !wish.contacts.contains_key(*key)));
            self.core.queue.forget(id, Some(&gone.collect()));
        }
        self.core.tell_present_state(id);
        self.describe(id)
    }

    /// Ends a subscription.
    pub fn unsubscribe(&self, id: &str) -> Result<()> {
        if self.core.application.is_cancelled() {
            return Err(Error::cancelled());
        }
        if !self.forget(id) {
            return Err(unknown(id));
        }
        // The caller is told no more, whatever the server holds; it is rid of it as soon as it can be.
        Ok(())
    }

    /// The next event.
    pub fn next_event(&self, timeout: Option<Duration>) -> Result<String> {
        self.start()?;
        self.core.queue.pull(timeout)
    }

    /// Takes one back.
    pub fn give_back_event(&self, json: String) {
        self.core.queue.give_back(json);
    }

    /// Waits until there is one.
    pub fn wait_for_event(&self, timeout: Option<Duration>) -> Result<()> {
        self.start()?;
        self.core.queue.wait(timeout)
    }

    /// Sets who is called with each event, or removes it.
    pub fn set_callback(&self, callback: Option<EventCallback>) -> Result<()> {
        if self.core.application.is_cancelled() {
            // Who wants to be rid of the former one is.
            return self.core.queue.set_callback(None).and(Err(Error::cancelled()));
        }
        if callback.is_some() {
            self.start()?;
        }
        self.core.queue.set_callback(callback)
    }

    /// Sets what shows outside whether events wait.
    pub fn show_by(&self, make: impl FnOnce() -> Result<Arc<dyn Flag>>) -> Result<()> {
        self.start()?;
        self.core.queue.show_by(make)
    }

    /// How it fares, from memory.
    pub fn health(&self) -> Result<String> {
        let application = &self.core.application;
        if application.is_cancelled() {
            return Err(Error::cancelled());
        }
        let (connection, heard) = {
            let status = self.core.status();
            (status.connection, status.heard)
        };
        let state = self.core.state();
        let counts = application.counts();
        let held: usize = state.holdings.iter().map(holding::Holding::len).sum();
        Ok(Writer::object(|w| {
            w.text("connection", connection);
            let mut date = |name: &str, at: Option<Duration>| {
                if let Some(at) = at {
                    w.date(name, clock::unix_ms(at));
                }
            };
            date("tokenExpires", application.token_expiry());
            date("lastEvent", heard);
            for (name, number) in [
                ("subscriptions", state.wishes.len()),
                ("contacts", state.wanted_contacts().len()),
                ("serverSubscriptions", state.holdings.len()),
                ("subscribedContacts", held),
                ("waitingEvents", self.core.queue.len()),
            ] {
                w.raw(name, &number.to_string());
            }
            for (name, number) in [
                ("applications", application.session().generation),
                ("requests", counts.requests()),
                ("retries", counts.retries()),
                ("throttled", counts.throttlings()),
            ] {
                w.raw(name, &number.to_string());
            }
        }))
    }

    /// Wakes everybody who waits. The application is cancelled.
    pub fn close(&self) {
        self.core.state().closed = true;
        self.core.bell.notify_all();
        self.core.queue.close();
    }

    /// Makes a wish, and has the server tell of it. Where that fails there is none.
    fn wish(&self, wish: Wish) -> Result<String> {
        self.start_anew()?;
        let id = Uuid::new_v4().to_string();
        self.core.state().wishes.insert(id.clone(), wish);
        if let Err(error) = self.core.application.run(|access| self.core.settle(access, Some(&id))) {
            self.forget(&id);
            return Err(error);
        }
        self.core.tell_present_state(&id);
        Ok(id)
    }

    fn forget(&self, id: &str) -> bool {
        let mut state = self.core.state();
        let known = state.wishes.remove(id).is_some();
        state.prune();
        state.unsettled |= known;
        // As long as nobody can be telling it.
        self.core.queue.forget(id, None);
        drop(state);
        self.core.bell.notify_all();
        known
    }

    fn describe(&self, id: &str) -> Result<String> {
        let state = self.core.state();
        let wish = state.wishes.get(id).ok_or_else(|| unknown(id))?;
        let spelled = |(key, uri): (&String, &SipUri)| {
            state.seen.get(key).map(|seen| seen.uri.clone()).filter(|uri| !uri.is_empty()).unwrap_or_else(|| uri.to_string())
        };
        Ok(describe(id, wish.contacts.iter().map(spelled).collect()))
    }

    /// Starts the threads, where they do not run. A channel that has stopped is left alone: another program may be
    /// listening in its place.
    fn start(&self) -> Result<()> {
        self.run_threads(&mut self.threads.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The same for who asks for more: a channel that has stopped is given another try.
    fn start_anew(&self) -> Result<()> {
        // Held all the time: of several who ask one gives it its try.
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let Threads { teller, channel } = &mut *threads;
        let mut stopped = false;
        for thread in [teller, channel].into_iter().filter_map(|place| place.take_if(|thread| thread.stopped.load(Ordering::SeqCst))) {
            // It is at its end.
            let _ = thread.handle.join();
            stopped = true;
        }
        if stopped {
            let mut state = self.core.state();
            state.stopped = false;
            // Nobody listened since.
            state.verify();
        }
        self.run_threads(&mut threads)
    }

    fn run_threads(&self, threads: &mut Threads) -> Result<()> {
        if self.core.application.is_cancelled() {
            return Err(Error::cancelled());
        }
        run_thread(&mut threads.teller, "ucwa-live", &self.core, |core| {
            teller::run(core);
            Ok(())
        })?;
        run_thread(&mut threads.channel, "ucwa-events", &self.core, |core| {
            core.status().connection = "connected";
            channel::run(core)
        })
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.close();
        let threads = self.threads.get_mut().unwrap_or_else(PoisonError::into_inner);
        // They have just been woken, unless the program has closed what would wake the one that waits for an answer.
        let listening = threads.channel.take().map(|thread| thread.handle);
        if self.core.application.has_descriptors() {
            listening.into_iter().for_each(threads::join);
        } else {
            listening.into_iter().for_each(|thread| threads::join_or_leave(thread, FAREWELL));
        }
        threads.teller.take().into_iter().for_each(|thread| threads::join(thread.handle));
        self.core.queue.join();
    }
}

impl Core {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn status(&self) -> MutexGuard<'_, Channel> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands the teller something to do.
    fn post(&self, note: Note) {
        let mut state = self.state();
        if state.stopped {
            // Nobody takes it; whoever begins anew compares everything.
            return;
        }
        state.hurry |= !matches!(note, Note::Events(_));
        // Events that the teller has no time for are made up for by comparing everything.
        const LARGEST_INBOX: usize = 8 << 20;
        let size = |note: &Note| if let Note::Events(events) = note { events.iter().map(Event::size).sum() } else { 0 };
        let waiting: usize = state.inbox.iter().map(size).sum();
        let note = if waiting + size(&note) > LARGEST_INBOX { Note::Verify } else { note };
        if !matches!((&note, state.inbox.back()), (Note::Verify, Some(Note::Verify))) {
            state.inbox.push_back(note);
        }
        drop(state);
        self.bell.notify_all();
    }

    /// The server has answered.
    fn heard(&self) {
        self.status().heard = Some(clock::now());
    }

    /// When it is to be told that the channel works again, unless it turns out before that it does not. When it was to be
    /// told so far; nothing where it has been.
    fn prove_at(&self, time: Option<Duration>) -> Option<Duration> {
        let before = std::mem::replace(&mut self.state().proof_at, time);
        self.bell.notify_all();
        before
    }

    /// Tells callers that the channel works again.
    fn restored(&self) {
        logging::info!("the event channel is restored");
        self.connection("restored", None);
        self.post(Note::Verify);
    }

    /// Tells callers how the connection fares.
    fn connection(&self, state: &'static str, error: Option<&Error>) {
        self.status().connection = if state == "restored" { "connected" } else { state };
        self.queue.push(Some(queue::Subject::Connection), told::connection(state, error));
    }

    /// Tells a subscription what is known already, and has the rest read.
    fn tell_present_state(&self, id: &str) {
        let mut state = self.state();
        let state = &mut *state;
        let Some(wish) = state.wishes.get_mut(id) else { return };
        let ids = [id.to_owned()];
        let covered: HashSet<&String> = state.holdings.iter().flat_map(|holding| &holding.members).collect();
        wish.untold.retain(|(facet, key)| {
            // What nobody watches is not known, and what is to be read is not known any more.
            let known = covered.contains(key) && !state.stale.contains(&(*facet, key.clone()));
            if let Some(seen) = state.seen.get_mut(key).filter(|_| known) {
                let uri = seen.uri.clone();
                if let Some(value) = seen.value(*facet) {
                    let json = told::value(*facet, &uri, value, &ids);
                    self.queue.push(Some(queue::Subject::Contact(facet.name(), key.clone(), ids.to_vec())), json);
                    return false;
                }
            }
            state.stale.insert((*facet, key.clone()));
            true
        });
        state.hurry = true;
        self.bell.notify_all();
    }
}

/// A failure of the work is the end of live presence, until somebody asks for more.
fn run_thread(place: &mut Option<Thread>, name: &str, core: &Arc<Core>, work: fn(&Core) -> Result<()>) -> Result<()> {
    if place.is_some() {
        return Ok(());
    }
    let stopped = Arc::new(AtomicBool::new(false));
    let (own, told) = (Arc::clone(core), Arc::clone(&stopped));
    let started = threads::start(name, move || {
        let _entered = own.application.enter();
        // What it left half done sits behind locks that take poison into account.
        let panicked = |_| Err(Error::new(Status::Internal, "a defect of the library has ended live presence"));
        if let Err(error) = std::panic::catch_unwind(AssertUnwindSafe(|| work(&own))).unwrap_or_else(panicked) {
            logging::error!("live presence has stopped: {error}");
            own.state().stopped = true;
            told.store(true, Ordering::SeqCst);
            own.connection("stopped", Some(&error));
        }
    });
    let handle = started.map_err(|error| Error::new(Status::Internal, format!("the system gave no thread for live presence: {error}")))?;
    *place = Some(Thread { handle, stopped });
    Ok(())
}

/// After a cancelled call: whether it goes on all the same, a little later. Who signs out cancels what creates
/// applications, and goes on where that fails.
fn still_running(core: &Core) -> bool {
    !core.application.is_cancelled() && core.application.wait(Duration::from_secs(1)).is_ok()
}

/// The waits between attempts, for as long as it takes.
fn backoff() -> ExponentialBuilder {
    ExponentialBuilder::default().with_min_delay(Duration::from_secs(1)).with_max_delay(LONGEST_WAIT).without_max_times().with_jitter()
}

fn describe(id: &str, contacts: Vec<String>) -> String {
    Writer::object(|w| {
        w.text("id", id);
        w.texts("contacts", contacts);
    })
}

fn unknown(id: &str) -> Error {
    Error::new(Status::NotFound, format!("there is no subscription \"{}\"", crate::error::excerpt_of_argument(id)))
}
