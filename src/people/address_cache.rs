//! The addresses of the contacts that were met in this session: those met or asked for last, as far as there is room.

use crate::application::Access;
use crate::error::Result;
use crate::resource::Resource;
use crate::sip_uri::SipUri;
use lru::LruCache;
use once_cell::sync::OnceCell;
use std::mem::size_of;
use std::sync::Arc;
use url::Url;

/// How many contacts are remembered, and how many bytes that may take.
const MOST: usize = 100_000;
const MOST_BYTES: usize = 32 << 20;
/// A contact with a longer uri is none; a longer name is left out, and one with longer links is not remembered.
const LONGEST_URI: usize = 1 << 10;
const LONGEST_NAME: usize = 4 << 10;
const LONGEST: usize = 16 << 10;
/// What an entry takes beside the contact, about; and what an address takes once it was resolved.
const BESIDE: usize = 128;
const RESOLVED: usize = size_of::<Url>() + 128;

/// The links of a contact that the library follows.
const LINKS: [&str; 7] = [
    "self",
    "contactPresence",
    "contactNote",
    "contactLocation",
    "contactPhoto",
    "contactSupportedModalities",
    "contactPrivacyRelationship",
];
/// The one that is followed time and again.
const PRESENCE: &str = "contactPresence";

/// A contact that was met.
#[derive(Debug)]
pub(crate) struct Known {
    /// In the server's spelling.
    pub uri: Box<str>,
    pub name: Option<Box<str>>,
    links: Hrefs<{ LINKS.len() }>,
    /// Where the link to the presence leads, once somebody went there.
    presence: OnceCell<Box<Url>>,
}

/// The hrefs of some relations in one text: their common beginning, then the rest of each.
#[derive(Debug)]
pub(super) struct Hrefs<const RELS: usize> {
    text: Box<str>,
    shared: u16,
    /// In the order of the relations: where the rest of each begins and ends.
    rests: [Option<(u16, u16)>; RELS],
}

#[derive(Debug)]
pub(super) struct AddressCache {
    contacts: LruCache<Box<str>, Arc<Known>>,
    bytes: usize,
}

impl Known {
    /// What the library keeps of a contact.
    pub fn of(contact: &Resource<'_>) -> Option<Known> {
        let uri = contact.text("uri").filter(|uri| !uri.is_empty() && uri.len() <= LONGEST_URI)?;
        let name = contact.text("name").filter(|name| name.len() <= LONGEST_NAME).map(|name| name.into());
        Some(Known { uri: uri.into(), name, links: Hrefs::of(contact, &LINKS), presence: OnceCell::new() })
    }

    /// The key that contacts are compared by.
    pub fn key(&self) -> String {
        SipUri::key_of(&self.uri)
    }

    pub fn has_link(&self, rel: &str) -> bool {
        self.links.place(&LINKS, rel).is_some()
    }

    pub fn link(&self, rel: &str) -> Option<String> {
        self.links.get(&LINKS, rel)
    }

    /// Where a link leads to.
    pub fn url(&self, access: &Access<'_>, rel: &str) -> Option<Result<Url>> {
        if rel != PRESENCE {
            return Some(access.resolve(&self.link(rel)?));
        }
        if let Some(url) = self.presence.get() {
            return Some(Ok(Url::clone(url)));
        }
        let href = self.link(rel)?;
        Some(self.presence.get_or_try_init(|| access.resolve(&href).map(Box::new)).map(|url| Url::clone(url)))
    }

    fn size(&self) -> usize {
        let texts = self.uri.len() + self.name.as_ref().map_or(0, |name| name.len()) + self.links.text.len();
        size_of::<Known>() + texts
    }
}

impl<const RELS: usize> Hrefs<RELS> {
    pub fn of(resource: &Resource<'_>, rels: &[&str; RELS]) -> Hrefs<RELS> {
        let mut hrefs = [None; RELS];
        for link in resource.followable_links() {
            if let Some(place) = rels.iter().position(|rel| *rel == link.rel) {
                hrefs[place].get_or_insert(link.href.as_ref());
            }
        }
        let length: usize = hrefs.iter().flatten().map(|href| href.len()).sum();
        let mut found = hrefs.iter().flatten();
        let Some(first) = found.next().filter(|_| length <= u16::MAX.into()) else {
            return Hrefs { text: Box::default(), shared: 0, rests: [None; RELS] };
        };
        let shared = found.fold(first.len(), |shared, href| shared.min(common(first, href)));
        let mut text = first[..shared].to_owned();
        let rests = hrefs.map(|href| {
            let start = text.len();
            text.push_str(&href?[shared..]);
            Some((u16::try_from(start).ok()?, u16::try_from(text.len()).ok()?))
        });
        Hrefs { text: text.into(), shared: u16::try_from(shared).unwrap_or_default(), rests }
    }

    pub fn get(&self, rels: &[&str; RELS], rel: &str) -> Option<String> {
        let (start, end) = self.place(rels, rel)?;
        let (shared, rest) = (&self.text[..self.shared.into()], &self.text[start.into()..end.into()]);
        Some(format!("{shared}{rest}"))
    }

