//! Finding a contact: among those already met, then in the contact list and its groups, then by search.

use super::book::Known;
use super::{People, ends_the_call, lists};
use crate::application::Access;
use crate::error::{Error, Result, Status};
use crate::logging;
use crate::resource::navigation::{Document, Path, with_query};
use crate::sip_uri::SipUri;
use percent_encoding::percent_decode_str;
use std::collections::HashMap;
use std::sync::Arc;
use url::Url;

impl People {
    /// Reads what a link of a contact leads to.
    pub(super) fn read_of_contact<T>(
        &self,
        access: &Access<'_>,
        contact: &str,
        rel: &str,
        hand_on: impl Fn(&Known, &Document) -> Result<T>,
    ) -> Result<T> {
        self.with_link_of_contact(access, contact, rel, |known, url| hand_on(known, &access.get(&url)?))
    }

    /// Does something with a link of a contact. Where a remembered address is gone, the contact is resolved anew, once.
    pub(super) fn with_link_of_contact<T>(
        &self,
        access: &Access<'_>,
        contact: &str,
        rel: &str,
        work: impl Fn(&Known, Url) -> Result<T>,
    ) -> Result<T> {
        let uri = SipUri::parse(contact)?;
        let remembered = self.book(access).contact(&uri).is_some();
        let attempt = || {
            let (known, url) = self.link_of_contact(access, &uri, rel)?;
            work(&known, url)
        };
        match attempt() {
            Err(error) if remembered && access.is_out_of_date(&error) => {
                self.book(access).forget_contact(&uri);
                attempt()
            }
            outcome => outcome,
        }
    }

    /// A contact, and where a link of it leads.
    pub(super) fn link_of_contact(&self, access: &Access<'_>, uri: &SipUri, rel: &str) -> Result<(Arc<Known>, Url)> {
        let known = self.find(access, uri)?;
        let known = self.with_links(access, &[known], &[rel])?.remove(0);
        let url = known.url(access, rel).unwrap_or_else(|| Err(no_link(&known, rel)))?;
        Ok((known, url))
    }

    /// Where a contact lies.
    pub(super) fn find(&self, access: &Access<'_>, uri: &SipUri) -> Result<Arc<Known>> {
        let mut found = self.find_all(access, std::slice::from_ref(uri))?;
        found.pop().unwrap_or_else(|| Err(unknown(uri)))
    }

