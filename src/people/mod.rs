//! People: contacts, groups, search and presence, as UCWA's people resource offers them.

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
use crate::resource::navigation::{Document, Path};
use crate::resource::{Resource, Writer};
use crate::sip_uri::SipUri;
use book::{Book, Known};
use std::borrow::Cow;
use std::collections::HashSet;
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
        Ok(Writer::object(|w| {
            w.array("groups", found.entries(), |w, (rel, entry)| {
                w.text("rel", rel);
                match entry {
                    Ok((group, url)) => w.resource(&group, url),
                    Err(unread) => unread.write(w),
                }
            });
        }))
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
        let contacts = result.embedded("contact")?;
        let distribution_groups = result.embedded("distributionGroup")?;
        self.book(access).learn_contacts(&contacts);
        Ok(Writer::object(|w| {
            w.array("contacts", &contacts, |w, contact| w.resource(contact, &document.url));
            w.array("distributionGroups", &distribution_groups, |w, group| w.resource(group, &document.url));
            w.properties(&result, &[]);
        }))
    }

    fn contact_list(&self, access: &Access<'_>, document: Document) -> Result<String> {
        let list = self.read_contacts(access, document)?;
        let mut seen = HashSet::new();
        let mut is_new = |uri: Option<Cow<'_, str>>| uri.is_none_or(|uri| seen.insert(SipUri::key_of(&uri)));
        let contacts = list.entries().map(|(_, entry)| entry).filter(|entry| match entry {
            Ok((contact, _)) => is_new(contact.text("uri")),
            Err(unread) => is_new(unread.uri.as_deref().map(Cow::Borrowed)),
        });
        Ok(Writer::object(|w| {
            w.array("contacts", contacts, |w, entry| match entry {
                Ok((contact, url)) => w.resource(&contact, url),
                Err(unread) => unread.write(w),
            });
        }))
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
