//! The groups of the contact list, and finding one by id, relation or name.

use super::People;
use super::address_cache::Known;
use super::book::{Book, KnownGroup};
use super::lists::{Entry, List, Unread, Visit};
use crate::application::Access;
use crate::error::{Error, Result, Status, excerpt, excerpt_of_argument};
use crate::limits;
use crate::resource::Resource;
use crate::resource::navigation::{Document, Path};
use crate::shown::{Shown, excerpts};
use crate::sip_uri::SipUri;
use std::collections::HashSet;
use std::sync::Arc;

/// The most that an error names of a group's id, in characters.
const LONGEST_ID: usize = 256;

impl People {
    /// Reads all groups, and learns them.
    pub(super) fn read_groups(&self, access: &Access<'_>) -> Result<List> {
        let document = access.navigate(&Path::parse("people/myGroups")?)?;
        let list = self.read_list(access, document, &is_group)?;
        let mut book = self.book(access);
        book.forget_groups();
        for (rel, entry) in list.entries() {
            if let Ok((group, _)) = entry {
                book.learn_group(rel, &group);
            }
        }
        drop(book);
        Ok(list)
    }

    /// The members of a group.
    pub(super) fn read_members(&self, access: &Access<'_>, group: &str) -> Result<Document> {
        self.with_members_link(access, group, |href| access.get(&access.resolve(href)?))
    }

    /// Does something with the address of a group's members. Where a remembered address is gone, the group is resolved
    /// anew, once.
    pub(super) fn with_members_link<T>(&self, access: &Access<'_>, group: &str, work: impl Fn(&str) -> Result<T>) -> Result<T> {
        let remembered = lookup(&self.book(access), group)?;
        if let Some(known) = remembered {
            match self.members_link(access, &known).and_then(|href| work(&href)) {
                Err(error) if access.is_out_of_date(&error) => self.book(access).forget_groups(),
                outcome => return outcome,
            }
        }
        let known = self.find_group(access, group)?;
        self.members_link(access, &known).and_then(|href| work(&href))
    }

    /// A group by id, else by relation, else by name.
    pub(super) fn find_group(&self, access: &Access<'_>, group: &str) -> Result<Arc<KnownGroup>> {
        if let Some(known) = lookup(&self.book(access), group)? {
            return Ok(known);
        }
        self.find_group_anew(access, group)
    }

    /// The same for who is about to change it: names and relations are read anew, as they may be another group's by now.
    pub(super) fn present_group(&self, access: &Access<'_>, group: &str) -> Result<Arc<KnownGroup>> {
        let by_id = self.book(access).groups().iter().find(|known| known.id.as_deref() == Some(group)).cloned();
        by_id.map_or_else(|| self.find_group_anew(access, group), Ok)
    }

    fn find_group_anew(&self, access: &Access<'_>, group: &str) -> Result<Arc<KnownGroup>> {
        let groups = self.read_groups(access)?;
        let found = lookup(&self.book(access), group)?;
        found.ok_or_else(|| {
            // It may be one of those that cannot be read.
            if let Some(unread) = groups.entries().find_map(|(_, entry)| entry.err()) {
                return unread.error.while_doing(&format!("the group \"{}\" is not among those that can be read", excerpt(group)));
            }
            const SHOWN: usize = 50;
            let names: Vec<String> =
                groups.entries().take(SHOWN).filter_map(|(rel, entry)| entry.ok().map(|(group, _)| label(rel, &group))).collect();
            Error::new(
                Status::NotFound,
                format!(
                    "there is no group with the id, the relation or the name \"{}\"; there is: {}",
                    excerpt_of_argument(group),
                    excerpts(&names)
                ),
            )
        })
    }

    /// Where the members of a group are listed. Some distribution groups can only be expanded, and some places name a
    /// group without its links.
    fn members_link(&self, access: &Access<'_>, group: &KnownGroup) -> Result<String> {
        const WAYS: [&str; 2] = ["groupContacts", "expandDistributionGroup"];
        if let Some(href) = WAYS.iter().find_map(|rel| group.link(rel)) {
            return Ok(href);
        }
        let none = || {
            Error::new(
                Status::NotFound,
                format!("the server offers no members of the group \"{}\"", excerpt(group.name.as_deref().unwrap_or(&group.rel))),
            )
        };
        let own = access.get(&access.resolve(&group.link("self").ok_or_else(none)?)?)?;
        let resource = own.resource()?;
        WAYS.iter().find_map(|rel| resource.link(rel)).map(str::to_owned).ok_or_else(none)
    }

