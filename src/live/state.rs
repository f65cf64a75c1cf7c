//! What callers wish to be told, what the server holds for it, and what was told last.

use super::event::Event;
use super::holding::Holding;
use crate::application::Access;
use crate::clock;
use crate::error::Error;
use crate::people::{Facet, Lists, Value};
use crate::sip_uri::SipUri;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;
use url::Url;

/// How long a contact that the server refused is left alone.
const REFUSED: Duration = Duration::from_secs(3600);
/// How many addresses of contacts that nobody asks about are remembered: events name them time and again.
const MOST_PLACES: usize = 2_000;

/// One subscription as the caller knows it.
#[derive(Debug)]
pub(super) struct Wish {
    pub subject: Subject,
    pub facets: Vec<Facet>,
    /// By what contacts are compared by. Of a group: its members, as they were read last.
    pub contacts: BTreeMap<String, SipUri>,
    /// Whose present state is still to be told.
    pub untold: HashSet<(Facet, String)>,
    /// Whom the server does not want to be watched, as it was told.
    pub unwatched: HashSet<String>,
    /// Whether it is known whom it is about.
    pub settled: bool,
}

/// What a subscription is for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Subject {
    Contacts,
    /// A group, as it was named or by its id.
    Group(String),
    /// The contact list and its groups.
    Lists,
}

/// What the channel has for the one who tells.
pub(super) enum Note {
    Events(Vec<Event>),
    /// Something may have been missed: compare everything.
    Verify,
    /// The server has dropped all subscriptions.
    Reset,
}

/// What was told last of one contact.
#[derive(Default)]
pub(super) struct Seen {
    pub uri: String,
    values: [Option<Value>; Facet::ALL.len()],
}

impl Seen {
    pub fn value(&mut self, facet: Facet) -> &mut Option<Value> {
        &mut self.values[facet as usize]
    }
}

/// A contact that an event named and nobody has met.
pub(super) struct Stranger {
    pub url: Url,
    /// What happened to it.
    pub facets: BTreeSet<Facet>,
    /// How often it could not be read.
    pub failures: u32,
}

#[derive(Default)]
pub(super) struct State {
    pub wishes: BTreeMap<String, Wish>,
    pub inbox: VecDeque<Note>,
    /// Which of the applications that this handle has had the rest is about.
    pub generation: u64,
    pub holdings: Vec<Holding>,
    /// The most contacts that one subscription of the server's takes, as far as that was learned.
    pub most: Option<usize>,
    /// Contacts that the server does not want to be watched: why, and until when they are left alone.
    pub refused: HashMap<String, (Duration, Error)>,
    /// Contacts by the keys of their addresses, which is how events name them.
    pub places: HashMap<String, String>,
    /// Contacts that were sought in vain.
    pub nowhere: HashSet<String>,
    pub seen: HashMap<String, Seen>,
    /// What is to be read.
    pub stale: BTreeSet<(Facet, String)>,
    /// Those of them that were tried to be read in vain.
    pub failed: BTreeSet<(Facet, String)>,
    /// What could not be read, for a reason of its own.
    pub unreadable: BTreeSet<(Facet, String)>,
    /// Contacts that nobody finds and the server is asked to watch: until when it is waited for it to tell of them.
    pub doubted: HashMap<String, Duration>,
    /// Contacts that events named and nobody has met, by the keys of their addresses.
    pub strangers: BTreeMap<String, Stranger>,
    /// Whether the server has to be asked for more or less than it holds.
    pub unsettled: bool,
    /// Until when they are left alone after a failure, and how long that is.
    pub put_off: Option<(Duration, Duration)>,
    /// The groups of wishes whose members are to be read.
    pub groups_due: bool,
    pub lists: Option<Lists>,
    pub lists_due: bool,
    /// Until when the server tells of the contact list and the groups.
    pub lists_until: Option<Duration>,
    /// The server is known to be there: whoever waits to try again tries now.
    pub hurry: bool,
    /// When a channel that was interrupted will have shown that it works.
    pub proof_at: Option<Duration>,
    /// Nobody listens any more, for a reason that does not mend itself.
    pub stopped: bool,
    pub closed: bool,
}

