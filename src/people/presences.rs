//! The presence of many: in the order asked for, each contact's failure in its own place, in as few round trips as the
//! server allows.

use super::book::Known;
use super::lists::Unread;
use super::watch::Facet;
use super::{People, ends_the_call};
use crate::application::Access;
use crate::error::{Error, Result, Status};
use crate::limits;
use crate::resource::Writer;
use crate::resource::navigation::Document;
use crate::sip_uri::SipUri;
use serde_json::Value;
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

/// What was read of one contact: its presence, then what was to be included.
pub(super) struct Found {
    pub known: Arc<Known>,
    pub documents: Vec<Result<Document>>,
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
        let found = self.read_of_contacts(access, &unique, &rels)?;
        fail_as_a_whole(access, found.iter().map(|one| one.as_ref().map_or_else(Some, Found::failure)))?;
        Ok(Writer::object(|w| {
            w.array("presences", order.iter().zip(&wanted.contacts), |w, (place, contact)| match place {
                Ok(place) => write_presence(w, contact, found[*place].as_ref(), &wanted.include),
                Err(error) => write_failure(w, contact, error),
            });
        }))
    }

    /// The presence of a group's members. The list of members is read together with the presence of those who were
    /// members before.
    pub fn group_presence(&self, access: &Access<'_>, group: &str) -> Result<String> {
        let found = self.with_members_link(access, group, |href| self.read_group(access, href))?;
        fail_as_a_whole(access, found.iter().map(|one| one.as_ref().map_or_else(|unread| Some(&unread.error), Found::failure)))?;
        Ok(Writer::object(|w| {
            w.array("presences", &found, |w, one| match one {
                Ok(found) => write_presence(w, &found.known.uri, Ok(found), &[]),
                Err(unread) => unread.write(w),
            });
        }))
    }

    fn read_group(&self, access: &Access<'_>, members_href: &str) -> Result<Vec<std::result::Result<Found, Unread>>> {
        let list_url = access.resolve(members_href)?;
        let before = self.book(access).members(members_href);
        let mut urls = vec![list_url];
        let mut early: HashMap<String, usize> = HashMap::new();
        for known in &before {
            if let Some(Ok(url)) = known.url(access, "contactPresence") {
                early.insert(SipUri::key_of(&known.uri), urls.len());
                urls.push(url);
            }
        }
        let mut answers = access.get_all(&urls);
        let list = answers.remove(0)?;
        let members = self.learn_members(access, members_href, list)?;

        let mut settled: Vec<Option<Result<Document>>> = Vec::with_capacity(members.len());
        let mut late = Vec::new();
        for known in members.iter().flatten() {
            let answer = early
                .get(&SipUri::key_of(&known.uri))
                .map(|place| std::mem::replace(&mut answers[place - 1], Err(access.call.timed_out())));
            // The list has just told where everybody is: what was not found there before is read there now.
            let answer = answer.filter(|answer| !is_not_found(answer));
            if answer.is_none() {
                late.push(Arc::clone(known));
            }
            settled.push(answer);
        }
        let mut read_late = self.read_facets(access, &late, &["contactPresence"])?.into_iter();
        let mut settled = settled.into_iter();
        let mut all = Vec::with_capacity(members.len());
        for member in members {
            all.push(match member {
                Ok(known) => {
                    let read = settled.next().flatten().or_else(|| read_late.next().and_then(|mut documents| documents.pop()));
                    let document = gone_is_for_all(read.unwrap_or_else(|| Err(access.call.timed_out())))?;
                    Ok(Found { known, documents: vec![document] })
                }
                Err(unread) => Err(unread),
            });
        }
        Ok(all)
    }

    /// Finds contacts and reads, of each, what these links lead to. What is not where it was is resolved anew, once.
    pub(super) fn read_of_contacts(&self, access: &Access<'_>, uris: &[SipUri], rels: &[&str]) -> Result<Vec<Result<Found>>> {
        let remembered: Vec<bool> = {
            let book = self.book(access);
            uris.iter().map(|uri| book.contact(uri).is_some()).collect()
        };
        let mut found = self.attempt(access, uris, rels)?;
        let moved: Vec<usize> = (0..uris.len())
            .filter(|at| remembered[*at] && matches!(&found[*at], Ok(found) if found.documents.iter().any(is_not_found)))
            .collect();
        if !moved.is_empty() {
            let again: Vec<SipUri> = moved.iter().map(|at| uris[*at].clone()).collect();
            again.iter().for_each(|uri| self.book(access).forget_contact(uri));
            for (at, anew) in moved.into_iter().zip(self.attempt(access, &again, rels)?) {
                found[at] = anew;
            }
        }
        Ok(found)
    }

    fn attempt(&self, access: &Access<'_>, uris: &[SipUri], rels: &[&str]) -> Result<Vec<Result<Found>>> {
        let resolved = self.find_all(access, uris)?;
        let present: Vec<Arc<Known>> = resolved.iter().filter_map(|known| known.as_ref().ok().cloned()).collect();
        let mut documents = self.read_facets(access, &present, rels)?.into_iter();
        Ok(resolved.into_iter().map(|known| known.map(|known| Found { known, documents: documents.next().unwrap_or_default() })).collect())
    }

    /// What these links of these contacts lead to, contact by contact.
    fn read_facets(&self, access: &Access<'_>, contacts: &[Arc<Known>], rels: &[&str]) -> Result<Vec<Vec<Result<Document>>>> {
        let contacts = self.with_links(access, contacts, rels)?;
        let mut urls: Vec<Url> = Vec::with_capacity(contacts.len() * rels.len());
        let mut plan = Vec::with_capacity(contacts.len() * rels.len());
        for known in &contacts {
            for rel in rels {
                let url = known.url(access, rel).unwrap_or_else(|| Err(super::contacts::no_link(known, rel)));
                plan.push(url.map(|url| urls.push(url)));
            }
        }
        let mut answers = access.get_all(&urls).into_iter();
        let mut all = Vec::with_capacity(contacts.len());
        for of_contact in plan.chunks(rels.len()) {
            let mut documents = Vec::with_capacity(rels.len());
            for planned in of_contact {
                documents.push(match planned {
                    Ok(()) => gone_is_for_all(answers.next().unwrap_or_else(|| Err(access.call.timed_out())))?,
                    Err(error) => Err(error.clone()),
                });
            }
            all.push(documents);
        }
        Ok(all)
    }
}

