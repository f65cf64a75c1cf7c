//! The server's own subscriptions: made for what callers wish, extended before they end, made anew where they are lost.

use super::Core;
use super::settling::{Concern, Failures};
use super::state::{State, Subject, Wish, told};
use crate::application::Access;
use crate::clock;
use crate::error::{Error, Result};
use crate::logging;
use crate::resource::navigation::{Path, with_query};
use crate::resource::{Resource, address_key, answer};
use crate::sip_uri::SipUri;
use crate::transport::Request;
use serde_json::json;
use std::collections::{BTreeSet, HashSet};
use std::time::Duration;
use url::Url;

/// How long the server keeps a subscription, in minutes: as long as it can.
pub(super) const MINUTES: u64 = 30;
/// How long before its end a subscription is extended.
const MARGIN: Duration = Duration::from_secs(10 * 60);
/// How many contacts a subscription begins with, until the server refuses.
const FIRST_SIZE: usize = 1_000;
/// After so many single contacts in a row that were refused the limit is one of them all.
const REFUSALS: usize = 5;
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// So long after it was asked for something the server may still speak of it.
pub(super) const JUST_NOW: Duration = Duration::from_secs(60);

/// A presenceSubscription of the server's.
#[derive(Clone, Debug)]
pub(super) struct Holding {
    pub own: Url,
    pub kind: Kind,
    /// By what contacts are compared by.
    pub members: BTreeSet<String>,
    pub until: Duration,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    List {
        add: Option<Url>,
        memberships: Option<Url>,
    },
    /// Of a group, whose members the server knows itself; it is extended where it was made.
    Group {
        named: String,
        again: Url,
    },
}

impl Core {
    /// Extends what ends soon.
    pub fn extend(&self, access: &Access<'_>) -> Result<()> {
        let due = |until: Duration| clock::now() + MARGIN >= until;
        let (mut ending, lists_end) = {
            let _gate = access.hold(&self.gate)?;
            let state = self.state();
            let ending: Vec<Holding> = state.holdings.iter().filter(|holding| due(holding.until)).cloned().collect();
            (ending, state.lists_until.is_some_and(due))
        };
        if ending.len() > 1 {
            logging::debug!("{} subscriptions are extended", ending.len());
        }
        let requests: Vec<Request> = ending.iter().map(Holding::extension).collect();
        let mut failure = None;
        for (holding, answer) in ending.drain(..).zip(access.send_all(&requests)) {
            match answer {
                Ok(_) => {
                    let until = clock::now() + minutes(MINUTES);
                    let mut state = self.state();
                    state.holdings.iter_mut().filter(|other| other.own == holding.own).for_each(|other| other.until = until);
                }
                // The server speaks of the application, and means the subscription. One that it does not extend is made anew,
                // and so is one whose time is over.
                Err(error)
                    if !error.details().application_gone
                        && (matches!(error.http_status(), Some(404 | 410)) || is_refusal(&error) || clock::now() >= holding.until) =>
                {
                    logging::info!("a subscription is gone from the server and is made anew: {error}");
                    self.state().drop_holding(&holding.own);
                }
                Err(error) => failure = Some(error),
            }
        }
        if lists_end {
            self.state().lists_until = None;
            self.state().unsettled = true;
        }
        failure.map_or(Ok(()), Err)
    }

    /// Learns where contacts lie, by which events name them.
    pub fn place_contacts(&self, access: &Access<'_>) -> Result<()> {
        let unplaced: Vec<SipUri> = {
            let state = self.state();
            let placed: HashSet<&str> = state.places.values().map(String::as_str).collect();
            let wanted = state.wanted_contacts();
            wanted
                .into_iter()
                .filter(|(key, _)| !placed.contains(key) && !state.nowhere.contains(*key))
                .map(|(_, uri)| uri.clone())
                .collect()
        };
        if unplaced.is_empty() {
            return Ok(());
        }
        let places = self.people.address_keys(access, &unplaced)?;
        let mut state = self.state();
        if !state.is_of(access) {
            return Ok(());
        }
        for (uri, place) in unplaced.into_iter().zip(places) {
            match place {
                Some(place) => drop(state.places.insert(place, uri.key().to_owned())),
                None => drop(state.nowhere.insert(uri.key().to_owned())),
            }
        }
        Ok(())
    }

