//! The thread that tells: takes what the channel brought, keeps the server's subscriptions, reads what events only point
//! at, and tells callers what has really changed.

use super::Core;
use super::event::Event;
use super::groups::LISTS_MINUTES;
use super::holding::{JUST_NOW, is_missing, minutes};
use super::queue::Subject;
use super::settling::ends_the_call;
use super::state::{Note, State, Stranger, told};
use crate::application::Access;
use crate::clock;
use crate::error::{Error, Result, Status};
use crate::logging;
use crate::people::{Facet, Lists, Members, Value};
use crate::resource::address_key;
use crate::sip_uri::SipUri;
use backon::BackoffBuilder;
use std::collections::BTreeSet;
use std::time::Duration;
use url::Url;

/// How often one is tried to be read whom an event named and nobody has met.
const STRANGERS_CHANCES: u32 = 10;
/// How long it is waited for the server to tell of a contact that nobody finds: those of other organizations it may know
/// alone, and what it knows it tells within some seconds.
const DOUBT: Duration = Duration::from_secs(15);
/// How many values are read before the channel is looked at again.
const AT_ONCE: usize = 500;
/// Where the presences lie that the server added or dropped by itself.
const SUBSCRIBED: &str = "subscribedContacts";

/// Runs until the application is cancelled.
pub(super) fn run(core: &Core) {
    let mut waits = super::backoff().build();
    let mut pause_until = None;
    while core.wait_for_work(pause_until) {
        match core.application.run(|access| core.tend(access)) {
            Ok(()) => {
                waits = super::backoff().build();
                pause_until = None;
            }
            Err(error) if error.status() == Status::Cancelled && !super::still_running(core) => return,
            Err(error) => {
                let wait = waits.next().unwrap_or(super::LONGEST_WAIT);
                logging::warn!("live presence is behind, and tries again in {} ms: {error}", wait.as_millis());
                pause_until = Some(clock::now() + wait);
            }
        }
    }
}

