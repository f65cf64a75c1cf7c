//! Finding a contact: among those already met, then in the contact list and its groups, then by search.

use super::address_cache::Known;
use super::book::Book;
use super::{People, ends_the_call, lists};
use crate::application::Access;
use crate::error::{Error, Result, Status};
use crate::logging;
use crate::resource::Resource;
use crate::resource::navigation::{Document, Path, with_query};
use crate::sip_uri::SipUri;
use percent_encoding::percent_decode_str;
use std::collections::HashMap;
use std::sync::Arc;
use url::Url;

/// How many groups are read at a time: a batch.
pub(super) const GROUPS_AT_A_TIME: usize = 100;

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
        if let Some(known) = self.book(access).contact(uri) {
            return Ok(known);
        }
        let mut found = self.find_all(access, std::slice::from_ref(uri))?;
        found.pop().unwrap_or_else(|| Err(unknown(uri)))
    }

    /// Where contacts lie: those remembered, then those in the contact list and its groups, then those that the search
    /// finds. The answers are in the order asked.
    pub(super) fn find_all(&self, access: &Access<'_>, uris: &[SipUri]) -> Result<Vec<Result<Arc<Known>>>> {
        let mut sought = Sought::new(&mut self.book(access), uris);
        let mut lists_failed = None;
        if !sought.is_over(&self.book(access)) && !self.book(access).lists_are_fresh() {
            match self.read_lists(access, &mut sought) {
                Ok(()) => {}
                Err(error) if may_go_on(access, &error) => {
                    logging::warn!("the contact list cannot be read, and the search goes on without it: {error}");
                    lists_failed = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        let missing = sought.missing(&self.book(access));
        let mut failures: HashMap<&str, Error> = HashMap::new();
        for (uri, failure) in missing.iter().zip(self.search_each(access, &missing, &mut sought)?) {
            if let Some(error) = failure {
                failures.insert(uri.key(), error);
            } else if sought.known(uri).is_none() {
                let error = match &lists_failed {
                    Some(error) => {
                        error.clone().while_doing(&format!("{uri} was not found by search, and the contact list could not be read"))
                    }
                    None => {
                        self.book(access).mark_unknown(uri);
                        unknown(uri)
                    }
                };
                failures.insert(uri.key(), error);
            }
        }
        Ok(uris.iter().map(|uri| sought.known(uri).ok_or_else(|| failures.remove(uri.key()).unwrap_or_else(|| unknown(uri)))).collect())
    }

    /// Reads the contact list, and the groups where that does not tell of everybody.
    fn read_lists(&self, access: &Access<'_>, sought: &mut Sought<'_>) -> Result<()> {
        let list = access.navigate(&Path::parse("people/myContacts")?)?;
        self.learn_list(access, &list, sought)?;
        drop(list);
        if sought.is_over(&self.book(access)) {
            return Ok(());
        }
        let groups = self.read_groups(access)?;
        let mut addresses = Vec::new();
        for (_, entry) in groups.entries() {
            let members = entry.as_ref().ok().and_then(|(group, _)| group.link("groupContacts"));
            addresses.extend(members.and_then(|href| access.resolve(href).ok()));
        }
        drop(groups);
        for some in addresses.chunks(GROUPS_AT_A_TIME) {
            for members in access.get_all(some) {
                match members.and_then(|members| self.learn_list(access, &members, sought)) {
                    Err(error) if !may_go_on(access, &error) => return Err(error),
                    learned => drop(learned.inspect_err(|error| logging::warn!("a group cannot be read: {error}"))),
                }
            }
        }
        self.book(access).mark_lists_read();
        Ok(())
    }

    /// Learns a list of contacts, and reads those that it only links to as far as needed.
    fn learn_list(&self, access: &Access<'_>, list: &Document, sought: &mut Sought<'_>) -> Result<()> {
        lists::each_embedded(access, list, &mut |contact| sought.learn(&mut self.book(access), contact))?;
        let missing = sought.missing(&self.book(access));
        if missing.is_empty() {
            return Ok(());
        }
        // For many, telling the likely links apart costs more than reading them all in batches.
        const FEW: usize = 20;
        const SOME: usize = 2_000;
        let is_likely = |url: &Url| missing.len() <= FEW && names_one_of(url, &missing);
        for likely in [true, false] {
            let mut urls = Vec::new();
            lists::linked_only(access, list, &mut |url| {
                if is_likely(&url) == likely {
                    urls.push(url);
                }
                if urls.len() < SOME || sought.is_over(&self.book(access)) {
                    return Ok(());
                }
                self.learn_at(access, &std::mem::take(&mut urls), &mut |contact| sought.learn(&mut self.book(access), contact))
            })?;
            self.learn_at(access, &urls, &mut |contact| sought.learn(&mut self.book(access), contact))?;
            if sought.is_over(&self.book(access)) {
                break;
            }
        }
        Ok(())
    }

    /// Reads contacts at their addresses. Those that cannot be read are left out.
    fn learn_at(&self, access: &Access<'_>, urls: &[Url], learn: &mut dyn FnMut(&Resource<'_>)) -> Result<()> {
        let mut ended = None;
        access.get_each(urls, &mut |_, document| {
            let learned = document.and_then(|document| {
                learn(&document.resource()?);
                Ok(())
            });
            match learned {
                Err(error) if ends_the_call(&error) => ended = Some(error),
                learned => drop(learned.inspect_err(|error| logging::debug!("a contact cannot be read: {error}"))),
            }
        });
        ended.map_or(Ok(()), Err)
    }

    /// Searches for each by its address, and learns what is found. What failed is told in its place.
    fn search_each(&self, access: &Access<'_>, uris: &[SipUri], sought: &mut Sought<'_>) -> Result<Vec<Option<Error>>> {
        if uris.is_empty() {
            return Ok(Vec::new());
        }
        let urls = match uris.iter().map(|uri| self.search_address(access, uri.address(), 0)).collect::<Result<Vec<_>>>() {
            Ok(urls) => urls,
            // Who may not search finds nobody.
            Err(error) if may_go_on(access, &error) || error.status() == Status::Forbidden => return Ok(vec![Some(error); uris.len()]),
            Err(error) => return Err(error),
        };
        let mut failures: Vec<Option<Error>> = vec![None; uris.len()];
        let mut ended = None;
        access.get_each(&urls, &mut |at, answer| {
            let learned = answer.and_then(|document| {
                document.resource()?.each_embedded("contact", |contact| {
                    sought.learn(&mut self.book(access), &contact);
                    Ok(())
                })
            });
            match learned {
                Err(error) if ends_the_call(&error) => ended = Some(error),
                learned => failures[at] = learned.err(),
            }
        });
        ended.map_or(Ok(failures), Err)
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
        let poor = |known: &&Arc<Known>| known.has_link("self") && rels.iter().any(|rel| !known.has_link(rel));
        // Whoever asks for a link that is missing says so.
        let urls: Vec<Url> = contacts.iter().filter(poor).filter_map(|known| known.url(access, "self")?.ok()).collect();
        if urls.is_empty() {
            return Ok(contacts.to_vec());
        }
        let mut richer: HashMap<String, Arc<Known>> = HashMap::new();
        self.learn_at(access, &urls, &mut |contact| richer.extend(self.book(access).learn_contact(contact)))?;
        Ok(contacts.iter().map(|known| Arc::clone(richer.get(&known.key()).unwrap_or(known))).collect())
    }
}

/// Contacts that are looked for, with those that were met by now: the book may not have room for all of them.
struct Sought<'u> {
    uris: &'u [SipUri],
    met: HashMap<&'u str, Option<Arc<Known>>>,
}

impl<'u> Sought<'u> {
    fn new(book: &mut Book, uris: &'u [SipUri]) -> Sought<'u> {
        Sought { uris, met: uris.iter().map(|uri| (uri.key(), book.contact(uri))).collect() }
    }

    fn known(&self, uri: &SipUri) -> Option<Arc<Known>> {
        self.met.get(uri.key()).cloned().flatten()
    }

    fn learn(&mut self, book: &mut Book, contact: &Resource<'_>) {
        if let Some((key, known)) = book.learn_contact(contact)
            && let Some(met) = self.met.get_mut(key.as_str())
        {
            *met = Some(known);
        }
    }

    fn is_missing(&self, book: &Book, uri: &SipUri) -> bool {
        matches!(self.met.get(uri.key()), Some(None)) && !book.is_unknown(uri)
    }

    /// Whether nobody is missing, but those who are known to be unknown.
    fn is_over(&self, book: &Book) -> bool {
        !self.uris.iter().any(|uri| self.is_missing(book, uri))
    }

    fn missing(&self, book: &Book) -> Vec<SipUri> {
        self.uris.iter().filter(|uri| self.is_missing(book, uri)).cloned().collect()
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