    /// The members in a list, in its order, each once; who is remembered for the next time. Of a member that cannot be read
    /// it is known what was learned of it before.
    pub(super) fn learn_members(
        &self,
        access: &Access<'_>,
        members_href: &str,
        list: Document,
    ) -> Result<Vec<std::result::Result<Arc<Known>, Unread>>> {
        let make = |entry: Entry<'_>| {
            let unread = match entry {
                Ok((contact, url)) => {
                    if let Some(known) = self.book(access).learn_contact(&contact) {
                        return Ok(Ok(known));
                    }
                    let href = contact.link("self").and_then(|href| access.resolve(href).ok()).map(|own| own.to_string());
                    let error = Error::protocol(format!("a contact of the list at {url} has no uri"));
                    Unread { uri: None, href, error }
                }
                Err(unread) => unread,
            };
            let key = unread.uri.as_ref().map(|uri| SipUri::key_of(uri));
            Ok(key.and_then(|key| Some((self.book(access).known(&key)?, key))).map(|(known, key)| (key, known)).ok_or(unread))
        };
        let mut seen = HashSet::new();
        let mut keys = Vec::new();
        let mut members = Vec::new();
        let take = |member: std::result::Result<(String, Arc<Known>), Unread>| {
            match member {
                Ok((key, known)) => {
                    if seen.insert(key.clone()) {
                        keys.push(key);
                        members.push(Ok(known));
                    }
                }
                Err(unread) => members.push(Err(unread)),
            }
            if members.len() > limits::CONTACTS {
                return Err(Error::protocol(format!("the group has more than {} members, which is the limit", limits::CONTACTS)));
            }
            Ok(())
        };
        self.each_contact(access, &list, Visit { make, take })?;
        self.book(access).learn_members(members_href, keys);
        Ok(members)
    }
}

/// myGroups holds groups of several relations, and new ones may come.
fn is_group(rel: &str) -> bool {
    rel == "group" || rel.ends_with("Group")
}

/// A group that was met: by id, else by relation, else by name.
fn lookup(book: &Book, wanted: &str) -> Result<Option<Arc<KnownGroup>>> {
    let name = wanted.to_lowercase();
    let by_id = |group: &KnownGroup| group.id.as_deref() == Some(wanted);
    let by_rel = |group: &KnownGroup| group.rel == wanted;
    let by_name = |group: &KnownGroup| group.name.as_ref().is_some_and(|own| own.to_lowercase() == name);
    let ways: [&dyn Fn(&KnownGroup) -> bool; 3] = [&by_id, &by_rel, &by_name];
    for way in ways {
        let fitting: Vec<&Arc<KnownGroup>> = book.groups().iter().filter(|group| way(group)).collect();
        match fitting.as_slice() {
            [] => {}
            [one] => return Ok(Some(Arc::clone(one))),
            several => return Err(ambiguous(wanted, several)),
        }
    }
    Ok(None)
}

fn ambiguous(wanted: &str, groups: &[&Arc<KnownGroup>]) -> Error {
    const SHOWN: usize = 100;
    let ids: Vec<Shown> =
        groups.iter().filter_map(|group| group.id.as_deref()).take(SHOWN).map(|id| Shown::quote(id, LONGEST_ID)).collect();
    let named: Vec<&str> = ids.iter().map(Shown::as_str).collect();
    let text = format!("\"{}\" fits {} groups; use one of their ids: {}", excerpt_of_argument(wanted), groups.len(), named.join(", "));
    let mut error = Error::new(Status::Conflict, text);
    error.details_mut().ids = Some(ids);
    error
}

fn label(rel: &str, group: &Resource<'_>) -> String {
    match group.text("name") {
        Some(name) => format!("\"{name}\" ({rel})"),
        None => rel.to_owned(),
    }
}