impl State {
    /// Forgets what the server held for another application.
    pub fn enter(&mut self, generation: u64) {
        if generation <= self.generation {
            return;
        }
        let first = self.generation == 0;
        self.generation = generation;
        self.places.clear();
        self.strangers.clear();
        self.reset();
        if !first {
            self.verify();
        }
    }

    /// Whether it is about the application that is asked.
    pub fn is_of(&self, access: &Access<'_>) -> bool {
        self.generation == access.session.generation
    }

    /// The server has dropped all subscriptions.
    pub fn reset(&mut self) {
        self.holdings.clear();
        self.most = None;
        self.refused.clear();
        self.lists_until = None;
        self.unsettled = true;
    }

    /// Everything is to be read and compared.
    pub fn verify(&mut self) {
        self.nowhere.clear();
        for wish in self.wishes.values() {
            self.stale.extend(wish.wanted());
        }
        self.groups_due = true;
        self.lists_due = true;
        self.unsettled = true;
    }

    /// The ids of the wishes for a facet of a contact.
    pub fn ids_of(&self, facet: Facet, key: &str) -> Vec<String> {
        let fits = |wish: &&Wish| wish.facets.contains(&facet) && wish.contacts.contains_key(key);
        self.wishes.iter().filter(|(_, wish)| fits(wish)).map(|(id, _)| id.clone()).collect()
    }

    pub fn is_wanted(&self, facet: Facet, key: &str) -> bool {
        self.wishes.values().any(|wish| wish.facets.contains(&facet) && wish.contacts.contains_key(key))
    }

    /// Everybody whom a wish is about.
    pub fn wanted_contacts(&self) -> BTreeMap<&str, &SipUri> {
        self.wishes.values().flat_map(Wish::wanted_contacts).collect()
    }

    pub fn has_lists_wish(&self) -> bool {
        self.wishes.values().any(|wish| wish.subject == Subject::Lists)
    }

    pub fn has_group_wish(&self) -> bool {
        self.wishes.values().any(|wish| matches!(wish.subject, Subject::Group(_)))
    }

    /// Drops what nobody wishes to know any more.
    pub fn prune(&mut self) {
        let wanted: HashSet<String> = self.wanted_contacts().into_keys().map(str::to_owned).collect();
        self.seen.retain(|key, _| wanted.contains(key));
        self.stale.retain(|(_, key)| wanted.contains(key));
        self.failed.retain(|(_, key)| wanted.contains(key));
        self.unreadable.retain(|(_, key)| wanted.contains(key));
        self.doubted.retain(|key, _| wanted.contains(key));
        if self.places.len() > 2 * wanted.len() + MOST_PLACES {
            self.places.retain(|_, key| wanted.contains(key));
        }
        self.refused.retain(|key, _| wanted.contains(key));
        self.nowhere.retain(|key| wanted.contains(key));
        // Maps keep the room of the most that they ever held.
        let room = 2 * wanted.len();
        self.seen.shrink_to(room);
        self.doubted.shrink_to(room);
        self.refused.shrink_to(room);
        self.nowhere.shrink_to(room);
        self.places.shrink_to(2 * self.places.len());
        if !self.has_lists_wish() {
            self.lists = None;
        }
    }

    pub fn refuse(&mut self, key: &str, error: &Error) {
        self.refused.insert(key.to_owned(), (clock::now() + REFUSED, error.clone()));
    }

    /// Whether the server did not want the contact a while ago.
    pub fn is_refused(&self, key: &str) -> bool {
        self.refused.get(key).is_some_and(|(until, _)| clock::now() < *until)
    }

