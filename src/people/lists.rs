//! Lists of contacts and of groups. Servers embed what is in a list, only link to it, or do the one for some and the other
//! for others; each has its place all the same, and what cannot be read is a failure in its own.

use super::{People, ends_the_call};
use crate::application::Access;
use crate::error::{Error, Result};
use crate::logging;
use crate::resource::navigation::Document;
use crate::resource::{Resource, Writer, address_key};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use url::Url;

/// A list, all of which was read.
pub(super) struct List {
    document: Document,
    items: Vec<Item>,
}

struct Item {
    rel: String,
    content: Content,
}

enum Content {
    /// A part of the list's own text.
    Within(Range<usize>),
    Apart(Document),
    Unread(Unread),
}

/// What stands in a list and could not be read.
#[derive(Debug)]
pub(super) struct Unread {
    /// Of a contact that was met before.
    pub uri: Option<String>,
    pub href: Option<String>,
    pub error: Error,
}

/// One of a list, in its place: the resource and where it was read, or why it could not be.
pub(super) type Entry<'a> = std::result::Result<(Resource<'a>, &'a Url), Unread>;

impl Unread {
    pub fn write(&self, w: &mut Writer) {
        match (&self.uri, &self.href) {
            (Some(uri), _) => w.text("uri", uri),
            (None, Some(href)) => w.text("href", href),
            (None, None) => {}
        }
        w.error("error", &self.error);
    }
}

impl List {
    /// Those in the list, in its order, each with its relation.
    pub fn entries(&self) -> impl Iterator<Item = (&str, Entry<'_>)> {
        self.items.iter().map(|item| (item.rel.as_str(), self.entry(&item.content)))
    }

    fn entry<'a>(&'a self, content: &'a Content) -> Entry<'a> {
        let (text, url) = match content {
            Content::Within(range) => (self.document.text.get(range.clone()).unwrap_or_default(), &self.document.url),
            Content::Apart(document) => (document.text.as_str(), &document.url),
            Content::Unread(Unread { uri, href, error }) => {
                return Err(Unread { uri: uri.clone(), href: href.clone(), error: error.clone() });
            }
        };
        let apart = matches!(content, Content::Apart(_));
        let unread =
            |error: Error| Unread { uri: None, href: apart.then(|| url.to_string()), error: error.on_request(|| format!("GET {url}")) };
        Resource::parse(text).map(|resource| (resource, url)).map_err(unread)
    }
}

/// A place in a list that is not read yet.
enum Place {
    Within(Range<usize>),
    There(Url),
    Nowhere(String, Error),
}

impl People {
    /// Reads the contacts of a list that only links to them, and learns all.
    pub(super) fn read_contacts(&self, access: &Access<'_>, document: Document) -> Result<List> {
        let list = self.read_list(access, document, &|rel| rel == "contact")?;
        for (_, entry) in list.entries() {
            if let Ok((contact, _)) = entry {
                self.book(access).learn_contacts(std::slice::from_ref(&contact));
            }
        }
        Ok(list)
    }

    /// Reads those that a list of these relations only links to.
    ///
    /// # Errors
    /// The list itself is no resource, or the failure of one ends the call for all.
    pub(super) fn read_list(&self, access: &Access<'_>, document: Document, is_of: &dyn Fn(&str) -> bool) -> Result<List> {
        let places = places(access, &document, is_of)?;
        let urls: Vec<Url> =
            places.iter().filter_map(|(_, place)| if let Place::There(url) = place { Some(url.clone()) } else { None }).collect();
        let mut answers = access.get_all(&urls).into_iter();
        let mut items = Vec::with_capacity(places.len());
        for (rel, place) in places {
            let content = match place {
                Place::Within(range) => Content::Within(range),
                Place::Nowhere(href, error) => Content::Unread(Unread { uri: None, href: Some(href), error }),
                Place::There(url) => match answers.next().unwrap_or_else(|| Err(access.call.timed_out())) {
                    Ok(document) => Content::Apart(document),
                    Err(error) if ends_the_call(&error) => return Err(error),
                    Err(error) => {
                        logging::warn!("one of a list cannot be read: {error}");
                        Content::Unread(Unread { uri: self.uri_at(access, &url), href: Some(url.to_string()), error })
                    }
                },
            };
            items.push(Item { rel, content });
        }
        Ok(List { document, items })
    }