    /// Subscribes to contacts that no subscription covers yet: those of one wish, or all. Whether that is done; where a
    /// subscription turned out to be lost it is not.
    pub fn hold_contacts(&self, access: &Access<'_>, of: Option<&str>) -> Result<bool> {
        let (missing, room) = {
            let state = self.state();
            let covered: HashSet<&str> = state.holdings.iter().flat_map(|holding| &holding.members).map(String::as_str).collect();
            let wanted = match of {
                None => state.wanted_contacts(),
                Some(id) => state.wishes.get(id).into_iter().flat_map(Wish::wanted_contacts).collect(),
            };
            let missing: Vec<SipUri> = wanted
                .into_iter()
                .filter(|(key, _)| !covered.contains(key) && !state.is_refused(key))
                .map(|(_, uri)| uri.clone())
                .collect();
            let most = state.most.unwrap_or(FIRST_SIZE);
            let room = state.holdings.iter().find_map(|holding| holding.room_for(missing.len(), most));
            (missing, room)
        };
        if missing.is_empty() {
            return Ok(true);
        }
        if let Some((own, add)) = room {
            let body = json!({ "contactUris": spelled(&missing) });
            match access.send(Request::post_within_application(add, Some(body.to_string()))) {
                Ok(_) => {
                    let mut state = self.state();
                    let added: BTreeSet<String> = keys(&missing).collect();
                    state.watched(&added);
                    if let Some(holding) = state.holdings.iter_mut().find(|holding| holding.own == own) {
                        holding.members.extend(added);
                    }
                    return Ok(true);
                }
                Err(error) if error.http_status() == Some(404) && !error.details().application_gone => {
                    self.state().drop_holding(&own);
                    return Ok(false);
                }
                // A subscription of their own may still be had.
                Err(error) if is_refusal(&error) => {}
                Err(error) => return Err(error),
            }
        }
        let create = access.locate(&Path::parse("people/presenceSubscriptions")?)?;
        let mut refusals = Refusals::default();
        let mut rest = missing.as_slice();
        while !rest.is_empty() {
            let size = self.state().most.unwrap_or(FIRST_SIZE).min(rest.len());
            let (now, later) = rest.split_at(size);
            self.cover(access, &create, now, &mut refusals)?;
            rest = later;
        }
        Ok(true)
    }