    /// Those that were refused long enough ago are tried again.
    pub fn end_refusals(&mut self) {
        let (before, now) = (self.refused.len(), clock::now());
        self.refused.retain(|_, (until, _)| now < *until);
        self.unsettled |= self.refused.len() < before;
    }

    /// When refused contacts are to be tried again.
    pub fn refusals_end(&self) -> Option<Duration> {
        self.refused.values().map(|(until, _)| *until).min()
    }
}

impl Wish {
    pub fn new(subject: Subject, facets: Vec<Facet>, contacts: BTreeMap<String, SipUri>) -> Wish {
        let settled = !matches!(subject, Subject::Group(_));
        let mut wish = Wish { subject, facets, contacts, untold: HashSet::new(), unwatched: HashSet::new(), settled };
        wish.untold = wish.wanted().collect();
        wish
    }

    /// Everybody whom it is about.
    pub fn wanted_contacts(&self) -> impl Iterator<Item = (&str, &SipUri)> {
        self.contacts.iter().map(|(key, uri)| (key.as_str(), uri))
    }

    /// What is wished of whom.
    pub fn wanted(&self) -> impl Iterator<Item = (Facet, String)> + '_ {
        self.contacts.keys().flat_map(|key| self.facets.iter().map(move |facet| (*facet, key.clone())))
    }

    /// Adds contacts, whose present state is to be told.
    pub fn add(&mut self, contacts: BTreeMap<String, SipUri>) {
        for (key, uri) in contacts {
            if self.contacts.insert(key.clone(), uri).is_none() {
                self.untold.extend(self.facets.iter().map(|facet| (*facet, key.clone())));
            }
        }
    }

    pub fn remove(&mut self, key: &str) {
        self.contacts.remove(key);
        self.untold.retain(|(_, untold)| untold != key);
        self.unwatched.remove(key);
    }
}

/// The events that callers are told, as JSON.
pub(super) mod told {
    use super::{Error, Event, Facet, RawValue, Value};
    use crate::resource::Writer;

    pub fn value(facet: Facet, uri: &str, value: &Value, ids: &[String]) -> String {
        Writer::object(|w| {
            w.text("event", facet.name());
            w.text("uri", uri);
            w.raw(facet.name(), &value.json);
            w.texts("subscriptions", ids);
        })
    }

    pub fn refused(id: &str, uri: &str, error: &Error) -> String {
        Writer::object(|w| {
            w.text("event", "subscription");
            w.text("id", id);
            w.text("uri", uri);
            w.text("state", "refused");
            w.error("error", error);
        })
    }

    pub fn connection(state: &str, error: Option<&Error>) -> String {
        Writer::object(|w| {
            w.text("event", "connection");
            w.text("state", state);
            if let Some(error) = error {
                w.error("error", error);
            }
        })
    }

    pub fn contact(event: &str, uri: &str, contact: &str, group: Option<&str>, ids: &[String]) -> String {
        Writer::object(|w| {
            w.text("event", event);
            w.text("uri", uri);
            w.raw("contact", contact);
            if let Some(group) = group {
                w.raw("group", group);
            }
            w.texts("subscriptions", ids);
        })
    }

    pub fn group(event: &str, group: &str, ids: &[String]) -> String {
        Writer::object(|w| {
            w.text("event", event);
            w.raw("group", group);
            w.texts("subscriptions", ids);
        })
    }

    /// What the library has no name for.
    pub fn resource(event: &Event, href: &str) -> String {
        Writer::object(|w| {
            w.text("event", "resource");
            w.text("type", &event.kind);
            w.text("rel", &event.rel);
            w.text("href", href);
            if let Some(status) = &event.status {
                w.text("status", status);
            }
            let mut raw = |name: &str, value: &Option<Box<RawValue>>| {
                if let Some(value) = value {
                    w.raw(name, value.get());
                }
            };
            raw("reason", &event.reason);
            raw("resource", &event.resource);
        })
    }
}
