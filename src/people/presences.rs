//! The presence of many: in the order asked for, each contact's failure in its own place, in as few round trips as the
//! server allows.

use super::address_cache::Known;
use super::lists::Unread;
use super::watch::Facet;
use super::{People, ends_the_call};
use crate::application::Access;
use crate::error::{Error, Result, Status};
use crate::limits;
use crate::resource::navigation::Document;
use crate::resource::{Items, Writer};
use crate::sip_uri::SipUri;
use serde_json::Value;
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;
use url::Url;

/// What can come along with presence.
const INCLUDABLE: [Facet; 3] = [Facet::Note, Facet::Location, Facet::Contact];

/// Whose presence is asked for, and what with it.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// As the caller wrote them.
    pub contacts: Vec<String>,
    pub include: Vec<Facet>,
}

impl Wanted {
    /// Reads `["sip:…",…]` or `{"contacts":["sip:…",…],"include":["note","location","contact"]}`.
    pub fn parse(json: &str) -> Result<Wanted> {
        let wrong = |why: String| {
            Error::argument(format!(
                "the contacts: {why}; they are a JSON array, or {{\"contacts\":[…],\"include\":[\"note\",\"location\",\"contact\"]}}"
            ))
        };
        if !limits::is_plausible_argument(json) {
            return Err(wrong(limits::too_many_contacts()));
        }
        let value: Value = serde_json::from_str(json).map_err(|error| wrong(format!("no JSON ({error})")))?;
        let (contacts, include) = match value {
            Value::Array(contacts) => (contacts, Vec::new()),
            Value::Object(mut members) => {
                let mut array = |name: &str| match members.remove(name) {
                    Some(Value::Array(items)) => Ok(Some(items)),
                    None => Ok(None),
                    Some(_) => Err(wrong(format!("\"{name}\" is no array"))),
                };
                let (contacts, include) = (array("contacts")?, array("include")?.unwrap_or_default());
                if let Some(unknown) = members.keys().next() {
                    return Err(wrong(format!("there is no member \"{}\"", crate::error::excerpt_of_argument(unknown))));
                }
                (contacts.ok_or_else(|| wrong("\"contacts\" is missing".to_owned()))?, include)
            }
            _ => return Err(wrong("neither an array nor an object".to_owned())),
        };
        if contacts.len() > limits::CONTACTS {
            return Err(wrong(limits::too_many_contacts()));
        }
        let text = |(index, item)| match item {
            Value::String(text) => Ok(text),
            _ => Err(wrong(format!("element {index} of the contacts is no string"))),
        };
        let known = |item: Value| {
            INCLUDABLE.into_iter().find(|facet| item == facet.name()).ok_or_else(|| wrong(format!("{item} cannot be included")))
        };
        let mut facets = Vec::new();
        for item in include {
            let facet = known(item)?;
            if !facets.contains(&facet) {
                facets.push(facet);
            }
        }
        Ok(Wanted { contacts: contacts.into_iter().enumerate().map(text).collect::<Result<_>>()?, include: facets })
    }
}

/// What was read of one contact and made of it: of its presence, then of what was to be included.
pub(super) struct Found<T> {
    pub known: Arc<Known>,
    pub parts: Vec<Result<T>>,
}

/// Makes something of what was read of a contact, of which that link led to it by its number.
type Make<'m, T> = dyn Fn(usize, &Known, &Document) -> Result<T> + 'm;

/// Writes what was read of contacts as long as there is room for it.
struct Room {
    left: Cell<usize>,
}

impl Room {
    fn new() -> Room {
        Room { left: Cell::new(limits::RESULT) }
    }

    fn write(&self, number: usize, known: &Known, document: &Document) -> Result<String> {
        let resource = document.resource()?;
        let json = Writer::object(|w| match number {
            0 => super::write_presence_of(w, known, &resource, document),
            _ => w.resource(&resource, &document.url),
        });
        let left = self.left.get().checked_sub(json.len()).ok_or_else(|| Error::protocol(limits::result_too_long()))?;
        self.left.set(left);
        Ok(json)
    }
}

impl People {
    /// The presence of the contacts asked for.
    pub fn presences(&self, access: &Access<'_>, wanted: &Wanted) -> Result<String> {
        let mut unique: Vec<SipUri> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut order: Vec<Result<usize>> = Vec::with_capacity(wanted.contacts.len());
        for contact in &wanted.contacts {
            order.push(SipUri::parse(contact).map(|uri| {
                *places.entry(uri.key().to_owned()).or_insert_with(|| {
                    unique.push(uri);
                    unique.len() - 1
                })
            }));
        }
        let rels: Vec<&str> = std::iter::once("contactPresence").chain(wanted.include.iter().map(|facet| facet.link())).collect();
        let room = Room::new();
        let found = self.read_of_contacts(access, &unique, &rels, &|number, known, document| room.write(number, known, document))?;
        fail_as_a_whole(access, found.iter().map(|one| one.as_ref().map_or_else(Some, Found::failure)))?;
        Writer::try_object(|w| {
            w.try_array("presences", |items| {
                order.iter().zip(&wanted.contacts).try_for_each(|(place, contact)| {
                    access.step()?;
                    match place {
                        Ok(place) => add_presence(items, contact, found[*place].as_ref(), &wanted.include),
                        Err(error) => items.add(|w| write_failure(w, contact, error)),
                    }
                })
            })
        })
    }