    /// Makes a subscription for these contacts, or several where the server takes fewer at a time. Whether all were taken.
    fn cover(&self, access: &Access<'_>, create: &Url, uris: &[SipUri], refusals: &mut Refusals) -> Result<bool> {
        if let Some(error) = refusals.of_all() {
            self.refuse(access, uris, &error);
            return Ok(false);
        }
        let most = self.state().most.unwrap_or(FIRST_SIZE).max(1);
        if uris.len() > most {
            let mut whole = true;
            for part in uris.chunks(most) {
                whole &= self.cover(access, create, part, refusals)?;
            }
            return Ok(whole);
        }
        let body = json!({ "duration": MINUTES, "uris": spelled(uris) });
        let request = Request::post_within_application(create.clone(), Some(body.to_string()));
        match access.send(request.clone()) {
            Ok(answer) => {
                refusals.row = 0;
                let own = own_address(access, &request, &answer)?;
                let resource = answer::resource(&request, &answer).unwrap_or_default();
                let link = |rel: &str| resource.link(rel).map(|href| access.resolve(href)).transpose();
                let kind = Kind::List { add: link("addToPresenceSubscription")?, memberships: link("memberships")? };
                let holding = Holding { own, kind, members: keys(uris).collect(), until: clock::now() + minutes(MINUTES) };
                self.state().hold(access, holding);
                Ok(true)
            }
            Err(error) if is_refusal(&error) && uris.len() > 1 => {
                let (one, other) = uris.split_at(uris.len() / 2);
                let first = self.cover(access, create, one, refusals)?;
                if first {
                    // If the other half is taken as well, it was the number that was refused.
                    let before = self.state().most.replace(other.len());
                    let second = self.cover(access, create, other, refusals)?;
                    if !second {
                        self.state().most = before;
                    }
                    return Ok(second);
                }
                self.cover(access, create, other, refusals)?;
                Ok(false)
            }
            Err(error) if is_refusal(&error) => {
                if is_missing(&error) {
                    access.check()?;
                }
                self.refuse(access, uris, &error);
                refusals.note(error);
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn refuse(&self, access: &Access<'_>, uris: &[SipUri], error: &Error) {
        let mut state = self.state();
        if state.is_of(access) {
            uris.iter().for_each(|uri| state.refuse(uri.key(), error));
        }
    }

    /// Tells all who wish for it and were not told yet that the server does not want a contact to be watched.
    pub fn tell_refusals(&self) {
        let mut state = self.state();
        let state = &mut *state;
        for (id, wish) in &mut state.wishes {
            for (key, error) in state.refused.iter().map(|(key, (_, error))| (key, error)) {
                if let Some(uri) = wish.contacts.get(key)
                    && wish.unwatched.insert(key.clone())
                {
                    self.queue.push(None, told::refused(id, &uri.to_string(), error));
                }
            }
        }
    }

    /// Gives up what nobody wishes any more.
    pub fn let_go(&self, access: &Access<'_>, failures: &mut Failures) -> Result<()> {
        let (whole, some): (Vec<Holding>, Vec<(Holding, BTreeSet<String>)>) = {
            let state = self.state();
            let wanted: HashSet<&str> = state.wanted_contacts().into_keys().collect();
            let groups: HashSet<&str> = state
                .wishes
                .values()
                .filter_map(|wish| match &wish.subject {
                    Subject::Group(group) => Some(group.as_str()),
                    _ => None,
                })
                .collect();
            let mut whole = Vec::new();
            let mut some = Vec::new();
            for holding in &state.holdings {
                let unwanted: BTreeSet<String> = holding.members.iter().filter(|key| !wanted.contains(key.as_str())).cloned().collect();
                match &holding.kind {
                    Kind::Group { named, .. } if !groups.contains(named.as_str()) => whole.push(holding.clone()),
                    Kind::Group { .. } => {}
                    Kind::List { .. } if unwanted.len() == holding.members.len() => whole.push(holding.clone()),
                    Kind::List { .. } if !unwanted.is_empty() => some.push((holding.clone(), unwanted)),
                    Kind::List { .. } => {}
                }
            }
            (whole, some)
        };
        let requests: Vec<Request> = whole.iter().map(|holding| Request::delete(holding.own.clone())).collect();
        for (holding, answer) in whole.iter().zip(access.send_all(&requests)) {
            match forgiving(answer.map(drop)) {
                Ok(()) => self.state().holdings.retain(|other| other.own != holding.own),
                failed => failures.note(Concern::Nobody, failed)?,
            }
        }
        for (holding, unwanted) in some {
            failures.note(Concern::Nobody, self.remove_members(access, &holding, &unwanted))?;
        }
        Ok(())
    }

    /// Takes contacts out of a subscription. Where the server does not let go of one, it is told of and ignored.
    fn remove_members(&self, access: &Access<'_>, holding: &Holding, unwanted: &BTreeSet<String>) -> Result<()> {
        let Kind::List { memberships: Some(list), .. } = &holding.kind else { return Ok(()) };
        let document = match access.get(list) {
            Ok(document) => document,
            Err(error) => return forgiving(Err(error)),
        };
        let resource = document.resource()?;
        let mut removals = Vec::new();
        {
            let state = self.state();
            resource.each_embedded("presenceSubscriptionMembership", |membership| {
                access.step()?;
                let contact = membership.link("contact").map(|href| access.resolve(href)).transpose()?;
                let key = contact.and_then(|url| state.places.get(&address_key(&url)));
                if let (Some(key), Some(own)) = (key.filter(|key| unwanted.contains(*key)), membership.link("self"))
                    && removals.len() < unwanted.len()
                {
                    removals.push((key.clone(), Request::delete(access.resolve(own)?)));
                }
                Ok(())
            })?;
        }
        let requests: Vec<Request> = removals.iter().map(|(_, request)| request.clone()).collect();
        for ((key, _), answer) in removals.iter().zip(access.send_all(&requests)) {
            forgiving(answer.map(drop))?;
            let mut state = self.state();
            state.holdings.iter_mut().filter(|other| other.own == holding.own).for_each(|other| {
                other.members.remove(key);
            });
        }
        Ok(())
    }
}

impl State {
    /// When the server's subscriptions want something next: to be extended, or to be made what they should be.
    pub fn subscriptions_due(&self) -> Option<Duration> {
        let ends = self.holdings.iter().map(|holding| holding.until).chain(self.lists_until);
        let extension = ends.map(|until| until.saturating_sub(MARGIN)).chain(self.refusals_end()).min();
        let due = if self.unsettled { Some(Duration::ZERO) } else { extension };
        due.map(|at| at.max(self.put_off.map_or(Duration::ZERO, |(until, _)| until)))
    }

    /// Leaves them alone for a while after a failure, and longer after the next one.
    pub fn put_off(&mut self) -> Duration {
        let wait = self.put_off.map_or(FIRST_WAIT, |(_, wait)| (wait * 2).min(super::LONGEST_WAIT));
        self.put_off = Some((clock::now() + wait, wait));
        wait
    }

    /// Notes a subscription that was made, unless another application took the place of that which made it.
    pub fn hold(&mut self, access: &Access<'_>, holding: Holding) {
        if self.is_of(access) {
            self.watched(&holding.members);
            self.holdings.push(holding);
        }
    }

    /// The server tells of these from now on; of what happened before it did not.
    fn watched(&mut self, members: &BTreeSet<String>) {
        for key in members {
            self.refused.remove(key);
            let anew = self.seen.contains_key(key) && !self.is_covered(key);
            for wish in self.wishes.values_mut().filter(|wish| wish.contacts.contains_key(key)) {
                wish.unwatched.remove(key);
                if anew {
                    self.stale.extend(wish.facets.iter().map(|facet| (*facet, key.clone())));
                }
            }
        }
    }

    /// Whether the server tells of a contact, as far as is known.
    pub fn is_covered(&self, key: &str) -> bool {
        self.holdings.iter().any(|holding| holding.members.contains(key))
    }

    pub fn drop_holding(&mut self, own: &Url) {
        self.holdings.retain(|holding| holding.own != *own);
        self.unsettled = true;
        // What happened since it was lost was not told.
        self.verify();
    }
}

impl Holding {
    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn is_of(&self, group: &str) -> bool {
        matches!(&self.kind, Kind::Group { named, .. } if named == group)
    }

    fn room_for(&self, count: usize, most: usize) -> Option<(Url, Url)> {
        match &self.kind {
            Kind::List { add: Some(add), .. } if self.members.len() + count <= most => Some((self.own.clone(), add.clone())),
            _ => None,
        }
    }

    /// Whether it was made or extended just now: the server says so, and means no end of it.
    pub fn is_fresh(&self) -> bool {
        clock::now() + minutes(MINUTES) < self.until + JUST_NOW
    }

    fn extension(&self) -> Request {
        match &self.kind {
            Kind::List { .. } => lasting(&self.own),
            Kind::Group { again, .. } => lasting(again),
        }
    }
}

/// Single contacts that were refused, one after the other.
#[derive(Default)]
struct Refusals {
    row: usize,
    last: Option<Error>,
}

impl Refusals {
    fn note(&mut self, error: Error) {
        self.row += 1;
        self.last = Some(error);
    }

    fn of_all(&self) -> Option<Error> {
        self.last.clone().filter(|_| self.row >= REFUSALS)
    }
}

pub(super) fn lasting(url: &Url) -> Request {
    Request::post_within_application(with_duration(url, MINUTES), None)
}

pub(super) fn with_duration(url: &Url, minutes: u64) -> Url {
    with_query(url.clone(), &[("duration".to_owned(), minutes.to_string())])
}

pub(super) fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

fn keys(uris: &[SipUri]) -> impl Iterator<Item = String> + '_ {
    uris.iter().map(|uri| uri.key().to_owned())
}

fn spelled(uris: &[SipUri]) -> Vec<String> {
    uris.iter().map(SipUri::to_string).collect()
}

/// Where a subscription lies that was just made.
pub(super) fn own_address(access: &Access<'_>, request: &Request, made: &crate::transport::Answer) -> Result<Url> {
    let resource = answer::resource(request, made);
    let own = resource.as_ref().ok().and_then(|resource: &Resource<'_>| resource.link("self")).or_else(|| made.header("location"));
    let none = || answer::with_answer(Error::protocol("the subscription has no address (neither self nor Location)"), request, made);
    access.resolve(own.ok_or_else(none)?)
}

/// Whether the server does not want what was asked, rather than being unable to do it now.
pub(super) fn is_refusal(error: &Error) -> bool {
    matches!(error.http_status(), Some(400 | 403 | 404 | 405 | 409 | 410 | 413)) && !error.details().application_gone
}

/// Whether something was not found, which servers say of everything in an application that is gone.
pub(super) fn is_missing(error: &Error) -> bool {
    matches!(error.http_status(), Some(404 | 410))
}

/// What is gone need not be removed, and what cannot be is no failure of the call.
fn forgiving(outcome: Result<()>) -> Result<()> {
    match outcome {
        Err(error) if matches!(error.http_status(), Some(403 | 404 | 405 | 410)) && !error.details().application_gone => {
            logging::debug!("a subscription cannot be given up: {error}");
            Ok(())
        }
        outcome => outcome,
    }
}
