//! What live presence needs of people: what of a contact can be told of, how it is read, and where contacts lie.

use super::People;
use super::address_cache::Known;
use super::contacts::GROUPS_AT_A_TIME;
use super::lists::{self, Visit};
use super::presences::Found;
use crate::application::Access;
use crate::error::{Error, Result, Status};
use crate::limits;
use crate::logging;
use crate::resource::navigation::{Document, Path};
use crate::resource::{Resource, Writer, address_key};
use crate::sip_uri::SipUri;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use url::Url;
use uuid::Uuid;

/// What of a contact can be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Facet {
    Presence,
    Note,
    Location,
    Contact,
}

impl Facet {
    pub const ALL: [Facet; 4] = [Facet::Presence, Facet::Note, Facet::Location, Facet::Contact];

    /// The name that callers know it by, in what they ask for and in what they are told.
    pub fn name(self) -> &'static str {
        match self {
            Facet::Presence => "presence",
            Facet::Note => "note",
            Facet::Location => "location",
            Facet::Contact => "contact",
        }
    }

    /// The relation of the resource.
    pub fn rel(self) -> &'static str {
        match self {
            Facet::Presence => "contactPresence",
            Facet::Note => "contactNote",
            Facet::Location => "contactLocation",
            Facet::Contact => "contact",
        }
    }

    /// The link of the contact that leads to it.
    pub fn link(self) -> &'static str {
        match self {
            Facet::Contact => "self",
            facet => facet.rel(),
        }
    }

    pub fn of_rel(rel: &str) -> Option<Facet> {
        Facet::ALL.into_iter().find(|facet| facet.rel() == rel)
    }
}

/// The state of one facet of one contact, as callers are told it.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub json: String,
    /// What of it counts: not the address, which every application has another of, nor until when it is fresh.
    lasting: String,
}

impl Value {
    fn of(facet: Facet, known: &Known, resource: &Resource<'_>, document: &Document) -> Result<Value> {
        let json = Writer::object(|w| match facet {
            Facet::Presence => super::write_presence_of(w, known, resource, document),
            _ => w.resource(resource, &document.url),
        });
        if json.len() > limits::VALUE {
            let text = format!("a watched contact's {} is longer than {} KiB, which is the limit", facet.name(), limits::VALUE >> 10);
            return Err(Error::protocol(text));
        }
        Ok(Value { json, lasting: lasting(resource) })
    }

    pub fn is_same_as(&self, other: &Value) -> bool {
        self.lasting == other.lasting
    }
}

/// A contact of a list.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub uri: String,
    pub json: String,
}

/// The contacts of a list, by what they are compared by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Members {
    pub read: BTreeMap<String, Entry>,
    /// Those that are there as well and cannot be read.
    unread: BTreeSet<String>,
}

impl Members {
    /// Takes over from a former reading those that cannot be read now.
    fn keep_unread(&mut self, before: &Members) {
        for key in &self.unread {
            if let (false, Some(entry)) = (self.read.contains_key(key), before.read.get(key)) {
                self.read.insert(key.clone(), entry.clone());
            }
        }
    }
}

/// A group with its members.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub json: String,
    lasting: String,
    pub members: Members,
}

impl Listed {
    /// Whether the group itself is as it was, whoever is in it.
    pub fn is_same_as(&self, other: &Listed) -> bool {
        self.lasting == other.lasting
    }
}

/// The contact list and its groups, these by their ids.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lists {
    pub contacts: Members,
    pub groups: BTreeMap<String, Listed>,
    /// Whether there are more that cannot be read.
    has_unread_groups: bool,
}

impl Lists {
    /// Takes over from a former reading what is there as well and cannot be read now: it has neither come nor gone.
    pub fn keep_unread(&mut self, before: &Lists) {
        self.contacts.keep_unread(&before.contacts);
        for (id, group) in &mut self.groups {
            if let Some(before) = before.groups.get(id) {
                group.members.keep_unread(&before.members);
            }
        }
        if self.has_unread_groups {
            for (id, group) in &before.groups {
                self.groups.entry(id.clone()).or_insert_with(|| group.clone());
            }
        }
    }
}

