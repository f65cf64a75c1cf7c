//! Finding a contact: among those already met, then in the contact list and its groups, then by search.

use super::People;
use super::book::Known;
use crate::application::Access;
use crate::error::{Error, Result, Status};
use crate::resource::Resource;
use crate::resource::navigation::{Document, Path, Reader, with_query};
use crate::sip_uri::SipUri;
use percent_encoding::percent_decode_str;
use std::sync::Arc;
use url::Url;

impl People {
    /// Reads what a link of a contact leads to. Where a remembered address is gone, the contact is resolved anew, once.
    pub(super) fn read_of_contact<T>(
        &self,
        access: &Access<'_>,
        contact: &str,
        rel: &str,
        hand_on: impl Fn(&Known, &Document) -> Result<T>,
    ) -> Result<T> {
        let uri = SipUri::parse(contact)?;
        let remembered = self.book(access).contact(&uri).is_some();
        let attempt = || {
            let known = self.find(access, &uri)?;
            let known = self.with_link(access, known, rel)?;
            let href = known.link(rel).ok_or_else(|| no_link(&known, rel))?;
            hand_on(&known, &access.get(&access.resolve(href)?)?)
        };
        match attempt() {
            Err(error) if remembered && error.http_status() == Some(404) && !error.details().application_gone => {
                self.book(access).forget_contact(&uri);
                attempt()
            }
            outcome => outcome,
        }
    }

