//! The groups of the contact list, and finding one by id, relation or name.

use super::People;
use super::book::{Book, Known, KnownGroup};
use super::contacts::contacts_in;
use crate::application::Access;
use crate::error::{Error, Result, Status, excerpt, excerpt_of_argument};
use crate::resource::Resource;
use crate::resource::navigation::{Document, Path};
use crate::shown::{Shown, excerpts};
use crate::sip_uri::SipUri;
use std::collections::HashSet;
use std::sync::Arc;

/// The most that an error names of a group's id, in characters.
const LONGEST_ID: usize = 256;

impl People {
    /// Reads all groups, each with its relation, and learns them.
    pub(super) fn read_groups(&self, access: &Access<'_>) -> Result<Vec<(String, Document)>> {
        let document = access.navigate(&Path::parse("people/myGroups")?)?;
        let resource = document.resource()?;
        let mut found = Vec::new();
        let mut embedded_rels = Vec::new();
        for (rel, _) in resource.embedded.iter().filter(|(rel, _)| is_group(rel)) {
            for raw in resource.embedded_raw(rel)? {
                found.push((rel.to_string(), document.part(raw.get())));
            }
            embedded_rels.push(rel.as_ref());
        }
        let mut linked = Vec::new();
        for link in
            resource.links.iter().filter(|link| is_group(&link.rel) && !link.href.is_empty() && !embedded_rels.contains(&link.rel.as_ref()))
        {
            linked.push((link.rel.to_string(), access.resolve(&link.href)?));
        }
        let urls: Vec<_> = linked.iter().map(|(_, url)| url.clone()).collect();
        for ((rel, _), document) in linked.into_iter().zip(access.get_all(&urls)) {
            found.push((rel, document?));
        }
        let mut book = self.book(access);
        book.forget_groups();
        for (rel, document) in &found {
            book.learn_group(rel, &document.resource()?);
        }
        Ok(found)
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
            let names: Vec<String> = groups.iter().filter_map(|(rel, document)| Some(label(rel, &document.resource().ok()?))).collect();
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
            return Ok(href.to_owned());
        }
        let none = || {
            Error::new(
                Status::NotFound,
                format!("the server offers no members of the group \"{}\"", excerpt(group.name.as_deref().unwrap_or(&group.rel))),
            )
        };
        let own = access.get(&access.resolve(group.link("self").ok_or_else(none)?)?)?;
        let resource = own.resource()?;
        WAYS.iter().find_map(|rel| resource.link(rel)).map(str::to_owned).ok_or_else(none)
    }

    /// The members in a list, in its order, each once; who is remembered for the next time.
    pub(super) fn learn_members(&self, access: &Access<'_>, members_href: &str, list: Document) -> Result<Vec<Arc<Known>>> {
        let mut keys: Vec<String> = Vec::new();
        for document in &self.contacts_of(access, list)? {
            for contact in contacts_in(document)? {
                if let Some(uri) = contact.text("uri").filter(|uri| !uri.is_empty()) {
                    keys.push(SipUri::key_of(&uri));
                }
            }
        }
        let mut seen = HashSet::new();
        keys.retain(|key| seen.insert(key.clone()));
        let mut book = self.book(access);
        book.learn_members(members_href, keys);
        Ok(book.members(members_href))
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
    let ids: Vec<Shown> = groups.iter().filter_map(|group| group.id.as_deref()).map(|id| Shown::quote(id, LONGEST_ID)).collect();
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