    /// Where contacts lie: those remembered, then those in the contact list and its groups, then those that the search
    /// finds. The answers are in the order asked.
    pub(super) fn find_all(&self, access: &Access<'_>, uris: &[SipUri]) -> Result<Vec<Result<Arc<Known>>>> {
        let mut lists_failed = None;
        if !self.missing(access, uris).is_empty() && !self.book(access).lists_are_fresh() {
            match self.read_lists(access, uris) {
                Ok(()) => {}
                Err(error) if may_go_on(access, &error) => {
                    logging::warn!("the contact list cannot be read, and the search goes on without it: {error}");
                    lists_failed = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        let sought = self.missing(access, uris);
        let mut failures: HashMap<String, Error> = HashMap::new();
        for (uri, failure) in sought.iter().zip(self.search_each(access, &sought)?) {
            if let Some(error) = failure {
                failures.insert(uri.key().to_owned(), error);
            } else if self.book(access).contact(uri).is_none() {
                let error = match &lists_failed {
                    Some(error) => {
                        error.clone().while_doing(&format!("{uri} was not found by search, and the contact list could not be read"))
                    }
                    None => {
                        self.book(access).mark_unknown(uri);
                        unknown(uri)
                    }
                };
                failures.insert(uri.key().to_owned(), error);
            }
        }
        let book = self.book(access);
        Ok(uris.iter().map(|uri| book.contact(uri).ok_or_else(|| failures.remove(uri.key()).unwrap_or_else(|| unknown(uri)))).collect())
    }

    /// Those of whom nothing is known, not even that they are unknown.
    fn missing(&self, access: &Access<'_>, uris: &[SipUri]) -> Vec<SipUri> {
        let book = self.book(access);
        uris.iter().filter(|uri| book.contact(uri).is_none() && !book.is_unknown(uri)).cloned().collect()
    }

    /// Reads the contact list, and the groups where that does not tell of everybody.
    fn read_lists(&self, access: &Access<'_>, wanted: &[SipUri]) -> Result<()> {
        let list = access.navigate(&Path::parse("people/myContacts")?)?;
        self.learn_list(access, &list, wanted)?;
        if self.missing(access, wanted).is_empty() {
            return Ok(());
        }
        let groups = self.read_groups(access)?;
        let mut addresses = Vec::new();
        for (_, entry) in groups.entries() {
            let members = entry.as_ref().ok().and_then(|(group, _)| group.link("groupContacts"));
            addresses.extend(members.and_then(|href| access.resolve(href).ok()));
        }
        for members in access.get_all(&addresses) {
            match members.and_then(|members| self.learn_list(access, &members, wanted)) {
                Err(error) if !may_go_on(access, &error) => return Err(error),
                learned => drop(learned.inspect_err(|error| logging::warn!("a group cannot be read: {error}"))),
            }
        }
        self.book(access).mark_lists_read();
        Ok(())
    }

    /// Learns a list of contacts, and reads those that it only links to as far as needed.
    fn learn_list(&self, access: &Access<'_>, list: &Document, wanted: &[SipUri]) -> Result<()> {
        self.book(access).learn_contacts(&lists::embedded(list)?);
        let missing = self.missing(access, wanted);
        if missing.is_empty() {
            return Ok(());
        }
        // For many, telling the likely links apart costs more than reading them all in batches.
        const FEW: usize = 20;
        let likely = |url: &Url| missing.len() <= FEW && names_one_of(url, &missing);
        let (likely, others): (Vec<Url>, Vec<Url>) = lists::linked_only(access, list)?.into_iter().partition(likely);
        for urls in [likely, others] {
            self.learn_at(access, &urls)?;
            if self.missing(access, wanted).is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// Reads contacts at their addresses and learns them. Those that cannot be read are left out.
    fn learn_at(&self, access: &Access<'_>, urls: &[Url]) -> Result<()> {
        for document in access.get_all(urls) {
            let learned = document.and_then(|document| {
                self.book(access).learn_contacts(&[document.resource()?]);
                Ok(())
            });
            match learned {
                Err(error) if ends_the_call(&error) => return Err(error),
                learned => drop(learned.inspect_err(|error| logging::debug!("a contact cannot be read: {error}"))),
            }
        }
        Ok(())
    }

    /// Searches for each by its address, and learns what is found. What failed is told in its place.
    fn search_each(&self, access: &Access<'_>, uris: &[SipUri]) -> Result<Vec<Option<Error>>> {
        if uris.is_empty() {
            return Ok(Vec::new());
        }
        let urls = match uris.iter().map(|uri| self.search_address(access, uri.address(), 0)).collect::<Result<Vec<_>>>() {
            Ok(urls) => urls,
            // Who may not search finds nobody.
            Err(error) if may_go_on(access, &error) || error.status() == Status::Forbidden => return Ok(vec![Some(error); uris.len()]),
            Err(error) => return Err(error),
        };
        let mut failures = Vec::with_capacity(uris.len());
        for answer in access.get_all(&urls) {
            let learned = answer.and_then(|document| {
                let found = document.resource()?.embedded("contact")?;
                self.book(access).learn_contacts(&found);
                Ok(())
            });
            match learned {
                Err(error) if ends_the_call(&error) => return Err(error),
                learned => failures.push(learned.err()),
            }
        }
        Ok(failures)
    }

    fn search_address(&self, access: &Access<'_>, query: &str, limit: u32) -> Result<Url> {
        let people = access.navigate(&Path::parse("people")?)?;
        let resource = people.resource()?;
        let href = resource
            .link("search")
            .ok_or_else(|| Error::new(Status::Forbidden, "the server offers this user no search (no search link in people)"))?;
        let mut parameters = vec![("query".to_owned(), query.to_owned())];
        if limit > 0 {
            parameters.push(("limit".to_owned(), limit.to_string()));
        }
        Ok(with_query(access.resolve(href)?, &parameters))
    }

    /// Asks the search resource.
    pub(super) fn search_for(&self, access: &Access<'_>, query: &str, limit: u32) -> Result<Document> {
        access.get(&self.search_address(access, query, limit)?)
    }

    /// The same contacts with these links: some places name a contact without its links.
    pub(super) fn with_links(&self, access: &Access<'_>, contacts: &[Arc<Known>], rels: &[&str]) -> Result<Vec<Arc<Known>>> {
        let poor = |known: &&Arc<Known>| known.link("self").is_some() && rels.iter().any(|rel| known.link(rel).is_none());
        // Whoever asks for a link that is missing says so.
        let urls: Vec<Url> = contacts.iter().filter(poor).filter_map(|known| known.url(access, "self")?.ok()).collect();
        if urls.is_empty() {
            return Ok(contacts.to_vec());
        }
        self.learn_at(access, &urls)?;
        let book = self.book(access);
        Ok(contacts.iter().map(|known| book.known(&known.uri).unwrap_or_else(|| Arc::clone(known))).collect())
    }
}

/// Whether an address seems to be one of these contacts'; only its uri, once read, decides.
fn names_one_of(url: &Url, contacts: &[SipUri]) -> bool {
    let text = percent_decode_str(url.as_str()).decode_utf8_lossy().to_lowercase();
    contacts.iter().any(|contact| text.contains(contact.key()))
}

/// Whether a contact may still be found another way: not by a server that does not answer. Where the call's time is up it may
/// not, either, but that is told of those contacts alone who were sought.
fn may_go_on(access: &Access<'_>, error: &Error) -> bool {
    !ends_the_call(error) && (access.was_answered() || error.status() == Status::Timeout)
}

fn unknown(uri: &SipUri) -> Error {
    Error::new(
        Status::NotFound,
        format!("{uri} is neither in the contact list and its groups nor found by the server's search; check the address"),
    )
}

pub(super) fn no_link(known: &Known, rel: &str) -> Error {
    Error::new(Status::NotFound, format!("the server offers no {rel} of {}", known.uri))
}