    /// The contact at an address, where it was met there.
    fn uri_at(&self, access: &Access<'_>, url: &Url) -> Option<String> {
        let key = address_key(url);
        let lies_there = |href: &str| access.resolve(href).is_ok_and(|own| address_key(&own) == key);
        self.book(access).find_contact(|known| known.link("self").is_some_and(lies_there)).map(|known| known.uri.clone())
    }
}

/// The addresses of those that a list of contacts does not embed.
pub(super) fn linked_only(access: &Access<'_>, list: &Document) -> Result<Vec<Url>> {
    let places = places(access, list, &|rel| rel == "contact")?;
    Ok(places.into_iter().filter_map(|(_, place)| if let Place::There(url) = place { Some(url) } else { None }).collect())
}

/// The contacts that a list embeds.
pub(super) fn embedded<'a>(list: &'a Document) -> Result<Vec<Resource<'a>>> {
    let resource = list.resource()?;
    if is_itself(&resource, &|rel| rel == "contact") {
        return Ok(vec![resource]);
    }
    Ok(resource.embedded_raw("contact")?.into_iter().filter_map(|raw| Resource::parse(raw.get()).ok()).collect())
}

/// Whether what is taken for a list of contacts is one contact.
fn is_itself(resource: &Resource<'_>, is_of: &dyn Fn(&str) -> bool) -> bool {
    is_of("contact")
        && resource.text("uri").is_some_and(|uri| !uri.is_empty())
        && !resource.embedded.iter().any(|(rel, _)| is_of(rel))
        && !resource.links.iter().any(|link| is_of(&link.rel))
}

/// Those in a list, each with its relation: in the order of the links where these name them, else the embedded ones first.
fn places(access: &Access<'_>, list: &Document, is_of: &dyn Fn(&str) -> bool) -> Result<Vec<(String, Place)>> {
    let resource = list.resource()?;
    if is_itself(&resource, is_of) {
        return Ok(vec![("contact".to_owned(), Place::Within(0..list.text.len()))]);
    }
    let mut embedded: Vec<Option<(String, Place)>> = Vec::new();
    let mut by_address: HashMap<String, usize> = HashMap::new();
    let has_links = resource.links.iter().any(|link| is_of(&link.rel));
    let mut seen: Vec<&str> = Vec::new();
    for (rel, _) in resource.embedded.iter().filter(|(rel, _)| is_of(rel)) {
        if seen.contains(&rel.as_ref()) {
            continue;
        }
        seen.push(rel);
        for raw in resource.embedded_raw(rel)? {
            let text = raw.get();
            let Ok(item) = Resource::parse(text) else {
                let error = Error::protocol(format!("an element of the list is no resource: {}", crate::error::excerpt(text)));
                embedded.push(Some((rel.to_string(), Place::Nowhere(list.url.to_string(), error))));
                continue;
            };
            // Without properties it is as good as a link.
            let is_bare = item.properties.iter().all(|(name, _)| name == "rel");
            let own = if is_bare || has_links { item.link("self").and_then(|href| access.resolve(href).ok()) } else { None };
            if let (Some(own), true) = (&own, has_links) {
                by_address.entry(address_key(own)).or_insert(embedded.len());
            }
            let place = match own {
                Some(own) if is_bare => Place::There(own),
                _ => {
                    // It is borrowed from the list's text, so that its place there says all.
                    let start = text.as_ptr() as usize - list.text.as_ptr() as usize;
                    Place::Within(start..start + text.len())
                }
            };
            embedded.push(Some((rel.to_string(), place)));
        }
    }
    let mut linked = Vec::new();
    let mut rels: Vec<&str> = Vec::new();
    for link in resource.links.iter().filter(|link| is_of(&link.rel)) {
        if !rels.contains(&link.rel.as_ref()) {
            rels.push(&link.rel);
        }
    }
    let mut met = HashSet::new();
    for rel in rels {
        for href in resource.links(rel) {
            let url = match access.resolve(href) {
                Ok(url) => url,
                Err(error) => {
                    linked.push((rel.to_owned(), Place::Nowhere(href.to_owned(), error)));
                    continue;
                }
            };
            let key = address_key(&url);
            match by_address.get(&key).map(|at| embedded[*at].take()) {
                Some(item) => linked.extend(item),
                None if met.insert(key) => linked.push((rel.to_owned(), Place::There(url))),
                None => {}
            }
        }
    }
    Ok(embedded.into_iter().flatten().chain(linked).collect())
}