/// What of a resource stays the same from one application to the next, and from one reading to the next.
fn lasting(resource: &Resource<'_>) -> String {
    let fleeting = |name: &str| matches!(name, "expires" | "etag") || Uuid::parse_str(name).is_ok();
    let but: Vec<&str> = resource.properties.iter().map(|(name, _)| name.as_ref()).filter(|name| fleeting(name)).collect();
    Writer::object(|w| w.properties(resource, &but))
}

impl People {
    /// The keys by which events name these contacts, each in its place; `None` where nobody knows where the contact is.
    pub fn address_keys(&self, access: &Access<'_>, uris: &[SipUri]) -> Result<Vec<Option<String>>> {
        let mut keys = Vec::with_capacity(uris.len());
        for found in self.find_all(access, uris)? {
            keys.push(match found {
                Ok(known) => known.url(access, "self").and_then(Result::ok).as_ref().map(address_key),
                Err(_) => None,
            });
        }
        Ok(keys)
    }

    /// Reads contacts at their addresses and learns them: the URI of each in its place.
    pub fn meet(&self, access: &Access<'_>, urls: &[Url]) -> Vec<Result<String>> {
        let read = |document: Result<Document>| {
            let document = document?;
            let known = self.book(access).learn_contact(&document.resource()?);
            let none = || Error::protocol(format!("the contact at {} has no uri", document.url));
            known.map(|(_, known)| known.uri.to_string()).ok_or_else(none)
        };
        let mut all: Vec<Result<String>> = urls.iter().map(|_| Err(access.call.timed_out())).collect();
        access.get_each(urls, &mut |at, document| all[at] = read(document));
        all
    }

    /// The URI of a contact in the server's spelling, where it is known.
    pub fn spelling(&self, access: &Access<'_>, key: &str) -> Option<String> {
        self.book(access).known(key).map(|known| known.uri.to_string())
    }

    /// Reads one facet of contacts; the answers are in the order asked.
    pub fn values(&self, access: &Access<'_>, uris: &[SipUri], facet: Facet) -> Result<Vec<Result<Value>>> {
        let make = |_: usize, known: &Known, document: &Document| Value::of(facet, known, &document.resource()?, document);
        let found = self.read_of_contacts(access, uris, &[facet.link()], &make)?;
        let value = |found: Result<Found<Value>>| found?.parts.into_iter().next().unwrap_or_else(|| Err(access.call.timed_out()));
        Ok(found.into_iter().map(value).collect())
    }

    /// The same of a resource that an event brought along; `None` of a contact that was never met.
    pub fn value_of(&self, access: &Access<'_>, key: &str, facet: Facet, resource: &RawValue) -> Result<Option<Value>> {
        let Some(known) = self.book(access).known(key) else { return Ok(None) };
        let document = Document::new(resource.get().to_owned(), access.session.document.url.clone());
        let parsed = document.resource()?;
        Value::of(facet, &known, &parsed, &document).map(Some)
    }

    /// What a group is found by again, whatever it is called then: its id, or its name where it has none.
    pub fn group_id_or_name(&self, access: &Access<'_>, group: &str) -> Result<String> {
        let known = self.find_group(access, group)?;
        Ok(known.id.clone().unwrap_or_else(|| group.to_owned()))
    }

    /// The URIs of a group's members, as they are now.
    pub fn member_uris(&self, access: &Access<'_>, group: &str) -> Result<Vec<String>> {
        self.with_members_link(access, group, |href| {
            let list = access.get(&access.resolve(href)?)?;
            let members = self.learn_members(access, href, list)?;
            // Who cannot be read now may be known next time.
            if let Some(unread) = members.iter().filter_map(|member| member.as_ref().err()).find(|unread| may_pass(&unread.error)) {
                return Err(unread.error.clone());
            }
            Ok(members.into_iter().flatten().map(|known| known.uri.to_string()).collect())
        })
    }

    /// Where the presence of a group's members is subscribed to, where the server offers that.
    pub fn group_subscription(&self, access: &Access<'_>, group: &str) -> Result<Option<Url>> {
        let known = self.find_group(access, group)?;
        known.link("subscribeToGroupPresence").map(|href| access.resolve(&href)).transpose()
    }