    /// The presence of a group's members. The list of members is read together with the presence of those who were
    /// members before.
    pub fn group_presence(&self, access: &Access<'_>, group: &str) -> Result<String> {
        let found = self.with_members_link(access, group, |href| self.read_group(access, href))?;
        fail_as_a_whole(access, found.iter().map(|one| one.as_ref().map_or_else(|unread| Some(&unread.error), Found::failure)))?;
        Writer::try_object(|w| {
            w.try_array("presences", |items| {
                found.iter().try_for_each(|one| {
                    access.step()?;
                    match one {
                        Ok(found) => add_presence(items, &found.known.uri, Ok(found), &[]),
                        Err(unread) => items.add(|w| unread.write(w)),
                    }
                })
            })
        })
    }

    fn read_group(&self, access: &Access<'_>, members_href: &str) -> Result<Vec<std::result::Result<Found<String>, Unread>>> {
        let room = Room::new();
        let list_url = access.resolve(members_href)?;
        let before = self.book(access).members(members_href);
        let mut urls = vec![list_url];
        let mut whose = Vec::new();
        for known in &before {
            if let Some(Ok(url)) = known.url(access, "contactPresence") {
                whose.push(known);
                urls.push(url);
            }
        }
        let mut list = Err(access.call.timed_out());
        let mut early: HashMap<String, Result<String>> = HashMap::new();
        access.get_each(&urls, &mut |at, document| match at.checked_sub(1) {
            None => list = document,
            Some(at) => {
                let made = document.and_then(|document| room.write(0, whose[at], &document));
                early.insert(whose[at].key(), made);
            }
        });
        let members = self.learn_members(access, members_href, list?)?;

        let mut settled: Vec<Option<Result<String>>> = Vec::with_capacity(members.len());
        let mut late = Vec::new();
        for known in members.iter().flatten() {
            // The list has just told where everybody is: what was not found there before is read there now.
            let answer = early.remove(&known.key()).filter(|answer| !is_not_found(answer));
            if answer.is_none() {
                late.push(Arc::clone(known));
            }
            settled.push(answer);
        }
        let write = |number: usize, known: &Known, document: &Document| room.write(number, known, document);
        let mut read_late = self.read_facets(access, &late, &["contactPresence"], &write)?.into_iter();
        let mut settled = settled.into_iter();
        let mut all = Vec::with_capacity(members.len());
        for member in members {
            all.push(match member {
                Ok(known) => {
                    let read = settled.next().flatten().or_else(|| read_late.next().and_then(|mut parts| parts.pop()));
                    let part = gone_is_for_all(read.unwrap_or_else(|| Err(access.call.timed_out())))?;
                    Ok(Found { known, parts: vec![part] })
                }
                Err(unread) => Err(unread),
            });
        }
        Ok(all)
    }

    /// Finds contacts and reads, of each, what these links lead to. What is not where it was is resolved anew, once.
    pub(super) fn read_of_contacts<T>(
        &self,
        access: &Access<'_>,
        uris: &[SipUri],
        rels: &[&str],
        make: &Make<'_, T>,
    ) -> Result<Vec<Result<Found<T>>>> {
        let remembered: Vec<bool> = {
            let mut book = self.book(access);
            uris.iter().map(|uri| book.contact(uri).is_some()).collect()
        };
        let mut found = self.attempt(access, uris, rels, make)?;
        let moved: Vec<usize> = (0..uris.len())
            .filter(|at| remembered[*at] && matches!(&found[*at], Ok(found) if found.parts.iter().any(is_not_found)))
            .collect();
        if !moved.is_empty() {
            let again: Vec<SipUri> = moved.iter().map(|at| uris[*at].clone()).collect();
            again.iter().for_each(|uri| self.book(access).forget_contact(uri));
            for (at, anew) in moved.into_iter().zip(self.attempt(access, &again, rels, make)?) {
                found[at] = anew;
            }
        }
        Ok(found)
    }

    fn attempt<T>(&self, access: &Access<'_>, uris: &[SipUri], rels: &[&str], make: &Make<'_, T>) -> Result<Vec<Result<Found<T>>>> {
        let resolved = self.find_all(access, uris)?;
        let present: Vec<Arc<Known>> = resolved.iter().filter_map(|known| known.as_ref().ok().cloned()).collect();
        let mut parts = self.read_facets(access, &present, rels, make)?.into_iter();
        Ok(resolved.into_iter().map(|known| known.map(|known| Found { known, parts: parts.next().unwrap_or_default() })).collect())
    }