    fn place(&self, rels: &[&str; RELS], rel: &str) -> Option<(u16, u16)> {
        self.rests[rels.iter().position(|known| *known == rel)?]
    }
}

/// The length of the common beginning of two texts.
fn common(one: &str, other: &str) -> usize {
    let mut length = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    while !one.is_char_boundary(length) {
        length -= 1;
    }
    length
}

impl Default for AddressCache {
    fn default() -> AddressCache {
        AddressCache { contacts: LruCache::unbounded(), bytes: 0 }
    }
}

impl AddressCache {
    /// A contact by its key, which is then the last to go.
    pub fn get(&mut self, key: &str) -> Option<Arc<Known>> {
        self.contacts.get(key).cloned()
    }

    /// Goes through all that is there.
    pub fn each(&self, mut look: impl FnMut(&Known)) {
        self.contacts.iter().for_each(|(_, known)| look(known));
    }

    /// Remembers a contact, unless more is known of it already; what is known is the answer.
    pub fn learn(&mut self, key: &str, fresh: Known) -> Arc<Known> {
        if let Some(known) = self.contacts.get(key)
            && known.has_link(PRESENCE)
            && !fresh.has_link(PRESENCE)
        {
            return Arc::clone(known);
        }
        self.forget(key);
        let fresh = Arc::new(fresh);
        if fresh.size() <= LONGEST {
            self.bytes += weight(key, &fresh);
            self.contacts.put(key.into(), Arc::clone(&fresh));
        }
        while self.bytes > MOST_BYTES || self.contacts.len() > MOST {
            let Some((key, known)) = self.contacts.pop_lru() else { break };
            self.bytes -= weight(&key, &known);
        }
        fresh
    }

    pub fn forget(&mut self, key: &str) {
        if let Some(known) = self.contacts.pop(key) {
            self.bytes -= weight(key, &known);
        }
    }
}

fn weight(key: &str, known: &Known) -> usize {
    key.len() + known.size() + BESIDE + RESOLVED
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(number: usize, more: &str) -> Known {
        let links = format!(
            r#"{{"self":{{"href":"/people/{number}"}},"contactPresence":{{"href":"/people/{number}/presence"}},"other":{{"href":"/x"}},
                "contactNote":{{"href":""}},"contactPhoto":[{{"href":"data:,"}},{{"href":"/photos/{number}"}}]{more}}}"#
        );
        let text = format!(r#"{{"uri":"sip:A{number}@b","name":"Ä","_links":{links}}}"#);
        Known::of(&Resource::parse(&text).unwrap()).unwrap()
    }

    #[test]
    fn links_are_what_they_were() {
        let known = contact(1, "");
        assert_eq!((&*known.uri, known.name.as_deref(), known.key().as_str()), ("sip:A1@b", Some("Ä"), "a1@b"));
        assert_eq!(known.link("self").as_deref(), Some("/people/1"));
        assert_eq!(known.link("contactPresence").as_deref(), Some("/people/1/presence"));
        assert_eq!(known.link("contactPhoto").as_deref(), Some("/photos/1"));
        assert!(known.link("contactNote").is_none() && known.link("other").is_none() && !known.has_link("contactLocation"));
        for text in [r#"{"name":"x"}"#, r#"{"uri":""}"#, r#"{"uri":1}"#] {
            assert!(Known::of(&Resource::parse(text).unwrap()).is_none());
        }
        let alone = Known::of(&Resource::parse(r#"{"uri":"a@b","_links":{"self":{"href":"/ü"}}}"#).unwrap()).unwrap();
        assert_eq!(alone.link("self").as_deref(), Some("/ü"));
        assert_eq!(common("/ü", "/ä"), 1, "both begin with the same byte");
    }

    #[test]
    fn the_least_used_go_first() {
        let mut cache = AddressCache::default();
        let most = MOST_BYTES / weight("1", &contact(1, ""));
        for number in 0..most + 1_000 {
            cache.learn(&number.to_string(), contact(number, ""));
            assert!(cache.get("0").is_some(), "it is used all the time");
        }
        assert!(cache.bytes <= MOST_BYTES && cache.contacts.len() < most + 1_000);
        assert!(cache.get("1").is_none() && cache.get(&(most + 999).to_string()).is_some());
        let before = cache.bytes;
        cache.forget("0");
        assert!(cache.bytes < before && cache.get("0").is_none());
    }

    #[test]
    fn what_is_long_is_handed_on_and_not_kept() {
        let mut cache = AddressCache::default();
        let long = contact(1, &format!(r#","contactLocation":{{"href":"{}"}}"#, "x".repeat(LONGEST)));
        assert!(cache.learn("1", long).has_link("contactLocation"));
        assert!(cache.get("1").is_none());
        assert_eq!(cache.bytes, 0);
    }

    #[test]
    fn a_poorer_entry_does_not_take_the_place_of_a_richer_one() {
        let mut cache = AddressCache::default();
        cache.learn("1", contact(1, ""));
        let poor = Known::of(&Resource::parse(r#"{"uri":"A1@b"}"#).unwrap()).unwrap();
        assert!(cache.learn("1", poor).has_link(PRESENCE));
        assert!(cache.get("1").unwrap().has_link(PRESENCE));
    }
}
