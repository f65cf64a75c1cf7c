//! People: contacts, groups, search and presence, as UCWA's people resource offers them.

mod address_cache;
mod book;
mod contacts;
mod editing;
mod groups;
mod lists;
mod photos;
mod presences;
mod watch;

pub use photos::Photo;
pub(crate) use photos::{Album, check_size};
pub(crate) use presences::Wanted;
pub(crate) use watch::{Facet, Lists, Members, Value};

use crate::application::Access;
use crate::error::{Error, Result, Status};
use crate::limits;
use crate::resource::navigation::{Document, Path};
use crate::resource::{Resource, Writer};
use crate::sip_uri::SipUri;
use address_cache::Known;
use book::Book;
use lists::{Entry, Visit};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};
use url::{Position, Url};

/// What is remembered of people: addresses, never values.
#[derive(Default)]
pub(crate) struct People {
    book: Mutex<Book>,
    album: Album,
}

impl People {
    /// The presence of one contact.
    pub fn presence(&self, access: &Access<'_>, contact: &str) -> Result<String> {
        self.read_of_contact(access, contact, "contactPresence", |known, document| {
            let presence = document.resource()?;
            Ok(Writer::object(|w| write_presence_of(w, known, &presence, document)))
        })
    }

    /// What a link of one contact leads to (contactNote, contactLocation, …): its properties, with `uri` and `href`.
    pub fn facet(&self, access: &Access<'_>, contact: &str, rel: &str) -> Result<String> {
        self.read_of_contact(access, contact, rel, |known, document| {
            let facet = document.resource()?;
            Ok(Writer::object(|w| {
                w.text("uri", &known.uri);
                w.properties(&facet, &["uri"]);
                w.text("href", own_address(&facet, document).as_str());
            }))
        })
    }

    /// The photo of a contact. Many have none, which servers tell with 404 as well: the contact is not sought anew for it.
    pub fn photo(&self, access: &Access<'_>, contact: &str, size: Option<&str>) -> Result<Photo> {
        let (_, url) = self.link_of_contact(access, &SipUri::parse(contact)?, "contactPhoto")?;
        self.album.read(access, url, size)
    }

    pub fn album(&self) -> &Album {
        &self.album
    }

    /// Everything that the server tells of one contact.
    pub fn contact(&self, access: &Access<'_>, contact: &str) -> Result<String> {
        self.read_of_contact(access, contact, "self", |_, document| {
            let contact = document.resource()?;
            Ok(Writer::object(|w| w.resource(&contact, &document.url)))
        })
    }

    /// The contact list.
    pub fn contacts(&self, access: &Access<'_>) -> Result<String> {
        let document = access.navigate(&Path::parse("people/myContacts")?)?;
        self.contact_list(access, document)
    }

    /// The groups of the contact list.
    pub fn groups(&self, access: &Access<'_>) -> Result<String> {
        let found = self.read_groups(access)?;
        Writer::try_object(|w| {
            w.try_array("groups", |items| {
                found.entries().try_for_each(|(rel, entry)| {
                    items.add(|w| {
                        w.text("rel", rel);
                        match entry {
                            Ok((group, url)) => w.resource(&group, url),
                            Err(unread) => unread.write(w),
                        }
                    })
                })
            })
        })
    }

    /// The members of a group.
    pub fn group_contacts(&self, access: &Access<'_>, group: &str) -> Result<String> {
        let document = self.read_members(access, group)?;
        self.contact_list(access, document)
    }

    /// The people and distribution groups that a query fits; `limit` 0 is the server's default.
    pub fn search(&self, access: &Access<'_>, query: &str, limit: u32) -> Result<String> {
        const LONGEST_QUERY: usize = 256;
        if query.chars().count() > LONGEST_QUERY {
            return Err(Error::argument(format!("the query has more than {LONGEST_QUERY} characters")));
        }
        if limit > 100 {
            return Err(Error::argument(format!("the limit is {limit}; allowed are 1 to 100, and 0 for the server's default")));
        }
        let document = self.search_for(access, query, limit)?;
        let result = document.resource()?;
        Writer::try_object(|w| {
            w.try_array("contacts", |items| {
                result.each_embedded("contact", |contact| {
                    access.step()?;
                    drop(self.book(access).learn_contact(&contact));
                    items.add(|w| w.resource(&contact, &document.url))
                })
            })?;
            w.try_array("distributionGroups", |items| {
                result.each_embedded("distributionGroup", |group| {
                    access.step()?;
                    items.add(|w| w.resource(&group, &document.url))
                })
            })?;
            w.properties(&result, &[]);
            Ok(())
        })
    }

    fn contact_list(&self, access: &Access<'_>, document: Document) -> Result<String> {
        // By its hash: that two of a million contacts have the same one happens once in thirty million lists.
        let hashes = RandomState::new();
        let hash = |uri: &str| hashes.hash_one(SipUri::key_of(uri));
        let waiting = Cell::new(0);
        let make = |entry: Entry<'_>| {
            let contact = match entry {
                Ok((contact, url)) => {
                    drop(self.book(access).learn_contact(&contact));
                    (contact.text("uri").map(|uri| hash(&uri)), Writer::object(|w| w.resource(&contact, url)))
                }
                Err(unread) => (unread.uri.as_deref().map(hash), Writer::object(|w| unread.write(w))),
            };
            waiting.set(waiting.get() + contact.1.len());
            if waiting.get() > limits::RESULT { Err(Error::protocol(limits::result_too_long())) } else { Ok(contact) }
        };
        let mut seen = HashSet::new();
        Writer::try_object(|w| {
            w.try_array("contacts", |items| {
                let take = |(hash, json): (Option<u64>, String)| {
                    waiting.set(waiting.get() - json.len());
                    if hash.is_none_or(|hash| seen.insert(hash)) { items.add_json(&json) } else { Ok(()) }
                };
                self.each_contact(access, &document, Visit { make, take })
            })
        })
    }

    /// The book of this session; addresses of an application that is gone are forgotten.
    fn book(&self, access: &Access<'_>) -> MutexGuard<'_, Book> {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.enter(access.session.generation);
        book
    }
}

fn write_presence_of(w: &mut Writer, known: &Known, presence: &Resource<'_>, document: &Document) {
    w.text("uri", &known.uri);
    if let Some(name) = &known.name {
        w.text("name", name);
    }
    w.properties(presence, &["uri", "name"]);
    w.text("href", own_address(presence, document).as_str());
}

/// Where a resource says that it lies: most often where it was read.
fn own_address<'a>(resource: &Resource<'_>, document: &'a Document) -> Cow<'a, Url> {
    let read_at = &document.url;
    match resource.link("self") {
        Some(href) if href != &read_at[Position::BeforePath..] => read_at.join(href).map_or(Cow::Borrowed(read_at), Cow::Owned),
        _ => Cow::Borrowed(read_at),
    }
}

/// Whether a failure is none of one contact's, list's or group's: nothing more can be read in this call.
fn ends_the_call(error: &Error) -> bool {
    error.details().application_gone
        || matches!(error.status(), Status::Cancelled | Status::Forked | Status::AuthenticationFailed | Status::SignInElsewhere)
}