    /// What is made of what these links of these contacts lead to, contact by contact.
    fn read_facets<T>(
        &self,
        access: &Access<'_>,
        contacts: &[Arc<Known>],
        rels: &[&str],
        make: &Make<'_, T>,
    ) -> Result<Vec<Vec<Result<T>>>> {
        let contacts = self.with_links(access, contacts, rels)?;
        let mut urls: Vec<Url> = Vec::with_capacity(contacts.len() * rels.len());
        let mut places = Vec::with_capacity(contacts.len() * rels.len());
        let mut all: Vec<Option<Result<T>>> = Vec::with_capacity(contacts.len() * rels.len());
        for known in &contacts {
            for rel in rels {
                all.push(match known.url(access, rel).unwrap_or_else(|| Err(super::contacts::no_link(known, rel))) {
                    Ok(url) => {
                        places.push(all.len());
                        urls.push(url);
                        None
                    }
                    Err(error) => Some(Err(error)),
                });
            }
        }
        let mut ended = None;
        access.get_each(&urls, &mut |at, document| match gone_is_for_all(document) {
            Ok(document) => {
                let place = places[at];
                let known = &contacts[place / rels.len()];
                all[place] = Some(document.and_then(|document| make(place % rels.len(), known, &document)));
            }
            Err(error) => ended = Some(error),
        });
        if let Some(error) = ended {
            return Err(error);
        }
        let mut all = all.into_iter().map(|one| one.unwrap_or_else(|| Err(access.call.timed_out())));
        Ok(contacts.iter().map(|_| all.by_ref().take(rels.len()).collect()).collect())
    }
}

/// An application that is gone, or a cancelled one, is not one contact's failure.
fn gone_is_for_all<T>(read: Result<T>) -> Result<Result<T>> {
    match read {
        Err(error) if error.details().application_gone || error.status() == Status::Cancelled => Err(error),
        read => Ok(read),
    }
}

fn is_not_found<T>(read: &Result<T>) -> bool {
    matches!(read, Err(error) if error.http_status() == Some(404))
}

/// Where not a single one could be read, for a reason that is no contact's own, the call as a whole has failed: the user is
/// not let in, or no request got an HTTP answer.
fn fail_as_a_whole<'e>(access: &Access<'_>, failures: impl Iterator<Item = Option<&'e Error>>) -> Result<()> {
    let mut first = None;
    for failure in failures {
        let Some(error) = failure else { return Ok(()) };
        let is_unreachable = || matches!(error.status(), Status::Network | Status::Tls | Status::Conflict | Status::Internal);
        if !ends_the_call(error) && (access.was_answered() || !is_unreachable()) {
            return Ok(());
        }
        first.get_or_insert(error);
    }
    first.map_or(Ok(()), |error| Err(error.clone()))
}

impl<T> Found<T> {
    /// Why the first that was to be read could not be.
    fn failure(&self) -> Option<&Error> {
        self.parts.first().and_then(|part| part.as_ref().err())
    }
}

fn add_presence(items: &mut Items<'_>, asked: &str, found: std::result::Result<&Found<String>, &Error>, include: &[Facet]) -> Result<()> {
    let parts = match found {
        Ok(found) => &found.parts,
        Err(error) => return items.add(|w| write_failure(w, asked, error)),
    };
    let presence = match &parts[0] {
        // A contact that is asked for many times may have no room each time.
        Ok(_) if parts.iter().flatten().map(String::len).sum::<usize>() > items.room() => {
            return items.add(|w| write_failure(w, asked, &Error::protocol(limits::result_too_long())));
        }
        Ok(presence) => presence,
        Err(error) => return items.add(|w| write_failure(w, asked, error)),
    };
    if include.is_empty() {
        return items.add_json(presence);
    }
    items.add(|w| {
        w.members_of(presence);
        for (facet, included) in include.iter().zip(&parts[1..]) {
            match included {
                Ok(json) => w.raw(facet.name(), json),
                Err(error) => w.object_member(facet.name(), |w| w.error("error", error)),
            }
        }
    })
}

fn write_failure(w: &mut Writer, asked: &str, error: &Error) {
    w.text("uri", asked);
    w.error("error", error);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted() {
        let wanted = Wanted::parse(r#"{"contacts":["a@b"],"include":["note","contact"]}"#).unwrap();
        assert_eq!((wanted.contacts.len(), wanted.include), (1, vec![Facet::Note, Facet::Contact]));
        assert_eq!(Wanted::parse("[]").unwrap().contacts.len(), 0);
        let twice = Wanted::parse(r#"{"contacts":[],"include":["note","contact","note"]}"#).unwrap();
        assert_eq!(twice.include, vec![Facet::Note, Facet::Contact], "a member of the answer has one name");
        for (bad, why) in [
            ("", "no JSON"),
            ("1", "neither"),
            ("[\"a@b\",2]", "element 1"),
            ("{}", "missing"),
            ("{\"contacts\":1}", "no array"),
            ("{\"contacts\":[],\"x\":1}", "no member \"x\""),
            ("{\"contacts\":[],\"include\":[\"photo\"]}", "\"photo\" cannot"),
        ] {
            let error = Wanted::parse(bad).expect_err(bad);
            assert!(error.message().contains(why), "{}", error.message());
        }
    }
}