/// An application that is gone, or a cancelled one, is not one contact's failure.
fn gone_is_for_all(document: Result<Document>) -> Result<Result<Document>> {
    match document {
        Err(error) if error.details().application_gone || error.status() == Status::Cancelled => Err(error),
        document => Ok(document),
    }
}

fn is_not_found(document: &Result<Document>) -> bool {
    matches!(document, Err(error) if error.http_status() == Some(404))
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

impl Found {
    /// Why the first that was to be read could not be.
    fn failure(&self) -> Option<&Error> {
        self.documents.first().and_then(|document| document.as_ref().err())
    }
}

fn write_presence(w: &mut Writer, asked: &str, found: std::result::Result<&Found, &Error>, include: &[Facet]) {
    let found = match found {
        Ok(found) => found,
        Err(error) => return write_failure(w, asked, error),
    };
    let parsed = found.documents[0].as_ref().map_err(Clone::clone).and_then(|document| Ok((document, document.resource()?)));
    let (document, presence) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return write_failure(w, asked, &error),
    };
    super::write_presence_of(w, &found.known, &presence, document);
    for (facet, included) in include.iter().zip(&found.documents[1..]) {
        w.object_member(facet.name(), |w| {
            match included.as_ref().map_err(Clone::clone).and_then(|document| Ok((document, document.resource()?))) {
                Ok((document, resource)) => w.resource(&resource, &document.url),
                Err(error) => w.error("error", &error),
            }
        });
    }
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