    /// Where a contact lies.
    pub(super) fn find(&self, access: &Access<'_>, uri: &SipUri) -> Result<Arc<Known>> {
        let lists_are_fresh = {
            let book = self.book(access);
            if let Some(known) = book.contact(uri) {
                return Ok(known);
            }
            if book.is_unknown(uri) {
                return Err(unknown(uri));
            }
            book.lists_are_fresh()
        };
        let mut lists_failed = None;
        if !lists_are_fresh {
            match self.find_in_lists(access, uri) {
                Ok(Some(known)) => return Ok(known),
                Ok(None) => {}
                Err(error) if may_go_on(&error) => {
                    log::warn!("the contact list cannot be read, and the search goes on without it: {error}");
                    lists_failed = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        if let Some(known) = self.find_by_search(access, uri)? {
            return Ok(known);
        }
        match lists_failed {
            Some(error) => Err(error.while_doing(&format!("{uri} was not found by search, and the contact list could not be read"))),
            None => {
                self.book(access).mark_unknown(uri);
                Err(unknown(uri))
            }
        }
    }

    fn find_in_lists(&self, access: &Access<'_>, uri: &SipUri) -> Result<Option<Arc<Known>>> {
        let list = access.navigate(&Path::parse("people/myContacts")?)?;
        if let Some(known) = self.learn_list(access, &list, uri)? {
            return Ok(Some(known));
        }
        let mut addresses = Vec::new();
        for (_, group) in self.read_groups(access)? {
            if let Some(href) = group.resource()?.link("groupContacts") {
                addresses.push(access.resolve(href)?);
            }
        }
        for members in access.read_all(&addresses) {
            match members {
                Ok(members) => drop(self.learn_list(access, &members, uri)?),
                Err(error) if may_go_on(&error) => log::warn!("a group cannot be read: {error}"),
                Err(error) => return Err(error),
            }
        }
        let mut book = self.book(access);
        book.mark_lists_read();
        Ok(book.contact(uri))
    }

    /// Learns a list of contacts, and reads those that it only links to as far as needed to find one.
    fn learn_list(&self, access: &Access<'_>, list: &Document, wanted: &SipUri) -> Result<Option<Arc<Known>>> {
        self.book(access).learn_contacts(&contacts_in(list)?);
        if let Some(known) = self.book(access).contact(wanted) {
            return Ok(Some(known));
        }
        let (likely, others): (Vec<Url>, Vec<Url>) = linked_only(access, list)?.into_iter().partition(|url| names(url, wanted));
        for urls in [likely, others] {
            for document in access.read_all(&urls) {
                let document = document?;
                self.book(access).learn_contacts(&[document.resource()?]);
            }
            if let Some(known) = self.book(access).contact(wanted) {
                return Ok(Some(known));
            }
        }
        Ok(None)
    }

    fn find_by_search(&self, access: &Access<'_>, uri: &SipUri) -> Result<Option<Arc<Known>>> {
        let document = self.search_for(access, uri.address(), 0)?;
        let found = document.resource()?.embedded("contact")?;
        let mut book = self.book(access);
        book.learn_contacts(&found);
        Ok(book.contact(uri))
    }

    /// Asks the search resource.
    pub(super) fn search_for(&self, access: &Access<'_>, query: &str, limit: u32) -> Result<Document> {
        let people = access.navigate(&Path::parse("people")?)?;
        let resource = people.resource()?;
        let href = resource
            .link("search")
            .ok_or_else(|| Error::new(Status::Forbidden, "the server offers this user no search (no search link in people)"))?;
        let mut parameters = vec![("query".to_owned(), query.to_owned())];
        if limit > 0 {
            parameters.push(("limit".to_owned(), limit.to_string()));
        }
        access.get(&with_query(access.resolve(href)?, &parameters))
    }

    /// The documents in which the contacts of a list stand: the list itself, and those that it only links to.
    pub(super) fn contacts_of(&self, access: &Access<'_>, list: Document) -> Result<Vec<Document>> {
        self.book(access).learn_contacts(&contacts_in(&list)?);
        let linked = linked_only(access, &list)?;
        let mut documents = vec![list];
        for document in access.read_all(&linked) {
            let document = document?;
            self.book(access).learn_contacts(&[document.resource()?]);
            documents.push(document);
        }
        Ok(documents)
    }

    /// The same contact with that link: some places name a contact without its links.
    fn with_link(&self, access: &Access<'_>, known: Arc<Known>, rel: &str) -> Result<Arc<Known>> {
        let (None, Some(own)) = (known.link(rel), known.link("self")) else { return Ok(known) };
        let document = access.get(&access.resolve(own)?)?;
        let mut book = self.book(access);
        book.learn_contacts(&[document.resource()?]);
        let uri = SipUri::parse(&known.uri)?;
        Ok(book.contact(&uri).unwrap_or(known))
    }
}

/// The contacts that stand in a document: embedded ones, or the document itself where it is one contact.
pub(super) fn contacts_in(document: &Document) -> Result<Vec<Resource<'_>>> {
    let resource = document.resource()?;
    if resource.text("uri").is_some() && resource.link("contactPresence").is_some() {
        return Ok(vec![resource]);
    }
    resource.embedded("contact")
}

/// The contacts that a list links to and does not embed.
fn linked_only(access: &Access<'_>, list: &Document) -> Result<Vec<Url>> {
    let resource = list.resource()?;
    if !resource.embedded_raw("contact")?.is_empty() {
        return Ok(Vec::new());
    }
    resource.links("contact").map(|href| access.resolve(href)).collect()
}

/// Whether an address seems to be that contact's; only its uri, once read, decides.
fn names(url: &Url, contact: &SipUri) -> bool {
    percent_decode_str(url.as_str()).decode_utf8_lossy().to_lowercase().contains(contact.key())
}

/// Whether a contact may still be found another way.
fn may_go_on(error: &Error) -> bool {
    let http = error.http_status().is_some();
    http && !error.details().application_gone
        && matches!(error.status(), Status::Forbidden | Status::NotFound | Status::Conflict | Status::ServerError)
}

fn unknown(uri: &SipUri) -> Error {
    Error::new(
        Status::NotFound,
        format!("{uri} is neither in the contact list and its groups nor found by the server's search; check the address"),
    )
}

fn no_link(known: &Known, rel: &str) -> Error {
    Error::new(Status::NotFound, format!("the server offers no {rel} of {}", known.uri))
}
