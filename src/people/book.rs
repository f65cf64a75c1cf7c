//! The addresses of the people and groups that were met in this session.

use super::address_cache::{AddressCache, Hrefs, Known};
use crate::clock;
use crate::resource::Resource;
use crate::sip_uri::SipUri;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// How long an unknown contact stays unknown, and lists that were read are not read again to find one.
const FRESH: Duration = Duration::from_secs(60);
/// How many unknown contacts are remembered.
const MOST_UNKNOWN: usize = 10_000;
/// Of how many lists the members are remembered, and how many of them in all.
const MOST_LISTS: usize = 1_000;
const MOST_MEMBERS: usize = 100_000;

/// The links of a group that the library follows.
const GROUP_LINKS: [&str; 4] = ["self", "groupContacts", "expandDistributionGroup", "subscribeToGroupPresence"];

/// A group that was met.
#[derive(Debug)]
pub(super) struct KnownGroup {
    pub rel: String,
    pub id: Option<String>,
    pub name: Option<String>,
    links: Hrefs<{ GROUP_LINKS.len() }>,
}

#[derive(Default)]
pub(super) struct Book {
    generation: u64,
    contacts: AddressCache,
    unknown: HashMap<String, Duration>,
    lists_read: Option<Duration>,
    groups: Vec<Arc<KnownGroup>>,
    /// By the address of a group's members: who they were.
    members: HashMap<String, Vec<String>>,
}

impl KnownGroup {
    pub fn link(&self, rel: &str) -> Option<String> {
        self.links.get(&GROUP_LINKS, rel)
    }
}

impl Book {
    /// Forgets everything where the application is another one.
    pub fn enter(&mut self, generation: u64) {
        if self.generation != generation {
            *self = Book { generation, ..Book::default() };
        }
    }

    pub fn contact(&mut self, uri: &SipUri) -> Option<Arc<Known>> {
        self.contacts.get(uri.key())
    }

    /// The contact of a URI as the server wrote it.
    pub fn known(&mut self, uri: &str) -> Option<Arc<Known>> {
        self.contacts.get(&SipUri::key_of(uri))
    }

    /// Goes through the contacts that are remembered.
    pub fn each_contact(&self, look: impl FnMut(&Known)) {
        self.contacts.each(look);
    }

    /// Remembers a contact. The answer is its key and what is known of it by now; `None` where it has no uri.
    pub fn learn_contact(&mut self, contact: &Resource<'_>) -> Option<(String, Arc<Known>)> {
        let known = Known::of(contact)?;
        let key = known.key();
        self.unknown.remove(&key);
        let known = self.contacts.learn(&key, known);
        Some((key, known))
    }

    pub fn forget_contact(&mut self, uri: &SipUri) {
        self.contacts.forget(uri.key());
        self.lists_read = None;
    }

    /// Whether the contact was sought in vain just now.
    pub fn is_unknown(&self, uri: &SipUri) -> bool {
        self.unknown.get(uri.key()).is_some_and(|until| clock::now() < *until)
    }

    pub fn mark_unknown(&mut self, uri: &SipUri) {
        let now = clock::now();
        if self.unknown.len() >= MOST_UNKNOWN {
            self.unknown.retain(|_, until| now < *until);
        }
        if self.unknown.len() < MOST_UNKNOWN {
            self.unknown.insert(uri.key().to_owned(), now + FRESH);
        }
    }

    /// Whether the contact list and the groups were read just now.
    pub fn lists_are_fresh(&self) -> bool {
        self.lists_read.is_some_and(|at| clock::now() < at + FRESH)
    }

    pub fn mark_lists_read(&mut self) {
        self.lists_read = Some(clock::now());
    }

    /// The lists are to be read anew by whoever seeks a contact, and nobody is unknown for sure any more.
    pub fn lists_changed(&mut self) {
        self.lists_read = None;
        self.unknown.clear();
    }

    pub fn learn_group(&mut self, rel: &str, group: &Resource<'_>) -> Arc<KnownGroup> {
        let text = |name: &str| group.text(name).map(|text| text.into_owned());
        let known = Arc::new(KnownGroup { rel: rel.to_owned(), id: text("id"), name: text("name"), links: Hrefs::of(group, &GROUP_LINKS) });
        self.groups.push(Arc::clone(&known));
        known
    }

    pub fn groups(&self) -> &[Arc<KnownGroup>] {
        &self.groups
    }

    /// Who were members when the list at that address was read last, as far as they are remembered.
    pub fn members(&mut self, members_href: &str) -> Vec<Arc<Known>> {
        let keys = self.members.get(members_href).map(Vec::as_slice).unwrap_or_default();
        keys.iter().filter_map(|key| self.contacts.get(key)).collect()
    }

    pub fn learn_members(&mut self, members_href: &str, keys: Vec<String>) {
        // A server may give a list another address every time; what is forgotten is read once more.
        self.members.remove(members_href);
        let remembered: usize = self.members.values().map(Vec::len).sum();
        if self.members.len() >= MOST_LISTS || remembered + keys.len() > MOST_MEMBERS {
            self.members.clear();
        }
        if keys.len() > MOST_MEMBERS {
            return;
        }
        self.members.insert(members_href.to_owned(), keys);
    }

    pub fn forget_groups(&mut self) {
        self.groups.clear();
    }
}