impl Core {
    /// Waits until there is something to do, at the earliest at that time. False when all is over.
    fn wait_for_work(&self, not_before: Option<Duration>) -> bool {
        const LONG: Duration = Duration::from_secs(3600);
        let mut state = self.state();
        loop {
            if state.closed {
                return false;
            }
            let now = clock::now();
            if state.proof_at.take_if(|at| *at <= now).is_some() {
                drop(state);
                self.restored();
                state = self.state();
                continue;
            }
            // An answer of the channel shows that the server is there.
            let held_up = not_before.filter(|at| *at > now && !state.hurry && state.inbox.is_empty());
            if state.hurry {
                state.put_off = None;
            }
            let doubt = state.doubted.values().min().copied();
            let due = [state.subscriptions_due(), doubt].into_iter().flatten().min();
            if !state.stopped && held_up.is_none() && (state.has_work() || due.is_some_and(|at| at <= now)) {
                state.hurry = false;
                return true;
            }
            let wake = [held_up, due.filter(|at| *at > now), state.proof_at].into_iter().flatten().min().unwrap_or(now + LONG);
            let length = clock::nap(wake - now);
            state = self.bell.wait_timeout(state, length).unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
    }

    /// Does what there is to do now.
    fn tend(&self, access: &Access<'_>) -> Result<()> {
        self.state().enter(access.session.generation);
        let notes = std::mem::take(&mut self.state().inbox);
        for note in notes {
            self.take_note(access, note);
        }
        self.keep_subscriptions(access)?;
        {
            // Whom the server has not told of by now is sought once more, and then told to be found nowhere.
            let now = clock::now();
            let state = &mut *self.state();
            let over = state.doubted.iter().filter(|(_, until)| **until <= now);
            state.stale.extend(over.map(|(key, _)| (Facet::Presence, key.clone())));
        }
        // What fails in one part holds up no other.
        let mut outcome = Ok(());
        for part in [Core::meet_strangers, Core::read_lists, Core::read_stale] {
            match part(self, access) {
                Err(error) if ends_the_call(&error) => return Err(error),
                Err(error) => outcome = Err(error),
                Ok(()) => {}
            }
        }
        outcome
    }

    /// Extends the server's subscriptions and has them be what they should be. Where that fails it is tried again later:
    /// what there is to tell meanwhile does not wait for it.
    fn keep_subscriptions(&self, access: &Access<'_>) -> Result<()> {
        {
            let mut state = self.state();
            if state.subscriptions_due().is_none_or(|at| at > clock::now()) {
                return Ok(());
            }
            state.end_refusals();
            let unreadable = std::mem::take(&mut state.unreadable);
            state.stale.extend(unreadable);
            if !state.unsettled && state.has_group_wish() {
                // Whoever joined or left a group unnoticed is noticed whenever subscriptions are extended.
                state.groups_due = true;
                state.unsettled = true;
            }
        }
        let extended = self.extend(access);
        let kept = match extended {
            Err(error) if ends_the_call(&error) => return Err(error),
            extended => {
                let unsettled = self.state().unsettled;
                let settled = if unsettled { self.settle(access, None) } else { Ok(()) };
                settled.and(extended)
            }
        };
        match kept {
            Err(error) if ends_the_call(&error) => Err(error),
            Err(error) => {
                let wait = self.state().put_off();
                logging::warn!("the subscriptions cannot be kept up, which is tried again in {} ms: {error}", wait.as_millis());
                Ok(())
            }
            Ok(()) => {
                self.state().put_off = None;
                Ok(())
            }
        }
    }

    fn take_note(&self, access: &Access<'_>, note: Note) {
        match note {
            Note::Verify => self.state().verify(),
            Note::Reset => {
                // What is being subscribed to meanwhile may be of before or after; it is compared in any case.
                let _gate = access.hold(&self.gate);
                let mut state = self.state();
                state.reset();
                state.verify();
            }
            Note::Events(events) => {
                for event in events {
                    self.take_event(access, event);
                }
            }
        }
    }

    fn take_event(&self, access: &Access<'_>, event: Event) {
        let Ok(url) = access.resolve(&event.href) else {
            logging::warn!("an event has the href \"{}\", which is none", crate::error::excerpt(&event.href));
            return;
        };
        let within = event.within.as_ref().map(|(rel, href)| (rel.as_str(), access.resolve(href).ok()));
        match (event.rel.as_str(), event.kind.as_str(), within) {
            ("contact", "added" | "deleted", Some((SUBSCRIBED, _))) => {}
            ("contact", "added" | "deleted", _) => self.lists_changed(access),
            (rel, _, _) if rel == "group" || rel.ends_with("Group") => self.lists_changed(access),
            ("presenceSubscription", kind, _) => self.take_subscription(&url, kind),
            ("myContactsAndGroupsSubscription", kind, _) => {
                // It may have ended; to start one that runs does no harm, but for having this event again.
                let mut state = self.state();
                let fresh = state.lists_until.is_some_and(|until| clock::now() + minutes(LISTS_MINUTES) < until + JUST_NOW);
                if kind == "deleted" || !fresh {
                    state.lists_until = None;
                    state.unsettled = true;
                }
            }
            (rel, _, within) => match Facet::of_rel(rel) {
                // A contact is its own place, whatever it is in.
                Some(Facet::Contact) => self.take_value(access, Facet::Contact, &event, &url, Some(url.clone())),
                Some(facet) => {
                    let contact = within.and_then(|(rel, url)| url.filter(|_| rel == "contact"));
                    self.take_value(access, facet, &event, &url, contact);
                }
                None => self.queue.push(Some(Subject::Resource(address_key(&url))), told::resource(&event, url.as_str())),
            },
        }
    }

    /// A subscription of the server's ends soon, or has ended.
    fn take_subscription(&self, url: &Url, kind: &str) {
        let mut state = self.state();
        let key = address_key(url);
        let Some(at) = state.holdings.iter().position(|holding| address_key(&holding.own) == key) else { return };
        match kind {
            "updated" if !state.holdings[at].is_fresh() => state.holdings[at].until = clock::now(),
            "deleted" => {
                let own = state.holdings[at].own.clone();
                state.drop_holding(&own);
            }
            _ => {}
        }
    }

    fn lists_changed(&self, access: &Access<'_>) {
        self.people.lists_changed(access);
        let mut state = self.state();
        state.lists_due = true;
        state.groups_due = true;
        state.unsettled |= state.has_group_wish();
    }

    /// A facet of a contact has changed: told at once where the event brings the value, else to be read.
    fn take_value(&self, access: &Access<'_>, facet: Facet, event: &Event, url: &Url, contact: Option<Url>) {
        let Some(contact) = contact else {
            logging::warn!("an event about {url} does not say which contact it is of");
            return;
        };
        let place = address_key(&contact);
        let mut state = self.state();
        let Some(key) = state.places.get(&place).cloned() else {
            let stranger = || Stranger { url: contact, facets: BTreeSet::new(), failures: 0 };
            state.strangers.entry(place).or_insert_with(stranger).facets.insert(facet);
            return;
        };
        if !state.is_wanted(facet, &key) {
            return;
        }
        drop(state);
        let brought = event.resource.as_deref().and_then(|resource| self.people.value_of(access, &key, facet, resource).ok().flatten());
        match brought {
            Some(value) => self.tell(access, facet, &key, value),
            None => drop(self.state().stale.insert((facet, key))),
        }
    }

    /// Reads the contacts that events named and nobody knew, to learn whether they are among those that are wished.
    fn meet_strangers(&self, access: &Access<'_>) -> Result<()> {
        let strangers = std::mem::take(&mut self.state().strangers);
        if strangers.is_empty() {
            return Ok(());
        }
        let mut failure = None;
        let urls: Vec<Url> = strangers.values().map(|stranger| stranger.url.clone()).collect();
        for ((place, mut stranger), met) in strangers.into_iter().zip(self.people.meet(access, &urls)) {
            let mut state = self.state();
            match met {
                Ok(uri) => {
                    let key = SipUri::key_of(&uri);
                    state.nowhere.remove(&key);
                    for facet in stranger.facets {
                        if state.is_wanted(facet, &key) {
                            state.stale.insert((facet, key.clone()));
                        }
                    }
                    state.places.insert(place, key);
                }
                Err(error) if is_for_all(&error) && stranger.failures < STRANGERS_CHANCES => {
                    stranger.failures += 1;
                    state.strangers.insert(place, stranger);
                    failure = Some(error);
                }
                Err(error) => {
                    drop(state);
                    logging::info!("an event names a contact that cannot be read: {error}");
                }
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// Reads what is stale, and tells what is new.
    fn read_stale(&self, access: &Access<'_>) -> Result<()> {
        let due: BTreeSet<(Facet, String)> = {
            let mut state = self.state();
            state.prune();
            // Those that failed before come after all others.
            let fresh = state.stale.iter().filter(|one| !state.failed.contains(*one));
            let failed = state.stale.iter().filter(|one| state.failed.contains(*one));
            let due: BTreeSet<_> = fresh.chain(failed).take(AT_ONCE).cloned().collect();
            state.stale.retain(|one| !due.contains(one));
            state.failed.retain(|one| !due.contains(one));
            due
        };
        let mut failure = None;
        for facet in Facet::ALL {
            let uris: Vec<SipUri> = {
                let state = self.state();
                let wanted = state.wanted_contacts();
                due.iter()
                    .filter(|(of, _)| *of == facet)
                    .filter_map(|(_, key)| wanted.get(key.as_str()).map(|uri| (*uri).clone()))
                    .collect()
            };
            if uris.is_empty() {
                continue;
            }
            let values = self.people.values(access, &uris, facet).unwrap_or_else(|error| uris.iter().map(|_| Err(error.clone())).collect());
            let missing = values.iter().any(|value| matches!(value, Err(error) if is_missing(error)));
            let unsure = if missing { access.check().err() } else { None };
            for (uri, value) in uris.iter().zip(values) {
                match value {
                    Ok(value) => self.tell(access, facet, uri.key(), value),
                    Err(error) if unsure.is_some() || is_for_all(&error) => {
                        let mut state = self.state();
                        state.stale.insert((facet, uri.key().to_owned()));
                        state.failed.insert((facet, uri.key().to_owned()));
                        failure = Some(error);
                    }
                    Err(error) => self.tell_failure(facet, uri, &error),
                }
            }
            if let Some(error) = unsure {
                self.state().stale.extend(due.into_iter().filter(|(of, _)| *of > facet));
                return Err(error);
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// Tells the state of a contact: to all who wish to know where it has changed, else to those who were never told.
    fn tell(&self, access: &Access<'_>, facet: Facet, key: &str, value: Value) {
        let spelled = self.people.spelling(access, key);
        let mut state = self.state();
        let mut ids = state.ids_of(facet, key);
        if ids.is_empty() {
            return;
        }
        if facet == Facet::Presence {
            state.doubted.remove(key);
        }
        let seen = state.seen.entry(key.to_owned()).or_default();
        if let Some(uri) = spelled {
            seen.uri = uri;
        } else if seen.uri.is_empty() {
            seen.uri = format!("sip:{key}");
        }
        let uri = seen.uri.clone();
        let changed = seen.value(facet).as_ref().is_none_or(|before| !before.is_same_as(&value));
        let untold = (facet, key.to_owned());
        ids.retain(|id| state.wishes.get_mut(id).is_some_and(|wish| wish.untold.remove(&untold)) || changed);
        if !ids.is_empty() {
            let json = told::value(facet, &uri, &value, &ids);
            self.queue.push(Some(Subject::Contact(facet.name(), key.to_owned(), ids)), json);
        }
        *state.seen.entry(key.to_owned()).or_default().value(facet) = Some(value);
    }

    /// Whether it is waited for the server to tell of a contact that nobody finds.
    fn doubts(&self, key: &str, error: &Error) -> bool {
        let mut state = self.state();
        let found_nowhere = error.status() == Status::NotFound && error.http_status().is_none();
        if !found_nowhere || !state.holdings.iter().any(|holding| holding.members.contains(key)) {
            state.doubted.remove(key);
            return false;
        }
        let now = clock::now();
        match state.doubted.get(key) {
            Some(until) if *until <= now => state.doubted.remove(key).is_none(),
            Some(_) => true,
            None => state.doubted.insert(key.to_owned(), now + DOUBT).is_none(),
        }
    }

    /// Tells that nothing can be read of a contact: those who were told what was to be read, or wait for it.
    fn tell_failure(&self, facet: Facet, uri: &SipUri, error: &Error) {
        if facet == Facet::Presence && self.doubts(uri.key(), error) {
            return;
        }
        logging::info!("the {} of {uri} cannot be read: {error}", facet.name());
        let mut state = self.state();
        let state = &mut *state;
        let failed = (facet, uri.key().to_owned());
        let known = state.seen.get_mut(uri.key()).is_some_and(|seen| seen.value(facet).take().is_some());
        for (id, wish) in &mut state.wishes {
            let untold = wish.untold.remove(&failed);
            let concerned = untold || known && wish.contacts.contains_key(uri.key());
            if concerned && facet == Facet::Presence && !wish.unwatched.contains(uri.key()) {
                self.queue.push(None, told::refused(id, &uri.to_string(), error));
            }
        }
        state.unreadable.insert(failed);
    }

    /// Reads the contact list and its groups where they have changed, and tells the differences.
    fn read_lists(&self, access: &Access<'_>) -> Result<()> {
        {
            let mut state = self.state();
            if !std::mem::take(&mut state.lists_due) || !state.has_lists_wish() {
                return Ok(());
            }
        }
        // Who begins to wish for it reads it as well, and the later reading is to be the one that stays.
        let read = access.hold(&self.gate).and_then(|gate| Ok((gate, self.people.lists(access)?)));
        let (_gate, mut now) = read.inspect_err(|_| self.state().lists_due = true)?;
        let mut state = self.state();
        let ids: Vec<String> =
            state.wishes.iter().filter(|(_, wish)| wish.subject == super::state::Subject::Lists).map(|(id, _)| id.clone()).collect();
        if let Some(before) = &state.lists {
            now.keep_unread(before);
            for json in differences(before, &now, &ids) {
                self.queue.push(None, json);
            }
        }
        state.lists = Some(now);
        Ok(())
    }
}

impl State {
    fn has_work(&self) -> bool {
        !self.inbox.is_empty() || !self.stale.is_empty() || !self.strangers.is_empty() || self.lists_due && self.has_lists_wish()
    }
}

/// Whether a failure is not one contact's own: what was to be read is tried again.
fn is_for_all(error: &Error) -> bool {
    error.details().application_gone
        || !matches!(error.status(), Status::NotFound | Status::Forbidden | Status::InvalidArgument | Status::Conflict)
}

fn differences(before: &Lists, now: &Lists, ids: &[String]) -> Vec<String> {
    let mut events = Vec::new();
    for (id, group) in &now.groups {
        match before.groups.get(id) {
            None => events.push(told::group("groupAdded", &group.json, ids)),
            Some(former) if !former.is_same_as(group) => events.push(told::group("groupUpdated", &group.json, ids)),
            Some(_) => {}
        }
    }
    contact_differences(&before.contacts, &now.contacts, None, ids, &mut events);
    let nobody = Members::default();
    for (id, group) in &now.groups {
        let former = before.groups.get(id).map_or(&nobody, |group| &group.members);
        contact_differences(former, &group.members, Some(&group.json), ids, &mut events);
    }
    for (_, group) in before.groups.iter().filter(|(id, _)| !now.groups.contains_key(*id)) {
        contact_differences(&group.members, &nobody, Some(&group.json), ids, &mut events);
        events.push(told::group("groupRemoved", &group.json, ids));
    }
    events
}

fn contact_differences(before: &Members, now: &Members, group: Option<&str>, ids: &[String], events: &mut Vec<String>) {
    for (_, entry) in now.read.iter().filter(|(key, _)| !before.read.contains_key(*key)) {
        events.push(told::contact("contactAdded", &entry.uri, &entry.json, group, ids));
    }
    for (_, entry) in before.read.iter().filter(|(key, _)| !now.read.contains_key(*key)) {
        events.push(told::contact("contactRemoved", &entry.uri, &entry.json, group, ids));
    }
}
