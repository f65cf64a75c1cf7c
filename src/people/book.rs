//! The addresses of the people and groups that were met in this session.

use crate::application::Access;
use crate::clock;
use crate::error::Result;
use crate::resource::Resource;
use crate::sip_uri::SipUri;
use once_cell::sync::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// How long an unknown contact stays unknown, and lists that were read are not read again to find one.
const FRESH: Duration = Duration::from_secs(60);
/// How many unknown contacts are remembered.
const MOST_UNKNOWN: usize = 10_000;
/// Of how many lists the members are remembered.
const MOST_LISTS: usize = 1_000;

/// A contact that was met.
#[derive(Debug)]
pub(super) struct Known {
    /// In the server's spelling.
    pub uri: String,
    pub name: Option<String>,
    links: Links,
}

/// A group that was met.
#[derive(Debug)]
pub(super) struct KnownGroup {
    pub rel: String,
    pub id: Option<String>,
    pub name: Option<String>,
    links: Links,
}

type Links = Box<[Link]>;

/// A link that was met.
#[derive(Debug)]
struct Link {
    rel: Box<str>,
    href: Box<str>,
    /// Where it leads to, once somebody went there.
    url: OnceCell<Url>,
}

#[derive(Default)]
pub(super) struct Book {
    generation: u64,
    contacts: HashMap<String, Arc<Known>>,
    unknown: HashMap<String, Duration>,
    lists_read: Option<Duration>,
    groups: Vec<Arc<KnownGroup>>,
    /// By the address of a group's members: who they were.
    members: HashMap<String, Vec<String>>,
}

impl Known {
    pub fn link(&self, rel: &str) -> Option<&str> {
        link(&self.links, rel)
    }

    /// Where a link leads to.
    pub fn url(&self, access: &Access<'_>, rel: &str) -> Option<Result<Url>> {
        let link = self.links.iter().find(|link| link.rel.as_ref() == rel)?;
        Some(link.url.get_or_try_init(|| access.resolve(&link.href)).cloned())
    }
}

impl KnownGroup {
    pub fn link(&self, rel: &str) -> Option<&str> {
        link(&self.links, rel)
    }
}

fn link<'a>(links: &'a Links, rel: &str) -> Option<&'a str> {
    links.iter().find(|link| link.rel.as_ref() == rel).map(|link| link.href.as_ref())
}

fn links_of(resource: &Resource<'_>) -> Links {
    let followable = |rel: &str| resource.link(rel).map(|href| Link { rel: rel.into(), href: href.into(), url: OnceCell::new() });
    let mut rels: Vec<&str> = resource.links.iter().map(|link| link.rel.as_ref()).collect();
    rels.dedup();
    rels.into_iter().filter_map(followable).collect()
}

impl Book {
    /// Forgets everything where the application is another one.
    pub fn enter(&mut self, generation: u64) {
        if self.generation != generation {
            *self = Book { generation, ..Book::default() };
        }
    }

    pub fn contact(&self, uri: &SipUri) -> Option<Arc<Known>> {
        self.contacts.get(uri.key()).cloned()
    }

    /// The contact of a URI as the server wrote it.
    pub fn known(&self, uri: &str) -> Option<Arc<Known>> {
        self.contacts.get(&SipUri::key_of(uri)).cloned()
    }

    /// Any contact that fits.
    pub fn find_contact(&self, fits: impl Fn(&Known) -> bool) -> Option<Arc<Known>> {
        self.contacts.values().find(|known| fits(known)).cloned()
    }

    pub fn learn_contacts(&mut self, contacts: &[Resource<'_>]) {
        for contact in contacts {
            let Some(uri) = contact.text("uri").filter(|uri| !uri.is_empty()) else { continue };
            let key = SipUri::key_of(&uri);
            self.unknown.remove(&key);
            // A richer entry is not replaced by one that only names the contact.
            let poorer = |known: &Arc<Known>| known.link("contactPresence").is_some() && contact.link("contactPresence").is_none();
            if self.contacts.get(&key).is_some_and(poorer) {
                continue;
            }
            let known = Known { uri: uri.into_owned(), name: contact.text("name").map(|name| name.into_owned()), links: links_of(contact) };
            self.contacts.insert(key, Arc::new(known));
        }
    }

    pub fn forget_contact(&mut self, uri: &SipUri) {
        self.contacts.remove(uri.key());
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
        let known = Arc::new(KnownGroup { rel: rel.to_owned(), id: text("id"), name: text("name"), links: links_of(group) });
        self.groups.push(Arc::clone(&known));
        known
    }

    pub fn groups(&self) -> &[Arc<KnownGroup>] {
        &self.groups
    }

    /// Who were members when the list at that address was read last, as far as they are remembered.
    pub fn members(&self, members_href: &str) -> Vec<Arc<Known>> {
        let keys = self.members.get(members_href).map(Vec::as_slice).unwrap_or_default();
        keys.iter().filter_map(|key| self.contacts.get(key).cloned()).collect()
    }

    pub fn learn_members(&mut self, members_href: &str, keys: Vec<String>) {
        // A server may give a list another address every time; what is forgotten is read once more.
        if self.members.len() >= MOST_LISTS && !self.members.contains_key(members_href) {
            self.members.clear();
        }
        self.members.insert(members_href.to_owned(), keys);
    }

    pub fn forget_groups(&mut self) {
        self.groups.clear();
    }
}