    /// Forgets what was read of the contact list and the groups: they have changed.
    pub fn lists_changed(&self, access: &Access<'_>) {
        let mut book = self.book(access);
        book.lists_changed();
        book.forget_groups();
    }

    /// Reads the contact list and all groups with their members.
    pub fn lists(&self, access: &Access<'_>) -> Result<Lists> {
        let own = access.navigate(&Path::parse("people/myContacts")?)?;
        let contacts = self.members_in(access, &own)?;
        drop(own);
        let groups = self.read_groups(access)?;
        let mut has_unread_groups = false;
        let mut addresses = Vec::new();
        for (_, entry) in groups.entries() {
            let (group, _) = match entry {
                Ok(group) => group,
                Err(unread) if may_pass(&unread.error) => return Err(unread.error),
                Err(_) => {
                    has_unread_groups = true;
                    continue;
                }
            };
            addresses.push(group.link("groupContacts").map(|href| access.resolve(href)).transpose()?);
        }
        let urls: Vec<Url> = addresses.iter().flatten().cloned().collect();
        let mut lists: Vec<Result<Members>> = Vec::with_capacity(urls.len());
        for some in urls.chunks(GROUPS_AT_A_TIME) {
            lists.extend(access.get_all(some).into_iter().map(|list| self.members_in(access, &list?)));
        }
        let mut lists = lists.into_iter();
        let mut listed = BTreeMap::new();
        let readable = groups.entries().filter_map(|(rel, entry)| entry.ok().map(|(group, url)| (rel, group, url)));
        for ((rel, group, url), address) in readable.zip(addresses) {
            let id = group.text("id").map_or_else(|| rel.to_owned(), |id| id.into_owned());
            let json = Writer::object(|w| {
                w.text("rel", rel);
                w.resource(&group, url);
            });
            let members = match address.and_then(|_| lists.next()) {
                None => Members::default(),
                Some(Ok(members)) => members,
                // What the user may not see has no members; whatever else is wrong may pass.
                Some(Err(error)) if matches!(error.status(), Status::Forbidden | Status::NotFound) && !error.details().application_gone => {
                    logging::warn!("a group cannot be read: {error}");
                    Members::default()
                }
                Some(Err(error)) => return Err(error),
            };
            listed.insert(id, Listed { json, lasting: lasting(&group), members });
        }
        Ok(Lists { contacts, groups: listed, has_unread_groups })
    }

    fn members_in(&self, access: &Access<'_>, list: &Document) -> Result<Members> {
        let mut found = Members::default();
        let mut length = 0;
        let make = |entry: lists::Entry<'_>| match entry {
            Ok((contact, url)) => {
                let json = || Writer::object(|w| w.resource(&contact, url));
                let known = self.book(access).learn_contact(&contact);
                Ok(Ok(known.map(|(key, known)| (key, Entry { uri: known.uri.to_string(), json: json() }))))
            }
            Err(unread) if may_pass(&unread.error) => Err(unread.error),
            Err(unread) => Ok(Err(unread.uri.map(|uri| SipUri::key_of(&uri)))),
        };
        let take = |one| {
            match one {
                Ok(Some((key, entry))) => {
                    let entry: Entry = entry;
                    length += entry.json.len();
                    found.read.insert(key, entry);
                }
                Ok(None) => {}
                Err(unread) => found.unread.extend(unread),
            }
            if length > limits::RESULT || found.read.len() > limits::CONTACTS {
                let text = format!(
                    "a list that is watched has more than {} contacts or {} MiB, which is the limit",
                    limits::CONTACTS,
                    limits::RESULT >> 20
                );
                return Err(Error::protocol(text));
            }
            Ok(())
        };
        self.each_contact(access, list, Visit { make, take })?;
        Ok(found)
    }
}

/// Whether a list is better read again later: it is not the contact that the failure is about.
fn may_pass(error: &Error) -> bool {
    matches!(error.status(), Status::Network | Status::Timeout | Status::Tls | Status::Throttled)
}
